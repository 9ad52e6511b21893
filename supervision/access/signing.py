"""Signing in and out: passwords, second factors, links, kiosks; every step leaves an event.

Above 400 lines: its steps share one lock, one throttle and one way to fail.

Whoever fails is told the same whatever was wrong. Five failures lock an account for a quarter of an
hour, whoever caused them; one address gets twenty tries a minute, all together a hundred. A name
that nobody has is treated as one that somebody has, its lock and its time included.

SignInFailed        the same words for all; `why` is for the trail
├── TooManyTries    from this address or at all; `wait` seconds
└── OutOfStep       the second factor or the page came without the step before it
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from msgspec import Struct

from ..errors import SupervisionError
from ..facts import Instant
from ..record import Record
from . import passwords
from .admission import AHEAD, SECOND, Admissions, Times, digest_of
from .events import (
    PEOPLE,
    AccountUnlocked,
    KioskClosed,
    KioskOpened,
    LinkIssued,
    PasswordChanged,
    SecondFactorRenewed,
    SignedIn,
    SignedOut,
)
from .factor import STEP, secret_of, step_of
from .people import People, Person, name_of
from .port import AccessStore, Password, Session
from .rights import is_administrator, was_administrator
from .ruling import CONSOLE, NAME, ByConsole, NameUnfit, PersonExists, UnknownPerson
from .trail import Refusal, Trail

LOCKED_AFTER = 5
"""Failures after which an account is locked …"""
LOCKED_FOR = 15 * 60 * SECOND
"""… for so long after the last."""
ADDRESS_A_MINUTE = 20
ALL_A_MINUTE = 100
LINK_MINUTES = 15
KIOSK_DAYS = 365
NOBODY = ""
"""Whose failures stand for those of names that nobody has: they take as long to note."""
SESSION_SHOWN = 12
"""Characters of a session's digest by which it is listed."""
AGENT_LONGEST = 200


class SignInFailed(SupervisionError):
    """Nobody was signed in."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "登录失败：用户名、密码或验证码不正确 the name, password or code is not right"
        )
        self.why = why


class TooManyTries(SignInFailed):
    """Come back later."""

    def __init__(self, wait: int) -> None:
        super().__init__("too many")
        self.wait = wait


class OutOfStep(SignInFailed):
    """Begin again."""


class From(NamedTuple):
    """From where somebody comes: address, and what the browser says that it is."""

    address: str
    agent: str = ""


class Opened(NamedTuple):
    """A session begun: the secret for the cookie, and what it is."""

    secret: str
    session: Session


class SigningIn:
    """Signs people in and out. Every method may block; any number of threads."""

    def __init__(
        self,
        record: Record,
        store: AccessStore,
        admissions: Admissions,
        trail: Trail,
        times: Times,
        now: Callable[[], Instant],
    ) -> None:
        self._record, self._store, self._trail = record, store, trail
        self._admissions, self._times, self._now = admissions, times, now
        self._tries = MovingWindowRateLimiter(MemoryStorage())
        self._unknown = RateLimitItemPerMinute(LOCKED_AFTER, LOCKED_FOR // (60 * SECOND))

    # By people.

    def by_password(self, name: str, password: str, place: From) -> Opened:
        """Sign in with name and password; what is wanted then is the session's stage."""
        who = name_of(name)[:64]
        self._within_limits(who, place)
        person = self._admissions.people(at_once=True).persons.get(who)
        locked = self._is_locked(who, person)
        stored = self._store.password(who)
        known = stored if person and not person.disabled else None
        right = passwords.is_right(known.hash if known and not locked else None, password)
        if locked:
            raise self._failed(who, "locked", place)
        if not right:
            raise self._failed(who, "password", place, person)
        self._not_locked_meanwhile(who, person, place)
        assert person is not None
        assert known is not None
        stage = _first_stage(person, temporary=known.temporary)
        opened = self._open(person.person, "password", stage, place, told=stage != "totp")
        if self._store.password(who) != known:  # it was reset while this one was looked at
            self.out(opened.session, why="password")
            raise self._failed(who, "password", place, person)
        if not stage:
            self._store.clear_failures(who)
        return opened

    def by_code(self, session: Session, code: str, place: From) -> Opened:
        """The second step: six digits; each is right once."""
        person = self._person(session, "totp")
        self._within_limits(person.person, place)
        if self._is_locked(person.person, person):
            raise self._failed(person.person, "locked", place)
        if not self._is_right(person, person.factor, code):
            raise self._failed(person.person, "code", place, person)
        self._not_locked_meanwhile(person.person, person, place)
        self._store.clear_failures(person.person)
        stage = "password" if self._must_change(session) else ""
        return self._advance(session, stage, f"{session.how}+totp", place, told=True)

    def by_subject(self, subject: str, place: From) -> Opened:
        """Whom the OpenID provider named; who administers brings the second factor all the same."""
        person = self._admissions.people(at_once=True).by_subject(subject)
        if person is None or person.disabled:
            raise self._failed(subject[:64], "subject", place)
        stage = _first_stage(person, temporary=False)
        return self._open(person.person, "oidc", stage, place, told=stage != "totp")

    def by_link(self, secret: str, place: From) -> Opened:
        """By a link, once."""
        self._within_limits("link", place)
        digest = digest_of(secret)
        found = self._store.session(digest)
        link = self._store.end_session(digest) if found and found.kind == "link" else None
        people = self._admissions.people(at_once=True)
        person = people.persons.get(link.person) if link else None
        if link is None or person is None or person.disabled or self._admissions.is_over(link):
            raise self._failed(link.person if link else "", "link", place)
        stage = _first_stage(person, temporary=False)
        return self._open(person.person, "link", stage, place, told=stage != "totp")

    def by_kiosk(self, secret: str, place: From) -> Session:
        """A wall's own secret is that of its session; SignInFailed from another address."""
        found = self._admissions.admit(secret, place.address)
        if found is None or found.session.kind != "kiosk":
            raise self._failed("kiosk", "kiosk", place)
        self._note_sign_in(found.session)
        return found.session

    def out(self, session: Session, by: str = "", why: str = "") -> None:
        """End a session."""
        ended = self._store.end_session(session.digest)
        if ended is not None:
            self._ended([ended], by or session.person, why)

    def out_all(self, person: str, by: str, *, but: str = "", why: str = "") -> int:
        """End a person's sessions, but one; how many there were."""
        ended = self._store.end_sessions(person, but)
        self._ended(ended, by, why)
        return len(ended)

    def sessions(self, person: str | None = None) -> list[Session]:
        """The sessions of a person, or all, that are not over."""
        found = self._store.sessions(person)
        return [s for s in found if s.kind != "link" and not self._admissions.is_over(s)]

    # Passwords and factors.

    def change_password(self, session: Session, old: str, new: str, place: From) -> Opened:
        """A person's own; the sessions elsewhere end. PasswordUnfit, SignInFailed.

        When all steps of signing in are made, or in that which asks for it.
        """
        who = session.person
        person = self._person(session, "password" if session.stage else "")
        self._within_limits(who, place)
        if self._is_locked(who, person):
            raise self._failed(who, "locked", place)
        known = self._store.password(who)
        if not passwords.is_right(known.hash if known else None, old):
            raise self._failed(who, "password", place, person)
        if new == old:
            raise passwords.PasswordUnfit("新密码与旧密码相同 the new password is the old one")
        self._set_password(who, passwords.fit(new, who), by=who, temporary=False)
        self._store.clear_failures(who)
        opened = self._advance(session, "", session.how, place, told=False)
        self.out_all(who, who, but=opened.session.digest, why="password")
        return opened

    def reset_password(self, person: str, by: str) -> str:
        """A first password for somebody, told once; sessions end and failures are forgiven.

        ByConsole: an administrator's, asked for by another.
        """
        who = self._resettable(person, by)
        password = passwords.first_password()
        self._set_password(who.person, password, by=by, temporary=True)
        self._store.clear_failures(who.person)
        self.out_all(who.person, by, why="password")
        return password

    def unlock(self, person: str, by: str) -> None:
        """Forgive failures."""
        who = self._known(person).person
        self._store.clear_failures(who)
        self._trail.note(lambda at: AccountUnlocked(at=at, by=by, person=who))

    def confirm(self, session: Session, given: str, place: From) -> str:
        """Who is wholly signed in shows that it is still they, before the second factor is renewed.

        By a code of the factor in use, or by the password where there is none. What is returned is
        for factor_offered and begin_factor, for some minutes. SignInFailed.
        """
        person = self._person(session, "")
        who = person.person
        self._within_limits(who, place)
        if self._is_locked(who, person):
            raise self._failed(who, "locked", place)
        if not self._is_they(person, given):
            raise self._failed(who, "code" if person.factor else "password", place, person)
        self._store.clear_failures(who)
        return self._proof(session, person, self._now() + self._times.steps_minutes * 60 * SECOND)

    def factor_offered(self, session: Session, proof: str = "") -> str:
        """The secret of the second factor that a person is about to begin with. OutOfStep."""
        person = self._beginning(session, proof)
        return secret_of(self._record.vault.derived, person.person, self._number(session))

    def begin_factor(self, session: Session, code: str, place: From, proof: str = "") -> Opened:
        """The first code of the factor offered makes it the person's. SignInFailed.

        In the step of signing in that asks for it; later only with what `confirm` gave.
        """
        person = self._beginning(session, proof)
        self._within_limits(person.person, place)
        number = self._number(session)
        if not self._is_right(person, number, code):
            raise self._failed(person.person, "code", place, person)
        who = person.person
        self._record.note(
            PEOPLE, lambda at: SecondFactorRenewed(at=at, by=who, person=who, number=number)
        )
        self._store.clear_failures(who)
        self._admissions.forget()
        stage = "password" if self._must_change(session) else ""
        opened = self._advance(session, stage, session.how, place, told=False)
        self.out_all(who, who, but=opened.session.digest, why="factor")
        return opened

    def drop_factor(self, person: str, by: str) -> None:
        """Somebody lost their telephone: they begin another at the next sign-in. ByConsole."""
        who = self._resettable(person, by).person
        self._record.note(
            PEOPLE, lambda at: SecondFactorRenewed(at=at, by=by, person=who, number=0)
        )
        self._admissions.forget()
        self.out_all(who, by, why="factor")

    # Links and kiosks.

    def make_link(self, person: str, by: str, minutes: int = LINK_MINUTES) -> str:
        """The secret of a link that signs a person in once."""
        who = self._known(person).person
        now = self._now()
        secret, session = _made(who, "link", "link", "", now, minutes * 60 * SECOND, From(""))
        until = timedelta(minutes=minutes)
        self._trail.note(lambda at: LinkIssued(at=at, by=by, person=who, until=at + until))
        self._store.add_session(session)
        return secret

    def open_kiosk(
        self, kiosk: str, address: str, units: Sequence[str], by: str, days: int = KIOSK_DAYS
    ) -> str:
        """The secret of a wall without a person, good from one address; told once.

        NameUnfit; PersonExists: a person signs in by that name.
        """
        name = name_of(kiosk)
        if not NAME.fullmatch(name):
            raise NameUnfit(kiosk[:64])
        if name in self._admissions.people(at_once=True).persons:
            raise PersonExists(name)
        self.close_kiosk(name, by)
        now, kept = self._now(), tuple(units)
        place = From(address)
        secret, session = _made(name, "kiosk", "kiosk", "", now, days * 86_400 * SECOND, place)
        lasting = timedelta(days=days)

        def opened(at: datetime) -> Struct:
            return KioskOpened(
                at=at,
                by=by,
                kiosk=name,
                address=address,
                units=kept,
                until=at + lasting,
                session=session.digest[:SESSION_SHOWN],
            )

        self._record.note(PEOPLE, opened)
        self._store.add_session(session)
        self._admissions.forget()
        return secret

    def close_kiosk(self, kiosk: str, by: str) -> bool:
        """End a wall without a person; whether there was one."""
        name = name_of(kiosk)
        if name not in self._admissions.people(at_once=True).kiosks:
            return False
        self._record.note(PEOPLE, lambda at: KioskClosed(at=at, by=by, kiosk=name))
        ended = [s for s in self._store.sessions(name) if s.kind == "kiosk"]
        for session in ended:
            self._store.end_session(session.digest)
        self._admissions.forget()
        return True

    # Steps.

    def _within_limits(self, who: str, place: From) -> None:
        limits = (
            (RateLimitItemPerMinute(ADDRESS_A_MINUTE), ("address", place.address)),
            (RateLimitItemPerMinute(ALL_A_MINUTE), ("all",)),
        )
        for limit, names in limits:
            if not self._tries.hit(limit, *names):
                refusal = Refusal(True, self._as_known(who), "", "too many", place.address)
                self._trail.refused(refusal)
                raise TooManyTries(60)

    def _is_locked(self, who: str, person: Person | None) -> bool:
        failures = self._store.failures(who if person else NOBODY)
        if person is None:
            return not self._tries.test(self._unknown, "unknown", who)
        if failures.count < LOCKED_AFTER:
            return False
        if -AHEAD <= self._now() - failures.last_at < LOCKED_FOR:
            return True
        self._store.clear_failures(who)
        return False

    def _not_locked_meanwhile(self, who: str, person: Person | None, place: From) -> None:
        """Who tries many at once gets no more tries than who waits for each answer."""
        if self._is_locked(who, person):
            raise self._failed(who, "locked", place)

    def _failed(
        self, who: str, why: str, place: From, person: Person | None = None
    ) -> SignInFailed:
        if person is not None:
            self._store.fail(who, self._now())
        elif why != "locked":
            self._tries.hit(self._unknown, "unknown", who)
            self._store.fail(NOBODY, self._now())
        self._trail.refused(Refusal(True, self._as_known(who), "", why, place.address))
        return SignInFailed(why)

    def _as_known(self, who: str) -> str:
        """A name somebody has; "" for any other, which may be a password in the wrong field."""
        return who if who in self._admissions.people().persons else ""

    def _must_change(self, session: Session) -> bool:
        """Whether a person came in with a password that was only the first."""
        known = self._store.password(session.person)
        return session.how == "password" and known is not None and known.temporary

    def _person(self, session: Session, stage: str) -> Person:
        people: People = self._admissions.people(at_once=True)
        person = people.persons.get(session.person)
        usual = session.kind == "person" and session.stage == stage
        if person is None or person.disabled or not usual:
            raise OutOfStep("step")
        return person

    def _resettable(self, person: str, by: str) -> Person:
        """Whoever could reset an administrator's sign-in could sign in as one; or take the role
        away, reset, and give it again.
        """
        found = self._known(person)
        if was_administrator(found) and not by.startswith(CONSOLE):
            raise ByConsole(found.person)
        return found

    def _known(self, person: str) -> Person:
        found = self._admissions.people(at_once=True).persons.get(name_of(person))
        if found is None:
            raise UnknownPerson(person[:64])
        return found

    def _beginning(self, session: Session, proof: str) -> Person:
        """Who may begin with a second factor now."""
        if session.stage:
            return self._person(session, "enrol")
        person = self._person(session, "")
        until = proof.partition(".")[0]
        if not (until.isascii() and until.isdecimal() and len(until) < 20):
            raise OutOfStep("step")
        expected = self._proof(session, person, int(until))
        if self._now() >= int(until) or not hmac.compare_digest(expected.encode(), proof.encode()):
            raise OutOfStep("step")
        return person

    def _proof(self, session: Session, person: Person, until: Instant) -> str:
        secret = self._record.vault.derived("factor", session.digest)
        told = f"{until} {person.factor}"
        return f"{until}.{hmac.digest(secret, told.encode(), 'sha256').hex()}"

    def _number(self, session: Session) -> int:
        """Of the factor offered in a session, and in no other: what was offered once is not again,
        whoever has seen it.
        """
        return 1 + int.from_bytes(self._record.vault.derived("number", session.digest)[:6])

    def _is_they(self, person: Person, given: str) -> bool:
        if person.factor:
            return self._is_right(person, person.factor, given)
        known = self._store.password(person.person)
        return passwords.is_right(known.hash if known else None, given)

    def _is_right(self, person: Person, number: int, code: str) -> bool:
        secret = secret_of(self._record.vault.derived, person.person, number)
        step = step_of(secret, code, self._now() / SECOND)
        if step is None:
            return False
        until = (step + 10) * STEP * SECOND
        return self._store.use_once("totp", f"{person.person} {number} {step}", until)

    def _set_password(self, who: str, password: str, *, by: str, temporary: bool) -> None:
        changed = Password(
            hash=passwords.hashed(password), temporary=temporary, changed_at=self._now()
        )
        self._trail.note(lambda at: PasswordChanged(at=at, by=by, person=who, temporary=temporary))
        self._store.set_password(who, changed)

    def _open(self, who: str, how: str, stage: str, place: From, *, told: bool) -> Opened:
        times = self._times
        lasting = times.steps_minutes * 60 if stage else times.hours * 3600
        made = _made(who, "person", how, stage, self._now(), lasting * SECOND, place)
        if told:
            self._note_sign_in(made.session)
        self._store.add_session(made.session)
        return made

    def _advance(
        self, session: Session, stage: str, how: str, place: From, *, told: bool
    ) -> Opened:
        """The next session in the place of one; of two that ask at once, one gets it."""
        if self._store.end_session(session.digest) is None:
            raise OutOfStep("step")
        self._admissions.forget(session.digest)
        return self._open(session.person, how, stage, place, told=told)

    def _note_sign_in(self, session: Session) -> None:
        def signed_in(at: datetime) -> Struct:
            shown = session.digest[:SESSION_SHOWN]
            return SignedIn(
                at=at, by=session.person, how=session.how, address=session.address, session=shown
            )

        self._trail.note(signed_in)

    def _ended(self, sessions: Sequence[Session], by: str, why: str) -> None:
        self._admissions.forget(*(session.digest for session in sessions))
        for session in sessions:
            self._note_ended(session, by, why)

    def _note_ended(self, session: Session, by: str, why: str) -> None:
        shown = session.digest[:SESSION_SHOWN]
        self._trail.note(
            lambda at: SignedOut(at=at, by=by, person=session.person, session=shown, why=why)
        )


def _first_stage(person: Person, *, temporary: bool) -> str:
    """What is wanted after the password: the second factor, its beginning, a new password."""
    if person.factor:
        return "totp"
    if is_administrator(person):
        return "enrol"
    return "password" if temporary else ""


def _made(
    who: str, kind: str, how: str, stage: str, now: Instant, lasting: int, place: From
) -> Opened:
    secret = secrets.token_urlsafe(32)
    return Opened(
        secret,
        Session(
            digest=digest_of(secret),
            person=who,
            kind=kind,
            how=how,
            stage=stage,
            made_at=now,
            seen_at=now,
            ends_at=now + lasting,
            address=place.address,
            agent=place.agent[:AGENT_LONGEST],
        ),
    )
