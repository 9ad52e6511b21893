"""A court for the tests: facts told in short, watched as the product watches them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from supervision.acts import DESK_ACTS, CardAct, CardIssued, DeskAct
from supervision.facts import FACTS, Fact, Instant, instant
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import CalendarPublished, Day, ItemPublished, PolicyPublished, Step
from supervision.published import bundled
from supervision.store.mapping import moment

CHINA = timezone(timedelta(hours=8))
MINUTE = 60_000_000
ALREADY = datetime(2004, 1, 1, tzinfo=CHINA)


def when(text: str) -> datetime:
    """A time in China: "2026-02-09" (09:00) or "2026-02-09 14:30"."""
    return datetime.fromisoformat(text if ":" in text else f"{text} 09:00").replace(tzinfo=CHINA)


def at(text: str) -> Instant:
    """The instant of a time in China."""
    return instant(when(text))


def fact(name: str, occurred: str, /, id: str = "", **fields: Any) -> Fact:
    """A fact of case 1 of source s about item i, with the fields given."""
    for name_of in ("told_at", "entered_at", "started_at", "deadline"):
        if isinstance(fields.get(name_of), str):
            fields[name_of] = when(fields[name_of])
    return FACTS[name](
        **{
            "id": id or f"{name}-{occurred}",
            "source": "s",
            "case_no": "1",
            "item": "i",
            "occurred_at": when(occurred),
            **fields,
        }
    )


def item(**fields: Any) -> ItemPublished:
    """A licensing item (许可) with a promise of 7 working days."""
    return ItemPublished(
        **{
            "version": "1",
            "announced_at": ALREADY,
            "effective": ALREADY.date(),
            "code": "i",
            "name": "事项",
            "department": "区住建局",
            "promise": "7wd",
            **fields,
        }
    )


FLOW = (
    Step(code="acceptance", name="受理"),
    Step(code="review", name="审核", limit="3wd"),
    Step(code="signing", name="签发", limit="2wd"),
    Step(code="conclusion", name="办结"),
)


@cache
def default_policy() -> PolicyPublished:
    """The policy that comes with the product."""
    return next(e for e in bundled() if isinstance(e, PolicyPublished))


def policy(**fields: Any) -> PolicyPublished:
    """The default policy with changes."""
    return replace(default_policy(), **fields)


@cache
def _bundled() -> tuple[Struct, ...]:
    return tuple(bundled())


def shelf(*own: Struct, calendars: Iterable[Struct] | None = None) -> Shelf:
    """The product's lists and these, all recorded long ago."""
    base = _bundled() if calendars is None else tuple(calendars)
    if any(isinstance(o, PolicyPublished) for o in own):
        base = tuple(b for b in base if not isinstance(b, PolicyPublished))
    entries = (
        [*base, *own] if any(isinstance(o, ItemPublished) for o in own) else [*base, *own, item()]
    )
    return Shelf(Entry(n, n, event) for n, event in enumerate(entries, 1))


Told = Input | tuple[str, Input]
"""An input recorded a minute after it happened, or at the time told."""


def recorded(told: Told) -> tuple[Instant, Input]:
    """When an input was recorded."""
    if isinstance(told, tuple):
        return at(told[0]), told[1]
    happened = told.at if isinstance(told, DeskAct) else told.occurred_at
    return instant(happened) + MINUTE, told


def watch(
    story: Iterable[Told], until: str, lists: Shelf | None = None
) -> tuple[Docket, list[CardAct]]:
    """Watch a case: inputs in order of recording, then time until an instant."""
    lists = lists or shelf()
    docket, acts = Docket(), []
    groups: dict[Instant, list[tuple[Input, int]]] = {}
    for n, (stamp, told) in enumerate(sorted((recorded(t) for t in story), key=lambda p: p[0])):
        groups.setdefault(stamp, []).append((told, 1_000 + n))
    for stamp, inputs in groups.items():
        acts += docket.hear(inputs, stamp, lists)
    acts += docket.advance(at(until), lists)
    return docket, acts


def said(acts: Iterable[CardAct]) -> list[str]:
    """Acts in short: "2026-02-26 00:00 issued promise_past", times in China."""
    issued: dict[str, str] = {}
    lines = []
    for act in acts:
        if isinstance(act, CardIssued):
            issued[act.card] = act.rule
        done = type(act).__name__.removeprefix("Card").lower()
        lines.append(f"{act.at.astimezone(CHINA):%Y-%m-%d %H:%M} {done} {issued.get(act.card)}")
    return lines


def desk(name: str, happened: str, card: str, /, **fields: Any) -> DeskAct:
    """A desk act about a card of case 1."""
    return DESK_ACTS[name](
        id=f"{name}-{happened}", source="s", case_no="1", card=card, at=when(happened), **fields
    )


def day(text: str) -> int:
    """The ordinal of a date."""
    return date.fromisoformat(text).toordinal()


def calendar_change(announced: Instant, works: int) -> CalendarPublished:
    """Of the day of an instant: the next two days are none, and the one so many days on is one."""
    today = moment(announced).astimezone(CHINA).date()
    days = [Day(today + timedelta(days=n), n == works, "调休") for n in (1, 2, works)]
    return CalendarPublished(
        version="CN-2026-x",
        announced_at=moment(announced),
        effective=today,
        calendar="CN",
        year=2026,
        days=tuple(days),
        partial=True,
    )
