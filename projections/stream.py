"""The Faust apps of the cluster: agents of a few lines that call what runs in one process too.

Faust pays for each message and for each write to a table, so events travel in parcels, are judged
in memory, and the table holds states in pages (keeping.py), from which a worker that comes back
goes on. What was committed to Kafka decides nothing: a section knows its own position.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import faust
from faust.exceptions import ConsistencyError
from faust.types import TP, StreamT

from supervision.delivery.kafka import Brokers
from supervision.delivery.parcel import Parcel, decode
from supervision.errors import Unreadable
from supervision.facts import Instant

from .guard import Guard, Silent
from .keeping import COVER
from .sections import Sections, Took

log = logging.getLogger(__name__)

BUFFERED = 64
"""Messages that wait in memory for one worker; a parcel has up to a megabyte."""
PAGE_BYTES = 16 << 20
"""The largest page of a kept state, as its topic takes it."""
RETRY = 2.0
"""Seconds before a parcel that could not be taken in is tried again."""
TOGETHER = 64
"""Parcels whose rows are written in one block."""
WRITE_BUFFER = 4 << 20
"""Bytes that RocksDB gathers for one partition before it writes them out."""

Parcels = Callable[[Sequence[Parcel]], object]


class Memory(NamedTuple):
    """Where RocksDB keeps its files, and how many bytes of them it may cache in all."""

    folder: Path
    cache: int


class Told(NamedTuple):
    """What a section did with a parcel: its partition, its stamp, how far it reaches."""

    partition: int
    stamp: Instant
    position: int
    took: Took


def watch_app(
    brokers: Brokers,
    sections: Sections,
    memory: Memory,
    told: Callable[[Told], Awaitable[None]],
    failed: Callable[[Exception], Awaitable[None]],
    joined: Callable[[], object],
    silent: Silent,
) -> faust.App:
    """The watch over the partitions that Kafka gives this worker.

    `told` hears of each parcel before what follows from it is kept, so that nothing is lost where
    it fails. `failed` hears why one could not be taken in: it is tried again from the kept state,
    unless `failed` raises. `joined` hears when Kafka has dealt partitions, perhaps none to this
    worker; `silent` each second whether Kafka brings nothing.
    """
    app = _app(brokers, "watch", memory.folder)
    topic = app.topic(brokers.cases, value_type=bytes, value_serializer="raw", key_serializer="raw")
    states = app.Table(
        "states",
        partitions=sections.partitions,
        key_type=bytes,
        value_type=bytes,
        options=_rocksdb(memory, sections.partitions),
        extra_topic_configs={"max.message.bytes": str(PAGE_BYTES)},
    )
    given = _Given(app, brokers.cases)
    guard = Guard(app, brokers.cases, silent)
    _on_joining(app, joined)

    async def take(number: int, parcel: Parcel) -> Took | None:
        if given.changed:
            anew, kept = given.anew, {each: _kept(states, each) for each in given.take()}
            await asyncio.to_thread(sections.open, kept, anew=anew)
        if number not in sections:
            return None
        return await asyncio.to_thread(sections.take, number, parcel)

    async def follow(number: int, parcel: Parcel) -> None:
        took = await take(number, parcel)
        if took is None:
            return
        await told(Told(number, parcel.stamp, sections[number].watch.position, took))
        _keep(sections, number, states)

    @app.agent(topic, name="watch")
    async def watch(parcels: StreamT[bytes]) -> None:
        async for event in parcels.events():
            number = event.message.partition
            parcel = _opened(event.value, number, event.message.offset)
            with guard.working():
                while parcel is not None:
                    try:
                        await follow(number, parcel)
                    except Exception as error:  # noqa: BLE001 told, and tried again
                        await failed(error)
                        given.changed = given.anew = True
                        await asyncio.sleep(RETRY)
                    else:
                        break

    return app


def rows_app(
    brokers: Brokers,
    folder: Path,
    take: Parcels,
    within: float,
    joined: Callable[[], object],
    silent: Silent,
) -> faust.App:
    """The whole log in order, some parcels at a time: as many as come `within` seconds.

    `joined` hears when Kafka has dealt the partition, to this worker or to another; `silent` each
    second whether Kafka brings nothing.
    """
    app = _app(brokers, "rows", folder)
    guard = Guard(app, brokers.log, silent)
    _on_joining(app, joined)
    topic = app.topic(brokers.log, value_type=bytes, value_serializer="raw", key_serializer="raw")

    @app.agent(topic, name="rows")
    async def rows(parcels: StreamT[bytes]) -> None:
        async for some in parcels.take(TOGETHER, within=within):
            opened = [parcel for each in some if (parcel := _opened(each, 0, -1)) is not None]
            with guard.working():
                await asyncio.to_thread(take, opened)

    return app


def _on_joining(app: faust.App, joined: Callable[[], object]) -> None:
    async def on_assigned(app: Any, /, *partitions: set[TP], **_: Any) -> None:
        joined()

    app.on_partitions_assigned.connect(on_assigned)


class _Given:
    """The partitions of one topic that this worker has, and whether that has changed; `anew`:
    what is in memory of them may be half done, as after an error, or an app that was cancelled.
    """

    def __init__(self, app: faust.App, topic: str) -> None:
        self._app = app
        self._topic = topic
        self.changed = self.anew = True
        app.on_partitions_assigned.connect(self._on_change)
        app.on_partitions_revoked.connect(self._on_change)

    async def _on_change(self, app: Any, /, *partitions: set[TP], **_: Any) -> None:
        self.changed = True

    def partitions(self) -> set[int]:
        """Their numbers."""
        given = self._app.consumer.assignment()
        return {each.partition for each in given if each.topic == self._topic}

    def take(self) -> list[int]:
        """Their numbers, and the change is known."""
        self.changed = self.anew = False
        return sorted(self.partitions())


def _opened(data: bytes, partition: int, offset: int) -> Parcel | None:
    """The parcel, or nothing: what it was to bring is missing, and will be read from the log."""
    try:
        return decode(data)
    except Unreadable as error:
        where = {"partition": partition, "offset": offset, "why": str(error)}
        log.error("a message is set aside; what it was to bring is read from the log", extra=where)
        return None


def _keep(sections: Sections, number: int, states: Any) -> None:
    """What is to be kept of a partition now, into the table."""
    for key, value in sections[number].keep():
        states[key] = value
        if key == COVER:
            log.info("a state is kept", extra={"partition": number})


def _kept(states: Any, partition: int) -> Callable[[bytes], bytes | None]:
    """The states that are kept of a partition. Faust itself reads a table only for the partition
    of the message at hand, and all are opened at once.
    """
    get: Callable[[bytes], bytes | None] = states.data._db_for_partition(partition).get
    return get


def _rocksdb(memory: Memory, partitions: int) -> dict[str, Any]:
    """RocksDB's own defaults are 2 GiB of cache and 192 MiB of buffers for each partition."""
    return {
        "driver": "rocksdict",
        "block_cache_size": max(memory.cache // partitions, 1 << 20),
        "write_buffer_size": WRITE_BUFFER,
        "max_write_buffer_number": 2,
        "target_file_size_base": 4 * WRITE_BUFFER,
        "max_open_files": 64,
    }


def _app(brokers: Brokers, role: str, folder: Path) -> faust.App:
    return faust.App(
        f"{brokers.prefix}-{role}",
        broker=[f"kafka://{server}" for server in brokers.servers.split(",")],
        broker_credentials=_credentials(brokers),
        store="rocksdb://",
        datadir=str(folder),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=PAGE_BYTES,
        producer_max_request_size=PAGE_BYTES,
        stream_buffer_maxsize=BUFFERED,
        stream_wait_empty=False,
        broker_session_timeout=10,
        broker_heartbeat_interval=2,
        broker_rebalance_timeout=60,
        broker_max_poll_interval=3_600,
        broker_commit_interval=2.0,
    )


def _credentials(brokers: Brokers) -> Any:
    options = brokers.options
    context = options.get("ssl_context")
    if brokers.protocol.startswith("SASL"):
        return faust.SASLCredentials(
            mechanism=brokers.mechanism,
            username=brokers.username,
            password=brokers.password,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None


async def run(make: Callable[[], faust.App], stop: asyncio.Event) -> None:
    """Run an app until told to stop; one that crashed raises what it crashed of.

    Where Kafka has less than the tables here, as when it was emptied, these are forgotten, and the
    app is to be run again.
    """
    app = make()
    living = asyncio.ensure_future(_live(app))
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([living, asked], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in (living, asked):
            each.cancel()
        await app.stop()
    if living.done() and not living.cancelled():
        living.result()
    if isinstance(app.crash_reason, ConsistencyError):
        _forget_tables(app)
    elif app.crash_reason is not None:
        raise app.crash_reason


async def _live(app: faust.App) -> None:
    await app.start()
    await app.wait_until_stopped()


def _forget_tables(app: faust.App) -> None:
    """Remove the files of RocksDB, and nothing beside them."""
    folder = Path(app.conf.tabledir)
    log.warning(
        "Kafka has less than was kept here: the kept states are removed and made anew from the log",
        extra={"folder": str(folder)},
    )
    rmtree(folder)
