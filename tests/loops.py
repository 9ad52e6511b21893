"""Cards of the tests, brought to any place of their loop by the acts that lead there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from supervision.acts import (
    DESK_ACTS,
    CardAct,
    CardDisputed,
    CardIssued,
    CardLapsed,
    CardWithdrawn,
    DeskAct,
    IssuedByHand,
)
from supervision.facts import instant
from supervision.judgement.cards import (
    NO_CARDS,
    Card,
    Cards,
    card_id,
    hand_card_id,
    with_act,
    with_answer,
)
from supervision.loop.stage import Stage
from tests.court import when

CARD = card_id("s", "1", ("promise_past", "", "yellow"), 0)
ISSUED = "2026-03-02 00:00"
CLERK, OTHER, CHIEF, DEPUTY = "zhang", "wang", "li", "zhao"
"""Two of the department, two supervisors."""

CHOICES: dict[str, dict[str, Any]] = {
    "AppealDecided": {"upheld": False},
    "RectificationVerified": {"accepted": True},
    "SupervisionOrdered": {"number": 1},
    "CardTransferred": {"to": "市纪委监委"},
    "ProposalDecided": {"issued": True},
    "DisputeVerified": {"removed": False},
    "IssuedByHand": {"severity": "yellow", "department": "区住建局"},
}
"""What each act must say besides; of two decisions the one that lets the card stand."""
DEPARTMENTS = {"CardAcknowledged", "CardExplained", "CardAppealed", "RectificationReported"}


def issued(**fields: Any) -> CardIssued:
    """A yellow card of case 1 of source s."""
    return CardIssued(
        **{
            "source": "s",
            "case_no": "1",
            "card": CARD,
            "at": when(ISSUED),
            "rule": "promise_past",
            "severity": "yellow",
            "colour": "#F0E442",
            "label_zh": "黄牌",
            "label_en": "Yellow card",
            "crossed_at": when(ISSUED),
            **fields,
        }
    )


def act(name: str, at: str = "2026-03-03", **fields: Any) -> DeskAct:
    """A desk act about the card, by somebody who may make it."""
    by = CLERK if name in DEPARTMENTS else CHIEF
    says = {"card": CARD, "by": by, "via": "desk", **CHOICES.get(name, {}), **fields}
    moment = says.pop("when", None) or when(at)
    made = DESK_ACTS[name](
        **{"id": f"{name}-{at}", "source": "s", "case_no": "1", "at": moment, **says}
    )
    if isinstance(made, IssuedByHand) and made.card == CARD:
        return by_hand(made)
    return made


def by_hand(made: IssuedByHand) -> IssuedByHand:
    """With the number of the card that is issued for it."""
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return IssuedByHand(**{**fields, "card": hand_card_id(made)})


def folded(story: Iterable[CardAct | DeskAct], cards: Cards = NO_CARDS) -> Cards:
    """The cards after acts, each recorded when it says it was done."""
    for each in story:
        if isinstance(each, CardAct):
            cards = with_act(cards, each)
        else:
            cards = with_answer(cards, each, instant(each.at))
    return cards


HAND = act("IssuedByHand", "2026-03-03", id="h1")
ASKED_CARD = HAND.card
WAYS: dict[Stage, list[CardAct | DeskAct]] = {
    Stage.ASKED: [HAND],
    Stage.PROPOSED: [issued(proposed=True)],
    Stage.ISSUED: [issued()],
    Stage.ACKNOWLEDGED: [issued(), act("CardAcknowledged")],
    Stage.APPEALED: [issued(), act("CardAppealed")],
    Stage.REFERRED: [issued(), act("CardAppealed"), act("AppealReferred", "2026-03-04")],
    Stage.RECTIFYING: [issued(), act("CardExplained")],
    Stage.ORDERED: [issued(), act("CardExplained"), act("SupervisionOrdered", "2026-03-05")],
    Stage.REPORTED: [issued(), act("CardExplained"), act("RectificationReported", "2026-03-05")],
    Stage.CLOSED: [
        issued(),
        act("CardExplained"),
        act("RectificationReported", "2026-03-05"),
        act("RectificationVerified", "2026-03-06"),
    ],
    Stage.LAPSED: [
        issued(),
        CardLapsed(source="s", case_no="1", card=CARD, at=when("2026-03-05")),
    ],
    Stage.WITHDRAWN: [
        issued(),
        CardWithdrawn(source="s", case_no="1", card=CARD, at=when("2026-03-05")),
    ],
    Stage.TRANSFERRED: [issued(), act("CardTransferred", "2026-03-05")],
}
"""A way to each stage."""
DISPUTE = CardDisputed(source="s", case_no="1", card=CARD, at=when("2026-03-02 10:00"))


def card_in(stage: Stage) -> Card:
    """A card that stands there."""
    cards = folded(WAYS[stage])
    (card,) = cards.values()
    return card
