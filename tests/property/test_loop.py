"""The loop, walked at random: what is allowed is done, all else refused, and nothing raises."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from projections.packing import unpack
from projections.watch import Watch, drawer_of
from supervision.acts import CARD_ACTS, DESK_ACTS, CardAct, DeskAct, IssuedByHand
from supervision.facts import Fact, Instant, instant
from supervision.fold import Folded
from supervision.judgement.cards import (
    NO_CARDS,
    Card,
    Cards,
    answer_windows,
    card_id,
    hand_card_id,
    moment,
    with_act,
    with_answer,
)
from supervision.loop.commands import Known, LoopRefused, MoveUnfit, SamePerson, decide
from supervision.loop.stage import DEPARTMENT, ONCE_OVER, Stage, moves, stage_of
from tests.court import FLOW, at, fact, item
from tests.histories import bundled_some
from tests.loops import CHOICES, act
from tests.memorylog import DAY, SECOND, MemoryLog, stream_of

SOME = settings(max_examples=80, deadline=None, database=None, derandomize=True)
FEWER = settings(SOME, max_examples=40)
SEEDS = st.integers(0, 1_000_000)
IDENTITIES = (
    ("promise_past", "", "yellow"),
    ("class_b", "no_reason:e1", "yellow"),
    ("class_b", "late_entry:f1", "yellow"),
    ("by_hand", "h1", "red"),
    ("made_up", ":", "violet"),
)
CARDS = [card_id("s", "1", identity, cycle) for identity in IDENTITIES for cycle in (0, 1)]
TEXTS = st.sampled_from(("", "zhang", "li", "h1", "no_reason:e1", "x" * 500, "\n"))
NUMBERS = st.sampled_from((-1, 0, 1, 2, 10**12))
TIMES = st.integers(at("2026-02-01"), at("2026-04-01")).map(moment)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": TEXTS,
    "source": st.just("s"),
    "case_no": st.just("1"),
    "card": st.sampled_from(CARDS),
    "at": TIMES,
    "crossed_at": TIMES,
    "by": TEXTS,
    "to": TEXTS,
    "rule": st.sampled_from([identity[0] for identity in IDENTITIES]),
    "subject": st.sampled_from([identity[1] for identity in IDENTITIES]),
    "severity": st.sampled_from(("yellow", "red", "reminder", "violet", "")),
    "department": TEXTS,
    "number": NUMBERS,
    "rung": NUMBERS,
    "cycle": NUMBERS,
    "colour": st.just(""),
    "label_zh": st.just(""),
    "label_en": st.just(""),
    "upheld": st.booleans(),
    "accepted": st.booleans(),
    "issued": st.booleans(),
    "removed": st.booleans(),
    "moot": st.booleans(),
    "proposed": st.booleans(),
    "history": st.booleans(),
}
"""Of any act whatever; the other fields as they are by default."""


def made(kind: type[CardAct | DeskAct]) -> st.SearchStrategy[CardAct | DeskAct]:
    fields = {name: FIELDS[name] for name in kind.__struct_fields__ if name in FIELDS}
    return st.builds(kind, **fields)


ANY_ACT = st.one_of([made(kind) for kind in (*CARD_ACTS.values(), *DESK_ACTS.values())])


@SOME
@given(st.lists(ANY_ACT, max_size=40), st.booleans())
def test_no_act_in_any_order_makes_the_fold_raise(
    story: list[CardAct | DeskAct], numbered: bool
) -> None:
    """Nor what is asked of a card afterwards; cards by hand under their own number or another."""
    cards: Cards = NO_CARDS
    for stamp, each in enumerate(story, at("2026-03-01")):
        told = each
        if isinstance(told, IssuedByHand) and numbered:
            told = replace(told, card=hand_card_id(told))
        answers = isinstance(told, DeskAct)
        cards = with_answer(cards, told, stamp) if answers else with_act(cards, told)  # type: ignore[arg-type]
        for card in cards.values():
            assert isinstance(stage_of(card), Stage)
            assert all(start >= 0 and stop >= 0 for _, start, stop in answer_windows(card))
            assert is_offered_rightly(card)


def is_offered_rightly(card: Card) -> bool:
    """A card that was not issued, or is no more, has no moves but the decision about a proposal."""
    names = {kind.__name__ for kind in moves(card)}
    if card.state in ("proposed", "asked", "withdrawn", "transferred"):
        return names <= {"ProposalDecided"}
    return "ProposalDecided" not in names


@SOME
@given(st.lists(ANY_ACT, max_size=12), SEEDS)
def test_the_watch_halts_for_no_desk_act_and_judges_it_the_same_read_back(
    story: list[CardAct | DeskAct], seed: int
) -> None:
    """Whatever stands in a case's desk: the case goes on, and a new watch derives the same acts."""
    random = Random(seed)
    log = MemoryLog()
    log.put(at("2026-01-05"), [(stream_of(e), e) for e in (*bundled_some(), item(steps=FLOW))])
    watch = Watch(log.case)
    stamp = at("2026-02-02")
    inputs: list[Fact | DeskAct] = [a for a in story if isinstance(a, DeskAct)]
    inputs += [
        fact("ApplicationReceived", "2026-02-02", id="f1"),
        fact("CaseAccepted", "2026-02-02 10:00", id="f2"),
        fact("ExtensionApproved", "2026-02-03", days=3, told_at="2026-02-03", id="e1"),
    ]
    random.shuffle(inputs)
    for told in inputs:
        stamp += random.randrange(SECOND, 6 * DAY)
        tell(log, watch, stamp, told)
    watch.tick(stamp + 90 * DAY)
    write(log, watch, stamp + 90 * DAY)
    again = Watch(log.case)
    again.take(log.read(0))
    again.tick(stamp + 90 * DAY)
    assert watch.halted == again.halted == {}
    assert again.pending() == []


def tell(log: MemoryLog, watch: Watch, stamp: Instant, told: Fact | DeskAct) -> None:
    """One input, judged and its acts written at once."""
    log.put(stamp, [(stream_of(told), told)])
    watch.take(log.read(watch.position))
    write(log, watch, stamp + 1)


def write(log: MemoryLog, watch: Watch, stamp: Instant) -> None:
    writings = watch.pending()
    if writings:
        log.put(stamp, [(w.stream, each) for w in writings for each in w.acts])
        watch.written(writings)
    watch.take(log.read(watch.position))


PEOPLE = ("zhang", "wang", "li", "zhao", "qian")


class Walk:
    """A case whose cards are answered at random, as a desk would: decide, record, judge."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.log = MemoryLog()
        first = (*bundled_some(), item(steps=FLOW, legal="90wd"))
        self.log.put(at("2026-01-05"), [(stream_of(event), event) for event in first])
        self.watch = Watch(self.log.case)
        self.now = at("2026-02-02")
        for told in (
            fact("ApplicationReceived", "2026-02-02", id="f1"),
            fact("CaseAccepted", "2026-02-02 10:00", id="f2"),
            fact("SpecialProcedureStarted", "2026-02-03", kind="testing", id="p1"),
            fact("ExtensionApproved", "2026-02-04", days=3, told_at="2026-02-04", id="e1"),
        ):
            self.now = max(self.now, instant(told.occurred_at) + SECOND)
            tell(self.log, self.watch, self.now, told)
        if self.random.random() < 0.5:
            self.now += SECOND
            tell(self.log, self.watch, self.now, act("IssuedByHand", when=moment(self.now)))

    def known(self) -> Known:
        """What is decided on: the case as the log tells it."""
        folded = Folded(self.log.case("s", "1"))
        return Known(folded.cards, frozenset(known.fact.id for known in folded.facts))

    def draft(self, kind: type[DeskAct], card: Card, number: int) -> DeskAct:
        """An act by somebody who may make it, if there is anybody."""
        free = [one for one in PEOPLE if one not in card.answerers] or [PEOPLE[0]]
        says = dict(CHOICES.get(kind.__name__, {}))
        for decision in ("upheld", "accepted", "issued", "removed"):
            if decision in says:
                says[decision] = self.random.random() < 0.5
        who = self.random.choice(PEOPLE[:3] if kind in DEPARTMENT else free)
        says |= {"card": card.card, "by": who, "when": moment(self.now)}
        return act(kind.__name__, id=f"a{number}", **says)

    def step(self, number: int) -> Iterator[tuple[Card, DeskAct, list[DeskAct] | LoopRefused]]:
        """Time passes, then each move is tried with some card; one that is allowed is done."""
        self.now += self.random.randrange(SECOND, 3 * DAY)
        self.watch.tick(self.now)
        write(self.log, self.watch, self.now)
        known = self.known()
        if not known.cards:
            return
        card = self.random.choice(list(known.cards.values()))
        accepted = []
        for kind in DESK_ACTS.values():
            if kind is IssuedByHand:
                continue
            draft = self.draft(kind, card, number)
            try:
                acts = decide(known, draft, {"reason": "已核实"})
            except LoopRefused as refused:
                yield card, draft, refused
            else:
                yield card, draft, acts
                accepted.append(acts)
        if accepted:
            chosen = self.random.choice(accepted)
            self.now += 2
            self.log.put(self.now, [(stream_of(each), each) for each in chosen])
            self.watch.take(self.log.read(self.watch.position))
            write(self.log, self.watch, self.now + 1)
            self.now += 2


@FEWER
@given(SEEDS)
def test_what_moves_offers_is_accepted_and_nothing_else_is(seed: int) -> None:
    """From wherever the walk has come; an answer to a withdrawn card is moot."""
    walk = Walk(seed)
    for number in range(25):
        for card, draft, outcome in walk.step(number):
            kind = type(draft)
            if kind in moves(card):
                barred = kind in ONCE_OVER and draft.by in card.answerers
                assert isinstance(outcome, SamePerson if barred else list)
            elif stage_of(card) == Stage.WITHDRAWN and kind in DEPARTMENT:
                assert isinstance(outcome, list)
                assert [each.moot for each in outcome] == [True]
            else:
                assert isinstance(outcome, MoveUnfit)
    assert walk.watch.halted == {}


@FEWER
@given(SEEDS)
def test_whoever_reads_the_log_sees_the_cards_that_the_watch_has(seed: int) -> None:
    """At every turn: what was decided on is what is judged."""
    walk = Walk(seed)
    for number in range(20):
        for _ in walk.step(number):
            pass
        (filed,) = walk.watch.filed(drawer_of(("s", "1")))
        assert walk.known().cards == unpack(filed.packed).cards


def test_the_walks_come_everywhere() -> None:
    """The properties are not empty: every stage is seen, every move is made."""
    seen: set[str] = set()
    made: set[str] = set()
    for seed in range(60):
        walk = Walk(seed)
        for number in range(25):
            for card, draft, outcome in walk.step(number):
                seen.add(stage_of(card))
                if isinstance(outcome, list):
                    made.add(type(draft).__name__)
    assert set(Stage) - {Stage.ASKED, Stage.LAPSED} <= seen
    assert set(DESK_ACTS) - {"IssuedByHand", "DisputeVerified"} <= made
