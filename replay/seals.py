"""The folder of seals: leaf hashes, checkpoints, time stamps, the public key. Any process reads it.

    leaves, level-8, level-16, level-24      the hash of every event (leaves.py)
    log.vkey                                 the log's name and public key
    checkpoints/<20 digits>.note             the signed checkpoint of so many events
    checkpoints/<20 digits>.tsr              the time stamp (RFC 3161) on its text

A checkpoint's text is written once and never changes; signatures of witnesses are added below it,
by putting a longer note into its place. What stands here is worth most where whoever rules over the
database does not: on another disk, better on another machine's share.

SealError (notes.py)
├── NotSealed          nothing is sealed yet
├── NoteDamaged        a file of the folder cannot be read, or is not what its name says
├── NoteContradicted   another checkpoint of the same size was signed before
└── TextUnfit          a text that the log's key does not sign
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import TypeVar

from .casefile import Sealed, Stamp
from .leaves import Leaves, LeavesWrong
from .merkle import (
    Nodes,
    consistency,
    inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from .notes import (
    LONGEST,
    Checkpoint,
    Key,
    SealError,
    Signer,
    read_checkpoint,
    read_key,
    read_note,
    signed,
)
from .seal_keys import put
from .stamping import read_stamp

log = logging.getLogger(__name__)

NOTES = "checkpoints"
VKEY = "log.vkey"
FILE = re.compile(r"(\d{20})\.note")
Proof = TypeVar("Proof")
_adding = Lock()
"""Witnesses are asked at the same time, and each adds its line to the note that there is."""


class NotSealed(SealError):
    """There is no seal to speak of."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"nothing is sealed in {folder} yet: start `supervise run` or `supervise serve seal`, "
            "or name the folder with SUPERVISION_SEALS"
        )


class NoteDamaged(SealError):
    """A file that is not what it should be."""

    def __init__(self, path: Path, why: object) -> None:
        super().__init__(f"{path} cannot be read: {why}; bring it back from a copy")


class NoteContradicted(SealError):
    """Two roots for one size: the log was changed, or the folder is another log's."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds another checkpoint of the same size: the log is not what was sealed; "
            "keep both, and run: supervise verify"
        )


class TextUnfit(SealError):
    """Only what nobody takes for a checkpoint is signed on request."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the log's key does not sign this text: {why}")


class Checkpoints:
    """The notes and time stamps of a folder. One process writes, any number read."""

    def __init__(self, folder: Path) -> None:
        """Of a folder of seals; nothing is made before the first is written."""
        self.folder = folder / NOTES

    def sizes(self) -> list[int]:
        """Of how many events there are checkpoints, ascending."""
        return sorted(self._sizes())

    def last(self) -> int:
        """The greatest of them, 0 where there is none."""
        return max(self._sizes(), default=0)

    def _sizes(self) -> Iterator[int]:
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return
        except OSError as error:
            raise NoteDamaged(self.folder, error.strerror) from error
        for name in names:
            if found := FILE.fullmatch(name):
                yield int(found[1])

    def path(self, size: int) -> Path:
        """Where the note of a size stands."""
        return self.folder / f"{size:020}.note"

    def stamp_path(self, size: int) -> Path:
        """Where its time stamp stands."""
        return self.folder / f"{size:020}.tsr"

    def note(self, size: int) -> bytes:
        """The signed note of a size, of which text and size agree. NoteDamaged."""
        data = _read(self.path(size))
        try:
            found = read_checkpoint(read_note(data).text)
        except SealError as error:
            raise NoteDamaged(self.path(size), error) from error
        if found.size != size:
            raise NoteDamaged(self.path(size), f"it is the checkpoint of {found.size} events")
        return data

    def checkpoint(self, size: int) -> Checkpoint:
        """What the note of a size says. NoteDamaged."""
        return read_checkpoint(read_note(self.note(size)).text)

    def write(self, size: int, note: bytes) -> None:
        """A note, once; the same again changes nothing. NoteContradicted, NoteDamaged."""
        path = self.path(size)
        if path.exists():
            if read_note(self.note(size)).text != read_note(note).text:
                raise NoteContradicted(path)
            return
        self._put(path, note)

    def add(self, size: int, lines: bytes) -> None:
        """Signatures more below a note, of which the text stays."""
        with _adding:
            note = self.note(size)
            if lines and lines not in note:
                self._put(self.path(size), note + lines)

    def stamp(self, size: int) -> bytes | None:
        """The time stamp on a checkpoint, as the authority answered; None without."""
        path = self.stamp_path(size)
        return _read(path) if path.exists() else None

    def write_stamp(self, size: int, answer: bytes) -> None:
        """The time stamp on a checkpoint."""
        self._put(self.stamp_path(size), answer)

    def tidy(self) -> None:
        """Away with what a death left half written."""
        if self.folder.is_dir():
            for path in self.folder.glob(".*"):
                path.unlink(missing_ok=True)

    def _put(self, path: Path, data: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            put(path, data)
        except OSError as error:
            raise NoteDamaged(path, error.strerror) from error


class SealFolder:
    """What seals the log, as other parts ask for it (casefile.Seals). Any number of threads."""

    def __init__(self, folder: Path, signer: Callable[[], Signer] | None = None) -> None:
        """`signer` gives the log's key where this process may sign; SealError where it cannot."""
        self.folder, self._signer = folder, signer
        self.checkpoints = Checkpoints(folder)

    @property
    def key(self) -> Key:
        """The log's public key. NotSealed, NoteDamaged."""
        path = self.folder / VKEY
        if path.exists():
            try:
                return read_key(_read(path).decode(errors="replace"))
            except SealError as error:
                raise NoteDamaged(path, error) from error
        if self._signer is None:
            raise NotSealed(self.folder)
        return self._signer().key

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.key.name

    @property
    def vkey(self) -> str:
        """The log's public key, written out."""
        return self.key.vkey

    def latest(self) -> Sealed | None:
        """The newest checkpoint; None before the first. NoteDamaged."""
        size = self.checkpoints.last()
        return Sealed(self.checkpoints.note(size), size) if size else None

    def prove_many(self, positions: list[int], size: int) -> list[list[bytes]]:
        """The audit path of each event at these positions in the tree of the first `size` events.

        Each is verified before it is given out. IndexError unless 1 <= position <= size <= what is
        sealed. LeavesBroken, LeavesWrong, NoteDamaged.
        """

        def made(nodes: Nodes) -> list[list[bytes]]:
            return [inclusion(nodes, position - 1, size) for position in positions]

        with closing(Leaves(self.folder)) as leaves:
            _within(size, leaves)

            def hold(paths: list[list[bytes]], nodes: Nodes) -> bool:
                root = self._root(nodes, size)
                return all(
                    verify_inclusion(leaves.read(position - 1, 1), position - 1, size, path, root)
                    for position, path in zip(positions, paths, strict=True)
                )

            return self._proved(leaves, size, made, hold)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """That the first `old` events are the beginning of the first `size`: the proof, which is
        verified before it is given out.

        IndexError unless 0 <= old <= size <= what is sealed. LeavesBroken, LeavesWrong,
        NoteDamaged.
        """

        def made(nodes: Nodes) -> list[bytes]:
            return consistency(nodes, old, size)

        def hold(proof: list[bytes], nodes: Nodes) -> bool:
            roots = self._root(nodes, old), self._root(nodes, size)
            return verify_consistency(old, roots[0], size, roots[1], proof)

        with closing(Leaves(self.folder)) as leaves:
            _within(size, leaves)
            return self._proved(leaves, size, made, hold)

    def _root(self, nodes: Nodes, size: int) -> bytes:
        """As it was signed; of a size that was not, as the leaves give it."""
        if self.checkpoints.path(size).exists():
            return self.checkpoints.checkpoint(size).root
        return root_of(nodes, size)

    def _proved(
        self,
        leaves: Leaves,
        size: int,
        made: Callable[[Nodes], Proof],
        hold: Callable[[Proof, Nodes], bool],
    ) -> Proof:
        """What is proved from the levels, or where that does not hold from the leaves alone."""
        found = made(leaves.node)
        if hold(found, leaves.node):
            return found
        log.warning("the levels in %s are wrong; proved from the leaves alone", self.folder)
        nodes = leaves.nodes_anew()
        found = made(nodes)
        if not hold(found, nodes):
            raise LeavesWrong(self.folder, size)
        return found

    def sign(self, text: bytes) -> bytes:
        """A text that is no checkpoint, as a note signed by the log's key. TextUnfit, KeyLost."""
        if self._signer is None:
            raise TextUnfit("this process has no key")
        signer = self._signer()
        if not text.endswith(b"\n"):
            raise TextUnfit("it does not end with a line break")
        if text.split(b"\n", 1)[0].decode(errors="replace") == signer.key.name:
            raise TextUnfit("it begins as a checkpoint does")
        note = signed(text, [signer])
        read_note(note)
        return note

    def stamps(self, size: int) -> list[Stamp]:
        """The time stamps on the checkpoint of that size: over the text of its note, which no
        signature changes.
        """
        answer = self.checkpoints.stamp(size)
        if answer is None:
            return []
        found = read_stamp(answer)
        token = b64encode(found.token).decode()
        return [Stamp(authority=found.authority, at=found.at, token=token)]


def _within(size: int, leaves: Leaves) -> None:
    if size > leaves.size:
        raise IndexError(f"{leaves.size} events are sealed, not {size}")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST + 1)
    except OSError as error:
        raise NoteDamaged(path, error.strerror) from error
