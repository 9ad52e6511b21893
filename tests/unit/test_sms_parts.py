"""A short message is cut where handsets can join it, and counted as it is charged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.sms_parts import BASIC, EXTENSION, GSM, UCS2, cut, from_gsm, gsm, parts_of

IN_GSM = st.text(st.sampled_from(sorted((set(BASIC) | set(EXTENSION)) - {"\x1b"})), max_size=700)
ANY = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("红牌督办𠮷𪚥{€a")),
    max_size=400,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("{" * 152, 2),
        ("{" * 153, 3),
        ("红" * 70, 1),
        ("红" * 71, 2),
        ("红" * 134, 2),
        ("红" * 135, 3),
        ("a" * 69 + "红", 1),
        ("a" * 70 + "红", 2),
        ("𠮷" * 35, 1),
        ("𠮷" * 36, 2),
        ("𠮷" * 66, 2),
        ("𠮷" * 67, 3),
        ("`", 1),
    ],
)
def test_parts_are_counted_as_gateways_charge_them(text: str, parts: int) -> None:
    """160 and 153 units of GSM, 70 and 67 of UCS2; an extension letter or a surrogate pair is two.

    76 letters of two units fill a joined part of 153 but for one, 33 pairs one of 67 but for one.
    """
    assert parts == parts_of(text)


def test_the_tables_are_those_of_the_standard() -> None:
    """TS 23.038: 127 letters and the escape; places known from the standard's own table."""
    assert len(BASIC) == len(set(BASIC)) == 128
    places = {"@": 0x00, "Δ": 0x10, "\x1b": 0x1B, " ": 0x20, "¤": 0x24, "¡": 0x40, "§": 0x5F}
    assert places == {letter: BASIC.index(letter) for letter in places}
    assert gsm("AZaz09ü") == bytes([0x41, 0x5A, 0x61, 0x7A, 0x30, 0x39, 0x7E])
    assert gsm("[€]") == bytes([0x1B, 0x3C, 0x1B, 0x65, 0x1B, 0x3E])


def test_a_letter_beside_the_table_needs_the_other_alphabet() -> None:
    """The grave accent looks like one of it, and is none; capital Ç is, the small one is not."""
    assert [GSM, UCS2, GSM, UCS2] == [cut(letter).alphabet for letter in "Ç`§ç"]


@given(IN_GSM)
def test_what_is_written_in_gsm_is_read_the_same(text: str) -> None:
    """Letters of both tables."""
    assert text == from_gsm(gsm(text))


@given(st.binary(max_size=80))
def test_any_octets_can_be_read(octets: bytes) -> None:
    """A reply is never too strange: what no table holds is a replacement character."""
    assert len(from_gsm(octets)) <= len(octets)


@given(st.one_of(IN_GSM, ANY))
def test_parts_joined_are_the_text_and_none_is_too_long(text: str) -> None:
    """Neither a pair of surrogates nor an escape and its letter is cut in two."""
    alphabet, texts = cut(text)
    most = alphabet.alone if len(texts) == 1 else alphabet.joined
    assert text == "".join(texts)
    assert all(len(alphabet.encode(part)) <= most * alphabet.width for part in texts)
    read = from_gsm if alphabet is GSM else lambda octets: octets.decode("utf-16-be")
    assert list(texts) == [read(alphabet.encode(part)) for part in texts]
