"""At most one process holds a name: by a lock in PostgreSQL that lives as long as its session.

The session ends, and another may win, as soon as the server learns that the holder died, as soon
as it has been out of reach for SILENT_SECONDS, and when it has not asked `held` for LEASE_SECONDS:
so a process that was stopped, or hangs, does not keep the name. It may go on for one step before it
learns of that; what it writes MUST carry the epoch, or be harmless when written twice.

The URL MUST lead to one server, the primary, and not through a pool that shares sessions. A standby
promoted without the primary's last commit may give an epoch a second time.
"""

from __future__ import annotations

from hashlib import blake2b
from threading import RLock
from types import TracebackType

from ..errors import StoreBroken, StoreError
from .postgres_connection import Rows, connect, is_quiet, translated, where
from .postgres_prepare import prepare

LEASE_SECONDS = 10.0
"""A holder asks more often than that, every second say, or loses the name."""

HELD_ELSEWHERE = "another process holds it"

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS coordination;
CREATE TABLE IF NOT EXISTS coordination.elections (
    name text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL
);
REVOKE ALL ON coordination.elections FROM {role};
GRANT USAGE ON SCHEMA coordination TO {role};
GRANT SELECT, INSERT ON coordination.elections TO {role};
GRANT UPDATE (epoch) ON coordination.elections TO {role};
"""
WON = """
INSERT INTO coordination.elections AS e VALUES (%s, 1)
ON CONFLICT (name) DO UPDATE SET epoch = e.epoch + 1 RETURNING epoch
"""
EPOCH = "SELECT epoch FROM coordination.elections WHERE name = %s"


def prepare_elections(owner_url: str, app_role: str) -> None:
    """Create what is missing and give the role what it needs. StoreDown, StoreBroken."""
    prepare(owner_url, app_role, SCHEMA)


class Election:
    """One name, on a connection of its own; for any number of threads of one process.

    `epoch` is that of the last win of this object, 0 before the first: durable, and one more with
    each win of any process. `reason` says in one line why the name is not held, empty if it is.
    """

    def __init__(self, url: str, name: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.name = name
        self.epoch = 0
        self.reason = "nobody asked yet"
        self._url = url
        self._place = where(url)
        self._settings = {"idle_session_timeout": f"{round(lease_seconds * 1000)}ms"}
        self._key = lock_key(name)
        self._lock = RLock()
        self._db: Rows | None = None
        self._holds = False

    def __enter__(self) -> Election:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.resign()

    def try_win(self) -> bool:
        """Whether this process holds the name now: already, or from now on, with a new epoch.

        False while the server is down, full or busy. StoreBroken: somebody must look.
        """
        with self._lock:
            if self._holds and self.held():
                return True
            try:
                with translated(self._place):
                    return self._try(self._session())
            except StoreBroken:
                self._lose("the server refuses")
                raise
            except StoreError as error:
                return self._lose(str(error))

    def _session(self) -> Rows:
        """The open session, or a new one where the server has said goodbye."""
        if self._db is None or not is_quiet(self._db):
            self._drop()
            self._db = connect(self._url, f"election {self.name}", settings=self._settings)
        return self._db

    def _try(self, db: Rows) -> bool:
        if db.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone() == (False,):
            self.reason = HELD_ELSEWHERE
            return False
        row = db.execute(WON, (self.name,)).fetchone()
        assert row is not None
        self.epoch, self.reason, self._holds = row[0], "", True
        return True

    def held(self) -> bool:
        """Whether the name is still held; asks the server, and renews the lease. Never raises."""
        with self._lock:
            if not self._holds or self._db is None:
                return False
            try:
                with translated(self._place):
                    row = self._db.execute(EPOCH, (self.name,)).fetchone()
            except StoreError as error:
                return self._lose(str(error))
            return row == (self.epoch,) or self._lose("another process won since")

    def resign(self) -> None:
        """Let go of the name: on return another may win, unless the server is out of reach."""
        with self._lock:
            if self._holds and self._db is not None:
                self._unlock(self._db)
            self._lose("resigned")

    def _unlock(self, db: Rows) -> None:
        """Told to the server, so that it is done on return; closing alone takes it a moment."""
        try:
            with translated(self._place):
                db.execute("SELECT pg_advisory_unlock(%s)", (self._key,))
        except StoreError:
            self._drop()

    def _lose(self, reason: str) -> bool:
        self._holds, self.reason = False, reason
        self._drop()
        return False

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def lock_key(name: str) -> int:
    """The key of a name's advisory lock: 64 bits, signed, the same for good."""
    digest = blake2b(f"supervision/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
