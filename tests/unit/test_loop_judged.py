"""What the acts of the loop do to a card, its clocks and the cards that follow (domain: 6, 7).

Above 400 lines: one short story a rule, told on the same few acts, to be argued about alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from projections.packing import pack, unpack
from supervision.acts import CardIssued, CardWithdrawn, DeskAct, IssuedByHand
from supervision.facts import Actor, Fact
from supervision.judgement.cards import (
    BY_HAND,
    STANDING,
    WITHDRAWN,
    card_id,
    hand_card_id,
)
from supervision.judgement.shelf import NEVER, Entry, Shelf
from supervision.lists import PolicyPublished
from supervision.loop.stage import Stage, stage_of
from supervision.why import why
from tests.court import Told, at, desk, fact, item, policy, said, shelf, watch, when

YELLOW = card_id("s", "1", ("promise_past", "", "yellow"), 0)
"""Issued on Saturday the 11th; acknowledged by Monday, explained by Wednesday."""
LONG = shelf(item(legal="90wd"), policy())
TAKEN: list[Told] = [
    fact("ApplicationReceived", "2026-07-01"),
    fact("CaseAccepted", "2026-07-01 10:00"),
]
ENDED: list[Told] = [
    *TAKEN,
    fact("DecisionSigned", "2026-07-03", granted=False, texts=("reason",)),
    fact("CaseConcluded", "2026-07-03 10:00", result="其他"),
]


def judged(story: list[Told], until: str, lists: Shelf = LONG) -> list[str]:
    """What was done about cards but the promise's own reminder."""
    _, acts = watch(story, until, lists)
    return [line for line in said(acts) if not line.endswith("promise_near")]


def missed(*answers: DeskAct, until: str, lists: Shelf = LONG) -> list[str]:
    """The cards for missed answers of the yellow card, each with its instant."""
    _, acts = watch([*TAKEN, *answers], until, lists)
    lines = zip(acts, said(acts), strict=True)
    return [
        line
        for act, line in lines
        if isinstance(act, CardIssued) and act.subject.startswith(YELLOW)
    ]


def ways(name: str, happened: str, **fields: Any) -> DeskAct:
    return desk(name, happened, YELLOW, **fields)


EXPLAINED = ways("CardExplained", "2026-07-13 10:00")
APPEALED = ways("CardAppealed", "2026-07-13 10:00")
REPORTED = ways("RectificationReported", "2026-07-15 10:00")


def test_nobody_who_is_silent_is_forgotten() -> None:
    """The plain course: the next rung is reminded, then the yellow becomes red, once each."""
    assert missed(until="2026-07-17") == [
        "2026-07-14 00:00 issued acknowledge_past",
        "2026-07-16 00:00 issued explain_past",
    ]


@pytest.mark.parametrize(
    "end",
    [
        ways("CardClosed", "2026-07-14 10:00"),
        ways("CardTransferred", "2026-07-14 10:00", to="市纪委监委"),
        ways("WithdrawalDecided", "2026-07-14 10:00"),
    ],
    ids=["closed", "transferred", "withdrawn"],
)
def test_a_card_that_ended_owes_nothing_more(end: DeskAct) -> None:
    """Its clocks stop with it: after it was explained, nothing is missed for ever."""
    assert missed(EXPLAINED, end, until="2026-09-30") == []


@pytest.mark.parametrize("name", ["CardClosed", "CardTransferred"])
def test_what_was_missed_before_the_end_stays_missed(name: str) -> None:
    """The card for it was rightly due."""
    end = ways(name, "2026-07-24 10:00", **({"to": "x"} if name == "CardTransferred" else {}))
    lines = missed(EXPLAINED, end, until="2026-09-30")
    assert lines == ["2026-07-21 00:00 issued rectify_past"]


def test_a_transfer_long_after_the_closing_misses_nothing_afterwards() -> None:
    """The clocks ended when the card was closed, not when it was handed on."""
    closed = ways("CardClosed", "2026-07-14 10:00")
    moved = ways("CardTransferred", "2026-09-14 10:00", to="市纪委监委")
    assert missed(EXPLAINED, closed, moved, until="2026-10-15") == []


def test_the_red_that_followed_a_withdrawn_card_is_withdrawn_with_it() -> None:
    """It was due for a card that never was."""
    decided = ways("WithdrawalDecided", "2026-07-17 10:00")
    _, acts = watch([*TAKEN, decided], "2026-07-20", LONG)
    gone = [act for act in acts if isinstance(act, CardWithdrawn)]
    assert {(act.reason, act.at) for act in gone} == {
        ("by_supervisor", when("2026-07-17 10:01")),
        ("never_due", when("2026-07-17 10:01")),
    }


# Appeals.


def test_an_appeal_stops_the_departments_clocks_until_it_is_decided() -> None:
    """Of rectification too, where an order had begun it; the supervisor's own runs instead."""
    order = ways("SupervisionOrdered", "2026-07-13 09:00", number=1)
    assert missed(order, APPEALED, until="2026-09-30") == [
        "2026-07-21 00:00 issued decide_past",
    ]


def test_after_a_rejected_appeal_rectification_has_its_whole_time() -> None:
    """Five days from the decision."""
    decided = ways("AppealDecided", "2026-07-17 10:00", upheld=False)
    assert missed(APPEALED, decided, until="2026-07-25") == ["2026-07-25 00:00 issued rectify_past"]


def test_an_appeal_referred_up_is_given_the_whole_time_again() -> None:
    """From the referral; within the first five days nothing was missed."""
    referred = ways("AppealReferred", "2026-07-17 10:00", to="市局")
    assert missed(APPEALED, referred, until="2026-07-24 23:59") == []
    assert missed(APPEALED, referred, until="2026-07-25") == ["2026-07-25 00:00 issued decide_past"]


def test_a_missed_decision_stays_missed_when_it_is_referred_up_late() -> None:
    """The earlier round is kept, and the new one can be missed as well."""
    referred = ways("AppealReferred", "2026-07-22 10:00", to="市局")
    assert missed(APPEALED, referred, until="2026-07-31") == [
        "2026-07-21 00:00 issued decide_past",
        "2026-07-30 00:00 issued decide_past",
    ]


def test_a_decision_from_above_ends_the_time_for_it() -> None:
    """Whoever referred it or not."""
    referred = ways("AppealReferred", "2026-07-17 10:00")
    decided = ways("AppealDecided", "2026-07-20 10:00", upheld=True)
    assert missed(APPEALED, referred, decided, until="2026-09-30") == []


def test_nobody_of_the_department_is_named_for_what_the_supervisors_missed() -> None:
    """The card is for the highest rung; the department's own name its last actor."""
    taken = [replace(told, actor=Actor(id="P1")) for told in TAKEN if isinstance(told, Fact)]
    _, acts = watch([*taken, APPEALED], "2026-07-22", LONG)
    cards = {act.rule: (act.person, act.rung) for act in acts if isinstance(act, CardIssued)}
    assert cards["decide_past"] == ("", 3)
    assert cards["promise_past"] == ("P1", 0)


# Orders.


def rungs(*answers: DeskAct, until: str) -> list[tuple[str, int]]:
    """The rules and rungs of the cards for missed answers of the yellow card."""
    _, acts = watch([*TAKEN, *answers], until, LONG)
    return [
        (act.rule, act.rung)
        for act in acts
        if isinstance(act, CardIssued) and act.subject.startswith(YELLOW)
    ]


def rounds(count: int) -> list[DeskAct]:
    """Explained, then so many reports that were not accepted, each with its order."""
    story = [EXPLAINED]
    for number in range(1, count + 1):
        hours = 10 + 3 * (number - 1)
        story += [
            ways("RectificationReported", f"2026-07-15 {hours}:00"),
            ways("RectificationVerified", f"2026-07-15 {hours + 1}:00", accepted=False),
            ways("SupervisionOrdered", f"2026-07-15 {hours + 1}:00", number=number),
        ]
    return story


@pytest.mark.parametrize(("orders", "rung"), [(0, 1), (1, 2), (2, 3)])
def test_each_order_sends_the_next_missed_rectification_one_rung_higher(
    orders: int, rung: int
) -> None:
    """承办人 → 科室负责人 → 分管领导 → 纪检监察, and no further."""
    assert rungs(*rounds(orders), until="2026-07-25") == [("rectify_past", rung)]


def test_rungs_end_with_the_highest() -> None:
    """However many orders there were, or were said to be."""
    many = ways("SupervisionOrdered", "2026-07-15 18:00", number=1_000)
    assert rungs(*rounds(2), many, until="2026-07-25") == [("rectify_past", 3)]


def test_an_order_takes_the_place_of_what_was_owed_before() -> None:
    """Who is ordered to rectify need not acknowledge nor explain as well."""
    order = ways("SupervisionOrdered", "2026-07-13 09:00", number=1)
    assert missed(order, until="2026-07-21") == ["2026-07-21 00:00 issued rectify_past"]
    assert missed(order, REPORTED, until="2026-07-22 23:59") == []


def test_an_order_upon_a_waiting_report_does_not_accept_it() -> None:
    """Its verification is over, a new report is heard, and must be verified in its own time."""
    order = ways("SupervisionOrdered", "2026-07-16 10:00", number=1)
    again = ways("RectificationReported", "2026-07-20 10:00")
    docket, _ = watch([*TAKEN, EXPLAINED, REPORTED, order], "2026-07-17", LONG)
    assert stage_of(docket.cards[YELLOW]) == Stage.ORDERED
    assert missed(EXPLAINED, REPORTED, order, again, until="2026-07-28") == [
        "2026-07-28 00:00 issued verify_past"
    ]


def test_a_report_that_was_not_accepted_in_a_log_without_orders_is_judged_as_ever() -> None:
    """The older acts alone: the next rung after the card's own."""
    rejected = ways("RectificationVerified", "2026-07-16 10:00", accepted=False)
    assert rungs(EXPLAINED, REPORTED, rejected, until="2026-07-24") == [("rectify_past", 1)]


# Proposals, and what was withdrawn by a decision.

OUTSIDE: list[Told] = [
    fact("ApplicationReceived", "2026-07-01", entered_at="2026-07-01 09:00:01"),
    fact("CaseAccepted", "2026-07-01 09:10", entered_at="2026-07-01 10:00:01"),
    fact("StepCompleted", "2026-07-01 09:20", step="review", entered_at="2026-07-01 10:00:03"),
    fact("StepCompleted", "2026-07-01 09:30", step="signing", entered_at="2026-07-01 10:00:05"),
]
PERSONAL = shelf(item(promise="", legal="90wd"), policy())


def proposal() -> CardIssued:
    _, acts = watch(OUTSIDE, "2026-07-02", PERSONAL)
    (found,) = [a for a in acts if isinstance(a, CardIssued) and a.proposed]
    return found


def decided(happened: str, *, issued: bool) -> DeskAct:
    return desk("ProposalDecided", happened, proposal().card, issued=issued)


def test_nobody_owes_an_answer_to_a_proposal() -> None:
    """However long it waits."""
    assert [line.split()[2:] for line in judged(OUTSIDE, "2026-09-30", PERSONAL)] == [
        ["issued", "class_a"]
    ]


def test_a_proposal_that_is_issued_is_owed_answers_from_the_decision_on() -> None:
    """Not from when it was proposed."""
    story = [*OUTSIDE, decided("2026-07-20 10:00", issued=True)]
    assert judged(story, "2026-07-24", PERSONAL)[1:] == [
        "2026-07-20 10:01 confirmed class_a",
        "2026-07-22 00:00 issued acknowledge_past",
        "2026-07-24 00:00 issued explain_past",
    ]


def test_a_proposal_that_is_declined_is_not_proposed_again() -> None:
    """Whatever is entered afterwards of the same steps, or looked at again."""
    story: list[Told] = [
        *OUTSIDE,
        decided("2026-07-20 10:00", issued=False),
        fact("StepCompleted", "2026-07-21 10:00", step="conclusion"),
    ]
    _, acts = watch(story, "2026-07-24", PERSONAL)
    ends = [act.reason for act in acts if isinstance(act, CardWithdrawn)]
    assert ends == ["proposal_declined"]
    assert sum(isinstance(act, CardIssued) and act.proposed for act in acts) == 1


def test_a_proposal_is_decided_once() -> None:
    """The first decision holds, whatever was told before judgement carried it out."""
    story = [
        *OUTSIDE,
        decided("2026-07-20 10:00", issued=True),
        decided("2026-07-20 10:00:30", issued=False),
    ]
    docket, _ = watch(story, "2026-07-20 12:00", PERSONAL)
    assert docket.cards[proposal().card].state == STANDING
    assert not docket.cards[proposal().card].excused


B1 = fact("ExtensionApproved", "2026-07-02", days=3, told_at="2026-07-02", id="e1")
B2 = fact("FeeCharged", "2026-07-02 10:00", amount=1, id="m1")
REASONLESS = card_id("s", "1", ("class_b", "no_reason:e1", "yellow"), 0)
QUIET = shelf(item(promise="", legal="90wd"), policy(answers={}))


def class_b(*told: Told, until: str = "2026-07-14") -> list[str]:
    """The subjects of the cards for an improper act without reason."""
    _, acts = watch([*TAKEN, B1, *told], until, QUIET)
    return [
        act.subject
        for act in acts
        if isinstance(act, CardIssued) and act.subject.startswith("no_reason")
    ]


REVOKED = desk("WithdrawalDecided", "2026-07-06 10:00", REASONLESS)


def test_a_card_withdrawn_by_decision_is_not_issued_again_for_the_same_matter() -> None:
    """Its condition holds as before, and was decided never to have been due."""
    assert class_b(REVOKED, until="2026-09-14") == ["no_reason:e1"]


def test_a_new_violation_of_the_same_kind_gets_a_card_of_its_own() -> None:
    """The decision was about another."""
    denied = fact("DecisionSigned", "2026-07-10", granted=False, id="d1")
    assert class_b(REVOKED, denied) == ["no_reason:e1", "no_reason:d1"]


def test_a_decision_is_about_all_that_the_card_told_of() -> None:
    """Two of a kind that were known when the card was issued went with it."""
    second = fact("ExtensionApproved", "2026-07-02 09:05", days=3, told_at="2026-07-02", id="e2")
    told = ("2026-07-02 09:01", second)
    assert class_b(told, REVOKED, until="2026-09-14") == ["no_reason:e1"]


def test_a_clock_withdrawn_by_decision_is_not_carded_for_that_crossing_again() -> None:
    """However long the case stays open."""
    lines = judged([*TAKEN, ways("WithdrawalDecided", "2026-07-13 10:00")], "2026-08-30")
    assert lines == [
        "2026-07-11 00:00 issued promise_past",
        "2026-07-13 10:01 withdrawn promise_past",
    ]


# The third yellow.


def by_hand(happened: str, id: str = "h1", **fields: Any) -> IssuedByHand:
    """A card by hand on case 1."""
    says = {"severity": "yellow", "department": "区住建局", "by": "li", **fields}
    made = IssuedByHand(id=id, source="s", case_no="1", card="", at=when(happened), **says)
    fields_of = {name: getattr(made, name) for name in made.__struct_fields__}
    return IssuedByHand(**{**fields_of, "card": hand_card_id(made)})


def third(*told: Told) -> bool:
    lines = judged([*TAKEN, *told], "2026-07-13 23:00", shelf(item(legal="90wd"), policy()))
    return any(line.endswith("third_yellow") for line in lines)


def test_three_yellows_that_stand_make_a_red_whoever_issued_them() -> None:
    """Two by hand and one by the clock."""
    assert third(by_hand("2026-07-02", "h1"), by_hand("2026-07-02", "h2"))


@pytest.mark.parametrize(
    "end", [("CardClosed", {}), ("CardTransferred", {"to": "x"}), ("WithdrawalDecided", {})]
)
def test_a_card_that_has_ended_makes_no_third(end: tuple[str, dict[str, Any]]) -> None:
    """Closed, handed on or withdrawn before the third came."""
    first = by_hand("2026-07-02", "h1")
    over = desk(end[0], "2026-07-03", first.card, **end[1])
    assert not third(first, by_hand("2026-07-02 11:00", "h2"), over)


@pytest.mark.parametrize(("said_of_it", "red"), [("B", True), ("B person", False)])
def test_a_proposal_makes_no_third(said_of_it: str, red: bool) -> None:
    """It was not issued; were it, it would."""
    lists = shelf(item(legal="90wd"), policy(classes={**policy().classes, "no_reason": said_of_it}))
    denied = fact("DecisionSigned", "2026-07-02 10:00", granted=False)
    hands = [by_hand("2026-07-02", "h1"), by_hand("2026-07-02", "h2")]
    lines = judged([*TAKEN, denied, *hands], "2026-07-03", lists)
    assert [line.split()[3] for line in lines].count("class_b") == 1
    assert any(line.endswith("third_yellow") for line in lines) == red


# By hand.


def test_a_card_by_hand_is_issued_at_the_instant_of_the_act() -> None:
    """With all that was said, in the colour and the words of the policy, and says why it is."""
    made = by_hand(
        "2026-07-02", severity="red", person="P7", step="审核", law="第七十二条", causes=("x",)
    )
    _, acts = watch([*TAKEN, made], "2026-07-02 12:00", QUIET)
    (card,) = acts
    assert isinstance(card, CardIssued)
    assert (card.card, card.rule, card.at) == (made.card, BY_HAND, when("2026-07-02 09:01"))
    assert (card.department, card.person, card.step) == ("区住建局", "P7", "审核")
    assert (card.law, card.causes) == ("第七十二条", ("x",))
    assert (card.colour, card.label_zh) == ("#D55E00", "红牌")
    assert why(card)[0].startswith("人工发牌")


def test_words_for_a_card_by_hand_do_not_depend_on_its_id() -> None:
    """An id that looks like a violation is none."""
    made = by_hand("2026-07-02", id="no_reason:e1")
    _, acts = watch([*TAKEN, made], "2026-07-02 12:00", QUIET)
    (card,) = [act for act in acts if isinstance(act, CardIssued)]
    assert why(card)[0].startswith("人工发牌")


def test_a_card_by_hand_on_a_concluded_case_keeps_it_under_watch() -> None:
    """Its answers are owed as any others are."""
    made = by_hand("2026-07-20")
    docket, acts = watch([*ENDED, made], "2026-07-20 12:00", LONG)
    assert [line.split()[2:] for line in said(acts)] == [["issued", "by_hand"]]
    assert docket.live
    assert docket.next_at == at("2026-07-22 00:00")
    assert judged([*ENDED, made], "2026-07-24")[1:] == [
        "2026-07-22 00:00 issued acknowledge_past",
        "2026-07-24 00:00 issued explain_past",
    ]


def test_a_case_goes_to_rest_when_the_card_by_hand_is_closed() -> None:
    """Nothing is left that time could change."""
    made = by_hand("2026-07-20")
    story = [
        *ENDED,
        made,
        desk("CardExplained", "2026-07-20 10:00", made.card),
        desk("CardClosed", "2026-07-20 11:00", made.card),
    ]
    docket, _ = watch(story, "2026-07-20 12:00", LONG)
    assert (docket.live, docket.next_at) == (False, NEVER)


@pytest.mark.parametrize("severity", ["violet", "reminder", ""])
def test_a_card_by_hand_of_an_unknown_colour_changes_nothing(severity: str) -> None:
    """In whatever log such an act should stand."""
    docket, acts = watch([*ENDED, by_hand("2026-07-20", severity=severity)], "2026-07-24", LONG)
    assert (docket.cards, acts) == ({}, [])


def test_an_act_by_hand_does_not_lay_claim_to_another_card() -> None:
    """Only to the one that judgement issues for it."""
    fields = {"id": "h1", "source": "s", "case_no": "1", "severity": "yellow", "department": "局"}
    made = IssuedByHand(card=YELLOW, at=when("2026-07-02"), **fields)
    assert judged([*TAKEN, made], "2026-07-12") == ["2026-07-11 00:00 issued promise_past"]


def test_a_card_by_hand_needs_no_rule_of_its_colour() -> None:
    """Under a policy without any it is issued all the same, in the usual colour and words."""
    own: PolicyPublished = policy(rules=())
    docket, acts = watch([*TAKEN, by_hand("2026-07-02")], "2026-07-03", shelf(item(), own))
    (issued,) = (act for act in acts if isinstance(act, CardIssued))
    assert ("by_hand", "黄牌", "#F0E442") == (issued.rule, issued.label_zh, issued.colour)
    assert [card.state for card in docket.cards.values()] == [STANDING]


def test_a_card_by_hand_is_not_taken_back_by_a_change_of_the_policy() -> None:
    """What a supervisor found does not end because the colours did."""
    own = policy(version="2", rules=(), applies_to_running=True, effective=date(2026, 7, 6))
    lists = shelf(item(promise=""), policy())
    lists.add(Entry(900, at("2026-07-06"), own))
    docket, acts = watch([*TAKEN, by_hand("2026-07-02")], "2026-07-10", lists)
    lines = [line for line in said(acts) if line.endswith("by_hand")]
    assert lines == ["2026-07-02 09:01 issued by_hand"]
    assert docket.cards[by_hand("2026-07-02").card].state == STANDING


def test_a_card_by_hand_may_be_withdrawn_and_is_not_issued_again() -> None:
    """By an appeal or by a decision."""
    made = by_hand("2026-07-02")
    for over in (
        [desk("WithdrawalDecided", "2026-07-03", made.card)],
        [
            desk("CardAppealed", "2026-07-03", made.card),
            desk("AppealDecided", "2026-07-03 11:00", made.card, upheld=True),
        ],
    ):
        docket, acts = watch([*TAKEN, made, *over], "2026-07-09", QUIET)
        assert [line.split()[2] for line in said(acts)] == ["issued", "withdrawn"]
        assert docket.cards[made.card].state == WITHDRAWN


# What is kept of it.


def test_a_case_that_was_packed_away_is_what_it_was() -> None:
    """Every field of its cards: orders, earlier rounds, who answered, what was said by hand."""
    made = by_hand("2026-07-02", person="P7", causes=("x", "y"))
    story: list[Told] = [
        *TAKEN,
        made,
        *rounds(2),
        desk("CardAppealed", "2026-07-03", made.card, by="zhang"),
        desk("AppealReferred", "2026-07-04", made.card, to="市局"),
    ]
    docket, _ = watch(story, "2026-07-20", LONG)
    kept = docket.cards[made.card]
    assert kept.hand
    assert kept.past
    assert kept.answerers == ("zhang",)
    assert unpack(pack(docket)).cards == docket.cards


def test_a_yellow_that_only_warned_owes_nothing_once_it_lapsed() -> None:
    """Where yellow means about to expire: the case was decided in time, the matter is over."""
    near = policy().rules[0]
    warning = policy(
        rules=(
            type(near)(
                code="promise_near", on="promise", severity="yellow", colour="", label_zh="黄牌",
                label_en="", left="2wd",
            ),
            *(rule for rule in policy().rules if rule.code.startswith("explain")),
        )
    )  # fmt: skip
    done: list[Fact] = [
        fact("DecisionSigned", "2026-07-10", granted=False, texts=("reason",)),
        fact("CaseConcluded", "2026-07-10 10:00", result="其他"),
    ]
    _, acts = watch([*TAKEN, *done], "2026-09-01", shelf(item(legal="90wd"), warning))
    assert [line.split()[2:] for line in said(acts)] == [
        ["issued", "promise_near"],
        ["lapsed", "promise_near"],
    ]
