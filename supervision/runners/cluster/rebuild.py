"""`supervise rebuild` of a cluster: a new generation filled from the log, the wall staying up."""

from __future__ import annotations

from collections.abc import Callable

from projections.filling import READ, Filling

from ...errors import SupervisionError
from ...record import Record
from ...store.election import Election
from ..settings import Settings, open_record
from .generations import Generations, drop_generations, new_generation, open_warehouse

LEASE_SECONDS = 3_600.0
"""For which a rebuild may say nothing: one list may concern every open case, and all their rows are
one batch. One that was killed lets go at once; only one that was stopped is waited for so long."""

Progress = Callable[[int, int], None]
"""Called with the position that was reached and the head of the log."""


class RebuildRunning(SupervisionError):
    """Two rebuilds at once."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no rebuild can begin or go on now: {why}")


def rebuild(given: Settings, progress: Progress) -> int:
    """Fill a new generation and use it; its number. The old one is kept until the next night.

    RebuildRunning; StoreError and WarehouseError, after which it may be run again.
    """
    name = f"{given.topic_prefix}/rebuild"
    with Election(given.database, name, lease_seconds=LEASE_SECONDS) as election:
        if not election.try_win():
            raise RebuildRunning(election.reason)
        record, pointer = open_record(given), Generations(given)
        try:
            current = pointer.current()
            drop_generations(given, lambda number: number > current)
            number = new_generation(given)
            _fill(record, given, number, lambda at, head: _go_on(election, progress, at, head))
            pointer.move(current, number)
            return number
        finally:
            pointer.close()
            record.close()


def _go_on(election: Election, progress: Progress, position: int, head: int) -> None:
    """The election is asked for as it goes, so that it is not lost for silence."""
    if not election.held():
        raise RebuildRunning(election.reason)
    progress(position, head)


def _fill(record: Record, given: Settings, number: int, progress: Progress) -> None:
    """From the log's beginning to where it ended when the last batch was begun: there are always
    new events, and who writes the rows from then on adds them.
    """
    warehouse = open_warehouse(given, number)
    try:
        filling, missing = Filling(record, warehouse), READ + 1
        while missing > READ:
            head = record.head()
            missing = head - filling.position
            filling.read_up_to(min(filling.position + READ, head))
            progress(filling.position, head)
    finally:
        warehouse.close()
