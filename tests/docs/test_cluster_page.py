"""docs/cluster.md is true: what it tells to type exists, and so does what it speaks of.

Its servers need more than a test has, so commands are looked up rather than run; that roles and
servers do what it says is what tests/cluster is for.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from supervision.runners.cluster.commands import ROLES, prepare
from supervision.runners.settings_fields import Settings
from supervision.runners.telling import Telling
from tests.docs.pages import commands, dead_links, lines, unknown_of

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "cluster.md"
PAGE = PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize("line", sorted(commands(PAGE)))
def test_every_command_exists(line: str) -> None:
    """With its options and, for `serve`, its role."""
    words = commands(PAGE)[line]
    assert unknown_of(words) == set()
    assert words[0] != "serve" or words[1] in (*ROLES, "ROLE")


def test_every_role_is_started() -> None:
    """Once, in a terminal each."""
    served = [words[2] for words in lines(PAGE) if words[:2] == ["supervise", "serve"]]
    assert sorted(served) == sorted(ROLES)


def test_every_service_volume_and_target_exists() -> None:
    """Those that commands of Docker and of make name."""
    read = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services, volumes, targets = set[str](), set[str](), set[str]()
    for words in lines(PAGE):
        match words:
            case ["docker", "compose", "exec", *rest]:
                services.add(next(word for word in rest if not word.startswith("-")))
            case ["docker", "volume", "rm", *names]:
                volumes |= {name.removeprefix(f"{read['name']}_") for name in names}
            case ["make", target]:
                targets.add(target)
    assert min(map(len, (services, volumes, targets))) > 0
    assert services <= read["services"].keys()
    assert volumes <= read["volumes"].keys()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets <= set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_every_metric_and_setting_exists() -> None:
    """By its full name."""
    told = Telling("watch", "one").answer("/metrics").body.decode()
    measured = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    spoken = set(re.findall(r"`(supervision_\w+)`", PAGE))
    assert len(spoken) > 2
    assert spoken <= measured
    fields = {f"SUPERVISION_{name.upper()}" for name in Settings.__struct_fields__}
    owners = {str(option.envvar) for option in prepare.params}
    assert set(re.findall(r"\bSUPERVISION_\w+", PAGE)) <= fields | owners


def test_every_link_leads_to_a_file() -> None:
    """From its own folder."""
    assert dead_links(PATH) == []
