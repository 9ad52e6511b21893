"""The seeded city and the real permit log: the cluster's acts are those of one process."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest

from projections.watch import Watch
from supervision.acts import CardAct
from supervision.clock import SteppedClock, SystemClock, start_simulation
from supervision.facts import Instant, instant
from supervision.judgement.shelf import NEVER
from supervision.record import Append, Record
from supervision.runners.settings import SIMULATION
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from tests.cluster.town import Town
from tests.golden.test_city_digest import WEEK, lived
from tests.product import supervise, until
from tools.services import Clickhouse, Kafka, Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

AT_ONCE = 5_000


def acts_of(record: Record, last: Instant) -> list[Stored]:
    """The acts due up to an instant, by stream and version."""
    found, position = list[Stored](), 0
    while batch := record.read(position, AT_ONCE):
        position = batch[-1].position
        found += [s for s in batch if s.stream.endswith("/cards")]
    due = [s for s in found if isinstance(s.event, CardAct) and instant(s.event.at) <= last]
    return sorted(due, key=lambda s: (s.stream, s.version))


def digest(acts: list[Stored]) -> str:
    """As tests/golden has it."""
    found = hashlib.sha256()
    for s in acts:
        found.update(f"{s.stream}\n{s.version}\n{s.topic}\n".encode() + s.payload + b"\n")
    return found.hexdigest()


def test_the_seeded_city(
    home: Path, postgres: Postgres, kafka: Kafka, clickhouse: Clickhouse
) -> None:
    """The log with its prescribed instants, judged by two workers over four partitions."""
    told, last = lived(WEEK)
    with Town(home, postgres, kafka, clickhouse, lists=False) as town:
        clock = SteppedClock(told[0].stamp)
        with town.record(clock) as record:
            for transaction in told:
                clock.set(transaction.stamp)
                put(record, transaction.events)
        start_simulation(home / SIMULATION, last + 1, speed=1, night_speed=1)
        for role in ("publisher", "watch", "watch"):
            town.start(role).ready()
        with town.record() as record:
            expected = WEEK.digest()
            until(lambda: digest(acts_of(record, last)) == expected, "the same acts")


def put(record: Record, events: list) -> None:  # type: ignore[type-arg]
    """One transaction at the clock's instant."""
    versions: dict[str, int] = {}
    appends = []
    for stream, event in events:
        if stream not in versions:
            versions[stream] = len(record.read_stream(stream))
        appends.append(Append(stream, versions[stream], [event]))
        versions[stream] += 1
    record.append_many(appends)


RECEIPT = Path(__file__).parents[3] / "shared" / "data" / "receipt.csv"
MAPPING = Path(__file__).parents[2] / "examples" / "receipt" / "mapping.toml"


@pytest.mark.skipif(not RECEIPT.exists(), reason="the real permit log is not beside the project")
def test_the_real_permit_log(
    home: Path, postgres: Postgres, kafka: Kafka, clickhouse: Clickhouse
) -> None:
    """Imported as history into both; acts, rows and the wall's counts agree."""
    alone = home.parent / "alone"
    words = ("import", str(RECEIPT), "--mapping", str(MAPPING), "--history")
    assert supervise(alone, *words).returncode == 0
    expected = judged_alone(alone)
    with Town(home, postgres, kafka, clickhouse) as town:
        town.start_all(watches=2)
        town.supervise(*words)
        with town.record() as record:
            until(lambda: len(acts_of(record, NEVER)) >= len(expected), "the acts")
            found = [(s.stream, s.version, s.topic, s.payload) for s in acts_of(record, NEVER)]
            assert found == expected
            wall = town.one("wall")
            until(lambda: wall.get("/api/v1/health")["behind"] == 0, "the rows to catch up")
            agreement = town.check_rows(record)
            assert agreement.differing == []
            assert agreement.cases == 105


def judged_alone(home: Path) -> list[tuple[str, int, str, bytes]]:
    """The acts that one watch derives from a home's log, by stream and version."""
    with closing(Record(home, SystemClock())) as record:
        watch = Watch(record.read_case)
        while batch := record.read(watch.position, AT_ONCE):
            watch.take(batch)
        watch.tick(record.heartbeat()[0])
        return sorted(
            (w.stream, w.expected + n, *encode(act))
            for w in watch.pending()
            for n, act in enumerate(w.acts, 1)
        )
