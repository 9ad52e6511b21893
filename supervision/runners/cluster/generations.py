"""Generations of the warehouse: the one that is shown, and the one that is being filled.

A generation is a database of its own, BASE_1, BASE_2 and so on. Which one is in use stands in
PostgreSQL, so that `supervise rebuild` fills a new one while the wall shows the old.
"""

from __future__ import annotations

from projections.clickhouse import ClickhouseEngine, database_of, generations

from projections.contributions import days_in
from projections.warehouse import Warehouse

from ...store.pointers import Pointers
from ..settings import Settings

POINTER = "warehouse"
FIRST = 1


class Generations:
    """Which generation is in use. StoreDown and its like where PostgreSQL does not answer."""

    def __init__(self, given: Settings) -> None:
        self._pointers = Pointers(given.database)
        self._name = f"{given.topic_prefix}/{POINTER}"

    def current(self) -> int:
        """The generation in use."""
        return self._pointers.read(self._name) or FIRST

    def move(self, of: int, to: int) -> bool:
        """Use another from now on, unless somebody was quicker."""
        stored = self._pointers.read(self._name)
        return (stored or FIRST) == of and self._pointers.move(self._name, stored, to)

    def close(self) -> None:
        """Close its connections."""
        self._pointers.close()


def open_engine(given: Settings) -> ClickhouseEngine:
    """The server of the settings, on the database that they name. WarehouseError."""
    return ClickhouseEngine(
        given.clickhouse, secure=given.clickhouse_secure, ca_file=given.clickhouse_ca_file
    )


def open_warehouse(given: Settings, generation: int) -> Warehouse:
    """One generation, its tables made if they are not there. WarehouseError."""
    engine = open_engine(given)
    warehouse = Warehouse(engine.at(database_of(engine.database, generation)), days_in(given.zone))
    warehouse.create()
    return warehouse


def drop_others(given: Settings, keep: frozenset[int]) -> list[int]:
    """Drop the generations that are not among those; which."""
    engine = open_engine(given)
    try:
        gone = [each for each in generations(engine) if each not in keep]
        for each in gone:
            engine.drop(database_of(engine.database, each))
    finally:
        engine.close()
    return gone
