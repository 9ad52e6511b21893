"""Every limit that runs on a case (domain: 5; Administrative Licensing Act 32, 42–45, 47).

The Act's articles and defaults hold for items of kind 01 (行政许可); others have their item's.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ..facts import (
    ComplaintAnswered,
    ComplaintFiled,
    DecisionSigned,
    Instant,
    Known,
    ReadyForCollection,
    ResultDelivered,
    ServiceRated,
    SpecialProcedureStarted,
)
from .case import Case, Kinds, sooner
from .deadline import Pause, listed_limit
from .ladder import (
    NOT_EXTENDED,
    Extended,
    Ladder,
    extended_by,
    ladder_of,
    legal_clock,
    moved,
    promise_clock,
)
from .notice import Acceptance, notice_clocks
from .pauses import pauses_of, special_clocks
from .shelf import Lists, Terms
from .terms import LAWS, Clock, clock_of, terms_of

BAD_GRADE = 2
"""Grades of 1 and 2 call for a follow-up."""
ASKED: Kinds = frozenset({ComplaintFiled, ServiceRated})


class Running(Struct, frozen=True):
    """All clocks of a case, and what violations are judged on beside them."""

    clocks: tuple[Clock, ...]
    acceptance: Acceptance | None
    terms: Terms
    """What was in force at acceptance, or at the first fact."""
    pauses: tuple[Pause, ...]
    extended: Extended
    completed: dict[str, Known]


def run_clocks(case: Case, lists: Lists, now: Instant) -> Running:
    """Every clock of the case by what is known now."""
    if not case.facts:
        terms = lists.terms(lists.eras_of(case.source, ""), now, now)
        return Running((), None, terms, (), NOT_EXTENDED, {})
    clocks, acceptance = notice_clocks(case, lists, now)
    terms = terms_of(case, lists, acceptance.cause if acceptance else case.facts[0])
    completed = {**case.done, "acceptance": acceptance.cause} if acceptance else case.done
    pauses: tuple[Pause, ...] = ()
    extended = NOT_EXTENDED
    if acceptance and now >= acceptance.not_before:
        pauses = pauses_of(case, terms)
        ladder = ladder_of(case, terms, acceptance, pauses, now)
        legal = legal_clock(case, ladder)
        if legal:
            extended = extended_by(case, lists, legal, now)
            clocks.append(moved(legal, extended, now))
        promise = promise_clock(ladder, extended)
        if promise:
            clocks.append(promise)
        clocks += _steps(case, lists, ladder, completed)
    if SpecialProcedureStarted in case.by:
        clocks += special_clocks(case, lists)
    if DecisionSigned in case.by:
        clocks += _delivery(case, lists)
    if not ASKED.isdisjoint(case.kinds):
        clocks += _answers(case, lists)
    return Running(tuple(clocks), acceptance, terms, pauses, extended, completed)


def _steps(
    case: Case, lists: Lists, ladder: Ladder, completed: dict[str, Known]
) -> Iterator[Clock]:
    """环节: from the completion of all predecessors (the first: acceptance) to its own."""
    paused = ladder.causes[1:]
    for step, limit, after in ladder.terms.flow.timed:
        start = _begins(after, completed) if after else ladder.acceptance.cause
        if start is None:
            continue
        yield clock_of(
            "step",
            step.code,
            limit,
            terms_of(case, lists, start),
            start.at,
            sooner(completed.get(step.code), case.ended(start.at)),
            (start, *paused),
            "",
            ladder.pauses,
            ladder.now,
            ladder.acceptance.not_before,
            step,
        )


def _begins(after: tuple[str, ...], completed: dict[str, Known]) -> Known | None:
    """The last completion of a step's predecessors; None while one is missing."""
    last: Known | None = None
    for code in after:
        done = completed.get(code)
        if done is None:
            return None
        if last is None or done.at > last.at:
            last = done
    return last


def _delivery(case: Case, lists: Lists) -> list[Clock]:
    """送达: from a granting decision to delivery, dispatch or the notice to collect."""
    for known in case.all(DecisionSigned):
        if type(known.fact) is DecisionSigned and known.fact.granted:
            terms = terms_of(case, lists, known)
            limit = terms.limits.delivery
            if limit is None:
                return []
            collected = case.first(ReadyForCollection, known.at)
            stop, law = sooner(case.first(ResultDelivered, known.at), collected), LAWS["delivery"]
            return [clock_of("delivery", "", limit, terms, known.at, stop, (known,), law)]
    return []


def _answers(case: Case, lists: Lists) -> list[Clock]:
    """Complaints until answered, bad ratings until followed up, by the policy's limits."""
    clocks: list[Clock] = []
    for known in case.among(ASKED):
        kind = "complaint"
        if type(known.fact) is ServiceRated:
            if known.fact.grade > BAD_GRADE:
                continue
            kind = "rating"
        terms = terms_of(case, lists, known)
        limit = listed_limit(terms.policy.answers.get(kind, ""))
        if limit:
            stop = _answer(case, known)
            clocks.append(clock_of(kind, known.fact.id, limit, terms, known.at, stop, (known,)))
    return clocks


def _answer(case: Case, asked: Known) -> Known | None:
    """The first answer that names what it answers, else the first that names nothing."""
    answers = case.all(ComplaintAnswered)
    if not answers:
        return None
    named = [a for a in answers if getattr(a.fact, "of", "") == asked.fact.id]
    unnamed = [a for a in answers if not getattr(a.fact, "of", "") and a.at >= asked.at]
    return next(iter(named or unnamed), None)
