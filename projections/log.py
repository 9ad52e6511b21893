"""What the followers ask of the log, whoever carries it."""

from __future__ import annotations

from typing import Protocol

from supervision.facts import Instant
from supervision.store.stored import Stored


class Ends(Protocol):
    """Where the log ends."""

    def head(self) -> int:
        """The position of the last event."""

    def last_stamp(self) -> Instant:
        """The last stamp given (µs)."""


class Log(Ends, Protocol):
    """What a record must do for whoever follows the log."""

    def read(self, after: int, limit: int) -> list[Stored]:
        """Events behind a position, whole transactions."""

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        """All streams of one case, in log order."""

    def read_lists(self) -> list[Stored]:
        """All that was published, in log order."""

    def recorded_at(self, position: int) -> Instant:
        """When the event at a position was recorded (µs); 0 where there is none."""
