"""Published lists as events: calendars, items, policies, posts. Names are kept for good.

`announced_at` is when the list became public, `effective` the first day on which it holds. What
is judged live knows a list from its recording on; what is imported as history knows it from its
announcement on (domain: 3, known_at).
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct


class Published(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every publication says of itself."""

    version: str
    announced_at: datetime
    effective: date
    title: str = ""
    link: str = ""


class Day(Struct, frozen=True, array_like=True):
    """One day of a notice: its date, whether offices work, the festival's name."""

    date: date
    works: bool
    name: str = ""


class CalendarPublished(Published, frozen=True, kw_only=True, omit_defaults=True):
    """A yearly notice (国务院办公厅放假通知), or a change of one, for one calendar.

    `calendar` names the jurisdiction; a calendar with a `base` is an overlay on it. A notice with
    `partial` changes days without making its year known. `hours` are the office hours of each
    working day as pairs of "HH:MM".
    """

    calendar: str
    year: int
    days: tuple[Day, ...]
    partial: bool = False
    base: str = ""
    hours: tuple[tuple[str, str], ...] = ()


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """环节: code, name, who (posts), after which steps, in how long."""

    code: str
    name: str = ""
    after: tuple[str, ...] = ()
    limit: str = ""
    posts: tuple[str, ...] = ()
    parallel: bool = False


class Special(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A special procedure that the item may use: its basis and its cap in working days."""

    kind: str
    basis: str = ""
    cap: int | None = None


class ItemPublished(Published, frozen=True, kw_only=True, omit_defaults=True):
    """事项: limits as text ("20wd", "60nd", "4wh", "2mo", "1yr", "0sd" for 即办).

    kind: 01 许可 … 10 其他, 20 公共服务. `case_limits`: cases bring their own limit.
    """

    code: str
    name: str
    department: str
    kind: str = "01"
    legal: str = ""
    promise: str = ""
    notice: str = ""
    delivery: str = ""
    joint: bool = False
    first_review: bool = False
    steps: tuple[Step, ...] = ()
    specials: tuple[Special, ...] = ()
    extension_days: int | None = None
    extension_posts: tuple[str, ...] = ()
    separate_signing: bool = True
    fee: int | None = None
    case_limits: bool = False
    invented: bool = False
    applies_to_running: bool = False


class ListChangeAnnounced(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of law or list was announced; the item's list must follow within its limit."""

    id: str
    code: str
    announced_at: datetime
    limit: str = "3wd"


class Rule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a policy: on which clock or violation, in what condition, which card.

    `on`: a clock ("promise"), a violation ("step_skipped"), a class ("class:A") or "standing".
    `left`: crosses when this much is left ("2wd"); empty: crosses when the limit is past.
    `left_short`: for limits of at most `short` working days; `left_hours`: for same-day and hours.
    """

    code: str
    on: str
    severity: str
    colour: str
    label_zh: str
    label_en: str
    left: str = ""
    left_short: str = ""
    short: int = 3
    left_hours: str = ""
    count: int = 0
    law: str = ""


class PolicyPublished(Published, frozen=True, kw_only=True, omit_defaults=True):
    """What a jurisdiction may choose: zone, calendar, modes, rules, answer limits, settle time.

    `sources` are the source systems it is for; none means all that have no policy of their own.
    `classes`: violation → "A", "B" or "A person" (proposed, a person issues it). `answers`: limits
    of the clocks acknowledge, explain, rectify, verify, decide, complaint, rating.
    """

    code: str = "default"
    sources: tuple[str, ...] = ()
    zone: str = "Asia/Shanghai"
    calendar: str = "CN"
    mode: str = "day_end"
    pause_includes_start: bool = False
    extension_moves_promise: bool = False
    settle_seconds: int = 600
    rules: tuple[Rule, ...] = ()
    classes: dict[str, str] = {}
    answers: dict[str, str] = {}
    reopened_days: int = 2
    rungs: tuple[str, ...] = ("承办人", "科室负责人", "分管领导", "纪检监察")
    applies_to_running: bool = False


class PostGranted(Published, frozen=True, kw_only=True, omit_defaults=True):
    """A person may do the steps of a post, in a source system."""

    source: str
    person: str
    post: str


class PostRevoked(Published, frozen=True, kw_only=True, omit_defaults=True):
    """No longer."""

    source: str
    person: str
    post: str


class OutageRecorded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """This system was down: answer clocks are lengthened by it (domain: 7)."""

    id: str
    since: datetime
    until: datetime


LISTS: dict[str, type[Struct]] = {
    "CalendarPublished": CalendarPublished,
    "ItemPublished": ItemPublished,
    "PolicyPublished": PolicyPublished,
    "PostGranted": PostGranted,
    "PostRevoked": PostRevoked,
    "ListChangeAnnounced": ListChangeAnnounced,
    "OutageRecorded": OutageRecorded,
}
