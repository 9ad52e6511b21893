"""The wall as of a position equals the wall that stood there, over every engine.

A random history is written block by block; at each the live wall is saved, before what follows
exists. Afterwards each is asked for as the past.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import pytest
from msgspec import structs

from projections import queries, schema
from projections.figures import Wall
from projections.past import PastView
from projections.view import View
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF, DEPARTMENTS, NOW, ZONE, History

CHANGES = 1_200
EVERY = 75
"""Positions between two walls: blocks of the log are cut elsewhere."""


class Saved(NamedTuple):
    """A wall as it stood, of the whole and of one department; the log then ended at `position`."""

    position: int
    at: int
    whole: Wall
    part: Wall


def wall(view: View, now: int) -> Wall:
    """At an instant, with five days to come."""
    days = [DAY_OF(now) + timedelta(days=n) for n in range(5)]
    return queries.wall(view, now, ZONE, "测试区", measured=0.0, working_days=days)


def fresh(engine: Engine, keep_from: date = date.min) -> Warehouse:
    """Empty tables."""
    made = Warehouse(engine, DAY_OF, keep_from)
    made.drop_all()
    made.create()
    return made


class Lived(NamedTuple):
    """A warehouse that holds a history, the walls that were saved on the way, and the history."""

    warehouse: Warehouse
    saved: list[Saved]
    history: History

    def past(self, one: Saved, departments: tuple[str, ...] | None = None) -> PastView:
        """The view as of a saved wall."""
        return PastView(self.warehouse, departments, one.position, one.at, ZONE)


def live(engine: Engine, months: int) -> Lived:
    """A history written in blocks, some of many positions, some of one; walls saved between."""
    history, made, saved = History(31, CHANGES, months), fresh(engine), list[Saved]()
    for number, to in enumerate(range(EVERY, CHANGES + 1, EVERY)):
        made.write(history.batch(to - EVERY, to - 1 - number % 5))
        made.write(history.batch(to - 1 - number % 5, to))
        at = history.events[to - 1].recorded_at
        whole, part = View(made, None), View(made, DEPARTMENTS[:1])
        saved.append(Saved(to, at, wall(whole, at), wall(part, at)))
    return Lived(made, saved, history)


@pytest.fixture(scope="module")
def lived(engine: Engine) -> Iterator[Lived]:
    """Over two months, so that a month turns within."""
    yield live(engine, 2)


def test_every_past_wall_equals_the_one_that_stood(lived: Lived) -> None:
    """All figures, lists, the curve, the stream, the scores; of the whole and of a part."""
    assert len(lived.saved) > 15
    assert lived.saved[0].whole != lived.saved[-1].whole
    for one in lived.saved:
        assert wall(lived.past(one), one.at) == one.whole
        assert wall(lived.past(one, DEPARTMENTS[:1]), one.at) == one.part


def test_merging_the_tables_changes_no_past_wall(lived: Lived) -> None:
    """Rows that cancel each other are gone, and the past is what it was."""
    for table in schema.TABLES:
        lived.warehouse._engine.command(f"optimize table {table.name} final")
    for one in lived.saved[::3]:
        assert wall(lived.past(one), one.at) == one.whole


def test_a_position_between_two_blocks_is_as_good_as_one_where_a_block_ended(
    engine: Engine, lived: Lived
) -> None:
    """However the log came: written as one block, every wall is the same."""
    made = fresh(engine)
    made.write(lived.history.batch(0, CHANGES))
    try:
        for one in lived.saved[::4]:
            view = PastView(made, None, one.position, one.at, ZONE)
            assert wall(view, one.at) == one.whole
    finally:
        made.drop_all()
        lived.warehouse.create()
        lived.warehouse.resume_from()
        lived.warehouse.write(lived.history.batch(0, CHANGES))


def test_the_past_is_told_from_what_is_kept(engine: Engine, lived: Lived) -> None:
    """Months that were dropped are missed by no instant behind them."""
    made = lived.warehouse
    gone = made.forget_before(DAY_OF(NOW))
    assert {drop.table for drop in gone} == {"events", "case_changes", "card_changes"}
    kept = [one for one in lived.saved if schema.month_of(one.at) >= schema.month_of(NOW)]
    assert kept
    for one in kept:
        found = wall(lived.past(one), one.at)
        assert structs.replace(found, stream=()) == structs.replace(one.whole, stream=())
