"""Merkle trees: the vectors that implementations of RFC 6962 share, and proofs that are refused."""

from __future__ import annotations

from itertools import pairwise

import pytest

from replay.merkle import (
    EMPTY,
    Frontier,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    peaks_of,
    root_of,
    verify_consistency,
    verify_inclusion,
)

DATA = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the first 0 … 8 leaves (certificate-transparency's test vectors)."""
PATHS = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
"""Index (from 0) and size: the audit path."""
JOINS = {
    (1, 8): PATHS[0, 8],
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
"""Old size and size: the consistency proof."""
LEAVES = [leaf_hash(each) for each in DATA]


def nodes(level: int, index: int) -> bytes:
    """Of the eight leaves."""
    if not level:
        return LEAVES[index]
    return node_hash(nodes(level - 1, 2 * index), nodes(level - 1, 2 * index + 1))


def root(size: int) -> bytes:
    return bytes.fromhex(ROOTS[size])


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_vectors(size: int) -> None:
    """By the tree and by what only grows."""
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.push(leaf)
    assert (root(size), root(size)) == (root_of(nodes, size), frontier.root())


def test_the_tree_of_no_leaf_has_the_hash_of_nothing() -> None:
    """As the RFC says."""
    assert root(0) == EMPTY == Frontier().root()


@pytest.mark.parametrize("size", range(9))
def test_a_tree_goes_on_from_its_right_edge(size: int) -> None:
    """What was kept of it gives the same roots as what grew from its first leaf."""
    frontier = Frontier(size, peaks_of(nodes, size))
    for leaf in LEAVES[size:]:
        frontier.push(leaf)
    assert root(8) == frontier.root()


@pytest.mark.parametrize(("index", "size"), list(PATHS))
def test_the_audit_paths_are_those_of_the_vectors(index: int, size: int) -> None:
    """From the leaf upwards."""
    path = [bytes.fromhex(each) for each in PATHS[index, size]]
    assert path == inclusion(nodes, index, size)
    assert verify_inclusion(LEAVES[index], index, size, path, root(size))


@pytest.mark.parametrize(("old", "size"), list(JOINS))
def test_the_consistency_proofs_are_those_of_the_vectors(old: int, size: int) -> None:
    """That the smaller tree is the beginning of the larger."""
    proof = [bytes.fromhex(each) for each in JOINS[old, size]]
    assert proof == consistency(nodes, old, size)
    assert verify_consistency(old, root(old), size, root(size), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
def test_there_is_no_path_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    """It is said so."""
    with pytest.raises(IndexError):
        inclusion(nodes, index, size)
    assert not verify_inclusion(LEAVES[0], index, size, [], root(max(size, 0)))


@pytest.mark.parametrize(("old", "size"), [(-1, 8), (5, 4)])
def test_no_tree_begins_with_a_larger_one(old: int, size: int) -> None:
    """It is said so."""
    with pytest.raises(IndexError):
        consistency(nodes, old, size)
    assert not verify_consistency(old, root(abs(old)), size, root(size), [])


def forged(proof: list[bytes]) -> list[list[bytes]]:
    """Proofs like it that are none."""
    other = [bytes([each[0] ^ 1]) + each[1:] for each in proof]
    one_off = [[*proof[:n], other[n], *proof[n + 1 :]] for n in range(len(proof))]
    left_out = [[*proof[:n], *proof[n + 1 :]] for n in range(len(proof))]
    doubled = [[*proof[: n + 1], *proof[n:]] for n in range(len(proof))]
    crossed = [
        [*proof[:n], proof[n + 1], proof[n], *proof[n + 2 :]]
        for n, (a, b) in enumerate(pairwise(proof))
        if a != b
    ]
    more = [[*proof, bytes(32)], [bytes(32), *proof]]
    odd = [[*proof, b""], [*proof, bytes(31)], [each + b"\0" for each in proof] or [b"x"]]
    return [*one_off, *left_out, *doubled, *crossed, *more, *odd]


@pytest.mark.parametrize("size", range(1, 9))
def test_every_forged_path_is_refused(size: int) -> None:
    """Also the right path of another leaf, place, size or root."""
    for index in range(size):
        path, leaf = inclusion(nodes, index, size), LEAVES[index]
        assert verify_inclusion(leaf, index, size, path, root(size))
        for each in forged(path):
            assert not verify_inclusion(leaf, index, size, each, root(size)), (index, each)
        for other in set(range(-1, size + 2)) - {index}:
            assert not verify_inclusion(leaf, other, size, path, root(size)), (index, other)
        assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root(size))
        assert not verify_inclusion(leaf, index, size, path, root(size - 1))
        assert not verify_inclusion(leaf, index, size, path, root(size)[:-1])
        assert not verify_inclusion(leaf[:-1], index, size, path, root(size))


@pytest.mark.parametrize("size", range(1, 9))
def test_every_forged_consistency_is_refused(size: int) -> None:
    """Also the right proof between other sizes or roots."""
    for old in range(1, size):
        proof = consistency(nodes, old, size)
        assert verify_consistency(old, root(old), size, root(size), proof)
        for each in forged(proof):
            assert not verify_consistency(old, root(old), size, root(size), each), (old, each)
        for other in set(range(size)) - {old}:
            assert not verify_consistency(old, root(other), size, root(size), proof)
            assert not verify_consistency(other, root(old), size, root(size), proof)
        assert not verify_consistency(old, root(old), size, root(old), proof)


def test_of_equal_trees_or_of_none_there_is_nothing_to_prove() -> None:
    """But their roots must be right, and a proof of nothing is empty."""
    assert verify_consistency(5, root(5), 5, root(5), [])
    assert not verify_consistency(5, root(5), 5, root(4), [])
    assert not verify_consistency(5, root(5), 5, root(5), [root(1)])
    assert verify_consistency(0, EMPTY, 5, root(5), [])
    assert not verify_consistency(0, root(1), 5, root(5), [])
    assert not verify_consistency(0, EMPTY, 5, root(5), [root(1)])
