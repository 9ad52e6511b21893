"""What the policy says to forget is gone from the warehouse, and nothing else."""

from __future__ import annotations

from datetime import date

from projections import schema
from projections.blocks import Batch, CardChange
from projections.rows import CaseRow
from projections.warehouse import (
    Engine,
    Warehouse,
)
from tests.contract.test_warehouse import COUNT_EVENTS, shown
from tests.warehouse_history import DAY_OF, HOUR, START, History, event

QUARTERS = 9
LONG_AGO = History(seed=5, changes=900, months=QUARTERS)
"""Over nine months, February to October and the first days of November."""


def test_what_is_forgotten_is_gone_and_nothing_else(warehouse: Warehouse) -> None:
    """Months of the past that ended before the day; figures and positions stay."""
    warehouse.write(LONG_AGO.batch(0, 900))
    before = shown(warehouse), warehouse.resume_from()
    old = [one for one in LONG_AGO.events if schema.month_of(one.recorded_at) < 202606]

    dropped = warehouse.forget_before(date(2026, 6, 30))

    assert {one.table for one in dropped} == {"events", "case_changes", "card_changes"}
    months = [one.month for one in dropped if one.table == "events"]
    assert months == sorted({schema.month_of(one.recorded_at) for one in old})
    assert sum(one.rows for one in dropped if one.table == "events") == len(old) > 0
    assert warehouse.query(COUNT_EVENTS) == [(900 - len(old),)]
    assert (shown(warehouse), warehouse.resume_from()) == before
    assert warehouse.forget_before(date(2026, 6, 30)) == []


def test_the_newest_months_are_never_forgotten(warehouse: Warehouse) -> None:
    """They hold the position, and what the lists of the month look back into."""
    warehouse.write(LONG_AGO.batch(0, 900))

    dropped = warehouse.forget_before(date(2030, 1, 1))

    assert max(one.month for one in dropped) == 202609
    assert warehouse.resume_from() == 900
    assert warehouse.forget_before(date(2030, 1, 1)) == []


def test_a_table_without_news_keeps_its_last_month(warehouse: Warehouse) -> None:
    """However old: its position lies there, and the log is not read again for it."""
    row = CaseRow(source="s", case_no="1", item="i", item_name="n", department="d", kind="01")
    old, new = START - 300 * 24 * HOUR, START
    card = CardChange(1, old, None, LONG_AGO.card_changes[0].new)
    warehouse.write(Batch(1, old, [event(1, old, row)], cards=[card]))
    warehouse.write(Batch(2, new, [event(2, new, row)]))

    dropped = warehouse.forget_before(date(2026, 6, 1))

    assert [one.table for one in dropped] == ["events"]
    assert (warehouse.highest("card_changes"), warehouse.highest("events")) == (1, 2)


def test_a_warehouse_filled_again_leaves_out_what_was_forgotten(engine: Engine) -> None:
    """With the same day it comes to the same rows, in batches over the turn of months too."""
    day = date(2026, 6, 30)
    first = Warehouse(engine, DAY_OF)
    first.drop_all()
    first.create()
    first.write(LONG_AGO.batch(0, 900))
    first.forget_before(day)
    kept = [first.query(ROWS.format(table)) for table in PAST], shown(first)

    again = Warehouse(engine, DAY_OF, keep_from=day)
    again.drop_all()
    again.create()
    for after in range(0, 900, 180):
        again.write(LONG_AGO.batch(after, after + 180))

    found = [again.query(ROWS.format(table)) for table in PAST], shown(again)
    assert found == kept
    assert again.resume_from() == 900
    assert again.forget_before(day) == []


PAST = tuple(table.name for table in schema.TABLES if table.monthly)
ROWS = "select count(), sum(position), sum(recorded_at) from {} where source != ''"
