"""Every limit that runs on a case (domain: 5; Administrative Licensing Act 32, 42–45, 47).

The Act's articles and defaults hold for items of kind 01 (行政许可); others have their item's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..facts import (
    CaseAccepted,
    CaseConcluded,
    CertificateIssued,
    ComplaintAnswered,
    ComplaintFiled,
    DecisionSigned,
    Fact,
    Instant,
    Known,
    ReadyForCollection,
    ResultDelivered,
    ServiceRated,
    StepCompleted,
)
from ..lists import ItemPublished
from .case import Case
from .deadline import Pause, deadline, listed_limit
from .ladder import Extended, extended_by, legal_clock, moved, promise_clocks
from .notice import Acceptance, notice_clocks
from .pauses import credited, pauses_of, special_clocks
from .shelf import Lists
from .terms import LAWS, LICENCE, Clock, simple_clock, terms_of

DELIVERY = "10wd"
BAD_GRADE = 2
"""Grades of 1 and 2 call for a follow-up."""
STEP_FACTS: dict[type[Fact], str] = {
    CaseAccepted: "acceptance",
    DecisionSigned: "signing",
    CaseConcluded: "conclusion",
    CertificateIssued: "certificate",
    ResultDelivered: "delivery",
}


class Running(NamedTuple):
    """All clocks of a case, and what violations are judged on beside them."""

    clocks: tuple[Clock, ...]
    acceptance: Acceptance | None
    pauses: tuple[Pause, ...]
    extended: Extended
    completed: dict[str, Known]

    @property
    def unjudged(self) -> bool:
        """Whether a breach may still come out when a year's notice is published."""
        return any(c.end.provisional and c.reaches(c.crosses_at) for c in self.clocks)


def run_clocks(case: Case, lists: Lists, now: Instant) -> Running:
    """Every clock of the case by what is known now."""
    if not case.facts:
        return Running((), None, (), Extended(0, None, ()), {})
    found, acceptance = notice_clocks(case, lists, now)
    completed = _completed(case, acceptance)
    clocks = list(found)
    pauses: tuple[Pause, ...] = ()
    extended = Extended(0, None, ())
    if acceptance and now >= acceptance.not_before:
        terms = terms_of(case, lists, acceptance.cause)
        pauses = pauses_of(case, terms)
        legal = legal_clock(case, terms, acceptance, pauses, now)
        if legal:
            extended = extended_by(case, lists, legal, now)
            legal = moved(legal, extended, now)
            clocks.append(legal)
        clocks.extend(promise_clocks(case, terms, acceptance, pauses, extended, now))
        clocks.extend(_steps(case, lists, acceptance, pauses, completed, now))
    clocks.extend(special_clocks(case, lists))
    clocks.extend(_delivery(case, lists))
    clocks.extend(_answers(case, lists))
    return Running(tuple(clocks), acceptance, pauses, extended, completed)


def step_order(item: ItemPublished) -> dict[str, tuple[str, ...]]:
    """The predecessors of each step; a list that names none is a line."""
    if any(step.after for step in item.steps):
        return {step.code: step.after for step in item.steps}
    codes = [step.code for step in item.steps]
    return {code: tuple(codes[max(i - 1, 0) : i]) for i, code in enumerate(codes)}


def _completed(case: Case, acceptance: Acceptance | None) -> dict[str, Known]:
    """The first completion of each step."""
    done: dict[str, Known] = {}
    for known in case.facts:
        fact = known.fact
        code = fact.step if isinstance(fact, StepCompleted) else STEP_FACTS.get(type(fact), "")
        if code and code not in done:
            done[code] = known
    if acceptance:
        done["acceptance"] = acceptance.cause
    return done


def _steps(
    case: Case,
    lists: Lists,
    acceptance: Acceptance,
    pauses: tuple[Pause, ...],
    completed: dict[str, Known],
    now: Instant,
) -> Iterator[Clock]:
    """环节: from the completion of all predecessors (the first: acceptance) to its own."""
    item = terms_of(case, lists, acceptance.cause).item
    if item is None or not any(step.limit for step in item.steps):
        return
    order = step_order(item)
    for step in item.steps:
        limit = listed_limit(step.limit)
        before = [completed.get(code) for code in order[step.code]]
        if limit is None or step.code == "acceptance" or not all(before):
            continue
        starts = [k for k in before if k] or [acceptance.cause]
        start = max(starts, key=lambda k: k.at)
        done = completed.get(step.code)
        ended = case.ended(start.at)
        stop = min((k for k in (done, ended) if k), key=lambda k: k.at, default=None)
        terms = terms_of(case, lists, start)
        end = deadline(
            terms.calendar,
            start.at,
            limit,
            mode=terms.policy.mode,
            pauses=pauses,
            stop=stop.at if stop else None,
            now=now,
            includes_start=terms.policy.pause_includes_start,
        )
        yield Clock(
            "step",
            step.code,
            start.at,
            stop.at if stop else None,
            limit,
            end,
            terms,
            (start, *credited(case, pauses)),
            pauses,
            not_before=acceptance.not_before,
            step=step,
        )


def _delivery(case: Case, lists: Lists) -> Iterator[Clock]:
    """送达: from a granting decision to delivery, dispatch or the notice to collect."""
    granted = next((k for k in case.all(DecisionSigned) if getattr(k.fact, "granted", False)), None)
    if granted is None:
        return
    terms = terms_of(case, lists, granted)
    own = listed_limit(terms.item.delivery) if terms.item else None
    if own is None and terms.item and terms.item.kind == LICENCE:
        own = listed_limit(DELIVERY)
    if own:
        stop = case.first(ResultDelivered, ReadyForCollection, since=granted.at)
        yield simple_clock("delivery", "", own, granted, stop, terms, LAWS["delivery"])


def _answers(case: Case, lists: Lists) -> Iterator[Clock]:
    """Complaints until answered, bad ratings until followed up, by the policy's limits."""
    answers = case.all(ComplaintAnswered)
    for known in case.all(ComplaintFiled, ServiceRated):
        rated = isinstance(known.fact, ServiceRated)
        if isinstance(known.fact, ServiceRated) and known.fact.grade > BAD_GRADE:
            continue
        kind = "rating" if rated else "complaint"
        terms = terms_of(case, lists, known)
        limit = listed_limit(terms.policy.answers.get(kind, ""))
        if limit is None:
            continue
        named = [a for a in answers if getattr(a.fact, "of", "") == known.fact.id]
        unnamed = [a for a in answers if not getattr(a.fact, "of", "") and a.at >= known.at]
        stop = next(iter(named or unnamed), None)
        yield simple_clock(kind, known.fact.id, limit, known, stop, terms, "")
