"""Acts into the log while somebody else writes the same ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from projections.watch import Watch, Writing
from projections.writing import Wrote, write_acts
from supervision.acts import CardAct, CardIssued
from supervision.errors import StoreDown, StreamConflict
from supervision.published import bundled
from supervision.record import Append
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from tests.court import at, fact, item
from tests.memorylog import MemoryLog, stream_of

CASES = ("A", "B", "C")
LATE = at("2026-08-01")


class Log(MemoryLog):
    """The record as a worker sees it. `meanwhile` is what another one does just before the next
    transaction of this one; a lost answer is one that was stored and not told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Append] = []
        self.lose_answer = False
        self.transactions: list[list[str]] = []

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        also, self.meanwhile = self.meanwhile, []
        self.write(also)
        self.transactions.append([each.stream for each in appends])
        for each in appends:
            there = self.read_stream(each.stream)
            if len(there) != each.expected:
                says = [encode(event) for event in each.events]
                stored = [(s.topic, s.payload) for s in there[each.expected :]]
                raise StreamConflict(each.stream, len(there), same=says == stored)
        before = len(self.stored)
        self.write(appends)
        if self.lose_answer:
            self.lose_answer = False
            raise StoreDown("the log", "no answer")
        return list(range(before + 1, len(self.stored) + 1))

    def write(self, appends: Sequence[Append]) -> None:
        """As another worker does."""
        self.put(LATE + 1, [(each.stream, event) for each in appends for event in each.events])

    def read_stream(self, stream: str) -> list[Stored]:
        return [s for s in self.stored if s.stream == stream]

    def said(self, stream: str) -> list[CardAct]:
        """The acts of a stream."""
        return [s.event for s in self.read_stream(stream)]  # type: ignore[misc]


@pytest.fixture
def log() -> Log:
    """Three cases that nobody concluded."""
    made = Log()
    made.put(at("2026-05-01"), [(stream_of(e), e) for e in (*bundled(), item())])
    for case_no in CASES:
        for kind in ("ApplicationReceived", "CaseAccepted"):
            told = replace(fact(kind, "2026-06-01"), case_no=case_no, id=f"{case_no} {kind}")
            made.put(at("2026-06-01 10:00"), [(stream_of(told), told)])
    return made


@pytest.fixture
def watch(log: Log) -> Watch:
    """One that found all three late, and has written nothing."""
    made = Watch(log.case)
    made.take(log.read(0))
    made.tick(LATE)
    return made


@pytest.fixture
def due(watch: Watch) -> list[Writing]:
    """What it would write: several acts for each case."""
    found = watch.pending()
    assert [each.key[1] for each in found] == list(CASES)
    assert min(len(each.acts) for each in found) >= 3
    return found


def all_of(due: Sequence[Writing]) -> list[CardAct]:
    return [act for each in due for act in each.acts]


def assert_all_is_there(log: Log, watch: Watch, due: Sequence[Writing], wrote: Wrote) -> None:
    """Each act once, told as written, at the position that is the log's last; no case halted."""
    for each in due:
        assert each.acts == log.said(each.stream)
    assert wrote.acts == all_of(due)
    assert wrote.position == len(log.stored)
    assert watch.pending() == []
    assert watch.halted == {}


def test_all_cases_are_written_in_one_transaction(
    log: Log, watch: Watch, due: list[Writing]
) -> None:
    """In order."""
    wrote = write_acts(watch, log)
    assert_all_is_there(log, watch, due, wrote)
    assert log.transactions == [[each.stream for each in due]]


def test_the_acts_of_a_case_are_never_divided(log: Log, watch: Watch, due: list[Writing]) -> None:
    """A transaction takes cases until it is full."""
    wrote = write_acts(watch, log, most=len(due[0].acts) + 1)
    assert_all_is_there(log, watch, due, wrote)
    assert log.transactions == [[due[0].stream, due[1].stream], [due[2].stream]]


def test_without_acts_nothing_is_asked_of_the_log(
    log: Log, watch: Watch, due: list[Writing]
) -> None:
    """Nor are they written a second time."""
    write_acts(watch, log)
    assert write_acts(watch, log) == Wrote([], 0)
    assert len(log.transactions) == 1
    assert due


def test_acts_that_stand_there_already_are_done(log: Log, watch: Watch, due: list[Writing]) -> None:
    """Another worker was quicker, with all of one case: nothing is doubled."""
    log.write([Append(due[1].stream, 0, due[1].acts)])
    assert_all_is_there(log, watch, due, write_acts(watch, log))


def test_the_rest_is_written_behind_what_stands_there(
    log: Log, watch: Watch, due: list[Writing]
) -> None:
    """Another worker came as far as the first of them."""
    log.write([Append(due[1].stream, 0, due[1].acts[:1])])
    assert_all_is_there(log, watch, due, write_acts(watch, log))


def test_acts_behind_ours_are_left_to_be_read(log: Log, watch: Watch, due: list[Writing]) -> None:
    """Another worker is further in time: what it wrote is compared when the log brings it."""
    behind = [*due[1].acts, issued(due[1].acts)]
    log.write([Append(due[1].stream, 0, behind)])
    wrote = write_acts(watch, log)
    assert wrote.acts == all_of(due)
    assert behind == log.said(due[1].stream)
    assert watch.pending() == []
    assert watch.halted == {}


def issued(acts: Sequence[CardAct]) -> CardIssued:
    """One of them, of another card."""
    return replace(next(act for act in acts if isinstance(act, CardIssued)), card="another")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_act_that_does_not_follow_halts_its_case_alone(
    place: int, log: Log, watch: Watch, due: list[Writing]
) -> None:
    """Wherever it stands; nothing is written behind it, and the other cases go on."""
    other = [*due[1].acts[:place], issued(due[1].acts)]
    log.write([Append(due[1].stream, 0, other)])
    wrote = write_acts(watch, log)
    assert wrote.acts == [*due[0].acts, *due[2].acts]
    assert other == log.said(due[1].stream)
    (key, why), *more = watch.halted.items()
    assert (key, more) == (due[1].key, [])
    assert f"act {place + 1} at position" in why
    assert write_acts(watch, log) == Wrote([], 0)


def test_one_who_writes_at_the_same_time_is_read_again(
    log: Log, watch: Watch, due: list[Writing]
) -> None:
    """Between our reading of a case and our writing, too."""
    log.write([Append(due[0].stream, 0, due[0].acts[:1])])
    log.meanwhile = [Append(due[0].stream, 1, due[0].acts[1:2])]
    assert_all_is_there(log, watch, due, write_acts(watch, log))


def test_a_transaction_whose_answer_was_lost_is_found_when_asked_again(
    log: Log, watch: Watch, due: list[Writing]
) -> None:
    """It was stored: doing it twice is doing it once."""
    log.lose_answer = True
    with pytest.raises(StoreDown):
        write_acts(watch, log)
    assert_all_is_there(log, watch, due, write_acts(watch, log))


def test_what_was_written_is_not_a_surprise_when_the_log_brings_it(
    log: Log, watch: Watch, due: list[Writing]
) -> None:
    """Whoever wrote it."""
    log.write([Append(due[1].stream, 0, due[1].acts[:2])])
    write_acts(watch, log)
    watch.take(log.read(watch.position))
    assert watch.halted == {}
    assert watch.pending() == []
    assert due
