"""Cases on their two lines for the browser tests, each by the number that asks for it."""

from __future__ import annotations

from functools import cache

from replay.lines import Timeline
from replay.timeline import timeline
from tests.browser.fake_case import SOURCE
from tests.court import item
from tests.told_late import Tale, in_time, one_fact, told_late, very_long, watched

LATE, IN_TIME, ONE, LONG, EVIL_ONE = (f"511602-2026-900{n}" for n in range(1, 6))
"""Told late; in time; one fact; thousands of facts; names full of markup."""
MANY = 2_000
UNTIL = "2026-03-02"


@cache
def fake_timeline(source: str, case_no: str, name: str = "事项") -> Timeline | None:
    """The case of that number; None for any other."""
    tales: dict[str, list[Tale]] = {
        LATE: told_late(),
        IN_TIME: in_time(),
        ONE: one_fact(),
        EVIL_ONE: told_late(),
    }
    if source != SOURCE:
        return None
    if case_no == LONG:
        return timeline(*watched(very_long(MANY), UNTIL, source=source, case_no=case_no))
    if case_no not in tales:
        return None
    told = watched(tales[case_no], UNTIL, source=source, case_no=case_no, of=item(name=name))
    return timeline(*told)
