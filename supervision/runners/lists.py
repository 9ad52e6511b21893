"""`supervise calendar import`, `supervise publish`: lists become events."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from msgspec import Struct

from ..intake.holiday_cn import parse_holiday_cn
from ..judgement.calendar import Calendar
from ..judgement.catalogue import item_faults
from ..lists import CalendarPublished, ItemPublished
from ..published import ListUnreadable, bundled, calendars, load
from ..publishing import publish_missing
from ..record import Record
from ..why import CATALOGUE
from .settings import has_record, open_record, settings


def first_lists(record: Record) -> int:
    """The lists that come with the product, unless the log has them; how many were new."""
    return publish_missing(record, bundled())


def notices(as_known: date | None = None) -> list[CalendarPublished]:
    """China's notices, those of the home's log included, as known at the end of a day."""
    found: list[Struct] = list(calendars())
    given = settings()
    if has_record(given):
        record = open_record(given)
        try:
            found += [stored.event for stored in record.read_lists()]
        finally:
            record.close()
    notices = [n for n in found if isinstance(n, CalendarPublished) and n.calendar == "CN"]
    by_version = {notice.version: notice for notice in notices}
    known = [n for n in by_version.values() if not as_known or n.announced_at.date() <= as_known]
    return sorted(known, key=lambda notice: notice.announced_at)


@click.group()
def calendar() -> None:
    """工作日历 Working calendars."""


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--announced",
    metavar="DATE",
    help="The day on which it became public, if the file does not say.",
)
def import_calendar(file: Path, announced: str | None) -> None:
    """Publish a yearly notice in the holiday-cn form (year, papers, days).

    Open cases are judged again at once; a notice that is there already adds nothing.
    """
    notice = parse_holiday_cn(file.read_bytes(), announced_at=_announced(announced))
    record = open_record(settings())
    try:
        first_lists(record)
        if publish_missing(record, [notice]):
            _tell(notice)
        else:
            click.echo(f"{notice.version} 已在库中，未作改动 is there already; nothing changed")
    finally:
        record.close()


def _announced(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZoneInfo("Asia/Shanghai"))
    except ValueError as error:
        raise ListUnreadable("--announced", f"{text!r} is no date: {error}") from error


def _tell(notice: CalendarPublished) -> None:
    off = sum(not day.works for day in notice.days)
    make_up = [day.date.isoformat() for day in notice.days if day.works]
    click.echo(f"已发布 published: {notice.version}")
    click.echo(
        f"  {notice.year}: 休 off {off} 天 days, 调休上班 make-up {', '.join(make_up) or '–'}"
    )
    made = Calendar([*calendars(), notice])
    first = date(notice.year, 1, 1).toordinal()
    days = made.count(first - 1, date(notice.year, 12, 31).toordinal())
    click.echo(f"  全年工作日 working days of the year: {days}")


def _warn(event: Struct) -> None:
    """What a published item has against the rules: told, and no reason to refuse it."""
    if isinstance(event, ItemPublished):
        for kind, detail in item_faults(event):
            zh, en = CATALOGUE[kind]
            click.echo(f"注意 note: {event.code} {zh} {en} ({detail})", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def publish(file: Path) -> None:
    """发布清单 Publish lists: items, policies, posts, calendars, from a JSON file."""
    events = load(file)
    if not events:
        raise ListUnreadable(str(file), "holds no events")
    record = open_record(settings())
    try:
        first_lists(record)
        count = publish_missing(record, events)
        click.echo(f"已发布 published: {count}，已有 had: {len(events) - count}")
        for item in events:
            _warn(item)
    finally:
        record.close()
