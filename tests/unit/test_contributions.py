"""What cases and cards add to days, and how a block of them becomes bytes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from msgspec import structs

from projections import native, schema
from projections.blocks import MAKERS, Batch, CaseChange, months, netted
from projections.contributions import SLOT, add, daily_of, daily_of_card, days_in, rows_of, slots_of
from projections.rows import CardRow, CaseRow, EventRow
from projections.schema import Column

DAY_OF = days_in("Asia/Shanghai")


def at(text: str) -> int:
    """An instant of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


RECEIVED = CaseRow(
    source="s",
    case_no="1",
    item="i",
    item_name="n",
    department="d",
    kind="01",
    received_at=at("2026-11-02T15:59:59"),
    facts=1,
)
CONCLUDED = structs.replace(
    RECEIVED,
    accepted_at=at("2026-11-02T16:00:00"),
    concluded_at=at("2026-11-05T02:00:00"),
    legal_days=20,
    promise_days=5,
    used_days=3,
    on_time=1,
    facts=3,
)
CARD = CardRow(
    source="s",
    case_no="1",
    card="c",
    rule="r",
    subject="",
    severity="yellow",
    colour="",
    label_zh="",
    label_en="",
    state="standing",
    stage="issued",
    item="i",
    item_name="n",
    department="d",
    issued_at=at("2026-11-05T02:00:00"),
    violation=1,
)


def test_a_case_adds_to_the_days_of_the_policys_zone() -> None:
    """Received at 23:59:59 in Shanghai, accepted a second later: two days."""
    found = {row.day: row for row in daily_of(CONCLUDED, DAY_OF)}

    assert found[date(2026, 11, 2)].received == 1
    assert found[date(2026, 11, 3)].accepted == 1
    assert found[date(2026, 11, 5)].concluded == 1


def test_used_days_count_where_there_is_a_limit() -> None:
    """No legal limit: no legal days, none used, none saved."""
    unlimited = structs.replace(CONCLUDED, legal_days=0)

    day = daily_of(unlimited, DAY_OF)[-1]

    assert (day.legal_days, day.legal_used, day.promise_used, day.saved_days) == (0, 0, 3, 0)


def test_a_change_takes_back_what_the_old_row_added() -> None:
    """Only what is new is left."""
    sums: dict[tuple[object, ...], list[int]] = {}
    add(sums, -1, daily_of(CONCLUDED, DAY_OF), keys=3)
    add(sums, 1, daily_of(CONCLUDED, DAY_OF), keys=3)

    assert list(rows_of(sums)) == []


def test_withdrawn_and_proposed_cards_were_not_issued() -> None:
    """Lapsed and disputed ones were."""
    states = ("standing", "lapsed", "disputed", "withdrawn", "proposed")
    counts = [len(daily_of_card(structs.replace(CARD, state=state), DAY_OF)) for state in states]

    assert counts == [1, 1, 1, 0, 0]


def test_a_card_about_a_violation_counts_as_both() -> None:
    """As a yellow, and as one about a violation."""
    (day,) = daily_of_card(CARD, DAY_OF)

    assert (day.yellows, day.violation_yellows, day.reds) == (1, 1, 0)


def test_slots_are_ten_minutes() -> None:
    """One for each thing that happened."""
    assert [row.slot for row in slots_of(RECEIVED)] == [RECEIVED.received_at // SLOT]
    assert len(slots_of(CONCLUDED)) == 3


def test_a_case_takes_its_slots_to_another_department() -> None:
    """The former department's are taken back, in one block or in two."""
    moved = structs.replace(RECEIVED, department="e")
    slot = RECEIVED.received_at // SLOT
    make = dict(MAKERS)[schema.SLOTS]
    there, back = CaseChange(1, 0, None, RECEIVED), CaseChange(2, 0, RECEIVED, moved)

    assert make(Batch(2, 0, cases=[there, back]), 0, DAY_OF).rows == [(slot, "e", 1, 0, 0, 0)]
    assert make(Batch(2, 0, cases=[back]), 1, DAY_OF).rows == [
        (slot, "d", -1, 0, 0, 0),
        (slot, "e", 1, 0, 0, 0),
    ]


def test_the_register_is_rewritten_with_its_department() -> None:
    """And not when something else of a case changes."""
    moved = structs.replace(RECEIVED, department="e")
    make = dict(MAKERS)[schema.REGISTER]

    def rows(old: CaseRow, new: CaseRow) -> list[tuple[object, ...]]:
        return make(Batch(2, 0, cases=[CaseChange(2, 0, old, new)]), 1, DAY_OF).rows

    assert rows(RECEIVED, moved) == [(2, -1, "s", "1", "n", "d"), (2, 1, "s", "1", "n", "e")]
    assert rows(RECEIVED, CONCLUDED) == []


def test_a_block_keeps_the_first_old_and_the_last_new_row() -> None:
    """Ten changes of a case are two rows; a case that came and went is none."""
    changes = [
        CaseChange(1, 0, None, RECEIVED),
        CaseChange(2, 0, RECEIVED, CONCLUDED),
        CaseChange(3, 0, CONCLUDED, RECEIVED),
    ]
    key = structs.astuple

    assert list(netted(changes, lambda row: (row.case_no,))) == [(1, RECEIVED)]
    assert list(netted(changes[1:], lambda row: (row.case_no,))) == []
    assert list(netted(changes[1:2], lambda row: key(row)[:2])) == [(-1, RECEIVED), (1, CONCLUDED)]


def test_a_batch_is_cut_where_the_month_turns() -> None:
    """By recorded_at in UTC; the last part reaches as far as the batch."""
    events = [
        structs.replace(EVENT, position=1, recorded_at=at("2026-10-31T23:59:59")),
        structs.replace(EVENT, position=2, recorded_at=at("2026-11-01T00:00:00")),
    ]

    parts = list(months(Batch(9, at("2026-11-01T00:00:01"), events)))

    assert [(part.to, len(part.events)) for part in parts] == [(1, 1), (9, 1)]


def test_a_batch_after_whose_events_the_month_turned_is_cut_too() -> None:
    """What came after its last event brought no rows."""
    event = structs.replace(EVENT, position=1, recorded_at=at("2026-10-31T23:59:59"))

    parts = list(months(Batch(9, at("2026-11-01T00:00:01"), [event])))

    assert [(part.to, len(part.events)) for part in parts] == [(1, 1), (9, 0)]


def test_a_native_block_is_columns_one_after_the_other() -> None:
    """Counts, then name, type and cells of each column."""
    columns = (Column("n", "Int32"), Column("t", "String"), Column("d", "Date"))
    cells = [[1, -1], ["é", "x" * 200], [date(1970, 1, 2), date(1970, 1, 1)]]

    assert native.block(columns, cells) == (
        b"\x03\x02"
        b"\x01n\x05Int32\x01\x00\x00\x00\xff\xff\xff\xff"
        b"\x01t\x06String\x02\xc3\xa9\xc8\x01" + b"x" * 200 + b"\x01d\x04Date\x01\x00\x00\x00"
    )


EVENT = EventRow(
    position=1,
    recorded_at=0,
    occurred_at=0,
    family="fact",
    kind="CaseAccepted",
    source="s",
    case_no="1",
    item="i",
    item_name="n",
    department="d",
)
