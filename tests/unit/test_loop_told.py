"""A card's loop as a case's page tells it: stages, acts and reasons in both languages."""

from __future__ import annotations

import pytest

from dashboards.words import CARD_STATES, KINDS_EN
from replay.telling import tell
from replay.words import what
from supervision.acts import CARD_ACTS, DESK_ACTS, ZH, CardWithdrawn
from supervision.judgement.shelf import Shelf
from supervision.loop.stage import STAGES_ZH, Stage
from supervision.streams import cards_stream, desk_stream, facts_stream
from tests.court import at, fact, shelf, when
from tests.loops import CARD, DISPUTE, HAND, WAYS, act, issued
from tests.memorylog import MemoryLog

LISTS: Shelf = shelf()
TOLD = sorted(set(Stage) - {Stage.ASKED})


def log_of(*story: object) -> MemoryLog:
    """A case of one fact, and acts in order, each a second after the last."""
    log = MemoryLog()
    log.put(at("2026-02-25"), [(facts_stream("s", "1"), fact("ApplicationReceived", "2026-02-25"))])
    for second, each in enumerate(story):
        name = type(each).__name__
        stream = (cards_stream if name in CARD_ACTS else desk_stream)("s", "1")
        log.put(at("2026-03-02") + second * 1_000_000, [(stream, each)])  # type: ignore[list-item]
    return log


@pytest.mark.parametrize("stage", TOLD)
def test_the_page_tells_where_a_card_stands(stage: Stage) -> None:
    """By the same function by which moves are allowed."""
    told = tell(log_of(*WAYS[stage]).case("s", "1"), LISTS, at("2026-03-31"))
    assert told
    assert [card.state for card in told.cards] == [stage]


def test_a_dispute_is_told_before_the_stage() -> None:
    """It is what a supervisor has to see."""
    told = tell(log_of(issued(), DISPUTE).case("s", "1"), LISTS, at("2026-03-31"))
    assert told
    assert [card.state for card in told.cards] == ["disputed"]


def test_a_card_that_is_only_asked_for_is_no_card_yet() -> None:
    """The act is among the entries."""
    told = tell(log_of(HAND).case("s", "1"), LISTS, at("2026-03-31"))
    assert told
    assert told.cards == ()
    assert [entry.zh for entry in told.entries] == ["收件", "人工发牌"]


def test_every_stage_and_every_act_has_its_words() -> None:
    """In the tables of the wall and of the core, in both languages."""
    assert set(Stage) <= set(CARD_STATES)
    assert {CARD_STATES[stage][0] for stage in Stage} <= {*STAGES_ZH.values(), "已反馈"}
    acts = {*CARD_ACTS, *DESK_ACTS}
    assert acts == set(ZH)
    assert acts <= set(KINDS_EN)


@pytest.mark.parametrize("name", sorted(DESK_ACTS))
def test_an_act_says_which_card_and_what_was_decided(name: str) -> None:
    """Whatever it is, and that it was moot where it was."""
    made = act(name)
    zh, en = what(made)
    assert made.card in zh
    assert made.card in en
    moot = act(name, moot=True)
    assert what(moot) == (f"{zh}（牌已撤，不生效）", f"{en}, moot: the card had been withdrawn")


@pytest.mark.parametrize(
    ("name", "says", "words"),
    [
        ("SupervisionOrdered", {"number": 3}, ("第3次", "no. 3")),
        ("CardTransferred", {"to": "纪委"}, ("→ 纪委", "→ 纪委")),
        ("AppealReferred", {}, ("", "")),
        ("ProposalDecided", {"issued": False}, ("不予发牌", "declined")),
        ("IssuedByHand", {"department": "区住建局"}, ("区住建局", "区住建局")),
    ],
)
def test_the_particulars_of_the_loop_are_told(
    name: str, says: dict[str, object], words: tuple[str, str]
) -> None:
    """The number of an order, to whom, what was decided."""
    made = act(name, **says)
    assert what(made) == tuple(f"{made.card} {word}".strip() for word in words)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("by_supervisor", ("监察机关决定撤销", "by supervisor")),
        ("proposal_declined", ("不予发牌", "proposal declined")),
        ("never_due", ("不应发牌", "never due")),
    ],
)
def test_why_a_card_was_withdrawn_is_told(reason: str, words: tuple[str, str]) -> None:
    """By a decision of whatever kind, or because it never was due."""
    made = CardWithdrawn(source="s", case_no="1", card=CARD, at=when("2026-03-05"), reason=reason)
    assert what(made) == tuple(f"{CARD} {word}" for word in words)
