"""`serve publisher`: the log into Kafka, and time with it. One leads, the others wait."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from importlib.metadata import version
from threading import Event

from projections.programs import note_program

from ...delivery.kafka import Sender, make_topics
from ...delivery.publisher import READ, Publisher
from ...errors import ClockJumped, SupervisionError
from ...facts import Instant
from ...follow import Follower
from ...store.election import Election
from .patient import Head
from .station import ASK_EVERY, Says, Station, run_async

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds before what failed is tried again."""


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running():
        run_async(station, _Publishing(station).run)


class _Publishing:
    def __init__(self, station: Station) -> None:
        self._station = station
        self._brokers = station.brokers
        self._stop = Event()
        station.on_stop(self._stop.set)
        self._head = Head(station.record)
        self._jumped = ""
        self._position = 0
        self._stamp: Instant = 0
        self._to_note = False

    async def run(self, asked: asyncio.Event) -> None:
        """Lead whenever this process is the one elected."""
        with self._station.election("publisher") as election:
            while not asked.is_set():
                try:
                    if await asyncio.to_thread(election.try_win):
                        await self._lead(election, asked)
                    else:
                        self._station.stand_by("publishing", election)
                except (SupervisionError, OSError) as error:
                    why = self._station.alarm("publishing", error)
                    await asyncio.to_thread(self._tell_failed, why)
                finally:
                    self._station.telling.elected("publisher", holds=False)
                await _sleep(asked, RETRY)

    async def _lead(self, election: Election, asked: asyncio.Event) -> None:
        station, record = self._station, self._station.record
        await make_topics(self._brokers, station.given.partitions)
        follower = Follower(record)
        try:
            async with Sender(self._brokers) as sender:
                publisher = Publisher(record, self._brokers, sender, station.given.partitions)
                self._to_note = True
                with suppress(ClockJumped):
                    await asyncio.to_thread(self._note_program)
                await publisher.resume()
                station.telling.elected("publisher", holds=True)
                log.info("publishing", extra={"position": publisher.position})
                await self._publish(publisher, follower, election, asked)
        finally:
            follower.close()

    async def _publish(
        self,
        publisher: Publisher,
        follower: Follower,
        election: Election,
        asked: asyncio.Event,
    ) -> None:
        loop = asyncio.get_running_loop()
        beaten = checked = -ASK_EVERY
        behind, head = True, 0
        while not asked.is_set():
            if loop.time() - checked >= ASK_EVERY:
                if not await asyncio.to_thread(election.held):
                    return
                checked = loop.time()
            if behind:
                head = await asyncio.to_thread(self._station.record.head)
                await publisher.publish(min(head, publisher.position + READ))
            if publisher.position >= head and loop.time() - beaten >= self._station.heartbeat:
                beaten = loop.time()
                await self._beat(publisher)
            self._tell(publisher, head)
            follower.position = publisher.position
            left = self._station.heartbeat - (loop.time() - beaten)
            behind = await asyncio.to_thread(follower.wait, left, self._stop)

    async def _beat(self, publisher: Publisher) -> None:
        """What was recorded up to now, then the word that time has passed."""
        try:
            await asyncio.to_thread(self._note_program)
            stamp, head = await asyncio.to_thread(self._station.record.heartbeat)
            self._jumped = ""
            self._station.telling.clear("clock_jumped")
        except ClockJumped as error:
            self._jumped = str(error)
            self._station.telling.alarm("clock_jumped", self._jumped)
            stamp, head = 0, await asyncio.to_thread(self._station.record.head)
        await publisher.publish(head)
        if stamp:
            await publisher.beat(stamp)
            self._stamp = stamp

    def _note_program(self) -> None:
        """Once, on beginning to lead: which program judges what is published from here on."""
        if self._to_note:
            note_program(self._station.record, version("supervision"))
            self._to_note = False

    def _tell_failed(self, why: str) -> None:
        head = self._head.beyond(self._position)
        self._station.tell(self._position, head, self._stamp, Says(failed=why))

    def _tell(self, publisher: Publisher, head: int) -> None:
        telling = self._station.telling
        telling.clear("publishing")
        telling.ready()
        telling.published(publisher.take_count())
        position = self._position = publisher.position
        says = Says(clock_jumped=self._jumped)
        self._station.tell(position, max(head, position), self._stamp, says)


async def _sleep(asked: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(asked.wait(), seconds)
    except TimeoutError:
        return
