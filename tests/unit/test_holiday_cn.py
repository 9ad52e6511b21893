"""Reading a year's calendar from the holiday-cn JSON form."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision import published
from supervision.intake.holiday_cn import LARGEST, HolidayFileUnreadable, parse_holiday_cn

PAPER = "http://www.gov.cn/zhengce/content/2018-12/06/content_5346276.htm"
CHANGE = "http://www.gov.cn/zhengce/content/2019-03/22/content_5375877.htm"


def a_year(**changed: Any) -> dict[str, Any]:
    """The notice of 2019 in the form, as its first publication said it."""
    notice = next(c for c in published.calendars() if c.year == 2019)
    days = [
        {"name": day.name, "date": day.date.isoformat(), "isOffDay": not day.works}
        for day in notice.days
    ]
    return {"year": 2019, "papers": [PAPER], "days": days} | changed


def encoded(form: object, encoding: str = "utf-8") -> bytes:
    return json.dumps(form, ensure_ascii=False).encode(encoding)


def test_the_form_says_what_the_notice_says() -> None:
    """Days, year and the day of publication come out as the bundled notice has them."""
    notice = next(c for c in published.calendars() if c.year == 2019)

    read = parse_holiday_cn(encoded(a_year()))

    assert read.days == notice.days
    assert (read.calendar, read.year, read.effective) == ("CN", 2019, date(2018, 12, 29))
    assert read.announced_at == notice.announced_at
    assert read.title == notice.title
    assert read.link == PAPER
    assert not read.partial


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_does_not_matter(encoding: str) -> None:
    """UTF-8 with or without a mark and GB18030 give one and the same publication."""
    assert parse_holiday_cn(encoded(a_year(), encoding)) == parse_holiday_cn(encoded(a_year()))


def test_the_order_of_days_does_not_matter_and_repeats_are_one() -> None:
    form = a_year()
    shuffled = a_year(days=[*reversed(form["days"]), form["days"][0]])

    assert parse_holiday_cn(encoded(shuffled)) == parse_holiday_cn(encoded(form))


def test_another_content_is_another_version() -> None:
    """A day that changes while the papers stay gives another version: versions are for good."""
    form = a_year()
    form["days"][0]["isOffDay"] = not form["days"][0]["isOffDay"]

    versions = {parse_holiday_cn(encoded(f)).version for f in (a_year(), form)}

    assert len(versions) == 2
    assert all(version.startswith("holiday-cn-2019-5346276-") for version in versions)


def test_the_newest_paper_dates_the_publication() -> None:
    read = parse_holiday_cn(encoded(a_year(papers=[PAPER, CHANGE])))

    assert read.announced_at == datetime.fromisoformat("2019-03-22T00:00:00+08:00")


@pytest.mark.parametrize("papers", [[], ["https://www.gov.cn/zhengce/202411/content_6986383.htm"]])
def test_a_date_that_no_paper_gives_is_assumed_and_says_so(papers: list[str]) -> None:
    read = parse_holiday_cn(encoded(a_year(papers=papers)))

    assert read.announced_at == datetime.fromisoformat("2018-12-01T00:00:00+08:00")
    assert "推定" in read.title


def test_the_operator_may_say_when_it_was_announced() -> None:
    at = datetime.fromisoformat("2018-12-06T16:00:00+08:00")

    read = parse_holiday_cn(encoded(a_year(papers=[])), announced_at=at)

    assert read.announced_at == at
    assert "推定" not in read.title


def test_a_year_not_announced_yet_is_refused() -> None:
    """The form exists before its notice, empty: published, it would make the year known."""
    with pytest.raises(HolidayFileUnreadable, match="wait until the notice for 2019"):
        parse_holiday_cn(encoded(a_year(papers=[], days=[])))


def test_part_of_a_year_is_refused() -> None:
    with pytest.raises(HolidayFileUnreadable, match="names 5 days off"):
        parse_holiday_cn(encoded(a_year(days=a_year()["days"][:8])))


def test_a_day_said_twice_and_differently_is_refused() -> None:
    days = a_year()["days"]

    with pytest.raises(HolidayFileUnreadable, match="2018-12-29 is both"):
        parse_holiday_cn(encoded(a_year(days=[*days, days[0] | {"isOffDay": True}])))


def test_a_day_of_another_year_is_refused() -> None:
    days = [*a_year()["days"], {"name": "", "date": "2021-01-01", "isOffDay": True}]

    with pytest.raises(HolidayFileUnreadable, match="2021-01-01 is not of 2019"):
        parse_holiday_cn(encoded(a_year(days=days)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "import it unchanged"),
        (b'{"year": 2026, "days": [', "import it unchanged"),
        (b"[" * 100_000, "Not whole JSON|Not the holiday-cn form"),
        (b"\xff\xff\xff", "Neither UTF-8 nor GB18030"),
        (b"[]", "give an object with year"),
        (b'{"year": 2026}', "give an object with year"),
        (encoded(a_year(year=0)), "The year 0"),
        (encoded(a_year(year="2019")), "give an object with year"),
        (encoded(a_year(days=[{"date": "2019-02-30", "isOffDay": True}])), "YYYY-MM-DD"),
        (encoded(a_year(days=[{"date": "2019-02-03", "isOffDay": "no"}])), "true or false"),
        (b" " * (LARGEST + 1), "the file of one year"),
    ],
)
def test_a_broken_file_is_refused_with_what_to_do(data: bytes, why: str) -> None:
    with pytest.raises(HolidayFileUnreadable, match=why):
        parse_holiday_cn(data)


@given(st.binary(max_size=200))
def test_no_bytes_end_in_another_error(data: bytes) -> None:
    """Whatever is given, it is a calendar or a refusal."""
    with pytest.raises(HolidayFileUnreadable):
        parse_holiday_cn(data)
