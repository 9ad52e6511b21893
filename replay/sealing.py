"""Sealing: the log's events become leaves, and on a schedule a signed checkpoint of them all.

A `Sealer` goes from the log to the folder and never back: it reads committed events in order and
holds nobody up. What was sealed is not sealed anew: before it goes on after a start, and before
every signature, it looks whether the log still is what it was, and where it is not, it signs
nothing any more.

SealError (notes.py)
└── SealsBroken   the log is not what was sealed (日志与封存不符)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from supervision.facts import Instant
from supervision.store.mapping import moment
from supervision.store.stored import Stored

from .casefile import Sealed
from .leaves import NOTHING, Leaves, LeavesError
from .merkle import (
    EMPTY,
    SIZE,
    Frontier,
    consistency,
    leaf_hash,
    root_of,
    verify_consistency,
)
from .notes import Checkpoint, Key, SealError, Signer, read_note, signed, vouchers
from .seal_keys import KeyOfAnother, put
from .seals import VKEY, Checkpoints, SealFolder

log = logging.getLogger(__name__)

READ = 5_000
"""Events of one reading."""
MINUTE = 60_000_000
"""Microseconds."""
EVERY = 10 * MINUTE
"""Between two checkpoints, unless set otherwise."""
RECORDED = "recorded_at"
"""A checkpoint's extra line: this word, a space, when its last event was recorded (RFC 3339)."""


class SealsBroken(SealError):
    """The log is not what was sealed."""

    def __init__(self, position: int, why: str) -> None:
        self.position = position
        super().__init__(
            f"the log is not what was sealed, at position {position}: {why}; nothing is signed any "
            "more. Keep everything as it is, and run: supervise verify"
        )


class Log(Protocol):
    """What is sealed."""

    def read(self, after: int, limit: int) -> list[Stored]:
        """Up to `limit` events behind a position, on to the end of a transaction."""

    def head(self) -> int:
        """The position of the last event."""


class _Last(NamedTuple):
    """The newest checkpoint."""

    size: int
    root: bytes


class Sealer:
    """The one that seals a log into a folder. One thread; `close` it.

    `follow` takes in what is new, `sign` makes the checkpoint. Both raise SealsBroken, from then on
    always; StoreError, LeavesError, NoteDamaged.
    """

    def __init__(self, source: Log, folder: Path, signer: Signer, every: int = EVERY) -> None:
        """`every`: µs between two checkpoints. LeavesInUse while another process seals into it;
        KeyOfAnother, NoteDamaged, NoteForged, LeavesBroken.
        """
        self._log, self._folder, self._signer, self._every = source, folder, signer, every
        self.checkpoints = Checkpoints(folder)
        self.broken: SealsBroken | None = None
        self._leaves = Leaves(folder, writing=True)
        try:
            self._last = self._begin()
        except BaseException:
            self._leaves.close()
            raise
        self._frontier: Frontier | None = None
        self._signed_at: Instant | None = None
        self._partly = False

    def _begin(self) -> _Last:
        """Whose folder it is, and the newest checkpoint in it."""
        self.checkpoints.tidy()
        key, path = self._signer.key, self._folder / VKEY
        if path.exists():
            _same(self._folder, SealFolder(self._folder).key, key)
        size = self.checkpoints.last()
        if not size:
            put(path, f"{key.vkey}\n".encode())
            return _Last(0, EMPTY)
        note = read_note(self.checkpoints.note(size))
        found = self.checkpoints.checkpoint(size)
        if found.origin != key.name or not vouchers(note, [key]):
            raise KeyOfAnother(self._folder, found.origin, key.name)
        if not path.exists():
            put(path, f"{key.vkey}\n".encode())
        return _Last(size, found.root)

    @property
    def size(self) -> int:
        """How many events have their leaf."""
        return self._leaves.size

    @property
    def sealed(self) -> int:
        """How many the newest checkpoint covers."""
        return self._last.size

    def follow(self, limit: int = READ) -> int:
        """Take in the next events; how many there were."""
        frontier = self._checked()
        events = self._log.read(frontier.size, limit)
        if not events and self._log.head() > frontier.size:
            events = self._log.read(frontier.size, limit)
            if not events:
                raise self._break(frontier.size + 1, "the event is missing")
        return self._take(events, frontier)

    def _take(self, events: list[Stored], frontier: Frontier) -> int:
        for position, stored in enumerate(events, frontier.size + 1):
            if stored.position != position:
                raise self._break(position, "the event is missing")
        hashes = [leaf_hash(stored.envelope) for stored in events]
        if hashes:
            self._append(hashes)
        for each in hashes:
            frontier.push(each)
        return len(hashes)

    def _append(self, hashes: list[bytes]) -> None:
        """What could be written of them is compared with the log before the next."""
        try:
            self._leaves.append(hashes)
        except LeavesError:
            self._frontier = None
            raise

    def due(self, now: Instant, *, caught_up: bool) -> bool:
        """Whether a checkpoint is to be made: of a new log at once, and again once all is taken in;
        after a start once it is; then on the schedule. Never where nothing is new.
        """
        if self.size <= self._last.size:
            return False
        if not self._last.size:
            self._partly = not caught_up
            return True
        if self._partly and caught_up:
            self._partly = False
            return True
        if self._signed_at is None:
            return caught_up
        return not 0 <= now - self._signed_at < self._every

    def sign(self, now: Instant) -> Sealed | None:
        """A checkpoint of all that was taken in; the newest where nothing is new, None of nothing.

        What is signed goes on from the checkpoint before: that is proved from the leaves first.
        """
        frontier = self._checked()
        self._signed_at = now
        if frontier.size == self._last.size:
            return self._latest()
        self._agrees(self._last.size)
        last = self._agrees(frontier.size)
        root = frontier.root()
        self._goes_on(frontier.size, root)
        self._leaves.sync()
        extra = (f"{RECORDED} {_rfc3339(last.recorded_at)}",) if last else ()
        text = Checkpoint(self._signer.key.name, frontier.size, root, extra).text
        self.checkpoints.write(frontier.size, signed(text, [self._signer]))
        self._last = _Last(frontier.size, root)
        log.info("sealed up to %d", frontier.size)
        return self._latest()

    def _latest(self) -> Sealed | None:
        size = self._last.size
        return Sealed(self.checkpoints.note(size), size) if size else None

    def _goes_on(self, size: int, root: bytes) -> None:
        """The levels that proofs are read from give this root, and it goes on from the last."""
        old, old_root = self._last
        for again in (False, True):
            if again:
                self._mend_levels()
            proof = consistency(self._leaves.node, old, size)
            if root_of(self._leaves.node, size) == root and verify_consistency(
                old, old_root, size, root, proof
            ):
                return
        raise self._break(self._scan(size), "the leaves do not go on from the last checkpoint")

    # Whether the log still is what was sealed.

    def _checked(self) -> Frontier:
        """The right edge of the tree, once leaves and log agree behind the last checkpoint."""
        if self.broken:
            raise self.broken
        if self._frontier is None:
            self._mend_levels()
            self._vouched()
            self._frontier = self._compared()
        return self._frontier

    def _mend_levels(self) -> None:
        if wrong := self._leaves.mend_levels():
            log.warning("%d hashes above the leaves were wrong: made anew from these", wrong)

    def _vouched(self) -> None:
        """The leaves are those of the last checkpoint. What was made anew of a log that is not what
        was sealed does not stay.
        """
        kept = self._leaves.size
        try:
            self._recover_leaves()
            self._hold_against_root()
        except SealsBroken:
            self._leaves.truncate(min(kept, self._leaves.size))
            raise

    def _recover_leaves(self) -> None:
        """Leaves that a checkpoint covers and that are gone, from the log; the root tells."""
        frontier = self._leaves.frontier(self._leaves.size)
        if frontier.size < self._last.size:
            log.warning("leaves %d to %d are made anew", frontier.size + 1, self._last.size)
        while frontier.size < self._last.size:
            wanted = self._last.size - frontier.size
            events = self._log.read(frontier.size, min(READ, wanted))[:wanted]
            if not events:
                raise self._break(frontier.size + 1, "the log ends before it")
            self._take(events, frontier)

    def _hold_against_root(self) -> None:
        """Where not the leaves but the log's own hashes give the root that was signed, the file of
        leaves is damaged and the log is right: the file is mended.
        """
        size, root = self._last
        if root_of(self._leaves.node, size) == root:
            return
        if self._log_root(size) == root:
            self._mend_leaves(size)
        if root_of(self._leaves.node, size) != root:
            why = "neither its hashes nor those kept of it give the root of the last checkpoint"
            raise self._break(self._scan(size), why)

    def _log_root(self, size: int) -> bytes:
        frontier = Frontier()
        for _, hashes in self._of_log(size):
            frontier.extend(hashes)
        return frontier.root() if frontier.size == size else b""

    def _mend_leaves(self, size: int) -> None:
        wrong: list[int] = []
        for first, hashes in self._of_log(size):
            wrong += self._leaves.mend(first, hashes)
        self._mend_levels()
        self._leaves.sync()
        log.error(
            "%d hashes kept of the log were damaged, the first that of position %d: made anew from "
            "the log, which gives the root of the last checkpoint; see to the disk",
            len(wrong),
            wrong[0] + 1 if wrong else 0,
        )

    def _of_log(self, size: int) -> Iterator[tuple[int, bytes]]:
        """The hashes of the log's first events, some at a time, each time with the first's number
        from 0 on; they end where an event is missing.
        """
        at = 0
        while at < size:
            wanted = min(READ, size - at)
            events = self._log.read(at, wanted)[:wanted]
            if not events or any(e.position != p for p, e in enumerate(events, at + 1)):
                return
            yield at, b"".join(leaf_hash(each.envelope) for each in events)
            at += len(events)

    def _compared(self) -> Frontier:
        """From the last sealed event on, each with its leaf; what a power cut left empty is cut."""
        self._agrees(self._last.size)
        frontier = self._leaves.frontier(self._last.size)
        while frontier.size < self._leaves.size:
            wanted = min(READ, self._leaves.size - frontier.size)
            leaves = self._leaves.read(frontier.size, wanted)
            events = self._log.read(frontier.size, wanted)[:wanted]
            for at in range(wanted):
                leaf = leaves[at * SIZE : (at + 1) * SIZE]
                if leaf == NOTHING:
                    self._leaves.truncate(frontier.size)
                    return frontier
                self._compare(events[at] if at < len(events) else None, frontier.size + 1, leaf)
                frontier.push(leaf)
        return frontier

    def _agrees(self, position: int) -> Stored | None:
        """The event at a position, which is what its leaf says; None for position 0."""
        if not position:
            return None
        stored = self._at(position)
        self._compare(stored, position, self._leaves.read(position - 1, 1))
        return stored

    def _compare(self, stored: Stored | None, position: int, leaf: bytes) -> None:
        if stored is None:
            raise self._break(min(position, self._log.head() + 1), "the log ends before it")
        if stored.position != position or leaf_hash(stored.envelope) != leaf:
            raise self._break(self._first(position), "another event stands there")

    def _at(self, position: int) -> Stored | None:
        found = self._log.read(position - 1, 1)
        return found[0] if found else None

    def _first(self, differing: int) -> int:
        """Where log and leaves part, at a position known to differ or before: exact where all that
        comes after it differs too, as in a log restored and gone on; else one that differs.
        """
        equal = 0
        while differing - equal > 1:
            middle = (equal + differing) // 2
            stored = self._at(middle)
            leaf = self._leaves.read(middle - 1, 1)
            same = stored is not None and leaf_hash(stored.envelope) == leaf
            equal, differing = (middle, differing) if same else (equal, middle)
        return differing

    def _scan(self, size: int) -> int:
        """The first position of which the leaf is not the event's; the last where all agree."""
        at = 0
        while at < size:
            wanted = min(READ, size - at)
            leaves = self._leaves.read(at, wanted)
            for stored in self._log.read(at, wanted)[:wanted]:
                leaf = leaves[(stored.position - 1 - at) * SIZE : (stored.position - at) * SIZE]
                if leaf_hash(stored.envelope) != leaf:
                    return stored.position
            at += wanted
        return size

    def _break(self, position: int, why: str) -> SealsBroken:
        self.broken = SealsBroken(position, why)
        log.critical("%s", self.broken)
        return self.broken

    def close(self) -> None:
        """Give the folder up."""
        self._leaves.close()


def _rfc3339(at: Instant) -> str:
    """As an envelope has it."""
    return moment(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _same(folder: Path, known: Key, given: Key) -> None:
    if known != given:
        raise KeyOfAnother(folder, _named(known), _named(given))


def _named(key: Key) -> str:
    return f"{key.name} ({key.id.hex()})"
