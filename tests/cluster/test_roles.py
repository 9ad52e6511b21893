"""The roles as processes: what they tell, who leads, what comes through, and their end.

One town for the whole file, in which of each elected role there are two; the last tests end it.

Above 400 lines: what the roles do is tried on that one town, as it takes long to begin.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import astuple, replace

from projections.casebook import Casebook
from projections.clickhouse import generations
from projections.schema import BY_NAME, TABLES, VERSION
from projections.warehouse import Warehouse
from supervision.clock import SteppedClock
from supervision.facts import instant
from supervision.publishing import publish_missing
from supervision.record import Incoming, Record
from supervision.runners.cli import main
from supervision.runners.cluster.generations import open_engine, open_warehouse
from supervision.runners.cluster.schedule import (
    RowsDiffer,
    compare_rows,
    drop_old_generations,
    forget_rows,
)
from supervision.runners.cluster.station import NEEDS, NotSet, Says, Station
from supervision.runners.cluster.web import Current, serve_intake, serve_wall
from supervision.runners.server import PortBusy
from supervision.runners.settings import Settings
from supervision.store.board import Board
from tests.cluster.permits import (
    ITEM,
    SOURCE,
    begun,
    event,
    lists,
    look,
    metric,
    now,
    page,
    post,
)
from tests.cluster.town import Process, Town
from tests.court import fact
from tests.product import GLANCE, SUPERVISE, until
from tools.services import Clickhouse, Kafka, Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

GRACE = 30
"""Seconds that docker-compose.yml gives a role to end."""
ELECTED = ("publisher", "rows", "links", "alerts", "seal", "scheduler")
ROLES = tuple(NEEDS)
PAUSE = 0.15
"""Seconds between two reports: a source system may make ten a second."""
MONTHS_AGO = (8, 5, 2)
"""When the town's old cases were recorded."""


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    kafka: Kafka,
    clickhouse: Clickhouse,
) -> Iterator[Town]:
    """All roles at work, on a log that goes back some months."""
    home = tmp_path_factory.mktemp("town") / "home"
    with Town(home, postgres, kafka, clickhouse, lists=False) as made:
        tell_the_past(made)
        roles = [role for role in ROLES for _ in range(1 + (role in ELECTED))]
        started = [made.start(role) for role in roles]
        for each in started:
            each.ready()
        yield made


def tell_the_past(town: Town) -> None:
    """Lists, and a case in each of some months, recorded then; the clock is confirmed since."""
    past = [datetime.now(UTC) - timedelta(days=31 * months) for months in MONTHS_AGO]
    clock = SteppedClock(instant(past[0]) - 1_000_000)
    with town.record(clock) as record:
        publish_missing(record, lists())
        for when in past:
            clock.set(instant(when))
            for kind in ("ApplicationReceived", "CaseAccepted"):
                text = when.strftime("%Y-%m-%d %H:%M")
                told = fact(kind, text, item=ITEM, source=SOURCE, case_no=f"old-{when:%Y%m}")
                record.append_facts([Incoming(told)])
    with town.record() as record:
        record.confirm_clock("the test")


@pytest.fixture(scope="module")
def key(town: Town) -> str:
    """Of the source system, as an operator makes one."""
    return town.supervise("key", "new", SOURCE).strip()


@pytest.fixture
def given(town: Town) -> Settings:
    """The town's settings, for what is called in this process."""
    return Settings(
        home=town.home,
        database=town.url,
        vault=town.url,
        keys=town.url,
        kafka=town.kafka.bootstrap,
        topic_prefix=town.prefix,
        clickhouse=town.warehouse_url,
        partitions=4,
    )


@pytest.fixture
def scheduler(given: Settings) -> Iterator[Station]:
    """A scheduler's station whose bells nobody rings."""
    station = Station("scheduler", replace(given, retention_months=3))
    station.open()
    yield station
    station.close()


def living(town: Town, role: str) -> list[Process]:
    """The processes of a role that were not ended."""
    found = [each for each in town.processes if each.role == role]
    return [each for each in found if each.process and each.process.poll() is None]


def leaders(town: Town, role: str) -> list[Process]:
    """Those that say that they hold the role's name."""
    return [p for p in living(town, role) if metric(p, "supervision_elected", role=role)]


def leader(town: Town, role: str) -> Process:
    """The one that leads, once there is one and no other that did says so still."""
    arrives(town, lambda: len(leaders(town, role)) == 1, f"one {role} to lead")
    return leaders(town, role)[0]


def arrives(town: Town, holds: Callable[[], object], what: str) -> None:
    """Wait for something, and see meanwhile that no role has died."""

    def looked() -> object:
        for each in town.processes:
            code = each.process.poll() if each.process else None
            assert code in (None, 0), f"{each.role}: {code}\n{each.log.read_text()[-2000:]}"
        return holds()

    until(looked, what)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_tells_of_itself(town: Town, role: str) -> None:
    """That it lives, that it is ready and how far it is, as JSON and for Prometheus."""
    for process in living(town, role):
        health, ready = process.get("/health", process.told), process.get("/ready", process.told)
        assert health["alive"]
        assert health["instance"] == ready["instance"]
        assert (health["role"], ready["role"]) == (role, role)
        assert ready["ready"]
        assert ready["alarms"] == {}
        assert metric(process, "supervision_build_info", role=role) == 1
        assert metric(process, "supervision_acts_total", severity="red") is not None
        assert metric(process, "supervision_facts_total", outcome="refused") is not None


@pytest.mark.parametrize("role", [role for role in ROLES if role != "scheduler"])
def test_who_follows_the_log_tells_how_far_it_is(town: Town, role: str) -> None:
    """Of an elected role, the one that leads; all have what there is."""
    head = log_head(town)
    for process in [leader(town, role)] if role in ELECTED else living(town, role):
        arrives(town, lambda p=process: reached(p) >= head, f"the {role} to have all")
        assert metric(process, "supervision_lag_events", follower=role) is not None
        if role != "links":
            arrives(town, lambda p=process: age(p) is not None, f"the {role} to know its age")


def log_head(town: Town) -> int:
    with town.record() as record:
        return record.head()


def reached(process: Process) -> int:
    """How far its follower is."""
    followers = process.get("/ready", process.told)["followers"]
    return int(followers[process.role]["position"])


def age(process: Process) -> float | None:
    """Of what its follower had last, in seconds; None before anything is known."""
    return metric(process, "supervision_lag_seconds", follower=process.role)


@pytest.mark.parametrize("role", ELECTED)
def test_of_two_one_leads(town: Town, role: str) -> None:
    """And both say so, also where the lead went from one to the other while they began."""
    arrives(town, lambda: len(leaders(town, role)) == 1, f"one {role} to lead")
    assert len(living(town, role)) == 2


def test_a_report_comes_through_to_the_wall(town: Town, key: str) -> None:
    """A step with a key of `supervise key new`: in the case's page and in the wall's health."""
    intake, wall = town.one("intake"), town.one("wall")
    told = [*begun("A-1", now() + timedelta(days=3)), event("A-1", "StepCompleted", step="review")]
    answers = post(intake, key, told)
    assert [each["status"] for each in answers] == ["stored"] * 3
    assert [each["status"] for each in post(intake, key, told[:1])] == ["had"]
    assert [each["status"] for each in post(intake, key, [{"specversion": "1.0"}])] == ["refused"]
    last = answers[-1]["position"]
    arrives(town, lambda: wall.get("/api/v1/health")["head"] >= last, "the step in the log")
    arrives(town, lambda: "Step done review" in page(wall, f"/case/{SOURCE}/A-1"), "its page")
    arrives(town, lambda: "A-1" in look(wall).places["wall-stream"], "it among the live events")
    health = wall.get("/api/v1/health")
    assert health["status"] == "ok", health["alarms"]
    assert metric(intake, "supervision_facts_total", outcome="stored") == 3
    assert metric(intake, "supervision_facts_total", outcome="had") == 1
    assert metric(intake, "supervision_facts_total", reason="unreadable") == 1


def test_a_red_card_shows_on_the_wall(town: Town, key: str) -> None:
    """In the list of cards, among the figures, and in what the watch counts."""
    wall, watch = town.one("wall"), town.one("watch")
    red = {"act": "CardIssued", "severity": "red"}
    before = metric(watch, "supervision_acts_total", **red) or 0
    post(town.one("intake"), key, begun("R-1", now() + timedelta(seconds=1)))
    arrives(town, lambda: "R-1" in look(wall).places["wall-cards"], "the red card")
    assert "Red card" in page(wall, f"/case/{SOURCE}/R-1")
    assert "R-1" in page(wall, "/cases")
    assert metric(watch, "supervision_acts_total", **red) == before + 1


def test_what_is_refused_is_counted_by_its_reason(town: Town, key: str) -> None:
    """Here a fact with an id that another one has."""
    intake = town.one("intake")
    told = event("B-1", "ApplicationReceived", deadline=(now() + timedelta(days=9)).isoformat())
    other = {**told, "time": (now() - timedelta(hours=1)).isoformat()}
    assert [each["status"] for each in post(intake, key, [told, other])] == ["stored", "refused"]
    assert metric(intake, "supervision_facts_total", reason="other_content") == 1


class TestScheduler:
    """What the bells ask for, called here."""

    def test_rows_are_compared_with_the_log(self, town: Town, scheduler: Station) -> None:
        """A row that was falsified is found and named, with its column."""
        checked = compare_rows(scheduler)
        assert checked.cases >= len(MONTHS_AGO)
        with closing(in_use(scheduler.given)) as warehouse, town.record() as record:
            source, case_no = some_case(warehouse)
            book = Casebook(record.read_case)
            publish = record.read_lists()
            book.learn_lists(publish)
            right = book.row_at((source, case_no), record.head())
            assert right is not None
            wrong = replace(right, department="别处")
            swap(warehouse, record.head(), right, wrong)
            with pytest.raises(RowsDiffer, match=rf"{case_no} .*\(department\).*supervise rebuild"):
                compare_rows(scheduler)
            swap(warehouse, record.head(), wrong, right)
        assert compare_rows(scheduler).differing == []

    def test_old_months_are_forgotten(self, town: Town, scheduler: Station) -> None:
        """Those that ended before the policy's; the rows of now stay, and so do the sums."""
        with closing(in_use(scheduler.given)) as warehouse:
            held, opened = months(warehouse), open_cases(warehouse)
            dropped = forget_rows(scheduler)
            kept = months(warehouse)
            assert {each.month for each in dropped} == {
                month for month in held if month not in kept
            }
            assert len(held) - len(kept) == 2
            assert opened == open_cases(warehouse)
        assert forget_rows(scheduler) == []

    def test_nothing_is_forgotten_without_a_policy(self, given: Settings) -> None:
        """Which is how it is if nobody sets it; not even the server is asked."""
        assert forget_rows(Station("scheduler", given)) == []


def test_a_wall_reads_the_generation_that_is_written(
    given: Settings, clickhouse: Clickhouse
) -> None:
    """At once, whatever the pointer says; where nobody writes, the one that is in use."""
    own = replace(given, topic_prefix="reading", clickhouse=clickhouse.fresh("reading"))
    for number in (1, 2):
        open_warehouse(own, number).close()
    written = [0]
    with closing(Current(own, 1, lambda: written[0])) as current:
        for written[0], read in ((0, 1), (2, 2), (1, 1), (2, 2)):
            assert current.query("select currentDatabase()", {}) == [(f"reading_{VERSION}_{read}",)]
        written[0] = 0
        until(
            lambda: current.query("select currentDatabase()", {}) == [(f"reading_{VERSION}_1",)],
            "it",
        )


def in_use(given: Settings) -> Warehouse:
    """The newest generation, which is the one in use."""
    engine = open_engine(given)
    newest = max(generations(engine))
    engine.close()
    return open_warehouse(given, newest)


def some_case(warehouse: Warehouse) -> tuple[str, str]:
    sql = "select source, case_no from open_cases where source != '' order by case_no desc limit 1"
    ((source, case_no),) = warehouse.query(sql)
    return str(source), str(case_no)


def swap(warehouse: Warehouse, position: int, old: object, new: object) -> None:
    """Put a row of an open case in the place of another, as nobody may who is not the writer."""
    rows = [(position, sign, *astuple(row)) for sign, row in ((-1, old), (1, new))]  # type: ignore[type-var]
    names = ", ".join(column.name for column in BY_NAME["open_cases"].columns)
    warehouse._engine._client().execute(  # type: ignore[attr-defined]
        f"insert into open_cases ({names}) values", rows
    )


def months(warehouse: Warehouse) -> set[int]:
    """Of which there are events."""
    return {int(m) for (m,) in warehouse.query(
        "select distinct toYYYYMM(toDateTime(intDiv(recorded_at, 1000000), 'UTC')) from events"
    )}  # fmt: skip


def open_cases(warehouse: Warehouse) -> int:
    return int(warehouse.query("select sum(sign) from open_cases where source != ''")[0][0])


def sums(warehouse: Warehouse) -> dict[str, list[object]]:
    """What the tables add up to, without the marks."""
    told = {}
    for table in TABLES:
        kinds = {column.name: column.type for column in table.columns}
        numbers = [
            name
            for name, kind in kinds.items()
            if kind in ("Int32", "Int64") and name not in ("step", "slot")
        ]
        sign = "sign" if "sign" in kinds else "1"
        where = "where source != ''" if "source" in kinds else ""
        added = ", ".join(f"sum({sign} * {name})" for name in numbers or ["1"])
        told[table.name] = list(warehouse.query(f"select {added} from {table.name} {where}")[0])
    return told


@contextmanager
def reported(intake: Process, key: str) -> Iterator[list[str]]:
    """Cases received one after the other until the block ends; their numbers."""
    stop, told = Event(), list[str]()
    failed: list[BaseException] = []

    def report() -> None:
        try:
            while not stop.is_set():
                case = f"C-{len(told)}"
                post(intake, key, begun(case, now() + timedelta(days=9)))
                told.append(case)
                stop.wait(PAUSE)
        except BaseException as error:  # noqa: BLE001 told by the thread that waits
            failed.append(error)

    thread = Thread(target=report, name="department")
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


@contextmanager
def watched(wall: Process) -> Iterator[list[int]]:
    """Somebody looks at the wall all the time: how many cases were received today, each time."""
    stop, seen = Event(), list[int]()
    failed: list[BaseException] = []

    def see() -> None:
        try:
            while not stop.is_set():
                seen.append(look(wall).today[0])
                stop.wait(GLANCE)
        except BaseException as error:  # noqa: BLE001 told by the thread that waits
            failed.append(error)

    thread = Thread(target=see, name="somebody")
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


def test_a_rebuild_is_not_seen_on_the_wall(
    town: Town, key: str, given: Settings, scheduler: Station
) -> None:
    """While facts come in and somebody looks: the figures never go back, nor stand still; then the
    new rows are those of the old ones, and the night drops the old.
    """
    intake, wall = town.one("intake"), town.one("wall")
    with watched(wall) as seen:
        with reported(intake, key) as told:
            until(lambda: len(set(seen)) > 2, "cases to be seen")
            assert "generation 2 is in use" in town.supervise("rebuild")
            after = len(told)
            until(lambda: len(told) > after, "cases after the rebuild")
        arrives(town, lambda: look(wall).today[0] >= len(told), "all of them on the wall")
    assert seen == sorted(seen)
    arrives(town, lambda: wall.get("/api/v1/health")["behind"] == 0, "the rows to catch up")
    with town.record() as record:
        settled(town, record, 2)
    with closing(open_warehouse(given, 2)) as second:
        before = sums(second)
        assert "generation 3 is in use" in town.supervise("rebuild")
        with closing(open_warehouse(given, 3)) as third:
            assert before == sums(third)
    with closing(open_engine(given)) as engine:

        def gone() -> bool:
            drop_old_generations(scheduler)
            return generations(engine) == [3]

        arrives(town, gone, "the old generations to go")
    assert look(wall).today[0] >= len(told)
    assert compare_rows(scheduler).differing == []


def settled(town: Town, record: Record, number: int) -> None:
    """Wait until the rows of a generation have all that the log has.

    For a second after a rebuild the old ones are written still.
    """
    with closing(Board(town.url)) as board:

        def filled() -> bool:
            head = record.head()
            return any(
                msgspec.json.decode(each.says, type=Says).generation == number
                for each in board.read()
                if each.role == "rows" and each.position == head
            )

        arrives(town, filled, f"the rows of generation {number}")


@pytest.mark.parametrize("role", ELECTED)
def test_when_the_leader_ends_the_other_takes_over(town: Town, role: str, key: str) -> None:
    """The one that was told to end is off the board; the other leads and does the work."""
    first = leader(town, role)
    instance = first.get("/health", first.told)["instance"]
    end(first)
    assert code(first) == 0, first.log.read_text()[-3000:]
    with closing(Board(town.url)) as board:
        assert (role, instance) not in {(told.role, told.instance) for told in board.read()}
    assert leader(town, role) is not first
    wall, case = town.one("wall"), f"F-{role}"
    post(town.one("intake"), key, begun(case, now() + timedelta(days=9)))
    arrives(town, lambda: case in look(wall).places["wall-stream"], "what was told since")
    arrives(town, lambda: wall.get("/api/v1/health")["status"] == "ok", "the wall to be well")


def end(process: Process) -> None:
    """As an operator does."""
    assert process.process is not None
    process.process.send_signal(signal.SIGTERM)


def code(process: Process) -> int:
    """With which it ends, within its grace."""
    assert process.process is not None
    return process.process.wait(timeout=GRACE)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_goes_on_to_live(town: Town, role: str) -> None:
    """Its heart beats on, also where it has nothing to do."""
    for process in living(town, role):
        last = [0.0]

        def beats(process: Process = process, last: list[float] = last) -> bool:
            before, last[0] = last[0], heard(process)
            return last[0] < before

        until(beats, f"the {role} to beat again (see {process.log})")


def heard(process: Process) -> float:
    """Seconds since its last beat."""
    return float(process.get("/health", process.told)["seconds_since_beat"])


def test_every_role_ends_in_order(town: Town) -> None:
    """On SIGTERM, with 0, without a defect in its log; nobody is on the board any more."""
    running = [each for role in ROLES for each in living(town, role)]
    assert {each.role for each in running} == set(ROLES)
    for each in running:
        end(each)
    for each in running:
        assert code(each) == 0, each.log.read_text()[-3000:]
    for each in town.processes:
        assert "Traceback" not in each.log.read_text()
    with closing(Board(town.url)) as board:
        assert board.read() == []


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in NEEDS.items() for name in names]
)
def test_a_setting_that_a_role_needs_is_named(role: str, name: str) -> None:
    """Before anything is opened."""
    servers = {
        "database": "postgresql://nobody@127.0.0.1:9/none",
        "kafka": "127.0.0.1:9",
        "clickhouse": "clickhouse://127.0.0.1:9/none",
    }
    given = Settings(**{**servers, name: ""})  # type: ignore[arg-type]
    with pytest.raises(NotSet, match=f"the role {role} needs the setting {name}: set SUPERVISION_"):
        Station(role, given)


@pytest.mark.parametrize("serve", [serve_wall, serve_intake])
def test_a_port_in_use_is_told_with_the_setting_that_changes_it(
    serve: Callable[[Station], None], postgres: Postgres
) -> None:
    """Which is no option here, as it is of `supervise run`; before anything is opened."""
    role = serve.__name__.removeprefix("serve_")
    nowhere = dict.fromkeys(NEEDS[role], "postgresql://nobody@127.0.0.1:9/none")
    given = Settings(**nowhere, port=postgres.port)  # type: ignore[arg-type]
    with pytest.raises(PortBusy, match=f"{postgres.port} .* another with SUPERVISION_PORT$"):
        serve(Station(role, given))


def test_an_operator_reads_one_line(town: Town) -> None:
    """What is missing and where to read on; and exit code 1."""
    env = {name: value for name, value in town.env.items() if name != "SUPERVISION_KAFKA"}
    done = subprocess.run(
        [*SUPERVISE, "serve", "watch"], env=env, capture_output=True, text=True, check=False
    )
    (line,) = (done.stdout + done.stderr).strip().splitlines()
    assert "the role watch needs the setting kafka: set SUPERVISION_KAFKA" in line
    assert done.returncode == 1


def test_a_package_that_is_not_installed_is_named() -> None:
    """The product alone runs in one process and has none of the cluster's."""
    without = "import sys; sys.modules['psycopg'] = None"
    run = "from supervision.runners.cli import main; main(['serve', 'links'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{without}; {run}"],
        env={**os.environ, "SUPERVISION_DATABASE": "postgresql://nobody@127.0.0.1:9/none"},
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = (done.stdout + done.stderr).strip().splitlines()
    assert "need psycopg: pip install 'supervision[cluster]'" in line
    assert done.returncode == 1


def test_a_role_that_there_is_not_is_told_which_there_are() -> None:
    """By their names."""
    told = CliRunner(env=dict(os.environ)).invoke(main, ["serve", "nobody"])
    assert told.exit_code == 2
    assert all(role in told.output for role in ROLES)
