"""A city of six working days: what is judged of it is recorded, and the same in any schedule.

When the rules or the city are changed on purpose, look at what changed, then run

    .venv/bin/python -m tests.golden.test_city_digest > tests/golden/city.sha256
"""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest
from msgspec import Struct
from msgspec.structs import replace

from projections.watch import Watch
from supervision.acts import CardDisputed, CardIssued, DeskAct
from supervision.demonstration.city import City
from supervision.demonstration.desks import answers_to
from supervision.demonstration.office import DAY
from supervision.facts import Instant
from supervision.published import bundled
from supervision.record import Incoming
from supervision.runners.demonstration import steps
from tests.memorylog import MemoryLog, Schedule, Transaction, run, stream_of

RECORDED = Path(__file__).with_name("city.sha256")
SEED, FIRST, CASES_A_DAY, DAYS = 1, date(2026, 3, 2), 60, 8
"""From a Monday to the end of the next: six working days and a weekend."""
PLAIN = Schedule()
HELD_BACK = Schedule(beat=30, deliver=40, write=50)
KILLED = Schedule(beat=60, deliver=70, write=60, kill=1)


class Lived:
    """The city lived through once: transactions of its lists, facts and answers, as recorded."""

    def __init__(self) -> None:
        self.city = City(SEED, FIRST, CASES_A_DAY)
        self.told: list[Transaction] = []
        self.log = MemoryLog()
        self.watch = Watch(self.log.case)
        self.due: list[tuple[Instant, DeskAct]] = []
        self.until = self.city.begins + DAYS * DAY

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
def lived() -> tuple[list[Transaction], Instant]:
    """The history, and when it ends."""
    life = Lived()
    life.live()
    return life.told, life.until


def digest(log: MemoryLog) -> str:
    """Of all card acts by stream, version, topic and payload."""
    found = hashlib.sha256()
    for stream, acts in sorted(log.acts().items()):
        for version, (topic, payload) in enumerate(acts, 1):
            found.update(f"{stream}\n{version}\n{topic}\n".encode() + payload + b"\n")
    return found.hexdigest()


def digest_of(schedule: Schedule) -> str:
    """The digest of the acts under a schedule."""
    told, until = lived()
    return digest(run(told, until, schedule, Random(7)))


def test_the_city_is_judged_as_recorded() -> None:
    """The same facts, lists and answers give the same acts, byte for byte, today and in years."""
    assert RECORDED.read_text().strip() == digest_of(PLAIN)


@pytest.mark.parametrize("schedule", [HELD_BACK, KILLED], ids=["held back", "killed"])
def test_the_city_is_judged_the_same_in_any_schedule(schedule: Schedule) -> None:
    """Heartbeats, delays and kills change nothing."""
    assert RECORDED.read_text().strip() == digest_of(schedule)


def test_the_recorded_city_has_cards_and_answers() -> None:
    """The digest is not that of nothing."""
    told, _ = lived()
    kinds = {type(event).__name__ for transaction in told for _, event in transaction.events}
    assert {"CardAcknowledged", "CardExplained", "CaseRefused", "FactCorrected"} <= kinds


if __name__ == "__main__":
    sys.stdout.write(digest_of(PLAIN) + "\n")
