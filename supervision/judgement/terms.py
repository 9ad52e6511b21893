"""What is in force for a clock, and the clock itself (domain: 5)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..facts import Instant, Known
from ..lists import Step
from .case import Case
from .deadline import DAY_END, Deadline, Limit, Pause, deadline, plain
from .shelf import Lists, Terms

LAWS = {
    "notice": "行政许可法第三十二条",
    "legal": "行政许可法第四十二条",
    "first_review": "行政许可法第四十三条",
    "delivery": "行政许可法第四十四条",
    "special": "行政许可法第四十五条",
    "hearing": "行政许可法第四十七条",
}


class Clock(Struct, frozen=True):
    """One running limit on one case. It crosses at `crosses_at`, unless stopped before."""

    kind: str
    subject: str
    started: Instant
    stopped: Instant | None
    limit: Limit
    end: Deadline
    crosses_at: Instant | None
    """The first late instant; None while an open pause without a cap runs."""
    terms: Terms
    causes: tuple[Known, ...]
    pauses: tuple[Pause, ...] = ()
    not_before: Instant = 0
    law: str = ""
    step: Step | None = None
    extension: int = 0

    def reaches(self, at: Instant | None) -> bool:
        """Whether the clock still ran at an instant."""
        return at is not None and (self.stopped is None or self.stopped >= at)


def terms_of(case: Case, lists: Lists, start: Known) -> Terms:
    """Item and policy of a clock that a fact started; the calendar as known now."""
    eras = lists.eras.get((case.source, case.item)) or lists.eras_of(case.source, case.item)
    return eras.only or lists.terms(eras, start.at, start.known_at)


def clock_of(
    kind: str,
    subject: str,
    limit: Limit,
    terms: Terms,
    started: Instant,
    stop: Known | None,
    causes: tuple[Known, ...],
    law: str = "",
    pauses: tuple[Pause, ...] = (),
    now: Instant | None = None,
    not_before: Instant = 0,
    step: Step | None = None,
) -> Clock:
    """A clock in its terms; only pauses need `now`."""
    calendar, policy, stopped = terms.calendar, terms.policy, stop.at if stop else None
    if not pauses and limit.unit == "wd" and policy.mode == DAY_END:
        end = plain(calendar, calendar.day_of(started), limit.n)
    else:
        end = deadline(
            calendar,
            started,
            limit,
            mode=policy.mode,
            pauses=pauses,
            stop=stopped,
            now=now,
            includes_start=policy.pause_includes_start,
        )
    crosses = end.crosses_at
    if not_before and crosses is not None:
        crosses = max(crosses, not_before)
    return Clock(
        kind,
        subject,
        started,
        stopped,
        limit,
        end,
        crosses,
        terms,
        causes,
        pauses,
        not_before,
        law,
        step,
    )


def end_with(clock: Clock, pauses: tuple[Pause, ...], extension: int, now: Instant) -> Deadline:
    """Where a clock would end with these pauses and so many days more."""
    policy = clock.terms.policy
    return deadline(
        clock.terms.calendar,
        clock.started,
        clock.limit,
        mode=policy.mode,
        pauses=pauses,
        extension=extension,
        stop=clock.stopped,
        now=now,
        includes_start=policy.pause_includes_start,
    )


def with_extension(clock: Clock, days: int, now: Instant, **changes: Any) -> Clock:
    """The clock with so many days more, and other changes."""
    end = end_with(clock, clock.pauses, days, now)
    crosses = end.crosses_at
    if crosses is not None:
        crosses = max(crosses, clock.not_before)
    return replace(clock, extension=days, end=end, crosses_at=crosses, **changes)
