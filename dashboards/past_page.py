"""The page of a past wall: the wall, visibly a replay, and the place of its time line.

The time line is built in the browser (assets/replay.js), as it is of use only with script; what it
says and where it may go stand in its place as attributes.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from dash.development.base_component import Component

from projections.figures import Wall
from supervision.errors import SupervisionError

from .past import NotTold, Span, read_instant
from .past_frames import PastFrame, Replays, pulse, why_not
from .show import Child, address, div, link, span, tag
from .wall import language_switch, wall_page
from .words_replay import WORDS, say


class Replay(NamedTuple):
    """What is asked: the instant as it was written, of which department ("" for all that are
    seen), in which language, by whom; whether they may see the wall of now.
    """

    at: str
    department: str
    lang: str
    who: str
    may_live: bool
    on_true: bool = False
    """Whether it is to be shown as it truly was, as soon as that is told."""


def replay_page(replays: Replays, asked: Replay) -> list[Child]:
    """The page, or why that instant cannot be shown. Blocks."""
    try:
        past = replays.past(asked.department)
        told = past.span()
        frame = replays.frame(past, read_instant(asked.at, past.zone, told.last))
        names = replays.past().names()
        return drawn(frame, told, names, asked, axes=replays.truths is not None)
    except SupervisionError as error:
        return [refused(why_not(error), asked)]


def drawn(
    frame: PastFrame, span: Span, names: list[str], asked: Replay, *, axes: bool = False
) -> list[Child]:
    """The wall within a frame of its own, the band that says so, the place of the time line; with
    `axes`, of two of which one is chosen.
    """
    children = wall_page(frame.shown[asked.lang], asked.lang, asked.who, band(asked))
    return [*children, bar(frame.wall, span, names, asked, axes=axes)]


def band(asked: Replay) -> Component:
    """In the place of the data's age: that this is no wall of now."""
    return div(
        span("◀◀", cls="replay-shape", aria_hidden="true"),
        span(say("replay_band", asked.lang), cls="replay-word"),
        cls="replay-band",
        id="replay-band",
        title=say("replay_long", asked.lang),
    )


def bar(wall: Wall, told: Span, names: list[str], asked: Replay, *, axes: bool) -> Component:
    """Where the time line is built, with its words and limits."""
    lang = asked.lang
    home = address("/" if asked.may_live else "/cases", lang)
    return tag(
        "Section",
        cls="replay",
        id="replay",
        aria_label=say("replay", lang),
        data_words=json.dumps({key: say(key, lang) for key in WORDS}, ensure_ascii=False),
        data_pulse=json.dumps(pulse(wall, lang, told)),
        data_department=asked.department,
        data_axes="two" if axes else "one",
        data_axis="true" if asked.on_true else "known",
        data_names=json.dumps(names if len(names) > 1 else [], ensure_ascii=False),
        data_home=home,
        data_back=say("back" if asked.may_live else "back_cases", lang),
    )


def refused(error: NotTold, asked: Replay) -> Component:
    """Why, in both languages, and a way on."""
    other = "zh" if asked.lang == "en" else "en"
    here, there = (error.en, error.zh) if asked.lang == "en" else (error.zh, error.en)
    ways: list[Child] = []
    if error.code in ("unreadable", "before", "not_kept", "future", "no_department"):
        department = "" if error.code == "no_department" else asked.department
        latest = address("/", asked.lang, at="now", department=department)
        ways.append(link(latest, say("replay", asked.lang), cls="button"))
    home = address("/" if asked.may_live else "/cases", asked.lang)
    back = say("back" if asked.may_live else "back_cases", asked.lang)
    return tag(
        "Main",
        tag("H1", say("title", asked.lang)),
        tag("P", here),
        tag("P", there, cls="other", lang=other),
        div(
            *ways,
            link(home, back, cls="button"),
            language_switch("/", asked.lang, at=asked.at, department=asked.department),
            cls="ways",
        ),
        cls="message replay-refused",
        role="alert",
    )
