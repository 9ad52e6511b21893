"""The lists of the wall: next deadlines, days ahead, latest cards, events as they come, alarms."""

from __future__ import annotations

from datetime import date

from dash.development.base_component import Component

from projections.figures import Alarm, DueDay, LatestCard, NextDeadline, StreamEvent

from .show import Child, case_address, chip, clock_time, div, light_of, link, number, span
from .wall_figures import LIGHTS, View, figure
from .words import CARD_STATES, CLOCKS, SHAPES, WEEKDAYS, either, kind_name, side

DEADLINES = 7
CARDS = 6
EVENTS = 10
ALARMS = 2
"""Rows that fit at 1920×1080."""

COLOURS = {"red": "red", "yellow": "yellow", "orange": "orange", "blue": "reminder"}
"""Policy colours that the style sheet knows; any other takes the severity's own."""

GRAVE = ("critical", "error", "red")


def history_mark(view: View, marked: bool) -> Component | None:
    """The mark of imported history."""
    if not marked:
        return None
    return span(view.say("history"), cls="mark", title=view.say("history_long"))


def provisional_mark(view: View, marked: bool) -> Component | None:
    """The mark of a deadline in a year without a published notice."""
    return span(view.say("provisional"), cls="mark") if marked else None


def nothing(view: View) -> Component:
    """An empty list says so."""
    return div(view.say("nothing"), cls="nothing")


def deadline_row(view: View, line: NextDeadline) -> Component:
    """One deadline, counting down in the browser."""
    return link(
        case_address(line.source, line.case_no, view.lang),
        chip(line.light, view.lang),
        span(
            span(line.item_name, cls="first clip", title=line.item_name),
            span(f"{line.department} · {line.case_no}", cls="second clip"),
            cls="two",
        ),
        span(
            span(cls="count", data_at=str(line.at), role="timer"),
            span(either(CLOCKS, line.clock, view.lang), cls="second"),
            cls="two right",
        ),
        cls=f"row {light_of(line.light)}",
        data_key=f"{line.source}/{line.case_no}/{line.clock}",
    )


def deadlines(view: View) -> list[Child]:
    """The next deadlines."""
    rows: list[Child] = [deadline_row(view, line) for line in view.wall.deadlines[:DEADLINES]]
    return rows or [nothing(view)]


def day_name(day: str, lang: str) -> str:
    """周一 11-23."""
    weekday = date.fromisoformat(day).weekday()
    name = WEEKDAYS[weekday][side(lang)]
    return f"{'' if lang == 'en' else '周'}{name} {day[5:]}"


def due_day(view: View, day: DueDay, most: int) -> Component:
    """How many are due on a day, as a column stacked by light."""
    counts = [(light, getattr(day, light)) for light in LIGHTS]
    total = sum(n for _, n in counts)
    stack = [
        span(cls=f"seg {light}", style={"flexGrow": str(n)}, aria_hidden="true")
        for light, n in counts
        if n
    ]
    lit = [f"{SHAPES[light]}{number(n)}" for light, n in counts[:3] if n]
    height = {"height": f"{100 * total / most:.1f}%"}
    return link(
        view.cases("due_day", day.day),
        figure(number(total), f"due-{day.day}", cls="total"),
        span(span(*stack, cls="stack", style=height), cls="well"),
        span(day_name(day.day, view.lang), cls="day"),
        cls="due-day",
        title="  ".join([day.day, *lit]),
        aria_label=f"{day.day}: {total} {' '.join(lit)}",
    )


def due_days(view: View) -> list[Child]:
    """The working days ahead."""
    days = view.wall.due_days[:5]
    most = max([1, *(d.normal + d.reminder + d.yellow + d.red for d in days)])
    return [due_day(view, day, most) for day in days] or [nothing(view)]


def card_chip(view: View, card: LatestCard) -> Component:
    """The card's own colour and label, as its policy names them."""
    label = view.pair(card.label_zh, card.label_en)
    shape = SHAPES[light_of(card.severity)]
    named = COLOURS.get(card.colour, light_of(card.severity))
    return span(
        span(shape, cls="shape", aria_hidden="true"),
        span(label, cls="word"),
        cls=f"chip {named}",
    )


def card_row(view: View, card: LatestCard) -> Component:
    """One card: which, why, whose, since when."""
    wall = view.wall
    why = view.pair(card.why_zh, card.why_en) or card.rule.replace("_", " ")
    whose = " · ".join(part for part in (why, card.department, card.person) if part)
    return link(
        case_address(card.source, card.case_no, view.lang),
        card_chip(view, card),
        span(
            span(card.item_name, cls="first clip", title=card.item_name),
            span(whose, cls="second clip", title=whose),
            cls="two",
        ),
        span(
            span(
                history_mark(view, card.history),
                provisional_mark(view, card.provisional),
                clock_time(card.issued_at, wall.zone, wall.now),
                cls="time",
            ),
            span(either(CARD_STATES, card.state, view.lang), cls="second"),
            cls="two right",
        ),
        cls=f"row {light_of(card.severity)}",
        data_key=card.card,
    )


def cards(view: View) -> list[Child]:
    """The latest cards."""
    return [card_row(view, card) for card in view.wall.cards[:CARDS]] or [nothing(view)]


def event_row(view: View, event: StreamEvent) -> Component:
    """One event as it came in."""
    wall = view.wall
    return link(
        case_address(event.source, event.case_no, view.lang),
        span(clock_time(event.recorded_at, wall.zone, wall.now), cls="time"),
        span(kind_name(event.kind, view.lang), cls=f"kind clip of-{event.family}"),
        span(
            history_mark(view, event.history),
            event.item_name or event.case_no,
            cls="clip item",
            title=f"{event.item_name} {event.case_no} {event.detail}",
        ),
        span(event.department, cls="clip dept"),
        cls="row",
        data_key=str(event.position),
    )


def stream(view: View) -> list[Child]:
    """Events as they come."""
    return [event_row(view, event) for event in view.wall.stream[:EVENTS]] or [nothing(view)]


def alarm(view: View, one: Alarm) -> Component:
    """An alarm of the system or its lists."""
    text = view.pair(one.zh, one.en)
    grave = "grave" if one.severity in GRAVE else "mild"
    return span(span("!", cls="bang", aria_hidden="true"), text, cls=f"alarm {grave}", title=text)


def alarms(view: View) -> list[Child]:
    """The gravest alarms, and how many more there are."""
    ordered = sorted(view.wall.alarms, key=lambda a: a.severity not in GRAVE)
    if not ordered:
        return [span("✓", cls="shape normal", aria_hidden="true"), view.say("no_alarms")]
    shown: list[Child] = [alarm(view, one) for one in ordered[:ALARMS]]
    rest = ordered[ALARMS:]
    if rest:
        all_of_them = "\n".join(view.pair(a.zh, a.en) for a in rest)
        more = view.say("more_alarms", n=len(rest))
        shown.append(span(more, cls="more", title=all_of_them, tabIndex="0"))
    return shown
