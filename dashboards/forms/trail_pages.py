"""Pages of the audit trail: the streams of one book, newest first, by what and whom one looks for.

A page ends where it is full or where enough was searched; its cursor says up to which version of
each stream the next one begins. Nothing but the log is asked, so a page is the same whenever it is
opened, however much came since.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from supervision.access.events import ACCESS, PEOPLE, SAMPLES
from supervision.access.people import name_of
from supervision.errors import Unreadable
from supervision.intake.keys import KEYS
from supervision.notices import ALERTS
from supervision.record import Record
from supervision.store.stored import Stored
from supervision.streams import CLOCK, ERASURES, INCIDENTS, PROGRAM

from .trail_lines import concerns

A_PAGE = 100
"""Lines of a page."""
SCANNED_MOST = 5_000
"""Events that one page may search."""
A_READ = 500
"""Events taken from the log at a time."""


class Book(NamedTuple):
    """Streams that are read together, and the kinds of their events."""

    streams: tuple[str, ...]
    kinds: tuple[str, ...]


BOOKS: dict[str, Book] = {
    "access": Book(
        (ACCESS,),
        (
            "SignedIn", "SignInRefused", "SignedOut", "AccessRefused", "TextsSeen", "Exported",
            "AuditRead", "PasswordChanged", "AccountUnlocked", "LinkIssued",
            "CaseSeen", "CaseFileTaken", "LogVerified",
        ),
    ),
    "people": Book(
        (PEOPLE,),
        (
            "PersonAdded", "PersonDisabled", "PersonEnabled", "RoleGranted", "RoleRevoked",
            "UnitPlaced", "UnitRemoved", "SecondFactorRenewed", "KioskOpened", "KioskClosed",
        ),
    ),
    "samples": Book((SAMPLES,), ("SampleDrawn", "SampleChecked")),
    "keys": Book((KEYS,), ("KeyIssued", "KeyExpirySet", "KeyRevoked")),
    "system": Book(
        (ERASURES, CLOCK, INCIDENTS, PROGRAM),
        ("TextErased", "ClockConfirmed", "IncidentRecorded", "ProgramBegan"),
    ),
    "alerts": Book(
        (ALERTS,),
        (
            "ContactSet", "ContactRemoved", "TestAsked", "SilenceSet", "SilenceLifted",
            "TemplateSet", "AlertPolicySet",
        ),
    ),
}  # fmt: skip
"""登录与访问, 人员与权限, 密钥, 系统, 告知设置."""


class Wanted(NamedTuple):
    """What one looks for: a book, a person's or kiosk's name, a kind of event ("": any)."""

    book: str = "access"
    person: str = ""
    kind: str = ""


class Found(NamedTuple):
    """A page: events, newest first; the cursor of what is older ("": nothing is), how many events
    were searched, and the oldest of them.
    """

    events: list[Stored]
    before: str
    scanned: int
    oldest: Stored | None

    @property
    def stopped(self) -> bool:
        """Whether the search ended before the page was full."""
        return bool(self.before) and self.scanned >= SCANNED_MOST


def look(record: Record, wanted: Wanted, before: str, most: int = A_PAGE) -> Found:
    """A page of at most `most` events, behind a cursor ("" for the newest). StoreError."""
    streams = BOOKS[wanted.book].streams
    upto = _versions(record, streams, before)
    merged = heapq.merge(
        *(_backwards(record, stream, upto[stream]) for stream in streams),
        key=lambda stored: -stored.position,
    )
    found: list[Stored] = []
    scanned, oldest = 0, None
    for stored in merged:
        scanned, oldest = scanned + 1, stored
        upto[stored.stream] = stored.version - 1
        if _is_wanted(stored, wanted):
            found.append(stored)
        if len(found) >= most or scanned >= SCANNED_MOST:
            break
    rest = ".".join(str(upto[stream]) for stream in streams) if any(upto.values()) else ""
    return Found(found, rest, scanned, oldest)


def _versions(record: Record, streams: tuple[str, ...], before: str) -> dict[str, int]:
    """Up to which version each stream is read; a cursor that is none is the newest."""
    last = {stream: record.version(stream) for stream in streams}
    given = before.split(".")
    if len(given) != len(streams) or not all(_is_version(each) for each in given):
        return last
    return {s: min(int(each), last[s]) for s, each in zip(streams, given, strict=True)}


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _backwards(record: Record, stream: str, version: int) -> Iterator[Stored]:
    """A stream from a version down to its first."""
    while version > 0:
        after = max(0, version - A_READ)
        chunk = record.read_stream(stream, after, version - after)
        yield from reversed(chunk)
        version = after


def _is_wanted(stored: Stored, wanted: Wanted) -> bool:
    if wanted.kind and stored.topic.rpartition("/")[0] != wanted.kind:
        return False
    if not wanted.person:
        return True
    try:
        return concerns(stored.event, name_of(wanted.person))
    except Unreadable:
        return False
