"""A city of six working days, and a busier one of a month in which every act of the loop occurs:
what is judged of them is recorded, and the same in any schedule.

When the rules or the city are changed on purpose, look at what changed, then run

    .venv/bin/python -m tests.golden.test_city_digest week > tests/golden/city.sha256
    .venv/bin/python -m tests.golden.test_city_digest month > tests/golden/city-month.sha256
"""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from msgspec import Struct
from msgspec.structs import replace

from projections.watch import Watch
from supervision.acts import DESK_ACTS, CardDisputed, CardIssued, DeskAct
from supervision.demonstration.city import City
from supervision.demonstration.desks import answers_to
from supervision.demonstration.office import DAY
from supervision.facts import Instant
from supervision.published import bundled
from supervision.record import Incoming
from supervision.runners.demonstration import steps
from tests.memorylog import MemoryLog, Schedule, Transaction, run, stream_of

SEED, FIRST = 1, date(2026, 3, 2)


class Recorded(NamedTuple):
    """A city from a Monday on, and where the digest of its acts stands."""

    file: str
    cases_a_day: int
    days: int

    def digest(self) -> str:
        """As it was recorded."""
        return Path(__file__).with_name(self.file).read_text().strip()


WEEK = Recorded("city.sha256", 60, 8)
"""To the end of the next Monday: six working days and a weekend."""
MONTH = Recorded("city-month.sha256", 150, 33)
CITIES = {"week": WEEK, "month": MONTH}
PLAIN = Schedule()
HELD_BACK = Schedule(beat=30, deliver=40, write=50)
KILLED = Schedule(beat=60, deliver=70, write=60, kill=1)


class Lived:
    """The city lived through once: transactions of its lists, facts and answers, as recorded."""

    def __init__(self, recorded: Recorded) -> None:
        self.city = City(SEED, FIRST, recorded.cases_a_day)
        self.told: list[Transaction] = []
        self.log = MemoryLog()
        self.watch = Watch(self.log.case)
        self.due: list[tuple[Instant, DeskAct]] = []
        self.until = self.city.begins + recorded.days * DAY

    def live(self) -> None:
        """Publish the lists, then go step by step."""
        last = self.city.begins
        self.tell(last, [*bundled(), *self.city.items, *self.city.posts()])
        for stamp in steps(self.city.calendar, last, self.until):
            facts = self.city.facts_between(last, stamp)
            self.tell(stamp, [_as_stored(incoming) for _, incoming in facts])
            self.judge(stamp)
            self.answer(stamp)
            last = stamp

    def tell(self, stamp: Instant, events: list[Struct]) -> None:
        """One transaction of inputs."""
        if events:
            transaction = Transaction(stamp, [(stream_of(event), event) for event in events])
            self.told.append(transaction)
            self.log.put(*transaction)
            self.watch.take(self.log.read(self.watch.position))

    def judge(self, stamp: Instant) -> None:
        """The acts up to an instant; what the desks will answer to them."""
        self.watch.tick(stamp)
        writings = self.watch.pending()
        self.log.put(stamp + 1, [(w.stream, act) for w in writings for act in w.acts])
        self.watch.written(writings)
        for act in (act for w in writings for act in w.acts):
            if isinstance(act, CardIssued | CardDisputed):
                self.due += answers_to(act, SEED, self.city.calendar)

    def answer(self, stamp: Instant) -> None:
        """The answers that are due by now."""
        given = sorted((at, act.id) for at, act in self.due if at <= stamp)
        by_id = {act.id: act for _, act in self.due}
        self.tell(stamp + 10, [by_id[name] for _, name in given])
        self.due = [(at, act) for at, act in self.due if at > stamp]


def _as_stored(incoming: Incoming) -> Struct:
    """The fact with the names of its texts, as a record stores it beside the vault."""
    fact, private = incoming
    return replace(fact, texts=tuple(sorted(set(private) - {"applicant"})))


@cache
def lived(recorded: Recorded) -> tuple[list[Transaction], Instant]:
    """The history, and when it ends."""
    life = Lived(recorded)
    life.live()
    return life.told, life.until


def digest(log: MemoryLog) -> str:
    """Of all card acts by stream, version, topic and payload."""
    found = hashlib.sha256()
    for stream, acts in sorted(log.acts().items()):
        for version, (topic, payload) in enumerate(acts, 1):
            found.update(f"{stream}\n{version}\n{topic}\n".encode() + payload + b"\n")
    return found.hexdigest()


def digest_of(recorded: Recorded, schedule: Schedule) -> str:
    """The digest of the acts under a schedule."""
    told, until = lived(recorded)
    return digest(run(told, until, schedule, Random(7)))


@pytest.mark.parametrize("recorded", CITIES.values(), ids=CITIES)
def test_the_city_is_judged_as_recorded(recorded: Recorded) -> None:
    """The same facts, lists and answers give the same acts, byte for byte, today and in years."""
    assert recorded.digest() == digest_of(recorded, PLAIN)


@pytest.mark.parametrize(
    ("recorded", "schedule"),
    [(WEEK, HELD_BACK), (WEEK, KILLED), (MONTH, HELD_BACK)],
    ids=["held back", "killed", "a month held back"],
)
def test_the_city_is_judged_the_same_in_any_schedule(
    recorded: Recorded, schedule: Schedule
) -> None:
    """Heartbeats, delays and kills change nothing."""
    assert recorded.digest() == digest_of(recorded, schedule)


def kinds(recorded: Recorded) -> set[str]:
    told, _ = lived(recorded)
    return {type(event).__name__ for transaction in told for _, event in transaction.events}


def test_the_recorded_city_has_cards_and_answers() -> None:
    """The digest is not that of nothing."""
    assert {"CardAcknowledged", "CardExplained", "CaseRefused", "FactCorrected"} <= kinds(WEEK)


def test_the_recorded_month_has_the_whole_loop() -> None:
    """Every act that a desk can make about a card that a rule issued."""
    assert set(DESK_ACTS) - {"IssuedByHand"} <= kinds(MONTH)


if __name__ == "__main__":
    sys.stdout.write(digest_of(CITIES[sys.argv[1]], PLAIN) + "\n")
