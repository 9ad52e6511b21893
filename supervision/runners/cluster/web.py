"""`serve wall` and `serve intake`: any number of processes, behind a proxy."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn

from alerts.alarms import Health
from projections.clickhouse import ClickhouseEngine, generation
from projections.contributions import days_in
from projections.schema import Table, Version
from projections.warehouse import Scalar, Warehouse, WarehouseError

from ...errors import StoreError
from ...facts import Instant
from ...record import Record
from ..application import Place, application
from ..settings import Settings, clock_of, loopback
from .generations import Generations, open_engine, open_warehouse
from .shown import Looking
from .station import NotSet, Says, Station

LOOK_EVERY = 1.0
"""Seconds between two looks at which generation of the warehouse is in use."""


class Current:
    """An engine (projections/warehouse.py) that reads whatever generation is in use."""

    def __init__(self, given: Settings) -> None:
        self._generations = Generations(given)
        self._engine = open_engine(given)
        self._lock = threading.Lock()
        self._generation = self._generations.current()
        open_warehouse(given, self._generation).close()
        self._reading = self._at(self._generation)
        self._looked = time.monotonic()

    def _at(self, number: int) -> ClickhouseEngine:
        return generation(self._engine, number)

    @property
    def version(self) -> Version:
        """Of the server."""
        return self._engine.version

    def query(self, sql: str, params: dict[str, object]) -> list[tuple[Scalar, ...]]:
        """Rows of numbers and strings."""
        return self._now().query(sql, params)

    def _now(self) -> ClickhouseEngine:
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_EVERY:
                self._looked = time.monotonic()
                self._look()
            return self._reading

    def _look(self) -> None:
        """While PostgreSQL does not answer, what is shown stays."""
        try:
            current = self._generations.current()
        except StoreError:
            return
        if current != self._generation:
            self._reading.close()
            self._generation, self._reading = current, self._at(current)

    def command(self, sql: str) -> None:
        """Not for a reader."""
        raise WarehouseError(f"a wall does not write: {sql[:40]}")

    def claim(self) -> int:
        """Not for a reader."""
        raise WarehouseError("a wall does not write")

    def insert(self, table: Table, columns: Sequence[Sequence[object]], claim: int) -> None:
        """Not for a reader."""
        raise WarehouseError(f"a wall does not write: {table.name}")

    def close(self) -> None:
        """Close the server's connections."""
        self._reading.close()
        self._engine.close()
        self._generations.close()


class _Cluster:
    """A System (application.py) of other processes."""

    def __init__(self, station: Station, warehouse: Warehouse | None) -> None:
        self.record: Record = station.record
        self._warehouse = warehouse
        self.looking = Looking(station.board, station.given.partitions)

    @property
    def warehouse(self) -> Warehouse:
        """What the pages read."""
        assert self._warehouse is not None
        return self._warehouse

    @property
    def open_cases(self) -> int:
        """Live cases of all watch workers."""
        return self.looking.open_cases

    def shown(self) -> tuple[Instant, float]:
        """The instant that is shown, and when it became known."""
        return self.looking.shown()

    def health(self) -> Health:
        """How the cluster is."""
        return self.looking.health()


def serve_wall(station: Station) -> None:
    """The wall and the pages behind it, until told to end."""
    if not station.given.clickhouse:
        raise NotSet(station.role, "clickhouse")
    warehouse = Warehouse(Current(station.given), days_in(station.given.zone))
    try:
        _serve(station, _Cluster(station, warehouse), intake=False)
    finally:
        warehouse.close()


def serve_intake(station: Station) -> None:
    """The API for departments, until told to end."""
    _serve(station, _Cluster(station, None), intake=True)


def _serve(station: Station, system: _Cluster, *, intake: bool) -> None:
    given = station.given
    place = Place(given.district or "本级", given.zone, clock_of(given.home))
    app = application(system, place, intake=intake, wall=not intake)
    server = _Server(
        uvicorn.Config(
            app,
            host=loopback(given.host),
            port=given.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
    station.on_stop(lambda: setattr(server, "should_exit", True))
    with station.running():
        telling = threading.Thread(target=_tell, args=(station, system), name="tell", daemon=True)
        telling.start()
        server.run()
        station.end()
        telling.join()
        system.looking.close()


class _Server(uvicorn.Server):
    """Ends when the role is told to, which hears the signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to the role."""
        yield


def _tell(station: Station, system: _Cluster) -> None:
    """That it lives, and how far what it shows has come."""
    while not station.stop.wait(LOOK_EVERY):
        at, _ = system.shown()
        if at or station.role == "intake":
            station.telling.ready()
        position = system.looking.position
        station.tell(position, position + system.health().behind, at, Says())
