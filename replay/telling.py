"""A case told from its stored events: what happened, what was judged, and why.

The cards are those recorded; the clocks are judged anew, by the same functions that run live, as
known at the instant asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from supervision.acts import ZH as ACTS_ZH
from supervision.acts import CardIssued, DeskAct
from supervision.facts import EPOCH, Fact, FactCorrected, Instant, instant
from supervision.facts import ZH as FACTS_ZH
from supervision.fold import Folded
from supervision.judgement.assess import assess, near
from supervision.judgement.calendar import HOUR
from supervision.judgement.cards import (
    DISPUTED,
    RED,
    REMINDER,
    YELLOW,
    Card,
    Cards,
    moment,
)
from supervision.judgement.case import Case
from supervision.judgement.clocks import Running
from supervision.judgement.explain import days_of
from supervision.judgement.shelf import Lists, Shelf
from supervision.judgement.terms import Clock
from supervision.loop.stage import is_disputed, stage_of
from supervision.store.stored import Stored
from supervision.streams import parse
from supervision.why import CLOCKS, ERRORS, limit_words, why

from .history import CardDrawn, CaseHistory, ClockDrawn, DayDrawn, Entry, FindingDrawn
from .words import what

MASK = "••••"
FAMILIES = {"facts": "fact", "links": "fact", "cards": "card", "desk": "desk"}
"""What a stream's events are called, by its family."""
Reveal = Callable[[Fact | DeskAct], dict[str, str] | None]
"""Gives the personal data and free text of a fact or desk act to a viewer who has the right."""
LONGEST = 800
"""Days drawn of one clock; a longer one is cut, its deadline still said."""
TEXTS_KEPT = 4_096
"""Instants of which the text is kept: both lines of a case, its entries and limits share them."""


def tell(
    stored: list[Stored], shelf: Shelf, now: Instant, reveal: Reveal | None = None
) -> CaseHistory | None:
    """The whole story of one case as known at an instant; None when nothing of it is known."""
    then = [each for each in stored if each.recorded_at <= now]
    told = Folded(then)
    if not told.facts:
        return None
    case = told.case()
    lists = told.lists(shelf, case, now)
    assessed = assess(case, told.cards, lists, now)
    zone = zone_of(case, lists)
    first = case.facts[0] if case.facts else told.facts[0]
    item = lists.item(case.item, first.at, first.known_at) if case.item else None
    status = status_of(case, assessed.running, now)
    return CaseHistory(
        source=told.facts[0].fact.source,
        case_no=told.facts[0].fact.case_no,
        item=case.item,
        item_name=item.name if item else case.item or "未列明事项",
        department=case.department or (item.department if item else ""),
        status_zh=status[0],
        status_en=status[1],
        light=light_of(told.cards),
        history=case.history,
        as_of=time_text(now, zone),
        position=then[-1].position,
        entries=tuple(
            entry_of(each, each.event, case, zone, reveal) for each in then if belongs(each)
        ),
        clocks=tuple(_clock(clock, now, zone) for clock in assessed.running.clocks),
        cards=tuple(
            card_drawn(card, told.issued[card.card], lists, case, zone)
            for card in sorted(told.cards.values(), key=lambda c: (c.issued_at, c.card))
            if card.card in told.issued
        ),
        findings=tuple(
            FindingDrawn(
                code=error.kind,
                zh=_with(ERRORS.get(error.kind, (error.kind, error.kind))[0], error.detail),
                en=_with(ERRORS.get(error.kind, (error.kind, error.kind))[1], error.detail),
                causes=tuple(k.fact.id for k in error.facts),
            )
            for error in assessed.errors
        ),
    )


def _with(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text


def belongs(stored: Stored) -> bool:
    """Whether an event is part of a case's story."""
    case = parse(stored.stream)
    return case is not None and case.family in FAMILIES


def zone_of(case: Case, lists: Lists) -> ZoneInfo:
    """The zone of the policy under which the case began."""
    if not case.facts:
        return ZoneInfo("Asia/Shanghai")
    first = case.facts[0]
    return ZoneInfo(lists.policy(case.source, first.at, first.known_at).zone)


@lru_cache(maxsize=TEXTS_KEPT)
def time_text(at: Instant, zone: ZoneInfo) -> str:
    """An instant as the pages say it; empty for 0."""
    return moment(at, zone).isoformat(sep=" ", timespec="seconds") if at else ""


def status_of(case: Case, running: Running, now: Instant) -> tuple[str, str]:
    """Where a case stands in its course, in Chinese and English."""
    ended = case.ended(0)
    if ended is not None and ended.at <= now:
        name = type(ended.fact).__name__
        result = getattr(ended.fact, "result", "")
        return _with(FACTS_ZH[name], result), {
            "CaseConcluded": "concluded",
            "CaseRefused": "refused",
            "CaseWithdrawn": "withdrawn",
        }[name]
    if any(p.end is None and p.creditable for p in running.pauses):
        return "特别程序中", "in a special procedure"
    if running.acceptance:
        deemed = running.acceptance.deemed
        return ("视为受理，办理中", "deemed accepted") if deemed else ("办理中", "in progress")
    return "待受理", "not yet accepted"


def light_of(cards: Cards) -> str:
    """The gravest card that stands; normal without any."""
    standing = {card.severity for card in cards.values() if card.stands}
    return next((s for s in (RED, YELLOW, REMINDER) if s in standing), "normal")


def entry_of(
    stored: Stored, event: Struct, case: Case, zone: ZoneInfo, reveal: Reveal | None
) -> Entry:
    """An event, as stored and decoded, as a line of the story."""
    family = parse(stored.stream)
    name = stored.topic.partition("/")[0]
    zh, en = what(event)
    return Entry(
        position=stored.position,
        family=FAMILIES[family.family] if family else "",
        kind=name,
        zh=FACTS_ZH.get(name) or ACTS_ZH.get(name) or name,
        id=getattr(event, "id", "") or getattr(event, "card", ""),
        occurred_at=_happened(event, zone),
        recorded_at=time_text(stored.recorded_at, zone),
        who=_who(event),
        what_zh=zh,
        what_en=en,
        texts=_texts(event, reveal),
        severity=getattr(event, "severity", ""),
        late=_late(event, stored),
        future=isinstance(event, Fact) and instant(event.occurred_at) > stored.recorded_at,
        corrected=isinstance(event, Fact) and event.id in case.corrections,
    )


def _happened(event: Struct, zone: ZoneInfo) -> str:
    """As reported, with the offset that the source gave; an act in the policy's zone."""
    if isinstance(event, Fact):
        return event.occurred_at.isoformat(sep=" ", timespec="seconds")
    at: datetime = getattr(event, "at", EPOCH)
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _who(event: Struct) -> str:
    if isinstance(event, Fact):
        actor = event.actor
        return " ".join(part for part in (actor.department, actor.post, actor.id) if part)
    return getattr(event, "by", "") or getattr(event, "department", "")


def _texts(event: Struct, reveal: Reveal | None) -> tuple[tuple[str, str], ...]:
    """Free text, masked unless it may be revealed; an application's applicant likewise."""
    names = list(getattr(event, "texts", ()))
    if getattr(event, "applicant_ref", ""):
        names.insert(0, "applicant")
    if not names:
        return ()
    said = reveal(event) if reveal and isinstance(event, Fact | DeskAct) else None
    return tuple((name, said.get(name, MASK) if said else MASK) for name in names)


def _late(event: Struct, stored: Stored) -> bool:
    """Reported a day or more after it happened."""
    if not isinstance(event, Fact) or event.history or isinstance(event, FactCorrected):
        return False
    entered = instant(event.entered_at) if event.entered_at else stored.recorded_at
    return entered - instant(event.occurred_at) >= 24 * HOUR


def _clock(clock: Clock, now: Instant, zone: ZoneInfo) -> ClockDrawn:
    zh, en = CLOCKS.get(clock.kind, (clock.kind, clock.kind))
    subject = clock.step.name or clock.step.code if clock.step else clock.subject
    crosses, item = clock.crosses_at, clock.terms.item
    calendar = clock.terms.calendar
    return ClockDrawn(
        kind=clock.kind,
        zh=zh,
        en=en,
        subject="" if subject == "extended" else subject,
        state=clock_state(clock, now),
        started_at=time_text(clock.started, zone),
        stopped_at=time_text(clock.stopped, zone) if clock.stopped else "",
        limit=" / ".join(dict.fromkeys(limit_words(str(clock.limit)))),
        deadline=date.fromordinal(clock.end.day).isoformat(),
        crosses_at=time_text(crosses, zone) if crosses else "",
        credit=clock.end.credit // HOUR if clock.limit.unit in ("wh", "sd") else clock.end.credit,
        extension=clock.extension,
        provisional=clock.end.provisional,
        mode=clock.terms.policy.mode,
        law=clock.law,
        item_version=item.version if item else "",
        calendar=calendar.versions(calendar.day_of(clock.started), clock.end.day),
        days=_days(clock, now),
    )


def clock_state(clock: Clock, now: Instant) -> str:
    """running, paused, stopped, crossed or stopped late."""
    crossed = clock.crosses_at is not None and clock.reaches(clock.crosses_at)
    if clock.stopped is not None and clock.stopped <= now:
        return "stopped late" if crossed else "stopped"
    if crossed and clock.crosses_at is not None and clock.crosses_at <= now:
        return "crossed"
    is_held = clock.crosses_at is None and any(
        p.end is None and p.creditable and p.start <= now for p in clock.pauses
    )
    return "paused" if is_held else "running"


def _days(clock: Clock, now: Instant) -> tuple[DayDrawn, ...]:
    calendar = clock.terms.calendar
    stopped = calendar.day_of(clock.stopped) if clock.stopped is not None else None
    until = stopped if stopped is not None else min(calendar.day_of(now), clock.end.day + 62)
    today, warned = calendar.day_of(now), _warned(clock)
    drawn = []
    for account in days_of(clock, until)[:LONGEST]:
        marks = {
            "start": account.kind == "start",
            "deadline": account.day == clock.end.day,
            "warned": account.day == warned,
            "stopped": account.day == stopped,
            "today": account.day == today,
            "provisional": not calendar.known(account.day),
        }
        drawn.append(
            DayDrawn(
                day=date.fromordinal(account.day).isoformat(),
                weekday=(account.day - 1) % 7,
                kind=account.kind,
                number=account.number if account.day <= clock.end.day else 0,
                name=account.name,
                marks=tuple(name for name, holds in marks.items() if holds),
            )
        )
    return tuple(drawn)


def _warned(clock: Clock) -> int | None:
    for rule in clock.terms.policy.rules:
        if rule.on == clock.kind and rule.left:
            at = near(clock, rule)
            if at is not None and clock.reaches(at):
                return clock.terms.calendar.day_of(at)
    return None


def card_drawn(card: Card, act: CardIssued, lists: Lists, case: Case, zone: ZoneInfo) -> CardDrawn:
    """A card as it stands, with what was said when it was issued."""
    zh, en = why(act)
    rungs = lists.policy(case.source, card.issued_at, card.issued_at).rungs
    return CardDrawn(
        card=card.card,
        severity=card.severity,
        colour=act.colour,
        label_zh=act.label_zh,
        label_en=act.label_en,
        state=DISPUTED if is_disputed(card) else stage_of(card),
        rule=act.rule,
        why_zh=zh,
        why_en=en,
        law=act.law,
        issued_at=time_text(card.issued_at, zone),
        crossed_at=time_text(card.crossed_at, zone),
        answer_by="" if act.proposed else act.answer_by,
        department=act.department,
        person=act.person,
        step=act.step,
        rung=rungs[min(card.rung, len(rungs) - 1)] if rungs else "",
        causes=act.causes,
        policy_version=act.policy_version,
        provisional=act.provisional,
        account=_account(act),
    )


def _account(act: CardIssued) -> str:
    """How the deadline was reached, as the card has kept it."""
    account = act.account
    if account is None:
        return ""
    parts = [
        f"{account.started_at:%Y-%m-%d %H:%M} + {limit_words(account.limit)[0]}",
        f"+ 延期 {account.extension}" if account.extension else "",
        f"+ 扣除 {account.credit}" if account.credit else "",
        f"→ {account.deadline}",
        f"（{'、'.join(account.calendar)}；事项 {account.item_version}）",
    ]
    return " ".join(part for part in parts if part)
