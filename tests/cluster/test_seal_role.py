"""`serve seal`: two processes of which one seals, and what is sealed when one dies.

PostgreSQL alone, as the role needs nothing else.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest

from replay.leaves import Leaves
from replay.merkle import leaf_hash, root_of
from replay.notes import read_checkpoint, read_note, vouchers
from replay.seals import SealFolder
from supervision.runners.cluster.station import Says
from supervision.runners.sealing import ask
from supervision.store.board import Board
from supervision.streams import cards_stream
from tests.alerting import card
from tests.cluster.permits import metric, readiness
from tests.cluster.town import Process, Town
from tests.product import SUPERVISE, until
from tools.services import Clickhouse, Kafka, Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
NEVER = {"SUPERVISION_SEAL_MINUTES": "1440"}
"""A checkpoint comes at the start, where it is asked for, and at an orderly end."""


@pytest.fixture
def town(
    tmp_path: Path, postgres: Postgres, kafka: Kafka, clickhouse: Clickhouse
) -> Iterator[Town]:
    """Databases and lists; no role runs."""
    try:
        with Town(tmp_path / "home", postgres, kafka, clickhouse) as made:
            yield made
    finally:
        postgres.start()


def seals(town: Town) -> SealFolder:
    """The folder that the processes share."""
    return SealFolder(town.home / "seals")


def leads(process: Process) -> bool:
    """Whether it says that it is the one."""
    return process.runs and metric(process, "supervision_elected", role="seal") == 1


def leader(processes: list[Process]) -> Process:
    """The one that leads, once exactly one says so."""
    until(lambda: sum(map(leads, processes)) == 1, "one to lead")
    return next(each for each in processes if leads(each))


def pair(town: Town) -> list[Process]:
    """Two processes, ready."""
    return [each.ready() for each in [town.start("seal", **NEVER) for _ in range(2)]]


def report(town: Town, *cases: str) -> int:
    """A card of each case; the log's head."""
    with town.record() as record:
        for case in cases:
            record.append(cards_stream("s", case), [card(case, "red")], 0)
        return record.head()


def sealed_up_to(town: Town, head: int) -> None:
    """Ask for a checkpoint until there is one that covers the log's head."""
    ask(town.home / "seals")
    until(lambda: seals(town).checkpoints.last() >= head, f"a checkpoint of {head}")


def proved(town: Town) -> list[int]:
    """The sizes of all checkpoints, each of the log as it stands now."""
    folder = seals(town)
    with town.record() as record:
        hashes = [leaf_hash(stored.envelope) for stored in record.read(0, 1_000_000)]
    with closing(Leaves(folder.folder)) as leaves:
        assert leaves.read(0, leaves.size) == b"".join(hashes)[: leaves.size * 32]
        for size in folder.checkpoints.sizes():
            note = read_note(folder.checkpoints.note(size))
            assert vouchers(note, [folder.key])
            assert root_of(leaves.node, size) == read_checkpoint(note.text).root
    return folder.checkpoints.sizes()


def said(town: Town) -> Says:
    """What the one that leads has told the wall."""
    with closing(Board(town.url)) as board:
        found = [msgspec.json.decode(each.says, type=Says) for each in board.read()]
    return next((each for each in found if each.leads), Says())


def test_of_two_one_seals_and_the_other_goes_on_when_it_is_killed(town: Town) -> None:
    """kill -9: nothing that was sealed is lost, and what came meanwhile is sealed."""
    processes = pair(town)
    first = leader(processes)
    sealed_up_to(town, report(town, "1", "2"))
    assert all(readiness(each)["alarms"] == {} for each in processes)
    first.kill()
    (other,) = [each for each in processes if each is not first]
    head = report(town, "3")
    until(lambda: leads(other), "the other to lead")
    sealed_up_to(town, head)
    assert head == proved(town)[-1]
    assert Says() == said(town)


def test_an_orderly_end_seals_what_is_recorded(town: Town) -> None:
    """Though the schedule is a day."""
    (process,) = [town.start("seal", **NEVER).ready()]
    until(lambda: seals(town).latest(), "the first checkpoint")
    head = report(town, "1", "2", "3")
    assert 0 == process.stop()
    assert head == proved(town)[-1]


def test_when_postgresql_is_killed_it_goes_on(town: Town) -> None:
    """It says what it waits for, and seals what comes later."""
    processes = pair(town)
    leader(processes)
    sealed_up_to(town, report(town, "1"))
    town.postgres.kill()
    until(lambda: any(readiness(each)["alarms"] for each in processes), "an alarm")
    town.postgres.start()
    leader(processes)
    head = report(town, "2")
    sealed_up_to(town, head)
    assert head == proved(town)[-1]


def test_a_log_that_its_owner_changed_is_told_and_not_sealed(town: Town) -> None:
    """By whoever rules over the database: the last event, deleted by hand."""
    first = town.start("seal", **NEVER).ready()
    head = report(town, "1", "2")
    sealed_up_to(town, head)
    first.stop()
    before = seals(town).checkpoints.sizes()
    with psycopg.connect(town.owner, autocommit=True) as owner:
        owner.execute("ALTER TABLE log DISABLE TRIGGER USER")
        assert 1 == owner.execute("DELETE FROM log WHERE position = %s", (head,)).rowcount
        for name in ("log_is_not_changed", "log_row_is_not_changed"):
            owner.execute(f"ALTER TABLE log ENABLE ALWAYS TRIGGER {name}")  # type: ignore[arg-type]
    town.start("seal", **NEVER)
    until(lambda: f"position {head}" in said(town).seals_broken, "the wall to be told")
    assert before == seals(town).checkpoints.sizes()


def test_a_witness_that_is_none_ends_the_role_with_a_line(town: Town) -> None:
    """Which names the setting."""
    wrong = {"SUPERVISION_WITNESSES": "log+00000000+AAAA@https://witness.example.org/"}
    done = subprocess.run(
        [*SUPERVISE, "serve", "seal"],
        env={**town.env, **wrong},
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = (done.stdout + done.stderr).strip().splitlines()
    assert 1 == done.returncode
    assert "SUPERVISION_WITNESSES" in line
