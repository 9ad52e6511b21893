"""What is known of the messages about one card: for whoever asks, in any process, from the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from supervision.facts import Instant
from supervision.judgement.shelf import Shelf
from supervision.notices import (
    CHANNELS,
    OUTBOX,
    MessageAccepted,
    MessageAttempted,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageGivenUp,
    MessageIntended,
    message_stream,
    version_of,
)
from supervision.record import Record

from .book import Book
from .ledger import ACCEPTED, DELIVERED, FAILED, GIVEN_UP, WAITING, CardKey, Kept, Ledger
from .next import Next, next_of
from .stages import Sight

STATES = {
    MessageAttempted: "attempted",
    MessageAccepted: ACCEPTED,
    MessageDeferred: "deferred",
    MessageDelivered: DELIVERED,
    MessageFailed: FAILED,
    MessageGivenUp: GIVEN_UP,
}
STATES_WORDS: dict[str, tuple[str, str]] = {
    WAITING: ("待发", "waiting"),
    "attempted": ("发送中", "being sent"),
    ACCEPTED: ("网关已接收", "accepted by the gateway"),
    "deferred": ("暂缓重试", "to be tried again"),
    DELIVERED: ("已送达", "delivered"),
    FAILED: ("未送达", "not delivered"),
    GIVEN_UP: ("不再发送", "not sent any more"),
}


class Became(NamedTuple):
    """What became of a message: its state, what the gateway said, its id there, how often tried."""

    state: str
    reason: str = ""
    gateway_id: str = ""
    attempts: int = 0


class Asking:
    """Answers from the log alone. `shelf`: the lists; `now`: up to when all was judged."""

    def __init__(
        self, record: Record, shelf: Callable[[], Shelf], now: Callable[[], Instant]
    ) -> None:
        self._record = record
        self._book = Book(record)
        self._shelf = shelf
        self._now = now

    def message(self, message: str) -> MessageIntended | None:
        """A message by its id; None for none."""
        version = version_of(message)
        for stored in self._record.read_stream(OUTBOX, version - 1, 1) if version else ():
            event = stored.event
            return event if isinstance(event, MessageIntended) else None
        return None

    def became(self, message: str) -> Became:
        """What became of a message."""
        found = Became(WAITING)
        for stored in self._record.read_stream(message_stream(message)):
            event = stored.event
            state = STATES.get(type(event), found.state)
            found = Became(
                state,
                getattr(event, "reason", found.reason if state != ACCEPTED else ""),
                getattr(event, "gateway_id", "") or found.gateway_id,
                getattr(event, "attempt", found.attempts),
            )
        return found

    def next_of(self, key: CardKey) -> Next | None:
        """When the next message about a card goes, and to whom; None where none is to come."""
        ledger = Ledger(Kept(setup=self._book.setup()), self._shelf().entries)
        ledger.take(self._record.read_case(*key[:2]))
        slip = ledger.slips.get(key)
        for each in slip.told if slip else ():
            each.failed = self.became(each.message).state in (FAILED, GIVEN_UP)
        return next_of(Sight(ledger, self._now(), frozenset(CHANNELS)), key)
