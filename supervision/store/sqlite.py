"""The log in SQLite: an eventsourcing persistence module with a table of its own.

`position` grows by one without a gap, under the write lock, and is final once it can be read.
Everything of one transaction has one `recorded_at`, later than that of every earlier transaction.
The database itself refuses to change or delete a row. `seen` tells which facts the log has, and
`stamp` where time stands.

An acknowledged transaction MUST outlive a power cut (synchronous=FULL); a heartbeat need not.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from ..clock import Clock, stamp
from ..errors import StoreBroken
from ..facts import Instant
from . import checking
from .connection import NO_LIMIT, connect, immediate, translated
from .fault import Fault
from .library import LogFactory, LogRecorder
from .port import MOST
from .sqlite_writing import (
    SCHEMA,
    TRIGGERS,
    Transaction,
    form_of,
    get_stamp,
    head,
    our_form,
    set_stamp,
)
from .stored import Stored

ROW = "position, stream, version, topic, recorded_at, payload"
STAMP_AGREES = """
SELECT last, wall, boot, lag, (SELECT recorded_at FROM log ORDER BY position DESC LIMIT 1)
FROM (SELECT 1) LEFT JOIN stamp ON one = 1
"""
AS_STORED = partial(tuple.__new__, Stored)
"""Stored._make, without what it checks."""
CASES_AT_ONCE = 10_000
"""Rows that a walk over all cases reads in one go, so that it holds up no checkpoint."""

logs = logging.getLogger(__name__)


class Recorder(LogRecorder):
    """The log of one file; any number of threads and processes may hold one."""

    CONFLICT = sqlite3.IntegrityError

    def __init__(self, path: Path, clock: Clock, max_pages: int = NO_LIMIT) -> None:
        super().__init__()
        self.path = path
        self.clock = clock
        self._lock = Lock()
        self._watch_lock = Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._put_back: list[str] = []
        self._writer = connect(path, max_pages=max_pages)
        self._beat = connect(path, synchronous="NORMAL", max_pages=max_pages)
        self._watcher = connect(path)

    def create_tables(self) -> None:
        """Create what is missing; a guard that a log had lost is put back and told by `faults`."""
        with self._lock, translated(self.path):
            there = form_of(self._writer)
            if "table log" in there:
                self._put_back = [name for name in TRIGGERS if f"trigger {name}" not in there]
            self._writer.executescript(SCHEMA)
        if self._put_back:
            named = ", ".join(self._put_back)
            logs.warning("the log was not guarded, put back: %s; run: supervise verify", named)

    @contextmanager
    def transaction(self, *, confirmed: bool = False) -> Iterator[Transaction]:
        """The write lock, a stamp, and at the end one durable commit or nothing.

        ClockJumped unless `confirmed`; StoreFull, StoreBusy, StoreBroken; in each case nothing is
        stored. Listeners are called after the commit, outside the lock.
        """
        with self._lock, immediate(self._writer, self.path) as db:
            before = get_stamp(db)
            now = stamp(before, self.clock(), confirmed=confirmed)
            writing = Transaction(db, now, before)
            yield writing
            count = writing.flush()
        if count:
            self.tell()

    def heartbeat(self) -> tuple[Instant, int]:
        """A new stamp and the head position, under the write lock; ClockJumped as for appending.

        The stamp outlives the death of the process, but not always a power cut.
        """
        with self._lock, immediate(self._beat, self.path) as db:
            now = stamp(get_stamp(db), self.clock())
            set_stamp(db, now)
            return now.last, head(db)

    def last_stamp(self) -> Instant:
        """The last stamp given, 0 before the first."""
        with self._reading() as db:
            now = get_stamp(db)
        return now.last if now else 0

    def head(self) -> int:
        """The position of the last event, 0 for an empty log."""
        with self._reading() as db:
            return head(db)

    def data_version(self) -> int:
        """A number that changes whenever any process has committed."""
        with self._watch_lock, translated(self.path):
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def after(self, position: int, limit: int) -> list[Stored]:
        """Events behind a position, in order, on to the end of the transaction the limit cuts."""
        query = f"SELECT {ROW} FROM log WHERE position>? ORDER BY position"
        with self._reading() as db:
            rows = list(map(Stored._make, db.execute(f"{query} LIMIT ?", (position, limit))))
            if rows and len(rows) == limit:
                rows.extend(_of_one_stamp(db.execute(query, (rows[-1].position,)), rows[-1]))
        return rows

    def stream(self, stream: str, after: int = 0, limit: int = MOST) -> list[Stored]:
        """Up to `limit` events of one stream behind version `after`, in order; all, by default."""
        query = f"SELECT {ROW} FROM log WHERE stream=? AND version>? ORDER BY version LIMIT ?"
        with self._reading() as db:
            return list(map(Stored._make, db.execute(query, (stream, after, limit))))

    def version(self, stream: str) -> int:
        """The last version of a stream, 0 for one not yet there."""
        query = "SELECT max(version) FROM log WHERE stream=?"
        with self._reading() as db:
            return int(db.execute(query, (stream,)).fetchone()[0] or 0)

    def has(self, stream: str) -> bool:
        """Whether there is such a stream."""
        query = "SELECT 1 FROM log WHERE stream=? LIMIT 1"
        with self._reading() as db:
            return db.execute(query, (stream,)).fetchone() is not None

    def under(self, prefix: str) -> list[Stored]:
        """All streams whose names begin with `prefix`, which ends in "/", in log order."""
        query = f"SELECT {ROW} FROM log WHERE stream>=? AND stream<? ORDER BY position"
        with self._reading() as db:
            return list(map(Stored._make, db.execute(query, (prefix, prefix[:-1] + "0"))))

    def streams(self, prefix: str) -> Iterator[str]:
        """Names of the streams that begin with `prefix`, which ends in "/", in order of name."""
        query = "SELECT DISTINCT stream FROM log WHERE stream>? AND stream<? ORDER BY stream"
        last, end = prefix, prefix[:-1] + "0"
        while True:
            with self._reading() as db:
                rows = db.execute(f"{query} LIMIT ?", (last, end, CASES_AT_ONCE)).fetchall()
            if not rows:
                return
            yield from (name for (name,) in rows)
            last = rows[-1][0]

    def sources(self) -> list[str]:
        """The source systems that the log has facts of."""
        query = "SELECT min(source) FROM seen WHERE source>?"
        found: list[str] = []
        with self._reading() as db:
            while (row := db.execute(query, (found[-1] if found else "",)).fetchone())[0]:
                found.append(row[0])
        return found

    def scan(self, position: int, limit: int) -> list[Stored]:
        """Up to `limit` rows from a position on, in order, as they stand: for verifying alone."""
        query = f"SELECT {ROW} FROM log WHERE position>=? ORDER BY position LIMIT ?"
        with self._reading() as db:
            return list(map(AS_STORED, db.execute(query, (position, limit))))

    def faults(self, most: int, passed: Callable[[int, int], object]) -> Iterator[Fault]:
        """What does not agree with the log: the file with its index, its tables as we make them,
        versions, `seen`, the stamp; triggers that are gone, or were when the file was opened.
        """
        if wrong := [row[0] for row in self._select("PRAGMA integrity_check(1)") if row[0] != "ok"]:
            yield Fault("file", 0, str(wrong[0])[:200], str(wrong[0])[:200])
        there, ours = self._form(), our_form()
        guards = {f"trigger {name}": name for name in TRIGGERS}
        wrong = [name for which, name in guards.items() if there.get(which) != ours[which]]
        yield from checking.guard(sorted({*wrong, *self._put_back}))
        rest = ({n: is_ for n, is_ in of.items() if n not in guards} for of in (there, ours))
        yield from checking.form(*rest)
        yield from checking.places(self._select, most)
        yield from checking.gaps(self._select, most)
        for *stamped, newest in self._select(STAMP_AGREES):
            yield from checking.stamp(stamped, newest)
        yield from checking.seen(self._select, most, passed)

    def _form(self) -> dict[str, tuple[str, str | None]]:
        with self._reading() as db:
            return form_of(db)

    def _select(self, query: str, says: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._reading() as db:
            return db.execute(query, says).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path):
            db = self._idle.pop() if self._idle else self._open_reader()
            try:
                yield db
            finally:
                self._idle.append(db)

    def _open_reader(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreBroken(self.path.name, "it was closed")
        return connect(self.path)

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock, self._watch_lock:
            self._closed = True
            for db in (self._writer, self._beat, self._watcher, *self._idle):
                db.close()
            self._idle.clear()

    # What the library asks of a recorder.

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one stream, with versions above `gt` up to `lte`."""
        order = "DESC" if desc else "ASC"
        query = f"""SELECT stream, version, topic, payload FROM log
            WHERE stream=:stream AND (:gt IS NULL OR version>:gt)
            AND (:lte IS NULL OR version<=:lte) ORDER BY version {order} LIMIT :limit"""
        says = {"stream": str(originator_id), "gt": gt, "lte": lte, "limit": _limit(limit)}
        with self._reading() as db:
            return [StoredEvent(*row) for row in db.execute(query, says)]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in the order of the log, from or behind `start` up to `stop`."""
        query = """SELECT stream, version, topic, payload, position FROM log
            WHERE position>=? AND (? IS NULL OR position<=?)
            AND (? OR topic IN (SELECT value FROM json_each(?))) ORDER BY position LIMIT ?"""
        first = (start or 0) + (not inclusive_of_start)
        says = (first, stop, stop, not topics, json.dumps(list(topics)), limit)
        with self._reading() as db:
            return [Notification(*row) for row in db.execute(query, says)]


class Factory(LogFactory[Recorder]):
    """What the library builds from PERSISTENCE_MODULE=supervision.store.sqlite.

    SQLITE_DBNAME: the file. SQLITE_MAX_PAGES: as many pages and no more, as on a full disk.
    """

    SQLITE_DBNAME = "SQLITE_DBNAME"
    SQLITE_MAX_PAGES = "SQLITE_MAX_PAGES"

    def open_log(self, clock: Clock) -> Recorder:
        """The log in the file that the settings name."""
        name = self.env.get(self.SQLITE_DBNAME)
        if not name:
            raise StoreBroken(self.SQLITE_DBNAME, "no database is named")
        pages = int(self.env.get(self.SQLITE_MAX_PAGES) or NO_LIMIT)
        return Recorder(Path(name), clock, pages)


def _of_one_stamp(rows: Iterable[tuple[Any, ...]], last: Stored) -> Iterator[Stored]:
    for stored in map(Stored._make, rows):
        if stored.recorded_at != last.recorded_at:
            return
        yield stored


def _limit(limit: int | None) -> int:
    return -1 if limit is None else limit
