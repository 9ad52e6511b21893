"""`supervise key`: who may send, and what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import click

from ..intake.keys import Issued, Key, Rights, end_of, find, keys, new_key, revoke, rotate
from ..intake.reading import FORMS
from ..record import Record
from .doors import console
from .settings import open_record, settings

SOON = timedelta(days=14)
"""How long before its end a key is said to expire soon."""

STATES = {
    "valid": "有效 valid",
    "expired": "已到期 expired",
    "revoked": "已作废 revoked",
}


class Place(NamedTuple):
    """The record, the zone in which days end, and what time it is."""

    record: Record
    zone: tzinfo
    now: datetime


@contextmanager
def place() -> Iterator[Place]:
    """Of the settings."""
    given = settings()
    with closing(open_record(given)) as record:
        yield Place(record, ZoneInfo(given.zone), datetime.now(UTC))


@click.group()
def key() -> None:
    """接入密钥 Keys of source systems."""


@key.command("new")
@click.argument("source")
@click.option(
    "--department", "departments", multiple=True, help="部门 May send its cases only; repeatable."
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(sorted(FORMS)),
    metavar="KIND",
    help="事件种类 May send this kind of fact only, StepCompleted say; repeatable.",
)
@click.option("--expires", default="", help="有效期 90d, 12h, or its last day as 2027-03-31.")
@click.option("--signed", is_flag=True, help="签名 It signs requests and is never sent.")
@click.option("--note", default="", help="用途 What it is for.")
def new(
    source: str,
    departments: tuple[str, ...],
    kinds: tuple[str, ...],
    expires: str,
    signed: bool,
    note: str,
) -> None:
    """Give a source system a key; its secret is shown this once."""
    with place() as here:
        end = end_of(expires, here.now, here.zone) if expires else None
        rights = Rights(departments, kinds, end, signed)
        issued = new_key(here.record, source, rights=rights, by=console(), note=note)
    _show(issued)


@key.command("list")
@click.option("--all", "every", is_flag=True, help="全部 Revoked and expired ones too.")
def list_keys(every: bool) -> None:
    """The keys that open, newest first: id, source, what it may send, end, state, note."""
    with place() as here:
        for each in keys(here.record):
            if every or each.state(here.now) == "valid":
                click.echo("  ".join(part for part in _line(each, here) if part))


@key.command("rotate")
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap", default="7d", show_default=True, help="How long the old key goes on: 7d, 12h, 0d."
)
@click.option("--expires", default="", help="有效期 The end of the new key: 90d, or a last day.")
def rotate_key(key_id: str, overlap: str, expires: str) -> None:
    """Give a key in the place of another, with its rights; for a while both open."""
    with place() as here:
        old = find(keys(here.record), key_id)
        if old.rights.expires_at is not None and not expires:
            raise click.ClickException(
                f"{old.id} has an end; say with --expires when the new key ends"
            )
        issued = rotate(
            here.record,
            old.id,
            until=end_of(overlap, here.now, here.zone),
            expires_at=end_of(expires, here.now, here.zone) if expires else None,
            by=console(),
        )
        ends = find(keys(here.record), old.id).rights.expires_at
        shown = ends.astimezone(here.zone).strftime("%Y-%m-%d %H:%M") if ends else ""
    _show(issued)
    click.echo(f"旧密钥 {old.id} 至 {shown} 止。The old key opens until then.", err=True)


@key.command("revoke")
@click.argument("key_id", metavar="ID")
def revoke_key(key_id: str) -> None:
    """Take a key away, by its id, or by the beginning of it or of its digest."""
    with place() as here:
        found = find([k for k in keys(here.record) if k.revoked_at is None], key_id)
        revoke(here.record, found.id, by=console())
    click.echo(f"已作废 revoked: {found.source} {found.id}")


def _show(issued: Issued) -> None:
    """The secret alone on standard output, so that a script may take it."""
    click.echo(issued.secret)
    click.echo(f"密钥编号 Key id: {issued.id}", err=True)
    click.echo("只显示这一次，请妥善保存。Shown this once: keep it safe.", err=True)


def _line(each: Key, here: Place) -> Iterator[str]:
    rights = each.rights
    yield each.id
    yield each.source
    if rights.departments:
        yield f"部门 departments: {', '.join(rights.departments)}"
    if rights.kinds:
        yield f"种类 kinds: {', '.join(rights.kinds)}"
    if rights.signed:
        yield "签名 signs"
    if each.after:
        yield f"接替 after {each.after}"
    yield _end(each, here)
    yield _state(each, here.now)
    yield each.note


def _end(each: Key, here: Place) -> str:
    at = each.ended_at(here.now) or each.rights.expires_at
    return at.astimezone(here.zone).strftime("至 until %Y-%m-%d %H:%M") if at else ""


def _state(each: Key, now: datetime) -> str:
    end = each.rights.expires_at
    if each.state(now) == "valid" and end is not None and end - now <= SOON:
        return "即将到期 expires soon"
    return STATES[each.state(now)]
