"""Sealing as it runs: beside writers, on request, to the end, and through kill -9."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from alerts.alarms import Health, alarms
from replay.leaves import Leaves
from replay.merkle import EMPTY, leaf_hash, root_of, verify_consistency
from replay.notes import read_checkpoint, read_note, vouchers
from supervision.clock import SystemClock
from supervision.facts import CaseAccepted
from supervision.record import Incoming, Record
from supervision.runners.sealing import Sealing, ask, folder_of, key_of, seals_of
from supervision.runners.settings_fields import Settings
from tests.product import Product, supervise, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
AT = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
LIVES = 8

SEALER = """
import sys
from pathlib import Path
from supervision.clock import SystemClock
from supervision.record import Record
from supervision.runners.sealing import open_sealer, signer_of
from supervision.runners.settings_fields import Settings

given = Settings(home=Path(sys.argv[1]))
sealer = open_sealer(Record(given.home, SystemClock()), given, signer_of(given))
while True:
    sealer.follow(37)
    print("signed", sealer.sign(0).size, flush=True)
"""


def report(record: Record, first: int, count: int) -> None:
    """So many facts in one transaction."""
    numbers = range(first, first + count)
    record.append_facts(
        [
            Incoming(CaseAccepted(id=f"f{n}", source="s", case_no=f"{n % 7}", occurred_at=AT), {})
            for n in numbers
        ]
    )


@contextmanager
def sealing(record: Record, given: Settings) -> Iterator[Sealing]:
    """The threads that seal a record."""
    running = Sealing(record, given)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    """Of a home that seals by the hour."""
    return Settings(home=tmp_path, seal_minutes=60)


@pytest.fixture
def record(given: Settings) -> Iterator[Record]:
    """Its record, with a few events."""
    with closing(Record(given.home, SystemClock())) as opened:
        report(opened, 0, 10)
        yield opened


def proved(home: Path) -> list[int]:
    """The sizes of all checkpoints, each of which is of the log as it stands now."""
    given = Settings(home=home)
    folder = seals_of(given)
    with closing(Record(home, SystemClock())) as record:
        hashes = [leaf_hash(stored.envelope) for stored in record.read(0, 1_000_000)]
    with closing(Leaves(folder.folder)) as leaves:
        stored = leaves.read(0, leaves.size)
        assert stored == b"".join(hashes)[: len(stored)]
        old, old_root = 0, EMPTY
        for size in folder.checkpoints.sizes():
            note = read_note(folder.checkpoints.note(size))
            assert [folder.key] == [each.key for each in vouchers(note, [folder.key])]
            root = read_checkpoint(note.text).root
            assert root_of(leaves.node, size) == root
            proof = folder.consistency(old, size)
            assert verify_consistency(old, old_root, size, root, proof)
            old, old_root = size, root
    return folder.checkpoints.sizes()


def test_death_at_any_point_leaves_seals_that_hold(given: Settings, record: Record) -> None:
    """Killed eight times while it takes in and signs, and the log grows: no checkpoint that was
    told is lost, each goes on from the one before, none is of another log.
    """
    dice, told = Random(11), set()
    for life in range(LIVES):
        report(record, 10 + 500 * life, 500)
        command = [sys.executable, "-c", SEALER, str(given.home)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(dice.randrange(1, 12))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        told |= {int(line.split()[1]) for line in lines if line.endswith("\n")}
    assert told
    assert told <= set(proved(given.home))


def test_a_new_home_is_sealed_at_once_and_to_its_end(given: Settings, record: Record) -> None:
    """The next checkpoint is an hour away, but for what an orderly end makes of it."""
    with sealing(record, given) as running:
        until(lambda: seals_of(given).latest(), "the first checkpoint")
        report(record, 100, 5)
        until(lambda: running.position == 15, "it to be taken in")
        assert [10] == seals_of(given).checkpoints.sizes()
        report(record, 200, 5)
    assert [10, 20] == proved(given.home)


def test_a_checkpoint_comes_at_once_where_it_is_asked_for(given: Settings, record: Record) -> None:
    """By a file in the folder, as `supervise seal now` does it."""
    with sealing(record, given):
        until(lambda: seals_of(given).latest(), "the first checkpoint")
        report(record, 100, 5)
        ask(folder_of(given))
        until(lambda: seals_of(given).checkpoints.last() == 15, "the second")


def test_writers_go_on_while_the_log_is_sealed(given: Settings, record: Record) -> None:
    """What is written meanwhile is sealed too, in whole."""
    stop, written = Event(), [10]

    def write() -> None:
        while not stop.is_set():
            report(record, 1_000 + written[0], 20)
            written[0] += 20

    writer = Thread(target=write)
    with sealing(record, given):
        writer.start()
        for _ in range(5):
            ask(folder_of(given))
            until(lambda: not (folder_of(given) / "asked").exists(), "a checkpoint")
        stop.set()
        writer.join()
    assert written[0] == record.head() == proved(given.home)[-1]


def said(running: Sealing) -> dict[str, str]:
    """The alarms of the wall that are of the seals: code and Chinese."""
    today = AT.date()
    found = alarms(running.health(Health()), today, frozenset({today.year, today.year + 1}))
    return {alarm.code: alarm.zh for alarm in found}


def test_a_log_that_is_not_what_was_sealed_is_an_alarm(given: Settings, record: Record) -> None:
    """日志与封存不符, with the position; nothing is signed, at the end neither."""
    with sealing(record, given):
        until(lambda: seals_of(given).latest(), "a checkpoint")
    other = Settings(home=given.home / "restored", seals=str(folder_of(given)))
    other_key = Settings(**{**_fields(other), "seal_key": str(key_of(given))})
    with closing(Record(other.home, SystemClock())) as restored:
        report(restored, 0, 4)
        with sealing(restored, other_key) as running:
            until(lambda: running.broken, "the alarm")
            assert "日志与封存不符" in said(running)["seals_broken"]
            assert "position 5" in said(running)["seals_broken"]
    assert [10] == seals_of(given).checkpoints.sizes()


def _fields(given: Settings) -> dict[str, object]:
    return {name: getattr(given, name) for name in given.__struct_fields__}


def test_a_lost_key_is_an_alarm_until_it_is_back(given: Settings, record: Record) -> None:
    """The system runs on, unsealed; nothing needs to be started anew."""
    with sealing(record, given):
        until(lambda: seals_of(given).latest(), "a checkpoint")
    away = key_of(given).rename(given.home / "away.pem")
    with sealing(record, given) as running:
        until(lambda: running.failed, "the alarm")
        assert "日志未能封存" in said(running)["seals_failed"]
        assert not key_of(given).exists()
        away.rename(key_of(given))
        report(record, 100, 5)
        until(lambda: seals_of(given).checkpoints.last() == 15, "it to seal again")
        until(lambda: not said(running), "the alarm to end")


def test_two_processes_do_not_seal_one_folder(given: Settings, record: Record) -> None:
    """The second says so, and waits."""
    with sealing(record, given):
        until(lambda: seals_of(given).latest(), "a checkpoint")
        with sealing(record, given) as second:
            until(lambda: "another process adds" in second.failed, "the second to say so")


def test_commands_beside_a_running_product(tmp_path: Path) -> None:
    """`supervise seal`: asks the process that runs; proofs and lists are read from the folder."""
    home = tmp_path / "home"
    with Product(home, "--empty"):
        until(lambda: seals_of(Settings(home=home)).latest(), "the first checkpoint")
        with closing(Record(home, SystemClock())) as record:
            report(record, 0, 5)
            head = record.head()
        now = supervise(home, "seal", "now")
        assert 0 == now.returncode, now.stderr
        assert seals_of(Settings(home=home)).checkpoints.last() >= head
        proof = json.loads(supervise(home, "seal", "proof", "3").stdout)
        assert 1 == len([each for each in proof["events"] if each["proof"]])
        assert proof["not_sealed"] == []
    listed = json.loads(supervise(home, "seal", "list", "--json").stdout)
    assert all(each["signed"] for each in listed)
    assert listed[-1]["size"] == proved(home)[-1]
    sizes = [str(each["size"]) for each in listed[:2]]
    assert 0 == supervise(home, "seal", "consistency", *sizes).returncode
    assert f"{seals_of(Settings(home=home)).vkey}\n" == supervise(home, "seal", "vkey").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("now",), "supervise"),
        (("list",), "nothing is sealed"),
        (("vkey",), "SUPERVISION_SEAL_KEY"),
        (("proof", "1"), "supervise"),
        (("consistency", "1", "2"), "seal list"),
    ],
)
def test_a_home_without_seals_is_told_in_a_line(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """What to do, and no traceback."""
    done = supervise(tmp_path / "home", "seal", *words)
    assert 1 == done.returncode
    assert said in done.stderr
    assert "Traceback" not in done.stderr
