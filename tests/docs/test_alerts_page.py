"""docs/alerts.md is true: its commands work, its tables and figures are those of the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.stages import STAGES
from supervision.clock import SystemClock
from supervision.notices import AlertPolicySet
from supervision.record import Record
from supervision.runners.settings_fields import Settings
from supervision.runners.settings_read import described
from tests.docs.pages import commands, dead_links, unknown_of

PATH = Path(__file__).parents[2] / "docs" / "alerts.md"
PAGE = PATH.read_text(encoding="utf-8")
POLICY = AlertPolicySet(at=datetime(2026, 1, 1, tzinfo=UTC), by="", version="")
SEVERITIES = {"◆": "reminder", "●": "yellow", "▲": "red"}
WAITS = {"at once": "0wh", "after 4 office hours": "4wh", "after 1 working day": "1wd",
         "after 2 office hours": "2wh"}  # fmt: skip


@pytest.mark.integration
def test_the_commands_can_be_typed(tmp_path: Path) -> None:
    """In a home of its own; then the contact is there, and the silence."""
    Record(tmp_path, SystemClock()).close()
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    typed = "".join(block for block in blocks if "alert told" not in block)
    typed = typed.replace("supervise ", f"{sys.executable} -m supervision.runners.cli ")
    done = subprocess.run(
        ["bash", "-euc", typed],
        env={**os.environ, "SUPERVISION_HOME": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "zhang" in done.stdout
    assert "系统升级" in done.stdout
    assert "13800000000" not in done.stdout


@pytest.mark.parametrize("line", sorted(commands(PAGE)))
def test_every_command_exists(line: str) -> None:
    """With its options."""
    assert unknown_of(commands(PAGE)[line]) == set()


def test_no_link_is_dead() -> None:
    """Every page that is named is there."""
    assert dead_links(PATH) == []


def test_the_table_of_waits_is_the_policy_of_the_product() -> None:
    """Each rung of each severity."""
    told = []
    for line in re.findall(r"^\| ([◆●▲][^|]*)\|(.*)\|$", PAGE, re.MULTILINE):
        for rung, cell in enumerate(line[1].split("|")):
            if cell.strip():
                told.append((SEVERITIES[line[0][0]], rung, WAITS[cell.strip()]))
    assert [(w.severity, w.rung, w.wait) for w in POLICY.waits] == told


def test_the_stages_are_told_in_their_order() -> None:
    """All of them."""
    told = re.findall(r"^\d\. \*\*(\w+)\*\*", PAGE, re.MULTILINE)
    assert [stage.__name__ for stage in STAGES] == told


def test_the_figures_are_those_of_the_policy() -> None:
    """Hours, bursts, tries, and how long a link is good."""
    ((opens, closes),) = POLICY.quiet
    assert f"outside {opens}–{closes}" in PAGE
    assert f"within {POLICY.group_wait:g} s" in PAGE
    assert (3, 300) == (POLICY.group_burst, POLICY.group_interval)
    assert "at most three messages go within five minutes" in PAGE
    assert (8, 15, 1_800) == (POLICY.tries, POLICY.retry_first, POLICY.retry_most)
    assert "from 15 seconds to 30 minutes, eight times" in PAGE
    assert f"good for {POLICY.link_hours} hours" in PAGE
    assert f"at {POLICY.digest_at} of each working day" in PAGE


def test_the_settings_that_it_names_exist() -> None:
    """In the table, and as they are exported."""
    known = set(described(Settings))
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    exported = [name.lower() for name in re.findall(r"export SUPERVISION_(\w+)=", PAGE)]
    assert {*rows, *exported} <= known
    assert 4 == len(rows)
