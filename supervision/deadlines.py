"""Deadlines for the desk: one worked out with its account, or lines of them at full speed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

import msgspec
from msgspec import Struct

from .errors import SupervisionError
from .facts import Instant, instant
from .judgement.calendar import Calendar
from .judgement.cards import moment
from .judgement.deadline import (
    DAY_END,
    MODES,
    Limit,
    LimitUnreadable,
    Pause,
    days_left_from,
    deadline,
    hours_left_from,
    parse_limit,
)
from .judgement.explain import account_days
from .lists import CalendarPublished, Day

OPENING = time(9)
"""The time of day of a start or pause that is given as a date alone."""
WARNINGS = (5, 3, 2, 1)
"""Working days left at which the instants are told."""


class QuestionUnreadable(SupervisionError, ValueError):
    """What was asked cannot be read; it says which part."""


class PauseAsked(Struct, frozen=True, kw_only=True):
    """A pause: its first and last instant as text (ISO), and the approved working days."""

    start: str = msgspec.field(name="from_")
    end: str | None = msgspec.field(name="to", default=None)
    approved: int | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """A question: start, limit, and what changes it. A date alone means 09:00 in the zone."""

    start: str
    limit: str
    pauses: tuple[PauseAsked, ...] = ()
    extend: int = 0
    mode: str = DAY_END
    now: str = ""


class DayTold(Struct, frozen=True, kw_only=True):
    """A day of the account: its kind, the count reached, the festival."""

    day: str
    kind: str
    number: int
    name: str


class Answer(Struct, frozen=True, kw_only=True):
    """A deadline with everything that it follows from."""

    deadline: str
    weekday: int
    """1 Monday … 7 Sunday."""
    crosses_at: str
    """The first late instant; empty while an open pause without a cap runs."""
    provisional: bool
    credit: int
    warnings: dict[str, str]
    """"2wd" → the instant at which exactly so much is left."""
    calendar: tuple[str, ...]
    days: tuple[DayTold, ...]


def answer(calendar: Calendar, asked: Asked) -> Answer:
    """Work out a deadline; QuestionUnreadable says what cannot be read."""
    if asked.mode not in MODES:
        raise QuestionUnreadable(f"mode {asked.mode!r} is none of {', '.join(MODES)}")
    limit = _limit(asked.limit)
    start = _instant(calendar, asked.start, "start")
    pauses = [_pause(calendar, pause) for pause in asked.pauses]
    now = _instant(calendar, asked.now, "now") if asked.now else None
    end = deadline(
        calendar, start, limit, mode=asked.mode, pauses=pauses, extension=asked.extend, now=now
    )
    crosses, first = end.crosses_at, calendar.day_of(start)
    return Answer(
        deadline=date.fromordinal(end.day).isoformat(),
        weekday=(end.day - 1) % 7 + 1,
        crosses_at=_text(calendar, crosses),
        provisional=end.provisional,
        credit=end.credit,
        warnings=_warnings(calendar, start, limit, end, crosses),
        calendar=calendar.versions(first, end.day),
        days=tuple(
            DayTold(
                day=date.fromordinal(each.day).isoformat(),
                kind=each.kind,
                number=each.number,
                name=each.name,
            )
            for each in account_days(calendar, start, limit, end)
        ),
    )


def _warnings(
    calendar: Calendar, start: Instant, limit: Limit, end: Any, crosses: Instant | None
) -> dict[str, str]:
    if crosses is None:
        return {}
    if limit.unit in ("wh", "sd"):
        return {"2wh": _text(calendar, hours_left_from(calendar, end, 2, start))}
    left = (n for n in WARNINGS if limit.unit != "wd" or n < limit.n)
    return {f"{n}wd": _text(calendar, days_left_from(calendar, end, n, start)) for n in left}


def _text(calendar: Calendar, at: Instant | None) -> str:
    return "" if at is None else moment(at, calendar.zone).isoformat()


def _limit(text: str) -> Limit:
    try:
        limit = parse_limit(text)
    except LimitUnreadable as error:
        raise QuestionUnreadable(str(error)) from error
    if limit is None:
        raise QuestionUnreadable("limit is empty; give one such as 20wd")
    return limit


def _instant(calendar: Calendar, text: str, what: str) -> Instant:
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise QuestionUnreadable(f"{what} {text!r} is no date or time: {error}") from error
    if given.time() == time() and "T" not in text and " " not in text:
        given = datetime.combine(given.date(), OPENING)
    if given.tzinfo is None:
        given = given.replace(tzinfo=calendar.zone)
    return instant(given)


def _pause(calendar: Calendar, asked: PauseAsked) -> Pause:
    start = _instant(calendar, asked.start, "pause")
    end = _instant(calendar, asked.end, "pause") if asked.end else None
    if end is not None and end < start:
        raise QuestionUnreadable(f"the pause from {asked.start} ends before, on {asked.end}")
    return Pause(start, end, asked.approved)


# Lines in the form of the deadline vectors.


class Line(Struct, kw_only=True):
    """A line: a start, a limit in working days (or `limit`), pauses, a calendar before a change."""

    id: str = ""
    kind: str = "deadline"
    start: str
    working_days: int | None = None
    limit: str = ""
    pauses: tuple[PauseAsked, ...] = ()
    extend: int = 0
    mode: str = DAY_END
    before_overrides: dict[str, bool | None] = {}


class LineAnswer(Struct, kw_only=True, omit_defaults=True):
    """The answer to a line; `error` where it cannot be read."""

    id: str = ""
    deadline: str = ""
    excluded: int = 0
    before: str = ""
    provisional: bool = False
    error: str = ""


def answer_lines(lines: Iterable[bytes], calendar: Calendar, earlier: Earlier) -> Iterator[bytes]:
    """One JSON line for each; a line that cannot be read is answered with its error."""
    decode, encode = msgspec.json.Decoder(Line).decode, msgspec.json.Encoder().encode
    for line in lines:
        if line.strip():
            yield encode(_answer_line(decode, line, calendar, earlier))


def _answer_line(
    decode: Callable[[bytes], Line], text: bytes, calendar: Calendar, earlier: Earlier
) -> LineAnswer:
    try:
        line = decode(text)
        end = _line_end(calendar, line)
        before = ""
        if line.before_overrides:
            then = earlier(line.before_overrides)
            before = date.fromordinal(_line_end(then, line).day).isoformat()
    except (msgspec.DecodeError, UnicodeDecodeError, QuestionUnreadable, ValueError) as error:
        return LineAnswer(error=str(error))
    return LineAnswer(
        id=line.id,
        deadline=date.fromordinal(end.day).isoformat(),
        excluded=end.credit,
        before=before,
        provisional=end.provisional,
    )


def _line_end(calendar: Calendar, line: Line) -> Any:
    if line.working_days is not None and not line.limit:
        limit = _limit(f"{line.working_days}wd")
    else:
        limit = _limit(line.limit)
    return deadline(
        calendar,
        _instant(calendar, line.start, "start"),
        limit,
        mode=line.mode if line.mode in MODES else DAY_END,
        pauses=[_pause(calendar, pause) for pause in line.pauses] if line.pauses else (),
        extension=line.extend,
    )


Earlier = Callable[[dict[str, bool | None]], Calendar]
"""Gives the calendar as it was before a change: day → works, or null for no mention."""


def without(notices: list[CalendarPublished], zone: str) -> Earlier:
    """The calendars before changes: what the notices said, with single days said otherwise."""

    def calendar(overrides: dict[str, bool | None]) -> Calendar:
        days = tuple(
            Day(date.fromisoformat(day), works if works is not None else _usual(day))
            for day, works in overrides.items()
        )
        year = days[0].date.year
        last = msgspec.structs.replace(
            notices[-1], calendar="CN", year=year, days=days, partial=True, version="override"
        )
        return Calendar([*notices, last], zone)

    return calendar


def _usual(day: str) -> bool:
    return date.fromisoformat(day).isoweekday() < 6
