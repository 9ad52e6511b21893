"""An event of the audit trail as one line: when, who, what, in words, from where, how often."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from supervision.access.events import CaseDrawn
from supervision.access.people import name_of
from supervision.errors import Unreadable
from supervision.notices import RungWait
from supervision.store.mapping import moment
from supervision.store.stored import Stored

from ..words import either, kind_name, side
from ..words_entry import ROLES
from ..words_offices import HOW, RIGHTS, WORDS
from ..words_samples import CRITERIA, DEFECTS, RESULTS, SEVERITIES, STATES, YES
from ..words_trail import (
    BOOK_WORDS,
    CHANNELS,
    EVENTS,
    FACTOR,
    FIELDS,
    KINDS,
    LANGS,
    LOOKS,
    PLACES,
    THINGS,
    WHY,
)

COLUMNS = frozenset({"at", "by", "address", "count", "number", "sealed"})
"""Fields that are columns of their own, or say nothing, unless the sentence names them."""
LONGEST = 500
"""Characters of a value that are told; the whole stands in the log."""
WHOLE = ("units", "departments", "items", "kinds")
"""Fields of which none means all."""
DIGEST_SHOWN = 12
"""Characters of a key's digest."""
NO_RIGHT = "no right "
TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "book": BOOK_WORDS,
    "channel": CHANNELS,
    "channels": CHANNELS,
    "defects": DEFECTS,
    "how": HOW | LOOKS,
    "kind": KINDS,
    "lang": LANGS,
    "late": YES,
    "parent": PLACES,
    "result": RESULTS,
    "role": ROLES,
    "severity": SEVERITIES,
    "state": STATES,
    "all_channels": SEVERITIES,
    "awake": SEVERITIES,
    "what": THINGS,
    "why": WHY,
}
"""The words of values, by field."""
HIDDEN = "\N{REPLACEMENT CHARACTER}"
"""In the place of what does not print, or turns the writing around."""


class Line(NamedTuple):
    """As it is shown; `kind` is the event's name, "" where it cannot be read."""

    position: int
    at: str
    who: str
    kind: str
    what: str
    text: str
    address: str
    times: int


def line_of(stored: Stored, lang: str, zone: ZoneInfo) -> Line:
    """An event in words; one that cannot be read is told as that."""
    at = _local(moment(stored.recorded_at), zone)
    try:
        event = stored.event
    except Unreadable:
        text = WORDS["unreadable"][side(lang)].format(topic=plain(stored.topic))
        return Line(stored.position, at, "", "", "", text, "", 1)
    name = type(event).__name__
    return Line(
        stored.position,
        at,
        plain(getattr(event, "by", "")) or WORDS["nobody"][side(lang)],
        name,
        what_word(name, lang),
        in_words(event, lang, zone),
        "" if "{address}" in EVENTS[name][2] else plain(getattr(event, "address", "")),
        getattr(event, "count", 1),
    )


def what_word(name: str, lang: str) -> str:
    """The short name of a kind of event."""
    return EVENTS[name][side(lang)] if name in EVENTS else name


def in_words(event: Struct, lang: str, zone: ZoneInfo) -> str:
    """What happened: the event's sentence, then the fields that it does not name."""
    sentence = EVENTS[type(event).__name__][2 + side(lang)]
    said = {
        field: _value(field, getattr(event, field), lang, zone)
        for field in event.__struct_fields__
        if field not in COLUMNS or f"{{{field}}}" in sentence
    }
    colon = "：" if lang == "zh" else ": "
    more = [
        label_of(event, field, lang) + (colon + value if value else "")
        for field, value in said.items()
        if f"{{{field}}}" not in sentence and getattr(event, field)
    ]
    told = [sentence.format_map(said), *more]
    return ("；" if lang == "zh" else "; ").join(told)


def label_of(event: Struct, field: str, lang: str) -> str:
    """What a field that the sentence does not name is called."""
    own = f"{type(event).__name__}.{field}"
    return FIELDS[own if own in FIELDS else field][side(lang)]


def concerns(event: Struct, name: str) -> bool:
    """Whether an event is by, or about, the person or kiosk of that name."""
    named = (getattr(event, field, "") for field in ("by", "person", "kiosk"))
    return any(name_of(each) == name for each in named if each)


def plain(text: str) -> str:
    """A text in which nothing is hidden and nothing turns the writing around."""
    return "".join(c if c.isprintable() else HIDDEN for c in text)


def _value(field: str, value: Any, lang: str, zone: ZoneInfo) -> str:
    """A field's value in words; "" where its label says all."""
    match value:
        case bool():
            return ""
        case int() if field == "number":
            return FACTOR["n" if value else "0"][side(lang)].format(n=value)
        case int():
            return str(value)
        case float():
            return f"{value:g}"
        case datetime():
            return _local(value, zone)
        case tuple():
            return _cut(_several(field, value, lang))
        case dict():
            return plain(_pairs(value, lang))
        case None:
            return WORDS["never"][side(lang)]
    return plain(_word(field, value, lang)[:LONGEST])


def _several(field: str, values: tuple[Any, ...], lang: str) -> str:
    if not values:
        return WORDS["whole" if field in WHOLE else "none"][side(lang)]
    named = [kind_name(v, lang) if field == "kinds" else _one(field, v, lang) for v in values]
    return plain(("、" if lang == "zh" else ", ").join(named))


def _pairs(values: dict[str, str], lang: str) -> str:
    """Criteria by name."""
    if not values:
        return WORDS["whole"][side(lang)]
    told = (f"{either(CRITERIA, name, lang)} {_word(name, v, lang)}" for name, v in values.items())
    return ("、" if lang == "zh" else ", ").join(told)


def _cut(text: str) -> str:
    """A text of no more than is told."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _one(field: str, value: Any, lang: str) -> str:
    """One of several: a rung's wait, hours from and to, a name."""
    match value:
        case CaseDrawn():
            return f"{value.case_no}({value.source})"
        case RungWait():
            severity = _word("severity", value.severity, lang)
            return f"{severity} {value.rung} {value.wait}"
        case (first, last):
            return f"{first}-{last}"
    return _word(field, str(value), lang)


def _word(field: str, value: str, lang: str) -> str:
    """A value's word, where it has one."""
    if field == "applicant_ref":
        return ""
    if field == "digest":
        return value[:DIGEST_SHOWN]
    if field == "why" and value.startswith(NO_RIGHT):
        return WHY["no right"][side(lang)].format(
            right=either(RIGHTS, value.removeprefix(NO_RIGHT), lang)
        )
    pair = TABLES.get(field, {}).get(value)
    return pair[side(lang)] if pair else value


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
