"""The publisher: the log into Kafka, each partition told of every position (design: rules 4–6).

What was sent is asked of Kafka, nowhere else kept. A partition that says nothing of it is told to
begin at the head: its followers see what is missing, and read it from the log.
"""

from __future__ import annotations

import asyncio

from ..errors import StoreBroken
from ..facts import Instant
from ..record import Record
from ..store.stored import Stored
from .kafka import Brokers, Sender, last_parcels
from .parcel import Parcel, deal, is_of, wrap

READ = 5_000
"""Events of one reading of the log."""


RESTORED = (
    "it was restored from an older copy, or belongs to another Kafka; stop watch and rows, delete "
    "the topics, and start them again"
)


class DeliveredMore(StoreBroken):
    """Kafka holds parcels of events that the log does not have."""

    def __init__(self, topic: str, to: int, head: int) -> None:
        super().__init__(
            "the log",
            f"it ends at position {head}, but the topic {topic} speaks of {to}: {RESTORED}",
        )


class DeliveredOther(StoreBroken):
    """Kafka holds a parcel of another event than the log has at its position."""

    def __init__(self, topic: str, to: int) -> None:
        super().__init__(
            "the log",
            f"its event {to} is not the one that the topic {topic} speaks of: {RESTORED}",
        )


class Publisher:
    """Sends what the log has next, and lets time pass. One task at a time."""

    def __init__(self, record: Record, brokers: Brokers, sender: Sender, partitions: int) -> None:
        self._record = record
        self._brokers = brokers
        self._sender = sender
        self._cases = [0] * partitions
        self._log = 0
        self.position = 0
        """Every partition has been told of all up to here."""
        self._recorded_at: Instant = 0
        self._messages = 0

    async def resume(self) -> None:
        """Go on from what Kafka has; DeliveredMore, DeliveredOther, KafkaFailed."""
        cases = await last_parcels(self._brokers, self._brokers.cases, len(self._cases))
        (log,) = await last_parcels(self._brokers, self._brokers.log, 1)
        await asyncio.to_thread(self._go_on, cases, log)

    def _go_on(self, cases: list[Parcel | None], log: Parcel | None) -> None:
        record = self._record
        head = record.head()
        for topic, found in ((self._brokers.cases, cases), (self._brokers.log, [log])):
            for parcel in found:
                if parcel and parcel.to > head:
                    raise DeliveredMore(topic, parcel.to, head)
                if parcel and not is_of(parcel, record.recorded_at):
                    raise DeliveredOther(topic, parcel.to)
        self._cases = [parcel.to if parcel else head for parcel in cases]
        self._log = log.to if log else head
        self.position = min(self._log, *self._cases)
        self._recorded_at = record.recorded_at(self.position)

    async def publish(self, head: int) -> int:
        """Send all up to a position of the log; how many events that were.

        DeliveredMore and DeliveredOther where the log is no longer what it was; KafkaFailed.
        """
        if head < self.position:
            raise DeliveredMore(self._brokers.log, self.position, head)
        count = 0
        while self.position < head:
            batch = await asyncio.to_thread(self._read)
            if not batch:
                break
            await self._publish(batch, batch[-1].position)
            self._recorded_at = batch[-1].recorded_at
            count += len(batch)
        return count

    def _read(self) -> list[Stored]:
        """What comes next, if the log still has what was sent last."""
        if not self.position:
            return self._record.read(0, READ)
        found = self._record.read(self.position - 1, READ)
        if not found or found[0].recorded_at != self._recorded_at:
            raise DeliveredOther(self._brokers.log, self.position)
        return found[1:]

    async def _publish(self, batch: list[Stored], to: int) -> None:
        parcels = []
        for number, events in enumerate(deal(batch, len(self._cases))):
            after = self._cases[number]
            fresh = [each for each in events if each.position > after]
            parcels += [(number, each) for each in wrap(after, to, fresh)]
        fresh = [each for each in batch if each.position > self._log]
        whole = [(0, each) for each in wrap(self._log, to, fresh)]
        await self._send(parcels, whole)
        self._cases = [max(to, after) for after in self._cases]
        self._log = max(to, self._log)
        self.position = to

    async def beat(self, stamp: Instant) -> None:
        """Time has passed up to a stamp, with nothing recorded up to it behind our position."""
        parcels = [(n, Parcel(to, to, stamp)) for n, to in enumerate(self._cases)]
        await self._send(parcels, [(0, Parcel(self._log, self._log, stamp))])

    async def _send(
        self, parcels: list[tuple[int, Parcel]], whole: list[tuple[int, Parcel]]
    ) -> None:
        await self._sender.send(self._brokers.cases, parcels)
        await self._sender.send(self._brokers.log, whole)
        self._messages += len(parcels) + len(whole)

    def take_count(self) -> int:
        """Messages that Kafka has acknowledged since this was last asked."""
        count, self._messages = self._messages, 0
        return count
