"""The cases behind a figure, and cases by their number: keyset pages over the warehouse.

A page is ordered by light (worst first), then by the nearest end, then by case; its key is what
its last line was ordered by, so that a page costs the same however far it lies.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from .queries import LIGHT, Moment
from .view import View
from .warehouse import Scalar

LIGHTS = ("normal", "reminder", "yellow", "red")
FIND_MOST = 50
EVER = 2**62
"""Orders a case without a running clock behind all others."""


class Line(Struct, frozen=True, kw_only=True):
    """One case of a list; instants in microseconds, 0 for none."""

    source: str
    case_no: str
    item_name: str
    department: str
    light: str
    deadline: int
    clock: str
    result: str
    accepted_at: int
    concluded_at: int
    history: bool
    provisional: bool


class Lines(Struct, frozen=True, kw_only=True):
    """A page: its lines, how many cases there are in all, the key of the next page ("": none)."""

    lines: tuple[Line, ...]
    total: int
    next: str


class What(NamedTuple):
    """A list: from which table, and on what condition."""

    table: Literal["open_cases", "case_changes"]
    where: str


EARLY = 7 * 86_400_000_000
"""By how much a fact may lie ahead of its recording, and its case still be in the lists of its day:
they look at what was recorded since the day or the month began, less this. Microseconds."""


def _within(begin: str, column: str) -> str:
    """Happened since the day or month began. A row and the one that took it back have the same
    instant, so both are among those looked at.
    """
    return (
        f"recorded_at >= {{{begin}:Int64}} - {EARLY}"
        f" and {column} >= {{{begin}:Int64}} and {column} <= {{now:Int64}}"
    )


def _carded(severity: str) -> str:
    """Had such a card today. A card changes its case when it is recorded, so the case as it stands
    is the last row of today; the rows that it took back may be older. Which row is the last is
    found among all: a case that another department was given today is not seen in two.
    """
    cards = (
        f"select source, case_no from cards where {{unscoped}} and severity = '{severity}'"
        " and issued_at >= {midnight:Int64} and source != '' and state not in"
        " ('withdrawn', 'proposed') group by source, case_no having sum(sign) > 0"
    )
    today = f"recorded_at >= {{midnight:Int64}} and sign = 1 and (source, case_no) in ({cards})"
    return (
        f"{today} and (source, case_no, position) in (select source, case_no, max(position)"
        f" from case_changes where {{unscoped}} and {today} group by source, case_no)"
    )


WHATS: dict[str, What] = {
    "open": What("open_cases", "1"),
    "due_today": What("open_cases", "due_day = {today:Date} and stopped_at = 0"),
    "reminder": What("open_cases", f"{LIGHT} = 1"),
    "yellow": What("open_cases", f"{LIGHT} = 2"),
    "red": What("open_cases", f"{LIGHT} = 3"),
    "department": What("open_cases", "department = {value:String}"),
    "due_day": What("open_cases", "toString(due_day) = {value:String} and stopped_at = 0"),
    "provisional": What("open_cases", "provisional = 1"),
    "history": What("case_changes", "history = 1"),
    "received_today": What("case_changes", _within("midnight", "received_at")),
    "accepted_today": What("case_changes", _within("midnight", "accepted_at")),
    "concluded_today": What("case_changes", _within("midnight", "concluded_at")),
    "accepted_month": What("case_changes", _within("month", "accepted_at")),
    "concluded_month": What("case_changes", _within("month", "concluded_at")),
    "reminders_today": What("case_changes", _carded("reminder")),
    "yellows_today": What("case_changes", _carded("yellow")),
    "reds_today": What("case_changes", _carded("red")),
}
FOUND = "from {table} where {scope} and department != '' and ({where})"
"""Marks and void cases name no department."""
PAGE = f"""
select source, case_no, item_name, department, {LIGHT} as light,
  if(next_at = 0, toInt64({EVER}), next_at) as ends, next_clock, result, accepted_at, concluded_at,
  history, provisional
{FOUND}
 and (3 - light, ends, source, case_no)
  > ({{rank:Int64}}, {{at:Int64}}, {{source:String}}, {{case_no:String}})
group by source, case_no, item_name, department, light, ends, next_clock, result, accepted_at,
  concluded_at, history, provisional
having sum(sign) > 0
order by 3 - light, ends, source, case_no limit {{most:UInt32}}
"""
TOTAL = f"select sum(sign) {FOUND}"
FIND = """
select source, case_no, item_name from register
where {scope} and source != '' and (position(case_no, {text:String}) > 0
  or position(item_name, {text:String}) > 0)
group by source, case_no, item_name having sum(sign) > 0
order by case_no, source limit {most:UInt32}
"""
OPEN_KEYS = """
select source, case_no from open_cases where {scope} and source != ''
group by source, case_no having sum(sign) > 0
"""


def _sql(template: str, what: What) -> str:
    return template.replace("{table}", what.table).replace("{where}", what.where)


def page(view: View, when: Moment, what: str, value: str, after: str, limit: int) -> Lines:
    """A page of the cases behind a figure; an unknown `what` or key gives an empty one."""
    chosen, key = WHATS.get(what), _key(after)
    if chosen is None or key is None:
        return Lines(lines=(), total=0, next="")
    params = _params(when, value)
    rank, at, source, case_no = key
    rows = view.query(
        _sql(PAGE, chosen),
        **params,
        rank=rank,
        at=at,
        source=source,
        case_no=case_no,
        most=limit + 1,
    )
    total = view.query(_sql(TOTAL, chosen), **params)[0][0]
    lines = tuple(_line(row) for row in rows[:limit])
    more = len(rows) > limit
    return Lines(lines=lines, total=int(total), next=_key_of(rows[limit - 1]) if more else "")


def _params(when: Moment, value: str) -> dict[str, object]:
    first = when.midnight - (when.today - when.month).days * 86_400_000_000
    return {
        "now": when.now,
        "today": when.today,
        "midnight": when.midnight,
        "month": first,
        "value": value,
    }


Key = tuple[int, int, str, str]


def _key(text: str) -> Key | None:
    if not text:
        return -1, 0, "", ""
    try:
        key: Key = msgspec.json.decode(text, type=Key)
        return key
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _key_of(row: tuple[Scalar, ...]) -> str:
    return msgspec.json.encode((3 - int(row[4]), int(row[5]), row[0], row[1])).decode()


def _line(row: tuple[Scalar, ...]) -> Line:
    return Line(
        source=str(row[0]),
        case_no=str(row[1]),
        item_name=str(row[2]),
        department=str(row[3]),
        light=LIGHTS[int(row[4])],
        deadline=int(row[5]) % EVER,
        clock=str(row[6]),
        result=str(row[7]),
        accepted_at=int(row[8]),
        concluded_at=int(row[9]),
        history=bool(row[10]),
        provisional=bool(row[11]),
    )


def find(view: View, text: str) -> list[tuple[str, str, str]]:
    """Cases whose number or item holds a text: source, case_no, item's name; at most 50."""
    if not text.strip():
        return []
    rows = view.query(FIND, text=text.strip(), most=FIND_MOST)
    return [(str(source), str(case_no), str(name)) for source, case_no, name in rows]


def open_keys(view: View) -> list[tuple[str, str]]:
    """Source and number of every open case."""
    return [(str(source), str(case_no)) for source, case_no in view.query(OPEN_KEYS)]
