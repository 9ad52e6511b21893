"""Violations (不按流程操作 and its kin) and data errors, each found from the facts (domain: 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from ..facts import (
    ApplicationReceived,
    CaseAccepted,
    CaseConcluded,
    CaseLinked,
    CaseRefused,
    DecisionSigned,
    ExtensionApproved,
    Fact,
    FeeCharged,
    Instant,
    Known,
    SpecialProcedureStarted,
    StepCompleted,
    SupplementRequested,
)
from .calendar import SECOND
from .case import STEPS, Case, Kinds, step_of
from .clocks import Running
from .deadline import listed_limit
from .ladder import legal_limit, own_limit
from .shelf import Lists
from .terms import terms_of

MANY_STEPS = 3
WITHIN = 10 * SECOND
"""So many steps entered within so long were not done in the system (体外循环)."""
AFTERWARDS = ("certificate", "delivery")
"""Steps that may follow the conclusion."""
RETURNED = "退件"
GRANTED = "出证"
REASONED = (CaseRefused, ExtensionApproved, DecisionSigned, CaseConcluded)
LATER_STEPS = frozenset[type[Fact]]({StepCompleted, *STEPS}) - {CaseAccepted}
ANY: Kinds = frozenset()


class Found(Struct, frozen=True):
    """One kind of violation: its facts in order, the first of which names the card."""

    kind: str
    at: Instant
    facts: tuple[Known, ...]
    step: str = ""
    detail: str = ""


class Scene(Struct, frozen=True):
    """What a violation is judged on."""

    case: Case
    lists: Lists
    running: Running
    now: Instant


Check = Callable[[Scene], Sequence[Found]]


def _found(kind: str, facts: Sequence[Known], step: str = "", detail: str = "") -> Sequence[Found]:
    if not facts:
        return ()
    ordered = sorted(facts, key=lambda k: (k.at, k.position))
    return (Found(kind, ordered[0].at, tuple(ordered), step, detail),)


def steps_skipped(scene: Scene) -> Sequence[Found]:
    """A grant was concluded, a later step is done, and its predecessor never was.

    Until the conclusion the missing step may still come: then it is out of order.
    """
    done, flow = scene.running.completed, scene.running.terms.flow
    concluded = done.get("conclusion")
    if concluded is None or getattr(concluded.fact, "result", "") not in ("", GRANTED):
        return ()
    missing = [before for before, later in flow.pairs if later in done and before not in done]
    if flow.order and "conclusion" not in flow.order:
        missing += [code for code in flow.order if code not in done and code not in AFTERWARDS]
    return [
        Found("step_skipped", concluded.at, (concluded,), code) for code in dict.fromkeys(missing)
    ]


def steps_out_of_order(scene: Scene) -> Sequence[Found]:
    """A step is done before its predecessor."""
    done = scene.running.completed
    early = [
        later
        for before, later in scene.running.terms.flow.pairs
        if later in done and before in done and done[later].at < done[before].at
    ]
    late = dict.fromkeys(code for code in early if code != "acceptance") if early else ()
    return [Found("step_out_of_order", done[code].at, (done[code],), code) for code in late]


def steps_not_in_flow(scene: Scene) -> Sequence[Found]:
    """A step that the item's flow does not have."""
    codes = scene.running.terms.flow.order
    done = scene.case.all(StepCompleted) if codes else ()
    strange = [k for k in done if step_of(k.fact) not in codes]
    return _found("step_not_in_flow", strange, step_of(strange[0].fact) if strange else "")


def actors_without_post(scene: Scene) -> Sequence[Found]:
    """Who did a step held none of its posts then; not judged where no posts were published."""
    posts = scene.running.terms.flow.posts
    wrong = []
    for known in scene.case.facts if posts else ():
        needed, person = posts.get(step_of(known.fact)), known.fact.actor.id
        if needed and person:
            held = [scene.lists.holds(scene.case.source, person, p, known.at) for p in needed]
            if True not in held and False in held:
                wrong.append(known)
    return _found("actor_without_post", wrong, step_of(wrong[0].fact) if wrong else "")


def same_person_signed(scene: Scene) -> Sequence[Found]:
    """Who reviewed also signed, where the item separates them."""
    terms = scene.running.terms
    if terms.item is None or not terms.item.separate_signing:
        return ()
    names, steps = terms.flow.reviews, scene.case.all(StepCompleted)
    reviewers = {k.fact.actor.id for k in steps if step_of(k.fact) in names and k.fact.actor.id}
    signed = [k for k in scene.case.all(DecisionSigned) if _signer(k) in reviewers]
    return _found("same_person_signed", signed, "signing")


def _signer(known: Known) -> str:
    fact = known.fact
    return (fact.signer if type(fact) is DecisionSigned else "") or fact.actor.id


def not_told_at_once(scene: Scene) -> Sequence[Found]:
    """一次性告知: a later request names something that was missing at first and not named."""
    requests = scene.case.all(SupplementRequested)
    if len(requests) < 2:
        return ()
    given = {m for k in scene.case.all(ApplicationReceived)[:1] for m in _materials(k)}
    named = set(_materials(requests[0]))
    again = [k for k in requests[1:] if set(_materials(k)) - named - given]
    return _found("not_told_at_once", again)


def _materials(known: Known) -> tuple[str, ...]:
    fact = known.fact
    if isinstance(fact, ApplicationReceived | SupplementRequested):
        return fact.materials
    return ()


def no_reason(scene: Scene) -> Sequence[Found]:
    """Refusal, return, extension or denial without a reason."""
    by = scene.case.by
    told = [known for kind in REASONED if kind in by for known in by[kind]]
    return _found("no_reason", [k for k in told if "reason" not in k.fact.texts and _owes(k.fact)])


def _owes(fact: Fact) -> bool:
    """Whether it must be told with a reason."""
    if type(fact) is DecisionSigned:
        return not fact.granted
    if type(fact) is CaseConcluded:
        return fact.result == RETURNED
    return True


def pauses_improper(scene: Scene) -> Sequence[Found]:
    """P3: no basis or notice; begun past the legal deadline; open after conclusion."""
    legal = next((c for c in scene.running.clocks if c.kind == "legal"), None)
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
    return _found("pause_improper", wrong)


def extensions_improper(scene: Scene) -> Sequence[Found]:
    """E1: late, repeated, too long, by the wrong person, or without reasons told."""
    improper = scene.running.extended.improper
    detail = improper[0][1] if improper else ""
    return _found("extension_improper", [known for known, _ in improper], detail=detail)


def late_entries(scene: Scene) -> Sequence[Found]:
    """补录: entered (else recorded) after the working day that follows the occurrence."""
    late: list[tuple[Instant, Known]] = []
    for at, known in scene.case.belated:
        calendar = terms_of(scene.case, scene.lists, known).calendar
        first = calendar.day_of(known.at)
        last = calendar.add(first, 1)
        bound = calendar.start_of(last + 1)
        if at >= bound and not calendar.unknown_between(first, last):
            late.append((bound, known))
    if not late:
        return ()
    late.sort(key=lambda pair: (pair[0], pair[1].position))
    return [Found("late_entry", late[0][0], tuple(k for _, k in late))]


def outside_system(scene: Scene) -> Sequence[Found]:
    """体外循环, judged on entered_at alone: steps entered within seconds, or all at the end."""
    promise, entered = scene.running.terms.limits.promise, scene.case.entered
    if not entered or scene.case.history or (promise and promise.unit == "sd"):
        return ()
    steps = [(at, k) for at, k in entered if step_of(k.fact)]
    for first, last in zip(steps, steps[MANY_STEPS - 1 :], strict=False):
        if last[0] - first[0] <= WITHIN:
            return _found("outside_system", [last[1]])
    concluded = scene.case.first(CaseConcluded)
    if concluded and len(entered) > 1 and entered[0][0] >= concluded.at > entered[0][1].at:
        return _found("outside_system", [concluded])
    return ()


def fees_improper(scene: Scene) -> Sequence[Found]:
    """A fee on a free item, other than the standard, without basis, or before acceptance."""
    accepted = scene.running.acceptance
    wrong = []
    for known in scene.case.all(FeeCharged):
        fee = known.fact
        assert isinstance(fee, FeeCharged)
        item = scene.running.terms.item
        listed = item.fee if item else None
        early = accepted is None or known.at < max(accepted.at, accepted.not_before)
        if fee.amount > 0 and (
            early or not fee.basis or (listed is not None and fee.amount != listed)
        ):
            wrong.append(known)
    return _found("fee_improper", wrong)


def reopened(scene: Scene) -> Sequence[Found]:
    """The same applicant and item again after a return near the deadline (found by a follower)."""
    return _found("reopened", scene.case.all(CaseLinked))


CHECKS: tuple[tuple[Check, Kinds], ...] = (
    (steps_skipped, frozenset({CaseConcluded, StepCompleted})),
    (steps_out_of_order, LATER_STEPS),
    (steps_not_in_flow, frozenset({StepCompleted})),
    (actors_without_post, ANY),
    (same_person_signed, frozenset({DecisionSigned})),
    (not_told_at_once, frozenset({SupplementRequested})),
    (no_reason, frozenset(REASONED)),
    (pauses_improper, frozenset({SpecialProcedureStarted})),
    (extensions_improper, frozenset({ExtensionApproved})),
    (late_entries, ANY),
    (outside_system, ANY),
    (fees_improper, frozenset({FeeCharged})),
    (reopened, frozenset({CaseLinked})),
)
"""Each with the facts of which a case must have one, lest it look for nothing."""


@lru_cache(maxsize=4_096)
def checks_for(kinds: Kinds) -> tuple[Check, ...]:
    """The checks that may find something in a case with facts of these kinds."""
    return tuple(check for check, needed in CHECKS if needed is ANY or kinds & needed)


def violations(scene: Scene) -> tuple[Found, ...]:
    """All violations of a case, one of each kind: its facts together, the first naming it."""
    by_kind: dict[str, Found] = {}
    for check in checks_for(scene.case.kinds):
        for found in check(scene):
            earlier = by_kind.get(found.kind)
            by_kind[found.kind] = _joined(earlier, found) if earlier else found
    return tuple(by_kind.values())


def _joined(one: Found, other: Found) -> Found:
    first, later = sorted((one, other), key=lambda f: (f.at, f.facts[0].position))
    return replace(first, facts=(*first.facts, *later.facts))


def data_errors(scene: Scene) -> Iterator[Found]:
    """What the data get wrong; shown, and no card on the department."""
    case, terms = scene.case, scene.running.terms
    item = terms.item
    first = case.facts[0]
    if item is None:
        yield Found("unknown_item", first.at, (first,), detail=case.item)
    elif legal_limit(case, terms) is None:
        yield Found("no_legal_limit", first.at, (first,))
    own = own_limit(case)
    if own and item and not item.case_limits:
        listed = legal_limit(case, terms)
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
