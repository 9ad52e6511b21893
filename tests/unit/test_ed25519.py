"""The signatures that tools/check_case_file.py verifies with the standard library alone."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.check_case_file import BASE, L, P, bytes_of, included, key_of, point_of, times, verify

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
"""Section 7.1: public key, message, signature."""

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
TEXT = b"text\n"
SIGNED = KEY.sign(TEXT)


@pytest.mark.parametrize(("public", "text", "signature"), RFC_8032)
def test_the_vectors_of_the_standard_verify(public: str, text: str, signature: str) -> None:
    """RFC 8032, section 7.1."""
    assert verify(*(bytes.fromhex(each) for each in (public, signature, text)))


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=50), st.integers(0, 95))
def test_it_says_what_another_library_says(secret: bytes, text: bytes, where: int) -> None:
    """Of what a key signed, and of the same with one bit of key or signature turned."""
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = private.public_key().public_bytes_raw(), private.sign(text)
    assert verify(public, signature, text)
    both = bytearray(public + signature)
    both[where] ^= 1
    turned, other = bytes(both[:32]), bytes(both[32:])
    assert not verify(turned, other, text)
    with pytest.raises((InvalidSignature, ValueError)):
        Ed25519PublicKey.from_public_bytes(turned).verify(other, text)


def test_a_signature_has_one_form() -> None:
    """The scalar plus the group's order would be a second signature over the same text."""
    scalar = int.from_bytes(SIGNED[32:], "little")
    assert verify(PUBLIC, SIGNED, TEXT)
    for more in (scalar + L, scalar + 2 * L):
        assert not verify(PUBLIC, SIGNED[:32] + more.to_bytes(32, "little"), TEXT)


def test_wrong_lengths_are_refused() -> None:
    """Of key and signature, too short and too long."""
    for signature in (b"", SIGNED[:63], SIGNED + b"\x00", SIGNED[:32]):
        assert not verify(PUBLIC, signature, TEXT)
    for public in (b"", PUBLIC[:31], PUBLIC + b"\x00"):
        assert not verify(public, SIGNED, TEXT)


def test_a_point_has_one_form() -> None:
    """A coordinate at or above the field's order, minus zero, and what is on no curve are none."""
    for y in (P, P + 1, 2**255 - 1):
        assert point_of(y.to_bytes(32, "little")) is None
    assert point_of((1 | 1 << 255).to_bytes(32, "little")) is None
    assert point_of((2).to_bytes(32, "little")) is None
    assert point_of(bytes_of(BASE)) is not None
    assert bytes_of(times(L, BASE)) == (1).to_bytes(32, "little")


@pytest.mark.parametrize(
    "public",
    [
        (1).to_bytes(32, "little"),
        (P - 1).to_bytes(32, "little"),
        bytes(32),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ],
)
def test_a_key_of_small_order_signs_nothing(public: bytes) -> None:
    """Under such a key one signature would hold for every text."""
    assert point_of(public) is not None
    identity = (1).to_bytes(32, "little")
    assert not verify(public, identity + bytes(32), TEXT)


@pytest.mark.parametrize("vkey", ["", "+", "a+00000000+", "log+00000000+AQ==", "log"])
def test_what_is_no_key_is_refused(vkey: str) -> None:
    """With a reason."""
    with pytest.raises(ValueError, match=r"."):
        key_of(vkey)


def test_a_leaf_outside_the_tree_is_in_no_tree() -> None:
    """Whatever the proof says; nor is one that is proved by steps of another length."""
    leaf = bytes(32)
    assert included(leaf, 0, 1, [], leaf)
    assert not included(leaf, 1, 1, [], leaf)
    assert not included(leaf, -1, 1, [], leaf)
    assert not included(leaf, 0, 2, [bytes(31)], leaf)
