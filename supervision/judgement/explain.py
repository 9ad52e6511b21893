"""A clock day by day: what was counted, what was not, and why (domain: 6, what a card carries)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import groupby

from msgspec import Struct

from ..acts import Account, Run
from ..facts import Instant
from .calendar import HOUR, Calendar, Day
from .cards import moment
from .deadline import Deadline, Limit, paused
from .terms import Clock

START, COUNTED, MAKEUP, WEEKEND, HOLIDAY, PAUSED, ROLLED = (
    "start",
    "counted",
    "makeup",
    "weekend",
    "holiday",
    "paused",
    "rolled",
)
KINDS = {
    START: ("起算日不计", "start, not counted"),
    COUNTED: ("计入", "counted"),
    MAKEUP: ("调休上班，计入", "make-up working day, counted"),
    WEEKEND: ("周末", "weekend"),
    HOLIDAY: ("节假日", "holiday"),
    PAUSED: ("特别程序，扣除", "paused, not counted"),
    ROLLED: ("期满顺延", "rolled to the next working day"),
}


NATURAL = ("nd", "mo", "yr")
KEPT = 8_192
"""Days of calendars whose kind is kept; twenty years of one."""


class DayAccount(Struct, frozen=True):
    """A day of a clock: its kind, the days counted so far, its name.

    The start's own day is not counted in days; of a limit in hours its hours are.
    """

    day: Day
    kind: str
    number: int
    name: str


def account_days(
    calendar: Calendar, start: Instant, limit: Limit, end: Deadline, until: Day | None = None
) -> list[DayAccount]:
    """Every day from the start to the deadline, or to `until` where that is later."""
    days: list[DayAccount] = []
    number = 0
    for day, kind in _kinds(calendar, start, limit, end, until):
        number += kind in (COUNTED, MAKEUP)
        days.append(DayAccount(day, kind, number, _name(calendar, day)))
    return days


def _kinds(
    calendar: Calendar, start: Instant, limit: Limit, end: Deadline, until: Day | None
) -> Iterator[tuple[Day, str]]:
    first, natural = calendar.day_of(start), limit.unit in NATURAL
    yield first, START
    for day in range(first + 1, max(end.day, until or 0) + 1):
        kind = COUNTED if natural else _kind(calendar, day)
        if end.excluded and kind in (COUNTED, MAKEUP) and paused(end, day):
            kind = PAUSED
        elif natural and end.natural < day <= end.day:
            kind = ROLLED
        yield day, kind


@lru_cache(maxsize=KEPT)
def _kind(calendar: Calendar, day: Day) -> str:
    weekend = (day - 1) % 7 >= 5
    if calendar.works(day):
        return MAKEUP if weekend else COUNTED
    mention = calendar.mentions.get(day)
    return HOLIDAY if mention and (mention.name or not weekend) else WEEKEND


def _name(calendar: Calendar, day: Day) -> str:
    mention = calendar.mentions.get(day)
    return mention.name if mention else ""


def days_of(clock: Clock, until: Day | None = None) -> list[DayAccount]:
    """A clock of a case, day by day."""
    return account_days(clock.terms.calendar, clock.started, clock.limit, clock.end, until)


def runs_of(clock: Clock) -> tuple[Run, ...]:
    """The days of a clock joined to runs of one kind: what a card keeps."""
    days = _kinds(clock.terms.calendar, clock.started, clock.limit, clock.end, None)
    alike = [list(same) for _, same in groupby(days, key=lambda each: each[1])]
    return tuple(Run(_date(same[0][0]), _date(same[-1][0]), same[0][1]) for same in alike)


def _date(day: Day) -> str:
    return date.fromordinal(day).isoformat()


def account_of(clock: Clock) -> Account:
    """The account that a card carries of the clock behind it."""
    calendar = clock.terms.calendar
    first, last = calendar.day_of(clock.started), clock.end.day
    crosses = clock.crosses_at
    item = clock.terms.item
    return Account(
        clock=clock.kind,
        started_at=moment(clock.started, calendar.zone),
        limit=str(clock.limit),
        deadline=_date(last),
        crosses_at=moment(crosses if crosses is not None else 0, calendar.zone),
        mode=clock.terms.policy.mode,
        calendar=calendar.versions(first, last),
        item_version=item.version if item else "",
        extension=clock.extension,
        credit=clock.end.credit // HOUR if clock.limit.unit in ("wh", "sd") else clock.end.credit,
        runs=runs_of(clock),
    )
