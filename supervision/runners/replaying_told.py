"""What `supervise replay` prints of a case: its moments one by one, then the differences."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from dashboards.history_page import crossing_words, difference_words, input_words, span_words
from dashboards.words import CLOCK_STATES, SHAPES, WORDS
from dashboards.words_history import WORDS as SAID
from replay.lines import Moment, Placed, Timeline
from replay.timeline import COMPARED

from ..facts import Instant
from .replaying import TRUE

LONGEST_SILENCE = 1.5
"""Seconds that pass between two moments at most, however long nothing happened."""
COLOURS = {"red": "#D55E00", "yellow": "#F0E442", "reminder": "#56B4E9", "normal": "#009E73"}
LANGS = ("zh", "en")


def play(told: Timeline, line: tuple[Moment, ...], axis: str, speed: float) -> None:
    """Print a line of a case, `speed` times as fast as it happened; at once where it is piped."""
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
