"""What signing in must remember, in PostgreSQL: schema `access` in the database of the keys.

Its owner prepares it. The role of the running system may do what the port says and no more: of a
session it may change nothing but when it was seen. Every call is one statement, and so whole; what
takes several rows locks them in the order of their digests, so that no two processes wait for each
other in a circle. Texts are kept as in the log (postgres_writing.py), since no text of PostgreSQL
holds U+0000.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from msgspec.structs import astuple

from ..facts import Instant
from ..store.postgres_connection import Connections
from ..store.postgres_prepare import prepare
from ..store.postgres_writing import given, kept
from .port import Failures, Password, Session
from .rows import FAILURES, PASSWORD, SESSION, failures_of, password_of, session_of

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS access;
CREATE TABLE IF NOT EXISTS access.passwords (
    person text COLLATE "C" PRIMARY KEY,
    hash text COLLATE "C" NOT NULL,
    temporary smallint NOT NULL CHECK (temporary IN (0, 1)),
    changed_at bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS access.failures (
    person text COLLATE "C" PRIMARY KEY,
    count bigint NOT NULL,
    last_at bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS access.sessions (
    digest text COLLATE "C" PRIMARY KEY,
    person text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    how text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL,
    made_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    ends_at bigint NOT NULL,
    address text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_by_person ON access.sessions (person);
CREATE TABLE IF NOT EXISTS access.uses (
    kind text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    until bigint NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (kind, value)
);
REVOKE ALL ON ALL TABLES IN SCHEMA access FROM {role};
GRANT USAGE ON SCHEMA access TO {role};
GRANT SELECT, INSERT, UPDATE ON access.passwords TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON access.failures, access.uses TO {role};
GRANT SELECT, INSERT, DELETE ON access.sessions TO {role};
GRANT UPDATE (seen_at) ON access.sessions TO {role};
"""

FIND_PASSWORD = f"SELECT {PASSWORD} FROM access.passwords WHERE person = %s"
SET_PASSWORD = f"""
INSERT INTO access.passwords VALUES (%s, %s, %s, %s) ON CONFLICT (person) DO UPDATE
SET ({PASSWORD}) = (excluded.hash, excluded.temporary, excluded.changed_at)
"""
FIND_FAILURES = f"SELECT {FAILURES} FROM access.failures WHERE person = %s"
FAIL = """
INSERT INTO access.failures AS f VALUES (%s, 1, %s) ON CONFLICT (person) DO UPDATE
SET count = f.count + 1, last_at = greatest(f.last_at, excluded.last_at) RETURNING count
"""
CLEAR_FAILURES = "DELETE FROM access.failures WHERE person = %s"
ADD_SESSION = f"""
INSERT INTO access.sessions ({SESSION}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
FIND_SESSION = f"SELECT {SESSION} FROM access.sessions WHERE digest = %s"
FIND_SESSIONS = f"SELECT {SESSION} FROM access.sessions ORDER BY made_at DESC, digest"
SESSIONS_OF = f"""
SELECT {SESSION} FROM access.sessions WHERE person = %s ORDER BY made_at DESC, digest
"""
SEEN = "UPDATE access.sessions SET seen_at = %s WHERE digest = %s AND seen_at < %s"
END_SESSION = f"DELETE FROM access.sessions WHERE digest = %s RETURNING {SESSION}"
END_SESSIONS = f"""
WITH chosen AS (
    SELECT digest AS one FROM access.sessions WHERE person = %s AND digest <> %s
    ORDER BY digest FOR UPDATE
), ended AS (DELETE FROM access.sessions USING chosen WHERE digest = one RETURNING {SESSION})
SELECT {SESSION} FROM ended ORDER BY made_at DESC, digest
"""
USE = """
INSERT INTO access.uses AS u VALUES (%s, %s, %s, 1) ON CONFLICT (kind, value) DO UPDATE
SET count = u.count + 1, until = greatest(u.until, excluded.until) RETURNING count
"""
PURGE = """
WITH over AS (
    SELECT digest AS one FROM access.sessions WHERE ends_at <= %s ORDER BY digest FOR UPDATE
), ended AS (
    DELETE FROM access.sessions USING over WHERE digest = one RETURNING 1
), old AS (
    SELECT kind AS k, value AS v FROM access.uses WHERE until < %s
    ORDER BY kind, value FOR UPDATE
), forgotten AS (
    DELETE FROM access.uses USING old WHERE kind = k AND value = v RETURNING 1
)
SELECT (SELECT count(*) FROM ended) + (SELECT count(*) FROM forgotten)
"""

LATER = {"synchronous_commit": "off"}
"""The next durable commit makes what was seen before it durable too."""


def prepare_access(owner_url: str, app_role: str) -> None:
    """Create what is missing and give the role what it needs; may be done again at any time.

    StoreDown, StoreBusy, StoreBroken.
    """
    prepare(owner_url, app_role, SCHEMA)


class PostgresAccess:
    """An AccessStore over one prepared database; any number of threads and processes may hold one.

    StoreDown, StoreBusy, StoreFull, StoreBroken.
    """

    def __init__(self, url: str) -> None:
        self._connections = Connections(url, "access")
        self._seeing = Connections(url, "access", settings=LATER)

    def password(self, person: str) -> Password | None:
        """As of the last commit."""
        rows = _ask(self._connections, FIND_PASSWORD, (person,))
        return password_of(rows[0]) if rows else None

    def set_password(self, person: str, password: Password) -> None:
        """One durable commit."""
        encoded, temporary, changed_at = astuple(password)
        _ask(self._connections, SET_PASSWORD, (person, encoded, int(temporary), changed_at))

    def failures(self, person: str) -> Failures:
        """As of the last commit."""
        rows = _ask(self._connections, FIND_FAILURES, (person,))
        return failures_of(rows[0] if rows else None)

    def fail(self, person: str, at: Instant) -> int:
        """Waits for a process that counts one of the same person."""
        return int(_ask(self._connections, FAIL, (person, at))[0][0])

    def clear_failures(self, person: str) -> None:
        """One durable commit."""
        _ask(self._connections, CLEAR_FAILURES, (person,))

    def add_session(self, session: Session) -> None:
        """One durable commit; adding it again is harmless."""
        _ask(self._connections, ADD_SESSION, astuple(session))

    def session(self, digest: str) -> Session | None:
        """One look into the index of digests."""
        rows = _ask(self._connections, FIND_SESSION, (digest,))
        return session_of(rows[0]) if rows else None

    def sessions(self, person: str | None = None) -> list[Session]:
        """Those that began at the same time in the order of their digests."""
        if person is None:
            rows = _ask(self._connections, FIND_SESSIONS)
        else:
            rows = _ask(self._connections, SESSIONS_OF, (person,))
        return [session_of(row) for row in rows]

    def seen(self, digest: str, at: Instant) -> None:
        """Waits for no disk."""
        _ask(self._seeing, SEEN, (at, digest, at))

    def end_session(self, digest: str) -> Session | None:
        """Of two that delete a row, one is given it."""
        rows = _ask(self._connections, END_SESSION, (digest,))
        return session_of(rows[0]) if rows else None

    def end_sessions(self, person: str, but: str = "") -> list[Session]:
        """The newest first."""
        rows = _ask(self._connections, END_SESSIONS, (person, but))
        return [session_of(row) for row in rows]

    def use_once(self, kind: str, value: str, until: Instant) -> bool:
        """Waits for a process that uses the same; of several `until` the last counts."""
        return bool(_ask(self._connections, USE, (kind, value, until))[0][0] == 1)

    def purge(self, now: Instant) -> int:
        """One durable commit."""
        return int(_ask(self._connections, PURGE, (now, now))[0][0])

    def close(self) -> None:
        """Close all connections; whoever asks afterwards gets StoreBroken."""
        self._connections.close()
        self._seeing.close()


def _ask(
    connections: Connections, query: LiteralString, says: Sequence[str | int] = ()
) -> list[tuple[Any, ...]]:
    """Run a statement on its own; its rows, none where it gives none."""
    sent = [kept(each) if isinstance(each, str) else each for each in says]
    with connections.use() as db:
        cursor = db.execute(query, sent)
        rows = cursor.fetchall() if cursor.description else []
    return [tuple(given(v) if isinstance(v, str) else v for v in row) for row in rows]
