"""`serve wall` and `serve intake`: any number of processes, behind a proxy."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import uvicorn

from alerts.alarms import Health
from projections.clickhouse import ClickhouseEngine, generation
from projections.contributions import days_in
from projections.schema import Table, Version
from projections.warehouse import Scalar, Warehouse, WarehouseError

from ...errors import StoreError
from ...facts import Instant
from ...record import Outcome, Record
from ..application import Place, application
from ..doors import access_of, listening, outside_of
from ..sealing import seals_of
from ..server import free
from ..settings import Settings, clock_of, guarded
from ..verifying import evidence_of
from .generations import Generations, current_generation, open_engine, open_warehouse
from .shown import READ_EVERY, Looking
from .station import Says, Station

LOOK_EVERY = 1.0
"""Seconds between two looks at which generation of the warehouse is in use, and between two of the
intake at the board: it shows nothing but its health."""


class Current:
    """An engine (projections/warehouse.py) that reads the generation that is written to: what is
    shown of it and up to which instant is told together. Where nobody writes, that in use.
    """

    def __init__(self, given: Settings, number: int, written: Callable[[], int]) -> None:
        """Begin with a generation; `written` gives the one that is written to, 0 where that is
        unknown.
        """
        self._generations = Generations(given)
        self._engine = open_engine(given)
        self._written = written
        self._lock = threading.Lock()
        self._generation = number
        self._reading = generation(self._engine, number)
        self._looked = time.monotonic()

    @property
    def generation(self) -> int:
        """The generation that is read."""
        return self._generation

    @property
    def version(self) -> Version:
        """Of the server."""
        return self._engine.version

    def query(self, sql: str, params: dict[str, object]) -> list[tuple[Scalar, ...]]:
        """Rows of numbers and strings."""
        return self._now().query(sql, params)

    def _now(self) -> ClickhouseEngine:
        with self._lock:
            number = self._written() or self._in_use()
            if number != self._generation:
                self._reading.close()
                self._generation = number
                self._reading = generation(self._engine, number)
            return self._reading

    def _in_use(self) -> int:
        """Asked for now and then; while PostgreSQL does not answer, what is shown stays."""
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            with suppress(StoreError):
                return self._generations.current()
        return self._generation

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

    def __init__(self, station: Station) -> None:
        self.record: Record = station.record
        every = LOOK_EVERY if station.role == "intake" else READ_EVERY
        partitions = station.given.partitions
        self.looking = Looking(station.board, self.record.head, partitions, every)
        self._current: Current | None = None
        self._warehouse: Warehouse | None = None

    def open_warehouse(self, station: Station) -> None:
        """For the pages, once its server answers. Stopping; WarehouseError."""
        given = station.given
        number = station.until("warehouse", lambda: _made(given))
        self._current = Current(given, number, lambda: self.looking.generation)
        self._warehouse = Warehouse(self._current, days_in(given.zone))

    @property
    def warehouse(self) -> Warehouse:
        """What the pages read."""
        assert self._warehouse is not None
        return self._warehouse

    @property
    def generation(self) -> int:
        """Of the warehouse, that is shown; 0 where none is."""
        return self._current.generation if self._current else 0

    @property
    def watched_cases(self) -> int:
        """Cases under watch, of all workers."""
        return self.looking.watched_cases

    def shown(self) -> tuple[Instant, float]:
        """The instant that is shown, and when it became known."""
        return self.looking.shown()

    def health(self) -> Health:
        """How the cluster is."""
        return self.looking.health()

    def close(self) -> None:
        """Look no more."""
        self.looking.close()
        if self._warehouse is not None:
            self._warehouse.close()


def _made(given: Settings) -> int:
    """The generation in use, which has its tables now. StoreError, WarehouseError."""
    number = current_generation(given)
    open_warehouse(given, number).close()
    return number


def serve_wall(station: Station) -> None:
    """The wall and the pages behind it, until told to end."""
    _serve(station, intake=False)


def serve_intake(station: Station) -> None:
    """The API for departments, until told to end."""
    _serve(station, intake=True)


def _serve(station: Station, *, intake: bool) -> None:
    given = station.given
    guarded(given, given.host)
    free(given.host, given.port, "SUPERVISION_PORT")
    with station.running():
        system = _Cluster(station)
        try:
            if not intake:
                system.open_warehouse(station)
            _answer(station, system, intake=intake)
        finally:
            system.close()


def _answer(station: Station, system: _Cluster, *, intake: bool) -> None:
    given = station.given
    place = Place(given.district or "本级", given.zone, clock_of(given.home))

    def heard(outcomes: Sequence[Outcome], unreadable: int) -> None:
        station.telling.took(outcomes)
        station.telling.unreadable(unreadable)

    access = station.until("access", lambda: access_of(given, station.record))
    app = application(
        system,
        place,
        access,
        outside_of(given),
        intake=intake,
        wall=not intake,
        heard=heard,
        seals=seals_of(given),
        evidence=evidence_of(given),
    )
    server = _Server(uvicorn.Config(app, host=given.host, port=given.port, **listening(given)))
    station.on_stop(lambda: setattr(server, "should_exit", True))
    telling = threading.Thread(target=_tell, args=(station, system), name="tell", daemon=True)
    telling.start()
    access.start()
    try:
        server.run()
    finally:
        station.end()
        telling.join()
        access.close()


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
        intake = station.role == "intake"
        station.telling.ready(is_ready=not system.looking.failed if intake else bool(at))
        position = system.looking.position
        says = Says(generation=system.generation)
        station.tell(position, position + system.health().behind, at, says)
