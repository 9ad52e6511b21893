"""The warehouse's tables, in DDL that a ClickHouse of 2018 and one of 2026 both take.

Instants are Int64 microseconds since 1970 (0: none), days are Date, text is String, everything
else is Int32. Columns follow the structs of rows.py and contributions.py, so that a new field
there is a new column here. What each table is for, how it is summed, and where it keeps the
position up to which it holds the log:

========== ==================================== =========================== ====================
table      holds                                summed by                   position
========== ==================================== =========================== ====================
events     every fact, card act and desk act    count()                     max(position)
case_changes  ± rows of cases, for past instants  sum(sign × …)               max(position)
card_changes  ± rows of cards, for past instants  sum(sign × …)               max(position)
open_cases ± rows of open cases, collapsing     sum(sign × …)               its mark
cards      ± rows of cards, collapsing          sum(sign × …)               its mark
daily      what each day adds, by department    sum(…)                      sum(step)
slots      what each ten minutes add            sum(…)                      sum(step)
========== ==================================== =========================== ====================

Rows of a collapsing table vanish in merges, and a maximum over them would fall back with them.
So it has one row more, its mark (source = ''), rewritten with every block like any other row:
−1 at the old position, +1 at the new. A summing table keeps its position as a sum: each block
adds its step. Both lie in the same block as what they speak of, so they are stored with it or
not at all. Queries leave marks out: `source != ''`; marks of the daily sums add nothing.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple, get_type_hints

from msgspec import Struct

from .contributions import DayRow, SlotRow
from .rows import CardRow, CaseRow, EventRow


class Column(NamedTuple):
    """A column's name and its ClickHouse type."""

    name: str
    type: str


class Table(NamedTuple):
    """A table: its columns, its engine, and how to read the highest position it holds."""

    name: str
    columns: tuple[Column, ...]
    engine: str
    order: tuple[str, ...]
    highest: str
    monthly: bool = False
    """Partitioned by the month (UTC) of recorded_at; otherwise one partition."""


STAMP = (Column("position", "UInt64"), Column("recorded_at", "Int64"), Column("sign", "Int8"))
MONTH = "toYYYYMM(toDateTime(intDiv(recorded_at, 1000000), 'UTC'))"
MARK = "select sum(sign * position) from {} where source = '' and case_no = ''"


def _type(name: str, annotation: object) -> str:
    if annotation is str:
        return "String"
    if annotation is date:
        return "Date"
    if name == "position":
        return "UInt64"
    return "Int64" if name.endswith("_at") or name in ("slot", "step") else "Int32"


def columns_of(row: type[Struct]) -> tuple[Column, ...]:
    """The columns of a struct, by its annotations."""
    hints = get_type_hints(row)
    return tuple(Column(name, _type(name, hints[name])) for name in row.__struct_fields__)


def _changes(name: str, row: type[Struct]) -> Table:
    highest = f"select max(position) from {name}"
    return Table(name, STAMP + columns_of(row), "MergeTree()", ("position",), highest, monthly=True)


def _collapsing(name: str, row: type[Struct], order: tuple[str, ...]) -> Table:
    columns = (STAMP[0], STAMP[2], *columns_of(row))
    return Table(name, columns, "CollapsingMergeTree(sign)", order, MARK.format(name))


def _summing(name: str, row: type[Struct], order: tuple[str, ...]) -> Table:
    highest = f"select sum(step) from {name}"
    return Table(name, columns_of(row), "SummingMergeTree()", order, highest)


EVENTS = Table(
    "events",
    columns_of(EventRow),
    "MergeTree()",
    ("position",),
    "select max(position) from events",
    monthly=True,
)
CASE_CHANGES = _changes("case_changes", CaseRow)
CARD_CHANGES = _changes("card_changes", CardRow)
OPEN_CASES = _collapsing("open_cases", CaseRow, ("source", "case_no"))
CARDS = _collapsing("cards", CardRow, ("issued_at", "source", "case_no", "card"))
DAILY = _summing("daily", DayRow, ("day", "department", "item"))
SLOTS = _summing("slots", SlotRow, ("slot",))

TABLES = (EVENTS, CASE_CHANGES, CARD_CHANGES, OPEN_CASES, CARDS, DAILY, SLOTS)
"""In the order in which a batch is written."""

BY_NAME = {table.name: table for table in TABLES}


def ddl(table: Table) -> str:
    """`create table`, harmless where the table stands."""
    columns = ",\n  ".join(f"{column.name} {column.type}" for column in table.columns)
    partition = f"\npartition by {MONTH}" if table.monthly else ""
    order = ", ".join(table.order)
    return (
        f"create table if not exists {table.name} (\n  {columns}\n)\n"
        f"engine = {table.engine}{partition}\norder by ({order})"
    )
