"""Merkle trees of any size against the RFC's own recursive definitions; seals against any bytes."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from replay.merkle import (
    Frontier,
    consistency,
    inclusion,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from replay.notes import SealError, read_checkpoint, read_key, read_note, vouchers
from tests.sealed import Witness, signer

SIZES = st.integers(1, 300)


def leaf(index: int) -> bytes:
    return sha256(b"\0" + b"%d" % index).digest()


def split(size: int) -> int:
    """The largest power of two below."""
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def root(first: int, size: int) -> bytes:
    """MTH of RFC 6962."""
    if size == 1:
        return leaf(first)
    k = split(size)
    return node_hash(root(first, k), root(first + k, size - k))


def path(index: int, first: int, size: int) -> list[bytes]:
    """PATH of RFC 6962."""
    if size == 1:
        return []
    k = split(size)
    if index < k:
        return [*path(index, first, k), root(first + k, size - k)]
    return [*path(index - k, first + k, size - k), root(first, k)]


def subproof(old: int, first: int, size: int, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962."""
    if old == size:
        return [] if whole else [root(first, size)]
    k = split(size)
    if old <= k:
        return [*subproof(old, first, k, whole), root(first + k, size - k)]
    return [*subproof(old - k, first + k, size - k, False), root(first, k)]


def nodes(level: int, index: int) -> bytes:
    return root(index << level, 1 << level)


@given(SIZES)
@settings(max_examples=40, deadline=None)
def test_roots_are_those_of_the_definition(size: int) -> None:
    """By complete subtrees, and by pushing."""
    frontier = Frontier()
    for index in range(size):
        frontier.push(leaf(index))
    assert root(0, size) == root_of(nodes, size) == frontier.root()


@given(SIZES.flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
@settings(max_examples=60, deadline=None)
def test_paths_are_those_of_the_definition_and_hold(given_: tuple[int, int]) -> None:
    """Of any leaf of any tree."""
    size, index = given_
    made = inclusion(nodes, index, size)
    assert path(index, 0, size) == made
    assert verify_inclusion(leaf(index), index, size, made, root(0, size))


@given(SIZES.flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size))))
@settings(max_examples=60, deadline=None)
def test_consistency_is_that_of_the_definition_and_holds(given_: tuple[int, int]) -> None:
    """Between any two trees."""
    size, old = given_
    made = consistency(nodes, old, size)
    assert subproof(old, 0, size, True) == made
    assert verify_consistency(old, root(0, old), size, root(0, size), made)


@given(st.integers(0, 300), st.lists(st.integers(0, 3_000), max_size=4))
@settings(max_examples=40, deadline=None)
def test_many_leaves_at_once_give_the_same_tree(first: int, steps: list[int]) -> None:
    """However they are cut."""
    one, many, at = Frontier(), Frontier(), 0
    for step in (first, *steps):
        hashes = [leaf(index) for index in range(at, at + step)]
        for each in hashes:
            one.push(each)
        many.extend(b"".join(hashes))
        at += step
    assert (one.size, one.peaks, one.root()) == (many.size, many.peaks, many.root())


HASHES = st.lists(st.one_of(st.binary(max_size=40), st.binary(min_size=32, max_size=32)))
NUMBERS = st.integers(-5, 2**70)


@given(st.binary(max_size=40), NUMBERS, NUMBERS, HASHES, st.binary(max_size=40))
@settings(max_examples=200, deadline=None)
def test_checks_answer_whatever_they_are_given(
    leaf_: bytes, index: int, size: int, proof: list[bytes], root_: bytes
) -> None:
    """No, and no error: nothing that is made up is a proof."""
    assert not verify_inclusion(leaf_, index, size, proof, root_) or leaf_ == root_
    assert verify_consistency(index, leaf_, size, root_, proof) in (True, False)


OWN = signer()
GOOD = b"name\n1\n" + b"A" * 43 + b"=\n"
PARTS = [b"\n", b"\n\n", b"\xe2\x80\x94 ", GOOD, b"name", b"+", b"AAAA", b"1"]
LIKE = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join),
)


@given(LIKE)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_as_seals(data: bytes) -> None:
    """A note, a checkpoint, a key: nothing but a SealError."""
    with suppress(SealError):
        note = read_note(data)
        assert [] == vouchers(note, [OWN.key, Witness().key])
        read_checkpoint(note.text)
    with suppress(SealError):
        read_checkpoint(data)
    with suppress(SealError):
        read_key(data.decode("utf-8", "replace"))
