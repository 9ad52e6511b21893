"""What every role has: the settings, the record, the board, its metrics, and its end."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from ...delivery.kafka import Brokers
from ...errors import StoreError, SupervisionError
from ...facts import Instant
from ...record import Record
from ...store.board import Board
from ...store.election import HELD_ELSEWHERE, Election
from ..listening import listening
from ..logs import instance_name
from ..memory import settle
from ..settings import Settings, open_record
from ..telling import Telling
from .patient import RETRY, Patient, Stopping

log = logging.getLogger(__name__)
T = TypeVar("T")

TELL_EVERY = 0.1
"""Seconds between two words to the board, at least."""
ASK_EVERY = 0.5
"""Seconds between two tries to be elected, and between two looks whether one still is."""
BEAT_EVERY = 1.0
"""Seconds between two beats of an event loop."""
FINISH_WITHIN = 4.0
"""Seconds that the work of an event loop has to finish in order, once the role is told to end."""
END_WITHIN = 8.0
"""Seconds that a role has to end in order: a library may wait for a server that does not answer."""
FORGET_WITHIN = 1.5
"""Seconds for the last word to the board of a role that did not."""
NEEDS = {
    "publisher": ("database", "kafka"),
    "watch": ("database", "kafka"),
    "rows": ("database", "kafka", "clickhouse"),
    "links": ("database",),
    "alerts": ("database",),
    "seal": ("database",),
    "scheduler": ("database", "clickhouse"),
    "intake": ("database",),
    "wall": ("database", "clickhouse"),
}
"""What must be set for each role."""


class NotSet(SupervisionError):
    """A role needs a setting that is empty."""

    def __init__(self, role: str, name: str) -> None:
        super().__init__(
            f"the role {role} needs the setting {name}: set SUPERVISION_{name.upper()}, "
            "see docs/settings.md and docs/cluster.md"
        )


class Says(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a role tells the others beside its position: JSON on the board.

    `stamps`: of each partition that it watches, the stamp up to which it was judged (µs).
    `generation`: of the warehouse, that it writes or shows; 0 for none. `gateways`: channels that
    take nothing; `unheard`: why nobody can be told of cards. `seals_broken`: that the
    log is not what was sealed; `witnesses`: those that do not vouch for it; `unstamped`: why it has
    no time stamps.
    """

    stamps: dict[int, Instant] = {}
    halted: list[str] = []
    watched_cases: int = 0
    incidents: int = 0
    generation: int = 0
    gateways: list[str] = []
    unheard: str = ""
    seals_broken: str = ""
    witnesses: list[str] = []
    unstamped: str = ""
    clock_jumped: str = ""
    failed: str = ""
    leads: bool = True


class Slot:
    """A folder of this process alone, the first that no other process of the role on this machine
    has: so a worker that starts again finds the files of one that died.
    """

    def __init__(self, under: Path, role: str) -> None:
        under.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            self.folder = under / f"{role}-{number}"
            self.folder.mkdir(exist_ok=True)
            self._lock = (self.folder / "lock").open("a")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._lock.close()
            else:
                return


class Station:
    """One running role. `stop` is set when it must end; `record` is there once it is open."""

    record: Record
    patient: Patient

    def __init__(self, role: str, given: Settings) -> None:
        """NotSet."""
        for name in NEEDS[role]:
            if not getattr(given, name):
                raise NotSet(role, name)
        self.role = role
        self.given = given
        self.instance = instance_name()
        self.stop = Event()
        self.telling = Telling(role, self.instance)
        self.board = Board(given.database)
        self._told = 0.0
        self._ends: list[Callable[[], object]] = []

    @cached_property
    def slot(self) -> Slot:
        """The folder of this process."""
        return Slot(self.given.home / "faust", self.role)

    @property
    def brokers(self) -> Brokers:
        """Where Kafka is."""
        given = self.given
        return Brokers(
            ",".join(given.brokers),
            given.topic_prefix,
            given.kafka_security_protocol,
            given.kafka_sasl_mechanism,
            given.kafka_username,
            given.kafka_password,
            given.kafka_ca_file,
            given.kafka_replicas,
        )

    @property
    def heartbeat(self) -> float:
        """Seconds between heartbeats."""
        return self.given.heartbeat_ms / 1000

    def election(self, name: str) -> Election:
        """A name that one process of this installation holds."""
        return Election(self.given.database, f"{self.given.topic_prefix}/{name}")

    @property
    def due(self) -> bool:
        """Whether a word to the board would be told now."""
        return time.monotonic() - self._told >= TELL_EVERY

    def tell(self, position: int, head: int, stamp: Instant, says: Says) -> None:
        """Tell board and metrics, not more often than TELL_EVERY; what fails is told later."""
        self.telling.beat()
        if not self.due:
            return
        self._told = time.monotonic()
        at = time.time_ns() // 1000
        self.telling.reached(self.role, position, head, stamp, max(at, stamp))
        try:
            self.board.tell(
                self.role,
                self.instance,
                at=at,
                stamp=stamp,
                position=position,
                head=head,
                says=msgspec.json.encode(says),
            )
        except StoreError as error:
            self.telling.failed(error)
            self.telling.alarm("board", str(error), useless=False)
        else:
            self.telling.clear("board")

    def alarm(self, code: str, error: BaseException) -> str:
        """Something failed and is tried again: the one line that is told, and logged if new."""
        text = str(error) if isinstance(error, SupervisionError) else _named(error)
        self.telling.beat()
        self.telling.failed(error)
        if self.telling.alarm(code, text):
            log.error("%s failed", code, extra={"why": text}, exc_info=_unexpected(error))
        return text

    def stand_by(self, code: str, election: Election) -> None:
        """Another process leads, and this one is ready to; or it could not, and that is told."""
        why = "" if election.reason == HELD_ELSEWHERE else election.reason
        self.telling.elected(self.role, holds=False)
        if why:
            self._wait(why, code)
        else:
            self.telling.clear(code)
            self.telling.ready()
        self.tell(0, 0, 0, Says(leads=False, failed=why))

    def until(self, code: str, call: Callable[[], T]) -> T:
        """What `call` gives, once the server that it needs does its part; tells meanwhile what it
        waits for. Stopping, and whatever no retry helps.
        """
        while True:
            try:
                found = call()
            except SupervisionError as error:
                if not error.retry:
                    raise
                self.alarm(code, error)
            else:
                self.telling.clear(code)
                return found
            if self.stop.wait(RETRY):
                raise Stopping

    def on_stop(self, call: Callable[[], object]) -> None:
        """Call this when the role is told to end; at once if it was."""
        self._ends.append(call)
        if self.stop.is_set():
            call()

    def end(self) -> None:
        """End the role."""
        self.stop.set()
        self.telling.ready(is_ready=False)
        for call in list(self._ends):
            call()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen for health and metrics, wait for the record, end on SIGTERM and Ctrl-C, and clear
        the board after. Stopping where that comes while it waits.
        """
        self._hear()
        try:
            with listening(self.telling, self.given.told_host, self.given.told_port):
                log.info("the role %s begins", self.role)
                self.open()
                yield
        finally:
            self.close()
            log.info("the role %s has ended", self.role)

    def open(self) -> None:
        """Open the record, once its server answers. Stopping; StoreBroken."""
        self.record = self.until("log", lambda: open_record(self.given))
        self.patient = Patient(self.record, self.stop, self._wait)
        settle()

    def _wait(self, why: str, code: str = "log") -> None:
        """The role's work waits for the log, or no longer."""
        self.telling.beat()
        if why:
            self.telling.alarm(code, why)
        else:
            self.telling.clear(code)

    def _hear(self) -> None:
        """End on a signal, in a thread: a handler may come while what `end` needs is locked."""
        asked: SimpleQueue[int] = SimpleQueue()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _: asked.put(number))

        def hear() -> None:
            asked.get()
            self.end()
            time.sleep(END_WITHIN)
            self._end_at_once()

        Thread(target=hear, name="signals", daemon=True).start()

    def _end_at_once(self) -> NoReturn:
        """Whatever is still waited for: what was not done stands in the log."""
        log.warning("the role %s did not end in order, and ends now", self.role)
        forgetting = Thread(target=self._forget, name="forget", daemon=True)
        forgetting.start()
        forgetting.join(FORGET_WITHIN)
        os._exit(0)

    def _forget(self) -> None:
        try:
            self.board.forget(self.role, self.instance)
        except StoreError as error:
            log.warning("the board was not told", extra={"why": str(error)})

    def close(self) -> None:
        """Clear the board, and close what is open."""
        self._forget()
        self.board.close()
        if hasattr(self, "record"):
            self.record.close()


def run_async(station: Station, work: Callable[[asyncio.Event], Any]) -> None:
    """Run a role of asyncio until it is told to end; what it does then is cancelled if it does not
    finish. It lives as long as its loop goes round, though it may have no partition.
    """

    async def main() -> None:
        asked, loop = asyncio.Event(), asyncio.get_running_loop()

        def ask() -> None:
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(asked.set)

        station.on_stop(ask)
        beating = asyncio.ensure_future(_beat(station))
        try:
            await _finished(asyncio.ensure_future(work(asked)), asked)
        finally:
            beating.cancel()

    asyncio.run(main())


async def _finished(working: asyncio.Future[Any], asked: asyncio.Event) -> None:
    """Wait for the work; once asked to end, not for long."""
    asking = asyncio.ensure_future(asked.wait())
    await asyncio.wait([working, asking], return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    await asyncio.wait([working], timeout=FINISH_WITHIN)
    if not working.done():
        working.cancel()
        await asyncio.wait([working], timeout=FINISH_WITHIN)
    if working.done() and not working.cancelled():
        working.result()


async def _beat(station: Station) -> None:
    """The loop lives, also while Kafka brings nothing."""
    while True:
        station.telling.beat()
        await asyncio.sleep(BEAT_EVERY)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _unexpected(error: BaseException) -> BaseException | None:
    """What is none of our errors is a defect: with its traceback."""
    return None if isinstance(error, SupervisionError) else error
