"""The wall's figures: one SQL for both engines, and what is made of its rows.

Every count is `sum(sign × …)` over the table of open cases, or a sum of what the days added. A
light is not stored: it follows from the crossings and `now`, so the wall turns a case yellow at the
instant, whether or not the card has been written. Lists that show single rows take the nearest in a
window that is widened until it holds enough: rows that cancel each other are grouped only there.

The wall is that of the view's rows: those of now, or as of a past instant (past.PastView).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, convert

from .contributions import SLOT
from .efficiency import CardCounts, Inputs, Score, early, on_time, overdue, speed_up, worst_first
from .efficiency import score as policy_score
from .figures import (
    Alarm,
    Curve,
    DepartmentFigures,
    DueDay,
    Kpi,
    LatestCard,
    NextDeadline,
    StreamEvent,
    Wall,
)
from .rows import CardRow, EventRow
from .view import View
from .warehouse import Scalar

DEADLINES = 14
"""Rows of 即将到期, … """
CARDS = 12
"""… of 最新发牌, …"""
STREAM = 14
"""… and of 实时办件: what the wall has room for."""
DUE_DAYS = 5
"""Days of 未来五个工作日到期."""

HOUR = 3_600_000_000
EVER = 2**62
DEADLINE_WINDOWS = (HOUR, 8 * HOUR, 72 * HOUR, EVER)
CARD_WINDOWS = (8 * HOUR, 72 * HOUR, 720 * HOUR, EVER)
STREAM_WINDOWS = (200, 20_000, 2_000_000)
"""Widths tried one after the other: microseconds, and positions of the log."""


def shared_fields(shown: type[Struct], row: type[Struct]) -> tuple[str, ...]:
    """What a figure takes from a row; what the row has not keeps the figure's default."""
    return tuple(name for name in shown.__struct_fields__ if name in row.__struct_fields__)


LIGHT = (
    "multiIf((red_at != 0 and red_at <= {now:Int64}) or red > 0, 3,"
    " (yellow_at != 0 and yellow_at <= {now:Int64}) or yellow > 0, 2,"
    " (warn_at != 0 and warn_at <= {now:Int64}) or reminder > 0, 1, 0)"
)
"""The highest of a row's own ladder at `now` and of its standing cards: 0 normal … 3 red."""

PAST_LIMIT = (
    "(yellow_at != 0 and yellow_at <= {now:Int64}) or (red_at != 0 and red_at <= {now:Int64})"
)

OPEN = f"""
select department, sum(sign), sum(sign * (light = 1)), sum(sign * (light = 2)),
  sum(sign * (light = 3)), sum(sign * today), sum(sign * overdue), sum(sign * provisional)
from (
  select department, sign, provisional, {LIGHT} as light, {PAST_LIMIT} as overdue,
    due_day = {{today:Date}} and stopped_at = 0 as today
  from open_cases where {{scope}} and source != ''
)
group by department having sum(sign) != 0
"""

SUMS = (
    "received", "accepted", "concluded", "on_time", "early", "late", "legal_days", "legal_used",
    "saved_days", "facts", "late_entries", "ratings", "good_ratings", "reminders", "yellows",
    "reds", "violation_reminders", "violation_yellows", "violation_reds",
)  # fmt: skip
TODAYS = ("received", "accepted", "concluded", "reminders", "yellows", "reds")

MONTH = f"""
select department, {", ".join(f"sum({name})" for name in SUMS)},
  {", ".join(f"sum({name} * (day = {{today:Date}}))" for name in TODAYS)}
from daily where {{scope}} and day >= {{since:Date}} and day <= {{today:Date}} and department != ''
group by department having {" or ".join(f"sum({name}) != 0" for name in SUMS)}
"""
"""Without the departments of which nothing is left: whether there are rows that add up to nothing
depends on whether they were merged away.
"""

HISTORY = "select sum(history) from daily where {scope}"

DEADLINE = f"""
select source, case_no, item_name, department, next_clock, next_at,
  arrayElement(['normal', 'reminder', 'yellow', 'red'], {LIGHT} + 1) as light
from open_cases where {{scope}} and next_at > {{now:Int64}} and next_at <= {{until:Int64}}
group by source, case_no, item_name, department, next_clock, next_at, light
having sum(sign) > 0 order by next_at, source, case_no limit {{most:UInt32}}
"""

DUE = f"""
select toString(due_day), {", ".join(f"sum(sign * (light = {n}))" for n in range(4))}
from (
  select due_day, sign, {LIGHT} as light
  from open_cases where {{scope}} and due_day >= {{today:Date}} and stopped_at = 0
)
group by due_day having sum(sign) > 0 order by due_day limit 366
"""

CARD_FIELDS = shared_fields(LatestCard, CardRow)

LATEST = f"""
select {", ".join(CARD_FIELDS)}
from cards where {{scope}} and issued_at > {{since:Int64}} and source != ''
  and state not in ('withdrawn', 'proposed')
group by {", ".join(CARD_FIELDS)}
having sum(sign) > 0
order by issued_at desc, indexOf(['red', 'yellow', 'reminder'], severity), source, case_no, card
limit {{most:UInt32}}
"""

EVENT_FIELDS = shared_fields(StreamEvent, EventRow)

EVENTS = f"""
select {", ".join(EVENT_FIELDS)}
from events where {{scope}} and position > {{since:Int64}}
order by position desc limit {{most:UInt32}}
"""

SLOTS = """
select slot, sum(received), sum(accepted), sum(concluded)
from slots where {scope} and slot >= {since:Int64} and slot <= {until:Int64} and department != ''
group by slot
"""

Rows = list[tuple[Scalar, ...]]
S = TypeVar("S", bound=Struct)
Scoring = Callable[[Inputs], Score]


class Moment(Struct, frozen=True, kw_only=True):
    """An instant and the day and month that it lies in, in the policy's zone."""

    now: int
    today: date
    month: date
    """The month's first day."""
    midnight: int
    """The instant at which the day began."""


def moment(now: int, zone: str) -> Moment:
    """The day around an instant."""
    local = datetime.fromtimestamp(now / 1_000_000, ZoneInfo(zone))
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    today = local.date()
    midnight = int(start.timestamp()) * 1_000_000
    return Moment(now=now, today=today, month=today.replace(day=1), midnight=midnight)


def wall(
    view: View,
    now: int,
    zone: str,
    district: str,
    *,
    measured: float,
    working_days: Sequence[date] = (),
    score: Scoring = policy_score,
    alarms: Sequence[Alarm] = (),
    demonstration: bool = False,
    speed: float = 1.0,
) -> Wall:
    """Everything the wall shows at `now`. `working_days` are the days to come, today included;
    without them, those on which something is due.
    """
    when = moment(now, zone)
    opened, month = open_by_department(view, when), month_by_department(view, when)
    history, position = view.query(HISTORY)[0][0], view.highest("events")
    return Wall(
        now=now,
        measured=measured,
        position=position,
        zone=zone,
        district=district,
        demonstration=demonstration,
        speed=speed,
        kpi=kpi(opened, month),
        departments=departments(opened, month, score),
        deadlines=deadlines(view, when),
        due_days=due_days(view, when, working_days),
        cards=cards(view, when),
        stream=stream(view, position),
        curve=curve(view, when),
        alarms=tuple(alarms),
        history_cases=int(history),
        provisional_cases=sum(one.provisional for one in opened.values()),
    )


class Open(Struct, frozen=True, kw_only=True):
    """A department's open cases at an instant."""

    open: int = 0
    reminder: int = 0
    yellow: int = 0
    red: int = 0
    due_today: int = 0
    late: int = 0
    provisional: int = 0


class Month(Struct, frozen=True, kw_only=True):
    """What the month added to a department so far, and today of it, by column of `daily`."""

    sums: dict[str, int]
    today: dict[str, int]


NOTHING_OPEN = Open()
NO_MONTH = Month(sums=dict.fromkeys(SUMS, 0), today=dict.fromkeys(TODAYS, 0))


def open_by_department(view: View, when: Moment) -> dict[str, Open]:
    """The open cases, by light, of each department that has any."""
    rows = view.query(OPEN, now=when.now, today=when.today)
    names = Open.__struct_fields__
    return {str(row[0]): Open(**dict(zip(names, map(int, row[1:]), strict=True))) for row in rows}


def month_by_department(view: View, when: Moment) -> dict[str, Month]:
    """The sums of the month to date, and of today."""
    rows = view.query(MONTH, since=when.month, today=when.today)
    return {str(row[0]): _month(list(map(int, row[1:]))) for row in rows}


def _month(counts: list[int]) -> Month:
    sums, today = counts[: len(SUMS)], counts[len(SUMS) :]
    return Month(
        sums=dict(zip(SUMS, sums, strict=True)), today=dict(zip(TODAYS, today, strict=True))
    )


def kpi(opened: dict[str, Open], month: dict[str, Month]) -> Kpi:
    """The head of the wall: sums over the departments."""
    today = {name: sum(one.today[name] for one in month.values()) for name in TODAYS}
    whole = _inputs(
        Open(late=sum(one.late for one in opened.values())),
        Month(sums={n: sum(one.sums[n] for one in month.values()) for n in SUMS}, today={}),
    )
    return Kpi(
        received=today["received"],
        accepted=today["accepted"],
        concluded=today["concluded"],
        open=sum(one.open for one in opened.values()),
        due_today=sum(one.due_today for one in opened.values()),
        reminder=sum(one.reminder for one in opened.values()),
        yellow=sum(one.yellow for one in opened.values()),
        red=sum(one.red for one in opened.values()),
        reminders_today=today["reminders"],
        yellows_today=today["yellows"],
        reds_today=today["reds"],
        on_time=on_time(whole),
        early=early(whole),
        speed_up=speed_up(whole),
    )


def departments(
    opened: dict[str, Open], month: dict[str, Month], score: Scoring
) -> tuple[DepartmentFigures, ...]:
    """Worst first."""
    found = (
        _department(name, opened.get(name, NOTHING_OPEN), month.get(name, NO_MONTH), score)
        for name in {*opened, *month}
    )
    return tuple(sorted(found, key=worst_first))


def _department(name: str, opened: Open, month: Month, score: Scoring) -> DepartmentFigures:
    inputs = _inputs(opened, month)
    scored = score(inputs)
    return DepartmentFigures(
        name=name,
        open=opened.open,
        normal=opened.open - opened.reminder - opened.yellow - opened.red,
        reminder=opened.reminder,
        yellow=opened.yellow,
        red=opened.red,
        accepted=inputs.accepted,
        concluded=inputs.concluded,
        on_time=on_time(inputs),
        early=early(inputs),
        overdue=overdue(inputs),
        speed_up=speed_up(inputs),
        score=scored.points,
        ranked=scored.ranked,
        parts=scored.parts,
    )


def _inputs(opened: Open, month: Month) -> Inputs:
    """What the score asks for, of what the columns give; the rest of its inputs are not known."""
    sums = month.sums
    shared = {name: sums[name] for name in SUMS if name in Inputs.__struct_fields__}
    violations = [sums[f"violation_{name}"] for name in CardCounts._fields]
    clocks = [
        sums[name] - count for name, count in zip(CardCounts._fields, violations, strict=True)
    ]
    return Inputs(
        **shared,
        open_late=opened.late,
        clock_cards=CardCounts(*clocks),
        violation_cards=CardCounts(*violations),
    )


def deadlines(view: View, when: Moment) -> tuple[NextDeadline, ...]:
    """The nearest ends of running clocks."""
    rows: Rows = []
    for width in DEADLINE_WINDOWS:
        until = when.now + width
        rows = view.query(DEADLINE, now=when.now, until=until, most=DEADLINES)
        if len(rows) == DEADLINES:
            break
    return _shown(NextDeadline, NextDeadline.__struct_fields__, rows)


def due_days(view: View, when: Moment, working_days: Sequence[date] = ()) -> tuple[DueDay, ...]:
    """Open cases by the day they are due, for the first days of `working_days`."""
    rows = view.query(DUE, now=when.now, today=when.today)
    found = {one.day: one for one in _shown(DueDay, DueDay.__struct_fields__, rows)}
    days = [day.isoformat() for day in working_days] or list(found)
    return tuple(found.get(day, DueDay(day=day)) for day in days[:DUE_DAYS])


def cards(view: View, when: Moment) -> tuple[LatestCard, ...]:
    """The cards last issued that were not withdrawn."""
    rows: Rows = []
    for width in CARD_WINDOWS:
        rows = view.query(LATEST, since=max(0, when.now - width), most=CARDS)
        if len(rows) == CARDS:
            break
    return _shown(LatestCard, CARD_FIELDS, rows)


def stream(view: View, position: int) -> tuple[StreamEvent, ...]:
    """The last events up to the end of the log, whose position is given."""
    rows: Rows = []
    for width in STREAM_WINDOWS:
        rows = view.query(EVENTS, since=max(0, position - width), most=STREAM)
        if len(rows) == STREAM:
            break
    return _shown(StreamEvent, EVENT_FIELDS, rows)


def curve(view: View, when: Moment) -> Curve:
    """Cumulative counts of the day, at the end of each ten minutes so far."""
    first, last = when.midnight // SLOT, when.now // SLOT
    rows = view.query(SLOTS, since=first, until=last)
    counts = {int(row[0]): row[1:] for row in rows}
    at: list[int] = []
    sums: list[list[int]] = [[], [], []]
    for slot in range(first, last + 1):
        at.append(min((slot + 1) * SLOT, when.now))
        for series, count in zip(sums, counts.get(slot, (0, 0, 0)), strict=True):
            series.append((series[-1] if series else 0) + int(count))
    received, accepted, concluded = map(tuple, sums)
    return Curve(at=tuple(at), received=received, accepted=accepted, concluded=concluded)


def _shown(kind: type[S], names: Sequence[str], rows: Rows) -> tuple[S, ...]:
    """Rows whose columns are these fields of a struct; 0 and 1 become booleans."""
    return tuple(convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in rows)
