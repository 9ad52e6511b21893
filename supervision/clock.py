"""Where time comes from: the only module, with the runners, that reads a clock.

Instants are microseconds since 1970-01-01T00:00:00Z. A clock is a callable that gives a Reading.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from .errors import ClockJumped
from .facts import EPOCH, Instant, instant

JUMP = 5 * 60 * 1_000_000
"""Microseconds by which the wall clock may differ from what was expected (design: 4)."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Reading(NamedTuple):
    """Wall clock (µs), time since boot with suspension counted (µs), which boot."""

    wall: Instant
    boot: int
    boot_id: str


class Clock(ABC):
    """The port: one reading a call."""

    @abstractmethod
    def __call__(self) -> Reading:
        """The time now."""


class SystemClock(Clock):
    """The machine's own clocks."""

    def __init__(self) -> None:
        self._boot_id = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""

    def __call__(self) -> Reading:
        """Wall clock, CLOCK_BOOTTIME and the kernel's boot id."""
        boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        return Reading(time.time_ns() // 1000, boot, self._boot_id)


class Stamp(NamedTuple):
    """The last stamp given, the reading behind it, and by how much the clock may lag behind it.

    `lag` is above zero after an operator confirmed a clock that went back: stamps then grow by one
    microsecond until the clock has caught up.
    """

    last: Instant
    wall: Instant
    boot: int
    boot_id: str
    lag: int = 0


def stamp(previous: Stamp | None, now: Reading, *, confirmed: bool = False) -> Stamp:
    """The next stamp, later than every earlier one.

    ClockJumped: the clock moved by more than JUMP against what the last stamp lets expect, and
    nobody has `confirmed` it.
    """
    if previous is None:
        return Stamp(now.wall, *now)
    if not confirmed:
        check(previous, now)
    last = max(previous.last + 1, now.wall)
    behind = last - now.wall
    lag = behind if confirmed else min(previous.lag, behind)
    return Stamp(last, *now, lag)


def check(previous: Stamp, now: Reading) -> None:
    """Raise ClockJumped if `now` cannot be what follows on `previous`."""
    expected = now.boot - previous.boot if now.boot_id == previous.boot_id else 0
    astray = abs(now.wall - previous.wall - expected) > JUMP
    if astray or previous.last - now.wall > previous.lag + JUMP:
        raise ClockJumped(previous.last, now.wall)


class Simulation(Struct, frozen=True, kw_only=True):
    """How simulated time runs, for demonstrations: the state file's content.

    Office hours ("HH:MM" pairs of weekdays in `zone`) pass `speed` times as fast as real time, the
    other hours `night_speed` times.
    """

    real_origin: Instant
    simulated_origin: Instant
    speed: int = 60
    night_speed: int = 3600
    office_hours: tuple[tuple[str, str], ...] = (("09:00", "12:00"), ("13:30", "17:30"))
    zone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        if min(self.speed, self.night_speed) < 1:
            raise ValueError("simulated time passes at least as fast as real time")


def simulated(real: Instant, state: Simulation) -> Instant:
    """The simulated instant at a real one: pure, and never going back when `real` does not."""
    return _walk(state.simulated_origin, _budget(real, state), state)[0]


def _walk(at: Instant, budget: int, state: Simulation) -> tuple[Instant, Instant, int]:
    """Spend `budget` from `at` on: the instant reached, the last change of speed, what it left."""
    for end, cost in _segments(at, state):
        if budget < (end - at) * cost:
            return at + budget // cost, at, budget
        budget -= (end - at) * cost
        at = end
    return at, at, budget


def _budget(real: Instant, state: Simulation) -> int:
    """Real time since the origin in units that both speeds divide, so that all stays whole."""
    return max(0, real - state.real_origin) * state.speed * state.night_speed


def _segments(start: Instant, state: Simulation) -> Iterator[tuple[Instant, int]]:
    """Stretches of one speed after `start`: their end, and what a microsecond of them costs."""
    zone = ZoneInfo(state.zone)
    day = (EPOCH + timedelta(microseconds=start)).astimezone(zone).date()
    while day.year < 9999:
        for end, cost in _day(day, zone, state):
            if end > start:
                yield end, cost
        day += timedelta(days=1)


def _day(day: date, zone: ZoneInfo, state: Simulation) -> Iterator[tuple[Instant, int]]:
    if day.weekday() < 5:
        for opens, closes in state.office_hours:
            yield _at(day, opens, zone), state.speed
            yield _at(day, closes, zone), state.night_speed
    yield _at(day + timedelta(days=1), "00:00", zone), state.speed


def _at(day: date, clock: str, zone: ZoneInfo) -> Instant:
    return instant(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone))


class SimulatedClock(Clock):
    """Every process that opens the same state file computes the same instant."""

    def __init__(self, state: Path) -> None:
        self.state = msgspec.json.decode(state.read_bytes(), type=Simulation)
        self._walked = (self.state.simulated_origin, 0)

    def __call__(self) -> Reading:
        """Simulated wall clock; the boot clock agrees with it, so that it never jumps."""
        at = self.at(time.time_ns() // 1000)
        return Reading(at, at, "simulated")

    def at(self, real: Instant) -> Instant:
        """The same as simulated(), going on from where the last call came to."""
        budget = _budget(real, self.state)
        start, spent = self._walked
        if budget < spent:
            return simulated(real, self.state)
        reached, start, left = _walk(start, budget - spent, self.state)
        self._walked = (start, budget - left)
        return reached


class SteppedClock(Clock):
    """Stands still until it is set: for a past that is lived through in steps.

    Once handed over it is the clock that it was handed to; so one record outlives its past.
    """

    def __init__(self, at: Instant) -> None:
        self._at = at
        self._next: Clock | None = None

    def __call__(self) -> Reading:
        """Where it was set; agrees with a simulated clock, so that it never jumps."""
        return self._next() if self._next else Reading(self._at, self._at, "simulated")

    def set(self, at: Instant) -> None:
        """Go to an instant; never back."""
        self._at = max(self._at, at)

    def hand_over(self, clock: Clock) -> None:
        """From now on, that clock."""
        self._next = clock


def start_simulation(path: Path, simulated_origin: Instant, **settings: object) -> Simulation:
    """The simulation of a state file, begun now if there is no such file yet.

    `settings` are fields of Simulation. Two processes that begin at once agree on one.
    """
    says = {"real_origin": time.time_ns() // 1000, "simulated_origin": simulated_origin}
    state = msgspec.convert({**says, **settings}, Simulation)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(state))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return msgspec.json.decode(path.read_bytes(), type=Simulation)


def rebase_simulation(path: Path, last: Instant) -> Simulation:
    """Let simulated time go on from an instant now: it stood still while nobody ran it."""
    state = msgspec.json.decode(path.read_bytes(), type=Simulation)
    real = time.time_ns() // 1000
    later = msgspec.structs.replace(state, real_origin=real, simulated_origin=last)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(later))
    draft.replace(path)
    return later
