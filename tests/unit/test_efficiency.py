"""效能: what a department's cases and cards come to."""

from __future__ import annotations

from projections.efficiency import (
    NO_DATA,
    SHARED,
    CardCounts,
    Inputs,
    on_time,
    overdue,
    score,
    speed_up,
    worst_first,
)
from projections.figures import DepartmentFigures

PERFECT = Inputs(
    accepted=50,
    concluded=40,
    on_time=40,
    legal_days=800,
    legal_used=200,
    saved_days=800,
    facts=300,
    ratings=10,
    good_ratings=10,
    answers=4,
    answered=4,
)


def points(inputs: Inputs) -> dict[str, float]:
    return {part.code: part.points for part in score(inputs).parts}


def changed(**fields: object) -> Inputs:
    return Inputs(**{name: getattr(PERFECT, name) for name in PERFECT.__struct_fields__} | fields)  # type: ignore[arg-type]


def test_a_faultless_department_has_a_hundred() -> None:
    """All six parts at their maximum."""
    assert score(PERFECT).points == 100
    assert sum(part.maximum for part in score(PERFECT).parts) == 100


def test_cards_about_clocks_cost_time_points() -> None:
    """One yellow 5, one red 10, three reminders 3; two reminders nothing."""
    assert points(changed(clock_cards=CardCounts(3, 1, 1)))["time"] == 35 - 3 - 5 - 10
    assert points(changed(clock_cards=CardCounts(2, 0, 0)))["time"] == 35


def test_cards_about_violations_cost_procedure_points() -> None:
    """And nothing of the time limits."""
    found = points(changed(violation_cards=CardCounts(0, 1, 1)))

    assert (found["procedure"], found["time"]) == (5, 35)


def test_no_part_falls_below_zero() -> None:
    """However many cards."""
    assert points(changed(clock_cards=CardCounts(0, 0, 9)))["time"] == 0


def test_each_tenth_concluded_early_earns_a_point_up_to_the_maximum() -> None:
    """28 of 40 are seven tenths: they make good a yellow and no more than was lost."""
    assert points(changed(early=28, clock_cards=CardCounts(0, 2, 0)))["time"] == 35 - 10 + 7
    assert points(changed(early=28, clock_cards=CardCounts(0, 1, 0)))["time"] == 35


def test_a_busy_department_pays_for_each_hundred_cases() -> None:
    """Four yellows on 400 cases cost as much as one on a hundred; the note says so."""
    busy = score(changed(accepted=400, clock_cards=CardCounts(0, 4, 0))).parts[0]

    assert (busy.points, busy.note) == (30, SHARED)


def test_a_part_without_data_is_left_out_and_said() -> None:
    """Nobody rated: 85 of 85 is a hundred."""
    unrated = score(changed(ratings=0, good_ratings=0))
    ratings = unrated.parts[3]

    assert unrated.points == 100
    assert (ratings.points, ratings.ratio, ratings.note) == (0, (0, 0), NO_DATA)


def test_late_entry_lowers_the_score() -> None:
    """A third entered late costs a third of the part."""
    assert points(changed(late_entries=100))["data"] == 10


def test_nothing_known_is_no_score() -> None:
    """None, not nought."""
    assert score(Inputs()).points is None


def test_fewer_than_twenty_cases_are_not_ranked() -> None:
    """Shown, but out of the race."""
    assert not score(changed(accepted=19)).ranked
    assert score(changed(accepted=20)).ranked


def test_overdue_counts_open_cases_past_their_limit_on_both_sides() -> None:
    """(2 late + 3 open) of (10 concluded + 3 open)."""
    assert overdue(Inputs(concluded=10, late=2, open_late=3)) == (5, 13)


def test_rates_keep_numerator_and_denominator() -> None:
    """So that a page can show both, and a dash for nothing."""
    assert on_time(PERFECT) == (40, 40)
    assert speed_up(PERFECT) == (600, 800)
    assert speed_up(Inputs()) == (0, 0)


def test_open_late_cases_lower_the_time_ratio() -> None:
    """A department cannot look well by never concluding."""
    assert score(changed(open_late=10)).parts[0].ratio == (40, 50)


def test_the_worst_come_first() -> None:
    """Red before yellow before reminder before a low score before no score."""
    names = [
        DepartmentFigures(name="unknown"),
        DepartmentFigures(name="good", score=90.0),
        DepartmentFigures(name="poor", score=10.0),
        DepartmentFigures(name="reminded", reminder=9, score=99.0),
        DepartmentFigures(name="yellow", yellow=1, score=99.0),
        DepartmentFigures(name="red", red=1, score=99.0),
    ]

    found = [one.name for one in sorted(names, key=worst_first)]

    assert found == ["red", "yellow", "reminded", "poor", "good", "unknown"]
