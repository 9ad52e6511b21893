"""Workers of partitions: the acts are those of one watch, whoever carries and judges the parcels.

A model of the cluster: two publishers that may both publish, parcels doubled, lost, overlapping and
old, workers that lose and win partitions, judge on without having noticed, die, and keep states.
"""

from __future__ import annotations

from itertools import chain
from random import Random
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from projections.keeping import COVER, Back, Cover, Every, Page, put_back
from projections.packing import unpack
from projections.sections import Get, Sections
from projections.watch import DRAWERS
from supervision.delivery.parcel import Parcel, decode, encode, wrap
from supervision.delivery.parcel import deal as dealt
from supervision.errors import StreamConflict
from supervision.facts import Instant
from supervision.judgement.shelf import NEVER
from supervision.record import Append
from supervision.store.mapping import encode as encoded
from supervision.store.stored import Stored
from tests.histories import history
from tests.memorylog import MemoryLog, Schedule, Transaction, run

PARTITIONS = 3
SEEDS = range(10)


class Record(MemoryLog):
    """The log as workers see it: they append to it at a stamp of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.stamp: Instant = 0

    def append_many(self, appends: list[Append]) -> list[int]:
        for each in appends:
            there = self.read_stream(each.stream)
            if len(there) != each.expected:
                says = [encoded(event) for event in each.events]
                stored = [(s.topic, s.payload) for s in there[each.expected :]]
                raise StreamConflict(each.stream, len(there), same=says == stored)
        self.stamp += 1
        before = len(self.stored)
        self.put(self.stamp, [(each.stream, event) for each in appends for event in each.events])
        return list(range(before + 1, len(self.stored) + 1))

    def read(self, after: int, limit: int | None = None) -> list[Stored]:
        found = self.stored[after:]
        if limit is None or len(found) <= limit:
            return found
        last = found[limit - 1].recorded_at
        return found[:limit] + [s for s in found[limit:] if s.recorded_at == last]

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        return self.case(source, case_no)

    def read_stream(self, stream: str) -> list[Stored]:
        return [s for s in self.case_of(stream) if s.stream == stream]

    def read_lists(self) -> list[Stored]:
        return [s for s in self.stored if s.stream.startswith("lists/")]

    def head(self) -> int:
        return len(self.stored)

    def last_stamp(self) -> Instant:
        return NEVER

    def case_of(self, stream: str) -> list[Stored]:
        return self._cases.get(stream.rpartition("/")[0], [])


class Chances(NamedTuple):
    """In percent, once a transaction."""

    publish: int = 80
    second: int = 25
    lose: int = 10
    unread: int = 5
    beat: int = 50
    work: int = 70
    move: int = 20
    blind: int = 30
    kill: int = 10


CALM = Chances(publish=100, second=0, lose=0, unread=0, work=100, move=0, blind=0, kill=0)
STORMY = Chances()


class Publisher:
    """Reads on from its own position, and sends to every partition."""

    def __init__(self) -> None:
        self.sent = [0] * PARTITIONS

    def publish(self, model: Model, stamp: Instant = 0) -> None:
        head = len(model.log.stored)
        for number in range(PARTITIONS):
            events = dealt(model.log.read(self.sent[number]), PARTITIONS)[number]
            parcels = list(
                wrap(self.sent[number], head, events, most=model.random.choice((1, 900)))
            )
            if stamp:
                parcels.append(Parcel(head, head, stamp))
            for parcel in parcels:
                self._send(model, number, parcel)
            self.sent[number] = head

    def _send(self, model: Model, number: int, parcel: Parcel) -> None:
        if model.chance(model.chances.unread):
            parcel = parcel._replace(events=None)
        if not model.chance(model.chances.lose):
            model.topic[number].append(encode(parcel))


class Worker:
    """Sections, and how far each partition's messages were taken."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.sections = Sections(
            PARTITIONS, model.log, Every(12, 3_600_000_000), hot=2, program="1"
        )
        self.offsets: dict[int, int] = {}

    def given(self, numbers: set[int]) -> None:
        """New partitions begin at some offset that was committed earlier."""
        for number in numbers - self.offsets.keys():
            self.offsets[number] = self.model.random.randint(0, len(self.model.topic[number]))
        self.offsets = {n: self.offsets[n] for n in numbers}
        self.sections.open({n: self.model.kept[n].get for n in sorted(numbers)})

    def work(self) -> None:
        for number in list(self.offsets):
            messages = self.model.topic[number]
            end = self.model.random.randint(self.offsets[number], len(messages))
            self.take(number, end)

    def take(self, number: int, end: int) -> None:
        for data in self.model.topic[number][self.offsets[number] : end]:
            self.sections.take(number, decode(data))
            for key, value in self.sections[number].keep():
                self.model.kept[number][key] = value
        self.offsets[number] = max(end, self.offsets[number])


class Model:
    """The cluster."""

    def __init__(self, seed: int, chances: Chances) -> None:
        self.random = Random(seed)
        self.chances = chances
        self.log = Record()
        self.topic: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
        self.kept: list[dict[bytes, bytes]] = [{} for _ in range(PARTITIONS)]
        self.publishers = (Publisher(), Publisher())
        self.workers = [Worker(self), Worker(self)]
        self.workers[0].given(set(range(PARTITIONS)))
        self.workers[1].given(set())

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def live(self, told: list[Transaction], until: Instant) -> None:
        last = told[0].stamp - 1
        for transaction in told:
            if self.chance(self.chances.beat):
                between = max(last, self.log.stamp) + 1
                if between < transaction.stamp:
                    self.publishers[0].publish(
                        self, self.random.randrange(between, transaction.stamp)
                    )
            self._stir()
            assert self.log.stamp < transaction.stamp
            self.log.put(transaction.stamp, transaction.events)
            self.log.stamp = last = transaction.stamp
            if self.chance(self.chances.publish):
                self.publishers[0].publish(self)
            if self.chance(self.chances.second):
                self.publishers[1].publish(self)
            self._stir()
        self._end(until)

    def _stir(self) -> None:
        if self.chance(self.chances.kill):
            number = self.random.randrange(2)
            mine = set(self.workers[number].offsets)
            self.workers[number] = Worker(self)
            self.workers[number].given(mine)
        if self.chance(self.chances.move):
            first = {n for n in range(PARTITIONS) if self.chance(50)}
            self.workers[1].given(set(range(PARTITIONS)) - first)
            if not self.chance(self.chances.blind):
                self.workers[0].given(first)
        for worker in self.workers:
            if self.chance(self.chances.work):
                worker.work()

    def _end(self, until: Instant) -> None:
        """Nobody loses anything any more; one of them has all partitions, started anew."""
        self.chances = CALM
        self.workers[0].work()
        last = Worker(self)
        last.given(set(range(PARTITIONS)))
        self.publishers[0].publish(self)
        self.log.stamp = until
        for _ in range(3):
            self.publishers[0].publish(self, until)
            for number in range(PARTITIONS):
                last.take(number, len(self.topic[number]))
                while last.sections[number].watch.sweeping:
                    last.sections.take(number, Parcel(0, 0, until))
        for section in last.sections:
            assert section.watch.halted == {}
            assert section.watch.pending() == []
            filed = chain(*map(section.watch.filed, range(DRAWERS)))
            assert section.watch.open_cases == len(list(filed))


def judged(seed: int, chances: Chances) -> Model:
    model = Model(seed, chances)
    model.live(*history(seed, cases=3))
    return model


def expected(seed: int) -> dict[str, list[tuple[str, bytes]]]:
    return run(*history(seed, cases=3), Schedule(), Random(0)).acts()


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 1_000_000), st.sampled_from((CALM, STORMY)))
def test_the_acts_are_those_of_one_watch(seed: int, chances: Chances) -> None:
    """Whatever happens to parcels, workers and kept states."""
    assert judged(seed, chances).log.acts() == expected(seed)


def test_the_model_is_not_empty() -> None:
    """States are kept and put back, and partitions move while acts are issued."""
    models = [judged(seed, STORMY) for seed in SEEDS]
    assert sum(COVER in kept for model in models for kept in model.kept) > 10
    assert sum(len(acts) for model in models for acts in model.log.acts().values()) > 50


def test_what_a_page_knows_is_not_told_to_it_again() -> None:
    """Facts between the cover's position and the page's stand once in the case."""
    for seed in SEEDS:
        model = judged(seed, STORMY)
        worker = Worker(model)
        worker.given(set(range(PARTITIONS)))
        for number in range(PARTITIONS):
            worker.sections.take(number, Parcel(len(model.log.stored), len(model.log.stored)))
            for filed in chain(*map(worker.sections[number].watch.filed, range(DRAWERS))):
                facts = [known.position for known in unpack(filed.packed).facts]
                assert len(facts) == len(set(facts))


def back(model: Model, *, program: str = "1", kept: Get | None = None) -> Back | None:
    """The watch of partition 0, as far as it can be put back."""
    log = model.log
    get = kept or model.kept[0].get
    return put_back(get, log.case, log.read_lists, log.recorded_at, program=program)


def test_a_page_overwritten_by_a_worker_that_lost_its_partition_is_noticed() -> None:
    """Its older state would stand for the newer one: all is read from the log instead."""
    model = judged(1, CALM)
    page = next(key for key in model.kept[0] if key.startswith(b"page/"))
    assert back(model) is not None
    older = msgspec.msgpack.decode(model.kept[0][page], type=Page)
    model.kept[0][page] = msgspec.msgpack.encode(replace(older, position=older.position - 1))
    assert back(model) is None


def test_a_state_of_another_program_is_no_use() -> None:
    """It is left alone, and so is one that is none."""
    model = judged(1, CALM)
    assert back(model, program="2") is None
    assert back(model, kept=lambda _: b"?") is None


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_state_of_a_log_that_was_restored_from_an_older_copy_is_no_use(ahead: int) -> None:
    """Such a log has events at the same positions, but recorded them later: that of the cover, or
    of a page that is newer.
    """
    model = judged(1, CALM)
    log, cover = model.log, msgspec.msgpack.decode(model.kept[0][COVER], type=Cover)
    log.stored.append(log.stored[-1]._replace(position=log.head() + 1))
    place = cover.position + ahead
    key = next(key for key in model.kept[0] if key.startswith(b"page/"))
    page = msgspec.msgpack.decode(model.kept[0][key], type=Page)
    newer = replace(page, position=place, recorded_at=log.recorded_at(place))
    model.kept[0][key] = msgspec.msgpack.encode(newer)
    assert back(model) is not None
    log.stored[place - 1 :] = [
        each._replace(recorded_at=each.recorded_at + 1) for each in log.stored[place - 1 :]
    ]
    assert back(model) is None
