"""Rows of the warehouse: one case, one event, one card, as the tables of schema.py hold them.

Instants are microseconds since 1970 in UTC, 0 for none; days are ISO dates as `datetime.date`.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

NO_DAY = date(1970, 1, 1)
UNLISTED = "未列明部门"
"""The department of a case of which neither the facts nor its item name one."""


class CaseRow(Struct, frozen=True, kw_only=True):
    """A case as the wall counts it; a change writes the old row with sign −1, the new with +1."""

    source: str
    case_no: str
    item: str
    item_name: str
    department: str
    kind: str
    result: str = ""
    history: int = 0
    provisional: int = 0
    same_day: int = 0
    received_at: int = 0
    accepted_at: int = 0
    stopped_at: int = 0
    """When the promise's (else the legal) clock stopped: the decision, or the conclusion."""
    concluded_at: int = 0
    due_day: date = NO_DAY
    """The day of the promise's deadline, else of the legal one."""
    warn_at: int = 0
    yellow_at: int = 0
    red_at: int = 0
    """Crossings of the promise/legal ladder; 0 where the clock stopped before them."""
    next_at: int = 0
    """The nearest end of a running clock of any kind."""
    next_clock: str = ""
    legal_days: int = 0
    promise_days: int = 0
    used_days: int = 0
    on_time: int = 0
    """Stopped before the promise's (else the legal) crossing."""
    early: int = 0
    """Stopped before the day of that deadline."""
    late: int = 0
    """Stopped after that crossing, with the conclusion."""
    reminder: int = 0
    yellow: int = 0
    red: int = 0
    """Standing cards that count: on the promise/legal ladder only the highest."""
    reminders: int = 0
    yellows: int = 0
    reds: int = 0
    """Cards ever issued and not withdrawn."""
    late_entries: int = 0
    facts: int = 0
    ratings: int = 0
    good_ratings: int = 0
    """ServiceRated (好差评): how many, and how many of grades 3 to 5."""


class RegisterRow(Struct, frozen=True, kw_only=True):
    """What a case of any time is found by; rewritten when its item is renamed or it is given to
    another department.
    """

    source: str
    case_no: str
    item_name: str
    department: str


class EventRow(Struct, frozen=True, kw_only=True):
    """One fact, card act or desk act."""

    position: int
    recorded_at: int
    occurred_at: int
    family: str
    """fact, card or desk."""
    kind: str
    source: str
    case_no: str
    item: str
    item_name: str
    department: str
    detail: str = ""
    history: int = 0


class CardRow(Struct, frozen=True, kw_only=True):
    """A card and its state; a change writes the old row with sign −1 and the new with +1."""

    source: str
    case_no: str
    card: str
    rule: str
    subject: str
    severity: str
    colour: str
    label_zh: str
    label_en: str
    state: str
    """standing, lapsed, withdrawn, disputed, proposed, closed, transferred."""
    stage: str
    """Where its loop stands: supervision.loop.stage.Stage, never "asked"."""
    item: str
    item_name: str
    department: str
    person: str = ""
    crossed_at: int = 0
    issued_at: int = 0
    history: int = 0
    provisional: int = 0
    violation: int = 0
    """1 when the card is about a violation, 0 when about a clock."""
    why_zh: str = ""
    why_en: str = ""
    """Why, in a few words, as the wall shows it."""
    answer_at: int = 0
    """The nearest end of an answer clock that runs, also a past one, as the last change knew it."""
    owed_by: str = ""
    """Who owes that answer: department, supervisor; "" for none."""
    orders: int = 0
    """Orders (督办) made so far."""
    rung: int = 0
    """Of the ladder 承办人 → 科室负责人 → 分管领导 → 纪检监察, from 0: whom the card addresses."""
