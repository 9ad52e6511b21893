"""The log as it would stand had everything been known when it happened, and where that differs.

Of each case: its facts at their true instants, as they are known to have been, with their
corrections beside them and without what was voided; what the desks did, when they did it; and its
acts, derived anew (derive.truly_from), but for cards about cards that were never issued. Lists
stand at their announcement. Beside it, from when to
when the record differed from that: facts that had happened and were not known, or were believed
and had not; cards that were due and not issued, or issued and not due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from supervision.acts import CardAct, CardConfirmed, CardIssued, CardWithdrawn
from supervision.errors import Unreadable
from supervision.facts import Fact, FactCorrected, Instant, instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import cards_stream
from supervision.why import why

from .derive import (
    NOTHING_LATE,
    Derived,
    Told,
    about_cards,
    announced,
    inputs_of,
    named_of,
    truly_from,
    when_known,
)
from .every_case import Bundle, Work

LATE, CORRECTED, RESENT, VOID, LIST = "late", "corrected", "resent", "void", "list"
"""Not known yet: a fact, a correction, another version of a fact, a list. Believed, though it had
not happened: VOID.
"""
MISSING, UNDUE = "missing", "undue"
"""A card that was truly due and not on record; one that was on record and not truly due."""
FOR_GOOD: Instant = 1 << 62
"""Until when what never ended lasts."""

Span = tuple[Instant, Instant]
"""From an instant on and before another."""


class Retold(NamedTuple):
    """An event of the log as it would stand."""

    at: Instant
    stream: str
    topic: str
    payload: bytes


class Unknown(NamedTuple):
    """What the record did not know, or wrongly believed, from `since` on and before `until`.

    `what`: the topic of the event; of a list, `item_name` is its code or version.
    """

    kind: str
    source: str
    case_no: str
    item_name: str
    department: str
    what: str
    since: Instant
    until: Instant


class Turned(NamedTuple):
    """A card that was MISSING or UNDUE from `since` on and before `until`."""

    kind: str
    source: str
    case_no: str
    item_name: str
    department: str
    severity: str
    rule: str
    why_zh: str
    why_en: str
    since: Instant
    until: Instant


class Given(NamedTuple):
    """What every process must know."""

    until: Instant
    entries: tuple[Entry, ...]


class Retelling(NamedTuple):
    """Of some cases. `unreadable`: those that this program cannot read, which are left out."""

    cases: int
    unreadable: int
    events: list[Retold]
    unknown: list[Unknown]
    turned: list[Turned]


def retelling(given: Given) -> Work[Retelling]:
    """The work of one process."""
    return _Retelling(given).tell


def lists_retold(lists: Iterable[Stored]) -> Iterator[Retold]:
    """The lists at their announcement. Unreadable, TooNew."""
    for each in lists:
        at = Entry(each.position, each.recorded_at, each.event).announced_at
        yield Retold(at, each.stream, each.topic, each.payload)


def lists_unknown(lists: Iterable[Stored]) -> Iterator[Unknown]:
    """The lists that were announced before they were recorded. Unreadable, TooNew."""
    for each in lists:
        event = each.event
        at = Entry(each.position, each.recorded_at, event).announced_at
        if at < each.recorded_at:
            name = getattr(event, "code", "") or getattr(event, "version", "")
            department = str(getattr(event, "department", ""))
            kind = each.topic.partition("/")[0]
            yield Unknown(LIST, "", "", str(name), department, kind, at, each.recorded_at)


class _Retelling:
    """Tells cases anew."""

    def __init__(self, given: Given) -> None:
        self._until = given.until
        self._shelf = Shelf(given.entries)
        self._announced = announced(self._shelf)
        self._following = about_cards(given.entries)

    def tell(self, cases: Sequence[Bundle]) -> Retelling:
        """These cases."""
        made = Retelling(len(cases), 0, [], [], [])
        unreadable = 0
        for case in cases:
            try:
                self._tell(case, made)
            except Unreadable:
                unreadable += 1
        return made._replace(unreadable=unreadable)

    def _tell(self, case: Bundle, made: Retelling) -> None:
        told = inputs_of(case.stored)
        since = {k.position: k.known_at for k in when_known(told, NOTHING_LATE)}
        recorded = [Derived(a, instant(a.at)) for a in _acts_of(case.stored)]
        acts = self._fair(truly_from(told, self._announced, self._until), recorded)
        _, item_name, department = named_of(told, self._shelf, self._until)
        named = (case.source, case.case_no, item_name, department)
        inputs = {each.position for each in told}
        made.events.extend(_inputs(case.stored, told, since, inputs))
        stream = cards_stream(case.source, case.case_no)
        made.events.extend(Retold(at, stream, *encode(act)) for act, at in acts)
        made.unknown.extend(_unknown(told, since, named))
        made.turned.extend(_turned(_cards_of(recorded), _cards_of(acts), named))

    def _fair(self, acts: list[Derived], recorded: Iterable[Derived]) -> list[Derived]:
        """Without cards about cards that nobody had issued: nobody could answer those."""
        known = {_about(act) for act, _ in recorded if isinstance(act, CardIssued)}
        unfair = {
            act.card
            for act, _ in acts
            if isinstance(act, CardIssued)
            and act.rule in self._following
            and _about(act) not in known
        }
        return [each for each in acts if each.act.card not in unfair] if unfair else acts


def _acts_of(stored: Iterable[Stored]) -> Iterator[CardAct]:
    events = (each.event for each in stored if each.stream.endswith("/cards"))
    return (event for event in events if isinstance(event, CardAct))


def _inputs(
    stored: Iterable[Stored], told: Iterable[Told], since: dict[int, Instant], inputs: set[int]
) -> Iterator[Retold]:
    facts = {t.position for t in told if isinstance(t.event, Fact)}
    for each in stored:
        if each.position in since:
            yield Retold(since[each.position], each.stream, each.topic, each.payload)
        elif each.position in inputs and each.position not in facts:
            yield Retold(each.recorded_at, each.stream, each.topic, each.payload)


Named = tuple[str, str, str, str]
"""Source, case_no, item name and department."""


def _unknown(told: Sequence[Told], since: dict[int, Instant], named: Named) -> Iterator[Unknown]:
    first: dict[str, Told] = {}
    for t in told:
        fact = t.event
        if not isinstance(fact, Fact) or fact.history:
            continue
        before = first.setdefault(fact.id, t)
        at = since.get(t.position)
        if at is not None:
            if at < t.recorded_at:
                kind = _kind(fact)
                yield Unknown(kind, *named, type(fact).__name__, at, t.recorded_at)
        elif isinstance(fact, FactCorrected) and fact.void and fact.corrects in first:
            before = first[fact.corrects]
            what = type(before.event).__name__
            yield Unknown(VOID, *named, what, before.recorded_at, t.recorded_at)


def _kind(fact: Fact) -> str:
    if isinstance(fact, FactCorrected):
        return CORRECTED
    return LATE if fact.data_version == 1 else RESENT


class _Card(NamedTuple):
    """A card by what it is about, as it was issued last, and when it stood on record."""

    issued: CardIssued
    spans: list[Span]


Identity = tuple[str, str, str]


def _about(act: CardIssued) -> Identity:
    return act.rule, act.subject, act.severity


def _cards_of(acts: Iterable[Derived]) -> dict[Identity, _Card]:
    """Cards that were issued, and from when on and until when they were not withdrawn; without
    those of an imported past.
    """
    cards: dict[Identity, _Card] = {}
    proposed: dict[str, CardIssued] = {}
    standing: dict[str, Identity] = {}
    for act, at in acts:
        if act.history:
            continue
        if isinstance(act, CardIssued) and act.proposed:
            proposed[act.card] = act
            continue
        issued = act if isinstance(act, CardIssued) else None
        if isinstance(act, CardConfirmed):
            issued = proposed.pop(act.card, None)
        if issued is not None:
            identity = standing[issued.card] = _about(issued)
            spans = cards[identity].spans if identity in cards else []
            cards[identity] = _Card(issued, [*spans, (at, FOR_GOOD)])
        elif isinstance(act, CardWithdrawn) and act.card in standing:
            card = cards[standing.pop(act.card)]
            card.spans[-1] = (card.spans[-1][0], at)
    return cards


def _turned(
    known: dict[Identity, _Card], true: dict[Identity, _Card], named: Named
) -> Iterator[Turned]:
    for kind, these, those in ((MISSING, true, known), (UNDUE, known, true)):
        for identity, card in these.items():
            other = those[identity].spans if identity in those else []
            for since, until in less(card.spans, other):
                act = card.issued
                yield Turned(kind, *named, act.severity, act.rule, *why(act), since, until)


def less(these: Iterable[Span], those: Sequence[Span]) -> Iterator[Span]:
    """The parts of some spans that lie in none of the others."""
    for span in these:
        left = [span]
        for low, high in those:
            left = [
                part
                for since, until in left
                for part in ((since, min(until, low)), (max(since, high), until))
                if part[0] < part[1]
            ]
        yield from left
