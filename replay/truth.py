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

from projections.rows import UNLISTED
from supervision.acts import CardAct, CardConfirmed, CardIssued, CardWithdrawn
from supervision.errors import Unreadable
from supervision.facts import CaseLinked, Fact, FactCorrected, Instant, instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import CalendarPublished, ItemPublished, PolicyPublished
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

LATE, CORRECTED, RESENT, IMPORTED = "late", "corrected", "resent", "imported"
VOID, LIST = "void", "list"
"""Not known yet: a fact, a correction, another version of a fact, a fact that was imported as
history, a list. Believed, though it had not happened (yet): VOID.
"""
MISSING, UNDUE = "missing", "undue"
"""A card that was truly due and not on record; one that was on record and not truly due."""
FOR_GOOD: Instant = 1 << 62
"""Until when what never ended lasts."""
AT_ONCE = 60_000_000
"""Microseconds within which an act is recorded that is recorded at once."""
NOBODYS = UNLISTED
"""The department of a list that is nobody's to know but of who sees all."""

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

    `department`: whose case it is by what is known today, `was` by what was known at `since`.
    `what`: the topic of the event; of a list, `item_name` is its code or version.
    """

    kind: str
    source: str
    case_no: str
    item_name: str
    department: str
    was: str
    what: str
    since: Instant
    until: Instant


class Turned(NamedTuple):
    """A card that was MISSING or UNDUE from `since` on and before `until`; departments as of
    Unknown.
    """

    kind: str
    source: str
    case_no: str
    item_name: str
    department: str
    was: str
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


def lists_unknown(lists: Sequence[Stored]) -> Iterator[Unknown]:
    """The lists that were announced before they were recorded. Unreadable, TooNew.

    A calendar or a policy is everybody's; what is about an item, its department's.
    """
    events = [each.event for each in lists]
    items = {e.code: e.department for e in events if isinstance(e, ItemPublished)}
    for each, event in zip(lists, events, strict=True):
        at = Entry(each.position, each.recorded_at, event).announced_at
        if at < each.recorded_at:
            name = str(getattr(event, "code", "") or getattr(event, "version", ""))
            public = isinstance(event, CalendarPublished | PolicyPublished)
            whose = "" if public else items.get(name, "") or NOBODYS
            kind = each.topic.partition("/")[0]
            yield Unknown(LIST, "", "", name, whose, whose, kind, at, each.recorded_at)


Named = tuple[str, str, str, str]
"""Source, case_no, item name and department."""
Identity = tuple[str, str, str]
"""The rule, the subject and the severity of a card."""


class _Card(NamedTuple):
    """A card by what it is about, as it was issued last, and when it stood on record."""

    issued: CardIssued
    spans: list[Span]


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
        recorded = list(_recorded(case.stored))
        acts = self._fair(truly_from(told, self._announced, self._until), recorded)
        inputs = {each.position for each in told}
        made.events.extend(_inputs(case.stored, told, since, inputs))
        stream = cards_stream(case.source, case.case_no)
        made.events.extend(Retold(at, stream, *encode(act)) for act, at in acts)
        whose = _Whose(case, told, self._shelf, self._until)
        made.unknown.extend(_unknown(told, since, whose))
        known, true = self._cards(recorded), self._cards(acts)
        past = self._cards(acts, history=True)
        made.turned.extend(_turned(MISSING, true, known, whose))
        made.turned.extend(_turned(UNDUE, known, _both(true, past), whose))

    def _fair(self, acts: list[Derived], recorded: Iterable[Derived]) -> list[Derived]:
        """Without cards about cards that nobody had issued: nobody could answer those."""
        known = {self._about(act) for act, _ in recorded if isinstance(act, CardIssued)}
        unfair = {
            act.card
            for act, _ in acts
            if isinstance(act, CardIssued)
            and act.rule in self._following
            and self._about(act) not in known
        }
        return [each for each in acts if each.act.card not in unfair] if unfair else acts

    def _about(self, act: CardIssued) -> Identity:
        """A card about a card names since when that one stood, which may differ by a moment."""
        follows = act.rule in self._following
        subject = act.subject.rpartition(":")[0] if follows else act.subject
        return act.rule, subject, act.severity

    def _cards(self, acts: Iterable[Derived], *, history: bool = False) -> dict[Identity, _Card]:
        """Cards that were issued, and from when on and until when they were not withdrawn; with
        `history` those of an imported past, at the instants that they were due; else the others.
        """
        cards: dict[Identity, _Card] = {}
        proposed: dict[str, CardIssued] = {}
        standing: dict[str, Identity] = {}
        for act, recorded_at in acts:
            if act.history != history:
                continue
            at = instant(act.at) if history else recorded_at
            if isinstance(act, CardIssued) and act.proposed:
                proposed[act.card] = act
                continue
            issued = act if isinstance(act, CardIssued) else None
            if isinstance(act, CardConfirmed):
                issued = proposed.pop(act.card, None)
            if issued is not None:
                identity = standing[issued.card] = self._about(issued)
                spans = cards[identity].spans if identity in cards else []
                cards[identity] = _Card(issued, [*spans, (at, FOR_GOOD)])
            elif isinstance(act, CardWithdrawn) and act.card in standing:
                card = cards[standing.pop(act.card)]
                card.spans[-1] = (card.spans[-1][0], at)
        return cards


class _Whose:
    """Whose a case is, today and at an instant."""

    def __init__(self, case: Bundle, told: Sequence[Told], shelf: Shelf, until: Instant) -> None:
        self._told, self._shelf = told, shelf
        _, item_name, department = named_of(told, shelf, until)
        self.now: Named = (case.source, case.case_no, item_name, department)

    def at(self, at: Instant) -> str:
        """The department that it was shown under."""
        return named_of(self._told, self._shelf, at)[2]


def _recorded(stored: Iterable[Stored]) -> Iterator[Derived]:
    """The acts on record, at their instant where that is when they were recorded."""
    for each in stored:
        if each.stream.endswith("/cards") and isinstance(act := each.event, CardAct):
            at = instant(act.at)
            yield Derived(act, at if each.recorded_at - at < AT_ONCE else each.recorded_at)


def _inputs(
    stored: Iterable[Stored], told: Iterable[Told], since: dict[int, Instant], inputs: set[int]
) -> Iterator[Retold]:
    facts = {t.position for t in told if isinstance(t.event, Fact)}
    for each in stored:
        if each.position in since:
            yield Retold(since[each.position], each.stream, each.topic, each.payload)
        elif each.position in inputs and each.position not in facts:
            yield Retold(each.recorded_at, each.stream, each.topic, each.payload)


def _unknown(told: Sequence[Told], since: dict[int, Instant], whose: _Whose) -> Iterator[Unknown]:
    first: dict[str, Told] = {}
    void: set[str] = set()
    for t in told:
        fact = t.event
        if not isinstance(fact, Fact) or isinstance(fact, CaseLinked):
            continue
        at, what = since.get(t.position), type(fact).__name__
        if at is not None and at < t.recorded_at:
            kind = _kind(fact, first)
            was = whose.at(t.recorded_at - 1) if kind in (CORRECTED, RESENT) else whose.now[3]
            yield Unknown(kind, *whose.now, was, what, at, t.recorded_at)
        elif at is not None and at > t.recorded_at and not isinstance(fact, FactCorrected):
            was = whose.at(t.recorded_at)
            yield Unknown(VOID, *whose.now, was, what, t.recorded_at, at)
        elif isinstance(fact, FactCorrected) and fact.void and fact.corrects in first.keys() - void:
            before = first[fact.corrects]
            void.add(fact.corrects)
            was, what = whose.at(before.recorded_at), type(before.event).__name__
            yield Unknown(VOID, *whose.now, was, what, before.recorded_at, t.recorded_at)
        if not isinstance(fact, FactCorrected):
            first.setdefault(fact.id, t)


def _kind(fact: Fact, before: dict[str, Told]) -> str:
    if isinstance(fact, FactCorrected):
        return CORRECTED
    if fact.history:
        return IMPORTED
    return RESENT if fact.id in before else LATE


def _both(these: dict[Identity, _Card], those: dict[Identity, _Card]) -> dict[Identity, _Card]:
    both = dict(these)
    for identity, card in those.items():
        spans = both[identity].spans if identity in both else []
        both[identity] = card._replace(spans=[*card.spans, *spans])
    return both


def _turned(
    kind: str, these: dict[Identity, _Card], those: dict[Identity, _Card], whose: _Whose
) -> Iterator[Turned]:
    for identity, card in these.items():
        other = those[identity].spans if identity in those else []
        for since, until in less(card.spans, other):
            act = card.issued
            was = whose.at(since) if kind == UNDUE else whose.now[3]
            told = (act.severity, act.rule, *why(act))
            yield Turned(kind, *whose.now, was, *told, since, until)


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
