"""The ordinary pages behind the wall: which page an address means, and what all of them share."""

from __future__ import annotations

import logging
from typing import NamedTuple
from urllib.parse import unquote

from dash import dcc
from dash.development.base_component import Component

from supervision.access.rights import Right
from supervision.errors import ClockJumped

from .cards_asked import FILTERS, PAGES, turn_of, wanted_of
from .cards_page import cards_page
from .case_page import Ways, case_page
from .cases_page import cases_page, found_page
from .history_page import history_page
from .looks import HISTORY, PAGE
from .past import NOW
from .show import Child, address, div, link, tag
from .sights import Sights
from .source import WHATS, Source
from .wall import language_switch
from .words import say
from .words_replay import say as say_replay

log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """An address, taken apart."""

    path: str
    query: dict[str, str]
    lang: str
    page_size: int
    who: str = ""
    """How the one who asks is called."""


def page_for(sights: Sights, asked: Asked) -> list[Child]:
    """The page for an address; a failing source is told in words, not in silence. Blocks."""
    try:
        body = body_for(sights, asked)
    except ClockJumped as error:
        log.warning("page %s could not be made: %s", asked.path, error)
        body = message("clock_jumped", "clock_jumped_long", asked.lang)
    except Exception:  # the reader is told, the log holds why
        log.exception("page %s could not be made", asked.path)
        body = message("failed", "failed_long", asked.lang)
    return [desk(asked, body, replays=sights.may(Right.REPLAY))]


def body_for(sights: Sights, asked: Asked) -> Component:
    """What stands below the page's head."""
    parts = [unquote(part) for part in asked.path.strip("/").split("/")]
    source = sights.source(Right.CASES)
    match parts:
        case ["case", _, _, *_] | ["cases"] | ["cards"] | [""] if source is None:
            sights.refuse(f"page /{parts[0]}", f"no right {Right.CASES}")
            return message("no_right", "no_right_long", asked.lang)
        case ["case", name, case_no]:
            history = sights.look(name, case_no, PAGE)
            if history is None:
                return message("not_found_case", "not_found_long", asked.lang)
            return case_page(history, asked.lang, ways_from(sights, history.department))
        case ["case", name, case_no, "history"] if source is not None:
            return history_for(sights, source, name, case_no, asked.lang)
        case ["cases"] | [""] if source is not None:
            return list_for(source, asked, may_export=sights.may(Right.EXPORT))
        case ["cards"] if source is not None:
            page = source.cards(wanted_of(asked.query), turn_of(asked.query), asked.page_size)
            may_export = sights.may(Right.EXPORT)
            return cards_page(page, asked.query, asked.lang, may_export=may_export)
        case _:
            return message("not_found", "not_found_long", asked.lang)


def history_for(sights: Sights, source: Source, name: str, case_no: str, lang: str) -> Component:
    """A case on its two lines, to whoever sees the case; it is on record that they looked."""
    told = source.timeline(name, case_no)
    if told is None:
        sights.case(name, case_no)  # which records who asked for another department's
        return message("not_found_case", "not_found_long", lang)
    sights.looked(name, case_no, HISTORY)
    return history_page(told, lang)


def ways_from(sights: Sights, department: str) -> Ways:
    """Where the page of a case of a department may lead its reader."""
    return Ways(
        may_reveal=sights.may(Right.TEXTS),
        may_issue=sights.covers(Right.SUPERVISE, department),
        may_file=sights.covers(Right.EXPORT, department),
        sees=lambda owner: sights.covers(Right.CASES, owner),
    )


def list_for(source: Source, asked: Asked, *, may_export: bool) -> Component:
    """A list of cases, or what was searched for."""
    text = asked.query.get("q", "").strip()
    if text:
        return found_page(text, source.find(text[:100]), asked.lang)
    what = asked.query.get("what", "open")
    if what not in WHATS:
        return message("not_found", "not_found_long", asked.lang)
    value = asked.query.get("value", "")
    page = source.cases(what, value, asked.query.get("after", ""), asked.page_size)
    return cases_page(page, asked.query | {"what": what}, asked.lang, may_export=may_export)


def message(title: str, text: str, lang: str) -> Component:
    """A page that has only to say something, in both languages."""
    other = "zh" if lang == "en" else "en"
    return div(
        tag("H2", say(title, lang)),
        tag("P", say(text, lang)),
        tag("P", f"{say(title, other)} · {say(text, other)}", cls="other", lang=other),
        link(address("/", lang), say("wall", lang), cls="button"),
        cls="message",
        role="alert",
    )


def desk(asked: Asked, body: Component, *, replays: bool = False) -> Component:
    """Head, body. `replays`: who asks may see walls of the past."""
    return div(
        tag(
            "Header",
            link(
                address("/", asked.lang),
                tag("H1", say("title", asked.lang)),
                cls="home",
                title=say("wall", asked.lang),
            ),
            search_box(asked),
            div(
                link(address("/", asked.lang), say("wall", asked.lang), cls="quiet"),
                *past_wall(asked, replays),
                *ways(asked),
                tag("Button", say("print", asked.lang), cls="quiet", id="print", type="button"),
                link(
                    address("/account", asked.lang),
                    asked.who or say("my_account", asked.lang),
                    cls="quiet clip",
                    title=say("my_account", asked.lang),
                ),
                switch(asked),
                cls="links",
            ),
            cls="desk-head",
        ),
        tag("Main", body, cls="desk-body"),
        cls="desk",
    )


def past_wall(asked: Asked, replays: bool) -> list[Child]:
    """The walls that were, for who may see them."""
    if not replays:
        return []
    return [link(address("/", asked.lang, at=NOW), say_replay("replay", asked.lang), cls="quiet")]


def ways(asked: Asked) -> list[Child]:
    """The grid of cases from that of cards, and that of cards from everywhere else."""
    path, name = ("/cases", "cases") if asked.path == "/cards" else ("/cards", "cards_grid")
    return [link(address(path, asked.lang), say(name, asked.lang), cls="quiet")]


KEPT = frozenset(("what", "value", "trail", *FILTERS, *PAGES))
"""Fields of a query that say what is shown, in whatever language."""


def switch(asked: Asked) -> Component:
    """The same page in the other language."""
    query = {name: value for name, value in asked.query.items() if name in KEPT}
    return language_switch(asked.path, asked.lang, **query)


def search_box(asked: Asked) -> Component:
    """A plain form: works without any callback."""
    field = dcc.Input(
        name="q",
        type="search",
        value=asked.query.get("q", ""),
        placeholder=say("search_hint", asked.lang),
        maxLength=100,
        className="search-field",
        id="search",
    )
    lang = dcc.Input(name="lang", type="hidden", value=asked.lang, id="search-lang")
    button = tag("Button", say("search_go", asked.lang), type="submit", cls="button")
    label = tag("Label", say("search", asked.lang), htmlFor="search", cls="unseen")
    return tag(
        "Form",
        label,
        field,
        lang,
        button,
        action="/cases",
        method="get",
        cls="search",
        role="search",
    )
