"""The wall at a past instant: what it showed then, by what was known then.

The rows are those as of the last event recorded up to the instant (projections/past.py), the days
to come and the alarms about lists by the lists known then, the figures made by the very functions
of the live wall. The zone is that of now. What the system knew of itself only while it ran (a
gateway that did not answer, rows that were behind) is in no log and is not shown again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from projections.contributions import SLOT
from projections.figures import Wall
from projections.past import PastView, first_told, position_at
from projections.rows import UNLISTED
from projections.view import View
from projections.warehouse import Warehouse
from supervision.errors import SupervisionError
from supervision.facts import Instant
from supervision.facts import instant as instant_of
from supervision.record import Record
from supervision.store.mapping import moment
from supervision.streams import INCIDENTS
from supervision.system import IncidentRecorded

from .words_replay import finding

NOW = "now"
"""Instead of an instant: the latest that can be shown."""
TOLD_FOR = 86_400_000_000
"""Microseconds for which the wall tells that something was refused (embedded.TOLD_FOR)."""
REGISTERED = """
select department from register where {scope} and department != '' group by department
having sum(sign) > 0
"""
EVER = "select department from case_changes where {scope} and department != '' group by department"
"""Also those that have no case any more."""
SEVERITIES = ("reminder", "yellow", "red")
ISSUED = f"""
select intDiv(issued_at, {SLOT}), {", ".join(f"sum(sign * (severity = '{s}'))" for s in SEVERITIES)}
from cards where {{scope}} and source != '' and state != 'proposed' and history = 0
  and issued_at >= {{since:Int64}} and issued_at < {{until:Int64}}
group by intDiv(issued_at, {SLOT}) having sum(sign) > 0 order by intDiv(issued_at, {SLOT})
"""
FIRST_YEAR, LAST_YEAR = 1970, 2105


class NotTold(SupervisionError):
    """There is no wall of that instant; `code` (words_replay.FINDINGS) says why."""

    def __init__(self, code: str, **fill: object) -> None:
        super().__init__(finding(code, "en", **fill))
        self.code = code
        self.zh, self.en = finding(code, "zh", **fill), str(self)


class Span(Struct, frozen=True):
    """The first and the last instant that can be shown (µs)."""

    first: Instant
    last: Instant


class Issued(Struct, frozen=True, array_like=True):
    """Cards issued in the ten minutes from `at` (µs) on, also those withdrawn since."""

    at: Instant
    reminders: int
    yellows: int
    reds: int


class Past(Protocol):
    """The past of what somebody may see."""

    zone: str
    """In which days and instants are written."""

    @property
    def departments(self) -> frozenset[str] | None:
        """Whose it is; None: all."""

    def of(self, department: str) -> Past:
        """That of one department. Raises NotTold where there is none for whoever asks."""

    def names(self) -> list[str]:
        """The departments that are seen, by name."""

    def span(self) -> Span:
        """Of what there is a past. Raises NotTold where there is none."""

    def latest(self) -> Instant:
        """Up to when all is in the rows; 0 while that is not known. Cheap."""

    def wall(self, at: Instant) -> Wall:
        """The wall of an instant within the span. Raises NotTold for one that is not."""

    def issued(self, day: date) -> list[Issued]:
        """When cards were issued on a day."""


class Drawing(Protocol):
    """What makes a wall of a view (LiveSource)."""

    def __call__(
        self, view: View, title: str, now: Instant, measured: float, incidents: int
    ) -> Wall:
        """The wall at an instant, with so many refusals of the last day."""


class KnownIncidents:
    """When something with a known id and other content was refused. Called from many threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._known: tuple[int, tuple[Instant, ...]] = (0, ())

    def of_the_day(self, at: Instant) -> int:
        """How many in the day before an instant."""
        version, known = self._known
        new = self._record.read_stream(INCIDENTS, version)
        if new:
            refused = [
                each.recorded_at
                for each in new
                if isinstance(event := each.event, IncidentRecorded)
                and event.kind == "same_id_other_content"
            ]
            known = (*known, *refused)
            self._known = (new[-1].version, known)
        return sum(at - TOLD_FOR < one <= at for one in known)


class LogPast:
    """A Past over the log and its warehouse. Called from many threads."""

    def __init__(
        self,
        record: Record,
        warehouse: Warehouse,
        view: View,
        zone: str,
        judged: Callable[[], Instant],
        incidents: KnownIncidents,
        drawing: Drawing,
        title: str,
    ) -> None:
        """`judged` tells up to which instant all is in the rows, 0 while that is not known."""
        self._record, self._warehouse, self._view = record, warehouse, view
        self._judged, self._incidents = judged, incidents
        self._drawing, self._title = drawing, title
        self.zone = zone

    @property
    def departments(self) -> frozenset[str] | None:
        """Whose it is; None: all."""
        return self._view.departments

    def of(self, department: str) -> LogPast:
        """That of one department. Raises NotTold where there is none for whoever asks."""
        view = self._view.within((department,))
        if department == UNLISTED or not any(
            view.query(f"{q} limit 1") for q in (REGISTERED, EVER)
        ):
            raise NotTold("no_department", what=department[:60])
        return LogPast(
            self._record,
            self._warehouse,
            view,
            self.zone,
            self._judged,
            self._incidents,
            self._drawing,
            department,
        )

    def names(self) -> list[str]:
        """The departments that are seen and have had a case, also those that have none any more,
        by name; cases of no department are not one's.
        """
        rows = [*self._view.query(REGISTERED), *self._view.query(EVER)]
        return sorted({str(name) for (name,) in rows} - {UNLISTED})

    def latest(self) -> Instant:
        """Up to when all is in the rows; 0 while that is not known. Cheap."""
        return self._judged()

    def span(self) -> Span:
        """Of what there is a past. Raises NotTold where there is none."""
        if not self._record.head():
            raise NotTold("empty")
        last = self._judged()
        if not last:
            raise NotTold("starting")
        return Span(first_told(self._record, self._warehouse), last)

    def wall(self, at: Instant) -> Wall:
        """The wall of an instant within the span. Raises NotTold for one that is not."""
        self._check(at, self.span())
        position, recorded_at = position_at(self._record, at)
        view = PastView(self._warehouse, self.departments, position, recorded_at, self.zone)
        return self._drawing(view, self._title, at, 0.0, self._incidents.of_the_day(at))

    def issued(self, day: date) -> list[Issued]:
        """When cards were issued on a day."""
        since, until = day_bounds(day, self.zone)
        rows = self._view.query(ISSUED, since=since, until=until)
        return [Issued(int(slot) * SLOT, *map(int, counts)) for slot, *counts in rows]

    def _check(self, at: Instant, span: Span) -> None:
        if span.first <= at <= span.last:
            return
        told = {"at": written(at, self.zone)}
        if at > span.last:
            raise NotTold("future", **told, last=written(span.last, self.zone))
        first = written(span.first, self.zone)
        code = "before" if at < self._record.recorded_at(1) else "not_kept"
        raise NotTold(code, **told, first=first)


def read_instant(text: str, zone: str, latest: Instant) -> Instant:
    """The instant that an address means, in the zone unless it says another; NOW is the latest.
    Raises NotTold.
    """
    if text in ("", NOW):
        return latest
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR < found.year <= LAST_YEAR:
        raise NotTold("unreadable", what=text[:40], zone=zone)
    return instant_of(found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone)))


def read_day(text: str, zone: str) -> date:
    """A day by its ISO date. Raises NotTold."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not FIRST_YEAR < found.year < LAST_YEAR:
        raise NotTold("unreadable", what=text[:40], zone=zone)
    return found


def day_of(at: Instant, zone: str) -> date:
    """The day in which an instant lies."""
    return moment(at).astimezone(ZoneInfo(zone)).date()


def day_bounds(day: date, zone: str) -> tuple[Instant, Instant]:
    """The instants at which a day begins and ends."""
    info = ZoneInfo(zone)
    begin, end = (datetime.combine(day + timedelta(n), time(), info) for n in (0, 1))
    return instant_of(begin), instant_of(end)


def written(at: Instant, zone: str) -> str:
    """An instant in an address: 2026-03-16T10:00:00, with microseconds only where there are any,
    and with its offset in the hour that a zone lives through twice.
    """
    local = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(ZoneInfo(zone))
    rest = at % 1_000_000
    offset = f"{local:%z}" if local.fold else ""
    return f"{local:%Y-%m-%dT%H:%M:%S}" + (f".{rest:06}" if rest else "") + offset
