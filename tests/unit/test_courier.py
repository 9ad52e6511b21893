"""A courier: what stands in the log of each message, whatever the log does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pytest
from msgspec import Struct

from alerts.channels.port import Accepted, Outgoing, Receipt, Reply
from alerts.courier import Courier
from alerts.errors import Refused
from alerts.ledger import Letter
from supervision.errors import StoreDown, StreamConflict
from supervision.notices import AlertPolicySet, MessageIntended, message_stream
from supervision.record import Append
from tests.alerting import BY
from tests.court import when

NOW = when("2026-03-16 10:00")
POLICY = AlertPolicySet(at=NOW, by=BY, version="t")


class Log:
    """Streams in memory, which may be out of reach before or after they took something."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Struct]] = {}
        self.down = ""
        """"before" or "after" the next appends are stored."""

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        if self.down == "before":
            raise StoreDown("log", "no answer")
        for stream, expected, events in appends:
            stored = self.streams.get(stream, [])
            if len(stored) != expected:
                same = stored[expected : expected + len(events)] == list(events)
                raise StreamConflict(stream, len(stored), same)
        for stream, _, events in appends:
            self.streams.setdefault(stream, []).extend(events)
        if self.down == "after":
            raise StoreDown("log", "no answer")
        return []

    def note(self, stream: str, make: Callable[[datetime], Struct]) -> datetime:
        self.streams.setdefault(stream, []).append(make(NOW))
        return NOW

    def became(self, letter: Letter) -> list[str]:
        return [type(event).__name__ for event in self.streams.get(message_stream(letter.id), [])]


class Gateway:
    """A channel that takes everything but what is for nobody."""

    name = "mail"

    def __init__(self) -> None:
        self.taken: list[str] = []

    def fit(self, address: str) -> str:
        return address

    def parts(self, text: str) -> int:
        return 1

    def send(self, outgoing: Outgoing) -> Accepted:
        if outgoing.address == "nobody":
            raise Refused("550 no such user")
        self.taken.append(outgoing.message)
        return Accepted(f"q-{outgoing.message}")

    def heard(self) -> list[Receipt | Reply]:
        return []

    def close(self) -> None:
        pass


class Round:
    """A courier, what it carries and where that is recorded."""

    def __init__(self) -> None:
        self.log, self.gateway = Log(), Gateway()
        self.counted: list[tuple[str, str]] = []
        self.courier = Courier(
            self.gateway,
            self.log,
            lambda intended: intended.person,
            counted=lambda name, event: self.counted.append((name, type(event).__name__)),
        )

    def carry(self, letter: Letter) -> float:
        return self.courier.carry(letter, POLICY, NOW)


@pytest.fixture
def tour() -> Round:
    return Round()


def letter(number: int, person: str = "clerk") -> Letter:
    """The message of a number, which nobody has tried yet."""
    says = {"kind": "card", "channel": "mail", "severity": "red", "why": "issued", "text": "红牌"}
    return Letter(number, MessageIntended(message=f"m{number}", at=NOW, person=person, **says))  # type: ignore[arg-type]


def test_what_became_of_a_message_is_recorded_with_the_beginning_of_the_next(tour: Round) -> None:
    """One commit a message."""
    one, two = letter(1), letter(2)
    tour.carry(one)
    assert ["MessageAttempted"] == tour.log.became(one)
    tour.carry(two)
    assert ["MessageAttempted", "MessageAccepted"] == tour.log.became(one)
    tour.courier.flush()
    assert ["MessageAttempted", "MessageAccepted"] == tour.log.became(two)


def test_nothing_is_sent_that_is_not_recorded_to_be_tried(tour: Round) -> None:
    """So that who starts again knows of it."""
    tour.log.down = "before"
    with pytest.raises(StoreDown):
        tour.carry(letter(1))
    assert [] == tour.gateway.taken


def test_what_became_of_a_message_is_kept_until_the_log_is_back(tour: Round) -> None:
    """Neither forgotten nor sent again."""
    one = letter(1)
    tour.carry(one)
    tour.log.down = "before"
    with pytest.raises(StoreDown):
        tour.courier.flush()
    tour.log.down = ""
    tour.courier.flush()
    assert ["MessageAttempted", "MessageAccepted"] == tour.log.became(one)
    assert ["m1"] == tour.gateway.taken


def test_it_goes_on_where_the_log_stored_something_and_died_before_it_said_so(tour: Round) -> None:
    """What stands there already is not to be stored again; the next message goes."""
    one, two = letter(1), letter(2)
    tour.carry(one)
    tour.log.down = "after"
    with pytest.raises(StoreDown):
        tour.courier.flush()
    tour.log.down = ""
    tour.courier.flush()
    tour.carry(two)
    tour.courier.flush()
    assert ["MessageAttempted", "MessageAccepted"] == tour.log.became(one)
    assert ["m1", "m2"] == tour.gateway.taken


def test_it_goes_on_where_another_process_has_taken_a_message(tour: Round) -> None:
    """Who leads since tries it once more; what became of the first attempt is nobody's."""
    one, two = letter(1), letter(2)
    tour.carry(one)
    other = Courier(Gateway(), tour.log, lambda intended: intended.person)
    other.carry(Letter(1, one.intended, stream=1, attempts=1, doubts=1), POLICY, NOW)
    with pytest.raises(StreamConflict):
        tour.carry(two)
    tour.courier.flush()
    tour.carry(two)
    other.flush()
    assert ["MessageAttempted", "MessageAttempted", "MessageAccepted"] == tour.log.became(one)
    assert ["m1", "m2"] == tour.gateway.taken


def test_every_outcome_is_counted_by_its_channel(tour: Round) -> None:
    """Taken, or refused."""
    tour.carry(letter(1))
    tour.carry(letter(2, "nobody"))
    assert [("mail", "MessageAccepted"), ("mail", "MessageFailed")] == tour.counted
