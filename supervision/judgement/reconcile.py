"""From what is due to acts: issue, lapse, withdraw, dispute (domain: 6, the three ends)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from ..acts import (
    CardAct,
    CardConfirmed,
    CardDisputed,
    CardIssued,
    CardLapsed,
    CardWithdrawn,
)
from ..facts import FactCorrected, Instant, Known, StepCompleted
from ..lists import PolicyPublished
from .assess import BREACHES, SUPERVISORS, Assessment, Due, assess
from .calendar import Calendar
from .cards import (
    ASKED,
    DECLINED,
    DISPUTED,
    ISSUED,
    NO_CARDS,
    PROPOSED,
    STANDING,
    WITHDRAWN,
    Card,
    Cards,
    card_id,
    moment,
)
from .case import Case, case_of
from .deadline import deadline, listed_limit
from .explain import account_of
from .shelf import Lists


def reconcile(
    assessment: Assessment,
    facts: list[Known],
    cards: Cards,
    lists: Lists,
    now: Instant,
    history: bool = False,
) -> list[CardAct]:
    """The acts that make the standing cards agree with those due now, in a fixed order.

    `history`: this instant lies before the import of a past that is being watched.
    """
    case = assessment.scene.case
    acts: list[CardAct] = []
    matched: set[str] = set()
    for due in assessment.due:
        if due.crossed_at > now:
            continue
        card = _standing_for(due, cards)
        if card is not None:
            matched.add(card.card)
            acts += _kept(case, due, card, now, history)
        elif due.ready_at <= now and not due.ended and not _excused(due, cards):
            acts.append(_issue(assessment, due, cards, lists, now, history))
    for card in cards.values():
        acts += _decided(case, card, now, history)
        if card.card not in matched and card.state in (STANDING, DISPUTED, PROPOSED):
            acts += _ended(case, card, facts, lists, now, history)
    return _once(acts) if acts else acts


def _once(acts: list[CardAct]) -> list[CardAct]:
    """At most one act a card at one instant; the first decides."""
    first: dict[str, CardAct] = {}
    for act in acts:
        first.setdefault(act.card, act)
    return list(first.values())


def _standing_for(due: Due, cards: Cards) -> Card | None:
    """The card that this already is, in whatever cycle; not one that was withdrawn."""
    code, severity = due.rule.code, due.rule.severity
    alike = (c for c in cards.values() if c.rule == code and c.severity == severity)
    known = (c for c in alike if c.subject in due.subjects)
    return next((c for c in known if c.state not in (WITHDRAWN, ASKED)), None)


def _excused(due: Due, cards: Cards) -> bool:
    """Withdrawn by a decision about this very crossing: it is not issued again."""
    identity = (due.rule.code, due.subject, due.rule.severity)
    return any(
        c.identity == identity and c.crossed_at == due.crossed_at and c.excused
        for c in cards.values()
    )


def _kept(case: Case, due: Due, card: Card, now: Instant, history: bool) -> Iterator[CardAct]:
    if due.ended and card.state == STANDING:
        yield CardLapsed(**_about(case, card.card, now, history))
    elif card.state == DISPUTED and not card.dispute_removed:
        yield CardConfirmed(**_about(case, card.card, now, history))


def _decided(case: Case, card: Card, now: Instant, history: bool) -> Iterator[CardAct]:
    """Upheld appeals, verified disputes and supervisors withdraw the card, or confirm it."""
    if card.state == PROPOSED and card.proposal == ISSUED:
        yield CardConfirmed(**_about(case, card.card, now, history))
    elif card.state == PROPOSED and card.proposal == DECLINED:
        says = _about(case, card.card, now, history)
        yield CardWithdrawn(**says, reason="proposal_declined")
    elif card.stands and card.revoked:
        yield CardWithdrawn(**_about(case, card.card, now, history), reason="by_supervisor")
    elif card.stands and card.upheld:
        yield CardWithdrawn(**_about(case, card.card, now, history), reason="appeal_upheld")
    elif card.stands and card.dispute_removed:
        yield CardWithdrawn(**_about(case, card.card, now, history), reason="dispute_verified")
    elif card.state == DISPUTED and card.dispute_kept:
        yield CardConfirmed(**_about(case, card.card, now, history))


def _ended(
    case: Case, card: Card, facts: list[Known], lists: Lists, now: Instant, history: bool
) -> Iterator[CardAct]:
    """No longer due: a late fact only disputes a breach, a correction or a list withdraws it."""
    if card.severity in BREACHES and card.state != PROPOSED:
        late = _late_facts(card, facts, lists, now)
        if late:
            if card.state == STANDING and not card.dispute_kept:
                yield CardDisputed(**_about(case, card.card, now, history), causes=late)
            return
    yield CardWithdrawn(**_about(case, card.card, now, history), reason="never_due")


def _late_facts(card: Card, facts: list[Known], lists: Lists, now: Instant) -> tuple[str, ...]:
    """The facts known only after the card that alone take its ground away."""
    late = [k for k in facts if k.known_at > card.issued_at and type(k.fact) is not FactCorrected]
    if not late:
        return ()
    without = case_of([k for k in facts if k not in late])
    still = assess(without, NO_CARDS, lists, now).due
    named = {
        (d.rule.code, s, d.rule.severity) for d in still if d.crossed_at <= now for s in d.subjects
    }
    return tuple(k.fact.id for k in late) if card.identity in named else ()


def _about(case: Case, card: str, now: Instant, history: bool) -> dict[str, Any]:
    return {
        "source": case.source,
        "case_no": case.case_no,
        "card": card,
        "at": moment(now),
        "history": history,
    }


def _issue(
    assessment: Assessment, due: Due, cards: Cards, lists: Lists, now: Instant, history: bool
) -> CardIssued:
    """The card, with all that is needed to argue about it years later."""
    case, rule = assessment.case, due.rule
    identity = (rule.code, due.subject, rule.severity)
    cycle = sum(c.identity == identity and c.state == WITHDRAWN for c in cards.values())
    calendar = lists.calendar(due.policy.calendar, due.policy.zone)
    causes, responsible = _causes(case, due), _responsible(assessment, due)
    item = due.clock.terms.item if due.clock else None
    return CardIssued(
        source=case.source,
        case_no=case.case_no,
        history=history,
        card=card_id(case.source, case.case_no, identity, cycle),
        at=moment(now, calendar.zone),
        rule=rule.code,
        subject=due.subject,
        severity=rule.severity,
        colour=rule.colour,
        label_zh=rule.label_zh,
        label_en=rule.label_en,
        cycle=cycle,
        rung=due.rung,
        crossed_at=moment(due.crossed_at, calendar.zone),
        provisional=due.provisional,
        proposed=due.proposed,
        policy_version=due.policy.version,
        causes=causes,
        account=account_of(due.clock) if due.clock else None,
        law=due.hand.law if due.hand else rule.law or (due.clock.law if due.clock else ""),
        item=case.item,
        department=responsible[2] or (item.department if item else ""),
        step=responsible[0],
        person=responsible[1],
        answer_by=_answer_by(calendar, due.policy, rule.severity, now, history),
    )


def _causes(case: Case, due: Due) -> tuple[str, ...]:
    """The events that make it due, with the corrections that made them what they are."""
    known = due.clock.causes if due.clock else due.found.facts if due.found else ()
    ids = list(due.hand.causes if due.hand else due.about)
    for k in known:
        ids += [k.fact.id, *case.corrections.get(k.fact.id, ())]
    return tuple(dict.fromkeys(ids))


def _responsible(assessment: Assessment, due: Due) -> tuple[str, str, str]:
    """The responsible step, person and department (责任环节、责任人、责任部门).

    For an answer that the supervisors owe nobody of the department is responsible.
    """
    case = assessment.case
    if due.hand:
        return due.hand.step, due.hand.person, due.hand.department
    if due.rule.on in SUPERVISORS:
        return "", "", case.department
    if due.found:
        actor = due.found.facts[0].fact.actor
        return due.found.step, actor.id, actor.department or case.department
    if due.clock and due.clock.step:
        step = due.clock.step
        return step.name or step.code, _last_actor(case), case.department
    done = [k.fact.step for k in case.all(StepCompleted) if type(k.fact) is StepCompleted]
    return done[-1] if done else "", _last_actor(case), case.department


def _last_actor(case: Case) -> str:
    return next((k.fact.actor.id for k in reversed(case.facts) if k.fact.actor.id), "")


def _answer_by(
    calendar: Calendar, policy: PolicyPublished, severity: str, now: Instant, history: bool
) -> str:
    limit = listed_limit(policy.answers.get("explain", ""))
    if severity not in BREACHES or history or limit is None:
        return ""
    return date.fromordinal(deadline(calendar, now, limit, mode=policy.mode).day).isoformat()
