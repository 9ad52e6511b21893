"""A connection that speaks SMPP 3.4: requests and their answers, and what the other side asks.

The forms of its units are smpplib's (`smpplib.smpp`). Its client is not used: it waits without an
end in all, checks no certificate's name, reads lengths of any size, misses what TLS has already
decrypted, cuts fields that are too long without a word, and logs texts and passwords.

Everything happens on the loop of whoever owns the link, which need not run all the time: what came
meanwhile is read when it runs again.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from contextlib import suppress
from typing import Any, cast

from smpplib import consts, pdu, smpp
from smpplib.client import SimpleSequenceGenerator
from smpplib.exceptions import UnknownCommandError

LONGEST = 1 << 16
"""Bytes of a unit; above the standard's largest, below what would be a nuisance."""
HEADER = 16
TURNS = 3
"""Rounds of the loop in which it sees all that the kernel has, an end included."""

Unit = Any
"""A unit of smpplib, which ships no types."""


class LinkLost(Exception):
    """The connection ended before an answer came, or what came over it was no SMPP."""


class LinkClosed(LinkLost):
    """It had ended before: nothing was sent by it."""


class Link(asyncio.Protocol):
    """One connection. `delivered` holds the deliver_sm that nobody took yet, in order."""

    def __init__(self) -> None:
        self.delivered: deque[Unit] = deque()
        self._ended = False
        self._numbers = SimpleSequenceGenerator()
        self._waiting: dict[int, asyncio.Future[Unit]] = {}
        self._came = bytearray()
        self._transport: asyncio.Transport | None = None

    @property
    def lost(self) -> bool:
        """Whether nothing more goes by it."""
        return self._ended or (self._transport is not None and self._transport.is_closing())

    async def ask(self, command: str, **fields: object) -> Unit:
        """Send a request and wait for its answer; LinkLost, LinkClosed."""
        unit = smpp.make_pdu(command, client=self._numbers, **fields)
        answer = self._waiting[unit.sequence] = asyncio.get_running_loop().create_future()
        try:
            self._write(unit)
            return await answer
        finally:
            del self._waiting[unit.sequence]

    def take_note(self, delivered: Unit) -> None:
        """Tell the other side that a deliver_sm need not be told again."""
        self._answer("deliver_sm_resp", delivered.sequence)

    def cut(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.abort()
        self._end()

    async def turn(self) -> None:
        """Read what came, without waiting for more."""
        for _ in range(TURNS):
            await asyncio.sleep(0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """For asyncio."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """For asyncio: units, in pieces of any size."""
        self._came += data
        while not self.lost and len(self._came) >= HEADER:
            length = int.from_bytes(self._came[:4])
            if not HEADER <= length <= LONGEST:
                self.cut()
            if self.lost or len(self._came) < length:
                return
            whole = bytes(self._came[:length])
            del self._came[:length]
            self._read(whole)

    def connection_lost(self, error: Exception | None) -> None:
        """For asyncio."""
        self._end()

    def _read(self, whole: bytes) -> None:
        """One unit; one that cannot be read is answered as such, as the standard wants."""
        sequence = int.from_bytes(whole[12:HEADER])
        try:
            self._take(self._parsed(whole))
        except UnknownCommandError:
            self._answer("generic_nack", sequence, consts.SMPP_ESME_RINVCMDID)
        except (struct.error, ValueError, LookupError, TypeError):
            self._answer("generic_nack", sequence, consts.SMPP_ESME_RINVCMDLEN)

    def _parsed(self, whole: bytes) -> Unit:
        """Without its optional fields if smpplib knows one, but not in such a unit."""
        try:
            return smpp.parse_pdu(whole, client=self._numbers, allow_unknown_opt_params=True)
        except KeyError:
            unit = smpp.make_pdu(pdu.extract_command(whole), client=self._numbers)
            unit.parse_optional_params = lambda _: None
            unit.parse(whole)
            return unit

    def _take(self, unit: Unit) -> None:
        if unit.is_response():
            asked = self._waiting.get(unit.sequence)
            if asked is not None and not asked.done():
                asked.set_result(unit)
        elif unit.command == "deliver_sm":
            self.delivered.append(unit)
        elif unit.command == "enquire_link":
            self._answer("enquire_link_resp", unit.sequence)
        elif unit.command == "unbind":
            self._answer("unbind_resp", unit.sequence)
            self._end()

    def _answer(self, command: str, sequence: int, status: int = consts.SMPP_ESME_ROK) -> None:
        """smpplib overlooks the sequence it is given in making a unit."""
        unit = smpp.make_pdu(command, client=self._numbers, status=status)
        unit.sequence = sequence
        with suppress(LinkClosed):
            self._write(unit)

    def _write(self, unit: Unit) -> None:
        if self._transport is None or self.lost:
            raise LinkClosed("the connection was lost")
        self._transport.write(unit.generate())

    def _end(self) -> None:
        self._ended = True
        for asked in self._waiting.values():
            if not asked.done():
                asked.set_exception(LinkLost("the connection was lost"))
