"""`supervise database adopt`: a home of one process becomes the log, the vault, the keys and the
passwords of a cluster.
"""

from __future__ import annotations

import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...store.adoption import CannotAdopt, Copied, Owners, adopt
from ..home import Held
from ..settings import LOG, PLAN, SIMULATION, Settings, open_record


class NoDatabase(CannotAdopt):
    """The settings do not say where the cluster keeps its log."""

    def __init__(self) -> None:
        super().__init__("database is not set: set SUPERVISION_DATABASE, see docs/cluster.md")


class AnotherDatabase(CannotAdopt):
    """The owner's database is not the one that the roles would open."""

    def __init__(self, had: int, head: int) -> None:
        super().__init__(
            f"the home was adopted, {had:,} events, but the log of SUPERVISION_DATABASE ends at "
            f"{head:,}: set it to the database of the owner that was named"
        )


def adopt_home(given: Settings, home: Path, owners: Owners) -> list[Copied]:
    """Copy a home into the databases of the settings, which hold nothing; what was copied.

    The tables are made first, by the owners. CannotAdopt, HomeBusy, StoreError.
    """
    from .commands import prepare_databases

    if not given.database:
        raise NoDatabase
    if not (home / LOG).is_file():
        raise CannotAdopt(f"{home.absolute()} is no home: it holds no {LOG}")
    try:
        held = Held(home)
    except OSError as error:
        why = (
            f"{home.absolute()} cannot be locked ({error.strerror}): adopt as the user who owns it"
        )
        raise CannotAdopt(why) from error
    try:
        prepare_databases(given, owners.log, owners.vault, owners.keys)
        copied = _copy(given, home, owners)
    finally:
        held.close()
    _see(given, copied)
    return copied


def simulated(home: Path) -> bool:
    """Whether the home's time is invented."""
    return (home / SIMULATION).exists() or (home / PLAN).exists()


def _copy(given: Settings, home: Path, owners: Owners) -> list[Copied]:
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("迁入 adopt"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    roles = Owners(*(_user(url) for url in (given.database, given.vault, given.keys)))
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("adopt", total=None)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return adopt(home, owners, roles, told)


def _user(url: str) -> str:
    return str(conninfo_to_dict(url).get("user", ""))


def _see(given: Settings, copied: list[Copied]) -> None:
    """The roles of the settings see what their owners have taken over; erasures are applied."""
    had = next(part.rows for part in copied if part.name == "log")
    record = open_record(given)
    try:
        head = record.head()
    finally:
        record.close()
    if head != had:
        raise AnotherDatabase(had, head)
