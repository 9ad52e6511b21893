"""`supervise replay`: a case lived through again in the terminal, or the figures of an instant.

A case is told moment by moment, as it was known then or as it truly was (replay/lines.py); in a
terminal at a speed, with long silences shortened, and all at once where it is piped.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from replay.lines import Timeline
from replay.timeline import COMPARED, timeline

from ..errors import SupervisionError
from ..facts import Instant, instant
from ..judgement.cards import moment
from ..judgement.shelf import Entry, Shelf
from ..record import Record
from .desk import CaseAmbiguous, NoCase, NoRecord, looked
from .settings import has_record, open_record, settings

KNOWN, TRUE = "known", "true"
A_DAY_A_SECOND = 86_400.0
"""How many times faster than real time it plays, unless told."""


class NothingAsked(SupervisionError):
    """Neither a case nor an instant was named."""

    def __init__(self) -> None:
        super().__init__(
            "name a case (`supervise replay CASE`), or an instant for the whole wall "
            "(`supervise replay --as-of 2026-03-01T12:00`)"
        )


class InstantUnreadable(SupervisionError):
    """An instant is not written as ISO 8601 says."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"--as-of {text[:40]!r} is no date or time; write it as 2026-03-01 or 2026-03-01T12:00"
        )


class NotYet(SupervisionError):
    """The case has no event so early."""

    def __init__(self, case_no: str, asked: str, first: str) -> None:
        super().__init__(
            f"nothing of {case_no} was recorded by {asked}; its first event was recorded {first}"
        )


class NotTrue(SupervisionError):
    """The case is too long to be told as it truly was."""

    def __init__(self, case_no: str) -> None:
        super().__init__(
            f"{case_no} has more than {COMPARED} events and is told as known then only: "
            "leave --axis true out"
        )


class NotOfACase(SupervisionError):
    """An option of a case was given without a case."""

    def __init__(self) -> None:
        super().__init__("--source and --speed are of a case: name one, or leave them out")


@click.command()
@click.argument("case_no", metavar="[CASE]", required=False)
@click.option("--source", default="", help="The source system, where several have that number.")
@click.option("--as-of", "as_of", metavar="T", help="Up to then (ISO 8601); now.")
@click.option("--axis", type=click.Choice((KNOWN, TRUE)), help="As known then, or as it truly was.")
@click.option("--speed", metavar="N", type=click.FloatRange(min=0, min_open=True))
@click.option("--department", default="", help="Without a case: the figures of one department.")
def replay(
    case_no: str | None,
    source: str,
    as_of: str | None,
    axis: str | None,
    speed: float | None,
    department: str,
) -> None:
    """重放 A case moment by moment at N times real time; without one, the wall of an instant."""
    if case_no is None:
        if as_of is None:
            raise NothingAsked
        if source or speed:
            raise NotOfACase
        from .past_figures import show_past

        show_past(as_of, department, axis or KNOWN)
        return
    given = settings()
    if not has_record(given):
        raise NoRecord
    record = open_record(given)
    try:
        told = _told(record, case_no, source, as_of, ZoneInfo(given.zone))
        line = told.true if axis == TRUE else told.known
        if not line:
            raise NotTrue(case_no)
        looked(record, told.source, told.case_no)
    finally:
        record.close()
    from .replaying_told import play

    play(told, line, axis or KNOWN, speed or A_DAY_A_SECOND)


def _told(record: Record, case_no: str, source: str, as_of: str | None, zone: ZoneInfo) -> Timeline:
    sources = [s for s in record.find_case(case_no) if not source or s == source]
    if not sources:
        raise NoCase(case_no)
    if len(sources) > 1:
        raise CaseAmbiguous(case_no, sources)
    now = record.last_stamp()
    if as_of is not None:
        now = min(now, _instant(as_of, zone))
    stored = record.read_case(sources[0], case_no)
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in record.read_lists())
    told = timeline(stored, shelf, now)
    if told is None:
        first = moment(stored[0].recorded_at, zone)
        raise NotYet(case_no, as_of or "now", f"{first:%Y-%m-%d %H:%M:%S}")
    return told


def _instant(text: str, zone: ZoneInfo) -> Instant:
    """An instant in the zone of the settings, unless it says another."""
    try:
        given = datetime.fromisoformat(text)
        return instant(given if given.tzinfo else given.replace(tzinfo=zone))
    except (ValueError, OverflowError) as error:
        raise InstantUnreadable(text) from error
