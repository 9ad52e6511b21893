"""What the record asks of a store, whichever database carries it.

Every method of a Recorder raises StoreFull, StoreBusy, StoreDown or StoreBroken for what its
database reports, and nothing of that call is stored; after StoreDown it may be stored all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from ..clock import Stamp
from ..facts import Instant
from .fault import Fault
from .stored import Key, Stored


class Transaction(Protocol):
    """One writing under the lock. What `put` and `see` are given is stored at its end.

    `recorded_at` is the stamp of all that it stores; `before` is the stamp before it.
    """

    recorded_at: Instant
    now: Stamp
    before: Stamp | None

    def versions(self, streams: Iterable[str]) -> dict[str, int]:
        """The last version of each stream before this transaction, 0 for a stream not yet there."""

    def seen(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Positions of those facts that the log has, or will have by this transaction."""

    def at(self, position: int) -> tuple[str, bytes]:
        """Topic and payload of one event, of this transaction's too."""

    def stored(self, stream: str, after: int, limit: int) -> list[tuple[str, bytes]]:
        """Topic and payload of up to `limit` events of a stream behind version `after`."""

    def put(self, stream: str, version: int, topic: str, payload: bytes) -> int:
        """Store an event at the end; its position."""

    def see(self, key: Key, position: int) -> None:
        """Remember that the log has this fact."""


MOST = 2**31 - 1
"""As a limit: all."""


@runtime_checkable
class Recorder(Protocol):
    """The log. Any number of threads and processes may hold one; it is not kept over a fork.

    Position and `recorded_at` MUST be given under one write lock, without gaps and in the order in
    which they become visible, and MUST NOT change once they can be read.
    """

    def transaction(self, *, confirmed: bool = False) -> AbstractContextManager[Transaction]:
        """The write lock, a stamp, and at the end one durable commit or nothing.

        ClockJumped unless `confirmed`. Listeners are called after the commit, outside the lock.
        """

    def heartbeat(self) -> tuple[Instant, int]:
        """A new stamp (µs) and the head position, under the write lock; ClockJumped as above.

        The stamp outlives the death of the process, but not always a power cut.
        """

    def last_stamp(self) -> Instant:
        """The last stamp given, 0 before the first."""

    def head(self) -> int:
        """The position of the last event, 0 for an empty log."""

    def data_version(self) -> int:
        """A number that changes whenever any process has committed, heartbeats included."""

    def on_commit(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after each commit of this process; gives a function that ends it."""

    def after(self, position: int, limit: int) -> list[Stored]:
        """Events behind a position, in order, on to the end of the transaction the limit cuts."""

    def stream(self, stream: str, after: int = 0, limit: int = MOST) -> list[Stored]:
        """Up to `limit` events of one stream behind version `after`, in order; all, by default."""

    def version(self, stream: str) -> int:
        """The last version of a stream, 0 for one not yet there."""

    def has(self, stream: str) -> bool:
        """Whether there is such a stream."""

    def under(self, prefix: str) -> list[Stored]:
        """All streams whose names begin with `prefix`, which ends in "/", in log order."""

    def streams(self, prefix: str) -> Iterator[str]:
        """Names of the streams that begin with `prefix`, which ends in "/", in order of name."""

    def sources(self) -> list[str]:
        """The source systems that the log has facts of."""

    def scan(self, position: int, limit: int) -> list[Stored]:
        """Up to `limit` rows from a position on, in order, as they stand: for verifying alone.

        Whatever a database could be made to hold: positions below 1, numbers that are texts.
        """

    def faults(self, most: int, passed: Callable[[int, int], object]) -> Iterator[Fault]:
        """What else the database holds that does not agree with the log, up to `most` of a kind.

        `passed` is told of rows done, and how many there are.
        """

    def close(self) -> None:
        """Close every connection that is not in use, and the others when they come back."""
