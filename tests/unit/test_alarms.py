"""What the wall must say of the system and of its lists."""

from __future__ import annotations

from datetime import date

import pytest

from alerts.alarms import BEHIND, Health, alarms

YEARS = frozenset({2026, 2027})


@pytest.mark.parametrize(
    ("day", "years", "codes"),
    [
        (date(2026, 11, 30), {2026}, []),
        (date(2026, 12, 1), {2026}, ["calendar_missing"]),
        (date(2026, 12, 1), {2026, 2027}, []),
        (date(2027, 1, 1), {2026}, ["calendar_missing"]),
    ],
)
def test_a_missing_notice_is_told_from_december_on(
    day: date, years: set[int], codes: list[str]
) -> None:
    """R5: from 1 December the wall says that next year's notice is missing."""
    assert [alarm.code for alarm in alarms(Health(), day, frozenset(years))] == codes


def test_the_gravest_comes_first_and_says_what_to_do() -> None:
    """A clock that jumped, before a wall that is behind."""
    health = Health(clock_jumped="last 1, now 2", behind=BEHIND + 1, incidents=1)
    found = alarms(health, date(2026, 7, 1), YEARS)
    assert [alarm.severity for alarm in found] == ["critical", "warning", "warning"]
    assert "supervise clock confirm" in found[0].zh
    assert "supervise clock confirm" in found[0].en


def test_a_healthy_system_has_no_alarm() -> None:
    """Nothing wrong, nothing said."""
    assert alarms(Health(behind=BEHIND), date(2026, 7, 1), YEARS) == []
