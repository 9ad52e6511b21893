"""What signing in must remember, in the SQLite file `access.db` of one home.

Reads wait for nobody: they have a connection of their own. What is replaced or forgotten is
overwritten in the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from msgspec.structs import astuple

from ..facts import Instant
from ..store.connection import NO_LIMIT, connect, immediate, translated
from .port import Failures, Password, Session
from .rows import FAILURES, PASSWORD, SESSION, failures_of, password_of, session_of

FILE = "access.db"
"""Its name in the home."""

SCHEMA = """
PRAGMA secure_delete=ON;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS passwords (
    person TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    temporary INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
    person TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    how TEXT NOT NULL,
    stage TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_person ON sessions (person);
CREATE TABLE IF NOT EXISTS uses (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    until INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) WITHOUT ROWID;
COMMIT;
"""
FIND_PASSWORD = f"SELECT {PASSWORD} FROM passwords WHERE person=?"
SET_PASSWORD = "INSERT OR REPLACE INTO passwords VALUES (?,?,?,?)"  # noqa: S105
FIND_FAILURES = f"SELECT {FAILURES} FROM failures WHERE person=?"
FAIL = """
INSERT INTO failures VALUES (?,1,?) ON CONFLICT (person) DO UPDATE
SET count = count + 1, last_at = max(last_at, excluded.last_at)
"""
ADD_SESSION = "INSERT OR IGNORE INTO sessions VALUES (?,?,?,?,?,?,?,?,?,?)"
FIND_SESSION = f"SELECT {SESSION} FROM sessions WHERE digest=?"
FIND_SESSIONS = f"SELECT {SESSION} FROM sessions ORDER BY made_at DESC, digest"
SESSIONS_OF = f"SELECT {SESSION} FROM sessions WHERE person=? ORDER BY made_at DESC, digest"
UNSEEN = "SELECT 1 FROM sessions WHERE digest=? AND seen_at<?"
SEEN = "UPDATE sessions SET seen_at=? WHERE digest=? AND seen_at<?"
END_SESSION = "DELETE FROM sessions WHERE digest=?"
END_SESSIONS = "DELETE FROM sessions WHERE person=? AND digest<>?"
USE = """
INSERT INTO uses VALUES (?,?,?,1) ON CONFLICT (kind, value) DO UPDATE
SET count = count + 1, until = max(until, excluded.until)
"""
USED = "SELECT count FROM uses WHERE kind=? AND value=?"
PURGE_SESSIONS = "DELETE FROM sessions WHERE ends_at<=?"
PURGE_USES = "DELETE FROM uses WHERE until<?"


class SqliteAccess:
    """An AccessStore over one file; any number of threads and processes may hold one.

    StoreBusy, StoreFull, StoreBroken.
    """

    def __init__(self, home: Path, *, max_pages: int = NO_LIMIT) -> None:
        """Makes what is missing of the file. `max_pages` limits it as a full disk would."""
        path = home / FILE
        self._writer = _Shared(path, max_pages=max_pages)
        self._seeing = _Shared(path, synchronous="NORMAL", max_pages=max_pages)
        self._reader = _Shared(path)
        with self._writer.reading() as db:
            db.executescript(SCHEMA)

    def password(self, person: str) -> Password | None:
        """As of the last commit."""
        with self._reader.reading() as db:
            row = db.execute(FIND_PASSWORD, (person,)).fetchone()
        return password_of(row) if row else None

    def set_password(self, person: str, password: Password) -> None:
        """One durable commit."""
        with self._writer.writing() as db:
            db.execute(SET_PASSWORD, (person, *astuple(password)))

    def failures(self, person: str) -> Failures:
        """As of the last commit."""
        with self._reader.reading() as db:
            return failures_of(db.execute(FIND_FAILURES, (person,)).fetchone())

    def fail(self, person: str, at: Instant) -> int:
        """Counted under the write lock."""
        with self._writer.writing() as db:
            db.execute(FAIL, (person, at))
            return failures_of(db.execute(FIND_FAILURES, (person,)).fetchone()).count

    def clear_failures(self, person: str) -> None:
        """One durable commit."""
        with self._writer.writing() as db:
            db.execute("DELETE FROM failures WHERE person=?", (person,))

    def add_session(self, session: Session) -> None:
        """One durable commit; adding it again is harmless."""
        with self._writer.writing() as db:
            db.execute(ADD_SESSION, astuple(session))

    def session(self, digest: str) -> Session | None:
        """One look into the index of digests."""
        with self._reader.reading() as db:
            row = db.execute(FIND_SESSION, (digest,)).fetchone()
        return session_of(row) if row else None

    def sessions(self, person: str | None = None) -> list[Session]:
        """Those that began at the same time in the order of their digests."""
        with self._reader.reading() as db:
            if person is None:
                rows = db.execute(FIND_SESSIONS).fetchall()
            else:
                rows = db.execute(SESSIONS_OF, (person,)).fetchall()
        return [session_of(row) for row in rows]

    def seen(self, digest: str, at: Instant) -> None:
        """A read alone where there is nothing to change."""
        with self._reader.reading() as db:
            unseen = db.execute(UNSEEN, (digest, at)).fetchone()
        if unseen:
            with self._seeing.writing() as db:
                db.execute(SEEN, (at, digest, at))

    def end_session(self, digest: str) -> Session | None:
        """Read and deleted under the write lock."""
        with self._writer.writing() as db:
            row = db.execute(FIND_SESSION, (digest,)).fetchone()
            db.execute(END_SESSION, (digest,))
        return session_of(row) if row else None

    def end_sessions(self, person: str, but: str = "") -> list[Session]:
        """Read and deleted under the write lock, the newest first."""
        with self._writer.writing() as db:
            rows = db.execute(SESSIONS_OF, (person,)).fetchall()
            db.execute(END_SESSIONS, (person, but))
        return [ended for row in rows if (ended := session_of(row)).digest != but]

    def use_once(self, kind: str, value: str, until: Instant) -> bool:
        """Counted under the write lock; of several `until` the last counts."""
        with self._writer.writing() as db:
            db.execute(USE, (kind, value, until))
            return bool(db.execute(USED, (kind, value)).fetchone()[0] == 1)

    def purge(self, now: Instant) -> int:
        """One durable commit."""
        with self._writer.writing() as db:
            sessions = db.execute(PURGE_SESSIONS, (now,)).rowcount
            return sessions + db.execute(PURGE_USES, (now,)).rowcount

    def close(self) -> None:
        """Close the file; whoever asks afterwards gets StoreBroken."""
        for each in (self._reader, self._seeing, self._writer):
            each.close()


class _Shared:
    """A connection that threads use one after the other."""

    def __init__(self, path: Path, *, synchronous: str = "FULL", max_pages: int = NO_LIMIT) -> None:
        self._path, self._lock = path, Lock()
        self._db = connect(path, synchronous=synchronous, max_pages=max_pages)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self._path):
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, immediate(self._db, self._path) as db:
            yield db

    def close(self) -> None:
        with self._lock:
            self._db.close()
