"""What comes over an SMPP connection, byte by byte, odd and broken."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.port import Reply
from alerts.channels.smpp_link import Link, LinkClosed
from alerts.channels.smpp_texts import told

NACK, DELIVER, DELIVER_RESP, ENQUIRE, ENQUIRE_RESP = (
    0x80000000, 0x00000005, 0x80000005, 0x00000015, 0x80000015,
)  # fmt: skip


class Wire(asyncio.Transport):
    """Keeps what a link writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[tuple[int, ...]] = []
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Command, status and sequence of each unit."""
        self.written.append(struct.unpack(">LLL", bytes(data)[4:16]))

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


@pytest.fixture
def wire() -> Wire:
    """One connection's end."""
    return Wire()


@pytest.fixture
def link(wire: Wire) -> Link:
    """Connected."""
    made = Link()
    made.connection_made(wire)
    return made


def unit(command: int, body: bytes = b"", sequence: int = 7) -> bytes:
    """As it goes over the wire."""
    return struct.pack(">LLLL", 16 + len(body), command, 0, sequence) + body


def deliver(text: bytes = b"OK", fields: bytes = b"", sequence: int = 7) -> bytes:
    """A deliver_sm."""
    head = b"\x00\x01\x018613800138000\x00\x00\x00wall\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    return unit(DELIVER, head + bytes([len(text)]) + text + fields, sequence)


def test_units_are_read_whatever_the_pieces(link: Link) -> None:
    """TCP knows no units."""
    for octet in deliver(b"one") + deliver(b"two", sequence=8):
        link.data_received(bytes([octet]))
    assert [b"one", b"two"] == [each.short_message for each in link.delivered]


def test_nothing_is_acknowledged_before_somebody_takes_note(link: Link, wire: Wire) -> None:
    """Then under the number that the other side gave it."""
    link.data_received(deliver(sequence=4711))
    assert [] == wire.written
    link.take_note(link.delivered.popleft())
    assert [(DELIVER_RESP, 0, 4711)] == wire.written


def test_whoever_asks_whether_somebody_is_there_is_answered(link: Link, wire: Wire) -> None:
    """Under its number."""
    link.data_received(unit(ENQUIRE, sequence=99))
    assert [(ENQUIRE_RESP, 0, 99)] == wire.written


@pytest.mark.parametrize(
    "fields",
    [b"\x02\x10\x00\x01\x34", b"\x14\x99\x00\x02ab"],
    ids=["a field of other units", "a gateway's own field"],
)
def test_an_optional_field_that_is_out_of_place_loses_no_receipt(link: Link, fields: bytes) -> None:
    """It is overlooked."""
    link.data_received(deliver(b"id:1 stat:DELIVRD", fields))
    assert [b"id:1 stat:DELIVRD"] == [each.short_message for each in link.delivered]


def test_what_is_no_command_is_said_to_be_none(link: Link, wire: Wire) -> None:
    """generic_nack, invalid command id; and the next unit is read."""
    link.data_received(unit(0x00000777, b"?", sequence=5) + deliver())
    assert [(NACK, 3, 5)] == wire.written
    assert 1 == len(link.delivered)


@pytest.mark.parametrize("length", [0, 15, 1 << 20, 0xFFFFFFFF])
def test_a_length_that_is_none_ends_the_connection(link: Link, wire: Wire, length: int) -> None:
    """Nobody waits for four gigabytes."""
    link.data_received(struct.pack(">LLLL", length, DELIVER, 0, 1))
    assert (True, True) == (link.lost, wire.aborted)


def test_a_connection_that_has_ended_takes_no_question() -> None:
    """It is known that nothing was handed over."""

    async def asked_too_late() -> None:
        link = Link()
        link.connection_made(Wire())
        link.connection_lost(None)
        await link.ask("enquire_link")

    with pytest.raises(LinkClosed):
        asyncio.run(asked_too_late())


@given(st.lists(st.one_of(st.binary(max_size=60), st.builds(deliver, st.binary(max_size=20)))))
def test_no_octets_break_a_link(pieces: list[bytes]) -> None:
    """It answers, delivers or ends; it never raises."""
    link = Link()
    link.connection_made(Wire())
    for piece in pieces:
        link.data_received(piece)


@given(st.binary(max_size=80), st.sampled_from([DELIVER, 0x80000004, 0x80000009, 0x00000102]))
def test_no_body_breaks_a_link(body: bytes, command: int) -> None:
    """Whatever stands in a unit of a known kind, or is missing; what is delivered is read."""
    link = Link()
    link.connection_made(Wire())
    link.data_received(unit(command, body))
    link.data_received(deliver(b"next"))
    last = [told(each) for each in link.delivered][-1]
    assert Reply("+8613800138000", "next") == last
