"""The log's tables in SQLite, and one writing under the lock."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache, lru_cache

from ..clock import Stamp
from ..facts import Instant
from .stored import Key

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS log (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    topic TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (stream, version)
);
CREATE TRIGGER IF NOT EXISTS log_is_not_changed BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_is_not_deleted BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TABLE IF NOT EXISTS seen (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    data_version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (source, id, data_version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamp (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL,
    wall INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    lag INTEGER NOT NULL
);
COMMIT;
"""
TRIGGERS = {
    name: f"CREATE TRIGGER {name}{rest}"
    for name, rest in re.findall(r"CREATE TRIGGER IF NOT EXISTS (\w+)(.*?END);", SCHEMA, re.DOTALL)
}
"""What guards the log: each by name, as the database keeps it."""

OBJECTS = """
SELECT type, name, tbl_name, sql FROM sqlite_master
WHERE NOT (type = 'table' AND name GLOB 'sqlite_stat[0-9]')
"""
"""All that a file is made of, but for what ANALYZE leaves."""

AT_ONCE = 500
"""Streams or facts looked up in one query, of one or three parameters each."""


def form_of(db: sqlite3.Connection) -> dict[str, tuple[str, str | None]]:
    """What the tables, indexes and triggers of a file are, by kind and name."""
    return {
        f"{kind} {name}": (table, sql) for kind, name, table, sql in db.execute(OBJECTS).fetchall()
    }


@cache
def our_form() -> dict[str, tuple[str, str | None]]:
    """What they are as SCHEMA makes them."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCHEMA)
        return form_of(db)


@lru_cache(maxsize=AT_ONCE)
def _versions_query(count: int) -> str:
    values = ",".join(["(?)"] * count)
    return f"""WITH wanted(name) AS (VALUES {values})
        SELECT name, (SELECT max(version) FROM log WHERE stream = name) FROM wanted"""


@lru_cache(maxsize=AT_ONCE)
def _seen_query(count: int) -> str:
    values = ",".join(["(?,?,?)"] * count)
    return f"""WITH wanted(a, b, c) AS (VALUES {values})
        SELECT source, id, data_version, position FROM wanted
        CROSS JOIN seen ON source = a AND id = b AND data_version = c"""


class Transaction:
    """One writing under the lock. What `put` and `see` are given is stored at its end."""

    def __init__(self, db: sqlite3.Connection, now: Stamp, before: Stamp | None) -> None:
        self.recorded_at = now.last
        self.now = now
        self.before = before
        self._db = db
        self._head = head(db)
        self._rows: list[tuple[int, str, int, str, Instant, bytes]] = []
        self._new: dict[Key, int] = {}

    def versions(self, streams: Iterable[str]) -> dict[str, int]:
        """The last version of each stream before this transaction, 0 for a stream not yet there."""
        wanted = list(streams)
        found: dict[str, int | None] = {}
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            found.update(self._db.execute(_versions_query(len(some)), some))
        return {name: version or 0 for name, version in found.items()}

    def seen(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Positions of those facts that the log has, or will have by this transaction."""
        wanted = list(keys)
        known = {key: self._new[key] for key in wanted if key in self._new}
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            rows = self._db.execute(_seen_query(len(some)), [part for key in some for part in key])
            known.update(((source, name, data), position) for source, name, data, position in rows)
        return known

    def at(self, position: int) -> tuple[str, bytes]:
        """Topic and payload of one event, of this transaction's too."""
        if position > self._head - len(self._rows):
            row = self._rows[position - self._head - 1]
            return row[3], row[5]
        query = "SELECT topic, payload FROM log WHERE position=?"
        found: tuple[str, bytes] = self._db.execute(query, (position,)).fetchone()
        return found

    def stored(self, stream: str, after: int, limit: int) -> list[tuple[str, bytes]]:
        """Topic and payload of up to `limit` events of a stream behind version `after`."""
        query = (
            "SELECT topic, payload FROM log WHERE stream=? AND version>? ORDER BY version LIMIT ?"
        )
        return list(self._db.execute(query, (stream, after, limit)))

    def put(self, stream: str, version: int, topic: str, payload: bytes) -> int:
        """Store an event at the end; its position."""
        self._head += 1
        self._rows.append((self._head, stream, version, topic, self.recorded_at, payload))
        return self._head

    def see(self, key: Key, position: int) -> None:
        """Remember that the log has this fact."""
        self._new[key] = position

    def flush(self) -> int:
        """Write all that was put, and the stamp; how many events that were."""
        self._db.executemany("INSERT INTO log VALUES (?,?,?,?,?,?)", self._rows)
        seen = [(*key, position) for key, position in self._new.items()]
        self._db.executemany("INSERT INTO seen VALUES (?,?,?,?)", seen)
        set_stamp(self._db, self.now)
        return len(self._rows)


def head(db: sqlite3.Connection) -> int:
    """The position of the last event, 0 for an empty log."""
    return db.execute("SELECT max(position) FROM log").fetchone()[0] or 0


def get_stamp(db: sqlite3.Connection) -> Stamp | None:
    """The last stamp given, None before the first."""
    row = db.execute("SELECT last, wall, boot, boot_id, lag FROM stamp").fetchone()
    return Stamp(*row) if row else None


def set_stamp(db: sqlite3.Connection, now: Stamp) -> None:
    """Keep the stamp that was given."""
    db.execute("INSERT OR REPLACE INTO stamp VALUES (1,?,?,?,?,?)", now)
