"""A case and a card as the warehouse's rows hold them: pure functions of what is known."""

from __future__ import annotations

from datetime import date

from supervision.acts import CardIssued
from supervision.facts import CaseConcluded, CaseWithdrawn, Instant, Known, ServiceRated
from supervision.judgement.assess import near
from supervision.judgement.cards import (
    ASKED,
    PROPOSED,
    RED,
    REMINDER,
    WITHDRAWN,
    YELLOW,
    Card,
    Cards,
)
from supervision.judgement.case import Case
from supervision.judgement.clocks import Running, run_clocks
from supervision.judgement.deadline import listed_limit
from supervision.judgement.shelf import Lists
from supervision.judgement.terms import Clock, terms_of
from supervision.loop.clocks import running_clocks
from supervision.loop.stage import stage_of
from supervision.why import why

from .rows import NO_DAY, UNLISTED, CardRow, CaseRow

LADDER = ("promise", "legal")


def named(case: Case, lists: Lists) -> tuple[str, str, str]:
    """Item code, item name and department of a case; one whose facts are all void has none."""
    if not case.facts:
        return "", "已作废", UNLISTED
    first = case.facts[0]
    item = lists.item(case.item, first.at, first.known_at) if case.item else None
    name = item.name if item else case.item or "未列明事项"
    department = case.department or (item.department if item else "") or UNLISTED
    return case.item, name, department


def case_row(
    case: Case, cards: Cards, issued: dict[str, CardIssued], lists: Lists, at: Instant
) -> CaseRow:
    """A case as the wall counts it at an instant."""
    if not case.facts:
        return CaseRow(
            source=case.source,
            case_no=case.case_no,
            item="",
            item_name="",
            department="",
            kind="",
            concluded_at=at,
        )
    code, name, department = named(case, lists)
    running = run_clocks(case, lists, at)
    promise, legal = _clock(running, "promise"), _clock(running, "legal")
    pressing = promise or legal
    item = terms_of(case, lists, case.facts[0]).item
    limit = listed_limit(item.promise) if item else None
    ended = case.ended(0)
    accepted = running.acceptance
    ratings = [k.fact.grade for k in case.all(ServiceRated) if isinstance(k.fact, ServiceRated)]
    crossings = _crossings(running)
    next_at, next_clock = _next(running, at)
    return CaseRow(
        source=case.source,
        case_no=case.case_no,
        item=code,
        item_name=name,
        department=department,
        kind=item.kind if item else "",
        result=_result(ended),
        history=int(case.history),
        provisional=int(item is None or any(c.end.provisional for c in running.clocks)),
        same_day=int(limit is not None and limit.unit == "sd"),
        received_at=case.facts[0].at,
        accepted_at=accepted.at if accepted else 0,
        stopped_at=(pressing.stopped or 0) if pressing else 0,
        concluded_at=ended.at if ended else 0,
        due_day=date.fromordinal(pressing.end.day) if pressing else NO_DAY,
        warn_at=crossings[REMINDER],
        yellow_at=crossings[YELLOW],
        red_at=crossings[RED],
        next_at=next_at,
        next_clock=next_clock,
        legal_days=_limit_days(legal),
        promise_days=_limit_days(promise),
        used_days=_used(pressing),
        on_time=int(_stopped(pressing) and not _late(pressing)),
        early=int(_stopped(pressing) and _early(pressing)),
        late=int(_stopped(pressing) and _late(pressing)),
        facts=len(case.facts),
        ratings=len(ratings),
        good_ratings=sum(grade >= 3 for grade in ratings),
        late_entries=sum(c.subject.startswith("late_entry:") for c in cards.values()),
        **_counts(cards, issued),
    )


def _result(ended: Known | None) -> str:
    if ended is None:
        return ""
    if isinstance(ended.fact, CaseConcluded):
        return ended.fact.result or "办结"
    return "撤回" if isinstance(ended.fact, CaseWithdrawn) else "不予受理"


def _clock(running: Running, kind: str) -> Clock | None:
    return next((c for c in running.clocks if c.kind == kind), None)


def _crossings(running: Running) -> dict[str, Instant]:
    """The crossings of the ladder by severity; 0 where its clock stopped before."""
    found = {REMINDER: 0, YELLOW: 0, RED: 0}
    for clock in running.clocks:
        if clock.kind not in LADDER:
            continue
        for rule in clock.terms.policy.rules:
            if rule.on != clock.kind or (clock.end.provisional and rule.severity != REMINDER):
                continue
            at = near(clock, rule) if rule.left else clock.crosses_at
            if at is not None and clock.reaches(at):
                found[rule.severity] = min(found[rule.severity] or at, at)
    return found


def _next(running: Running, at: Instant) -> tuple[Instant, str]:
    ends = [
        (crosses, clock.kind)
        for clock in running.clocks
        if clock.stopped is None and (crosses := clock.crosses_at) is not None and crosses > at
    ]
    return min(ends, default=(0, ""))


def _stopped(clock: Clock | None) -> bool:
    return clock is not None and clock.stopped is not None


def _late(clock: Clock | None) -> bool:
    return clock is not None and clock.crosses_at is not None and clock.reaches(clock.crosses_at)


def _early(clock: Clock | None) -> bool:
    if clock is None or clock.stopped is None:
        return False
    return clock.terms.calendar.day_of(clock.stopped) < clock.end.day


def _limit_days(clock: Clock | None) -> int:
    """A limit in working days; a case's own, those up to its deadline."""
    if clock is None:
        return 0
    if clock.limit.unit == "at":
        calendar = clock.terms.calendar
        return max(calendar.count(calendar.day_of(clock.started), clock.end.day), 0)
    return clock.limit.days


def _used(clock: Clock | None) -> int:
    """Working days in (start, stop] less credits (domain: 8)."""
    if clock is None or clock.stopped is None:
        return 0
    calendar = clock.terms.calendar
    days = calendar.count(calendar.day_of(clock.started), calendar.day_of(clock.stopped))
    paused = sum(calendar.count(low - 1, high) for low, high in clock.end.excluded)
    return max(days - paused, 0)


def _counts(cards: Cards, issued: dict[str, CardIssued]) -> dict[str, int]:
    """Cards that stand (on the ladder only the highest) and cards ever issued, by severity."""
    standing = {REMINDER: 0, YELLOW: 0, RED: 0}
    ever = dict(standing)
    ladder: list[str] = []
    for card in cards.values():
        if card.state in (WITHDRAWN, PROPOSED, ASKED):
            continue
        ever[card.severity] += 1
        act = issued.get(card.card)
        if card.stands and act and act.account and act.account.clock in LADDER:
            ladder.append(card.severity)
        elif card.stands:
            standing[card.severity] += 1
    for severity in (RED, YELLOW, REMINDER):
        if severity in ladder:
            standing[severity] += 1
            break
    return {
        **standing,
        **{f"{severity}s": count for severity, count in ever.items()},
    }


def card_row(card: Card, act: CardIssued, row: CaseRow, lists: Lists) -> CardRow:
    """A card of a case, and where its loop stands by the lists that the case knows."""
    zh, en = why(act)
    running = running_clocks(card, lists, row.source)
    owed = min(running, key=lambda clock: clock.ends_at) if running else None
    return CardRow(
        source=row.source,
        case_no=row.case_no,
        card=card.card,
        rule=card.rule,
        subject=card.subject,
        severity=card.severity,
        colour=act.colour,
        label_zh=act.label_zh,
        label_en=act.label_en,
        state=card.state,
        stage=str(stage_of(card)),
        item=row.item,
        item_name=row.item_name,
        department=act.department or row.department,
        person=act.person,
        crossed_at=card.crossed_at,
        issued_at=card.issued_at,
        history=int(card.history),
        provisional=int(act.provisional),
        violation=int(act.rule.startswith("class_")),
        why_zh=zh,
        why_en=en,
        answer_at=owed.ends_at if owed else 0,
        owed_by=owed.owed_by if owed else "",
        orders=card.orders,
        rung=card.rung,
    )
