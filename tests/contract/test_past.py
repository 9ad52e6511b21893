"""The wall as of a position equals the wall that stood there, over every engine.

A random history is written block by block; at each the live wall is saved, before what follows
exists. Afterwards each is asked for as the past.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest

from projections import past, queries, schema
from projections.figures import Wall
from projections.past import NoPast, NotStill, PastView
from projections.view import Unscoped, View
from projections.warehouse import Engine, Warehouse
from supervision.store.stored import Stored
from supervision.streams import facts_stream
from tests.warehouse_history import DAY_OF, DEPARTMENTS, HOUR, MONTH_TURNS, NOW, ZONE, History

CHANGES = 900
EVERY = 60
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


def fresh(engine: Engine) -> Warehouse:
    """Empty tables."""
    made = Warehouse(engine, DAY_OF)
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
def lived(engine: Engine) -> Lived:
    """Over two months, so that a month turns within."""
    return live(engine, 2)


def test_every_past_wall_equals_the_one_that_stood(lived: Lived) -> None:
    """All figures, lists, the curve, the stream, the scores; of the whole and of a part."""
    assert len(lived.saved) > 12
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


class Told(NamedTuple):
    """A history as the log that it came from."""

    history: History

    def head(self) -> int:
        return len(self.history.events)

    def recorded_at(self, position: int) -> int:
        there = 0 < position <= self.head()
        return self.history.events[position - 1].recorded_at if there else 0

    def read(self, after: int, limit: int) -> list[Stored]:
        return [
            Stored(e.position, facts_stream(e.source, e.case_no), 1, "", e.recorded_at, b"")
            for e in self.history.events[after : after + limit]
        ]


def test_an_instant_has_the_position_of_the_last_event_recorded_up_to_it(lived: Lived) -> None:
    """None before the first; one that was recorded at that very instant."""
    log: Any = Told(lived.history)
    events = lived.history.events
    assert past.position_at(log, events[0].recorded_at - 1) == (0, 0)
    for one in (events[0], events[7], events[-1]):
        assert past.position_at(log, one.recorded_at) == (one.position, one.recorded_at)
    between = events[8].recorded_at - 1
    assert past.position_at(log, between) == (events[7].position, events[7].recorded_at)
    assert past.position_at(log, NOW + HOUR)[0] == len(events)


def test_a_query_that_names_no_scope_is_refused_as_in_the_present(lived: Lived) -> None:
    """And one of a table of which no past is kept."""
    view = lived.past(lived.saved[0])
    with pytest.raises(Unscoped):
        view.query("select count() from open_cases")
    with pytest.raises(NoPast, match="register"):
        view.query("select count() from register where {scope}")


def test_a_table_that_moves_on_while_it_is_asked_is_asked_again(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it does not stand still, and not for ever."""
    one = lived.saved[4]
    highest, asked = lived.warehouse.highest, iter((1, 2))
    monkeypatch.setattr(
        lived.warehouse,
        "highest",
        lambda table: next(asked, highest(table)) if table == "open_cases" else highest(table),
    )
    assert wall(lived.past(one), one.at) == one.whole
    climbing = count()
    monkeypatch.setattr(lived.warehouse, "highest", lambda _: next(climbing))
    with pytest.raises(NotStill, match="open_cases"):
        wall(lived.past(one), one.at)


def test_the_past_is_told_from_what_is_kept(lived: Lived) -> None:
    """Months that were dropped are missed by no instant from the second month on that is kept; the
    ones before it are told as not kept.
    """
    made, log = lived.warehouse, Told(lived.history)
    record: Any = log
    assert past.first_told(record, made) == log.recorded_at(1)
    gone = made.forget_before(DAY_OF(NOW))
    assert {drop.table for drop in gone} == {"events", "case_changes", "card_changes"}
    first = past.first_told(record, made)
    assert first == MONTH_TURNS
    kept = [one for one in lived.saved if one.at >= first]
    assert kept
    for one in kept:
        assert wall(lived.past(one), one.at) == one.whole
