"""When people of the city work: instants in and around office hours."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random

from ..facts import EPOCH, Instant
from ..judgement.calendar import HOUR, SECOND, Calendar
from ..published import calendars

CHINA = timezone(timedelta(hours=8))
MINUTE = 60 * SECOND
DAY = 24 * HOUR
DAY_HOURS = 7
"""Office hours in a working day of the calendars."""


def city_calendar() -> Calendar:
    """The calendar by all notices that come with the product."""
    notices = sorted(calendars(), key=lambda notice: notice.announced_at)
    return Calendar(notices)


def shown(at: Instant) -> datetime:
    """An instant as the departments report it, to the second."""
    return (EPOCH + timedelta(seconds=at // SECOND)).astimezone(CHINA)


def opened(calendar: Calendar, at: Instant) -> Instant:
    """The instant itself in office hours, else the next opening."""
    for low, high in calendar.office_spans(calendar.day_of(at)):
        if at < high:
            return max(at, low)
    following = calendar.add(calendar.day_of(at), 1)
    return calendar.office_spans(following)[0][0]


def after(calendar: Calendar, at: Instant, hours: float) -> Instant:
    """So many office hours later, to the second."""
    spent = calendar.add_hours(at, max(SECOND, int(hours * 3_600) * SECOND))
    return spent - spent % SECOND


def days_after(calendar: Calendar, at: Instant, days: int, random: Random) -> Instant:
    """Some time in the office hours of the n-th working day after; of the same day if n is 0."""
    if days == 0:
        return after(calendar, at, 0.2 + 2 * random.random())
    low, high = _span(calendar, calendar.add(calendar.day_of(at), days), random)
    return low + int((high - low) * random.random()) // SECOND * SECOND


def _span(calendar: Calendar, day: int, random: Random) -> tuple[Instant, Instant]:
    spans = calendar.office_spans(day)
    return spans[0] if random.random() < 0.55 else spans[-1]
