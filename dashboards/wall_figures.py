"""The figures of the wall: today's counts and rates, and the departments worst first."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from dash.development.base_component import Component

from projections.figures import DepartmentFigures, ScorePart, Wall

from .show import (
    Ratio,
    cases_address,
    div,
    link,
    number,
    parts_of,
    percent,
    span,
)
from .words import SHAPES, say
from .words_replay import say as say_replay

SEEN = 4
"""Percent of a bar that even one card of two hundred cases takes, so that it is seen."""
NO_WALL = Wall(now=0, measured=0, position=0, zone="UTC", district="")
LIGHTS = ("red", "yellow", "reminder", "normal")


class View(NamedTuple):
    """A wall and the language in which it is shown. `known`: it is a wall as it truly was, and this
    is what was shown instead; where they differ, it says so.
    """

    wall: Wall
    lang: str
    known: Wall | None = None

    def say(self, key: str, **fill: object) -> str:
        """A word in this language."""
        return say(key, self.lang, **fill)

    def cases(self, what: str, value: str = "") -> str:
        """Where the list behind a figure is."""
        return cases_address(what, self.lang, value)

    def pair(self, zh: str, en: str) -> str:
        """Which of two texts; Chinese where there is no English."""
        return en or zh if self.lang == "en" else zh


class Count(NamedTuple):
    """A count of the top row: its list, and for a light what was added today."""

    code: str
    what: str
    light: str = ""
    added: str = ""


class Rate(NamedTuple):
    """A rate of the top row."""

    code: str
    what: str


COUNTS = (
    Count("received", "received_today"),
    Count("accepted", "accepted_today"),
    Count("concluded", "concluded_today"),
    Count("open", "open"),
    Count("due_today", "due_today"),
    Count("reminder", "reminder", "reminder", "reminders_today"),
    Count("yellow", "yellow", "yellow", "yellows_today"),
    Count("red", "red", "red", "reds_today"),
)
RATES = (
    Rate("on_time", "concluded_month"),
    Rate("early", "concluded_month"),
    Rate("speed_up", "concluded_month"),
)


WIDTHS = {",": 0.29, ".": 0.29, "%": 0.95}
"""Widths in em of what is narrower or wider than a digit's 0.6 in bold."""


def figure(text: str, name: str, cls: str = "figure") -> Component:
    """A large figure that knows its width, so that millions fit where hundreds do."""
    width = sum(WIDTHS.get(c, 0.6) for c in text)
    return span(text, cls=cls, data_figure=name, style={"--em": f"{width:.2f}"})


def tight(text: str) -> str:
    """A class for long numbers in narrow columns."""
    return " tight" if len(text) > 5 else ""


def count_card(view: View, count: Count) -> Component:
    """One count, opening what it counts."""
    n: int = getattr(view.wall.kpi, count.code)
    text = number(n)
    name = view.say(count.code)
    shape = span(SHAPES[count.light], cls="shape", aria_hidden="true") if count.light else None
    lit = "lit" if count.light and n else ""
    return div(
        link(
            view.cases(count.what),
            span(shape, name, cls="name"),
            figure(text, count.code),
            then(view, number(n), number(getattr(view.known.kpi, count.code)))
            if view.known
            else None,
            cls="open",
            aria_label=f"{name} {text}",
        ),
        added_today(view, count),
        cls=f"kpi {count.light} {lit}",
    )


def then(view: View, truly: str, known: str) -> Component | None:
    """What was shown instead, where that was something else."""
    if truly == known:
        return None
    return span(say_replay("then", view.lang).format(n=known), cls="then")


def added_today(view: View, count: Count) -> Component:
    """What was issued today, below a light."""
    if not count.added:
        return span(cls="sub")
    n: int = getattr(view.wall.kpi, count.added)
    text = view.say("plus_today", n=number(n))
    return link(view.cases(count.added), text, cls="sub", data_figure=count.added)


def sub_class(text: str) -> str:
    """The small line below a figure, smaller still for millions."""
    return "sub small" if len(text) > 18 else "sub"


def rate_card(view: View, rate: Rate) -> Component:
    """One rate of the month with its numerator and denominator."""
    ratio: Ratio = getattr(view.wall.kpi, rate.code)
    name = view.say(rate.code)
    behind = parts_of(ratio)
    return div(
        link(
            view.cases(rate.what),
            span(name, cls="name"),
            figure(percent(ratio), rate.code),
            then(view, percent(ratio), percent(getattr(view.known.kpi, rate.code)))
            if view.known
            else None,
            cls="open",
            title=f"{view.say(rate.code + '_long')}\n{behind}",
            aria_label=f"{name} {percent(ratio)} {behind}",
        ),
        span(
            f"{view.say('this_month')} {behind}" if len(behind) < 14 else behind,
            cls=sub_class(behind),
        ),
        cls="kpi",
    )


def top_row(view: View) -> dict[str, Component]:
    """The cards of the top row by the id of their place."""
    counts = {f"kpi-{c.code}": count_card(view, c) for c in COUNTS}
    return counts | {f"kpi-{r.code}": rate_card(view, r) for r in RATES}


def bar(figures: DepartmentFigures) -> Component:
    """The open cases of a department as one bar, stacked by light."""
    counts = {light: getattr(figures, light) for light in LIGHTS}
    total = max(1, sum(counts.values()))
    stops, at = [], 0.0
    for light, n in counts.items():
        upto = 100.0 if light == "normal" else at + max(SEEN if n else 0, 100 * n / total)
        stops.append(f"var(--{light}-area) {at:.1f}% {upto:.1f}%")
        at = upto
    if not figures.open:
        return span(cls="bar", aria_hidden="true")
    style = {"backgroundImage": f"linear-gradient(90deg, {', '.join(stops)})"}
    return span(cls="bar", style=style, aria_hidden="true")


def part_line(view: View, part: ScorePart) -> str:
    """One part of a score as text."""
    name = view.pair(part.name_zh, part.name_en)
    behind = parts_of(part.ratio) if part.ratio[1] else "–"
    note = f"  {part.note}" if part.note else ""
    return f"{name}  {part.points:g} / {part.maximum:g}   ({behind}){note}"


def score_cell(view: View, figures: DepartmentFigures) -> Component:
    """The score; hovering or focusing tells each part with numerator and denominator."""
    known = figures.score is not None
    text = f"{figures.score:.1f}" if known else "–"
    lines = [f"{figures.name}  {view.say('score')} {text}"]
    lines += [part_line(view, part) for part in figures.parts]
    if not figures.ranked:
        lines.append(view.say("unranked"))
    tip = "\n".join(lines)
    return link(
        view.cases("department", figures.name),
        text,
        cls="score" if figures.ranked else "score unranked",
        data_tip=tip,
        aria_label=tip.replace("\n", "; "),
        role="cell",
    )


def light_cell(figures: DepartmentFigures, light: str, marked: dict[str, str]) -> Component:
    """How many of a light; nothing is shown faintly."""
    n: int = getattr(figures, light)
    shown = f"{SHAPES[light]}{number(n)}" if n else "·"
    cls = f"n {light}{tight(shown)}" if n else "n none"
    return span(shown, role="cell", **_with(marked, cls))


def _with(marked: dict[str, str], cls: str) -> dict[str, str]:
    return {**marked, "cls": f"{cls} differs"} if marked else {"cls": cls}


def department_row(
    view: View, figures: DepartmentFigures, rank: int, known: DepartmentFigures | None = None
) -> Component:
    """One department. `known`: what was shown of it instead, on a wall as it truly was."""
    behind = parts_of(figures.on_time)

    def marked(name: str) -> dict[str, str]:
        if known is None or getattr(known, name) == getattr(figures, name):
            return {}
        return {"title": say_replay("then", view.lang).format(n=number(getattr(known, name)))}

    return div(
        span(str(rank) if figures.ranked else "–", cls="rank", role="cell"),
        link(
            view.cases("department", figures.name),
            figures.name,
            cls="name clip",
            title=figures.name,
            role="cell",
        ),
        bar(figures),
        span(
            number(figures.open),
            role="cell",
            **_with(marked("open"), "n" + tight(number(figures.open))),
        ),
        *(light_cell(figures, light, marked(light)) for light in ("red", "yellow", "reminder")),
        span(percent(figures.on_time), cls="n", title=behind, role="cell"),
        score_cell(view, figures),
        cls="row",
        role="row",
        data_key=figures.name,
    )


@lru_cache(maxsize=128)
def department_page(
    departments: tuple[DepartmentFigures, ...],
    first: int,
    lang: str,
    known: tuple[DepartmentFigures, ...] | None = None,
) -> list[Component]:
    """One page of departments, kept: the very same list for the same figures."""
    view = View(NO_WALL, lang)
    if known is None:
        return [department_row(view, d, first + i) for i, d in enumerate(departments)]
    shown = {d.name: d for d in known}
    return [
        department_row(view, d, first + i, shown.get(d.name, DepartmentFigures(name=d.name)))
        for i, d in enumerate(departments)
    ]


def department_pages(view: View, rows: int, slots: int) -> dict[str, list[Component]]:
    """The departments in pages of so many rows, by the id of their place; unused places empty."""
    listed = view.wall.departments
    known = view.known.departments if view.known else None
    return {
        f"dept-{slot}": department_page(
            listed[slot * rows : (slot + 1) * rows], slot * rows + 1, view.lang, known
        )
        for slot in range(slots)
    }
