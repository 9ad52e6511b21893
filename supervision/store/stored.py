"""What every store gives back."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from ..facts import Instant
from .mapping import canonical, decode

Key = tuple[str, str, int]
"""Source, id and data_version: what makes a fact idempotent."""


class Stored(NamedTuple):
    """An event as it stands in the log."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: Instant
    payload: bytes

    @property
    def event(self) -> Struct:
        """Decoded, in its current form; TooNew, Unreadable."""
        return decode(self.topic, self.payload)

    @property
    def envelope(self) -> bytes:
        """Its one byte form, kept for good."""
        return canonical(
            self.stream, self.version, self.position, self.topic, self.recorded_at, self.payload
        )
