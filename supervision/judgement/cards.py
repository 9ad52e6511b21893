"""Cards as they stand: the fold of card acts and desk acts of one case (domain: 6, 7)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from ..acts import (
    AppealDecided,
    CardAcknowledged,
    CardAct,
    CardAppealed,
    CardConfirmed,
    CardDisputed,
    CardExplained,
    CardIssued,
    CardLapsed,
    CardWithdrawn,
    DeskAct,
    DisputeVerified,
    RectificationReported,
    RectificationVerified,
)
from ..facts import EPOCH, Instant, instant
from .shelf import NEVER

REMINDER, YELLOW, RED = "reminder", "yellow", "red"
STANDING, LAPSED, WITHDRAWN, DISPUTED, PROPOSED, CLOSED = (
    "standing",
    "lapsed",
    "withdrawn",
    "disputed",
    "proposed",
    "closed",
)
ID_LENGTH = 20
"""监察编号 is an..20 (GB/T 39046—2020)."""


class Card(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A card of a case and where its loop stands; instants, 0 where it has not happened."""

    card: str
    rule: str
    subject: str
    severity: str
    cycle: int
    rung: int
    issued_at: Instant
    crossed_at: Instant
    state: str
    history: bool = False
    acknowledged_at: Instant = 0
    explained_at: Instant = 0
    heard_at: Instant = 0
    """The first explanation or appeal."""
    appealed_at: Instant = 0
    decided_at: Instant = 0
    upheld: bool = False
    reported_at: Instant = 0
    verified_at: Instant = 0
    rejected_at: Instant = 0
    """A report was not accepted, and an order made (督办)."""
    accepted: bool = False
    dispute_removed: bool = False
    dispute_kept: bool = False
    past: tuple[tuple[str, Instant, Instant], ...] = ()
    """Answer clocks of earlier rounds: kind, start, stop."""

    @property
    def stands(self) -> bool:
        """Issued, and neither lapsed, withdrawn nor closed."""
        return self.state in (STANDING, DISPUTED)

    @property
    def identity(self) -> tuple[str, str, str]:
        """What one cycle of it has in common with the next."""
        return self.rule, self.subject, self.severity


Cards = dict[str, Card]
NO_CARDS: Cards = {}


def card_id(source: str, case_no: str, identity: tuple[str, str, str], cycle: int) -> str:
    """The deterministic identity of a card: 20 characters, the same for whoever derives it."""
    text = "\x1f".join((source, case_no, *identity, str(cycle)))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH].upper()


def moment(at: Instant, zone: ZoneInfo | timezone = UTC) -> datetime:
    """An instant as an aware datetime in a zone."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(zone)


def with_act(cards: Cards, act: CardAct) -> Cards:
    """The cards after a card act. Total: an act on an unknown card changes nothing."""
    if isinstance(act, CardIssued):
        return {**cards, act.card: _issued(act)}
    card = cards.get(act.card)
    if card is None:
        return cards
    state = card.state
    match act:
        case CardLapsed():
            state = LAPSED
        case CardWithdrawn():
            state = WITHDRAWN
        case CardDisputed():
            state = DISPUTED
        case CardConfirmed():
            state = STANDING
    return {**cards, act.card: replace(card, state=state)}


def _issued(act: CardIssued) -> Card:
    return Card(
        card=act.card,
        rule=act.rule,
        subject=act.subject,
        severity=act.severity,
        cycle=act.cycle,
        rung=act.rung,
        issued_at=instant(act.at),
        crossed_at=instant(act.crossed_at),
        state=PROPOSED if act.proposed else STANDING,
        history=act.history,
    )


def with_answer(cards: Cards, act: DeskAct, at: Instant) -> Cards:
    """The cards after a desk act, recorded at an instant. An answer to a card that does not stand
    is moot and changes nothing.
    """
    card = cards.get(act.card)
    if card is None or not card.stands:
        return cards
    answered = _answered(card, act, at)
    still = {(kind, start) for kind, start, _ in answer_windows(answered)}
    gone = [
        (kind, start, min(stop, at))
        for kind, start, stop in answer_windows(card)
        if (kind, start) not in still
    ]
    if gone:
        answered = replace(answered, past=(*answered.past, *gone))
    return {**cards, act.card: answered}


def _answered(card: Card, act: DeskAct, at: Instant) -> Card:
    match act:
        case CardAcknowledged():
            return replace(card, acknowledged_at=card.acknowledged_at or at)
        case CardExplained():
            heard = card.heard_at or at
            return replace(card, explained_at=card.explained_at or at, heard_at=heard)
        case CardAppealed() if not card.appealed_at or card.decided_at:
            heard = card.heard_at or at
            return replace(card, appealed_at=at, decided_at=0, heard_at=heard)
        case AppealDecided(upheld=upheld) if card.appealed_at and not card.decided_at:
            return replace(card, decided_at=at, upheld=upheld)
        case RectificationReported() if not card.reported_at or card.verified_at:
            return replace(card, reported_at=at, verified_at=0)
        case RectificationVerified(accepted=accepted) if card.reported_at and not card.verified_at:
            if not accepted:
                return replace(card, verified_at=at, rejected_at=at)
            return replace(card, verified_at=at, accepted=True, state=CLOSED)
        case DisputeVerified(removed=removed) if card.state == DISPUTED:
            return replace(card, dispute_removed=removed, dispute_kept=not removed)
    return card


def answer_windows(card: Card) -> list[tuple[str, Instant, Instant]]:
    """The answer clocks of a card, those of earlier rounds first: kind, start, stop or NEVER.

    An appeal stops the department's clocks until it is decided (domain: 7).
    """
    heard = card.heard_at or NEVER
    windows = [
        *card.past,
        ("acknowledge", card.issued_at, min(card.acknowledged_at or NEVER, heard)),
        ("explain", card.issued_at, heard),
    ]
    if card.appealed_at:
        windows.append(("decide", card.appealed_at, card.decided_at or NEVER))
    opened = max(card.explained_at, card.decided_at, card.rejected_at)
    if opened and not (card.appealed_at and not card.decided_at):
        done = card.reported_at if card.reported_at >= opened else 0
        windows.append(("rectify", opened, done or NEVER))
    if card.reported_at:
        windows.append(("verify", card.reported_at, card.verified_at or NEVER))
    closed = card.verified_at if card.state == CLOSED else NEVER
    return [(kind, start, min(stop, closed)) for kind, start, stop in windows]
