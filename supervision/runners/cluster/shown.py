"""What the wall of a cluster may show: up to which instant judgement and rows have both come.

Each role tells the board how far it is. A wall process reads the board a few times a second; it
shows an instant once every partition was judged up to it and the rows reach what that wrote.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

import msgspec

from alerts.alarms import Health

from ...errors import StoreError
from ...facts import Instant
from ...store.board import Board, Told
from .station import Says

log = logging.getLogger(__name__)

READ_EVERY = 0.2
"""Seconds between two readings of the board where somebody may look at the wall."""
SILENT = 5_000_000
"""Microseconds after which a role that tells nothing counts as gone."""
WAITING = 600
"""Judged instants that wait for their rows, at most."""
ROLES = {
    "publisher": ("发布进程", "the publisher"),
    "watch": ("监察进程", "a watch worker"),
    "rows": ("数据仓写入进程", "the writer of rows"),
}


class Shown:
    """The instant that is shown, and how the cluster is. Pure but for what it is given."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._waiting: deque[tuple[Instant, int]] = deque(maxlen=WAITING)
        self.at: Instant = 0
        """Up to here the wall is complete (µs)."""
        self.position = 0
        """The last event that the rows have."""
        self.generation = 0
        """Of the warehouse: the one that the rows are written to; 0 while nobody said."""
        self.health = Health()
        self.watched_cases = 0

    def take(self, board: Sequence[Told], now: Instant, head: int) -> None:
        """The board as it stands at an instant of this machine's clock, and the log's head."""
        fresh = _fresh(board, now)
        said = {each: msgspec.json.decode(each.says, type=Says) for each in fresh}
        stamps = self._judged(fresh, said)
        rows = max((each for each in fresh if each.role == "rows"), key=_position, default=None)
        if rows and said[rows].generation:
            self.position, self.generation = rows.position, said[rows].generation
            self._pass_time(rows)
        self._know(fresh, said, head)
        self._miss(stamps)

    def _judged(self, fresh: Sequence[Told], said: dict[Told, Says]) -> dict[int, Instant]:
        """Every partition, by whoever has judged it furthest."""
        stamps: dict[int, Instant] = {}
        head = 0
        for each in fresh:
            if each.role == "watch":
                head = max(head, each.head)
                for number, stamp in said[each].stamps.items():
                    stamps[number] = max(stamps.get(number, 0), stamp)
        if len(stamps) == self._partitions:
            at = min(stamps.values())
            if not self._waiting or at > self._waiting[-1][0]:
                self._waiting.append((at, head))
        return stamps

    def _pass_time(self, rows: Told) -> None:
        """What was judged is shown when the rows have its acts, and all recorded up to then."""
        while self._waiting and self._waiting[0][1] <= rows.position:
            at, _ = self._waiting[0]
            self.at = max(self.at, min(at, rows.stamp))
            if at > rows.stamp:
                return
            self._waiting.popleft()

    def _know(self, fresh: Sequence[Told], said: dict[Told, Says], head: int) -> None:
        self.watched_cases = sum(said[each].watched_cases for each in fresh)
        failed = {role: _first(said, role) for role in ROLES}
        for role, (zh, en) in ROLES.items():
            if not any(each.role == role and said[each].leads for each in fresh):
                failed[role] = failed[role] or f"{zh}没有运行 {en} does not run"
        self.health = Health(
            clock_jumped=next((s.clock_jumped for s in said.values() if s.clock_jumped), ""),
            store_failed=failed["publisher"],
            watch_failed=failed["watch"],
            warehouse_failed=failed["rows"],
            halted=tuple(each for says in said.values() for each in says.halted),
            behind=max(head - self.position, 0),
            incidents=sum(says.incidents for says in said.values()),
            alerts_failed=_first(said, "alerts") or _idle(fresh, said, "alerts"),
            gateways=tuple(each for says in said.values() for each in says.gateways),
            unheard=next((s.unheard for s in said.values() if s.unheard), ""),
            seals_broken=next((s.seals_broken for s in said.values() if s.seals_broken), ""),
            seals_failed=_first(said, "seal") or _idle(fresh, said, "seal"),
            witnesses=tuple(each for says in said.values() for each in says.witnesses),
            stamps_failed=next((s.unstamped for s in said.values() if s.unstamped), ""),
        )

    def _miss(self, stamps: dict[int, Instant]) -> None:
        """Time stands still where a partition is nobody's."""
        missing = [str(n) for n in range(self._partitions) if n not in stamps]
        if missing and not self.health.watch_failed:
            some = ", ".join(missing[:20])
            why = f"分区无人监察 nobody watches the partitions {some}"
            self.health = msgspec.structs.replace(self.health, watch_failed=why)


def in_use(board: Sequence[Told], now: Instant) -> set[int]:
    """The generations of the warehouse that somebody writes or shows, by what the board says."""
    said = {msgspec.json.decode(each.says, type=Says).generation for each in _fresh(board, now)}
    return said - {0}


def _fresh(board: Sequence[Told], now: Instant) -> list[Told]:
    return [each for each in board if now - each.told_at < SILENT]


def _position(told: Told) -> int:
    return told.position


IDLE = {
    "alerts": "告知进程没有运行 the alerts do not run",
    "seal": "封存进程没有运行 the sealer does not run",
}


def _idle(fresh: Sequence[Told], said: dict[Told, Says], role: str) -> str:
    """That nobody does the work of a role."""
    leads = any(each.role == role and said[each].leads for each in fresh)
    return "" if leads else IDLE[role]


def _first(said: dict[Told, Says], role: str) -> str:
    return next((s.failed for told, s in said.items() if told.role == role and s.failed), "")


class Looking:
    """A thread that reads the board, and where the log ends, until closed."""

    def __init__(
        self,
        board: Board,
        head: Callable[[], int],
        partitions: int,
        every: float = READ_EVERY,
    ) -> None:
        """`every`: seconds between two readings."""
        self._board = board
        self._every = every
        self._head = head
        self._shown = Shown(partitions)
        self._lock = Lock()
        self._stop = Event()
        self.failed = ""
        """Why the board or the log cannot be read; empty while they can."""
        self._measured = 0.0
        self._thread = Thread(target=self._look, name="board", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self._take(self._head(), self._board.read())
            except (StoreError, msgspec.MsgspecError) as error:
                self.failed = str(error)

    def _take(self, head: int, board: list[Told]) -> None:
        with self._lock:
            before = self._shown.at
            self._shown.take(board, time.time_ns() // 1000, head)
            self.failed = ""
            if self._shown.at > before:
                self._measured = time.time()

    def shown(self) -> tuple[Instant, float]:
        """The instant that is shown, and when that became known (seconds of this machine)."""
        with self._lock:
            return self._shown.at, self._measured

    def health(self) -> Health:
        """How the cluster is."""
        with self._lock:
            if self.failed:
                return msgspec.structs.replace(self._shown.health, store_failed=self.failed)
            return self._shown.health

    @property
    def position(self) -> int:
        """The last event that the rows have."""
        with self._lock:
            return self._shown.position

    @property
    def generation(self) -> int:
        """The generation of the warehouse that they are written to; 0 while nobody said."""
        with self._lock:
            return self._shown.generation

    @property
    def watched_cases(self) -> int:
        """Cases under watch, of all workers."""
        with self._lock:
            return self._shown.watched_cases

    def close(self) -> None:
        """Read no more."""
        self._stop.set()
        self._thread.join()
