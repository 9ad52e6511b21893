"""`supervise alert`: who is told, what is silenced, by what words and rules, from the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
from rich.console import Console
from rich.table import Table

from alerts.book import Addresses, Book
from alerts.channels.sms_parts import parts_of
from alerts.ruling import (
    FITS,
    RUNGS,
    SEVERITIES,
    ask_test,
    lift_silence,
    set_policy,
    set_silence,
    set_template,
)
from alerts.templates import CHANNELS, KINDS, preview
from alerts.wording import LANGS, Source

from ..errors import SupervisionError
from ..notices import (
    AlertPolicySet,
    ContactSet,
    SilenceSet,
    TemplateSet,
)
from .alerting_told import messages, told
from .doors import console
from .settings import open_record, settings

KIND, CHANNEL, LANG = click.Choice(KINDS), click.Choice(CHANNELS), click.Choice(LANGS)
PART = re.compile(r"^== (subject|body|html) ==\n", re.MULTILINE)
"""What stands before each part of a template's file; a file without is the body."""


class FileUnfit(SupervisionError):
    """What was given as a file cannot be read as what it should be."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class Desk(NamedTuple):
    """What the commands work on."""

    book: Book
    addresses: Addresses


@contextmanager
def _desk() -> Iterator[Desk]:
    record = open_record(settings())
    try:
        book = Book(record)
        yield Desk(book, Addresses(book))
    finally:
        record.close()


@click.group()
def alert() -> None:
    """告知 Alerts: who is told of cards, and who was."""


@alert.group()
def contact() -> None:
    """接收人 Who is told."""


@contact.command("list")
def list_contacts() -> None:
    """Everybody who is told; never an address."""
    with _desk() as desk:
        table = Table("登录名 person", "层级 rung", "部门", "事项 items", "方式", "", box=None)
        for each in sorted(desk.book.setup().contacts.values(), key=lambda c: c.person):
            marks = [name for name in ("digest", "operator", "quiet_red") if getattr(each, name)]
            table.add_row(
                f"{each.person} {each.name}".strip(),
                str(each.rung),
                _or_all(each.departments),
                _or_all(each.items),
                "、".join(each.channels),
                " ".join(marks),
            )
    Console(highlight=False, markup=False).print(table)


@contact.command("set")
@click.argument("person")
@click.option("--name", default="", help="As people call them.")
@click.option("--rung", type=click.IntRange(RUNGS[0], RUNGS[-1]), required=True)
@click.option("--department", "departments", multiple=True, help="Any number; none: all.")
@click.option("--item", "items", multiple=True, help="Code of an item, any number; none: all.")
@click.option("--channel", "channels", multiple=True, type=CHANNEL, help="In order; mail.")
@click.option("--mail", default="", help="E-mail address; none: as it was.")
@click.option("--sms", default="", help="Mobile number; none: as it was.")
@click.option("--chat", default="", help="Address of a group's robot; none: as it was.")
@click.option("--lang", type=LANG, default=LANGS[0])
@click.option("--digest", is_flag=True, help="Gets the daily digest.")
@click.option("--operator", is_flag=True, help="Is told when a channel is down.")
@click.option("--quiet-red", is_flag=True, help="Quiet hours hold for red cards too.")
def set_(
    person: str,
    name: str,
    rung: int,
    departments: Sequence[str],
    items: Sequence[str],
    channels: Sequence[str],
    mail: str,
    sms: str,
    chat: str,
    lang: str,
    digest: bool,
    operator: bool,
    quiet_red: bool,
) -> None:
    """Tell PERSON of cards, or otherwise than before."""
    by = console()

    def wanted(at: datetime) -> ContactSet:
        return ContactSet(
            at=at,
            by=by,
            person=person,
            name=name,
            rung=rung,
            departments=tuple(departments),
            items=tuple(items),
            channels=tuple(channels) or CHANNELS[:1],
            lang=lang,
            digest=digest,
            operator=operator,
            quiet_red=quiet_red,
        )

    with _desk() as desk:
        given = {"mail": mail, "sms": sms, "chat": chat}
        event = desk.addresses.set_contact(wanted, given, FITS)
    click.echo(f"已保存 set: {event.person}")


@contact.command("remove")
@click.argument("person")
def remove(person: str) -> None:
    """Tell PERSON nothing any more; the addresses are destroyed."""
    with _desk() as desk:
        event = desk.addresses.remove(person, console())
    click.echo(f"已移除 removed: {event.person}")


@alert.group()
def silence() -> None:
    """静默 What nobody is told of for a while."""


@silence.command("list")
def list_silences() -> None:
    """Those that were set and not lifted."""
    with _desk() as desk:
        now = desk.book.record.heartbeat()[0]
        for each in desk.book.setup().silences.values():
            state = "静默中 in force" if _stamp(each.until) > now else "已结束 over"
            about = " ".join(
                f"{name}={value}"
                for name in ("department", "item", "rule", "severity", "source", "case_no")
                if (value := getattr(each, name))
            )
            until = each.until.astimezone().isoformat(timespec="minutes")
            click.echo(
                f"{each.silence}  {state}  → {until}  {about or '全部 all'}"
                f"  {each.reason}  ({each.by})"
            )


@silence.command("set")
@click.option("--reason", required=True)
@click.option("--hours", type=click.FloatRange(0.1, 24 * 90), required=True, help="From now.")
@click.option("--department", default="")
@click.option("--item", default="")
@click.option("--rule", default="")
@click.option("--severity", type=click.Choice(SEVERITIES))
@click.option("--source", default="")
@click.option("--case-no", default="")
@click.option("--all", "everything", is_flag=True, help="Everything.")
def set_silence_(
    reason: str,
    hours: float,
    department: str,
    item: str,
    rule: str,
    severity: str | None,
    source: str,
    case_no: str,
    everything: bool,
) -> None:
    """Tell nobody of some cards for a while."""
    by = console()
    with _desk() as desk:
        event = desk.book.rule(
            lambda setup, at: set_silence(
                setup,
                SilenceSet(
                    at=at,
                    by=by,
                    silence="",
                    reason=reason,
                    until=at + timedelta(hours=hours),
                    department=department,
                    item=item,
                    rule=rule,
                    severity=severity or "",
                    source=source,
                    case_no=case_no,
                ),
                everything=everything,
            )
        )
    assert isinstance(event, SilenceSet)
    click.echo(f"已静默 silenced: {event.silence}")


@silence.command("lift")
@click.argument("silence_id")
def lift(silence_id: str) -> None:
    """End SILENCE_ID before its time."""
    with _desk() as desk:
        desk.book.rule(lambda setup, at: lift_silence(setup, silence_id, console(), at))
    click.echo(f"已解除 lifted: {silence_id}")


@alert.group()
def template() -> None:
    """模板 The words of messages."""


@template.command("list")
def list_templates() -> None:
    """Those that were edited; all others are the product's."""
    with _desk() as desk:
        for key, each in sorted(desk.book.setup().templates.items()):
            when = each.at.astimezone().isoformat(timespec="minutes")
            click.echo(f"{' '.join(key)}  {when}  {each.by}")


@template.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--kind", type=KIND, default=KINDS[0])
@click.option("--channel", type=CHANNEL, default=CHANNELS[0])
@click.option("--lang", type=LANG, default=LANGS[0])
def check_template(path: Path, kind: str, channel: str, lang: str) -> None:
    """Show what the template in PATH says of invented cards."""
    made = set_template(_template(path, kind, channel, lang, datetime.now().astimezone()))
    words = preview(made)
    if words.subject:
        click.echo(words.subject + "\n")
    click.echo(words.text)
    if channel == "sms":
        click.echo(f"{parts_of(words.text)} 条 parts", err=True)


@template.command("set")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--kind", type=KIND, required=True)
@click.option("--channel", type=CHANNEL, required=True)
@click.option("--lang", type=LANG, default=LANGS[0])
def set_template_(path: Path, kind: str, channel: str, lang: str) -> None:
    """Use the template in PATH: parts begin with a line `== subject ==`, `== body ==`."""
    with _desk() as desk:
        desk.book.rule(
            lambda _, at: set_template(_template(path, kind, channel, lang, at, console()))
        )
    click.echo(f"已保存 set: {kind} {channel} {lang}")


@template.command("reset")
@click.option("--kind", type=KIND, required=True)
@click.option("--channel", type=CHANNEL, required=True)
@click.option("--lang", type=LANG, default=LANGS[0])
def reset_template(kind: str, channel: str, lang: str) -> None:
    """Use the product's words again."""
    with _desk() as desk:
        desk.book.rule(
            lambda _, at: set_template(
                TemplateSet(at=at, by=console(), kind=kind, channel=channel, lang=lang)
            )
        )
    click.echo(f"已恢复 the product's: {kind} {channel} {lang}")


@alert.group()
def policy() -> None:
    """规则 How long each rung waits, and when nobody is disturbed."""


@policy.command("show")
def show_policy() -> None:
    """As JSON, to be changed and given back with `set`."""
    with _desk() as desk:
        click.echo(msgspec.json.format(msgspec.json.encode(desk.book.setup().policy), indent=2))


@policy.command("set")
@click.argument("path", type=click.Path(path_type=Path))
def set_policy_(path: Path) -> None:
    """Use the rules in PATH, a JSON as `show` gives it; what it leaves out is the product's."""
    by = console()
    with _desk() as desk:
        event = desk.book.rule(lambda _, at: set_policy(_policy(path, by, at)))
    assert isinstance(event, AlertPolicySet)
    click.echo(f"已保存 set: {event.version}")


alert.add_command(told)
alert.add_command(messages)


@alert.command("test")
@click.argument("person")
def test(person: str) -> None:
    """Have a test message sent to PERSON by each channel."""
    with _desk() as desk:
        desk.book.rule(lambda setup, at: ask_test(setup, person, console(), at))
    click.echo(f"已要求 asked for: {person}")


def _or_all(names: Sequence[str]) -> str:
    return "、".join(names) or "全部 all"


def _stamp(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnfit(path, str(error)) from error


def _template(
    path: Path, kind: str, channel: str, lang: str, at: datetime, by: str = ""
) -> TemplateSet:
    first, *rest = PART.split(_read(path))
    parts = dict(zip(rest[::2], rest[1::2], strict=True)) if rest else {"body": first}
    if rest and first.strip():
        raise FileUnfit(path, "先写 begins with: == subject ==, == body == …")
    texts = {name: parts.get(name, "").strip("\n") for name in Source._fields}
    return TemplateSet(at=at, by=by, kind=kind, channel=channel, lang=lang, **texts)


def _policy(path: Path, by: str, at: datetime) -> AlertPolicySet:
    """What a file says, but when and by whom."""
    try:
        says = msgspec.json.decode(_read(path), type=dict[str, object])
        unknown = set(says) - set(AlertPolicySet.__struct_fields__)
        if unknown:
            raise FileUnfit(path, f"没有此项 unknown: {', '.join(sorted(unknown))}")
        says |= {"at": at.isoformat(), "by": by, "version": says.get("version", "")}
        return msgspec.convert(says, AlertPolicySet)
    except msgspec.MsgspecError as error:
        raise FileUnfit(path, str(error)) from error
