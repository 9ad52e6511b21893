"""`supervise replay`: a case lived through again in the terminal, or the figures of an instant.

A case is told moment by moment, as it was known then or as it truly was (replay/lines.py); in a
terminal at a speed, with long silences shortened, and all at once where it is piped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from dashboards.history_page import crossing_words, difference_words, input_words, span_words
from dashboards.words import CLOCK_STATES, SHAPES, WORDS
from dashboards.words_history import WORDS as SAID
from replay.lines import Moment, Placed, Timeline
from replay.timeline import COMPARED, timeline

from ..errors import SupervisionError
from ..facts import Instant, instant
from ..judgement.cards import moment
from ..judgement.shelf import Entry, Shelf
from ..record import Record
from .desk import CaseAmbiguous, NoCase, NoRecord, looked
from .past_figures import show_past
from .settings import has_record, open_record, settings

KNOWN, TRUE = "known", "true"
A_DAY_A_SECOND = 86_400.0
"""How many times faster than real time it plays, unless told."""
LONGEST_SILENCE = 1.5
"""Seconds that pass between two moments at most, however long nothing happened."""
COLOURS = {"red": "#D55E00", "yellow": "#F0E442", "reminder": "#56B4E9", "normal": "#009E73"}
LANGS = ("zh", "en")


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
        super().__init__("--source, --axis and --speed are of a case: name one, or leave them out")


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
        if source or axis or speed:
            raise NotOfACase
        show_past(as_of, department)
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
    _play(told, line, axis or KNOWN, speed or A_DAY_A_SECOND)


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


def _play(told: Timeline, line: tuple[Moment, ...], axis: str, speed: float) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for text in _beginning(told, axis):
        console.print(text, style="bold", markup=False)
    before: Instant = line[0].at
    for each in line:
        if console.is_terminal:
            time.sleep(min((each.at - before) / 1e6 / speed, LONGEST_SILENCE))
        before = each.at
        console.print(_heading(each))
        for text in _happened(told, each, axis):
            console.print(text, markup=False)
    for text in _differences(told):
        console.print(text, markup=False)
    sys.stdout.flush()


def _both(key: str) -> str:
    return " ".join(dict.fromkeys(SAID[key]))


def _beginning(told: Timeline, axis: str) -> Iterator[str]:
    yield f"{told.case_no}  {told.item_name}  {told.department}"
    yield f"{_both(axis)} · {_both(axis + '_long')}"
    if not told.compared:
        for text in SAID["not_compared"]:
            yield text.format(n=f"{len(told.entries):,}", most=COMPARED)
    if told.joined:
        for text in SAID["joined"]:
            yield text.format(n=f"{told.joined:,}")


def _heading(each: Moment) -> Text:
    light = f"{SHAPES[each.light]} {' '.join(WORDS[each.light])}"
    text = Text(f"{each.text[:19]}  ", style="bold")
    text.append(light, style=f"bold {COLOURS[each.light]}")
    text.append(f"  {each.status_zh} {each.status_en}", style="not bold")
    return text


def _happened(told: Timeline, each: Moment, axis: str) -> Iterator[str]:
    for place in each.shown:
        yield f"    + {_entry(told.entries[place], axis)}"
    for crossing in each.crossed:
        shape = SHAPES.get(crossing.severity, "○")
        yield f"    {shape} {' '.join(crossing_words(crossing, lang) for lang in LANGS)}"
    for place, used in each.clocks:
        clock = told.clocks[place]
        if clock.state not in ("stopped", "stopped late") and clock.unit:
            hours = clock.unit == "minute"
            unit = "小时 h" if hours else "日 d"
            spent, total = (round(n / 60, 1) if hours else n for n in (used, clock.total))
            states = " ".join(CLOCK_STATES[clock.state])
            name = f"{clock.zh} {clock.en} {clock.subject}".strip()
            yield f"      {name} {spent}/{total} {unit} → {clock.deadline} {states}"
    if each.unknown:
        yield f"      {_both('unknown')}: {len(each.unknown)}"


def _entry(placed: Placed, axis: str) -> str:
    said = " / ".join(dict.fromkeys(input_words(placed.entry, lang) for lang in LANGS))
    if not placed.recorded:
        return f"{said} [{_both('would')}]"
    if axis == TRUE and placed.recorded > placed.true:
        late = " ".join(span_words(placed.recorded - placed.true, lang) for lang in LANGS)
        return f"{said} [{_both('recorded')} {placed.entry.recorded_at[:19]}, +{late}]"
    return said


def _differences(told: Timeline) -> Iterator[str]:
    if not told.differences:
        if told.compared:
            yield _both("no_differences")
        return
    yield f"{_both('differences')}: {len(told.differences)}"
    for each in told.differences:
        shape = SHAPES.get(each.severity, "◇")
        yield f"  {shape} {' / '.join(difference_words(each, told, lang) for lang in LANGS)}"
        for place in each.because:
            named = input_words(told.entries[place].entry, "en")
            yield f"      {_both('because')}: {named}"
        if each.severity and not each.because:
            yield f"      {_both('unexplained')}"
