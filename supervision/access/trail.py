"""The trail: what was done and refused, written to the log.

What is done is written before it is answered. Refusals are written by a thread, at once, but what
is refused again and again within a minute, from the same, is one event with its count: whoever
knocks a thousand times does not fill the log.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from ..errors import SupervisionError
from ..record import Record
from .events import ACCESS, AccessRefused, SignInRefused

log = logging.getLogger(__name__)

MINUTE = 60.0
KINDS_A_MINUTE = 500
"""Different refusals that are told apart in one minute; more are counted together."""
OTHERS = "more"


class Refusal(NamedTuple):
    """A refusal: of a sign-in or of something asked; whose, what, why, from where."""

    sign_in: bool
    by: str
    what: str
    why: str
    address: str

    def event(self, at: datetime, count: int) -> Struct:
        """As it is recorded."""
        if self.sign_in:
            return SignInRefused(at=at, by=self.by, why=self.why, address=self.address, count=count)
        return AccessRefused(
            at=at, by=self.by, what=self.what, why=self.why, address=self.address, count=count
        )


class Trail:
    """Writes to the stream of accesses. Any number of threads."""

    def __init__(self, record: Record, ticks: Callable[[], float]) -> None:
        """`ticks` tells seconds that never go back."""
        self._record = record
        self._ticks = ticks
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._writing = threading.Lock()
        self._counts: dict[Refusal, int] = {}
        self._since: dict[Refusal, float] = {}
        self._due: list[Refusal] = []
        self._thread: threading.Thread | None = None
        self._ended = False

    def note(self, make: Callable[[datetime], Struct]) -> datetime:
        """Record something done; when. As for Record.append."""
        return self._record.note(ACCESS, make)

    def refused(self, refusal: Refusal) -> None:
        """Record a refusal, soon; never waits for the store."""
        with self._wake:
            if len(self._since) >= KINDS_A_MINUTE and refusal not in self._since:
                refusal = refusal._replace(by="", what=OTHERS, address=OTHERS)
            self._counts[refusal] = self._counts.get(refusal, 0) + 1
            if refusal not in self._since:
                self._since[refusal] = self._ticks()
                self._due.append(refusal)
                self._wake.notify()
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="trail", daemon=True)
                self._thread.start()

    def flush(self, *, all_of_it: bool = True) -> None:
        """Write what is counted: all, or what is new or a minute old. It is written on return."""
        with self._writing:
            for refusal, count in self._take(all_of_it):
                self._write(refusal, count)

    def close(self) -> None:
        """Write what is left, and end."""
        with self._wake:
            self._ended = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(10)
        self.flush()

    def _write(self, refusal: Refusal, count: int) -> None:
        try:
            self._record.note(ACCESS, partial(refusal.event, count=count))
        except SupervisionError as error:
            log.warning("a refusal was not recorded: %s", error, extra={"why": refusal.why})
            self._again(refusal, count)
        except Exception:  # a defect takes one refusal with it, not all that come after
            log.exception("a refusal could not be recorded", extra={"why": refusal.why})

    def _again(self, refusal: Refusal, count: int) -> None:
        """What the store did not take is written with the next minute's."""
        with self._lock:
            self._counts[refusal] = self._counts.get(refusal, 0) + count
            self._since.setdefault(refusal, self._ticks())

    def _take(self, all_of_it: bool) -> list[tuple[Refusal, int]]:
        with self._lock:
            now = self._ticks()
            old = [r for r, since in self._since.items() if all_of_it or now - since >= MINUTE]
            wanted = dict.fromkeys([*self._due, *old])
            self._due.clear()
            for refusal in old:
                del self._since[refusal]
            return [(r, self._counts.pop(r)) for r in wanted if self._counts.get(r)]

    def _run(self) -> None:
        while not self._ended:
            with self._wake:
                if not self._due and not self._ended:
                    self._wake.wait(MINUTE / 4)
            self.flush(all_of_it=False)
