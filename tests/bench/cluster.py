"""The cluster: facts through Kafka and Faust, latency under load, one worker and two, recovery.

Servers and roles are real processes on this machine, so they share its cores with what measures
them: facts for each second of a worker's own processor time tell more than seconds of the clock.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread
from time import perf_counter, time

from supervision.clock import SystemClock
from supervision.errors import StoreError
from supervision.facts import Fact
from supervision.record import Incoming, Record
from supervision.runners.cluster.shown import Shown
from supervision.store.board import Board
from tests.bench.judging import COURSE, DAY, Measured, course
from tests.cluster.town import Process, Town
from tests.court import FLOW, item
from tests.product import until
from tools.services import Clickhouse, Kafka, Postgres, Services

BURST = 50_000
"""Facts of a burst."""
BATCH = 500
"""Facts of one append."""
STEADY, SECONDS = 200, 20
"""Facts a second, for how long."""
DESIGN = 20_000
"""Facts a second that one worker is to take (design.md)."""
FAUST = 1_200
"""Facts a second with a message and a write to a table each (design.md)."""
OPEN_FACTS = 2
"""Facts of a case that stays open."""
PARTITIONS = 12
KEPT = "a state is kept"
"""What a worker's log says after each round of a partition."""
TICK = os.sysconf("SC_CLK_TCK")


def run(cases: int) -> Iterator[Measured]:
    """`cases`: how many are open when a worker comes back."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="supervision-bench-")))
        folder.chmod(0o711)
        services = Services(folder / "services")
        services.start()
        stack.callback(services.stop)
        servers = (services.postgres, services.kafka, services.clickhouse)
        yield from _through(folder, servers)
        yield from _latency(folder, servers)
        yield from _recovery(folder, servers, cases)


Servers = tuple[Postgres, Kafka, Clickhouse]


def _town(folder: Path, name: str, servers: Servers) -> Town:
    return Town(folder / name / "home", *servers, SUPERVISION_PARTITIONS=str(PARTITIONS))


def _through(folder: Path, servers: Servers) -> Iterator[Measured]:
    """A burst that waits in Kafka, taken by one worker, then another by two."""
    with _town(folder, "through", servers) as town, town.record() as record:
        _lists(record)
        town.start("publisher").ready()
        one = town.start("watch").ready()
        alone = _taken(town, record, [one], 0)
        yield _row("one worker, facts/s of the clock", alone.rate, "aim", DESIGN)
        yield _row("the same, against a message and a table write", alone.rate, "bound", FAUST)
        yield _row("one worker, facts per second of its processor", alone.each, "aim", DESIGN)
        two = town.start("watch").ready()
        both = _taken(town, record, [one, two], 1)
        yield _row("two workers, facts per second of their processor", both.each, "one", alone.each)
        yield _row("two workers, facts/s of the clock", both.rate, "one", alone.rate)


class _Taken:
    """Facts a second of the clock, and of the workers' processors."""

    def __init__(self, facts: int, seconds: float, spent: float) -> None:
        self.rate = facts / seconds
        self.each = facts / max(spent, 1 / TICK)


def _taken(town: Town, record: Record, workers: list[Process], number: int) -> _Taken:
    """A burst appended and published while the workers are held back; then they are let go."""
    for worker in workers:
        worker.pause()
    first = number * BURST // len(COURSE)
    facts = [
        fact
        for n in range(first, first + BURST // len(COURSE))
        for fact in course(n, _now() - 4 * DAY)
    ]
    head = _append(record, facts)
    publisher = town.one("publisher")
    until(lambda: _position(publisher) >= head, "the burst to be published")
    began, before = perf_counter(), sum(map(_spent, workers))
    for worker in workers:
        worker.go_on()
    until(lambda: min(map(_position, workers)) >= head, "the burst to be judged", 600)
    return _Taken(len(facts), perf_counter() - began, sum(map(_spent, workers)) - before)


def _latency(folder: Path, servers: Servers) -> Iterator[Measured]:
    """From a fact's recording to the wall, at a steady rate; then how long a burst takes."""
    with _town(folder, "latency", servers) as town, town.record() as record:
        _lists(record)
        for role in ("publisher", "watch", "rows"):
            town.start(role).ready()
        seen = _Seen(town, record)
        sent: list[tuple[int, float]] = []
        number, pause = 0, Event()
        began = perf_counter()
        while perf_counter() - began < SECONDS:
            facts = [
                fact
                for n in range(number, number + STEADY // 20 // OPEN_FACTS)
                for fact in course(n, _now() - DAY, OPEN_FACTS)
            ]
            number += len(facts) // OPEN_FACTS
            sent.append((_append(record, facts), time()))
            pause.wait(max(began + len(sent) / 20 - perf_counter(), 0))
        until(lambda: seen.position >= sent[-1][0], "the last fact on the wall")
        late = sorted(seen.at(position) - at for position, at in sent)
        yield _row(f"recorded → wall at {STEADY}/s, p50 s", late[len(late) // 2], "aim", 1.0)
        yield _row(f"recorded → wall at {STEADY}/s, p99 s", quantiles(late, n=100)[98], "aim", 1.0)
        burst = [f for n in range(10**6, 10**6 + BURST // 7) for f in course(n, _now() - 4 * DAY)]
        started = perf_counter()
        head = _append(record, burst)
        appended = perf_counter() - started
        until(lambda: seen.position >= head, "the burst on the wall", 600)
        whole = perf_counter() - started
        told = f"burst of {len(burst)}"
        yield _row(f"{told}: appended, facts/s", len(burst) / appended, "aim", DESIGN)
        yield _row(f"{told}: on the wall, facts/s", len(burst) / whole, "aim", DESIGN)
        seen.close()


class _Seen:
    """When a wall process would have seen each position: it reads the board as one does."""

    def __init__(self, town: Town, record: Record) -> None:
        self.position = 0
        self._head = record.head
        self._steps: list[tuple[int, float]] = []
        self._board = Board(town.url)
        self._stop = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        shown = Shown(PARTITIONS)
        while not self._stop.wait(0.05):
            try:
                shown.take(self._board.read(), int(time() * 1e6), self._head())
            except StoreError:
                continue
            if shown.position > self.position:
                self._steps.append((shown.position, time()))
                self.position = shown.position

    def at(self, position: int) -> float:
        """When the wall had all up to a position."""
        return next(at for reached, at in self._steps if reached >= position)

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()
        self._board.close()


def _recovery(folder: Path, servers: Servers, cases: int) -> Iterator[Measured]:
    """A worker that kept its state is killed, and comes back."""
    with _town(folder, "recovery", servers) as town, town.record() as record:
        _lists(record)
        town.start("publisher").ready()
        worker = town.start("watch").ready()
        head = 0
        for n in range(0, cases, 5_000):
            some = (course(m, _now() - DAY, OPEN_FACTS) for m in range(n, min(n + 5_000, cases)))
            head = _append(record, [fact for facts in some for fact in facts])
        until(lambda: _position(worker) >= head, "the cases to be judged", 3_600)
        kept = worker.log.read_text().count(KEPT)
        head = _append(record, course(cases, _now() - DAY, OPEN_FACTS))  # else nothing is new
        until(lambda: worker.log.read_text().count(KEPT) >= kept + PARTITIONS, "states", 600)
        worker.kill()
        began = perf_counter()
        worker.start().ready()
        until(lambda: _position(worker) >= head, "the worker to be back", 600)
        yield _row(f"back with {cases} open cases, s", perf_counter() - began, "aim", 60.0)


def _lists(record: Record) -> None:
    """An item that the cases are of."""
    stream = "lists/ItemPublished"
    record.append(stream, [item(steps=FLOW)], len(record.read_stream(stream)))


def _append(record: Record, facts: list[Fact]) -> int:
    """In batches, as intake does; the position of the last."""
    last = 0
    for start in range(0, len(facts), BATCH):
        batch = [Incoming(fact) for fact in facts[start : start + BATCH]]
        last = max(outcome.position for outcome in record.append_facts(batch))
    return last


def _now() -> int:
    return SystemClock()().wall


def _position(process: Process) -> int:
    return int(process.get("/ready", process.told)["position"] or 0)


def _spent(process: Process) -> float:
    """Seconds of the processor that a process has used."""
    assert process.process is not None
    fields = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _row(what: str, value: float, name: str, bound: float) -> Measured:
    return what, f"{value:,.2f}", f"{name} {bound:,.2f}", value / bound
