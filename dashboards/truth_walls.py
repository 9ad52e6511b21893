"""Walls as they truly were, had nothing been late: a log made for it, and a process that shows it.

The log is read here and derived anew, in other processes where that is worth it; what comes of it
goes into a folder of its own (replay/truth_file.py). A process of its own fills a warehouse from
that, as chDB takes one folder a process, and answers with the very functions of the live wall. It
ends when it is not asked for long, when it is told to, and with the process that began it, and
takes its folder with it. What a process that was killed left behind is removed by the next.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from alerts.alarms import Health
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.figures import Wall
from projections.filling import Filling
from projections.warehouse import Warehouse
from replay.every_case import (
    NOBODY,
    Cancelled,
    Keys,
    Log,
    Watching,
    WorkersLost,
    over_cases,
    processes_for,
)
from replay.rederive import lists_of
from replay.truth import Given, lists_retold, lists_unknown, retelling
from replay.truth_file import Differences, DifferencesFile, TruthFile
from supervision.clock import SteppedClock
from supervision.errors import SupervisionError, Unreadable
from supervision.facts import Instant
from supervision.record import Record
from supervision.store.connection import translated

from .live import LiveSource
from .past import NotTold

IDLE = 1_800.0
"""Seconds after which a process that nobody asks ends: it holds some hundred megabytes."""
ANSWERED = 60.0
"""Seconds within which it answers."""
A_LOOK = 0.5
"""Seconds between looks whether the work is to be ended."""
READ = 5_000
"""Events of one block of rows."""

Departments = frozenset[str] | None


class NotShown(SupervisionError):
    """The process cannot show it; what it says."""


class Made(NamedTuple):
    """What was told anew: the log up to a position and an instant; cases, and those of them that
    cannot be read by this program and were left out.
    """

    head: int
    until: Instant
    cases: int
    unreadable: int


class TrueWalls:
    """The walls as they truly were. Any thread may ask."""

    def __init__(self, process: Any, connection: Connection, made: Made, folder: _Folder) -> None:
        self._process, self._connection, self.made = process, connection, made
        self._folder, self._number, self._lock = folder, 0, Lock()

    def wall(self, at: Instant, departments: Departments) -> Wall:
        """That of an instant, of these departments (None: all). NotTold, WorkersLost."""
        if at > self.made.until:
            raise NotTold("truth_behind")
        wall: Wall = self._ask(("wall", at, departments))
        return wall

    def differences(self, at: Instant, departments: Departments) -> Differences:
        """Where the record of an instant differed. WorkersLost."""
        found: Differences = self._ask(("differences", at, departments))
        return found

    def is_there(self) -> bool:
        """Whether its process lives."""
        return bool(self._process.is_alive())

    def close(self) -> None:
        """End the process, and its folder. Whoever asks waits no longer than ANSWERED."""
        with self._lock:
            _end(self._process, self._connection)
            self._folder.remove()

    def _ask(self, asked: tuple[str, Instant, Departments]) -> Any:
        if not self._lock.acquire(timeout=ANSWERED):
            raise WorkersLost
        try:
            answer = self._heard(asked)
        finally:
            self._lock.release()
        if isinstance(answer, str):
            raise NotShown(answer)
        return answer

    def _heard(self, asked: tuple[str, Instant, Departments]) -> Any:
        """The answer to this question and to no other: a process that is late is ended."""
        self._number += 1
        try:
            self._connection.send((self._number, *asked))
            if self._connection.poll(ANSWERED):
                number, answer = self._connection.recv()
                if number == self._number:
                    return answer
        except (EOFError, OSError) as error:
            raise WorkersLost from error
        self._process.kill()
        raise WorkersLost


class _Folder:
    """A folder for the moment, held by whoever uses it."""

    NAME = "supervise-truth-"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = (path / "HELD").open("a")
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    @classmethod
    def new(cls) -> _Folder:
        """An empty one; those that nobody holds any more go. StoreError."""
        with translated(Path(tempfile.gettempdir())):
            for other in Path(tempfile.gettempdir()).glob(cls.NAME + "*/HELD"):
                cls._sweep(other)
            return cls(Path(tempfile.mkdtemp(prefix=cls.NAME)))

    @staticmethod
    def _sweep(held: Path) -> None:
        with suppress(OSError), held.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(held.parent, ignore_errors=True)

    def remove(self) -> None:
        """Let go of it, and remove it."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def _end(process: Any, connection: Connection) -> None:
    connection.close()
    process.join(ANSWERED)
    if process.is_alive():
        process.kill()
        process.join()


def true_walls(
    record: Log, zone: str, watching: Watching = NOBODY, processes: int | None = None
) -> TrueWalls:
    """Tell the whole log anew and show it. Reads; writes nothing but into a folder for the moment.

    `zone`: in which days are counted. watching is told how much of the work is done, of 1,000.
    processes: how many others derive; None: as many as are worth it and leave half of the cores.
    Cancelled, WorkersLost, StoreError; Unreadable: a list of the log that is a newer program's.
    """
    folder = _Folder.new()
    try:
        made = _retell(record, folder.path, watching, processes)
        return _shown(folder, zone, made, watching)
    except BaseException:
        folder.remove()
        raise


def _retell(record: Log, folder: Path, watching: Watching, processes: int | None) -> Made:
    """Half of the work: the log as it would stand, in the folder."""
    until, head = record.last_stamp(), record.head()
    entries, broken = lists_of(record)
    if broken:
        raise Unreadable(f"{broken[0].act} at position {broken[0].position}", broken[0].detail)
    file = TruthFile(folder)
    try:
        lists = [each for each in record.read_lists() if each.position <= head]
        file.add_events(lists_retold(lists))
        file.add_unknown(lists_unknown(lists))
        given = Given(until, tuple(entries))
        others = processes_for(2 * head, spare=True) if processes is None else processes
        half = Watching(
            lambda done, total: watching.progress(500 * done // max(total, 1), 1_000),
            watching.cancelled,
        )
        cases = unreadable = 0
        for part in over_cases(record, Keys(record), retelling, given, others, half):
            file.add(part)
            cases, unreadable = cases + part.cases, unreadable + part.unreadable
        file.finish(until)
    finally:
        file.close()
    return Made(head, until, cases, unreadable)


def _shown(folder: _Folder, zone: str, made: Made, watching: Watching) -> TrueWalls:
    """The other half: the process, when all is in its rows."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(
        target=_show, args=(theirs, str(folder.path), zone, made.until), name="truth", daemon=True
    )
    process.start()
    theirs.close()
    try:
        _await(ours, watching)
    except BaseException:
        _end(process, ours)
        raise
    return TrueWalls(process, ours, made, folder)


def _await(connection: Connection, watching: Watching) -> None:
    """Until it says that it is ready."""
    while True:
        if watching.cancelled():
            raise Cancelled
        try:
            told = connection.recv() if connection.poll(A_LOOK) else None
        except (EOFError, OSError):
            raise WorkersLost from None
        if isinstance(told, str):
            raise NotShown(told)
        if told is not None:
            done, total = told
            watching.progress(500 + 500 * done // max(total, 1), 1_000)
            if done >= total:
                return


def _show(connection: Connection, folder: str, zone: str, until: Instant) -> None:
    """In a process of its own: fill a warehouse, then answer whatever is asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    held = _Folder(Path(folder))
    try:
        with _Shower(held.path, zone, until) as shower:
            shower.fill(connection)
            while connection.poll(IDLE):
                number, *asked = connection.recv()
                connection.send((number, shower.answer(*asked)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    except (SupervisionError, OSError) as error:
        with suppress(OSError):
            connection.send(str(error))
    finally:
        held.remove()


class _Shower:
    """Answers for the folder."""

    def __init__(self, folder: Path, zone: str, until: Instant) -> None:
        self._record = Record(folder, SteppedClock(until))
        self._warehouse = Warehouse(ChdbEngine(folder / "warehouse"), days_in(zone))
        self._warehouse.create()
        self._differences = DifferencesFile(folder)
        self._source = LiveSource(
            self._record,
            self._warehouse,
            lambda: (until, 0.0),
            Health,
            district="",
            zone=zone,
        )

    def __enter__(self) -> _Shower:
        return self

    def __exit__(self, *error: object) -> None:
        self._differences.close()
        self._warehouse.close()
        self._record.close()

    def fill(self, connection: Connection) -> None:
        """All rows, telling how far; an EOFError where nobody waits any more."""
        filling, head = Filling(self._record, self._warehouse, READ), self._record.head()
        while filling.position < head:
            connection.send((filling.position, head))
            filling.read_up_to(min(head, filling.position + READ))
        connection.send((head, head) if head else (1, 1))

    def answer(self, what: str, at: Instant, departments: Departments) -> object:
        """What was asked, or why it cannot be told."""
        try:
            if what == "differences":
                return self._differences.at(at, departments)
            return self._source.within(departments).past().wall(at)
        except SupervisionError as error:
            return str(error)
