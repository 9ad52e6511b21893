"""Certificates of a time stamp in order, as DER asks (X.690: 11.6) and not every authority does.

The order is outside of what is signed, so what a stamp says, and whether it holds, stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

CERTIFICATES = 0xA0
"""The tag of the certificates in SignedData (RFC 5652: 5.1)."""


class _Part(NamedTuple):
    tag: int
    start: int
    """Where its tag stands."""
    body: int
    end: int


def with_certificates_in_order(answer: bytes) -> bytes:
    """The same answer of an authority, its certificates sorted. ValueError for what is none."""
    whole = _part(answer, 0)
    token = _child(answer, whole, 1)
    content = _child(answer, token, 1)
    signed = _child(answer, content, 0)
    for part in _parts(answer, signed):
        if part.tag == CERTIFICATES:
            found = sorted(answer[each.start : each.end] for each in _parts(answer, part))
            return answer[: part.body] + b"".join(found) + answer[part.end :]
    return answer


def _child(data: bytes, part: _Part, number: int) -> _Part:
    for at, each in enumerate(_parts(data, part)):
        if at == number:
            return each
    raise ValueError("a part is missing")


def _parts(data: bytes, part: _Part) -> Iterator[_Part]:
    at = part.body
    while at < part.end:
        found = _part(data, at)
        if found.end > part.end:
            raise ValueError("a part is longer than the whole")
        yield found
        at = found.end


def _part(data: bytes, at: int) -> _Part:
    """The part that begins there, with a tag of one byte and a definite length."""
    head = data[at : at + 2]
    if len(head) < 2 or head[1] == 0x80:
        raise ValueError("it ends too soon")
    more = head[1] & 0x7F if head[1] & 0x80 else 0
    body = at + 2 + more
    length = int.from_bytes(data[at + 2 : body], "big") if more else head[1]
    if more > 4 or body + length > len(data):
        raise ValueError("it ends too soon")
    return _Part(head[0], at, body, body + length)
