"""The city's figures at a past instant, in the terminal: those of the wall, by the same functions.

They are asked of the warehouse where this process may open it and it holds every table up to the
instant; else of one of its own, filled from the log up to the instant and removed after. So they
can be asked beside a product that runs, and of a log whose warehouse is gone.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from alerts.alarms import Health
from dashboards.live import LiveSource
from dashboards.past import Past, read_instant
from dashboards.past import written as written_at
from dashboards.show import end, parts_of, percent
from dashboards.words import SHAPES
from projections import schema
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.figures import DepartmentFigures, Wall
from projections.filling import Filling
from projections.past import position_at
from projections.warehouse import Warehouse, WarehouseBusy

from ..record import Record
from .desk import NoRecord
from .settings import PLAN, Settings, has_record, open_record, settings

READ = 5_000
"""Events of one block of rows."""


def show_past(at_text: str, department: str = "") -> None:
    """Print the wall's figures at an instant (ISO, of the wall's zone unless it says another; `now`
    for the last), of all or of one department. Raises SupervisionError: in a line, what to do.
    """
    given = settings()
    if not has_record(given):
        raise NoRecord
    record = open_record(given)
    try:
        wall = past_wall(given, record, at_text, department)
    finally:
        record.close()
    _print(wall)


def past_wall(given: Settings, record: Record, at_text: str, department: str = "") -> Wall:
    """The wall of an instant. Raises dashboards.past.NotTold, WarehouseError."""
    judged = record.last_stamp()
    asked = read_instant(at_text, given.zone, judged)
    with _rows(given, record, position_at(record, min(asked, judged))[0]) as warehouse:
        demonstration = (given.home / PLAN).exists()
        source = LiveSource(
            record,
            warehouse,
            lambda: (judged, 0.0),
            Health,
            district=given.district or ("演示区" if demonstration else "本级"),
            zone=given.zone,
        )
        past: Past = source.past()
        return (past.of(department) if department else past).wall(asked)


@contextmanager
def _rows(given: Settings, record: Record, position: int) -> Iterator[Warehouse]:
    """A warehouse that holds all up to a position: the product's own, or one for the moment."""
    shared = _shared(given)
    try:
        if shared and min(map(shared.highest, HOLD)) >= position:
            yield shared
            return
    finally:
        if shared:
            shared.close()
    with tempfile.TemporaryDirectory(prefix="supervise-past-") as folder:
        made = Warehouse(ChdbEngine(Path(folder)), days_in(given.zone))
        try:
            made.create()
            _fill(record, made, position)
            yield made
        finally:
            made.close()


HOLD = tuple(table.name for table in schema.TABLES)


def _shared(given: Settings) -> Warehouse | None:
    """The product's; None where it is another process's, or was never made."""
    if given.database:
        from .cluster.generations import current_generation, open_warehouse

        return open_warehouse(given, current_generation(given))
    folder = given.home / "warehouse"
    if not folder.exists():
        return None
    try:
        made = Warehouse(ChdbEngine(folder), days_in(given.zone))
    except WarehouseBusy:
        return None
    made.create()
    return made


def _fill(record: Record, warehouse: Warehouse, position: int) -> None:
    """The rows of the log up to a position, which ends a transaction."""
    filling = Filling(record, warehouse)
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("读取日志 reading the log", total=position)
        while filling.position < position:
            batch = record.read(filling.position, READ)
            filling.take([each for each in batch if each.position <= position])
            progress.update(task, completed=filling.position)


def _print(wall: Wall) -> None:
    console = Console(highlight=False)
    console.print(
        f"{wall.district}  截至 as of {written_at(wall.now, wall.zone)} {wall.zone}"
        f"  位置 position {wall.position:,}",
        style="bold",
        markup=False,
    )
    kpi = wall.kpi
    table = Table(show_header=False, box=None)
    for name, text in (
        ("今日收件 received today", f"{kpi.received:,}"),
        ("今日受理 accepted today", f"{kpi.accepted:,}"),
        ("今日办结 concluded today", f"{kpi.concluded:,}"),
        ("在办 open", f"{kpi.open:,}"),
        ("今日到期 due today", f"{kpi.due_today:,}"),
        (f"{SHAPES['reminder']} 预警 reminders", _lit(kpi.reminder, kpi.reminders_today)),
        (f"{SHAPES['yellow']} 黄牌 yellow", _lit(kpi.yellow, kpi.yellows_today)),
        (f"{SHAPES['red']} 红牌 red", _lit(kpi.red, kpi.reds_today)),
        ("按时办结率 on time, month", f"{percent(kpi.on_time)}  {parts_of(kpi.on_time)}"),
        ("提前办结率 early, month", f"{percent(kpi.early)}  {parts_of(kpi.early)}"),
        ("法定提速率 speed-up, month", f"{percent(kpi.speed_up)}  {parts_of(kpi.speed_up)}"),
    ):
        table.add_row(name, text)
    console.print(table)
    console.print(_departments(wall.departments))
    for card in wall.cards:
        mark = SHAPES.get(card.severity, "")
        console.print(
            f"{mark} {end(card.issued_at, wall.zone)}  {card.label_zh}  {card.source}/"
            f"{card.case_no}  {card.item_name}  {card.department}",
            markup=False,
        )


def _lit(now: int, today: int) -> str:
    return f"{now:,}  (今日 today +{today:,})"


def _departments(departments: tuple[DepartmentFigures, ...]) -> Table:
    heads = ("部门 department", "在办 open", SHAPES["red"], SHAPES["yellow"], SHAPES["reminder"])
    table = Table(*heads, "按时 on time", "得分 score", box=None)
    for one in departments:
        score = "–" if one.score is None else f"{one.score:.1f}"
        counts = (str(n) for n in (one.open, one.red, one.yellow, one.reminder))
        table.add_row(one.name, *counts, percent(one.on_time), score)
    return table
