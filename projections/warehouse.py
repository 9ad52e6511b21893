"""The warehouse: batches of changes in, figures out, over one of two engines.

A block is stored whole or not at all. `Warehouse.write` skips, table by table, what a table
already holds, so a batch delivered twice, or again with other bounds, is stored once, and a
crash between two tables loses nothing: whoever follows the log resumes from `resume_from()`.

Who writes has claimed the warehouse, and a claim ends those before it: what a former writer has
under way is over before `claim` returns, and what it tries afterwards, however long it slept, is
refused with WarehouseTaken. Who is to write is decided elsewhere (an election, a folder's lock).

What a caller MUST hold to:
- changes come in the order of their positions, and recorded_at never goes back;
- all changes of one position are in one batch: a position is stored whole;
- what happened at a position is the same however often it is delivered: an old row is the row
  that stood before that position, not the one that stood when the batch began;
- after WarehouseTaken a writer stops, or begins again with `resume_from()`.

The errors; `retry` says whether the same call may succeed later with nothing else done:

    WarehouseError            what the engine said, in one line
    ├── ParameterUnfit        a query's parameter is missing or not of its type
    ├── WarehouseBusy         another process has the folder
    ├── WarehouseTaken        another writer has claimed the warehouse
    ├── WarehouseDown         the server does not answer, or the connection was lost (retry)
    │   └── WarehouseFull     it answers, but has no room: parts, memory, disk, queries (retry)
    ├── WarehouseRefused      user, password or rights
    ├── WarehouseMissing      no such database or table
    ├── WarehouseTooOld       a server of a version that nobody tried
    └── AddressWrong          what was given is no address of a server
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

from supervision.errors import SupervisionError

from . import schema
from .blocks import MAKERS, Batch, Block, Maker, Rows, months
from .contributions import DayOf
from .schema import Table, Version

MARK_EVERY = 50_000
"""Positions: a table that got no rows for so long gets its mark alone, so that a restart does not
read the whole log again for a table that seldom changes."""

Scalar = int | float | str


class WarehouseError(SupervisionError):
    """The engine refused or failed; the message is its own."""


class ParameterUnfit(WarehouseError):
    """A parameter is missing, or its value is not of its type; the value is not told."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(f"the query's parameter {parameter} {why}")


class WarehouseBusy(WarehouseError):
    """Another process has the folder open."""

    def __init__(self, folder: object) -> None:
        super().__init__(f"the warehouse {folder} is in use by another process")


class WarehouseTaken(WarehouseError):
    """Nothing of the block was stored: the table is another's now."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"another writer has taken over table {table}: stop, or begin again where it stands"
        )


class WarehouseDown(WarehouseError):
    """What was asked may or may not be done: ask again, doing it twice is doing it once."""

    retry = True


class WarehouseFull(WarehouseDown):
    """Nothing of the call was stored."""


class WarehouseRefused(WarehouseError):
    """Who we are, or may do, has to be changed."""


class WarehouseMissing(WarehouseError):
    """The address or the warehouse is not the one meant."""


class WarehouseTooOld(WarehouseError):
    """Another server is needed."""

    def __init__(self, version: str, oldest: Version) -> None:
        super().__init__(
            f"the warehouse's server is ClickHouse {version}: {oldest[0]}.{oldest[1]} is the"
            " oldest that will do"
        )


class AddressWrong(WarehouseError):
    """The address itself is not told: it may hold a password."""

    def __init__(self) -> None:
        super().__init__(
            "the warehouse's address must read clickhouse://user:password@host:port/database, of"
            " one server, with what is special in the password percent-encoded"
        )


class Engine(Protocol):
    """What a driver must do. SQL parameters are written {name:Type}, of a type of literals.py."""

    @property
    def version(self) -> Version:
        """Of ClickHouse: year and number."""

    def command(self, sql: str) -> None:
        """Execute a statement that returns nothing."""

    def claim(self) -> int:
        """A claim, which ends all others: their inserts are over and none will be stored.

        Raises WarehouseTaken if another claimed at the same time.
        """

    def insert(self, table: Table, columns: Sequence[Sequence[object]], claim: int) -> None:
        """Store one block: all of it as one part, or nothing.

        Raises WarehouseTaken if `claim` is not the last. After another error the block may be
        stored: the next query, by whatever thread, tells, and what it tells does not change.
        """

    def query(self, sql: str, params: dict[str, object]) -> list[tuple[Scalar, ...]]:
        """Rows of numbers and strings; a query turns what is neither into one of them."""

    def close(self) -> None:
        """Release what is held; harmless twice."""


class Dropped(NamedTuple):
    """A month of a table that is gone: 202611 for November 2026, and its rows."""

    table: str
    month: int
    rows: int


class Warehouse:
    """Tables of one engine. `write` belongs to one thread; `query` may be called from many."""

    def __init__(self, engine: Engine, day_of: DayOf, keep_from: date = date.min) -> None:
        """Months (UTC) of the past before that of `keep_from` are not written: what
        `forget_before` dropped stays away when the log is read again.
        """
        self._engine = engine
        self._day_of = day_of
        self._keep_from = schema.month_number(keep_from)
        self._claim: int | None = None
        self._reached: dict[str, int] = {}
        self._since: dict[str, int] = {}

    def create(self) -> None:
        """Make the tables that are not there."""
        for table in schema.TABLES:
            self._engine.command(schema.ddl(table, self._engine.version))

    def drop_all(self) -> None:
        """Remove every table with its rows."""
        self._reached.clear()
        for table in schema.TABLES:
            self._engine.command(f"drop table if exists {table.name}")

    def query(self, sql: str, **params: object) -> list[tuple[Scalar, ...]]:
        """Rows of a query with {name:Type} parameters: int, str, date or lists of them."""
        return self._engine.query(sql, params)

    def highest(self, table: str) -> int:
        """The log position up to which a table is complete, asked of the engine; 0 when empty."""
        since = self._since.get(table, 0)
        position, newest = self.query(schema.BY_NAME[table].highest, since=since)[0]
        if since and not position:  # the table was made anew
            position, newest = self.query(schema.BY_NAME[table].highest, since=0)[0]
        self._since[table] = int(newest)
        return int(position)

    def resume_from(self) -> int:
        """The position up to which every table is complete, for who writes from now on."""
        self._reached.clear()
        self._claim = self._engine.claim()
        return min(self.highest(table.name) for table in schema.TABLES)

    def recorded_at(self, position: int) -> int:
        """When the event at a position was recorded (µs), by its row; 0 where there is none."""
        return int(self.query(schema.RECORDED_AT, position=position)[0][0])

    def write(self, batch: Batch) -> None:
        """Store a batch in every table that does not hold it yet."""
        for table, make in MAKERS:
            self._write(table, make, batch)

    def insert(self, table: str, rows: Rows) -> None:
        """Store rows as one block. `write` is the way for what follows the log."""
        columns = list(zip(*rows, strict=True))
        self._engine.insert(schema.BY_NAME[table], columns, self._claimed())

    def forget_before(self, day: date) -> list[Dropped]:
        """Drop the months (UTC) of the past that ended before that of `day`; what was dropped.

        The newest month of a table stays, as it holds the position; and the month before the
        newest of all, as today's lists look back into it. The tables of now keep all.
        """
        held = {table.name: self._months(table) for table in schema.TABLES if table.monthly}
        newest = max((max(months) for months in held.values() if months), default=0)
        cut = min(schema.month_number(day), schema.month_before(newest))
        gone = [
            Dropped(table, month, rows)
            for table, months in held.items()
            for month, rows in sorted(months.items())
            if month < min(cut, max(months))
        ]
        for one in gone:
            self._engine.command(f"alter table {one.table} drop partition {one.month}")
        return gone

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def _months(self, table: Table) -> dict[int, int]:
        """The rows of each month that a table has."""
        rows = self.query(schema.MONTHS, table=table.name)
        return {int(month): int(count) for month, count in rows}

    def _write(self, table: Table, make: Maker, batch: Batch) -> None:
        for block in months(batch) if table.monthly else (batch,):
            if table.monthly and schema.month_of(block.recorded_at) < self._keep_from:
                continue
            held = self._held(table)
            if block.to > held:
                self._store(table, held, block.to, make(block.after(held), held, self._day_of))

    def _store(self, table: Table, held: int, to: int, block: Block) -> None:
        rows = block.rows + block.mark
        still = not block.rows and not block.moved
        if not rows or (still and to - held < MARK_EVERY):
            return
        self._reached.pop(table.name, None)
        self.insert(table.name, rows)
        self._reached[table.name] = to

    def _held(self, table: Table) -> int:
        """As `highest`, remembered between writes; forgotten when one fails."""
        self._claimed()
        if table.name not in self._reached:
            self._reached[table.name] = self.highest(table.name)
        return self._reached[table.name]

    def _claimed(self) -> int:
        """Claimed before anything is asked about where the tables stand."""
        if self._claim is None:
            self._claim = self._engine.claim()
        return self._claim
