"""The hashes of all events in log order, kept in files outside the database.

`leaves` holds 32 bytes an event, in the order of the log; `level-8`, `level-16` and `level-24` the
roots of its complete subtrees of 256, 65,536 and 16.8 million leaves, so that a proof reads some
kilobytes however long the log is. The levels follow from the leaves: nobody vouches for them, so
they are held against the leaves before sealing goes on, and what is proved from them against the
root of a checkpoint. The leaves are what the log is compared with, and are vouched for by the
checkpoints.

LeavesError
├── LeavesInUse      another process adds to them
├── LeavesBroken     the files cannot be read or written
└── LeavesWrong      they do not give the root that was signed
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from supervision.errors import SupervisionError

from .merkle import SIZE, Frontier, Nodes, peaks_of, reduced

LEVELS = (0, 8, 16, 24)
BLOCK = 256
NOTHING = bytes(SIZE)
"""What a power cut leaves of a hash that was not yet on the disk."""


class LeavesError(SupervisionError):
    """What is wrong with the files."""


class LeavesInUse(LeavesError):
    """Two must not add to the same files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another process adds to {folder}; end it first")


class LeavesBroken(LeavesError):
    """The files cannot be read or written."""

    def __init__(self, folder: Path, why: object) -> None:
        super().__init__(f"{folder} cannot be used: {why}; check the disk and its rights")


class LeavesWrong(LeavesError):
    """Hashes that are not those which were signed: nothing is proved by them."""

    def __init__(self, folder: Path, size: int) -> None:
        super().__init__(
            f"the hashes in {folder} do not give the root of the checkpoint of {size} events; run: "
            "supervise verify. Where the log is right, sealing makes them anew at its next start"
        )


class Leaves:
    """The hashes of a folder. Any number of processes read; one, with `writing`, adds."""

    def __init__(self, folder: Path, *, writing: bool = False) -> None:
        """LeavesInUse, LeavesBroken. Without `writing` nothing is made: a folder that has no
        leaves has none.
        """
        self._folder, self._writing = folder, writing
        self._files: dict[int, int] = {}
        try:
            if writing:
                folder.mkdir(parents=True, exist_ok=True)
                self._open_for_writing()
            else:
                self._open_for_reading()
        except OSError as error:
            self.close()
            raise LeavesBroken(folder, error) from error
        except BaseException:
            self.close()
            raise

    def _path(self, level: int) -> Path:
        return self._folder / (f"level-{level}" if level else "leaves")

    def _open_for_reading(self) -> None:
        for level in LEVELS:
            if self._path(level).exists():
                self._files[level] = os.open(self._path(level), os.O_RDONLY | os.O_CLOEXEC)

    def _open_for_writing(self) -> None:
        for level in LEVELS:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._files[level] = os.open(self._path(level), flags, 0o644)
        try:
            fcntl.flock(self._files[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeavesInUse(self._folder) from None
        self._mend()

    def _mend(self) -> None:
        """Cut off what a death or a power cut left half written; make the levels anew from it."""
        size = self._count(0)
        while size and self.read(size - 1, 1) == NOTHING:
            size -= 1
        os.ftruncate(self._files[0], size * SIZE)
        for level in LEVELS[1:]:
            kept = min(self._count(level), size >> level)
            while kept and self._read(level, kept - 1, 1) == NOTHING:
                kept -= 1
            os.ftruncate(self._files[level], kept * SIZE)
        self._raise_levels()

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._count(0)

    def _count(self, level: int) -> int:
        file = self._files.get(level)
        return os.fstat(file).st_size // SIZE if file is not None else 0

    def append(self, hashes: Sequence[bytes]) -> None:
        """Leaves more; on the disk when it returns. LeavesBroken."""
        try:
            self._write(0, b"".join(hashes))
            os.fsync(self._files[0])
            self._raise_levels()
        except OSError as error:
            raise LeavesBroken(self._folder, error) from error

    def mend_levels(self) -> int:
        """Hold the levels against the leaves and make anew what differs: a power cut or a hand may
        have left them wrong. How many hashes were. Reads all leaves, 1 s a million. LeavesBroken.
        """
        try:
            return sum(self._mend_level(below, level) for below, level in pairwise(LEVELS))
        except OSError as error:
            raise LeavesBroken(self._folder, error) from error

    def _mend_level(self, below: int, level: int) -> int:
        file, wrong = self._files[level], 0
        for first, made in self._made(below, 0, self._count(below) // BLOCK):
            kept = os.pread(file, len(made), first * SIZE)
            if kept != made:
                wrong += sum(
                    made[at : at + SIZE] != kept[at : at + SIZE] for at in range(0, len(made), SIZE)
                )
                _put(file, first * SIZE, made)
        os.ftruncate(file, self._count(below) // BLOCK * SIZE)
        return wrong

    def _made(self, below: int, first: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The hashes of a level from one on up to another, as those below give them; some at a
        time, each time with the first's number.
        """
        for start in range(first, end, BLOCK):
            blocks = min(BLOCK, end - start)
            raw = self._read(below, start * BLOCK, blocks * BLOCK)
            yield start, _raised(raw)

    def mend(self, first: int, hashes: bytes) -> list[int]:
        """Leaves that were damaged, replaced from leaf `first` on by those given; which they were.

        Whoever mends MUST know by a signed root that these are the right ones. LeavesBroken.
        """
        kept = self.read(first, len(hashes) // SIZE)
        wrong = [
            first + at // SIZE
            for at in range(0, len(hashes), SIZE)
            if hashes[at : at + SIZE] != kept[at : at + SIZE]
        ]
        if wrong:
            try:
                _put(self._files[0], first * SIZE, hashes)
            except OSError as error:
                raise LeavesBroken(self._folder, error) from error
        return wrong

    def sync(self) -> None:
        """All of it on the disk when this returns. LeavesBroken."""
        try:
            for file in self._files.values():
                os.fsync(file)
        except OSError as error:
            raise LeavesBroken(self._folder, error) from error

    def truncate(self, size: int) -> None:
        """Keep the first `size` leaves only: those behind were never vouched for."""
        for level in LEVELS:
            os.ftruncate(self._files[level], (size >> level) * SIZE)
        os.fsync(self._files[0])

    def _write(self, level: int, data: bytes) -> None:
        _put(self._files[level], self._count(level) * SIZE, data)

    def _raise_levels(self) -> None:
        for below, level in pairwise(LEVELS):
            for _, made in self._made(below, self._count(level), self._count(below) // BLOCK):
                self._write(level, made)

    def read(self, first: int, count: int) -> bytes:
        """The hashes of `count` leaves from `first` on, one behind the other. LeavesBroken."""
        return self._read(0, first, count)

    def _read(self, level: int, first: int, count: int) -> bytes:
        file = self._files.get(level)
        try:
            data = os.pread(file, count * SIZE, first * SIZE) if file is not None else b""
        except OSError as error:
            raise LeavesBroken(self._folder, error) from error
        if len(data) != count * SIZE:
            raise LeavesBroken(self._folder, f"level {level} ends before {first + count}")
        return data

    def node(self, level: int, index: int) -> bytes:
        """The root of the complete subtree of 2^level leaves from index·2^level on (merkle.Nodes).

        LeavesBroken where they are not there.
        """
        stored = max(each for each in LEVELS if each <= level and self._reaches(each, level, index))
        width = 1 << level - stored
        return reduced(self._read(stored, index * width, width))

    def nodes_anew(self) -> Nodes:
        """The same of the leaves alone, whatever the other files hold: they are read through once,
        1 s and 125 KB a million. LeavesBroken.
        """
        made = {LEVELS[1]: b"".join(m for _, m in self._made(0, 0, self.size // BLOCK))}
        for below, level in pairwise(LEVELS[1:]):
            whole = len(made[below]) // SIZE // BLOCK * BLOCK * SIZE
            made[level] = _raised(made[below][:whole])

        def node(level: int, index: int) -> bytes:
            for stored in reversed(LEVELS[1:]):
                width = 1 << level - stored if stored <= level else 0
                if width and (index + 1) * width * SIZE <= len(made[stored]):
                    return reduced(made[stored][index * width * SIZE : (index + 1) * width * SIZE])
            return reduced(self.read(index << level, 1 << level))

        return node

    def _reaches(self, stored: int, level: int, index: int) -> bool:
        """Whether a file has the whole of it; the leaves are asked whatever they have."""
        return not stored or self._count(stored) >= (index + 1) << level - stored

    def frontier(self, size: int) -> Frontier:
        """The right edge of the tree of the first `size` leaves. LeavesBroken."""
        return Frontier(size, peaks_of(self.node, size))

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()


def _raised(raw: bytes) -> bytes:
    """The hashes of the next level over whole blocks of hashes."""
    step = BLOCK * SIZE
    return b"".join(reduced(raw[at : at + step]) for at in range(0, len(raw), step))


def _put(file: int, at: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(file, left, at)
        at, left = at + written, left[written:]
