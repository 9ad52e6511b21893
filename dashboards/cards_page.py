"""The grid of cards: every filter stands in the address, every line opens its card."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc
from dash.development.base_component import Component
from msgspec.structs import replace

from projections.card_queries import CardLine, CardPage, Wanted

from .cards_asked import THE_END, day_of, query_of, wanted_of
from .show import (
    Child,
    address,
    card_address,
    case_address,
    chip,
    clock_time,
    div,
    end,
    link,
    number,
    span,
    tag,
)
from .words import SHAPES, either
from .words_grid import ANSWERS, SEVERITIES, STAGES, say

PATH = "/cards"
FIELDS = ("department", "item", "person", "since", "until", "text")
"""Filters that are fields of the form; on a narrow screen it is folded away while none is used."""
BESIDE = ("stage", "severity", "answer", "rule")
"""Filters that are no fields of the form."""
SORTED = {"issued": "descending"}
COLUMNS = ("card", "stage", "case_item", "whose", "why", "issued", "answer_until", "orders")


def cards_page(
    page: CardPage, query: Mapping[str, str], lang: str, *, may_export: bool = False
) -> Component:
    """One page of the grid, with its filters."""
    wanted = wanted_of(query)
    wrong = any(query.get(name) and day_of(query[name]) is None for name in ("since", "until"))
    return div(
        div(
            tag("H2", say("cards", lang)),
            span(say("total", lang, n=number(page.total)), cls="total", role="status"),
            export(wanted, lang) if may_export and page.total else None,
            cls="list-title",
        ),
        choices(page, wanted, lang),
        form(page, wanted, lang),
        tag("P", say("day_wrong", lang), cls="notice", role="alert") if wrong else None,
        table(page, lang) if page.lines else nothing(wanted, lang),
        turning(page, wanted, lang),
        cls="cases card-grid",
    )


def at(wanted: Wanted, lang: str, **page: str) -> str:
    """The address of a page of these cards."""
    return address(PATH, lang, **query_of(wanted), **page)


def export(wanted: Wanted, lang: str) -> Component:
    """All these cards as a file."""
    where = address("/export/cards.csv", lang, **query_of(wanted))
    return link(where, say("export", lang), cls="quiet", title=say("export_long", lang))


def choices(page: CardPage, wanted: Wanted, lang: str) -> Component:
    """Kind, answer, stage: each choice with the number of cards that it would show."""
    kinds: list[Child] = [
        choice(
            replace(wanted, severity=code),
            f"{SHAPES[code]} {either(SEVERITIES, code, lang)}",
            page.severities.get(code, 0),
            wanted.severity == code,
            lang,
            cls=code,
        )
        for code in SEVERITIES
    ]
    answers: list[Child] = [
        choice(
            replace(wanted, answer=code),
            either(ANSWERS, code, lang),
            page.answers.get(code, 0),
            wanted.answer == code,
            lang,
        )
        for code in ANSWERS
    ]
    return tag(
        "Nav",
        line("severity", replace(wanted, severity=""), not wanted.severity, kinds, lang),
        line("answer", replace(wanted, answer=""), not wanted.answer, answers, lang),
        line(
            "stage",
            replace(wanted, stages=frozenset()),
            not wanted.stages,
            stages(page, wanted, lang),
            lang,
        ),
        cls="choices",
        aria_label=say("filters", lang),
    )


def stages(page: CardPage, wanted: Wanted, lang: str) -> list[Child]:
    """The stages that have cards, of which several may be chosen: each link adds or takes one."""
    shown = [each for each in STAGES if each in wanted.stages or page.stages.get(each)]
    return [
        choice(
            replace(wanted, stages=wanted.stages ^ {each}),
            either(STAGES, each, lang),
            page.stages.get(each, 0),
            each in wanted.stages,
            lang,
        )
        for each in shown
    ]


def line(name: str, without: Wanted, is_open: bool, made: list[Child], lang: str) -> Component:
    """One filter: its name, "all", its choices."""
    every = link(
        at(without, lang),
        say("any", lang),
        cls="tab current" if is_open else "tab",
        aria_current=str(is_open).lower(),
    )
    return div(span(say(name, lang), cls="name"), every, *made, cls=f"tabs of-{name}")


def choice(
    wanted: Wanted, word: str, count: int, is_chosen: bool, lang: str, cls: str = ""
) -> Component:
    """A choice of a filter."""
    return link(
        at(wanted, lang),
        word,
        span(number(count), cls="n"),
        cls=f"tab {cls}{' current' if is_chosen else ''}{'' if count else ' empty'}",
        aria_current=str(is_chosen).lower(),
    )


def form(page: CardPage, wanted: Wanted, lang: str) -> Component:
    """What is written or picked from a list; the choices above stay as they are."""
    own = query_of(wanted)
    kept: dict[str, str] = {name: own[name] for name in BESIDE if name in own}
    kept |= {"lang": "en"} if lang == "en" else {}
    fields = [
        departments(page, wanted, lang),
        field("item", wanted.item, lang, say("item_hint", lang)),
        field("person", wanted.person, lang),
        field("since", own.get("since", ""), lang, say("day_hint", lang)),
        field("until", own.get("until", ""), lang, say("day_hint", lang)),
        field("text", wanted.text, lang),
    ]
    hidden = [
        dcc.Input(type="hidden", name=name, value=value, id=f"kept-{name}")
        for name, value in kept.items()
    ]
    button = tag("Button", say("apply", lang), type="submit", cls="button")
    clear = link(address(PATH, lang), say("clear", lang), cls="quiet", id="clear") if own else None
    made = tag(
        "Form",
        *fields,
        *hidden,
        div(button, clear, cls="go"),
        action=PATH,
        method="get",
        cls="filters",
        aria_label=say("filters", lang),
    )
    return tag(
        "Details",
        tag("Summary", say("more_filters", lang), cls="quiet"),
        made,
        open=any(own.get(name) for name in FIELDS),
        cls="more",
    )


def field(name: str, value: str, lang: str, hint: str = "") -> Component:
    """A labelled field of the form."""
    made = dcc.Input(
        name=name,
        type="text",
        value=value,
        placeholder=hint,
        maxLength=100,
        id=f"filter-{name}",
    )
    label = tag("Label", say(name, lang), htmlFor=f"filter-{name}")
    return div(label, made, cls=f"field of-{name}")


def departments(page: CardPage, wanted: Wanted, lang: str) -> Component:
    """The departments that have such cards, in the order of their names."""
    names = sorted({*page.departments, *({wanted.department} if wanted.department else ())})
    options = [tag("Option", say("any", lang), value="", selected=not wanted.department)]
    options += [
        tag(
            "Option",
            f"{name}（{number(page.departments.get(name, 0))}）",
            value=name,
            selected=name == wanted.department,
        )
        for name in names
    ]
    label = tag("Label", say("department", lang), htmlFor="filter-department")
    made = tag("Select", options, name="department", id="filter-department")
    return div(label, made, cls="field of-department")


def nothing(wanted: Wanted, lang: str) -> Component:
    """No lines: because of the filters, or because there are no cards."""
    if not query_of(wanted):
        return div(say("none_yet", lang), cls="nothing")
    clear = link(address(PATH, lang), say("clear", lang), cls="button")
    return div(tag("P", say("none_fit", lang)), clear, cls="nothing")


def table(page: CardPage, lang: str) -> Component:
    """The lines."""
    heads = [
        tag("Th", say(name, lang), scope="col", aria_sort=SORTED.get(name, "none"))
        for name in COLUMNS
    ]
    rows = [row(each, page, lang) for each in page.lines]
    return tag(
        "Table", tag("Thead", tag("Tr", *heads)), tag("Tbody", *rows), cls="lines", id="card-lines"
    )


def row(card: CardLine, page: CardPage, lang: str) -> Component:
    """One card: its chip is the link, which covers the row; the case has a link of its own."""
    is_english = lang == "en"
    label = (card.label_en or card.label_zh) if is_english else (card.label_zh or card.label_en)
    where = card_address(card.source, card.case_no, card.card, lang)
    why = (card.why_en if is_english else card.why_zh) or card.rule
    opener = link(where, chip(card.severity, lang, label), cls="opens", title=card.card)
    opener_cell: list[Child] = [opener, *marks(card, lang)]
    case = link(case_address(card.source, card.case_no, lang), card.case_no, cls="to-case")
    issued = clock_time(card.issued_at, page.zone, page.now) if card.issued_at else "–"
    return tag(
        "Tr",
        tag("Td", opener_cell, cls="c-card"),
        tag("Td", either(STAGES, card.stage, lang), cls="c-stage"),
        tag("Td", case, div(card.item_name, cls="second"), cls="c-case"),
        tag("Td", card.department, div(card.person, cls="second"), cls="c-whose"),
        tag("Td", why, cls="c-why"),
        tag("Td", issued, cls="c-issued moment"),
        tag("Td", answer(card, page.zone, lang), cls="c-answer"),
        tag("Td", say("n_orders", lang, n=card.orders) if card.orders else "", cls="c-orders"),
        cls=f"line {card.severity}",
        data_card=card.card,
    )


def marks(card: CardLine, lang: str) -> list[Child]:
    """History, provisional."""
    names = [name for name in ("history", "provisional") if getattr(card, name)]
    return [span(say(name, lang), cls="mark") for name in names]


def answer(card: CardLine, zone: str, lang: str) -> list[Child]:
    """Until when somebody owes an answer, who, and whether it is late."""
    if not card.answer_at:
        return [span("–", cls="faint")]
    late = span(say("overdue", lang), cls="state late") if card.overdue else None
    who = say(f"by_{card.owed_by}", lang) if card.owed_by else ""
    return [
        span(end(card.answer_at, zone), cls="late-at" if card.overdue else ""),
        div(late, span(who, cls="faint"), cls="second"),
    ]


def turning(page: CardPage, wanted: Wanted, lang: str) -> Component:
    """First, previous, next, last."""
    made: list[Child] = []
    if page.previous:
        made += [
            turn(at(wanted, lang), "first", lang),
            turn(at(wanted, lang, before=page.previous), "previous", lang, rel="prev"),
        ]
    if page.next:
        made += [
            turn(at(wanted, lang, after=page.next), "next", lang, rel="next"),
            turn(at(wanted, lang, before=THE_END), "last", lang),
        ]
    return tag("Nav", made, cls="turning", aria_label=say("pages", lang))


def turn(where: str, name: str, lang: str, **more: str) -> Component:
    """A way to another page."""
    return link(where, say(name, lang), cls="button", id=name, **more)
