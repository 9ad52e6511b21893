"""A year's calendar from the holiday-cn JSON form: year, papers[], days[{name, date, isOffDay}].

The papers are the addresses of the notices, the days what they say. Nothing but the bytes is
looked at: fetching them is the operator's matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from hashlib import sha256

import msgspec
from msgspec import Struct

from ..errors import SupervisionError
from ..lists import CalendarPublished, Day

LARGEST = 1 << 20
"""Bytes; a year has some forty days in 4 KB."""

FEWEST_DAYS_OFF = 10
"""Days off: fewer than any 全国年节及纪念日放假办法 has given. A shorter list is not a whole year,
and publishing it would make the rest of the year known to be plain Mondays to Fridays."""

CHINA = timezone(timedelta(hours=8))
PAPER_DAY = re.compile(r"/(20\d\d)-(\d\d)[/-](\d\d)/")
PAPER_NUMBER = re.compile(r"content_(\d+)")


class HolidayFileUnreadable(SupervisionError, ValueError):
    """The file is not a year's calendar in this form; the message says what to do."""


class _Day(Struct):
    date: date
    is_off_day: bool = msgspec.field(name="isOffDay")
    name: str = ""


class _Year(Struct):
    year: int
    days: list[_Day]
    papers: list[str] = []


def parse_holiday_cn(
    data: bytes, *, announced_at: datetime | None = None, calendar: str = "CN"
) -> CalendarPublished:
    """The publication that the file describes, with its version from papers and content.

    Without `announced_at` the newest paper's address gives the day; if none does, 1 December of
    the year before is assumed and the title says so.
    """
    read = _read(data)
    _check(read)
    public = announced_at or _public(read.papers)
    title = f"国务院办公厅关于{read.year}年部分节假日安排的通知"
    days = _days(read.days)
    return CalendarPublished(
        version=_version(read, days),
        announced_at=public or datetime(read.year - 1, 12, 1, tzinfo=CHINA),
        effective=min(days[0].date, date(read.year, 1, 1)),
        title=title if public else f"{title}（公布日期系推定）",
        link=read.papers[-1] if read.papers else "",
        calendar=calendar,
        year=read.year,
        days=days,
    )


def _read(data: bytes) -> _Year:
    if len(data) > LARGEST:
        raise HolidayFileUnreadable(
            f"The file has {len(data):,} bytes, and a year's calendar some 4,000: "
            "give the file of one year, such as 2026.json."
        )
    try:
        return msgspec.json.decode(_text(data), type=_Year)
    except msgspec.ValidationError as error:
        raise HolidayFileUnreadable(
            f"Not the holiday-cn form ({error}): give an object with year, papers and "
            "days, each day with name, date (YYYY-MM-DD) and isOffDay (true or false)."
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise HolidayFileUnreadable(
            f"Not whole JSON ({error}): fetch the file again and import it unchanged."
        ) from error


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise HolidayFileUnreadable("Neither UTF-8 nor GB18030: save the file as UTF-8.")


def _check(read: _Year) -> None:
    year = read.year
    if not 1950 <= year <= 2999:
        raise HolidayFileUnreadable(f"The year {year} is none: give the file of one year.")
    off = sum(day.is_off_day for day in read.days)
    if off < FEWEST_DAYS_OFF:
        raise HolidayFileUnreadable(
            f"The file names {off} days off in {year}, and a whole year has at least "
            f"{FEWEST_DAYS_OFF}: wait until the notice for {year} is in it."
        )
    for day in read.days:
        if not date(year - 1, 12, 1) <= day.date <= date(year + 1, 1, 31):
            raise HolidayFileUnreadable(
                f"{day.date} is not of {year} nor beside it: correct the year or the day."
            )


def _days(read: Iterable[_Day]) -> tuple[Day, ...]:
    days: dict[date, Day] = {}
    for day in read:
        said = Day(day.date, not day.is_off_day, day.name)
        if days.setdefault(day.date, said).works != said.works:
            raise HolidayFileUnreadable(
                f"{day.date} is both a day off and a working day: keep what the newest notice says."
            )
    return tuple(days[on] for on in sorted(days))


def _public(papers: Iterable[str]) -> datetime | None:
    """The day of the newest paper, where an address holds one (…/2018-12/06/…)."""
    found = ["-".join(m.groups()) for paper in papers if (m := PAPER_DAY.search(paper))]
    try:
        return datetime.fromisoformat(f"{max(found)}T00:00:00+08:00")
    except ValueError:
        return None


def _version(read: _Year, days: tuple[Day, ...]) -> str:
    """The newest paper's number, if it has one, and a digest: other content, another version."""
    numbers = [m[1] for paper in read.papers if (m := PAPER_NUMBER.search(paper))]
    content = msgspec.json.encode((read.year, sorted(read.papers), days))
    digest = sha256(content).hexdigest()[:8]
    return "-".join([f"holiday-cn-{read.year}", *numbers[-1:], digest])
