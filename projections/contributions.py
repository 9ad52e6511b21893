"""What a case and a card add to a day, and to ten minutes of it. Pure.

A changed row takes back what its old form added (sign −1) and adds what the new one does, each
on the day on which it happened: a corrected date moves its counts from one day to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import astuple

from .rows import NO_DAY, CardRow, CaseRow

DayOf = Callable[[int], date]
"""The calendar day of an instant, in the policy's zone."""

SLOT = 600_000_000
"""Ten minutes in microseconds: the step of the day's curve."""

DAY = 86_400_000_000

NOT_ISSUED = frozenset(("withdrawn", "proposed"))
"""States in which a card does not count as issued (domain: 6)."""


class DayRow(Struct, frozen=True, kw_only=True):
    """What one day adds for one item of one department. All but the first three are sums."""

    day: date
    department: str
    item: str
    received: int = 0
    facts: int = 0
    late_entries: int = 0
    history: int = 0
    """Of the cases received that day, whenever the facts were."""
    accepted: int = 0
    concluded: int = 0
    on_time: int = 0
    early: int = 0
    late: int = 0
    same_day: int = 0
    legal_days: int = 0
    legal_used: int = 0
    """Days used by the concluded cases that have a legal limit."""
    promise_days: int = 0
    promise_used: int = 0
    saved_days: int = 0
    """Legal less promised days, of concluded cases that have both limits."""
    ratings: int = 0
    good_ratings: int = 0
    """Of the cases concluded that day."""
    reminders: int = 0
    yellows: int = 0
    reds: int = 0
    """Cards issued that day and not withdrawn, about clocks and violations alike."""
    violation_reminders: int = 0
    violation_yellows: int = 0
    violation_reds: int = 0
    """Of these, about violations."""
    step: int = 0
    """Positions by which the block moves the table on; in its mark only."""


class SlotRow(Struct, frozen=True, kw_only=True):
    """What ten minutes add for one department. `slot` counts ten minutes since 1970 in UTC."""

    slot: int
    department: str
    received: int = 0
    accepted: int = 0
    concluded: int = 0
    step: int = 0


def days_in(zone: str) -> DayOf:
    """The day of an instant in a zone; whole UTC hours are remembered."""
    info = ZoneInfo(zone)

    @lru_cache(maxsize=100_000)
    def day_of_quarter(quarter: int) -> date:
        return datetime.fromtimestamp(quarter * 900, info).date()

    return lambda instant: day_of_quarter(instant // 900_000_000)


def daily_of(row: CaseRow, day_of: DayOf) -> list[DayRow]:
    """What a case adds: to the day it was received, accepted and concluded."""
    found = []
    if row.received_at:
        found.append(_received(row, day_of(row.received_at)))
    if row.accepted_at:
        found.append(_accepted(row, day_of(row.accepted_at)))
    if row.concluded_at:
        found.append(_concluded(row, day_of(row.concluded_at)))
    return found


def _received(row: CaseRow, day: date) -> DayRow:
    return DayRow(
        day=day,
        department=row.department,
        item=row.item,
        received=1,
        facts=row.facts,
        late_entries=row.late_entries,
        history=row.history,
    )


def _accepted(row: CaseRow, day: date) -> DayRow:
    return DayRow(day=day, department=row.department, item=row.item, accepted=1)


def _concluded(row: CaseRow, day: date) -> DayRow:
    legal, promise = row.legal_days, row.promise_days
    return DayRow(
        day=day,
        department=row.department,
        item=row.item,
        concluded=1,
        on_time=row.on_time,
        early=row.early,
        late=row.late,
        same_day=row.same_day,
        legal_days=legal,
        legal_used=row.used_days if legal else 0,
        promise_days=promise,
        promise_used=row.used_days if promise else 0,
        saved_days=legal - promise if legal and promise else 0,
        ratings=row.ratings,
        good_ratings=row.good_ratings,
    )


def daily_of_card(card: CardRow, day_of: DayOf) -> list[DayRow]:
    """What a card adds to the day it was issued; nothing once withdrawn, or if only proposed."""
    if card.state in NOT_ISSUED or not card.issued_at:
        return []
    reminder, yellow, red = (card.severity == one for one in ("reminder", "yellow", "red"))
    day = DayRow(
        day=day_of(card.issued_at),
        department=card.department,
        item=card.item,
        reminders=int(reminder),
        yellows=int(yellow),
        reds=int(red),
        violation_reminders=int(reminder and card.violation),
        violation_yellows=int(yellow and card.violation),
        violation_reds=int(red and card.violation),
    )
    return [day]


def slots_of(row: CaseRow) -> list[SlotRow]:
    """What a case adds to the curve."""
    found = [
        SlotRow(slot=row.received_at // SLOT, department=row.department, received=1),
        SlotRow(slot=row.accepted_at // SLOT, department=row.department, accepted=1),
        SlotRow(slot=row.concluded_at // SLOT, department=row.department, concluded=1),
    ]
    return [one for one in found if one.slot]


Key = tuple[object, ...]
Sums = dict[Key, list[int]]


def add(sums: Sums, sign: int, rows: Iterable[DayRow] | Iterable[SlotRow], keys: int) -> None:
    """Add rows, whose first `keys` fields are the key, with a sign."""
    for row in rows:
        values = astuple(row)
        counts = values[keys:]
        kept = sums.get(values[:keys])
        if kept is None:
            sums[values[:keys]] = [sign * count for count in counts]
        else:
            kept[:] = [have + sign * count for have, count in zip(kept, counts, strict=True)]


def rows_of(sums: Sums) -> Iterator[tuple[object, ...]]:
    """The sums that are not nothing, as rows."""
    return ((*key, *counts) for key, counts in sums.items() if any(counts))


def day_mark(step: int) -> tuple[object, ...]:
    """The row by which a block of `daily` says how far it reaches."""
    return astuple(DayRow(day=NO_DAY, department="", item="", step=step))


def slot_mark(step: int) -> tuple[object, ...]:
    """The same for `slots`."""
    return astuple(SlotRow(slot=0, department="", step=step))
