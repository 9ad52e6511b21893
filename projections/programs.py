"""Which program judged which part of the log: noted once whenever another one begins to judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from supervision.errors import Unreadable
from supervision.facts import Instant
from supervision.store.stored import Stored
from supervision.streams import PROGRAM
from supervision.system import ProgramBegan

from .keeping import program_digest


class Began(NamedTuple):
    """From a position on this program judged; the digest is "" where the note cannot be read."""

    position: int
    recorded_at: Instant
    program: str
    version: str


class Notes(Protocol):
    """What a record must do for this."""

    def version(self, stream: str) -> int:
        """The last version of a stream, 0 for one not yet there."""

    def read_stream(self, stream: str, after: int) -> list[Stored]:
        """A stream behind a version."""

    def note(self, stream: str, make: Callable[[datetime], Struct]) -> datetime:
        """Store one event at the end of a stream."""


def programs(noted: Sequence[Stored]) -> list[Began]:
    """The programs of a log, oldest first, from the events of its stream PROGRAM."""
    return [_began(stored) for stored in noted]


def _began(stored: Stored) -> Began:
    try:
        event = stored.event
    except Unreadable:
        event = None
    known = event if isinstance(event, ProgramBegan) else None
    return Began(
        stored.position,
        stored.recorded_at,
        known.program if known else "",
        known.version if known else "",
    )


def note_program(record: Notes, version: str, program: str = "") -> bool:
    """Say in the log that this program judges from here on, unless it said so last; whether it did.

    To be called before anything is judged, by one process at a time. Errors of the record.
    """
    program, last = program or program_digest(), record.version(PROGRAM)
    noted = programs(record.read_stream(PROGRAM, last - 1)) if last else []
    if noted and noted[-1].program == program:
        return False
    record.note(PROGRAM, lambda at: ProgramBegan(program=program, version=version, at=at))
    return True
