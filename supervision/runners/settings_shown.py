"""`supervise settings`: what is set, and by whom."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .settings import effective


@click.command("settings")
def show_settings() -> None:
    """设置 The settings in effect and where each came from; secrets are not shown."""
    given, origins, ignored = effective()
    table = Table("设置 setting", "值 value", "来自 from", box=None)
    for name, value in given.shown().items():
        table.add_row(name, Text(value or "–"), Text(origins.get(name, "默认 default")))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    for env in ignored:
        console.print(f"不是设置，已忽略 no setting, ignored: {env}", markup=False)
