"""A narrowed view shows its departments' part of every figure and list, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from projections import lookup, queries
from projections.blocks import CardChange, CaseChange
from projections.figures import Wall
from projections.lookup import Line
from projections.rows import UNLISTED, CaseRow
from projections.view import View
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF, DEPARTMENTS, HOUR, NOW, ZONE, History, event

ALL = (*DEPARTMENTS, "卫生健康局", "卫生健康局') or (1", "{scope}")
"""Of which some look like the beginning of others, or like the query itself."""
CHANGES = 1_500
DAYS = [DAY_OF(NOW) + timedelta(days=n) for n in range(5)]
WHEN = queries.moment(NOW, ZONE)
EXPORT = 1_000
OF_NOBODY = CaseRow(
    source="s0",
    case_no="无部门",
    item="",
    item_name="无部门",
    department=UNLISTED,
    kind="",
    received_at=NOW - HOUR,
    facts=1,
)
VOID = CaseRow(
    source="s0", case_no="已作废", item="", item_name="", department="", kind="", concluded_at=NOW
)
"""As case_rows.case_row makes it of a case whose facts are all void."""


@pytest.fixture(scope="module")
def history() -> History:
    """Cases that go from one department to another; three that do on the day on which they had a
    card; and two that are nobody's.
    """
    made = History(seed=23, changes=CHANGES, departments=ALL)
    for severity in ("reminder", "yellow", "red"):
        carded = structs.replace(
            OF_NOBODY, case_no=f"转-{severity}", item_name="许可", department=ALL[0]
        )
        follow(made, carded, severity)
        follow(made, structs.replace(carded, department=ALL[1], facts=2))
    follow(made, OF_NOBODY)
    follow(made, VOID)
    return made


def follow(made: History, row: CaseRow, carded: str = "") -> None:
    """One more change of a case, with a card of its department."""
    position = len(made.events) + 1
    made.events.append(event(position, NOW, row))
    made.case_changes.append(CaseChange(position, NOW, made.cases.get(row.case_no), row))
    made.cases[row.case_no] = row
    if carded:
        issued = made._issued(f"{row.case_no}/0", NOW, row)
        card = structs.replace(issued, severity=carded, state="standing")
        made.cards[card.card] = card
        made.card_changes.append(CardChange(position, NOW, None, card))


@pytest.fixture(scope="module")
def filled(engine: Engine, history: History) -> Warehouse:
    """Their rows, in two blocks."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    made.write(history.batch(0, CHANGES // 2))
    made.write(history.batch(CHANGES // 2, len(history.events)))
    return made


@pytest.fixture(scope="module")
def whole(filled: Warehouse) -> View:
    """The view of who may see everything."""
    return View(filled, None)


@pytest.fixture(scope="module")
def complete(whole: View) -> Wall:
    """The wall of who may see everything."""
    return wall(whole)


def wall(view: View) -> Wall:
    """What it shows."""
    return queries.wall(view, NOW, ZONE, "测试区", measured=0.0, working_days=DAYS)


def values(history: History) -> dict[str, str]:
    """What is asked of the lists that ask for something: a day on which much is due."""
    due = Counter(row.due_day for row in history.cases.values() if not row.stopped_at)
    day = next(day for day, _ in due.most_common() if day.year > 1970)
    return {"department": ALL[0], "due_day": day.isoformat()}


def lines(view: View, what: str, value: str, limit: int = EXPORT) -> list[Line]:
    """A whole list, of which each page tells the same total."""
    found: list[Line] = []
    after = ""
    while True:
        page = lookup.page(view, WHEN, what, value, after, limit)
        found += page.lines
        after = page.next
        if not after:
            assert page.total == len(found)
            return found


def sums(shown: Wall) -> Counter[str]:
    """All of a wall's figures that are counts, by name."""
    found: Counter[str] = Counter()
    found.update(history=shown.history_cases, provisional=shown.provisional_cases)
    found.update(dict(_counts("", shown.kpi)))
    for day in shown.due_days:
        found.update(dict(_counts(day.day, day)))
    for name in ("received", "accepted", "concluded"):
        found.update({f"curve {name} {n}": c for n, c in enumerate(getattr(shown.curve, name))})
    return found


def _counts(of: str, figures: Struct) -> Iterator[tuple[str, int]]:
    for name, value in structs.asdict(figures).items():
        if isinstance(value, int):
            yield f"{of} {name}", value
        elif isinstance(value, tuple):
            yield from ((f"{of} {name} {n}", part) for n, part in enumerate(value))


def added(walls: Iterable[Wall]) -> Counter[str]:
    """The counts of several walls together."""
    total: Counter[str] = Counter()
    for one in walls:
        total.update(sums(one))
    return total


def without_nobodys(counts: Counter[str]) -> Counter[str]:
    """Less OF_NOBODY, received an hour ago and open since; VOID adds to no figure."""
    left = Counter(counts)
    left[" received"] -= 1
    left[" open"] -= 1
    since = (OF_NOBODY.received_at // queries.SLOT) - WHEN.midnight // queries.SLOT
    for name in left:
        if name.startswith("curve received") and int(name.rpartition(" ")[2]) >= since:
            left[name] -= 1
    return left


def nonzero(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def test_the_figures_of_the_departments_sum_to_the_whole(whole: View, complete: Wall) -> None:
    """Every count on the wall; what is nobody's is only in the whole."""
    parts = [wall(whole.within([name])) for name in ALL]

    assert nonzero(added(parts)) == nonzero(without_nobodys(sums(complete)))
    assert all(sum(bool(sums(part)[name]) for part in parts) > 1 for name in (" open", " red"))


def test_the_table_of_departments_is_made_of_theirs(whole: View, complete: Wall) -> None:
    """Each has its own line, with the same figures and score as for who sees everything."""
    shown = [wall(whole.within([name])).departments for name in ALL]
    expected = [one for one in complete.departments if one.name != UNLISTED]

    assert [line.name for part in shown for line in part] == list(ALL)
    assert sorted(expected, key=lambda one: one.name) == sorted(
        (line for part in shown for line in part), key=lambda one: one.name
    )


def test_the_rows_on_the_wall_are_of_the_departments(whole: View, complete: Wall) -> None:
    """Deadlines, cards and the stream: merged, the parts' rows are those of the whole."""
    parts = {name: wall(whole.within([name])) for name in ALL}

    for name, part in parts.items():
        rows = [*part.deadlines, *part.cards, *part.stream]
        assert rows
        assert {row.department for row in rows} == {name}
    deadlines = sorted(
        (row for part in parts.values() for row in part.deadlines),
        key=lambda row: (row.at, row.source, row.case_no),
    )
    stream = sorted(
        (row for part in parts.values() for row in part.stream), key=lambda row: -row.position
    )
    cards = {row.card: row for part in parts.values() for row in part.cards}
    expected = [row for row in complete.stream if row.department in ALL]
    assert tuple(deadlines[: queries.DEADLINES]) == complete.deadlines
    assert stream[: len(expected)] == expected
    assert [cards[row.card] for row in complete.cards] == list(complete.cards)


@pytest.mark.parametrize("what", lookup.WHATS)
def test_every_list_falls_into_its_departments(whole: View, history: History, what: str) -> None:
    """Each line is in the view of its own department, as the whole shows it, and in no other."""
    value = values(history).get(what, "")
    expected = [line for line in lines(whole, what, value) if line.department != UNLISTED]
    assert expected

    for name in ALL:
        own = [line for line in expected if line.department == name]
        assert lines(whole.within([name]), what, value) == own


@pytest.mark.parametrize("what", lookup.WHATS)
def test_a_page_of_an_export_is_many_pages_of_a_screen(
    whole: View, history: History, what: str
) -> None:
    """A thousand lines at once are those that come seven by seven."""
    view, value = whole.within(ALL[:3]), values(history).get(what, "")

    assert lines(view, what, value) == lines(view, what, value, limit=7)


def test_a_search_finds_the_departments_cases_only(whole: View, history: History) -> None:
    """A case that moved is found where it is now, and no more where it was."""
    moved = {c.new.case_no for c in history.case_changes if c.new and gone(c)}
    assert len(moved) > 9
    for row in (history.cases[case_no] for case_no in sorted(moved)[-9:]):
        found = [name for name in ALL if lookup.find(whole.within([name]), row.case_no)]
        assert found == [name for name in ALL if name == row.department]
        assert lookup.find(whole, row.case_no)[0][:2] == (row.source, row.case_no)


def gone(change: CaseChange) -> bool:
    """Whether another department was given the case."""
    return bool(change.old and change.new and change.old.department != change.new.department)


def test_the_open_cases_fall_into_their_departments(whole: View, history: History) -> None:
    """By their keys."""
    for name in ALL:
        expected = {
            (row.source, row.case_no)
            for row in history.cases.values()
            if row.department == name and not row.concluded_at
        }
        assert set(lookup.open_keys(whole.within([name]))) == expected


def test_who_has_no_department_sees_nothing(whole: View, history: History) -> None:
    """Noughts and empty lists, whichever way the set came to be empty."""
    for view in (whole.within([]), whole.within(["nobody's"]), whole.within(["", UNLISTED])):
        shown = wall(view)
        assert nonzero(sums(shown)) == {}
        assert shown.departments == shown.deadlines == shown.cards == shown.stream == ()
        for what in lookup.WHATS:
            assert lines(view, what, values(history).get(what, "")) == []
        assert lookup.find(view, "案") == lookup.open_keys(view) == []


def test_what_names_no_department_is_for_who_sees_everything(whole: View) -> None:
    """Whatever departments a viewer has; a void case is found by its number."""
    view = whole.within([*ALL, "", UNLISTED])

    assert lookup.find(view, "无部门") == lookup.find(view, "已作废") == []
    assert [case_no for _, case_no, _ in lookup.find(whole, "无部门")] == ["无部门"]
    assert [case_no for _, case_no, _ in lookup.find(whole, "已作废")] == ["已作废"]


def test_a_view_of_a_view_shows_what_both_show(whole: View) -> None:
    """Nothing that is given later brings back what was taken away."""
    view = whole.within(ALL[:2])

    assert wall(view.within(ALL[1:])) == wall(whole.within(ALL[1:2]))
    assert wall(view.within(None)) == wall(view)
    assert nonzero(sums(wall(whole.within([]).within(ALL)))) == {}


@settings(max_examples=10)
@given(st.lists(st.integers(0, 2), min_size=len(ALL), max_size=len(ALL)), st.data())
def test_the_figures_of_any_partition_sum_to_the_whole(
    whole: View, complete: Wall, places: list[int], data: st.DataObject
) -> None:
    """However the departments are dealt out, empty hands among them."""
    parts = [
        whole.within(name for name, place in zip(ALL, places, strict=True) if place == n)
        for n in range(3)
    ]
    what = data.draw(st.sampled_from(sorted(lookup.WHATS.keys() - {"department", "due_day"})))

    assert nonzero(added(map(wall, parts))) == nonzero(without_nobodys(sums(complete)))
    dealt = [line for part in parts for line in lines(part, what, "")]
    expected = [line for line in lines(whole, what, "") if line.department != UNLISTED]
    assert sorted(map(case, dealt)) == sorted(map(case, expected))


def case(line: Line) -> tuple[str, str]:
    return line.source, line.case_no
