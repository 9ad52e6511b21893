"""Who in the invented city is told, and of its past, how they were: each message in its time.

Nobody is reached: the gateway that takes the messages of the past takes them at once and all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from alerts.book import Addresses, Book
from alerts.channels.port import MAIL, SMS
from alerts.channels.sms_parts import parts_of
from alerts.keeping import Keeping
from alerts.ledger import Ledger
from alerts.messages import Place
from alerts.pipeline import Addition, Pipeline
from alerts.ruling import FITS

from ..clock import SteppedClock
from ..demonstration.city import City
from ..demonstration.contacts import contacts
from ..facts import EPOCH, Instant
from ..notices import (
    ContactSet,
    MessageAccepted,
    MessageAttempted,
    MessageIntended,
    OutboxEvent,
    message_stream,
)
from ..record import Append, Record

BY = "console:demo"
"""Who set up the contacts of the city."""
READ = 5_000
"""Events of one reading of the log."""


def set_contacts(record: Record, city: City) -> None:
    """Tell the city's people, but those who were ever told or removed: that is somebody's wish."""
    addresses = Addresses(book := Book(record))
    known = book.setup().numbers
    for contact, given in contacts(city.departments, EPOCH, BY):
        if contact.person.lower() not in known:
            addresses.set_contact(partial(_set_at, contact), given, FITS)


def _set_at(contact: ContactSet, at: datetime) -> ContactSet:
    return replace(contact, at=at)


class Telling:
    """Tells the people of the city of a past that is lived through in steps of a clock.

    It keeps nothing: after a restart it finds in the log who was told.
    """

    def __init__(self, record: Record, clock: SteppedClock, city: City, place: Place) -> None:
        """`clock` is the record's; `place`: where messages come from."""
        self._record, self._clock, self._city = record, clock, city
        self._ledger = Ledger()
        self._pipeline = Pipeline(self._ledger, place, frozenset((MAIL, SMS)))

    def begin(self) -> None:
        """Now that time stands where the past begins, or goes on."""
        set_contacts(self._record, self._city)
        self.tell()

    def wait(self, until: Instant) -> None:
        """Let time pass: decide at every instant before `until` at which a wait is over."""
        while (due := self._pipeline.next_at()) < until:
            self._clock.set(due)
            self.tell()

    def tell(self) -> None:
        """Decide what is due now, until nothing is."""
        while True:
            while batch := self._record.read(self._ledger.position, READ):
                self._ledger.take(batch)
            now = max(self._clock().wall, self._record.last_stamp())
            additions = self._pipeline.decide(now)
            if not additions:
                return
            self._append(additions)

    def keep(self, file: Path) -> None:
        """Keep what is known for whoever goes on telling."""
        Keeping(file).save(self._record, self._ledger.kept())

    def _append(self, additions: list[Addition]) -> None:
        """What was decided, and in the same transaction that the gateway has it."""
        appends = [Append(a.stream, self._expected(a), a.events) for a in additions]
        taken = [event for a in additions for event in a.events]
        messages = [event for event in taken if isinstance(event, MessageIntended)]
        self._record.append_many(
            [*appends, *(Append(message_stream(m.message), 0, list(_taken(m))) for m in messages)]
        )

    def _expected(self, addition: Addition) -> int:
        if addition.expected is None:
            return self._record.version(addition.stream)
        return addition.expected


def _taken(message: MessageIntended) -> Iterator[OutboxEvent]:
    """Handed over and accepted, as a courier records it."""
    name, at = message.message, message.at
    yield MessageAttempted(message=name, at=at, attempt=1)
    parts = parts_of(message.text) if message.channel == SMS else 1
    yield MessageAccepted(message=name, at=at, attempt=1, gateway_id=f"demo-{name}", parts=parts)
