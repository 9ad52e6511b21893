"""告知 and acceptance: told in time what became of the application, or deemed accepted (Act 32)."""

from __future__ import annotations

from msgspec import Struct

from ..facts import (
    ApplicationReceived,
    CaseAccepted,
    CaseConcluded,
    CaseRefused,
    CaseWithdrawn,
    Instant,
    Known,
    SupplementReceived,
    SupplementRequested,
)
from .case import Case, Kinds
from .item import LICENCE
from .shelf import Lists
from .terms import LAWS, Clock, clock_of, terms_of


class Acceptance(Struct, frozen=True):
    """受理: when, on what, and from when on it counts (a deemed one: the notice deadline's end)."""

    at: Instant
    cause: Known
    not_before: Instant
    deemed: bool


TOLD: Kinds = frozenset({CaseAccepted, CaseRefused, CaseConcluded, CaseWithdrawn})
TOLD_FIRST: Kinds = TOLD | {SupplementRequested}
"""What the applicant must be told in time; that something is missing, of the first round alone."""


def notice_clocks(case: Case, lists: Lists, now: Instant) -> tuple[list[Clock], Acceptance | None]:
    """告知: accepted, refused or told what is missing within the limit, or deemed accepted."""
    clocks: list[Clock] = []
    accepted = case.first(CaseAccepted)
    for start in _receipts(case):
        terms = terms_of(case, lists, start)
        limit = terms.limits.notice
        if limit is None or (accepted and accepted.at < start.at):
            break
        told = case.first_among(TOLD if clocks else TOLD_FIRST, start.at)
        stop = told or (case.ends[0] if case.ends else None)
        subject = f"round {len(clocks) + 1}" if clocks else ""
        clock = clock_of("notice", subject, limit, terms, start.at, stop, (start,), LAWS["notice"])
        clocks.append(clock)
        late = clock.crosses_at
        silent = late is not None and late <= now and clock.reaches(late)
        if silent and late is not None and terms.item and terms.item.kind == LICENCE:
            return clocks, Acceptance(start.at, start, late, True)
        if stop and type(stop.fact) is CaseAccepted:
            break
    if accepted is None:
        return clocks, None
    return clocks, Acceptance(accepted.at, accepted, 0, False)


def _receipts(case: Case) -> list[Known]:
    """What starts the rounds: the application, then all supplements that were complete."""
    received = case.all(ApplicationReceived)[:1]
    if SupplementReceived in case.by:
        supplied = case.all(SupplementReceived)
        received += [k for k in supplied if getattr(k.fact, "complete", False)]
    return received
