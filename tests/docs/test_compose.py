"""The compose file starts what the tests start: commands, settings, ports, images.

Read as YAML, since Docker is not everywhere; where `docker compose` is, it must agree.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml

from supervision.runners.cluster.commands import ROLES, prepare
from supervision.runners.settings import settings
from supervision.runners.settings_fields import Settings
from tests.cluster.town import Process, Town
from tests.product import SUPERVISE
from tools.services import Postgres

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:[?-])([^}]*))?\})")
EXACT = re.compile(r"(postgres:\d+\.\d+|[\w./-]+:v?\d+\.\d+\.\d+)[\w.-]*")
"""An image with all numbers of its version; PostgreSQL has two."""
IN_URL = re.compile(r"://[^\s:/@]+:([^\s@]+)@")
PASSWORDS = {
    "OWNER_PASSWORD": "owners",
    "SUPERVISION_PASSWORD": "roles",
    "CLICKHOUSE_PASSWORD": "rows",
}


def text(name: str) -> str:
    """A file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


class Service(NamedTuple):
    """A service of the compose file."""

    name: str
    says: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """As its container gets it, with invented passwords."""
        given = self.says.get("environment", {})
        return {name: filled(str(value)) for name, value in given.items()}

    @property
    def once(self) -> bool:
        """Whether it does its work and ends."""
        return bool(self.says.get("restart") == "no")

    @property
    def asked(self) -> str:
        """What its health check runs."""
        return " ".join(self.says["healthcheck"]["test"])


@cache
def services() -> dict[str, Service]:
    """All of them, by name."""
    read = yaml.safe_load(text("docker-compose.yml"))
    return {name: Service(name, says) for name, says in read["services"].items()}


def ours() -> list[Service]:
    """Those of the product's own image."""
    return [each for each in services().values() if "build" in each.says]


def roles() -> list[Service]:
    """Those of them that go on."""
    return [each for each in ours() if not each.once]


def filled(given: str) -> str:
    """The text as Compose fills in its variables."""

    def value(variable: re.Match[str]) -> str:
        dollar, name, kind, rest = variable.groups()
        if dollar:
            return "$"
        return PASSWORDS.get(name) or (rest if kind == ":-" else "")

    return VARIABLE.sub(value, given)


def strings(says: object) -> Iterator[str]:
    """Every string below."""
    if isinstance(says, dict):
        for each in says.values():
            yield from strings(each)
    elif isinstance(says, list):
        for each in says:
            yield from strings(each)
    elif isinstance(says, str):
        yield says


def found(pattern: str, where: str) -> list[Any]:
    """What matches, with ^ and $ at every line."""
    return re.findall(pattern, where, re.MULTILINE)


def examples() -> dict[str, str]:
    """The variables of .env.example."""
    lines = text(".env.example").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_started_as_the_tests_start_it(
    role: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The image's program with the service's command is the argv of tests/cluster/town.py."""
    seen: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda argv, **_: seen.append(argv))
    town = object.__new__(Town)
    town.home, town.env = tmp_path / "home", {}
    Process(town, role).start()
    assert seen == [[*SUPERVISE, *services()[role].says["command"]]]
    assert services()[role] in roles()


def test_the_databases_are_prepared_as_the_tests_prepare_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the owners from the environment instead of the command line."""
    seen: list[tuple[str, ...]] = []
    monkeypatch.setattr(Town, "supervise", lambda _, *words: seen.append(words))
    town = object.__new__(Town)
    vars(town).update(_lists=True, owner="OWNER")
    town.__enter__()
    service = services()["prepare"]
    assert [("database", "prepare", "--owner", "OWNER")] == seen
    assert ["database", "prepare"] == service.says["command"]
    owners = {option.envvar for option in prepare.params if option.name != "help"}
    assert owners == {name for name in service.environment if name.endswith("_OWNER")}


def test_the_image_runs_the_product_and_holds_no_secrets() -> None:
    """Its program is `supervise`; of this folder it gets the packages and nothing else."""
    dockerfile = text("Dockerfile")
    assert '\nENTRYPOINT ["supervise"]\n' in dockerfile
    assert all(EXACT.fullmatch(name) for name in found(r"^FROM (\S+)", dockerfile))
    first, *rest = [line for line in text(".dockerignore").splitlines() if not line.startswith("#")]
    pyproject = text("pyproject.toml")
    packages = re.search(r"^packages = \[(.+)\]$", pyproject, re.MULTILINE)
    assert packages
    wanted = {"pyproject.toml", "constraints.txt", "README.md"}
    wanted |= set(re.findall(r'"(\w+)"', packages[1]))
    assert first == "*"
    assert {line[1:] for line in rest if line.startswith("!")} == wanted


def test_every_image_is_exact() -> None:
    """Ours has the product's version, Kafka's is the one that is tested."""
    images = {name: each.says["image"] for name, each in services().items()}
    assert {name: i for name, i in images.items() if not EXACT.fullmatch(i)} == {}
    assert {each.says["image"] for each in ours()} == {f"supervision:{version('supervision')}"}
    pom = text("tools/kafka/pom.xml")
    assert f"<kafka.version>{images['kafka'].partition(':')[2]}</kafka.version>" in pom


def test_every_service_that_goes_on_is_asked_for_its_health() -> None:
    """A role at the port where it tells."""
    lasting = [each for each in services().values() if not each.once]
    assert all(each.says["healthcheck"]["test"] for each in lasting)
    for each in roles():
        assert f"http://127.0.0.1:{each.environment['SUPERVISION_TOLD_PORT']}/health" in each.asked


def test_no_password_is_written_down() -> None:
    """Each is asked for wherever it is needed, and the example has none."""
    for each in services().values():
        for name, value in each.says.get("environment", {}).items():
            if name.endswith("PASSWORD"):
                assert VARIABLE.fullmatch(value), (each.name, name)
        for value in strings(each.says):
            for password in IN_URL.findall(value):
                assert VARIABLE.fullmatch(password), (each.name, value)
            for _, name, kind, _ in VARIABLE.findall(value):
                assert name not in PASSWORDS or kind == ":?", (each.name, value)


def test_the_example_has_every_variable() -> None:
    """And no other; the passwords are empty there."""
    compose = text("docker-compose.yml")
    used = {name for _, name, _, _ in VARIABLE.findall(compose) if name}
    assert used == examples().keys()
    assert {name for name in used if name.endswith("PASSWORD")} == PASSWORDS.keys()
    assert {examples()[name] for name in PASSWORDS} == {""}


def test_nothing_is_published_beyond_this_machine() -> None:
    """Every port is bound to 127.0.0.1, and no service has the host's network."""
    published = [port for each in services().values() for port in each.says.get("ports", ())]
    assert published
    assert [port for port in published if not str(port).startswith("127.0.0.1:")] == []
    assert all(each.says.get("network_mode") != "host" for each in services().values())


def test_watch_workers_can_be_many() -> None:
    """Nothing that only one container can have: a name, a port, another's network."""
    for name in set(ROLES) - {"wall", "intake"}:
        assert not {"container_name", "ports", "network_mode"} & services()[name].says.keys()


def mounts(name: str) -> dict[str, tuple[str, bool]]:
    """Volumes of a service: where each is, and whether it may be written to."""
    found = {}
    for mount in services()[name].says.get("volumes", ()):
        volume, path, *how = mount.split(":")
        found[volume] = (path, how != ["ro"])
    return found


def test_the_seals_lie_apart_from_the_database() -> None:
    """In a volume that the role writes, with the key; walls read it, by which they sign case files;
    nobody else has it, and neither has another.
    """
    home = re.search(r"SUPERVISION_HOME=(\S+)", text("Dockerfile"))
    assert home
    elsewhere = {"SUPERVISION_SEALS", "SUPERVISION_SEAL_KEY", "SUPERVISION_HOME"}
    assert not elsewhere & (services()["seal"].environment | services()["wall"].environment).keys()
    assert mounts("seal") == {"seals": (home[1], True)}
    assert mounts("wall") == {"seals": (home[1], False)}
    assert {name for name in services() if "seals" in mounts(name)} == {"seal", "wall"}


def test_roles_wait_for_what_they_need() -> None:
    """They begin when the databases are prepared, on servers that are healthy."""
    for each in roles():
        waits = {name: how["condition"] for name, how in each.says["depends_on"].items()}
        assert waits.pop("prepare") == "service_completed_successfully"
        assert set(waits.values()) == {"service_healthy"}


@pytest.mark.parametrize("name", [*ROLES, "prepare"])
def test_the_product_takes_what_a_service_sets(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every SUPERVISION_ variable is a setting (or an owner's address), and none is refused."""
    given = services()[name].environment
    known = {f"SUPERVISION_{field.upper()}" for field in Settings.__struct_fields__}
    assert given.keys() <= known | {str(option.envvar) for option in prepare.params}
    for other in [other for other in os.environ if other.startswith("SUPERVISION_")]:
        monkeypatch.delenv(other)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    taken = settings()
    urls = (taken.database, taken.vault, taken.keys, taken.clickhouse)
    hosts = {urlsplit(url).hostname for url in urls} | {taken.kafka.partition(":")[0]}
    assert hosts <= services().keys()


def test_the_gate_leads_to_the_wall_and_the_intake() -> None:
    """Those share its network with ports of their own; what it publishes, it listens on."""
    guests = [e for e in ours() if e.says.get("network_mode") == "service:gate"]
    assert [each.name for each in guests] == ["wall", "intake"]
    ports = [
        each.environment[f"SUPERVISION_{kind}"] for each in guests for kind in ("PORT", "TOLD_PORT")
    ]
    assert len(set(ports)) == 4
    caddyfile = text("deploy/Caddyfile")
    proxied = re.findall(
        r"^http://:(\d+) \{\s+reverse_proxy 127.0.0.1:(\d+)$", caddyfile, re.MULTILINE
    )
    gate = services()["gate"].says
    assert [target for _, target in proxied] == ports[::2]
    assert [f"127.0.0.1:{port}:{port}" for port, _ in proxied] == gate["ports"]
    assert all(port in services()["gate"].asked for port, _ in proxied)


def test_the_servers_have_what_the_roles_sign_in_to() -> None:
    """Databases, names and passwords; and the secrets of the keys stay out of the server's log."""
    script = text("deploy/postgres/roles.sh")
    postgres, role = services()["postgres"], services()["prepare"].environment
    names = ("DATABASE", "VAULT", "KEYS")
    used = [urlsplit(role[f"SUPERVISION_{name}"]) for name in names]
    owners = [urlsplit(role[f"SUPERVISION_{name}OWNER"]) for name in ("", "VAULT_", "KEYS_")]
    made = re.findall(
        r"^CREATE DATABASE (\w+) ENCODING 'UTF8' LC_COLLATE 'C'", script, re.MULTILINE
    )
    assert made == [url.path[1:] for url in used] == [url.path[1:] for url in owners]
    assert {url.username for url in used} == set(found(r"^CREATE ROLE (\w+)", script))
    assert {url.username for url in owners} == {postgres.environment["POSTGRES_USER"]}
    assert {url.password for url in owners} == {postgres.environment["POSTGRES_PASSWORD"]}
    assert {url.password for url in used} == {postgres.environment["SUPERVISION_PASSWORD"]}
    silent = {setting for setting in Postgres.SETTINGS if setting.startswith("log_parameter_")}
    assert len(silent) == 2
    assert silent <= set(postgres.says["command"])
    warehouse, server = urlsplit(role["SUPERVISION_CLICKHOUSE"]), services()["clickhouse"]
    asked = (warehouse.path[1:], warehouse.username, warehouse.password)
    assert asked == tuple(server.environment[f"CLICKHOUSE_{n}"] for n in ("DB", "USER", "PASSWORD"))


def compose() -> list[str] | None:
    """How Compose is called here, if it is."""
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]):
            asked = subprocess.run([*words, "version"], capture_output=True, text=True, check=False)
            if asked.returncode == 0 and not re.search(r"\b1\.\d+\.\d+", asked.stdout):
                return words
    return None


@pytest.mark.skipif(compose() is None, reason="docker compose is not here")
def test_compose_reads_the_file(tmp_path: Path) -> None:
    """As it stands, with the passwords set; without one of them it says which."""
    words = [*(compose() or ()), "-f", str(ROOT / "docker-compose.yml"), "--env-file"]

    def config(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "env"
        file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
        ours = {k: v for k, v in os.environ.items() if k not in examples()}
        return subprocess.run(
            [*words, str(file), "config", "--services"],
            env=ours,
            capture_output=True,
            text=True,
            check=False,
        )

    read = config(examples() | PASSWORDS)
    assert read.returncode == 0, read.stderr
    assert set(read.stdout.split()) == services().keys()
    for name in PASSWORDS:
        refused = config(examples() | PASSWORDS | {name: ""})
        assert refused.returncode != 0
        assert name in refused.stderr
