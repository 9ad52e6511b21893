"""What the departments and the supervisors of the city answer to a card."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from ..acts import (
    AppealDecided,
    AppealReferred,
    CardAcknowledged,
    CardAppealed,
    CardClosed,
    CardDisputed,
    CardExplained,
    CardIssued,
    CardTransferred,
    DeskAct,
    DisputeVerified,
    ProposalDecided,
    RectificationReported,
    RectificationVerified,
    SupervisionOrdered,
    WithdrawalDecided,
)
from ..facts import Instant, instant
from ..judgement.calendar import Calendar
from .draw import dice, share
from .office import after, days_after, opened, shown

SUPERVISORS = ("S0001", "S0002", "S0003")
HIGHER, HIGHER_OFFICE = "S0100", "市政务服务管理局（演示）"
"""Who decides what is referred up, and where."""
DISCIPLINE = "市纪委监委（演示）"
"""To whom a few grave matters are handed on."""
VIA = "desk"
BREACHES = ("yellow", "red")
SILENT, SILENT_WHERE_SLOW = 0.04, 0.15
"""Shares of cards that nobody answers; slow departments are a fifth of all."""
SLOW = 0.2
APPEALED, UPHELD, REFERRED = 0.1, 0.4, 0.25
NOT_REPORTED, NOT_ACCEPTED = 0.04, 0.08
ROUNDS = 3
"""Of rectification at most; what is not accepted then stays under its last order."""
CLOSED, WITHDRAWN, TRANSFERRED = 0.05, 0.03, 0.04
"""Closed upon the explanation, withdrawn without an appeal, and of red cards handed on."""
PROPOSAL_ISSUED = 0.6

Answer = tuple[Instant, DeskAct]


def is_slow(seed: int, department: str) -> bool:
    """Whether a department is drawn as one that takes its time, with cases and with cards."""
    return share(seed, "slow", department) < SLOW


class _Desk(NamedTuple):
    """One card on its way through the desks."""

    card: CardIssued
    calendar: Calendar
    random: Random

    def after(self, at: Instant, least: float, most: float) -> Instant:
        """An instant so many office hours later."""
        hours = least + (most - least) * self.random.random()
        return after(self.calendar, opened(self.calendar, at), hours)

    def days(self, at: Instant, least: int, most: int) -> Instant:
        """An instant so many working days later."""
        return days_after(self.calendar, at, self.random.randint(least, most), self.random)

    def act(self, kind: type[DeskAct], at: Instant, by: str, **says: Any) -> Answer:
        """A desk act at an instant; recorded then too."""
        card = self.card
        return at, kind(
            id=f"{card.card}-{kind.__name__}-{at // 1_000_000}",
            source=card.source,
            case_no=card.case_no,
            card=card.card,
            at=shown(at),
            by=by,
            via=VIA,
            **says,
        )


def answers_to(card: CardIssued | CardDisputed, seed: int, calendar: Calendar) -> list[Answer]:
    """The answers to a card, each with the instant at which it is given, in order.

    A function of the act and the seed: whoever asks again gets the same. Reminders and some others
    get none; of proposed cards the supervisors decide first.
    """
    random = dice(seed, "answers", card.card)
    if isinstance(card, CardDisputed):
        return [_verified_dispute(card, calendar, random)]
    if card.severity not in BREACHES or card.history:
        return []
    desk, at = _Desk(card, calendar, random), instant(card.at)
    if card.proposed:
        return list(_proposed(desk, at))
    return [] if _is_silent(desk, seed) else list(_answers(desk, at))


def _is_silent(desk: _Desk, seed: int) -> bool:
    silent = SILENT_WHERE_SLOW if is_slow(seed, desk.card.department) else SILENT
    return desk.random.random() < silent


def _proposed(desk: _Desk, at: Instant) -> Iterator[Answer]:
    """拟发: a supervisor issues it, and it is answered from then on, or declines."""
    at, issued = desk.days(at, 0, 3), desk.random.random() < PROPOSAL_ISSUED
    yield desk.act(ProposalDecided, at, desk.random.choice(SUPERVISORS), issued=issued)
    if issued:
        yield from _answers(desk, at)


def _answers(desk: _Desk, at: Instant) -> Iterator[Answer]:
    """签收, then 申诉 or 说明, then 整改 until 核查; a few end otherwise."""
    random, person = desk.random, desk.card.person or "A0000"
    at = desk.after(at, 0.3, 5)
    yield desk.act(CardAcknowledged, at, person)
    at = desk.after(at, 0.5, 12)
    if random.random() < APPEALED:
        yield desk.act(CardAppealed, at, person)
        yield from _appeal(desk, at, person)
        return
    yield desk.act(CardExplained, at, person)
    end = _other_end(desk, at)
    if end:
        yield end
    else:
        yield from _rectified(desk, at, person)


def _appeal(desk: _Desk, at: Instant, person: str) -> Iterator[Answer]:
    """申诉: decided by a supervisor, or 上报 and decided above."""
    random = desk.random
    at, upheld = desk.days(at, 1, 4), random.random() < UPHELD
    supervisor = random.choice(SUPERVISORS)
    if random.random() < REFERRED:
        yield desk.act(AppealReferred, at, supervisor, to=HIGHER_OFFICE)
        at, supervisor = desk.days(at, 1, 4), HIGHER
    yield desk.act(AppealDecided, at, supervisor, upheld=upheld)
    if not upheld:
        yield from _rectified(desk, at, person)


def _other_end(desk: _Desk, at: Instant) -> Answer | None:
    """Without rectification: 销号, 撤牌 or, of red cards, 移交."""
    at, supervisor = desk.days(at, 1, 3), desk.random.choice(SUPERVISORS)
    drawn = desk.random.random()
    if drawn < CLOSED:
        return desk.act(CardClosed, at, supervisor)
    if drawn < CLOSED + WITHDRAWN:
        return desk.act(WithdrawalDecided, at, supervisor)
    if desk.card.severity == "red" and drawn < CLOSED + WITHDRAWN + TRANSFERRED:
        return desk.act(CardTransferred, at, supervisor, to=DISCIPLINE)
    return None


def _rectified(desk: _Desk, at: Instant, person: str) -> Iterator[Answer]:
    """反馈, 核查 and, where it is not accepted, 督办 and another round."""
    random = desk.random
    if random.random() < NOT_REPORTED:
        return
    supervisor = random.choice(SUPERVISORS)
    for number in range(1, ROUNDS + 1):
        at = desk.days(at, 1, 4)
        yield desk.act(RectificationReported, at, person)
        at, accepted = desk.days(at, 0, 3), random.random() >= NOT_ACCEPTED
        yield desk.act(RectificationVerified, at, supervisor, accepted=accepted)
        if accepted:
            return
        yield desk.act(SupervisionOrdered, at, supervisor, number=number)


def _verified_dispute(act: CardDisputed, calendar: Calendar, random: Random) -> Answer:
    at = days_after(calendar, instant(act.at), random.randint(0, 2), random)
    return at, DisputeVerified(
        id=f"{act.card}-DisputeVerified-{at // 1_000_000}",
        source=act.source,
        case_no=act.case_no,
        card=act.card,
        at=shown(at),
        by=random.choice(SUPERVISORS),
        via=VIA,
        removed=random.random() < 0.7,
    )
