"""Replay over PostgreSQL and ClickHouse says of a log what it says of the very same log in SQLite.

A small city lives through some days in a home of one process and is adopted into PostgreSQL; both
are sealed with one key, and all that looks back or proves is then asked of both. No Kafka: nothing
is judged here.

Above 400 lines: two homes of one log, for all that is asked of them.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from starlette.testclient import TestClient

from alerts.alarms import Health
from dashboards.live import LiveSource
from dashboards.past import LogPast, day_of, written
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.filling import Filling
from projections.warehouse import Warehouse
from replay.casefile import CaseFile
from replay.checking import check
from replay.filing import gather
from replay.samples import Criteria
from replay.sampling import Asked, Sampling
from supervision.access.events import ACCESS, SAMPLES, CaseFileTaken, CaseSeen
from supervision.access.rights import INSPECTOR
from supervision.acts import CardIssued
from supervision.clock import SteppedClock, start_simulation
from supervision.demonstration.city import City
from supervision.errors import StoreError
from supervision.facts import Actor, ApplicationReceived, CaseAccepted, Instant, instant
from supervision.record import Incoming, Record
from supervision.runners.alerts import place_of
from supervision.runners.application import Place, application
from supervision.runners.city_alerts import Telling
from supervision.runners.cli import main
from supervision.runners.cluster.adopt import adopt_home
from supervision.runners.cluster.generations import open_warehouse
from supervision.runners.cluster.station import Says
from supervision.runners.demonstration import backfill, make_plan
from supervision.runners.doors import access_of
from supervision.runners.sealing import seals_of
from supervision.runners.settings import SIMULATION, Settings, clock_of, store
from supervision.runners.verifying import evidence_of
from supervision.store.adoption import Owners
from supervision.store.board import Board
from supervision.store.mapping import moment
from supervision.store.stored import Stored
from supervision.streams import parse
from supervision.system import TextErased
from tests.cluster.town import Town
from tests.court import CHINA
from tests.product import supervise, until
from tests.visitor import Visitor, visitor
from tools.services import Clickhouse, Kafka, Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

ZONE = "Asia/Shanghai"
HOUR = 3_600_000_000
CHECKER = Path(__file__).parents[2] / "tools" / "check_case_file.py"
ODD = "补录\0/1\x01%"


class NoKafka(NamedTuple):
    """What a town that judges nothing has of it."""

    bootstrap: str = "127.0.0.1:9"


class Side(NamedTuple):
    """One of the two: where it is, and the settings of who works on it."""

    given: Settings
    env: dict[str, str]
    warehouse: Warehouse

    def supervise(self, *words: str, code: int = 0) -> str:
        """A command of the product; what it printed on standard output."""
        done = CliRunner(env=self.env).invoke(main, list(words), catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.stdout

    def told(self, *words: str) -> Any:
        """What a command says as JSON."""
        return json.loads(self.supervise(*words, "--json"))

    def record(self) -> Record:
        """As a command opens it."""
        return Record(self.given.home, clock_of(self.given.home), store(self.given))

    def past(self, record: Record, judged: Instant) -> LogPast:
        """The past of the wall."""
        shown = lambda: (judged, 0.0)  # noqa: E731
        return LiveSource(record, self.warehouse, shown, Health, district="本级", zone=ZONE).past()


class Sides(NamedTuple):
    """The log of a home, and the same in the servers; `last`: when it was judged for good."""

    files: Side
    servers: Side
    town: Town
    last: Instant
    stored: list[Stored]

    @property
    def both(self) -> tuple[Side, Side]:
        """For what is asked of each."""
        return self.files, self.servers

    def cases(self, holds: Callable[[list[Stored]], bool]) -> list[tuple[str, str]]:
        """Those of whose events something holds."""
        by_case: dict[tuple[str, str], list[Stored]] = {}
        for each in self.stored:
            if case := parse(each.stream):
                by_case.setdefault((case.source, case.case_no), []).append(each)
        return sorted(key for key, stored in by_case.items() if holds(stored))


def live(home: Path) -> Instant:
    """The city's days, with who was told of what, and a case whose texts are destroyed."""
    plan = make_plan(days=4, cases_a_day=15)
    city, last = plan.city(), instant(plan.now)
    clock = SteppedClock(city.begins)
    with closing(Record(home, clock)) as record:
        place = place_of(record, "演示区", ZONE, "https://wall.example")
        told = Telling(record, clock, city, place)
        backfill(record, clock, city, last - 30 * HOUR, telling=told)
        record.append_facts([_late(city, days, record.last_stamp()) for days in (9, 8)])
        backfill(record, clock, city, last, telling=told)
        erased = next(key for key in record.cases() if _has_texts(record, *key))
        record.erase(*erased, by="console:test", basis="依申请")
        return record.last_stamp()


def _late(city: City, days: int, now: Instant) -> Incoming:
    """Of a case reported days late, whose number no text of PostgreSQL can hold as it is."""
    kind = ApplicationReceived if days == 9 else CaseAccepted
    occurred = moment(now - days * 24 * HOUR).astimezone(CHINA)
    actor = Actor(id="P", post="窗口", department=city.departments[0])
    fact = kind(
        id=f"late-{days}", source="late", case_no=ODD, item=city.items[0].code,
        occurred_at=occurred, actor=actor,
    )  # fmt: skip
    return Incoming(fact, {"opinion": f"补录 {ODD}"})


def _has_texts(record: Record, source: str, case_no: str) -> bool:
    return any(getattr(each.event, "texts", ()) for each in record.read_case(source, case_no))


@pytest.fixture(scope="module")
def sides(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    clickhouse: Clickhouse,
    chdb: ChdbEngine,
) -> Iterator[Sides]:
    """Both sealed, and the rows of both written up to the log's end."""
    folder = tmp_path_factory.mktemp("replayed")
    home = folder / "files" / "home"
    last = live(home)
    with Town(
        folder / "servers" / "home", postgres, cast(Kafka, NoKafka()), clickhouse, lists=False
    ) as town:
        given = Settings(
            home=town.home, database=town.url, vault=town.url, keys=town.url,
            clickhouse=town.warehouse_url, topic_prefix=town.prefix, partitions=4,
        )  # fmt: skip
        adopt_home(given, home, Owners(town.owner, town.owner, town.owner))
        alone = {"SUPERVISION_HOME": str(home)}
        kept = Warehouse(chdb, days_in(ZONE))
        kept.drop_all()
        kept.create()
        files = Side(Settings(home=home), alone, kept)
        servers = Side(given, town.env, open_warehouse(given, 1))
        for side in (files, servers):
            start_simulation(side.given.home / SIMULATION, last + 1, speed=1, night_speed=1)
            with closing(side.record()) as record:
                Filling(record, side.warehouse).read_up_to(record.head())
                stored = record.read(0, 1_000_000)
        files.supervise("seal", "now")
        for path in (home / "keys").iterdir():
            target = town.home / "keys" / path.name
            target.parent.mkdir(mode=0o700, exist_ok=True)
            target.touch(mode=0o600)
            target.write_bytes(path.read_bytes())
        servers.supervise("seal", "now")
        yield Sides(files, servers, town, last, stored)
        servers.warehouse.close()


def test_the_two_logs_are_one(sides: Sides) -> None:
    """Event by event; sealed by one key they have one checkpoint, and both are proved by it."""
    with closing(sides.files.record()) as files, closing(sides.servers.record()) as servers:
        assert files.read(0, 1_000_000)[: len(sides.stored)] == sides.stored
        assert servers.read(0, 1_000_000)[: len(sides.stored)] == sides.stored
    files_seal, servers_seal = (seals_of(side.given).latest() for side in sides.both)
    assert files_seal is not None
    assert files_seal == servers_seal
    for side in sides.both:
        found = side.told("verify")
        assert (found["verdict"], found["findings"]) == ("proved", [])


# Case files.


@pytest.fixture(scope="module")
def filed(sides: Sides) -> dict[str, tuple[str, str]]:
    """Cases of which files are taken: with cards and messages; with texts destroyed; an odd one."""
    erased = {s.event.case_no for s in sides.stored if isinstance(s.event, TextErased)}
    told = sides.cases(lambda stored: any(s.stream.endswith("/notices") for s in stored))
    carded = sides.cases(lambda stored: any(isinstance(s.event, CardIssued) for s in stored))
    return {
        "told": next(key for key in told if key in carded and key[1] not in erased),
        "erased": next(key for key in sides.cases(bool) if key[1] in erased),
        "odd": ("late", ODD),
    }


@pytest.fixture(scope="module", autouse=True)
def taken(
    sides: Sides, filed: dict[str, tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, Path]]:
    """The files as the command writes them, of each side; before anything else is recorded."""
    folder = tmp_path_factory.mktemp("taken")
    made: dict[str, tuple[Path, Path]] = {}
    for name, (source, case_no) in filed.items():
        paths = (folder / f"{name}-files.zip", folder / f"{name}-servers.zip")
        for side, path in zip(sides.both, paths, strict=True):
            words = ("--texts", "--reason", "信访复查 2026-12")
            side.supervise("case-file", case_no, "--source", source, "--out", str(path), *words)
        made[name] = paths
    return made


def file_in(path: Path, vkey: str) -> CaseFile:
    """What a bundle says, once it is proved under a key."""
    checked = check(path.read_bytes(), vkey)
    assert (checked.code, checked.findings, checked.reasons) == (0, (), ())
    assert checked.file is not None
    return checked.file


@pytest.mark.parametrize("name", ["told", "erased", "odd"])
def test_a_case_file_is_the_same(
    sides: Sides, taken: dict[str, tuple[Path, Path]], name: str
) -> None:
    """Events, texts, cards, messages, lists, proofs; only the instant of taking may be another."""
    vkey = seals_of(sides.files.given).vkey
    one, other = (file_in(path, vkey) for path in taken[name])
    assert one == replace(other, as_of=one.as_of)
    assert one.events
    assert one.unsealed == ()
    states = {text.state for event in one.events for text in event.texts}
    assert states == ({"erased"} if name == "erased" else {"shown"})
    assert one.messages or name != "told"


@pytest.mark.parametrize("name", ["told", "erased", "odd"])
def test_a_case_file_is_good_on_another_machine(
    sides: Sides, taken: dict[str, tuple[Path, Path]], name: str
) -> None:
    """By the checker that has nothing of the product: proved, in the same words for both."""
    said = []
    for path in taken[name]:
        words = (str(path), "--key", seals_of(sides.files.given).vkey)
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(CHECKER), *words],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(re.sub(r"\d\d:\d\d:[\d.]+", "", done.stdout))
    assert said[0] == said[1]


def test_what_is_gathered_of_every_case_is_the_same(sides: Sides) -> None:
    """Its streams, its messages, its erasures, the lists; each event byte for byte."""
    with closing(sides.files.record()) as files, closing(sides.servers.record()) as servers:
        keys = list(files.cases())
        assert keys == list(servers.cases())
        for key in keys:
            assert gather(files, *key)[1:] == gather(servers, *key)[1:]


def test_what_was_taken_is_on_record(
    sides: Sides, filed: dict[str, tuple[str, str]], taken: dict[str, tuple[Path, Path]]
) -> None:
    """With the digest of the manifest that left."""
    for side, number in zip(sides.both, range(2), strict=True):
        with closing(side.record()) as record:
            events = [each.event for each in record.read_stream(ACCESS)]
        noted = [each for each in events if isinstance(each, CaseFileTaken)][: len(taken)]
        assert [(each.source, each.case_no) for each in noted] == list(filed.values())
        for each, paths in zip(noted, taken.values(), strict=True):
            manifest = zipfile.ZipFile(paths[number]).read("manifest.txt")
            assert each.digest == sha256(manifest).hexdigest()


# A case lived through again.


@pytest.mark.parametrize("axis", ["known", "true"])
def test_a_case_is_replayed_the_same(
    sides: Sides, filed: dict[str, tuple[str, str]], axis: str
) -> None:
    """Moment by moment, on both lines; whoever looked is on record."""
    source, case_no = filed["told"]
    until = written(sides.last, ZONE)
    words = ("replay", case_no, "--source", source, "--axis", axis, "--as-of", until)
    one, other = (side.supervise(*words) for side in sides.both)
    assert case_no in one
    assert "▲" in one or "●" in one or "◆" in one
    assert one == other
    for side in sides.both:
        with closing(side.record()) as record:
            seen = [each.event for each in record.read_stream(ACCESS)]
        look = next(each for each in reversed(seen) if isinstance(each, CaseSeen))
        assert (look.case_no, look.how) == (case_no, "command")


# The wall of a past instant.


def test_past_walls_are_the_same(sides: Sides) -> None:
    """Of instants hours apart, of all and of a department: every figure, list and line; the marks
    of each day; the departments; from when on.
    """
    with closing(sides.files.record()) as files, closing(sides.servers.record()) as servers:
        one, other = sides.files.past(files, sides.last), sides.servers.past(servers, sides.last)
        assert one.span() == other.span()
        assert one.names() == other.names()
        first, last = one.span().first, one.span().last
        part, walls = one.names()[0], set()
        for at in range(first, last + 1, (last - first) // 6):
            wall = one.wall(at)
            assert wall == other.wall(at)
            walls.add(msgspec.json.encode(wall.kpi))
        assert len(walls) > 4
        assert one.of(part).wall(last) == other.of(part).wall(last)
        days = {day_of(s.recorded_at, ZONE) for s in sides.stored}
        marks = {day: one.issued(day) for day in sorted(days)}
        assert any(marks.values())
        assert marks == {day: other.issued(day) for day in marks}
        assert day_of(first, ZONE) - timedelta(1) not in days


def test_the_figures_of_an_instant_are_the_same(sides: Sides) -> None:
    """`supervise replay --as-of`: of the home from the log, of the servers from the warehouse."""
    at = written(sides.last - 20 * HOUR, ZONE)
    done = supervise(sides.files.given.home, "replay", "--as-of", at)
    assert done.returncode == 0, done.stderr
    assert "在办 open" in done.stdout
    assert done.stdout == sides.servers.supervise("replay", "--as-of", at)


# Derived again, and under other rules.


def without_now(told: dict[str, Any]) -> dict[str, Any]:
    """But for up to when: looks at cases let the log's time pass."""
    return {name: value for name, value in told.items() if name != "until"}


def test_every_act_follows_again(sides: Sides) -> None:
    """Equal, of as many cases and acts; nothing is without a reason."""
    one, other = (without_now(side.told("rederive")) for side in sides.both)
    assert one == other
    assert one["differences"] == []
    assert one["cases"] > 20
    assert one["acts"] > 5


@pytest.mark.parametrize(
    "words",
    [("--promise", "-40%"), ("--mode", "to_the_second", "--following"), ("--nothing-late",)],
    ids=" ".join,
)
def test_what_if_gives_the_same_figures(sides: Sides, words: tuple[str, ...]) -> None:
    """And the same cards behind them."""
    one, other = (without_now(side.told("what-if", *words)) for side in sides.both)
    assert one == other
    assert one["cases"] > 20
    assert one["turns"] or words[0] != "--promise"


# Exports.


@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_exports_are_the_same_bytes(sides: Sides, form: str, tmp_path: Path) -> None:
    """Of all cases, and of the days of some."""
    days = ("--from", str(day_of(sides.last - 60 * HOUR, ZONE)))
    for number, wanted in enumerate(((), days)):
        paths = [tmp_path / f"{number}-{side}" for side in ("files", "servers")]
        for side, path in zip(sides.both, paths, strict=True):
            side.supervise("export", f"--{form}", str(path), *wanted)
        one, other = (path.read_bytes() for path in paths)
        assert len(one) > 10_000
        assert one == other


# Samples.


def test_a_seed_draws_the_same_sample(sides: Sides) -> None:
    """Of the same cases; drawn again it is the same; found, looked at and told the same."""
    shown = []
    for side in sides.both:
        drawn = side.told("sample", "draw", "--seed", "2026-03", "-n", "5", "--state", "open")
        name, case_no = drawn["sample"], drawn["cases"][0]["case_no"]
        assert "✓" in side.supervise("sample", "show", name, "--again")
        side.supervise("replay", case_no)
        side.supervise(
            "sample", "check", name, case_no, "--result", "bad", "--defect", "late_entry"
        )
        told = side.told("sample", "show", name)
        for line in told["cases"]:
            line["looks"] = [(look["by"], look["how"]) for look in line["looks"]]
            line["check"] = line["check"] and (line["check"]["result"], line["check"]["defects"])
        drawn = {key: drawn[key] for key in ("seed", "population", "cases", "criteria")}
        shown.append((drawn, told["cases"], told["totals"]))
    assert shown[0] == shown[1]
    drawn, cases, _ = shown[0]
    assert drawn["population"] >= len(cases) > 1
    assert cases[0]["looks"]
    assert cases[0]["check"] == ("bad", ["late_entry"])


def test_samples_drawn_at_once_by_several_processes_have_numbers_of_their_own(
    sides: Sides,
) -> None:
    """None is lost, and each can be drawn again."""
    side, together = sides.servers, threading.Barrier(4)

    def draw(seed: str) -> str:
        with closing(side.record()) as record:
            together.wait()
            return Sampling(record).draw(Asked(seed, 3, Criteria()), "console:test").sample

    with ThreadPoolExecutor(4) as several:
        names = list(several.map(draw, ("a", "b", "c", "d")))
    assert len(set(names)) == 4
    with closing(side.record()) as record:
        sampling = Sampling(record)
        found = sampling.samples()
        assert (
            list(found)
            == [str(n) for n in range(1, len(record.read_stream(SAMPLES)) + 1)][: len(found)]
        )
        assert all(sampling.is_repeated(found[name]) for name in names)


# The wall of a cluster, as a process.


class Reader(NamedTuple):
    """Somebody signed in at a wall."""

    client: httpx.Client
    who: Visitor
    origin: str

    def get(self, path: str) -> httpx.Response:
        """A page, or an answer of the API."""
        return self.client.get(path, headers=self.who.headers)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """A form."""
        data = {"csrf": self.who.csrf, **fields}
        return self.client.post(path, data=data, headers=self.who.posting(self.origin))


class Alone:
    """A System whose rows are those of the log up to when it was judged."""

    watched_cases = 0

    def __init__(self, side: Side, record: Record, last: Instant) -> None:
        self.record, self.warehouse, self._last = record, side.warehouse, last

    def shown(self) -> tuple[Instant, float]:
        """That instant."""
        return self._last, 0.0

    def health(self) -> Health:
        """Nothing is wrong."""
        return Health()


@pytest.fixture(scope="module")
def alone(sides: Sides) -> Iterator[Reader]:
    """The application over the home."""
    given = sides.files.given
    who = visitor(given.home, role=INSPECTOR)
    origin = "http://127.0.0.1"
    with closing(sides.files.record()) as record:
        access = access_of(given, record)
        app = application(
            Alone(sides.files, record, sides.last),
            Place("本级", ZONE, clock_of(given.home)),
            access,
            seals=seals_of(given),
            evidence=evidence_of(given),
        )
        with TestClient(app, base_url=origin, follow_redirects=False) as client:
            yield Reader(client, who, origin)
        access.close()


@pytest.fixture(scope="module")
def served(sides: Sides) -> Iterator[Reader]:
    """`serve wall` over the servers; that time and rows have come is told in place of the roles
    that judge and write.
    """
    stop = threading.Event()
    telling = threading.Thread(target=tell, args=(sides, stop))
    telling.start()
    try:
        wall = sides.town.start("wall").ready()
        origin = f"http://127.0.0.1:{wall.port}"
        with httpx.Client(base_url=origin, timeout=60, trust_env=False) as client:
            yield Reader(client, sides.town.visitor, origin)
    finally:
        stop.set()
        telling.join()


def tell(sides: Sides, stop: threading.Event) -> None:
    """The board of a cluster that has come to the end of the log."""
    head = sides.stored[-1].position
    stamps = dict.fromkeys(range(sides.servers.given.partitions), sides.last)
    says = msgspec.json.encode(Says(stamps=stamps, generation=1))
    with closing(Board(sides.town.url)) as board:
        while not stop.wait(0.5):
            for role in ("publisher", "watch", "rows"):
                with suppress(StoreError):
                    board.tell(
                        role, "test", at=time.time_ns() // 1000, stamp=sides.last,
                        position=head, head=head, says=says,
                    )  # fmt: skip


def test_the_walls_of_both_show_the_same_past(sides: Sides, alone: Reader, served: Reader) -> None:
    """Every place of the page, in both languages; the marks of the day; what cannot be shown."""
    for hours in (1, 49):
        at = written(sides.last - hours * HOUR, ZONE)
        for path in (f"/_wall/past?at={at}", f"/_wall/past?at={at}&lang=en"):
            one, other = alone.get(path), served.get(path)
            assert one.status_code == 200, one.text
            assert one.json() == other.json()
        path = f"/_wall/past/day?day={at[:10]}"
        assert alone.get(path).json() == served.get(path).json()
    for at in ("1999-01-01", "2090-01-01", "yesterday"):
        one, other = alone.get(f"/_wall/past?at={at}"), served.get(f"/_wall/past?at={at}")
        assert one.status_code == other.status_code == 422
        assert one.json() == other.json()


def test_a_sample_is_drawn_at_the_wall(sides: Sides, alone: Reader, served: Reader) -> None:
    """By the form; the cases are the same, and a look by another process stands beside its case."""
    drawn = []
    for side, reader in ((sides.files, alone), (sides.servers, served)):
        answer = reader.post("/samples", seed="2026-04", n="4")
        assert answer.status_code == 303, answer.text
        path = answer.headers["location"].partition("?")[0]
        name = path.rpartition("/")[2]
        with closing(side.record()) as record:
            cases = Sampling(record).sample(name).keys
        assert len(cases) == 4
        source, case_no = cases[0]
        look = f"/api/v1/case?source={source}&case_no={case_no}"
        for _ in range(2):
            assert reader.get(look).status_code == 200
        side.supervise("case", case_no, "--source", source)
        with closing(side.record()) as record:
            seen = [e.event for e in record.read_stream(ACCESS) if isinstance(e.event, CaseSeen)]
        ways = [each.how for each in seen if each.case_no == case_no and each.by == "tester"]
        assert ways == ["api"]
        page = reader.get(path).text
        assert "tester" in page
        assert "console:" in page
        drawn.append(cases)
    assert drawn[0] == drawn[1]


def test_a_case_file_is_taken_at_the_wall(
    sides: Sides, filed: dict[str, tuple[str, str]], served: Reader
) -> None:
    """The wall has the seals and the key: what it hands out is proved."""
    source, case_no = filed["told"]
    answer = served.post(f"/case-file?source={source}&case_no={case_no}", reason="")
    assert answer.headers["content-type"] == "application/zip"
    checked = check(answer.content, seals_of(sides.files.given).vkey)
    assert (checked.code, checked.findings) == (0, ())
    assert zipfile.ZipFile(io.BytesIO(answer.content)).read("case.pdf").startswith(b"%PDF")


OTHERWISE = re.compile(r"\d\d:\d\d:\d\d|位置 [\d,]+|name=\"csrf\"[^>]*|当前程序 \w+")
"""What is another in each: when it was worked out, the form's token; while somebody works on the
files, the program's digest.
"""


@pytest.mark.parametrize("path", ["/what-if", "/what-if/rederive"])
def test_what_is_worked_out_at_the_wall_is_the_same(
    alone: Reader, served: Reader, path: str
) -> None:
    """Asked for, waited for, told in the same words."""
    pages = []
    for reader in (alone, served):
        assert reader.post(path, promise="-40%").status_code == 303
        page = until(lambda: ended(reader), "the work to end")  # noqa: B023
        pages.append(OTHERWISE.sub("", page))
    assert pages[0] == pages[1]


def ended(reader: Reader) -> str:
    """The page, once no work goes on."""
    answer = reader.get("/what-if")
    assert answer.status_code == 200
    return "" if 'http-equiv="refresh"' in answer.text else answer.text


def test_the_log_is_verified_at_the_wall(served: Reader) -> None:
    """By what it was sealed with, which the wall has to read."""
    assert served.post("/verify").status_code == 303
    assert "✓ 完好" in until(lambda: verified(served), "the verification to end")


def verified(reader: Reader) -> str:
    """What is read on the page, once no verification goes on."""
    page = reader.get("/verify").text
    return "" if 'http-equiv="refresh"' in page else re.sub(r"<[^>]+>", "", page)


def test_while_a_server_is_down_it_says_so_and_goes_on_when_it_is_back(
    sides: Sides, filed: dict[str, tuple[str, str]], served: Reader
) -> None:
    """Never a page of a defect, never something by halves."""
    source, case_no = filed["told"]
    of_case = f"source={source}&case_no={case_no}"
    past = f"/_wall/past?at={written(sides.last - 70 * HOUR, ZONE)}"
    for server in (sides.town.clickhouse, sides.town.postgres):
        server.kill()
        try:
            assert served.get(past).status_code == 503
            if server is sides.town.postgres:
                answers = [
                    served.get("/samples"),
                    served.get("/what-if"),
                    served.get(f"/api/v1/case?{of_case}"),
                    served.post("/samples", seed="s", n="3"),
                    served.post(f"/case-file?{of_case}", reason=""),
                ]
                assert [answer.status_code for answer in answers] == [503] * len(answers)
                served.post("/what-if", promise="-40%")
                served.post("/verify")
                page = until(lambda: verified(served), "it to end")
                assert "未能证明" in page
                assert page.count("日志无法读取") == 2
        finally:
            server.start()
        until(lambda: served.get(past).status_code == 200, "the past again")
    assert 'role="alert"' in until(lambda: ended(served), "the work to end")
    assert served.post("/samples", seed="s", n="3").status_code == 303
    assert served.post(f"/case-file?{of_case}", reason="").status_code == 200
