"""Real servers and roles, killed and held back in a burst: nothing is lost, nothing doubled.

One town for all tests, two processes of each role that may have two. After each fault, once the
wall says that it shows everything: every acknowledged fact is in the log once, every card was
issued once, the acts are those of one process, and the rows are those that one process makes of the
log (agreement.py). Time is simulated as passing as it does, from a working morning on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from supervision.clock import SimulatedClock, start_simulation
from supervision.delivery.kafka import Brokers, KafkaFailed, Sender
from supervision.delivery.publisher import Publisher
from supervision.facts import Instant, instant
from supervision.judgement.cards import moment
from supervision.lists import CalendarPublished, Day
from supervision.publishing import publish_missing
from supervision.runners.settings import SIMULATION
from tests.cluster.agreement import agreed
from tests.cluster.department import DAILY, Department, item, lists
from tests.cluster.town import Process, Town
from tests.court import CHINA, at
from tests.product import until
from tools.services import Clickhouse, Kafka, Postgres, Server

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

BEGIN = at("2026-03-03 10:00")
PARTITIONS = 4
SETTINGS = {
    "SUPERVISION_PARTITIONS": str(PARTITIONS),
    "SUPERVISION_SNAPSHOT_SECONDS": "3",
    "SUPERVISION_ROWS_EVERY_MS": "400",
}
"""States are kept often, so that workers die while they do it."""
SOURCES = ("east", "west")
TWICE, ONCE = ("publisher", "watch", "rows"), ("links", "alerts", "seal", "intake", "wall")
"""How many processes of a role the town has."""
LEADERS = ("publisher", "rows")
"""Of these one works and the other waits."""


class Siege:
    """The town, who reports to it, and what is done to it."""

    def __init__(self, town: Town, reference: str) -> None:
        self.town = town
        self.reference = reference
        self.clock = SimulatedClock(town.home / SIMULATION)
        self.departments: list[Department] = []

    def begin(self) -> None:
        """The roles, the lists, and who reports."""
        with self.town.record(self.clock) as record:
            publish_missing(record, lists())
        started = [self.town.start(role) for role in (*TWICE, *ONCE, *TWICE)]
        for each in started:
            each.ready()
        self.departments = [
            Department(name, self._key(name), self._intake, self.clock) for name in SOURCES
        ]

    def _key(self, source: str) -> str:
        return self.town.supervise("key", "new", source).strip()

    def _intake(self) -> str:
        return f"http://127.0.0.1:{self.town.one('intake').port}"

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """The departments report meanwhile; in the end all that they sent is acknowledged."""
        with ExitStack() as stack:
            for department in self.departments:
                stack.enter_context(department.reporting())
            yield

    def mend(self) -> None:
        """Servers and roles run, and none is held back."""
        for server in self.servers:
            server.resume()
            server.start()
        for each in self.town.processes:
            each.go_on()
            if not each.runs:
                each.start()

    @property
    def servers(self) -> tuple[Server, ...]:
        """The three."""
        return (self.town.postgres, self.town.kafka, self.town.clickhouse)

    @property
    def head(self) -> int:
        """The log's."""
        with self.town.record(self.clock) as record:
            return record.head()

    @property
    def sent(self) -> int:
        """Facts that were sent, so far."""
        return sum(len(each.sent) for each in self.departments)

    @contextmanager
    def publishing_too(self) -> Iterator[Callable[[], int]]:
        """One of this process beside the elected one, from the log's begin; its position."""
        stop, reached = Event(), [0]

        def run() -> None:
            while not stop.is_set():
                with suppress(KafkaFailed):
                    asyncio.run(self._publish(stop, reached))

        thread = Thread(target=run, name="publishing too")
        thread.start()
        try:
            yield lambda: reached[0]
        finally:
            stop.set()
            thread.join()

    async def _publish(self, stop: Event, reached: list[int]) -> None:
        brokers = Brokers(self.town.kafka.bootstrap, self.town.prefix)
        with self.town.record(self.clock) as record:
            async with Sender(brokers) as sender:
                publisher = Publisher(record, brokers, sender, PARTITIONS)
                while not stop.is_set():
                    stamp, head = record.heartbeat()
                    await publisher.publish(head)
                    await publisher.beat(stamp)
                    reached[0] = publisher.position

    def more(self, facts: int) -> None:
        """Wait until each department has had so many more acknowledged."""
        for department in self.departments:
            department.more(facts)

    def all(self, role: str) -> list[Process]:
        """The processes of a role."""
        return [each for each in self.town.processes if each.role == role]

    def leader(self, role: str, *without: Process) -> Process:
        """The one that leads, once there is one, without looking at some."""
        asked = [each for each in self.all(role) if each not in without]
        found: Process = until(lambda: _leading(role, asked), f"a {role} to lead")
        return found

    def passed(self, seconds: float) -> None:
        """Wait until the wall shows everything up to so many seconds from now."""
        wanted = self.clock().wall + int(seconds * 1_000_000)
        until(lambda: self._shown() >= wanted, "the wall to go on")

    def _shown(self) -> Instant:
        with suppress(OSError):
            told = self.town.one("wall").get("/api/v1/health").get("judged_until")
            return instant(datetime.fromisoformat(told)) if told else 0
        return 0

    def unanswered(self, posts: int) -> None:
        """Wait until each department has tried so often in vain."""
        for department in self.departments:
            department.in_vain(posts)

    def agrees(self, what: str) -> None:
        """All is as one process would have it; tells the counts."""
        assert [each.role for each in self.town.processes if not each.runs] == []
        had = {name for each in self.departments for name in each.acknowledged}
        with self.town.record(self.clock) as record:
            stored, issued, shown = agreed(self.town, record, had, self.reference)
        print(
            f"\n{what}: facts sent {self.sent}, acknowledged {len(had)}, stored {stored}; "
            f"cards issued {issued}, shown {shown}"
        )


def _leading(role: str, asked: list[Process]) -> Process | None:
    leads = f'supervision_elected{{role="{role}"}} 1.0'
    for each in asked:
        with suppress(OSError):
            if leads in each.text("/metrics"):
                return each
    return None


@pytest.fixture(scope="module")
def _siege(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    kafka: Kafka,
    clickhouse: Clickhouse,
) -> Iterator[Siege]:
    """A town that works."""
    home = tmp_path_factory.mktemp("siege") / "home"
    town = Town(home, postgres, kafka, clickhouse, lists=False, **SETTINGS)
    start_simulation(home / SIMULATION, BEGIN, speed=1, night_speed=1)
    with town:
        made = Siege(town, clickhouse.fresh(f"{town.prefix}ref"))
        made.begin()
        yield made


@pytest.fixture
def siege(_siege: Siege) -> Siege:
    """The town, whole again whatever a test before it left."""
    _siege.mend()
    return _siege


def test_watch_workers_killed_again_and_again(siege: Siege) -> None:
    """One after the other, one before the other is back, and both at once."""
    one, two = siege.all("watch")
    with siege.reporting():
        for victim in (one, two, one):
            siege.more(100)
            victim.kill()
            siege.more(50)
            victim.start()
        for victim in (one, two):
            victim.kill()
        siege.more(50)
        for victim in (one, two):
            victim.start()
    siege.agrees("watch workers killed")


def test_the_publisher_and_the_writer_of_rows_killed(siege: Siege) -> None:
    """Those that waited go on: from what Kafka has, and from what the tables hold."""
    killed = [siege.leader(role) for role in LEADERS]
    with siege.reporting():
        siege.more(100)
        for each in killed:
            each.kill()
        assert not {siege.leader(role) for role in LEADERS} & set(killed)
        for each in killed:
            each.start()
        siege.more(100)
    siege.agrees("those that lead killed")


def test_who_slept_while_others_took_over(siege: Siege) -> None:
    """A publisher, a writer of rows and a worker are held back until others do their work, and
    then go on where they were.
    """
    asleep = [*(siege.leader(role) for role in LEADERS), siege.all("watch")[0]]
    with siege.reporting():
        siege.more(100)
        for each in asleep:
            each.pause()
        for role in LEADERS:
            siege.leader(role, *asleep)
        siege.passed(seconds=1)
        for each in asleep:
            each.go_on()
        siege.more(100)
    siege.agrees("asleep until others took over")


def test_a_worker_held_back_for_seconds(siege: Siege) -> None:
    """Facts and time go on; it comes to the same acts, later."""
    worker = siege.all("watch")[1]
    with siege.reporting():
        siege.more(100)
        for _ in range(2):
            worker.pause()
            siege.more(250)
            worker.go_on()
            siege.more(50)
    siege.agrees("a worker held back")


@pytest.mark.parametrize("name", ["kafka", "clickhouse"])
def test_a_server_killed(siege: Siege, name: str) -> None:
    """What does not pass through it goes on; the rest is made good."""
    server: Server = getattr(siege.town, name)
    with siege.reporting():
        for _ in range(2):
            siege.more(100)
            server.kill()
            siege.more(150)
            server.start()
    siege.agrees(f"{name} killed")


def test_postgresql_killed(siege: Siege) -> None:
    """Nothing is acknowledged meanwhile, and nothing that was is lost."""
    with siege.reporting():
        for _ in range(2):
            siege.more(100)
            siege.town.postgres.kill()
            siege.unanswered(2)
            siege.town.postgres.start()
    siege.agrees("postgres killed")


def test_everything_killed_at_once(siege: Siege) -> None:
    """Roles and servers; all are started again."""
    with siege.reporting():
        siege.more(200)
        for process in siege.town.processes:
            process.kill()
        for server in siege.servers:
            server.kill()
        siege.unanswered(1)
        for server in siege.servers:
            server.launch()
        for server in siege.servers:
            server.await_answer()
        for process in siege.town.processes:
            process.start()
        siege.more(100)
    siege.agrees("everything killed")


def test_two_publishers_that_both_publish(siege: Siege) -> None:
    """One more that believes it leads, and begins with the whole log from its start."""
    with siege.reporting(), siege.publishing_too() as position:
        siege.more(200)
        head = siege.head
        until(lambda: position() >= head, "the whole log to be published again")
        siege.more(100)
    siege.agrees("two that publish")


def test_lists_published_in_the_middle(siege: Siege) -> None:
    """A shorter limit for cases that run, and a holiday that passed: all are judged again."""
    with siege.reporting(), siege.town.record(siege.clock) as record:
        siege.more(200)
        now = moment(siege.clock().wall, CHINA)
        day = now.date() - timedelta(days=1)
        told: dict[str, Any] = {"version": "2", "announced_at": now, "effective": now.date()}
        publish_missing(record, [item(DAILY, **told, promise="1wd", applies_to_running=True)])
        siege.more(50)
        notice = CalendarPublished(
            **told, calendar="CN", year=day.year, days=(Day(day, works=False),), partial=True
        )
        publish_missing(record, [notice])
        siege.more(200)
    siege.agrees("lists published")


def test_a_rebuild_in_the_middle(siege: Siege) -> None:
    """The wall stays up, and then shows the new warehouse, which holds the same."""
    with siege.reporting():
        siege.more(100)
        siege.town.supervise("rebuild")
        siege.more(100)
    siege.agrees("rebuilt")
