"""效能: indicators and the score of a department, each with its numerator and denominator. Pure.

Score = 100 points in six parts (domain: 8), all of them defaults that a policy may change. A part
whose denominator is zero is not known yet: its ratio is (0, 0), it gives no points, and the score
is scaled to the parts that are known, which its note says. Speed alone invites invented dates: late
entry lowers a score as lateness does.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from .figures import DepartmentFigures, Ratio, ScorePart

# Defaults of the score [choice]. Points, unless they say otherwise.
TIME_LIMITS = 35
PROCEDURE = 20
DATA_QUALITY = 15
RATINGS = 15
CLOSED_LOOP = 10
CONVENIENCE = 5
PER_REMINDERS = 3
"""Reminders cost only by so many …"""
REMINDERS_COST = 3
"""… and then this much."""
YELLOW_COST = 5
RED_COST = 10
EARLY_STEP = 0.10
"""Share of cases concluded before the deadline's day that earns one point more."""
CARDS_PER_CASES = 100
"""Up to so many cases a card costs its full points; beyond, its points for each so many cases. A
department is not the worse for being busy."""
RANKED_FROM = 20
"""Cases in the period from which a department is ranked."""

NO_DATA = "暂无数据，不计入总分 no data yet: the score is scaled to the other parts"
SHARED = "按每百件办件折算 cards counted for each hundred cases"


class CardCounts(NamedTuple):
    """Cards issued in the period and not withdrawn."""

    reminders: int = 0
    yellows: int = 0
    reds: int = 0


class Inputs(Struct, frozen=True, kw_only=True):
    """What a period holds of one department. Days are working days; all are sums over cases."""

    accepted: int = 0
    concluded: int = 0
    on_time: int = 0
    early: int = 0
    late: int = 0
    open_late: int = 0
    """Open cases past their limit."""
    legal_days: int = 0
    legal_used: int = 0
    saved_days: int = 0
    """Legal less promised days."""
    facts: int = 0
    late_entries: int = 0
    ratings: int = 0
    good_ratings: int = 0
    answers: int = 0
    """Card answers that fell due."""
    answered: int = 0
    """Of these, given in time."""
    clock_cards: CardCounts = CardCounts()
    violation_cards: CardCounts = CardCounts()


class Score(Struct, frozen=True, kw_only=True):
    """0 to 100, or None while nothing is known; `ranked` when there are cases enough."""

    points: float | None
    ranked: bool
    parts: tuple[ScorePart, ...]


def on_time(inputs: Inputs) -> Ratio:
    """按时办结率: stopped before the promise's crossing, of those concluded."""
    return inputs.on_time, inputs.concluded


def early(inputs: Inputs) -> Ratio:
    """提前办结率: stopped before the deadline's day, of those concluded."""
    return inputs.early, inputs.concluded


def overdue(inputs: Inputs) -> Ratio:
    """超期率: late, concluded or open, of those concluded or past their limit."""
    return inputs.late + inputs.open_late, inputs.concluded + inputs.open_late


def speed_up(inputs: Inputs) -> Ratio:
    """法定提速率: legal days not used, of legal days."""
    return inputs.legal_days - inputs.legal_used, inputs.legal_days


def score(inputs: Inputs) -> Score:
    """The six parts and what they come to."""
    parts = (
        _time_limits(inputs),
        _procedure(inputs),
        _share("data", "数据质量", "Data quality", DATA_QUALITY, _entered_in_time(inputs)),
        _share("ratings", "群众评价", "Ratings", RATINGS, (inputs.good_ratings, inputs.ratings)),
        _share("loop", "整改闭环", "Closed loop", CLOSED_LOOP, (inputs.answered, inputs.answers)),
        _share("ease", "便民", "Convenience", CONVENIENCE, (inputs.saved_days, inputs.legal_days)),
    )
    busy = inputs.accepted or inputs.concluded
    return Score(
        points=_total(parts) if busy else None, ranked=inputs.accepted >= RANKED_FROM, parts=parts
    )


def worst_first(department: DepartmentFigures) -> tuple[int, int, int, float, str]:
    """The order of the wall: most red, yellow, reminders; then the lowest score."""
    unknown = department.score is None
    points = 101.0 if unknown else department.score or 0.0
    return -department.red, -department.yellow, -department.reminder, points, department.name


def _time_limits(inputs: Inputs) -> ScorePart:
    """All points, less the cards about clocks, plus one for each tenth concluded early."""
    ratio = inputs.on_time, inputs.concluded + inputs.open_late
    bonus = _bonus(early(inputs))
    cost = _cost(inputs.clock_cards, _cases(inputs))
    return _carded("time", "时限", "Time limits", TIME_LIMITS, cost - bonus, ratio, inputs)


def _procedure(inputs: Inputs) -> ScorePart:
    """All points, less the cards about violations; the ratio is cases without one."""
    clean = max(0, inputs.accepted - sum(inputs.violation_cards))
    cost = _cost(inputs.violation_cards, _cases(inputs))
    ratio = clean, inputs.accepted
    return _carded("procedure", "程序", "Procedure", PROCEDURE, cost, ratio, inputs)


def _entered_in_time(inputs: Inputs) -> Ratio:
    return inputs.facts - inputs.late_entries, inputs.facts


def _cases(inputs: Inputs) -> int:
    return max(inputs.accepted, inputs.concluded)


def _cost(cards: CardCounts, cases: int) -> float:
    reminders = cards.reminders // PER_REMINDERS * REMINDERS_COST
    points = reminders + cards.yellows * YELLOW_COST + cards.reds * RED_COST
    return points / max(1.0, cases / CARDS_PER_CASES)


def _bonus(early_ratio: Ratio) -> int:
    numerator, denominator = early_ratio
    return int(numerator / denominator / EARLY_STEP + 1e-9) if denominator else 0


def _carded(
    code: str, zh: str, en: str, maximum: int, cost: float, ratio: Ratio, inputs: Inputs
) -> ScorePart:
    note = SHARED if _cases(inputs) > CARDS_PER_CASES else ""
    return _part(code, zh, en, maximum, maximum - cost, ratio, note)


def _share(code: str, zh: str, en: str, maximum: int, ratio: Ratio) -> ScorePart:
    """Points in proportion to a ratio."""
    points = maximum * ratio[0] / ratio[1] if ratio[1] else 0.0
    return _part(code, zh, en, maximum, points, ratio, "")


def _part(
    code: str, zh: str, en: str, maximum: int, points: float, ratio: Ratio, note: str
) -> ScorePart:
    """A part between zero and its maximum; without a denominator, unknown."""
    known = ratio[1] > 0
    return ScorePart(
        code=code,
        name_zh=zh,
        name_en=en,
        points=min(float(maximum), max(0.0, points)) if known else 0.0,
        maximum=float(maximum),
        ratio=ratio if known else (0, 0),
        note=note if known else NO_DATA,
    )


def _total(parts: tuple[ScorePart, ...]) -> float | None:
    known = [part for part in parts if part.ratio[1]]
    if not known:
        return None
    return 100 * sum(part.points for part in known) / sum(part.maximum for part in known)
