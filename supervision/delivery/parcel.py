"""Parcels: what one message says of the log to one partition. Pure.

A parcel speaks of the positions (after, to]: it holds every event of them that its partition is
concerned with, whole transactions, in order. Parcels of a partition follow on one another without
a gap, so a receiver that knows its own position skips what is older, trims what overlaps, and sees
what is missing, whoever sent it and however often (design: rule 6). `stamp` lets time pass:
nothing that was recorded up to it lies behind `to`.

As bytes: MessagePack of [FORM, after, to, stamp, events], an event being the fields of Stored, and
events nil where they are too many for a message: those are read from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import lt
from typing import NamedTuple
from zlib import crc32

import msgspec
from msgspec import Struct

from ..errors import TooNew, Unreadable
from ..facts import Instant
from ..store.stored import Stored
from ..streams import LISTS, case_name

FORM = 1
"""Of the bytes; a receiver refuses a newer one, and reads the log instead."""
MOST_BYTES = 900_000
"""Of the events of one parcel, so that a message stays below Kafka's usual limit of 1 MiB."""
EVENT_BYTES = 64
"""What an event takes beside its texts and payload, as an upper bound."""


class Parcel(NamedTuple):
    """The events of (after, to], None where they must be read; `stamp` in µs, 0 for no word."""

    after: int
    to: int
    stamp: Instant = 0
    events: Sequence[Stored] | None = ()


class _Form(Struct, array_like=True, frozen=True):
    form: int
    after: int
    to: int
    stamp: int
    events: list[tuple[int, str, int, str, int, bytes]] | None


class _Begin(Struct, array_like=True, frozen=True):
    """What every form begins with."""

    form: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Form)
_begin_decoder = msgspec.msgpack.Decoder(_Begin)


def encode(parcel: Parcel) -> bytes:
    """The parcel as bytes."""
    return _encoder.encode((FORM, *parcel))


def decode(data: bytes | None) -> Parcel:
    """The parcel again; TooNew for a newer form, Unreadable for what is none, nothing included."""
    data = data or b""
    try:
        read = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        with suppress(msgspec.MsgspecError):
            _check(_begin_decoder.decode(data).form)
        raise Unreadable("a parcel", str(error)) from error
    _check(read.form)
    if not 0 <= read.after <= read.to or read.stamp < 0:
        raise Unreadable("a parcel", f"it speaks of ({read.after}, {read.to}]")
    events = None if read.events is None else [Stored(*each) for each in read.events]
    places = [read.after, *(each.position for each in events or ())]
    if not all(map(lt, places, places[1:])) or places[-1] > read.to:
        raise Unreadable("a parcel", f"it holds events that are not of ({read.after}, {read.to}]")
    return Parcel(read.after, read.to, read.stamp, events)


def _check(form: int) -> None:
    if form != FORM:
        raise TooNew(f"a parcel of form {form}")


def is_of(parcel: Parcel, recorded_at: Callable[[int], Instant]) -> bool:
    """Whether a parcel speaks of the log that recorded its events at those instants (0: has none).

    A log that was restored from an older copy, and went on, recorded others at the same positions.
    """
    if parcel.stamp and recorded_at(parcel.to) > parcel.stamp:
        return False
    last = parcel.events[-1] if parcel.events else None
    return last is None or recorded_at(last.position) == last.recorded_at


def partition_of(stream: str, partitions: int) -> int | None:
    """The partition of a case's stream, the same for all its streams; None for all others.

    CRC-32 of "case/SOURCE/CASE_NO": kept for good, because kept states depend on it.
    """
    name = case_name(stream)
    return None if name is None else crc32(name.encode()) % partitions


def concerned(batch: Iterable[Stored], partition: int, partitions: int) -> list[Stored]:
    """The events that a partition is given: those of its cases, and every list."""
    return [
        each
        for each in batch
        if partition_of(each.stream, partitions) == partition or each.stream.startswith(LISTS)
    ]


def deal(batch: Iterable[Stored], partitions: int) -> list[list[Stored]]:
    """The same for all partitions at once: the n-th list is partition n's."""
    dealt: list[list[Stored]] = [[] for _ in range(partitions)]
    for each in batch:
        partition = partition_of(each.stream, partitions)
        if partition is not None:
            dealt[partition].append(each)
        elif each.stream.startswith(LISTS):
            for pile in dealt:
                pile.append(each)
    return dealt


def wrap(after: int, to: int, events: Sequence[Stored], most: int = MOST_BYTES) -> Iterator[Parcel]:
    """The parcels that carry events of (after, to]: as many as the bytes need, none in the middle
    of a transaction. A transaction too large for one is left to be read.
    """
    held: list[Stored] = []
    size = 0
    for _, whole in groupby(events, key=lambda each: each.recorded_at):
        transaction = list(whole)
        weight = sum(map(_bytes_of, transaction))
        if held and size + weight > most:
            yield Parcel(after, held[-1].position, 0, held)
            after, held, size = held[-1].position, [], 0
        if weight > most:
            yield Parcel(after, transaction[-1].position, 0, None)
            after = transaction[-1].position
            continue
        held += transaction
        size += weight
    if held or to > after:
        yield Parcel(after, to, 0, held)


def _bytes_of(stored: Stored) -> int:
    return EVENT_BYTES + 4 * len(stored.stream) + len(stored.topic) + len(stored.payload)
