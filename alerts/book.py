"""What was set up, for whoever asks or changes it; and addresses, which only the vault knows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from supervision.errors import StreamConflict
from supervision.notices import ALERTS, ContactRemoved, ContactSet
from supervision.record import Record
from supervision.store.mapping import moment
from supervision.vault import Sealing

from .ruling import Fit, fit_addresses, remove_contact, set_contact
from .setup import NOTHING_SET, Setup, with_setup

TRIES = 10
"""Attempts at the end of the stream, should others write there at the same moment."""
SOURCE = "alerts"
"""Under which the vault keeps addresses; no department's system has this name."""

Decide = Callable[[Setup, datetime], Struct]
"""A command (ruling.py): its event, or an error that says why not."""


class _Known(NamedTuple):
    version: int
    setup: Setup


class Book:
    """What was set up, in one record. Any number of threads and processes."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._known = _Known(0, NOTHING_SET)
        self._lock = threading.Lock()

    def setup(self) -> Setup:
        """What holds now; asks only for the version where nothing is new. StoreError."""
        return self._now().setup

    def rule(self, decide: Decide) -> Struct:
        """Decide on what holds, and record it; decided again when others were faster.

        SetupRefused, TemplateUnfit, StreamConflict, StoreError, ClockJumped.
        """
        for attempt in range(1, TRIES + 1):
            known = self._now()
            event = decide(known.setup, moment(self.record.heartbeat()[0]))
            try:
                self.record.append(ALERTS, [event], known.version)
            except StreamConflict:
                if attempt == TRIES:
                    raise
            else:
                return event
        raise AssertionError("unreachable")

    def _now(self) -> _Known:
        version = self.record.version(ALERTS)
        with self._lock:
            if version > self._known.version:
                self._known = self._read(self._known)
            return self._known

    def _read(self, known: _Known) -> _Known:
        for stored in self.record.read_stream(ALERTS, known.version):
            known = _Known(stored.version, with_setup(known.setup, stored.event))
        return known


class Addresses:
    """Addresses and numbers of contacts: sealed, never in the log, never in a message of ours.

    Each change is sealed under a number and a secret of its own, so that what a person had before,
    and all of whoever was removed, is destroyed for good.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._record = book.record

    def of(self, contact: ContactSet, channel: str) -> str:
        """The address of a contact, "" for none; the newest, should it have changed meanwhile."""
        return self._opened(contact, channel) or self._opened(
            self._book.setup().contacts.get(contact.person), channel
        )

    def known(self, contact: ContactSet) -> frozenset[str]:
        """The channels of which there is an address."""
        return frozenset(self._all(contact))

    def set_contact(
        self, wanted: Callable[[datetime], ContactSet], given: Mapping[str, str], fit: Fit
    ) -> ContactSet:
        """Tell somebody, or otherwise than before; an address that is not given stays as it was.

        SetupRefused, and as for Book.rule.
        """

        def decide(setup: Setup, at: datetime) -> ContactSet:
            contact = set_contact(wanted(at))
            before = setup.contacts.get(contact.person)
            had = self._all(before) if before else {}
            number = setup.numbers.get(contact.person, 0) + 1
            private = fit_addresses(contact.channels, given, had, fit)
            return self._sealed(replace(contact, number=number), private)

        event = self._book.rule(decide)
        assert isinstance(event, ContactSet)
        self._forget(event.person, event.number - 1, event.by)
        return event

    def remove(self, person: str, by: str) -> ContactRemoved:
        """Tell somebody nothing any more; their addresses are destroyed. NoSuchContact."""
        event = self._book.rule(lambda setup, at: remove_contact(setup, person, by, at))
        assert isinstance(event, ContactRemoved)
        self._forget(event.person, self._book.setup().numbers.get(event.person, 0), by)
        return event

    def _forget(self, person: str, number: int, by: str) -> None:
        if number > 0:
            self._record.erase(SOURCE, _place(person, number), by, "contact")

    def _sealed(self, contact: ContactSet, private: Mapping[str, str]) -> ContactSet:
        place = _place(contact.person, contact.number)
        item = Sealing(SOURCE, place, contact.person, contact.number, private)
        (sealed,) = self._record.vault.seal_many([item])
        return replace(contact, sealed=sealed.sealed)

    def _opened(self, contact: ContactSet | None, channel: str) -> str:
        return self._all(contact).get(channel, "") if contact else ""

    def _all(self, contact: ContactSet) -> dict[str, str]:
        place = _place(contact.person, contact.number)
        vault, who, number = self._record.vault, contact.person, contact.number
        return vault.open(SOURCE, place, who, number, contact.sealed) or {}


def _place(person: str, number: int) -> str:
    return f"contact/{person}/{number}"
