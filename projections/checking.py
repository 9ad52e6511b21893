"""Whether the wall agrees with a replay: rows of the warehouse against rows made anew from the log.

The wall's rows are followed event by event; here each case is read back whole and folded at the
position that the table has reached. Both must come to the same row.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from msgspec.structs import asdict

from . import schema
from .casebook import Casebook, Key
from .log import Log
from .rows import NO_DAY, CaseRow
from .schema import Column
from .warehouse import Scalar, Warehouse

AT_ONCE = 500
"""Cases of one query."""

SAMPLE = """
select source, case_no from open_cases where source != ''
group by source, case_no having sum(sign) > 0
order by cityHash64(source, case_no, {seed:String}), source, case_no limit {most:Int64}
"""


class Difference(NamedTuple):
    """A case whose row differs: what the wall has and what follows, of the columns that differ."""

    source: str
    case_no: str
    wall: dict[str, Scalar]
    log: dict[str, Scalar]


class Checked(NamedTuple):
    """How many cases were looked at, at which position, and which of them differ."""

    cases: int
    position: int
    differing: list[Difference]


def check_rows(record: Log, warehouse: Warehouse, most: int, seed: str) -> Checked:
    """Compare up to `most` open cases, drawn by a seed. WarehouseError, StoreError."""
    found = warehouse.query(SAMPLE, seed=seed, most=most)
    keys = [(str(source), str(case_no)) for source, case_no in found]
    differing: list[Difference] = []
    position = 0
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        rows, position = _wall(warehouse, some)
        differing += _differing(record, rows, some, position)
    return Checked(len(keys), position, differing)


def _differing(
    record: Log, wall: dict[Key, dict[str, Scalar]], keys: list[Key], position: int
) -> list[Difference]:
    book = Casebook(record.read_case, position)
    book.learn_lists(s for s in record.read_lists() if s.position <= position)
    found = []
    for key in keys:
        row = book.row_at(key, position)
        ours = {} if row is None or row.concluded_at else _texts(row)
        theirs = wall.get(key, {})
        if ours != theirs:
            names = [n for n in {**ours, **theirs} if ours.get(n) != theirs.get(n)]
            shown = {n: theirs[n] for n in names if n in theirs}
            found.append(Difference(*key, shown, {n: ours[n] for n in names if n in ours}))
    return found


def _wall(warehouse: Warehouse, keys: list[Key]) -> tuple[dict[Key, dict[str, Scalar]], int]:
    """The rows of some cases and the position that the table had then, in one query."""
    columns = schema.columns_of(CaseRow)
    names = ", ".join(column.name for column in columns)
    shown = ", ".join(_shown(column) for column in columns)
    answer = warehouse.query(
        f"select {shown}, sum(sign * position) as reached from open_cases"
        f" where has({{cases:Array(String)}}, case_no) or source = ''"
        f" group by {names} having sum(sign) > 0",
        cases=sorted({case_no for _, case_no in keys}),
    )
    found: dict[Key, dict[str, Scalar]] = {}
    position = 0
    for *cells, reached in answer:
        row = {c.name: _told(c, cell) for c, cell in zip(columns, cells, strict=True)}
        if row["source"]:
            found[str(row["source"]), str(row["case_no"])] = row
        else:
            position = int(reached)
    return found, position


def _shown(column: Column) -> str:
    """Days as their number: an engine gives numbers and texts, and not all name the first alike."""
    return f"toUInt16({column.name})" if column.type == "Date" else column.name


def _told(column: Column, cell: Scalar) -> Scalar:
    """Days as people write them."""
    return str(NO_DAY + timedelta(days=int(cell))) if column.type == "Date" else cell


def _texts(row: CaseRow) -> dict[str, Scalar]:
    days = {column.name for column in schema.columns_of(CaseRow) if column.type == "Date"}
    return {name: str(v) if name in days else v for name, v in asdict(row).items()}
