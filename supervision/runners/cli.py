"""The command `supervise`: what operators, importers and desks type.

What goes wrong is told in a line, with what to do; a traceback is a defect.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console

from ..errors import SupervisionError
from . import (
    alerting,
    carding,
    casefiling,
    desk,
    exporting,
    lists,
    replaying,
    sampling,
    sealing_commands,
    serving,
    settings_shown,
    sources,
    users,
    verifying,
    whatif,
    witnessing,
)
from .cluster import commands
from .importing import import_command

errors = Console(stderr=True, highlight=False)


class Safe(click.Group):
    """A group whose commands end with a message, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; 1 for what went wrong, 130 when interrupted."""
        try:
            return super().invoke(ctx)
        except SupervisionError as error:
            errors.print(f"错误 Error: {error}", style="bold red", soft_wrap=True, markup=False)
            ctx.exit(1)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(0)
        except KeyboardInterrupt:
            errors.print("已中断 Interrupted", style="yellow")
            ctx.exit(130)


@click.group(cls=Safe, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="supervision")
def main() -> None:
    """行政审批电子监察 Electronic supervision of administrative approvals."""


COMMANDS: tuple[Callable[..., Any], ...] = (
    serving.run,
    import_command,
    desk.deadline,
    desk.stats,
    desk.case,
    replaying.replay,
    sources.key,
    users.user,
    users.unit,
    users.kiosk,
    alerting.alert,
    carding.card,
    casefiling.case_file,
    sampling.sample,
    exporting.export,
    whatif.rederive_command,
    whatif.what_if_command,
    lists.calendar,
    lists.publish,
    serving.clock,
    serving.rebuild,
    sealing_commands.seal,
    witnessing.witness,
    commands.serve,
    commands.database,
    verifying.verify_command,
    settings_shown.show_settings,
)
for command in COMMANDS:
    assert isinstance(command, click.Command)
    main.add_command(command)

if __name__ == "__main__":
    main()
