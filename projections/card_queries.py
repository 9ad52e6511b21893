"""The grid of cards: filters, counts and keyset pages over the warehouse, newest first.

A page is ordered by when the cards were issued, then by source, case and card; its keys are what
its first and last lines were ordered by, so that a page costs the same however far it lies. A page
first looks for the places of its lines, in a window that is widened until it holds enough, and then
reads no more than those lines. Rows that cancel each other agree in every column, so any filter
takes or leaves both.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, convert

from .queries import HOUR, shared_fields
from .rows import CardRow
from .view import View
from .warehouse import Scalar

MOST = 1_000
"""Lines of a page at most, as an export reads them."""
SOON = 24 * HOUR
"""An answer that is due within a day."""
WINDOWS = (72 * HOUR, 30 * 24 * HOUR)
"""Widths tried one after the other, microseconds; then everything."""
EVER = 2**62

Answer = Literal["", "overdue", "soon", "later", "none"]
ANSWERS: tuple[Answer, ...] = ("overdue", "soon", "later", "none")


class Wanted(Struct, frozen=True, kw_only=True):
    """Which cards; what is empty asks for nothing."""

    stages: frozenset[str] = frozenset()
    severity: str = ""
    department: str = ""
    item: str = ""
    """Its code, or a part of its name."""
    rule: str = ""
    answer: Answer = ""
    """overdue; soon: within a day; later; none: no answer is owed."""
    since: date | None = None
    until: date | None = None
    """The first and the last day on which they were issued, in the policy's zone."""
    person: str = ""
    text: str = ""
    """A part of a case's number, or the beginning of a card's."""


class CardLine(Struct, frozen=True, kw_only=True):
    """One card of the grid; instants in microseconds, 0 for none."""

    source: str
    case_no: str
    card: str
    rule: str
    severity: str
    colour: str
    label_zh: str
    label_en: str
    stage: str
    item: str
    item_name: str
    department: str
    person: str
    why_zh: str
    why_en: str
    issued_at: int
    answer_at: int
    """The nearest end of an answer clock that runs."""
    owed_by: str
    """Who owes that answer: department, supervisor; "" for none."""
    orders: int
    rung: int
    history: bool
    provisional: bool
    overdue: bool = False
    """That answer is late at the page's instant."""


class CardPage(Struct, frozen=True, kw_only=True):
    """A page of the grid. `next` and `previous` are the keys of the pages behind and before it.

    `stages`, `severities`, `answers` and `departments` say how many cards each choice of that
    filter would show, with all other filters as they are; `total`, how many these filters show.
    """

    lines: tuple[CardLine, ...] = ()
    total: int = 0
    next: str = ""
    previous: str = ""
    stages: dict[str, int] = {}
    severities: dict[str, int] = {}
    answers: dict[str, int] = {}
    departments: dict[str, int] = {}
    now: int = 0
    zone: str = "Asia/Shanghai"


class Place(NamedTuple):
    """Where a card lies in the order."""

    issued_at: int
    source: str
    case_no: str
    card: str


class Turn(NamedTuple):
    """Which page: the one behind a key ("": the first), or `back`, the one before it (the last)."""

    key: str = ""
    back: bool = False


FIRST = Turn()
LAST = Turn(back=True)

FOUND = "from cards where {scope} and source != '' and ({where})"
KEYS = f"""
select issued_at, source, case_no, card {FOUND}
  and issued_at >= {{low:Int64}} and issued_at <= {{high:Int64}}
  and (issued_at, source, case_no, card)
  {{beyond}} ({{at:Int64}}, {{source:String}}, {{case_no:String}}, {{card:String}})
group by issued_at, source, case_no, card having sum(sign) > 0
order by issued_at {{way}}, source {{way}}, case_no {{way}}, card {{way}} limit {{most:UInt32}}
"""
FIELDS = shared_fields(CardLine, CardRow)
LINES = f"""
select {", ".join(FIELDS)} {FOUND}
  and issued_at >= {{first_at:Int64}} and issued_at <= {{last_at:Int64}}
  and (issued_at, source, case_no, card)
  >= ({{first_at:Int64}}, {{first_source:String}}, {{first_case:String}}, {{first_card:String}})
  and (issued_at, source, case_no, card)
  <= ({{last_at:Int64}}, {{last_source:String}}, {{last_case:String}}, {{last_card:String}})
group by {", ".join(FIELDS)} having sum(sign) > 0
order by issued_at desc, source desc, case_no desc, card desc limit {{most:UInt32}}
"""
OWING = """
select source, case_no from cards where {scope} and source != '' and severity != 'reminder'
  and history = 0 and state not in ('withdrawn', 'proposed', 'closed', 'transferred')
group by source, case_no having sum(sign) > 0
"""

BY_ANSWER = {
    "overdue": "answer_at != 0 and answer_at <= {now:Int64}",
    "soon": "answer_at > {now:Int64} and answer_at <= {soon:Int64}",
    "later": "answer_at > {soon:Int64}",
    "none": "answer_at = 0",
}
HOW_OWED = (
    "multiIf(answer_at = 0, 'none', answer_at <= {now:Int64}, 'overdue',"
    " answer_at <= {soon:Int64}, 'soon', 'later')"
)
COUNTS = f"""
select stage, severity, {HOW_OWED} as owed, department, sum(sign) {FOUND}
group by stage, severity, owed, department having sum(sign) > 0
"""
COUNTED = ("stages", "severity", "answer", "department")
"""The filters whose choices are counted, so that they are no condition of the counts."""

Params = dict[str, object]


def page(view: View, now: int, zone: str, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
    """A page of the cards that are wanted, of `limit` lines at most; one of an unknown key is
    empty. Raises WarehouseError.
    """
    key, most = _key(turn), min(limit, MOST)
    if key is None or not _possible(wanted):
        return CardPage(now=now, zone=zone)
    where, params = _condition(wanted, now, zone)
    places = _places(view, where, params, key, turn.back, most + 1)
    more, places = len(places) > most, places[:most]
    if turn.back:
        places.reverse()
    before, behind = (more, bool(turn.key)) if turn.back else (bool(turn.key), more)
    counts = _counts(view, wanted, now, zone)
    return CardPage(
        lines=_lines(view, where, params, places, now),
        total=counts.total,
        next=_key_of(places[-1]) if places and behind else "",
        previous=_key_of(places[0]) if places and before else "",
        stages=counts.stages,
        severities=counts.severities,
        answers=counts.answers,
        departments=counts.departments,
        now=now,
        zone=zone,
    )


def owing_keys(view: View) -> list[tuple[str, str]]:
    """Source and number of at least every case on whose cards an answer is owed."""
    return [(str(source), str(case_no)) for source, case_no in view.query(OWING)]


def _possible(wanted: Wanted) -> bool:
    return not (wanted.since and wanted.until and wanted.since > wanted.until)


def _condition(
    wanted: Wanted, now: int, zone: str, without: tuple[str, ...] = ()
) -> tuple[str, Params]:
    """The SQL of the filters and what it is given."""
    parts, params = ["1"], Params()

    def ask(sql: str, **given: object) -> None:
        parts.append(f"({sql})")
        params.update(given)

    if wanted.stages and "stages" not in without:
        names = {f"stage_{n}": stage for n, stage in enumerate(sorted(wanted.stages))}
        ask(f"stage in ({', '.join(f'{{{name}:String}}' for name in names)})", **names)
    for name in ("severity", "department", "rule", "person"):
        if (value := getattr(wanted, name)) and name not in without:
            ask(f"{name} = {{wanted_{name}:String}}", **{f"wanted_{name}": value})
    if wanted.item:
        ask("item = {item:String} or position(item_name, {item:String}) > 0", item=wanted.item)
    if wanted.text:
        text, start = "position(case_no, {text:String}) > 0", "position(card, {start:String}) = 1"
        ask(f"{text} or {start}", text=wanted.text, start=wanted.text.upper())
    if wanted.answer and "answer" not in without:
        given = {"now": now, "soon": now + SOON}
        sql = BY_ANSWER[wanted.answer]
        ask(sql, **{name: value for name, value in given.items() if f"{{{name}:" in sql})
    if wanted.since:
        ask("issued_at >= {since:Int64}", since=_midnight(wanted.since, zone))
    if wanted.until:
        ask("issued_at < {until:Int64}", until=_midnight(_day_after(wanted.until), zone))
    return " and ".join(parts), params


def _day_after(day: date) -> date:
    return min(day, date.max - timedelta(days=1)) + timedelta(days=1)


def _midnight(day: date, zone: str) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return int(start.timestamp()) * 1_000_000


def _places(
    view: View, where: str, params: Params, key: Place, back: bool, most: int
) -> list[Place]:
    """Of the cards beyond a key, the nearest, in the order of going there."""
    way = {"beyond": ">", "way": "asc"} if back else {"beyond": "<", "way": "desc"}
    sql = _with(KEYS, where=where, **way)
    rows: list[tuple[Scalar, ...]] = []
    for low, high in _windows(view, where, params, key.issued_at, back):
        given = {"at": key.issued_at, "source": key.source, "case_no": key.case_no}
        rows = view.query(sql, **params, **given, card=key.card, low=low, high=high, most=most)
        if len(rows) == most:
            break
    return [convert(row, Place) for row in rows]


def _windows(view: View, where: str, params: Params, at: int, back: bool) -> list[tuple[int, int]]:
    """From and to, of issued_at; each holds the one before it."""
    if back:
        return [*((at, at + width) for width in WINDOWS if at > 0), (at, EVER)]
    newest = min(at, _newest(view, where, params)) if at == EVER else at
    return [*((newest - width, newest) for width in WINDOWS), (0, newest)]


def _newest(view: View, where: str, params: Params) -> int:
    """When the newest was issued, by any row that was written of it."""
    sql = _with(f"select max(issued_at) {FOUND}", where=where)
    return int(view.query(sql, **params)[0][0] or 0)


def _lines(
    view: View, where: str, params: Params, places: list[Place], now: int
) -> tuple[CardLine, ...]:
    """The lines between the first and the last place, newest first."""
    if not places:
        return ()
    last, first = places[0], places[-1]
    ends: Params = {"most": len(places)}
    for name, place in (("first", first), ("last", last)):
        ends |= {
            f"{name}_at": place.issued_at,
            f"{name}_source": place.source,
            f"{name}_case": place.case_no,
            f"{name}_card": place.card,
        }
    rows = view.query(_with(LINES, where=where), **params, **ends)
    return tuple(_line(row, now) for row in rows)


def _line(row: tuple[Scalar, ...], now: int) -> CardLine:
    told: dict[str, object] = dict(zip(FIELDS, row, strict=True))
    told["overdue"] = 0 < int(row[FIELDS.index("answer_at")]) <= now
    return convert(told, CardLine, strict=False)


class Counts(NamedTuple):
    """How many cards each choice of a filter shows."""

    total: int
    stages: dict[str, int]
    severities: dict[str, int]
    answers: dict[str, int]
    departments: dict[str, int]


def _counts(view: View, wanted: Wanted, now: int, zone: str) -> Counts:
    where, params = _condition(wanted, now, zone, without=COUNTED)
    rows = view.query(_with(COUNTS, where=where), **params, now=now, soon=now + SOON)
    single = (wanted.severity, wanted.answer, wanted.department)
    chosen = [wanted.stages, *(frozenset({one} if one else ()) for one in single)]
    total, sums = 0, [Counter[str]() for _ in chosen]
    for *names, count in rows:
        unfit = [n for n, name in enumerate(names) if chosen[n] and name not in chosen[n]]
        total += 0 if unfit else int(count)
        for n, name in enumerate(names):
            if unfit in ([], [n]):
                sums[n][str(name)] += int(count)
    stages, severities, answers, departments = map(dict[str, int], sums)
    return Counts(total, stages, severities, answers, departments)


def _with(sql: str, **parts: str) -> str:
    for name, part in parts.items():
        sql = sql.replace(f"{{{name}}}", part)
    return sql


def _key(turn: Turn) -> Place | None:
    """Where the page begins; None for what is no key."""
    if not turn.key:
        return Place(-1, "", "", "") if turn.back else Place(EVER, "", "", "")
    try:
        key = msgspec.json.decode(turn.key, type=Place)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return key if abs(key.issued_at) <= EVER else None


def _key_of(place: Place) -> str:
    return msgspec.json.encode(place).decode()
