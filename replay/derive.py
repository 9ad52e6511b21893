"""The automatic acts of one case, made again from its inputs by the docket that runs live.

`derive` hears what was recorded when it was recorded: what comes out must be what the watch wrote.
`truly` hears each fact when it happened, as it is known to have been today: what comes out is what
would have been issued had nothing been late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TypeGuard

from msgspec.structs import replace

from projections.case_rows import named
from supervision.acts import CardAct, DeskAct
from supervision.facts import Fact, FactCorrected, Instant, Known, instant, known
from supervision.fold import known_at
from supervision.judgement.assess import SUPERVISORS
from supervision.judgement.case import case_of
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import PolicyPublished
from supervision.store.stored import Stored

INPUTS = ("facts", "links", "desk")
"""The families of a case's streams that judgement hears; the others are what came of it."""


FOLLOWING = frozenset({"acknowledge", "explain", "rectify", "standing", *SUPERVISORS})
"""What the rules are on that make cards about cards."""


class Derived(NamedTuple):
    """An act, and when it is made: at its own instant; of an imported past, at the import."""

    act: CardAct
    at: Instant


class Told(NamedTuple):
    """An input of a case as it stands in the log, decoded."""

    position: int
    recorded_at: Instant
    event: Input


class Lateness(NamedTuple):
    """Which kinds of lateness are taken away: of facts, of corrections and re-sends, of lists."""

    facts: bool = True
    corrections: bool = True
    lists: bool = True


NOTHING_LATE = Lateness()
ANY_LIST = -1
"""A position before which no list stands: all are known from their recording."""


def inputs_of(stored: Iterable[Stored]) -> list[Told]:
    """What judgement hears of a case, in the log's order. Unreadable, TooNew."""
    return [
        Told(each.position, each.recorded_at, event)
        for each in stored
        if each.stream.rpartition("/")[2] in INPUTS and _is_input(event := each.event)
    ]


def _is_input(event: object) -> TypeGuard[Input]:
    return isinstance(event, Fact | DeskAct)


def derive(stored: Iterable[Stored], shelf: Shelf, until: Instant) -> list[Derived]:
    """Every automatic act of one case up to and including an instant, in order.

    `stored`: all that the log has of the case, in its order; `shelf`: all lists of the log.
    Recorded card acts are no input. Unreadable, TooNew: an input that this program cannot read.
    """
    return derive_from(inputs_of(stored), shelf, until)


def derive_from(told: Sequence[Told], shelf: Shelf, until: Instant) -> list[Derived]:
    """`derive` of inputs that were decoded already."""
    docket = Docket()
    return _heard(docket, told, shelf, until)


def truly(
    stored: Iterable[Stored], shelf: Shelf, until: Instant, without: Lateness = NOTHING_LATE
) -> list[Derived]:
    """The acts up to an instant had everything been known when it happened, in order.

    Each fact is known from its time of occurrence, as corrected, its corrections with it; of
    re-sends only the last version counts, and what was voided never was. Lists are known from
    their announcement. Answers come when they were given. Errors as of `derive`.
    """
    told = inputs_of(stored)
    return truly_from(told, announced(shelf) if without.lists else shelf, until, without)


def truly_from(
    told: Sequence[Told], shelf: Shelf, until: Instant, without: Lateness = NOTHING_LATE
) -> list[Derived]:
    """`truly` of inputs that were decoded already, over a shelf that is taken as it is."""
    docket, recorded_at = Docket(ANY_LIST), {t.position: t.recorded_at for t in told}
    knowing = when_known(told, without)
    early = [k for k in knowing if k.known_at != recorded_at[k.position]]
    docket.later = sorted(early, key=lambda k: (k.known_at, k.position))
    if docket.later:
        docket.judged_at = docket.later[0].known_at - 1
    past = [k.position for k in knowing if k.fact.history]
    if past:
        docket.position = past[0]
        docket.imported_at = max(recorded_at[position] for position in past)
    in_time = {k.position for k in knowing} - {k.position for k in early}
    heard = [t for t in told if t.position in in_time or isinstance(t.event, DeskAct)]
    return _heard(docket, heard, shelf, until)


def announced(shelf: Shelf) -> Shelf:
    """The same lists, each known to everybody from its announcement on."""
    known_from = sorted((entry.announced_at, n) for n, entry in enumerate(shelf.entries))
    return Shelf(Entry(0, since, shelf.entries[n].event) for since, n in known_from)


def about_cards(entries: Iterable[Entry]) -> frozenset[str]:
    """The codes of the rules that make cards about cards: of those that nobody answered in time,
    or of several that stand at once.
    """
    policies = (e.event for e in entries if isinstance(e.event, PolicyPublished))
    return frozenset(rule.code for p in policies for rule in p.rules if rule.on in FOLLOWING)


def named_of(told: Sequence[Told], shelf: Shelf, at: Instant) -> tuple[str, str, str]:
    """Item code, item name and department that the pages show a case under, by what was known at
    an instant.
    """
    case = case_of(
        known(t.event, known_at(t.event, t.recorded_at), t.position)
        for t in told
        if isinstance(t.event, Fact) and t.recorded_at <= at
    )
    return named(case, shelf.view(at))


def _heard(docket: Docket, told: Sequence[Told], shelf: Shelf, until: Instant) -> list[Derived]:
    acts: list[CardAct] = []
    for at, transaction in groupby(told, key=attrgetter("recorded_at")):
        if at > until:
            break
        acts += docket.hear([(t.event, t.position) for t in transaction], at, shelf)
    acts += docket.advance(until, shelf)
    return [Derived(act, docket.imported_at if act.history else instant(act.at)) for act in acts]


def when_known(told: Sequence[Told], without: Lateness) -> list[Known]:
    """Each fact with the instant from which it counts as known."""
    live = [
        known(t.event, known_at(t.event, t.recorded_at), t.position)
        for t in told
        if isinstance(t.event, Fact)
    ]
    if not without.corrections:
        return [_at_once(k) if without.facts and _is_first(k) else k for k in live]
    case = case_of(live)
    since = {
        k.fact.id: min(k.at, k.known_at) if without.facts else case.first_known[k.fact.id]
        for k in case.facts
    }
    stand = {k.position for k in case.facts}
    return [
        *(replace(k, known_at=since[k.fact.id]) for k in live if k.position in stand),
        *_corrections(live, since, case.first_known),
    ]


def _corrections(
    live: list[Known], since: dict[str, Instant], reported: dict[str, Instant]
) -> Iterable[Known]:
    """With what they correct; of something voided, none; of something never told, as they came."""
    for k in live:
        if isinstance(k.fact, FactCorrected):
            target = k.fact.corrects
            if target in since:
                yield replace(k, known_at=since[target])
            elif target not in reported:
                yield k


def _is_first(known: Known) -> bool:
    return not isinstance(known.fact, FactCorrected) and known.fact.data_version == 1


def _at_once(known: Known) -> Known:
    return replace(known, known_at=min(known.at, known.known_at))
