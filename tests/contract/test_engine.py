"""What each engine under the warehouse must do: bring parameters, store blocks, name failures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from projections import schema
from projections.chdb import ChdbEngine
from projections.clickhouse import END, STORE, WHOLE_BLOCK, WHOLE_BLOCK_LATER, WRITERS
from projections.literals import filled
from projections.warehouse import (
    Engine,
    ParameterUnfit,
    Warehouse,
    WarehouseBusy,
    WarehouseError,
)


def test_a_failing_query_says_what_the_engine_said(warehouse: Warehouse) -> None:
    """Not the driver's own exception."""
    with pytest.raises(WarehouseError, match="nosuch"):
        warehouse.query("select nosuch")


LONG = "长'\\" * 200_000
TEXTS = st.one_of(
    st.text(st.sampled_from("'\"\\`\0\b\t\n\r\v%_{}:;-/*?中🀄\u2028\x7f"), max_size=40),
    st.text(max_size=200),
)


@given(text=TEXTS)
@example(text="")
@example(text="'; drop table events; --")
@example(text="{text:String}")
@example(text=LONG)
@settings(max_examples=100, deadline=None)
def test_a_text_parameter_arrives_as_it_is(engine: Engine, text: str) -> None:
    """Whatever is in it, and its length in bytes is the engine's too."""
    found = engine.query("select {text:String}, length({text:String})", {"text": text})
    assert found == [(text, len(text.encode()))]


@given(first=st.integers(-(2**63), 2**63 - 1), second=st.integers(0, 2**64 - 1))
@example(first=-(2**63), second=2**64 - 1)
@settings(max_examples=50, deadline=None)
def test_a_number_parameter_arrives_as_it_is(engine: Engine, first: int, second: int) -> None:
    """A minus before a minus begins no comment."""
    sql = "select {first:Int64}, 1 -{sign:Int8}, {second:UInt64}"
    found = engine.query(sql, {"first": first, "second": second, "sign": -1})
    assert found == [(first, 2, second)]


@given(day=st.dates(date(1970, 1, 1), date(2105, 12, 31)))
@example(day=date(1970, 1, 1))
@settings(max_examples=50, deadline=None)
def test_a_day_parameter_arrives_as_it_is(engine: Engine, day: date) -> None:
    """From the first day that a Date holds, which old servers write as none, to the last."""
    found = engine.query("select toString({day:Date}), toUInt32({day:Date})", {"day": day})
    number = (day - date(1970, 1, 1)).days
    old = engine.version < schema.EXTRAS_FROM
    assert found == [("0000-00-00" if old and not number else day.isoformat(), number)]


def test_lists_are_parameters_too(engine: Engine) -> None:
    """Empty ones included."""
    sql = "select has({some:Array(String)}, '是'), length({none:Array(Int64)})"
    assert engine.query(sql, {"some": ["it's", "是"], "none": []}) == [(1, 0)]


def test_a_parameter_that_does_not_fit_is_refused(engine: Engine) -> None:
    """Before anything is asked."""
    with pytest.raises(ParameterUnfit, match="day:Date"):
        engine.query("select {day:Date}", {"day": "2026-11-20"})


@pytest.mark.parametrize("engine", ["chdb"], indirect=True)
def test_an_open_folder_is_refused_by_name(tmp_path: Path, engine: Engine) -> None:
    """A second process (a second opening, here) is told which folder."""
    folder = Path(engine._path).parent  # type: ignore[attr-defined]

    with pytest.raises(WarehouseBusy, match="in use by another process"):
        ChdbEngine(folder)


def test_a_block_becomes_one_part_whatever_its_size(warehouse: Warehouse) -> None:
    """Otherwise a crash could leave half of it, and the position would lie."""
    count = 1_200_000

    warehouse.insert("slots", [(n, "d", 1, 0, 0, 0) for n in range(count)])

    parts = warehouse.query(
        "select count(), sum(rows) from system.parts where active and table = 'slots'"
        " and database = currentDatabase()"
    )
    assert parts == [(1, count)]


@pytest.mark.parametrize("engine", ["chdb"], indirect=True)
def test_what_a_server_is_told_means_the_same_to_the_newest_engine(
    warehouse: Warehouse, engine: Engine
) -> None:
    """Which has no port to be told through: only the last claim stores a block, as one part."""
    many, settings = 1_200_000, WHOLE_BLOCK | WHOLE_BLOCK_LATER
    asking = " settings " + ", ".join(f"{name} = {value}" for name, value in settings.items())
    for sql in (
        "drop table if exists writers",
        WRITERS + schema.THROUGH,
        "insert into writers select 7",
        "insert into writers select 5",
        "create temporary table block (slot Int64, step Int64)",
        f"insert into block select number, 3 from numbers({many})",
        STORE.format(table="slots", names="slot, step", claim=7) + asking,
        filled(END, {"ids": "nobody's/"}),
    ):
        engine.command(sql)
    with pytest.raises(WarehouseError, match="throwIf"):
        engine.command(STORE.format(table="slots", names="slot, step", claim=5))
    engine.command("drop table block")

    parts = "select count(), sum(rows) from system.parts where active and table = 'slots'"
    assert warehouse.query(f"{parts} and database = currentDatabase()") == [(1, many)]
    assert warehouse.query("select sum(step) from slots") == [(3 * many,)]
