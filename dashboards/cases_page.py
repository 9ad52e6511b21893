"""The list behind a figure: every figure opens what it counts."""

from __future__ import annotations

from dash.development.base_component import Component

from .show import (
    Child,
    address,
    case_address,
    cases_address,
    chip,
    div,
    end,
    link,
    number,
    span,
    tag,
)
from .source import CaseLine, CasePage
from .words import CLOCKS, either, say

TABS = (
    "open",
    "due_today",
    "reminder",
    "yellow",
    "red",
    "received_today",
    "accepted_today",
    "concluded_today",
)
TRAIL = 40
"""How many earlier pages the address remembers."""
BETWEEN = "\x1f"
"""Stands between the keys of earlier pages."""


def cases_page(
    page: CasePage, query: dict[str, str], lang: str, *, may_export: bool = False
) -> Component:
    """One page of a list with its filter."""
    what, value = query["what"], query.get("value", "")
    title = say("what_" + what, lang) + (f" · {value}" if value else "")
    return div(
        tabs(what, lang),
        div(
            tag("H2", title),
            span(say("total", lang, n=number(page.total)), cls="total"),
            export(what, value, lang) if may_export and page.lines else None,
            cls="list-title",
        ),
        table(page, lang) if page.lines else div(say("none_listed", lang), cls="nothing"),
        turning(page, query, lang),
        cls="cases",
    )


def export(what: str, value: str, lang: str) -> Component:
    """The whole list as a file."""
    where = address("/export/cases.csv", lang, what=what, value=value)
    return link(where, say("export", lang), cls="quiet", title=say("export_long", lang))


def tabs(what: str, lang: str) -> Component:
    """The filter."""
    made: list[Child] = [
        link(
            cases_address(tab, lang),
            say("what_" + tab, lang),
            cls="tab current" if tab == what else "tab",
            aria_current="page" if tab == what else "false",
        )
        for tab in TABS
    ]
    if what not in TABS:
        made.append(span(say("what_" + what, lang), cls="tab current", aria_current="page"))
    return tag("Nav", made, cls="tabs", aria_label=say("cases", lang))


def table(page: CasePage, lang: str) -> Component:
    """The lines."""
    names = ("light", "case_no", "item", "department", "deadline", "state")
    heads = [tag("Th", say(name, lang), scope="col") for name in names]
    rows = [row(line, page.zone, lang) for line in page.lines]
    return tag(
        "Table", tag("Thead", tag("Tr", *heads)), tag("Tbody", *rows), cls="lines", id="case-lines"
    )


def row(line: CaseLine, zone: str, lang: str) -> Component:
    """One case."""
    marks: list[Child] = []
    if line.history:
        marks.append(span(say("history", lang), cls="mark", title=say("history_long", lang)))
    if line.provisional:
        marks.append(span(say("provisional", lang), cls="mark"))
    due = end(line.deadline, zone) if line.deadline else "–"
    clock = span(either(CLOCKS, line.clock, lang), cls="faint") if line.clock else None
    state = line.state_en or line.state_zh if lang == "en" else line.state_zh or line.state_en
    number_link = link(case_address(line.source, line.case_no, lang), line.case_no)
    return tag(
        "Tr",
        tag("Td", chip(line.light, lang)),
        tag("Td", number_link, *marks, cls="case-no"),
        tag("Td", line.item_name, cls="wide"),
        tag("Td", line.department),
        tag("Td", due, " ", clock, cls="due"),
        tag("Td", state),
    )


def turning(page: CasePage, query: dict[str, str], lang: str) -> Component:
    """Previous and next; the address remembers the keys of the pages before this one."""
    what, value, after = query["what"], query.get("value", ""), query.get("after", "")
    trail = query["trail"].split(BETWEEN) if query.get("trail") else []
    made: list[Child] = []
    if after:
        back = trail[-1] if trail else ""
        earlier = address(
            "/cases", lang, what=what, value=value, after=back, trail=BETWEEN.join(trail[:-1])
        )
        made.append(link(earlier, say("previous", lang), cls="button", rel="prev", id="previous"))
    if page.next:
        kept = BETWEEN.join([*trail, after][-TRAIL:]) if after else ""
        later = address("/cases", lang, what=what, value=value, after=page.next, trail=kept)
        made.append(link(later, say("next", lang), cls="button", rel="next", id="next"))
    return tag("Nav", made, cls="turning")


def found_page(text: str, found: list[tuple[str, str, str]], lang: str) -> Component:
    """What a search found."""
    rows = [
        tag(
            "Tr",
            tag("Td", link(case_address(source, case_no, lang), case_no), cls="case-no"),
            tag("Td", item, cls="wide"),
            tag("Td", source, cls="faint"),
        )
        for source, case_no, item in found
    ]
    listed = tag("Table", tag("Tbody", *rows), cls="lines", id="case-lines")
    return div(
        div(
            tag("H2", say("found", lang, q=text)),
            span(say("total", lang, n=number(len(found))), cls="total"),
            cls="list-title",
        ),
        listed if rows else div(say("none_listed", lang), cls="nothing"),
        cls="cases",
    )
