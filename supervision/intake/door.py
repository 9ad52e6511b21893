"""Who may come in: the keys as the log has them, and what a request must show of one.

Whoever is turned away learns neither why nor whether there is such a key; the reason is for the
system's own record of refusals.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Literal, NamedTuple

from ..facts import Instant
from ..record import Record
from .keys import KEYS, Key, digest_of, fold
from .signing import WINDOW, Signed, is_signed_by, signing_secret

KEY_LONGEST = 200
"""Characters of what is looked at as a key at all."""

Why = Literal[
    "no key",
    "unknown key",
    "expired key",
    "revoked key",
    "plain key",
    "signing secret sent",
    "bad signature",
    "replayed signature",
    "clock",
    "rights",
]
"""Why something was refused. "plain key": only signed requests are taken. "rights": facts that the
key may not send."""

Once = Callable[[str, Instant], bool]
"""Whether a value is used for the first time; it must be remembered up to that instant (µs), and of
two uses at the same time, in any processes, one is the first."""

RefusalHeard = Callable[[str, Why, str], object]
"""Hears what was refused, why, and the id of the key if it is known."""


class Turned(NamedTuple):
    """Turned away: why, and the id of the key if it is known."""

    why: Why
    who: str = ""


class KeyRing:
    """The keys as the log has them, read on when it changed. For any number of threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = Lock()
        self._changed = -1
        self._version = 0
        self._keys: dict[str, Key] = {}

    def holder(self, secret: str) -> Key | None:
        """The key of this secret, whether it opens or not; None if there is none.

        How long that takes tells nothing of the keys.
        """
        if len(secret) > KEY_LONGEST:
            return None
        digest = digest_of(secret).encode()
        found = None
        for key in self._current().values():
            if hmac.compare_digest(key.digest.encode(), digest):
                found = key
        return found

    def named(self, key_id: str) -> Key | None:
        """The key of this id, whether it opens or not; None if there is none."""
        return self._current().get(key_id)

    def secret_of(self, key: Key) -> str:
        """The secret of a key that signs."""
        return signing_secret(self._record.vault, key.id)

    def _current(self) -> dict[str, Key]:
        changed = self._record.changed()
        with self._lock:
            if changed != self._changed:
                more = self._record.read_stream(KEYS, self._version)
                if more:
                    self._keys = fold((stored.event for stored in more), self._keys)
                    self._version = more[-1].version
                self._changed = changed
            return self._keys


class Door:
    """Lets in by key or by signature; `now` gives Unix seconds, `signed_only`: by signature alone.

    Without `once` no signature is accepted, as none could be told from its repetition.
    """

    def __init__(
        self,
        keys: KeyRing,
        now: Callable[[], float],
        once: Once | None = None,
        *,
        signed_only: bool = False,
    ) -> None:
        self.signed_only = signed_only
        self._keys = keys
        self._now = now
        self._once = once

    def by_key(self, secret: str) -> Key | Turned:
        """The key that was sent, if it opens."""
        key = self._keys.holder(secret)
        if key is None:
            return Turned("unknown key")
        if key.rights.signed:
            return Turned("signing secret sent", key.id)
        if self.signed_only:
            return Turned("plain key", key.id)
        return self._opens(key)

    def by_name(self, said: Signed) -> Key | Turned:
        """The key that a request says it is signed by, if that opens; its signature is not proved.

        The time is looked at first, so that what is told about it tells nothing of the keys.
        """
        key = self._keys.named(said.key_id)
        who = key.id if key else ""
        if abs(self._now() - said.seconds) > WINDOW:
            return Turned("clock", who)
        if key is None or not key.rights.signed or self._once is None:
            return Turned("unknown key", who)
        return self._opens(key)

    def proves(self, key: Key, said: Signed, method: str, path: str, body: bytes) -> bool:
        """Whether this was signed by the key."""
        return is_signed_by(said, self._keys.secret_of(key), method, path, body)

    def uses(self, said: Signed) -> bool:
        """Whether a proved signature comes for the first time."""
        return self._once is not None and self._once(said.signature, said.kept_until)

    def _opens(self, key: Key) -> Key | Turned:
        state = key.state(datetime.fromtimestamp(self._now(), UTC))
        if state == "valid":
            return key
        return Turned("expired key" if state == "expired" else "revoked key", key.id)
