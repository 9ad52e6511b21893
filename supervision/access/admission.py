"""Who asks, and what they may do: from the secret that a browser sends to rights.

What was found is good for half a second, so a session revoked, or a person moved, is over within a
second in every process, and asking costs microseconds. While the store does not answer, what was
last known holds for a minute: a wall that goes dark with its database would help nobody, and
nothing can be revoked meanwhile. After that nobody is admitted.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from msgspec import Struct

from ..errors import StoreError
from ..facts import Instant
from ..record import Record
from ..store.stored import Stored
from .events import PEOPLE
from .people import Kiosk, People, Person, fold
from .port import AccessStore, Session
from .rights import Reach, Right, Rights, rights_of, rights_of_kiosk

T = TypeVar("T")

SECOND = 1_000_000
FRESH = 0.5
"""Seconds for which what was found is not looked up again."""
OUTAGE = 60.0
"""Seconds for which it holds while the store does not answer."""
SEEN_EVERY = 60 * SECOND
"""Between two notes of when a session was last used."""
AHEAD = 300 * SECOND
"""A session made that far in the future was made by a clock that was wrong: it is over."""
KEPT = 10_000
"""Sessions remembered at a time."""


class Times(Struct, frozen=True, kw_only=True):
    """How long a sign-in lasts.

    hours: at most. idle_minutes: without any request. steps_minutes: between its steps.
    """

    hours: int = 12
    idle_minutes: int = 30
    steps_minutes: int = 10


class Cookies(NamedTuple):
    """Under which name a browser keeps a session's secret, and whether it sends it by TLS only
    (which, for browsers, this machine itself is).
    """

    session: str = "__Host-session"
    secure: bool = True


COOKIES = Cookies()
PLAIN_COOKIES = Cookies("session", secure=False)
"""Where somebody said in words that people come without TLS."""


class Admission(NamedTuple):
    """Somebody who said who he is. `stage` names what is wanted before anything else, if it is."""

    session: Session
    name: str
    rights: Rights
    csrf: str

    @property
    def person(self) -> str:
        """The person's name, or the kiosk's."""
        return self.session.person

    @property
    def stage(self) -> str:
        """totp, enrol, password, or nothing."""
        return self.session.stage

    def reach(self, right: Right) -> Reach | None:
        """Over which part of the world the right is held; None: not at all."""
        return None if self.stage else self.rights.get(right)

    def is_as(self, other: Admission | None) -> bool:
        """Whether the same session may still do the same."""
        return (
            other is not None
            and self.session.digest == other.session.digest
            and (self.rights is other.rights or self.rights == other.rights)
        )


def digest_of(secret: str) -> str:
    """What is stored of a session's secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class _Known(NamedTuple):
    found: Session | None
    csrf: str
    at: float


class Admissions:
    """Answers who somebody is. Any number of threads; `admit` may block, `known` never does."""

    def __init__(
        self,
        record: Record,
        store: AccessStore,
        times: Times,
        now: Callable[[], Instant],
        ticks: Callable[[], float],
        cookies: Cookies = COOKIES,
    ) -> None:
        """`now` tells the time of day, `ticks` seconds that never go back."""
        self.cookies = cookies
        self._record, self._store = record, store
        self._times, self._now, self._ticks = times, now, ticks
        self._lock = threading.Lock()
        self._people = People()
        self._version = 0
        self._looked = -OUTAGE
        self._sessions: dict[str, _Known] = {}
        self._judged: tuple[People, dict[Person | Kiosk, Rights]] = (self._people, {})
        self._last: Stored | None = None
        self._down: StoreError | None = None
        self._down_at = -OUTAGE

    def people(self, *, at_once: bool = False) -> People:
        """Everybody, as the log has them half a second ago, or now. StoreError."""
        with self._lock:
            if at_once or self._ticks() - self._looked >= FRESH:
                self._asked(self._read_people)
            return self._people

    def people_at(self) -> tuple[People, int]:
        """Everybody as of now, and the version of the stream that says so. StoreError."""
        with self._lock:
            self._asked(self._read_people)
            return self._people, self._version

    def _read_people(self) -> None:
        if self._record.version(PEOPLE) != self._version:
            self._take_people()
        self._looked = self._ticks()

    def _take_people(self) -> None:
        last, behind = self._last, self._record.read_stream(PEOPLE, max(0, self._version - 1))
        if last is not None and behind[:1] == [last]:
            people, new = self._people, behind[1:]
        else:  # the first look, or a log restored from an older copy
            people, new, last = People(), self._record.read_stream(PEOPLE), None
        self._people = fold(people, (each.event for each in new))
        self._last = new[-1] if new else last
        self._version = self._last.version if self._last else 0

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the store says, unless it did not answer just now: nobody queues for its silence."""
        down = self._down
        if down is not None and self._ticks() - self._down_at < FRESH:
            raise down.with_traceback(None)
        try:
            found = ask()
        except StoreError as error:
            self._down, self._down_at = error, self._ticks()
            raise
        self._down = None
        return found

    def known(self, secret: str, address: str) -> tuple[bool, Admission | None]:
        """Whether the answer is known without looking, and the answer."""
        digest, ticks = digest_of(secret), self._ticks()
        at = self._sessions.get(digest)
        if at is None or ticks - at.at >= FRESH or ticks - self._looked >= FRESH:
            return False, None
        return True, self._judge(at, address)

    def admit(self, secret: str, address: str) -> Admission | None:
        """Whoever has this secret, from this address; None: nobody. StoreError."""
        found, answer = self.known(secret, address)
        if found:
            return answer
        digest = digest_of(secret)
        try:
            self.people()
            known = self._remember(digest, self._asked(lambda: self._store.session(digest)))
        except StoreError as error:
            known = self._last_known(digest, error)
        admission = self._judge(known, address) or self._judge_anew(known, address)
        if admission is not None:
            self._touch(admission.session)
        return admission

    def forget(self, *digests: str) -> None:
        """These sessions, or all if none is named, are looked up again; people too."""
        with self._lock:
            self._looked = -OUTAGE
            for digest in digests or list(self._sessions):
                self._sessions.pop(digest, None)

    def csrf(self, digest: str) -> str:
        """What a form of a session must bring along."""
        secret = self._record.vault.derived("csrf", digest)
        return hmac.digest(secret, b"form", "sha256").hex()

    def is_over(self, session: Session) -> bool:
        """Whether a session's time is over."""
        now = self._now()
        idle = self._times.idle_minutes * 60 * SECOND
        return (
            now >= session.ends_at
            or now + AHEAD < session.made_at
            or (session.kind == "person" and now - session.seen_at >= idle)
        )

    def _remember(self, digest: str, session: Session | None) -> _Known:
        known = _Known(session, self.csrf(digest) if session else "", self._ticks())
        with self._lock:
            if len(self._sessions) >= KEPT:
                self._sessions.clear()
            self._sessions[digest] = known
        return known

    def _last_known(self, digest: str, error: StoreError) -> _Known:
        at = self._sessions.get(digest)
        if at is None or self._ticks() - at.at >= OUTAGE:
            raise error
        return at

    def _judge(self, known: _Known, address: str) -> Admission | None:
        session, csrf, _ = known
        if session is None or session.kind == "link" or self.is_over(session):
            return None
        people = self._people
        if session.kind == "kiosk":
            kiosk = people.kiosks.get(session.person)
            if kiosk is None or not _is_of(session, kiosk) or session.address != address:
                return None
            return Admission(session, kiosk.kiosk, self._rights(people, kiosk), csrf)
        person = people.persons.get(session.person)
        if person is None or person.disabled:
            return None
        return Admission(session, shown_name(person), self._rights(people, person), csrf)

    def _judge_anew(self, known: _Known, address: str) -> Admission | None:
        """Who was added a moment ago, elsewhere, is not told to come back in half a second."""
        if known.found is None or self.is_over(known.found):
            return None
        try:
            self.people(at_once=True)
        except StoreError:
            return None
        return self._judge(known, address)

    def _rights(self, people: People, who: Person | Kiosk) -> Rights:
        """Worked out once for as long as nobody's rights change."""
        of, found = self._judged
        if of is not people:
            found = {}
            self._judged = people, found
        if who not in found:
            found[who] = (
                rights_of_kiosk(people, who) if isinstance(who, Kiosk) else rights_of(people, who)
            )
        return found[who]

    def _touch(self, session: Session) -> None:
        now = self._now()
        if now - session.seen_at >= SEEN_EVERY:
            try:
                self._store.seen(session.digest, now)
            except StoreError:
                return


def _is_of(session: Session, kiosk: Kiosk) -> bool:
    """Whether it is the session with which the kiosk was last opened."""
    return session.digest.startswith(kiosk.session)


def shown_name(person: Person) -> str:
    """How people call somebody."""
    return person.name or person.person
