"""The warehouse's promises, over every engine: figures equal a count by hand, whatever happened.

A random history of a few thousand changes is written in batches, and the wall is compared with one
counted in plain Python from the rows as they stand in the end.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from msgspec import structs

from projections import lookup, queries, schema
from projections.blocks import Batch, CaseChange
from projections.contributions import SLOT
from projections.figures import Wall
from projections.rows import CaseRow
from projections.view import View
from projections.warehouse import (
    MARK_EVERY,
    Engine,
    Warehouse,
    WarehouseError,
    WarehouseTaken,
)
from tests.warehouse_history import DAY_OF, HOUR, MONTH_TURNS, NOW, START, ZONE, History, event


def shown(warehouse: Warehouse) -> Wall:
    """The wall of the test's present."""
    return queries.wall(
        View(warehouse, None), NOW, ZONE, "测试区", measured=0.0, working_days=DUE_DAYS
    )


def light(row: CaseRow) -> int:
    """By hand: the highest of the ladder and the standing cards."""
    ladder = (
        (3, row.red_at, row.red),
        (2, row.yellow_at, row.yellow),
        (1, row.warn_at, row.reminder),
    )
    return max((n for n, at, standing in ladder if (at and at <= NOW) or standing), default=0)


def the_day(row_at: int) -> date | None:
    return DAY_OF(row_at) if row_at else None


@pytest.fixture(scope="module")
def history() -> History:
    return History(seed=7, changes=2_000)


DUE_DAYS = [DAY_OF(NOW) + timedelta(days=n) for n in (0, 1, 2, 5, 400)]
COUNT_EVENTS = "select count() from events"
SIZES = (1, 40, 300)


def write(warehouse: Warehouse, history: History, sizes: tuple[int, ...] = SIZES) -> None:
    """The whole history, in batches of these sizes in turn."""
    after, turn, last = warehouse.resume_from(), 0, len(history.events)
    while after < last:
        to = min(last, after + sizes[turn % len(sizes)])
        warehouse.write(history.batch(after, to))
        after, turn = to, turn + 1


@pytest.fixture(scope="module")
def whole(engine: Engine, history: History) -> Wall:
    """The wall after the whole history, for the tests that only look at it."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    write(made, history)
    return shown(made)


def test_open_cases_by_light_equal_a_count_by_hand(whole: Wall, history: History) -> None:
    """Each department's open cases and their lights."""
    counted: dict[str, Counter[int]] = {}
    for row in history.cases.values():
        if not row.concluded_at:
            counted.setdefault(row.department, Counter())[light(row)] += 1

    found = {one.name: one for one in whole.departments}
    for name, lights in counted.items():
        one = found[name]
        assert [lights[n] for n in range(4)] == [one.normal, one.reminder, one.yellow, one.red]
        assert one.open == sum(lights.values())


def test_the_head_of_the_wall_equals_a_count_by_hand(whole: Wall, history: History) -> None:
    """Today's counts, what is due today, and the month's rates."""
    today, month = DAY_OF(NOW), DAY_OF(NOW).replace(day=1)
    rows = list(history.cases.values())
    done = [row for row in rows if row.concluded_at and DAY_OF(row.concluded_at) >= month]
    issued = Counter(
        card.severity
        for card in history.cards.values()
        if card.state not in ("withdrawn", "proposed") and DAY_OF(card.issued_at) == today
    )
    legal = sum(row.legal_days for row in done)

    kpi = whole.kpi
    assert kpi.received == sum(the_day(row.received_at) == today for row in rows) > 0
    assert kpi.accepted == sum(the_day(row.accepted_at) == today for row in rows) > 0
    assert kpi.concluded == sum(the_day(row.concluded_at) == today for row in rows) > 0
    assert kpi.open == sum(not row.concluded_at for row in rows)
    assert kpi.due_today == sum(row.due_day == today and not row.stopped_at for row in rows)
    assert (kpi.reminders_today, kpi.yellows_today, kpi.reds_today) == (
        issued["reminder"],
        issued["yellow"],
        issued["red"],
    )
    assert kpi.on_time == (sum(row.on_time for row in done), len(done))
    assert kpi.early == (sum(row.early for row in done), len(done))
    used = sum(row.used_days for row in done if row.legal_days)
    assert kpi.speed_up == (legal - used, legal)


def test_deadlines_are_the_nearest_to_come(whole: Wall, history: History) -> None:
    """Ordered by instant, then case; concluded cases are not there."""
    coming = sorted(
        (row.next_at, row.source, row.case_no)
        for row in history.cases.values()
        if row.next_at > NOW and not row.concluded_at
    )

    found = [(one.at, one.source, one.case_no) for one in whole.deadlines]
    assert found == coming[: queries.DEADLINES]
    assert len(found) == queries.DEADLINES


def test_due_days_count_open_cases_by_their_day(whole: Wall, history: History) -> None:
    """For the days asked for, with noughts where nothing is due."""
    due = Counter(row.due_day for row in history.cases.values() if not row.stopped_at)
    counts = [one.normal + one.reminder + one.yellow + one.red for one in whole.due_days]
    assert counts == [due[day] for day in DUE_DAYS]
    assert [one.day for one in whole.due_days] == [day.isoformat() for day in DUE_DAYS]


def test_latest_cards_leave_out_what_was_withdrawn(whole: Wall, history: History) -> None:
    """Newest first, each once, in its last state."""
    kept = [card for card in history.cards.values() if card.state not in ("withdrawn", "proposed")]
    kept.sort(key=lambda card: (-card.issued_at, card.source, card.case_no, card.card))

    found = [(one.card, one.state) for one in whole.cards]
    assert found == [(card.card, card.state) for card in kept[: queries.CARDS]]


def test_the_stream_shows_the_last_events(whole: Wall, history: History) -> None:
    """Newest first, with its text as it was."""
    assert whole.position == 2_000
    assert [one.position for one in whole.stream] == list(range(2_000, 1_986, -1))
    assert whole.stream[0].detail == '换行\n and "quotes" \\'


def test_the_curve_ends_where_the_head_of_the_wall_stands(whole: Wall, history: History) -> None:
    """Cumulative; its last point is today's count, and it never falls."""
    assert whole.curve.received[-1] == whole.kpi.received
    assert whole.curve.accepted[-1] == whole.kpi.accepted
    assert whole.curve.concluded[-1] == whole.kpi.concluded
    assert list(whole.curve.received) == sorted(whole.curve.received)
    assert whole.curve.at[0] % SLOT == 0
    assert whole.curve.at[-1] == NOW


def test_history_and_provisional_cases_are_counted(whole: Wall, history: History) -> None:
    """Both are said on every screen."""
    rows = history.cases.values()
    assert whole.history_cases == sum(row.history for row in rows) > 0
    assert whole.provisional_cases == sum(r.provisional for r in rows if not r.concluded_at) > 0


def test_how_the_log_was_cut_into_batches_changes_nothing(
    warehouse: Warehouse, history: History
) -> None:
    """One batch, or many."""
    write(warehouse, history)
    in_pieces = shown(warehouse)
    warehouse.drop_all()
    warehouse.create()

    write(warehouse, history, sizes=(2_000,))

    assert shown(warehouse) == in_pieces


def test_merging_the_tables_changes_nothing(warehouse: Warehouse, history: History) -> None:
    """Neither the figures nor the position from which to go on."""
    write(warehouse, history)
    before = shown(warehouse), [warehouse.highest(table.name) for table in schema.TABLES]

    for table in schema.TABLES:
        warehouse._engine.command(f"optimize table {table.name} final")

    assert (shown(warehouse), [warehouse.highest(t.name) for t in schema.TABLES]) == before
    still_open = sum(not row.concluded_at for row in history.cases.values())
    assert warehouse.query("select count() from open_cases") == [(still_open + 1,)]


class Failing:
    """An engine that dies at its k-th insert, before it or just after."""

    def __init__(self, engine: Engine, inserts: int, *, stored: bool) -> None:
        self._engine, self._left, self._stored = engine, inserts, stored
        self.command, self.query, self.close = engine.command, engine.query, engine.close
        self.version, self.claim = engine.version, engine.claim

    def insert(self, table, columns, claim) -> None:  # type: ignore[no-untyped-def]
        self._left -= 1
        if self._left == 0 and not self._stored:
            raise WarehouseError("gone")
        self._engine.insert(table, columns, claim)
        if self._left == 0:
            raise WarehouseError("gone, but stored")


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("inserts", range(1, len(schema.TABLES) + 1))
def test_a_crash_between_two_tables_loses_and_doubles_nothing(
    whole: Wall, warehouse: Warehouse, engine: Engine, history: History, inserts: int, stored: bool
) -> None:
    """Delivered again, with other bounds, by another process or by the same."""
    warehouse.write(history.batch(0, 1_000))
    broken = Warehouse(Failing(engine, inserts, stored=stored), DAY_OF)

    with pytest.raises(WarehouseError):
        broken.write(history.batch(1_000, 1_400))
    broken.write(history.batch(1_000, 1_450))
    write(Warehouse(engine, DAY_OF), history, sizes=(1_100,))

    assert shown(warehouse) == whole


def test_a_batch_delivered_twice_is_stored_once(warehouse: Warehouse, history: History) -> None:
    """By the same writer, and by one that knows nothing yet."""
    write(warehouse, history)
    before = shown(warehouse)

    warehouse.write(history.batch(1_500, 2_000))
    Warehouse(warehouse._engine, DAY_OF).write(history.batch(0, 2_000))

    assert shown(warehouse) == before
    assert warehouse.query("select count() from events") == [(2_000,)]


def test_a_past_instant_can_be_summed_from_the_changes(
    warehouse: Warehouse, history: History
) -> None:
    """The rows up to an instant give the cases as they stood then."""
    write(warehouse, history)
    at = history.case_changes[1_500].recorded_at
    stood: dict[str, CaseRow] = {}
    for change in history.case_changes[:1_501]:
        assert change.new is not None
        stood[change.new.case_no] = change.new

    found = warehouse.query(
        "select sum(sign), sum(sign * facts) from case_changes"
        " where recorded_at <= {at:Int64} and concluded_at = 0",
        at=at,
    )

    still_open = [row for row in stood.values() if not row.concluded_at]
    assert found == [(len(still_open), sum(row.facts for row in still_open))]


def test_a_batch_over_the_turn_of_a_month_goes_into_each_partition(warehouse: Warehouse) -> None:
    """A block never spans two; no row is lost between them."""
    history = History(seed=3, changes=400)

    warehouse.write(history.batch(0, 400))

    months = {DAY_OF(one.recorded_at - 8 * HOUR).replace(day=1) for one in history.events}
    parts = warehouse.query(
        "select uniqExact(partition), sum(rows) from system.parts where active and table = 'events'"
        " and database = currentDatabase()"
    )
    assert parts == [(len(months), 400)]


def test_a_renamed_item_is_found_by_its_new_name_only(warehouse: Warehouse) -> None:
    """A case has one line in the register."""
    old = CaseRow(source="s", case_no="1", item="i", item_name="旧名", department="d", kind="01")
    new = structs.replace(old, item_name="新名")
    warehouse.write(Batch(1, NOW, cases=[CaseChange(1, NOW, None, old)]))
    warehouse.write(Batch(2, NOW, cases=[CaseChange(2, NOW, old, structs.replace(old, facts=2))]))
    changes = [CaseChange(3, NOW, old, new), CaseChange(4, NOW, new, structs.replace(new, facts=3))]
    warehouse.write(Batch(4, NOW, cases=changes))

    view = View(warehouse, None)
    assert lookup.find(view, "旧") == []
    assert lookup.find(view, "新") == [("s", "1", "新名")]
    assert warehouse.query("select sum(sign) from register where source != ''") == [(1,)]


def test_a_table_without_rows_is_marked_now_and_then(warehouse: Warehouse) -> None:
    """A log in which cards are rare is not read again from its beginning."""
    row = CaseRow(source="s", case_no="1", item="i", item_name="n", department="d", kind="01")
    events = [event(position, START, row) for position in (1, MARK_EVERY + 1)]

    warehouse.write(Batch(1, START, events[:1]))
    assert warehouse.highest("cards") == 0
    warehouse.write(Batch(MARK_EVERY + 1, START, events[1:]))

    assert warehouse.resume_from() == MARK_EVERY + 1
    assert shown(warehouse).kpi.open == 0


def test_an_empty_warehouse_shows_an_empty_wall(warehouse: Warehouse) -> None:
    """Noughts, no failure."""
    wall = shown(warehouse)

    assert (wall.kpi.open, wall.position, wall.departments, wall.cards) == (0, 0, (), ())
    assert wall.kpi.on_time == (0, 0)


def test_no_day_is_not_due(warehouse: Warehouse) -> None:
    """A case without a deadline is due on no day."""
    row = CaseRow(source="s", case_no="1", item="i", item_name="n", department="d", kind="01")

    warehouse.write(Batch(1, START, cases=[CaseChange(1, START, None, row)]))

    wall = shown(warehouse)
    assert (wall.kpi.open, wall.kpi.due_today) == (1, 0)
    assert queries.due_days(View(warehouse, None), queries.moment(NOW, ZONE)) == ()


def test_threads_read_while_one_writes(warehouse: Warehouse, history: History) -> None:
    """What a reader sees is always a whole number of blocks."""
    sizes, after = range(250, 2_250, 250), 0
    seen: list[int] = []
    with ThreadPoolExecutor(3) as readers:
        for to in sizes:
            reading = [readers.submit(warehouse.query, COUNT_EVENTS) for _ in range(3)]
            warehouse.write(history.batch(after, to))
            after = to
            seen += [int(one.result()[0][0]) for one in reading]

    october = sum(one.recorded_at < MONTH_TURNS for one in history.events)
    assert set(seen) <= {0, october, *sizes}
    assert warehouse.query(COUNT_EVENTS) == [(2_000,)]


def test_a_writer_that_slept_stores_nothing(
    whole: Wall, warehouse: Warehouse, engine: Engine, history: History
) -> None:
    """Another has claimed the warehouse since; its next block is refused, and each one after it."""
    warehouse.write(history.batch(0, 1_000))
    other = Warehouse(engine, DAY_OF)
    other.write(history.batch(1_000, 1_400))

    for _ in range(2):
        with pytest.raises(WarehouseTaken, match="taken over table events"):
            warehouse.write(history.batch(1_000, 1_500))

    assert other.query(COUNT_EVENTS) == [(1_400,)]
    other.write(history.batch(1_400, 2_000))
    assert shown(other) == whole


def test_writers_that_take_turns_double_nothing(
    whole: Wall, warehouse: Warehouse, engine: Engine, history: History
) -> None:
    """Each claims, writes, and tries again after the other has claimed; no batch is left out."""
    writers = [warehouse, Warehouse(engine, DAY_OF)]
    after, turn = 0, 0
    while after < 2_000:
        now, stale = writers[turn % 2], writers[(turn + 1) % 2]
        after = now.resume_from()
        now.write(history.batch(after, min(after + 170, 2_000)))
        if turn:
            with pytest.raises(WarehouseTaken):
                stale.write(history.batch(after, 2_000))
        turn += 1
        after = min(warehouse.highest(table.name) for table in schema.TABLES)

    assert shown(warehouse) == whole
    assert warehouse.query(COUNT_EVENTS) == [(2_000,)]


def test_tables_made_anew_begin_at_nought(warehouse: Warehouse, history: History) -> None:
    """Whoever knew how far they reached is not misled."""
    looker = Warehouse(warehouse._engine, DAY_OF)
    warehouse.write(history.batch(0, 2_000))
    before = [looker.highest(table.name) for table in schema.TABLES]
    warehouse.drop_all()
    warehouse.create()

    assert min(before) > 1_900
    assert [looker.highest(table.name) for table in schema.TABLES] == [0] * len(before)
    warehouse.write(history.batch(0, 40))
    assert looker.highest("events") == 40
