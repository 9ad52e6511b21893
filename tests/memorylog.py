"""A log in memory with prescribed stamps, and a watch driven over it by a schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from msgspec import Struct

from projections.watch import Watch
from supervision.acts import DeskAct
from supervision.facts import Fact, Instant
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import case_prefix, desk_stream, facts_stream

SECOND = 1_000_000
DAY = 86_400 * SECOND


class MemoryLog:
    """Streams, versions, positions and stamps, as a record gives them; idempotent like it."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self._versions: dict[str, int] = {}
        self._seen: set[tuple[str, str, int]] = set()
        self._cases: dict[str, list[Stored]] = {}

    def put(self, stamp: Instant, events: Iterable[tuple[str, Struct]]) -> None:
        """One transaction."""
        for stream, event in events:
            if isinstance(event, Fact):
                key = (event.source, event.id, event.data_version)
                if key in self._seen:
                    continue
                self._seen.add(key)
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            topic, payload = encode(event)
            stored = Stored(len(self.stored) + 1, stream, version, topic, stamp, payload)
            self.stored.append(stored)
            self._cases.setdefault(stream.rpartition("/")[0], []).append(stored)

    def read(self, after: int) -> list[Stored]:
        return self.stored[after:]

    def recorded_at(self, position: int) -> Instant:
        """0 where there is no event."""
        there = 0 < position <= len(self.stored)
        return self.stored[position - 1].recorded_at if there else 0

    def case(self, source: str, case_no: str) -> list[Stored]:
        return list(self._cases.get(case_prefix(source, case_no).rstrip("/"), []))

    def acts(self) -> dict[str, list[tuple[str, bytes]]]:
        """What each case's stream of cards says, in order of version."""
        found: dict[str, list[tuple[str, bytes]]] = {}
        for stored in self.stored:
            if stored.stream.endswith("/cards"):
                found.setdefault(stored.stream, []).append((stored.topic, stored.payload))
        return found


class Transaction(NamedTuple):
    """What was recorded at one stamp."""

    stamp: Instant
    events: list[tuple[str, Struct]]


def stream_of(event: Struct) -> str:
    """The stream of an input."""
    if isinstance(event, DeskAct):
        return desk_stream(event.source, event.case_no)
    if isinstance(event, Fact):
        return facts_stream(event.source, event.case_no)
    return f"lists/{type(event).__name__}"


class Schedule(NamedTuple):
    """How a history is delivered: chances of heartbeat, delivery, writing and kill, in percent."""

    beat: int = 0
    deliver: int = 100
    write: int = 100
    kill: int = 0


MakeWatch = Callable[[Callable[[str, str], list[Stored]]], Watch]


def run(
    history: list[Transaction],
    until: Instant,
    schedule: Schedule,
    random: Random,
    make: MakeWatch = Watch,
    *,
    time_first: bool = False,
) -> MemoryLog:
    """Deliver a history to a watch in some schedule; the log with the acts at the end.

    `time_first` is the broken order: a heartbeat before the facts recorded ahead of it.
    """
    log, caught_up = MemoryLog(), True
    watch = make(log.case)
    last = history[0].stamp - DAY if history else 0

    def chance(percent: int) -> bool:
        return random.randrange(100) < percent

    def write(stamp: Instant) -> None:
        writings = watch.pending()
        log.put(stamp, [(w.stream, act) for w in writings for act in w.acts])
        watch.written(writings)

    for transaction in history:
        if chance(schedule.beat):
            beat = random.randrange(last, transaction.stamp)
            if not time_first:
                watch.take(log.read(watch.position))
            watch.tick(beat)
            watch.sweep()
        log.put(transaction.stamp, transaction.events)
        if chance(schedule.deliver):
            watch.take(log.read(watch.position))
            caught_up = True
        if chance(schedule.write) and caught_up:
            write(transaction.stamp + 1)  # newer facts may stand in the log already
        if chance(schedule.kill):
            watch, caught_up = make(log.case), False
        last = transaction.stamp + 2
    watch.take(log.read(watch.position))
    watch.tick(until)
    while watch.sweeping:
        watch.sweep()
    write(until + 1)
    assert not watch.halted, watch.halted
    return log
