"""The law of the loop as a table: from where each move may be made, by whom, with what."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from supervision.acts import DESK_ACTS, ZH, DeskAct, IssuedByHand, SupervisionOrdered
from supervision.judgement.cards import NO_CARDS, Cards, hand_card_id
from supervision.loop.commands import (
    LONGEST,
    SHORT,
    FieldUnfit,
    Known,
    LoopRefused,
    MoveUnfit,
    NoSuchCard,
    NoSuchCase,
    ReasonMissing,
    SamePerson,
    decide,
)
from supervision.loop.stage import STAGES_ZH, Stage, is_disputed, moves, stage_of
from tests.loops import (
    CARD,
    CHIEF,
    CLERK,
    DEPUTY,
    DISPUTE,
    OTHER,
    WAYS,
    act,
    card_in,
    folded,
    issued,
)

WHY = {"reason": "已核实"}
OPEN = "SupervisionOrdered WithdrawalDecided CardTransferred"
ALLOWED: dict[Stage, str] = {
    Stage.ASKED: "",
    Stage.PROPOSED: "ProposalDecided",
    Stage.ISSUED: f"CardAcknowledged CardExplained CardAppealed {OPEN}",
    Stage.ACKNOWLEDGED: f"CardExplained CardAppealed {OPEN}",
    Stage.APPEALED: "AppealReferred AppealDecided WithdrawalDecided CardTransferred",
    Stage.REFERRED: "AppealDecided WithdrawalDecided CardTransferred",
    Stage.RECTIFYING: f"RectificationReported CardClosed {OPEN}",
    Stage.ORDERED: f"RectificationReported CardClosed {OPEN}",
    Stage.REPORTED: "RectificationVerified WithdrawalDecided CardTransferred",
    Stage.CLOSED: "CardTransferred",
    Stage.LAPSED: "CardTransferred",
    Stage.WITHDRAWN: "",
    Stage.TRANSFERRED: "",
}
"""Of a card that was explained, where it was heard at all, and is not disputed."""
MOOT = {"CardAcknowledged", "CardExplained", "CardAppealed", "RectificationReported"}
PAIRS = [
    pytest.param(stage, name, id=f"{stage}-{name}")
    for stage in Stage
    for name in DESK_ACTS
    if name != "IssuedByHand"
]


def known(cards: Cards, *facts: str) -> Known:
    return Known(cards, frozenset(facts or ("f1",)))


def asked(name: str, stage: Stage, **fields: Any) -> list[DeskAct]:
    """What comes of a move with a card of a stage, by somebody who may make it, with a reason."""
    card = card_in(stage)
    made = act(name, "2026-03-09", card=card.card, **fields)
    return decide(known({card.card: card}), made, WHY)


def stage_for(name: str) -> Stage:
    """One from which a move is allowed."""
    if name == "DisputeVerified":
        return Stage.ISSUED
    return next(stage for stage in Stage if name in ALLOWED[stage].split())


def test_every_stage_is_reached_as_it_is_told() -> None:
    """The table below is about all of them."""
    assert {stage: stage_of(card_in(stage)) for stage in Stage} == {s: s for s in Stage}
    assert set(WAYS) == set(ALLOWED) == set(STAGES_ZH) == set(Stage)


@pytest.mark.parametrize(("stage", "name"), PAIRS)
def test_a_move_is_made_where_the_law_of_the_loop_allows_it_and_refused_elsewhere(
    stage: Stage, name: str
) -> None:
    """Refused with the stage and with what may be done instead; moot where the card is withdrawn
    and the department answers.
    """
    allowed = ALLOWED[stage].split()
    assert {kind.__name__ for kind in moves(card_in(stage))} == set(allowed)
    if stage is Stage.WITHDRAWN and name in MOOT:
        assert [each.moot for each in asked(name, stage)] == [True]
    elif name in allowed:
        assert [each.moot for each in asked(name, stage)] == [False]
    else:
        with pytest.raises(MoveUnfit) as refused:
            asked(name, stage)
        told = str(refused.value)
        assert f"{STAGES_ZH[stage]} ({stage}) → {ZH[name]}" in told
        assert all(ZH[each] in told for each in allowed)


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.ASKED, Stage.PROPOSED}))
def test_a_dispute_is_verified_wherever_the_loop_stands(stage: Stage) -> None:
    """But not of a card that has ended, and once."""
    first, *others = WAYS[stage]
    card = folded([first, DISPUTE, *others])[CARD]
    standing = stage in ALLOWED and "WithdrawalDecided" in ALLOWED[stage]
    verifies = act("DisputeVerified", "2026-03-09")
    if not standing:
        with pytest.raises(MoveUnfit):
            decide(known({CARD: card}), verifies, WHY)
        return
    assert is_disputed(card)
    assert decide(known({CARD: card}), verifies, WHY) == [verifies]
    verified = folded([verifies], {CARD: card})
    with pytest.raises(MoveUnfit):
        decide(known(verified), verifies, WHY)


def test_who_was_told_to_rectify_before_answering_may_still_appeal() -> None:
    """An order takes the place of the explanation, not of the right to be heard."""
    cards = folded([issued(), act("SupervisionOrdered")])
    assert stage_of(cards[CARD]) == Stage.ORDERED
    assert act("CardAppealed").__class__ in moves(cards[CARD])


@pytest.mark.parametrize("before", ["CardExplained", "CardAppealed"])
def test_who_was_heard_does_not_appeal_again(before: str) -> None:
    """Who explained accepted the breach, and an appeal is decided once."""
    story = [issued(), act(before), act("AppealDecided", "2026-03-04")]
    with pytest.raises(MoveUnfit):
        decide(known(folded(story)), act("CardAppealed", "2026-03-09"), WHY)


@pytest.mark.parametrize(
    "story",
    [WAYS[Stage.RECTIFYING], WAYS[Stage.APPEALED], [issued(), act("RectificationReported")]],
    ids=["explained", "appealed", "reported"],
)
def test_who_explains_appeals_or_reports_has_answered(story: list[Any]) -> None:
    """Once, however often; it is kept with the card."""
    assert folded([*story, *story[1:]])[CARD].answerers == (CLERK,)


@pytest.mark.parametrize("name", sorted(set(DESK_ACTS) - MOOT - {"IssuedByHand"}))
def test_who_answered_for_the_department_makes_no_move_of_the_supervisors(name: str) -> None:
    """Who rectified cannot verify, nor decide, order, close, withdraw or transfer: another may."""
    card = card_in(stage_for(name))
    if name == "DisputeVerified":
        card = folded([DISPUTE], {CARD: card})[CARD]
    cards = {CARD: replace(card, answerers=(OTHER, CLERK))}
    with pytest.raises(SamePerson, match=CLERK):
        decide(known(cards), act(name, "2026-03-09", by=CLERK), WHY)
    assert decide(known(cards), act(name, "2026-03-09", by=DEPUTY), WHY)


def test_who_only_signed_for_a_card_has_not_answered() -> None:
    """签收 says that it was seen."""
    cards = folded([issued(), act("CardAcknowledged", by=CHIEF), act("CardExplained", by=OTHER)])
    assert cards[CARD].answerers == (OTHER,)
    assert decide(known(cards), act("CardClosed", "2026-03-09", by=CHIEF), WHY)


MUST_SAY = sorted(set(DESK_ACTS) - {"CardAcknowledged", "RectificationVerified", "ProposalDecided"})


@pytest.mark.parametrize("reason", ["", " \n\t "])
@pytest.mark.parametrize("name", MUST_SAY)
def test_most_moves_are_explained(name: str, reason: str) -> None:
    """Blanks are no reason; the error names the move."""
    if name == "IssuedByHand":
        cards: Cards = NO_CARDS
        made = act(name)
    else:
        cards = {CARD: card_in(stage_for(name))}
        if name == "DisputeVerified":
            cards = folded([DISPUTE], cards)
        made = act(name, "2026-03-09")
    with pytest.raises(ReasonMissing, match=ZH[name]):
        decide(known(cards), made, {"reason": reason})


@pytest.mark.parametrize(
    ("name", "said", "stage"),
    [
        ("RectificationVerified", {"accepted": False}, Stage.REPORTED),
        ("ProposalDecided", {"issued": False}, Stage.PROPOSED),
    ],
)
def test_a_refusal_is_explained_and_an_assent_need_not_be(
    name: str, said: dict[str, Any], stage: Stage
) -> None:
    """Of a report and of a proposal."""
    card = card_in(stage)
    assert decide(known({CARD: card}), act(name, "2026-03-09"), {})
    with pytest.raises(ReasonMissing):
        decide(known({CARD: card}), act(name, "2026-03-09", **said), {})


def test_signing_for_a_card_needs_no_reason() -> None:
    """One press of a button, or a reply."""
    made = act("CardAcknowledged")
    assert decide(known(folded([issued()])), made, {}) == [made]


@pytest.mark.parametrize(
    ("name", "said", "reason"),
    [
        ("CardTransferred", {"to": ""}, "已核实"),
        ("CardTransferred", {"to": "  "}, "已核实"),
        ("CardTransferred", {"to": "纪" * (SHORT + 1)}, "已核实"),
        ("CardTransferred", {"to": "市纪委\n监委"}, "已核实"),
        ("AppealReferred", {"to": "市\r\n局"}, "已核实"),
        ("AppealReferred", {"to": "市" * (SHORT + 1)}, "已核实"),
        ("CardExplained", {}, "因" * (LONGEST + 1)),
        ("CardExplained", {"by": ""}, "已核实"),
        ("CardExplained", {"id": ""}, "已核实"),
        ("CardExplained", {"id": "x" * (SHORT + 1)}, "已核实"),
        ("CardExplained", {"id": "a\nb"}, "已核实"),
    ],
)
def test_what_does_not_do_is_said(name: str, said: dict[str, Any], reason: str) -> None:
    """Nobody to transfer to, a reason of a book's length, an act without id or person."""
    card = card_in(stage_for(name))
    with pytest.raises(FieldUnfit):
        decide(known({card.card: card}), act(name, "2026-03-09", **said), {"reason": reason})


def test_an_appeal_may_be_referred_to_nobody_in_particular() -> None:
    """上报 is to whoever stands above."""
    assert [each.moot for each in asked("AppealReferred", Stage.APPEALED, to="")] == [False]


def test_a_card_that_is_not_there_is_said() -> None:
    """With as much of its number as a line takes."""
    with pytest.raises(NoSuchCard) as refused:
        decide(known(folded([issued()])), act("CardExplained", card="X" * 500), WHY)
    assert len(str(refused.value)) < 200


def test_a_report_that_is_not_accepted_brings_an_order_one_rung_higher() -> None:
    """By the same person in the same moment, numbered behind the earlier ones."""
    story = WAYS[Stage.REPORTED]
    numbers = []
    cards = folded(story)
    for day in ("2026-03-09", "2026-03-10", "2026-03-11"):
        verified, order = decide(
            known(cards), act("RectificationVerified", day, accepted=False), WHY
        )
        assert isinstance(order, SupervisionOrdered)
        assert (order.id, order.by, order.at) == (f"{verified.id}-order", CHIEF, verified.at)
        numbers.append(order.number)
        cards = folded([verified, order, act("RectificationReported", f"{day} 15:00")], cards)
    assert numbers == [1, 2, 3]


def test_an_order_is_numbered_by_the_desk_whatever_was_asked_for() -> None:
    """The n-th order about the card."""
    cards = folded(WAYS[Stage.ORDERED])
    (order,) = decide(known(cards), act("SupervisionOrdered", "2026-03-09", number=77), WHY)
    assert isinstance(order, SupervisionOrdered)
    assert order.number == 2


def test_a_decision_holds_before_judgement_has_carried_it_out() -> None:
    """Between the decision and the act that follows nobody else decides otherwise."""
    for story in (
        [issued(), act("WithdrawalDecided")],
        [issued(), act("CardAppealed"), act("AppealDecided", "2026-03-04", upheld=True)],
        [issued(), DISPUTE, act("DisputeVerified", removed=True)],
    ):
        cards = folded(story)
        assert (stage_of(cards[CARD]), moves(cards[CARD])) == (Stage.WITHDRAWN, [])
        (late,) = decide(known(cards), act("CardExplained", "2026-03-05"), WHY)
        assert late.moot
    decided = folded([issued(proposed=True), act("ProposalDecided", issued=True)])
    assert moves(decided[CARD]) == []


# By hand.


def hand(**fields: Any) -> DeskAct:
    return act("IssuedByHand", **fields)


def test_a_card_issued_by_hand_gets_the_number_that_judgement_will_give_it() -> None:
    """Whatever number was asked for."""
    made = hand(card="whatever", causes=("f1",), person="P1", step="审核", law="许可法第七十二条")
    assert isinstance(made, IssuedByHand)
    (given,) = decide(known(NO_CARDS, "f1", "f2"), made, WHY)
    assert given.card == hand_card_id(made) != "whatever"


@pytest.mark.parametrize(
    ("said", "facts", "error"),
    [
        ({"severity": "reminder"}, ("f1",), FieldUnfit),
        ({"severity": "violet"}, ("f1",), FieldUnfit),
        ({"severity": ""}, ("f1",), FieldUnfit),
        ({"department": ""}, ("f1",), FieldUnfit),
        ({"department": "局\n"}, ("f1",), FieldUnfit),
        ({"person": "x" * (SHORT + 1)}, ("f1",), FieldUnfit),
        ({"step": "a\x00"}, ("f1",), FieldUnfit),
        ({"law": "法" * (SHORT + 1)}, ("f1",), FieldUnfit),
        ({"causes": ("f1", "f9")}, ("f1",), FieldUnfit),
        ({}, (), NoSuchCase),
    ],
)
def test_a_card_by_hand_that_does_not_do_is_refused(
    said: dict[str, Any], facts: tuple[str, ...], error: type[LoopRefused]
) -> None:
    """Of another colour, on no department, for facts that the case has not, or on no case."""
    with pytest.raises(error):
        decide(Known(NO_CARDS, frozenset(facts)), hand(**said), WHY)
