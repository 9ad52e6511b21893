"""The log compared with the leaves that signed checkpoints vouch for, row by row, in step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from supervision.store.stored import Stored

from .aligning import Op, Window, aligned
from .findings import Finding, Kind, standing
from .hashing import NO_HASH, hashes, placed, rehashed
from .merkle import SIZE, Frontier
from .rows import BATCH, Contents, Rows, Told

FEW = 16
"""Rows that are compared at a time where the last did not agree."""
NEAR = 64
"""Two events that were swapped are recognised at once within so many, else when both are known."""
APART = 64
"""Changed events that are held against one another whether they were swapped."""
VERSIONS_NEAR = 3
VERSIONS_FAR = 64
"""By how much a stream may have been renumbered: while aligning, and of the row that is next."""
TRIES = 500_000
"""Hashes that are tried for a renumbered event behind a long run: in a large log fewer versions."""
SEARCHES = 20
"""Long runs that are looked for through the whole log. Where there are more, nobody reads which of
them is which: what agrees again a little later was changed, so that time grows as the log does."""
NEARBY = 256
"""How far that is looked for."""
FEWER_TRIES = 2
"""By how much a stream may have been renumbered there."""
ANCHORS = 3
"""Events by which a long run that was inserted or removed is looked for."""


class Hashes(Protocol):
    """Leaves as replay/leaves.py keeps them."""

    @property
    def size(self) -> int:
        """How many there are."""

    def read(self, first: int, count: int) -> bytes:
        """Their hashes, one behind the other."""

    def frontier(self, size: int) -> Frontier:
        """The right edge of the tree of the first `size`."""


class Comparing:
    """Rows held against leaves from one on; what does not agree is named."""

    def __init__(self, rows: Rows, leaves: Hashes, first: int, end: int, told: Told) -> None:
        """`first` … `end`: which leaves; the first row is that of the first leaf."""
        self.rows, self.told = rows, told
        self.versions: dict[str, int] = {}
        self._leaves, self._at, self._end = leaves, first, end
        self._edits = 0
        self._excused: dict[int, int] = {}
        self._changed: list[tuple[int, Stored, Finding]] = []
        self._searched = 0
        self._block = (0, b"")
        self._contents = Contents(told)

    def run(self) -> None:
        """Up to the last leaf, or to the end of the log."""
        while self._at < self._end and self.rows.has():
            self._in_step()
            if self._at < self._end and self.rows.has():
                self._out_of_step()
        if self._at < self._end and not self._restored() and not self.rows.stopped:
            cut = Finding(kind=Kind.TAIL_CUT, position=self._at + 1, upto=self._end)
            self.told.add(cut)
            self._at = self._end

    def _restored(self) -> bool:
        return any(each.kind is Kind.RESTORED_FROM_OLDER for each in self.told.found)

    def _in_step(self) -> None:
        """Go on as long as all agrees: by few at first, then by more and more."""
        many = FEW
        while batch := self.rows.batch(min(many, self._end - self._at)):
            many = min(2 * many, BATCH)
            made = hashes(batch, self._at + 1, self.versions)
            sealed = self._leaves.read(self._at, len(batch))
            good = len(batch) if b"".join(made) == sealed else _first_other(made, sealed)
            self._contents.names(batch[:good])
            self._pass(good, good)
            if good < len(batch):
                return

    def _pass(self, leaves: int, rows: int) -> None:
        self._at += leaves
        self.rows.drop(rows)

    def _leaf(self, index: int) -> bytes:
        start, held = self._block
        if not start <= index < start + len(held) // SIZE:
            start = index
            held = self._leaves.read(start, min(512, self._end - start))
            self._block = start, held
        at = (index - start) * SIZE
        return held[at : at + SIZE]

    def _out_of_step(self) -> None:
        row = self.rows[0]
        excused = self._excused.get(self._at) == row.position
        if excused or (self._edits and self._renumbered(row, self._at, VERSIONS_FAR)):
            self._pass(1, 1)
        elif self._many and (ahead := self._agrees_within(NEARBY)):
            self._change_run(ahead)
        elif self._swapped_near():
            return
        elif self._agrees_within(1):
            self._tell_changed(row)
            self._pass(1, 1)
        else:
            ops = aligned(self._window())
            if ops is not None:
                self._apply(ops)
            elif not self._long_run():
                self._tell_restored()

    @property
    def _many(self) -> bool:
        """Whether so much was found that nobody reads it one by one."""
        return self._searched > SEARCHES or self.told.untold > 0

    def _agrees_within(self, near: int) -> int:
        """How far ahead the first of the next rows is that is what was sealed at its place; 0:
        none.
        """
        for ahead in range(1, min(near, self._end - self._at - 1) + 1):
            if not self.rows.has(ahead):
                return 0
            if self._agrees(self.rows[ahead], self._at + ahead):
                return ahead
        return 0

    # One row and one leaf.

    def _version(self, row: Stored) -> int:
        return row.version + self.versions.get(row.stream, 0)

    def _agrees(self, row: Stored, leaf: int) -> bool:
        if row.version.__class__ is not int:
            return False
        return rehashed(row, leaf + 1, version=self._version(row)) == self._leaf(leaf)

    def _renumbered(self, row: Stored, leaf: int, near: int) -> bool:
        """Whether it agrees with another version in its stream, which then holds for the stream."""
        if row.version.__class__ is not int:
            return False
        sealed, version = self._leaf(leaf), self._version(row)
        for by in range(1, near + 1):
            for moved in (by, -by):
                if rehashed(row, leaf + 1, version=version + moved) == sealed:
                    self.versions[row.stream] = self.versions.get(row.stream, 0) + moved
                    return True
        return False

    def _window(self) -> Window:
        start, known = self._at, {}

        def agrees(row: int, leaf: int) -> bool:
            if (row, leaf) not in known:
                known[row, leaf] = self._agrees_or_moved(self.rows[row], start + leaf, row != leaf)
            return known[row, leaf]

        return Window(agrees, self._end - start, self.rows.has)

    def _agrees_or_moved(self, row: Stored, leaf: int, moved: bool) -> bool:
        if self._excused.get(leaf) == row.position or self._agrees(row, leaf):
            return True
        if not moved and not self._edits:
            return False
        kept = dict(self.versions)
        found = self._renumbered(row, leaf, VERSIONS_NEAR)
        self.versions = kept
        return found

    # Two that were swapped.

    def _swapped_near(self) -> bool:
        row = self.rows[0]
        for ahead in range(1, min(NEAR, self._end - self._at - 1) + 1):
            if not self.rows.has(ahead):
                return False
            other = self.rows[ahead]
            if self._crossed(self._at, row, self._at + ahead, other):
                self._tell_swapped(self._at, row, self._at + ahead)
                self._excused[self._at + ahead] = other.position
                self._pass(1, 1)
                return True
        return False

    def _crossed(self, leaf: int, row: Stored, other_leaf: int, other: Stored) -> bool:
        return self._was(row, other_leaf, other) and self._was(other, leaf, row)

    def _was(self, row: Stored, leaf: int, instead: Stored) -> bool:
        """Whether a row once stood at a leaf, where another stands: its times and versions may
        have been put in order afterwards.
        """
        sealed = self._leaf(leaf)
        return any(
            rehashed(row, leaf + 1, version=version, recorded_at=at) == sealed
            for at in {row.recorded_at, instead.recorded_at}
            for version in {row.version, instead.version, *self._known_version(row)}
        )

    def _known_version(self, row: Stored) -> tuple[int, ...]:
        known = row.stream in self.versions and row.version.__class__ is int
        return (self._version(row),) if known else ()

    def _tell_swapped(self, leaf: int, row: Stored, other: int) -> None:
        first, second = sorted((leaf + 1, other + 1))
        self.told.add(standing(Kind.EVENTS_SWAPPED, row, first, other=second))

    # A stretch that was edited.

    def _apply(self, ops: Sequence[Op]) -> None:
        if "same" not in ops and self._long_run():
            return
        if self._all_other(ops):
            self._tell_restored()
            return
        for op in ops:
            if op == "same":
                self._same()
            elif op == "changed":
                self._tell_changed(self.rows[0])
                self._pass(1, 1)
            else:
                self._edit(op, 1)

    def _all_other(self, ops: Sequence[Op]) -> bool:
        """Whether nothing agrees any more up to the end."""
        leaves = sum(op != "inserted" for op in ops)
        rows = sum(op != "removed" for op in ops)
        cut = self._at + leaves < self._end and not self.rows.has(rows)
        return "same" not in ops and bool(rows) and (len(ops) > 1 or cut)

    def _same(self) -> None:
        row = self.rows[0]
        if self._excused.get(self._at) != row.position and not self._agrees(row, self._at):
            self._renumbered(row, self._at, VERSIONS_NEAR)
        self._pass(1, 1)

    def _tell_changed(self, row: Stored) -> None:
        leaf = self._at
        for known in self._changed:
            if self._crossed(known[0], known[1], leaf, row):
                self._changed.remove(known)
                self.told.remove(known[2])
                self._tell_swapped(known[0], known[1], leaf)
                return
        finding = standing(Kind.EVENT_CHANGED, row, leaf + 1)
        self._contents.look(row)
        self.told.add(finding)
        self._changed = [*self._changed[-APART:], (leaf, row, finding)]

    def _edit(self, op: Op, count: int) -> None:
        self._edits += count
        if op == "removed":
            self._tell_run(Finding(
                kind=Kind.EVENT_REMOVED, position=self._at + 1, upto=self._at + count
            ))  # fmt: skip
            self._pass(count, 0)
            return
        for _ in range(count):
            row = self.rows[0] if self.rows.has() else None
            if row is not None:
                self._tell_run(standing(Kind.EVENT_INSERTED, row, row.position, upto=row.position))
                self._pass(0, 1)

    def _tell_run(self, finding: Finding) -> None:
        """What stands together is told together."""
        before = self.told.found[-1] if self.told.found else None
        if before and before.kind is finding.kind and before.upto + 1 == finding.position:
            self.told.found[-1] = Finding(
                kind=before.kind, position=before.position, upto=finding.upto,
                stream=before.stream, version=before.version, topic=before.topic,
                recorded_at=before.recorded_at,
            )  # fmt: skip
        else:
            self.told.add(finding)

    def _tell_restored(self) -> None:
        last = self.rows[0]
        self.told.add(standing(Kind.RESTORED_FROM_OLDER, last, self._at))
        while self.rows.has() and self._at < self._end:
            count = min(len(self.rows.batch()), self._end - self._at)
            self._pass(count, count)

    # A long run.

    def _long_run(self) -> bool:
        """Whether there is one, and what comes behind it agrees."""
        self._searched += 1
        far = NEARBY if self._many else self._end - self._at
        if removed := self._removed_run(far):
            self._edit("removed", removed)
            return True
        op, count = self._run_ahead(far)
        if op == "inserted":
            self._edit(op, count)
        elif op == "changed":
            self._change_run(count)
        return op != "same"

    def _ways(self, row: Stored, moved: int, tries: int) -> list[Callable[[int], bytes]]:
        """The hashes that a row would have, its stream renumbered by so many, or not."""
        if row.version.__class__ is not int:
            return []
        left = max(1, self._end - self._at)
        many = FEWER_TRIES if self._many else max(1, min(VERSIONS_FAR, tries // left))
        return [
            placed(row._replace(version=row.version + moved * by), self.versions)
            for by in range(many)
        ]

    def _change_run(self, count: int) -> None:
        for _ in range(count):
            self.told.add(standing(Kind.EVENT_CHANGED, self.rows[0], self._at + 1))
            self._pass(1, 1)

    def _removed_run(self, far: int) -> int:
        """How many leaves from here on have no row any more, if the next rows come so far on; 0:
        they do not.
        """
        ahead = [n for n in range(ANCHORS) if self.rows.has(n)]
        anchors = [(n, self.rows[n]) for n in ahead]
        made = [(n, way) for n, row in anchors for way in self._ways(row, 1, TRIES)]
        end = min(self._end, self._at + far)
        for start in range(self._at, end, BATCH):
            count = min(BATCH, end - start)
            sealed = self._leaves.read(start, count)
            for leaf in range(start, start + count):
                here = sealed[(leaf - start) * SIZE : (leaf - start + 1) * SIZE]
                for n, at in made:
                    if leaf - n > self._at and at(leaf + 1) == here:
                        return leaf - n - self._at
        return 0

    def _run_ahead(self, far: int) -> tuple[Op, int]:
        """How many rows from here on were changed, or inserted, these up to so far on; "same": it
        never agrees again.
        """
        wanted = [self._leaf(self._at + n) for n in range(min(ANCHORS, self._end - self._at))]
        for ahead, row in self.rows.from_here():
            leaf, ways = self._at + ahead, self._ways(row, -1, TRIES // 20)
            for n, sealed in enumerate(wanted if ahead <= far else ()):
                if ahead > n and any(way(self._at + n + 1) == sealed for way in ways):
                    return "inserted", ahead - n
            if leaf < self._end and ways and ways[0](leaf + 1) == self._leaf(leaf):
                return "changed", ahead
        return "same", 0


def _first_other(made: Sequence[bytes], sealed: bytes) -> int:
    """The first hash that is not the sealed one."""
    for n, each in enumerate(made):
        if each != sealed[n * SIZE : (n + 1) * SIZE] or each == NO_HASH:
            return n
    return len(made)
