"""One process: the log, the watch, the warehouse, the seals, the wall (design: the two engines).

Threads: one watches (log → acts), one fills the warehouse (log → rows), one links cases of one
applicant (log → links), one seals (log → folder of seals), the server answers. Each
follows the log from its own position; nothing is handed from one to the other but the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Event, Lock, Thread

from msgspec.structs import replace

from alerts.alarms import Health
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.filling import Filling
from projections.links import Links
from projections.programs import note_program
from projections.warehouse import Warehouse, WarehouseError
from projections.watch import Watch
from projections.writing import write_acts
from supervision.errors import ClockJumped, StoreError, StreamConflict, SupervisionError
from supervision.facts import CaseLinked, Instant
from supervision.follow import Follower
from supervision.record import Record
from supervision.store.stored import Stored
from supervision.streams import INCIDENTS
from supervision.system import IncidentRecorded

from .alerts import Alerts
from .sealing import Sealing

log = logging.getLogger(__name__)

HEARTBEAT = 0.2
"""Seconds between heartbeats (design: rule 4)."""
READ = 2_000
"""Events of one reading of the watch."""
FILL = 5_000
"""Events of one batch of rows."""
FILL_EVERY = 0.15
"""Seconds between two batches of rows: an insert has a price of its own."""
TOLD_FOR = 86_400_000_000
"""Microseconds for which the wall tells that something was refused."""
RETRY = 2.0
"""Seconds before what failed is tried again."""


class Pulse:
    """What the threads tell of themselves: how far time and rows have come, and what failed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._health = Health()
        self._stamp: Instant = 0
        self._head = 0
        self.shown_at: Instant = 0
        self.measured = 0.0

    def beat(self, stamp: Instant, head: int) -> None:
        """Time has passed up to a stamp; the log then ended at `head`."""
        with self._lock:
            self._stamp, self._head = stamp, head

    def rows_reach(self, position: int, head: int) -> None:
        """The warehouse holds all up to a position; if the last beat's head, it is up to date."""
        with self._lock:
            if position >= self._head and self._stamp > self.shown_at:
                self.shown_at, self.measured = self._stamp, time.time()
            self._health = replace(self._health, behind=max(head - position, 0))

    def tell(self, **changes: object) -> None:
        """Change what is known of the system's health."""
        with self._lock:
            self._health = replace(self._health, **changes)

    @property
    def health(self) -> Health:
        """How the system is."""
        with self._lock:
            return self._health


class Embedded:
    """The threads of one home, which the caller holds; `start`, then `stop`."""

    def __init__(
        self,
        home: Path,
        record: Record,
        zone: str,
        watch: Watch | None = None,
        alerts: Alerts | None = None,
        sealing: Sealing | None = None,
    ) -> None:
        """`watch` may be one that knows the log already, as far as its position says. `alerts` are
        started and stopped with the threads; `sealing` is started with them, and its owner stops it
        once nothing writes any more.
        """
        self._sealing = sealing
        self._alerts = alerts
        self.record = record
        self.pulse = Pulse()
        self.stopping = Event()
        self.watch = watch or Watch(record.read_case)
        self._incidents: list[Instant] = []
        self._halted = 0
        self._begun = watch is None
        engine = ChdbEngine(home / "warehouse")
        self.warehouse = Warehouse(engine, days_in(zone))
        self.warehouse.create()
        self._threads: list[Thread] = []

    @property
    def watched_cases(self) -> int:
        """How many cases are under watch."""
        return self.watch.open_cases

    def shown(self) -> tuple[Instant, float]:
        """The instant up to which all is judged and in the rows, and when it became so."""
        return self.pulse.shown_at, self.pulse.measured

    def health(self) -> Health:
        """How the threads are."""
        known = self.pulse.health
        if self._sealing:
            known = self._sealing.health(known)
        return with_alerts(known, self._alerts) if self._alerts else known

    def start(self) -> None:
        """Watch and fill, each in its thread."""
        for name, work in (("watch", self._watch), ("fill", self._fill), ("link", self._link)):
            thread = Thread(target=self._keep, args=(name, work), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        if self._alerts:
            self._alerts.start()
        if self._sealing:
            self._sealing.start()

    def stop(self) -> None:
        """End the threads, after what they are at."""
        self.stopping.set()
        if self._alerts:
            self._alerts.stop()
        for thread in self._threads:
            thread.join(timeout=30)
        self.warehouse.close()

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        """Work until told to stop; what fails is told on the wall and tried again."""
        while not self.stopping.is_set():
            try:
                work()
            except ClockJumped as error:
                self.pulse.tell(clock_jumped=str(error))
            except StoreError as error:
                self.pulse.tell(store_failed=str(error))
            except (SupervisionError, WarehouseError) as error:
                log.exception("%s failed", name)
                self.pulse.tell(**{_FAILED[name]: str(error)})
            except Exception as error:
                log.exception("%s failed", name)
                self.pulse.tell(**{_FAILED[name]: f"{type(error).__name__}: {error}"})
            self.stopping.wait(RETRY)

    def _watch(self) -> None:
        """The watch's loop: what was recorded, then time, then its acts into the log."""
        if self._begun:
            self.watch, self._halted = Watch(self.record.read_case), 0
        self._begun, watch = True, self.watch
        note_program(self.record, version("supervision"))
        follower = Follower(self.record, watch.position)
        earlier = (s for s in self.record.read_stream(INCIDENTS) if s.position <= watch.position)
        self._incidents = [s.recorded_at for s in earlier if _refused(s)]
        try:
            while not self.stopping.is_set():
                self._take(watch, follower)
                stamp, head = self.record.heartbeat()
                while follower.position < head:
                    self._take(watch, follower)
                watch.tick(stamp)
                watch.sweep()
                write_acts(watch, self.record)
                self.pulse.beat(stamp, self.record.head())
                self._tell_incidents(watch, stamp)
                self.pulse.tell(
                    clock_jumped="",
                    store_failed="",
                    watch_failed="",
                    halted=tuple(f"{'/'.join(k)}: {why}" for k, why in watch.halted.items()),
                )
                if not watch.sweeping:
                    follower.wait(HEARTBEAT, self.stopping)
        finally:
            follower.close()

    def _tell_incidents(self, watch: Watch, stamp: Instant) -> None:
        """On the wall what was refused in the last day; in the log, once, each case that halted."""
        recent = sum(at > stamp - TOLD_FOR for at in self._incidents)
        self.pulse.tell(incidents=recent)
        for key, why in list(watch.halted.items())[self._halted :]:
            self.record.incident(f"halted {'/'.join(key)} {why}", "card_conflict", *key, why)
            self._halted += 1

    def _take(self, watch: Watch, follower: Follower) -> None:
        while not self.stopping.is_set() and (batch := follower.next_batch(READ)):
            watch.take(batch)
            self._incidents += [s.recorded_at for s in batch if _refused(s)]
            if batch[-1].position >= self.record.head():
                write_acts(watch, self.record)

    def _fill(self) -> None:
        """The warehouse's loop: from its own position, whole transactions, rows in blocks."""
        filling = Filling(self.record, self.warehouse)
        follower, written = Follower(self.record, filling.position), 0.0
        try:
            while not self.stopping.is_set():
                batch = follower.next_batch(FILL)
                if batch and filling.take(batch):
                    written = time.monotonic()
                head = self.record.head()
                self.pulse.rows_reach(follower.position, head)
                self.pulse.tell(warehouse_failed="")
                if follower.position >= head:
                    follower.wait(HEARTBEAT, self.stopping)
                    self.stopping.wait(max(written + FILL_EVERY - time.monotonic(), 0))
        finally:
            follower.close()

    def _link(self) -> None:
        """The loop of the follower that links cases of one applicant."""
        links, follower = Links(self.record.read_case), Follower(self.record, 0)
        try:
            while not self.stopping.is_set():
                while not self.stopping.is_set() and (batch := follower.next_batch(FILL)):
                    for stream, fact in links.take(batch):
                        self._append_link(stream, fact)
                follower.wait(1.0, self.stopping)
        finally:
            follower.close()

    def _append_link(self, stream: str, fact: CaseLinked) -> None:
        """Once a case: one that is there already is left as it is."""
        with suppress(StreamConflict):
            self.record.append(stream, [fact], 0)


def with_alerts(health: Health, alerts: Alerts) -> Health:
    """With what is known of the alerts."""
    return replace(
        health,
        alerts_failed=alerts.failed,
        gateways=tuple(f"{name}: {why}" for name, why in sorted(alerts.down.items())),
        unheard=alerts.unheard,
    )


_FAILED = {"watch": "watch_failed", "fill": "warehouse_failed", "link": "watch_failed"}


def _refused(stored: Stored) -> bool:
    """Whether an event says that something with a known id and other content was refused."""
    if stored.stream != INCIDENTS:
        return False
    event = stored.event
    return isinstance(event, IncidentRecorded) and event.kind == "same_id_other_content"
