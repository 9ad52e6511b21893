"""Violations (不按流程操作 and its kin) and data errors, each found from the facts (domain: 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..facts import (
    ApplicationReceived,
    CaseAccepted,
    CaseConcluded,
    CaseLinked,
    CaseRefused,
    DecisionSigned,
    ExtensionApproved,
    FeeCharged,
    Instant,
    Known,
    SpecialProcedureStarted,
    StepCompleted,
    SupplementRequested,
    instant,
)
from ..lists import ItemPublished
from .calendar import SECOND
from .case import Case
from .clocks import STEP_FACTS, Running, step_order
from .deadline import listed_limit
from .ladder import legal_limit, own_limit
from .shelf import Lists
from .terms import Clock, terms_of

MANY_STEPS = 3
WITHIN = 10 * SECOND
"""So many steps entered within so long were not done in the system (体外循环)."""
AFTERWARDS = ("certificate", "delivery")
"""Steps that may follow the conclusion."""
RETURNED = "退件"
GRANTED = "出证"
REVIEW = ("review", "审核")


class Found(NamedTuple):
    """One kind of violation: its facts in order, the first of which names the card."""

    kind: str
    at: Instant
    facts: tuple[Known, ...]
    step: str = ""
    detail: str = ""


class Scene(NamedTuple):
    """What a violation is judged on."""

    case: Case
    lists: Lists
    running: Running
    item: ItemPublished | None
    now: Instant

    def clock(self, kind: str) -> Clock | None:
        """The first clock of a kind."""
        return next((c for c in self.running.clocks if c.kind == kind), None)


Check = Callable[[Scene], Iterator[Found]]


def scene_of(case: Case, lists: Lists, running: Running, now: Instant) -> Scene:
    """The item is the version in force at acceptance, or at the first fact."""
    start = running.acceptance.cause if running.acceptance else case.facts[0]
    return Scene(case, lists, running, terms_of(case, lists, start).item, now)


def _found(kind: str, facts: list[Known], step: str = "", detail: str = "") -> Iterator[Found]:
    if facts:
        ordered = sorted(facts, key=lambda k: (k.at, k.position))
        yield Found(kind, ordered[0].at, tuple(ordered), step, detail)


def steps_skipped(scene: Scene) -> Iterator[Found]:
    """A grant was concluded, a later step is done, and its predecessor never was.

    Until the conclusion the missing step may still come: then it is out of order.
    """
    done, item = scene.running.completed, scene.item
    concluded = done.get("conclusion")
    if concluded is None or getattr(concluded.fact, "result", "") not in ("", GRANTED):
        return
    missing = [code for _, before in _followed(scene) for code in before if code not in done]
    if item and item.steps and "conclusion" not in {step.code for step in item.steps}:
        missing += [s.code for s in item.steps if s.code not in done and s.code not in AFTERWARDS]
    for code in dict.fromkeys(missing):
        yield from _found("step_skipped", [concluded], code)


def steps_out_of_order(scene: Scene) -> Iterator[Found]:
    """A step is done before its predecessor."""
    done = scene.running.completed
    for later, before in _followed(scene):
        early = [code for code in before if code in done and done[later].at < done[code].at]
        if early and later != "acceptance":
            yield from _found("step_out_of_order", [done[later]], later)


def _followed(scene: Scene) -> list[tuple[str, tuple[str, ...]]]:
    if scene.item is None or not scene.item.steps:
        return []
    order = step_order(scene.item)
    return [(code, order[code]) for code in order if code in scene.running.completed]


def steps_not_in_flow(scene: Scene) -> Iterator[Found]:
    """A step that the item's flow does not have."""
    if scene.item and scene.item.steps:
        codes = {step.code for step in scene.item.steps}
        strange = [k for k in scene.case.all(StepCompleted) if _code(k) not in codes]
        yield from _found("step_not_in_flow", strange, _code(strange[0]) if strange else "")


def _code(known: Known) -> str:
    fact = known.fact
    return fact.step if isinstance(fact, StepCompleted) else STEP_FACTS.get(type(fact), "")


def actors_without_post(scene: Scene) -> Iterator[Found]:
    """Who did a step held none of its posts then; not judged where no posts were published."""
    posts = {s.code: s.posts for s in scene.item.steps if s.posts} if scene.item else {}
    wrong = []
    for known in scene.case.facts if posts else ():
        needed, person = posts.get(_code(known)), known.fact.actor.id
        if needed and person:
            held = [scene.lists.holds(scene.case.source, person, p, known.at) for p in needed]
            if True not in held and False in held:
                wrong.append(known)
    yield from _found("actor_without_post", wrong, _code(wrong[0]) if wrong else "")


def same_person_signed(scene: Scene) -> Iterator[Found]:
    """Who reviewed also signed, where the item separates them."""
    if scene.item is None or not scene.item.separate_signing:
        return
    names = {s.code for s in scene.item.steps if s.code in REVIEW or s.name in REVIEW}
    reviewers = {k.fact.actor.id for k in scene.case.all(StepCompleted) if _code(k) in names} - {""}
    signed = [
        k for k in scene.case.all(DecisionSigned) if (_signer(k) or k.fact.actor.id) in reviewers
    ]
    yield from _found("same_person_signed", signed, "signing")


def _signer(known: Known) -> str:
    return known.fact.signer if isinstance(known.fact, DecisionSigned) else ""


def not_told_at_once(scene: Scene) -> Iterator[Found]:
    """一次性告知: a later request names something that was missing at first and not named."""
    requests = scene.case.all(SupplementRequested)
    if len(requests) < 2:
        return
    given = {m for k in scene.case.all(ApplicationReceived)[:1] for m in _materials(k)}
    named = set(_materials(requests[0]))
    again = [k for k in requests[1:] if set(_materials(k)) - named - given]
    yield from _found("not_told_at_once", again)


def _materials(known: Known) -> tuple[str, ...]:
    fact = known.fact
    if isinstance(fact, ApplicationReceived | SupplementRequested):
        return fact.materials
    return ()


def no_reason(scene: Scene) -> Iterator[Found]:
    """Refusal, return, extension or denial without a reason."""
    unreasoned = [
        k
        for k in scene.case.all(CaseRefused, ExtensionApproved, DecisionSigned, CaseConcluded)
        if _needs_reason(k) and "reason" not in k.fact.texts
    ]
    yield from _found("no_reason", unreasoned)


def _needs_reason(known: Known) -> bool:
    fact = known.fact
    if isinstance(fact, DecisionSigned):
        return not fact.granted
    if isinstance(fact, CaseConcluded):
        return fact.result == RETURNED
    return True


def pauses_improper(scene: Scene) -> Iterator[Found]:
    """P3: no basis or notice; begun past the legal deadline; open after conclusion."""
    legal = scene.clock("legal")
    crosses = legal.crosses_at if legal and not legal.end.provisional else None
    wrong: list[Known] = []
    by_start = {p.causes[0]: p for p in scene.running.pauses if p.causes}
    for known in scene.case.all(SpecialProcedureStarted):
        pause = by_start.get(known.fact.id)
        if pause is None:
            continue
        ended = scene.case.ended(known.at)
        past = crosses is not None and known.at >= crosses
        over = ended is not None and ended.at <= scene.now
        open_after = over and ended is not None and (pause.end is None or pause.end > ended.at)
        if not pause.creditable or past or open_after:
            wrong.append(known)
    yield from _found("pause_improper", wrong)


def extensions_improper(scene: Scene) -> Iterator[Found]:
    """E1: late, repeated, too long, by the wrong person, or without reasons told."""
    improper = scene.running.extended.improper
    detail = improper[0][1] if improper else ""
    yield from _found("extension_improper", [known for known, _ in improper], detail=detail)


def late_entries(scene: Scene) -> Iterator[Found]:
    """补录: entered (else recorded) after the working day that follows the occurrence."""
    late: list[tuple[Instant, Known]] = []
    for known in scene.case.facts:
        if isinstance(known.fact, CaseLinked):
            continue
        entered = known.fact.entered_at
        if entered is None and known.fact.history:
            continue
        at = instant(entered) if entered else scene.case.first_known[known.fact.id]
        if at - known.at < 24 * 3_600 * SECOND:
            continue
        calendar = terms_of(scene.case, scene.lists, known).calendar
        first = calendar.day_of(known.at)
        last = calendar.add(first, 1)
        bound = calendar.start_of(last + 1)
        if at >= bound and not calendar.unknown_between(first, last):
            late.append((bound, known))
    if late:
        late.sort(key=lambda pair: (pair[0], pair[1].position))
        yield Found("late_entry", late[0][0], tuple(k for _, k in late))


def outside_system(scene: Scene) -> Iterator[Found]:
    """体外循环, judged on entered_at alone: steps entered within seconds, or all at the end."""
    item = scene.item
    promise = listed_limit(item.promise) if item else None
    if scene.case.history or (promise and promise.unit == "sd"):
        return
    entered = sorted(
        (
            (instant(k.fact.entered_at), k)
            for k in scene.case.facts
            if k.fact.entered_at is not None
        ),
        key=lambda pair: (pair[0], pair[1].position),
    )
    steps = [(at, k) for at, k in entered if _code(k)]
    for first, last in zip(steps, steps[MANY_STEPS - 1 :], strict=False):
        if last[0] - first[0] <= WITHIN:
            yield from _found("outside_system", [last[1]])
            return
    concluded = scene.case.first(CaseConcluded)
    if concluded and len(entered) > 1 and entered[0][0] >= concluded.at > entered[0][1].at:
        yield from _found("outside_system", [concluded])


def fees_improper(scene: Scene) -> Iterator[Found]:
    """A fee on a free item, other than the standard, without basis, or before acceptance."""
    accepted = scene.running.acceptance
    wrong = []
    for known in scene.case.all(FeeCharged):
        fee = known.fact
        assert isinstance(fee, FeeCharged)
        listed = scene.item.fee if scene.item else None
        early = accepted is None or known.at < max(accepted.at, accepted.not_before)
        if fee.amount > 0 and (
            early or not fee.basis or (listed is not None and fee.amount != listed)
        ):
            wrong.append(known)
    yield from _found("fee_improper", wrong)


def reopened(scene: Scene) -> Iterator[Found]:
    """The same applicant and item again after a return near the deadline (found by a follower)."""
    yield from _found("reopened", scene.case.all(CaseLinked))


CHECKS: tuple[Check, ...] = (
    steps_skipped,
    steps_out_of_order,
    steps_not_in_flow,
    actors_without_post,
    same_person_signed,
    not_told_at_once,
    no_reason,
    pauses_improper,
    extensions_improper,
    late_entries,
    outside_system,
    fees_improper,
    reopened,
)


def violations(scene: Scene) -> list[Found]:
    """All violations of a case, one of each kind: its facts together, the first naming it."""
    by_kind: dict[str, Found] = {}
    for check in CHECKS:
        for found in check(scene):
            earlier = by_kind.get(found.kind)
            by_kind[found.kind] = _joined(earlier, found) if earlier else found
    return list(by_kind.values())


def _joined(one: Found, other: Found) -> Found:
    first, later = sorted((one, other), key=lambda f: (f.at, f.facts[0].position))
    return first._replace(facts=(*first.facts, *later.facts))


def data_errors(scene: Scene) -> Iterator[Found]:
    """What the data get wrong; shown, and no card on the department."""
    case, item = scene.case, scene.item
    first = case.facts[0]
    if item is None:
        yield Found("unknown_item", first.at, (first,), detail=case.item)
    elif legal_limit(case, item) is None:
        yield Found("no_legal_limit", first.at, (first,))
    own = own_limit(case)
    if own and item and not item.case_limits:
        listed = legal_limit(case, item)
        if own != listed:
            yield Found("limit_differs", first.at, (first,), detail=f"{own} / {listed}")
    promise = listed_limit(item.promise) if item else None
    legal = listed_limit(item.legal) if item else None
    if promise and legal and promise.unit == legal.unit and promise.n > legal.n:
        yield Found("promise_above_legal", first.at, (first,), detail=f"{promise} > {legal}")
    accepted = case.first(CaseAccepted)
    early = [k for k in case.all(DecisionSigned) if accepted and k.at < accepted.at]
    yield from _found("decision_before_acceptance", early)
    ended = case.first(CaseConcluded)
    received = case.first(ApplicationReceived)
    if ended and received and ended.at < received.at:
        yield Found("concluded_before_received", ended.at, (ended, received))
    yield from _found("in_the_future", [k for k in case.facts if k.at > k.known_at])
    yield from _found("correction_unreadable", list(case.unreadable))
