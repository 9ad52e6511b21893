"""Where a card stands in its loop, and which moves the law of the loop allows (domain: 7). Pure.

issued 已发 → acknowledged 签收 → rectifying 整改 → reported 反馈 → closed 销号
      └──────────┴→ appealed 申诉 (→ referred 上报) → upheld: withdrawn 撤牌 | rejected: rectifying
reported, not accepted → ordered 督办 → reported …
proposed 拟发 → issued | withdrawn; asked 待发 (by hand, until it is judged) → issued
from any that was issued and not withdrawn → transferred 移交
"""

from __future__ import annotations

from enum import StrEnum

from ..acts import (
    AppealDecided,
    AppealReferred,
    CardAcknowledged,
    CardAppealed,
    CardClosed,
    CardExplained,
    CardTransferred,
    DeskAct,
    DisputeVerified,
    ProposalDecided,
    RectificationReported,
    RectificationVerified,
    SupervisionOrdered,
    WithdrawalDecided,
)
from ..judgement.cards import (
    ASKED,
    CLOSED,
    DISPUTED,
    LAPSED,
    PROPOSED,
    TRANSFERRED,
    WITHDRAWN,
    Card,
)


class Stage(StrEnum):
    """How far a card's loop has come."""

    ASKED = "asked"
    PROPOSED = "proposed"
    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    APPEALED = "appealed"
    REFERRED = "referred"
    RECTIFYING = "rectifying"
    ORDERED = "ordered"
    REPORTED = "reported"
    CLOSED = "closed"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"


STAGES_ZH: dict[Stage, str] = {
    Stage.ASKED: "待发",
    Stage.PROPOSED: "拟发",
    Stage.ISSUED: "已发",
    Stage.ACKNOWLEDGED: "已签收",
    Stage.APPEALED: "申诉中",
    Stage.REFERRED: "已上报",
    Stage.RECTIFYING: "整改中",
    Stage.ORDERED: "督办中",
    Stage.REPORTED: "已反馈待核查",
    Stage.CLOSED: "已销号",
    Stage.LAPSED: "已解除",
    Stage.WITHDRAWN: "已撤牌",
    Stage.TRANSFERRED: "已移交",
}

_BY_STATE = {
    ASKED: Stage.ASKED,
    PROPOSED: Stage.PROPOSED,
    CLOSED: Stage.CLOSED,
    LAPSED: Stage.LAPSED,
    WITHDRAWN: Stage.WITHDRAWN,
    TRANSFERRED: Stage.TRANSFERRED,
}


def stage_of(card: Card) -> Stage:
    """Where a card stands, a decision that the next judgement carries out included."""
    ended = _BY_STATE.get(card.state)
    if ended is not None:
        return ended
    if card.upheld or card.revoked or card.dispute_removed:
        return Stage.WITHDRAWN
    if card.appealed_at and not card.decided_at:
        return Stage.REFERRED if card.referred_at else Stage.APPEALED
    if card.reported_at and not card.verified_at:
        return Stage.REPORTED
    if card.ordered_at or card.rejected_at:
        return Stage.ORDERED
    if card.explained_at or card.decided_at:
        return Stage.RECTIFYING
    return Stage.ACKNOWLEDGED if card.acknowledged_at else Stage.ISSUED


def is_disputed(card: Card) -> bool:
    """A late fact would remove it, and nobody has verified that."""
    return card.state == DISPUTED and not (card.dispute_kept or card.dispute_removed)


_OPEN = frozenset({
    Stage.ISSUED, Stage.ACKNOWLEDGED, Stage.APPEALED, Stage.REFERRED, Stage.RECTIFYING,
    Stage.ORDERED, Stage.REPORTED,
})  # fmt: skip
_UNHEARD = frozenset({Stage.ISSUED, Stage.ACKNOWLEDGED})
_AT_WORK = frozenset({Stage.RECTIFYING, Stage.ORDERED})

MOVES: dict[type[DeskAct], frozenset[Stage]] = {
    CardAcknowledged: frozenset({Stage.ISSUED}),
    CardExplained: _UNHEARD,
    CardAppealed: _UNHEARD | {Stage.ORDERED},
    AppealReferred: frozenset({Stage.APPEALED}),
    AppealDecided: frozenset({Stage.APPEALED, Stage.REFERRED}),
    RectificationReported: _AT_WORK,
    RectificationVerified: frozenset({Stage.REPORTED}),
    SupervisionOrdered: _UNHEARD | _AT_WORK,
    CardClosed: _AT_WORK,
    WithdrawalDecided: _OPEN,
    CardTransferred: _OPEN | {Stage.CLOSED, Stage.LAPSED},
    ProposalDecided: frozenset({Stage.PROPOSED}),
    DisputeVerified: _OPEN,
}
"""From which stages each move is allowed. A dispute is verified wherever the loop stands."""

DEPARTMENT: frozenset[type[DeskAct]] = frozenset({
    CardAcknowledged, CardExplained, CardAppealed, RectificationReported,
})  # fmt: skip
"""The department's moves; all others are the supervisors'."""

ONCE_OVER: frozenset[type[DeskAct]] = frozenset(MOVES) - DEPARTMENT
"""Nobody who explained, appealed or reported about a card makes these moves with it (domain: 7,
who rectified cannot verify).
"""


def moves(card: Card) -> list[type[DeskAct]]:
    """What may be done next with a card, in the order of the loop."""
    stage = stage_of(card)
    return [act for act, stages in MOVES.items() if stage in stages and _is_open_to(card, act)]


def _is_open_to(card: Card, act: type[DeskAct]) -> bool:
    if act is CardAppealed:
        return can_appeal(card)
    if act is DisputeVerified:
        return is_disputed(card)
    return act is not ProposalDecided or not card.proposal


def can_appeal(card: Card) -> bool:
    """Who has explained has accepted the breach, and an appeal is decided once (domain: 7)."""
    return not (card.explained_at or card.appealed_at)
