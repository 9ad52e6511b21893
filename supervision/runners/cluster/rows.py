"""`serve rows`: the log into ClickHouse. One leads, the others wait."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import faust

from projections.filling import Filled, Filling
from projections.stream import rows_app, run
from projections.warehouse import Warehouse

from ...delivery.kafka import make_topics
from ...delivery.parcel import Parcel
from .generations import Generations, open_warehouse
from .patient import Head, Stopping
from .silence import tell_silence
from .station import ASK_EVERY, Says, Station, run_async

log = logging.getLogger(__name__)

RETRY = 2.0
"""Seconds before what failed is tried again."""
LOOK_EVERY = 1.0
"""Seconds between two looks at which generation is in use."""
IDLE = 2.0
"""Seconds without a parcel after which it leads no longer: Kafka gives them to another."""


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running():
        run_async(station, _Rows(station).run)


class _Rows:
    """The Kafka group gives the one partition of the log to one member; the election sees to it
    that a member that lost it without noticing is not followed by one that writes beside it.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._brokers = station.brokers
        self._generations = Generations(station.given)
        self._election = station.election("rows")
        self._generation = 0
        self._warehouse: Warehouse | None = None
        self._filling: Filling | None = None
        self._looked = -LOOK_EVERY
        self._head = Head(station.record)
        self._written = 0
        self._working = Lock()
        self._worked = time.monotonic()

    async def run(self, asked: asyncio.Event) -> None:
        """The app, made anew whenever it fails; the lead is let go where nothing comes."""
        letting_go = asyncio.ensure_future(self._let_go())
        try:
            await self._keep_running(asked)
        finally:
            letting_go.cancel()
            self._resign()
            self._generations.close()

    async def _keep_running(self, asked: asyncio.Event) -> None:
        folder = self._station.slot.folder
        within = self._station.given.rows_every_ms / 1000
        while not asked.is_set():
            try:
                await make_topics(self._brokers, self._station.given.partitions)
                await run(lambda: self._app(folder, within), asked)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 told, and tried again
                self._failed(error)
                await asyncio.wait([asyncio.ensure_future(asked.wait())], timeout=RETRY)

    async def _let_go(self) -> None:
        while True:
            await asyncio.sleep(ASK_EVERY)
            if not self._working.locked() and time.monotonic() - self._worked > IDLE:
                await asyncio.to_thread(self._resign)

    def _resign(self) -> None:
        with self._working:
            self._station.telling.elected("rows", holds=False)
            self._election.resign()
            self._leave()

    def _app(self, folder: Path, within: float) -> faust.App:
        ready = self._station.telling.ready
        return rows_app(self._brokers, folder, self._take, within, ready, self._silence)

    async def _silence(self, silent: bool) -> None:
        if why := tell_silence(self._station, silent=silent):
            await asyncio.to_thread(self._tell_failed, why)

    def _take(self, parcels: Sequence[Parcel]) -> None:
        """Write what the parcels bring, whatever it takes; Stopping."""
        with self._working:
            self._write(parcels)
            self._worked = time.monotonic()

    def _write(self, parcels: Sequence[Parcel]) -> None:
        while True:
            try:
                filled = self._led().take_parcels(parcels)
            except Stopping:
                raise
            except Exception as error:  # noqa: BLE001 told, and tried again
                self._failed(error)
                self._leave()
            else:
                self._filled(filled)
                return
            if self._station.stop.wait(RETRY):
                raise Stopping

    def _led(self) -> Filling:
        """The warehouse in use, of which this process is the one writer; waits to become it."""
        while not self._election.try_win():
            self._station.telling.elected("rows", holds=False)
            self._station.tell(0, 0, 0, Says(leads=False))
            self._leave()
            if self._station.stop.wait(ASK_EVERY):
                raise Stopping
        self._station.telling.elected("rows", holds=True)
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            current = self._generations.current()
            if current != self._generation:
                self._leave()
                self._generation = current
        if self._filling is None:
            self._warehouse = open_warehouse(self._station.given, self._generation)
            most = self._station.given.rows_most
            self._filling = Filling(self._station.patient, self._warehouse, most)
            where = {"generation": self._generation, "position": self._filling.position}
            log.info("filling", extra=where)
        return self._filling

    def _leave(self) -> None:
        """Forget where the tables stand: another may write them now."""
        if self._warehouse is not None:
            self._warehouse.close()
        self._warehouse = self._filling = None

    def _filled(self, filled: Filled) -> None:
        telling = self._station.telling
        telling.clear("filling")
        telling.ready()
        telling.rows("events", filled.events)
        says = Says(failed=self._station.patient.failed, generation=self._generation)
        self._written = filled.position
        head = self._head.beyond(filled.position)
        self._station.tell(filled.position, head, filled.stamp, says)

    def _failed(self, error: BaseException) -> None:
        why = self._station.alarm("filling", error)
        self._tell_failed(why)

    def _tell_failed(self, why: str) -> None:
        head = self._head.beyond(self._written)
        self._station.tell(self._written, head, 0, Says(failed=why))
