"""Links that acknowledge, and codes of replies: who forged one gets nowhere."""

from __future__ import annotations

import base64
import string

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alerts.links import (
    ALPHABET,
    LONGEST,
    Linked,
    LinkExpired,
    LinkForged,
    Links,
)

SECRET = bytes(range(32))
LINKS = Links(SECRET)
ENDS = 1_800_000_000_000_000
TOKEN = LINKS.make("m42", "zhangsan", ENDS)
PERSON = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=64)


@given(st.integers(1, 10**17), PERSON, st.integers(1, 2**53))
def test_a_link_says_what_it_was_made_for(number: int, person: str, ends: int) -> None:
    """Whoever it is for, in any script; and it fits into an address."""
    token = LINKS.make(f"m{number}", person, ends)
    assert LINKS.read(token, ends - 1) == Linked(f"m{number}", person, ends)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")
    assert len(token) <= LONGEST


@given(st.integers(0, len(TOKEN) - 1), st.characters(exclude_categories=()))
def test_a_link_with_any_character_changed_is_forged(place: int, character: str) -> None:
    """Also with one that decodes to the same bytes."""
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assume(changed != TOKEN)
    with pytest.raises(LinkForged):
        LINKS.read(changed, 0)


@given(st.integers(0, len(TOKEN) - 1))
def test_a_link_with_a_character_more_or_less_is_forged(place: int) -> None:
    """Wherever it is missing."""
    for changed in (TOKEN[:place] + TOKEN[place + 1 :], TOKEN[:place] + "A" + TOKEN[place:]):
        with pytest.raises(LinkForged):
            LINKS.read(changed, 0)


@given(st.text())
def test_whatever_somebody_types_is_forged(text: str) -> None:
    """And no other error."""
    assume(text != TOKEN)
    with pytest.raises(LinkForged):
        LINKS.read(text, 0)


def test_a_link_of_many_characters_is_refused_whatever_stands_in_it() -> None:
    """Also one that this system signed: none that it makes is so long."""
    with pytest.raises(LinkForged):
        LINKS.read(LINKS.make("m1", "x" * LONGEST, ENDS), 0)


def test_who_writes_another_name_into_a_link_has_forged_it() -> None:
    """The signature is of the whole."""
    _, signature = TOKEN.split(".")
    says = base64.urlsafe_b64encode(msgspec.msgpack.encode(("m42", "lisi", ENDS)))
    with pytest.raises(LinkForged):
        LINKS.read(f"{says.rstrip(b'=').decode()}.{signature}", 0)


def test_a_link_of_another_system_is_forged() -> None:
    """Its secret is another."""
    with pytest.raises(LinkForged):
        Links(bytes(32)).read(TOKEN, 0)


def test_a_link_acknowledges_up_to_its_end_and_not_at_it() -> None:
    """Afterwards it is told that it was a good one."""
    assert LINKS.read(TOKEN, ENDS - 1).person == "zhangsan"
    with pytest.raises(LinkExpired):
        LINKS.read(TOKEN, ENDS)


@given(st.integers(1, 10**17))
def test_a_code_is_the_same_each_time_and_can_be_read_aloud(number: int) -> None:
    """Five characters, none of them taken for another."""
    code = LINKS.reply_code(f"m{number}")
    assert code == Links(SECRET).reply_code(f"m{number}")
    assert len(code) == 5
    assert not set(code) & set("0O1I")


def test_codes_tell_messages_apart() -> None:
    """Of some thousand hardly two are the same, and they use all characters."""
    codes = [LINKS.reply_code(f"m{n}") for n in range(2_000)]
    assert len(set(codes)) > 1_980
    assert set("".join(codes)) == set(ALPHABET)
