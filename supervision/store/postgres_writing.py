"""The log's tables in PostgreSQL, and one writing under the lock.

The lock is the one row of `stamp`, which also holds the head: positions and stamps are given by who
has it, and it is let go at the commit, when what was written is visible to all. So positions become
visible in their order, and no reader ever sees a gap. READ COMMITTED is enough for this, and is
what it takes: whoever waited for the row gets it as its last holder left it, and each statement
after that sees all that was committed before. A stricter level would look at the tables as they
were before the waiting, and would refuse the row because it has changed since.

A text of PostgreSQL holds no NUL, so names are kept with U+0000 as U+0001 U+0001 and U+0001 as
U+0001 U+0002; their order stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

from psycopg import ClientCursor, Cursor
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL

from ..clock import Stamp
from ..errors import StoreBroken
from ..facts import Instant
from .postgres_connection import STALLED_SECONDS, Rows
from .stored import Key

FORM = 1
"""Version of the tables below; raised with every change of them."""

SCHEMA: LiteralString = """
CREATE TABLE IF NOT EXISTS log_form (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL
);
CREATE TABLE IF NOT EXISTS log (
    position bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    recorded_at bigint NOT NULL,
    payload bytea NOT NULL,
    UNIQUE (stream, version)
);
CREATE TABLE IF NOT EXISTS seen (
    source text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    data_version bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (source, id, data_version)
);
CREATE TABLE IF NOT EXISTS stamp (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    head bigint NOT NULL,
    last bigint,
    wall bigint,
    boot bigint,
    boot_id text,
    lag bigint
) WITH (fillfactor = 10);
INSERT INTO stamp (head) VALUES (0) ON CONFLICT DO NOTHING;
"""
"""The stamp's row is rewritten five times a second and more: there is room on its page for the
versions that vacuum has not yet taken away."""

GUARD: LiteralString = """
CREATE OR REPLACE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER IF EXISTS log_is_not_changed ON log;
DROP TRIGGER IF EXISTS log_row_is_not_changed ON log;
CREATE TRIGGER log_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON log
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();
CREATE TRIGGER log_row_is_not_changed BEFORE UPDATE OR DELETE ON log
    FOR EACH ROW EXECUTE FUNCTION log_is_append_only();
ALTER TABLE log ENABLE ALWAYS TRIGGER log_is_not_changed;
ALTER TABLE log ENABLE ALWAYS TRIGGER log_row_is_not_changed;
"""
"""A replica's apply process fires no triggers for statements, and only those that are ALWAYS on."""

GRANTS: LiteralString = """
REVOKE ALL ON log, seen, stamp, log_form FROM PUBLIC, {role};
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT ON log, seen TO {role};
GRANT SELECT, UPDATE ON stamp TO {role};
GRANT SELECT ON log_form TO {role};
"""

LOCK = """
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT head, last, wall, boot, boot_id, lag FROM stamp WHERE one FOR UPDATE
"""
END_STOPPED = """
ROLLBACK;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND state = 'active'
  AND wait_event = 'ClientRead' AND query LIKE 'COPY %'
  AND state_change <= clock_timestamp() - make_interval(secs => {})
"""
"""A process that was stopped while it sent rows holds the lock, and no time-out of the server ends
that: while rows come, a statement is neither idle nor looked at."""
COMMIT = """
UPDATE stamp SET head=%s, last=%s, wall=%s, boot=%s, boot_id=%s, lag=%s WHERE one;
COMMIT
"""
VERSIONS = """
SELECT name, last.version FROM unnest(%b::text[]) AS wanted(name), LATERAL (
    SELECT version FROM log WHERE stream = name ORDER BY version DESC LIMIT 1) AS last
"""
SEEN = """
SELECT name, found.position FROM unnest(%b::text[]) AS wanted(name), LATERAL (
    SELECT position FROM seen
    WHERE source = %b AND id = name AND data_version = %b::bigint LIMIT 1) AS found
"""
"""One look into the index for each name: the LIMIT keeps the planner from any other way, which it
might find better while the table is small and keep when it is not."""
AT = "SELECT topic, payload FROM log WHERE position = %s"
STORED = """
SELECT topic, payload FROM log WHERE stream = %s AND version > %s ORDER BY version LIMIT %s
"""
INTO_LOG = "COPY log FROM STDIN (FORMAT binary)"
LOG_TYPES = ("int8", "text", "int8", "text", "int8", "bytea")
INTO_SEEN = "COPY seen FROM STDIN (FORMAT binary)"
SEEN_TYPES = ("text", "text", "int8", "int8")

ESCAPE = "\x01"


def kept(name: str) -> str:
    """A name as a text of PostgreSQL can hold it, in the same order among others."""
    if "\0" not in name and ESCAPE not in name:
        return name
    return name.replace(ESCAPE, "\x01\x02").replace("\0", "\x01\x01")


def given(name: str) -> str:
    """What `kept` was given."""
    if ESCAPE not in name:
        return name
    return name.replace("\x01\x01", "\0").replace("\x01\x02", ESCAPE)


class Transaction:
    """One writing under the lock. What `put` and `see` are given is stored by `commit`."""

    def __init__(self, db: Rows, now: Stamp, before: Stamp | None, head: int) -> None:
        self.recorded_at = now.last
        self.now = now
        self.before = before
        self._db = db
        self._head = head
        self._rows: list[tuple[int, str, int, str, Instant, bytes]] = []
        self._new: dict[Key, int] = {}

    def versions(self, streams: Iterable[str]) -> dict[str, int]:
        """The last version of each stream before this transaction, 0 for a stream not yet there."""
        wanted = list(streams)
        found = _ask(self._db, VERSIONS, [[kept(name) for name in wanted]])
        return dict.fromkeys(wanted, 0) | {given(name): version for name, version in found}

    def seen(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Positions of those facts that the log has, or will have by this transaction."""
        known: dict[Key, int] = {}
        alike: dict[tuple[str, int], list[str]] = {}
        for key in keys:
            source, name, data_version = key
            if key in self._new:
                known[key] = self._new[key]
            else:
                alike.setdefault((source, data_version), []).append(kept(name))
        for (source, data_version), names in alike.items():
            for name, position in _ask(self._db, SEEN, (names, kept(source), data_version)):
                known[source, given(name), data_version] = position
        return known

    def at(self, position: int) -> tuple[str, bytes]:
        """Topic and payload of one event, of this transaction's too."""
        if position > self._head - len(self._rows):
            row = self._rows[position - self._head - 1]
            return row[3], row[5]
        ((topic, payload),) = _ask(self._db, AT, (position,))
        return topic, payload

    def stored(self, stream: str, after: int, limit: int) -> list[tuple[str, bytes]]:
        """Topic and payload of up to `limit` events of a stream behind version `after`."""
        return _ask(self._db, STORED, (kept(stream), after, limit))

    def put(self, stream: str, version: int, topic: str, payload: bytes) -> int:
        """Store an event at the end; its position."""
        self._head += 1
        self._rows.append((self._head, stream, version, topic, self.recorded_at, payload))
        return self._head

    def see(self, key: Key, position: int) -> None:
        """Remember that the log has this fact."""
        self._new[key] = position

    def commit(self) -> int:
        """Write all that was put, and the stamp, and let go of the lock; how many events."""
        rows = ((at, kept(stream), *rest) for at, stream, *rest in self._rows)
        _copy(self._db, INTO_LOG, LOG_TYPES, rows, len(self._rows))
        seen = ((kept(a), kept(b), c, position) for (a, b, c), position in self._new.items())
        _copy(self._db, INTO_SEEN, SEEN_TYPES, seen, len(self._new))
        commit(self._db, self._head, self.now)
        return len(self._rows)


def lock(db: Rows, place: str) -> tuple[int, Stamp | None]:
    """Begin a transaction and wait for the lock: the head, and the last stamp given.

    Who waited in vain ends whoever stopped in the middle of sending rows, for the next who tries.
    """
    try:
        cursor = db.execute(LOCK)
    except LockNotAvailable:
        db.execute(SQL(END_STOPPED).format(STALLED_SECONDS))
        raise
    cursor.nextset()
    row = cursor.fetchone()
    if row is None:
        raise StoreBroken(place, "the row of the table `stamp` is gone: restore it from a backup")
    head, *last = row
    return head, stamp_of(last)


def stamp_of(row: Sequence[Any]) -> Stamp | None:
    """The last stamp given, from its columns; None before the first."""
    return None if row[0] is None else Stamp(*row)


def commit(db: Rows, head: int, now: Stamp) -> None:
    """Keep head and stamp, and end the transaction."""
    ClientCursor(db).execute(COMMIT, (head, *now))


def _ask(db: Rows, query: LiteralString, says: Sequence[Any]) -> list[Any]:
    cursor: Cursor[tuple[Any, ...]] = db.execute(query, says, binary=True)
    return cursor.fetchall()


def _copy(
    db: Rows,
    statement: LiteralString,
    types: Sequence[str],
    rows: Iterable[Sequence[Any]],
    count: int,
) -> None:
    if not count:
        return
    with db.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
