"""The walls as they truly were: made once for all who ask, and nothing of them is left behind."""

from __future__ import annotations

import threading
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.past import NotTold
from dashboards.truth_walls import Made, TrueWalls
from dashboards.truths import FAILED, MAKING, NONE, READY, Truths
from projections.figures import Wall
from replay.every_case import Cancelled, Watching
from replay.truth import FOR_GOOD, less
from supervision.errors import SupervisionError

WALL = Wall(now=1, measured=0.0, position=1, zone="UTC", district="")


class Walls:
    """Stands for TrueWalls."""

    def __init__(self, head: int) -> None:
        self.made = Made(head, 100, 3, 0)
        self.there, self.closed = True, 0

    def is_there(self) -> bool:
        return self.there

    def wall(self, at: int, departments: object) -> Wall:
        return WALL

    def close(self) -> None:
        self.there, self.closed = False, self.closed + 1


class Maker:
    """Makes walls when it is let; `begun` and `walls` tell what it did."""

    def __init__(self) -> None:
        self.let, self.begun = threading.Event(), threading.Semaphore(0)
        self.walls: list[Walls] = []
        self.error: SupervisionError | None = None

    def __call__(self, watching: Watching) -> TrueWalls:
        watching.progress(250, 1_000)
        self.begun.release()
        while not self.let.wait(0.01):
            if watching.cancelled():
                raise Cancelled
        if self.error:
            raise self.error
        self.walls.append(Walls(len(self.walls) + 1))
        return cast(TrueWalls, self.walls[-1])


def done(truths: Truths) -> None:
    """Wait for the work that goes on."""
    thread = truths._thread
    assert thread is not None
    thread.join(20)
    assert not thread.is_alive()


def test_they_are_made_once_and_serve_everybody() -> None:
    """Who asks while they are made begins nothing; before they are there, there is nothing."""
    make = Maker()
    truths = Truths(make)
    assert truths.stand().state == NONE
    assert truths.start("a")
    assert make.begun.acquire(timeout=20)
    assert not truths.start("a")
    assert (truths.stand().state, truths.stand().permille) == (MAKING, 250)
    with pytest.raises(NotTold):
        truths.wall(1, None)
    make.let.set()
    done(truths)
    assert truths.stand().state == READY
    assert truths.wall(1, None) is WALL
    truths.stop()
    assert [walls.closed for walls in make.walls] == [1]
    assert not truths.start("a")


def test_made_again_they_replace_what_was_there_when_they_are_done() -> None:
    """Until then it is shown; afterwards it is ended."""
    make = Maker()
    make.let.set()
    truths = Truths(make)
    assert truths.start("a")
    done(truths)
    make.let.clear()
    assert truths.start("a")
    assert make.begun.acquire(timeout=20)
    made = truths.stand().made
    assert made is not None
    assert made.head == 1
    assert truths.wall(1, None) is WALL
    make.let.set()
    done(truths)
    made = truths.stand().made
    assert made is not None
    assert made.head == 2
    assert [walls.closed for walls in make.walls] == [1, 0]
    truths.stop()


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_cancelled_or_failed_what_was_there_stays(again: bool) -> None:
    """And why it failed is told."""
    make = Maker()
    truths = Truths(make)
    if again:
        make.let.set()
        assert truths.start("a")
        done(truths)
        make.let.clear()
    assert truths.start("a")
    truths.cancel("a")
    done(truths)
    assert truths.stand().state == (READY if again else NONE)
    make.error = SupervisionError("the disk is full")
    make.let.set()
    assert truths.start("a")
    done(truths)
    assert (truths.stand().state, truths.stand().why) == (FAILED, "the disk is full")
    assert (truths.stand().made is not None) == again
    truths.stop()


def test_somebody_s_cancelling_ends_nobody_else_s_work() -> None:
    """And who asks again while it ends is not forgotten."""
    make = Maker()
    truths = Truths(make)
    assert truths.start("a")
    assert not truths.start("b")
    truths.cancel("b")
    assert truths.stand().state == MAKING
    truths.cancel("a")
    assert not truths.start("a")
    make.let.set()
    for _ in range(400):
        if truths.stand().state == READY:
            break
        threading.Event().wait(0.01)
    assert truths.stand().state == READY
    truths.stop()


def test_a_process_that_ended_is_no_longer_there() -> None:
    """It is said, and they can be made anew."""
    make = Maker()
    make.let.set()
    truths = Truths(make)
    assert truths.start("a")
    done(truths)
    make.walls[0].there = False
    assert truths.stand().state == NONE
    with pytest.raises(NotTold) as refused:
        truths.wall(1, None)
    assert refused.value.code == "truth_none"
    assert truths.start("a")
    done(truths)
    assert truths.wall(1, None) is WALL
    truths.stop()


def test_ended_while_they_are_made_nothing_is_left() -> None:
    """What comes too late is closed."""
    make = Maker()
    truths = Truths(make)
    assert truths.start("a")
    assert make.begun.acquire(timeout=20)
    truths.stop()
    assert all(walls.closed for walls in make.walls)
    assert truths.stand().state in (NONE, FAILED)


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12) | st.just(FOR_GOOD)).map(
        lambda one: (one[0], one[0] + one[1] if one[1] < FOR_GOOD else FOR_GOOD)
    ),
    max_size=4,
)


@given(spans, spans)
def test_what_is_left_of_spans_is_what_lies_in_none_of_the_others(
    these: list[tuple[int, int]], those: list[tuple[int, int]]
) -> None:
    """Instant by instant; nothing is empty."""
    left = list(less(these, those))
    assert all(since < until for since, until in left)
    for at in range(50):
        wanted = any(a <= at < b for a, b in these) and not any(a <= at < b for a, b in those)
        assert any(a <= at < b for a, b in left) == wanted
