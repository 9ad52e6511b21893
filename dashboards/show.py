"""How values are written and how elements are made: small helpers of all pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from .words import SHAPES, say

Child = Component | str | int | float | None
Ratio = tuple[int, int]
OFFSET = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)([+-]\d\d:\d\d)")


def tag(name: str, /, *children: Child | Sequence[Child], cls: str = "", **attrs: Any) -> Component:
    """An element; `data_x` and `aria_x` become data-x and aria-x. Text is always escaped."""
    given = {k.replace("_", "-") if k[:5] in ("data_", "aria_") else k: v for k, v in attrs.items()}
    if cls:
        given["className"] = cls
    flat = [c for child in children for c in (child if isinstance(child, list) else [child])]
    kept = [c for c in flat if c is not None]
    made: Component = getattr(html, name)(kept[0] if len(kept) == 1 else kept or None, **given)
    return made


def div(*children: Child | Sequence[Child], cls: str = "", **attrs: Any) -> Component:
    """A div."""
    return tag("Div", *children, cls=cls, **attrs)


def span(*children: Child | Sequence[Child], cls: str = "", **attrs: Any) -> Component:
    """A span."""
    return tag("Span", *children, cls=cls, **attrs)


def link(href: str, *children: Child | Sequence[Child], cls: str = "", **attrs: Any) -> Component:
    """A link within the product."""
    return tag("A", *children, cls=cls, href=href, **attrs)


def light_of(light: str) -> str:
    """A light that there is; what is unknown is shown as normal."""
    return light if light in SHAPES else "normal"


def chip(light: str, lang: str, word: str = "") -> Component:
    """Shape, word and colour of a light, always together."""
    light = light_of(light)
    return span(
        span(SHAPES[light], cls="shape", aria_hidden="true"),
        span(word or say(light, lang), cls="word"),
        cls=f"chip {light}",
    )


def number(n: int) -> str:
    """A whole number with its thousands."""
    return f"{n:,}"


def percent(ratio: Ratio) -> str:
    """A ratio in percent, cut off (not rounded up to 100); "–" for nothing to divide by."""
    over, under = ratio
    if under == 0:
        return "–"
    permille = over * 1000 // under
    return "100%" if permille == 1000 else f"{permille / 10:.1f}%"


def parts_of(ratio: Ratio) -> str:
    """Numerator and denominator as written below a rate."""
    return f"{number(ratio[0])} / {number(ratio[1])}"


def local(at: int, zone: str) -> datetime:
    """An instant in a zone."""
    return datetime.fromtimestamp(at / 1_000_000, ZoneInfo(zone))


def clock_time(at: int, zone: str, now: int = 0) -> str:
    """HH:MM:SS today; month, day and HH:MM this year; else the date."""
    moment, today = local(at, zone), local(now or at, zone)
    if moment.date() == today.date():
        return f"{moment:%H:%M:%S}"
    return f"{moment:%m-%d %H:%M}" if moment.year == today.year else f"{moment:%Y-%m-%d}"


def end(at: int, zone: str) -> str:
    """The end of a limit, YYYY-MM-DD HH:MM; midnight is 24:00 of the day that it ends."""
    moment = local(at, zone)
    if moment.hour == moment.minute == moment.second == 0:
        return f"{moment - timedelta(days=1):%Y-%m-%d} 24:00"
    return f"{moment:%Y-%m-%d %H:%M}"


def spoken_time(text: str) -> Child:
    """A time as it was told, its offset set small: it is read only where offsets differ."""
    told = OFFSET.fullmatch(text)
    return span(told[1], span(told[2], cls="offset")) if told else text


def address(path: str, lang: str, /, **query: str) -> str:
    """A path of the product with its query, in the language of the page."""
    asked = {k: v for k, v in query.items() if v}
    if lang == "en":
        asked["lang"] = "en"
    return f"{path}?{urlencode(asked)}" if asked else path


def case_address(source: str, case_no: str, lang: str, more: str = "") -> str:
    """Where a case's page is, or `more` of it."""
    return address(f"/case/{quote(source, safe='')}/{quote(case_no, safe='')}{more}", lang)


def card_address(source: str, case_no: str, card: str, lang: str, more: str = "") -> str:
    """Where a card's page is, or `more` of it."""
    parts = "/".join(quote(as_part(text), safe="") for text in (source, case_no, card))
    return address(f"/card/{parts}{more}", lang)


def as_part(text: str) -> str:
    """A text as one part of a path: servers take a quoted "/" for a plain one."""
    return text.replace("%", "%25").replace("/", "%2F")


def of_part(part: str) -> str:
    """The text that a part of a path stands for."""
    return part.replace("%2F", "/").replace("%25", "%")


def cases_address(what: str, lang: str, value: str = "") -> str:
    """Where the list behind a figure is."""
    return address("/cases", lang, what=what, value=value)
