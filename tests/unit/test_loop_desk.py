"""What people do about cards reaches the log once, whoever else is at the desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from supervision.acts import CardAcknowledged, DeskAct, RectificationVerified
from supervision.clock import SteppedClock
from supervision.errors import StreamConflict
from supervision.fold import Folded
from supervision.judgement.cards import hand_card_id
from supervision.loop.commands import IdUsed, LoopRefused, MoveUnfit, NoSuchCard, NoSuchCase
from supervision.loop.desk import TRIES, Desk, Draft
from supervision.loop.stage import Stage, stage_of
from supervision.record import Incoming, Record
from supervision.store.stored import Stored
from supervision.streams import cards_stream, desk_stream
from tests.court import at, fact
from tests.loops import CARD, CHIEF, CLERK, DEPUTY, HAND, OTHER, WAYS, act, issued

NOW = "2026-03-09"
WHY = {"reason": "已核实"}
DESK = desk_stream("s", "1")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """A case with a card that somebody explained."""
    made = Record(tmp_path, SteppedClock(at(NOW)))
    made.append_facts([Incoming(fact("ApplicationReceived", "2026-02-25"), {})])
    made.append(cards_stream("s", "1"), [issued()], 0)
    made.append(DESK, [act("CardExplained")], 0)
    yield made
    made.close()


def draft(name: str, **fields: Any) -> Draft:
    """An act as it is asked for, at whatever time the log has."""
    return lambda now: act(name, when=now, **fields)


def on_record(record: Record) -> list[DeskAct]:
    """The acts behind the explanation."""
    return [each.event for each in record.read_stream(DESK)[1:]]


def stage(record: Record) -> Stage:
    return stage_of(Folded(record.read_case("s", "1")).cards[CARD])


REPORTING = draft("RectificationReported", id="r1", by=CLERK)


def test_an_act_is_recorded_with_its_time_its_person_and_its_reason_in_the_vault(
    record: Record,
) -> None:
    """In the case's own stream; the words are not in the log."""
    (done,) = Desk(record).do(REPORTING, {"reason": "  现场已整改  "})
    assert on_record(record) == [done]
    assert (done.by, done.via, done.texts) == (CLERK, "desk", ("reason",))
    assert record.texts(done) == {"reason": "现场已整改"}
    assert done.at.timestamp() * 1_000_000 <= record.last_stamp()
    assert "现场".encode() not in record.read_stream(DESK)[-1].payload
    assert stage(record) == Stage.REPORTED


def test_what_was_asked_for_twice_is_done_once(record: Record) -> None:
    """The second answer is the first act as it stands, though the card stands elsewhere now."""
    desk = Desk(record)
    first = desk.do(REPORTING, WHY)
    assert desk.do(REPORTING, {"reason": "另一次"}) == first == on_record(record)


def test_an_order_that_follows_is_recorded_with_the_act_and_given_again_with_it(
    record: Record,
) -> None:
    """All of it or nothing, also the second time."""
    desk = Desk(record)
    desk.do(REPORTING, WHY)
    refused = draft("RectificationVerified", id="v1", accepted=False)
    acts = desk.do(refused, WHY)
    assert [type(each).__name__ for each in acts] == ["RectificationVerified", "SupervisionOrdered"]
    assert desk.do(refused, WHY) == acts == on_record(record)[1:]
    assert [record.texts(each) for each in acts] == [WHY, WHY]
    assert stage(record) == Stage.ORDERED


@pytest.mark.parametrize(
    "other",
    [
        draft("CardTransferred", id="r1", by=CHIEF),
        draft("RectificationReported", id="r1", by=OTHER),
        draft("RectificationReported", id="r1", by=CLERK, card="X" * 20),
    ],
    ids=["another act", "another person", "another card"],
)
def test_an_id_stands_for_one_act(record: Record, other: Draft) -> None:
    """Nobody is told that something was done which was not."""
    Desk(record).do(REPORTING, WHY)
    with pytest.raises(IdUsed):
        Desk(record).do(other, WHY)
    assert len(on_record(record)) == 1


def test_an_order_of_ones_own_does_not_pass_for_the_verification_it_is_named_after(
    record: Record,
) -> None:
    """Ids may look alike."""
    desk = Desk(record)
    desk.do(draft("SupervisionOrdered", id="v1-order"), WHY)
    desk.do(REPORTING, WHY)
    done = desk.do(draft("RectificationVerified", id="v1", by=DEPUTY), WHY)
    assert isinstance(done[0], RectificationVerified)
    assert stage(record) == Stage.CLOSED


def test_an_answer_to_a_card_withdrawn_meanwhile_is_recorded_as_moot(record: Record) -> None:
    """And changes nothing (domain: 7)."""
    withdrawn = WAYS[Stage.WITHDRAWN][-1]
    record.append(cards_stream("s", "1"), [withdrawn], 1)
    (done,) = Desk(record).do(REPORTING, WHY)
    assert done.moot
    assert on_record(record) == [done]
    assert stage(record) == Stage.WITHDRAWN


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (draft("CardAcknowledged"), MoveUnfit),
        (draft("RectificationReported", card="NONE"), NoSuchCard),
        (draft("RectificationReported", case_no="2"), NoSuchCard),
        (draft("IssuedByHand", source="elsewhere"), NoSuchCase),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    record: Record, asked: Draft, error: type[LoopRefused]
) -> None:
    """The log is as it was."""
    head = record.head()
    with pytest.raises(error):
        Desk(record).do(asked, WHY)
    assert record.head() == head


def test_a_card_by_hand_is_asked_for_under_the_number_it_will_have(record: Record) -> None:
    """And once, asked for again."""
    asked = draft("IssuedByHand", id=HAND.id, causes=("ApplicationReceived-2026-02-25",))
    (done,) = Desk(record).do(asked, WHY)
    assert done.card == hand_card_id(HAND) == HAND.card
    assert Desk(record).do(asked, WHY) == [done]
    cards = Folded(record.read_case("s", "1")).cards
    assert stage_of(cards[done.card]) == Stage.ASKED


# Several at the desk.


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """What comes of each, an error included; all begin together."""
    gate = Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        gate.wait(10)
        try:
            return task()
        except LoopRefused as refused:
            return refused

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_the_same_act_of_two_at_once_is_one_event(record: Record) -> None:
    """A press of a button that was doubled, by way of two processes."""
    first, second = at_once(*[lambda: Desk(record).do(REPORTING, WHY)] * 2)
    assert first == second == on_record(record)


def test_of_two_different_decisions_at_once_one_holds_and_the_other_is_told_why(
    record: Record,
) -> None:
    """Whichever came first."""
    close = draft("CardClosed", id="c1", by=CHIEF)
    report = draft("RectificationReported", id="r2", by=OTHER)
    results = at_once(*(lambda d=d: Desk(record).do(d, WHY) for d in (close, report)))
    refused = [each for each in results if isinstance(each, MoveUnfit)]
    (done,) = [each for each in results if not isinstance(each, LoopRefused)]
    assert len(refused) == 1
    assert on_record(record) == done


class Overtaken(Record):
    """Another writes to the case's desk each time somebody has just read it."""

    times = 0

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        found = super().read_case(source, case_no)
        if self.times:
            self.times -= 1
            end = self.version(DESK)
            self.append(DESK, [act("CardAcknowledged", id=f"other-{end}")], end)
        return found


@pytest.fixture
def overtaken(record: Record, tmp_path: Path) -> Iterator[Overtaken]:
    made = Overtaken(tmp_path, SteppedClock(at(NOW)))
    yield made
    made.close()


def test_who_is_overtaken_tries_again_on_what_stands_there_then(overtaken: Overtaken) -> None:
    """As often as it takes, within reason."""
    overtaken.times = TRIES - 1
    (done,) = Desk(overtaken).do(REPORTING, WHY)
    assert on_record(overtaken)[-1] == done
    assert sum(isinstance(each, CardAcknowledged) for each in on_record(overtaken)) == TRIES - 1


def test_who_is_overtaken_for_ever_is_told(overtaken: Overtaken) -> None:
    """And nothing of it was recorded."""
    overtaken.times = TRIES
    with pytest.raises(StreamConflict):
        Desk(overtaken).do(REPORTING, WHY)
    assert not any(each.id == "r1" for each in on_record(overtaken))


def test_each_try_asks_for_the_act_at_the_time_of_the_log(overtaken: Overtaken) -> None:
    """The act says when it was done, not when it was first tried."""
    overtaken.times = 2
    asked: list[datetime] = []

    def drafted(now: datetime) -> DeskAct:
        asked.append(now)
        return REPORTING(now)

    (done,) = Desk(overtaken).do(drafted, WHY)
    assert len(asked) == 3
    assert asked == sorted(asked)
    assert done.at == asked[-1]
