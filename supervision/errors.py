"""The errors of the record, one small tree. Messages are built from ids, never from texts.

SupervisionError
├── StreamConflict     a stream is not at the version its writer expected
├── ClockJumped        the wall clock moved by more than five minutes against the boot clock
├── Unreadable         stored bytes that do not decode
│   └── TooNew         written by a newer program than this one
└── StoreError         what the database's driver reported, translated at the edge
    ├── StoreFull      no room left on the disk
    ├── StoreBusy      another process held the write lock for too long
    ├── StoreDown      the database's server does not answer, or the connection was lost
    └── StoreBroken    input or output failed, or the file is no database

`retry` says whether the same call may succeed later with nothing else done.
"""

from __future__ import annotations

from typing import ClassVar


class SupervisionError(Exception):
    """The root of the tree."""

    retry: ClassVar[bool] = False


class StreamConflict(SupervisionError):
    """`same` tells that what is stored at those versions has the same topics and payloads."""

    def __init__(self, stream: str, version: int, same: bool) -> None:
        super().__init__(f"{stream} is at version {version}, with {_content(same)} content")
        self.stream = stream
        self.version = version
        self.same = same


class ClockJumped(SupervisionError):
    """Nothing is stored and no time passes until an operator confirms the clock."""

    def __init__(self, last: int, wall: int) -> None:
        super().__init__(f"the clock jumped: last stamp {last} µs, clock now {wall} µs")
        self.last = last
        self.wall = wall


class Unreadable(SupervisionError):
    """The bytes of one stored thing cannot be read."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} cannot be read: {why}")
        self.what = what


class TooNew(Unreadable):
    """The name or version is not known to this program: a newer one wrote it."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "a newer program wrote it")


class StoreError(SupervisionError):
    """A file of the store, and what its driver said."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where


class StoreFull(StoreError):
    """Nothing of the call was stored; it may succeed once there is room."""

    retry = True


class StoreBusy(StoreError):
    """Nothing of the call was stored; it may succeed at once."""

    retry = True


class StoreDown(StoreError):
    """What was asked may or may not be stored: ask again, doing it twice is doing it once."""

    retry = True


class StoreBroken(StoreError):
    """Somebody must look at the disk or the file."""


def _content(same: bool) -> str:
    return "the same" if same else "other"
