"""What the pages show, from the warehouse, the log and the runner's pulse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from copy import copy
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.alarms import Health, alarms
from projections import card_queries, lookup, queries
from projections.card_queries import CardPage, Turn, Wanted
from projections.figures import Alarm, Wall
from projections.lookup import Line
from projections.view import View
from projections.warehouse import Warehouse
from replay.derive import announced
from replay.history import CaseHistory
from replay.lines import Timeline
from replay.telling import tell
from replay.timeline import timeline
from supervision.facts import Instant
from supervision.judgement.calendar import Calendar
from supervision.judgement.catalogue import list_clocks
from supervision.judgement.shelf import Entry, Lists, Shelf
from supervision.record import Record

from .past import KnownIncidents, LogPast
from .source import CaseLine, CasePage

DAYS_AHEAD = 5
HIDDEN = "••••"
"""What a narrowed view is told of a halted case: it may be anybody's."""


class KnownLists:
    """The lists of the log, read again when it has grown. Called from many threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._known: tuple[int, Shelf] = (-1, Shelf())
        self._announced: tuple[Shelf, Shelf] = (self._known[1], Shelf())

    def shelf(self) -> Shelf:
        """All of them."""
        head = self._record.head()
        if self._known[0] != head:
            stored = self._record.read_lists()
            if len(stored) != len(self._known[1].entries):
                entries = (Entry(s.position, s.recorded_at, s.event) for s in stored)
                self._known = (head, Shelf(entries))
            else:
                self._known = (head, self._known[1])
        return self._known[1]

    def announced(self) -> Shelf:
        """The same, each known from its announcement on."""
        shelf, known = self.shelf(), self._announced
        if known[0] is not shelf:
            known = self._announced = (shelf, announced(shelf))
        return known[1]


class LiveSource:
    """A dashboards.source.WholeSource over the running product, or a part of one. Called from many
    threads.
    """

    def __init__(
        self,
        record: Record,
        warehouse: Warehouse,
        shown: Callable[[], tuple[int, float]],
        health: Callable[[], Health],
        *,
        district: str,
        zone: str = "Asia/Shanghai",
        calendar: str = "CN",
        speed: Callable[[], float] | None = None,
    ) -> None:
        self._record = record
        self._warehouse = warehouse
        self._view = View(warehouse, None)
        self._shown = shown
        self._health = health
        self._district = district
        self._zone = zone
        self._calendar_name = calendar
        self._speed = speed
        self._lists = KnownLists(record)
        self._incidents = KnownIncidents(record)

    def within(self, departments: Iterable[str] | None, title: str = "") -> LiveSource:
        """What of it is of these departments (None: all), under a title of its own if one is given.

        Cheap; never more than is seen here already.
        """
        part = copy(self)
        part._view = self._view.within(departments)
        part._district = title or self._district
        return part

    def wall(self) -> Wall:
        """The wall as far as time and rows have come."""
        now, measured = self._now()
        return self._wall(self._view, self._district, now, measured, self._health())

    def past(self) -> LogPast:
        """The walls that were, by what was known then."""
        return LogPast(
            self._record,
            self._warehouse,
            self._view,
            self._zone,
            lambda: self._shown()[0],
            self._incidents,
            self._past_wall,
            self._district,
        )

    def _past_wall(
        self, view: View, title: str, now: Instant, measured: float, incidents: int
    ) -> Wall:
        return self._wall(view, title, now, measured, Health(incidents=incidents))

    def _wall(self, view: View, title: str, now: Instant, measured: float, health: Health) -> Wall:
        """Of a view, with the days to come and the alarms by the lists known at `now`."""
        today, calendar = self._today(now), self._calendar(now)
        first = today.toordinal()
        start = first if calendar.works(first) else calendar.add(first, 1)
        ahead = [start, *(calendar.add(start, n) for n in range(1, DAYS_AHEAD))]
        known = self._known_health(view, now, health)
        return queries.wall(
            view,
            now,
            self._zone,
            title,
            measured=measured,
            working_days=[date.fromordinal(day) for day in ahead],
            alarms=[
                Alarm(code=a.code, severity=a.severity, zh=a.zh, en=a.en)
                for a in alarms(known, today, frozenset(calendar.years))
            ],
            demonstration=self._speed is not None,
            speed=self._speed() if self._speed else 1.0,
        )

    def _known_health(self, view: View, now: Instant, health: Health) -> Health:
        """The runner's health, and the lists that are overdue; without what is another's."""
        lists = self._lists.shelf().view(now)
        late = (clock.announcement.code for clock in list_clocks(lists, now) if clock.late(now))
        overdue = tuple(code for code in late if view.sees(_keeper(lists, code, now)))
        halted = health.halted if view.departments is None else (HIDDEN,) * len(health.halted)
        if view.departments is None:
            return replace(health, overdue_lists=overdue)
        watch = HIDDEN if health.watch_failed else ""
        return replace(health, overdue_lists=overdue, halted=halted, watch_failed=watch)

    def case(self, source: str, case_no: str, reveal: bool = False) -> CaseHistory | None:
        """The story of a case that is seen; free text only with the right, which the caller checks.

        One that is another department's is answered as one that does not exist.
        """
        stored = self._record.read_case(source, case_no)
        if not stored:
            return None
        now = max(self._now()[0], stored[-1].recorded_at)
        told = tell(stored, self._lists.shelf(), now)
        if told is None or not self._view.sees(told.department):
            return None
        return tell(stored, self._lists.shelf(), now, self._record.texts) if reveal else told

    def timeline(self, source: str, case_no: str) -> Timeline | None:
        """The case on its two lines, where it is seen; as for `case`."""
        stored = self._record.read_case(source, case_no)
        if not stored:
            return None
        now = max(self._now()[0], stored[-1].recorded_at)
        told = timeline(stored, self._lists.shelf(), now, self._lists.announced())
        return told if told and self._view.sees(told.department) else None

    def find(self, text: str) -> list[tuple[str, str, str]]:
        """Cases by number or item; one that the rows do not have yet is found in the log."""
        found = lookup.find(self._view, text)
        known, number = {(source, case_no) for source, case_no, _ in found}, text.strip()
        others = (s for s in self._record.find_case(number) if (s, number) not in known)
        exact = [(source, number, "") for source in others if self._has(source, number)]
        return [*exact, *found][: lookup.FIND_MOST]

    def _has(self, source: str, case_no: str) -> bool:
        """Whether a case of the log is seen; of one that is, nothing need be told to know it."""
        return self._view.departments is None or self.case(source, case_no) is not None

    def cases(self, what: str, value: str, after: str, limit: int) -> CasePage:
        """The list behind a figure."""
        when = queries.moment(self._now()[0], self._zone)
        page = lookup.page(self._view, when, what, value, after, limit)
        lines = tuple(_line(line) for line in page.lines)
        return CasePage(lines=lines, total=page.total, next=page.next)

    def cards(self, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
        """The grid of cards."""
        return card_queries.page(self._view, self._now()[0], self._zone, wanted, turn, limit)

    def _now(self) -> tuple[int, float]:
        now, measured = self._shown()
        if now:
            return now, measured
        return max(self._record.last_stamp(), 1), time.time()

    def _today(self, now: int) -> date:
        return datetime.fromtimestamp(now / 1_000_000, ZoneInfo(self._zone)).date()

    def _calendar(self, now: int) -> Calendar:
        return self._lists.shelf().view(now).calendar(self._calendar_name, self._zone)


def _keeper(lists: Lists, code: str, now: Instant) -> str:
    """The department whose item it is, by its list in force; "" for one not published yet."""
    item = lists.item(code, now, now)
    return item.department if item else ""


def _line(line: Line) -> CaseLine:
    zh, en = _state(line)
    return CaseLine(
        source=line.source,
        case_no=line.case_no,
        item_name=line.item_name,
        department=line.department,
        light=line.light,
        deadline=line.deadline,
        clock=line.clock,
        state_zh=zh,
        state_en=en,
        history=line.history,
        provisional=line.provisional,
    )


def _state(line: Line) -> tuple[str, str]:
    if line.concluded_at:
        return f"办结：{line.result}", f"concluded: {line.result}"
    return ("办理中", "in progress") if line.accepted_at else ("待受理", "not yet accepted")
