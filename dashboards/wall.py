"""The wall: its places (drawn once) and what stands in them (drawn anew when it changes)."""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component
from msgspec import Struct

from projections.figures import Wall

from .curve import curve, legend
from .past import NOW
from .show import Child, address, div, link, number, span, tag
from .wall_figures import COUNTS, RATES, View, department_pages, top_row
from .wall_lists import alarms, cards, deadlines, due_days, history_mark, stream
from .words import SHAPES, say
from .words_replay import say as say_replay

Place = tuple[str, str]
"""Component id and property."""
Shown = dict[Place, Any]


class Way(Struct, frozen=True):
    """One way of bringing data in, shown while there is none."""

    zh: str
    en: str
    command: str


WAYS = (
    Way("逐件或批量，由部门系统发送", "From a department's system", "POST /api/v1/events"),
    Way("导入文件（CSV、XES）", "From a file (CSV, XES)", "supervise import FILE --mapping M.toml"),
    Way("先看演示", "A demonstration first", "SUPERVISION_HOME=demo supervise run"),
)
ROWS = 17
SLOTS = 24
"""Departments a page, and pages: 408 departments."""


def shown(wall: Wall, lang: str, ways: tuple[Way, ...] = WAYS, known: Wall | None = None) -> Shown:
    """Everything on the wall that can change, by its place. `known`: the wall is one as it truly
    was, and this is the one that was shown.
    """
    view = View(wall, lang, known)
    children: dict[str, Any] = {
        "wall-district": [wall.district],
        "wall-marks": marks(view),
        "wall-deadlines": deadlines(view),
        "wall-due": due_days(view),
        "wall-cards": cards(view),
        "wall-stream": stream(view),
        "wall-alarms": alarms(view),
        "wall-curve": curve(view),
        "wall-curve-legend": legend(view),
        "wall-guide": guide(view, ways) if is_empty(wall) else None,
        **top_row(view),
        **department_pages(view, ROWS, SLOTS),
    }
    places: Shown = {(name, "children"): what for name, what in children.items()}
    places["wall", "className"] = "wall empty" if is_empty(wall) else "wall"
    return places


def is_empty(wall: Wall) -> bool:
    """A fresh system: nothing came in yet."""
    return not (wall.departments or wall.stream or wall.cards or wall.deadlines or wall.kpi.open)


def marks(view: View) -> list[Child]:
    """Demonstration, imported history, provisional deadlines."""
    wall = view.wall
    made: list[Child] = []
    if wall.demonstration:
        made.append(span(view.say("demonstration", speed=f"{wall.speed:.0f}"), cls="badge demo"))
    if wall.history_cases:
        text = view.say("history_cases", n=number(wall.history_cases))
        made.append(
            link(
                view.cases("history"),
                history_mark(view, True),
                text,
                cls="badge",
                title=view.say("what_history"),
            )
        )
    if wall.provisional_cases:
        text = view.say("provisional_cases", n=number(wall.provisional_cases))
        made.append(
            link(view.cases("provisional"), text, cls="badge", title=view.say("what_provisional"))
        )
    return made


def guide(view: View, ways: tuple[Way, ...]) -> list[Child]:
    """How to bring data in, in both languages: who sees it first may read either."""
    first, second = ("en", "zh") if view.lang == "en" else ("zh", "en")
    listed = [
        tag(
            "Li",
            span(way.en if first == "en" else way.zh, cls="way"),
            span(way.zh if first == "en" else way.en, cls="way-other"),
            tag("Code", way.command),
        )
        for way in ways
    ]
    return [
        tag("H2", say("empty_title", first)),
        tag("P", say("empty_lead", first)),
        tag("P", f"{say('empty_title', second)} · {say('empty_lead', second)}", cls="other"),
        tag("Ol", *listed),
    ]


def panel(name: str, title: Child | list[Child], *body: Child, label: str) -> Component:
    """A titled panel."""
    return tag("Section", tag("H2", title), *body, cls=f"panel {name}", aria_label=label)


def place(name: str, values: Shown, cls: str = "", **attrs: Any) -> Component:
    """A div whose children change."""
    return div(values[name, "children"], cls=cls, id=name, **attrs)


def wall_page(
    values: Shown | None,
    lang: str,
    who: str = "",
    band: Component | None = None,
    *,
    replays: bool = False,
) -> list[Child]:
    """The page: its places filled with what is known now, or a word that it is being read.

    `who` is how whoever looks is called; "" for a wall without a person. With a `band`, which
    stands for the age of the data, it is a wall of the past. `replays`: who looks may see those.
    """
    if values is None:
        return [div(say("starting", lang), cls="starting", role="status", id="wall-starting")]
    body = div(
        head(values, lang, who, band),
        tag("Nav", *top_places(values), cls="kpis", aria_label=say("title", lang)),
        tag("Main", left(values, lang), middle(values, lang), right(values, lang), cls="columns"),
        place("wall-guide", values, cls="guide"),
        foot(values, lang, replays=replays and band is None),
        id="wall",
        cls=values["wall", "className"],
    )
    if band is not None:
        return [div(body, cls="screen replayed")]
    return [div(body, cls="screen"), stale_band(lang)]


def stale_band(lang: str) -> Component:
    """What the browser shows when no data comes, by its own clock."""
    return div(
        span(say("data_stopped", lang), cls="stale-title"),
        span(id="stale-for", cls="stale-for"),
        span(say("data_stopped_long", lang), cls="stale-long"),
        id="stale",
        cls="stale",
        role="alert",
        hidden=True,
    )


def head(values: Shown, lang: str, who: str, band: Component | None) -> Component:
    """Title, marks, clock, age of the data or what stands for it."""
    return tag(
        "Header",
        tag("H1", say("title", lang)),
        place("wall-district", values, cls="district clip"),
        place("wall-marks", values, cls="marks"),
        div(
            *personal(lang, who),
            language_switch("/", lang),
            cls="links",
        ),
        age(lang) if band is None else band,
        div(
            span(id="clock-day", cls="clock-day"),
            span(id="clock", cls="clock"),
            cls="now",
            role="timer",
        ),
        cls="head",
    )


def age(lang: str) -> Component:
    """Whether data comes, and how old it is."""
    return div(
        span(id="live", cls="live", data_live=say("live", lang), data_off=say("stopped", lang)),
        span(id="age", cls="age"),
        cls="pulse",
        data_polling=say("polling", lang),
        id="pulse-box",
    )


def personal(lang: str, who: str) -> list[Child]:
    """What a person has beside the wall."""
    if not who:
        return []
    return [
        link(address("/cases", lang, what="open"), say("search", lang), cls="quiet"),
        link(address("/cards", lang), say("cards_grid", lang), cls="quiet"),
        link(address("/account", lang), say("my_account", lang), cls="quiet", title=who),
    ]


def language_switch(path: str, lang: str, **query: str) -> Component:
    """A link to the same page in the other language."""
    other = "zh" if lang == "en" else "en"
    asked = address(path, "zh", **query, lang=other)
    long = say("other_language_long", lang)
    return link(asked, say("other_language", lang), cls="quiet switch", title=long, lang=other)


def top_places(values: Shown) -> list[Child]:
    """The places of the top row, in three groups."""
    names = [c.code for c in COUNTS] + [r.code for r in RATES]
    return [place(f"kpi-{name}", values, cls=f"kpi-place at-{name}") for name in names]


def left(values: Shown, lang: str) -> Component:
    """Departments."""
    heads = span(
        span("", cls="rank"),
        span(say("department", lang), cls="name"),
        span(say("lights", lang), cls="bar-head"),
        span(say("open", lang), cls="n"),
        *(span(SHAPES[x], cls=f"n {x}", title=say(x, lang)) for x in ("red", "yellow", "reminder")),
        span(say("on_time_short", lang), cls="n"),
        span(say("score", lang), cls="n"),
        cls="row heads",
        aria_hidden="true",
    )
    pages = [place(f"dept-{i}", values, cls="page", role="rowgroup") for i in range(SLOTS)]
    title: list[Child] = [say("departments", lang), div(id="dept-dots", cls="dots")]
    table = div(*pages, id="dept-pages", cls="pages", role="table")
    return panel("departments", title, heads, table, label=say("departments", lang))


def middle(values: Shown, lang: str) -> Component:
    """Deadlines, days ahead, the day's curve."""
    curve_title: list[Child] = [
        say("curve", lang),
        div(values["wall-curve-legend", "children"], id="wall-curve-legend"),
    ]
    return div(
        listed("deadlines", values, lang, data_over=say("overdue", lang, t="%")),
        panel("due", say("due_days", lang), place("wall-due", values), label=say("due_days", lang)),
        panel("curves", curve_title, place("wall-curve", values), label=say("curve", lang)),
        cls="column",
    )


def right(values: Shown, lang: str) -> Component:
    """Latest cards, events as they come."""
    return div(
        listed("cards", values, lang, aria_live="polite", aria_relevant="additions"),
        listed("stream", values, lang),
        cls="column",
    )


def listed(name: str, values: Shown, lang: str, **attrs: Any) -> Component:
    """A panel that is a list."""
    rows = place(f"wall-{name}", values, cls="rows", **attrs)
    return panel(name, say(name, lang), rows, label=say(name, lang))


def foot(values: Shown, lang: str, *, replays: bool) -> Component:
    """Alarms, what the shapes mean, and the way to walls of the past."""
    lights = [
        span(span(SHAPES[x], cls=f"shape {x}"), say(x, lang), cls="key")
        for x in ("red", "yellow", "reminder", "normal")
    ]
    mark = span(say("history", lang), cls="mark")
    hist = span(mark, say("imported", lang), cls="key", title=say("history_long", lang))
    word = say_replay("replay", lang)
    return tag(
        "Footer",
        place("wall-alarms", values, cls="alarms", role="status", aria_live="polite"),
        div(*lights, hist, cls="legend", aria_label=say("legend", lang)),
        link(address("/", lang, at=NOW), "◀◀ ", word, cls="quiet to-past") if replays else None,
        cls="foot",
    )
