"""Time stamps (RFC 3161) on checkpoints: that a checkpoint existed when an authority says so.

The authority is sent the SHA-256 of a checkpoint's text and nothing else. Its answer is kept only
if it verifies: asked for by us (nonce), over that text, by a certificate for time stamping that the
configured roots vouch for.

SealError (notes.py)
├── RootsUnfit     the file of the authority's certificates
├── StampRefused   the authority does not stamp, or its answer does not hold
├── StampBroken    a kept answer cannot be read
└── StampDown      the authority does not answer; it is asked again
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
from cryptography.x509 import (
    Certificate,
    DirectoryName,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from .der import with_certificates_in_order
from .notes import SealError

SECONDS = 10.0
"""Within which an authority or a witness must have answered, from the first byte to the last."""
LONGEST = 1 << 16
"""Bytes of an answer that is read."""
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
GRANTED = bytes.fromhex("3003020100")
"""PKIStatusInfo: granted."""


class RootsUnfit(SealError):
    """Certificates that cannot be used."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(f"SUPERVISION_STAMP_ROOTS: {path} holds no certificates in PEM: {why}")


class StampRefused(SealError):
    """No stamp that holds."""

    def __init__(self, why: object) -> None:
        super().__init__(f"the time stamp authority's answer does not hold: {why}")


class StampBroken(SealError):
    """A kept stamp that cannot be read."""

    def __init__(self) -> None:
        super().__init__(
            "the time stamp cannot be read: it is no answer of an authority (RFC 3161)"
        )


class StampDown(SealError):
    """No answer."""

    retry = True

    def __init__(self, url: str, why: object) -> None:
        super().__init__(f"the time stamp authority at {url} does not answer: {why}")


class StampRead(NamedTuple):
    """What a stamp says: by whom, when (RFC 3339 in UTC); the token's DER."""

    authority: str
    at: str
    token: bytes


class Said(NamedTuple):
    """What a server answered."""

    status: int
    kind: str
    body: bytes


Post = Callable[[str, str, bytes], Said]
"""(address, content type, body) → answer; httpx.HTTPError where there is none."""


def post(url: str, kind: str, body: bytes) -> Said:
    """By HTTP, within SECONDS in all; no more than LONGEST bytes are read."""
    return asyncio.run(_within(url, kind, body))


async def _within(url: str, kind: str, body: bytes) -> Said:
    """However slowly it comes: whoever sends a byte a second answers no sooner for that."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _post(url, kind, body)
    except TimeoutError:
        raise httpx.ReadTimeout(f"not within {SECONDS:.0f} s") from None


async def _post(url: str, kind: str, body: bytes) -> Said:
    headers, read = {"Content-Type": kind}, bytearray()
    async with (
        httpx.AsyncClient(timeout=SECONDS) as client,
        client.stream("POST", url, content=body, headers=headers) as answer,
    ):
        async for part in answer.aiter_bytes():
            read += part
            if len(read) > LONGEST:
                raise httpx.DecodingError(f"it is longer than {LONGEST} bytes")
    return Said(answer.status_code, answer.headers.get("Content-Type", ""), bytes(read))


def read_roots(path: Path) -> list[Certificate]:
    """The authority's certificates. RootsUnfit."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RootsUnfit(path, error) from None


class Stamper:
    """One authority."""

    def __init__(self, url: str, roots: Sequence[Certificate], by: Post = post) -> None:
        self._url, self._roots, self._post = url, roots, by

    def stamp(self, text: bytes) -> bytes:
        """The authority's answer over a text, verified. StampDown, StampRefused."""
        asked = TimestampRequestBuilder(text, HashAlgorithm.SHA256).build()
        try:
            said = self._post(self._url, QUERY, asked.as_bytes())
        except httpx.HTTPError as error:
            raise StampDown(self._url, str(error) or type(error).__name__) from error
        if said.status >= 500:
            raise StampDown(self._url, f"status {said.status}")
        if said.status != 200:
            raise StampRefused(f"status {said.status}")
        check_stamp(said.body, text, self._roots, asked.nonce)
        return said.body


def check_stamp(
    stamp: bytes, text: bytes, roots: Sequence[Certificate], nonce: int | None = None
) -> StampRead:
    """What a stamp (an answer, or its token alone) says of a text, if it holds. StampRefused,
    StampBroken.
    """
    answer = _decoded(stamp)
    if answer.status:
        raise StampRefused(" ".join(answer.status_string) or f"status {answer.status}")
    builder = VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        builder.build().verify_message(answer, text)
    except (VerificationError, ValueError) as error:
        raise StampRefused(error) from None
    return _read(answer)


def read_stamp(stamp: bytes) -> StampRead:
    """What a stamp says; nothing is verified. StampBroken."""
    return _read(_decoded(stamp))


def _decoded(stamp: bytes) -> TimeStampResponse:
    """An answer; of a token, the answer that would bring it."""
    for form in (stamp, _answer_of(stamp)):
        for read in (bytes, with_certificates_in_order):
            with suppress(ValueError):
                answer = decode_timestamp_response(read(form))
                if answer.status or answer.tst_info:
                    return answer
    raise StampBroken


def _answer_of(token: bytes) -> bytes:
    """A token as an authority's answer: SEQUENCE { granted, token }."""
    body = GRANTED + token
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    length = size if len(body) < 0x80 else bytes([0x80 | len(size)]) + size
    return b"\x30" + length + body


def _read(answer: TimeStampResponse) -> StampRead:
    try:
        at: datetime = answer.tst_info.gen_time
        token = bytes(answer.time_stamp_token())
        return StampRead(_authority(answer), at.astimezone(UTC).isoformat(), token)
    except ValueError:
        raise StampBroken from None


def _authority(answer: TimeStampResponse) -> str:
    """As the token names it, else the subject of the certificate that signed."""
    name = answer.tst_info.name
    if isinstance(name, DirectoryName):
        return name.value.rfc4514_string()
    for signer in answer.signed_data.signer_infos:
        for raw in answer.signed_data.certificates:
            found = load_der_x509_certificate(bytes(raw))
            if (found.issuer, found.serial_number) == (signer.issuer, signer.serial_number):
                return found.subject.rfc4514_string()
    return ""
