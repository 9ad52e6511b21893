"""Cards as they stand: the fold of card acts and desk acts of one case (domain: 6, 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
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
ENDED = (LAPSED, CLOSED, TRANSFERRED)
"""Over, and yet rightly issued: nobody owes such a card an answer from then on."""
BY_HAND = "by_hand"
"""The rule of cards that a supervisor issued by hand."""
BY_HAND_SEVERITIES = (YELLOW, RED)
"""Nobody is reminded by hand."""
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
    """The first explanation, appeal or order: it needs neither acknowledging nor explaining."""
    appealed_at: Instant = 0
    decided_at: Instant = 0
    upheld: bool = False
    reported_at: Instant = 0
    verified_at: Instant = 0
    rejected_at: Instant = 0
    """A report was not accepted, and an order made (督办)."""
    accepted: bool = False
    closed_at: Instant = 0
    """When it first ended: closed, transferred or lapsed."""
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


def hand_card_id(act: IssuedByHand) -> str:
    """The identity of the card that judgement issues for an act by hand."""
    return card_id(act.source, act.case_no, (BY_HAND, act.id, act.severity), 0)


def with_act(cards: Cards, act: CardAct) -> Cards:
    """The cards after a card act. Total: an act on an unknown card changes nothing."""
    card = cards.get(act.card)
    if isinstance(act, CardIssued):
        issued = _issued(act)
        return {**cards, act.card: replace(issued, hand=card.hand) if card else issued}
    return cards if card is None else {**cards, act.card: _acted(card, act)}


def _acted(card: Card, act: CardAct) -> Card:
    match act:
        case CardLapsed():
            return replace(card, state=LAPSED, closed_at=card.closed_at or instant(act.at))
        case CardWithdrawn():
            return replace(card, state=WITHDRAWN)
        case CardDisputed():
            return replace(card, state=DISPUTED)
        case CardConfirmed() if card.state == PROPOSED:
            return replace(card, state=STANDING, issued_at=instant(act.at))
        case CardConfirmed():
            return replace(card, state=STANDING)
    return card


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
    """The cards after a desk act, recorded at an instant. Total: an answer to a card that does not
    stand, or that says nothing new, changes nothing.
    """
    if isinstance(act, IssuedByHand):
        return _with_asked(cards, act, at)
    card, answered = cards.get(act.card), ANSWERED.get(type(act))
    if card is None or answered is None or act.moot or not _heard(card, act):
        return cards
    return {**cards, act.card: _with_past(card, answered(_answerer(card, act), act, at), at)}


def _heard(card: Card, act: DeskAct) -> bool:
    """Whether an answer means anything: the card stands, or only awaits that decision."""
    if isinstance(act, ProposalDecided):
        return card.state == PROPOSED
    if isinstance(act, CardTransferred):
        return card.stands or card.state in (LAPSED, CLOSED)
    return card.stands


def _with_asked(cards: Cards, act: IssuedByHand, at: Instant) -> Cards:
    """Asked for under the number that judgement will give it, in a colour that there is."""
    fits = act.severity in BY_HAND_SEVERITIES and act.card == hand_card_id(act)
    return {**cards, act.card: _asked(act, at)} if fits and act.card not in cards else cards


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


def _with_past(before: Card, after: Card, at: Instant) -> Card:
    """The answer clocks that an answer ended for a new round are kept, as far as they came."""
    still = {(kind, start) for kind, start, _ in answer_windows(after)}
    gone = [
        (kind, start, min(stop, at))
        for kind, start, stop in answer_windows(before)
        if (kind, start) not in still
    ]
    return replace(after, past=(*after.past, *gone)) if gone else after


def _answerer(card: Card, act: DeskAct) -> Card:
    """Who explains, appeals or reports has answered for the department."""
    answers = isinstance(act, CardExplained | CardAppealed | RectificationReported)
    if not answers or not act.by or act.by in card.answerers:
        return card
    return replace(card, answerers=(*card.answerers, act.by))


def _undecided(card: Card) -> bool:
    return bool(card.appealed_at) and not card.decided_at


def _unverified(card: Card) -> bool:
    return bool(card.reported_at) and not card.verified_at


def _acknowledged(card: Card, _: CardAcknowledged, at: Instant) -> Card:
    return replace(card, acknowledged_at=card.acknowledged_at or at)


def _explained(card: Card, _: CardExplained, at: Instant) -> Card:
    return replace(card, explained_at=card.explained_at or at, heard_at=card.heard_at or at)


def _appealed(card: Card, _: CardAppealed, at: Instant) -> Card:
    if _undecided(card):
        return card
    heard = card.heard_at or at
    return replace(card, appealed_at=at, decided_at=0, referred_at=0, heard_at=heard)


def _referred(card: Card, _: AppealReferred, at: Instant) -> Card:
    return replace(card, referred_at=at) if _undecided(card) else card


def _decided(card: Card, act: AppealDecided, at: Instant) -> Card:
    return replace(card, decided_at=at, upheld=act.upheld) if _undecided(card) else card


def _reported(card: Card, _: RectificationReported, at: Instant) -> Card:
    return card if _unverified(card) else replace(card, reported_at=at, verified_at=0)


def _verified(card: Card, act: RectificationVerified, at: Instant) -> Card:
    if not _unverified(card):
        return card
    if not act.accepted:
        return replace(card, verified_at=at, rejected_at=at)
    return replace(_closed(card, act, at), verified_at=at, accepted=True)


def _ordered(card: Card, act: SupervisionOrdered, at: Instant) -> Card:
    """A report that awaits its verification is not accepted thereby."""
    if _unverified(card):
        card = replace(card, verified_at=at, rejected_at=at)
    orders, heard = max(card.orders, act.number), card.heard_at or at
    return replace(card, ordered_at=at, orders=orders, heard_at=heard)


def _closed(card: Card, _: DeskAct, at: Instant) -> Card:
    return replace(card, state=CLOSED, closed_at=card.closed_at or at)


def _transferred(card: Card, _: CardTransferred, at: Instant) -> Card:
    return replace(card, state=TRANSFERRED, closed_at=card.closed_at or at)


def _revoked(card: Card, _: WithdrawalDecided, at: Instant) -> Card:
    return replace(card, revoked=True)


def _proposal(card: Card, act: ProposalDecided, at: Instant) -> Card:
    return replace(card, proposal=card.proposal or (ISSUED if act.issued else DECLINED))


def _dispute(card: Card, act: DisputeVerified, at: Instant) -> Card:
    if card.state != DISPUTED:
        return card
    return replace(card, dispute_removed=act.removed, dispute_kept=not act.removed)


ANSWERED: dict[type[DeskAct], Callable[[Card, Any, Instant], Card]] = {
    CardAcknowledged: _acknowledged,
    CardExplained: _explained,
    CardAppealed: _appealed,
    AppealReferred: _referred,
    AppealDecided: _decided,
    RectificationReported: _reported,
    RectificationVerified: _verified,
    SupervisionOrdered: _ordered,
    CardClosed: _closed,
    CardTransferred: _transferred,
    WithdrawalDecided: _revoked,
    ProposalDecided: _proposal,
    DisputeVerified: _dispute,
}
"""What each answer makes of a card for which it is heard."""


def answer_windows(card: Card) -> list[tuple[str, Instant, Instant]]:
    """The answer clocks of a card, those of earlier rounds first: kind, start, stop or NEVER.

    An appeal stops the department's clocks until it is decided, an order begins a new round of
    rectification, and when the card ends all of them do (domain: 7).
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
    if opened and not _undecided(card):
        done = card.reported_at if card.reported_at >= opened else 0
        windows.append(("rectify", opened, done or NEVER))
    if card.reported_at:
        windows.append(("verify", card.reported_at, card.verified_at or NEVER))
    ended = card.closed_at if card.state in ENDED else NEVER
    return [(kind, start, min(stop, ended)) for kind, start, stop in windows]
