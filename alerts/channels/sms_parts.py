"""Parts of a short message, as it is sent and charged (3GPP TS 23.038 and 23.040 9.2.3.24.1).

A text all of whose characters are in the GSM 7-bit alphabet goes in 160 of its units, or 153 a part
when joined; any other in 70 units of UCS2, or 67. A character of the extension table takes two
units of the first, one outside the basic plane two of the second, and neither is ever cut in two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

ESCAPE = "\x1b"
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ" + ESCAPE + "ÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet, TS 23.038 6.2.1: a character's place is its code."""
EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E,
    "|": 0x40, "€": 0x65,
}  # fmt: skip
"""The extension table, TS 23.038 6.2.1.1: after an escape."""

CODES = {
    **{letter: bytes([code]) for code, letter in enumerate(BASIC) if letter != ESCAPE},
    **{letter: bytes([0x1B, code]) for letter, code in EXTENSION.items()},
}
EXTENDED = {code: letter for letter, code in EXTENSION.items()}

MOST_PARTS = 255
"""The header that joins parts counts them in one byte."""


class Alphabet(NamedTuple):
    """How a text is written: units that fit into one part alone, and into one of several."""

    name: str
    alone: int
    joined: int
    encode: Callable[[str], bytes]
    width: int
    """Bytes a unit takes on the way to the gateway."""


class Parts(NamedTuple):
    """A text cut into what is sent; of one part at least."""

    alphabet: Alphabet
    texts: tuple[str, ...]


def gsm(text: str) -> bytes:
    """A text in the GSM alphabet, a byte each unit; KeyError: a character is not in it."""
    return b"".join(CODES[letter] for letter in text)


def from_gsm(data: bytes) -> str:
    """The text; what the tables do not hold becomes U+FFFD."""
    return "".join(_letters(data))


def ucs2(text: str) -> bytes:
    """A text in UTF-16, which is what handsets read where the standard says UCS2."""
    return text.encode("utf-16-be", "replace")


GSM = Alphabet("gsm", 160, 153, gsm, 1)
UCS2 = Alphabet("ucs2", 70, 67, ucs2, 2)


def cut(text: str) -> Parts:
    """The parts of a text, in order; joined, their texts are the text."""
    alphabet = GSM if all(letter in CODES for letter in text) else UCS2
    if _units(alphabet, text) <= alphabet.alone:
        return Parts(alphabet, (text,))
    return Parts(alphabet, tuple(_filled(alphabet, text)))


def parts_of(text: str) -> int:
    """In how many parts a text is sent and charged."""
    return len(cut(text).texts)


def _units(alphabet: Alphabet, text: str) -> int:
    return len(alphabet.encode(text)) // alphabet.width


def _filled(alphabet: Alphabet, text: str) -> Iterator[str]:
    """One part after the other, each as full as it may be."""
    begin = used = 0
    for place, letter in enumerate(text):
        needs = _units(alphabet, letter)
        if used + needs > alphabet.joined:
            yield text[begin:place]
            begin, used = place, 0
        used += needs
    yield text[begin:]


def _letters(data: bytes) -> Iterator[str]:
    codes = iter(data)
    for code in codes:
        if code == 0x1B:
            yield EXTENDED.get(next(codes, 0), "\ufffd")
        else:
            yield BASIC[code] if code < len(BASIC) else "\ufffd"
