"""docs/access.md is true: what it tells to type works, and its tables say what the code does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from supervision.access import admission, factor, passwords, signing, trail
from supervision.access.rights import ROLES, Right
from supervision.runners.doors import BACK
from supervision.runners.settings import PLAIN
from supervision.runners.settings_fields import Settings
from supervision.runners.settings_read import described
from tests.docs.pages import commands, dead_links, unknown_of
from tests.integration.test_every_route import ANYBODY, SOURCES

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "access.md"
PAGE = PATH.read_text(encoding="utf-8")
NAMED = re.compile(r"`([^`]+)`")


def section(title: str) -> str:
    """What stands below a heading that begins so."""
    (found,) = re.findall(rf"^## {title}[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def table(title: str) -> list[list[str]]:
    """The cells of a section's table, its head first."""
    rows = re.findall(r"^\|(.*)\|$", section(title), re.MULTILINE)
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return [cells[0], *cells[2:]]


@pytest.mark.integration
def test_the_commands_can_be_typed(tmp_path: Path) -> None:
    """One after another, in a home of their own; then everybody is there, with what they may."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    supervise = f"{sys.executable} -m supervision.runners.cli "
    typed = "".join(blocks).replace("supervise ", supervise) + f"{supervise} user list\n"
    done = subprocess.run(
        ["bash", "-euc", typed],
        env={**os.environ, "SUPERVISION_HOME": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout.rpartition("登录名")[2]
    assert {"li", "wang", "zhao", "chen", "sun"} <= set(told.split())
    assert "inspector 海州市 +texts" in told
    assert "manager 市住建局" in told


@pytest.mark.parametrize("line", sorted(commands(PAGE)))
def test_every_command_exists(line: str) -> None:
    """With its options."""
    assert unknown_of(commands(PAGE)[line]) == set()


def test_the_table_of_roles_is_that_of_the_code() -> None:
    """Each right of each role; personal data by a right of its own, where cases are seen."""
    head, *rows = table("Roles")
    rights = [NAMED.findall(cell)[0] for cell in head[1:]]
    assert sorted(rights) == sorted(Right)
    told = {NAMED.findall(role)[0]: dict(zip(rights, cells, strict=True)) for role, *cells in rows}
    assert told.keys() == ROLES.keys()
    for role, has in ROLES.items():
        assert {right for right, cell in told[role].items() if cell == "●"} == set(has)
        given = {right for right, cell in told[role].items() if cell == "○"}
        assert given == ({Right.TEXTS} if Right.CASES in has else set())


def test_the_numbers_are_those_of_the_code() -> None:
    """Of passwords, lockout, throttling, links, sessions, refusals."""
    minutes = signing.LOCKED_FOR // (60 * admission.SECOND)
    times = admission.Times()
    for said in (
        f"{passwords.SHORTEST} to {passwords.LONGEST} characters",
        f"{signing.LOCKED_AFTER} failures in a row lock an account for {minutes} minutes",
        f"{signing.ADDRESS_A_MINUTE} tries a minute from one address, {signing.ALL_A_MINUTE} in",
        f"| {times.steps_minutes} minutes |",
        f"within {signing.LINK_MINUTES} minutes",
        f"after {Settings().session_hours} hours, or {Settings().session_idle_minutes} minutes",
        f"more than {trail.KINDS_A_MINUTE} different ones a minute",
    ):
        assert said in PAGE, said
    assert (factor.STEP, signing.KIOSK_DAYS, admission.OUTAGE) == (30, 365, 60.0)


def test_the_list_of_what_is_open_is_whole() -> None:
    """What asks for a session stands in no line of it."""
    told = set(NAMED.findall(section("What is open")))
    assert {each for each in told if each.startswith("/")} == ANYBODY | SOURCES


def test_the_settings_are_taken() -> None:
    """By their names; what people say in words, and the address of the way back, to the letter."""
    fields = described(Settings)
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    named = {name.removesuffix("_file") for block in blocks for name in tomllib.loads(block)}
    assert len(named) > 8
    assert named <= fields.keys()
    assert f'`plain_http = "{PLAIN}"`' in PAGE
    assert f"`{BACK}`" in section("OpenID")


def test_every_link_leads_to_a_file() -> None:
    """From its own folder."""
    assert dead_links(PATH) == []
