"""Write supervision/lists_data/calendars/CN-<year>.json from chinesecalendar's tables.

Run by hand when chinesecalendar knows another year: `.venv/bin/python tools/make_calendars.py`.
Which notice says a day follows from its festival: New Year's days in December are said by the
notice of the year that begins. What a change of notice took back is put here by hand, and so are
the numbers and dates of the notices, which the tables do not hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import chinese_calendar.constants as tables

TARGET = Path(__file__).parents[1] / "supervision" / "lists_data" / "calendars"

HOURS = [["09:00", "12:00"], ["13:00", "17:00"]]
"""Office hours, said once, by the oldest notice; an assumption, as places differ."""

ZH = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}


class Notice(NamedTuple):
    """Document number (文号) and the day it became public; None where neither is certain."""

    number: str | None
    public: str | None


NOTICES = {
    2004: Notice(None, None),
    2005: Notice(None, None),
    2006: Notice("国办发明电〔2005〕35号", "2005-12-16"),
    2007: Notice("国办发明电〔2006〕49号", "2006-12-18"),
    2008: Notice(None, "2007-12-18"),
    2009: Notice("国办发明电〔2008〕42号", "2008-12-10"),
    2010: Notice("国办发明电〔2009〕27号", "2009-12-08"),
    2011: Notice("国办发明电〔2010〕40号", "2010-12-10"),
    2012: Notice("国办发明电〔2011〕45号", "2011-12-06"),
    2013: Notice("国办发明电〔2012〕33号", "2012-12-10"),
    2014: Notice("国办发明电〔2013〕28号", "2013-12-11"),
    2015: Notice("国办发明电〔2014〕28号", "2014-12-16"),
    2016: Notice("国办发明电〔2015〕18号", "2015-12-10"),
    2017: Notice("国办发明电〔2016〕17号", "2016-12-01"),
    2018: Notice("国办发明电〔2017〕12号", "2017-11-30"),
    2019: Notice("国办发明电〔2018〕15号", "2018-12-06"),
    2020: Notice("国办发明电〔2019〕16号", "2019-11-21"),
    2021: Notice("国办发明电〔2020〕27号", "2020-11-25"),
    2022: Notice("国办发明电〔2021〕11号", "2021-10-25"),
    2023: Notice("国办发明电〔2022〕16号", "2022-12-08"),
    2024: Notice("国办发明电〔2023〕7号", "2023-10-25"),
    2025: Notice("国办发明电〔2024〕12号", "2024-11-12"),
    2026: Notice("国办发明电〔2025〕7号", "2025-11-04"),
}

CHANGES: dict[int, tuple[Notice, str, tuple[str, ...]]] = {
    2015: (
        Notice("国发明电〔2015〕1号", "2015-05-13"),
        "国务院关于中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日调休放假的通知",
        ("2015-09-03", "2015-09-04", "2015-09-06"),
    ),
    2019: (
        Notice("国办发明电〔2019〕3号", "2019-03-22"),
        "国务院办公厅关于调整2019年劳动节假期安排的通知",
        ("2019-04-28", "2019-05-01", "2019-05-02", "2019-05-03", "2019-05-04", "2019-05-05"),
    ),
    2020: (
        Notice("国办发明电〔2020〕1号", "2020-01-27"),
        "国务院办公厅关于延长2020年春节假期的通知",
        ("2020-01-31", "2020-02-01", "2020-02-02"),
    ),
}
"""Notices that changed a year already published, and the days that they speak of."""

BEFORE: dict[str, bool] = {"2019-05-01": False, "2020-02-01": True}
"""What the year's first notice had said of such a day (True: works); it was silent on the rest."""

MISSING: dict[str, tuple[bool, str]] = {"2005-12-31": (True, "元旦")}
"""Said by a notice, not in the tables: by 国办发明电〔2005〕35号 this Saturday works."""


def table() -> dict[date, tuple[bool, str]]:
    """Every day that some notice speaks of: whether offices work, and the festival."""
    off = {day: (False, ZH[name]) for day, name in tables.holidays.items()}
    works = {day: (True, ZH[name]) for day, name in tables.workdays.items()}
    missing = {date.fromisoformat(day): said for day, said in MISSING.items()}
    return dict(sorted((off | works | missing).items()))


def spoken_by(day: date, festival: str) -> int:
    """The year whose notice speaks of the day."""
    return day.year + 1 if festival == "元旦" and day.month == 12 else day.year


def publications(year: int) -> Iterator[dict[str, Any]]:
    """The year's notice as first published, then its change if it had one."""
    said = {day: what for day, what in table().items() if spoken_by(day, what[1]) == year}
    change = CHANGES.get(year)
    changed = {date.fromisoformat(day) for day in change[2]} if change else set()
    first = [
        [day.isoformat(), BEFORE.get(day.isoformat(), works), name]
        for day, (works, name) in said.items()
        if day not in changed or day.isoformat() in BEFORE
    ]
    notice = NOTICES[year]
    title = f"国务院办公厅关于{year}年部分节假日安排的通知"
    yield publication(year, notice, title, first) | (
        {"hours": HOURS} if year == min(NOTICES) else {}
    )
    if change:
        days = [
            [day.isoformat(), works, name] for day, (works, name) in said.items() if day in changed
        ]
        yield publication(year, change[0], change[1], days) | {"partial": True}


def publication(year: int, notice: Notice, title: str, days: list[list[Any]]) -> dict[str, Any]:
    """One CalendarPublished as JSON; a day of publication that is assumed is said to be."""
    public = notice.public or f"{year - 1}-12-01"
    partial = year in CHANGES and CHANGES[year][0] == notice
    return {
        "version": notice.number or f"CN-{year}-1",
        "announced_at": f"{public}T00:00:00+08:00",
        "effective": days[0][0] if partial else min(days[0][0], f"{year}-01-01"),
        "title": title if notice.public else f"{title}（公布日期系推定）",
        "calendar": "CN",
        "year": year,
        "days": days,
    }


def written(year: int) -> str:
    """The file's text: one day a line, so that a change shows in a diff."""
    text = json.dumps(list(publications(year)), ensure_ascii=False, indent=1)
    for day in {d for p in publications(year) for d in map(tuple, p["days"])}:
        loose = json.dumps(list(day), ensure_ascii=False, indent=1).replace("\n", "\n   ")
        text = text.replace(loose, json.dumps(list(day), ensure_ascii=False))
    return text + "\n"


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for year in NOTICES:
        (TARGET / f"CN-{year}.json").write_text(written(year), encoding="utf-8")
