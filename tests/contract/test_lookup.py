"""The list behind a figure holds what the figure counts, on pages that leave nothing out."""

from __future__ import annotations

import pytest

from projections import lookup, queries
from projections.lookup import Line
from projections.rows import CaseRow
from projections.view import View
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF, NOW, ZONE, History

LIMIT = 7
WHEN = queries.moment(NOW, ZONE)


@pytest.fixture(scope="module")
def history() -> History:
    """Some hundred changes."""
    return History(seed=11, changes=2_400)


@pytest.fixture(scope="module")
def filled(engine: Engine, history: History) -> View:
    """Their rows."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    made.write(history.batch(0, len(history.events)))
    return View(made, None)


def pages(view: View, what: str, value: str = "") -> tuple[list[Line], int]:
    """All lines of a list, page by page, and the total that each page told."""
    lines: list[Line] = []
    after, totals = "", set()
    while True:
        page = lookup.page(view, WHEN, what, value, after, LIMIT)
        lines += page.lines
        totals.add(page.total)
        after = page.next
        if not after:
            break
    (total,) = totals
    return lines, total


def keys(lines: list[Line]) -> list[tuple[str, str]]:
    return [(line.source, line.case_no) for line in lines]


@pytest.mark.parametrize("what", lookup.WHATS)
def test_the_pages_hold_each_case_of_the_list_once(filled: View, what: str) -> None:
    """As many lines as the list says, none twice, worst first."""
    lines, total = pages(filled, what, "2026-07-01" if what == "due_day" else "")
    assert len(lines) == len(set(keys(lines))) == total
    ranks = [lookup.LIGHTS.index(line.light) for line in lines]
    assert ranks == sorted(ranks, reverse=True)


def expected(history: History, what: str) -> set[tuple[str, str]]:
    """By hand."""
    today = DAY_OF(NOW)

    def on(at: int) -> bool:
        return bool(at) and DAY_OF(at) == today and at <= NOW

    tests = {
        "open": lambda row: not row.concluded_at,
        "received_today": lambda row: on(row.received_at),
        "accepted_today": lambda row: on(row.accepted_at),
        "concluded_today": lambda row: on(row.concluded_at),
        "provisional": lambda row: not row.concluded_at and row.provisional,
    }
    return {key(row) for row in history.cases.values() if tests[what](row)}


def key(row: CaseRow) -> tuple[str, str]:
    return row.source, row.case_no


@pytest.mark.parametrize(
    "what", ["open", "received_today", "accepted_today", "concluded_today", "provisional"]
)
def test_a_list_is_the_one_counted_by_hand(filled: View, history: History, what: str) -> None:
    """The cases themselves, not their number only."""
    lines, _ = pages(filled, what)
    assert set(keys(lines)) == expected(history, what)


@pytest.mark.parametrize("severity", ["reminder", "yellow", "red"])
def test_the_cases_with_a_card_of_today_are_those_counted_by_hand(
    filled: View, history: History, severity: str
) -> None:
    """Each as it stands now, though the rows that were taken back were written long before."""
    carded = {
        (card.source, card.case_no)
        for card in history.cards.values()
        if card.severity == severity
        and card.state not in ("withdrawn", "proposed")
        and DAY_OF(card.issued_at) == DAY_OF(NOW)
    }
    lines, _ = pages(filled, f"{severity}s_today")
    assert carded
    assert set(keys(lines)) == carded
    results = {(line.source, line.case_no): (line.result, line.accepted_at) for line in lines}
    rows = {key(row): row for row in history.cases.values()}
    assert results == {one: (rows[one].result, rows[one].accepted_at) for one in carded}


def test_a_case_is_found_by_part_of_its_number(filled: View, history: History) -> None:
    """And an empty text finds nothing."""
    row = next(iter(history.cases.values()))
    assert key(row) in {found[:2] for found in lookup.find(filled, row.case_no)}
    assert lookup.find(filled, "  ") == []


def test_an_unknown_list_and_a_broken_key_are_empty(filled: View) -> None:
    """Whatever stands in an address."""
    nothing = lookup.Lines(lines=(), total=0, next="")
    assert lookup.page(filled, WHEN, "everything", "", "", LIMIT) == nothing
    assert lookup.page(filled, WHEN, "open", "", "[1,", LIMIT) == nothing


def test_the_open_keys_are_those_of_the_open_cases(filled: View, history: History) -> None:
    """What the casebook begins with after a restart."""
    assert set(lookup.open_keys(filled)) == expected(history, "open")
