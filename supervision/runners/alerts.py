"""Alerts beside whatever else runs: the service, its channels, and the scheduler that rings.

APScheduler rings the bell, nothing more: what is due follows from the log, so a bell that nobody
heard is made good by the next event or the next look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from msgspec import Struct

from alerts.channels.port import Channel
from alerts.keeping import Keeping
from alerts.links import Links, secret_of
from alerts.messages import Place
from alerts.service import Bell, Service

from ..access.events import PEOPLE
from ..access.people import People, fold
from ..clock import Clock, SimulatedClock
from ..facts import Instant, instant
from ..judgement.shelf import NEVER
from ..record import Record

SECOND = 1_000_000
SOON, LATEST = 0.01, 3_600.0
"""Seconds within which the bell is not rung again, and after which it is in any case."""
RINGING = 100
"""Threads that may be about to ring at a time: what is above that is left out by APScheduler."""


class Alerts:
    """Alerts of one record, of which only one process of an installation runs them."""

    def __init__(
        self,
        record: Record,
        clock: Clock,
        channels: Mapping[str, Channel],
        place: Place,
        keep: Path | None = None,
        counted: Callable[[str, Struct], object] = lambda channel, event: None,
    ) -> None:
        """`keep`: the file in which what is known is kept, so that a start need not read all.
        `counted` hears of each message by its channel, and what became of it.
        """
        self._has_channels = bool(channels)
        self._record, self._clock = record, clock
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._rings_at: Instant = NEVER
        bell = Bell(at=self._ring_at, stamp=self._stamp)
        keeping = Keeping(keep) if keep else None
        self.service = Service(record, place, channels, bell, keeping, counted, self._may_reply)

    def start(self) -> None:
        """Decide and deliver, until stopped."""
        self._scheduler.start()
        self.service.start()

    def stop(self) -> None:
        """End in order."""
        self._scheduler.shutdown(wait=False)
        self.service.stop()

    @property
    def failed(self) -> str:
        """Why nothing is decided; "" while all is well."""
        return self.service.failed

    @property
    def down(self) -> dict[str, str]:
        """Channels that take nothing, and what they say."""
        return self.service.down

    @property
    def unheard(self) -> str:
        """Why nobody can be told: no_channel, no_contact; "" where somebody can."""
        if not self._has_channels:
            return "no_channel"
        return "" if self.service.has_contacts else "no_contact"

    def _may_reply(self, person: str) -> bool:
        """Whether a person was not disabled; who is told need not be one who signs in."""
        events = (stored.event for stored in self._record.read_stream(PEOPLE))
        known = fold(People(), events).persons.get(person)
        return known is None or not known.disabled

    def _stamp(self, fresh: bool) -> Instant:
        return self._record.heartbeat()[0] if fresh else self._record.last_stamp()

    def _ring_at(self, at: Instant) -> None:
        """Ring when the clock comes there; told anew each round."""
        if at >= NEVER or at == self._rings_at:
            return
        self._rings_at = at
        self._scheduler.add_job(
            self._ring,
            DateTrigger(datetime.now(UTC) + timedelta(seconds=self._delay(at))),
            id="bell",
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=RINGING,
        )

    def _ring(self) -> None:
        self._rings_at = NEVER
        self.service.ring()

    def _delay(self, at: Instant) -> float:
        seconds = (at - self._clock().wall) / SECOND / speed_of(self._clock)
        return min(max(seconds, SOON), LATEST)


def speed_of(clock: Clock) -> float:
    """How many times as fast as real time a clock runs just now."""
    if not isinstance(clock, SimulatedClock):
        return 1.0
    real = time.time_ns() // 1000
    return (clock.at(real) - clock.at(real - SECOND)) / SECOND


def place_of(
    record: Record, district: str, zone: str, url: str, links: Links | None = None
) -> Place:
    """Where messages come from: names, times and addresses of an installation."""
    made = links or Links(secret_of(record.vault))

    def link(message: str, person: str, until: datetime) -> str:
        return f"{url}/ack/{made.make(message, person, instant(until))}" if url else ""

    return Place(district, ZoneInfo(zone), url, link, made.reply_code)
