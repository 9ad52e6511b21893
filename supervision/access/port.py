"""What signing in must remember beside the log: hashes of passwords, failures, sessions, uses.

It changes and is forgotten, so it is no part of the log; it is secret, so it lies with the keys.
Who a person is and may do is in the log (people.py). Lost, it costs new passwords and new sign-ins.

Instants are microseconds since 1970 in UTC. Every method blocks, may be called from any thread and
raises StoreFull, StoreBusy, StoreDown or StoreBroken; what it changed is durable when it returns,
but for `seen`. Texts are any that UTF-8 can encode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from ..facts import Instant


class Password(Struct, frozen=True, kw_only=True):
    """A person's password as argon2 encodes it; a temporary one must be changed before all else."""

    hash: str
    temporary: bool
    changed_at: Instant


class Failures(Struct, frozen=True, kw_only=True):
    """Failed sign-ins of a person since the last that succeeded, and when the last was."""

    count: int = 0
    last_at: Instant = 0


class Session(Struct, frozen=True, kw_only=True):
    """One signed-in browser, one wall, or one link that signs in; known by its secret's digest."""

    digest: str
    """SHA-256 of the secret, in hex: what is stored opens nothing."""
    person: str
    """Whose it is; of a kiosk, its name."""
    kind: str
    """person, kiosk, or link (which signs in once and is over)."""
    how: str
    """By what: password, totp, oidc, link, kiosk."""
    stage: str = ""
    """What is still wanted before anything else may be done: totp, enrol, password; "": nothing."""
    made_at: Instant
    seen_at: Instant
    ends_at: Instant
    address: str = ""
    """From where it was begun; a kiosk's is the only one from which it may be used."""
    agent: str = ""
    """What the browser said that it is, at most 200 characters."""


class AccessStore(Protocol):
    """Passwords, failures, sessions, and what may be used once."""

    def password(self, person: str) -> Password | None:
        """The password of a person, None if there is none."""

    def set_password(self, person: str, password: Password) -> None:
        """Give a person a password, in the place of any other."""

    def failures(self, person: str) -> Failures:
        """How often signing in failed since it last succeeded."""

    def fail(self, person: str, at: Instant) -> int:
        """One failure more; how many there are now. Failures at the same time are all counted."""

    def clear_failures(self, person: str) -> None:
        """Signing in succeeded, or somebody unlocked the account."""

    def add_session(self, session: Session) -> None:
        """A new session; its digest is of a random secret, so none has it yet but itself.

        Adding it again, as after StoreDown, is harmless.
        """

    def session(self, digest: str) -> Session | None:
        """The session of that digest, whether or not its time is over; None if there is none."""

    def sessions(self, person: str | None = None) -> list[Session]:
        """The sessions of a person, or all, the newest first."""

    def seen(self, digest: str, at: Instant) -> None:
        """The session was used; `seen_at` never goes back. Nothing where there is none.

        It waits for no disk: a power cut may take the last of them, and a session ends the earlier.
        """

    def end_session(self, digest: str) -> Session | None:
        """End a session; what it was. Of two that end one at the same time, one is given it."""

    def end_sessions(self, person: str, but: str = "") -> Sequence[Session]:
        """End all sessions of a person, but that of one digest; what they were, newest first."""

    def use_once(self, kind: str, value: str, until: Instant) -> bool:
        """Whether this is the first use of a value; it is remembered up to `until` at least.

        Of two uses at the same time, one is the first; of several `until` the last counts.
        """

    def purge(self, now: Instant) -> int:
        """Forget sessions that ended and uses whose time is over; how many there were."""

    def close(self) -> None:
        """Release what is held; harmless twice."""
