"""`supervise rebuild` of a cluster: a new generation filled from the log, the wall staying up."""

from __future__ import annotations

from collections.abc import Callable

from projections.filling import READ, Filling

from ...errors import SupervisionError
from ...record import Record
from ..settings import Settings, open_record
from .generations import Generations, drop_others, open_warehouse

Progress = Callable[[int, int], None]
"""Called with the position that was reached and the head of the log."""


class RebuiltElsewhere(SupervisionError):
    """Two rebuilds at once."""

    def __init__(self, generation: int) -> None:
        super().__init__(
            f"another rebuild has finished before this one: generation {generation} is in use; "
            "run it again if that is not wanted"
        )


def rebuild(given: Settings, progress: Progress) -> int:
    """Fill a new generation and use it; its number. The old one is kept until the next night."""
    record, generations = open_record(given), Generations(given)
    try:
        current = generations.current()
        drop_others(given, frozenset({current}))
        _fill(record, given, current + 1, progress)
        if not generations.move(current, current + 1):
            raise RebuiltElsewhere(generations.current())
        return current + 1
    finally:
        generations.close()
        record.close()


def _fill(record: Record, given: Settings, generation: int, progress: Progress) -> None:
    """From the log's beginning until no more is missing than one reading."""
    warehouse = open_warehouse(given, generation)
    try:
        filling = Filling(record, warehouse)
        head = record.head()
        while filling.position < head:
            filling.read_up_to(min(filling.position + READ, head))
            head = record.head()
            progress(filling.position, head)
    finally:
        warehouse.close()
