"""What the departments and the supervisors of the city answer to a card."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from ..acts import (
    AppealDecided,
    CardAcknowledged,
    CardAppealed,
    CardDisputed,
    CardExplained,
    CardIssued,
    DeskAct,
    DisputeVerified,
    RectificationReported,
    RectificationVerified,
)
from ..facts import Instant, instant
from ..judgement.calendar import Calendar
from .draw import dice, share
from .office import after, days_after, opened, shown

SUPERVISORS = ("S0001", "S0002", "S0003")
BREACHES = ("yellow", "red")
SILENT, SILENT_WHERE_SLOW = 0.04, 0.15
"""Shares of cards that nobody answers; slow departments are a fifth of all."""
SLOW = 0.2
APPEALED, UPHELD = 0.1, 0.4
NOT_REPORTED, NOT_ACCEPTED = 0.04, 0.08

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
            **says,
        )


def answers_to(card: CardIssued | CardDisputed, seed: int, calendar: Calendar) -> list[Answer]:
    """The answers to a card, each with the instant at which it is given, in order.

    A function of the act and the seed: whoever asks again gets the same. Reminders, proposed
    cards and some others get none.
    """
    random = dice(seed, "answers", card.card)
    if isinstance(card, CardDisputed):
        return [_verified_dispute(card, calendar, random)]
    if card.severity not in BREACHES or card.proposed or card.history:
        return []
    silent = SILENT_WHERE_SLOW if is_slow(seed, card.department) else SILENT
    if random.random() < silent:
        return []
    return list(_answers(_Desk(card, calendar, random)))


def _answers(desk: _Desk) -> Iterator[Answer]:
    """签收, then 申诉 or 说明, then 整改 until 核查."""
    random, person = desk.random, desk.card.person or "A0000"
    at = desk.after(instant(desk.card.at), 0.3, 5)
    yield desk.act(CardAcknowledged, at, person)
    at = desk.after(at, 0.5, 12)
    if random.random() < APPEALED:
        yield desk.act(CardAppealed, at, person)
        at, upheld = desk.days(at, 1, 4), random.random() < UPHELD
        yield desk.act(AppealDecided, at, random.choice(SUPERVISORS), upheld=upheld)
        if upheld:
            return
    else:
        yield desk.act(CardExplained, at, person)
    yield from _rectified(desk, at, person)


def _rectified(desk: _Desk, at: Instant, person: str) -> Iterator[Answer]:
    random = desk.random
    if random.random() < NOT_REPORTED:
        return
    supervisor = random.choice(SUPERVISORS)
    for _ in range(2):
        at = desk.days(at, 1, 4)
        yield desk.act(RectificationReported, at, person)
        at, accepted = desk.days(at, 0, 3), random.random() >= NOT_ACCEPTED
        yield desk.act(RectificationVerified, at, supervisor, accepted=accepted)
        if accepted:
            return


def _verified_dispute(act: CardDisputed, calendar: Calendar, random: Random) -> Answer:
    at = days_after(calendar, instant(act.at), random.randint(0, 2), random)
    return at, DisputeVerified(
        id=f"{act.card}-DisputeVerified-{at // 1_000_000}",
        source=act.source,
        case_no=act.case_no,
        card=act.card,
        at=shown(at),
        by=random.choice(SUPERVISORS),
        removed=random.random() < 0.7,
    )
