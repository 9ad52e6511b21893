"""Leaf hashes in files: added, read, proved from, and what deaths and hands leave of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from replay.leaves import NOTHING, Leaves, LeavesBroken, LeavesInUse
from replay.merkle import (
    SIZE,
    Frontier,
    consistency,
    inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)

COUNT = 70_000
"""More than the 65,536 leaves of the second level."""


def leaf(index: int) -> bytes:
    return sha256(b"%d" % index).digest()


LEAVES = [leaf(index) for index in range(COUNT)]


@contextmanager
def writing(folder: Path) -> Iterator[Leaves]:
    with closing(Leaves(folder, writing=True)) as leaves:
        yield leaves


@contextmanager
def reading(folder: Path) -> Iterator[Leaves]:
    with closing(Leaves(folder)) as leaves:
        yield leaves


def root(size: int) -> bytes:
    """As it grows."""
    frontier = Frontier()
    for each in LEAVES[:size]:
        frontier.push(each)
    return frontier.root()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them, added in uneven steps."""
    folder = tmp_path_factory.mktemp("many") / "seals"
    with writing(folder) as leaves:
        at = 0
        for step in (1, 254, 1, 1, 300, 65_000, COUNT):
            leaves.append(LEAVES[at : at + step])
            at += step
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def copied(many: Path, folder: Path) -> Path:
    folder.mkdir()
    for name, data in files(many).items():
        (folder / name).write_bytes(data)
    return folder


def test_what_was_added_is_read_back(many: Path) -> None:
    """One behind the other, from any on."""
    with reading(many) as leaves:
        assert COUNT == leaves.size
        assert b"".join(LEAVES[250:260]) == leaves.read(250, 10)
        assert LEAVES[-1] == leaves.read(COUNT - 1, 1)
        assert b"" == leaves.read(COUNT, 0)


def test_the_levels_have_the_roots_of_complete_subtrees(many: Path) -> None:
    """Of 256 and of 65,536 leaves."""
    sizes = {name: len(data) // SIZE for name, data in files(many).items()}
    assert {"leaves": COUNT, "level-8": COUNT // 256, "level-16": 1, "level-24": 0} == sizes


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 4096, 65_535, 65_536, 65_537, COUNT])
def test_roots_and_edges_are_those_of_the_leaves(many: Path, size: int) -> None:
    """Whichever file they are read from."""
    with reading(many) as leaves:
        assert root(size) == root_of(leaves.node, size) == leaves.frontier(size).root()


def test_proofs_hold(many: Path) -> None:
    """Of leaves and between sizes, on either side of each level's bounds."""
    places = (0, 1, 255, 256, 4_095, 65_535, 65_536, COUNT - 1)
    with reading(many) as leaves:
        for size in (65_537, COUNT):
            whole = root(size)
            for index in (each for each in places if each < size):
                path = inclusion(leaves.node, index, size)
                assert verify_inclusion(LEAVES[index], index, size, path, whole)
                proof = consistency(leaves.node, index + 1, size)
                assert verify_consistency(index + 1, root(index + 1), size, whole, proof)


def test_what_is_not_there_is_said_not_to_be(many: Path) -> None:
    """A leaf, a node, an edge behind the last."""
    with reading(many) as leaves:
        for wrong in (
            lambda: leaves.read(COUNT - 1, 2),
            lambda: leaves.node(0, COUNT),
            lambda: leaves.node(17, 0),
            lambda: leaves.frontier(COUNT + 1),
        ):
            with pytest.raises(LeavesBroken, match="ends before"):
                wrong()


def test_a_folder_without_leaves_has_none_and_is_not_made(tmp_path: Path) -> None:
    """Reading makes nothing."""
    with reading(tmp_path / "none") as leaves:
        assert 0 == leaves.size
    assert not (tmp_path / "none").exists()


def test_two_cannot_add_at_a_time_and_any_number_read(tmp_path: Path) -> None:
    """Who comes second is told; when the first has ended, he may."""
    with writing(tmp_path) as first:
        first.append(LEAVES[:3])
        with pytest.raises(LeavesInUse):
            Leaves(tmp_path, writing=True)
        with reading(tmp_path) as one, reading(tmp_path) as other:
            first.append(LEAVES[3:5])
            assert (5, 5) == (one.size, other.size)
    with writing(tmp_path) as second:
        second.append(LEAVES[5:6])
        assert 6 == second.size


@pytest.mark.parametrize("torn", [1, 31, 32, 33, 5_000])
def test_a_torn_tail_is_cut_off_and_added_again(many: Path, tmp_path: Path, torn: int) -> None:
    """Half a hash, some hashes less than the levels know of: all is as it would have been."""
    folder = copied(many, tmp_path / "seals")
    os.truncate(folder / "leaves", COUNT * SIZE - torn)
    with writing(folder) as leaves:
        assert COUNT - -(-torn // SIZE) == leaves.size
        leaves.append(LEAVES[leaves.size :])
    assert files(many) == files(folder)


def test_what_a_power_cut_left_empty_is_cut_off(many: Path, tmp_path: Path) -> None:
    """Blocks that were given to the file and never written."""
    folder = copied(many, tmp_path / "seals")
    with (folder / "leaves").open("r+b") as file:
        file.seek((COUNT - 600) * SIZE)
        file.write(NOTHING * 600 + b"\0" * 7)
    with writing(folder) as leaves:
        assert COUNT - 600 == leaves.size
        leaves.append(LEAVES[leaves.size :])
    assert files(many) == files(folder)


@pytest.mark.parametrize("name", ["level-8", "level-16", "level-24"])
@pytest.mark.parametrize("left", [0, 1, 40])
def test_levels_that_are_short_or_gone_are_made_anew(
    many: Path, tmp_path: Path, name: str, left: int
) -> None:
    """By who adds; whoever reads meanwhile does without them."""
    folder = copied(many, tmp_path / "seals")
    (folder / name).write_bytes(files(many)[name][:left])
    if not left:
        (folder / name).unlink()
    with reading(folder) as leaves:
        assert root(COUNT) == root_of(leaves.node, COUNT)
    with writing(folder):
        pass
    assert files(many) == files(folder)


def test_wrong_levels_are_made_anew_when_asked(many: Path, tmp_path: Path) -> None:
    """They follow from the leaves."""
    folder = copied(many, tmp_path / "seals")
    (folder / "level-8").write_bytes(bytes(range(32)) * (COUNT // 256))
    with writing(folder) as leaves:
        assert root(COUNT) != root_of(leaves.node, COUNT)
        assert COUNT // 256 == leaves.mend_levels()
        assert root(COUNT) == root_of(leaves.node, COUNT)
    assert files(many) == files(folder)


def test_nodes_are_made_of_the_leaves_alone_when_asked(many: Path, tmp_path: Path) -> None:
    """Whatever the levels hold, and with none of them written."""
    folder = copied(many, tmp_path / "seals")
    (folder / "level-8").write_bytes(bytes(range(32)) * (COUNT // 256))
    (folder / "level-16").unlink()
    with reading(folder) as leaves:
        nodes = leaves.nodes_anew()
        for size in (0, 1, 255, 256, 257, 65_535, 65_536, 65_537, COUNT):
            assert root(size) == root_of(nodes, size)
    assert not (folder / "level-16").exists()


@pytest.mark.parametrize("size", [0, 1, 256, 65_536, 65_700])
def test_leaves_may_be_cut_back_and_go_on(many: Path, tmp_path: Path, size: int) -> None:
    """With their levels."""
    folder = copied(many, tmp_path / "seals")
    with writing(folder) as leaves:
        leaves.truncate(size)
        assert (size, root(size)) == (leaves.size, root_of(leaves.node, size))
        leaves.append(LEAVES[size:])
    assert files(many) == files(folder)


def test_a_folder_that_cannot_be_used_is_said_to_be(tmp_path: Path) -> None:
    """In a line that names it."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LeavesBroken, match="file"):
        Leaves(tmp_path / "file", writing=True)
    (tmp_path / "seals" / "leaves").mkdir(parents=True)
    with pytest.raises(LeavesBroken, match="seals"):
        Leaves(tmp_path / "seals", writing=True)
    with reading(tmp_path / "seals") as leaves, pytest.raises(LeavesBroken, match="seals"):
        leaves.read(0, 1)
