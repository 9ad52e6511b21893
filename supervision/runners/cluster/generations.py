"""Generations of the warehouse: the one that is shown, and the one that is being filled.

A generation is a database of its own, BASE_VERSION_1, BASE_VERSION_2 and so on, with the version of
its tables. Which number is in use stands in PostgreSQL, so that `supervise rebuild` fills a new one
while the wall shows the old. A program with other tables has generations of its own, the first of
which fills from the log when it is started.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from projections.clickhouse import ClickhouseEngine, begin_generation, generation, generations
from projections.contributions import days_in
from projections.warehouse import Warehouse

from ...store.pointers import Pointers
from ..settings import Settings
from .retention import months_before

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


def current_generation(given: Settings) -> int:
    """The generation in use. StoreDown and its like."""
    generations = Generations(given)
    try:
        return generations.current()
    finally:
        generations.close()


def open_engine(given: Settings) -> ClickhouseEngine:
    """The server of the settings, on the database that they name. WarehouseError."""
    url = given.clickhouse
    if given.clickhouse_secure:
        url = url.replace("clickhouse://", "clickhouses://", 1)
    if given.clickhouse_ca_file:
        url += ("&" if "?" in url else "?") + urlencode({"ca_certs": given.clickhouse_ca_file})
    return ClickhouseEngine(url)


def open_warehouse(given: Settings, number: int) -> Warehouse:
    """One generation, made with its tables if it is not there. WarehouseError."""
    engine = generation(open_engine(given), number)
    engine.create_database()
    today = datetime.now(ZoneInfo(given.zone)).date()
    kept = months_before(today, given.retention_months)
    warehouse = Warehouse(engine, days_in(given.zone), kept or date.min)
    warehouse.create()
    return warehouse


def new_generation(given: Settings) -> int:
    """The number of a new one, empty, newer than all there are. WarehouseError."""
    engine = open_engine(given)
    try:
        return begin_generation(engine)
    finally:
        engine.close()


def drop_generations(given: Settings, which: Callable[[int], bool]) -> list[int]:
    """Drop those; their numbers. WarehouseError."""
    engine = open_engine(given)
    try:
        gone = [number for number in generations(engine) if which(number)]
        for number in gone:
            generation(engine, number).drop_database()
    finally:
        engine.close()
    return gone
