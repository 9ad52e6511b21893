"""What a case on two time lines is made of: as it was known then, and as it truly was.

On the *known* line every event stands at the instant at which it was recorded, as the wall had it.
On the *true* line every fact stands where it happened, as it is known today to have been, each
correction with what it corrects, each list at its announcement, and the cards are those that would
have been issued had nothing been late (derive.truly). What the two lines do not share is told as
differences, each with the inputs that are responsible for it.

Instants are microseconds since 1970 UTC; texts of times are in the zone of the case's policy.
"""

from __future__ import annotations

from msgspec import Struct

from supervision.facts import Instant

from .history import CardDrawn, Entry

LIST = "list"
"""The family of an entry that is a published list; the others are those of history.Entry."""


class Placed(Struct, frozen=True, kw_only=True):
    """An entry with its place on both lines."""

    entry: Entry
    """Its `position` is 0 where it never was in the log: an act that would have been."""
    recorded: Instant
    """When it was recorded; 0: never."""
    true: Instant
    """Where it truly stands; 0: truly it never was (voided, superseded, a card not due)."""
    true_text: str = ""
    """That instant as text."""
    late_days: int = 0
    """Working days from `true` to `recorded`; 0 where one of them is none."""


class Crossing(Struct, frozen=True, kw_only=True):
    """A limit, or a warning before it, that time alone passes."""

    at: Instant
    text: str
    """The instant as text."""
    zh: str
    en: str
    severity: str
    """Of the rule that is on it; empty where no rule is."""
    past: bool
    """Whether the limit is over, not only near."""


class ClockAt(Struct, frozen=True, kw_only=True):
    """A clock of the case in one of its states."""

    kind: str
    zh: str
    en: str
    subject: str
    state: str
    """As in history.ClockDrawn."""
    started: str
    stopped: str
    limit: str
    deadline: str
    crosses: str
    provisional: bool
    law: str
    unit: str
    """Of total and used: "day" (counted days), "minute" (office time), "" (not counted)."""
    total: int
    counted: tuple[Instant, ...] = ()
    """Of days: the instants at which counted days begin, in order."""
    until: Instant = 0
    """Where the clock stands still, stopped or paused; 0: it runs on."""


class Moment(Struct, frozen=True, kw_only=True):
    """What holds from an instant on, until the next moment of its line."""

    at: Instant
    text: str
    shown: tuple[int, ...]
    """The entries that appear here, by their place in `Timeline.entries`."""
    crossed: tuple[Crossing, ...]
    """The limits that time passes here."""
    status_zh: str
    status_en: str
    light: str
    clocks: tuple[tuple[int, int], ...]
    """Places in `Timeline.clocks`, each with what of it is used."""
    cards: tuple[int, ...]
    """Places in `Timeline.cards`: every card issued so far, in order of issue."""
    next: Crossing | None
    """The next limit that time alone will pass; None while nothing runs, or it is paused."""
    unknown: tuple[int, ...] = ()
    """On the known line: entries that truly stood already, and that nobody had reported."""


LATE, CORRECTED, VOIDED, RESENT, LATE_LIST = "late", "corrected", "voided", "resent", "late_list"
NOT_DUE, NOT_ISSUED, OTHER_TIME = "not_due", "not_issued", "other_time"


class Difference(Struct, frozen=True, kw_only=True):
    """Something that was known otherwise, or at another time, than it was.

    Of inputs: late, corrected, voided, resent, late_list. Of cards: not_due (issued, and truly not
    due), not_issued (truly due, and not issued), other_time (issued at another time than due).
    """

    kind: str
    entry: int
    """Its place in `Timeline.entries`: the input, or the act that issued the card."""
    recorded: Instant
    true: Instant
    severity: str = ""
    because: tuple[int, ...] = ()
    """The inputs responsible for a card, by their places; none: no late input explains it."""


class Timeline(Struct, frozen=True, kw_only=True):
    """A case on both lines."""

    source: str
    case_no: str
    item_name: str
    department: str
    history: bool
    zone: str
    now: Instant
    position: int
    entries: tuple[Placed, ...]
    known: tuple[Moment, ...]
    true: tuple[Moment, ...]
    clocks: tuple[ClockAt, ...]
    cards: tuple[CardDrawn, ...]
    differences: tuple[Difference, ...]
    """Those of cards first, then those of inputs, each as they came."""
    compared: bool = True
    """False for a case of too many events: then `true` is empty, and no card is compared."""
    joined: int = 0
    """Instants that have no moment of their own, because there are too many: what appeared there
    is shown with the next that has one."""
