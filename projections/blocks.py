"""From what a batch of the log changed to one block of rows for each table. Pure.

The tables of now (`open_cases`, `cards`, `daily`, `slots`) take the net change of a block: what
changed ten times in it writes one old and one new row. The tables of the past take every change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeVar

from msgspec import Struct, convert
from msgspec.structs import astuple

from . import schema
from .contributions import (
    DayOf,
    Sums,
    add,
    daily_of,
    daily_of_card,
    day_mark,
    rows_of,
    slot_mark,
    slots_of,
)
from .rows import CardRow, CaseRow, EventRow, RegisterRow
from .schema import Table, month_of

Row = tuple[object, ...]
Rows = list[Row]


def _blank(kind: type[Struct]) -> Row:
    """What a mark has beside its position and sign: no text, no number."""
    texts = [column.name for column in schema.columns_of(kind) if column.type == "String"]
    return astuple(convert(dict.fromkeys(texts, ""), kind))


BLANK_CASE = _blank(CaseRow)
BLANK_CARD = _blank(CardRow)
BLANK_REGISTER = _blank(RegisterRow)


class CaseChange(NamedTuple):
    """A case's row before and after a position of the log; None where there was or is none."""

    position: int
    recorded_at: int
    old: CaseRow | None
    new: CaseRow | None


class CardChange(NamedTuple):
    """The same for a card."""

    position: int
    recorded_at: int
    old: CardRow | None
    new: CardRow | None


class Batch(NamedTuple):
    """What the log's positions up to and including `to` brought, since the batch before."""

    to: int
    recorded_at: int
    """Of the position `to`."""
    events: Sequence[EventRow] = ()
    cases: Sequence[CaseChange] = ()
    cards: Sequence[CardChange] = ()

    def after(self, position: int) -> Batch:
        """Without what lies at or before a position."""
        return self._replace(
            events=[event for event in self.events if event.position > position],
            cases=[change for change in self.cases if change.position > position],
            cards=[change for change in self.cards if change.position > position],
        )


class Block(NamedTuple):
    """Rows for one table, and the rows that say how far they reach (if it needs any).

    `moved`: changes were netted into it, though nothing may be left of them. Then it is marked all
    the same: who counts back from a table of now must know which changes it has (past.py).
    """

    rows: Rows
    mark: Rows
    moved: bool = False


Maker = Callable[[Batch, int, DayOf], Block]
"""(what the table does not hold yet, the position that it holds, days) → its block."""


def months(batch: Batch) -> Iterator[Batch]:
    """One batch for each month (UTC) of recorded_at, so that a block falls into one partition."""
    parts = (batch.events, batch.cases, batch.cards)
    first = min((part[0].recorded_at for part in parts if part), default=batch.recorded_at)
    if month_of(first) == month_of(batch.recorded_at):
        yield batch
    else:
        yield from _split(batch)


def _split(batch: Batch) -> Iterator[Batch]:
    everything: list[EventRow | CaseChange | CardChange]
    everything = [*batch.events, *batch.cases, *batch.cards]
    everything.sort(key=lambda one: one.position)
    last = month_of(batch.recorded_at)
    for month, found in groupby(everything, lambda one: month_of(one.recorded_at)):
        part = list(found)
        if month != last:
            yield _part(part, part[-1].position, part[-1].recorded_at)
    rest = [one for one in everything if month_of(one.recorded_at) == last]
    yield _part(rest, batch.to, batch.recorded_at)


def _part(found: list[EventRow | CaseChange | CardChange], to: int, recorded_at: int) -> Batch:
    return Batch(
        to,
        recorded_at,
        [one for one in found if isinstance(one, EventRow)],
        [one for one in found if isinstance(one, CaseChange)],
        [one for one in found if isinstance(one, CardChange)],
    )


def is_open(row: CaseRow) -> bool:
    """在办: not concluded, refused or withdrawn."""
    return not row.concluded_at


def _events(batch: Batch, held: int, day_of: DayOf) -> Block:
    return Block([astuple(event) for event in batch.events], [])


def _case_changes(batch: Batch, held: int, day_of: DayOf) -> Block:
    return Block(_stamped(batch.cases), [(batch.to, batch.recorded_at, 0, *BLANK_CASE)])


def _card_changes(batch: Batch, held: int, day_of: DayOf) -> Block:
    return Block(_stamped(batch.cards), [(batch.to, batch.recorded_at, 0, *BLANK_CARD)])


def _stamped(changes: Iterable[CaseChange] | Iterable[CardChange]) -> Rows:
    return [
        (position, recorded_at, sign, *astuple(row))
        for position, recorded_at, old, new in changes
        for sign, row in ((-1, old), (1, new))
        if row is not None
    ]


def _open_cases(batch: Batch, held: int, day_of: DayOf) -> Block:
    rows: Rows = [
        (batch.to, sign, *astuple(row))
        for sign, row in netted(batch.cases, _case_key)
        if is_open(row)
    ]
    return Block(rows, _moved(held, batch.to, BLANK_CASE), bool(batch.cases))


def _cards(batch: Batch, held: int, day_of: DayOf) -> Block:
    rows: Rows = [(batch.to, sign, *astuple(row)) for sign, row in netted(batch.cards, _card_key)]
    return Block(rows, _moved(held, batch.to, BLANK_CARD), bool(batch.cards))


def _moved(held: int, to: int, blank: Row) -> Rows:
    """A collapsing table's mark, from one position to the next."""
    former: Rows = [(held, -1, *blank)] if held else []
    return [*former, (to, 1, *blank)]


def _register(batch: Batch, held: int, day_of: DayOf) -> Block:
    changed = (one for one in batch.cases if _registered(one.old) != _registered(one.new))
    rows: Rows = [
        (batch.to, sign, *astuple(registered))
        for sign, row in netted(changed, _case_key)
        if (registered := _registered(row)) is not None
    ]
    return Block(rows, _moved(held, batch.to, BLANK_REGISTER))


def _registered(row: CaseRow | None) -> RegisterRow | None:
    if row is None:
        return None
    return RegisterRow(
        source=row.source,
        case_no=row.case_no,
        item_name=row.item_name,
        department=row.department,
    )


def _daily(batch: Batch, held: int, day_of: DayOf) -> Block:
    sums: Sums = {}
    for sign, row in netted(batch.cases, _case_key):
        add(sums, sign, daily_of(row, day_of), keys=3)
    for sign, card in netted(batch.cards, _card_key):
        add(sums, sign, daily_of_card(card, day_of), keys=3)
    return Block(list(rows_of(sums)), [day_mark(batch.to - held)], bool(batch.cases or batch.cards))


def _slots(batch: Batch, held: int, day_of: DayOf) -> Block:
    sums: Sums = {}
    for sign, row in netted(batch.cases, _case_key):
        add(sums, sign, slots_of(row), keys=2)
    return Block(list(rows_of(sums)), [slot_mark(batch.to - held)], bool(batch.cases))


def _case_key(row: CaseRow) -> Row:
    return (row.source, row.case_no)


def _card_key(row: CardRow) -> Row:
    return (row.source, row.case_no, row.card)


R = TypeVar("R", CaseRow, CardRow)


def netted(
    changes: Iterable[tuple[int, int, R | None, R | None]], key: Callable[[R], Row]
) -> Iterator[tuple[int, R]]:
    """(−1, first old row) and (+1, last new row) of each case or card, where they differ."""
    ends: dict[Row, tuple[R | None, R | None]] = {}
    for _, _, old, new in changes:
        row = old if old is not None else new
        if row is not None:
            first = ends.get(key(row), (old, None))[0]
            ends[key(row)] = (first, new)
    for old, new in ends.values():
        if old == new:
            continue
        if old is not None:
            yield -1, old
        if new is not None:
            yield 1, new


MAKERS: tuple[tuple[Table, Maker], ...] = (
    (schema.EVENTS, _events),
    (schema.CASE_CHANGES, _case_changes),
    (schema.CARD_CHANGES, _card_changes),
    (schema.OPEN_CASES, _open_cases),
    (schema.CARDS, _cards),
    (schema.REGISTER, _register),
    (schema.DAILY, _daily),
    (schema.SLOTS, _slots),
)
"""Every table, in the order in which a batch is written."""
