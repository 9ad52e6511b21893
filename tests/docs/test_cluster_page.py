"""docs/cluster.md is true: what it tells to type exists, and so does what it speaks of.

Its servers need more than a test has, so commands are looked up rather than run; that roles and
servers do what it says is what tests/cluster is for.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from supervision.runners.cli import main
from supervision.runners.cluster.commands import ROLES, prepare
from supervision.runners.settings_fields import Settings
from supervision.runners.telling import Telling

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
INLINE = re.compile(r"`(supervise [^`]+)`")
TYPED = re.compile(r"^```sh.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def lines() -> Iterator[list[str]]:
    """The words of every line that is to be typed, without settings before them."""
    for block in TYPED.findall(PAGE):
        for line in block.splitlines():
            words = shlex.split(line)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                del words[0]
            yield words


def commands() -> dict[str, list[str]]:
    """Those of `supervise`, whoever runs them, in the text too; and the words behind it."""
    asked = [words for words in lines() if "supervise" in words]
    asked += [line.split() for line in INLINE.findall(PAGE)]
    return {" ".join(words): words[words.index("supervise") + 1 :] for words in asked}


@pytest.mark.parametrize("line", sorted(commands()))
def test_every_command_exists(line: str) -> None:
    """With its options and, for `serve`, its role."""
    command: click.Command = main
    words = commands()[line]
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    options = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= options
    assert command.name != "serve" or words[0] in ROLES


def test_every_role_is_started() -> None:
    """Once, in a terminal each."""
    served = [words[2] for words in lines() if words[:2] == ["supervise", "serve"]]
    assert sorted(served) == sorted(ROLES)


def test_every_service_volume_and_target_exists() -> None:
    """Those that commands of Docker and of make name."""
    read = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services, volumes, targets = set[str](), set[str](), set[str]()
    for words in lines():
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
    targets = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in link]
    assert len(targets) > 4
    assert [link for link in targets if not (ROOT / "docs" / link).exists()] == []
