"""`supervise serve ROLE`, `supervise database prepare`, `supervise database adopt HOME`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ...errors import SupervisionError
from .. import logs
from ..settings import OWNERS, Settings, open_record, settings

ROLES = ("publisher", "watch", "rows", "links", "alerts", "seal", "scheduler", "intake", "wall")


class PackageMissing(SupervisionError):
    """The roles need more than the product alone."""

    def __init__(self, error: ModuleNotFoundError) -> None:
        super().__init__(
            f"the roles of a cluster need {error.name}: pip install 'supervision[cluster]'"
        )


@click.command()
@click.argument("role", type=click.Choice(ROLES))
def serve(role: str) -> None:
    """集群角色 Run one role of a cluster until it is told to end (docs/cluster.md).

    \b
    publisher   the log into Kafka, and time with it; one leads
    watch       judges cases, issues cards; as many as there is work
    rows        the log into ClickHouse; one leads
    links       links cases of one applicant; one leads
    alerts      tells people of cards, by mail, SMS and chat; one leads
    seal        seals the log: signed checkpoints; one leads
    scheduler   retention and checks, by the calendar; one leads
    intake      the API for departments; any number
    wall        the wall and the pages behind it; any number
    """
    given = settings()
    logs.setup(given.log_format, given.log_level, role, logs.instance_name())
    try:
        from .patient import Stopping
        from .station import Station

        work = _work(role)
    except ModuleNotFoundError as error:
        raise PackageMissing(error) from error
    with suppress(Stopping):
        work(Station(role, given))


def _work(role: str) -> Callable[..., None]:
    """What a role does; each imports its own drivers only."""
    match role:
        case "publisher":
            from .publish import serve as work
        case "watch":
            from .watch import serve as work
        case "rows":
            from .rows import serve as work
        case "links":
            from .links import serve as work
        case "alerts":
            from .alerts import serve as work
        case "seal":
            from .seal import serve as work
        case "scheduler":
            from .schedule import serve as work
        case "intake":
            from .web import serve_intake as work
        case _:
            from .web import serve_wall as work
    return work


@click.group()
def database() -> None:
    """数据库 The databases of a cluster."""


OPTIONS = (
    click.option(
        "--owner",
        required=True,
        envvar=OWNERS[0],
        help="libpq URL of the owner of the log's database; or SUPERVISION_OWNER.",
    ),
    click.option("--vault-owner", envvar=OWNERS[1], help="Of the vault's, if it is another."),
    click.option("--keys-owner", envvar=OWNERS[2], help="Of the keys', if it is another."),
)


def owners(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say who owns the databases."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@database.command()
@owners
def prepare(owner: str, vault_owner: str | None, keys_owner: str | None) -> None:
    """Make what is missing and grant the role of the settings what it needs; harmless twice."""
    given = settings()
    prepare_databases(given, owner, vault_owner or owner, keys_owner or owner)
    from ..lists import first_lists

    record = open_record(given)
    try:
        count = first_lists(record)
    finally:
        record.close()
    click.echo(f"已就绪 prepared; {count} 个清单入库 lists published")


@database.command("adopt")
@click.argument("home", type=click.Path(path_type=Path))
@owners
def adopt_command(home: Path, owner: str, vault_owner: str | None, keys_owner: str | None) -> None:
    """Copy the HOME of one process, log, vault and keys, into databases that hold nothing.

    The tables are made by this too. Positions, times and bytes stay as they are; the home is only
    read. Nothing may run on it, nor in the cluster. Passwords are copied; who was signed in must
    sign in again.
    """
    try:
        from ...store.adoption import Owners
        from .adopt import adopt_home, simulated
    except ModuleNotFoundError as error:
        raise PackageMissing(error) from error
    named = Owners(owner, vault_owner or owner, keys_owner or owner)
    for name, rows, digest in adopt_home(settings(), home, named):
        click.echo(f"{name:<10} {rows:>13,}  sha256 {digest}")
    click.echo("已迁入，两边逐行一致 adopted: both sides were compared row by row and are the same")
    if simulated(home):
        click.echo(
            "该目录的时间是演示时间 the time of this home is that of a demonstration", err=True
        )


def prepare_databases(given: Settings, owner: str, vault_owner: str, keys_owner: str) -> None:
    """Tables and grants, by their owners, for the roles of the settings. StoreDown, StoreBroken."""
    from psycopg.conninfo import conninfo_to_dict

    from ...access.store_postgres import prepare_access
    from ...store.board import prepare_board
    from ...store.election import prepare_elections
    from ...store.pointers import prepare_pointers
    from ...store.postgres import prepare as prepare_log
    from ...store.vault_postgres import prepare_vault

    def role(url: str) -> str:
        return str(conninfo_to_dict(url).get("user", ""))

    prepare_log(owner, role(given.database))
    for each in (prepare_board, prepare_elections, prepare_pointers):
        each(owner, role(given.database))
    prepare_vault(vault_owner, role(given.vault), keys_owner)
    prepare_access(keys_owner, role(given.keys))
