"""The alerts of one system, running: one thread decides, one a channel delivers.

The thread that decides reads the log on, decides what is due, appends it, and reads it back before
it decides again. Nothing else is remembered: whoever starts again goes on where the log ends.

Above 400 lines: the loops, and what they hand to one another, are understood together.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import NamedTuple

from msgspec import Struct

from supervision.errors import ClockJumped, StoreError, StreamConflict, SupervisionError
from supervision.facts import Instant
from supervision.follow import Follower
from supervision.judgement.shelf import Entry
from supervision.loop.desk import Desk
from supervision.notices import (
    GATEWAYS,
    ContactSet,
    MessageGivenUp,
    MessageIntended,
    ReplyHeard,
    message_stream,
)
from supervision.record import Append, Record
from supervision.store.mapping import moment

from .book import Addresses, Book
from .channels.port import Channel, Receipt, Reply
from .courier import Courier
from .errors import AddressUnfit
from .keeping import Keeping
from .ledger import Ledger, Letter
from .messages import Place
from .pipeline import Addition, Pipeline
from .replies import acknowledge, meant_by, of_receipt

log = logging.getLogger(__name__)

READ = 5_000
"""Events of one reading."""
AT_ONCE = 50
"""Messages given to a courier at a time: what is decided meanwhile changes nothing about them."""
IDLE = 5.0
"""Seconds after which the log is looked at though nothing rang."""
LISTEN = 0.5
"""Seconds between two looks at what a gateway has told."""
RETRY = 2.0
"""Seconds before what failed is tried again."""
KEEP_EVERY = 20_000
"""Events between two times that the ledger is kept outside."""
UNKNOWN_FOR: Instant = 60_000_000
"""Microseconds for which a receipt that belongs to no message yet is tried again."""


class Report(NamedTuple):
    """A courier has done with a message, which then stands at this version of its stream."""

    message: str
    version: int


class Heard(NamedTuple):
    """What a gateway told, and when that was first looked at."""

    channel: str
    told: Receipt | Reply
    since: Instant


class Bell(NamedTuple):
    """What rings. at: wake the service at an instant; stamp: the time of the log, `fresh` when it
    was rung.
    """

    at: Callable[[Instant], object]
    stamp: Callable[[bool], Instant]


class Service:
    """Starts, runs until stopped, and tells how it is. Couriers' channels are closed at the end."""

    def __init__(
        self,
        record: Record,
        place: Place,
        channels: Mapping[str, Channel],
        bell: Bell,
        keeping: Keeping | None = None,
        counted: Callable[[str, Struct], object] = lambda channel, event: None,
        may_reply: Callable[[str], bool] = lambda person: True,
    ) -> None:
        """`counted` hears of each message by its channel, and of what became of it; `may_reply`
        says whether a person's replies count.
        """
        self._may_reply = may_reply
        self.failed = ""
        """Why nothing is decided just now; "" while all is well."""
        self._record = record
        self._book = Book(record)
        self._addresses = Addresses(self._book)
        self._desk = Desk(record)
        self._place = place
        self._channels = dict(channels)
        self._bell = bell
        self._keeping = keeping
        self._counted = counted
        self._stop, self._rung, self._woken = Event(), Event(), Event()
        self._queues: dict[str, SimpleQueue[Letter]] = {name: SimpleQueue() for name in channels}
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._heard: SimpleQueue[tuple[str, Receipt | Reply]] = SimpleQueue()
        self._untold: deque[Heard] = deque()
        """Heard, and not recorded yet."""
        self._unknown: list[Heard] = []
        """Of these, what belongs to no message yet."""
        self._couriers: dict[str, Courier] = {}
        self._resting: set[str] = set()
        """Channels whose gateways are left alone for a while."""
        self._busy: dict[str, int] = {}
        """Messages that couriers have, and where they then stand; -1 while that is unknown."""
        self._kept_at = 0
        self._lock = Lock()
        self._pipeline = self._begin()
        self._threads: list[Thread] = []

    def ring(self) -> None:
        """Something is due: time has come to it."""
        self._rung.set()
        self._woken.set()

    def start(self) -> None:
        """Decide and deliver, in threads."""
        self._spawn("alerts", self._decide)
        for name in self._channels:
            self._spawn(f"alerts-{name}", partial(self._deliver, name))

    def stop(self) -> None:
        """End: what was begun is recorded first."""
        self._stop.set()
        self._woken.set()
        for thread in self._threads:
            thread.join(timeout=40)
        for name, channel in self._channels.items():
            try:
                channel.close()
            except Exception:
                log.exception("a channel did not end in order", extra={"channel": name})
        if not self._threads or not self._threads[0].is_alive():
            self._keep(1)

    @property
    def down(self) -> dict[str, str]:
        """The channels that take nothing, and what they say."""
        with self._lock:
            return {name: event.reason for name, event in self._pipeline.ledger.down.items()}

    @property
    def position(self) -> int:
        """The last event of the log that was taken in."""
        return self._pipeline.ledger.position

    @property
    def has_contacts(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._book.setup().contacts)

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = Thread(target=self._again, args=(work,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _again(self, work: Callable[[], None]) -> None:
        """Work until told to stop; what fails is told and begun again."""
        while not self._stop.is_set():
            try:
                work()
            except (StoreError, ClockJumped) as error:
                self.failed = str(error)
            except StreamConflict as error:
                log.warning("somebody else writes alerts too: %s", error)
            except Exception as error:
                log.exception("alerts failed")
                self.failed = f"{type(error).__name__}: {error}"
            self._stop.wait(RETRY)

    # Deciding.

    def _begin(self) -> Pipeline:
        """From what was kept outside, else from the beginning of the log."""
        kept = self._keeping.load(self._record) if self._keeping else None
        lists = [
            Entry(stored.position, stored.recorded_at, stored.event)
            for stored in (self._record.read_lists() if kept else ())
            if kept and stored.position <= kept.position
        ]
        return Pipeline(Ledger(kept, lists), self._place, frozenset(self._channels))

    def _decide(self) -> None:
        """The loop: read on, decide, record; hand over, listen; wait for a bell."""
        self._pipeline.again()
        follower = Follower(self._record, self._pipeline.ledger.position)
        try:
            while not self._stop.is_set():
                self._woken.clear()
                rung = self._rung.is_set()
                self._rung.clear()
                now = self._bell.stamp(rung)
                if self._round(follower, now):
                    continue
                self._bell.at(min(self._pipeline.next_at(), self._pipeline.retry_at(now)))
                follower.wait(IDLE, self._woken)
        finally:
            follower.close()

    def _round(self, follower: Follower, now: Instant) -> bool:
        """One round; whether something was recorded, which is to be read back first."""
        if not self._read_on(follower):
            return False
        with self._lock:
            self._done()
            additions = self._pipeline.decide(now, frozenset(self._busy))
        if additions:
            self._append(additions)
        self._hand_over(now, given_up(additions))
        heard = self._listen(now)
        self._keep(KEEP_EVERY)
        self.failed = ""
        return bool(additions) or heard

    def _read_on(self, follower: Follower) -> bool:
        """Take in what the log has; False where there was no time for all of it."""
        while batch := follower.next_batch(READ):
            with self._lock:
                self._pipeline.ledger.take(batch)
            if self._stop.is_set():
                return False
        return True

    def _append(self, additions: list[Addition]) -> None:
        appends = [
            Append(a.stream, self._record.version(a.stream) if a.expected is None else a.expected,
                   a.events)
            for a in additions
        ]  # fmt: skip
        try:
            self._record.append_many(appends)
        except SupervisionError:
            self._pipeline.again()
            raise
        for event in (event for each in additions for event in each.events):
            self._count(event)

    def _count(self, event: Struct) -> None:
        letters = self._pipeline.ledger.letters
        if isinstance(event, MessageIntended):
            self._counted(event.channel, event)
        elif isinstance(event, MessageGivenUp) and event.message in letters:
            self._counted(letters[event.message].intended.channel, event)

    def _done(self) -> None:
        """Messages that couriers have done with, once the ledger knows it."""
        while True:
            try:
                report = self._reports.get_nowait()
            except Empty:
                break
            self._busy[report.message] = report.version
        letters = self._pipeline.ledger.letters
        for message, version in list(self._busy.items()):
            letter = letters.get(message)
            if version >= 0 and (letter is None or letter.stream >= version):
                del self._busy[message]

    def _hand_over(self, now: Instant, but: frozenset[str]) -> None:
        """What the ledger knows of, `but` not these; what was just decided comes a round later."""
        for name, queue in self._queues.items():
            if name in self._resting or not queue.empty():
                continue
            for letter in self._pipeline.letters(name, now, but.union(self._busy))[:AT_ONCE]:
                self._busy[letter.id] = -1
                queue.put(copy(letter))

    def _keep(self, every: int) -> None:
        if self._keeping and self.position >= self._kept_at + every:
            self._kept_at = self.position
            self._keeping.save(self._record, self._pipeline.ledger.kept())

    # What gateways tell.

    def _listen(self, now: Instant) -> bool:
        """Receipts and replies, of which none is forgotten where the log does not answer; whether
        something was recorded.
        """
        self._untold.extend(self._unknown)
        self._unknown = []
        while not self._heard.empty():
            self._untold.append(Heard(*self._heard.get_nowait(), now))
        recorded = False
        while self._untold:
            heard = self._untold.popleft()
            try:
                recorded |= self._hear(heard, now)
            except (StoreError, ClockJumped, StreamConflict):
                self._untold.appendleft(heard)
                raise
        return recorded

    def _hear(self, heard: Heard, now: Instant) -> bool:
        name, told, since = heard
        if isinstance(told, Reply):
            self._replied(name, told)
            return True
        known = of_receipt(self._pipeline.ledger, name, told, moment(now))
        if known is None or known[0].id in self._busy:
            if now < since + UNKNOWN_FOR:
                self._unknown.append(heard)
            return False
        letter, event = known
        self._record.append(message_stream(letter.id), [event], letter.stream)
        self._busy[letter.id] = letter.stream + 1
        self._counted(name, event)
        return True

    def _replied(self, name: str, reply: Reply) -> None:
        """Somebody replied: acknowledge what they mean, and record what came of it."""
        ledger = self._pipeline.ledger
        contacts = self._book.setup().contacts.values()
        theirs = [each.person for each in contacts if self._is(each, name, reply)]
        persons = [person for person in theirs if self._may_reply(person)]
        meant = meant_by(ledger, name, reply, persons, self._place.code)
        outcome = "unknown address" if not persons else "not understood"
        if meant.letter is not None:
            outcome = acknowledge(self._desk, meant.letter, meant.person, "reply")
        message = meant.letter.id if meant.letter else ""
        self._record.note(
            GATEWAYS,
            lambda at: ReplyHeard(
                channel=name, at=at, person=meant.person, message=message, outcome=outcome
            ),
        )

    def _is(self, contact: ContactSet, name: str, reply: Reply) -> bool:
        channel = self._channels[name]
        try:
            return channel.fit(self._addresses.of(contact, name)) == channel.fit(reply.address)
        except AddressUnfit:
            return False

    # Delivering.

    def _deliver(self, name: str) -> None:
        """The loop of a channel's courier, who keeps what is not recorded yet through failures."""
        queue = self._queues[name]
        courier = self._couriers.get(name)
        if courier is None:
            channel, down = self._channels[name], name in self.down
            courier = Courier(
                channel, self._record, self._address, is_down=down, counted=self._counted
            )
            self._couriers[name] = courier
        while not self._stop.is_set():
            courier.flush()
            self._hear_from(name)
            try:
                letter = queue.get(timeout=LISTEN)
            except Empty:
                continue
            self._carry(courier, letter)
            while not self._stop.is_set() and not queue.empty():
                self._carry(courier, queue.get_nowait())
        courier.flush()

    def _hear_from(self, name: str) -> None:
        """What a gateway told; asking again tells it that all before was recorded."""
        if self._untold or not self._heard.empty():
            return
        for told in self._channels[name].heard():
            self._heard.put((name, told))
            self.ring()

    def _carry(self, courier: Courier, letter: Letter) -> None:
        try:
            policy = self._book.setup().policy
            pause = courier.carry(letter, policy, moment(self._bell.stamp(False)))
            if pause:
                courier.flush()
        except SupervisionError:
            self._reports.put(Report(letter.id, letter.stream))
            raise
        self._reports.put(Report(letter.id, letter.stream + 2))
        self._woken.set()
        if pause:
            name = courier.channel.name
            self._resting.add(name)
            self._give_back(name)
            self._stop.wait(pause)
            self._resting.discard(name)
            self._woken.set()

    def _give_back(self, name: str) -> None:
        """What waits behind a gateway that is not there is decided on again meanwhile."""
        queue = self._queues[name]
        while not queue.empty():
            letter = queue.get_nowait()
            self._reports.put(Report(letter.id, letter.stream))
        self.ring()

    def _address(self, intended: MessageIntended) -> str:
        contact = self._book.setup().contacts.get(intended.person)
        return self._addresses.of(contact, intended.channel) if contact else ""


def given_up(additions: Iterable[Addition]) -> frozenset[str]:
    """The messages that are not to be sent any more, as was just decided."""
    events = (event for each in additions for event in each.events)
    return frozenset(each.message for each in events if isinstance(each, MessageGivenUp))
