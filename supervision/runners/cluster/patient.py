"""A record that waits for its server: what a retry can help is tried again until told to stop.

Every call of it may be made twice: reading is harmless, and acts are appended behind a version. So
a role goes on in the middle of its work when PostgreSQL is back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event
from typing import TypeVar

from ...errors import StoreError, SupervisionError
from ...facts import Instant
from ...record import Append, Record
from ...store.stored import Stored

log = logging.getLogger(__name__)

RETRY = 0.5
"""Seconds before what failed is asked again."""
HEAD_EVERY = 1.0
"""Seconds between two questions where the log ends."""
T = TypeVar("T")


class Stopping(SupervisionError):
    """The role was told to stop while it waited."""

    def __init__(self) -> None:
        super().__init__("told to stop")


class Patient:
    """The calls of a record that the roles make; `failed` says what is being waited for."""

    def __init__(self, record: Record, stop: Event, told: Callable[[str], object]) -> None:
        """`told` hears the same at each try, and "" when it is over."""
        self.record = record
        self.failed = ""
        self._stop = stop
        self._told = told

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """As Record's; StreamConflict too where a first try was stored but not answered."""
        return self._ask(lambda: self.record.append_many(appends))

    def append(self, stream: str, events: Sequence[object], expected_version: int) -> list[int]:
        """As Record's; StreamConflict too where a first try was stored but not answered."""
        return self._ask(lambda: self.record.append(stream, events, expected_version))  # type: ignore[arg-type]

    def incident(self, incident_id: str, kind: str, source: str, case_no: str, why: str) -> bool:
        """As Record's."""
        return self._ask(lambda: self.record.incident(incident_id, kind, source, case_no, why))

    def read(self, after: int, limit: int) -> list[Stored]:
        """As Record's."""
        return self._ask(lambda: self.record.read(after, limit))

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        """As Record's."""
        return self._ask(lambda: self.record.read_case(source, case_no))

    def read_stream(self, stream: str) -> list[Stored]:
        """As Record's."""
        return self._ask(lambda: self.record.read_stream(stream))

    def read_lists(self) -> list[Stored]:
        """As Record's."""
        return self._ask(self.record.read_lists)

    def head(self) -> int:
        """As Record's."""
        return self._ask(self.record.head)

    def last_stamp(self) -> Instant:
        """As Record's."""
        return self._ask(self.record.last_stamp)

    def recorded_at(self, position: int) -> Instant:
        """As Record's."""
        return self._ask(lambda: self.record.recorded_at(position))

    def _ask(self, call: Callable[[], T]) -> T:
        while True:
            try:
                answer = call()
            except StoreError as error:
                if not error.retry:
                    raise
                if not self.failed:
                    log.warning("waiting for the log", extra={"why": str(error)})
                self.failed = str(error)
                self._told(self.failed)
            else:
                if self.failed:
                    self.failed = ""
                    self._told("")
                return answer
            if self._stop.wait(RETRY):
                raise Stopping


class Head:
    """Where the log ends, asked now and then, so that a follower can tell how far it is behind."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._known = 0
        self._asked = -HEAD_EVERY

    def beyond(self, position: int) -> int:
        """The head as it was a second ago at most, and no less than a position; the last known
        where the log does not answer.
        """
        if time.monotonic() - self._asked >= HEAD_EVERY:
            self._asked = time.monotonic()
            with suppress(StoreError):
                self._known = self._record.head()
        return max(self._known, position)
