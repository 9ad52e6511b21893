"""The history of a case, replayed: two rails of time, a slider, and what held at each moment.

The page carries all moments at once, in `data-told` of its stage (`told_of`: JSON); history.js
draws them, and asks the server nothing while the reader drags or plays.
"""

from __future__ import annotations

from typing import Any

import msgspec
from dash.development.base_component import Component

from replay.history import CardDrawn, Entry
from replay.lines import (
    LIST,
    OTHER_TIME,
    ClockAt,
    Crossing,
    Difference,
    Moment,
    Placed,
    Timeline,
)
from replay.timeline import COMPARED
from supervision.facts import Instant

from .case_page import MASK, OVER, card_name
from .show import case_address, chip, div, link, span, tag
from .words import (
    CARD_STATES,
    CLOCK_STATES,
    FAMILIES,
    SHAPES,
    TEXTS,
    either,
    kind_name,
    side,
)
from .words import say as say_common
from .words_history import MARKS, SPANS, WORDS

SECOND = 1_000_000
SCRIPTED = (
    "axis",
    "known",
    "known_long",
    "true",
    "true_long",
    "rails",
    "slider",
    "first",
    "previous",
    "play",
    "pause",
    "next",
    "last",
    "speed",
    "speed_moment",
    "speed_day",
    "speed_week",
    "keys",
    "state",
    "status",
    "next_crossing",
    "nothing_next",
    "truly",
    "known_as",
    "crossed",
    "clocks",
    "cards",
    "no_clocks",
    "no_cards",
    "used_days",
    "over_days",
    "used_hours",
    "over_hours",
    "ends",
    "unknown_count",
    "entries",
    "position",
    "occurred",
    "recorded",
    "what",
    "who",
    "unknown",
    "would",
    "never",
    "differences",
    "no_differences",
    "because",
    "unexplained",
    "go",
)
"""Words that history.js needs."""


def say(key: str, lang: str, **fill: object) -> str:
    """The word for a key in a language, with its blanks filled."""
    text = WORDS[key][side(lang)]
    return text.format(**fill) if fill else text


def history_page(told: Timeline, lang: str) -> Component:
    """The whole page."""
    light = told.known[-1].light if told.known else "normal"
    return div(
        div(
            div(
                chip(light, lang),
                tag("H1", told.item_name),
                span(say("title", lang), cls="mark"),
                cls="case-title",
            ),
            div(
                span(told.case_no, cls="ids"),
                span(told.department, cls="faint"),
                link(case_address(told.source, told.case_no, lang), say("back", lang), cls="quiet"),
                cls="history-of",
            ),
            cls="case-head",
        ),
        *(tag("P", text, cls="notice") for text in cut(told, lang)),
        div(id="history-stage", **{"data-told": msgspec.json.encode(told_of(told, lang)).decode()}),
        cls="case history",
    )


def cut(told: Timeline, lang: str) -> list[str]:
    """What the page does not show of a case that is too long."""
    said = []
    if not told.compared:
        n = f"{len(told.entries):,}"
        said.append(say("not_compared", lang, n=n, most=COMPARED))
    if told.joined:
        said.append(say("joined", lang, n=f"{told.joined:,}"))
    return said


def told_of(told: Timeline, lang: str) -> dict[str, Any]:
    """What history.js draws, all of it in one language; instants in microseconds."""
    named = {card.card: card_name(card, lang) for card in told.cards}
    return {
        "words": {key: say(key, lang) for key in SCRIPTED},
        "lights": {light: [shape, say_common(light, lang)] for light, shape in SHAPES.items()},
        "marks": {kind: [shape, say(f"mark_{kind}", lang)] for kind, shape in MARKS.items()},
        "entries": [_entry(each, named, lang) for each in told.entries],
        "known": [_moment(each, lang) for each in told.known],
        "true": [_moment(each, lang) for each in told.true],
        "clocks": [_clock(each, lang) for each in told.clocks],
        "cards": [_card(each, lang) for each in told.cards],
        "differences": [_difference(each, told, named, lang) for each in told.differences],
    }


def _entry(placed: Placed, named: dict[str, str], lang: str) -> dict[str, Any]:
    entry = placed.entry
    marks = [say_common(m, lang) for m in ("late", "future", "corrected") if getattr(entry, m)]
    return {
        "position": entry.position,
        "mark": mark_of(entry),
        "family": say("list", lang)
        if entry.family == LIST
        else either(FAMILIES, entry.family, lang),
        "kind": _kind(entry, lang),
        "what": _what(entry, named, lang),
        "who": entry.who,
        "at": placed.recorded,
        "true": placed.true,
        "recorded": entry.recorded_at,
        "occurred": placed.true_text or entry.occurred_at,
        "severity": entry.severity,
        "marks": marks,
        "masked": [f"{either(TEXTS, name, lang)}: {MASK}" for name, _ in entry.texts],
    }


def mark_of(entry: Entry) -> str:
    """What stands for it on the rails: a key of MARKS, or a light."""
    if entry.family == "card":
        return entry.severity or "act"
    if entry.kind == "FactCorrected":
        return "correction"
    if entry.family == "fact":
        return "late" if entry.late else "fact"
    return entry.family


def _kind(entry: Entry, lang: str) -> str:
    return entry.zh if lang == "zh" and entry.zh else kind_name(entry.kind, lang)


def _what(entry: Entry, named: dict[str, str], lang: str) -> str:
    """A card is told by its name, not by its number."""
    told = entry.what_en if lang == "en" else entry.what_zh
    for card_no, name in named.items():
        told = told.replace(card_no, name)
    return told


def _moment(moment: Moment, lang: str) -> dict[str, Any]:
    following = ""
    if moment.next:
        following = f"{_short(moment.next.text)} {crossing_words(moment.next, lang)}"
    return {
        "at": moment.at,
        "text": moment.text,
        "shown": moment.shown,
        "crossed": [
            {"severity": each.severity, "text": crossing_words(each, lang)}
            for each in moment.crossed
        ],
        "status": moment.status_en if lang == "en" else moment.status_zh,
        "light": moment.light,
        "clocks": moment.clocks,
        "cards": moment.cards,
        "next": following,
        "unknown": len(moment.unknown),
    }


def crossing_words(crossing: Crossing, lang: str) -> str:
    """The limit, and whether it is near or over."""
    name = crossing.en if lang == "en" else crossing.zh
    return f"{name} {say('over' if crossing.past else 'near', lang)}"


def _clock(clock: ClockAt, lang: str) -> dict[str, Any]:
    name = clock.en if lang == "en" else clock.zh
    return {
        "name": f"{name} · {clock.subject}" if clock.subject else name,
        "state": either(CLOCK_STATES, clock.state, lang),
        "late": clock.state in ("crossed", "stopped late"),
        "limit": clock.limit.split(" / ")[-1 if lang == "en" else 0],
        "ends": clock.deadline,
        "provisional": say_common("provisional", lang) if clock.provisional else "",
        "unit": clock.unit,
        "total": clock.total,
        "counted": clock.counted,
        "until": clock.until,
    }


def _card(card: CardDrawn, lang: str) -> dict[str, Any]:
    return {
        "severity": card.severity,
        "label": card.label_en if lang == "en" else card.label_zh,
        "state": either(CARD_STATES, card.state, lang),
        "over": card.state in OVER,
        "why": card.why_en if lang == "en" else card.why_zh,
        "issued": card.issued_at,
    }


def _difference(
    difference: Difference, told: Timeline, named: dict[str, str], lang: str
) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "severity": difference.severity,
        "text": difference_words(difference, told, lang, named),
        "entry": difference.entry,
        "because": [
            {"entry": place, "text": input_words(told.entries[place].entry, lang)}
            for place in difference.because
        ],
    }


def difference_words(
    difference: Difference, told: Timeline, lang: str, named: dict[str, str] | None = None
) -> str:
    """A difference in one sentence."""
    placed = told.entries[difference.entry]
    recorded, true = difference.recorded, difference.true
    key = difference.kind
    if key == OTHER_TIME:
        key = "later" if recorded > true else "earlier"
    what = _what(placed.entry, named or {}, lang) if difference.severity else ""
    if difference.severity and recorded:
        recorded_text = placed.entry.occurred_at
    else:
        recorded_text = placed.entry.recorded_at
    return say(
        key,
        lang,
        what=what or input_words(placed.entry, lang),
        true=_short(placed.true_text),
        recorded=_short(recorded_text),
        late=span_words(abs(recorded - true), lang),
        days=placed.late_days,
    )


def input_words(entry: Entry, lang: str) -> str:
    """An input, named: what it is, what it says, its id."""
    said = entry.what_en if lang == "en" else entry.what_zh
    told = f"{_kind(entry, lang)} {said}".strip()
    if not entry.id or entry.id in said:
        return told
    return f"{told} ({entry.id})" if lang == "en" else f"{told}（{entry.id}）"


def _short(text: str) -> str:
    """A time to the minute, without its offset."""
    return text[:16]


def span_words(span: Instant, lang: str) -> str:
    """A span of time in its two largest units."""
    seconds = span // SECOND
    parts = (
        ("d", seconds // 86_400),
        ("h", seconds // 3_600 % 24),
        ("m", seconds // 60 % 60),
        ("s", seconds % 60),
    )
    first = next((n for n, (_, count) in enumerate(parts) if count), len(parts) - 1)
    told = [
        SPANS[unit][0 if lang != "en" else 1 if count == 1 else 2].format(n=count)
        for unit, count in parts[first : first + 2]
        if count or unit == "s"
    ]
    return " ".join(told[:2])
