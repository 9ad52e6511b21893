"""Apache Kafka as the carrier of parcels: topics, what stands in them, and sending.

Two topics: PREFIX.cases with a partition for each section of the city, and PREFIX.log with one, for
followers that need the whole log in order. A topic that somebody made with other partitions is
refused: cases would change their section.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ssl import create_default_context
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError as DriverError
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from ..errors import SupervisionError, Unreadable
from .parcel import Parcel, decode, encode

KEPT_FOR = 7 * 24 * 3_600_000
"""Milliseconds for which parcels stay in Kafka: what is older is read from the log."""
TIMEOUT = 10_000
"""Milliseconds before a broker that does not answer is given up."""
STOP = 2.0
"""Seconds that a producer has to send the last of what it was given."""
LINGER = 5
"""Milliseconds that a parcel may wait for others."""


class KafkaFailed(SupervisionError):
    """The brokers did not do what was asked of them; it is tried again."""

    retry = True

    def __init__(self, brokers: str, why: object) -> None:
        super().__init__(
            f"Kafka at {brokers}: {why}; what was not sent stands in the log and is sent later"
        )


class WrongPartitions(SupervisionError):
    """Somebody made the topic with other partitions."""

    def __init__(self, topic: str, found: int, wanted: int) -> None:
        super().__init__(
            f"the topic {topic} has {found} partitions, {wanted} are set: set partitions to "
            f"{found}, or stop all workers and delete the topic, so that it is made anew"
        )


class Brokers(NamedTuple):
    """Where Kafka is, how to speak to it, and what its topics begin with."""

    servers: str
    prefix: str = "supervision"
    protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    mechanism: str = "SCRAM-SHA-256"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    replicas: int = 1
    """Brokers that hold each parcel."""

    @property
    def cases(self) -> str:
        """The topic that the watch follows."""
        return f"{self.prefix}.cases"

    @property
    def log(self) -> str:
        """The topic that holds the whole log in order."""
        return f"{self.prefix}.log"

    @property
    def options(self) -> dict[str, Any]:
        """What every client of the driver is made with."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.servers.split(","),
            "security_protocol": self.protocol,
            "request_timeout_ms": TIMEOUT,
        }
        if self.protocol.endswith("SSL"):
            found["ssl_context"] = create_default_context(cafile=self.ca_file or None)
        if self.protocol.startswith("SASL"):
            found["sasl_mechanism"] = self.mechanism
            found["sasl_plain_username"] = self.username
            found["sasl_plain_password"] = self.password
        return found


@asynccontextmanager
async def translated(brokers: Brokers) -> AsyncIterator[None]:
    """Raise the driver's errors as ours."""
    try:
        yield
    except (DriverError, OSError) as error:
        raise KafkaFailed(brokers.servers, str(error) or type(error).__name__) from error


async def make_topics(brokers: Brokers, partitions: int) -> None:
    """Make the topics that are not there; WrongPartitions, KafkaFailed."""
    wanted = {brokers.cases: partitions, brokers.log: 1}
    config = {"retention.ms": str(KEPT_FOR), "cleanup.policy": "delete"}
    async with translated(brokers):
        admin = AIOKafkaAdminClient(**brokers.options)
        try:
            await admin.start()
            there = set(await admin.list_topics())
            missing = [
                NewTopic(name, count, brokers.replicas, topic_configs=config)
                for name, count in wanted.items()
                if name not in there
            ]
            if missing:
                await _create(admin, missing)
            for found in await admin.describe_topics(list(wanted)):
                name, count = found["topic"], len(found["partitions"])
                if count and count != wanted[name]:
                    raise WrongPartitions(name, count, wanted[name])
        finally:
            await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[NewTopic]) -> None:
    answer = await admin.create_topics(list(topics))
    for _, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error not in (NoError, TopicAlreadyExistsError):
            raise error


async def last_parcels(brokers: Brokers, topic: str, partitions: int) -> list[Parcel | None]:
    """The last parcel of each partition, None where there is none that can be read."""
    async with translated(brokers):
        consumer = AIOKafkaConsumer(**brokers.options, enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(partitions)]
            consumer.assign(places)
            begins = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            return [await _last(consumer, each, begins[each], ends[each]) for each in places]
        finally:
            await consumer.stop()


async def _last(
    consumer: AIOKafkaConsumer, place: TopicPartition, begin: int, end: int
) -> Parcel | None:
    if end == begin:
        return None
    consumer.seek(place, end - 1)
    found = await consumer.getmany(place, timeout_ms=TIMEOUT, max_records=1)
    for message in found.get(place, ()):
        try:
            return decode(message.value)
        except Unreadable:
            return None
    return None


class Sender:
    """An idempotent producer: what it sends to a partition stands there once and in order."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._producer = AIOKafkaProducer(
            **brokers.options,
            enable_idempotence=True,
            acks="all",
            linger_ms=LINGER,
            max_request_size=8 << 20,
        )

    async def __aenter__(self) -> Sender:
        async with translated(self._brokers):
            await self._producer.start()
        return self

    async def __aexit__(self, *failed: object) -> None:
        """Stop, whether the brokers answer or not: the producer itself would try for ever."""
        producer = self._producer
        async with translated(self._brokers):
            stopping = asyncio.ensure_future(producer.stop())
            await asyncio.wait([stopping], timeout=STOP)
            if not stopping.done():
                producer._sender.sender_task.cancel()
            await stopping

    async def send(self, topic: str, parcels: Sequence[tuple[int, Parcel]]) -> None:
        """Send parcels to partitions; returns when the brokers have all of them. KafkaFailed, also
        where they do not answer in time.
        """
        try:
            async with asyncio.timeout(TIMEOUT / 1000), translated(self._brokers):
                await self._send(topic, parcels)
        except TimeoutError as error:
            why = f"no answer within {TIMEOUT // 1000} s"
            raise KafkaFailed(self._brokers.servers, why) from error

    async def _send(self, topic: str, parcels: Sequence[tuple[int, Parcel]]) -> None:
        waiting = [
            await self._producer.send(topic, encode(parcel), partition=number)
            for number, parcel in parcels
        ]
        await asyncio.gather(*waiting)
