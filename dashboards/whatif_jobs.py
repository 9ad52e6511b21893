"""Long work that somebody asked a page for: one at a time, told how far it is, ended when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from replay.every_case import Cancelled, Watching
from replay.rederive import Rederived
from replay.what_if import WhatIf
from supervision.access.rights import Reach
from supervision.errors import SupervisionError

KEPT = 4
"""Persons whose last result is kept, the newest."""
RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"

Result = WhatIf | Rederived


class Job(NamedTuple):
    """Work as it stands: whose it is, over which part of the world it was done; `why` it failed."""

    owner: str
    reach: Reach
    asked: dict[str, str]
    state: str = RUNNING
    done: int = 0
    total: int = 0
    result: Result | None = None
    why: SupervisionError | None = None


class Broken(SupervisionError):
    """The work ended by a defect, of which the server's log tells."""

    def __init__(self) -> None:
        super().__init__("程序出错，详见服务器日志 a defect; the log of the server tells of it")


class Jobs:
    """The work of all viewers of one process. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._running = ""
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        self._stopped = False

    def start(
        self,
        owner: str,
        reach: Reach,
        asked: dict[str, str],
        work: Callable[[Watching], Result],
    ) -> bool:
        """Begin somebody's work, whose last result it replaces; False while other work goes on."""
        with self._lock:
            if self._running or self._stopped:
                return False
            self._running = owner
            self._end = end = threading.Event()
            self._jobs.pop(owner, None)
            while len(self._jobs) >= KEPT:
                self._jobs.pop(next(iter(self._jobs)))
            self._jobs[owner] = Job(owner, reach, asked)
            watching = Watching(lambda *far: self._tell(owner, *far), end.is_set)
            self._thread = threading.Thread(
                target=self._work, args=(owner, work, watching), name="what-if", daemon=True
            )
            self._thread.start()
        return True

    def of(self, owner: str, reach: Reach) -> Job | None:
        """Somebody's last work, over the part of the world that they may still see."""
        with self._lock:
            job = self._jobs.get(owner)
        return job if job and job.reach == reach else None

    def is_busy(self) -> bool:
        """Whether work goes on, whosever it is."""
        with self._lock:
            return bool(self._running)

    def cancel(self, owner: str) -> None:
        """End somebody's work, if it goes on: within the time that a part of it takes."""
        with self._lock:
            if self._running == owner:
                self._end.set()

    def stop(self) -> None:
        """End whatever goes on, and begin nothing more."""
        with self._lock:
            self._stopped = True
            self._end.set()
            thread = self._thread
        if thread:
            thread.join(timeout=30)

    def _tell(self, owner: str, done: int, total: int) -> None:
        self._change(owner, done=done, total=total)

    def _change(self, owner: str, **changes: Any) -> None:
        with self._lock:
            if job := self._jobs.get(owner):
                self._jobs[owner] = job._replace(**changes)

    def _work(self, owner: str, work: Callable[[Watching], Result], watching: Watching) -> None:
        try:
            self._change(owner, result=work(watching), state=DONE)
        except Cancelled:
            self._change(owner, state=CANCELLED)
        except SupervisionError as error:
            self._change(owner, state=FAILED, why=error)
        finally:
            self._ended(owner)

    def _ended(self, owner: str) -> None:
        with self._lock:
            self._running = ""
            job = self._jobs.get(owner)
            if job and job.state == RUNNING:
                self._jobs[owner] = job._replace(state=FAILED, why=Broken())
