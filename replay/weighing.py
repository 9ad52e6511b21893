"""Which checkpoints are to be believed: those of this log, signed by its key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .comparing import Hashes
from .findings import Finding, Kind
from .notes import COSIGNATURE, Key, SealError, read_checkpoint, read_note, vouchers
from .rows import Told

FILE = re.compile(r"(?:^|/)(\d{20})\.note$")
"""What a note's file is called: of how many events it is."""


class NoteFile(NamedTuple):
    """A checkpoint's note and what it is called; a `copy` is one kept elsewhere."""

    name: str
    data: bytes
    copy: bool = False


class Sealed(NamedTuple):
    """A checkpoint that the log's key has signed; `witnesses`: who cosigned it."""

    size: int
    root: bytes
    name: str
    witnesses: tuple[str, ...] = ()
    copy: bool = False


class Seals(NamedTuple):
    """What the log is compared with: the log's name ("": that of its first key), the keys that
    sign for it, its witnesses' keys, notes, leaves.
    """

    origin: str
    keys: Sequence[Key]
    witnesses: Sequence[Key]
    notes: Sequence[NoteFile]
    leaves: Hashes


def weighed(seals: Seals, told: Told) -> list[Sealed]:
    """The checkpoints that are signed, by size; what is wrong with the others is told."""
    origin = seals.origin or (seals.keys[0].name if seals.keys else "")
    found = [each for note in seals.notes if (each := _weigh(note, seals, origin, told))]
    kept: dict[int, Sealed] = {}
    for each in sorted(found, key=lambda sealed: (sealed.size, sealed.copy)):
        other = kept.setdefault(each.size, each)
        if other.root != each.root:
            told.add(disagree(each.size, each.size))
    own = max((each.size for each in found if not each.copy), default=0)
    most = max((each.size for each in found), default=0)
    if most > own:
        told.add(Finding(kind=Kind.CHECKPOINT_MISSING, position=most, other=own))
    return list(kept.values())


def _weigh(note: NoteFile, seals: Seals, origin: str, told: Told) -> Sealed | None:
    def wrong(kind: Kind) -> Sealed | None:
        told.add(Finding(kind=kind, detail=note.name))
        return None

    try:
        read = read_note(note.data)
        checkpoint = read_checkpoint(read.text)
    except SealError:
        return wrong(Kind.CHECKPOINT_UNREADABLE)
    try:
        vouched = vouchers(read, [*seals.keys, *seals.witnesses])
    except SealError:
        return wrong(Kind.CHECKPOINT_FORGED)
    if checkpoint.origin != origin:
        return wrong(Kind.CHECKPOINT_OF_ANOTHER_LOG)
    if not any(each.key.algorithm != COSIGNATURE and each.key in seals.keys for each in vouched):
        return wrong(Kind.CHECKPOINT_FORGED)
    if (named := FILE.search(note.name)) and int(named[1]) != checkpoint.size:
        return wrong(Kind.CHECKPOINT_UNREADABLE)
    witnesses = tuple(each.key.name for each in vouched if each.key in seals.witnesses)
    return Sealed(checkpoint.size, checkpoint.root, note.name, witnesses, note.copy)


def disagree(size: int, other: int) -> Finding:
    """Two checkpoints that one key has signed."""
    return Finding(kind=Kind.CHECKPOINTS_DISAGREE, position=size, other=other)
