"""PostgreSQL as this system opens it, and its driver's errors as ours.

A URL is libpq's: `postgresql://user@host:port/database`, several hosts and
`target_session_attrs=read-write` included; a password is better kept in PGPASSFILE than in it.
What it says of the settings below has precedence. `client_connection_check_interval` and the
server's keepalives end what a dead client left behind: its transaction, and the locks it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from select import POLLIN, poll
from threading import Lock
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo, TransactionStatus

from ..errors import StoreBroken, StoreBusy, StoreDown, StoreError, StoreFull

OLDEST = 14
"""The first release of the server that knows every setting below."""

CONNECT_SECONDS = 5
"""How long a server may take to answer a new connection, for each of its hosts."""

BUSY_SECONDS = 30
"""How long a writer waits for another's transaction before StoreBusy."""

STALLED_SECONDS = 15
"""How long a transaction may stand idle: a process that was stopped inside one lets go of its
locks before those who wait for them give up."""

SILENT_SECONDS = 10
"""How long either side may be unreachable before the other takes the connection for lost."""

CLIENT = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": SILENT_SECONDS // 2,
    "keepalives_interval": 1,
    "keepalives_count": SILENT_SECONDS // 2,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
    "client_encoding": "utf8",
}
SERVER = {
    "synchronous_commit": "on",
    "lock_timeout": f"{BUSY_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{STALLED_SECONDS}s",
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": SILENT_SECONDS // 2,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": SILENT_SECONDS // 2,
    "tcp_user_timeout": f"{SILENT_SECONDS}s",
}

FULL = {"53100"}
BUSY = {"40001", "40P01", "53200", "53300", "55P03", "57014"}
"""Lost a race, out of memory or of connections, waited too long for a lock, cancelled."""
READ_ONLY = {"25006"}
"""A standby, until it is promoted."""
DOWN = {"25P03", "57P01", "57P02", "57P03", "57P05"}
"""Ended for standing idle; stopping, starting."""
UNPREPARED = {"3F000", "42501", "42703", "42883", "42P01"}
"""No such schema, right, column, function or table."""
REFUSED = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "is not permitted to log in",
    "permission denied",
    "certificate",
    "SSL was required",
    "invalid ",
    "unrecognized configuration parameter",
)
"""Words by which a server refuses a new connection for good; of those libpq keeps no code."""

Rows = Connection[tuple[Any, ...]]
NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


def connect(
    url: str, role: str, *, autocommit: bool = True, settings: Mapping[str, str] = NOTHING_MORE
) -> Rows:
    """A connection for one thread at a time that the server lists as `supervision ROLE`.

    Commits are durable on the server's disk. `settings` are more of the server's, by name.
    StoreDown, StoreBusy, StoreBroken.
    """
    place = where(url)
    with translated(place):
        given = conninfo_to_dict(url)
        ours = (f"-c {name}={value}" for name, value in (SERVER | dict(settings)).items())
        options = " ".join([*ours, str(given.pop("options", None) or "")])
        says: dict[str, Any] = CLIENT | {"application_name": f"supervision {role}"} | given
        db = psycopg.connect("", autocommit=autocommit, options=options, **says)
    version = db.info.server_version // 10_000
    if version < OLDEST:
        db.close()
        raise StoreBroken(place, f"is PostgreSQL {version}: {OLDEST} or later is needed")
    return db


def where(url: str) -> str:
    """host:port/database, without user and password; StoreBroken if it is no URL."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The driver would quote what it could not read, and with it the password.
        raise StoreBroken(
            "the database's URL", "cannot be read; write postgresql://user@host:port/database"
        ) from None
    defaults = Conninfo.get_defaults()
    says = {o.keyword.decode(): (o.val or b"").decode() for o in defaults}
    says |= {name: str(value) for name, value in given.items() if value}
    host = says.get("host") or says.get("hostaddr") or "localhost"
    user = says.get("user", "")
    return f"{host}:{says.get('port') or '5432'}/{says.get('dbname') or user}"


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise the driver's errors as errors of our tree; conflicts of keys pass."""
    try:
        yield
    except psycopg.IntegrityError:
        raise
    except psycopg.Error as error:
        raise translate(place, error) from error


def translate(place: str, error: psycopg.Error) -> StoreError:
    """The error of our tree for what the driver says about the database at `place`.

    The message is the driver's first line: the server's details may quote what was stored.
    """
    why = _first_line(error)
    code = error.sqlstate or ""
    if code in FULL:
        return StoreFull(place, f"{why}; make room on the server's disk")
    if code in BUSY:
        return StoreBusy(place, f"{why}; try again")
    if code in UNPREPARED:
        return StoreBroken(place, f"{why}; its owner runs `supervise database prepare`")
    if code in READ_ONLY:
        return StoreDown(place, f"{why}; name its primary, or all with target_session_attrs")
    if code in DOWN or code.startswith("08") or (not code and _is_out_of_reach(error, why)):
        return StoreDown(place, f"{why}; see that the server runs, then ask again")
    if not code:
        return StoreBroken(place, f"{why}; see what the URL says, and the server's pg_hba.conf")
    return StoreBroken(place, why)


def _first_line(error: psycopg.Error) -> str:
    lines = str(error.diag.message_primary or error).strip().splitlines()
    line = lines[0].strip() if lines else type(error).__name__
    if line.startswith("connection failed"):
        line = line.rpartition(" failed: ")[2]
    return line.removeprefix("FATAL:").strip()


def _is_out_of_reach(error: psycopg.Error, why: str) -> bool:
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return lost and not any(words in why for words in REFUSED)


def is_quiet(db: Rows) -> bool:
    """Whether the server has said nothing since the last answer: no goodbye, no lost connection.

    A look at the socket, without asking the server.
    """
    if db.closed:
        return False
    watched = poll()
    watched.register(db.fileno(), POLLIN)
    return not watched.poll(0)


class Connections:
    """Connections of one role to one database, opened when needed; for any number of threads."""

    def __init__(self, url: str, role: str, *, settings: Mapping[str, str] = NOTHING_MORE) -> None:
        """`settings` are more of the server's, by name, as for connect."""
        self.place = where(url)
        self._url, self._role, self._settings = url, role, settings
        self._lock = Lock()
        self._idle: list[Rows] = []
        self._closed = False

    @contextmanager
    def use(self) -> Iterator[Rows]:
        """One in autocommit mode; whatever the block began and did not commit is undone.

        StoreDown, StoreBusy, StoreFull, StoreBroken.
        """
        with translated(self.place):
            db = self._take()
            try:
                yield db
            except psycopg.Error:
                # A new one may come to another server, promoted in the meantime.
                db.close()
                raise
            finally:
                self._give_back(db)

    def _take(self) -> Rows:
        with self._lock:
            if self._closed:
                raise StoreBroken(self.place, "it was closed")
            while self._idle:
                db = self._idle.pop()
                if is_quiet(db):
                    return db
                db.close()
        return connect(self._url, self._role, settings=self._settings)

    def _give_back(self, db: Rows) -> None:
        if not db.closed and db.info.transaction_status == TransactionStatus.IDLE:
            with self._lock:
                if not self._closed:
                    self._idle.append(db)
                    return
        db.close()

    def close(self) -> None:
        """Close those that nobody uses, and the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()
