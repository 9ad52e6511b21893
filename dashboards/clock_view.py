"""A clock drawn on a calendar: which day counts, which does not, and why."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from dash.development.base_component import Component

from replay.history import ClockDrawn, DayDrawn
from supervision.why import MODES

from .show import Child, div, span, spoken_time, tag
from .words import CLOCK_STATES, WEEKDAYS, either, say, side

LEGEND = ("counted", "makeup", "weekend", "holiday", "paused")
MARKS = ("start", "deadline", "warned", "stopped", "today", "provisional")
SIGNS = {
    "start": "▶",
    "deadline": "■",
    "warned": "◆",
    "stopped": "✓",
    "today": "◉",
    "provisional": "?",
}


def clock_view(clock: ClockDrawn, lang: str) -> Component:
    """One clock: what it says in words, then its months."""
    months = [
        month(name, list(days), lang) for name, days in groupby(clock.days, key=lambda d: d.day[:7])
    ]
    late = clock.state in ("crossed", "stopped late")
    return tag(
        "Article",
        div(
            tag("H3", clock_name(clock, lang)),
            span(either(CLOCK_STATES, clock.state, lang), cls="state late" if late else "state"),
            span(say("provisional", lang), cls="mark") if clock.provisional else None,
            cls="clock-head",
        ),
        facts(clock, lang),
        div(*months, cls="months"),
        legend(clock, lang),
        cls=f"clock {clock.kind}",
    )


def clock_name(clock: ClockDrawn, lang: str) -> str:
    """承诺 · subject."""
    name = clock.en if lang == "en" else clock.zh
    return f"{name} · {clock.subject}" if clock.subject else name


def facts(clock: ClockDrawn, lang: str) -> Component:
    """Start, limit, deadline and the lists that it rests on."""
    given = (
        ("started_at", clock.started_at),
        ("limit", limit(clock, lang)),
        ("ends", clock.deadline),
        ("crosses_at", clock.crosses_at),
        ("stopped_at", clock.stopped_at),
        ("credit", str(clock.credit) if clock.credit else ""),
        ("extension", str(clock.extension) if clock.extension else ""),
        ("law", clock.law),
        ("item_version", clock.item_version),
        ("calendar_version", ", ".join(clock.calendar)),
        ("mode", either(MODES, clock.mode, lang)),
    )
    shown = [div(tag("Dt", say(k, lang)), tag("Dd", spoken_time(v))) for k, v in given if v]
    return tag("Dl", *shown, cls="pairs")


def limit(clock: ClockDrawn, lang: str) -> str:
    """The limit in the language, of the two in which it is told."""
    told = clock.limit.split(" / ")
    return told[-1] if lang == "en" else told[0]


def month(name: str, days: list[DayDrawn], lang: str) -> Component:
    """A month as a grid from Monday; the days of which the clock says nothing are left blank."""
    told = {int(day.day[8:]): day for day in days}
    first = date.fromisoformat(f"{name}-01")
    heads: list[Child] = [span(w[side(lang)], cls="wd", aria_hidden="true") for w in WEEKDAYS]
    blanks: list[Child] = [span(cls="blank") for _ in range(first.weekday())]
    cells = [cell(told.get(n), n, lang) for n in range(1, length(first) + 1)]
    return div(
        div(name, cls="month-name"),
        div(*heads, *blanks, *cells, cls="grid"),
        cls="month",
        role="img",
        aria_label=f"{name}: {spoken(days, lang)}",
    )


def length(first: date) -> int:
    """How many days the month of a first day has."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return (following - first).days


def cell(day: DayDrawn | None, n: int, lang: str) -> Component:
    """A day: its date, what it is to the clock, and what happened on it."""
    if day is None:
        return span(span(str(n), cls="date"), cls="cell untold")
    said = spoken_day(day, lang)
    marks = [span(SIGNS[m], cls=f"sign {m}") for m in day.marks if m in SIGNS]
    marked = " ".join(f"is-{m}" for m in day.marks)
    return span(
        span(str(n), cls="date"),
        span(*marks, cls="signs"),
        span(inside(day, lang), cls="what"),
        cls=f"cell {day.kind} {marked}",
        title=said,
        data_day=day.day,
    )


def inside(day: DayDrawn, lang: str) -> str:
    """The word of a day: its number, 休, the festival's name, 班 with its number, 停."""
    match day.kind:
        case "makeup":
            return f"{say('day_makeup', 'zh') if lang == 'zh' else '+'}{day.number or ''}"
        case "holiday":
            return day.name or say("day_holiday", lang)
        case "weekend":
            return say("day_weekend", "zh") if lang == "zh" else "–"
        case "paused":
            return say("day_paused", "zh") if lang == "zh" else "II"
        case "start":
            return "0"
        case _:
            return str(day.number) if day.number else ""


def spoken_day(day: DayDrawn, lang: str) -> str:
    """A day in words."""
    kind = say(f"day_{day.kind}", lang) if day.kind in (*LEGEND, *MARKS) else day.kind
    marks = [say(f"day_{m}", lang) for m in day.marks if m in MARKS]
    number = str(day.number) if day.number else ""
    return " ".join(p for p in (day.day, kind, number, day.name, *marks) if p)


def spoken(days: list[DayDrawn], lang: str) -> str:
    """A month in words: only the days that matter."""
    told = [
        spoken_day(d, lang) for d in days if d.marks or d.kind in ("holiday", "makeup", "paused")
    ]
    return "; ".join(told)


def legend(clock: ClockDrawn, lang: str) -> Component:
    """What the cells and signs mean; only those that occur."""
    kinds = {d.kind for d in clock.days}
    marks = {m for d in clock.days for m in d.marks}
    keys: list[Child] = [
        span(span(cls=f"swatch {k}"), say(f"day_{k}", lang), cls="key")
        for k in LEGEND
        if k in kinds
    ]
    keys += [
        span(span(SIGNS[m], cls=f"sign {m}"), say(f"day_{m}", lang), cls="key")
        for m in MARKS
        if m in marks
    ]
    return div(keys, cls="legend", aria_label=say("legend", lang))
