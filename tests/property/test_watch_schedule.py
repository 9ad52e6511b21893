"""The acts are a function of the log alone, whatever the schedule (design: rules 3, 4 and 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.watch import Watch
from supervision.acts import CardAct, CardConfirmed, CardIssued, CardWithdrawn, DeskAct
from supervision.facts import Fact, Instant, known
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import Shelf
from supervision.store.mapping import decode
from supervision.store.stored import Stored
from tests.histories import history
from tests.memorylog import MakeWatch, Schedule, run

PLAIN = Schedule()
"""No heartbeat but the last, every transaction delivered and written at once."""
RESTLESS = Schedule(beat=70)
HELD_BACK = Schedule(beat=30, deliver=30, write=50)
KILLED = Schedule(beat=50, deliver=60, write=50, kill=20)
SEEDS = range(12)


@settings(max_examples=30, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 1_000_000), st.sampled_from((RESTLESS, HELD_BACK, KILLED)))
def test_the_acts_are_the_same_for_any_schedule(seed: int, schedule: Schedule) -> None:
    """Heartbeats, batch sizes, delays and kills anywhere change no act and no order in a case."""
    told, until = history(seed, cases=2)
    plain = run(told, until, PLAIN, Random(0)).acts()
    assert plain == run(told, until, schedule, Random(seed)).acts()


@pytest.mark.parametrize("schedule", [RESTLESS, HELD_BACK, KILLED])
def test_forgetting_what_is_closed_changes_no_act(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cases packed, forgotten and read back at every turn are judged as if they had been kept."""
    expected = [run(*history(seed), PLAIN, Random(0)).acts() for seed in SEEDS]
    monkeypatch.setattr("projections.watch.HOT", 0)
    found = [run(*history(seed), schedule, Random(seed)).acts() for seed in SEEDS]
    assert expected == found


def test_the_histories_have_every_end_of_a_card() -> None:
    """The property is not empty: cards are issued, lapse, are withdrawn, disputed, re-issued."""
    kinds: set[str] = set()
    cycles: set[int] = set()
    for seed in (*SEEDS, 28, 36, 50):
        told, until = history(seed)
        for acts in run(told, until, PLAIN, Random(0)).acts().values():
            for topic, payload in acts:
                kinds.add(topic.partition("/")[0])
                event = decode(topic, payload)
                if isinstance(event, CardIssued):
                    cycles.add(event.cycle)
    wanted = {"CardIssued", "CardLapsed", "CardWithdrawn", "CardDisputed", "CardConfirmed"}
    assert wanted == kinds
    assert {0, 1} <= cycles


def test_the_histories_have_the_whole_loop() -> None:
    """Cards by hand, proposals issued and declined, cards withdrawn by decisions of each kind."""
    rules: set[str] = set()
    reasons: set[str] = set()
    proposed: set[str] = set()
    issued: set[str] = set()
    for seed in range(40):
        told, until = history(seed)
        for acts in run(told, until, PLAIN, Random(0)).acts().values():
            for event in (decode(*each) for each in acts):
                if isinstance(event, CardIssued):
                    rules.add(event.rule)
                    proposed |= {event.card} if event.proposed else set()
                elif isinstance(event, CardWithdrawn):
                    reasons.add(event.reason)
                elif isinstance(event, CardConfirmed) and event.card in proposed:
                    issued.add(event.card)
    assert "by_hand" in rules
    assert {"by_supervisor", "proposal_declined", "appeal_upheld"} <= reasons
    assert issued


class ApplyFirst(Docket):
    """Broken: the input is applied before time has passed up to it."""

    def hear(self, inputs: Sequence[tuple[Input, int]], at: Instant, shelf: Shelf) -> list[CardAct]:
        facts = [known(i, at, p) for i, p in inputs if isinstance(i, Fact)]
        self._learn(facts)
        return super().hear([(i, p) for i, p in inputs if isinstance(i, DeskAct)], at, shelf)


class ByBatch(Watch):
    """Broken: all that a follower's batch brings of a case is judged together, at its end."""

    def take(self, batch: Iterable[Stored]) -> None:
        whole = list(batch)
        super().take([stored._replace(recorded_at=whole[-1].recorded_at) for stored in whole])


def differs(schedule: Schedule, make: MakeWatch = Watch, *, time_first: bool = False) -> bool:
    """Whether some seed shows acts other than those of the plain schedule."""
    for seed in SEEDS:
        told, until = history(seed)
        plain = run(told, until, PLAIN, Random(0)).acts()
        try:
            other = run(told, until, schedule, Random(seed), make, time_first=time_first).acts()
        except AssertionError:
            return True
        if plain != other:
            return True
    return False


def test_time_ahead_of_the_facts_is_caught() -> None:
    """A heartbeat delivered before the facts recorded ahead of it makes other acts."""
    assert differs(HELD_BACK, time_first=True)


def test_advancing_after_applying_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input applied before its case was advanced to the input's time makes other acts."""
    monkeypatch.setattr("projections.watch.Docket", ApplyFirst)
    assert differs(RESTLESS)


def test_judging_by_follower_batch_is_caught() -> None:
    """Judging what a batch happens to hold together makes other acts."""
    assert differs(HELD_BACK, ByBatch)
