"""告知 and acceptance: told in time what became of the application, or deemed accepted (Act 32)."""

from __future__ import annotations

from typing import NamedTuple

from ..facts import (
    ApplicationReceived,
    CaseAccepted,
    CaseConcluded,
    CaseRefused,
    CaseWithdrawn,
    Fact,
    Instant,
    Known,
    SupplementReceived,
    SupplementRequested,
)
from ..lists import ItemPublished
from .case import ENDS, Case
from .deadline import Limit, listed_limit
from .shelf import Lists
from .terms import LAWS, LICENCE, Clock, simple_clock, terms_of

NOTICE = "5wd"


class Acceptance(NamedTuple):
    """受理: when, on what, and from when on it counts (a deemed one: the notice deadline's end)."""

    at: Instant
    cause: Known
    not_before: Instant
    deemed: bool


def notice_clocks(case: Case, lists: Lists, now: Instant) -> tuple[list[Clock], Acceptance | None]:
    """告知: accepted, refused or told what is missing within the limit, or deemed accepted."""
    clocks: list[Clock] = []
    accepted = case.first(CaseAccepted)
    starts = case.all(ApplicationReceived)[:1] + [
        k for k in case.all(SupplementReceived) if getattr(k.fact, "complete", False)
    ]
    for start in starts:
        terms = terms_of(case, lists, start)
        limit = _notice_limit(terms.item)
        if limit is None or (accepted and accepted.at < start.at):
            break
        kinds: tuple[type[Fact], ...] = (CaseAccepted, CaseRefused, CaseConcluded, CaseWithdrawn)
        if not clocks:
            kinds = (*kinds, SupplementRequested)
        stop = case.first(*kinds, since=start.at) or case.first(*ENDS)
        subject = "" if not clocks else f"round {len(clocks) + 1}"
        clock = simple_clock("notice", subject, limit, start, stop, terms, LAWS["notice"])
        clocks.append(clock)
        late = clock.crosses_at
        silent = late is not None and clock.reaches(late) and late <= now
        if silent and late is not None and terms.item and terms.item.kind == LICENCE:
            return clocks, Acceptance(start.at, start, late, True)
        if stop and isinstance(stop.fact, CaseAccepted):
            break
    if accepted is None:
        return clocks, None
    return clocks, Acceptance(accepted.at, accepted, 0, False)


def _notice_limit(item: ItemPublished | None) -> Limit | None:
    if item is None:
        return None
    own = listed_limit(item.notice)
    if item.kind != LICENCE:
        return own
    lawful = listed_limit(NOTICE)
    return own if own and own.unit == "wd" and lawful and own.n < lawful.n else lawful
