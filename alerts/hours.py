"""When people are told: waits in working time, and the hours in which they may be reached. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from supervision.facts import Instant
from supervision.judgement.calendar import SECOND, Calendar
from supervision.judgement.deadline import Limit, deadline, listed_limit

MINUTE = 60 * SECOND
LONGEST = 366
"""Days within which offices work again."""


def end_of(calendar: Calendar, since: Instant, wait: str) -> Instant:
    """When a wait is over: "4wh" of office hours, "1wd" and so on; at once where it is none."""
    limit = listed_limit(wait)
    if limit is None or not limit.n:
        return since
    if limit.unit == "wd":
        limit = Limit(limit.n, "wd")
        return calendar.at_time_of(since, calendar.add(calendar.day_of(since), limit.n))
    end = deadline(calendar, since, limit)
    return end.ends_at


def waking(calendar: Calendar, hours: Sequence[tuple[str, str]], at: Instant) -> Instant:
    """The instant itself if it lies in these hours of a working day, else when they next begin."""
    day = calendar.day_of(at)
    for later in range(day, day + LONGEST):
        if calendar.works(later):
            for opens, closes in hours:
                start = calendar.start_of(later) + _minutes(opens)
                if at < calendar.start_of(later) + _minutes(closes):
                    return max(at, start)
    return at


def last_at(calendar: Calendar, time: str, now: Instant) -> tuple[str, Instant]:
    """The last working day, as ISO date, on which this time of day has come, and that instant."""
    day = calendar.day_of(now)
    if not calendar.works(day) or calendar.start_of(day) + _minutes(time) > now:
        day = calendar.back(day, 1)
    return iso(day), calendar.start_of(day) + _minutes(time)


def next_at(calendar: Calendar, time: str, now: Instant) -> Instant:
    """The next instant at which this time of day comes on a working day."""
    day = calendar.day_of(now)
    if calendar.works(day) and calendar.start_of(day) + _minutes(time) > now:
        return calendar.start_of(day) + _minutes(time)
    return calendar.start_of(calendar.add(day, 1)) + _minutes(time)


def iso(day: int) -> str:
    """A day number as an ISO date."""
    return date.fromordinal(day).isoformat()


def _minutes(text: str) -> Instant:
    hour, _, minute = text.partition(":")
    return (int(hour) * 60 + int(minute)) * MINUTE
