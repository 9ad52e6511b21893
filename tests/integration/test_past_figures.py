"""The figures of a past instant in the terminal: beside a running product, and without one."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervision.clock import SteppedClock
from supervision.facts import instant
from supervision.record import Record
from tests.access import AT
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
