"""The wall's figures at one instant: what queries fill in and pages show.

A ratio is a pair (numerator, denominator); its page shows "–" when the denominator is zero.
Instants are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from msgspec import Struct

Ratio = tuple[int, int]


class Kpi(Struct, frozen=True, kw_only=True):
    """Today's counts, what is open now, and this month's rates."""

    received: int = 0
    accepted: int = 0
    concluded: int = 0
    open: int = 0
    due_today: int = 0
    reminder: int = 0
    yellow: int = 0
    red: int = 0
    reminders_today: int = 0
    yellows_today: int = 0
    reds_today: int = 0
    on_time: Ratio = (0, 0)
    early: Ratio = (0, 0)
    speed_up: Ratio = (0, 0)


class ScorePart(Struct, frozen=True, kw_only=True):
    """One part of an efficiency score: points of a maximum, and the ratio behind it."""

    code: str
    name_zh: str
    name_en: str
    points: float
    maximum: float
    ratio: Ratio
    note: str = ""


class DepartmentFigures(Struct, frozen=True, kw_only=True):
    """A department: its open cases by light, its indicators of the month, its score."""

    name: str
    open: int = 0
    normal: int = 0
    reminder: int = 0
    yellow: int = 0
    red: int = 0
    accepted: int = 0
    concluded: int = 0
    on_time: Ratio = (0, 0)
    early: Ratio = (0, 0)
    overdue: Ratio = (0, 0)
    speed_up: Ratio = (0, 0)
    score: float | None = None
    ranked: bool = False
    parts: tuple[ScorePart, ...] = ()


class NextDeadline(Struct, frozen=True, kw_only=True):
    """A running clock that ends soon, or has ended."""

    source: str
    case_no: str
    item_name: str
    department: str
    clock: str
    at: int
    light: str


class DueDay(Struct, frozen=True, kw_only=True):
    """How many open cases are due on a day, by light."""

    day: str
    normal: int = 0
    reminder: int = 0
    yellow: int = 0
    red: int = 0


class LatestCard(Struct, frozen=True, kw_only=True):
    """A card as the wall lists it."""

    card: str
    source: str
    case_no: str
    rule: str
    severity: str
    colour: str
    label_zh: str
    label_en: str
    state: str
    item_name: str
    department: str
    person: str
    issued_at: int
    crossed_at: int
    provisional: bool = False
    history: bool = False
    why_zh: str = ""
    why_en: str = ""
    """Why, in a few words; empty: the wall shows the name of the rule."""


class StreamEvent(Struct, frozen=True, kw_only=True):
    """An event as it came in."""

    position: int
    family: str
    kind: str
    source: str
    case_no: str
    item_name: str
    department: str
    recorded_at: int
    occurred_at: int
    detail: str = ""
    history: bool = False


class Curve(Struct, frozen=True, kw_only=True):
    """The day so far: cumulative counts at the end of each interval."""

    at: tuple[int, ...] = ()
    received: tuple[int, ...] = ()
    accepted: tuple[int, ...] = ()
    concluded: tuple[int, ...] = ()


class Alarm(Struct, frozen=True, kw_only=True):
    """Something about the system or its lists that people must know."""

    code: str
    severity: str
    zh: str
    en: str


class Wall(Struct, frozen=True, kw_only=True):
    """Everything that the wall shows at one instant."""

    now: int
    """The instant shown."""
    measured: float
    """Real time at which it was made, seconds since 1970: the age of the data counts from here."""
    position: int
    zone: str
    district: str
    demonstration: bool = False
    speed: float = 1.0
    kpi: Kpi = Kpi()
    departments: tuple[DepartmentFigures, ...] = ()
    deadlines: tuple[NextDeadline, ...] = ()
    due_days: tuple[DueDay, ...] = ()
    cards: tuple[LatestCard, ...] = ()
    stream: tuple[StreamEvent, ...] = ()
    curve: Curve = Curve()
    alarms: tuple[Alarm, ...] = ()
    history_cases: int = 0
    provisional_cases: int = 0
