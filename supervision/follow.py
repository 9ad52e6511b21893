"""The one loop that follows the log, in batches, from a position."""

from __future__ import annotations

from threading import Event

from .record import Record
from .store.stored import Stored

GLANCE = 0.05
"""Seconds between two looks for what other processes committed; also the delay of a stop."""


class Follower:
    """Reads on from a position; `position` is that of the last event given out."""

    def __init__(self, record: Record, position: int = 0) -> None:
        self.position = position
        self._record = record
        self._bell = Event()
        self._end = record.subscribe(self._bell.set)
        self._glanced = (-1, -1)

    def next_batch(self, limit: int) -> list[Stored]:
        """What comes next, whole transactions, in order; empty when there is nothing yet."""
        batch = self._record.read(self.position, limit)
        if batch:
            self.position = batch[-1].position
        return batch

    def wait(self, timeout: float, stop: Event) -> bool:
        """Return once something new is there (True), at `stop`, or after `timeout` seconds.

        Commits of this process are noticed at once, those of others within 100 ms.
        """
        while not stop.is_set():
            self._bell.clear()
            if self._is_behind():
                return True
            if timeout <= 0:
                return False
            self._bell.wait(min(timeout, GLANCE))
            timeout -= GLANCE
        return False

    def _is_behind(self) -> bool:
        glance = (self._record.changed(), self.position)
        if glance == self._glanced:
            return False
        behind = self._record.head() > self.position
        if not behind:
            self._glanced = glance
        return behind

    def close(self) -> None:
        """Hear no more of commits."""
        self._end()
