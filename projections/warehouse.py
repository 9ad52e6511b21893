"""The warehouse: batches of changes in, figures out, over one of two engines.

A block is stored whole or not at all. `Warehouse.write` skips, table by table, what a table
already holds, so a batch delivered twice, or again with other bounds, is stored once, and a
crash between two tables loses nothing: whoever follows the log resumes from `resume_from()`.

What a caller MUST hold to:
- changes come in the order of their positions, and recorded_at never goes back;
- all changes of one position are in one batch: a position is stored whole;
- what happened at a position is the same however often it is delivered: an old row is the row
  that stood before that position, not the one that stood when the batch began;
- one writer a warehouse.

Errors: WarehouseError, and under it WarehouseBusy (another process has the folder).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from . import schema
from .blocks import MAKERS, Batch, Block, Maker, Rows, months
from .contributions import DayOf
from .schema import Table

MARK_EVERY = 50_000
"""Positions: a table that got no rows for so long gets its mark alone, so that a restart does not
read the whole log again for a table that seldom changes."""

Scalar = int | float | str


class WarehouseError(Exception):
    """The engine refused or failed; the message is its own."""


class WarehouseBusy(WarehouseError):
    """Another process has the folder open."""

    def __init__(self, folder: object) -> None:
        super().__init__(f"the warehouse {folder} is in use by another process")


class Engine(Protocol):
    """What a driver must do. SQL parameters are written {name:Type}."""

    def command(self, sql: str) -> None:
        """Execute a statement that returns nothing."""

    def insert(self, table: Table, columns: Sequence[Sequence[object]]) -> None:
        """Store one block: all of it as one part, or nothing."""

    def query(self, sql: str, params: dict[str, object]) -> list[tuple[Scalar, ...]]:
        """Rows of numbers and strings; a query turns what is neither into one of them."""

    def close(self) -> None:
        """Release what is held; harmless twice."""


class Warehouse:
    """Tables of one engine. `write` belongs to one thread; `query` may be called from many."""

    def __init__(self, engine: Engine, day_of: DayOf) -> None:
        self._engine = engine
        self._day_of = day_of
        self._reached: dict[str, int] = {}

    def create(self) -> None:
        """Make the tables that are not there."""
        for table in schema.TABLES:
            self._engine.command(schema.ddl(table))

    def drop_all(self) -> None:
        """Remove every table with its rows."""
        self._reached.clear()
        for table in schema.TABLES:
            self._engine.command(f"drop table if exists {table.name}")

    def query(self, sql: str, **params: object) -> list[tuple[Scalar, ...]]:
        """Rows of a query with {name:Type} parameters: int, float, str, date or lists of them."""
        return self._engine.query(sql, params)

    def highest(self, table: str) -> int:
        """The log position up to which a table is complete, asked of the engine; 0 when empty."""
        return int(self.query(schema.BY_NAME[table].highest)[0][0])

    def resume_from(self) -> int:
        """The position up to which every table is complete."""
        return min(self.highest(table.name) for table in schema.TABLES)

    def write(self, batch: Batch) -> None:
        """Store a batch in every table that does not hold it yet."""
        for table, make in MAKERS:
            self._write(table, make, batch)

    def insert(self, table: str, rows: Rows) -> None:
        """Store rows as one block. `write` is the way for what follows the log."""
        self._engine.insert(schema.BY_NAME[table], list(zip(*rows, strict=True)))

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def _write(self, table: Table, make: Maker, batch: Batch) -> None:
        for block in months(batch) if table.monthly else (batch,):
            held = self._held(table)
            if block.to > held:
                self._store(table, held, block.to, make(block.after(held), held, self._day_of))

    def _store(self, table: Table, held: int, to: int, block: Block) -> None:
        rows = block.rows + block.mark
        if not rows or (not block.rows and to - held < MARK_EVERY):
            return
        self._reached.pop(table.name, None)
        self.insert(table.name, rows)
        self._reached[table.name] = to

    def _held(self, table: Table) -> int:
        """As `highest`, remembered between writes; forgotten when one fails."""
        if table.name not in self._reached:
            self._reached[table.name] = self.highest(table.name)
        return self._reached[table.name]
