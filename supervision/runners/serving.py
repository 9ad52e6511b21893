"""`supervise run`, `supervise clock confirm`, `supervise rebuild`."""

from __future__ import annotations

import shutil
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..errors import SupervisionError
from ..judgement.cards import moment
from . import logs
from .doors import console
from .home import Held
from .settings import Settings, guarded, open_record, settings


class NotAlone(SupervisionError):
    """The settings name the log of a cluster, and `supervise run` is the whole system by itself."""

    def __init__(self) -> None:
        super().__init__(
            "`supervise run` keeps its log in the home, but database is set; start the roles with "
            "`supervise serve`, or leave SUPERVISION_DATABASE out"
        )


def alone(given: Settings) -> None:
    """NotAlone if the settings are those of a cluster."""
    if given.database:
        raise NotAlone


@click.command()
@click.option("--empty", is_flag=True, help="Without the invented city.")
@click.option(
    "--speed",
    default=120,
    type=click.IntRange(1, 3_600),
    help="How much faster than real time the city lives.",
)
@click.option("--seed", default=1, help="Which city.")
@click.option("--host", help="Where to listen; beyond this machine with TLS only.")
@click.option("--port", type=click.IntRange(1, 65_535))
@click.option("--confirm-clock", is_flag=True, help="The clock is right, whatever it was before.")
def run(
    empty: bool, speed: int, seed: int, host: str | None, port: int | None, confirm_clock: bool
) -> None:
    """运行 Run everything in one process, the wall at http://127.0.0.1:8050.

    A new home starts with an invented city that lives faster than real time; --empty starts
    without, on the real clock. A home stays what it was started as.
    """
    from .server import CityAsked, serve

    given = settings()
    alone(given)
    where = guarded(given, host or given.host)
    logs.setup(given.log_format, given.log_level, "run", logs.instance_name())
    held = Held(given.home)
    try:
        serve(
            given,
            host=where,
            port=port or given.port,
            city=None if empty else CityAsked(seed, speed),
            confirm_clock=confirm_clock,
        )
    finally:
        held.close()


@click.group()
def clock() -> None:
    """时钟 The clock that time limits are judged by."""


@clock.command()
def confirm() -> None:
    """Confirm that the system's clock is right after it jumped; intake and time go on."""
    record = open_record(settings())
    try:
        stamp = record.confirm_clock(console())
    finally:
        record.close()
    click.echo(f"已确认 confirmed: {moment(stamp).isoformat()}")


@click.command()
def rebuild() -> None:
    """Make the warehouse anew from the log; a cluster's wall stays up meanwhile."""
    given = settings()
    if given.clickhouse:
        _rebuild_cluster(given)
        return
    held = Held(given.home)
    try:
        shutil.rmtree(given.home / "warehouse", ignore_errors=True)
    finally:
        held.close()
    click.echo("已清空，下次运行时由日志重建 emptied; the next run fills it from the log")


def _rebuild_cluster(given: Settings) -> None:
    from .cluster.rebuild import rebuild as fill

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("重建 rebuild"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("rebuild", total=None)
        generation = fill(
            given, lambda done, total: progress.update(task, completed=done, total=total)
        )
    click.echo(f"已切换到第 {generation} 代 generation {generation} is in use")
