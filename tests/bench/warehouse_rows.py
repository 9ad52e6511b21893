"""Rows that a city's seven months would have left in the warehouse, invented by the engine.

SQL from numbers, which a ClickHouse of 2018 takes too: cases of some seven events each, 34
departments with 1,135 items, two changed rows an event, one case in ten with a card. No more than
plausible; the names say that they are made up.
"""

from __future__ import annotations

from datetime import UTC, datetime

from projections import schema
from projections.blocks import MAKERS, Batch
from projections.contributions import SLOT, DayRow, days_in
from projections.warehouse import Warehouse

ZONE = "Asia/Shanghai"
SECOND = 1_000_000
DAY = 86_400 * SECOND
NOW = int(datetime(2026, 11, 20, 2, 24, 7, tzinfo=UTC).timestamp()) * SECOND
SPAN = 210 * DAY
START = NOW - SPAN
EVENTS_A_CASE = 7

CASES = f"""
select number as c, turn, cityHash64(number) as h,
  concat('AC', toString(1000000000 + c)) as case_no,
  concat('s', toString(h % 5)) as source, h % 1135 as n,
  concat('51010', toString(1000000 + n)) as item,
  concat('许可事项（示例）', toString(n)) as item_name,
  concat('第', toString(n % 34), '行政审批部门') as department,
  toInt64({START} + c * intDiv({SPAN}, {{cases}})) as received,
  received + ({DAY} * (h % 3)) as accepted,
  (intDiv(h, 7) % 20 + 1) * {DAY} as promised,
  accepted + promised as yellow,
  accepted + promised * 2 as red,
  accepted + intDiv(promised * (intDiv(h, 11) % 110), 100) as done,
  {{seen}} as seen
from (
  select number, turn from numbers({{first}}, {{many}}) array join range({{turns}}) as turn
)
"""
"""The lives of cases, as they stood at `seen`: one in twelve is late."""

ENDED = "done <= seen"


def ended(value: str, otherwise: str = "0") -> str:
    """A column that has its value once the case is concluded."""
    return f"if({ENDED}, {value}, {otherwise})"


CASE_VALUES = {
    "kind": "'01'",
    "result": ended("'出证'", "''"),
    "history": "h % 50 = 0",
    "provisional": "h % 900 = 0",
    "received_at": "received",
    "accepted_at": "if(accepted <= seen, accepted, 0)",
    "stopped_at": ended("done"),
    "concluded_at": ended("done"),
    "due_day": "toDate(toDateTime(intDiv(yellow, 1000000), 'Asia/Shanghai'))",
    "warn_at": f"if({ENDED}, 0, yellow - {2 * DAY})",
    "yellow_at": ended("if(done < yellow, 0, yellow)", "yellow"),
    "red_at": ended("if(done < red, 0, red)", "red"),
    "next_at": ended("0", "yellow"),
    "next_clock": ended("''", "'promise'"),
    "legal_days": f"intDiv(promised * 2, {DAY})",
    "promise_days": f"intDiv(promised, {DAY})",
    "used_days": ended(f"intDiv(done - accepted, {DAY})"),
    "on_time": ended("done < yellow"),
    "early": ended(f"done < yellow - {DAY}"),
    "late": ended("done >= yellow"),
    "late_entries": "h % 20 = 0",
    "facts": str(EVENTS_A_CASE),
}
GIVEN = ("source", "case_no", "item", "item_name", "department")
ISSUED = ("h % 10 = 1", "yellow - 2 * 86400000000 + h % 86400000000")
"""Which cases have a card, and when it was issued."""


def value_of(name: str) -> str:
    """The SQL of a column of a case."""
    return name if name in GIVEN else CASE_VALUES.get(name, "0")


def insert_cases(
    warehouse: Warehouse, table: str, cases: int, first: int, values: dict[str, str], where: str
) -> None:
    """Rows of a table from the lives of the cases from `first` on."""
    names = [column.name for column in schema.BY_NAME[table].columns]
    columns = ", ".join(values.get(name, value_of(name)) for name in names)
    lives = CASES.format(cases=cases, first=first, many=cases - first, seen=NOW, turns=1)
    warehouse._engine.command(
        f"insert into {table} ({', '.join(names)}) select {columns} from ({lives}) where {where}"
    )


def fill(warehouse: Warehouse, rows: int) -> None:
    """Everything that the log of `rows` events would have left, the small tables merged: blocks of
    the log come summed, and an engine of 2018 keeps the rows of these statements as they are.
    """
    cases = rows // EVENTS_A_CASE
    fill_events(warehouse, rows, cases)
    fill_changes(warehouse, rows, cases)
    fill_open(warehouse, rows, cases)
    fill_cards(warehouse, rows, cases)
    fill_register(warehouse, rows, cases)
    fill_sums(warehouse, rows, cases)
    for table in ("open_cases", "cards", "daily", "slots"):
        warehouse._engine.command(f"optimize table {table} final")


def fill_events(warehouse: Warehouse, rows: int, cases: int) -> None:
    """Spread over the seven months, in the order of their positions, one month a statement."""
    values = {
        "position": "e + 1",
        "recorded_at": "at",
        "occurred_at": "at - 60000000",
        "family": "'fact'",
        "kind": "arrayElement(['ApplicationReceived', 'CaseAccepted', 'StepCompleted',"
        " 'StepCompleted', 'DecisionSigned', 'CaseConcluded', 'ResultDelivered'], e % 7 + 1)",
        "source": "concat('s', toString(h % 5))",
        "case_no": "concat('AC', toString(1000000000 + c))",
        "item": "concat('51010', toString(1000000 + h % 1135))",
        "item_name": "concat('许可事项（示例）', toString(h % 1135))",
        "department": "concat('第', toString(h % 1135 % 34), '行政审批部门')",
        "detail": "''",
        "history": "h % 50 = 0",
    }
    step = rows // 10
    for first in range(0, rows, step):
        source = (
            f"select number as e, {START} + e * {SPAN // rows} as at,"
            f" intDiv(e * {cases}, {rows}) as latest, latest - cityHash64(e) % least(latest + 1,"
            f" 20000) as c, cityHash64(c) as h from numbers({first}, {min(step, rows - first)})"
        )
        warehouse._engine.command(
            f"insert into events ({', '.join(values)})"
            f" select {', '.join(values.values())} from ({source})"
        )


AT = f"least(received + intDiv((done - received) * {{}}, 6), toInt64({NOW}))"
"""When a case's step, of 0 to 6, was recorded."""


def fill_changes(warehouse: Warehouse, rows: int, cases: int) -> None:
    """For the past: a case's first row, then −1 and +1 for each of six events more."""
    names = [column.name for column in schema.CASE_CHANGES.columns]
    values = {
        "position": f"least({rows}, intDiv({rows} * (c + intDiv(turn + 1, 2)), {cases}))",
        "recorded_at": AT.format("intDiv(turn + 1, 2)"),
        "sign": "if(turn % 2 = 0, 1, -1)",
        "facts": "intDiv(turn, 2) + 1",
    }
    columns = ", ".join(values.get(name, value_of(name)) for name in names)
    many = cases // 10
    for first in range(0, many * 10, many):
        lives = CASES.format(
            cases=cases, first=first, many=many, seen=AT.format("intDiv(turn, 2)"),
            turns=13,
        )  # fmt: skip
        warehouse._engine.command(
            f"insert into case_changes ({', '.join(names)}) select {columns} from ({lives})"
        )


def fill_open(warehouse: Warehouse, rows: int, cases: int) -> None:
    """Six changes of each open case, then the mark."""
    first = cases - cases * 45 * DAY // SPAN
    for turn in range(7):
        signs = (1,) if turn == 0 else (-1, 1)
        for sign in signs:
            facts = str(turn + (sign == 1))
            values = {"position": str(rows), "sign": str(sign), "facts": facts}
            insert_cases(warehouse, "open_cases", cases, first, values, f"not ({ENDED})")
    mark(warehouse, "open_cases", rows)


STAGE = (
    "arrayElement(['issued', 'acknowledged', 'rectifying', 'reported', 'closed', 'lapsed'],"
    " intDiv(h, 17) % 6 + 1)"
)
"""How far the loop of a card has come."""


def kind(*values: str) -> str:
    """A column of a card by its severity."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"arrayElement([{listed}], intDiv(h, 13) % 3 + 1)"


def answer(stage: str) -> dict[str, str]:
    """Who owes one at that stage, and until when: within five days before and after NOW."""
    owed = f"({stage} not in ('closed', 'lapsed') and intDiv(h, 13) % 3 != 0)"
    return {
        "answer_at": f"if({owed}, {NOW - 5 * DAY} + h % {10 * DAY}, 0)",
        "owed_by": f"if({owed}, if({stage} = 'reported', 'supervisor', 'department'), '')",
    }


def fill_cards(warehouse: Warehouse, rows: int, cases: int) -> None:
    """The cards, then the mark."""
    invent_cards(warehouse, rows, cases)
    mark(warehouse, "cards", rows)


def invent_cards(warehouse: Warehouse, rows: int, cases: int) -> None:
    """One case in ten has one, with what changed it since."""
    which, issued = ISSUED
    values = {
        "position": str(rows),
        "sign": "1",
        "card": "concat(source, case_no, 'promise')",
        "rule": "'promise'",
        "severity": kind("reminder", "yellow", "red"),
        "colour": kind("#56B4E9", "#F0E442", "#D55E00"),
        "label_zh": kind("预警", "黄牌", "红牌"),
        "label_en": kind("Reminder", "Yellow card", "Red card"),
        "crossed_at": issued,
        "issued_at": issued,
        "person": "concat('P', toString(h % 400))",
        **dict.fromkeys(("subject", "why_zh", "why_en"), "''"),
    }
    where = f"{which} and {issued} <= {NOW}"
    stages = ("'issued'", "'issued'", STAGE)
    for sign, stage in zip((1, -1, 1), stages, strict=True):
        state = f"if({stage} in ('closed', 'lapsed'), {stage}, 'standing')"
        signed = values | {"sign": str(sign), "stage": stage, "state": state} | answer(stage)
        insert_cases(warehouse, "cards", cases, 0, signed, where)


def fill_register(warehouse: Warehouse, rows: int, cases: int) -> None:
    """One row a case."""
    values = {"position": str(rows), "sign": "1"}
    insert_cases(warehouse, "register", cases, 0, values, "1")
    mark(warehouse, "register", rows)


def fill_sums(warehouse: Warehouse, rows: int, cases: int) -> None:
    """What the cases add to days and slots; the cards' share of it with the day of receipt."""
    ones = dict.fromkeys((*DayRow.__struct_fields__, "slot"), "0")
    month = "toDate(toDateTime(intDiv({}, 1000000), 'Asia/Shanghai'))"
    received = {"received": "1", "facts": "7", "late_entries": "h % 20 = 0", "yellows": ISSUED[0]}
    named = {name: CASE_VALUES.get(name, "0") for name in ("legal_days", "promise_days")}
    concluded = {
        "concluded": "1",
        "on_time": "done < yellow",
        "early": f"done < yellow - {DAY}",
        "late": "done >= yellow",
        "legal_used": f"intDiv(done - accepted, {DAY})",
        "saved_days": f"intDiv(promised, {DAY})",
        **named,
    }
    place = {"department": "department", "item": "item"}
    for at, counts in (("received", received), ("accepted", {}), ("done", concluded)):
        name = at if at != "done" else "concluded"
        values = ones | counts | {name: "1"} | place | {"day": month.format(at)}
        insert_cases(warehouse, "daily", cases, 0, values, f"{at} <= {NOW}")
        values = ones | {name: "1", "slot": f"intDiv({at}, {SLOT})", "department": "department"}
        insert_cases(warehouse, "slots", cases, 0, values, f"{at} <= {NOW}")
    for table in ("daily", "slots"):
        mark(warehouse, table, rows)


def mark(warehouse: Warehouse, table: str, position: int) -> None:
    """Where the table stands, as `Warehouse.write` would have left it."""
    make = {table.name: make for table, make in MAKERS}[table]
    warehouse.insert(table, make(Batch(position, NOW), 0, days_in(ZONE)).mark)
