"""Keys with which source systems send: one system a key, any number of keys a system.

A plain key is a secret that is sent along. A key that signs is never sent; its secret is derived
from the vault's and stored nowhere (signing.py). Either secret is told once, and the log keeps its
SHA-256, which for 32 random bytes gives nothing away. Keys are events of the stream system/keys, so
what one process does to a key holds in all.

KeyUnfit (ValueError)    what is asked of a key cannot be
KeyUnknown               none, or several, of the keys are meant
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from ..errors import StreamConflict, SupervisionError
from ..record import Record
from ..store.mapping import moment
from ..system import KeyExpirySet, KeyIssued, KeyRevoked
from .reading import ID_LONGEST, WORD_LONGEST, form_of, line
from .signing import signing_secret

KEYS = "system/keys"
"""The stream of all keys."""

PREFIX = "sk_"
SECRET_BYTES = 32
ID_BYTES = 6
ID_OF_DIGEST = 12
"""Characters of the digest by which a key without an id of its own is called."""
BEGINNING_LEAST = 8
"""Characters of an id or digest that are taken for the whole."""

TRIES = 10
"""Attempts at the end of the stream, should other processes write there at the same moment."""

State = Literal["valid", "expired", "revoked"]


class KeyUnfit(SupervisionError, ValueError):
    """A key cannot be so; the message says what is right."""


class KeyUnknown(SupervisionError):
    """Which key is meant cannot be said."""

    def __init__(self, beginning: str, matching: int) -> None:
        super().__init__(
            f"{matching} keys begin with {beginning[:ID_LONGEST]!r}; give the id of one, or at "
            f"least {BEGINNING_LEAST} characters of its id or digest (supervise key list)"
        )


class Rights(NamedTuple):
    """What a key is good for: facts of these departments and kinds, any where none is named.

    It opens before `expires_at`; `signed`: it signs requests and is never sent.
    """

    departments: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    expires_at: datetime | None = None
    signed: bool = False


ANY = Rights()
"""Every department and kind, for good, by a key that is sent."""


class Issued(NamedTuple):
    """A new key: its id, which is no secret, and its secret, which nobody can be told again."""

    id: str
    secret: str


class Key(Struct, frozen=True, kw_only=True):
    """A key as its events tell it; without an end or a revocation those fields are None."""

    id: str
    source: str
    digest: str
    rights: Rights
    note: str
    issued_at: datetime
    issued_by: str
    after: str = ""
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def state(self, now: datetime) -> State:
        """Whether it opens at an instant, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        end = self.rights.expires_at
        return "expired" if end is not None and end <= now else "valid"

    def ended_at(self, now: datetime) -> datetime | None:
        """Since when it opens nothing; None while it does."""
        state = self.state(now)
        if state == "valid":
            return None
        return self.revoked_at if state == "revoked" else self.rights.expires_at


def digest_of(secret: str) -> str:
    """What the log keeps of a key."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def fold(events: Iterable[Struct], known: Mapping[str, Key] | None = None) -> dict[str, Key]:
    """The keys by id, oldest first. Total: an event of no meaning changes nothing."""
    found = dict(known or {})
    for event in events:
        match event:
            case KeyIssued():
                key = _issued(event)
                found[key.id] = key
            case KeyExpirySet(id=named) if named in found:
                rights = found[named].rights._replace(expires_at=event.expires_at)
                found[named] = replace(found[named], rights=rights)
            case KeyRevoked():
                for key in [k for k in found.values() if _is_meant(event, k)]:
                    found[key.id] = replace(key, revoked_at=event.at, revoked_by=event.by)
    return found


def _issued(event: KeyIssued) -> Key:
    return Key(
        id=event.id or event.digest[:ID_OF_DIGEST],
        source=event.source,
        digest=event.digest,
        rights=Rights(event.departments, event.kinds, event.expires_at, event.signed),
        note=event.note,
        issued_at=event.at,
        issued_by=event.by,
        after=event.after,
    )


def _is_meant(event: KeyRevoked, key: Key) -> bool:
    named = event.id == key.id if event.id else event.digest == key.digest
    return named and key.revoked_at is None


def keys(record: Record) -> list[Key]:
    """All keys that were ever given, the newest first."""
    return list(_known(record).values())[::-1]


def find(among: Iterable[Key], beginning: str) -> Key:
    """The key of this id, or the only one whose id or digest begins so; KeyUnknown."""
    given = list(among)
    found = [key for key in given if key.id == beginning]
    if not found and len(beginning) >= BEGINNING_LEAST:
        found = [k for k in given if k.id.startswith(beginning) or k.digest.startswith(beginning)]
    if len(found) != 1:
        raise KeyUnknown(beginning, len(found))
    return found[0]


def end_of(text: str, now: datetime, zone: tzinfo) -> datetime:
    """When what is written as "90d", "12h" or a last day "2027-03-31" (of `zone`) is over.

    KeyUnfit: it is none of these, or past.
    """
    try:
        end = _end(text, now, zone)
    except (ValueError, OverflowError):
        raise KeyUnfit(
            f"{text[:WORD_LONGEST]!r} is no end of a key; write 90d, 12h or a date as 2027-03-31"
        ) from None
    if end < now:
        raise KeyUnfit(f"{text} is past; a key needs an end to come")
    return end


def _end(text: str, now: datetime, zone: tzinfo) -> datetime:
    if span := re.fullmatch(r"([0-9]{1,4})([dh])", text):
        count = int(span[1])
        return now + (timedelta(days=count) if span[2] == "d" else timedelta(hours=count))
    return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), zone)


def new_key(
    record: Record, source: str, *, rights: Rights = ANY, by: str = "operator", note: str = ""
) -> Issued:
    """Give a source system a key.

    KeyUnfit; FactUnreadable: no name of a source system, of a department or of a kind of fact; and
    as for Record.append.
    """
    line("source", source, ID_LONGEST)
    fit = checked(rights)
    issued = _draw(record, signed=fit.signed)
    record.note(KEYS, lambda at: _told(issued, source, fit, at, by=by, note=note))
    return issued


def checked(rights: Rights) -> Rights:
    """The rights, each department and kind once; KeyUnfit and FactUnreadable as for `new_key`."""
    for department in rights.departments:
        line("department", department, WORD_LONGEST)
    for kind in rights.kinds:
        form_of(kind)
    if rights.expires_at is not None and rights.expires_at.tzinfo is None:
        raise KeyUnfit(f"{rights.expires_at} has no offset")
    return rights._replace(
        departments=tuple(dict.fromkeys(rights.departments)),
        kinds=tuple(dict.fromkeys(rights.kinds)),
    )


def _draw(record: Record, *, signed: bool) -> Issued:
    """A new id and secret."""
    key_id = secrets.token_hex(ID_BYTES)
    if signed:
        return Issued(key_id, signing_secret(record.vault, key_id))
    return Issued(key_id, PREFIX + secrets.token_urlsafe(SECRET_BYTES))


def _told(
    issued: Issued,
    source: str,
    rights: Rights,
    at: datetime,
    *,
    by: str,
    note: str,
    after: str = "",
) -> KeyIssued:
    """The event that tells of a new key."""
    return KeyIssued(
        source=source,
        digest=digest_of(issued.secret),
        at=at,
        by=by,
        note=note,
        id=issued.id,
        departments=rights.departments,
        kinds=rights.kinds,
        expires_at=rights.expires_at,
        signed=rights.signed,
        after=after,
    )


def rotate(
    record: Record,
    key_id: str,
    *,
    until: datetime,
    expires_at: datetime | None = None,
    by: str = "operator",
) -> Issued:
    """Give a key in the place of another, with its rights; the other opens up to `until` at most.

    KeyUnknown; KeyUnfit: it was revoked, or a time has no offset. As for Record.append: both of it
    happen, or nothing.
    """
    if until.tzinfo is None:
        raise KeyUnfit(f"{until} has no offset")
    for attempt in range(1, TRIES + 1):
        version = record.version(KEYS)
        old = find(keys(record), key_id)
        issued, events = _rotated(record, old, until, expires_at, by)
        try:
            record.append(KEYS, events, version)
            break
        except StreamConflict:
            if attempt == TRIES:
                raise
    return issued


def _rotated(
    record: Record, old: Key, until: datetime, expires_at: datetime | None, by: str
) -> tuple[Issued, list[Struct]]:
    if old.revoked_at is not None:
        raise KeyUnfit(f"{old.id} was revoked: give the system a new key")
    rights = checked(old.rights._replace(expires_at=expires_at))
    issued = _draw(record, signed=rights.signed)
    at = moment(record.heartbeat()[0])
    new = _told(issued, old.source, rights, at, by=by, note=old.note, after=old.id)
    if old.rights.expires_at is not None and old.rights.expires_at <= until:
        return issued, [new]
    ends = KeyExpirySet(id=old.id, source=old.source, expires_at=until, at=at, by=by)
    return issued, [new, ends]


def revoke(record: Record, key_id: str, *, by: str = "operator") -> bool:
    """Take the key of this id away; whether it was there and not revoked before."""
    old = _known(record).get(key_id)
    if old is None or old.revoked_at is not None:
        return False
    source, digest = old.source, old.digest
    record.note(KEYS, lambda at: KeyRevoked(source=source, digest=digest, at=at, by=by, id=key_id))
    return True


def _known(record: Record) -> dict[str, Key]:
    return fold(stored.event for stored in record.read_stream(KEYS))
