"""Events to bytes and back, and the one byte form of a stored envelope.

**Kept for good.** A topic is "Name/version". A payload is the event as JSON in UTF-8 without
blanks: fields in declared order, fields at their default left out, keys of dictionaries sorted,
instants in RFC 3339 with the offset that was reported. The envelope is a JSON object with the keys
stream, version, position, topic, recorded_at and payload, in this order, without blanks;
recorded_at is RFC 3339 in UTC with six decimals, and payload is the payload's bytes unchanged.
What is hashed, signed and proved is this form; tests/golden holds one of every kind.

A change of an event raises its version in VERSIONS and adds a step to UPCASTS, which is applied on
reading only: stored bytes never change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from msgspec import Struct

from ..access.events import ACCESS_EVENTS
from ..acts import CARD_ACTS, DESK_ACTS
from ..errors import TooNew, Unreadable
from ..facts import EPOCH, FACTS, Instant
from ..lists import LISTS
from ..notices import NOTICES
from ..system import SYSTEM

Upcast = Callable[[dict[str, Any]], dict[str, Any]]

KINDS: dict[str, type[Struct]] = {
    **FACTS, **CARD_ACTS, **DESK_ACTS, **LISTS, **SYSTEM, **ACCESS_EVENTS, **NOTICES
}  # fmt: skip
"""Stable name of every event that the log may hold."""

VERSIONS: dict[str, int] = {}
"""Current version of an event's form; 1 where nothing is said."""

UPCASTS: dict[tuple[str, int], Upcast] = {}
"""From version n of a name to version n + 1, on the decoded JSON."""


class Codec:
    """Encodes the events of a table, and decodes what any version of it wrote."""

    def __init__(
        self,
        kinds: Mapping[str, type[Struct]] = KINDS,
        versions: Mapping[str, int] = VERSIONS,
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self._kinds = kinds
        self._versions = {name: versions.get(name, 1) for name in kinds}
        self._upcasts = upcasts
        self._topics = {cls: f"{name}/{self._versions[name]}" for name, cls in kinds.items()}
        self._decoders = {topic: msgspec.json.Decoder(cls) for cls, topic in self._topics.items()}
        self._encode = msgspec.json.Encoder(order="deterministic").encode

    def encode(self, event: Struct) -> tuple[str, bytes]:
        """Topic and payload; the same event always gives the same bytes."""
        return self._topics[type(event)], self._encode(event)

    def decode(self, topic: str, payload: bytes) -> Struct:
        """The event in its current form.

        TooNew: the name or its version is unknown here. Unreadable: the bytes are not that event.
        """
        decoder = self._decoders.get(topic)
        try:
            if decoder is None:
                return self._decode_older(topic, payload)
            return decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unreadable(topic, str(error)) from error

    def _decode_older(self, topic: str, payload: bytes) -> Struct:
        name, _, digits = topic.rpartition("/")
        if name not in self._kinds or not digits.isdecimal():
            raise TooNew(topic)
        version, current = int(digits), self._versions[name]
        if version > current:
            raise TooNew(topic)
        says = msgspec.json.decode(payload, type=dict[str, Any])
        for step in range(version, current):
            says = self._upcast(name, step)(says)
        return msgspec.convert(says, self._kinds[name])

    def _upcast(self, name: str, version: int) -> Upcast:
        try:
            return self._upcasts[name, version]
        except KeyError:
            raise Unreadable(f"{name}/{version}", "no step leads to the next version") from None


CODEC = Codec()
encode = CODEC.encode
decode = CODEC.decode


def moment(at: Instant) -> datetime:
    """The instant (µs since 1970 in UTC) as an aware datetime in UTC."""
    return EPOCH.astimezone(UTC) + timedelta(microseconds=at)


def canonical(
    stream: str, version: int, position: int, topic: str, recorded_at: Instant, payload: bytes
) -> bytes:
    """The one byte form of a stored envelope, kept for good (see the module's docstring)."""
    at = moment(recorded_at).replace(tzinfo=None).isoformat(timespec="microseconds")
    return (
        b'{"stream":%b,"version":%d,"position":%d,"topic":%b,"recorded_at":"%bZ","payload":%b}'
        % (
            msgspec.json.encode(stream),
            version,
            position,
            msgspec.json.encode(topic),
            at.encode(),
            payload,
        )
    )


class Placed(Struct, frozen=True):
    """An event with its place in a stream, as the eventsourcing library wants to see it."""

    originator_id: str
    originator_version: int
    event: Struct


class RecordMapper(Mapper[str]):
    """The library's mapper, by stable names; compression and cipher are not for the log."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """A Placed event as topic and payload."""
        topic, payload = encode(domain_event.event)
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=topic,
            state=payload,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """A Placed event from topic and payload, in its current form."""
        return Placed(
            str(stored_event.originator_id),
            stored_event.originator_version,
            decode(stored_event.topic, stored_event.state),
        )


class NullTranscoder(Transcoder):
    """The mapper encodes by itself; nothing may come through here."""

    def encode(self, obj: Any) -> bytes:
        """Never called."""
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        """Never called."""
        raise NotImplementedError
