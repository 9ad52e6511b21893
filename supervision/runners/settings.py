"""Where the product lives and listens, and the servers of a cluster: every setting, with why.

The settings stand in settings_fields.py, how they are read in settings_read.py; docs/settings.md
has them as a table.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from ..clock import Clock, SimulatedClock, SystemClock
from ..errors import SupervisionError
from ..record import Record
from .settings_fields import Settings
from .settings_read import SettingsDisagree, read

__all__ = [
    "LOG",
    "OWNERS",
    "PLAN",
    "SIMULATION",
    "Effective",
    "HomePreparing",
    "Settings",
    "WithoutTls",
    "clock_of",
    "effective",
    "guarded",
    "has_record",
    "is_loopback",
    "is_secure",
    "open_record",
    "settings",
    "store",
]

SIMULATION = "simulation.json"
"""In the home: present when its time is simulated, for every process that opens it."""
PLAN = "demonstration.json"
"""In the home of a demonstration: which city it is, so that it stays the same after a restart."""
LOG = "log.db"
"""In the home: the log, where it is not in PostgreSQL."""


OWNERS = ("SUPERVISION_OWNER", "SUPERVISION_VAULT_OWNER", "SUPERVISION_KEYS_OWNER")
"""No settings of the roles: of `supervise database`, who owns the log's, the vault's and the keys'
databases."""


class Effective(NamedTuple):
    """Settings, where each that is not a default came from, and variables that are none."""

    settings: Settings
    origins: dict[str, str]
    ignored: tuple[str, ...] = ()


def effective() -> Effective:
    """The settings of the environment and of the file, in that order; SettingsError."""
    found = read(Settings, os.environ, Path())
    given, origins = Settings(**found.values), dict(found.origins)
    _agree(given)
    for name in ("vault", "keys"):
        if given.database and not getattr(given, name):
            given = replace(given, **{name: given.database})
            origins[name] = "database"
    return Effective(given, origins, tuple(e for e in found.ignored if e not in OWNERS))


def settings() -> Settings:
    """The settings; SettingsError, in one line, if something is wrong with them."""
    return effective().settings


def _agree(given: Settings) -> None:
    """Raise SettingsDisagree for the first two that do not go together."""
    if faults := list(_faults(given)):
        raise SettingsDisagree(faults[0])


def _faults(given: Settings) -> Iterator[str]:
    protocol = given.kafka_security_protocol
    signs_in, encrypted = protocol.startswith("SASL_"), protocol.endswith("SSL")
    if bool(given.tls_certificate) != bool(given.tls_key):
        yield "tls_certificate and tls_key go together: set both, or neither"
    if given.oidc_issuer and not (given.oidc_client_id and given.public_url):
        yield "oidc_issuer needs oidc_client_id, and public_url, to which it sends people back"
    if (given.oidc_client_id or given.oidc_client_secret) and not given.oidc_issuer:
        yield "oidc_client_id or oidc_client_secret is set, but oidc_issuer is not"
    if (given.vault or given.keys) and not given.database:
        yield "vault or keys is set, but database is not: the three are in PostgreSQL together"
    if given.mail and not given.mail_from:
        yield "mail needs mail_from, the address that it is from"
    if bool(given.stamp_url) != bool(given.stamp_roots):
        yield "stamp_url and stamp_roots go together: set both, or neither"
    if signs_in and not (given.kafka_username and given.kafka_password):
        yield f"kafka_security_protocol {protocol} needs kafka_username and kafka_password"
    if (given.kafka_username or given.kafka_password) and not signs_in:
        yield (
            "kafka_username or kafka_password is set, but kafka_security_protocol "
            f"{protocol} signs nobody in: set SASL_SSL, or neither"
        )
    if given.kafka_ca_file and not encrypted:
        yield f"kafka_security_protocol {protocol} does not use kafka_ca_file; SSL, SASL_SSL do"
    if given.clickhouse_ca_file and not given.clickhouse_secure:
        yield "clickhouse_ca_file has no use without clickhouse_secure: set it to true"


class WithoutTls(SupervisionError):
    """A listener beyond this machine was asked for, and what people send could be read."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is not a loopback address, and nothing speaks TLS: set tls_certificate and "
            "tls_key, or proxies (those that speak it), or say in words what happens without: "
            f'plain_http = "{PLAIN}"'
        )


PLAIN = "passwords may be read on the way"


def guarded(given: Settings, host: str) -> str:
    """The host, if what is sent to it cannot be read on the way, or was said to be; WithoutTls."""
    if is_loopback(host) or is_secure(given) or given.plain_http:
        return host
    raise WithoutTls(host)


def is_secure(given: Settings) -> bool:
    """Whether browsers speak TLS, to this process or to a proxy before it."""
    return bool(given.tls_certificate or given.proxies)


def is_loopback(host: str) -> bool:
    """Whether it is this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HomePreparing(SupervisionError):
    """The home's demonstration has not lived through its past yet; its time is not ours."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"the demonstration in {home.absolute()} is being prepared by `supervise run`; "
            "wait until the wall is up (run it again if it was interrupted)"
        )


def clock_of(home: Path) -> Clock:
    """The system's clock, or the simulated one that the home's state file sets."""
    state = home / SIMULATION
    if (home / PLAN).exists() and not state.exists():
        raise HomePreparing(home)
    return SimulatedClock(state) if state.exists() else SystemClock()


def has_record(given: Settings) -> bool:
    """Whether there is a log to read: PostgreSQL's, or one in the home."""
    return bool(given.database) or (given.home / LOG).exists()


def store(given: Settings) -> dict[str, str]:
    """What the record's application must know of its store; nothing for SQLite in the home."""
    if not given.database:
        return {}
    return {
        "PERSISTENCE_MODULE": "supervision.store.postgres",
        "SUPERVISION_DATABASE": given.database,
        "SUPERVISION_VAULT": given.vault,
        "SUPERVISION_KEYS": given.keys,
    }


def open_record(given: Settings) -> Record:
    """The record that the settings name, made if there is none; on the home's clock."""
    given.home.mkdir(parents=True, exist_ok=True)
    return Record(given.home, clock_of(given.home), store(given))
