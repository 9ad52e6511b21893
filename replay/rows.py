"""The rows of a log as they stand, read in order with a look ahead; what of it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from operator import attrgetter, le

from supervision.errors import StoreBroken, StoreError, TooNew, Unreadable
from supervision.store.mapping import decode
from supervision.store.stored import Stored

from .findings import Finding, Kind, standing

BATCH = 2_000
"""Rows that are read and compared at a time."""
FIRST = -(2**63)
"""Before every position that a database can hold: one below 1 is looked at too."""
LAST = 2**63 - 1
"""The last position that a database can hold."""
MOST_TOLD = 1_000
"""Findings of one kind that are told; of more, how many there are."""

Scan = Callable[[int, int], Sequence[Stored]]
"""(position, limit) → up to so many rows from that position on, whatever they are, in order."""


class Told:
    """Findings, as many of a kind as anybody reads; the rest are counted."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.untold = 0
        self._counts: dict[Kind, int] = {}

    def add(self, finding: Finding) -> None:
        """One more."""
        count = self._counts[finding.kind] = self._counts.get(finding.kind, 0) + 1
        if count > MOST_TOLD:
            self.untold += 1
        else:
            self.found.append(finding)

    def remove(self, finding: Finding) -> None:
        """It was something else."""
        if finding in self.found:
            self.found.remove(finding)
            self._counts[finding.kind] -= 1


class Rows:
    """The log's rows as they stand, in order; looks ahead, and holds what it has looked at."""

    def __init__(self, scan: Scan, position: int, passed: Callable[[int], object]) -> None:
        self._scan, self._next, self._passed = scan, position, passed
        self._first = max(position, 1)
        self._held: list[Stored] = []
        self._at = 0
        self._ended = False
        self.last: Stored | None = None
        self.count = 0
        self.order = Told()
        self.below = 0
        """Rows before position 1, which nobody who follows the log is given."""
        self.stopped = 0
        """The position at which reading came to an end too early, 0 if it did not."""
        self.broken: Finding | None = None
        """What ended it, where that is the database itself."""
        self.unread = ""
        """What ended it, where it may be read another time."""

    def has(self, ahead: int = 0) -> bool:
        """Whether there is a row so far ahead."""
        while self._at + ahead >= len(self._held) and not self._ended:
            self._read()
        return self._at + ahead < len(self._held)

    def __getitem__(self, ahead: int) -> Stored:
        """The row so far ahead, which there is."""
        return self._held[self._at + ahead]

    def batch(self, limit: int = BATCH) -> list[Stored]:
        """Some of the next rows; none at the end."""
        return self._held[self._at : self._at + limit] if self.has() else []

    def _read(self) -> None:
        rows = self._rows_from(self._next)
        self._ended = not rows
        if rows:
            self._next = rows[-1].position + 1
            self._held = self._held[self._at :] + list(rows)
            self._at = 0

    def _rows_from(self, position: int) -> Sequence[Stored]:
        """Those from there on; none at the end, nor where the database cannot be read."""
        if position > LAST or self.stopped:
            return []
        try:
            rows = self._scan(position, BATCH)
        except StoreBroken as error:
            self._break(position, str(error))
            return []
        except StoreError as error:
            self.stopped, self.unread = max(position, 1), str(error)
            return []
        for good, row in enumerate(rows):
            if row.position.__class__ is not int:
                self._break(position, f"position {str(row.position)[:40]!r}")
                return rows[:good]
        if rows and not position <= rows[0].position <= rows[-1].position:
            self._break(position, f"positions {rows[0].position} … {rows[-1].position}")
            return []
        return rows

    def _break(self, position: int, why: str) -> None:
        self.stopped = max(position, 1)
        self.broken = Finding(kind=Kind.STORE_UNREADABLE, position=self.stopped, detail=why)

    def drop(self, count: int) -> None:
        """Go on behind so many; their order is looked at."""
        if not count:
            return
        rows = self._held[self._at : self._at + count]
        self._order(rows)
        self._at += count
        self.count += count
        if rows[0].position < 1:
            self.below += sum(row.position < 1 for row in rows)
        self.last = rows[-1]
        self._passed(self.count)

    def _order(self, rows: Sequence[Stored]) -> None:
        """Positions without a gap, times that never go back."""
        before = [self.last] if self.last is not None else []
        whole = [*before, *rows]
        first = whole[0].position
        try:
            ats = [row.recorded_at for row in whole]
            steady = all(map(le, ats, islice(ats, 1, None)))
        except TypeError:
            steady = False
        if not before and first > self._first:
            self._gap(self._first, first - 1)
        if not steady or first < 1 or whole[-1].position - first != len(whole) - 1:
            self._order_slowly(whole)

    def _order_slowly(self, rows: Sequence[Stored]) -> None:
        for before, row in pairwise(rows):
            if row.position > max(before.position, 0) + 1:
                self._gap(max(before.position, 0) + 1, row.position - 1)
            try:
                back = row.recorded_at < before.recorded_at
            except TypeError:
                back = True
            if back:
                self.order.add(standing(Kind.TIME_WENT_BACK, row, row.position))

    def _gap(self, first: int, last: int) -> None:
        self.order.add(Finding(kind=Kind.POSITION_GAP, position=first, upto=last))

    def from_here(self) -> Iterator[tuple[int, Stored]]:
        """Each row ahead with how far ahead it is, to the end of the log; holds none of them."""
        ahead, held = 0, self._held[self._at :]
        yield from enumerate(held)
        ahead, position = len(held), self._next
        while not self._ended and (rows := self._rows_from(position)):
            yield from enumerate(rows, ahead)
            ahead, position = ahead + len(rows), rows[-1].position + 1


class Contents:
    """Whether this program can read what is recorded."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._known: set[str] = set()

    def names(self, rows: Sequence[Stored]) -> None:
        """Look at kinds alone: what agrees with its seal is what was recorded."""
        topics = set(map(attrgetter("topic"), rows))
        if topics <= self._known:
            return
        for row in rows:
            if row.topic not in self._known:
                self.look(row)

    def look(self, row: Stored) -> None:
        """Read one."""
        try:
            decode(row.topic, row.payload)
            self._known.add(row.topic)
        except TooNew:
            self._told.add(standing(Kind.TOO_NEW, row, row.position, detail=str(row.topic)))
        except (Unreadable, TypeError, AttributeError) as error:
            why = str(error)[:200]
            self._told.add(standing(Kind.UNREADABLE, row, row.position, detail=why))
