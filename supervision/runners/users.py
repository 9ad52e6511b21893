"""`supervise user`, `supervise unit`, `supervise kiosk`: who may do what, from the machine itself.

The very first administrator is made here; whoever stands at the machine may do all of this, and
each of it is on record as done by the console.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.table import Table

from ..access import ruling
from ..access.admission import SECOND
from ..access.events import PersonAdded, RoleGranted, UnitPlaced
from ..access.office import Access
from ..access.people import DEPARTMENT, DISTRICT, TOP, Person, above
from ..access.rights import ROLES
from ..access.signing import KIOSK_DAYS, LINK_MINUTES, SESSION_SHOWN
from ..errors import SupervisionError
from ..judgement.cards import moment
from .doors import access_of, console, reached
from .settings import open_record, settings

ROLE = click.Choice(sorted(ROLES))
UNITS = click.option(
    "--unit", "units", multiple=True, help="A district or department, any number; none: the whole."
)


class AddressUnfit(SupervisionError):
    """A wall without a person is bound to one address."""

    def __init__(self, text: str) -> None:
        super().__init__(f"--address {text!r} is no IP address such as 10.1.2.3")


@contextmanager
def _access() -> Iterator[Access]:
    given = settings()
    record = open_record(given)
    try:
        access = access_of(given, record)
        try:
            yield access
        finally:
            access.close()
    finally:
        record.close()


@click.group()
def user() -> None:
    """人员 People: who may sign in, and what they may do."""


@user.command("add")
@click.argument("person")
@click.option("--name", default="", help="As people call them.")
@click.option("--department", default="")
@click.option("--subject", default="", help="How the OpenID provider names them.")
@click.option("--role", type=ROLE, help="Their first role.")
@UNITS
@click.option("--texts", is_flag=True, help="They may look at personal data.")
def add(
    person: str,
    name: str,
    department: str,
    subject: str,
    role: str | None,
    units: Sequence[str],
    texts: bool,
) -> None:
    """Let PERSON sign in; their first password is shown this once, and changed at first use."""
    by = console()
    with _access() as access:
        added = access.rule(
            lambda people, at: ruling.add_person(
                people,
                PersonAdded(
                    at=at,
                    by=by,
                    person=person,
                    name=name,
                    department=department,
                    subject=subject,
                ),
            )
        )
        assert isinstance(added, PersonAdded)
        if role:
            _grant(access, added.person, role, units, texts=texts)
        if not subject:
            _tell_password(access.signing.reset_password(added.person, by))
    click.echo(f"已添加 added: {added.person}", err=True)


@user.command("grant")
@click.argument("person")
@click.argument("role", type=ROLE)
@UNITS
@click.option("--texts", is_flag=True, help="They may look at personal data.")
def grant(person: str, role: str, units: Sequence[str], texts: bool) -> None:
    """Give PERSON a role, over some units or the whole."""
    with _access() as access:
        _grant(access, person, role, units, texts=texts)
    click.echo(f"已授权 granted: {person} {role} {' '.join(units)}".rstrip())


@user.command("revoke")
@click.argument("person")
@click.argument("role", type=ROLE)
def revoke(person: str, role: str) -> None:
    """Take a role from PERSON."""
    with _access() as access:
        access.rule(lambda people, at: ruling.revoke(people, person, role, console(), at))
    click.echo(f"已收回 revoked: {person} {role}")


@user.command("disable")
@click.argument("person")
@click.option("--reason", default="")
def disable(person: str, reason: str) -> None:
    """Let PERSON not sign in any more; their sessions end."""
    with _access() as access:
        access.rule(lambda people, at: ruling.disable(people, person, console(), at, reason))
        access.signing.out_all(person, console(), why="disabled")
    click.echo(f"已停用 disabled: {person}")


@user.command("enable")
@click.argument("person")
def enable(person: str) -> None:
    """Let PERSON sign in again."""
    with _access() as access:
        access.rule(lambda people, at: ruling.enable(people, person, console(), at))
    click.echo(f"已启用 enabled: {person}")


@user.command("unlock")
@click.argument("person")
def unlock(person: str) -> None:
    """Forgive PERSON's failed sign-ins."""
    _do(lambda access: access.signing.unlock(person, console()))
    click.echo(f"已解锁 unlocked: {person}")


@user.command("password")
@click.argument("person")
def password(person: str) -> None:
    """Give PERSON a new first password, shown this once; their sessions end."""
    with _access() as access:
        _tell_password(access.signing.reset_password(person, console()))


@user.command("factor")
@click.argument("person")
def factor(person: str) -> None:
    """PERSON lost the telephone: the second factor is begun anew at the next sign-in."""
    _do(lambda access: access.signing.drop_factor(person, console()))
    click.echo(f"下次登录时重新绑定 to be begun anew: {person}")


@user.command("link")
@click.argument("person")
@click.option("--minutes", default=LINK_MINUTES, type=click.IntRange(1, 1_440))
def link(person: str, minutes: int) -> None:
    """Make a link that signs PERSON in once."""
    given = settings()
    with _access() as access:
        secret = access.signing.make_link(person, console(), minutes)
    click.echo(f"{reached(given)}/link/{secret}")


@user.command("list")
def list_people() -> None:
    """Everybody, what they may do, and where."""
    with _access() as access:
        people = access.admissions.people(at_once=True)
        table = Table("登录名 person", "姓名 name", "部门", "角色 roles", "状态 state", box=None)
        for person in sorted(people.persons.values()):
            state = "停用 disabled" if person.disabled else ""
            table.add_row(person.person, person.name, person.department, _roles(person), state)
    Console(highlight=False, markup=False).print(table)


@user.command("sessions")
@click.argument("person", required=False)
@click.option("--end", is_flag=True, help="End them; of everybody if no PERSON is given.")
def sessions(person: str | None, end: bool) -> None:
    """Who is signed in, since when, from where."""
    with _access() as access:
        found = access.signing.sessions(person)
        for session in found:
            since = moment(session.made_at).astimezone().isoformat(timespec="minutes")
            shown = session.digest[:SESSION_SHOWN]
            click.echo(f"{shown}  {session.person}  {session.how}  {since}  {session.address}")
            if end:
                access.signing.out(session, console(), "console")
    if end:
        click.echo(f"已结束 ended: {len(found)}", err=True)


@click.group()
def unit() -> None:
    """单位 The tree of districts and departments that rights are given over."""


@unit.command("place")
@click.argument("name")
@click.option("--kind", type=click.Choice([DISTRICT, DEPARTMENT]), default=DEPARTMENT)
@click.option("--under", default=TOP, help="A district or department; none: at the top.")
def place(name: str, kind: str, under: str) -> None:
    """Put NAME into the tree, or elsewhere in it."""
    by = console()
    with _access() as access:
        access.rule(
            lambda people, at: ruling.place(
                people, UnitPlaced(at=at, by=by, unit=name, kind=kind, parent=under)
            )
        )
    click.echo(f"已放置 placed: {name}")


@unit.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Take NAME out of the tree."""
    with _access() as access:
        access.rule(lambda people, at: ruling.remove(people, name, console(), at))
    click.echo(f"已移除 removed: {name}")


@unit.command("list")
def list_units() -> None:
    """The tree."""
    with _access() as access:
        units = access.admissions.people(at_once=True).units
    paths = {name: "/".join([*reversed(above(units, name)), name]) for name in units}
    for name in sorted(units, key=lambda each: paths[each]):
        click.echo(f"{'  ' * len(above(units, name))}{name}  ({units[name].kind})")


@click.group()
def kiosk() -> None:
    """大屏终端 Walls that are shown without a person signed in."""


@kiosk.command("open")
@click.argument("name")
@click.option("--address", required=True, help="The only IP address from which it may be used.")
@UNITS
@click.option("--days", default=KIOSK_DAYS, type=click.IntRange(1, 3_650))
def open_kiosk(name: str, address: str, units: Sequence[str], days: int) -> None:
    """Make the address that shows the wall at NAME; it is shown this once."""
    try:
        where = str(ipaddress.ip_address(address))
    except ValueError as error:
        raise AddressUnfit(address) from error
    given = settings()
    with _access() as access:
        secret = access.signing.open_kiosk(name, where, units, console(), days)
    click.echo(f"{reached(given)}/kiosk/{secret}")


@kiosk.command("close")
@click.argument("name")
def close_kiosk(name: str) -> None:
    """End the wall at NAME."""
    with _access() as access:
        if not access.signing.close_kiosk(name, console()):
            raise click.ClickException(f"没有这个终端 there is no wall at {name!r}")
    click.echo(f"已关闭 closed: {name}")


@kiosk.command("list")
def list_kiosks() -> None:
    """The walls that may be shown, and where."""
    with _access() as access:
        for each in access.admissions.people(at_once=True).kiosks.values():
            click.echo(f"{each.kiosk}  {each.address}  {' '.join(each.units) or '全部 all'}")
        ends = [s for s in access.signing.sessions() if s.kind == "kiosk"]
    for session in ends:
        click.echo(f"  {session.person} → {moment(session.ends_at // SECOND * SECOND):%Y-%m-%d}")


def _do(what: Callable[[Access], object]) -> None:
    with _access() as access:
        what(access)


def _grant(access: Access, person: str, role: str, units: Sequence[str], *, texts: bool) -> None:
    by, wanted = console(), tuple(units)
    access.rule(
        lambda people, at: ruling.grant(
            people,
            RoleGranted(at=at, by=by, person=person, role=role, units=wanted, texts=texts),
        )
    )


def _tell_password(secret: str) -> None:
    click.echo(secret)
    click.echo("初始密码，只显示这一次 the first password, shown this once", err=True)


def _roles(person: Person) -> str:
    return "; ".join(
        f"{g.role} {'、'.join(g.units) or '全部 all'}{' +texts' if g.texts else ''}"
        for g in person.grants
    )
