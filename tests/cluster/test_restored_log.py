"""A log that was restored from an older copy: what Kafka holds of the other is no use.

A follower that had its later events would take the new ones for those.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from supervision.clock import SteppedClock
from supervision.delivery.kafka import Brokers, Sender, make_topics
from supervision.delivery.publisher import DeliveredMore, DeliveredOther, Publisher
from supervision.record import Incoming, Record
from tests.court import at, fact
from tools.services import Kafka

pytestmark = pytest.mark.cluster

PARTITIONS = 3
START = at("2026-03-02 09:00")
MINUTE = 60_000_000


class Place:
    """A log in a folder, its clock, and the topics of its own."""

    def __init__(self, folder: Path, kafka: Kafka) -> None:
        self.clock = SteppedClock(START)
        self.folder = folder
        self.brokers = Brokers(kafka.bootstrap, f"restored-{folder.parent.name}")
        self.count = 0

    def open(self, folder: Path | None = None) -> Record:
        """The log, or a copy of it."""
        return Record(folder or self.folder, self.clock)

    def tell(self, record: Record, facts: int) -> None:
        """So many facts, each a minute after the other."""
        for _ in range(facts):
            self.count += 1
            self.clock.set(START + self.count * MINUTE)
            said = fact("CaseAccepted", "2026-03-02", id=f"F{self.count}", case_no=f"C{self.count}")
            record.append_facts([Incoming(said)])

    def copy(self) -> Path:
        """A backup of the folder as it is."""
        copy = self.folder.with_name("copy")
        shutil.copytree(self.folder, copy)
        return copy


@pytest.fixture
def place(tmp_path: Path, kafka: Kafka) -> Place:
    """A log of one fact, and topics to which that time has passed was told."""
    made = Place(tmp_path / "home", kafka)
    asyncio.run(make_topics(made.brokers, PARTITIONS))
    with closing(made.open()) as record:
        made.tell(record, 1)
        asyncio.run(published(made, record, beat=True))
    return made


async def published(place: Place, record: Any, *, beat: bool) -> Publisher:
    """A publisher that has sent all that there is, and perhaps that time has passed."""
    async with Sender(place.brokers) as sender:
        publisher = Publisher(record, place.brokers, sender, PARTITIONS)
        await publisher.resume()
        stamp, head = record.heartbeat()
        await publisher.publish(head)
        if beat:
            await publisher.beat(stamp)
        return publisher


@pytest.mark.parametrize("beat", [True, False])
def test_the_same_log_is_gone_on_with(place: Place, beat: bool) -> None:
    """The next publisher sends what is new."""
    with closing(place.open()) as record:
        place.tell(record, 4)
        asyncio.run(published(place, record, beat=beat))
        place.tell(record, 2)
        assert asyncio.run(published(place, record, beat=beat)).position == 7


@pytest.mark.parametrize("beat", [True, False])
@pytest.mark.parametrize(("more", "refused"), [(0, DeliveredMore), (5, DeliveredOther)])
def test_a_restored_log_is_refused_with_what_to_do(
    place: Place, more: int, refused: type[Exception], beat: bool
) -> None:
    """Shorter than what was sent, or gone on since."""
    with closing(place.open()) as record:
        place.tell(record, 4)
        copy = place.copy()
        place.tell(record, 3)
        asyncio.run(published(place, record, beat=beat))
    with closing(place.open(copy)) as record:
        place.tell(record, more)
        with pytest.raises(refused, match=r"restored from an older copy.*delete the topics"):
            asyncio.run(published(place, record, beat=beat))


class Replaced:
    """A record whose server may come back with another log."""

    def __init__(self, there: Record) -> None:
        self.there = there

    def __getattr__(self, name: str) -> Any:
        return getattr(self.there, name)


@pytest.mark.parametrize(("more", "refused"), [(0, DeliveredMore), (5, DeliveredOther)])
def test_a_log_that_is_restored_under_a_publisher_is_noticed(
    place: Place, more: int, refused: type[Exception]
) -> None:
    """It runs on while PostgreSQL is away and comes back older."""

    async def run(first: Record, then: Record) -> None:
        async with Sender(place.brokers) as sender:
            log = Replaced(first)
            publisher = Publisher(log, place.brokers, sender, PARTITIONS)  # type: ignore[arg-type]
            await publisher.resume()
            await publisher.publish(first.head())
            log.there = then
            with pytest.raises(refused):
                await publisher.publish(then.head())

    with closing(place.open()) as first:
        place.tell(first, 4)
        copy = place.copy()
        place.tell(first, 3)
        with closing(place.open(copy)) as then:
            place.tell(then, more)
            asyncio.run(run(first, then))
