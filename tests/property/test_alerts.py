"""Whatever happens, in whatever order: nobody is told twice, late or at night, and none is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alerts.ledger import Kept, Ledger
from supervision.acts import CardLapsed, CardWithdrawn
from supervision.judgement.shelf import Entry
from supervision.notices import CardNotTold, CardTold, MessageFailed, MessageGivenUp
from supervision.streams import cards_stream
from tests.alerting import Town, card, contact
from tests.court import CHINA, when

BEGIN = when("2026-03-16 09:00")
DEPARTMENTS = ("市住建局", "市水利局", "市文旅局")
SEVERITIES = ("reminder", "yellow", "red")
PEOPLE = [
    contact("clerk", 0, departments=DEPARTMENTS[:1], channels=("sms", "mail")),
    contact("clerk2", 0, departments=DEPARTMENTS[1:2]),
    contact("head", 1, departments=DEPARTMENTS[:2], channels=("mail", "sms")),
    contact("chief", 2, quiet_red=True),
    contact("inspector", 3, channels=("sms",), digest=True, operator=True),
]

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("issue"),
            st.tuples(
                st.sampled_from(DEPARTMENTS),
                st.sampled_from(SEVERITIES),
                st.integers(0, 5),
                st.sampled_from(("promise", "legal", "step")),
                st.integers(0, 3),
            ),
        ),
        st.tuples(st.just("acknowledge"), st.integers(0, 30)),
        st.tuples(st.just("end"), st.integers(0, 30)),
        st.tuples(st.just("pass"), st.integers(1, 60 * 40)),
        st.tuples(st.just("accept"), st.sampled_from(("mail", "sms"))),
        st.tuples(st.just("refuse"), st.sampled_from(("mail", "sms"))),
        st.tuples(st.just("silence"), st.integers(10, 3_000)),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=25,
)
"""Minutes, cards by number, channels."""


class Story:
    """A town in which these things happen."""

    def __init__(self, *, restarts: bool = True) -> None:
        self.town = Town(PEOPLE, ("mail", "sms"))
        self.town.go(BEGIN)
        self.restarts = restarts
        self.cards: list[Any] = []
        self.over: dict[str, int] = {}
        """When a card was acknowledged or over, by card."""

    def tell(self, steps: list[tuple[str, Any]]) -> Story:
        for name, what in steps:
            getattr(self, f"_{name}")(what)
            self.town.run()
        return self

    def _issue(self, what: tuple[str, str, int, str, int]) -> None:
        department, severity, case, clock, rung = what
        issued = card(
            f"c{case}",
            severity,
            at=f"{self.town.now:%Y-%m-%d %H:%M:%S}",
            clock=clock,
            department=department,
            rung=rung,
            card=f"K{len(self.cards)}",
        )
        self.cards.append(issued)
        self.town.issue(issued)

    def _acknowledge(self, number: int) -> None:
        if number < len(self.cards):
            self.town.acknowledge(self.cards[number])
            self.over.setdefault(self.cards[number].card, self.town.stamp)

    def _end(self, number: int) -> None:
        if number < len(self.cards):
            issued = self.cards[number]
            kind = CardLapsed if number % 2 else CardWithdrawn
            act = kind(
                source=issued.source, case_no=issued.case_no, card=issued.card, at=self.town.now
            )
            self.town.put([(cards_stream(issued.source, issued.case_no), act)])
            self.over.setdefault(issued.card, self.town.stamp)

    def _pass(self, minutes: int) -> None:
        self.town.live(self.town.now + timedelta(minutes=minutes))

    def _accept(self, channel: str) -> None:
        self.town.accept(channel)

    def _refuse(self, channel: str) -> None:
        self.town.refuse(channel)

    def _silence(self, minutes: int) -> None:
        until = self.town.now + timedelta(minutes=minutes)
        self.town.silence(
            f"{until:%Y-%m-%d %H:%M}",
            silence=f"s{self.town.stamp}",
            department=DEPARTMENTS[minutes % 3],
        )

    def _restart(self, _: None) -> None:
        if self.restarts:
            self.town.restart()


def failed(town: Town) -> set[str]:
    """Messages that came to nothing."""
    return {
        event.message
        for stored in town.log.stored
        if isinstance(event := stored.event, MessageFailed | MessageGivenUp)
    }


def recorded(town: Town) -> list[tuple[int, CardTold]]:
    """Who was told, and when that was recorded."""
    return [
        (stored.recorded_at, event)
        for stored in town.log.stored
        if isinstance(event := stored.event, CardTold)
    ]


@given(STEPS)
def test_nobody_is_told_twice_of_the_same_card_by_the_same_way(
    steps: list[tuple[str, Any]],
) -> None:
    """But where the first message failed, and then by another channel."""
    town = Story().tell(steps).town
    ways = [(e.card, e.person, e.channel) for _, e in recorded(town)]
    assert len(ways) == len(set(ways))


@given(STEPS)
def test_nobody_is_told_of_what_was_acknowledged_or_is_over(
    steps: list[tuple[str, Any]],
) -> None:
    """Acknowledged is acknowledged, for everybody."""
    story = Story().tell(steps)
    late = [e for at, e in recorded(story.town) if at > story.over.get(e.card, at)]
    assert [] == late


@given(STEPS)
def test_at_night_and_on_holidays_only_red_is_told(steps: list[tuple[str, Any]]) -> None:
    """And not even that to who wants quiet."""
    story = Story().tell(steps)
    gravity = {each.card: each.severity for each in story.cards}
    for at, event in recorded(story.town):
        moment = datetime.fromtimestamp(at / 1_000_000, CHINA)
        works = moment.weekday() < 5 and "08:30" <= f"{moment:%H:%M}" < "18:00"
        assert works or (gravity[event.card] == "red" and event.person != "chief")


@given(STEPS)
def test_in_the_end_of_every_card_each_rung_was_told_or_it_is_known_why_not(
    steps: list[tuple[str, Any]],
) -> None:
    """A month later, with gateways that work, nothing is left open."""
    story = Story().tell(steps)
    town = story.town
    for _ in range(12):
        town.live(town.now + timedelta(days=3))
        town.accept("mail")
        town.accept("sms")
    town.run()
    bad = failed(town)
    for issued in story.cards:
        notices = [e for e in town.notices(issued) if isinstance(e, CardTold | CardNotTold)]
        assert notices
        own = [e for e in notices if e.rung >= min(issued.rung, 3)]
        final = [e for e in own if isinstance(e, CardNotTold) or e.message not in bad]
        assert final
        assert town.next_of(issued) is None


@given(STEPS)
def test_who_starts_again_decides_the_same(steps: list[tuple[str, Any]]) -> None:
    """Nothing is remembered but what stands in the log."""
    with_restarts = Story().tell(steps).town.log.stored
    without = Story(restarts=False).tell(steps).town.log.stored
    assert [(s.stream, s.topic, s.payload) for s in without] == [
        (s.stream, s.topic, s.payload) for s in with_restarts
    ]


@given(STEPS)
def test_a_ledger_that_was_kept_is_the_one_that_the_log_makes(
    steps: list[tuple[str, Any]],
) -> None:
    """Kept, put back and gone on with: the same decisions."""
    town = Story(restarts=False).tell(steps).town
    town.ledger.take(town.log.stored)
    written = msgspec.msgpack.encode(town.ledger.kept())
    kept = msgspec.msgpack.decode(written, type=Kept)
    lists = [
        Entry(s.position, s.recorded_at, s.event)
        for s in town.log.stored
        if s.stream.startswith("lists/")
    ]
    again = Town(PEOPLE, ("mail", "sms"))
    again.log, again.stamp = town.log, town.stamp
    again.ledger = Ledger(kept, lists)
    again.pipeline = type(town.pipeline)(again.ledger, town.pipeline.place, town.channels)
    ours = [m.cards for m in again.live(town.now + timedelta(days=2))]
    other = Story(restarts=False).tell(steps).town
    assert ours == [m.cards for m in other.live(other.now + timedelta(days=2))]
