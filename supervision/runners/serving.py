"""`supervise run`, `supervise clock confirm`, `supervise rebuild`."""

from __future__ import annotations

import getpass
import logging
import shutil

import click

from ..judgement.cards import moment
from .home import Held
from .settings import loopback, open_record, settings


@click.command()
@click.option("--empty", is_flag=True, help="Without the invented city.")
@click.option(
    "--speed",
    default=120,
    type=click.IntRange(1, 3_600),
    help="How much faster than real time the city lives.",
)
@click.option("--seed", default=1, help="Which city.")
@click.option("--host", help="A loopback address.")
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
    where = loopback(host or given.host)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
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
    record = open_record(settings().home)
    try:
        stamp = record.confirm_clock(getpass.getuser())
    finally:
        record.close()
    click.echo(f"已确认 confirmed: {moment(stamp).isoformat()}")


@click.command()
def rebuild() -> None:
    """Throw the warehouse away; the next `supervise run` fills it from the log."""
    home = settings().home
    held = Held(home)
    try:
        shutil.rmtree(home / "warehouse", ignore_errors=True)
    finally:
        held.close()
    click.echo("已清空，下次运行时由日志重建 emptied; the next run fills it from the log")
