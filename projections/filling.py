"""The log into the warehouse: rows in blocks, from the position that the tables hold.

Whole transactions, in order; what a table holds already it is not given again (warehouse.py). A
warehouse whose last event the log does not know is made anew: it belongs to another log, or the log
was restored from an older copy.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from supervision.delivery.parcel import Parcel
from supervision.facts import Instant
from supervision.store.stored import Stored
from supervision.streams import parse

from .card_queries import owing_keys
from .casebook import Casebook, Key
from .log import Log
from .lookup import open_keys
from .reach import Reach
from .view import View
from .warehouse import Warehouse

log = logging.getLogger(__name__)

READ = 5_000
"""Events of one batch of rows."""


class Filled(NamedTuple):
    """How far the rows reach, up to which instant nothing is missing, and how many were written."""

    position: int
    stamp: Instant
    events: int


class Filling:
    """Follows the log into one warehouse. One thread at a time."""

    def __init__(self, record: Log, warehouse: Warehouse, most: int = READ) -> None:
        """Find where the tables stand; WarehouseError. `most`: events of one block of rows."""
        self._most = most
        self._record = record
        self._warehouse = warehouse
        self._reach = Reach(record)
        self.stamp: Instant = 0
        position = warehouse.resume_from()
        if not _of_one_log(warehouse, record):
            log.warning("the warehouse is of another log, or of an older copy: it is made anew")
            warehouse.drop_all()
            warehouse.create()
            position = 0
        self._book = Casebook(record.read_case, position, self._maybe_open(position))
        self._book.learn_lists(s for s in record.read_lists() if s.position <= position)

    @property
    def position(self) -> int:
        """The last event whose rows were written."""
        return self._book.position

    def take(self, batch: list[Stored]) -> bool:
        """The rows of a batch of whole transactions; whether there were any."""
        rows = self._book.take(batch)
        if rows is not None:
            self._warehouse.write(rows)
        return rows is not None

    def take_parcels(self, parcels: Sequence[Parcel]) -> Filled:
        """The rows of parcels that hold the whole log; what they lack is read from it, and those
        that say more than it are set aside.
        """
        before, held, stamp = self.position, list[Stored](), self.stamp
        reached = before
        for parcel in filter(self._reach.has, parcels):
            wanted = parcel.to if parcel.events is None else parcel.after
            if wanted > reached or len(held) >= self._most:
                self._take_some(held)
                held, reached = [], max(reached, self.read_up_to(wanted))
            held += (each for each in parcel.events or () if each.position > reached)
            reached = max(reached, parcel.to)
            stamp = max(stamp, parcel.stamp)
        self._take_some(held)
        self.stamp = stamp
        return Filled(self.position, stamp, self.position - before)

    def _take_some(self, held: list[Stored]) -> None:
        if held:
            self.take(held)

    def read_up_to(self, position: int) -> int:
        """The rows of what the log has up to a position; how far that came."""
        while self.position < position:
            batch = self._record.read(self.position, self._most)
            if not batch:
                break
            self.take(batch)
        return max(self.position, position)

    def _maybe_open(self, position: int) -> set[Key]:
        """Every case that a list might move at a position: those now, and those touched since."""
        view = View(self._warehouse, None)
        keys = {*open_keys(view), *owing_keys(view)}
        reached = max(self._warehouse.highest(table) for table in ("open_cases", "cards"))
        while position < reached and (batch := self._record.read(position, READ)):
            cases = (parse(stored.stream) for stored in batch)
            keys.update((case.source, case.case_no) for case in cases if case)
            position = batch[-1].position
        return keys


def _of_one_log(warehouse: Warehouse, record: Log) -> bool:
    """What is resumed from lies no later than the last event that has a row, so that tells."""
    last = warehouse.highest("events")
    return not last or warehouse.recorded_at(last) == record.recorded_at(last)
