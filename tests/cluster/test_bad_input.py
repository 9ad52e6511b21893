"""Servers that are down or slow, a wrong password, a wrong topic, messages that nobody should read.

Each is named in one line with what to do, tried again where that helps, set aside where it does
not, and nothing that was acknowledged is lost. One town for the whole file, whose roles are started
while all its servers are down.

Above 400 lines: all that may go wrong with servers and messages is tried in one town, as it takes
long to build one.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.error
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from projections.watch import Watch
from supervision.acts import CardAct
from supervision.delivery.parcel import FORM, Parcel, encode
from supervision.facts import Fact, instant
from supervision.intake.keys import new_key
from supervision.publishing import publish_missing
from supervision.record import Record
from supervision.store.mapping import encode as encoded
from tests.cluster.permits import SOURCE, begun, lists, look, metric, now, post, readiness
from tests.cluster.town import Process, Town
from tests.product import SUPERVISE, until
from tools.services import Clickhouse, Kafka, Postgres, Server

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

ROLES = ("publisher", "watch", "rows", "intake", "wall", "links", "alerts", "seal", "scheduler")
RED = {"act": "CardIssued", "severity": "red"}
LATER = timedelta(days=9)
LINES = 40
"""Lines that a role may log while Kafka goes away and comes back; it is some 20."""


class Place(Town):
    """The town, and all that it acknowledged."""

    def __init__(self, *servers: Any, **settings: Any) -> None:
        super().__init__(*servers, **settings)
        self.key = ""
        self.acknowledged: list[str] = []
        """The ids of the facts that intake said it has."""

    def begin(self, case: str, due: timedelta) -> None:
        """Report a case that is due so far from now; it is acknowledged."""
        told = begun(case, now() + due)
        answers = post(self.one("intake"), self.key, told)
        assert [each["status"] for each in answers] == ["stored"] * len(told), answers
        self.acknowledged += [each["id"] for each in told]

    def seen(self, case: str, where: str = "wall-stream") -> None:
        """Wait until the wall shows a case."""
        wall = self.one("wall")
        until(lambda: case in look(wall).places[where], f"{case} on the wall")

    @property
    def red(self) -> float:
        """Red cards that the watch has issued."""
        return metric(self.one("watch"), "supervision_acts_total", **RED) or 0.0


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    kafka: Kafka,
    clickhouse: Clickhouse,
) -> Iterator[Place]:
    """Databases and lists; no role runs."""
    home = tmp_path_factory.mktemp("place") / "home"
    try:
        often = {"SUPERVISION_SNAPSHOT_SECONDS": "3"}
        with Place(home, postgres, kafka, clickhouse, lists=False, **often) as made:
            with made.record() as record:
                publish_missing(record, lists())
                made.key = new_key(record, SOURCE, by="the test").secret
            yield made
    finally:
        for server in (postgres, kafka, clickhouse):
            server.resume()
            server.start()


@pytest.fixture
def running(place: Place) -> Place:
    """All roles at work."""
    for role in ROLES:
        if not [each for each in place.processes if each.role == role]:
            place.start(role)
    for each in place.processes:
        each.ready()
    return place


def says(process: Process, code: str) -> str:
    """What a role says is wrong, by the alarm's code; empty while it does not."""
    return str(readiness(process)["alarms"].get(code, ""))


def waits(process: Process, code: str, *words: str) -> None:
    """It is alive and not ready, and says why in one line; so does its log."""
    until(lambda: all(word in says(process, code) for word in words), f"{process.role}: {words}")
    told = says(process, code)
    assert "\n" not in told
    assert not readiness(process)["ready"]
    assert process.get("/health", process.told)["alive"]
    logged = process.log.read_text()
    assert all(word in logged for word in words)
    assert "Traceback" not in logged


class TestDown:
    """A server that does not answer."""

    def test_roles_wait_for_their_servers_and_begin_when_these_are_up(self, place: Place) -> None:
        """Started before any of them: each names the one that it waits for, one after another."""
        servers: tuple[Server, ...] = (place.postgres, place.kafka, place.clickhouse)
        for server in servers:
            server.stop()
        started = {role: place.start(role) for role in ROLES}
        for process in started.values():
            waits(process, "log", str(place.postgres.port), "see that the server runs")
        place.postgres.start()
        for role in ("intake", "links", "alerts", "seal", "scheduler"):
            started[role].ready()
        for role, code in (("publisher", "publishing"), ("watch", "watching"), ("rows", "filling")):
            waits(started[role], code, f"Kafka at {place.kafka.bootstrap}")
        waits(started["wall"], "warehouse", str(place.clickhouse.port), "no answer")
        place.begin("D-1", LATER)
        place.kafka.start()
        for role in ("publisher", "watch"):
            started[role].ready()
        waits(started["rows"], "filling", str(place.clickhouse.port), "no answer")
        place.clickhouse.start()
        for process in started.values():
            process.ready()
            assert readiness(process)["alarms"] == {}
        place.seen("D-1")

    def test_intake_without_postgres_says_come_back(self, running: Place) -> None:
        """A problem with Retry-After; what was acknowledged before is there, what comes later is
        taken. The wall answers on, and names what is wrong.
        """
        running.begin("P-1", LATER)
        running.postgres.kill()
        told = begun("P-2", now() + LATER)
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(running.one("intake"), running.key, told)
        with refused.value as answer:
            problem = json.load(answer)
        assert refused.value.code == problem["status"] == 503
        assert refused.value.headers["Content-Type"] == "application/problem+json"
        assert int(refused.value.headers["Retry-After"]) > 0
        assert "send it again later" in problem["detail"]
        assert running.url not in problem["detail"]
        until(lambda: not readiness(running.one("intake"))["ready"], "intake not to be ready")
        wall = running.one("wall")
        until(lambda: wall.get("/api/v1/health")["status"] == "alarm", "the wall to say so")
        assert any("store failed" in each for each in wall.get("/api/v1/health")["alarms"])
        running.postgres.start()
        answers = post(running.one("intake"), running.key, told)
        assert {each["status"] for each in answers} <= {"stored", "had"}
        running.acknowledged.extend(each["id"] for each in told)
        for each in running.processes:
            each.ready()
        running.seen("P-2")
        until(lambda: wall.get("/api/v1/health")["status"] == "ok", "the wall to be well again")


class TestSlow:
    """A server that is held: connections stay, nothing is answered."""

    def test_acts_go_on_while_clickhouse_is_held(self, running: Place) -> None:
        """Cards are issued at their instants; the wall has them when it is back."""
        before = running.red
        with held(running.clickhouse):
            running.begin("S-1", timedelta(seconds=1))
            until(lambda: running.red > before, "the red card")
        running.seen("S-1", "wall-cards")

    def test_intake_goes_on_while_kafka_is_held(self, running: Place) -> None:
        """What it acknowledges is judged when Kafka is back."""
        before = running.red
        with held(running.kafka):
            running.begin("S-2", timedelta(seconds=1))
        until(lambda: running.red > before, "the red card")
        running.seen("S-2", "wall-cards")


@contextmanager
def held(server: Server) -> Iterator[None]:
    """Its processes do nothing until the block ends."""
    server.pause()
    try:
        yield
    finally:
        server.resume()


class TestSilence:
    """Kafka goes away while the roles work."""

    def test_each_role_says_so_once_and_its_libraries_hardly_more(self, running: Place) -> None:
        """One line of the role's own; aiokafka repeats itself some 75 times a second."""
        waiting = {"publisher": "publishing", "watch": "delivery", "rows": "delivery"}
        before = {role: len(logged(running.one(role))) for role in waiting}
        running.kafka.kill()
        for role, code in waiting.items():
            until(partial(says, running.one(role), code), f"{role} to say {code}")
        running.begin("K-1", LATER)
        publisher = running.one("publisher")
        until(lambda: lag(publisher) > 0, "the publisher to tell how far it is behind")
        for role, code in waiting.items():
            lines = logged(running.one(role))[before[role] :]
            assert len(lines) < LINES, lines
            assert any(f"{code} failed" in line for line in lines), lines
        running.kafka.start()
        for role, code in waiting.items():
            running.one(role).ready()
            assert not says(running.one(role), code)
        running.seen("K-1")

    def test_rows_tell_how_far_they_are_behind(self, running: Place) -> None:
        """Events of the log, while ClickHouse is down; afterwards none."""
        rows = running.one("rows")
        running.clickhouse.kill()
        running.begin("K-2", LATER)
        until(lambda: lag(rows) > 0, "the rows to lag behind")
        running.clickhouse.start()
        until(lambda: lag(rows) == 0, "the rows to catch up")
        running.seen("K-2")

    def test_the_watch_tells_how_long_it_judges(self, running: Place) -> None:
        """Each parcel; a heartbeat is one."""
        watch = running.one("watch")
        before = metric(watch, "supervision_judge_seconds_count") or 0.0
        until(
            lambda: (metric(watch, "supervision_judge_seconds_count") or 0.0) > before,
            "a parcel to be counted",
        )


def logged(process: Process) -> list[str]:
    """The lines of a role's log."""
    return process.log.read_text().splitlines()


def lag(process: Process) -> float:
    """Events that a role is behind."""
    return metric(process, "supervision_lag_events", follower=process.role) or 0.0


class TestEnd:
    """A role that is told to end while a server does not answer."""

    @pytest.mark.parametrize("how", ["pause", "kill"])
    @pytest.mark.parametrize(
        ("name", "roles"),
        [
            ("kafka", ("publisher", "watch", "rows")),
            ("postgres", ("publisher", "watch", "rows", "links", "alerts", "seal", "scheduler")),
            ("clickhouse", ("rows",)),
        ],
    )
    def test_it_ends_by_itself(
        self, running: Place, name: str, roles: tuple[str, ...], how: str
    ) -> None:
        """Whatever a library waits for; all told at once."""
        server: Server = getattr(running, name)
        ending = [running.one(role) for role in roles]
        getattr(server, how)()
        try:
            for process in ending:
                process.tell_to_end()
            assert [process.ended() for process in ending] == [0] * len(ending)
        finally:
            server.resume()
            server.start()
            for process in ending:
                running.processes.remove(process)
                process.kill()


class TestRefused:
    """What nobody can retry."""

    @pytest.mark.parametrize(
        ("role", "setting", "line"),
        [
            ("links", "SUPERVISION_DATABASE", "authentication failed.*see what the URL says"),
            ("wall", "SUPERVISION_CLICKHOUSE", "is not let in: correct user or password"),
        ],
    )
    def test_a_wrong_password_ends_the_role_with_a_line(
        self, running: Place, role: str, setting: str, line: str
    ) -> None:
        """That names the server and what to do, and no password."""
        right = running.env[setting]
        password = right.partition("@")[0].rpartition(":")[2]
        env = {**running.env, setting: right.replace(f":{password}@", ":wrong-secret@")}
        done = subprocess.run(
            [*SUPERVISE, "serve", role], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        (told,) = [each for each in done.stderr.splitlines() if each.startswith("错误 Error: ")]
        assert matches(line, told), told
        assert "wrong-secret" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def matches(pattern: str, text: str) -> bool:
    """Whether the parts of a pattern stand in a text in this order."""
    place = 0
    for part in pattern.split(".*"):
        place = text.find(part, place)
        if place < 0:
            return False
    return True


class TestTopic:
    """A topic that someone else made."""

    def test_wrong_partitions_are_named_and_the_roles_go_on_once_that_is_mended(
        self, running: Place
    ) -> None:
        """Cases would change their section: nobody sends or judges until it is made anew."""
        other = f"{running.prefix}-other"
        wrong = NewTopic(f"{other}.cases", 3, 1)
        asyncio.run(admin(running.kafka, lambda each: each.create_topics([wrong])))
        roles = ("publisher", "watch")
        started = [running.start(role, SUPERVISION_TOPIC_PREFIX=other) for role in roles]
        for process, code in zip(started, ("publishing", "watching"), strict=True):
            waits(process, code, f"{other}.cases has 3 partitions, 4 are set", "delete the topic")
        asyncio.run(admin(running.kafka, lambda each: each.delete_topics([wrong.name])))
        for process in started:
            process.ready()
            assert process.stop() == 0
            running.processes.remove(process)


async def admin(kafka: Kafka, ask: Callable[[AIOKafkaAdminClient], Awaitable[Any]]) -> None:
    """Have Kafka's controller do something."""
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    try:
        await ask(client)
    finally:
        await client.close()


class TestTopicsDeleted:
    """As an operator does who empties Kafka, or who takes another cluster."""

    def test_while_the_roles_work_they_go_on_once_the_topics_are_there(
        self, running: Place
    ) -> None:
        """The cases' and the log's, and the one in which states are kept."""
        for case, kept in (("E-1", ()), ("E-2", (f"{running.prefix}-watch-states-changelog",))):
            empty(running, *kept)
            running.begin(case, timedelta(seconds=1))
            running.seen(case, "wall-cards")
            for role in ("publisher", "watch", "rows"):
                running.one(role).ready()

    def test_topics_that_another_made_anew_at_once_are_read_from_their_beginning(
        self, running: Place
    ) -> None:
        """Faust would wait until the offsets are where they were."""
        begun = len(logged(running.one("watch")))
        made = [NewTopic(f"{running.prefix}.cases", 4, 1), NewTopic(f"{running.prefix}.log", 1, 1)]
        before = running.red

        async def anew(client: AIOKafkaAdminClient) -> None:
            await client.delete_topics([each.name for each in made])
            await client.create_topics(made)

        asyncio.run(admin(running.kafka, anew))
        running.begin("E-3", timedelta(seconds=1))
        until(lambda: running.red > before, "the red card")
        running.seen("E-3", "wall-cards")
        assert any("made anew" in line for line in logged(running.one("watch"))[begun:])

    def test_states_kept_on_disk_of_a_kafka_that_was_emptied_are_made_anew(
        self, running: Place
    ) -> None:
        """The worker says so in a line, and goes on; it would refuse to start for ever."""
        tables = running.home / "faust" / "watch-1" / "v1" / "tables"
        kept = self.keeps(running)
        running.begin("E-0", LATER)
        until(lambda: self.keeps(running) > kept, "a state to be kept")
        for role in ("publisher", "watch", "rows"):
            end(running, role)
        empty(running, f"{running.prefix}-watch-states-changelog")
        for role in ("publisher", "watch", "rows"):
            running.start(role).ready()
        watch = running.one("watch")
        running.begin("E-4", timedelta(seconds=1))
        until(lambda: running.red > 0, "the red card")
        running.seen("E-4", "wall-cards")
        told = [line for line in logged(watch) if "the kept states are removed" in line]
        assert len(told) == 1
        assert (tables.parents[1] / "lock").exists()

    @staticmethod
    def keeps(place: Place) -> int:
        """How often the worker that runs has kept a state."""
        return sum("a state is kept" in line for line in logged(place.one("watch")))


def empty(place: Place, *more: str) -> None:
    """Delete the topics, and some more."""
    topics = [f"{place.prefix}.cases", f"{place.prefix}.log", *more]
    asyncio.run(admin(place.kafka, lambda each: each.delete_topics(topics)))


class TestPoison:
    """Messages that are no parcels, or lie."""

    def test_they_are_set_aside_and_nothing_is_lost(self, running: Place) -> None:
        """In each partition of both topics, behind and before the real ones; the publisher, too,
        finds such a thing where it looks for what it sent last.
        """
        before = running.red
        running.begin("Q-1", timedelta(seconds=1))
        end(running, "publisher")
        asyncio.run(poison(running, lies(running)))
        running.begin("Q-2", timedelta(seconds=1))
        running.start("publisher").ready()
        until(lambda: running.red >= before + 2, "the red cards")
        running.seen("Q-1", "wall-cards")
        running.seen("Q-2", "wall-cards")
        for role in ("watch", "rows"):
            logged = running.one(role).log.read_text()
            for why in ("of form 2", "truncated", "events that are not of", "not come so far"):
                assert why in logged
            until(lambda r=role: not readiness(running.one(r))["alarms"], f"the {role} to be well")

    def test_a_topic_of_another_log_is_named_and_made_anew(self, running: Place) -> None:
        """As when the log was restored from an older copy: the publisher sends nothing behind what
        the log does not have. Once the operator has done what it says, all goes on.
        """
        end(running, "publisher")
        with running.record() as record:
            head = record.head()
        asyncio.run(poison(running, [encode(Parcel(head, head + 9))]))
        publisher = running.start("publisher")
        running.begin("T-1", timedelta(seconds=1))
        waits(publisher, "publishing", f"speaks of {head + 9}", "stop watch and rows, delete the")
        for role in ("watch", "rows"):
            end(running, role)
        topics = [f"{running.prefix}.cases", f"{running.prefix}.log"]
        asyncio.run(admin(running.kafka, lambda each: each.delete_topics(topics)))
        for role in ("watch", "rows"):
            running.start(role)
        publisher.ready()
        running.seen("T-1", "wall-cards")

    def test_at_the_end_the_log_has_all_that_was_acknowledged_and_the_acts_follow(
        self, running: Place
    ) -> None:
        """Every fact once, every card once, and the wall agrees with a replay."""
        wall = running.one("wall")
        until(lambda: wall.get("/api/v1/health")["behind"] == 0, "the rows to catch up")
        with running.record() as record:
            assert_the_log_holds(record, running.acknowledged)
            checked = running.check_rows(record)
            assert checked.differing == []
            assert checked.cases >= len(running.acknowledged) / 2
        until(lambda: wall.get("/api/v1/health")["status"] == "ok", "the wall to be well")


def end(place: Place, role: str) -> None:
    """In order; it is of the place no longer."""
    process = place.one(role)
    assert process.stop() == 0
    place.processes.remove(process)


def lies(place: Place) -> list[bytes | None]:
    """What is no parcel of this log, whatever it says of itself; in the end nothing at all."""
    with place.record() as record:
        head = record.head()
    far, future = head + 1_000_000, instant(now() + timedelta(days=1_000))
    forged = [far, "lists/x", 1, "X/1", 1, b"{}"]
    return [
        b"",
        b"garbage",
        msgspec.msgpack.encode((FORM + 1, 0, head, 0, "of a newer program")),
        msgspec.msgpack.encode((FORM, head, head - 1, 0, [])),
        msgspec.msgpack.encode((FORM, -5, head, 0, [])),
        msgspec.msgpack.encode((FORM, head - 1, head, 0, [forged])),
        encode(Parcel(far, far + 5, 0, None)),
        encode(Parcel(far, far + 5, 0, ())),
        encode(Parcel(0, far, 0, ())),
        encode(Parcel(head, head, future)),
        None,
    ]


async def poison(place: Place, messages: Sequence[bytes | None]) -> None:
    """Into every partition of both topics."""
    topics = [(f"{place.prefix}.cases", 4), (f"{place.prefix}.log", 1)]
    async with AIOKafkaProducer(bootstrap_servers=place.kafka.bootstrap) as producer:
        for topic, partitions in topics:
            for number in range(partitions):
                for message in messages:
                    await producer.send_and_wait(topic, message, b"key", number)


def assert_the_log_holds(record: Record, acknowledged: list[str]) -> None:
    """Every acknowledged fact once; the acts of each case are those that one watch derives."""
    watch, ids, acts = Watch(record.read_case), list[str](), dict[str, list[tuple[str, bytes]]]()
    position, last = 0, 0
    while batch := record.read(position, 5_000):
        position = batch[-1].position
        watch.take(s for s in batch if not isinstance(s.event, CardAct))
        ids += [s.event.id for s in batch if isinstance(s.event, Fact)]
        for stored in batch:
            if isinstance(stored.event, CardAct):
                acts.setdefault(stored.stream, []).append((stored.topic, stored.payload))
                last = max(last, instant(stored.event.at))
    watch.tick(last)
    assert len(ids) == len(set(ids))
    assert set(acknowledged) == set(ids)
    assert acts == {w.stream: [encoded(act) for act in w.acts] for w in watch.pending()}
    assert sum(map(len, acts.values())) >= 4
