"""The warehouse as of a position of its log: the same questions, asked of the rows as they were.

Every figure is a sum (design: rule 10), so what a table of now was at a position is what it is,
less what the rows behind that position brought. A PastView puts that where a query reads a table,
so that the present and the past are asked in one SQL (queries.py, lookup.py):

==========================  ====================================================================
open_cases                  its rows, and those of case_changes behind the position, sign turned
cards                       its rows, and those of card_changes behind the position, sign turned
daily, slots                their sums, less what contributions.py adds for the rows behind it
events, …_changes           their rows up to the position
==========================  ====================================================================

Counted backwards, because the tables of now keep everything while old months of the past are
dropped: an instant can be told as long as all that came behind it is kept (`first_told`). A table
of now moves on while it is asked; so it is asked before and after how far it reaches, and what was
read in between is asked again.

    WarehouseError
    ├── NotStill      the table moved on each time that it was asked (retry)
    └── NoPast        a query reads a table of which no past is known
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from supervision.facts import Instant
from supervision.streams import parse

from .contributions import NOT_ISSUED, SLOT
from .log import Log
from .schema import BY_NAME, MONTHS, month_of
from .view import NAMES, SCOPE, UNSCOPED, View, check
from .warehouse import Scalar, Warehouse, WarehouseError

TRIES = 40
"""Times that a question is asked anew because its table moved on: a writer pauses between blocks
(embedded.FILL_EVERY), and a question takes less than its pause."""
READ = 1_000
"""Events of one reading of the log."""

FROM = re.compile(
    rf"(\b(?:from|join)\s+)(?:\w+\.)?[`\"]?({NAMES})\b[`\"]?(?=\s+where\s+\{{(scope|unscoped)\}})",
    re.IGNORECASE,
)
WORD = re.compile(r"\w+")
KEYS = ("day", "slot", "department", "item")


class NotStill(WarehouseError):
    """What was read may be of two positions."""

    retry = True

    def __init__(self, table: str) -> None:
        super().__init__(f"table {table} moved on each of {TRIES} times that it was asked")


class NoPast(WarehouseError):
    """A defect of the query."""

    def __init__(self, table: str) -> None:
        super().__init__(f"table {table} is not kept as it was: ask the present, or the log")


class Part(NamedTuple):
    """What the rows of a table of the past add to a table of sums: on which day or in which ten
    minutes, of which rows, and to which columns how much.
    """

    table: str
    at: str
    where: str
    adds: Mapping[str, str]


def _daily(at: str, table: str = "case_changes", where: str = "1", **adds: str) -> Part:
    return Part(table, at, f"{at} != 0 and {where}", adds)


ISSUED = f"state not in ({', '.join(repr(state) for state in sorted(NOT_ISSUED))})"
DAILY = (
    _daily(
        "received_at",
        received="1",
        facts="facts",
        late_entries="late_entries",
        history="history",
    ),
    _daily("accepted_at", accepted="1"),
    _daily(
        "concluded_at",
        concluded="1",
        on_time="on_time",
        early="early",
        late="late",
        same_day="same_day",
        legal_days="legal_days",
        legal_used="if(legal_days != 0, used_days, 0)",
        promise_days="promise_days",
        promise_used="if(promise_days != 0, used_days, 0)",
        saved_days="if(legal_days != 0 and promise_days != 0, legal_days - promise_days, 0)",
        ratings="ratings",
        good_ratings="good_ratings",
    ),
    _daily(
        "issued_at",
        "card_changes",
        ISSUED,
        **{f"{name}s": f"severity = '{name}'" for name in ("reminder", "yellow", "red")},
        **{
            f"violation_{name}s": f"severity = '{name}' and violation != 0"
            for name in ("reminder", "yellow", "red")
        },
    ),
)
"""contributions.daily_of and daily_of_card in SQL."""
SLOTS = (
    _daily("received_at", received="1"),
    _daily("accepted_at", accepted="1"),
    _daily("concluded_at", concluded="1"),
)
"""contributions.slots_of in SQL."""

LEDGERS = {"open_cases": ("case_changes", "concluded_at = 0"), "cards": ("card_changes", "1")}
"""Where the rows of a table of now are kept as they were, and which of them it has."""
OF_NOW = frozenset((*LEDGERS, "daily", "slots"))


class PastView(View):
    """A view of the warehouse as it was at a position of the log, for one thread.

    The rows MUST reach the position, and all behind it MUST be kept: it is no earlier than that of
    `first_told`.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        departments: Iterable[str] | None,
        position: int,
        recorded_at: Instant,
        zone: str,
    ) -> None:
        """`recorded_at` is that of the event at the position, both 0 for the log before its first
        event; `zone` that by which the warehouse counts days.
        """
        super().__init__(warehouse, departments)
        self._position, self._recorded_at, self._zone = position, recorded_at, zone
        self._reached: dict[str, int] = {}
        """How far tables of now reached when they were last asked."""
        self._params |= {"past_position": position, "past_recorded_at": recorded_at}

    def within(self, departments: Iterable[str] | None) -> PastView:
        """As View.within."""
        seen = super().within(departments).departments
        return PastView(self._warehouse, seen, self._position, self._recorded_at, self._zone)

    def highest(self, table: str) -> int:
        """The position that a table would have told then; of `events` that of its last row."""
        if table != "events":
            return self._position
        sql = "select max(position) from events where position <= {past_position:UInt64}"
        return int(self._warehouse.query(sql, past_position=self._position)[0][0])

    def query(self, sql: str, **params: object) -> list[tuple[Scalar, ...]]:
        """As View.query, of the rows as they were. Raises NotStill, NoPast too."""
        check(sql)
        tables = sorted({found.group(2).lower() for found in FROM.finditer(sql)} & OF_NOW)
        for table in tables:
            if table not in self._reached:
                self._reached[table] = self._warehouse.highest(table)
        for _ in range(TRIES):
            reached = {table: self._reached[table] for table in tables}
            rows = self._warehouse.query(self._past(sql, reached), **params, **self._params)
            self._reached |= {table: self._warehouse.highest(table) for table in tables}
            if all(self._reached[table] == at for table, at in reached.items()):
                return rows
        raise NotStill(", ".join(tables))

    def _past(self, sql: str, reached: Mapping[str, int]) -> str:
        words = frozenset(WORD.findall(sql.replace(SCOPE, self._scope)))

        def as_it_was(found: re.Match[str]) -> str:
            table, marker = found.group(2).lower(), f"{{{found.group(3)}}}"
            columns = [c.name for c in BY_NAME[table].columns if c.name in words] or ["1 as one"]
            return f"{found.group(1)}({self._rows(table, columns, marker, reached.get(table, 0))})"

        asked = FROM.sub(as_it_was, sql)
        return asked.replace(SCOPE, self._scope).replace(UNSCOPED, "1")

    def _rows(self, table: str, columns: Sequence[str], marker: str, reached: int) -> str:
        """A subquery that gives these columns of a table as it was."""
        behind = (
            f"{marker} and recorded_at >= {{past_recorded_at:Int64}}"
            f" and position > {{past_position:UInt64}} and position <= {reached}"
        )
        if table in LEDGERS:
            return _ledger(table, columns, marker, behind)
        if table in ("daily", "slots"):
            return self._sums(table, columns, marker, behind)
        if table == "register":
            raise NoPast(table)
        return (
            f"select {', '.join(columns)} from {table}"
            f" where {marker} and position <= {{past_position:UInt64}}"
        )

    def _sums(self, table: str, columns: Sequence[str], marker: str, behind: str) -> str:
        """What the table has, and of each part that adds to a column asked for, that turned."""
        keys = [name for name in columns if name in KEYS]
        asked = [name for name in columns if name not in (*KEYS, "step")]
        whole = ", ".join([*keys, *(f"toInt64({name}) as {name}" for name in asked)])
        turned = (
            self._turned(part, keys, asked, behind)
            for part in (DAILY if table == "daily" else SLOTS)
            if not part.adds.keys().isdisjoint(asked)
        )
        return " union all ".join((f"select {whole} from {table} where {marker}", *turned))

    def _turned(self, part: Part, keys: Sequence[str], asked: Sequence[str], behind: str) -> str:
        """Without names, which are those of the first of the union: a column named as what is made
        of it would be taken for it.
        """
        when = {
            "day": f"toDate(toDateTime(intDiv({part.at}, 1000000), '{self._zone}'))",
            "slot": f"intDiv({part.at}, {SLOT})",
        }
        found = [when.get(name, name) for name in keys]
        found += [
            f"toInt64(-sign * ({part.adds[name]}))" if name in part.adds else "toInt64(0)"
            for name in asked
        ]
        return f"select {', '.join(found)} from {part.table} where {behind} and {part.where}"


def _ledger(table: str, columns: Sequence[str], marker: str, behind: str) -> str:
    """The mark of a table of now stays as it is: queries leave it out."""
    changes, held = LEDGERS[table]
    turned = ("toInt8(-sign)" if name == "sign" else name for name in columns)
    return (
        f"select {', '.join(columns)} from {table} where {marker} union all"
        f" select {', '.join(turned)} from {changes} where {behind} and {held}"
    )


def position_at(record: Log, at: Instant) -> tuple[int, Instant]:
    """The last event recorded up to an instant, and when it was; (0, 0) where there is none."""
    low, high = 0, record.head()
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if record.recorded_at(middle) <= at else (low, middle - 1)
    return low, record.recorded_at(low)


def first_told(record: Log, warehouse: Warehouse) -> Instant:
    """The first instant that can be told; 0 for an empty log.

    That of the log's first event; where months of the past were dropped, the beginning (UTC) of the
    second one that is kept, as lists look back into the one before theirs.
    """
    began = record.recorded_at(1)
    months = [int(month) for month, _ in warehouse.query(MONTHS, table="events")]
    if not months or min(months) <= month_of(began) or not _dropped(record, warehouse):
        return began
    year, month = divmod(min(months), 100)
    later = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return int(later.timestamp()) * 1_000_000


def _dropped(record: Log, warehouse: Warehouse) -> bool:
    """Whether the log has an event of a case before the first that has a row."""
    first = int(warehouse.query("select min(position) from events")[0][0])
    position = 0
    while position + 1 < first and (batch := record.read(position, READ)):
        if any(each.position < first and parse(each.stream) is not None for each in batch):
            return True
        position = batch[-1].position
    return False
