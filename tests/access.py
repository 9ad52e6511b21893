"""A system with people in it, whose time stands still until it is told to pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from msgspec import Struct

from supervision.access import passwords
from supervision.access.admission import SECOND
from supervision.access.events import ACCESS, PEOPLE, PersonAdded, RoleGranted, UnitPlaced
from supervision.access.office import Access
from supervision.access.port import AccessStore
from supervision.access.signing import From, Opened
from supervision.access.store_sqlite import SqliteAccess
from supervision.clock import Clock, Reading
from supervision.facts import Instant
from supervision.record import Record

AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
START = 1_782_867_600_000_000
CONSOLE = "console:root"
HERE = From("10.0.0.7", "Mozilla/5.0")
ELSEWHERE = From("10.0.0.8", "Mozilla/5.0")
PASSWORD = "correct-horse-battery"
OTHER = "staple-of-another-kind"


class Time(Clock):
    """The wall clock and the seconds that never go back, in one hand."""

    def __init__(self) -> None:
        self.wall, self.passed = START, 0.0

    def __call__(self) -> Reading:
        return Reading(self.wall, int(self.passed * SECOND), "boot")

    def now(self) -> Instant:
        return self.wall

    def ticks(self) -> float:
        return self.passed

    def pass_by(self, seconds: float) -> None:
        """Both go on."""
        self.wall += int(seconds * SECOND)
        self.passed += seconds

    def jump(self, seconds: float) -> None:
        """Somebody set the wall clock."""
        self.wall += int(seconds * SECOND)


class Office(Access):
    """A system's access, with what tests ask of it."""

    def __init__(self, home: Path, time: Time, store: AccessStore | None = None) -> None:
        self.time, self.home = time, home
        record = Record(home, time)
        super().__init__(record, store or SqliteAccess(home), now=time.now, ticks=time.ticks)

    def add(self, person: str, *roles: str, password: str = PASSWORD, **fields: Any) -> str:
        """A person of these roles, with a password."""
        self.note(PersonAdded(at=AT, by=CONSOLE, person=person, **fields))
        for role in roles:
            self.grant(person, role)
        if password:
            self.signing._set_password(person, password, by=CONSOLE, temporary=False)
        return person

    def grant(self, person: str, role: str, *units: str, texts: bool = False) -> None:
        """A role, as it is in the log."""
        self.note(
            RoleGranted(at=AT, by=CONSOLE, person=person, role=role, units=units, texts=texts)
        )

    def place(self, unit: str, kind: str, parent: str = "") -> None:
        """A unit of the tree, as it is in the log."""
        self.note(UnitPlaced(at=AT, by=CONSOLE, unit=unit, kind=kind, parent=parent))

    def note(self, event: Struct) -> None:
        """Something about people, by another process: nobody here is told."""
        self.record.note(PEOPLE, lambda _: event)

    def sign_in(self, person: str, password: str = PASSWORD, place: From = HERE) -> Opened:
        """With a password."""
        return self.signing.by_password(person, password, place)

    def enrol(self, opened: Opened, place: From = HERE) -> tuple[Opened, str]:
        """Begin the second factor that is offered: the session, and the factor's secret."""
        secret = self.signing.factor_offered(opened.session)
        return self.signing.begin_factor(opened.session, self.code(secret), place), secret

    def code(self, secret: str) -> str:
        """What the telephone shows now."""
        return pyotp.TOTP(secret).at(self.time.wall // SECOND)

    def trailed(self) -> list[Struct]:
        """What the trail holds, with all that was counted."""
        self.trail.flush()
        return [each.event for each in self.record.read_stream(ACCESS)]

    def told(self) -> list[str]:
        """What the trail holds, by name."""
        return [type(each).__name__ for each in self.trailed()]

    def close(self) -> None:
        """The record too."""
        super().close()
        self.record.close()


@contextmanager
def office_at(home: Path, time: Time) -> Iterator[Office]:
    """One process's access."""
    opened = Office(home, time)
    try:
        yield opened
    finally:
        opened.close()


def cheap(patch: pytest.MonkeyPatch) -> None:
    """Hash passwords at the lowest cost: their strength is not what is tested."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(passwords, "_hasher", hasher)
    passwords._nobodys.cache_clear()


def secrets_in(home: Path, secrets: list[str]) -> list[str]:
    """Which of these a file of the log, or of what is beside it, holds in clear."""
    held = b"".join(each.read_bytes() for each in home.rglob("*") if each.is_file())
    return [each for each in secrets if re.search(re.escape(each.encode()), held)]
