"""The watch's acts into the log: what is there already is done, whoever did it (design: rule 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


def write_acts(watch: Watch, record: Acts, most: int = MOST) -> int:
    """Append what was derived, many cases a transaction; how many acts the log then has of it.

    On a conflict each case is looked at by itself: the same act there means that it was done
    already, another one halts the case.
    """
    count = 0
    for some in _parts(watch.pending(), most):
        try:
            record.append_many([Append(w.stream, w.expected, w.acts) for w in some])
        except StreamConflict:
            count += sum(_write_one(watch, record, writing) for writing in some)
        else:
            watch.written(some)
            count += sum(len(w.acts) for w in some)
    return count


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


def _write_one(watch: Watch, record: Acts, writing: Writing) -> int:
    """What the log lacks of one case's acts, behind those that another worker wrote first."""
    while True:
        stored = record.read_stream(writing.stream)[writing.expected :]
        for act, there in zip(writing.acts, stored, strict=False):
            if encode(act) != (there.topic, there.payload):
                watch.halt(writing.key, not_derived(there))
                return 0
        rest = writing.acts[len(stored) :]
        try:
            record.append_many([Append(writing.stream, writing.expected + len(stored), rest)])
        except StreamConflict:
            continue
        watch.written([writing])
        return len(writing.acts)
