"""A case file taken from a record: gathered, drawn, signed. What page and command share."""

from __future__ import annotations

from typing import NamedTuple

from replay.bundle import Bundle, bundle
from replay.casefile import CaseFile, Seals
from replay.filing import case_file, gather
from supervision.record import Record

from .casefile_pdf import pdf_of


class Taken(NamedTuple):
    """What the file says, and the bundle's bytes with the digest that the trail keeps."""

    file: CaseFile
    bundle: Bundle


def take(
    record: Record, seals: Seals, source: str, case_no: str, *, texts: bool = False
) -> Taken | None:
    """The case as it stands in the log now; None for none. Takes seconds: a PDF is drawn.

    Whoever asks for `texts` MUST have recorded that they are looked at. SealError, StoreError,
    Unreadable.
    """
    gathered = gather(record, source, case_no)
    reveal = record.texts if texts else None
    file = case_file(gathered, seals, _now(record), reveal)
    return Taken(file, bundle(file, pdf_of(file), seals)) if file else None


def _now(record: Record) -> int:
    """Up to where time has passed for the record."""
    return max(record.last_stamp(), record.recorded_at(record.head()))
