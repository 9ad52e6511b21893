"""The walls as they truly were, made when somebody asks for them, for all viewers of a process.

Making them takes a while: who asks is told how far it is. What was made stays until it is made
again, which is worth it when more was recorded since; meanwhile it is what it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from projections.figures import Wall
from replay.every_case import Cancelled, Watching, WorkersLost
from replay.truth_file import Differences
from supervision.errors import SupervisionError
from supervision.facts import Instant

from .past import NotTold
from .truth_walls import Departments, Made, TrueWalls

NONE, MAKING, READY, FAILED = "none", "making", "ready", "failed"

log = logging.getLogger(__name__)
Make = Callable[[Watching], TrueWalls]
T = TypeVar("T")


class Stand(NamedTuple):
    """How it is with them. `permille`: of the work that goes on. `made`: what can be shown, also
    while it is made again. `why`: the work failed.
    """

    state: str
    permille: int = 0
    made: Made | None = None
    why: str = ""


class Truths:
    """Those of one process. Any thread may call any method."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._walls: TrueWalls | None = None
        self._stand = Stand(NONE)
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        self._askers: set[str] = set()
        self._stopped = False

    def stand(self) -> Stand:
        """How it is."""
        with self._lock:
            self._look()
            return self._stand

    def start(self, who: str) -> bool:
        """Begin to make them for somebody, again where they are there; False where that goes on
        already, which is then for them too.
        """
        with self._lock:
            self._look()
            if self._stopped:
                return False
            self._askers.add(who)
            if self._stand.state == MAKING:
                return False
            self._begin()
        return True

    def cancel(self, who: str) -> None:
        """End the work if nobody else asked for it; what was there before stays."""
        with self._lock:
            self._askers.discard(who)
            if not self._askers:
                self._end.set()

    def _begin(self) -> None:
        """Under the lock."""
        self._stand = Stand(MAKING, 0, self._stand.made)
        self._end = end = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(end,), name="truths", daemon=True)
        self._thread.start()

    def wall(self, at: Instant, departments: Departments) -> Wall:
        """The wall of an instant. NotTold: none was made, or not up to then. WorkersLost."""
        return self._asked(lambda walls: walls.wall(at, departments))

    def differences(self, at: Instant, departments: Departments) -> Differences:
        """Where the record of an instant differed. NotTold, WorkersLost."""
        return self._asked(lambda walls: walls.differences(at, departments))

    def _asked(self, ask: Callable[[TrueWalls], T]) -> T:
        """Of those that are there; where others took their place meanwhile, of these."""
        walls = self._there()
        try:
            return ask(walls)
        except WorkersLost:
            other = self._there()
            if other is walls:
                raise
            return ask(other)

    def stop(self) -> None:
        """End what goes on and what is there."""
        with self._lock:
            self._stopped = True
            self._end.set()
            thread, walls, self._walls = self._thread, self._walls, None
        if thread:
            thread.join(30)
        if walls:
            walls.close()

    def _there(self) -> TrueWalls:
        with self._lock:
            self._look()
            if self._walls is None:
                raise NotTold("truth_none")
            return self._walls

    def _look(self) -> None:
        """Under the lock: a process that nobody asked for long has ended."""
        if self._walls and not self._walls.is_there():
            with suppress(OSError):
                self._walls.close()
            self._walls = None
            state = NONE if self._stand.state == READY else self._stand.state
            self._stand = self._stand._replace(state=state, made=None)

    def _work(self, end: threading.Event) -> None:
        try:
            walls = self._make(Watching(self._tell, end.is_set))
        except Cancelled:
            self._ended(None)
        except SupervisionError as error:
            log.warning("what truly was could not be told: %s", error)
            self._ended(None, str(error))
        except BaseException:
            self._ended(None, str(WorkersLost()))
            raise
        else:
            self._ended(walls)

    def _tell(self, done: int, total: int) -> None:
        with self._lock:
            self._stand = self._stand._replace(permille=1_000 * done // max(total, 1))

    def _ended(self, walls: TrueWalls | None, why: str = "") -> None:
        with self._lock:
            if walls is None or self._stopped:
                unused = walls
                there = self._walls.made if self._walls else None
                state = FAILED if why else READY if there else NONE
                self._stand = Stand(state, 0, there, why)
            else:
                unused, self._walls = self._walls, walls
                self._stand = Stand(READY, 1_000, walls.made)
            if self._end.is_set() and self._askers and not self._stopped:
                self._begin()
            elif not self._stopped:
                self._askers.clear()
        if unused is not None:
            unused.close()
