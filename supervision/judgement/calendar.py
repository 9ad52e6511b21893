"""Working time as known at one moment (domain: 4, R0–R6; Civil Code 201, 203).

A calendar is made from the notices known so far and never changes. Days are proleptic Gregorian
ordinals (`date.toordinal`), instants microseconds since 1970 in UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from itertools import accumulate, compress
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..facts import Instant
from ..lists import CalendarPublished

SECOND = 1_000_000
HOUR = 3_600 * SECOND
OFFICE_HOURS = (("09:00", "12:00"), ("13:00", "17:00"))
"""Used where no notice gives office hours."""
LAST_YEAR = 9998
LAST_DAY = date(LAST_YEAR, 12, 31).toordinal()
"""Where every count ends: the last year of which the next day can be named."""
EPOCH_DAY = date(1970, 1, 1).toordinal()
FIXED_SINCE = 694_224_000 * SECOND
FIXED_UNTIL = 2_145_916_800 * SECOND
"""1992 to 2038: between them a zone of one offset needs no look at its table."""
MARGIN_YEARS = 6
"""Years kept ready on both sides of the notices; further days are computed when asked for."""

Day = int
DAY = 24 * HOUR
_WEEK = [True] * 5 + [False] * 2
"""Monday to Sunday, where no notice says otherwise."""


class Mention(NamedTuple):
    """What the newest notice that mentions a day says of it."""

    works: bool
    name: str
    version: str


class Calendar:
    """Which days and hours offices work, in one zone, by the notices given in order of knowing."""

    def __init__(self, notices: Sequence[CalendarPublished], zone: str = "Asia/Shanghai") -> None:
        self.zone = ZoneInfo(zone)
        self.mentions: dict[Day, Mention] = {}
        self.years: dict[int, str] = {}
        self.hours = _office_hours(OFFICE_HOURS)
        for notice in notices:
            self._take(notice)
        years = [*self.years, *(date.fromordinal(day).year for day in self.mentions)] or [2020]
        self._span(min(years) - MARGIN_YEARS, max(years) + MARGIN_YEARS)
        self._starts: dict[Day, Instant] = {}
        offset = _fixed_offset(zone)
        self._fixed_from = FIXED_UNTIL if offset is None else FIXED_SINCE
        self._shift = (offset or 0) + EPOCH_DAY * DAY
        self._known_from, self._known_to = self._known_span()
        self._mentioned = sorted(self.mentions)

    def _known_span(self) -> tuple[Day, Day]:
        """The newest run of years with a notice, first and last day; none: an empty span."""
        years = sorted(self.years, reverse=True)
        if not years:
            return 1, 0
        run = [y for n, y in enumerate(years) if y == years[0] - n]
        return date(run[-1], 1, 1).toordinal(), date(run[0], 12, 31).toordinal()

    def _take(self, notice: CalendarPublished) -> None:
        if not notice.partial:
            self.years[notice.year] = notice.version
        if notice.hours:
            self.hours = _office_hours(notice.hours)
        for day in notice.days:
            said = Mention(day.works, day.name, notice.version)
            self.mentions[day.date.toordinal()] = said

    def _span(self, first_year: int, last_year: int) -> None:
        """Count the working days of these years: `_before[d]` are those before day d."""
        self._first = date(max(first_year, 1), 1, 1).toordinal()
        self._last = date(min(last_year, LAST_YEAR), 12, 31).toordinal()
        days = range(self._first, self._last + 1)
        weeks = _WEEK[(self._first - 1) % 7 :] + _WEEK * (len(days) // 7 + 1)
        works = weeks[: len(days)]
        for day, said in self.mentions.items():
            if self._first <= day <= self._last:
                works[day - self._first] = said.works
        self._working = list(compress(days, works))
        self._before = list(accumulate(works, initial=0))

    def _reach(self, day: Day) -> None:
        if not self._first <= day <= self._last:
            year = date.fromordinal(min(max(day, 1), date.max.toordinal())).year
            low, high = date.fromordinal(self._first).year, date.fromordinal(self._last).year
            self._span(min(low, year - MARGIN_YEARS), max(high, year + MARGIN_YEARS))

    def works(self, day: Day) -> bool:
        """R0: the newest notice that mentions the day says so; otherwise Monday to Friday."""
        said = self.mentions.get(day)
        return said.works if said else (day - 1) % 7 < 5

    def known(self, day: Day) -> bool:
        """R5: whether the notice of the day's year is published."""
        return date.fromordinal(day).year in self.years

    def unknown_between(self, first: Day, last: Day) -> bool:
        """Whether any year from the first day's to the last day's has no notice."""
        if self._known_from <= first and last <= self._known_to:
            return False
        low, high = date.fromordinal(first).year, date.fromordinal(last).year
        return any(year not in self.years for year in range(low, high + 1))

    def versions(self, first: Day, last: Day) -> tuple[str, ...]:
        """R6: the notices that decide the days from first to last."""
        low, high = date.fromordinal(first).year, date.fromordinal(last).year
        yearly = [self.years[year] for year in range(low, high + 1) if year in self.years]
        said = self._mentioned
        days = said[bisect_left(said, first) : bisect_right(said, last)]
        by_day = {self.mentions[day].version for day in days}
        return tuple(sorted({*yearly, *by_day}))

    def count(self, after: Day, until: Day) -> int:
        """Working days in (after, until]; negative when until lies before after."""
        self._reach(after)
        self._reach(until)
        return self._before[until - self._first + 1] - self._before[after - self._first + 1]

    def add(self, start: Day, working_days: int) -> Day:
        """R1, R2: the n-th working day after the start, which is not counted; n ≥ 1."""
        self._reach(start)
        index = self._before[start - self._first + 1] + working_days - 1
        while index >= len(self._working) and self._last < LAST_DAY:
            self._reach(self._last + 366)
        return self._working[min(index, len(self._working) - 1)]

    def roll(self, day: Day) -> Day:
        """R3: the day itself if offices work on it, else the next working day."""
        return self.add(day - 1, 1)

    def back(self, day: Day, working_days: int) -> Day:
        """The n-th working day before the day, which is not counted; n ≥ 1."""
        self._reach(day)
        self._reach(max(day - 2 * working_days - 366, 1))
        return self._working[bisect_left(self._working, day) - working_days]

    def day_of(self, at: Instant) -> Day:
        """The day of an instant in the calendar's zone."""
        if self._fixed_from <= at < FIXED_UNTIL:
            return (at + self._shift) // DAY
        return datetime.fromtimestamp(at // SECOND, self.zone).toordinal()

    def start_of(self, day: Day) -> Instant:
        """00:00 of the day in the calendar's zone."""
        start = self._starts.get(day)
        if start is None:
            midnight = datetime.combine(date.fromordinal(day), time(), self.zone)
            start = self._starts[day] = int(midnight.timestamp()) * SECOND
        return start

    def at_time_of(self, moment: Instant, day: Day) -> Instant:
        """The moment's time of day in the zone, on another day."""
        local = datetime.fromtimestamp(moment // SECOND, self.zone)
        there = datetime.combine(date.fromordinal(day), local.time(), self.zone)
        return int(there.timestamp()) * SECOND + moment % SECOND

    def office_spans(self, day: Day) -> list[tuple[Instant, Instant]]:
        """The office hours of a day as instants; none on a day on which offices do not work."""
        if not self.works(day):
            return []
        midnight = self.start_of(day)
        if self.start_of(day + 1) - midnight == 24 * HOUR:
            return [(midnight + low, midnight + high) for low, high in self.hours]
        base = datetime.combine(date.fromordinal(day), time(), self.zone)
        return [(_wall(base, low), _wall(base, high)) for low, high in self.hours]

    def within_hours(self, at: Instant) -> bool:
        """Whether an instant lies between a working day's first opening and last closing."""
        spans = self.office_spans(self.day_of(at))
        return bool(spans) and spans[0][0] <= at < spans[-1][1]

    def hours_between(self, start: Instant, end: Instant) -> int:
        """Office time in microseconds between two instants."""
        if end <= start:
            return 0
        first, last = self.day_of(start), self.day_of(end)
        total = 0
        for day in {first, last}:
            for low, high in self.office_spans(day):
                total += max(0, min(high, end) - max(low, start))
        whole = self.count(first, last - 1) if last > first else 0
        return total + whole * sum(high - low for low, high in self.hours)

    def add_hours(self, start: Instant, span: int) -> Instant:
        """The instant at which `span` microseconds of office time after the start are used up."""
        day, left = self.day_of(start), span
        while day < LAST_DAY:
            for low, high in self.office_spans(day):
                low = max(low, start)
                if high > low:
                    if high - low >= left:
                        return low + left
                    left -= high - low
            day = self.add(day, 1)
        return self.start_of(LAST_DAY)


@lru_cache
def _fixed_offset(zone: str) -> int | None:
    """The zone's offset in microseconds where it has been one since 1992; None where it changes."""
    offsets = {
        datetime(year, month, 1, tzinfo=ZoneInfo(zone)).utcoffset()
        for year in range(1992, 2038)
        for month in (1, 4, 7, 10)
    }
    offset = offsets.pop()
    return None if offsets or offset is None else int(offset.total_seconds()) * SECOND


def _wall(base: datetime, offset: int) -> Instant:
    hour, rest = divmod(offset // SECOND, 3_600)
    return int(base.replace(hour=hour, minute=rest // 60).timestamp()) * SECOND


def _office_hours(pairs: Iterable[tuple[str, str]]) -> list[tuple[int, int]]:
    """Opening and closing in microseconds after midnight; pairs that make no sense are left out
    (publishing refuses them), and without any the usual hours hold.
    """
    read = [(_offset(low), _offset(high)) for low, high in pairs]
    good = sorted((low, high) for low, high in read if low is not None and high is not None)
    hours = [(low, high) for low, high in good if low < high]
    return hours or _office_hours(OFFICE_HOURS)


def _offset(text: str) -> int | None:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) <= 24 and int(minute) < 60):
        return None
    return (int(hour) * 60 + int(minute)) * 60 * SECOND
