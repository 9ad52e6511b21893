"""A clock day by day: what was counted, what was not, and why (domain: 6, what a card carries)."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from ..acts import Account, Run
from ..facts import Instant
from .calendar import HOUR, Calendar, Day
from .cards import moment
from .deadline import Deadline, Limit
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


class DayAccount(NamedTuple):
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
    first = calendar.day_of(start)
    days = [DayAccount(first, START, 0, _name(calendar, first))]
    number, rolls = 0, _rolls_from(calendar, limit, end)
    for day in range(first + 1, max(end.day, until or 0) + 1):
        kind = _kind(calendar, limit, end, day)
        if kind == COUNTED and rolls <= day <= end.day:
            kind = ROLLED
        if kind in (COUNTED, MAKEUP):
            number += 1
        days.append(DayAccount(day, kind, number, _name(calendar, day)))
    return days


def _rolls_from(calendar: Calendar, limit: Limit, end: Deadline) -> Day:
    """The first day by which a limit in natural days was only rolled on (R3)."""
    if limit.unit not in NATURAL:
        return end.day + 1
    return end.natural + 1


def _kind(calendar: Calendar, limit: Limit, end: Deadline, day: Day) -> str:
    if any(low <= day <= high for low, high in end.excluded) and (
        calendar.works(day) or limit.unit in NATURAL
    ):
        return PAUSED
    mention = calendar.mentions.get(day)
    if limit.unit in NATURAL:
        return COUNTED
    if calendar.works(day):
        weekend = (day - 1) % 7 >= 5
        return MAKEUP if weekend else COUNTED
    return HOLIDAY if mention and (mention.name or (day - 1) % 7 < 5) else WEEKEND


def _name(calendar: Calendar, day: Day) -> str:
    mention = calendar.mentions.get(day)
    return mention.name if mention else ""


def days_of(clock: Clock, until: Day | None = None) -> list[DayAccount]:
    """A clock of a case, day by day."""
    return account_days(clock.terms.calendar, clock.started, clock.limit, clock.end, until)


def runs_of(days: list[DayAccount]) -> tuple[Run, ...]:
    """The days joined to runs of one kind: what a card keeps."""
    runs: list[tuple[Day, Day, str]] = []
    for account in days:
        if runs and runs[-1][2] == account.kind:
            runs[-1] = (runs[-1][0], account.day, account.kind)
        else:
            runs.append((account.day, account.day, account.kind))
    return tuple(
        Run(date.fromordinal(low).isoformat(), date.fromordinal(high).isoformat(), kind)
        for low, high, kind in runs
    )


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
        deadline=date.fromordinal(last).isoformat(),
        crosses_at=moment(crosses if crosses is not None else 0, calendar.zone),
        mode=clock.terms.policy.mode,
        calendar=calendar.versions(first, last),
        item_version=item.version if item else "",
        extension=clock.extension,
        credit=clock.end.credit // HOUR if clock.limit.unit in ("wh", "sd") else clock.end.credit,
        runs=runs_of(days_of(clock)),
    )
