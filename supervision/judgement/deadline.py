"""Limits and deadlines: from a start, a limit, pauses and an extension to the first late instant.

Sources: domain 4 (R1–R4), 5 (P1, P2); Civil Code 200–204; Administrative Licensing Act 45.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from msgspec import Struct

from ..facts import Instant
from .calendar import HOUR, Calendar, Day

UNITS = {
    "wd": ("个工作日", "working days"),
    "nd": ("个自然日", "natural days"),
    "wh": ("个工作小时", "working hours"),
    "mo": ("个月", "months"),
    "yr": ("年", "years"),
    "sd": ("即办", "same day"),
    "at": ("自带时限", "the case's own"),
}
PLAIN_UNITS = ("wd", "nd", "wh", "mo", "yr", "sd")
LONGEST = 10_000
"""The largest number in a limit: forty years of working days; more is a slip of the pen."""
KEPT = 16_384
"""Plain deadlines kept, by calendar, day and limit; one takes some 0.5 KB."""
LONGEST_OF = {"mo": 1_200, "yr": 100}
DAY_END, CLOSE, TO_THE_SECOND = "day_end", "close_of_business", "to_the_second"
MODES = (DAY_END, CLOSE, TO_THE_SECOND)


class LimitUnreadable(ValueError):
    """A limit is not a whole number and a unit."""


class Limit(Struct, frozen=True):
    """A number of units: wd working days, nd natural days, wh working hours, mo, yr, sd 即办.

    With the unit "at" the number is the instant of the case's own deadline.
    """

    n: int
    unit: str

    def __str__(self) -> str:
        return self.unit if self.unit == "at" else f"{self.n}{self.unit}"

    @property
    def days(self) -> int:
        """The limit in working days, for indicators; natural units by 5 of 7, hours by 7 a day."""
        by_unit = {"wd": 1.0, "nd": 5 / 7, "wh": 1 / 7, "mo": 21.75, "yr": 250.0}
        return round(self.n * by_unit.get(self.unit, 0))


@lru_cache(maxsize=4096)
def parse_limit(text: str) -> Limit | None:
    """ "20wd" → 20 working days; an empty text is no limit.

    Raises LimitUnreadable, naming what is accepted.
    """
    if not text:
        return None
    number, unit = text[:-2], text[-2:]
    if unit == "sd" and number in ("", "0"):
        return Limit(0, "sd")
    most = LONGEST_OF.get(unit, LONGEST)
    digits = number.isascii() and number.isdecimal() and len(number) <= len(str(LONGEST))
    if unit not in PLAIN_UNITS or not digits or not 0 < int(number) <= most:
        raise LimitUnreadable(
            f"limit {text!r} is not 1 to {most} followed by one of {', '.join(PLAIN_UNITS)}"
        )
    return Limit(int(number), unit)


@lru_cache(maxsize=4096)
def listed_limit(text: str) -> Limit | None:
    """A limit as a list gives it; what cannot be read is none (publishing refuses it)."""
    try:
        return parse_limit(text)
    except LimitUnreadable:
        return None


class Pause(Struct, frozen=True):
    """A special procedure as a clock sees it: from, to (None: still open), approved working days.

    `creditable` is false where the law gives it no credit (domain: P3).
    """

    start: Instant
    end: Instant | None
    approved: int | None
    creditable: bool = True
    causes: tuple[str, ...] = ()
    kind: str = ""


class Deadline(Struct, frozen=True):
    """Where a clock ends."""

    day: Day
    ends_at: Instant
    """The first late instant as far as is known now."""
    crosses_at: Instant | None
    """The same; None while it moves on with an open pause."""
    excluded: tuple[tuple[Day, Day], ...]
    """Paused days, first and last, united and in order."""
    credit: int
    """Credited units of the clock: days, or microseconds of office time."""
    provisional: bool
    natural: Day = 0
    """Of natural days, months and years: where the limit ended before it was rolled."""


def deadline(
    calendar: Calendar,
    start: Instant,
    limit: Limit,
    *,
    mode: str = DAY_END,
    pauses: Sequence[Pause] = (),
    extension: int = 0,
    stop: Instant | None = None,
    now: Instant | None = None,
    includes_start: bool = False,
) -> Deadline:
    """The deadline of a clock.

    `pauses` are taken in order of their start; one that begins after the deadline as it then stood
    is ignored. An open pause counts up to its approval, or up to `now` where it has none.
    """
    if not pauses and limit.unit == "wd" and mode == DAY_END:
        return plain(calendar, calendar.day_of(start), limit.n + extension)
    day, crosses = _end(calendar, start, limit, mode, extension, 0)
    excluded: list[tuple[Day, Day]] = []
    credit, running_free = 0, False
    for pause in sorted(pauses, key=lambda p: (p.start, p.causes)):
        if not pause.creditable or pause.start >= crosses:
            continue
        window = _window(calendar, pause, start, limit, stop, now, includes_start)
        if pause.end is None and pause.approved is None and stop is None:
            running_free = True
        if window is None:
            continue
        if excluded and window[0] <= excluded[-1][1] + 1:
            joined = excluded.pop()
            credit -= _units(calendar, limit, joined, start, stop)
            window = (min(joined[0], window[0]), max(joined[1], window[1]))
        excluded.append(window)
        credit += _units(calendar, limit, window, start, stop)
        day, crosses = _end(calendar, start, limit, mode, extension, credit)
    first = calendar.day_of(start)
    natural = limit.unit in ("nd", "mo", "yr")
    return Deadline(
        day,
        crosses,
        None if running_free else crosses,
        tuple(excluded),
        credit,
        calendar.unknown_between(first, day) and (limit.unit != "at" or bool(credit or extension)),
        _natural(first, limit) + extension + credit if natural else 0,
    )


@lru_cache(maxsize=KEPT)
def plain(calendar: Calendar, first: Day, days: int) -> Deadline:
    """Working days to the end of the day, nothing paused: what most clocks are."""
    day = calendar.add(first, days)
    late = calendar.start_of(day + 1)
    return Deadline(day, late, late, (), 0, calendar.unknown_between(first, day))


def _window(
    calendar: Calendar,
    pause: Pause,
    start: Instant,
    limit: Limit,
    stop: Instant | None,
    now: Instant | None,
    includes_start: bool,
) -> tuple[Day, Day] | None:
    """P1, P2: the days of a pause, clipped to the clock, its first approved working days only.

    The clock's own first day counts for nothing in days (R1), and is credited in hours alone.
    """
    shift = 0 if includes_start else 1
    uncounted = 0 if limit.unit in ("wh", "sd") else 1
    first = max(calendar.day_of(pause.start) + shift, calendar.day_of(start) + uncounted)
    ends = [at for at in (pause.end, stop) if at is not None]
    if not ends and pause.approved is None:
        ends = [max(now if now is not None else pause.start, pause.start)]
    last = calendar.day_of(min(ends)) - (1 - shift) if ends else None
    if pause.approved is not None:
        if pause.approved <= 0:
            return None
        capped = calendar.add(first - 1, min(pause.approved, LONGEST))
        last = capped if last is None else min(last, capped)
    return None if last is None or last < first else (first, last)


def _units(
    calendar: Calendar,
    limit: Limit,
    span: tuple[Day, Day],
    start: Instant,
    stop: Instant | None,
) -> int:
    """P1: pauses count in the unit of the clock."""
    first, last = span
    if limit.unit in ("wd", "at"):
        return calendar.count(first - 1, last)
    if limit.unit in ("wh", "sd"):
        low = max(calendar.start_of(first), start)
        high = calendar.start_of(last + 1)
        return calendar.hours_between(low, high if stop is None else min(high, stop))
    return last - first + 1


def _end(
    calendar: Calendar, start: Instant, limit: Limit, mode: str, extension: int, credit: int
) -> tuple[Day, Instant]:
    """The deadline's day and the first instant after its end, credits and extension included."""
    first = calendar.day_of(start)
    if limit.unit == "wh":
        return _hours_end(calendar, start, limit.n * HOUR + credit, extension)
    if limit.unit == "at":
        return _own_end(calendar, limit.n, extension + credit)
    if limit.unit == "sd":
        inside = calendar.within_hours(start)
        day = first if inside else calendar.add(first, 1)
        if credit or extension:
            spent = calendar.hours_between(calendar.start_of(day), calendar.start_of(day + 1))
            day = calendar.add(day, -(-credit // max(spent, 1)) + extension)
    elif limit.unit == "wd":
        day = calendar.add(first, limit.n + extension + credit)
    else:
        day = calendar.roll(_natural(first, limit) + extension + credit)
    return day, _first_late(calendar, start, first, day, mode, same_day=limit.unit == "sd")


def _hours_end(
    calendar: Calendar, start: Instant, span: int, extension: int
) -> tuple[Day, Instant]:
    end = calendar.add_hours(start, span)
    if extension:
        end = calendar.at_time_of(end, calendar.add(calendar.day_of(end), extension))
    return calendar.day_of(end), end + 1


def _own_end(calendar: Calendar, own: Instant, more: int) -> tuple[Day, Instant]:
    day = calendar.day_of(own)
    if more:
        day = calendar.add(day, more)
        own = calendar.at_time_of(own, day)
    return day, own + 1


def _natural(first: Day, limit: Limit) -> Day:
    """R3, R4: natural days after the start; months and years to the same date or the last day."""
    if limit.unit == "nd":
        return first + limit.n
    began = date.fromordinal(first)
    months = limit.n * (12 if limit.unit == "yr" else 1)
    year, month = divmod(began.year * 12 + began.month - 1 + months, 12)
    day = min(began.day, gregorian.monthrange(year, month + 1)[1])
    return date(year, month + 1, day).toordinal()


def _first_late(
    calendar: Calendar, start: Instant, first: Day, day: Day, mode: str, *, same_day: bool
) -> Instant:
    """R2: 00:00 of the next day; after the close of business; or after the start's time of day."""
    if mode == TO_THE_SECOND and calendar.works(first) and not same_day:
        return calendar.at_time_of(start, day) + 1
    if mode == CLOSE:
        spans = calendar.office_spans(day)
        if spans:
            return spans[-1][1] + 1
    return calendar.start_of(day + 1)


def days_left_from(calendar: Calendar, end: Deadline, left: int, start: Instant) -> Instant:
    """The first instant at which exactly `left` whole counted working days remain.

    The deadline's day is one of them, paused days are none of them. Not before the start.
    """
    if not end.excluded:
        return max(_left_of(calendar, end.day, left), start)
    day, remaining = end.day + 1, left
    while remaining:
        day = calendar.back(day, 1)
        if not paused(end, day):
            remaining -= 1
    before = calendar.back(day, 1)
    while paused(end, before):
        before = calendar.back(before, 1)
    return max(calendar.start_of(before + 1), start)


@lru_cache(maxsize=KEPT)
def _left_of(calendar: Calendar, last: Day, left: int) -> Instant:
    """The end of the working day before the last `left` of those up to a deadline's day."""
    return calendar.start_of(calendar.back(last + 1, left + 1) + 1)


def hours_left_from(calendar: Calendar, end: Deadline, left: int, start: Instant) -> Instant:
    """The instant at which `left` working hours remain before the end, paused days left out; not
    before the start.
    """
    day, remaining = calendar.day_of(end.ends_at - 1), left * HOUR
    while day >= calendar.day_of(start):
        for low, high in () if paused(end, day) else reversed(calendar.office_spans(day)):
            span = min(high, end.ends_at) - low
            if span >= remaining:
                return max(low + span - remaining, start)
            remaining -= max(span, 0)
        day = calendar.back(day, 1)
    return start


def paused(end: Deadline, day: Day) -> bool:
    """Whether a day is left out."""
    return any(first <= day <= last for first, last in end.excluded)
