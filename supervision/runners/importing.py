"""`supervise import`: a file of facts, with a progress bar, a refusal file and a summary."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..facts import ZH
from ..intake.importing import ImportStopped, Summary, import_file
from .lists import first_lists
from .settings import open_record, settings


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Which column is what (docs/mapping.md).",
)
@click.option("--history", is_flag=True, help="The past, as if it had been watched.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused lines go; beside the file if left out.",
)
def import_command(file: Path, mapping: Path, history: bool, refused: Path | None) -> None:
    """导入 Import facts from a CSV or XES file (.gz too)."""
    record = open_record(settings())
    console = Console(stderr=True, highlight=False)
    try:
        first_lists(record)
        with Progress(
            TextColumn("导入 import"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not sys.stderr.isatty(),
        ) as progress:
            task = progress.add_task("import", total=None)

            def told(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            summary = import_file(
                record, file, mapping, history=history, progress=told, refused=refused
            )
    except ImportStopped as stopped:
        show(stopped.summary)
        raise
    finally:
        record.close()
    show(summary)


def show(summary: Summary) -> None:
    """The summary on standard output."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, count in (
        ("行 lines", summary.lines),
        ("办件 cases", summary.cases),
        ("入库 stored", summary.stored),
        ("已有 had", summary.had),
        ("拒收 refused", summary.refused),
    ):
        table.add_row(name, f"{count:,}")
    if summary.passed:
        table.add_row("略过 passed over", f"{summary.passed:,}")
    for kind, count in summary.by_kind.items():
        table.add_row(f"  {ZH.get(kind, kind)} {kind}", f"{count:,}")
    table.add_row("秒 seconds", f"{summary.seconds:.1f}")
    Console(highlight=False).print(table)
    if summary.refused and summary.refusals:
        click.echo(f"拒收清单 refused lines and why: {summary.refusals}")
