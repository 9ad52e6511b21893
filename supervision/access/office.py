"""Everything about access in one place, for the gate, the pages and the commands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ..errors import StreamConflict, SupervisionError
from ..facts import Instant
from ..record import Record
from ..store.mapping import moment
from .admission import COOKIES, Admissions, Cookies, Times
from .events import PEOPLE, PersonDisabled, RoleGranted
from .people import People
from .port import AccessStore
from .rights import ADMINISTRATORS
from .signing import SigningIn
from .trail import Trail

log = logging.getLogger(__name__)

TRIES = 10
"""Attempts at the end of the stream, should others write there at the same moment."""
CLEAN_EVERY = 60.0
"""Seconds between two times that what is over is forgotten."""

Decide = Callable[[People, datetime], Struct]
"""A command (ruling.py): its event, or an error that says why not."""


class Access:
    """People, sessions and the trail of one system. Any number of threads."""

    def __init__(
        self,
        record: Record,
        store: AccessStore,
        *,
        now: Callable[[], Instant],
        ticks: Callable[[], float],
        times: Times | None = None,
        cookies: Cookies = COOKIES,
    ) -> None:
        """`now` tells the time of day (µs), `ticks` seconds that never go back."""
        self.record, self.store, self.instant = record, store, now
        self.times = times or Times()
        self.trail = Trail(record, ticks)
        self.admissions = Admissions(record, store, self.times, now, ticks, cookies)
        self.signing = SigningIn(record, store, self.admissions, self.trail, self.times, now)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def rule(self, decide: Decide) -> Struct:
        """Decide on what is known, and record it; decided again when others were faster.

        Of who is disabled the sessions end: enabled again, they sign in again.

        NotAllowed and its kin, StreamConflict, StoreError, ClockJumped.
        """
        for attempt in range(1, TRIES + 1):
            people, version = self.admissions.people_at()
            event = decide(people, moment(self.record.heartbeat()[0]))
            try:
                self.record.append(PEOPLE, [event], version)
            except StreamConflict:
                if attempt == TRIES:
                    raise
                continue
            self.admissions.forget()
            break
        if isinstance(event, PersonDisabled):
            self.signing.out_all(event.person, event.by, why="disabled")
        if isinstance(event, RoleGranted) and event.role in ADMINISTRATORS:
            self._second_factor_first(event)
        return event

    def _second_factor_first(self, event: RoleGranted) -> None:
        """A session begun by a password alone is none of an administrator."""
        person = self.admissions.people(at_once=True).persons.get(event.person)
        if person is not None and not person.factor:
            self.signing.out_all(event.person, event.by, why="role")

    def start(self) -> None:
        """Forget what is over now and then, until closed."""
        self._thread = threading.Thread(target=self._clean, name="access", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, with every refusal recorded; the record stays open."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        self.trail.close()
        self.store.close()

    def _clean(self) -> None:
        while not self._stop.wait(CLEAN_EVERY):
            try:
                self.store.purge(self.instant())
            except SupervisionError as error:
                log.warning("sessions that are over could not be forgotten: %s", error)
