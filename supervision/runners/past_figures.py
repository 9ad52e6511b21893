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

from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from alerts.alarms import Health
from dashboards.live import LiveSource
from dashboards.past import Past, read_instant
from dashboards.past import written as written_at
from dashboards.show import end, parts_of, percent
from dashboards.truth_shown import differing
from dashboards.truth_walls import Made, TrueWalls, true_walls
from dashboards.words import LANGS, SHAPES
from dashboards.words_replay import say
from projections import schema
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.figures import DepartmentFigures, Kpi, Wall
from projections.filling import Filling
from projections.past import first_told, position_at
from projections.warehouse import Warehouse, WarehouseBusy
from replay.every_case import Watching
from replay.truth_file import Differences

from ..facts import Instant
from ..record import Record
from .desk import NoRecord
from .settings import PLAN, Settings, has_record, open_record, settings

READ = 5_000
"""Events of one block of rows."""
TRUE = "true"
"""The axis of figures as they truly were."""
LISTED = 10
"""Differences of a kind that are told one by one."""


def show_past(at_text: str, department: str = "", axis: str = "known") -> None:
    """Print the wall's figures at an instant (ISO, of the wall's zone unless it says another; `now`
    for the last), of all or of one department; on the axis `true` those that truly were beside
    them, and where they differ. Raises SupervisionError: in a line, what to do.
    """
    given = settings()
    if not has_record(given):
        raise NoRecord
    record = open_record(given)
    try:
        wall = past_wall(given, record, at_text, department)
        if axis != TRUE:
            _print(wall)
            return
        walls = _true_walls(record, given.zone)
    finally:
        record.close()
    try:
        departments = frozenset({department}) if department else None
        truly = walls.wall(wall.now, departments)
        _print(replace(truly, district=wall.district, position=wall.position), wall, walls.made)
        _print_differences(walls.differences(wall.now, departments), given.zone)
    finally:
        walls.close()


def _true_walls(record: Record, zone: str) -> TrueWalls:
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("按实际时间重算 telling it as it truly was", total=1_000)
        watching = Watching(lambda done, total: progress.update(task, completed=done, total=total))
        return true_walls(record, zone, watching)


def past_wall(given: Settings, record: Record, at_text: str, department: str = "") -> Wall:
    """The wall of an instant. Raises dashboards.past.NotTold, WarehouseError."""
    judged = record.last_stamp()
    asked = read_instant(at_text, given.zone, judged)
    with _rows(given, record, min(asked, judged)) as warehouse:
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
def _rows(given: Settings, record: Record, asked: Instant) -> Iterator[Warehouse]:
    """A warehouse that holds all up to an instant: the product's own, if no month was dropped of
    what it takes, or one for the moment.
    """
    shared, position = _shared(given), position_at(record, asked)[0]
    try:
        if (
            shared
            and min(map(shared.highest, HOLD)) >= position
            and first_told(record, shared) <= asked
        ):
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


def _print(wall: Wall, known: Wall | None = None, made: Made | None = None) -> None:
    """`known`: the wall is one as it truly was, told anew as `made` says, and this was shown."""
    console = Console(highlight=False)
    console.print(
        f"{wall.district}  截至 as of {written_at(wall.now, wall.zone)} {wall.zone}"
        f"  位置 position {wall.position:,}",
        style="bold",
        markup=False,
    )
    if made:
        told = (say("made", lang).format(at=written_at(made.until, wall.zone)) for lang in LANGS)
        console.print(" · ".join((say("true", "zh"), *told)), markup=False)
        if made.unreadable:
            left = (say("left_out", lang).format(n=f"{made.unreadable:,}") for lang in LANGS)
            console.print("".join(left).lstrip("，"), markup=False)
    table = Table(show_header=known is not None, box=None)
    table.add_column()
    table.add_column("实际 truly")
    if known:
        table.add_column("当时 known then")
    shown = [dict(_figures(each.kpi)) for each in (wall, known) if each]
    for name in shown[0]:
        table.add_row(name, *(figures[name] for figures in shown))
    console.print(table)
    console.print(_departments(wall.departments, known.departments if known else ()))
    for card in wall.cards:
        mark = SHAPES.get(card.severity, "")
        console.print(
            f"{mark} {end(card.issued_at, wall.zone)}  {card.label_zh}  {card.source}/"
            f"{card.case_no}  {card.item_name}  {card.department}",
            markup=False,
        )


def _figures(kpi: Kpi) -> Iterator[tuple[str, str]]:
    yield "今日收件 received today", f"{kpi.received:,}"
    yield "今日受理 accepted today", f"{kpi.accepted:,}"
    yield "今日办结 concluded today", f"{kpi.concluded:,}"
    yield "在办 open", f"{kpi.open:,}"
    yield "今日到期 due today", f"{kpi.due_today:,}"
    yield f"{SHAPES['reminder']} 预警 reminders", _lit(kpi.reminder, kpi.reminders_today)
    yield f"{SHAPES['yellow']} 黄牌 yellow", _lit(kpi.yellow, kpi.yellows_today)
    yield f"{SHAPES['red']} 红牌 red", _lit(kpi.red, kpi.reds_today)
    yield "按时办结率 on time, month", f"{percent(kpi.on_time)}  {parts_of(kpi.on_time)}"
    yield "提前办结率 early, month", f"{percent(kpi.early)}  {parts_of(kpi.early)}"
    yield "法定提速率 speed-up, month", f"{percent(kpi.speed_up)}  {parts_of(kpi.speed_up)}"


def _lit(now: int, today: int) -> str:
    return f"{now:,}  (今日 today +{today:,})"


def _departments(
    departments: tuple[DepartmentFigures, ...], known: tuple[DepartmentFigures, ...]
) -> Table:
    """What was shown instead stands behind what differs from it, in brackets."""
    heads = ("部门 department", "在办 open", SHAPES["red"], SHAPES["yellow"], SHAPES["reminder"])
    table = Table(*heads, "按时 on time", "得分 score", box=None)
    shown = {one.name: one for one in known}
    for one in departments:
        score = "–" if one.score is None else f"{one.score:.1f}"
        then = shown.get(one.name, DepartmentFigures(name=one.name)) if known else one
        counts = (
            f"{n}" if n == (was := getattr(then, name)) else f"{n} ({was})"
            for name in ("open", "red", "yellow", "reminder")
            for n in (getattr(one, name),)
        )
        table.add_row(one.name, *counts, percent(one.on_time), score)
    return table


def _print_differences(found: Differences, zone: str) -> None:
    """By kind, LISTED of each."""
    console = Console(highlight=False)
    told = differing(found, "zh", zone, None)
    if not told.kinds:
        console.print(" ".join(say("no_differences", lang) for lang in LANGS))
    for kind in told.kinds:
        lights = "  ".join(f"{shape} {n:,}" for _, shape, n in kind.lights)
        words = f"{kind.word} {say(kind.kind, 'en')}: {kind.count:,}  {lights}".rstrip()
        console.print(words, style="bold", markup=False)
        for line in kind.lines[:LISTED]:
            console.print(f"  {line.shape} {line.what}  {line.whose}  {line.when}", markup=False)
