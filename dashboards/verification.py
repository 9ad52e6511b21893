"""Verifying the log behind a page: one at a time, in a thread, with how far it has come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from replay.evidence import Evidence, verified
from replay.verify import Verdict, Verification
from supervision.access.events import LogVerified
from supervision.access.office import Access
from supervision.errors import SupervisionError
from supervision.facts import Instant

log = logging.getLogger(__name__)


class Stand(NamedTuple):
    """How a verification stands.

    `phase`: seals, log, tables. `began`, `ended`: instants (µs), 0: not yet. `failed`: why it came
    to nothing.
    """

    by: str
    began: Instant
    phase: str = "seals"
    done: int = 0
    total: int = 0
    ended: Instant = 0
    found: Verification | None = None
    failed: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return not self.ended


class Job:
    """The verification of one process. Any number of threads."""

    def __init__(self, access: Access, evidence: Evidence) -> None:
        self._access, self._evidence = access, evidence
        self._lock = threading.Lock()
        self._stand: Stand | None = None
        self._thread: threading.Thread | None = None

    def stand(self) -> Stand | None:
        """Of the one that runs, or the last that ended here."""
        return self._stand

    def begin(self, by: str) -> bool:
        """Begin one; whether none was running."""
        with self._lock:
            if self._stand is not None and self._stand.running:
                return False
            self._stand = Stand(by, self._access.instant())
            self._thread = threading.Thread(target=self._run, name="verify", daemon=True)
            self._thread.start()
            return True

    def wait(self, seconds: float) -> None:
        """Until the one that runs has ended, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        found, failed = None, ""
        try:
            store = self._access.record.log.store
            found = verified(store, self._evidence, progress=self._passed)
            self._note(found)
            failed = found.unread if found.verdict is Verdict.NOT_PROVED else ""
        except SupervisionError as error:
            failed = str(error)
        except Exception as error:
            log.exception("verifying failed")
            failed = f"{type(error).__name__}: {error}"
        ended = max(1, self._access.instant())
        self._set(lambda stand: stand._replace(ended=ended, found=found, failed=failed))

    def _note(self, found: Verification) -> None:
        """On record, but never in a log with findings, nor where not all could be read."""
        if found.verdict is not Verdict.FINDINGS and not found.unread:
            by = self._stand.by if self._stand else ""
            self._access.trail.note(partial(_event, found, by))

    def _passed(self, phase: str, done: int, total: int) -> None:
        self._set(lambda stand: stand._replace(phase=phase, done=done, total=total))

    def _set(self, change: Callable[[Stand], Stand]) -> None:
        if self._stand is not None:
            self._stand = change(self._stand)


def _event(found: Verification, by: str, at: object) -> LogVerified:
    return LogVerified(
        at=at,  # type: ignore[arg-type]
        by=by,
        position=found.position,
        sealed=found.proved,
        root=found.root,
        findings=found.count,
    )
