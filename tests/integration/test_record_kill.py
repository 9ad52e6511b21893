"""Death at any point: what was acknowledged is there, once, and nothing by halves."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from supervision.clock import SystemClock
from supervision.facts import Fact
from supervision.record import Record

pytestmark = pytest.mark.integration

BATCH = 20
LIVES = 5

WRITER = f"""
import sys
from datetime import datetime
from pathlib import Path
from supervision.clock import SystemClock
from supervision.facts import CaseAccepted
from supervision.record import Incoming, Record

home, life = Path(sys.argv[1]), sys.argv[2]
at = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
record = Record(home, SystemClock())

def fact(number, i):
    name = f"{{life}}-{{number}}-{{i}}"
    return CaseAccepted(id=name, source="hz", case_no=f"{{life}}-{{i % 7}}", occurred_at=at)

number = 0
while True:
    batch = [Incoming(fact(number, i), {{"note": "n" * 50}}) for i in range({BATCH})]
    outcomes = record.append_facts(batch)
    for incoming, outcome in zip(batch, outcomes):
        print(incoming.fact.id, outcome.position)
    print("done", number, flush=True)
    number += 1
"""


def live_and_die(home: Path, life: int, batches: int) -> dict[str, int]:
    """Positions by id that a writer acknowledged before it was killed."""
    command = [sys.executable, "-c", WRITER, str(home), str(life)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != f"done {batches}\n":
            lines.append(writer.stdout.readline())
            assert lines[-1], "the writer died by itself"
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    whole = (line.split() for line in lines if line.endswith("\n"))
    return {name: int(position) for name, position in whole if name != "done"}


def test_what_was_acknowledged_outlives_sigkill_at_any_point(tmp_path: Path) -> None:
    """Killed five times while writing: every acknowledged fact stands where it was said to be.

    Positions and versions have no gap, no batch is there by halves, and every text is opened.
    """
    dice = random.Random(7)
    acknowledged: dict[str, int] = {}
    for life in range(LIVES):
        acknowledged |= live_and_die(tmp_path, life, dice.randrange(30))
    with closing(Record(tmp_path, SystemClock())) as record:
        log = record.read(0, 1_000_000)
        facts = {each.position: each.event for each in log}
        texts = [record.texts(fact) for fact in facts.values() if isinstance(fact, Fact)]
    found = {fact.id: at for at, fact in facts.items() if isinstance(fact, Fact)}
    assert acknowledged.items() <= found.items()
    assert list(facts) == list(range(1, len(log) + 1))
    assert len(found) == len(log)
    assert {_size(log, stamp) for stamp in {each.recorded_at for each in log}} == {BATCH}
    assert all(text == {"note": "n" * 50} for text in texts)


def test_many_processes_may_open_a_new_home_at_once(tmp_path: Path) -> None:
    """Whoever comes first makes the files; every writer's first batch is acknowledged."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [
        subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(4)
    ]
    first = [writer.stdout.readline() for writer in writers if writer.stdout]
    for writer in writers:
        writer.kill()
        writer.communicate()
    assert sorted(line.split()[0] for line in first) == [f"{n}-0-0" for n in range(4)]


OPENERS = """
import multiprocessing, sys
from pathlib import Path
from supervision.clock import SystemClock
from supervision.record import Record

def open_one(home, together, said):
    together.wait()
    try:
        Record(Path(home), SystemClock())
        said.put("opened")
    except Exception as error:
        said.put(repr(error))

fork = multiprocessing.get_context("fork")
for home in sys.argv[1:]:
    together, said = fork.Barrier(8), fork.Queue()
    openers = [fork.Process(target=open_one, args=(home, together, said)) for _ in range(8)]
    for opener in openers:
        opener.start()
    for opener in openers:
        print(said.get())
        opener.join()
"""


def test_opening_a_new_home_at_the_same_instant_finds_no_lock_that_nobody_waits_for(
    tmp_path: Path,
) -> None:
    """Eight processes behind one barrier, in forty new homes."""
    homes = [str(tmp_path / str(n)) for n in range(40)]
    command = [sys.executable, "-c", OPENERS, *homes]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["opened"] * (8 * len(homes))


def _size(log: list, stamp: int) -> int:  # type: ignore[type-arg]
    return sum(each.recorded_at == stamp for each in log)
