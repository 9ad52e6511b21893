"""Any wall query with ten million events in the warehouse: p95 of each, against 200 ms.

The rows are invented (warehouse_rows.py). On top of them live batches are written through
`Warehouse.write`, so that the tables hold the small parts which following the log leaves; then each
query is timed on what is there, the whole wall, and the lists and the search behind it. Then the
same on a ClickHouse server, if one is installed, as a ratio to chDB.

    python -m tests.bench.warehouse [rows]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from statistics import quantiles

from msgspec import structs

from projections import lookup, queries
from projections.blocks import Batch, CardChange, CaseChange
from projections.chdb import ChdbEngine
from projections.clickhouse import ClickhouseEngine
from projections.contributions import days_in
from projections.rows import CardRow, CaseRow, EventRow
from projections.view import View
from projections.warehouse import Engine, Warehouse
from tools.services import Clickhouse
from tools.services.server import Missing

from .warehouse_rows import DAY, NOW, SECOND, ZONE, fill

Measure = tuple[str, float, float, float]
"""What, its value in seconds, the bound it is held against, value / bound."""

BOUND = 0.200
"""Seconds, for the p95 of any query of the wall."""
REPEATS, LIST_REPEATS = 40, 10
LIVE_BATCHES, LIVE_EVENTS = 30, 5_000
LIVE_BOUND = LIVE_EVENTS / 20_000
"""Seconds for a batch, at the facts a second that the log is to take."""
LIVE = f"a live batch of {LIVE_EVENTS} facts written"
LISTS = ("open", "yellow", "received_today", "concluded_month", "yellows_today", "history")
"""Of the lists behind the wall's figures: one of each kind."""


def run(rows: int = 10_000_000) -> list[Measure]:
    """Fill a folder with `rows` events, time every query of the wall, and remove the folder; then
    on a server, its values held against those of chDB.
    """
    with tempfile.TemporaryDirectory(prefix="warehouse-bench-") as folder:
        with closing(ChdbEngine(Path(folder) / "chdb")) as engine:
            inside = measured(engine, rows)
        found = [
            (what, value, bound, value / bound)
            for what, value in inside.items()
            for bound in (LIVE_BOUND if what.startswith(LIVE) else BOUND,)
        ]
        with served(Path(folder) / "server") as server:
            outside = measured(server, rows) if server else {}
        return found + [
            (f"server of {'.'.join(map(str, server.version))}: {what}", value, inside[what],
             value / inside[what])
            for what, value in outside.items() if server
        ]  # fmt: skip


@contextmanager
def served(folder: Path) -> Iterator[ClickhouseEngine | None]:
    """A server of the system's packages; None if there is none."""
    server = Clickhouse(folder)
    try:
        server.start()
    except Missing:
        yield None
        return
    try:
        with closing(ClickhouseEngine(server.fresh("bench"))) as engine:
            yield engine
    finally:
        server.kill()


def measured(engine: Engine, rows: int) -> dict[str, float]:
    """What was measured, in seconds."""
    warehouse = Warehouse(engine, days_in(ZONE))
    warehouse.create()
    began = time.perf_counter()
    fill(warehouse, rows)
    print(f"filled in {time.perf_counter() - began:.0f} s")
    live = [timed(lambda batch=batch: warehouse.write(batch)) for batch in live_batches(rows)]
    report(warehouse)
    check(warehouse)
    found = cuts(LIVE, live)
    for name, query in wall_queries(warehouse).items():
        found |= cuts(name, [timed(query) for _ in range(REPEATS)])
    for name, query in lookups(warehouse).items():
        found |= cuts(name, [timed(query) for _ in range(LIST_REPEATS)])
    return found


def lookups(warehouse: Warehouse) -> dict[str, Callable[[], object]]:
    """A page of each kind of list, and the search."""
    view, when = View(warehouse, None), queries.moment(NOW, ZONE)

    def page(what: str) -> Callable[[], object]:
        return lambda: lookup.page(view, when, what, "", "", 50)

    pages = {f"list {what}": page(what) for what in LISTS}
    return {**pages, "a case by part of its number": lambda: lookup.find(view, "000012345")}


def wall_queries(warehouse: Warehouse) -> dict[str, Callable[[], object]]:
    """Each query of the wall by name, and all of them."""
    view, when = View(warehouse, None), queries.moment(NOW, ZONE)
    position = warehouse.highest("events")
    return {
        "open cases by department and light": lambda: queries.open_by_department(view, when),
        "month and today by department": lambda: queries.month_by_department(view, when),
        "history": lambda: view.query(queries.HISTORY),
        "position": lambda: warehouse.highest("events"),
        "next deadlines": lambda: queries.deadlines(view, when),
        "due days": lambda: queries.due_days(view, when),
        "latest cards": lambda: queries.cards(view, when),
        "stream": lambda: queries.stream(view, position),
        "curve": lambda: queries.curve(view, when),
        "the whole wall": lambda: queries.wall(view, NOW, ZONE, "示例区", measured=0.0),
    }


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cuts(name: str, seconds: list[float]) -> dict[str, float]:
    """The p50 and p95 of some runs."""
    found = quantiles(seconds, n=20)
    return {f"{name}, p50": found[9], f"{name}, p95": found[18]}


def live_batches(position: int) -> list[Batch]:
    """Batches of today: each event accepts a case, and now and then a card is issued."""
    found = []
    for _ in range(LIVE_BATCHES):
        numbers = range(position + 1, position + LIVE_EVENTS + 1)
        position += LIVE_EVENTS
        cases = [change(number) for number in numbers]
        cards = [card(one) for one in cases if one.position % 20 == 0]
        found.append(Batch(position, NOW, [event(one) for one in cases], cases, cards))
    return found


def change(position: int) -> CaseChange:
    """A case received (odd), and accepted with the position that follows."""
    number = position // 2
    new = CaseRow(
        source=f"s{number % 5}",
        case_no=f"LV{number:09d}",
        item=f"51010{number % 1135:06d}",
        item_name=f"许可事项（示例）{number % 1135}",
        department=f"第{number % 1135 % 34}行政审批部门",
        kind="01",
        received_at=NOW - 60 * SECOND,
        facts=1,
    )
    if position % 2 == 0:
        return CaseChange(position, NOW, None, new)
    at = NOW + (number % 20 - 1) * DAY
    accepted = structs.replace(
        new,
        accepted_at=NOW,
        due_day=date(2026, 11, 20),
        warn_at=at - 2 * DAY,
        yellow_at=at,
        red_at=at + DAY,
        next_at=at,
        next_clock="promise",
        facts=2,
    )
    return CaseChange(position, NOW, new, accepted)


def event(one: CaseChange) -> EventRow:
    """The event of a change."""
    assert one.new is not None
    return EventRow(
        position=one.position,
        recorded_at=NOW,
        occurred_at=NOW,
        family="fact",
        kind="CaseAccepted",
        source=one.new.source,
        case_no=one.new.case_no,
        item=one.new.item,
        item_name=one.new.item_name,
        department=one.new.department,
    )


def card(one: CaseChange) -> CardChange:
    """A yellow card of the moment."""
    assert one.new is not None
    new = CardRow(
        source=one.new.source,
        case_no=one.new.case_no,
        card=f"{one.position}",
        rule="promise",
        subject="",
        severity="yellow",
        colour="#F0E442",
        label_zh="黄牌",
        label_en="yellow card",
        state="standing",
        stage="issued",
        item=one.new.item,
        item_name=one.new.item_name,
        department=one.new.department,
        crossed_at=NOW,
        issued_at=NOW,
    )
    return CardChange(one.position, NOW, None, new)


def check(warehouse: Warehouse) -> None:
    """That there is something to show in every part: an empty wall is fast."""
    view = View(warehouse, None)
    wall = queries.wall(view, NOW, ZONE, "示例区", measured=0.0)
    kpi = wall.kpi
    assert min(kpi.received, kpi.concluded, kpi.open, kpi.due_today, kpi.yellow, kpi.yellows_today)
    assert len(wall.deadlines) == queries.DEADLINES
    assert len(wall.cards) == queries.CARDS
    assert len(wall.stream) == queries.STREAM
    assert wall.curve.received[-1] == kpi.received
    assert all(lookup.page(view, queries.moment(NOW, ZONE), w, "", "", 9).lines for w in LISTS)
    assert lookup.find(view, "000012345")
    print(
        f"{kpi.open:,} open, {kpi.received:,} received today, {len(wall.departments)} departments"
    )


def report(warehouse: Warehouse) -> None:
    """Rows, parts and bytes of each table."""
    rows = warehouse.query(
        "select table, sum(rows), count(), sum(bytes_on_disk) from system.parts"
        " where active and database = currentDatabase() group by table order by table"
    )
    for table, count, parts, size in rows:
        print(f"{table:14} {count:>12,} rows {parts:>4} parts {int(size) / 1e6:>8.1f} MB")


def main() -> None:
    """Print a table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    for what, value, bound, ratio in run(rows):
        print(f"{what:45} {value * 1000:8.1f} ms  bound {bound * 1000:6.1f} ms  ratio {ratio:5.2f}")


if __name__ == "__main__":
    main()
