"""The same work on every case of a log, in this process or in several, a bounded part at a time.

The caller's process reads the log; the others are given the bytes of whole cases, and open nothing.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from supervision.errors import SupervisionError
from supervision.facts import Instant
from supervision.store.stored import Stored
from supervision.streams import FACTS, Family

A_PART = 2_000
"""Events that a process is given at a time, on to the end of a case."""
AHEAD = 2
"""Parts that wait for each process."""
A_PROCESS = 20_000
"""Events that make it worth starting a process: it takes a second or two to come up."""

Done = TypeVar("Done")


class Cancelled(SupervisionError):
    """Somebody asked to end the work before it was done."""

    def __init__(self) -> None:
        super().__init__("已取消 cancelled")


class WorkersLost(SupervisionError):
    """A process that worked on a part was killed, or could not be started."""

    def __init__(self) -> None:
        super().__init__("计算进程意外终止，请重试 a working process was killed; try it again")


class NoSuchSource(SupervisionError):
    """The log has no case of a source system that was asked for."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"日志中没有此来源 the log has no case of source {', '.join(sorted(names))}"
        )


class Log(Protocol):
    """What of a record is read, and nothing else."""

    def cases(self, families: Collection[Family] = (FACTS,)) -> Iterator[tuple[str, str]]:
        """Source and case_no of every case that has a stream of one of these families."""

    def read(self, after: int, limit: int) -> list[Stored]:
        """Up to `limit` events behind a position."""

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        """All streams of one case, in log order."""

    def read_lists(self) -> list[Stored]:
        """All that was published, in log order."""

    def read_stream(self, stream: str) -> list[Stored]:
        """All of one stream, in order."""

    def head(self) -> int:
        """The position of the last event."""

    def last_stamp(self) -> Instant:
        """The last stamp given (µs)."""


class Bundle(NamedTuple):
    """A case and all that the log has of it."""

    source: str
    case_no: str
    stored: list[Stored]


Work = Callable[[Sequence[Bundle]], Done]
"""What is done to some cases."""
Make = Callable[[Any], Work[Any]]
"""Makes the work of what it is given; a function of a module, as another process must find it."""


class Watching(NamedTuple):
    """Who follows the work: told how many cases are done, of how many; asked whether to end."""

    progress: Callable[[int, int], object] = lambda done, total: None
    cancelled: Callable[[], bool] = lambda: False


NOBODY = Watching()


class Part(NamedTuple, Generic[Done]):
    """What came of a part."""

    cases: int
    done: Done


class Keys:
    """The cases of these source systems, of all if none is named, with a stream of one of these
    families. Counted once, and read from the log whenever they are walked: millions are not held.
    """

    def __init__(
        self, log: Log, sources: Iterable[str] = (), families: Collection[Family] = (FACTS,)
    ) -> None:
        """NoSuchSource."""
        self._log, self._chosen, self._families = log, frozenset(sources), families
        seen: set[str] = set()
        self._count = 0
        for source, _ in self:
            seen.add(source)
            self._count += 1
        if missing := self._chosen - seen:
            raise NoSuchSource(missing)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for key in self._log.cases(self._families):
            if not self._chosen or key[0] in self._chosen:
                yield key

    def __len__(self) -> int:
        """How many there were; a case that is new since then is walked as well."""
        return self._count


def processes_for(events: int, *, spare: bool = False) -> int:
    """How many other processes are worth their start for so many events: 0 to the cores; `spare`
    leaves half of the cores to who runs on them.
    """
    cores = os.cpu_count() or 1
    return min(max(1, cores // 2) if spare else cores, events // A_PROCESS)


def over_cases(
    log: Log,
    keys: Keys,
    make: Make,
    given: object,
    processes: int,
    watching: Watching = NOBODY,
) -> Iterator[Any]:
    """What the work gives for each part of these cases, in order. Cancelled.

    `given` is sent to each process once; with no other process the work is done in this one.
    """
    parts, total, done = _parts(log, keys), len(keys), 0
    watching.progress(0, total)
    for cases, found in (
        _here(parts, make(given)) if processes < 1 else _elsewhere(parts, make, given, processes)
    ):
        done += cases
        watching.progress(done, max(done, total))
        yield found
        if watching.cancelled():
            raise Cancelled


def _parts(log: Log, keys: Iterable[tuple[str, str]]) -> Iterator[list[Bundle]]:
    part: list[Bundle] = []
    events = 0
    for source, case_no in keys:
        stored = log.read_case(source, case_no)
        part.append(Bundle(source, case_no, stored))
        events += len(stored)
        if events >= A_PART:
            yield part
            part, events = [], 0
    if part:
        yield part


def _here(parts: Iterable[list[Bundle]], work: Work[Any]) -> Iterator[tuple[int, Any]]:
    for part in parts:
        yield len(part), work(part)


def _elsewhere(
    parts: Iterable[list[Bundle]], make: Make, given: object, processes: int
) -> Iterator[tuple[int, Any]]:
    waiting: deque[tuple[int, Future[Any]]] = deque()
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, spawn, _begin, (make, given))
    try:
        for part in parts:
            waiting.append((len(part), pool.submit(_do, part)))
            if len(waiting) >= processes * AHEAD:
                cases, found = waiting.popleft()
                yield cases, found.result()
        while waiting:
            cases, found = waiting.popleft()
            yield cases, found.result()
    except BrokenExecutor as error:
        raise WorkersLost from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_work: list[Work[Any]] = []
"""Of a process that was started for it: the work."""


def _begin(make: Make, given: object) -> None:
    """In a new process: an interruption is for the one that started it, and with that it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work[:] = [make(given)]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _do(part: list[Bundle]) -> Any:
    return _work[0](part)
