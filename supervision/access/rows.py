"""The rows of the access store, the same in both databases: their columns as the structs' fields.

Instants are 64-bit numbers, `temporary` is 0 or 1; every other column is text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .port import Failures, Password, Session

PASSWORD = "hash, temporary, changed_at"  # noqa: S105
FAILURES = "count, last_at"
SESSION = "digest, person, kind, how, stage, made_at, seen_at, ends_at, address, agent"


def password_of(row: Sequence[Any]) -> Password:
    """A row of the columns PASSWORD."""
    encoded, temporary, changed_at = row
    return Password(hash=encoded, temporary=bool(temporary), changed_at=changed_at)


def failures_of(row: Sequence[Any] | None) -> Failures:
    """A row of the columns FAILURES; none for a person without."""
    return Failures(count=row[0], last_at=row[1]) if row else Failures()


def session_of(row: Sequence[Any]) -> Session:
    """A row of the columns SESSION, which are the fields in their order."""
    return Session(**dict(zip(Session.__struct_fields__, row, strict=True)))
