"""What is in force for a clock, and the clock itself (domain: 5)."""

from __future__ import annotations

from typing import NamedTuple

from ..facts import Instant, Known
from ..lists import ItemPublished, PolicyPublished, Step
from .calendar import Calendar
from .case import Case
from .deadline import Deadline, Limit, Pause, deadline
from .shelf import Lists

LICENCE = "01"
"""Items of kind 01 (行政许可), for which the Licensing Act's articles and defaults hold."""
LAWS = {
    "notice": "行政许可法第三十二条",
    "legal": "行政许可法第四十二条",
    "first_review": "行政许可法第四十三条",
    "delivery": "行政许可法第四十四条",
    "special": "行政许可法第四十五条",
    "hearing": "行政许可法第四十七条",
}


class Terms(NamedTuple):
    """What is in force for a clock: item, policy, calendar."""

    item: ItemPublished | None
    policy: PolicyPublished
    calendar: Calendar


class Clock(NamedTuple):
    """One running limit on one case. It crosses at `crosses_at`, unless stopped before."""

    kind: str
    subject: str
    started: Instant
    stopped: Instant | None
    limit: Limit
    end: Deadline
    terms: Terms
    causes: tuple[Known, ...]
    pauses: tuple[Pause, ...] = ()
    extension: int = 0
    not_before: Instant = 0
    law: str = ""
    step: Step | None = None

    @property
    def crosses_at(self) -> Instant | None:
        """The first late instant; None while an open pause without a cap runs."""
        crosses = self.end.crosses_at
        return None if crosses is None else max(crosses, self.not_before)

    @property
    def revealed_at(self) -> Instant:
        """Since when all is known that the clock rests on."""
        return max(known.known_at for known in self.causes)

    def reaches(self, at: Instant | None) -> bool:
        """Whether the clock still ran at an instant."""
        return at is not None and (self.stopped is None or self.stopped >= at)


def terms_of(case: Case, lists: Lists, start: Known) -> Terms:
    """Item and policy of a clock that a fact started; the calendar as known now."""
    policy = lists.policy(case.source, start.at, start.known_at)
    item = lists.item(case.item, start.at, start.known_at) if case.item else None
    return Terms(item, policy, lists.calendar(policy.calendar, policy.zone))


def simple_clock(
    kind: str, subject: str, limit: Limit, start: Known, stop: Known | None, terms: Terms, law: str
) -> Clock:
    """A clock without pauses."""
    end = deadline(terms.calendar, start.at, limit, mode=terms.policy.mode)
    return Clock(
        kind, subject, start.at, stop.at if stop else None, limit, end, terms, (start,), law=law
    )
