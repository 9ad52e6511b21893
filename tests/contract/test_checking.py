"""The check that the wall's rows follow from the log: it finds what was falsified, no more."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import astuple, replace

from projections.casebook import Casebook
from projections.checking import Checked, check_rows
from projections.filling import Filling
from projections.rows import CaseRow
from projections.warehouse import Warehouse
from supervision.facts import Instant
from supervision.store.stored import Stored
from tests.histories import history
from tests.memorylog import MemoryLog, Schedule, run

SEED, CASES = 5, 12
ALL = 1_000


class Record:
    """A log in memory, as whoever makes rows reads it."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    def read(self, after: int, limit: int) -> list[Stored]:
        return self._log.read(after)

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        return self._log.case(source, case_no)

    def read_lists(self) -> list[Stored]:
        return [s for s in self._log.stored if s.stream.startswith("lists/")]

    def head(self) -> int:
        return len(self._log.stored)

    def last_stamp(self) -> Instant:
        return self._log.stored[-1].recorded_at

    def recorded_at(self, position: int) -> Instant:
        return self._log.recorded_at(position)


@pytest.fixture(scope="module")
def record() -> Record:
    """Some cases, watched; several of them open at the end."""
    told, end = history(SEED, cases=CASES)
    return Record(run(told, end, Schedule(beat=50), Random(SEED)))


@pytest.fixture
def filled(warehouse: Warehouse, record: Record) -> Warehouse:
    """The rows of all of it."""
    Filling(record, warehouse).read_up_to(record.head())
    return warehouse


@pytest.fixture
def row(record: Record) -> CaseRow:
    """The right row of an open case."""
    rows = {(r.source, r.case_no): r for r in right_rows(record)}
    assert len(rows) >= 3
    return rows[min(rows)]


def right_rows(record: Record) -> list[CaseRow]:
    """Of the open cases."""
    book = Casebook(record.read_case)
    batch = book.take(record.read(0, 0))
    assert batch is not None
    last = {(c.new.source, c.new.case_no): c.new for c in batch.cases if c.new}
    return [row for row in last.values() if not row.concluded_at]


def falsify(warehouse: Warehouse, position: int, old: CaseRow | None, new: CaseRow | None) -> None:
    """Put a row in the place of another."""
    rows = [(position, sign, *astuple(r)) for sign, r in ((-1, old), (1, new)) if r is not None]
    warehouse.insert("open_cases", rows)


def check(record: Record, warehouse: Warehouse, most: int = ALL, seed: str = "1") -> Checked:
    return check_rows(record, warehouse, most, seed)


def test_rows_that_follow_from_the_log_agree(filled: Warehouse, record: Record) -> None:
    """All open cases, at the position that the table has."""
    checked = check(record, filled)
    assert checked == Checked(len(right_rows(record)), record.head(), [])


def test_an_empty_warehouse_has_nothing_that_differs(warehouse: Warehouse, record: Record) -> None:
    """Nor a position."""
    assert check(record, warehouse) == Checked(0, 0, [])


def test_a_falsified_row_is_found_with_the_columns_that_differ(
    filled: Warehouse, record: Record, row: CaseRow
) -> None:
    """What the wall has, and what follows from the log; no other case."""
    falsify(filled, record.head(), row, replace(row, department="别处", facts=row.facts + 1))
    (found,) = check(record, filled).differing
    assert (found.source, found.case_no) == (row.source, row.case_no)
    assert found.wall == {"department": "别处", "facts": row.facts + 1}
    assert found.log == {"department": row.department, "facts": row.facts}


def test_a_day_that_was_falsified_is_told_as_a_date(
    filled: Warehouse, record: Record, row: CaseRow
) -> None:
    """As people write it."""
    other = row.due_day.replace(year=2031)
    falsify(filled, record.head(), row, replace(row, due_day=other))
    (found,) = check(record, filled).differing
    assert found.wall == {"due_day": other.isoformat()}
    assert found.log == {"due_day": row.due_day.isoformat()}


def test_a_case_that_the_log_does_not_have_is_found(
    filled: Warehouse, record: Record, row: CaseRow
) -> None:
    """Invented, with nothing to compare it with."""
    falsify(filled, record.head(), None, replace(row, case_no="invented"))
    (found,) = check(record, filled).differing
    assert found.case_no == "invented"
    assert found.wall["department"] == row.department
    assert found.log == {}


def test_what_the_log_has_behind_the_rows_makes_no_difference(
    warehouse: Warehouse, record: Record
) -> None:
    """The rows are compared with the log as it stood at their position."""
    batch, filling = record.read(0, 0), Filling(record, warehouse)
    half = batch[len(batch) // 2]
    filling.take([s for s in batch if s.recorded_at <= half.recorded_at])
    checked = check(record, warehouse)
    assert 0 < checked.position < record.head()
    assert checked.cases > 0
    assert checked.differing == []


def test_rows_of_a_log_that_was_restored_from_an_older_copy_are_made_anew(
    warehouse: Warehouse, record: Record
) -> None:
    """It went on since, and recorded other events at the positions that the tables hold."""
    told, end = history(SEED + 1, cases=CASES)
    other = Record(run(told, end, Schedule(beat=50), Random(SEED)))
    batch = record.read(0, 0)[: min(record.head(), other.head())]
    whole = [s for s in batch if s.recorded_at < batch[-1].recorded_at]
    Filling(record, warehouse).take(whole)
    assert Filling(record, warehouse).position == whole[-1].position < other.head()
    filling = Filling(other, warehouse)
    assert filling.position == 0
    filling.read_up_to(other.head())
    assert check(other, warehouse).differing == []


def test_a_sample_is_drawn_by_its_seed(filled: Warehouse, record: Record, row: CaseRow) -> None:
    """A falsified case is found by some seeds, and by the same ones again."""
    falsify(filled, record.head(), row, replace(row, facts=99))
    found = [len(check(record, filled, 1, str(seed)).differing) for seed in range(40)]
    assert set(found) == {0, 1}
    assert found == [len(check(record, filled, 1, str(seed)).differing) for seed in range(40)]
