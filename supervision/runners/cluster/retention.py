"""How long the warehouse keeps the rows of the past. Pure."""

from __future__ import annotations

from datetime import date


def months_before(today: date, months: int) -> date | None:
    """The first day of the month that lies so many months before this one; None for "for good"."""
    if not months:
        return None
    passed = today.year * 12 + today.month - 1 - months
    return date(passed // 12, passed % 12 + 1, 1)
