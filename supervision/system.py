"""System events (系统事件): what happened to the record itself. Names are kept for good."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class IncidentRecorded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that somebody must look at.

    kind: same_id_other_content, or card_conflict. `detail` holds ids and digests, never texts.
    """

    id: str
    kind: str
    source: str = ""
    case_no: str = ""
    detail: str = ""
    at: datetime


class ClockConfirmed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An operator looked at a clock that had jumped: last stamp, clock then, who."""

    before: datetime
    after: datetime
    by: str


class TextErased(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The secret and the texts of a case were destroyed, and the applicant's reference if given."""

    source: str
    case_no: str
    at: datetime
    by: str
    basis: str = ""
    applicant_ref: str = ""


class KeyIssued(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source system was given a key to send with; only the digest of its secret is kept.

    `id`: what the key is called in the open; of older keys the first 12 characters of the digest.
    `departments` and `kinds` are all that it may send, none meaning any. `signed`: it signs
    requests and is never sent. `after`: the id of the key in whose place it was given.
    """

    source: str
    digest: str
    at: datetime
    by: str
    note: str = ""
    id: str = ""
    departments: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    expires_at: datetime | None = None
    signed: bool = False
    after: str = ""


class KeyExpirySet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key opens up to `expires_at` only: another was given in its place."""

    id: str
    source: str
    expires_at: datetime
    at: datetime
    by: str


class KeyRevoked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The key of that id, or of that digest where no id is given, opens nothing any more."""

    source: str
    digest: str
    at: datetime
    by: str
    id: str = ""


class ProgramBegan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From here on another program judges: the digest of all files that decide what is judged."""

    program: str
    version: str
    at: datetime


SYSTEM: dict[str, type[Struct]] = {
    "IncidentRecorded": IncidentRecorded,
    "ClockConfirmed": ClockConfirmed,
    "TextErased": TextErased,
    "KeyIssued": KeyIssued,
    "KeyExpirySet": KeyExpirySet,
    "KeyRevoked": KeyRevoked,
    "ProgramBegan": ProgramBegan,
}
