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


NEVER = """SELECT {at}, 'case/hz/A-1/cards', 1, topic, recorded_at, payload FROM log
WHERE position = 40"""
LOST = "CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
LOSING = """CREATE TRIGGER lost BEFORE INSERT ON {table} FOR EACH ROW
WHEN (NEW.position > 40) EXECUTE FUNCTION lost()"""
HIDING = """CREATE POLICY hidden ON log USING
(stream <> 'case/hz/A-3/facts' OR current_query() NOT LIKE '%ORDER BY version%')"""
GUARD = """CREATE TRIGGER log_row_is_not_changed BEFORE {what} ON log FOR EACH ROW {when}
EXECUTE FUNCTION log_is_append_only()"""
FORMS = [
    ("a trigger that is never asked",
     ["DROP TRIGGER log_row_is_not_changed ON log",
      GUARD.format(what="UPDATE OR DELETE", when="WHEN (false)"),
      "ALTER TABLE log ENABLE ALWAYS TRIGGER log_row_is_not_changed"], Kind.GUARD_MISSING),
    ("a trigger for one column",
     ["DROP TRIGGER log_row_is_not_changed ON log",
      GUARD.format(what="UPDATE OF version", when=""),
      "ALTER TABLE log ENABLE ALWAYS TRIGGER log_row_is_not_changed"], Kind.GUARD_MISSING),
    ("a further trigger", [LOST, LOSING.format(table="log")], Kind.FORM_CHANGED),
    ("facts that are never marked as had", [LOST, LOSING.format(table="seen")], Kind.FORM_CHANGED),
    ("a policy that hides a case from its pages",
     ["ALTER TABLE log ENABLE ROW LEVEL SECURITY", HIDING], Kind.FORM_CHANGED),
    ("a rule", ["CREATE RULE lost AS ON INSERT TO log WHERE NEW.stream = 'x' DO INSTEAD NOTHING"],
     Kind.FORM_CHANGED),
    ("a child with rows of its own", ["CREATE TABLE further () INHERITS (log)"], Kind.FORM_CHANGED),
    ("a view in the place of the log",
     ["ALTER TABLE log RENAME TO hidden", "CREATE VIEW log AS SELECT * FROM hidden",
      "GRANT SELECT ON log TO supervision", "GRANT SELECT ON hidden TO supervision"],
     Kind.FORM_CHANGED),
    ("no key", ["ALTER TABLE log DROP CONSTRAINT log_pkey"], Kind.FORM_CHANGED),
    ("streams that may hold a version twice",
     ["ALTER TABLE log DROP CONSTRAINT log_stream_version_key"], Kind.FORM_CHANGED),
    ("a column that may be empty", ["ALTER TABLE log ALTER COLUMN payload DROP NOT NULL"],
     Kind.FORM_CHANGED),
    ("no stamp", ["DELETE FROM stamp"], Kind.TABLE_DIFFERS),
    ("a stamp that is years ahead",
     ["UPDATE stamp SET last = last + 99999999999999, lag = 99999999999999"], Kind.TABLE_DIFFERS),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "kind"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS])
def test_tables_that_are_not_as_the_owner_made_them_are_told(
    postgres: Postgres, tmp_path: Path, statements: list[str], kind: Kind
) -> None:
    """Though every event that is read is what was sealed."""
    town = Town(postgres, tmp_path / "town")
    with psycopg.connect(town.url) as db:
        for statement in statements:
            db.execute(statement.encode())
    with town.opened() as record:
        found = town.sealing.verify(record)
    assert kind in {each.kind for each in found.findings}
    assert Verdict.FINDINGS is found.verdict


HIDDEN = [
    ("without a position",
     ["ALTER TABLE log DROP CONSTRAINT log_pkey",
      "ALTER TABLE log ALTER COLUMN position DROP NOT NULL",
      f"INSERT INTO log {NEVER.format(at='NULL')}"]),
    ("at a position that is taken",
     ["ALTER TABLE log DROP CONSTRAINT log_pkey", f"INSERT INTO log {NEVER.format(at=40)}"]),
    ("that the key's index does not have",
     ["SET allow_system_table_mods = on",
      "UPDATE pg_index SET indisready = false WHERE indexrelid = 'log_pkey'::regclass",
      "COMMIT", f"INSERT INTO log {NEVER.format(at=41)}",
      "UPDATE pg_index SET indisready = true WHERE indexrelid = 'log_pkey'::regclass"]),
]  # fmt: skip


@pytest.mark.parametrize("statements", [h[1] for h in HIDDEN], ids=[h[0] for h in HIDDEN])
def test_an_event_that_only_a_cases_page_would_show_is_found(
    postgres: Postgres, tmp_path: Path, statements: list[str]
) -> None:
    """A row that no reading by position comes to."""
    town = Town(postgres, tmp_path / "town")
    with psycopg.connect(town.url) as db:
        for statement in statements:
            db.execute(statement.encode())
    with town.opened() as record:
        assert "case/hz/A-1/cards" in {each.stream for each in record.read_case("hz", "A-1")}
        found = town.sealing.verify(record)
    assert Kind.NO_PLACE in {each.kind for each in found.findings}
    assert Verdict.FINDINGS is found.verdict


def test_a_fact_that_the_index_of_had_facts_does_not_have_is_found(
    postgres: Postgres, tmp_path: Path
) -> None:
    """It would be recorded once more."""
    town = Town(postgres, tmp_path / "town")
    with psycopg.connect(town.url, autocommit=True) as db:
        db.execute("SET allow_system_table_mods = on")
        db.execute("CREATE TEMP TABLE one AS SELECT * FROM seen WHERE position = 6")
        db.execute("DELETE FROM seen WHERE position = 6")
        ready = "UPDATE pg_index SET indisready = %s WHERE indexrelid = 'seen_pkey'::regclass"
        db.execute(ready, (False,))
        db.execute("INSERT INTO seen TABLE one")
        db.execute(ready, (True,))
    with town.opened() as record:
        assert Kind.NO_PLACE in {each.kind for each in town.sealing.verify(record).findings}


BLIND = (
    """CREATE FUNCTION alike(text, text) RETURNS boolean LANGUAGE sql AS
    $$ SELECT $1 OPERATOR(pg_catalog.=) $2 AND $1 OPERATOR(pg_catalog.<>) 'case/hz/A-3/facts' $$""",
    "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = alike)",
    "ALTER ROLE supervision IN DATABASE tampered SET search_path = public, pg_catalog",
)


def test_an_operator_that_hides_a_case_from_its_pages_is_told(
    postgres: Postgres, tmp_path: Path
) -> None:
    """It stands in our schema, and that is searched before the server's own."""
    town = Town(postgres, tmp_path / "town")
    with psycopg.connect(town.url) as db:
        for statement in BLIND:
            db.execute(statement.encode())
    with town.opened() as record:
        assert [] == record.log.store.stream("case/hz/A-3/facts")
        found = town.sealing.verify(record)
    assert Kind.FORM_CHANGED in {each.kind for each in found.findings}
