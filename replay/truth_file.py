"""The log as it would stand had nothing been late, in a folder of its own: a log like any other.

What is told of the cases comes in any order; `finish` puts it in the order in which it happened,
in SQLite, as it need not fit in memory. Nothing of it is anybody's record: it is made from the
log, asked, and thrown away, so it is not made to outlive a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from msgspec import Struct

from supervision.facts import Instant
from supervision.store.connection import connect, translated
from supervision.store.sqlite_writing import SCHEMA

from .truth import Retelling, Retold, Turned, Unknown

LOG, DIFFERENCES = "log.db", "differences.db"
LISTED = 200
"""Differences of a kind that are told one by one; all are counted."""
FACTS, CARDS = "unknown", "turned"
STAGE = """
CREATE TABLE told (at INTEGER NOT NULL, n INTEGER NOT NULL, stream TEXT NOT NULL,
    topic TEXT NOT NULL, payload BLOB NOT NULL)
"""
IN_ORDER = """
BEGIN;
INSERT INTO log (position, stream, version, topic, recorded_at, payload)
    SELECT row_number() OVER (ORDER BY at, n), stream,
        row_number() OVER (PARTITION BY stream ORDER BY at, n), topic, at, payload
    FROM told ORDER BY at, n;
DROP TABLE told;
COMMIT;
"""
SEEN = """
since <= :at AND until > :at AND (:all OR department IN (SELECT value FROM
json_each(:departments)) OR was IN (SELECT value FROM json_each(:departments))
OR source = '' AND department = '')
"""
COUNT_FACTS = f"SELECT kind, count(*) FROM {FACTS} WHERE {SEEN} GROUP BY kind"  # noqa: S608  ours
COUNT_CARDS = f"""
SELECT kind, severity, count(*) FROM {CARDS} WHERE {SEEN} GROUP BY kind, severity
"""  # noqa: S608  ours
GRAVEST = "CASE severity WHEN 'red' THEN 0 WHEN 'yellow' THEN 1 ELSE 2 END"


STAMP = "INSERT INTO stamp (one, last, wall, boot, boot_id, lag) VALUES (1, ?, 0, 0, '', 0)"


def _table(name: str, fields: Iterable[str]) -> str:
    kinds = {"since": "INTEGER", "until": "INTEGER"}
    columns = ", ".join(f"{field} {kinds.get(field, 'TEXT')} NOT NULL" for field in fields)
    return f"CREATE TABLE {name} ({columns}); CREATE INDEX {name}_until ON {name} (until)"


class Differences(Struct, frozen=True, kw_only=True):
    """Where the record of an instant differed from what had truly happened by then.

    `counts`: by kind, of all; `lights`: of cards by kind and severity. `unknown` and `turned`: of
    each kind the newest, of cards the gravest before them, LISTED at most.
    """

    counts: dict[str, int]
    lights: dict[str, dict[str, int]] = {}
    unknown: tuple[Unknown, ...] = ()
    turned: tuple[Turned, ...] = ()


class TruthFile:
    """Writes the folder. For one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """An empty folder. StoreError, here and whenever something is written."""
        self._folder = folder
        self._log = connect(folder / LOG, synchronous="OFF")
        self._log.executescript(SCHEMA)
        self._log.execute(STAGE)
        self._differences = connect(folder / DIFFERENCES, synchronous="OFF")
        for name, kind in ((FACTS, Unknown), (CARDS, Turned)):
            self._differences.executescript(_table(name, kind._fields))
        self._number = count()

    def add(self, part: Retelling) -> None:
        """What was told of some cases."""
        self.add_events(part.events)
        self.add_unknown(part.unknown)
        self._insert(self._differences, CARDS, Turned._fields, part.turned)

    def add_events(self, events: Iterable[Retold]) -> None:
        """Events of any streams; of one stream and one instant in their order."""
        rows = ((e.at, next(self._number), e.stream, e.topic, e.payload) for e in events)
        self._insert(self._log, "told", ("at", "n", "stream", "topic", "payload"), rows)

    def add_unknown(self, unknown: Iterable[Unknown]) -> None:
        """What the record did not know."""
        self._insert(self._differences, FACTS, Unknown._fields, unknown)

    def finish(self, until: Instant) -> None:
        """Put all in order; the log then stands at `until`. Close."""
        with translated(self._folder):
            self._log.executescript(IN_ORDER)
            self._log.execute(STAMP, (until,))
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._log.close()
        self._differences.close()

    def _insert(
        self,
        db: sqlite3.Connection,
        table: str,
        fields: tuple[str, ...],
        rows: Iterable[tuple[object, ...]],
    ) -> None:
        values = ", ".join("?" * len(fields))
        into = f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({values})"  # noqa: S608  ours
        with translated(self._folder):
            db.execute("BEGIN")
            db.executemany(into, rows)
            db.execute("COMMIT")


class DifferencesFile:
    """Asks the folder. For one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / DIFFERENCES
        self._db = connect(self._path, synchronous="OFF")

    def at(self, at: Instant, departments: frozenset[str] | None) -> Differences:
        """The differences of an instant in these departments (None: all), also of cases that were
        theirs then; lists that are of no department are everybody's. StoreError.
        """
        with translated(self._path):
            return self._at(at, departments)

    def _at(self, at: Instant, departments: frozenset[str] | None) -> Differences:
        asked = {
            "at": at,
            "all": departments is None,
            "departments": json.dumps(sorted(departments or ()), ensure_ascii=False),
            "most": LISTED,
        }
        counts = dict(self._db.execute(COUNT_FACTS, asked).fetchall())
        lights: dict[str, dict[str, int]] = {}
        for kind, severity, count_of in self._db.execute(COUNT_CARDS, asked).fetchall():
            lights.setdefault(kind, {})[severity] = count_of
            counts[kind] = counts.get(kind, 0) + count_of
        return Differences(
            counts=counts,
            lights=lights,
            unknown=tuple(map(Unknown._make, self._newest(FACTS, "0", Unknown._fields, asked))),
            turned=tuple(map(Turned._make, self._newest(CARDS, GRAVEST, Turned._fields, asked))),
        )

    def _newest(
        self, table: str, first: str, fields: Iterable[str], asked: dict[str, object]
    ) -> list[tuple[object, ...]]:
        """Of each kind."""
        names = ", ".join(fields)
        query = f"""SELECT {names} FROM (SELECT {names}, row_number() OVER
            (PARTITION BY kind ORDER BY {first}, since DESC, source, case_no) AS n
            FROM {table} WHERE {SEEN}) WHERE n <= :most ORDER BY kind, n"""  # noqa: S608  ours
        return self._db.execute(query, asked).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._db.close()
