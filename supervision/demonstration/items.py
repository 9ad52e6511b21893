"""The city's items (事项): real names and departments, invented limits that say so.

Every choice is a function of the item's code, so the catalogue is the same everywhere and always.
"""

from __future__ import annotations

import csv
from datetime import date, datetime
from functools import cache
from io import StringIO
from typing import NamedTuple

from ..lists import ItemPublished, Special, Step
from ..published import DATA
from .draw import pick, share
from .staff import CLERK, HEAD, REVIEWER, SIGNER

CHECKED: dict[str, tuple[str, str]] = {"7wd": ("2wd", "2wd"), "10wd": ("3wd", "4wd")}
"""初审 and 审核 of those items that have both."""
TITLE = "时限为演示所拟，非公布数据"
VERSION = "demo-1"
SINCE = datetime.fromisoformat("2019-12-01T00:00:00+08:00")
EFFECTIVE = date(2020, 1, 1)
BASIS = "《中华人民共和国行政许可法》第四十五条（演示）"

LICENCE, OTHER, SERVICE = "01", "10", "20"
LICENCE_WORDS = ("许可", "审批", "登记", "核准")
AT_ONCE_WORDS = ("查询", "咨询", "打印", "证明", "指引")
SERVICE_CODES = ("512", "G-", "H-")

PROMISES: dict[str, tuple[tuple[str, float], ...]] = {
    LICENCE: (
        ("0sd", 6),
        ("1wd", 12),
        ("3wd", 26),
        ("5wd", 24),
        ("7wd", 16),
        ("10wd", 11),
        ("15wd", 5),
    ),
    OTHER: (("0sd", 15), ("1wd", 20), ("3wd", 30), ("5wd", 20), ("7wd", 10), ("10wd", 5)),
    SERVICE: (("0sd", 35), ("1wd", 25), ("3wd", 22), ("5wd", 13), ("7wd", 5)),
}
"""Promised limits of each kind of item, and how often each is chosen."""

STEP_LIMITS: dict[str, tuple[str, ...]] = {
    "3wd": ("2wd", "1wd", ""),
    "5wd": ("3wd", "1wd", "1wd"),
    "7wd": ("4wd", "2wd", "1wd"),
    "10wd": ("7wd", "2wd", "1wd"),
    "15wd": ("11wd", "3wd", "1wd"),
}
"""Review, signing and conclusion of an item of this promise; the sum is at most the promise."""

SPECIALS = (("testing", 15), ("expert_review", 20), ("inspection", 10), ("hearing", 20))
"""Kinds of special procedures that items list, with their caps in working days."""
FEES = (1_000, 3_500, 10_000, 50_000)
"""Standards in fen of the few items that are not free."""
BUSY = {"广安区税务局": 1.6, "区公安分局": 1.8, "区医疗保障局": 1.5, "区行政审批局": 1.2}
"""Departments that citizens come to more often than their number of items tells."""


class Line(NamedTuple):
    """One line of the published list of service items."""

    department: str
    name: str
    code: str


@cache
def lines() -> tuple[Line, ...]:
    """The list that comes with the product, in its order."""
    text = (DATA / "service_items.csv").read_text("utf-8")
    return tuple(Line(*row) for row in list(csv.reader(StringIO(text)))[1:])


def catalogue() -> list[ItemPublished]:
    """Every item of the list with invented limits, steps, special procedures and fees."""
    return [_item(line) for line in lines()]


def weights() -> list[float]:
    """How often each item of the catalogue is applied for, relative to the others."""
    return [_weight(line) for line in lines()]


def _weight(line: Line) -> float:
    """A few items make most of the work, as everywhere; at-once ones come more often."""
    often = 0.3 + 4 * share(line.code, "weight") ** 8
    return often * BUSY.get(line.department, 1.0) * (1.5 if _at_once(line.name) else 1.0)


def _at_once(name: str) -> bool:
    return any(word in name for word in AT_ONCE_WORDS)


def _item(line: Line) -> ItemPublished:
    kind = _kind(line)
    promise = _promise(line, kind)
    joint = kind == LICENCE and promise == "15wd" and share(line.code, "joint") < 0.4
    licence = kind == LICENCE and promise in ("7wd", "10wd", "15wd")
    return ItemPublished(
        version=VERSION,
        announced_at=SINCE,
        effective=EFFECTIVE,
        title=TITLE,
        code=line.code,
        name=line.name,
        department=line.department,
        kind=kind,
        legal=_legal(promise, kind, joint=joint),
        promise=promise,
        notice="2wd" if kind == LICENCE and share(line.code, "notice") < 0.06 else "",
        joint=joint,
        steps=_steps(line, promise),
        specials=_specials(line) if licence else (),
        extension_posts=(HEAD,) if kind == LICENCE else (),
        separate_signing=promise not in ("0sd", "1wd"),
        fee=_fee(line, kind),
        invented=True,
    )


def _kind(line: Line) -> str:
    if line.code.startswith(SERVICE_CODES):
        return SERVICE
    licensed = line.code.startswith("511A") or any(word in line.name for word in LICENCE_WORDS)
    return LICENCE if licensed else OTHER


def _promise(line: Line, kind: str) -> str:
    if _at_once(line.name) and share(line.code, "at once") < 0.8:
        return "0sd"
    return pick(PROMISES[kind], share(line.code, "promise"))


def _legal(promise: str, kind: str, *, joint: bool) -> str:
    if promise == "0sd":
        return "5wd"
    if kind == LICENCE:
        return "45wd" if joint else "20wd"
    return {"1wd": "5wd", "3wd": "10wd", "5wd": "15wd"}.get(promise, "20wd")


def _steps(line: Line, promise: str) -> tuple[Step, ...]:
    """受理 → 审核 → 签发 → 办结; some with 初审 before, or 现场踏勘 beside the review."""
    limits = STEP_LIMITS.get(promise)
    if limits is None:
        return _short(promise)
    review, signing, conclusion = limits
    drawn = share(line.code, "flow")
    if promise in CHECKED and drawn < 0.15:
        first, review = CHECKED[promise]
        return _line_of((_first_check(first), _review(review), *_ending(signing, conclusion)))
    if promise in ("10wd", "15wd") and drawn > 0.6:
        return _branched(review, signing, conclusion)
    return _line_of((_review(review), *_ending(signing, conclusion)))


def _short(promise: str) -> tuple[Step, ...]:
    if promise == "1wd":
        return _line_of((_review(""), *_ending("", "")))
    return _line_of(_ending("", ""))


def _line_of(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return (Step(code="acceptance", name="受理", posts=(CLERK,)), *steps)


def _branched(review: str, signing: str, conclusion: str) -> tuple[Step, ...]:
    first = Step(code="acceptance", name="受理", posts=(CLERK,))
    visit = Step(
        code="site_visit",
        name="现场踏勘",
        after=("acceptance",),
        limit=review,
        posts=(REVIEWER,),
        parallel=True,
    )
    desk = Step(
        code="review",
        name="审核",
        after=("acceptance",),
        limit=review,
        posts=(REVIEWER,),
        parallel=True,
    )
    signed, concluded = _ending(signing, conclusion)
    joined = Step(
        code="signing",
        name="签发",
        after=("site_visit", "review"),
        limit=signed.limit,
        posts=signed.posts,
    )
    last = Step(
        code="conclusion",
        name="办结",
        after=("signing",),
        limit=concluded.limit,
        posts=concluded.posts,
    )
    return first, visit, desk, joined, last


def _first_check(limit: str) -> Step:
    return Step(code="first_check", name="初审", limit=limit, posts=(REVIEWER,))


def _review(limit: str) -> Step:
    return Step(code="review", name="审核", limit=limit, posts=(REVIEWER,))


def _ending(signing: str, conclusion: str) -> tuple[Step, Step]:
    return (
        Step(code="signing", name="签发", limit=signing, posts=(SIGNER,)),
        Step(code="conclusion", name="办结", limit=conclusion, posts=(CLERK,)),
    )


def _specials(line: Line) -> tuple[Special, ...]:
    if share(line.code, "special") > 0.5:
        return ()
    kind, cap = pick([(each, 1.0) for each in SPECIALS], share(line.code, "which special"))
    return (Special(kind=kind, basis=BASIS, cap=cap),)


def _fee(line: Line, kind: str) -> int:
    if kind != LICENCE or share(line.code, "fee") > 0.1:
        return 0
    return pick([(fee, 1.0) for fee in FEES], share(line.code, "standard"))
