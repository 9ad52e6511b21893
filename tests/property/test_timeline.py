"""A case on its two lines, whatever happened to it."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.history import CardDrawn
from replay.lines import LIST, Timeline
from replay.telling import tell
from replay.timeline import timeline
from supervision.facts import Fact, FactCorrected, Instant, instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import LISTS
from supervision.store.stored import Stored
from tests.court import at, when
from tests.histories import history
from tests.memorylog import MemoryLog, Schedule, Transaction, run, stream_of
from tests.told_late import Tale, watched

CASES = ("C1", "C2")


def lists_of(log: MemoryLog) -> Shelf:
    lists = [s for s in log.stored if s.topic.partition("/")[0] in LISTS]
    return Shelf(Entry(s.position, s.recorded_at, s.event) for s in lists)


def stand(cards: tuple[CardDrawn, ...]) -> list[tuple[str, str, str, str]]:
    """What of the cards changes."""
    return [(card.card, card.severity, card.state, card.rung) for card in cards]


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 1_000_000))
def test_as_known_then_is_what_the_case_page_showed_then(seed: int) -> None:
    """At every instant at which something was recorded: status, light, cards and clocks."""
    told, end = history(seed, cases=2)
    log = run(told, end, Schedule(), Random(seed))
    shelf = lists_of(log)
    for case_no in CASES:
        stored = log.case("s", case_no)
        made = timeline(stored, shelf, end + 2)
        if made is None:
            assert tell(stored, shelf, end + 2) is None
            continue
        assert {m.at for m in made.known if m.shown} >= _instants(stored, made)
        for moment in made.known:
            story = tell(stored, shelf, moment.at)
            assert story is not None
            assert (moment.status_zh, moment.light) == (story.status_zh, story.light)
            assert stand(tuple(made.cards[place] for place in moment.cards)) == stand(story.cards)
            clocks = [made.clocks[place] for place, _ in moment.clocks]
            drawn = [(c.kind, c.state, c.deadline, c.crosses_at) for c in story.clocks]
            assert [(c.kind, c.state, c.deadline, c.crosses) for c in clocks] == drawn


def _instants(stored: list[Stored], made: Timeline) -> set[Instant]:
    """When something of the case was recorded, from the first fact on."""
    return {s.recorded_at for s in stored if s.recorded_at >= made.known[0].at}


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 1_000_000))
def test_where_nothing_was_late_the_lines_are_one(seed: int) -> None:
    """No late fact, no correction, no late list: the same moments, and no difference."""
    first, end, punctual = _punctual(seed)
    log = run([first, *punctual], end, Schedule(), Random(seed))
    shelf = lists_of(log)
    for case_no in CASES:
        made = timeline(_at_their_instants(log.case("s", case_no)), shelf, end + 2)
        if made is None:
            continue
        assert made.differences == ()
        assert all(p.recorded == p.true for p in made.entries if p.entry.family != LIST)
        seen = {m.at: (m.status_zh, m.light, m.cards, m.clocks) for m in made.known}
        assert seen == {m.at: (m.status_zh, m.light, m.cards, m.clocks) for m in made.true}


def _punctual(seed: int) -> tuple[Transaction, Instant, list[Transaction]]:
    """The facts of a history, each recorded as it happens; the lists of its beginning."""
    (first, *told), end = history(seed, cases=2)
    facts: dict[str, Fact] = {}
    for transaction in told:
        for _, event in transaction.events:
            if isinstance(event, Fact) and not isinstance(event, FactCorrected):
                facts.setdefault(event.id, replace(event, texts=()))
    stamps: dict[Instant, list[Fact]] = {}
    for fact in facts.values():
        stamps.setdefault(instant(fact.occurred_at), []).append(fact)
    return (
        first,
        end,
        [
            Transaction(stamp, [(stream_of(fact), fact) for fact in together])
            for stamp, together in sorted(stamps.items(), key=lambda pair: pair[0])
        ],
    )


def _at_their_instants(stored: list[Stored]) -> list[Stored]:
    """As written by a watch that never waits: each act is recorded at its own instant."""
    moved = [
        s._replace(recorded_at=instant(s.event.at))  # type: ignore[attr-defined]
        if s.stream.endswith("/cards")
        else s
        for s in stored
    ]
    return sorted(moved, key=lambda s: (s.recorded_at, s.stream.endswith("/cards"), s.position))


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 60), st.integers(2, 40))
def test_a_late_fact_that_hides_a_red_card_is_named(day: int, late: int) -> None:
    """Whenever it happened, and however late it was told."""
    happened = when("2026-03-02") + timedelta(days=day)
    passed = happened + timedelta(days=50)
    told = passed + timedelta(days=late)
    received = Tale("ApplicationReceived", _text(happened), _text(told), {"id": "late"})
    stored, shelf, until = watched([received], _text(told + timedelta(days=1)))
    made = timeline(stored, shelf, until)
    assert made is not None
    red = [
        d
        for d in made.differences
        if made.entries[d.entry].entry.what_zh.startswith("红牌：已超过20个工作日的法定时限")
    ]
    assert len(red) == 1
    assert red[0].true < at(_text(told)) < red[0].recorded
    assert [made.entries[place].entry.id for place in red[0].because] == ["late"]


def _text(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
