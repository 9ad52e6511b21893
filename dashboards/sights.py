"""What somebody signed in may see: their part of the source, and the producer of their wall.

Everything that a page, a list, a push, a file or an answer of the API shows is asked of a Sight, so
all of them show the same part of the world.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from projections.figures import Wall
from replay.history import CaseHistory
from supervision.access.admission import Admission
from supervision.access.gate import admitted
from supervision.access.rights import Reach, Right

from .producer import Draw, Producer
from .source import Source, WholeSource

NAMED = 3
"""Departments that the title of a part's wall names; of more it gives the number."""
MOST = 200
"""Producers at a time: parts of the world that somebody watches, or did until another began."""

Departments = frozenset[str] | None


class Producers:
    """A producer for each part of the world that is watched; they take turns at reading."""

    def __init__(
        self, world: WholeSource, draw: Draw, interval: float, idle_interval: float
    ) -> None:
        self._world, self._draw = world, draw
        self._interval, self._idle_interval = interval, idle_interval
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._made: dict[Departments, Producer] = {}

    def of(self, reach: Reach) -> Producer:
        """The one of a part, begun if nobody watched it."""
        with self._lock:
            found = self._made.get(reach.departments)
            if found is None:
                self._drop_idle()
                part = self._world.within(reach.departments, title_of(reach))
                read = _InTurn(part, self._turn)
                found = Producer(
                    read,
                    self._draw,
                    self._interval,
                    self._idle_interval,
                    stays=reach.departments is None,
                )
                self._made[reach.departments] = found
            found.touch()
            found.start()
            return found

    def stop(self) -> None:
        """End all of them."""
        with self._lock:
            for producer in self._made.values():
                producer.end()
            for producer in self._made.values():
                producer.stop()
            self._made.clear()

    def _drop_idle(self) -> None:
        """The whole stays, so that its first look is never a wait; of too many that are watched,
        the oldest goes, and its viewers begin anew.
        """
        parts = [(of, made) for of, made in self._made.items() if of is not None]
        for departments, producer in parts:
            if not producer.is_watched():
                self._made.pop(departments).drop()
        while len(self._made) >= MOST:
            self._made.pop(next(of for of in self._made if of is not None)).drop()


class _InTurn:
    """A source whose wall is read while no other is."""

    def __init__(self, source: Source, turn: threading.Lock) -> None:
        self._source, self._turn = source, turn

    def wall(self) -> Wall:
        """The wall of that part."""
        with self._turn:
            return self._source.wall()


class Sights:
    """What those who are signed in see of a world."""

    def __init__(
        self,
        world: WholeSource,
        producers: Producers,
        refused: Callable[[Admission, str, str], object],
        looked: Callable[[Admission, str, str, str], object],
    ) -> None:
        """`refused` hears who asked for what, and why it was refused; `looked` who is about to be
        shown a case (source, case_no), and how, and raises where that cannot be recorded.
        """
        self._world, self._producers, self._refused = world, producers, refused
        self._looked = looked

    def producer(self) -> Producer | None:
        """Of the wall of whoever is behind this request; None: they may not see one."""
        reach = self._reach(Right.WALL)
        return self._producers.of(reach) if reach is not None else None

    def source(self, right: Right) -> Source | None:
        """What whoever is behind this request may see by a right; None: nothing."""
        reach = self._reach(right)
        if reach is None:
            return None
        return self._world.within(reach.departments, title_of(reach))

    def case(
        self, source: str, case_no: str, right: Right = Right.CASES, *, reveal: bool = False
    ) -> CaseHistory | None:
        """A case, None where there is none for whoever asks; another department's is recorded.

        For what is not shown: whoever shows it asks `look`.
        """
        part = self.source(right)
        found = part.case(source, case_no, reveal) if part else None
        if found is None and part and (admission := admitted()):
            other = self._world.within(None).case(source, case_no)
            if other is not None:
                self._refused(admission, f"case {source} {case_no}"[:200], "another department")
        return found

    def look(
        self, source: str, case_no: str, how: str, right: Right = Right.CASES
    ) -> CaseHistory | None:
        """A case to be shown, and on record that it is (looks.py); None as for `case`.

        StoreError, ClockJumped: it cannot be recorded, so nothing is shown.
        """
        found = self.case(source, case_no, right)
        if found is not None:
            self.looked(source, case_no, how)
        return found

    def looked(self, source: str, case_no: str, how: str) -> None:
        """Record that whoever is behind this request is about to be shown a case; as for `look`."""
        if admission := admitted():
            self._looked(admission, source, case_no, how)

    def may(self, right: Right) -> bool:
        """Whether whoever is behind this request has a right, over whatever part."""
        return self._reach(right) is not None

    def covers(self, right: Right, department: str) -> bool:
        """Whether whoever is behind this request has a right over a department."""
        reach = self._reach(right)
        return reach is not None and reach.covers(department)

    def refuse(self, what: str, why: str) -> None:
        """Record that whoever is behind this request may not have something."""
        if admission := admitted():
            self._refused(admission, what, why)

    def _reach(self, right: Right) -> Reach | None:
        admission = admitted()
        return admission.reach(right) if admission else None


def title_of(reach: Reach) -> str:
    """What a part's wall is called; "" for the whole, which has its district's name."""
    if reach.departments is None:
        return ""
    names = sorted(reach.departments)
    if len(names) <= NAMED:
        return "、".join(names) or "–"
    return f"{'、'.join(names[:NAMED])} 等 {len(names)} 个部门"
