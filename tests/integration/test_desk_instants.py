"""An instant asked for at the desk is one of the settings' zone, wherever the machine is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from supervision.clock import SystemClock
from supervision.record import Incoming, Record
from supervision.runners.cli import main
from tests.court import fact


@pytest.fixture
def home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A record with one case, on a machine in New York whose settings say China."""
    monkeypatch.setenv("SUPERVISION_ZONE", "Asia/Shanghai")
    with closing(Record(home, SystemClock())) as record:
        record.append_facts([Incoming(fact("ApplicationReceived", "2026-03-02"))])
    with monkeypatch.context() as machine:
        machine.setenv("TZ", "America/New_York")
        time.tzset()
        yield home
    time.tzset()


def asked(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2036-03-02T12:00", "2036-03-02T04:00:00+00:00"),
        ("2036-03-02", "2036-03-01T16:00:00+00:00"),
        ("2036-03-02T12:00+02:00", "2036-03-02T10:00:00+00:00"),
    ],
)
def test_counts_are_of_the_instant_in_the_zone_of_the_settings(
    home: Path, text: str, expected: str
) -> None:
    """Unless the instant names an offset of its own."""
    said = asked("stats", "--as-of", text, "--json")
    assert said.exit_code == 0, said.output
    assert msgspec.json.decode(said.stdout)["as_of"] == expected


def test_a_case_is_told_as_of_the_instant_in_the_zone_of_the_settings(home: Path) -> None:
    """As its page and its replay tell it."""
    said = asked("case", "1", "--as-of", "2036-03-02T12:00", "--json")
    assert said.exit_code == 0, said.output
    assert msgspec.json.decode(said.stdout)["as_of"].startswith("2036-03-02 12:00:00")


@pytest.mark.parametrize("text", ["yesterday", "0001-01-01"])
def test_what_is_no_instant_is_refused_or_before_the_log(home: Path, text: str) -> None:
    """In a line, never with a traceback."""
    said = asked("case", "1", "--as-of", text)
    assert said.exit_code == 1
    assert "错误 Error: " in said.output
    assert "Traceback" not in said.output
