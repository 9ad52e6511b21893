"""A docket as packed bytes: what the watch keeps of a case that is not being worked on."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from supervision.facts import Fact, Known, known
from supervision.judgement.cards import Card
from supervision.judgement.docket import Docket
from supervision.store.mapping import decode, encode

LEVEL = 1
"""zlib's fastest: the envelope fields of a case's facts repeat."""


class Packed(msgspec.Struct, array_like=True, frozen=True):
    """The state of a docket: positions, instants, facts as (topic, payload, known_at, position)."""

    position: int
    imported_at: int
    judged_at: int
    next_at: int
    open: bool
    facts: list[tuple[str, bytes, int, int]]
    cards: list[Card]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Packed)


def pack(docket: Docket) -> bytes:
    """The docket in a few hundred bytes."""
    facts = [(*encode(k.fact), k.known_at, k.position) for k in docket.facts]
    cards = list(docket.cards.values())
    packed = Packed(
        docket.position,
        docket.imported_at,
        docket.judged_at,
        docket.next_at,
        docket.open,
        facts,
        cards,
    )
    return zlib.compress(_encoder.encode(packed), LEVEL)


def unpack(data: bytes) -> Docket:
    """The docket again; it is not judged anew."""
    packed = _decoder.decode(zlib.decompress(data))
    docket = Docket(packed.position)
    docket.imported_at = packed.imported_at
    docket.facts = [_known(*each) for each in packed.facts]
    docket.cards = {card.card: card for card in packed.cards}
    docket.judged_at, docket.next_at = packed.judged_at, packed.next_at
    docket.open = packed.open
    return docket


def _known(topic: str, payload: bytes, known_at: int, position: int) -> Known:
    event: Any = decode(topic, payload)
    assert isinstance(event, Fact)
    return known(event, known_at, position)
