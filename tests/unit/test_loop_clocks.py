"""The answer clocks that people are shown are those by which they are judged."""

from __future__ import annotations

import pytest

from supervision.acts import CardIssued, DeskAct
from supervision.facts import Instant, instant
from supervision.judgement.cards import card_id
from supervision.loop.clocks import AnswerClock, answer_clocks, is_owed
from supervision.loop.stage import Stage
from tests.court import Told, at, desk, fact, item, policy, shelf, watch
from tests.loops import card_in

YELLOW = card_id("s", "1", ("promise_past", "", "yellow"), 0)
LISTS = shelf(item(legal="90wd"), policy())
TAKEN: list[Told] = [
    fact("ApplicationReceived", "2026-07-01"),
    fact("CaseAccepted", "2026-07-01 10:00"),
]
EXPLAINED = desk("CardExplained", "2026-07-13 10:00", YELLOW)
REPORTED = desk("RectificationReported", "2026-07-14 10:00", YELLOW)
ORDERED = desk("SupervisionOrdered", "2026-07-14 10:00", YELLOW, number=1)
APPEALED = desk("CardAppealed", "2026-07-13 10:00", YELLOW)
REFERRED = desk("AppealReferred", "2026-07-14 10:00", YELLOW)


def running(*answers: DeskAct, until: str = "2026-07-14 12:00") -> list[AnswerClock]:
    """The clocks of the yellow card that run."""
    docket, _ = watch([*TAKEN, *answers], until, LISTS)
    clocks = answer_clocks(docket.cards[YELLOW], LISTS.view(at(until)), "s", at(until))
    assert is_owed(docket.cards[YELLOW]) == any(clock.stop is None for clock in clocks)
    return [clock for clock in clocks if clock.stop is None]


def missed(*answers: DeskAct, kind: str) -> tuple[Instant, int]:
    """When the card for a missed answer is issued, and for which rung."""
    _, acts = watch([*TAKEN, *answers], "2026-09-30", LISTS)
    (card,) = [
        act
        for act in acts
        if isinstance(act, CardIssued)
        and (act.rule, act.subject.partition(":")[0]) == (f"{kind}_past", YELLOW)
    ]
    return instant(card.at), card.rung


@pytest.mark.parametrize(
    ("answers", "kind", "owed_by"),
    [
        ((), "explain", "department"),
        ((EXPLAINED,), "rectify", "department"),
        ((EXPLAINED, ORDERED), "rectify", "department"),
        ((EXPLAINED, REPORTED), "verify", "supervisor"),
        ((APPEALED,), "decide", "supervisor"),
        ((APPEALED, REFERRED), "decide", "supervisor"),
    ],
    ids=["issued", "explained", "ordered", "reported", "appealed", "referred"],
)
def test_a_clock_ends_when_the_card_for_missing_it_is_issued_and_names_its_rung(
    answers: tuple[DeskAct, ...], kind: str, owed_by: str
) -> None:
    """One at a time, by the one whose turn it is."""
    (clock,) = [clock for clock in running(*answers) if clock.kind != "acknowledge"]
    assert (clock.kind, clock.owed_by) == (kind, owed_by)
    assert (clock.ends_at, clock.rung) == missed(*answers, kind=kind)


@pytest.mark.parametrize(
    "stage",
    [
        Stage.ASKED,
        Stage.PROPOSED,
        Stage.CLOSED,
        Stage.LAPSED,
        Stage.WITHDRAWN,
        Stage.TRANSFERRED,
    ],
)
def test_nobody_owes_an_answer_to_a_card_that_was_not_issued_or_has_ended(stage: Stage) -> None:
    """Asked for, proposed, closed, lapsed, withdrawn, handed on."""
    card = card_in(stage)
    clocks = answer_clocks(card, LISTS.view(at("2026-07-14")), "s", at("2026-07-14"))
    assert not is_owed(card)
    assert [clock for clock in clocks if clock.stop is None] == []
