"""Merkle trees of RFC 6962 (section 2.1; RFC 9162 says the same): roots, proofs and their checks.

Leaf i is the hash of the i-th event, from 0; the tree of no leaf has the hash of nothing. A proof
is a list of hashes of 32 bytes, from the leaves upwards. Checks are total: whatever bytes they are
given, they answer True or False.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

SIZE = 32
"""Bytes of a hash (SHA-256)."""
EMPTY = sha256(b"").digest()
"""The root of the tree of no leaf."""

Nodes = Callable[[int, int], bytes]
"""(level, index) → the root of the complete subtree of 2^level leaves from index·2^level on."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: what is needed to add leaves and to tell the root."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """`peaks`: the roots of the complete subtrees of which a tree of that size consists, the
        largest first.
        """
        self.size = size
        self.peaks = list(peaks)

    def push(self, leaf: bytes) -> None:
        """One leaf's hash more."""
        self.size += 1
        size, made = self.size, leaf
        while not size & 1:
            made = sha256(b"\x01" + self.peaks.pop() + made).digest()
            size >>= 1
        self.peaks.append(made)

    def extend(self, leaves: bytes) -> None:
        """Many leaves' hashes more, one behind the other; faster than one by one."""
        at, end = 0, len(leaves) // SIZE
        while at < end:
            fits = (self.size & -self.size).bit_length() - 1 if self.size else LARGEST
            level = min(fits, LARGEST, (end - at).bit_length() - 1)
            self._push(level, reduced(leaves[at * SIZE : (at + (1 << level)) * SIZE]))
            at += 1 << level

    def _push(self, level: int, made: bytes) -> None:
        """The root of so large a subtree, for which there is room."""
        self.size += 1 << level
        size = self.size >> level
        while not size & 1:
            made = node_hash(self.peaks.pop(), made)
            size >>= 1
        self.peaks.append(made)

    def root(self) -> bytes:
        """The root of the tree as far as it has grown."""
        return _fold(self.peaks)


LARGEST = 10
"""Subtrees that are made at once have 2^LARGEST leaves at most."""


def reduced(raw: bytes) -> bytes:
    """The root over a power of two of hashes, one behind the other."""
    digest = sha256
    while len(raw) > SIZE:
        pairs = range(0, len(raw), 2 * SIZE)
        raw = b"".join([digest(b"\x01" + raw[n : n + 64]).digest() for n in pairs])
    return raw


def _fold(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY
    made = peaks[-1]
    for peak in reversed(peaks[:-1]):
        made = node_hash(peak, made)
    return made


def root_of(nodes: Nodes, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _fold(peaks_of(nodes, size))


def peaks_of(nodes: Nodes, size: int) -> list[bytes]:
    """The roots of the complete subtrees of which a tree of that size consists, largest first."""
    return [nodes(level, index) for level, index in _peaks(0, size)]


def _peaks(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees of [start, end), where start is a multiple of what the range needs."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962: 2.1.1).

    IndexError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    return _path(nodes, index, 0, size)


def _path(nodes: Nodes, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(nodes, index, start, middle), _range(nodes, middle, end)]
    return [*_path(nodes, index, middle, end), _range(nodes, start, middle)]


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def _range(nodes: Nodes, start: int, end: int) -> bytes:
    return _fold([nodes(level, index) for level, index in _peaks(start, end)])


def consistency(nodes: Nodes, old: int, size: int) -> list[bytes]:
    """That the tree of the first `old` leaves is the beginning of that of `size` (RFC 6962: 2.1.2).

    IndexError unless 0 <= old <= size. Empty where nothing is to be proved: old is 0 or size.
    """
    if not 0 <= old <= size:
        raise IndexError(f"a tree of {size} leaves does not begin with one of {old}")
    return _subproof(nodes, old, 0, size, whole=True) if 0 < old < size else []


def _subproof(nodes: Nodes, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [_range(nodes, start, end)]
    middle = start + _split(end - start)
    if old <= middle:
        left = _subproof(nodes, old, start, middle, whole=whole)
        return [*left, _range(nodes, middle, end)]
    right = _subproof(nodes, old, middle, end, whole=False)
    return [*right, _range(nodes, start, middle)]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a leaf of that hash is leaf `index` of the tree of that size and root (RFC 9162:
    2.1.3.2).
    """
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    at, last, made = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            made = node_hash(step, made)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made = node_hash(made, step)
        at, last = at >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(
    old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `old` leaves is the beginning of that of `size` (RFC 9162: 2.1.4.2)."""
    if not 0 <= old <= size or not _are_hashes([old_root, root, *proof]):
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    return bool(path) and _joins(old, old_root, size, root, path)


def _joins(old: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    former = latter = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            former, latter = node_hash(step, former), node_hash(step, latter)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            latter = node_hash(latter, step)
        at, last = at >> 1, last >> 1
    return last == 0 and former == old_root and latter == root


def _are_hashes(hashes: Sequence[bytes]) -> bool:
    return all(len(each) == SIZE for each in hashes)
