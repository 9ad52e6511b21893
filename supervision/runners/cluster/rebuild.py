"""`supervise rebuild` of a cluster: a new generation filled from the log, the wall staying up."""

from __future__ import annotations

from collections.abc import Callable

from projections.filling import READ, Filling

from ...errors import SupervisionError
from ...record import Record
from ...store.election import Election
from ..settings import Settings, open_record
from .generations import Generations, drop_generations, new_generation, open_warehouse

Progress = Callable[[int, int], None]
"""Called with the position that was reached and the head of the log."""


class RebuildRunning(SupervisionError):
    """Two rebuilds at once."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no rebuild can begin now: {why}")


def rebuild(given: Settings, progress: Progress) -> int:
    """Fill a new generation and use it; its number. The old one is kept until the next night.

    RebuildRunning; StoreError and WarehouseError, after which it may be run again.
    """
    with Election(given.database, f"{given.topic_prefix}/rebuild") as election:
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
    """From the log's beginning until nothing is missing."""
    warehouse = open_warehouse(given, number)
    try:
        filling = Filling(record, warehouse)
        while filling.position < (head := record.head()):
            filling.read_up_to(min(filling.position + READ, head))
            progress(filling.position, head)
    finally:
        warehouse.close()
