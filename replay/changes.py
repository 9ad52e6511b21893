"""Other rules: changes of what the published lists say, each at its own place and time.

A change replaces the content of lists that were published; when they were announced, recorded and
effective stays. What nobody published in a log, but a file of lists brings, is known from the
first list on.

NoChange         nothing in this log is what would be changed
Unsound          a changed list would be refused if it were published
ChangeUnreadable what was asked for is no change
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from supervision.errors import SupervisionError
from supervision.judgement.deadline import MODES, LimitUnreadable, listed_limit, parse_limit
from supervision.judgement.item import JOINT, LEGAL, LICENCE
from supervision.judgement.shelf import Entry
from supervision.lists import (
    CalendarPublished,
    Day,
    ItemPublished,
    ListChangeAnnounced,
    OutageRecorded,
    PolicyPublished,
    PostGranted,
    PostRevoked,
    Published,
)
from supervision.soundness import faults
from supervision.why import MODES as MODE_WORDS
from supervision.why import limit_words

LIMITS = {"promise": ("承诺时限", "promise"), "legal": ("法定时限", "legal limit")}
PERCENT_MOST = 900
"""Nobody asks what ten times the time would have given."""


class ChangeUnreadable(SupervisionError):
    """What was asked for is no change; the message says what to write instead."""


class NoChange(SupervisionError):
    """Nothing that was published is what would be changed."""

    def __init__(self, change: str) -> None:
        super().__init__(
            f"已发布的清单中没有此项 no published list has what is to be changed: {change}"
        )


class Unsound(SupervisionError):
    """A list as changed would be refused by `supervise publish`."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(f"{what}: {fault}")


class LimitChanged(Struct, frozen=True, kw_only=True, tag="limit"):
    """A limit of items: times a factor in per cent, rounded up in its own unit (`percent` -40:
    seven working days become five), or another one (`limit` "5wd"). items, departments: whose; none
    means all. A licence whose list has no legal limit has the Act's (Administrative Licensing Act
    42). Cases that bring their own limit keep it.
    """

    which: str = "promise"
    percent: int = 0
    limit: str = ""
    items: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()

    def concerns(self, event: Struct) -> bool:
        """Whether a list says what is changed."""
        if not isinstance(event, ItemPublished):
            return False
        item = not self.items or event.code in self.items
        its = item and (not self.departments or event.department in self.departments)
        return its and bool(self.limit or limit_of(event, self.which))

    def of(self, event: Struct) -> Struct:
        """A list that is concerned, as changed."""
        assert isinstance(event, ItemPublished)
        limit = self.limit or scaled(limit_of(event, self.which), self.percent)
        return replace(event, **{self.which: limit})

    def words(self) -> tuple[str, str]:
        """What it is, Chinese and English."""
        zh, en = LIMITS[self.which]
        whose = "、".join((*self.items, *self.departments))
        if self.limit:
            limit_zh, limit_en = limit_words(self.limit)
            said = f"{zh}改为{limit_zh}", f"the {en} becomes {limit_en}"
        else:
            said = f"{zh} {self.percent:+d}%", f"the {en} {self.percent:+d} %"
        return (f"{said[0]}（{whose}）", f"{said[1]} ({whose})") if whose else said


class PolicyChanged(Struct, frozen=True, kw_only=True, tag="policy"):
    """What a policy may choose: how days are counted (`mode`), for how long facts settle, and when
    a rule warns (`left`: rule code → what is left, "3wd"). None, "" and nothing: as it is.
    """

    mode: str = ""
    settle_seconds: int | None = None
    left: dict[str, str] = {}

    def concerns(self, event: Struct) -> bool:
        """Whether a list says what is changed."""
        if not isinstance(event, PolicyPublished):
            return False
        return {rule.code for rule in event.rules} >= self.left.keys()

    def of(self, event: Struct) -> Struct:
        """A list that is concerned, as changed."""
        assert isinstance(event, PolicyPublished)
        settle = event.settle_seconds if self.settle_seconds is None else self.settle_seconds
        rules = tuple(
            replace(rule, left=self.left[rule.code]) if rule.code in self.left else rule
            for rule in event.rules
        )
        return replace(event, mode=self.mode or event.mode, settle_seconds=settle, rules=rules)

    def words(self) -> tuple[str, str]:
        """What it is, Chinese and English."""
        said = []
        if self.mode:
            zh, en = MODE_WORDS[self.mode]
            said.append((f"时限截止于{zh}", f"limits end at {en}"))
        if self.settle_seconds is not None:
            said.append((f"等待{self.settle_seconds}秒", f"settling {self.settle_seconds} s"))
        for rule, left in self.left.items():
            zh, en = limit_words(left)
            said.append((f"{rule} 剩余{zh}时", f"{rule} when {en} are left"))
        return "，".join(zh for zh, _ in said), ", ".join(en for _, en in said)


class DayChanged(Struct, frozen=True, kw_only=True, tag="day"):
    """A day of the working calendar: off, or worked. A festival that moves is two of them."""

    date: date
    works: bool
    calendar: str = "CN"

    def concerns(self, event: Struct) -> bool:
        """Whether a list says what is changed."""
        if not isinstance(event, CalendarPublished) or event.calendar != self.calendar:
            return False
        return event.year == self.date.year or any(day.date == self.date for day in event.days)

    def of(self, event: Struct) -> Struct:
        """A list that is concerned, as changed."""
        assert isinstance(event, CalendarPublished)
        others = tuple(day for day in event.days if day.date != self.date)
        return replace(event, days=(*others, Day(self.date, self.works, "假设")))

    def words(self) -> tuple[str, str]:
        """What it is, Chinese and English."""
        day = self.date.isoformat()
        return (
            (f"{day} 上班", f"{day} is worked") if self.works else (f"{day} 放假", f"{day} is off")
        )


class Instead(Struct, frozen=True, kw_only=True, tag="instead"):
    """A list in the place of those published of the same thing; of a new thing, from the start."""

    event: Struct

    def concerns(self, event: Struct) -> bool:
        """Whether a list says what is changed."""
        return thing(event) == thing(self.event)

    def of(self, event: Struct) -> Struct:
        """A list that is concerned, as changed."""
        if not isinstance(event, Published) or not isinstance(self.event, Published):
            return self.event
        kept = {"version": event.version, "announced_at": event.announced_at}
        if hasattr(event, "applies_to_running"):
            kept["applies_to_running"] = event.applies_to_running
        return replace(self.event, effective=event.effective, **kept)

    def words(self) -> tuple[str, str]:
        """What it is, Chinese and English."""
        name = " ".join(str(part) for part in thing(self.event)[1:] if part)
        return f"清单 {name}", f"the list {name}"


Change = LimitChanged | PolicyChanged | DayChanged | Instead


def thing(event: Struct) -> tuple[object, ...]:
    """What two publications of the same thing have in common, in whatever version."""
    match event:
        case CalendarPublished(calendar=of, year=year):
            return ("calendar", of, year)
        case ItemPublished(code=of):
            return ("item", of)
        case PolicyPublished(code=of, sources=sources):
            return ("policy", of, sources)
        case PostGranted() | PostRevoked():
            return (type(event).__name__, event.source, event.person, event.post)
        case ListChangeAnnounced(id=of) | OutageRecorded(id=of):
            return (type(event).__name__, of)
        case _:
            return (event,)


def limit_of(item: ItemPublished, which: str) -> str:
    """The promise or the legal limit of an item, the Act's where its list has none; "": neither."""
    listed: str = getattr(item, which)
    if which == "legal" and item.kind == LICENCE and listed_limit(listed) is None:
        return JOINT if item.joint else LEGAL
    return listed


def scaled(limit: str, percent: int) -> str:
    """A limit times (100 + percent) per cent, rounded up in its own unit; 即办 stays as it is."""
    read = parse_limit(limit)
    if read is None or read.unit == "sd":
        return limit
    n = -(-Fraction(read.n * (100 + percent), 100) // 1)
    return f"{max(1, n)}{read.unit}"


def changed(entries: Sequence[Entry], changes: Sequence[Change]) -> list[Entry]:
    """The lists as they would have been, in their order. NoChange, Unsound."""
    made = list(entries)
    for change in changes:
        made = list(_changed(made, change))
    was = {id(entry.event) for entry in entries}
    for event in (entry.event for entry in made):
        for fault in () if id(event) in was else faults(event):
            raise Unsound(" ".join(map(str, thing(event))), fault)
    return made


def _changed(entries: Sequence[Entry], change: Change) -> Iterator[Entry]:
    concerned = [change.concerns(entry.event) for entry in entries]
    if not any(concerned):
        if not isinstance(change, Instead) or not entries:
            raise NoChange(" ".join(change.words()))
        yield Entry(entries[0].position, entries[0].recorded_at, change.event)
    for entry, is_concerned in zip(entries, concerned, strict=True):
        event = change.of(entry.event) if is_concerned else entry.event
        yield Entry(entry.position, entry.recorded_at, event)


def limit_change(
    which: str, text: str, items: Iterable[str] = (), departments: Iterable[str] = ()
) -> LimitChanged:
    """ "-40%", "+20%" or another limit, "5wd". ChangeUnreadable."""
    of, at = tuple(items), tuple(departments)
    if text.endswith("%"):
        number = text[:-1].strip().replace("−", "-")
        digits = number.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 4):
            raise ChangeUnreadable(f"{text!r} 不是百分数 is no percentage; write -40%")
        if not -100 < int(number) <= PERCENT_MOST:
            raise ChangeUnreadable(f"{text!r}: 应在 -99% 与 +{PERCENT_MOST}% 之间 from -99% on")
        return LimitChanged(which=which, percent=int(number), items=of, departments=at)
    try:
        limit = parse_limit(text)
    except LimitUnreadable as error:
        raise ChangeUnreadable(f"应写成百分数或时限 {error}; or write -40%") from error
    if limit is None:
        raise ChangeUnreadable("时限为空 the limit is empty; write -40% or 5wd")
    return LimitChanged(which=which, limit=text, items=of, departments=at)


def mode_change(mode: str) -> PolicyChanged:
    """How days are counted. ChangeUnreadable."""
    if mode not in MODES:
        raise ChangeUnreadable(f"{mode!r} 不是计时方式 is none of {', '.join(MODES)}")
    return PolicyChanged(mode=mode)


def day_change(text: str, *, works: bool, calendar: str = "CN") -> DayChanged:
    """A day, "2026-10-09". ChangeUnreadable."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ChangeUnreadable(f"{text!r} 不是日期 is no date; write 2026-10-09") from error
    return DayChanged(date=day, works=works, calendar=calendar)
