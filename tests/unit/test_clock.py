"""Stamps never go back, jumps are noticed, simulated time is a function of real time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.clock import (
    JUMP,
    Reading,
    SimulatedClock,
    Simulation,
    Stamp,
    SystemClock,
    simulated,
    stamp,
    start_simulation,
)
from supervision.errors import ClockJumped
from supervision.facts import instant

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NOON = instant(datetime.fromisoformat("2026-11-20T12:00:00+08:00"))
FIRST = stamp(None, Reading(NOON, HOUR, "boot-1"))


def later(wall: int, boot: int, boot_id: str = "boot-1") -> Reading:
    """A reading so much after the first."""
    return Reading(NOON + wall, HOUR + boot, boot_id)


def test_the_first_stamp_is_the_clock() -> None:
    """Nothing to compare with yet."""
    assert Stamp(NOON, NOON, HOUR, "boot-1", 0) == FIRST


@given(st.lists(st.integers(-JUMP // 4, JUMP // 4), max_size=30))
def test_every_stamp_is_later_than_every_earlier_one(steps: list[int]) -> None:
    """Even while the wall clock goes back a little, again and again."""
    last, now = FIRST, Reading(NOON, HOUR, "boot-1")
    for step in steps:
        now = Reading(max(now.wall + step, NOON), now.boot + max(step, 0), now.boot_id)
        try:
            following = stamp(last, now)
        except ClockJumped:
            return
        assert following.last > last.last
        last = following


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(later(JUMP + 1, 0), id="forward while it runs"),
        pytest.param(later(-JUMP - 1, 0), id="back while it runs"),
        pytest.param(later(0, JUMP + 1), id="it stood still"),
        pytest.param(later(JUMP + 1, 0, "boot-2"), id="a long gap over a reboot"),
        pytest.param(later(-JUMP - 1, 0, "boot-2"), id="back over a reboot"),
    ],
)
def test_a_jump_of_more_than_five_minutes_stops_time(now: Reading) -> None:
    """ClockJumped says the last stamp and the clock."""
    with pytest.raises(ClockJumped, match=str(NOON)):
        stamp(FIRST, now)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(later(9 * HOUR, 9 * HOUR), id="a night in which the process was down"),
        pytest.param(later(JUMP, 0), id="five minutes forward"),
        pytest.param(later(-JUMP, 0), id="five minutes back"),
        pytest.param(later(JUMP, 0, "boot-2"), id="a quick reboot"),
    ],
)
def test_what_the_boot_clock_explains_is_no_jump(now: Reading) -> None:
    """A stamp is given."""
    assert stamp(FIRST, now).last == max(now.wall, NOON + 1)


def test_small_steps_back_do_not_add_up_unseen() -> None:
    """Two steps back of three minutes are six behind the last stamp: a jump."""
    once = stamp(FIRST, later(-3 * MINUTE, 0))
    with pytest.raises(ClockJumped):
        stamp(once, later(-6 * MINUTE, 0))


def test_behind_a_confirmed_clock_stamps_stand_until_it_has_caught_up() -> None:
    """After a step back of an hour, confirmed, stamps grow by a microsecond, then follow."""
    confirmed = stamp(FIRST, later(-HOUR, 0), confirmed=True)
    soon = stamp(confirmed, later(-HOUR + MINUTE, MINUTE))
    after = stamp(soon, later(MINUTE, HOUR + MINUTE))
    assert [each.last - NOON for each in (confirmed, soon, after)] == [1, 2, MINUTE]
    assert after.lag == 0


def test_the_machines_clock_gives_microseconds_since_1970_and_the_boot() -> None:
    """Wall time of this century, boot time below it, the same boot each time."""
    clock = SystemClock()
    first, second = clock(), clock()
    assert instant(datetime.fromisoformat("2020-01-01T00:00:00+00:00")) < first.wall
    assert 0 < first.boot <= second.boot < first.wall
    assert first.boot_id == second.boot_id


FRIDAY_NINE = instant(datetime.fromisoformat("2026-11-20T09:00:00+08:00"))
STATE = Simulation(real_origin=0, simulated_origin=FRIDAY_NINE, speed=60, night_speed=3600)


def iso(real_seconds: float, state: Simulation = STATE) -> str:
    """Simulated local time so many real seconds after the origin."""
    at = simulated(int(real_seconds * SECOND), state)
    zone = datetime.fromisoformat("2026-01-01T00:00:00+08:00").tzinfo
    return datetime.fromtimestamp(at / SECOND, zone).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("real_seconds", "expected"),
    [
        (0, "2026-11-20T09:00:00+08:00"),
        (60, "2026-11-20T10:00:00+08:00"),
        (180, "2026-11-20T12:00:00+08:00"),
        (181, "2026-11-20T13:00:00+08:00"),
        (181.5, "2026-11-20T13:30:00+08:00"),
        (421.5, "2026-11-20T17:30:00+08:00"),
        (421.5 + 63.5, "2026-11-23T09:00:00+08:00"),
        (421.5 + 63.5 + 60, "2026-11-23T10:00:00+08:00"),
    ],
)
def test_office_hours_pass_slowly_and_nights_and_weekends_fast(
    real_seconds: float, expected: str
) -> None:
    """60 times by day, 3600 times over lunch, at night, on Saturday and Sunday."""
    assert iso(real_seconds) == expected


def test_before_its_origin_simulated_time_stands() -> None:
    """A real clock before the origin gives the origin."""
    assert simulated(-5, STATE) == FRIDAY_NINE


@given(st.lists(st.integers(0, 3600 * SECOND), min_size=2, max_size=12), st.integers(1, 90))
def test_simulated_time_never_goes_back_and_needs_no_memory(reals: list[int], speed: int) -> None:
    """Sorted real instants give sorted simulated ones, whoever asks and in whatever order."""
    state = msgspec.structs.replace(STATE, speed=speed)
    given_ = [simulated(real, state) for real in sorted(reals)]
    assert given_ == sorted(given_)


def test_every_process_of_a_home_computes_the_same_instant(tmp_path: Path) -> None:
    """Two clocks on one state file agree at each instant, whatever each was asked before."""
    path = tmp_path / "clock.json"
    state = start_simulation(path, FRIDAY_NINE, speed=60)
    assert start_simulation(path, FRIDAY_NINE + 1, speed=5) == state
    one, other = SimulatedClock(path), SimulatedClock(path)
    reals = [state.real_origin + seconds * SECOND for seconds in (5, 400, 401, 3000, 100, 9000)]
    assert [one.at(real) for real in reals] == [simulated(real, state) for real in reals]
    assert other.at(reals[-1]) == one.at(reals[-1])


def test_a_simulated_clock_never_jumps(tmp_path: Path) -> None:
    """Its boot clock is its wall clock, over restarts too."""
    path = tmp_path / "clock.json"
    start_simulation(path, FRIDAY_NINE)
    first, second = SimulatedClock(path)(), SimulatedClock(path)()
    assert (first.boot, first.boot_id) == (first.wall, second.boot_id)
