"""One case with everything that a page can show: pause, holiday, make-up day, late fact, cards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from replay.history import (
    CardDrawn,
    CaseHistory,
    ClockDrawn,
    DayDrawn,
    Entry,
    FindingDrawn,
)

SOURCE = "hall/示范"
CASE_NO = "511602-2026-1001"
SECRET = "申请人电话一三八零零零零"

HOLIDAYS = {date(2026, 10, n): "国庆节" for n in range(1, 8)} | {
    date(2026, 9, 25): "中秋节",
    date(2026, 9, 26): "中秋节",
    date(2026, 9, 27): "中秋节",
}
MAKEUP = (date(2026, 9, 20), date(2026, 10, 10))
TODAY = date(2026, 10, 23)
PAUSED = (date(2026, 10, 13), date(2026, 10, 19))


def kind_of(day: date, pauses: bool) -> str:
    """What a day is to the clock."""
    if day in HOLIDAYS:
        return "holiday"
    if day in MAKEUP:
        return "makeup"
    if day.weekday() > 4:
        return "weekend"
    return "paused" if pauses and PAUSED[0] <= day <= PAUSED[1] else "counted"


def drawn(start: date, limit: int, pauses: bool, until: date) -> tuple[DayDrawn, ...]:
    """The days of a clock from its start to `until`."""
    days = [
        DayDrawn(day=start.isoformat(), weekday=start.weekday(), kind="start", marks=("start",))
    ]
    number, day = 0, start
    while day < until:
        day += timedelta(days=1)
        kind = kind_of(day, pauses)
        counts = kind in ("counted", "makeup")
        number += counts
        marks = [
            *(["warned"] if counts and number == limit - 1 else []),
            *(["deadline"] if counts and number == limit else []),
            *(["today"] if day == TODAY else []),
        ]
        days.append(
            DayDrawn(
                day=day.isoformat(),
                weekday=day.weekday(),
                kind=kind,
                number=number if counts else 0,
                name=HOLIDAYS.get(day, ""),
                marks=tuple(marks),
            )
        )
    return tuple(days)


def entry(position: int, kind: str, at: str, recorded: str = "", **more: Any) -> Entry:
    """One entry; the recorded time is the occurred one unless said."""
    given: dict[str, Any] = {"family": "fact", "zh": "", "who": "甲一 · 审核岗", **more}
    return Entry(
        position=position,
        kind=kind,
        id=f"e-{position}",
        occurred_at=at,
        recorded_at=recorded or at,
        **given,
    )


ENTRIES = (
    entry(
        1_001,
        "ApplicationReceived",
        "2026-09-17 09:12:30",
        zh="收件",
        what_zh="窗口收件，材料 7 份",
        what_en="at the window, 7 materials",
        texts=(("applicant", SECRET),),
    ),
    entry(
        1_009,
        "CaseAccepted",
        "2026-09-18 10:02:11",
        zh="受理",
        what_zh="受理通知书 2026-118",
        what_en="document 2026-118",
    ),
    entry(
        1_130,
        "StepCompleted",
        "2026-09-22 15:40:00",
        "2026-09-29 09:01:12",
        zh="环节办理",
        late=True,
        what_zh="初审",
        what_en="first review",
        texts=(("opinion", SECRET),),
    ),
    entry(
        1_402,
        "SpecialProcedureStarted",
        "2026-10-12 11:00:00",
        zh="特别程序申请",
        what_zh="专家评审，批准 5 个工作日",
        what_en="expert review, 5 working days approved",
    ),
    entry(
        1_640,
        "SpecialProcedureEnded",
        "2026-10-19 16:30:00",
        zh="特别程序结果",
        what_zh="通过",
        what_en="passed",
    ),
    entry(
        1_702,
        "CardIssued",
        "2026-10-21 00:00:00",
        "2026-10-21 00:00:00",
        zh="发牌",
        family="card",
        severity="reminder",
        who="",
        what_zh="承诺期限只剩 2 个工作日",
        what_en="promise has 2 working days left",
    ),
    entry(
        1_733,
        "CardIssued",
        "2026-10-23 00:00:00",
        zh="发牌",
        family="card",
        severity="yellow",
        who="",
        what_zh="超过承诺期限",
        what_en="past the promise",
    ),
    entry(1_741, "CardAcknowledged", "2026-10-23 09:30:00", zh="签收", family="desk", who="乙一"),
    entry(
        1_760,
        "StepCompleted",
        "2027-10-22 09:30:00",
        "2026-10-22 10:00:00",
        zh="环节办理",
        future=True,
        corrected=True,
        what_zh="审核",
        what_en="review",
    ),
    entry(
        1_761,
        "FactCorrected",
        "2026-10-22 10:20:00",
        zh="更正",
        what_zh="更正 e-1760 的发生时间",
        what_en="corrects the occurrence of e-1760",
        texts=(("reason", SECRET),),
    ),
)


def fake_case(case_no: str, item: str) -> CaseHistory:
    """The case."""
    accepted = date(2026, 9, 18)
    promise = ClockDrawn(
        kind="promise",
        zh="承诺时限",
        en="Promise",
        state="crossed",
        started_at="2026-09-18 10:02:11",
        limit="15 个工作日 (15wd)",
        deadline="2026-10-22",
        crosses_at="2026-10-23 00:00:00",
        credit=5,
        mode="day_end",
        law="行政许可法 第四十二条",
        item_version="2026.2",
        calendar=("CN-2026.1",),
        days=drawn(accepted, 15, True, TODAY),
    )
    legal = ClockDrawn(
        kind="legal",
        zh="法定时限",
        en="Legal limit",
        state="running",
        started_at="2026-09-18 10:02:11",
        limit="20 个工作日 (20wd)",
        deadline="2026-10-29",
        crosses_at="2026-10-30 00:00:00",
        credit=5,
        mode="day_end",
        law="行政许可法 第四十二条、第四十五条",
        item_version="2026.2",
        calendar=("CN-2026.1",),
        days=drawn(accepted, 20, True, date(2026, 10, 29)),
    )
    return CaseHistory(
        source=SOURCE,
        case_no=case_no,
        item="511Z07001006",
        item_name=item,
        department="区住建局",
        status_zh="审核中",
        status_en="under review",
        light="yellow",
        history=False,
        as_of="2026-10-23 10:24:07",
        position=1_761,
        entries=ENTRIES,
        clocks=(promise, legal),
        cards=CARDS,
        findings=FINDINGS,
    )


CARDS = (
    CardDrawn(
        card="promise.warn//reminder/0",
        severity="reminder",
        colour="reminder",
        label_zh="预警",
        label_en="Reminder",
        state="lapsed",
        rule="promise.warn",
        law="监察规则 2026.1 第 3 条",
        why_zh="承诺期限 2026-10-22 到期，还剩 2 个工作日。",
        why_en="The promise ends on 2026-10-22: 2 working days left.",
        issued_at="2026-10-21 00:00:00",
        crossed_at="2026-10-21 00:00:00",
        department="区住建局",
        step="审核",
        person="甲一",
        policy_version="2026.1",
        causes=("e-1009",),
    ),
    CardDrawn(
        card="promise.late//yellow/0",
        severity="yellow",
        colour="yellow",
        label_zh="黄牌",
        label_en="Yellow card",
        state="acknowledged",
        rule="promise.late",
        why_zh="承诺 15 个工作日，扣除专家评审 5 日，应于 2026-10-22 办结，至今未签发。",
        why_en="15 working days with 5 of expert review credited ended on 2026-10-22.",
        law="行政许可法 第四十二条；监察规则 2026.1 第 5 条",
        issued_at="2026-10-23 00:00:00",
        crossed_at="2026-10-23 00:00:00",
        answer_by="2026-10-27",
        department="区住建局",
        step="审核",
        person="甲一",
        rung="承办人",
        policy_version="2026.1",
        causes=("e-1009", "e-1402", "e-1640"),
    ),
)
FINDINGS = (
    FindingDrawn(
        code="future",
        zh="事件 e-1760 的发生时间在未来，不推进时间。",
        en="e-1760 occurred in the future: it does not advance time.",
        causes=("e-1760",),
    ),
)
