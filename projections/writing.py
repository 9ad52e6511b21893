"""The watch's acts into the log: what is there already is done, whoever did it (design: rule 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from supervision.acts import CardAct
from supervision.errors import StreamConflict
from supervision.record import Append
from supervision.store.mapping import encode
from supervision.store.stored import Stored

from .watch import Watch, Writing, not_derived

MOST = 2_000
"""Acts of one transaction; the acts of one case are never divided."""


class Acts(Protocol):
    """What a record must do for this."""

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """Store all of it in one transaction, or nothing; StreamConflict."""

    def read_stream(self, stream: str) -> list[Stored]:
        """All of one stream, in the order of its versions."""


class Wrote(NamedTuple):
    """The acts that the log has now, and the highest position of one; 0 for none."""

    acts: list[CardAct]
    position: int


def write_acts(watch: Watch, record: Acts, most: int = MOST) -> Wrote:
    """Append what was derived, many cases a transaction.

    On a conflict each case is looked at by itself: the same act there means that it was done
    already, another one halts the case.
    """
    written: list[CardAct] = []
    highest = 0
    for some in _parts(watch.pending(), most):
        try:
            positions = record.append_many([Append(w.stream, w.expected, w.acts) for w in some])
        except StreamConflict:
            for writing in some:
                wrote = _write_one(watch, record, writing)
                written += wrote.acts
                highest = max(highest, wrote.position)
        else:
            watch.written(some)
            for writing in some:
                written += writing.acts
            highest = max(highest, *positions)
    return Wrote(written, highest)


def _parts(pending: list[Writing], most: int) -> list[list[Writing]]:
    parts: list[list[Writing]] = []
    room = 0
    for writing in pending:
        if room <= 0:
            parts.append([])
            room = most
        parts[-1].append(writing)
        room -= len(writing.acts)
    return parts


def _write_one(watch: Watch, record: Acts, writing: Writing) -> Wrote:
    """What the log lacks of one case's acts, behind those that another worker wrote first."""
    while True:
        stored = record.read_stream(writing.stream)[writing.expected :]
        for act, there in zip(writing.acts, stored, strict=False):
            if encode(act) != (there.topic, there.payload):
                watch.halt(writing.key, not_derived(there))
                return Wrote([], 0)
        rest = writing.acts[len(stored) :]
        expected = writing.expected + len(stored)
        try:
            positions = record.append_many([Append(writing.stream, expected, rest)])
        except StreamConflict:
            continue
        watch.written([writing])
        return Wrote(writing.acts, max([*positions, *(s.position for s in stored)]))
