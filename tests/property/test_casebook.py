"""The rows are a function of the log: any batches, any restart, the same changes (design: 10)."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.casebook import Casebook, Key
from projections.rows import CardRow, CaseRow
from supervision.store.stored import Stored
from tests.histories import history
from tests.memorylog import MemoryLog, Schedule, run


class Rows:
    """The rows as the warehouse would hold them; a change must begin at what stands."""

    def __init__(self) -> None:
        self.cases: dict[Key, CaseRow] = {}
        self.cards: dict[tuple[str, str], CardRow] = {}
        self.events: list[int] = []

    def open_keys(self) -> list[Key]:
        """The open cases and those that owe an answer, as the warehouse tells a casebook that
        begins.
        """
        owing = {(card.source, card.case_no) for card in self.cards.values() if card.answer_at}
        return [key for key, row in self.cases.items() if not row.concluded_at or key in owing]

    def take(self, book: Casebook, batch: list[Stored]) -> None:
        rows = book.take(batch)
        if rows is None:
            return
        self.events += [event.position for event in rows.events]
        for case in rows.cases:
            new = case.new
            assert new is not None
            key = (new.source, new.case_no)
            assert case.old == self.cases.get(key)
            self.cases[key] = new
        for card in rows.cards:
            row = card.new
            assert row is not None
            name = (row.case_no, row.card)
            assert card.old == self.cards.get(name)
            self.cards[name] = row


def whole_transactions(stored: list[Stored], random: Random, most: int) -> list[list[Stored]]:
    """The log cut into batches that break no transaction."""
    batches: list[list[Stored]] = [[]]
    for each in stored:
        last = batches[-1]
        if (
            last
            and last[-1].recorded_at != each.recorded_at
            and len(last) >= random.randint(1, most)
        ):
            batches.append([])
        batches[-1].append(each)
    return batches


def until(log: MemoryLog, position: int) -> list[Stored]:
    return [s for s in log.stored if s.position <= position]


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 1_000_000), st.sampled_from((1, 5, 40)), st.sampled_from((0, 15, 60)))
def test_rows_are_the_same_for_any_batches_and_restarts(seed: int, most: int, kill: int) -> None:
    """Every change begins at the row that stands, and all end at the same rows."""
    random = Random(seed)
    told, end = history(seed, cases=2)
    log = run(told, end, Schedule(beat=50), Random(seed))
    at_once = Rows()
    at_once.take(Casebook(log.case), log.stored)

    rows, book = Rows(), Casebook(log.case)
    for batch in whole_transactions(log.stored, random, most):
        if random.randrange(100) < kill:
            position = book.position
            book = Casebook(log.case, position, rows.open_keys())
            book.learn_lists(until(log, position))
        rows.take(book, batch)

    assert rows.cases == at_once.cases
    assert rows.cards == at_once.cards
    assert rows.events == at_once.events
