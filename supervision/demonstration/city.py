"""The city: whatever is reported of its cases between two instants, from a seed and nothing else.

Each day's cases are drawn from the seed and the day, and each case's whole course at its birth.
So any process can go on from any instant without a state, and two see the same city.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from itertools import accumulate
from random import Random

from ..facts import Instant
from ..judgement.calendar import SECOND, Calendar
from ..lists import ItemPublished, PostGranted
from ..record import Incoming
from .course import Birth
from .desks import is_slow
from .draw import dice, pick, share
from .habits import ONLINE, Pace
from .items import catalogue, weights
from .office import DAY, city_calendar
from .reporting import SOURCE, Reported, course
from .staff import people, posts

CASES_A_DAY = 400
"""Cases received on a working day, give or take a fifth."""
DAYS_OFF = 0.05
"""Share of that on a day without work, all online."""
LONGEST = 120
"""Days after its birth within which all of a case is reported; what came later is not."""
IN_BATCHES = 0.15
"""Share of departments that report once a day."""
PEAKS = (((10 * 60 + 5, 50.0), 0.5), ((14 * 60 + 40, 55.0), 0.4))
"""Minutes after midnight of the morning's and the afternoon's peak, their width, their share."""
CHANNELS = (("窗口", 0.6), ("网上", 0.3), ("自助终端", 0.1))


class City:
    """An invented city; no state but what it remembers of days already drawn."""

    def __init__(
        self,
        seed: int,
        start_day: date,
        cases_a_day: int = CASES_A_DAY,
        calendar: Calendar | None = None,
    ) -> None:
        self.seed = seed
        self.calendar = calendar or city_calendar()
        self.items = catalogue()
        self._cumulated = list(accumulate(weights()))
        self._first = start_day.toordinal()
        self._cases_a_day = cases_a_day
        self._drawn: dict[int, tuple[Instant, list[Reported]]] = {}
        names = sorted({item.department for item in self.items})
        self._staff = {name: people(n) for n, name in enumerate(names, 1)}
        self._paces = {name: _pace(seed, name) for name in names}

    @property
    def begins(self) -> Instant:
        """00:00 of its first day: nothing happens before."""
        return self.calendar.start_of(self._first)

    @property
    def departments(self) -> tuple[str, ...]:
        """Their names, in order: the n-th has the staff of that number."""
        return tuple(self._staff)

    def posts(self) -> list[PostGranted]:
        """Who holds which post."""
        return posts(len(self._staff), SOURCE)

    def facts_between(self, since: Instant, until: Instant) -> list[tuple[Instant, Incoming]]:
        """What is recorded later than `since` and not later than `until`, in order."""
        last = self.calendar.day_of(until)
        found: list[tuple[Instant, Incoming]] = []
        for day in range(max(self._first, self.calendar.day_of(since) - LONGEST), last + 1):
            found += self._of_day(day, since, until)
        return sorted(found, key=_order)

    def _of_day(self, day: int, since: Instant, until: Instant) -> list[Reported]:
        """The part of a day's cases that falls between; what lies before is forgotten."""
        known_from, reported = self._drawn.get(day, (0, None))
        if reported is None or since < known_from:
            reported = self._draw(day)
        past = bisect_right(reported, since, key=_stamp)
        rest = reported[past:] if past else reported
        self._drawn[day] = (since, rest)
        return rest[: bisect_right(rest, until, key=_stamp)]

    def _draw(self, day: int) -> list[Reported]:
        random = dice(self.seed, "day", day)
        works = self.calendar.works(day)
        number = int(self._cases_a_day * (0.8 + 0.4 * random.random()) * (1 if works else DAYS_OFF))
        arrivals = sorted(_arrival(random, works=works) for _ in range(number))
        end = self.calendar.start_of(day) + LONGEST * DAY
        reported = [
            each
            for n, (minute, channel) in enumerate(arrivals, 1)
            for each in course(self._born(day, n, minute, channel), self.calendar)
            if each.stamp < end
        ]
        return sorted(reported, key=_order)

    def _born(self, day: int, number: int, minute: float, channel: str) -> Birth:
        random = dice(self.seed, "case", day, number)
        item = self._item(random)
        return Birth(
            case_no=f"DEMO-{date.fromordinal(day):%Y%m%d}-{number:05d}",
            item=item,
            staff=self._staff[item.department],
            pace=self._paces[item.department],
            received=self.calendar.start_of(day) + int(minute * 60) * SECOND,
            channel=channel,
            random=random,
        )

    def _item(self, random: Random) -> ItemPublished:
        at = random.random() * self._cumulated[-1]
        return self.items[min(bisect_right(self._cumulated, at), len(self.items) - 1)]


def _stamp(reported: Reported) -> Instant:
    return reported.stamp


def _order(reported: tuple[Instant, Incoming]) -> tuple[Instant, str, str]:
    return reported[0], reported[1].fact.case_no, reported[1].fact.id


def _arrival(random: Random, *, works: bool) -> tuple[float, str]:
    """Minute of the day and channel; outside office hours everything comes online."""
    drawn = random.random()
    for (peak, width), part in PEAKS if works else ():
        drawn -= part
        if drawn < 0:
            minute = min(max(random.gauss(peak, width), 9 * 60.0 + 1), 16 * 60.0 + 55)
            return minute, pick(CHANNELS, random.random())
    return 7 * 60 + 16 * 60 * random.random(), ONLINE[random.random() < 0.5]


def _pace(seed: int, department: str) -> Pace:
    drawn = share(seed, "pace", department)
    batches = share(seed, "batches", department) < IN_BATCHES
    slot = int(40 * share(seed, "slot", department))
    if is_slow(seed, department):
        return Pace(0.5 + 0.15 * drawn, 0.025, 0.004, batches, slot)
    return Pace(0.3 + 0.22 * drawn, 0.005, 0.001, batches, slot)
