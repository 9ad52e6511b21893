"""Keys with which source systems send: one system a key, any number of keys a system.

The secret is told once; the log keeps its SHA-256, which for 32 random bytes gives nothing away.
Keys are events of the stream system/keys, so a key given or taken away by one process works in all.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import Lock
from typing import NamedTuple

from msgspec import Struct

from ..errors import StreamConflict
from ..record import Record
from ..store.mapping import moment
from ..system import KeyIssued, KeyRevoked
from .reading import ID_LONGEST, line

KEYS = "system/keys"
"""The stream of all keys."""

PREFIX = "sk_"
SECRET_BYTES = 32
KEY_LONGEST = 200
"""Characters of what is looked at as a key at all."""

TRIES = 10
"""Attempts at the end of the stream, should other processes write there at the same moment."""


class Key(NamedTuple):
    """A key that opens, by its digest."""

    source: str
    digest: str
    note: str = ""


def digest_of(key: str) -> str:
    """What the log keeps of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def new_key(record: Record, source: str, *, by: str = "operator", note: str = "") -> str:
    """Give a source system a key; the secret is returned this once.

    FactUnreadable: no name of a source system. StreamConflict, and as for Record.append.
    """
    line("source", source, ID_LONGEST)
    key = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    at = moment(record.heartbeat()[0])
    _append(record, KeyIssued(source=source, digest=digest_of(key), at=at, by=by, note=note))
    return key


def revoke(record: Record, digest: str, *, by: str = "operator") -> bool:
    """Take a key away, by its digest; whether it opened until now."""
    found = next((key for key in valid_keys(record) if key.digest == digest), None)
    if found is None:
        return False
    at = moment(record.heartbeat()[0])
    _append(record, KeyRevoked(source=found.source, digest=digest, at=at, by=by))
    return True


def valid_keys(record: Record) -> list[Key]:
    """The keys that open now, oldest first."""
    found: dict[str, Key] = {}
    for stored in record.read_stream(KEYS):
        event = stored.event
        if isinstance(event, KeyIssued):
            found[event.digest] = Key(event.source, event.digest, event.note)
        elif isinstance(event, KeyRevoked):
            found.pop(event.digest, None)
    return list(found.values())


def _append(record: Record, event: Struct) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            record.append(KEYS, [event], len(record.read_stream(KEYS)))
            return
        except StreamConflict:
            if attempt == TRIES:
                raise


class KeyRing:
    """The keys as the log has them, read again when it changed. For any number of threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = Lock()
        self._changed = -1
        self._keys: list[tuple[bytes, str]] = []

    def source_of(self, key: str) -> str | None:
        """Whose key it is, None if nobody's; how long that takes tells nothing of the keys."""
        if len(key) > KEY_LONGEST:
            return None
        digest = digest_of(key).encode()
        found = None
        for known, source in self._current():
            if hmac.compare_digest(known, digest):
                found = source
        return found

    def _current(self) -> list[tuple[bytes, str]]:
        changed = self._record.changed()
        with self._lock:
            if changed != self._changed:
                keys = valid_keys(self._record)
                self._keys = [(key.digest.encode(), key.source) for key in keys]
                self._changed = changed
            return self._keys
