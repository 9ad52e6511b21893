"""Tampering in PostgreSQL by a superuser: each thing found and named, as in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from replay.findings import Kind
from replay.verify import Verdict
from supervision.record import Record
from tests.contract.record_stores import PostgresStore
from tests.sealed import Sealing, Steady, fill, named
from tests.tampering import MANIPULATIONS, SIZE, Manipulation
from tools.services import Postgres

pytestmark = pytest.mark.cluster


class ByHand:
    """The superuser's connection."""

    def __init__(self, db: psycopg.Connection[Any]) -> None:
        self._db = db

    def run(self, statement: str) -> None:
        self._db.execute(statement.encode())

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return self._db.execute(query.encode()).fetchall()

    def literal(self, data: bytes) -> str:
        return f"'\\x{data.hex()}'::bytea"


class Town:
    """A database with 40 events, sealed at 20 and 40."""

    def __init__(self, postgres: Postgres, home: Path) -> None:
        self.home, self.store = home, PostgresStore(postgres, "tampered")
        self.url = postgres.superuser_url.rpartition("/")[0] + "/tampered"
        self.sealing = Sealing(home / "seals")
        with self.opened() as record:
            fill(record, 1, 20)
            self.sealing.seal(record)
            fill(record, 21, SIZE)
            self.sealing.seal(record)

    @contextmanager
    def opened(self) -> Iterator[Record]:
        with closing(Record(self.home, Steady(), self.store.settings)) as record:
            yield record

    @contextmanager
    def by_hand(self) -> Iterator[ByHand]:
        """With the guard off, as the superuser may, and on again; the stamp's head put right."""
        with psycopg.connect(self.url) as db:
            db.execute("ALTER TABLE log DISABLE TRIGGER USER")
            yield ByHand(db)
            db.execute("UPDATE stamp SET head = (SELECT coalesce(max(position), 0) FROM log)")
            db.execute("ALTER TABLE log ENABLE ALWAYS TRIGGER log_is_not_changed")
            db.execute("ALTER TABLE log ENABLE ALWAYS TRIGGER log_row_is_not_changed")


@pytest.fixture(scope="module")
def built(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """One for all, put back after each test."""
    town = Town(postgres, tmp_path_factory.mktemp("town"))
    with psycopg.connect(town.url) as db:
        for table in ("log", "seen", "stamp"):
            db.execute(f"CREATE TABLE {table}_copy AS TABLE {table}".encode())
    return town


@pytest.fixture
def town(built: Town) -> Iterator[Town]:
    yield built
    with psycopg.connect(built.url) as db:
        db.execute("ALTER TABLE log DISABLE TRIGGER USER")
        for table in ("log", "seen", "stamp"):
            db.execute(f"DELETE FROM {table}".encode())
            db.execute(f"INSERT INTO {table} TABLE {table}_copy".encode())
        db.execute("ALTER TABLE log ENABLE ALWAYS TRIGGER log_is_not_changed")
        db.execute("ALTER TABLE log ENABLE ALWAYS TRIGGER log_row_is_not_changed")


def test_a_log_that_nobody_touched_is_proved(town: Town) -> None:
    """Its tables agree too."""
    with town.opened() as record:
        found = town.sealing.verify(record)
    assert (Verdict.PROVED, SIZE, ()) == (found.verdict, found.proved, found.findings)


@pytest.mark.parametrize("done", MANIPULATIONS, ids=lambda done: done.what)
def test_what_a_superuser_did_is_found_and_named(town: Town, done: Manipulation) -> None:
    """By its kind and its positions, and nothing else is."""
    with town.by_hand() as hand:
        done.do(hand)
    with town.opened() as record:
        found = town.sealing.verify(record)
    assert (list(done.found), Verdict.FINDINGS) == (named(found), found.verdict)


def test_a_restored_database_that_went_on_is_found(town: Town) -> None:
    """Named by the last event that is as it was sealed."""
    with town.by_hand() as hand:
        hand.run("DELETE FROM log WHERE position > 26")
        hand.run("DELETE FROM seen WHERE position > 26")
    with town.opened() as record:
        fill(record, 27, 44, extra="b")
        found = town.sealing.verify(record)
    assert ([(Kind.RESTORED_FROM_OLDER, 26, 0)], 20) == (named(found), found.proved)


def test_a_tail_cut_off_is_told_by_the_stamp_without_seals(town: Town) -> None:
    """Who forgets the table beside the log is found without any checkpoint."""
    with town.by_hand() as hand:
        hand.run("DELETE FROM log WHERE position > 38")
        hand.run("DELETE FROM seen WHERE position > 38")
    with psycopg.connect(town.url) as db:
        db.execute("UPDATE stamp SET head = 40")
    with town.opened() as record:
        found = town.sealing.verify(record, notes=[])
    assert [(Kind.TABLE_DIFFERS, 40, 0)] == named(found)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE log DISABLE TRIGGER log_row_is_not_changed",
        "ALTER TABLE log ENABLE TRIGGER log_is_not_changed",
        """CREATE OR REPLACE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NULL; END $$""",
    ],
)
def test_a_guard_that_was_weakened_is_told(town: Town, statement: str) -> None:
    """A trigger that is off, or not on for replicas, or that lets all pass."""
    with psycopg.connect(town.url) as db:
        old = db.execute("SELECT pg_get_functiondef('log_is_append_only'::regproc)").fetchone()
        db.execute(statement.encode())
    with town.opened() as record:
        found = town.sealing.verify(record)
    with psycopg.connect(town.url) as db:
        assert old is not None
        db.execute(old[0])
    assert {Kind.GUARD_MISSING} == {each.kind for each in found.findings}
