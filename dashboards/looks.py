"""Looks at cases: whoever is shown a case leaves an event of it, before it is shown.

Every way to a case that names one goes through here: `Sights.look` for what tells a case, and
`Sights.looked` for what found it otherwise. Lists and searches are none, papers and files leave
events of their own as well (Exported, CaseFileTaken), and texts theirs (TextsSeen).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from supervision.access.admission import SECOND, Admission
from supervision.access.events import CaseSeen
from supervision.access.gate import asked_from
from supervision.access.trail import Trail
from supervision.facts import Instant

PAGE, HISTORY, CARD, API, COMMAND = "page", "history", "card", "api", "command"
"""How a case was looked at: its page, its time line, a card of it, the API, a command."""
WITHIN = 600 * SECOND
"""Looks of one person at one case in one way are one for that long, µs, unless a sample was drawn
meanwhile: a page that is read again, or that refreshes by itself, does not flood the trail, and
whoever looks at a case of a sample is told there.
"""
KEPT = 20_000
"""Looks that are remembered at a time; one that was forgotten is noted once more."""
LOCKS = 64
"""As many looks at different cases are noted at a time."""


class Look(NamedTuple):
    """What makes two looks one."""

    by: str
    source: str
    case_no: str
    how: str


class Looks:
    """Notes looks in the trail. Any number of threads; each process remembers its own."""

    def __init__(
        self,
        trail: Trail,
        now: Callable[[], Instant],
        samples: Callable[[], int],
        kept: int = KEPT,
    ) -> None:
        """`now` tells the time of day (µs); `samples` how many events the log has of samples,
        whichever process drew them.
        """
        self._trail, self._now, self._samples, self._kept = trail, now, samples, kept
        self._since: dict[Look, tuple[Instant, int]] = {}
        self._lock = threading.Lock()
        self._turns = tuple(threading.Lock() for _ in range(LOCKS))

    def seen(self, admission: Admission, source: str, case_no: str, how: str) -> None:
        """It is on record when this returns. StoreError, ClockJumped: it is not, and the case MUST
        NOT be shown.
        """
        look = Look(admission.person, source, case_no, how)
        with self._turns[hash(look) % LOCKS]:
            now, samples = self._now(), self._samples()
            if not self._is_known(look, now, samples):
                self._note(look)
                self._remember(look, now, samples)

    def _note(self, look: Look) -> None:
        address = asked_from()

        def event(at: datetime) -> CaseSeen:
            return CaseSeen(at=at, address=address, **look._asdict())

        self._trail.note(event)

    def _is_known(self, look: Look, now: Instant, samples: int) -> bool:
        """A clock that was set back knows nothing: what it says is for the record to judge."""
        since, before = self._since.get(look, (None, 0))
        return since is not None and samples == before and 0 <= now - since < WITHIN

    def _remember(self, look: Look, now: Instant, samples: int) -> None:
        with self._lock:
            self._since.pop(look, None)
            while len(self._since) >= self._kept:
                del self._since[next(iter(self._since))]
            self._since[look] = now, samples
