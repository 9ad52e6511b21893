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
register   ± number, item, department of cases  sum(sign)                   its mark
daily      what each day adds, by department    sum(…)                      sum(step)
slots      the same of each ten minutes         sum(…)                      sum(step)
========== ==================================== =========================== ====================

Rows of a collapsing table vanish in merges, and a maximum over them would fall back with them.
So it has one row more, its mark (source = ''), rewritten with every block like any other row:
−1 at the old position, +1 at the new. A summing table keeps its position as a sum: each block
adds its step. Both lie in the same block as what they speak of, so they are stored with it or
not at all. Queries leave marks out: `source != ''`; marks of the daily sums add nothing.

Each is sorted by what it is asked by, so that no question of the wall or of a writer reads the
past: `highest` of a table of the past begins at the place that it told last. Servers from
EXTRAS_FROM on are given smaller types and codecs; no query knows of them.

A warehouse is never altered: each engine keeps it under a name that has VERSION in it, so that a
program with other tables finds none, and fills its own from the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple, get_type_hints

from msgspec import Struct

from .contributions import DayRow, SlotRow
from .rows import CardRow, CaseRow, EventRow, RegisterRow

Version = tuple[int, int]
"""Of ClickHouse: (18, 16) is the oldest that the tests run on, (26, 5) the newest."""

EXTRAS_FROM: Version = (21, 8)
"""LowCardinality, codecs and writing through to the disk are all there and no experiments."""


THROUGH = " settings fsync_after_insert = 1, fsync_part_directory = 1"
"""Of those servers: what was acknowledged outlives a power cut, so that no later block is there
without an earlier one."""


class Column(NamedTuple):
    """A column's name and its ClickHouse type."""

    name: str
    type: str


class Table(NamedTuple):
    """A table: its columns, its engine, and how to read the highest position it holds.

    `highest` gives one row: that position, and `since`, from which it may be asked next time.
    """

    name: str
    columns: tuple[Column, ...]
    engine: str
    order: tuple[str, ...]
    highest: str
    monthly: bool = False
    """Of the past: partitioned by the month (UTC) of recorded_at; otherwise one partition."""


STAMP = (Column("position", "UInt64"), Column("recorded_at", "Int64"), Column("sign", "Int8"))
MONTH = "toYYYYMM(toDateTime(intDiv(recorded_at, 1000000), 'UTC'))"
MONTHS = """
select toUInt32(partition) as month, sum(rows) from system.parts
where active and database = currentDatabase() and table = {table:String} group by month
"""
"""The months that a table of the past has, and their rows."""

RECORDED_AT = "select max(recorded_at) from events where position = {position:Int64}"
NEWEST = "select max(position), max({0}) from {1} where {0} >= {{since:Int64}}"
MARK = "select sum(sign * position), 0 from {} where source = '' and case_no = ''"
STEPS = "select sum(step), 0 from {} where {}"

REPEATED = frozenset({
    "source", "item", "item_name", "department", "kind", "result", "next_clock", "family",
    "detail", "rule", "severity", "colour", "label_zh", "label_en", "state", "stage", "person",
    "owed_by",
})  # fmt: skip
"""Texts of which a city has thousands at most, however many rows."""


def month_number(day: date) -> int:
    """202611 for a day of November 2026: the name of a partition."""
    return day.year * 100 + day.month


def month_before(month: int) -> int:
    """202512 for 202601."""
    return month - 1 if month % 100 > 1 else month - 89


def month_of(recorded_at: int) -> int:
    """The month (UTC) in which an instant lies."""
    return month_number(datetime.fromtimestamp(recorded_at // 1_000_000, UTC).date())


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


def _past(name: str, columns: tuple[Column, ...], order: tuple[str, ...]) -> Table:
    highest = NEWEST.format(order[0], name)
    return Table(name, columns, "MergeTree()", order, highest, monthly=True)


def _changes(name: str, row: type[Struct]) -> Table:
    """Sorted by time, as lists look for what changed since a day began."""
    return _past(name, STAMP + columns_of(row), ("recorded_at", "position"))


def _collapsing(name: str, row: type[Struct], order: tuple[str, ...], mark: str = MARK) -> Table:
    columns = (STAMP[0], STAMP[2], *columns_of(row))
    return Table(name, columns, "CollapsingMergeTree(sign)", order, mark.format(name))


def _summing(name: str, row: type[Struct], order: tuple[str, ...], mark: str) -> Table:
    return Table(name, columns_of(row), "SummingMergeTree()", order, STEPS.format(name, mark))


EVENTS = _past("events", columns_of(EventRow), ("position",))
CASE_CHANGES = _changes("case_changes", CaseRow)
CARD_CHANGES = _changes("card_changes", CardRow)
OPEN_CASES = _collapsing("open_cases", CaseRow, ("source", "case_no"))
CARDS = _collapsing(
    "cards", CardRow, ("issued_at", "source", "case_no", "card"), MARK + " and issued_at = 0"
)
REGISTER = _collapsing("register", RegisterRow, ("case_no", "source", "item_name", "department"))
DAILY = _summing(
    "daily", DayRow, ("day", "department", "item"), "day = toDate('1970-01-01') and department = ''"
)
SLOTS = _summing("slots", SlotRow, ("slot", "department"), "slot = 0")

TABLES = (EVENTS, CASE_CHANGES, CARD_CHANGES, OPEN_CASES, CARDS, REGISTER, DAILY, SLOTS)
"""In the order in which a batch is written."""

BY_NAME = {table.name: table for table in TABLES}


def version_of(tables: Iterable[Table]) -> str:
    """Eight hexadecimal digits that change with any name, column, type, engine or order."""
    return hashlib.sha256(repr(tuple(tables)).encode()).hexdigest()[:8]


VERSION = version_of(TABLES)
"""Of these tables. Programs that differ in it never share a warehouse."""


def ddl(table: Table, version: Version) -> str:
    """`create table`, harmless where the table stands."""
    extras = version >= EXTRAS_FROM
    columns = ",\n  ".join(_column(table, column, extras) for column in table.columns)
    partition = f"\npartition by {MONTH}" if table.monthly else ""
    order = ", ".join(table.order)
    return (
        f"create table if not exists {table.name} (\n  {columns}\n)\n"
        f"engine = {table.engine}{partition}\norder by ({order}){THROUGH if extras else ''}"
    )


def _column(table: Table, column: Column, extras: bool) -> str:
    if not extras:
        return f"{column.name} {column.type}"
    type_ = "LowCardinality(String)" if column.name in REPEATED else column.type
    return f"{column.name} {type_}{_codec(column) if table.monthly else ''}"


def _codec(column: Column) -> str:
    """The past is large, and read by few columns; what climbs is kept as steps."""
    climbs = column.name in ("position", "recorded_at")
    return " codec(Delta, ZSTD(1))" if climbs else " codec(ZSTD(1))"
