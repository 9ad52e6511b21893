"""The replayed wall of a past instant equals what the wall showed then.

The seeded city lives through some days; at more than a hundred instants its live wall is saved with
its position, before what follows exists: late facts, corrections, cases voided and moved to another
department, a calendar and an item changed, cards withdrawn. In the end each is asked for by its
instant alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from msgspec import Struct
from msgspec.structs import replace

from alerts.alarms import Health
from dashboards.live import LiveSource
from dashboards.past import NotTold, read_instant
from projections import schema
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.figures import Wall
from projections.filling import Filling
from projections.warehouse import Warehouse
from projections.watch import Watch
from projections.writing import write_acts
from supervision.clock import SteppedClock
from supervision.demonstration.city import City
from supervision.facts import Actor, ApplicationReceived, FactCorrected, Instant
from supervision.lists import ItemPublished
from supervision.published import bundled
from supervision.publishing import publish_missing
from supervision.record import Incoming, Record
from supervision.runners.demonstration import Demonstration, make_plan
from supervision.store.mapping import moment
from supervision.store.stored import Stored
from supervision.streams import facts_stream, parse
from tests.court import CHINA, calendar_change

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ZONE = "Asia/Shanghai"
DISTRICT = "演示区"
SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
BACKLOG = 8
"""Days that the city has lived through when the first wall is saved."""
WALLS = 110
CALENDAR_AT, ITEM_AT = 31, 47
"""Before which of the walls each is published."""
MOVED = "市数据局（筹）"
"""The department to which cases are given."""


class Saved(NamedTuple):
    """A live wall as it stood, and at every fourth instant that of one department."""

    position: int
    whole: Wall
    part: Wall | None


class Lived:
    """The city's record and rows, and the walls saved on the way."""

    def __init__(self, home: Path, engine: ChdbEngine) -> None:
        self.city: City = make_plan(days=5, cases_a_day=60).city()
        self.clock = SteppedClock(self.city.begins)
        self.record = Record(home, self.clock)
        self.warehouse = Warehouse(engine, days_in(ZONE))
        self.warehouse.drop_all()
        self.warehouse.create()
        self.now: Instant = 0
        self.source = LiveSource(
            self.record,
            self.warehouse,
            lambda: (self.now, 0.0),
            Health,
            district=DISTRICT,
            zone=ZONE,
        )
        self.random = Random(5)
        self.watch = Watch(self.record.read_case)
        self.filling = Filling(self.record, self.warehouse, most=700)
        self.saved: list[Saved] = []
        self.told: set[str] = set()
        self._facts: list[tuple[str, str]] = []
        self._live()

    def _live(self) -> None:
        """Steps of uneven length; in each something that the city does not do by itself."""
        self.clock.set(self.city.begins)
        publish_missing(self.record, [*bundled(), *self.city.items, *self.city.posts()])
        self.feeder = Demonstration(self.record, self.city)
        for hours in range(4, BACKLOG * 24, 4):
            self._judge(self.city.begins + hours * HOUR)
        self._step(self.city.begins + BACKLOG * DAY)
        self.department = self.source.wall().departments[0].name
        while len(self.saved) < WALLS:
            number, at = len(self.saved), self.now + self.random.randrange(HOUR // 60, 2 * HOUR)
            if number == CALENDAR_AT:
                self._publish(calendar_change(at, 4))
            if number == ITEM_AT:
                self._publish(self._item(at))
            self._disturb(number)
            self._step(at)
            part = self.source.within((self.department,), self.department)
            of_part = None if number % 4 else part.wall()
            saved = Saved(self.warehouse.highest("events"), self.source.wall(), of_part)
            self.saved.append(saved)

    def _step(self, until: Instant) -> None:
        """The city, its watch and the rows, up to an instant; then the wall is of that instant."""
        self._judge(until)
        self.filling.read_up_to(self.record.head())
        self.now = self.record.last_stamp()

    def _judge(self, until: Instant) -> None:
        self.clock.set(until)
        self.feeder.feed(until)
        while batch := self.record.read(self.watch.position, 5_000):
            self.watch.take(batch)
        self.watch.tick(until)
        while self.watch.sweeping:
            self.watch.sweep()
        write_acts(self.watch, self.record)

    def _publish(self, event: Struct) -> None:
        stream = f"lists/{type(event).__name__}"
        self.record.append(stream, [event], self.record.version(stream))
        self.told.add(type(event).__name__)

    def _item(self, at: Instant) -> ItemPublished:
        """The city's busiest item: another promise, another department."""
        return replace(
            self.city.items[0],
            version="x",
            announced_at=moment(at),
            effective=moment(at).astimezone(CHINA).date(),
            promise="2wd",
            department=MOVED,
            applies_to_running=True,
        )

    def _disturb(self, number: int) -> None:
        """A case reported days late, and corrections of what was reported: of when it happened,
        of whose case it is, and that it never was.
        """
        if not self._facts:
            self._facts = [key for key in self.record.cases() if "history" not in key[1]]
        late = self._late(number)
        source, case_no = self.random.choice(self._facts)
        stored = self.record.read_stream(facts_stream(source, case_no))
        self.record.append_facts([Incoming(late), Incoming(self._correction(stored, number))])

    def _late(self, number: int) -> ApplicationReceived:
        self.told.add("late")
        occurred = moment(self.now - self.random.randrange(DAY, 9 * DAY)).astimezone(CHINA)
        return ApplicationReceived(
            id=f"late-{number}",
            source="late",
            case_no=f"L-{number}",
            item=self.city.items[number % len(self.city.items)].code,
            occurred_at=occurred,
            actor=Actor(id="P", post="窗口", department=self.department),
        )

    def _correction(self, stored: list[Stored], number: int) -> FactCorrected:
        first = self.random.choice([s.event for s in stored])
        assert hasattr(first, "occurred_at")
        kind = ("moved", "department", "void")[number % 3]
        self.told.add(kind)
        shifted = first.occurred_at - timedelta(hours=self.random.randrange(1, 50))
        actor = {"id": "P", "post": "窗口", "department": MOVED}
        says = {"moved": {"occurred_at": shifted.isoformat()}, "department": {"actor": actor}}
        return FactCorrected(
            id=f"corrected-{number}",
            source=first.source,
            case_no=first.case_no,
            occurred_at=first.occurred_at,
            corrects=first.id,
            says=says.get(kind, {}),
            void=kind == "void",
            authority="科室负责人",
        )


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Lived]:
    """Once for all tests here."""
    made = Lived(tmp_path_factory.mktemp("city"), chdb)
    yield made
    made.record.close()


def test_a_hundred_past_walls_equal_those_saved_live(lived: Lived) -> None:
    """Struct by struct, of the whole and of a department: figures, lists, curve, stream, scores,
    alarms; each by its instant alone, and its position is the one that was saved.
    """
    assert len(lived.saved) >= 100
    assert {"CalendarPublished", "ItemPublished", "late", "moved", "department", "void"} <= (
        lived.told
    )
    past = lived.source.past()
    part = past.of(lived.department)
    for saved in lived.saved:
        found = past.wall(saved.whole.now)
        assert found.position == saved.position
        assert found == saved.whole
        assert saved.part is None or part.wall(saved.part.now) == saved.part


def test_the_saved_walls_differ_from_what_is_known_now_of_their_instants(lived: Lived) -> None:
    """Else nothing was late: what the wall did not know then is in the rows of now."""
    states = {card.state for saved in lived.saved for card in saved.whole.cards}
    assert {"standing", "disputed"} & states
    everything = [each.event for each in lived.record.read(0, 10**9) if parse(each.stream)]
    kinds = {type(event).__name__ for event in everything}
    assert {"FactCorrected", "CardWithdrawn", "CardIssued", "CardLapsed"} <= kinds
    days = {tuple(day.day for day in saved.whole.due_days) for saved in lived.saved}
    assert len(days) > len({each[0] for each in days}), "the calendar changed no day to come"


def test_merging_the_rows_changes_no_past_wall(lived: Lived) -> None:
    """What cancels in the tables of now is gone, and the past stays."""
    for table in schema.TABLES:
        lived.warehouse._engine.command(f"optimize table {table.name} final")
    past = lived.source.past()
    for saved in lived.saved[::9]:
        assert past.wall(saved.whole.now) == saved.whole


def test_an_instant_without_a_wall_is_told_as_such(lived: Lived) -> None:
    """Before the first event, in the future, no instant at all; never an empty wall."""
    past = lived.source.past()
    span = past.span()
    assert span.first == lived.record.recorded_at(1)
    assert span.last == lived.now
    assert past.wall(span.first).position == 0
    for at, code in ((span.first - 1, "before"), (span.last + 1, "future")):
        with pytest.raises(NotTold) as refused:
            past.wall(at)
        assert refused.value.code == code
    for text in ("yesterday", "2026-02-30T10:00", "9999-01-01T00:00", "0001-01-01", "2026-03"):
        with pytest.raises(NotTold) as refused:
            read_instant(text, ZONE, span.last)
        assert refused.value.code == "unreadable"
