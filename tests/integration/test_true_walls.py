"""A wall as it truly was equals that of a city in which nothing was late.

One city reports every fact the moment that it happens. Another one lives through the same, but
reports late, first says something else and corrects it, sends again, reports what never was and
voids it; and a calendar reaches it days after it was announced. Told anew, its walls are those of
the first city, and what it did not know, or wrongly believed, is told of every instant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

import pytest
from msgspec import Struct
from msgspec.structs import replace

from alerts.alarms import Health
from dashboards import truth_walls
from dashboards.live import LiveSource
from dashboards.past import NotTold
from dashboards.truth_walls import TrueWalls, true_walls
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.figures import Wall
from projections.filling import Filling
from projections.warehouse import Warehouse
from projections.watch import Watch
from replay.derive import FOLLOWING
from replay.every_case import Cancelled, Watching, WorkersLost
from replay.truth import CORRECTED, LATE, LIST, MISSING, RESENT, UNDUE, VOID
from supervision.acts import CardIssued, CardWithdrawn
from supervision.demonstration.city import City
from supervision.errors import StoreError, Unreadable
from supervision.facts import Actor, ApplicationReceived, Fact, FactCorrected, Instant, instant
from supervision.lists import PolicyPublished
from supervision.published import bundled
from supervision.record import Record
from supervision.store.mapping import moment
from supervision.store.stored import Stored
from supervision.streams import parse
from tests import replayed
from tests.court import CHINA, calendar_change
from tests.golden.test_city_digest import FIRST, SEED
from tests.memorylog import MemoryLog, Transaction, stream_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ZONE = "Asia/Shanghai"
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
DAYS, CASES_A_DAY, WALLS = 8, 30, 30
ANNOUNCED, ENTERED = 2, 5
"""Days after the beginning: when the calendar is announced, when the second city has it."""
Event = tuple[Instant, Struct]


class Kept(replayed.City):
    """With the stamps of positions."""

    def recorded_at(self, position: int) -> Instant:
        """0 where there is no event."""
        return self.stored[position - 1].recorded_at if 0 < position <= len(self.stored) else 0

    def read_stream(self, stream: str, after: int = 0) -> list[Stored]:
        """All of one stream behind a version."""
        return [s for s in super().read_stream(stream) if s.version > after]


def without_answers(event: Struct) -> Struct:
    """A policy without cards about cards: those of cards that were never issued are left out."""
    if not isinstance(event, PolicyPublished):
        return event
    return replace(event, rules=tuple(r for r in event.rules if r.on not in FOLLOWING))


class Late(NamedTuple):
    """What the second city did not know, or wrongly believed: its kind, from when, until when."""

    kind: str
    since: Instant
    until: Instant


def history(events: list[Event]) -> list[Transaction]:
    """Transactions in order of time."""
    found: dict[Instant, list[tuple[str, Struct]]] = {}
    for at, event in sorted(events, key=lambda one: one[0]):
        found.setdefault(at, []).append((stream_of(event), event))
    return [Transaction(at, told) for at, told in sorted(found.items())]


def lived(events: list[Event], until: Instant) -> Kept:
    """A city's log: after each transaction time comes up to it, and what is due is written."""
    log = MemoryLog()
    watch = Watch(log.case)
    for at, told in [*history(events), Transaction(until, [])]:
        log.put(at, told)
        watch.take(log.read(watch.position))
        watch.tick(at)
        while watch.sweeping:
            watch.sweep()
        writings = watch.pending()
        log.put(at + 1, [(w.stream, act) for w in writings for act in w.acts])
        watch.written(writings)
    return Kept(log, until)


class Cities:
    """Both, and what was late in the second."""

    def __init__(self) -> None:
        city = City(SEED, FIRST, CASES_A_DAY)
        self.random, self.lates = Random(11), list[Late]()
        begins, self.until = city.begins, city.begins + DAYS * DAY
        lists = [*map(without_answers, bundled()), *city.items, *city.posts()]
        calendar = calendar_change(begins + ANNOUNCED * DAY, 3)
        facts = [f for _, (f, _) in city.facts_between(begins, self.until)]
        told = [f for f in facts if isinstance(f, Fact) and not isinstance(f, FactCorrected)]
        first = [(begins, each) for each in lists]
        self.in_time: list[Event] = [
            *first,
            (begins + ANNOUNCED * DAY, calendar),
            *((instant(fact.occurred_at), fact) for fact in told),
        ]
        self.late: list[Event] = [*first, (begins + ENTERED * DAY, calendar)]
        self.lates.append(Late(LIST, begins + ANNOUNCED * DAY, begins + ENTERED * DAY))
        for fact in told:
            self.late += self._reported(fact)
        for number in range(12):
            self.late += self._ghost(number, begins, told[number])

    def _after(self, at: Instant) -> Instant:
        return min(at + self.random.randrange(HOUR, 60 * HOUR), self.until - HOUR)

    def _reported(self, fact: Fact) -> list[Event]:
        """In time; or late; or wrongly first."""
        at = instant(fact.occurred_at)
        later, wrong = self._after(at), fact.occurred_at - timedelta(hours=5)
        chance = self.random.random()
        if later <= at or chance > 0.4:
            return [(at, fact)]
        if chance < 0.2:
            self.lates.append(Late(LATE, at, later))
            return [(later, fact)]
        if chance < 0.24:
            early = at - 6 * HOUR
            first = replace(fact, occurred_at=moment(early).astimezone(CHINA))
            self.lates += [Late(VOID, early, at), Late(CORRECTED, at, later)]
            return [(early, first), (later, self._correction(first, fact))]
        first = replace(fact, occurred_at=wrong)
        if chance < 0.3:
            self.lates.append(Late(CORRECTED, at, later))
            return [(at, first), (later, self._correction(first, fact))]
        self.lates.append(Late(RESENT, at, later))
        return [(at, first), (later, replace(fact, data_version=2))]

    def _correction(self, wrong: Fact, right: Fact) -> FactCorrected:
        return FactCorrected(
            id=f"correction-of-{wrong.id}",
            source=wrong.source,
            case_no=wrong.case_no,
            occurred_at=right.occurred_at,
            corrects=wrong.id,
            says={"occurred_at": right.occurred_at.isoformat()},
            authority="科室负责人",
        )

    def _ghost(self, number: int, begins: Instant, like: Fact) -> list[Event]:
        """A case that never was, believed for some days."""
        at = begins + 2 * DAY + number * 3 * HOUR
        ghost = ApplicationReceived(
            id=f"ghost-{number}",
            source="ghost",
            case_no=f"G-{number}",
            item=getattr(like, "item", ""),
            occurred_at=moment(at).astimezone(CHINA),
            actor=Actor(
                id="P", post="窗口", department=like.actor.department if like.actor else ""
            ),
        )
        void = replace(self._correction(ghost, ghost), says={}, void=True)
        until = self._after(at)
        self.lates.append(Late(VOID, at, until))
        return [(at, ghost), (until, void)]


class Told(NamedTuple):
    """The first city's walls, what each city's log says, and the second city told anew."""

    cities: Cities
    expected: LiveSource
    known: Kept
    true: Kept
    walls: TrueWalls
    instants: list[Instant]


@pytest.fixture(scope="module")
def told(chdb: ChdbEngine) -> Iterator[Told]:
    """Once for all tests here."""
    cities = Cities()
    true, known = (lived(events, cities.until) for events in (cities.in_time, cities.late))
    warehouse = Warehouse(chdb, days_in(ZONE))
    warehouse.drop_all()
    warehouse.create()
    Filling(true, warehouse, 10**9).read_up_to(true.head())
    until = cities.until
    record = cast(Record, true)
    expected = LiveSource(record, warehouse, lambda: (until, 0.0), Health, district="", zone=ZONE)
    stamps = [at for at, _ in history(cities.in_time) if at > true.stored[0].recorded_at + DAY]
    instants = [at + 1 for at in stamps[:: len(stamps) // WALLS]]
    walls = true_walls(known, ZONE, processes=0)
    yield Told(cities, expected, known, true, walls, instants)
    walls.close()


def same(wall: Wall) -> Wall:
    """What does not depend on where in a log something stands; the stream is looked at alone."""
    return replace(wall, position=0, measured=0.0, stream=())


def issued(log: Kept, at: Instant) -> set[tuple[str, ...]]:
    """Cards that an instant had on record, issued and not withdrawn, by what they are about; an act
    stands at its own instant where it was recorded within a minute.
    """
    found: dict[str, tuple[str, ...]] = {}
    for stored in log.stored:
        event = stored.event
        if not isinstance(event, CardIssued | CardWithdrawn):
            continue
        own = instant(event.at)
        if (own if stored.recorded_at - own < MINUTE else stored.recorded_at) > at:
            continue
        if isinstance(event, CardWithdrawn):
            found.pop(event.card, None)
        elif not event.proposed:
            about = (event.source, event.case_no, event.rule, event.subject, event.severity)
            found[event.card] = about
    return set(found.values())


def test_what_is_told_anew_is_what_a_city_without_delay_saw(told: Told) -> None:
    """Figures, lists, curve, cards, scores, alarms; the whole and a department."""
    assert len(told.instants) >= WALLS
    past = told.expected.past()
    department = told.expected.wall().departments[0].name
    for at in told.instants:
        assert same(told.walls.wall(at, None)) == same(past.wall(at))
    for at in told.instants[::5]:
        part = told.walls.wall(at, frozenset({department}))
        assert same(part) == replace(same(past.of(department).wall(at)), district="")


def test_the_wall_of_then_was_another(told: Told) -> None:
    """Else nothing was late."""
    assert {late.kind for late in told.cities.lates} == {LATE, CORRECTED, RESENT, VOID, LIST}
    assert sum(issued(told.known, at) != issued(told.true, at) for at in told.instants) > 5


def test_the_stream_shows_facts_when_they_happened(told: Told) -> None:
    """None of them late."""
    for at in told.instants:
        facts = [e for e in told.walls.wall(at, None).stream if e.family == "facts"]
        assert all(event.recorded_at <= at for event in facts)
        assert all(e.recorded_at == e.occurred_at for e in facts if e.kind != "FactCorrected")


def test_what_was_not_known_is_told_of_every_instant(told: Told) -> None:
    """By kind, as many as there were; those of a department are hers alone."""
    departments = {d.name for d in told.expected.wall().departments}
    for at in told.instants:
        wanted = Counter(one.kind for one in told.cities.lates if one.since <= at < one.until)
        found = told.walls.differences(at, None)
        facts = {k: n for k, n in found.counts.items() if k not in (MISSING, UNDUE)}
        assert facts == dict(wanted)
        assert len(found.unknown) == sum(wanted.values())
    for name in departments:
        part = told.walls.differences(told.instants[-1], frozenset({name}))
        assert {one.department for one in (*part.unknown, *part.turned)} <= {name, ""}


def test_cards_that_would_have_been_issued_and_those_that_would_not(told: Told) -> None:
    """Named, with their case and why."""
    for at in told.instants:
        found = told.walls.differences(at, None)
        known, true = issued(told.known, at), issued(told.true, at)
        assert found.counts.get(MISSING, 0) == len(true - known)
        assert found.counts.get(UNDUE, 0) == len(known - true)
        for kind, cards in ((MISSING, true - known), (UNDUE, known - true)):
            named = {
                (t.source, t.case_no, t.rule, t.severity) for t in found.turned if t.kind == kind
            }
            assert named == {(s, no, rule, severity) for s, no, rule, _, severity in cards}
        assert all(one.why_zh and one.why_en for one in found.turned)


def test_behind_what_was_told_anew_there_is_nothing(told: Told) -> None:
    """It is said, not shown as an empty wall."""
    with pytest.raises(NotTold) as refused:
        told.walls.wall(told.cities.until + 1, None)
    assert refused.value.code == "truth_behind"


class Watched:
    """Follows the work, and ends it at a share of it."""

    def __init__(self, end_at: int = 1_001) -> None:
        self.shares: list[int] = []
        self._end_at = end_at

    def watching(self) -> Watching:
        """As the work takes it."""
        return Watching(
            lambda done, total: self.shares.append(done * 1_000 // total),
            lambda: bool(self.shares) and self.shares[-1] >= self._end_at,
        )


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders for the moment are made."""
    monkeypatch.setattr(truth_walls.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_work_tells_how_far_it_is_and_leaves_nothing_behind(told: Told, folders: Path) -> None:
    """Neither when it is done and closed, nor when it is cancelled while it derives or fills."""
    whole = Watched()
    walls = true_walls(told.known, ZONE, whole.watching(), processes=0)
    assert whole.shares == sorted(whole.shares)
    assert whole.shares[-1] == 1_000
    assert any(folders.iterdir())
    walls.close()
    assert not walls.is_there()
    for share in (100, 500):
        with pytest.raises(Cancelled):
            true_walls(told.known, ZONE, Watched(share).watching(), processes=0)
    assert not any(folders.iterdir())
    with pytest.raises(WorkersLost):
        walls.wall(told.instants[0], None)


def test_a_process_that_is_killed_is_told_of(told: Told, folders: Path) -> None:
    """Never a wall of nothing; and its folder goes."""
    walls = true_walls(told.known, ZONE, processes=0)
    walls._process.kill()
    with pytest.raises(WorkersLost):
        walls.wall(told.instants[0], None)
    walls.close()
    assert not any(folders.iterdir())


def test_an_answer_that_comes_too_late_is_nobody_s(
    told: Told, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks next is not given what another asked for: the process is ended."""
    walls = true_walls(told.known, ZONE, processes=0)
    monkeypatch.setattr(truth_walls, "ANSWERED", 0.0)
    with pytest.raises(WorkersLost):
        walls.wall(told.instants[0], None)
    monkeypatch.undo()
    with pytest.raises(WorkersLost):
        walls.differences(told.instants[0], frozenset({"市住建局"}))
    walls.close()


def test_folders_that_nobody_holds_any_more_go(told: Told, folders: Path) -> None:
    """Those of a server that was killed; not those of one that runs, nor anything else."""
    held, left, other = (folders / f"supervise-truth-{name}" for name in ("held", "left", "other"))
    for each in (held, left, other):
        each.mkdir()
    (left / "HELD").touch()
    running = truth_walls._Folder(held)
    true_walls(told.known, ZONE, processes=0).close()
    assert sorted(folders.iterdir()) == [held, other]
    running.remove()


def test_where_there_is_no_room_it_is_said(
    told: Told, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words of the store, not as a defect."""
    monkeypatch.setattr(truth_walls.tempfile, "tempdir", str(folders / "nowhere"))
    with pytest.raises(StoreError):
        true_walls(told.known, ZONE, processes=0)


def of_a_newer_program(log: Kept, kind: str, until: Instant) -> Kept:
    """The same log, its last event of a kind of a version that this program does not know."""
    last = max(each.position for each in log.stored if each.topic.startswith(f"{kind}/"))
    made = Kept(MemoryLog(), until)
    made.stored = [
        each._replace(topic=f"{kind}/99") if each.position == last else each for each in log.stored
    ]
    for each in made.stored:
        if case := parse(each.stream):
            made._cases.setdefault((case.source, case.case_no), []).append(each)
    return made


def test_cases_that_cannot_be_read_are_counted_and_left_out(told: Told) -> None:
    """But a list of a newer program is told, as nothing can be judged without it."""
    newer = of_a_newer_program(told.known, "ApplicationReceived", told.cities.until)
    walls = true_walls(newer, ZONE, processes=0)
    assert walls.made.unreadable == 1
    assert walls.made.cases == len(list(newer.cases()))
    walls.close()
    newer = of_a_newer_program(told.known, "CalendarPublished", told.cities.until)
    with pytest.raises(Unreadable):
        true_walls(newer, ZONE, processes=0)
