"""What the wall says of the seals, in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from alerts.alarms import Health, alarms

TODAY, YEARS = date(2026, 7, 1), frozenset({2026, 2027})


@pytest.mark.parametrize(
    ("health", "code", "severity", "zh", "en"),
    [
        (
            Health(seals_broken="at position 5"),
            "seals_broken",
            "critical",
            "日志与封存不符",
            "does not match its seals",
        ),
        (
            Health(seals_failed="at position 5"),
            "seals_failed",
            "critical",
            "未能封存",
            "not sealed",
        ),
        (Health(witnesses=("at position 5",)), "witness", "critical", "见证方", "witness"),
        (Health(stamps_failed="at position 5"), "stamps_failed", "warning", "时间戳", "time stamp"),
    ],
)
def test_what_is_wrong_with_the_seals_is_an_alarm(
    health: Health, code: str, severity: str, zh: str, en: str
) -> None:
    """With what was found; only a missing time stamp is no more than a warning."""
    (alarm,) = alarms(health, TODAY, YEARS)
    assert (code, severity) == (alarm.code, alarm.severity)
    assert zh in alarm.zh
    assert en in alarm.en
    assert all("at position 5" in text for text in (alarm.zh, alarm.en))


def test_each_witness_has_an_alarm_of_its_own() -> None:
    """Whoever runs it is somebody else."""
    found = alarms(Health(witnesses=("a: no", "b: no answer")), TODAY, YEARS)
    assert ["a: no", "b: no answer"] == [alarm.zh.partition("：")[2] for alarm in found]
