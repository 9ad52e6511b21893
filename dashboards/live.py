"""What the pages show, from the warehouse, the log and the runner's pulse."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.alarms import Health, alarms
from projections import lookup, queries
from projections.figures import Alarm, Wall
from projections.lookup import Line
from projections.warehouse import Warehouse
from replay.history import CaseHistory
from replay.telling import tell
from supervision.judgement.calendar import Calendar
from supervision.judgement.catalogue import list_clocks
from supervision.judgement.shelf import Entry, Shelf
from supervision.record import Record

from .source import CaseLine, CasePage

DAYS_AHEAD = 5


class LiveSource:
    """A dashboards.source.Source over the running product. Called from many threads."""

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
        self._shown = shown
        self._health = health
        self._district = district
        self._zone = zone
        self._calendar_name = calendar
        self._speed = speed
        self._shelf: tuple[int, Shelf] = (-1, Shelf())

    def wall(self) -> Wall:
        """The wall as far as time and rows have come."""
        now, measured = self._now()
        today = self._today(now)
        calendar = self._calendar(now)
        first = today.toordinal()
        start = first if calendar.works(first) else calendar.add(first, 1)
        ahead = [start, *(calendar.add(start, n) for n in range(1, DAYS_AHEAD))]
        return queries.wall(
            self._warehouse,
            now,
            self._zone,
            self._district,
            measured=measured,
            working_days=[date.fromordinal(day) for day in ahead],
            alarms=[
                Alarm(code=a.code, severity=a.severity, zh=a.zh, en=a.en)
                for a in alarms(self._known_health(now), today, frozenset(calendar.years))
            ],
            demonstration=self._speed is not None,
            speed=self._speed() if self._speed else 1.0,
        )

    def _known_health(self, now: int) -> Health:
        """The runner's health, and the lists that are overdue."""
        late = [
            c.announcement.code for c in list_clocks(self._lists().view(now), now) if c.late(now)
        ]
        return replace(self._health(), overdue_lists=tuple(late))

    def case(self, source: str, case_no: str, reveal: bool = False) -> CaseHistory | None:
        """The story of a case; free text only with the right, which nobody has yet."""
        stored = self._record.read_case(source, case_no)
        if not stored:
            return None
        now = max(self._now()[0], stored[-1].recorded_at)
        texts = self._record.texts if reveal else None
        return tell(stored, self._lists(), now, texts)

    def find(self, text: str) -> list[tuple[str, str, str]]:
        """Cases by number or item; one that the rows do not have yet is found in the log."""
        found = lookup.find(self._warehouse, text)
        known = {(source, case_no) for source, case_no, _ in found}
        exact = [(s, text.strip(), "") for s in self._record.find_case(text.strip())]
        return [*(e for e in exact if e[:2] not in known), *found][: lookup.FIND_MOST]

    def cases(self, what: str, value: str, after: str, limit: int) -> CasePage:
        """The list behind a figure."""
        when = queries.moment(self._now()[0], self._zone)
        page = lookup.page(self._warehouse, when, what, value, after, limit)
        lines = tuple(_line(line) for line in page.lines)
        return CasePage(lines=lines, total=page.total, next=page.next)

    def _now(self) -> tuple[int, float]:
        now, measured = self._shown()
        if now:
            return now, measured
        return max(self._record.last_stamp(), 1), time.time()

    def _today(self, now: int) -> date:
        return datetime.fromtimestamp(now / 1_000_000, ZoneInfo(self._zone)).date()

    def _lists(self) -> Shelf:
        """The lists of the log, read again when it has grown."""
        head = self._record.head()
        if self._shelf[0] != head:
            stored = self._record.read_lists()
            if len(stored) != len(self._shelf[1].entries):
                entries = (Entry(s.position, s.recorded_at, s.event) for s in stored)
                self._shelf = (head, Shelf(entries))
            else:
                self._shelf = (head, self._shelf[1])
        return self._shelf[1]

    def _calendar(self, now: int) -> Calendar:
        return self._lists().view(now).calendar(self._calendar_name, self._zone)


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
