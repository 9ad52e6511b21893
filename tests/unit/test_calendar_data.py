"""The bundled calendars against two independent ones and against worked cases."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from supervision import published
from supervision.lists import CalendarPublished

FIRST, LAST = 2004, 2026
NOT_IN_CHINESECALENDAR = {date(2005, 12, 31)}
"""国办发明电〔2005〕35号: Saturday 31 December 2005 works."""

CHANGED = {
    2015: {"2015-09-03": True, "2015-09-04": True, "2015-09-06": False},
    2019: {"2019-05-02": True, "2019-05-03": True, "2019-04-28": False, "2019-05-05": False},
    2020: {"2020-01-31": True, "2020-02-01": True},
}
"""The days that a change of notice turned over: whether they worked before it."""

BEFORE_AND_AFTER = [
    ("2020-01-13", 10, 2020, "2020-01-31", "2020-02-03"),
    ("2019-04-15", 10, 2019, "2019-04-29", "2019-04-28"),
]
"""Cases E8a and E8b of the worked deadlines: start, working days, year changed, before, after."""


def days_of(first: int, last: int) -> Iterable[date]:
    start = date(first, 1, 1)
    return (start + timedelta(n) for n in range((date(last + 1, 1, 1) - start).days))


def works(notices: Iterable[CalendarPublished]) -> dict[date, bool]:
    """What the newest notice that mentions a day says of it."""
    newest_last = sorted(notices, key=lambda notice: notice.announced_at)
    return {day.date: day.works for notice in newest_last for day in notice.days}


def is_workday(said: dict[date, bool], day: date) -> bool:
    return said.get(day, day.weekday() < 5)


def deadline(said: dict[date, bool], start: date, working_days: int) -> date:
    day = start
    while working_days:
        day += timedelta(1)
        working_days -= is_workday(said, day)
    return day


def before(year: int) -> dict[date, bool]:
    """As known before the year's change."""
    return works(n for n in published.calendars() if not (n.year == year and n.partial))


def test_every_day_is_as_chinesecalendar_has_it() -> None:
    """All days of 2004 to 2026 agree, but for the one that chinesecalendar lacks."""
    said = works(published.calendars())

    differ = {
        day
        for day in days_of(FIRST, LAST)
        if is_workday(said, day) != chinese_calendar.is_workday(day)
    }

    assert differ == NOT_IN_CHINESECALENDAR


def test_every_day_of_2025_and_2026_is_as_holidays_has_it() -> None:
    said = works(published.calendars())
    theirs = holidays.country_holidays("CN", years=[2025, 2026])

    assert [
        day for day in days_of(2025, 2026) if is_workday(said, day) != theirs.is_working_day(day)
    ] == []


@pytest.mark.parametrize("year", range(FIRST, LAST + 1))
def test_each_year_has_one_notice_and_at_most_one_change(year: int) -> None:
    notices = [notice for notice in published.calendars() if notice.year == year]

    assert [notice.partial for notice in notices] == [False, True][: 1 + (year in CHANGED)]
    assert all(notice.effective == min(d.date for d in notice.days) for notice in notices)
    assert notices == sorted(notices, key=lambda notice: notice.announced_at)
    assert notices[0].announced_at.year == year - 1


def test_versions_are_unique_and_only_the_oldest_gives_hours() -> None:
    notices = published.calendars()

    assert len({notice.version for notice in notices}) == len(notices)
    assert [notice.year for notice in notices if notice.hours] == [FIRST]


@pytest.mark.parametrize("year", CHANGED)
def test_a_change_of_notice_turns_its_days_over_and_no_others(year: int) -> None:
    """What was known before the change can still be had: its publication is left out."""
    earlier, now = before(year), works(published.calendars())

    turned = {
        str(day): is_workday(earlier, day)
        for day in days_of(year, year)
        if is_workday(earlier, day) != is_workday(now, day)
    }

    assert turned == CHANGED[year]


@pytest.mark.parametrize(("start", "days", "year", "earlier", "later"), BEFORE_AND_AFTER)
def test_a_deadline_moves_with_the_change(
    start: str, days: int, year: int, earlier: str, later: str
) -> None:
    begun = date.fromisoformat(start)

    assert str(deadline(before(year), begun, days)) == earlier
    assert str(deadline(works(published.calendars()), begun, days)) == later


def test_the_files_are_what_the_tool_writes() -> None:
    """Nobody edited a calendar by hand: tools/make_calendars.py gives the same bytes."""
    tool = Path(__file__).parents[2] / "tools" / "make_calendars.py"
    spec = importlib.util.spec_from_file_location("make_calendars", tool)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    for year in range(FIRST, LAST + 1):
        file = published.DATA / "calendars" / f"CN-{year}.json"
        assert file.read_text(encoding="utf-8") == module.written(year)
        assert json.loads(module.written(year))
