"""SQLite's tables made otherwise than the program makes them: told, whatever the events say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from replay.findings import Kind
from replay.verify import Verdict
from supervision.acts import CardIssued
from supervision.clock import Reading
from supervision.record import Record
from supervision.store.mapping import encode
from supervision.store.sqlite_writing import SCHEMA, TRIGGERS
from tests.sealed import AT, Sealing, Steady, fill, named, told

pytestmark = pytest.mark.integration

DAY = 86_400_000_000


class SetBack(Steady):
    """A day behind."""

    def __call__(self) -> Reading:
        now = super().__call__()
        return now._replace(wall=now.wall - DAY)


NEVER = CardIssued(
    source="hz", case_no="A-1", card="c9", at=AT, rule="overdue", severity="red", colour="red",
    label_zh="红牌", label_en="red", crossed_at=AT,
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def sealing(home: Path) -> Sealing:
    """Of a log of 40 events, all sealed."""
    sealing = Sealing(home / "seals")
    with closing(Record(home, Steady())) as record:
        fill(record, 1, 40)
        sealing.seal(record)
    return sealing


@pytest.fixture
def db(home: Path, sealing: Sealing) -> Iterator[sqlite3.Connection]:
    """The file, opened by somebody who may write to it."""
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as db:
        yield db


def without_key(db: sqlite3.Connection) -> None:
    """The log in a table that has no key, guarded as before."""
    made = SCHEMA.partition("CREATE TABLE IF NOT EXISTS log (")[2].partition(");")[0]
    db.execute("ALTER TABLE log RENAME TO old")
    db.execute(f"CREATE TABLE log ({made.replace('INTEGER PRIMARY KEY', 'INTEGER')})")
    db.execute("INSERT INTO log SELECT * FROM old")
    db.execute("DROP TABLE old")
    for trigger in TRIGGERS.values():
        db.execute(trigger)


def put(db: sqlite3.Connection, position: int | None, before: int) -> None:
    """A card that never was, recorded with the event before it."""
    db.execute(
        "INSERT INTO log SELECT ?, 'case/hz/A-1/cards', 1, ?, recorded_at, ? FROM log"
        " WHERE position = ?",
        (position, *encode(NEVER), before),
    )


def kinds(home: Path, sealing: Sealing) -> set[Kind]:
    with closing(Record(home, Steady())) as record:
        found = sealing.verify(record)
    assert (Verdict.FINDINGS if found.findings else Verdict.PROVED) is found.verdict
    return {each.kind for each in found.findings}


def test_a_card_at_no_position_is_found(
    home: Path, sealing: Sealing, db: sqlite3.Connection
) -> None:
    """The case's page has it, and nobody who reads by position."""
    without_key(db)
    put(db, None, 40)
    with closing(Record(home, Steady())) as record:
        assert "case/hz/A-1/cards" in {each.stream for each in record.read_case("hz", "A-1")}
        found = sealing.verify(record)
    assert Verdict.FINDINGS is found.verdict
    assert {Kind.FORM_CHANGED, Kind.NO_PLACE} == {each.kind for each in found.findings}
    assert "case/hz/A-1/cards v1" in " ".join(each.said("en") for each in found.findings)


def test_two_events_at_one_position_are_found_where_a_reading_ends(tmp_path: Path) -> None:
    """At 2,000 the next reading begins behind both."""
    home, sealing = tmp_path / "long", Sealing(tmp_path / "seals")
    with closing(Record(home, Steady())) as record:
        record.append_facts([told(number, number % 5) for number in range(1, 2_011)])
        sealing.seal(record)
    with closing(sqlite3.connect(home / "log.db", isolation_level=None)) as db:
        without_key(db)
        put(db, 2_000, 2_000)
    with closing(Record(home, Steady())) as record:
        assert (Kind.NO_PLACE, 2_000, 0) in named(sealing.verify(record))


LOSING = """CREATE TRIGGER further BEFORE INSERT ON {table} WHEN NEW.position > 40
BEGIN SELECT RAISE(IGNORE); END"""
REPLACED = "CREATE TRIGGER log_is_not_changed BEFORE UPDATE ON log WHEN 0 BEGIN SELECT 1; END"


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        (["DROP TRIGGER log_is_not_changed"], Kind.GUARD_MISSING),
        (["DROP TRIGGER log_is_not_changed", REPLACED], Kind.GUARD_MISSING),
        ([LOSING.format(table="log")], Kind.FORM_CHANGED),
        ([LOSING.format(table="seen")], Kind.FORM_CHANGED),
        (["CREATE TABLE other (x)"], Kind.FORM_CHANGED),
        (["CREATE INDEX other ON log (topic)"], Kind.FORM_CHANGED),
        (["ALTER TABLE seen ADD COLUMN other"], Kind.FORM_CHANGED),
        (["DELETE FROM stamp"], Kind.TABLE_DIFFERS),
        (["UPDATE stamp SET last = 1"], Kind.TABLE_DIFFERS),
        (["UPDATE stamp SET last = 'x'"], Kind.TABLE_DIFFERS),
        (["UPDATE stamp SET wall = 'x'"], Kind.TABLE_DIFFERS),
        (["UPDATE stamp SET last = last + 999999999999, lag = 999999999999"], Kind.TABLE_DIFFERS),
        (["UPDATE stamp SET lag = 999999999999"], Kind.TABLE_DIFFERS),
        (["UPDATE seen SET position = 'x' WHERE position = 6"], Kind.TABLE_DIFFERS),
        (["UPDATE seen SET data_version = 'x' WHERE position = 6"], Kind.TABLE_DIFFERS),
        (["UPDATE seen SET source = X'00' WHERE position = 6"], Kind.TABLE_DIFFERS),
    ],
)  # fmt: skip
def test_whatever_is_not_as_the_program_makes_it_is_told(
    home: Path, sealing: Sealing, db: sqlite3.Connection, statements: list[str], kind: Kind
) -> None:
    """A guard that is gone although opening the file puts it back; whatever is one too many."""
    for statement in statements:
        db.execute(statement)
    assert {kind} == kinds(home, sealing)


def test_a_guard_that_was_put_back_is_told_as_long_as_the_file_is_open(
    home: Path, sealing: Sealing, db: sqlite3.Connection
) -> None:
    """And it does guard again."""
    db.execute("DROP TRIGGER log_is_not_deleted")
    with closing(Record(home, Steady())) as record:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute("DELETE FROM log")
        for _ in range(2):
            (found,) = sealing.verify(record).findings
            assert "log_is_not_deleted" in found.said("en")


def test_a_clock_that_was_set_back_and_confirmed_is_nothing_to_tell(
    home: Path, sealing: Sealing
) -> None:
    """The stamp is far ahead of the clock then, and so is the event that says so."""
    with closing(Record(home, SetBack())) as record:
        record.confirm_clock("op")
        record.heartbeat()
        sealing.seal(record)
        assert () == sealing.verify(record).findings


def test_what_sqlite_itself_adds_is_nothing_to_tell(
    home: Path, sealing: Sealing, db: sqlite3.Connection
) -> None:
    """Its statistics, and a file that was packed."""
    for statement in ("ANALYZE", "VACUUM"):
        db.execute(statement)
    assert set() == kinds(home, sealing)
