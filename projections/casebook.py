"""From the log to the warehouse's rows: a case as it stands after each transaction.

What a row says is a function of the log up to its position alone, so a row delivered again after
a crash is the same. `load` reads a case back; nothing else is asked of the outside.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from supervision.facts import Instant
from supervision.fold import Folded
from supervision.judgement.cards import Cards
from supervision.judgement.case import Case
from supervision.judgement.shelf import Entry, Shelf, concerns
from supervision.lists import LISTS
from supervision.loop.clocks import is_owed
from supervision.store.stored import Stored
from supervision.streams import parse

from .blocks import Batch, CardChange, CaseChange
from .case_rows import card_row, case_row, named
from .events import event_row
from .rows import CardRow, CaseRow, EventRow

Key = tuple[str, str]
KEPT = 20_000
"""Cases kept folded, least recently used first out; others are read back when touched."""
_LIST_NAMES = frozenset(LISTS)


class Shown(Folded):
    """A case and the rows last written of it."""

    __slots__ = ("row", "shown")

    def __init__(self, stored: Iterable[Stored] = ()) -> None:
        self.row: CaseRow | None = None
        self.shown: dict[str, CardRow] = {}
        super().__init__(stored)


class Touched(NamedTuple):
    """A case that a transaction touched: its key and where it did last."""

    key: Key
    position: int


class Casebook:
    """Follows the log; `take` gives the rows of a batch. `position` is the last event taken."""

    def __init__(
        self,
        load: Callable[[str, str], list[Stored]],
        position: int = 0,
        open_cases: Iterable[Key] = (),
    ) -> None:
        """`open_cases` holds at least every case that a list may move at `position`: the open ones,
        and those on whose cards an answer is owed.
        """
        self.shelf = Shelf()
        self.position = position
        self._load = load
        self._kept: OrderedDict[Key, Shown] = OrderedDict()
        self._open: dict[Key, str | None] = dict.fromkeys(open_cases)
        """The cases that a list may move, and their items as far as they were looked at."""

    def learn_lists(self, stored: Iterable[Stored]) -> None:
        """The lists that the log has up to the position at which the book is opened."""
        for each in stored:
            if _is_list(each):
                self.shelf.add(Entry(each.position, each.recorded_at, each.event))

    def row_at(self, key: Key, position: int) -> CaseRow | None:
        """The row of a case as the log has it up to a position, read back; None without facts."""
        return self._read_back(key, position + 1).row

    def take(self, batch: list[Stored]) -> Batch | None:
        """The rows that a batch of whole transactions brings; None for nothing new."""
        fresh = [s for s in batch if s.position > self.position]
        if not fresh:
            return None
        events: list[EventRow] = []
        cases: list[CaseChange] = []
        cards: list[CardChange] = []
        for at, transaction in groupby(fresh, key=lambda s: s.recorded_at):
            for touched in self._take_transaction(list(transaction), events):
                self._change(touched, at, cases, cards)
        self.position = fresh[-1].position
        return Batch(self.position, fresh[-1].recorded_at, events, cases, cards)

    def _take_transaction(
        self, transaction: list[Stored], events: list[EventRow]
    ) -> Iterator[Touched]:
        touched: dict[Key, int] = {}
        before = transaction[0].position
        for stored in transaction:
            case = parse(stored.stream)
            if case is None:
                if _is_list(stored):
                    touched.update(self._take_list(stored))
                continue
            key = (case.source, case.case_no)
            new = case.family == "facts" and stored.version == 1
            folded = self._folded(key, before, new=new)
            event = folded.take(stored)
            touched[key] = stored.position
            row = event_row(stored, event, case.family, self._name(folded, stored.recorded_at))
            if row:
                events.append(row)
        for key, position in touched.items():
            yield Touched(key, position)

    def _take_list(self, stored: Stored) -> dict[Key, int]:
        """A list: every case that it concerns and may move gets new rows."""
        event = stored.event
        self.shelf.add(Entry(stored.position, stored.recorded_at, event))
        found: dict[Key, int] = {}
        for key, item in sorted(self._open.items(), key=lambda one: one[0]):
            if item is not None and not concerns(event, key[0], item):
                continue
            folded = self._folded(key, stored.position)
            moved = folded.row is not None and _moves(folded.row, folded.cards)
            if moved and concerns(event, key[0], folded.case().item):
                folded.last = stored.recorded_at
                found[key] = stored.position
        return found

    def _name(self, folded: Shown, at: Instant) -> tuple[str, str, str]:
        """Item code, item name and department, as the last row has them, or by the facts."""
        if folded.row is not None:
            return folded.row.item, folded.row.item_name, folded.row.department
        case = folded.case()
        return named(case, folded.lists(self.shelf, case, at))

    def _folded(self, key: Key, before: int, *, new: bool = False) -> Shown:
        folded = self._kept.get(key)
        if folded is None:
            folded = Shown() if new else self._read_back(key, before)
            self._kept[key] = folded
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return folded

    def _read_back(self, key: Key, before: int) -> Shown:
        """A case as it stood before a position, with the rows that were written of it then."""
        folded = Shown(s for s in self._load(*key) if s.position < before)
        if folded.facts:
            case = folded.case()
            if case.ended(0) is None or _owes(folded.cards):
                folded.last = max(folded.last, self._last_list(case, before))
            folded.row, folded.shown = self._rows(folded)
        return folded

    def _last_list(self, case: Case, before: int) -> Instant:
        concerned = (
            e.recorded_at
            for e in reversed(self.shelf.entries)
            if e.position < before and concerns(e.event, case.source, case.item)
        )
        return next(concerned, 0)

    def _change(
        self, touched: Touched, at: Instant, cases: list[CaseChange], cards: list[CardChange]
    ) -> None:
        folded = self._kept.get(touched.key)
        if folded is None or not folded.facts:
            return
        row, shown = self._rows(folded)
        if row != folded.row:
            cases.append(CaseChange(touched.position, at, folded.row, row))
        for card in sorted(folded.shown.keys() | shown.keys()):
            old, new = folded.shown.get(card), shown.get(card)
            if old != new:
                cards.append(CardChange(touched.position, at, old, new))
        folded.row, folded.shown = row, shown
        if _moves(row, folded.cards):
            self._open[touched.key] = row.item
        else:
            self._open.pop(touched.key, None)

    def _rows(self, folded: Shown) -> tuple[CaseRow, dict[str, CardRow]]:
        case = folded.case()
        lists = folded.lists(self.shelf, case, folded.last)
        row = case_row(case, folded.cards, folded.issued, lists, folded.last)
        shown = {
            card.card: card_row(card, folded.issued[card.card], row, lists)
            for card in folded.cards.values()
            if card.card in folded.issued
        }
        return row, shown


def _moves(row: CaseRow, cards: Cards) -> bool:
    """Whether a list may change the rows of a case: it is open, or owes an answer to a card."""
    return not row.concluded_at or _owes(cards)


def _owes(cards: Cards) -> bool:
    return any(is_owed(card) for card in cards.values())


def _is_list(stored: Stored) -> bool:
    return stored.topic.partition("/")[0] in _LIST_NAMES
