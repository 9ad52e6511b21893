"""A lively source for development and browser tests: seeded, moved by the clock it is given.

Above 400 lines: everything that pages ask of a source, in one place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime
from random import Random
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from dashboards.past import Issued, NotTold, Span, day_bounds, written
from dashboards.source import CaseLine, CasePage
from projections.card_queries import CardPage, Turn, Wanted
from projections.figures import (
    Alarm,
    Curve,
    DepartmentFigures,
    DueDay,
    Kpi,
    LatestCard,
    NextDeadline,
    ScorePart,
    StreamEvent,
    Wall,
)
from replay.history import CaseHistory
from replay.lines import Timeline
from tests.browser.fake_case import CASE_NO, SOURCE, fake_case
from tests.browser.fake_history import fake_timeline
from tests.browser.fake_names import DEPARTMENTS, ITEMS, PEOPLE, WHYS

ZONE = "Asia/Shanghai"
SECOND = 1_000_000
LABELS = {
    "reminder": ("预警", "Reminder"),
    "yellow": ("黄牌", "Yellow card"),
    "red": ("红牌", "Red card"),
}
KINDS = (
    "ApplicationReceived",
    "CaseAccepted",
    "StepCompleted",
    "DecisionSigned",
    "CaseConcluded",
    "SpecialProcedureStarted",
    "ResultDelivered",
    "CardIssued",
    "CardAcknowledged",
)
EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\'"&'
START = int(datetime(2026, 11, 20, 10, 24, tzinfo=ZoneInfo(ZONE)).timestamp()) * SECOND


class FakeSource:
    """`mode`: lively, empty, huge, evil. `failing` makes every reading fail."""

    def __init__(self, clock: Callable[[], float], seed: int = 7, mode: str = "lively") -> None:
        self.clock = clock
        self.mode = mode
        self.failing = False
        self.demonstration = True
        self.reads = 0
        self.extra: dict[str, int] = {}
        self.pasts = FakePasts()
        self._seed = seed
        self._began = clock()

    def wall(self) -> Wall:
        """The wall at the clock's instant."""
        self.reads += 1
        if self.failing:
            raise RuntimeError("the fake source fails, as told")
        at = self.clock()
        age = int(at - self._began)
        now = START + int((at - self._began) * SECOND)
        if self.mode == "empty":
            return Wall(now=now, measured=at, position=0, zone=ZONE, district="示范区")
        return self._full(at, age, now)

    def _full(self, at: float, age: int, now: int) -> Wall:
        huge = self.mode == "huge"
        return Wall(
            now=now,
            measured=at,
            position=100_000 + age,
            zone=ZONE,
            district="示范省示范市经济技术开发区行政审批局政务服务管理办公室" if huge else "示范区",
            demonstration=self.demonstration,
            kpi=self._kpi(age, huge),
            departments=self._departments(huge),
            deadlines=self._deadlines(now),
            due_days=self._due_days(9_999_999 if huge else 60),
            cards=self._cards(now, age),
            stream=self._stream(now, age),
            curve=self._curve(age, 140_000 if huge else 13),
            alarms=self._alarms(huge),
            history_cases=1_234_567 if huge else 1_434,
            provisional_cases=2_345_678 if huge else 12,
        )

    def _kpi(self, age: int, huge: bool) -> Kpi:
        if huge:
            big = 9_999_999
            return Kpi(
                received=big,
                accepted=big,
                concluded=big,
                open=big,
                due_today=big,
                reminder=big,
                yellow=big,
                red=big,
                reminders_today=big,
                yellows_today=big,
                reds_today=big,
                on_time=(big - 1, big),
                early=(big, big),
                speed_up=(4_999_999, big),
            )
        lively = Kpi(
            received=412 + age // 2,
            accepted=389 + age // 3,
            concluded=276 + age // 4,
            open=2_847 + age // 5,
            due_today=63,
            reminder=41,
            yellow=9,
            red=3,
            reminders_today=12,
            yellows_today=4,
            reds_today=1,
            on_time=(6_214, 6_341),
            early=(5_480, 6_341),
            speed_up=(58_113, 88_774),
        )
        values = {
            name: self.extra.get(name, getattr(lively, name)) for name in Kpi.__struct_fields__
        }
        return Kpi(**values)

    def _names(self, huge: bool) -> list[str]:
        if self.mode == "evil":
            return [EVIL, *DEPARTMENTS[1:]]
        if not huge:
            return list(DEPARTMENTS)
        return [f"{DEPARTMENTS[i % 34]}第{i}政务服务管理办公室（综合窗口）" for i in range(200)]

    def _departments(self, huge: bool) -> tuple[DepartmentFigures, ...]:
        random = Random(self._seed)
        made = [self._department(random, name, i, huge) for i, name in enumerate(self._names(huge))]
        return tuple(made)

    def _department(self, random: Random, name: str, i: int, huge: bool) -> DepartmentFigures:
        red = max(0, 2 - i)
        yellow = max(0, 4 - i // 2) if i < 8 else 0
        reminder = max(0, 9 - i // 2)
        normal = random.randint(12, 190)
        if huge:
            red, yellow, reminder, normal = 99_999, 99_999, 99_999, 9_699_999
        concluded = 9_999_999 if huge else random.randint(20, 420)
        on_time = concluded - red - yellow - random.randint(0, 3)
        ranked = i < 30
        score = 74.5 + i * 0.7 + random.random()
        parts = (
            ScorePart(
                code="limits",
                name_zh="时限",
                name_en="Time limits",
                points=round(score * 0.33, 1),
                maximum=35,
                ratio=(on_time, concluded),
            ),
            ScorePart(
                code="procedure",
                name_zh="程序",
                name_en="Procedure",
                points=18.5,
                maximum=20,
                ratio=(concluded - 3, concluded),
            ),
            ScorePart(
                code="data",
                name_zh="数据质量",
                name_en="Data quality",
                points=14.1,
                maximum=15,
                ratio=(980, 1_004),
                note="补录 −0.9",
            ),
            ScorePart(
                code="rating",
                name_zh="好差评",
                name_en="Ratings",
                points=15,
                maximum=15,
                ratio=(0, 0),
            ),
        )
        return DepartmentFigures(
            name=name,
            open=red + yellow + reminder + normal,
            normal=normal,
            reminder=reminder,
            yellow=yellow,
            red=red,
            accepted=concluded + 30,
            concluded=concluded,
            on_time=(on_time, concluded),
            early=(on_time - 9, concluded),
            score=min(99.6, score),
            ranked=ranked,
            parts=parts,
        )

    def _item(self, i: int) -> str:
        return EVIL if self.mode == "evil" else ITEMS[i % len(ITEMS)]

    def _deadlines(self, now: int) -> tuple[NextDeadline, ...]:
        lefts = (-5_400, 754, 8_049, 11_700, 13_320, 24_000, 25_500, 97_000, 200_000)
        lights = ("red", "yellow", "reminder", "reminder", "reminder", "normal", "normal")
        return tuple(
            NextDeadline(
                source=SOURCE,
                case_no=f"511602-2026-{1_000 + i}",
                item_name=self._item(i),
                department=DEPARTMENTS[i],
                clock=("legal", "promise", "step", "notice")[i % 4],
                at=START + left * SECOND,
                light=lights[min(i, 6)],
            )
            for i, left in enumerate(lefts)
        )

    def _due_days(self, most: int) -> tuple[DueDay, ...]:
        days = ("2026-11-20", "2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
        shares = ((0.5, 0.4, 0.08, 0.05), (0.55, 0.2, 0.03, 0), (0.8, 0.1, 0, 0), (1, 0, 0, 0))
        return tuple(
            DueDay(
                day=day,
                normal=int(most * s[0] * (1 - i * 0.1)),
                reminder=int(most * s[1]),
                yellow=int(most * s[2]),
                red=int(most * s[3]),
            )
            for i, day in enumerate(days)
            for s in [shares[min(i, 3)]]
        )

    def _cards(self, now: int, age: int) -> tuple[LatestCard, ...]:
        newest = age // 8
        made = []
        for k in range(8):
            n = newest - k
            severity = ("reminder", "yellow", "reminder", "red", "reminder")[n % 5]
            zh, en = LABELS[severity]
            why = WHYS[n % len(WHYS)]
            made.append(
                LatestCard(
                    card=f"card-{n}",
                    source=SOURCE,
                    case_no=f"511602-2026-{1_000 + n}",
                    rule="promise_late",
                    severity=severity,
                    colour=severity,
                    label_zh=zh,
                    label_en=en,
                    state="standing" if n % 3 else "acknowledged",
                    item_name=self._item(n),
                    department=DEPARTMENTS[n % 34],
                    person=PEOPLE[n % len(PEOPLE)],
                    issued_at=START + (n * 8) * SECOND,
                    crossed_at=START + (n * 8) * SECOND,
                    history=k == 5,
                    provisional=k == 4,
                    why_zh=why[0],
                    why_en=why[1],
                )
            )
        return tuple(made)

    def _stream(self, now: int, age: int) -> tuple[StreamEvent, ...]:
        return tuple(
            StreamEvent(
                position=100_000 + n,
                family="card" if n % 9 == 7 else "fact",
                kind=KINDS[n % len(KINDS)],
                source=SOURCE,
                case_no=f"511602-2026-{2_000 + n}",
                item_name=self._item(n * 7),
                department=DEPARTMENTS[(n * 5) % 34],
                recorded_at=START + n * SECOND,
                occurred_at=START + n * SECOND,
                history=n % 13 == 0,
            )
            for n in range(age, age - 12, -1)
        )

    def _curve(self, age: int, step: int) -> Curve:
        random = Random(self._seed)
        midnight = START - (10 * 3600 + 24 * 60) * SECOND
        at, received, accepted, concluded = [], [], [], []
        r = a = c = 0
        for i in range(1, 42):
            busy = 1.0 if i > 33 else 0.02
            r += int((0.5 + random.random()) * step * 8 * busy)
            a += int((0.4 + random.random()) * step * 6.4 * busy)
            c += int((0.2 + random.random()) * step * 4.4 * busy)
            at.append(midnight + i * 900 * SECOND)
            received.append(r)
            accepted.append(min(a, r))
            concluded.append(min(c, a, r))
        return Curve(
            at=tuple(at),
            received=tuple(received),
            accepted=tuple(accepted),
            concluded=tuple(concluded),
        )

    def _alarms(self, huge: bool) -> tuple[Alarm, ...]:
        missing = Alarm(
            code="calendar_missing",
            severity="warning",
            zh="2027 年放假通知尚未发布，跨年期限为暂定",
            en="No notice for 2027 yet: deadlines provisional",
        )
        if not huge:
            return (missing,)
        stopped = Alarm(
            code="clock_jumped",
            severity="critical",
            zh="系统时钟跳变 7 分钟，收件已暂停，待操作员确认",
            en="The clock jumped by 7 minutes: intake stopped until an operator confirms",
        )
        return (missing, stopped, missing, missing)

    def within(self, departments: Iterable[str] | None, title: str = "") -> FakeSource:
        """The same whatever the part: what a part is, the live source's tests show."""
        return self

    def past(self) -> FakePast:
        """Three days up to START, in which one case came in each second."""
        return FakePast(self)

    def case(self, source: str, case_no: str, reveal: bool = False) -> CaseHistory | None:
        """The one case with a whole history, under any number that begins as it does."""
        if source != SOURCE or not case_no.startswith(CASE_NO[:12]):
            return None
        return fake_case(case_no, EVIL if self.mode == "evil" else "建筑工程施工许可证核发")

    def timeline(self, source: str, case_no: str) -> Timeline | None:
        """One of the cases of fake_history."""
        return fake_timeline(source, case_no, EVIL if self.mode == "evil" else "建筑工程施工许可")

    def find(self, text: str) -> list[tuple[str, str, str]]:
        """Cases whose number or item holds the text."""
        known = [(SOURCE, f"511602-2026-{1_000 + i}", self._item(i)) for i in range(200)]
        return [line for line in known if text in line[1] or text in line[2]][:50]

    def cases(self, what: str, value: str, after: str, limit: int) -> CasePage:
        """A hundred and twenty cases, whatever is asked."""
        begin = int(after) if after else 0
        lights = ("red", "yellow", "reminder", "normal", "normal")
        light = what if what in lights else ""
        lines = tuple(
            CaseLine(
                source=SOURCE,
                case_no=f"511602-2026-{1_000 + i}",
                item_name=self._item(i),
                department=value or DEPARTMENTS[i % 34],
                light=light or lights[i % 5],
                deadline=START + i * 3_600 * SECOND,
                clock="promise",
                state_zh="审核中",
                state_en="under review",
                history=i % 17 == 0,
            )
            for i in range(begin, min(begin + limit, 120))
        )
        following = str(begin + limit) if begin + limit < 120 else ""
        return CasePage(lines=lines, total=120, next=following)

    def cards(self, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
        """None, whatever is asked: the grid's tests have cards of the warehouse."""
        return CardPage(now=START)


DAYS = 3
PAST_NAMES = DEPARTMENTS[:4]


class FakePasts:
    """What is asked of the past: each instant in order, how many at a time; none is answered while
    `open` is cleared.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.at_a_time = self.most = 0
        self.open = threading.Event()
        self.open.set()


class FakePast:
    """A dashboards.past.Past of this source."""

    zone = ZONE

    def __init__(self, source: FakeSource, department: str = "") -> None:
        self._source, self._department = source, department

    @property
    def departments(self) -> frozenset[str] | None:
        """One, or all."""
        return frozenset({self._department}) if self._department else None

    def of(self, department: str) -> FakePast:
        """Under its name."""
        if department not in PAST_NAMES:
            raise NotTold("no_department", what=department)
        return FakePast(self._source, department)

    def names(self) -> list[str]:
        """Some."""
        return list(PAST_NAMES)

    def span(self) -> Span:
        """Three days."""
        return Span(START - DAYS * 86_400 * SECOND, START)

    def latest(self) -> int:
        """The end of the span."""
        return START

    def wall(self, at: int) -> Wall:
        """As many cases received as seconds have passed since the span began."""
        span, pasts = self.span(), self._source.pasts
        if not span.first <= at <= span.last:
            code = "future" if at > span.last else "before"
            fill = {"first": written(span.first, ZONE), "last": written(span.last, ZONE)}
            raise NotTold(code, at=written(at, ZONE), **fill)
        pasts.asked.append(at)
        pasts.at_a_time += 1
        pasts.most = max(pasts.most, pasts.at_a_time)
        pasts.open.wait(20)
        pasts.at_a_time -= 1
        age = (at - span.first) // SECOND
        wall = self._source._full(0.0, 60, at)
        kpi = replace(wall.kpi, received=age)
        return replace(wall, kpi=kpi, district=self._department or "示范区", demonstration=False)

    def issued(self, day: date) -> list[Issued]:
        """At nine reminders, at ten all, at noon a yellow card."""
        begin = day_bounds(day, ZONE)[0]
        at = [begin + hour * 3_600 * SECOND for hour in (9, 10, 12)]
        return [Issued(at[0], 2, 0, 0), Issued(at[1], 3, 2, 1), Issued(at[2], 0, 1, 0)]
