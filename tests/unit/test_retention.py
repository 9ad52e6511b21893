"""The day from which the warehouse keeps the rows of the past."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.runners.cluster.retention import months_before


@pytest.mark.parametrize(
    ("today", "months", "day"),
    [
        (date(2026, 11, 22), 1, date(2026, 10, 1)),
        (date(2026, 11, 1), 11, date(2025, 12, 1)),
        (date(2026, 1, 31), 1, date(2025, 12, 1)),
        (date(2026, 1, 31), 13, date(2024, 12, 1)),
        (date(2024, 2, 29), 12, date(2023, 2, 1)),
    ],
)
def test_whole_months_are_kept_beside_this_one(today: date, months: int, day: date) -> None:
    """Over the turn of the year, at its beginning and at the end of a month."""
    assert months_before(today, months) == day


def test_none_is_for_good() -> None:
    """Nothing is ever forgotten."""
    assert months_before(date(2026, 11, 22), 0) is None


@settings(database=None, derandomize=True)
@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2200, 1, 1)), st.integers(1, 1_200))
def test_one_month_more_is_one_month_earlier(today: date, months: int) -> None:
    """From a first of the month to the one before it, the current one included."""
    day = months_before(today, months)
    before = months_before(today, months - 1) or today.replace(day=1)
    assert day is not None
    assert day.day == 1
    assert (before - day).days in (28, 29, 30, 31)
