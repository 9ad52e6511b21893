"""Counts of the record, from the log alone: cases, facts and acts by kind, late by clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from .acts import CARD_ACTS, DESK_ACTS
from .facts import FACTS, Instant, StepCompleted
from .fold import Folded
from .judgement.assess import assess
from .judgement.shelf import Entry, Shelf
from .record import Record

Progress = Callable[[int], object]


class Counts(Struct, kw_only=True):
    """The counts; `late` holds, by clock, the cases in which it crossed before it was stopped."""

    as_of: int
    """The instant, in microseconds."""
    position: int = 0
    """The last event counted."""
    cases: int = 0
    history: int = 0
    open: int = 0
    concluded: int = 0
    steps: int = 0
    facts: dict[str, int] = {}
    acts: dict[str, int] = {}
    desk: dict[str, int] = {}
    late: dict[str, int] = {}
    late_concluded: dict[str, int] = {}
    """Of these, the cases that have ended."""
    cards: dict[str, dict[str, int]] = {}
    """By severity and state."""
    data_errors: dict[str, int] = {}


def count(record: Record, now: Instant, progress: Progress = lambda _: None) -> Counts:
    """Count what was recorded up to an instant, judged as known then."""
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in record.read_lists())
    counts = Counts(as_of=now)
    kinds: Counter[str] = Counter()
    for number, key in enumerate(record.cases(), 1):
        stored = [s for s in record.read_case(*key) if s.recorded_at <= now]
        if stored:
            kinds.update(s.topic.partition("/")[0] for s in stored)
            counts.position = max(counts.position, stored[-1].position)
            _count_case(counts, Folded(stored), shelf, now)
        progress(number)
    counts.facts = {name: kinds[name] for name in FACTS if kinds[name]}
    counts.acts = {name: kinds[name] for name in CARD_ACTS if kinds[name]}
    counts.desk = {name: kinds[name] for name in DESK_ACTS if kinds[name]}
    return counts


def _count_case(counts: Counts, folded: Folded, shelf: Shelf, now: Instant) -> None:
    if not folded.facts:
        return
    case = folded.case()
    assessed = assess(case, folded.cards, folded.lists(shelf, case, now), now)
    ended = case.ended(0)
    over = ended is not None and ended.at <= now
    counts.cases += 1
    counts.history += case.history
    counts.open += not over
    counts.concluded += over
    counts.steps += len(case.all(StepCompleted))
    crossed = {
        clock.kind
        for clock in assessed.running.clocks
        if clock.crosses_at is not None
        and clock.crosses_at <= now
        and clock.reaches(clock.crosses_at)
    }
    for kind in crossed:
        counts.late[kind] = counts.late.get(kind, 0) + 1
        if over:
            counts.late_concluded[kind] = counts.late_concluded.get(kind, 0) + 1
    for card in folded.cards.values():
        states = counts.cards.setdefault(card.severity, {})
        states[card.state] = states.get(card.state, 0) + 1
    for error in assessed.errors:
        counts.data_errors[error.kind] = counts.data_errors.get(error.kind, 0) + 1
