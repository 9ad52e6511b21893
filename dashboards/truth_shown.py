"""Where what was known differed from what truly was, as a past wall's page lists it."""

from __future__ import annotations

from msgspec import Struct

from replay.truth import (
    CORRECTED,
    FOR_GOOD,
    IMPORTED,
    LATE,
    LIST,
    MISSING,
    RESENT,
    UNDUE,
    VOID,
    Turned,
    Unknown,
)
from replay.truth_file import Differences
from supervision.facts import Instant

from .show import case_address, local
from .words import SHAPES, kind_name
from .words import say as say_light
from .words_replay import say

KINDS = (MISSING, UNDUE, VOID, LATE, CORRECTED, RESENT, IMPORTED, LIST)
"""The gravest first."""
LIGHTS = ("red", "yellow", "reminder")
HISTORY = "/history"
WRITTEN = "%Y-%m-%d %H:%M:%S"


class Line(Struct, frozen=True, array_like=True):
    """A difference: its light ("" for none) with shape and word, what it is, whose, from when and
    until when; where its case is told on both axes ("" for a list).
    """

    light: str
    shape: str
    what: str
    whose: str
    when: str
    link: str


class Kind(Struct, frozen=True):
    """The differences of a kind: how many, of cards each light's with its shape, and the newest of
    them.
    """

    kind: str
    word: str
    count: int
    lights: tuple[tuple[str, str, int], ...]
    lines: tuple[Line, ...]
    more: str = ""


class Differing(Struct, frozen=True):
    """All of an instant."""

    kinds: tuple[Kind, ...]


def differing(
    found: Differences, lang: str, zone: str, departments: frozenset[str] | None
) -> Differing:
    """In a language, with instants in a zone, for who sees these departments (None: all): a case
    that was theirs and is not any more is told without what it became.
    """
    rows: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    for turned in found.turned:
        seen = departments is None or turned.department in departments
        rows[turned.kind].append(_card(turned, lang, zone, seen=seen))
    for unknown in found.unknown:
        seen = departments is None or unknown.department in departments
        rows[unknown.kind].append(_fact(unknown, lang, zone, seen=seen))
    made = (
        Kind(
            kind,
            say(kind, lang),
            count,
            _lights(found.lights.get(kind, {})),
            tuple(rows[kind]),
            _more(rows[kind], count, lang),
        )
        for kind in KINDS
        if (count := found.counts.get(kind, 0))
    )
    return Differing(tuple(made))


def _lights(counts: dict[str, int]) -> tuple[tuple[str, str, int], ...]:
    return tuple((light, SHAPES[light], counts[light]) for light in LIGHTS if light in counts)


def _more(lines: list[Line], count: int, lang: str) -> str:
    if count <= len(lines):
        return ""
    return say("more", lang).format(n=f"{len(lines):,}", total=f"{count:,}")


def _card(turned: Turned, lang: str, zone: str, *, seen: bool) -> Line:
    why = turned.why_en if lang == "en" else turned.why_zh
    return Line(
        turned.severity,
        SHAPES.get(turned.severity, "○"),
        f"{say_light(turned.severity, lang)} {why}",
        _whose(turned, seen=seen),
        _when(turned.since, turned.until, lang, zone),
        case_address(turned.source, turned.case_no, lang, HISTORY) if seen else "",
    )


def _fact(unknown: Unknown, lang: str, zone: str, *, seen: bool) -> Line:
    source, case_no = unknown.source, unknown.case_no
    return Line(
        "",
        "",
        kind_name(unknown.what, lang),
        _whose(unknown, seen=seen),
        _when(unknown.since, unknown.until, lang, zone),
        case_address(source, case_no, lang, HISTORY) if case_no and seen else "",
    )


def _whose(one: Turned | Unknown, *, seen: bool) -> str:
    parts = (one.item_name, one.department, one.case_no) if seen else (one.was, one.case_no)
    return " · ".join(part for part in parts if part)


def _when(since: Instant, until: Instant, lang: str, zone: str) -> str:
    if until == FOR_GOOD:
        return f"{local(since, zone):{WRITTEN}} {say('for_good', lang)}"
    return f"{local(since, zone):{WRITTEN}} {say('until', lang)} {local(until, zone):{WRITTEN}}"
