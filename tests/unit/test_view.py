"""A query that does not say how it is narrowed is refused before anything is asked."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

from projections import lookup, queries
from projections.rows import UNLISTED
from projections.schema import TABLES
from projections.view import READ, SCOPE, UNSCOPED, Unscoped, View, check


class Asked:
    """A warehouse that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object]]] = []

    def query(self, sql: str, **params: object) -> list[tuple[int, ...]]:
        self.asked.append((sql, params))
        return []


def view(departments: list[str] | None) -> tuple[View, Asked]:
    asked = Asked()
    made: Any = asked
    return View(made, departments), asked


def constants(module: ModuleType) -> dict[str, str]:
    """The SQL of a module, by name: every text in which one of our tables is read."""
    return {
        f"{module.__name__}.{name}": text
        for name, text in vars(module).items()
        if isinstance(text, str) and READ.search(text)
    }


QUERIES = {
    **constants(queries),
    **constants(lookup),
    **{
        f"{name} of {what}": lookup._sql(template, chosen)
        for name, template in (("PAGE", lookup.PAGE), ("TOTAL", lookup.TOTAL))
        for what, chosen in lookup.WHATS.items()
    },
}
MARKERS = [
    (name, marker, place)
    for name, sql in QUERIES.items()
    for marker in (SCOPE, UNSCOPED)
    for place in range(sql.count(marker))
]


def cut(sql: str, marker: str, place: int) -> str:
    """Without its n-th marker, the condition behind it standing."""
    parts = sql.split(marker)
    return marker.join(parts[: place + 1]) + "1" + marker.join(parts[place + 1 :])


def test_all_queries_are_looked_at() -> None:
    """Every `select` of the two modules is in one of the queries that the other tests walk."""
    text = inspect.getsource(queries) + inspect.getsource(lookup)
    written = len(READ.findall(text))

    assert written >= 11
    assert len(constants(queries)) + len(constants(lookup)) >= 10
    assert {table.name for table in TABLES} - {
        name for sql in QUERIES.values() for name in READ.findall(sql)
    } == {"card_changes"}


def test_nothing_that_is_shown_asks_a_warehouse_itself() -> None:
    """The modules that make figures and lists know views only."""
    assert not hasattr(queries, "Warehouse")
    assert not hasattr(lookup, "Warehouse")


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_says_how_it_is_narrowed(name: str) -> None:
    """Each read of a table."""
    sql = QUERIES[name]

    check(sql)
    assert len(READ.findall(sql)) == sql.count(SCOPE) + sql.count(UNSCOPED)


@pytest.mark.parametrize(("name", "marker", "place"), MARKERS)
def test_without_one_of_its_markers_a_query_is_refused(name: str, marker: str, place: int) -> None:
    """Nothing is asked of the warehouse, not even for who sees everything."""
    narrowed, asked = view(None)

    with pytest.raises(Unscoped, match=r"where \{scope\}"):
        narrowed.query(cut(QUERIES[name], marker, place))
    assert asked.asked == []


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 from events",
        "select 1 from events where position > 1",
        "select 1 FROM Events where position > 1 and {scope}",
        "select 1 from city.events where 1",
        'select 1 from city."events" where 1',
        "select 1 from `events`",
        "select 1 from events where {scoped} and {scope}",
        "select 1 from events where {scope} or 1",
        "select 1 from events where {scope} and position > 1 or 1",
        "select 1 from events where {scope} and (source, 'or)') = 1\n or 1",
        "select 1 from events where {scope} = 0",
        "select 1 from events where {unscoped}",
        "select 1 from (select 1 from events where {scope}) join cards using source",
        "select 1 from events where {scope} union all select 1 from cards",
    ],
)
def test_a_query_that_only_seems_narrowed_is_refused(sql: str) -> None:
    """The condition must bind every row that is read."""
    with pytest.raises(Unscoped):
        check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "select count() from system.parts",
        "select 1 from events where {scope}",
        "select 1 from events where {scope} and (position > 1 or source = ' or ')",
        "select 1 from (select 1 from events where {scope} and 1) where a or b",
        "select 1 from events where {scope} group by source having 1 or 0",
    ],
)
def test_a_query_that_is_narrowed_is_asked(sql: str) -> None:
    """An `or` in parentheses, in a text, or of a query around it lets nothing in."""
    check(sql)


@pytest.mark.parametrize(
    ("departments", "condition", "params"),
    [
        (None, "1", {}),
        ([], "0", {}),
        (["", UNLISTED], "0", {}),
        (
            ["b", "a", ""],
            "department in ({department_0:String}, {department_1:String})",
            {"department_0": "a", "department_1": "b"},
        ),
    ],
)
def test_the_condition_stands_where_the_marker_stood(
    departments: list[str] | None, condition: str, params: dict[str, object]
) -> None:
    """All, none, or some departments; marks and what names none are no department."""
    narrowed, asked = view(departments)

    narrowed.query("select 1 from events where {scope} and position = {at:Int64}", at=1)

    sql = f"select 1 from events where {condition} and position = {{at:Int64}}"
    assert asked.asked == [(sql, {"at": 1, **params})]


def test_a_view_says_which_departments_it_sees() -> None:
    """Those that it was given; of no department nothing, unless it sees everything."""
    everything, some, nothing = view(None)[0], view(["a", ""])[0], view([])[0]

    assert [one.sees("a") for one in (everything, some, nothing)] == [True, True, False]
    assert [one.sees("") for one in (everything, some, nothing)] == [True, False, False]
