"""The leaf hashes of rows of the log, many at a time, at the places they stand or once stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

import msgspec

from supervision.store.mapping import canonical, moment
from supervision.store.stored import Stored

from .merkle import leaf_hash

NO_HASH = b""
"""Of a row that is no event: a number that is a text, a time beyond all calendars."""
FORM = b'\0{"stream":%b,"version":%d,"position":%d,"topic":%b,"recorded_at":"%bZ","payload":%b}'
"""canonical() behind the byte that marks a leaf, five times as fast for rows of one transaction."""


def hashes(rows: Sequence[Stored], position: int, versions: Mapping[str, int]) -> list[bytes]:
    """The hash of each row as if the first stood at `position` and the others behind it.

    versions: by how much the versions of a stream are to be raised, of those that were renumbered.
    """
    try:
        return _fast(rows, position, versions)
    except (TypeError, ValueError, OverflowError):
        numbered = enumerate(rows, position)
        return [rehashed(row, at, version=_moved(row, versions)) for at, row in numbered]


def _moved(row: Stored, versions: Mapping[str, int]) -> int:
    return row.version + versions.get(row.stream, 0) if row.version.__class__ is int else 0


def _fast(rows: Sequence[Stored], position: int, versions: Mapping[str, int]) -> list[bytes]:
    encode, digest, form = msgspec.json.encode, sha256, FORM
    topics: dict[str, bytes] = {}
    made: list[bytes] = []
    last, said = None, b""
    for _, stream, version, topic, at, payload in rows:
        if at != last:
            last, said = at, _time(at)
        if (told := topics.get(topic)) is None:
            told = topics[topic] = encode(topic)
        if version.__class__ is not int or stream.__class__ is not str:
            raise TypeError
        if versions:
            version += versions.get(stream, 0)
        text = form % (encode(stream), version, position, told, said, payload)
        made.append(digest(text).digest())
        position += 1
    return made


def _time(at: int) -> bytes:
    if at.__class__ is not int:
        raise TypeError
    return moment(at).replace(tzinfo=None).isoformat(timespec="microseconds").encode()


def rehashed(
    row: Stored, position: int, *, version: int | None = None, recorded_at: int | None = None
) -> bytes:
    """The hash that a row would have there; NO_HASH where it is no event."""
    stood = row.version if version is None else version
    at = row.recorded_at if recorded_at is None else recorded_at
    if not all(each.__class__ is int for each in (row.version, stood, row.recorded_at, at)):
        return NO_HASH
    if row.stream.__class__ is not str or row.topic.__class__ is not str:
        return NO_HASH
    try:
        return leaf_hash(canonical(row.stream, stood, position, row.topic, at, row.payload))
    except (TypeError, ValueError, OverflowError):
        return NO_HASH


def placed(row: Stored, versions: Mapping[str, int]) -> Callable[[int], bytes]:
    """The hash that a row would have at any position; as for hashes."""
    whole = leaf_text(row, _moved(row, versions))
    if whole is None:
        return lambda _: NO_HASH
    head, tail = whole
    return lambda position: sha256(b"%b%d%b" % (head, position, tail)).digest()


def leaf_text(row: Stored, version: int) -> tuple[bytes, bytes] | None:
    """What is hashed, before and behind the position; None where the row is no event."""
    if row.stream.__class__ is not str or row.topic.__class__ is not str:
        return None
    try:
        topic, said = msgspec.json.encode(row.topic), _time(row.recorded_at)
        stream = msgspec.json.encode(row.stream)
        head = b'\0{"stream":%b,"version":%d,"position":' % (stream, version)
        return head, b',"topic":%b,"recorded_at":"%bZ","payload":%b}' % (topic, said, row.payload)
    except (TypeError, ValueError, OverflowError):
        return None
