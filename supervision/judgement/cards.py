"""Cards as they stand: the fold of card acts and desk acts of one case (domain: 6, 7)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from ..acts import (
    AppealDecided,
    AppealReferred,
    CardAcknowledged,
    CardAct,
    CardAppealed,
    CardClosed,
    CardConfirmed,
    CardDisputed,
    CardExplained,
    CardIssued,
    CardLapsed,
    CardTransferred,
    CardWithdrawn,
    DeskAct,
    DisputeVerified,
    IssuedByHand,
    ProposalDecided,
    RectificationReported,
    RectificationVerified,
    SupervisionOrdered,
    WithdrawalDecided,
)
from ..facts import EPOCH, Instant, instant
from .shelf import NEVER

REMINDER, YELLOW, RED = "reminder", "yellow", "red"
STANDING, LAPSED, WITHDRAWN, DISPUTED, PROPOSED, CLOSED, TRANSFERRED, ASKED = (
    "standing",
    "lapsed",
    "withdrawn",
    "disputed",
    "proposed",
    "closed",
    "transferred",
    "asked",
)
"""Asked: by hand, and not issued by judgement yet."""
BY_HAND = "by_hand"
"""The rule of cards that a supervisor issued by hand."""
ID_LENGTH = 20
"""监察编号 is an..20 (GB/T 39046—2020)."""


class Hand(Struct, frozen=True, array_like=True):
    """What a supervisor said who issued a card by hand."""

    department: str
    person: str
    step: str
    law: str
    causes: tuple[str, ...]


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
    closed_at: Instant = 0
    """Closed or transferred."""
    referred_at: Instant = 0
    ordered_at: Instant = 0
    orders: int = 0
    """Orders (督办) made so far; each is one rung higher."""
    revoked: bool = False
    """A supervisor decided without an appeal that it was never due."""
    proposal: str = ""
    """What became of a proposed card: "issued" or "declined"."""
    answerers: tuple[str, ...] = ()
    """Who answered for the department: none of them verifies or decides."""
    hand: Hand | None = None
    dispute_removed: bool = False
    dispute_kept: bool = False
    past: tuple[tuple[str, Instant, Instant], ...] = ()
    """Answer clocks of earlier rounds: kind, start, stop."""

    @property
    def stands(self) -> bool:
        """Issued, and neither lapsed, withdrawn nor closed."""
        return self.state in (STANDING, DISPUTED)

    @property
    def excused(self) -> bool:
        """Withdrawn by a decision about this very matter: it is not issued for it again."""
        return self.upheld or self.revoked or self.proposal == DECLINED

    @property
    def identity(self) -> tuple[str, str, str]:
        """What one cycle of it has in common with the next."""
        return self.rule, self.subject, self.severity


ISSUED, DECLINED = "issued", "declined"

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
    card = cards.get(act.card)
    if isinstance(act, CardIssued):
        issued = _issued(act)
        return {**cards, act.card: replace(issued, hand=card.hand) if card else issued}
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
        case CardConfirmed() if state == PROPOSED:
            card, state = replace(card, issued_at=instant(act.at)), STANDING
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
    if isinstance(act, IssuedByHand):
        return cards if act.card in cards else {**cards, act.card: _asked(act, at)}
    card = cards.get(act.card)
    if card is None or act.moot or not _heard(card, act):
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


def _heard(card: Card, act: DeskAct) -> bool:
    """Whether an answer means anything: the card stands, or only awaits that decision."""
    if isinstance(act, ProposalDecided):
        return card.state == PROPOSED
    if isinstance(act, CardTransferred):
        return card.state not in (WITHDRAWN, TRANSFERRED, ASKED)
    return card.stands


def _asked(act: IssuedByHand, at: Instant) -> Card:
    return Card(
        card=act.card,
        rule=BY_HAND,
        subject=act.id,
        severity=act.severity,
        cycle=0,
        rung=0,
        issued_at=at,
        crossed_at=at,
        state=ASKED,
        hand=Hand(act.department, act.person, act.step, act.law, act.causes),
    )


def _answered(card: Card, act: DeskAct, at: Instant) -> Card:
    if isinstance(act, CardExplained | CardAppealed | RectificationReported) and act.by:
        who = card.answerers
        card = replace(card, answerers=who if act.by in who else (*who, act.by))
    match act:
        case CardAcknowledged():
            return replace(card, acknowledged_at=card.acknowledged_at or at)
        case CardExplained():
            heard = card.heard_at or at
            return replace(card, explained_at=card.explained_at or at, heard_at=heard)
        case CardAppealed() if not card.appealed_at or card.decided_at:
            heard = card.heard_at or at
            return replace(card, appealed_at=at, decided_at=0, referred_at=0, heard_at=heard)
        case AppealReferred() if card.appealed_at and not card.decided_at:
            return replace(card, referred_at=at)
        case AppealDecided(upheld=upheld) if card.appealed_at and not card.decided_at:
            return replace(card, decided_at=at, upheld=upheld)
        case RectificationReported() if not card.reported_at or card.verified_at:
            return replace(card, reported_at=at, verified_at=0)
        case RectificationVerified(accepted=accepted) if card.reported_at and not card.verified_at:
            if not accepted:
                return replace(card, verified_at=at, rejected_at=at)
            return replace(card, verified_at=at, accepted=True, state=CLOSED, closed_at=at)
        case SupervisionOrdered(number=number):
            return replace(card, ordered_at=at, orders=max(card.orders, number))
        case CardClosed():
            return replace(card, state=CLOSED, closed_at=at)
        case CardTransferred():
            return replace(card, state=TRANSFERRED, closed_at=at)
        case WithdrawalDecided():
            return replace(card, revoked=True)
        case ProposalDecided(issued=issued):
            return replace(card, proposal=ISSUED if issued else DECLINED)
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
        since = max(card.appealed_at, card.referred_at)
        windows.append(("decide", since, card.decided_at or NEVER))
    opened = max(card.explained_at, card.decided_at, card.rejected_at, card.ordered_at)
    if opened and not (card.appealed_at and not card.decided_at):
        done = card.reported_at if card.reported_at >= opened else 0
        windows.append(("rectify", opened, done or NEVER))
    if card.reported_at:
        windows.append(("verify", card.reported_at, card.verified_at or NEVER))
    closed = card.closed_at if card.state in (CLOSED, TRANSFERRED) else NEVER
    return [(kind, start, min(stop, closed)) for kind, start, stop in windows]
