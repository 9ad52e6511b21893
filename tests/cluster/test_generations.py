"""Generations of the warehouse on one server: beside each other, and begun by two at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from projections.clickhouse import (
    ClickhouseEngine,
    begin_generation,
    generation,
    generations,
)
from projections.warehouse import (
    Warehouse,
    WarehouseMissing,
)
from tests.warehouse_history import DAY_OF, History
from tools.services import Clickhouse

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def history() -> History:
    """As long as its tests need."""
    return History(seed=19, changes=600)


@pytest.fixture
def url(clickhouse: Clickhouse) -> str:
    """An empty database."""
    return clickhouse.fresh("generations")


def test_generations_stand_beside_each_other(
    clickhouse: Clickhouse, url: str, history: History
) -> None:
    """A new one is filled while the old one is shown, then the old one goes."""
    base = ClickhouseEngine(url).at("city")
    for number in generations(base):
        generation(base, number).drop_database()
    assert generations(base) == []

    first, second = begin_generation(base), begin_generation(base)
    with (
        closing(generation(base, first)) as old,
        closing(generation(base, second)) as new,
    ):
        for engine, to in ((old, 80), (new, 120)):
            warehouse = Warehouse(engine, DAY_OF)
            warehouse.create()
            warehouse.write(history.batch(0, to))
        assert (first, second, generations(base)) == (1, 2, [1, 2])
        assert old.query("select count() from events", {}) == [(80,)]

        old.drop_database()

        assert generations(base) == [2]
        with pytest.raises(WarehouseMissing):
            old.query("select count() from events", {})
        assert new.query("select count() from events", {}) == [(120,)]
        assert begin_generation(base) == 3


def test_a_generation_of_other_tables_is_neither_seen_nor_written(
    clickhouse: Clickhouse, url: str, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program with other tables fills one of its own from the log, whatever the other does."""
    base = ClickhouseEngine(url).at("village")
    with closing(generation(base, begin_generation(base))) as ours:
        warehouse = Warehouse(ours, DAY_OF)
        warehouse.create()
        warehouse.write(history.batch(0, 80))

        monkeypatch.setattr("projections.clickhouse.VERSION", "00000000")
        assert generations(base) == []
        with closing(generation(base, begin_generation(base))) as theirs:
            other = Warehouse(theirs, DAY_OF)
            other.create()
            assert other.resume_from() == 0
            theirs.drop_database()

        assert warehouse.highest("events") == 80


def test_two_that_begin_a_generation_at_once_get_two(clickhouse: Clickhouse, url: str) -> None:
    """No two rebuilds fill the same one."""
    base = ClickhouseEngine(url).at("town")
    for number in generations(base):
        generation(base, number).drop_database()
    with ThreadPoolExecutor(4) as four:
        numbers = list(four.map(lambda _: begin_generation(base), range(8)))
    assert sorted(numbers) == generations(base) == list(range(1, 9))
