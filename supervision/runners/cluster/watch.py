"""`serve watch`: a Faust worker over the partitions that Kafka gives it. Any number of them."""

from __future__ import annotations

import asyncio
import logging

import faust

from projections.keeping import Every
from projections.sections import Sections
from projections.stream import Memory, Told, run, watch_app

from ...delivery.kafka import make_topics
from ...facts import Instant
from .patient import Stopping
from .station import Says, Station, run_async

log = logging.getLogger(__name__)

RETRY = 2.0
"""Seconds before an app that failed is made anew."""


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running():
        run_async(station, _Watching(station).run)


class _Watching:
    def __init__(self, station: Station) -> None:
        given = station.given
        self._station = station
        self._brokers = station.brokers
        every = Every(given.snapshot_events, given.snapshot_seconds * 1_000_000)
        self._sections = Sections(given.partitions, station.patient, every)
        self._memory = Memory(station.slot.folder, given.rocksdb_cache_mb << 20)
        self._stamps: dict[int, Instant] = {}
        self._written = 0

    async def run(self, asked: asyncio.Event) -> None:
        """The app, made anew whenever it fails."""
        while not asked.is_set():
            try:
                await make_topics(self._brokers, self._station.given.partitions)
                await run(self._app, asked)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 told, and tried again
                self._failed(error)
                await asyncio.wait([asyncio.ensure_future(asked.wait())], timeout=RETRY)

    def _app(self) -> faust.App:
        told, failed, joined = self._told, self._failed, self._station.telling.ready
        return watch_app(self._brokers, self._sections, self._memory, told, failed, joined)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, Stopping):
            raise error
        self._tell(self._station.alarm("watching", error))

    def _told(self, told: Told) -> None:
        station = self._station
        station.telling.clear("watching")
        station.telling.ready()
        station.telling.acted(told.took.acts)
        for key, why in told.took.halted.items():
            log.error("a case is halted", extra={"case": "/".join(key), "why": why})
            case = "/".join(key)
            station.patient.incident(f"halted {case} {why}", "card_conflict", *key, why)
        self._written = max(self._written, told.took.written)
        if told.stamp:
            self._stamps[told.partition] = told.stamp
        self._tell("")

    def _tell(self, failed: str) -> None:
        sections = self._sections
        stamps = {n: at for n, at in self._stamps.items() if n in sections}
        halted = [f"{'/'.join(key)}: {why}" for key, why in sections.halted.items()]
        self._station.telling.watched(sections.open_cases, len(halted))
        says = Says(
            stamps=stamps,
            halted=halted[:20],
            open_cases=sections.open_cases,
            failed=failed or self._station.patient.failed,
        )
        position = sections.position
        head = max(position, self._written)
        self._station.tell(position, head, min(stamps.values(), default=0), says)
