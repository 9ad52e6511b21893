"""`serve watch`: a Faust worker over the partitions that Kafka gives it. Any number of them."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import islice

import faust
from msgspec.structs import replace

from projections.keeping import Every
from projections.sections import Sections, Took
from projections.stream import Memory, Told, run, watch_app

from ...delivery.kafka import make_topics
from ...delivery.parcel import Parcel
from ...facts import Instant
from .patient import Stopping
from .silence import tell_silence
from .station import Says, Station, run_async

log = logging.getLogger(__name__)

RETRY = 2.0
"""Seconds before an app that failed is made anew."""
HALTED = 20
"""Halted cases that are named to the others."""


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running():
        run_async(station, _Watching(station).run)


class _Timed(Sections):
    """Sections that tell how long each parcel took: to read what it lacks, judge, and write."""

    def __init__(self, station: Station) -> None:
        given = station.given
        every = Every(given.snapshot_events, given.snapshot_seconds * 1_000_000)
        super().__init__(given.partitions, station.patient, every)
        self._telling = station.telling

    def take(self, number: int, parcel: Parcel) -> Took | None:
        """As Sections'."""
        begun = time.monotonic()
        took = super().take(number, parcel)
        self._telling.judged(time.monotonic() - begun)
        return took


class _Watching:
    def __init__(self, station: Station) -> None:
        given = station.given
        self._station = station
        self._brokers = station.brokers
        self._sections = _Timed(station)
        self._memory = Memory(station.slot.folder, given.rocksdb_cache_mb << 20)
        self._stamps: dict[int, Instant] = {}
        self._written = 0
        self._reached = (0, 0, 0)
        self._says = Says()

    async def run(self, asked: asyncio.Event) -> None:
        """The app, made anew whenever it fails."""
        while not asked.is_set():
            try:
                await make_topics(self._brokers, self._station.given.partitions)
                await run(self._app, asked)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 told, and tried again
                await self._failed(error)
                await asyncio.wait([asyncio.ensure_future(asked.wait())], timeout=RETRY)

    def _app(self) -> faust.App:
        joined = self._station.telling.ready
        return watch_app(
            self._brokers,
            self._sections,
            self._memory,
            self._told,
            self._failed,
            joined,
            self._silence,
        )

    async def _failed(self, error: Exception) -> None:
        if isinstance(error, Stopping):
            raise error
        await asyncio.to_thread(self._tell, self._station.alarm("watching", error))

    async def _silence(self, silent: bool) -> None:
        if why := tell_silence(self._station, silent=silent):
            await asyncio.to_thread(self._tell, why)

    async def _told(self, told: Told) -> None:
        """Off the loop where the log or the board is told; Stopping."""
        station = self._station
        if told.took.halted:
            await asyncio.to_thread(self._halted, told.took)
        station.telling.clear("watching")
        station.telling.ready()
        station.telling.acted(told.took.acts)
        self._written = max(self._written, told.took.written)
        if told.stamp:
            self._stamps[told.partition] = told.stamp
        station.telling.beat()
        if station.due:
            self._look()
            await asyncio.to_thread(self._tell, station.patient.failed)

    def _halted(self, took: Took) -> None:
        for key, why in took.halted.items():
            case = "/".join(key)
            log.error("a case is halted", extra={"case": case, "why": why})
            incident = f"halted {case} {why}"
            self._station.patient.incident(incident, "card_conflict", *key, why)

    def _look(self) -> None:
        """At the sections, while nothing is taken in."""
        sections = self._sections
        stamps = {n: at for n, at in self._stamps.items() if n in sections}
        halted, watched = sections.halted, sections.open_cases
        self._station.telling.watched(watched, len(halted))
        named = [f"{'/'.join(key)}: {why}" for key, why in islice(halted.items(), HALTED)]
        self._says = Says(stamps=stamps, halted=named, watched_cases=watched)
        position = sections.position
        self._reached = (position, max(position, self._written), min(stamps.values(), default=0))

    def _tell(self, failed: str) -> None:
        self._station.tell(*self._reached, replace(self._says, failed=failed))
