"""Where the product lives and listens. Every setting: its name in the environment, and why.

SUPERVISION_HOME        var          everything that the product writes lies in this folder
SUPERVISION_HOST        127.0.0.1    loopback only, until there are rights
SUPERVISION_PORT        8050         of the wall and the API
SUPERVISION_DISTRICT    演示区        the district's name on the wall
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from msgspec import Struct

from ..clock import Clock, SimulatedClock, SystemClock
from ..errors import SupervisionError
from ..record import Record

SIMULATION = "simulation.json"
"""In the home: present when its time is simulated, for every process that opens it."""
PLAN = "demonstration.json"
"""In the home of a demonstration: which city it is, so that it stays the same after a restart."""


class Settings(Struct, frozen=True, kw_only=True):
    """What may be set, with its default."""

    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8050
    district: str = ""


class NotLoopback(SupervisionError):
    """A listener beyond this machine was asked for, and nobody's rights would be checked."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is not a loopback address. This version has no sign-in and no rights, so it "
            "listens on 127.0.0.1 or ::1 only; reach it from elsewhere through an SSH tunnel."
        )


class PortUnreadable(SupervisionError):
    """SUPERVISION_PORT is no port."""

    def __init__(self, text: str) -> None:
        super().__init__(f"SUPERVISION_PORT is {text!r}, not a number from 1 to 65535")


def settings() -> Settings:
    """The settings of the environment."""
    env = os.environ
    text = env.get("SUPERVISION_PORT", "8050")
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise PortUnreadable(text)
    return Settings(
        home=Path(env.get("SUPERVISION_HOME") or "var"),
        host=env.get("SUPERVISION_HOST") or "127.0.0.1",
        port=int(text),
        district=env.get("SUPERVISION_DISTRICT", ""),
    )


def loopback(host: str) -> str:
    """The host, if it is this machine alone; NotLoopback otherwise."""
    try:
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise NotLoopback(host)


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


def open_record(home: Path) -> Record:
    """The record of a home, made if there is none."""
    home.mkdir(parents=True, exist_ok=True)
    return Record(home, clock_of(home))
