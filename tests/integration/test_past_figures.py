"""The figures of a past instant in the terminal: beside a running product, and without one."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from supervision.clock import SteppedClock
from supervision.facts import ApplicationReceived, instant
from supervision.record import Incoming, Record
from tests.access import AT
from tests.court import CHINA
from tests.whole import CASES, WATER, WOODS, _begin

pytestmark = pytest.mark.integration

SHOW = (
    "import sys\n"
    "from supervision.errors import SupervisionError\n"
    "from supervision.runners.past_figures import show_past\n"
    "try: show_past(*sys.argv[1:])\n"
    "except SupervisionError as error: sys.exit(f'told: {error}')\n"
)


@pytest.fixture
def city(home: Path) -> Path:
    """A home with three open cases of each of two departments; nothing ever ran on it."""
    record = Record(home, SteppedClock(instant(AT)))
    _begin(record)
    record.close()
    return home


def shown(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SHOW, *words],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def open_cases(done: subprocess.CompletedProcess[str]) -> int:
    """What stands behind 在办."""
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "在办 open  " in line)
    return int(line.split()[-1])


def test_the_figures_are_those_of_the_log_up_to_the_instant(city: Path) -> None:
    """Of all, and of one department; a product that holds its warehouse is no hindrance."""
    assert open_cases(shown("now")) == 2 * CASES
    (city / "warehouse").mkdir()
    with (city / "warehouse" / "LOCK").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert open_cases(shown("now")) == 2 * CASES
    assert open_cases(shown("now", WATER.name)) == CASES
    assert WOODS.name not in shown("now", WATER.name).stdout


def test_what_cannot_be_shown_is_told_in_a_line(city: Path) -> None:
    """Before the first event, in the future, no instant, no such department."""
    for words, says in (
        (("1999-12-31T00:00",), "before the first event"),
        (("2090-01-01",), "has not come yet"),
        (("yesterday",), "no instant"),
        (("now", "nowhere"), "no department nowhere"),
    ):
        done = shown(*words)
        assert done.returncode == 1
        assert done.stderr.startswith("told: ")
        assert says in done.stderr


def test_what_truly_was_stands_beside_what_was_known(city: Path) -> None:
    """A fact that was recorded a day late is counted for when it happened, and told."""
    record = Record(city, SteppedClock(instant(AT + timedelta(days=1))))
    events = (each.event for each in record.read(0, 10_000))
    late = next(event for event in events if isinstance(event, ApplicationReceived))
    record.append_facts([Incoming(replace(late, id="late", case_no="LATE-1"))])
    record.close()
    at = f"{AT.astimezone(CHINA) + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}"
    done = shown(at, "", "true")
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "在办 open  " in line)
    assert line.split()[-2:] == [f"{2 * CASES + 1}", f"{2 * CASES}"]
    assert "已发生、当时未入库 Happened, not recorded yet" in done.stdout
    assert "LATE-1" in done.stdout
    other = WOODS.name if late.actor and late.actor.department == WATER.name else WATER.name
    assert "LATE-1" not in shown(at, other, "true").stdout
