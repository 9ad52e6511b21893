"""The same history under other rules: which cards there would be, and which there would not.

Both sides are derived from the same inputs by the same program, once over the lists as published,
once over the lists as changed, or as if nothing had been late; nothing is written. Counted are
cards that stand in the end: issued, and not withdrawn. A card that follows from another card's
answer, or from several that stand at once, is left out unless it is asked for: nobody answered a
card that was never issued.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from supervision.acts import CardConfirmed, CardIssued, CardWithdrawn
from supervision.errors import Unreadable
from supervision.facts import Instant, instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.why import why

from .changes import Change, changed
from .compared import legible
from .derive import (
    Derived,
    Lateness,
    Told,
    about_cards,
    announced,
    derive_from,
    inputs_of,
    named_of,
    truly_from,
)
from .every_case import NOBODY, Bundle, Keys, Log, Watching, Work, over_cases, processes_for
from .rederive import lists_of

GAINED, LOST, MOVED = "gained", "lost", "moved"
"""Issued only under the other rules; only under those published; under both, at another time."""
LATE_FACT, CORRECTION, LATE_LIST, SEVERAL = "late_fact", "correction", "late_list", "several"
"""What was late: a fact; a correction or re-send; a list; or more than one of these together."""
ALONE = (
    (LATE_FACT, Lateness(corrections=False, lists=False)),
    (CORRECTION, Lateness(facts=False, lists=False)),
    (LATE_LIST, Lateness(facts=False, corrections=False)),
)
"""Each kind of lateness taken away by itself."""
NOTHING_WAS_LATE = ("假设无任何迟报", "as if nothing had been late")
SHOWN = 20_000
"""Cards that are told one by one; the others are counted."""


class Turn(Struct, frozen=True, kw_only=True):
    """A card that other rules would have given, taken or moved. `crossed_at`: under the other
    rules, of a lost one under those published; `was_at`: of a moved one, under those published.
    `because`: where nothing had been late, what was: LATE_FACT, CORRECTION, LATE_LIST, SEVERAL.
    """

    kind: str
    source: str
    case_no: str
    item: str
    item_name: str
    department: str
    severity: str
    rule: str
    card: str
    crossed_at: Instant
    was_at: Instant = 0
    why_zh: str
    why_en: str
    because: str = ""


class Figure(Struct, frozen=True, kw_only=True):
    """So many cards of a department, an item and a severity."""

    department: str
    item: str
    item_name: str
    severity: str
    gained: int = 0
    lost: int = 0
    moved: int = 0


class WhatIf(Struct, frozen=True, kw_only=True):
    """What came of it. `before`, `after`: cards that stand in the end, by severity; `following`:
    cards about cards that were left out, both sides together; `unreadable`: cases not judged.
    """

    until: Instant
    head: int
    cases: int
    unreadable: int
    changes: tuple[tuple[str, str], ...]
    before: tuple[tuple[str, int], ...]
    after: tuple[tuple[str, int], ...]
    following: int
    figures: tuple[Figure, ...]
    turns: tuple[Turn, ...]

    def count(self, kind: str) -> int:
        """How many cards were gained, lost or moved."""
        return sum(int(getattr(figure, kind)) for figure in self.figures)


class Scope(NamedTuple):
    """Which cases and cards are looked at: of these departments (None: all) and sources (none:
    all); that crossed from an instant on and before another (0: open); with cards about cards.
    """

    departments: frozenset[str] | None = None
    sources: frozenset[str] = frozenset()
    since: Instant = 0
    before: Instant = 0
    following: bool = False


EVERYTHING = Scope()


class Given(NamedTuple):
    """What every process must know."""

    until: Instant
    entries: tuple[Entry, ...]
    other: tuple[Entry, ...]
    scope: Scope
    nothing_late: bool = False


class Looked(NamedTuple):
    """Of some cases."""

    cases: int
    unreadable: int
    before: Counter[str]
    after: Counter[str]
    following: int
    turns: list[Turn]


def what_if(
    log: Log,
    changes: Sequence[Change],
    scope: Scope = EVERYTHING,
    *,
    nothing_late: bool = False,
    processes: int | None = None,
    watching: Watching = NOBODY,
) -> WhatIf:
    """Judge every case of a scope under both sets of rules. Reads; writes nothing.

    nothing_late: on the other side every fact and list was known when it happened (derive.truly).
    processes: how many others work; None: as many as are worth it, 0: none. NoChange, Unsound,
    Cancelled, StoreError; a case that cannot be read is counted, a list that cannot be is raised.
    """
    until, head = log.last_stamp(), log.head()
    entries, broken = lists_of(log)
    if broken:
        raise Unreadable(f"{broken[0].act} at position {broken[0].position}", broken[0].detail)
    given = Given(until, tuple(entries), tuple(changed(entries, changes)), scope, nothing_late)
    keys = Keys(log, scope.sources)
    others = processes_for(2 * head) if processes is None else processes
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    figures: Counter[tuple[str, str, str, str, str]] = Counter()
    turns: list[Turn] = []
    cases = unreadable = following = 0
    for part in over_cases(log, keys, turning, given, others, watching):
        cases, unreadable = cases + part.cases, unreadable + part.unreadable
        following += part.following
        before.update(part.before)
        after.update(part.after)
        figures.update(map(_figure, part.turns))
        turns += part.turns[: max(0, SHOWN - len(turns))]
    return WhatIf(
        until=until,
        head=head,
        cases=cases,
        unreadable=unreadable,
        changes=(
            *(change.words() for change in changes),
            *([NOTHING_WAS_LATE] if nothing_late else []),
        ),
        before=tuple(sorted(before.items())),
        after=tuple(sorted(after.items())),
        following=following,
        figures=tuple(_figures(figures)),
        turns=tuple(turns),
    )


def _figure(turn: Turn) -> tuple[str, str, str, str, str]:
    return turn.department, turn.item, turn.item_name, turn.severity, turn.kind


def _figures(counts: Counter[tuple[str, str, str, str, str]]) -> Iterable[Figure]:
    for key in sorted({key[:4] for key in counts}):
        department, item, item_name, severity = key
        yield Figure(
            department=department,
            item=item,
            item_name=item_name,
            severity=severity,
            gained=counts[*key, GAINED],
            lost=counts[*key, LOST],
            moved=counts[*key, MOVED],
        )


def turning(given: Given) -> Work[Looked]:
    """The work of one process: judge cases twice."""
    return _Twice(given).look


class _Standing(NamedTuple):
    """The cards that stand in the end, by identity; how many cards about cards were left out."""

    cards: dict[tuple[str, str, str], CardIssued]
    following: int


class _Twice:
    """Derives cases under both sets of rules."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._shelf, self._other = Shelf(given.entries), Shelf(given.other)
        self._announced = announced(self._other)
        self._following = about_cards((*given.entries, *given.other))

    def look(self, cases: Sequence[Bundle]) -> Looked:
        """Of these cases: the cards that turn."""
        looked = Looked(0, 0, Counter(), Counter(), 0, [])
        count = unreadable = following = 0
        for case in cases:
            try:
                told = inputs_of(case.stored)
            except Unreadable:
                unreadable += self._is_asked_for(self._named(legible(case.stored))[2])
                continue
            if not told or told[0].recorded_at > self._given.until:
                continue
            named = self._named(told)
            if not self._is_asked_for(named[2]):
                continue
            count += 1
            was = self._standing(derive_from(told, self._shelf, self._given.until))
            now = self._standing(self._otherwise(told))
            following += was.following + now.following
            looked.before.update(card.severity for card in was.cards.values())
            looked.after.update(card.severity for card in now.cards.values())
            turns = list(_turns(was.cards, now.cards, named))
            looked.turns.extend(self._explained(told, turns) if turns else [])
        return looked._replace(cases=count, unreadable=unreadable, following=following)

    def _named(self, told: Sequence[Told]) -> tuple[str, str, str]:
        return named_of(told, self._shelf, self._given.until)

    def _otherwise(self, told: Sequence[Told]) -> list[Derived]:
        if self._given.nothing_late:
            return truly_from(told, self._announced, self._given.until)
        return derive_from(told, self._other, self._given.until)

    def _explained(self, told: Sequence[Told], turns: list[Turn]) -> list[Turn]:
        """With what was late, where that is asked: what alone, on time, turns the card."""
        if not self._given.nothing_late:
            return turns
        alone = {kind: self._without(told, lateness) for kind, lateness in ALONE}
        return [replace(turn, because=_because(turn, alone)) for turn in turns]

    def _without(self, told: Sequence[Told], lateness: Lateness) -> dict[str, Instant]:
        shelf = self._announced if lateness.lists else self._other
        derived = truly_from(told, shelf, self._given.until, lateness)
        cards = self._standing(derived).cards.values()
        return {card.card: instant(card.crossed_at) for card in cards}

    def _is_asked_for(self, department: str) -> bool:
        departments = self._given.scope.departments
        return departments is None or department in departments

    def _standing(self, derived: Iterable[Derived]) -> _Standing:
        scope = self._given.scope
        issued: dict[str, CardIssued] = {}
        proposed: dict[str, CardIssued] = {}
        following = 0
        for act, _ in derived:
            if isinstance(act, CardIssued):
                follows = act.rule in self._following
                following += follows
                if scope.following or not follows:
                    (proposed if act.proposed else issued)[act.card] = act
            elif isinstance(act, CardConfirmed) and act.card in proposed:
                issued[act.card] = proposed.pop(act.card)
            elif isinstance(act, CardWithdrawn):
                issued.pop(act.card, None)
        cards = {(c.rule, c.subject, c.severity): c for c in issued.values() if self._in_time(c)}
        return _Standing(cards, 0 if scope.following else following)

    def _in_time(self, card: CardIssued) -> bool:
        at, scope = instant(card.crossed_at), self._given.scope
        return scope.since <= at and (not scope.before or at < scope.before)


def _because(turn: Turn, alone: dict[str, dict[str, Instant]]) -> str:
    wanted = None if turn.kind == LOST else turn.crossed_at
    return next((kind for kind, cards in alone.items() if cards.get(turn.card) == wanted), SEVERAL)


def _turns(
    was: dict[tuple[str, str, str], CardIssued],
    now: dict[tuple[str, str, str], CardIssued],
    named: tuple[str, str, str],
) -> Iterable[Turn]:
    for identity in sorted(was.keys() | now.keys()):
        before, after = was.get(identity), now.get(identity)
        if before is None and after is not None:
            yield _turn(GAINED, after, named)
        elif after is None and before is not None:
            yield _turn(LOST, before, named)
        elif before is not None and after is not None and before.crossed_at != after.crossed_at:
            yield _turn(MOVED, after, named, was_at=instant(before.crossed_at))


def _turn(kind: str, card: CardIssued, named: tuple[str, str, str], was_at: Instant = 0) -> Turn:
    (zh, en), (item, item_name, department) = why(card), named
    return Turn(
        kind=kind,
        source=card.source,
        case_no=card.case_no,
        item=item,
        item_name=item_name,
        department=department,
        severity=card.severity,
        rule=card.rule,
        card=card.card,
        crossed_at=instant(card.crossed_at),
        was_at=was_at,
        why_zh=zh,
        why_en=en,
    )
