"""One card told: what it is, where its loop stands, who owes what until when, what was done about
it, who was told. Pure; free text is named and never given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from replay.history import ClockDrawn, DayDrawn
from replay.words import what
from supervision.acts import ZH as ACTS_ZH
from supervision.acts import Account, CardAct, CardIssued, DeskAct, SupervisionOrdered
from supervision.facts import Instant, instant
from supervision.fold import Folded
from supervision.judgement.cards import ASKED, BY_HAND, Card, moment
from supervision.judgement.case import Case
from supervision.judgement.explain import COUNTED, MAKEUP
from supervision.judgement.shelf import Lists, Shelf
from supervision.lists import PolicyPublished
from supervision.loop.clocks import AnswerClock, answer_clocks
from supervision.loop.stage import STAGES_ZH, is_disputed, moves, stage_of
from supervision.notices import CardNotTold, CardTold, CardWaits, Notice
from supervision.store.stored import Stored
from supervision.why import CLOCKS, limit_words, why

from .show import end

HAND_WHY = ("监察人员人工发牌", "issued by hand by a supervisor")
SEVERITY_WORDS = {"reminder": ("预警", "reminder"), "yellow": ("黄牌", "yellow card")}
SEVERITY_WORDS |= {"red": ("红牌", "red card")}
RUNNING, OVERDUE, IN_TIME, LATE = "running", "overdue", "in_time", "late"
LONGEST = 800
"""Days drawn of one clock."""


class AnswerTold(Struct, frozen=True, kw_only=True):
    """An answer clock. `state`: running, overdue, in_time or late; `deadline`: the end as people
    say it; `ends_at`: the first instant that is too late; `days_left`: working days while it runs.
    """

    kind: str
    zh: str
    en: str
    owed_by: str
    state: str
    started_at: str
    deadline: str
    ends_at: str
    stopped_at: str = ""
    days_left: int = 0
    rung: str = ""


class ActTold(Struct, frozen=True, kw_only=True):
    """What was done about the card: by judgement (family card) or by people (family desk)."""

    position: int
    family: str
    kind: str
    zh: str
    id: str
    at: str
    by: str = ""
    via: str = ""
    what_zh: str = ""
    what_en: str = ""
    number: int = 0
    """Of an order, which one."""
    moot: bool = False
    texts: tuple[str, ...] = ()
    """Names of the texts that were given with it."""


class NoticeTold(Struct, frozen=True, kw_only=True):
    """Who was told (`kind` told), not told or is told later (waits), and why."""

    position: int
    kind: str
    at: str
    why: str
    rung: str
    person: str = ""
    channel: str = ""
    message: str = ""
    outcome: str = ""
    stage: str = ""
    until: str = ""
    by: str = ""


class CardView(Struct, frozen=True, kw_only=True):
    """A card. Times are ISO 8601 in the policy's zone; "" is what has not happened."""

    source: str
    case_no: str
    card: str
    case_department: str
    department: str
    item: str
    item_name: str
    item_kind: str
    severity: str
    label_zh: str
    label_en: str
    rule: str
    why_zh: str
    why_en: str
    law: str
    step: str
    person: str
    rung: str
    cycle: int
    issued_at: str
    crossed_at: str
    answer_by: str
    policy_version: str
    causes: tuple[str, ...]
    stage: str
    stage_zh: str
    orders: int
    answerers: tuple[str, ...]
    """Who answered for the department: none of them verifies or decides."""
    by_hand: bool
    provisional: bool
    proposed: bool
    disputed: bool
    history: bool
    moves: tuple[str, ...]
    """What may be done next, as names of acts."""
    clocks: tuple[AnswerTold, ...]
    account: ClockDrawn | None
    acts: tuple[ActTold, ...]
    notices: tuple[NoticeTold, ...]
    as_of: str
    position: int
    zone: str


class _Teller(NamedTuple):
    """What telling a card needs."""

    case: Case
    lists: Lists
    policy: PolicyPublished
    zone: ZoneInfo
    now: Instant

    def text(self, at: Instant | datetime) -> str:
        """An instant in the policy's zone; "" for none."""
        given = instant(at) if isinstance(at, datetime) else at
        return moment(given, self.zone).isoformat(sep=" ", timespec="seconds") if given else ""

    def rung(self, number: int) -> str:
        """A rung's name."""
        rungs = self.policy.rungs
        return rungs[min(number, len(rungs) - 1)] if rungs else ""


def tell_card(stored: Iterable[Stored], shelf: Shelf, now: Instant, wanted: str) -> CardView | None:
    """A card of a case as known at an instant, from the case's events; None if there is none."""
    then = [each for each in stored if each.recorded_at <= now]
    folded = Folded(then)
    card = folded.cards.get(wanted)
    if card is None or not folded.facts:
        return None
    case = folded.case()
    lists = folded.lists(shelf, case, now)
    policy = lists.policy(folded.facts[0].fact.source, card.issued_at, card.issued_at)
    teller = _Teller(case, lists, policy, ZoneInfo(policy.zone), now)
    view = _view(teller, card, folded.issued.get(wanted), folded)
    return replace(
        view,
        acts=tuple(_act(teller, each) for each in then if _is_about(each.event, wanted)),
        notices=tuple(_notice(teller, each) for each in then if _notices(each.event, wanted)),
        position=then[-1].position,
    )


def with_outcomes(view: CardView, outcome: Callable[[str], str]) -> CardView:
    """The card, with what became of each message about it."""
    told = tuple(
        replace(each, outcome=outcome(each.message)) if each.message else each
        for each in view.notices
    )
    return replace(view, notices=told)


def _view(teller: _Teller, card: Card, act: CardIssued | None, folded: Folded) -> CardView:
    case, first = teller.case, folded.facts[0]
    start = case.facts[0] if case.facts else first
    item = teller.lists.item(case.item, start.at, start.known_at) if case.item else None
    owner = case.department or (item.department if item else "")
    label = (act.label_zh, act.label_en) if act else SEVERITY_WORDS[card.severity]
    reason = _why(card, act)
    hand = card.hand
    return CardView(
        source=first.fact.source,
        case_no=first.fact.case_no,
        card=card.card,
        case_department=owner,
        department=(act.department if act else hand.department if hand else "") or owner,
        item=case.item,
        item_name=item.name if item else case.item,
        item_kind=item.kind if item else "",
        severity=card.severity,
        label_zh=label[0],
        label_en=label[1],
        rule=card.rule,
        why_zh=reason[0],
        why_en=reason[1],
        law=act.law if act else hand.law if hand else "",
        step=act.step if act else hand.step if hand else "",
        person=act.person if act else hand.person if hand else "",
        rung=teller.rung(card.rung),
        cycle=card.cycle,
        issued_at="" if card.state == ASKED else teller.text(card.issued_at),
        crossed_at=teller.text(card.crossed_at),
        answer_by=act.answer_by if act else "",
        policy_version=act.policy_version if act else "",
        causes=act.causes if act else hand.causes if hand else (),
        stage=stage_of(card).value,
        stage_zh=STAGES_ZH[stage_of(card)],
        orders=card.orders,
        answerers=card.answerers,
        by_hand=card.rule == BY_HAND,
        provisional=bool(act and act.provisional),
        proposed=bool(act and act.proposed),
        disputed=is_disputed(card),
        history=card.history,
        moves=tuple(each.__name__ for each in moves(card)),
        clocks=_clocks(teller, card, first.fact.source),
        account=_account(act.account, act.crossed_at) if act and act.account else None,
        acts=(),
        notices=(),
        as_of=teller.text(teller.now),
        position=0,
        zone=teller.policy.zone,
    )


def _why(card: Card, act: CardIssued | None) -> tuple[str, str]:
    return HAND_WHY if card.rule == BY_HAND or act is None else why(act)


def _clocks(teller: _Teller, card: Card, source: str) -> tuple[AnswerTold, ...]:
    """What runs first, then what was answered, each in the order in which it began."""
    clocks = answer_clocks(card, teller.lists, source, teller.now)
    ordered = sorted(clocks, key=lambda each: (each.stop is not None, each.start))
    return tuple(_answer(teller, each) for each in ordered)


def _answer(teller: _Teller, clock: AnswerClock) -> AnswerTold:
    zh, en = CLOCKS.get(clock.kind, (clock.kind, clock.kind))
    state = _state(clock, teller.now)
    calendar = teller.lists.calendar(teller.policy.calendar, teller.policy.zone)
    today, last = calendar.day_of(teller.now), calendar.day_of(clock.ends_at - 1)
    return AnswerTold(
        kind=clock.kind,
        zh=zh,
        en=en,
        owed_by=clock.owed_by,
        state=state,
        started_at=teller.text(clock.start),
        deadline=end(clock.ends_at, teller.policy.zone),
        ends_at=teller.text(clock.ends_at),
        stopped_at=teller.text(clock.stop or 0),
        days_left=calendar.count(today, last) if state == RUNNING and last > today else 0,
        rung=teller.rung(clock.rung),
    )


def _state(clock: AnswerClock, now: Instant) -> str:
    if clock.stop is None:
        return RUNNING if now < clock.ends_at else OVERDUE
    return IN_TIME if clock.stop < clock.ends_at else LATE


def _account(account: Account, crossed_at: datetime) -> ClockDrawn:
    """The clock behind a card as the card has kept it, day by day."""
    zh, en = CLOCKS.get(account.clock, (account.clock, account.clock))
    return ClockDrawn(
        kind=account.clock,
        zh=zh,
        en=en,
        state="crossed" if crossed_at >= account.crosses_at else "running",
        started_at=account.started_at.isoformat(sep=" ", timespec="seconds"),
        limit=" / ".join(dict.fromkeys(limit_words(account.limit))),
        deadline=account.deadline,
        crosses_at=account.crosses_at.isoformat(sep=" ", timespec="seconds"),
        credit=account.credit,
        extension=account.extension,
        mode=account.mode,
        item_version=account.item_version,
        calendar=account.calendar,
        days=_days(account),
    )


def _days(account: Account) -> tuple[DayDrawn, ...]:
    drawn: list[DayDrawn] = []
    number = 0
    for run in account.runs:
        for day in _between(run.first, run.last):
            number += run.kind in (COUNTED, MAKEUP)
            marks = [run.kind] if run.kind == "start" else []
            marks += ["deadline"] if day.isoformat() == account.deadline else []
            drawn.append(
                DayDrawn(
                    day=day.isoformat(),
                    weekday=day.weekday(),
                    kind=run.kind,
                    number=number,
                    marks=tuple(marks),
                )
            )
    return tuple(drawn[:LONGEST])


def _between(first: str, last: str) -> Iterable[date]:
    start = date.fromisoformat(first)
    length = (date.fromisoformat(last) - start).days
    return (start + timedelta(days=n) for n in range(length + 1))


def _is_about(event: Struct, card: str) -> bool:
    return isinstance(event, CardAct | DeskAct) and event.card == card


def _act(teller: _Teller, stored: Stored) -> ActTold:
    event, name = stored.event, stored.topic.partition("/")[0]
    zh, en = what(event)
    card = getattr(event, "card", "")
    return ActTold(
        position=stored.position,
        family="desk" if isinstance(event, DeskAct) else "card",
        kind=name,
        zh=ACTS_ZH.get(name, name),
        id=getattr(event, "id", ""),
        at=teller.text(stored.recorded_at if isinstance(event, DeskAct) else _at(event)),
        by=getattr(event, "by", ""),
        via=getattr(event, "via", ""),
        what_zh=zh.replace(card, "").strip(),
        what_en=en.replace(card, "").strip(),
        number=event.number if isinstance(event, SupervisionOrdered) else 0,
        moot=getattr(event, "moot", False),
        texts=getattr(event, "texts", ()),
    )


def _at(event: Struct) -> datetime:
    assert isinstance(event, CardAct)
    return event.at


def _notices(event: Struct, card: str) -> bool:
    return isinstance(event, Notice) and event.card == card


def _notice(teller: _Teller, stored: Stored) -> NoticeTold:
    event = stored.event
    assert isinstance(event, Notice)
    kind = {CardTold: "told", CardNotTold: "not_told", CardWaits: "waits"}[type(event)]
    return NoticeTold(
        position=stored.position,
        kind=kind,
        at=teller.text(event.at),
        why=event.why,
        rung=teller.rung(event.rung),
        person=getattr(event, "person", ""),
        channel=getattr(event, "channel", ""),
        message=getattr(event, "message", ""),
        stage=getattr(event, "stage", ""),
        until=teller.text(event.until) if isinstance(event, CardWaits) else "",
        by=getattr(event, "by", ""),
    )
