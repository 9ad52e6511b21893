"""The page of one case: why each card was issued, its clocks day by day, its whole story."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dash.development.base_component import Component

from replay.history import CardDrawn, CaseHistory, Entry, FindingDrawn

from .clock_view import clock_view
from .show import (
    Child,
    address,
    card_address,
    case_address,
    chip,
    div,
    link,
    span,
    spoken_time,
    tag,
)
from .words import CARD_STATES, FAMILIES, TEXTS, either, kind_name, say, side
from .words_cards import WORDS
from .words_casefile import WORDS as FILE_WORDS
from .words_history import WORDS as HISTORY_WORDS

MASK = "••••"
GRAVEST = ("red", "yellow", "reminder")
OVER = ("lapsed", "withdrawn", "closed", "transferred")


class Ways(NamedTuple):
    """Where the page may lead: to the texts, to a card by hand, to the case file, to the cards of a
    department.
    """

    may_reveal: bool = False
    may_issue: bool = False
    may_file: bool = False
    sees: Callable[[str], bool] = lambda _: False


NO_WAYS = Ways()


def case_page(history: CaseHistory, lang: str, ways: Ways = NO_WAYS) -> Component:
    """The whole page; it scrolls and prints."""
    return div(
        header(history, lang, may_reveal=ways.may_reveal, may_file=ways.may_file),
        findings(history.findings, lang),
        section("case_cards", cards_of(history, lang, ways), lang),
        section("case_clocks", clock_list(history, lang), lang),
        section("case_entries", entries(history, lang), lang),
        cls="case",
    )


def section(title: str, body: Component, lang: str) -> Component:
    """A titled part."""
    return tag("Section", tag("H2", say(title, lang)), body, cls=title.replace("_", "-"))


def header(
    history: CaseHistory, lang: str, *, may_reveal: bool, may_file: bool = False
) -> Component:
    """Which case, what, whose, how it stands, as of when."""
    status = either_text(history.status_zh, history.status_en, lang)
    marks = [
        span(say("history", lang), cls="mark", title=say("history_long", lang))
        if history.history
        else None
    ]
    return div(
        div(chip(history.light, lang), tag("H1", history.item_name), *marks, cls="case-title"),
        pairs(
            [
                (say("case_no", lang), history.case_no),
                (say("department", lang), history.department),
                (say("state", lang), status),
                (say("as_of", lang), history.as_of),
                (say("position", lang), f"{history.position:,}"),
            ]
        ),
        div(say("masked", lang), *reveal(history, lang, may_reveal=may_reveal), cls="notice"),
        div(
            to_history(history, lang),
            to_file(history, lang) if may_file else None,
            cls="case-file",
        ),
        cls="case-head",
    )


def reveal(history: CaseHistory, lang: str, *, may_reveal: bool) -> list[Child]:
    """Where texts are shown, to who gives a reason, and may."""
    if not may_reveal:
        return [" ", say("masked_for_you", lang)]
    where = address("/texts", lang, source=history.source, case_no=history.case_no)
    return [" ", link(where, say("reveal", lang), cls="button quiet")]


def to_history(history: CaseHistory, lang: str) -> Component:
    """Where the case is replayed, as known then and as it truly was."""
    path, mark, query = case_address(history.source, history.case_no, lang).partition("?")
    where = f"{path}/history{mark}{query}"
    return link(where, HISTORY_WORDS["open"][side(lang)], cls="button quiet")


def to_file(history: CaseHistory, lang: str) -> Component:
    """Where the case file is taken."""
    where = address("/case-file", lang, source=history.source, case_no=history.case_no)
    return link(where, FILE_WORDS["casefile_link"][side(lang)], cls="button quiet")


def either_text(zh: str, en: str, lang: str) -> str:
    """The text in the language, or in the one there is."""
    return (en or zh) if lang == "en" else (zh or en)


def pairs(given: list[tuple[str, str]]) -> Component:
    """Names and values; what is empty is left out."""
    return tag(
        "Dl",
        *(div(tag("Dt", name), tag("Dd", spoken_time(value))) for name, value in given if value),
        cls="pairs",
    )


def findings(found: tuple[FindingDrawn, ...], lang: str) -> Component | None:
    """Data errors, if any."""
    if not found:
        return None
    rows = [
        tag(
            "Li",
            either_text(one.zh, one.en, lang),
            span(" · ".join(one.causes), cls="faint ids"),
        )
        for one in found
    ]
    return section("case_findings", tag("Ul", *rows, cls="findings"), lang)


def cards_of(history: CaseHistory, lang: str, ways: Ways) -> Component:
    """The cards, the gravest that stand first, otherwise as they came; and a way to one by hand."""
    hand = by_hand(history, lang) if ways.may_issue else None
    if not history.cards:
        return div(tag("P", say("no_cards", lang), cls="nothing"), hand)
    ordered = sorted(history.cards, key=lambda one: (one.state in OVER, gravity(one)))
    shown = [card(one, lang, to_card(history, one, lang, ways)) for one in ordered]
    return div(div(*shown, cls="card-list"), hand)


def to_card(history: CaseHistory, one: CardDrawn, lang: str, ways: Ways) -> Child:
    """The way to a card's own page, where the reader may see it."""
    if not ways.sees(one.department or history.department):
        return None
    where = card_address(history.source, history.case_no, one.card, lang)
    return link(where, WORDS["open_card"][side(lang)], cls="button quiet to-card")


def by_hand(history: CaseHistory, lang: str) -> Component:
    """The way to a card that no rule finds."""
    where = address("/card-by-hand", lang, source=history.source, case_no=history.case_no)
    return tag("P", link(where, WORDS["hand_link"][side(lang)], cls="button quiet"), cls="by-hand")


def gravity(one: CardDrawn) -> int:
    """0 for the gravest."""
    return GRAVEST.index(one.severity) if one.severity in GRAVEST else len(GRAVEST)


def card(one: CardDrawn, lang: str, way: Child = None) -> Component:
    """Why a card was issued, in plain words, and on what it rests; the way to its own page."""
    label = either_text(one.label_zh, one.label_en, lang)
    marks = [span(say("provisional", lang), cls="mark") if one.provisional else None]
    return tag(
        "Article",
        div(
            chip(one.severity, lang, label),
            span(either(CARD_STATES, one.state, lang), cls=f"state {one.state}"),
            *marks,
            span(one.card, cls="faint ids"),
            way,
            cls="card-head",
        ),
        tag("P", either_text(one.why_zh, one.why_en, lang), cls="why"),
        pairs(
            [
                (say("law", lang), one.law),
                (say("crossed_at", lang), one.crossed_at),
                (say("issued_at", lang), one.issued_at),
                (say("answer_by", lang), one.answer_by),
                (say("responsible", lang), responsible(one)),
                (say("account", lang), one.account),
                (say("policy_version", lang), one.policy_version),
                (say("causes", lang), " · ".join(one.causes)),
            ]
        ),
        cls=f"card {one.severity}",
    )


def responsible(one: CardDrawn) -> str:
    """Department, step, person, rung."""
    return " · ".join(p for p in (one.department, one.step, one.person, one.rung) if p)


def clock_list(history: CaseHistory, lang: str) -> Component:
    """Every clock on its calendar."""
    if not history.clocks:
        return tag("P", say("no_clocks", lang), cls="nothing")
    return div(*(clock_view(clock, lang) for clock in history.clocks), cls="clock-list")


def entries(history: CaseHistory, lang: str) -> Component:
    """Facts and acts in the order in which they were recorded."""
    if not history.entries:
        return tag("P", say("no_entries", lang), cls="nothing")
    names = ("position", "occurred", "recorded", "what", "who")
    heads = tag("Tr", *(tag("Th", say(name, lang), scope="col") for name in names))
    named = {one.card: card_name(one, lang) for one in history.cards}
    rows = [entry_row(one, named, lang) for one in history.entries]
    return tag("Table", tag("Thead", heads), tag("Tbody", *rows), cls="lines entries")


def card_name(one: CardDrawn, lang: str) -> str:
    """A card within the story: its label and the beginning of its number."""
    return f"{either_text(one.label_zh, one.label_en, lang)} {one.card[:6]}"


def entry_row(one: Entry, named: dict[str, str], lang: str) -> Component:
    """One fact or act, with both of its times; a card is told by its name, not by its number."""
    kind = one.zh if lang == "zh" and one.zh else kind_name(one.kind, lang)
    told = either_text(one.what_zh, one.what_en, lang)
    for card_no, name in named.items():
        told = told.replace(card_no, name)
    lit = chip(one.severity, lang) if one.severity else None
    return tag(
        "Tr",
        tag("Td", f"{one.position:,}", cls="number faint"),
        tag("Td", spoken_time(one.occurred_at), cls="moment"),
        tag("Td", spoken_time(one.recorded_at), cls="moment"),
        tag(
            "Td",
            span(either(FAMILIES, one.family, lang), cls=f"family of-{one.family}"),
            span(kind, cls="kind"),
            lit,
            *entry_marks(one, lang),
            span(told, cls="told"),
            *masked_texts(one, lang),
            cls="wide",
        ),
        tag("Td", one.who, cls="ids"),
        id=f"entry-{one.position}",
    )


def entry_marks(one: Entry, lang: str) -> list[Child]:
    """Late, of the future, corrected."""
    return [
        span(say(m, lang), cls=f"mark {m}")
        for m in ("late", "future", "corrected")
        if getattr(one, m)
    ]


def masked_texts(one: Entry, lang: str) -> list[Child]:
    """Free text by name only: whatever the source gave, the words do not leave the server."""
    named = [either(TEXTS, name, lang) for name, _ in one.texts]
    return [span(f"{name}: {MASK}", cls="masked") for name in named]
