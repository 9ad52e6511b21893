"""A log compared with its leaves: how much is looked at where very much was changed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from replay import comparing
from replay.findings import Kind
from replay.leaves import Leaves
from replay.merkle import Frontier, leaf_hash
from replay.notes import Checkpoint, signed
from replay.verify import Verdict, Verification, verify
from replay.weighing import NoteFile, Seals
from supervision.store.stored import Stored
from tests.sealed import ORIGIN, signer

BLOCK = 41


class Counting:
    """Leaves, and how many of them were asked for."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves, self.count = leaves, 0

    @property
    def size(self) -> int:
        return self._leaves.size

    def read(self, first: int, count: int) -> bytes:
        self.count += count
        return self._leaves.read(first, count)

    def frontier(self, size: int) -> Frontier:
        return self._leaves.frontier(size)


def row(position: int, payload: bytes) -> Stored:
    return Stored(position, "case/s/1/facts", position, "CaseRefused/1", position, payload)


def changed_in_blocks(folder: Path, blocks: int) -> tuple[Verification, int]:
    """A log in which forty events are changed, one is not, and so on; verified, and how many leaves
    were read.
    """
    size = BLOCK * blocks
    right = [row(n, b'{"n":%d}' % n) for n in range(1, size + 1)]
    wrong = [each if n % BLOCK == 0 else row(n, b"{}") for n, each in enumerate(right, 1)]
    with closing(Leaves(folder, writing=True)) as leaves:
        leaves.append([leaf_hash(each.envelope) for each in right])
        text = Checkpoint(ORIGIN, size, leaves.frontier(size).root()).text
        note = NoteFile(f"{size:020}.note", signed(text, [signer()]))
        counting = Counting(leaves)
        seals = Seals("", [signer().key], [], [note], counting)
        found = verify(lambda at, most: wrong[max(at, 1) - 1 :][:most], seals)
    return found, counting.count


def test_where_very_much_was_changed_what_is_looked_at_grows_as_the_log_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And every event that was changed is named, and no other; the first runs are looked for in the
    whole log.
    """
    monkeypatch.setattr(comparing, "SEARCHES", 2)
    looked = {}
    for blocks in (20, 40, 80):
        found, looked[blocks] = changed_in_blocks(tmp_path / str(blocks), blocks)
        changed = [each.position for each in found.findings if each.kind is Kind.EVENT_CHANGED]
        expected = [n for n in range(1, BLOCK * blocks + 1) if n % BLOCK]
        assert expected[: len(changed)] == changed
        assert len(expected) == len(changed) + found.untold
    assert looked[40] < 2.5 * looked[20]
    assert looked[80] < 2.5 * looked[40]


def test_a_table_that_never_ends_is_read_once(tmp_path: Path) -> None:
    """As a file whose pages lead in a circle: what is asked for comes again and again."""
    rows = [row(n, b"{}") for n in range(1, 11)]
    broken = (Kind.STORE_UNREADABLE, 11)
    with closing(Leaves(tmp_path, writing=True)) as leaves:
        leaves.append([leaf_hash(each.envelope) for each in rows])
        text = Checkpoint(ORIGIN, 10, leaves.frontier(10).root()).text
        seals = Seals(
            "", [signer().key], [], [NoteFile("n.note", signed(text, [signer()]))], leaves
        )
        found = verify(lambda *_: rows, seals)
    assert Verdict.FINDINGS is found.verdict
    assert broken in {(each.kind, each.position) for each in found.findings}
