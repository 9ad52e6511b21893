"""The rows of a card follow its loop: each desk act, and each list that moves an answer's end."""

from __future__ import annotations

from datetime import date
from random import Random

from msgspec import Struct

from projections.casebook import Casebook
from projections.rows import CardRow
from supervision.judgement.cards import card_id
from supervision.lists import CalendarPublished, Day
from supervision.published import bundled
from tests.court import at, desk, fact, item, recorded, when
from tests.memorylog import MemoryLog, Schedule, Transaction, run, stream_of

CARD = card_id("s", "1", ("promise_past", "", "yellow"), 0)
LISTS: list[Struct] = [*bundled(), item()]
FACTS = [
    fact("ApplicationReceived", "2026-02-09"),
    fact("CaseAccepted", "2026-02-09"),
    fact("CaseConcluded", "2026-02-26 09:00", result="出证"),
]
"""The promise of seven working days ended with 2026-02-25: the card was issued on 02-26 at 0:00."""
ACKNOWLEDGED = desk("CardAcknowledged", "2026-02-26 10:00", CARD)
EXPLAINED = desk("CardExplained", "2026-02-27 10:00", CARD, by="zhou")
REPORTED = desk("RectificationReported", "2026-03-04 10:00", CARD, by="zhou")
ACCEPTED = desk("RectificationVerified", "2026-03-05 10:00", CARD, by="qian", accepted=True)
REFUSED = desk("SupervisionOrdered", "2026-03-05 10:00", CARD, by="qian", number=1)


def told(*events: Struct, until: str = "2026-03-20") -> MemoryLog:
    """The log of a case with these answers, and of the lists that were there before."""
    made = [Transaction(1, [(stream_of(each), each) for each in LISTS])]
    for each in (*FACTS, *events):
        stamp = at(str(each.announced_at)[:16]) if isinstance(each, CalendarPublished) else 0
        stamp = stamp or recorded(each)[0]  # type: ignore[arg-type]
        made.append(Transaction(stamp, [(stream_of(each), each)]))
    return run(made, at(until), Schedule(), Random(1))


def rows(log: MemoryLog) -> list[CardRow]:
    """What the row of the first card became, one transaction after the other."""
    batch = Casebook(log.case).take(log.stored)
    assert batch is not None
    return [each.new for each in batch.cards if each.new is not None and each.new.card == CARD]


def brief(row: CardRow) -> tuple[str, int, str]:
    """Where the loop stands and what is owed."""
    return row.stage, row.answer_at, row.owed_by


def test_each_answer_is_a_row() -> None:
    """Stage, the answer that is owed next and by whom; 2026-02-28 is a working Saturday."""
    log = told(ACKNOWLEDGED, EXPLAINED, REPORTED, ACCEPTED)
    assert [brief(row) for row in rows(log)] == [
        ("issued", at("2026-02-28 00:00"), "department"),
        ("acknowledged", at("2026-03-03 00:00"), "department"),
        ("rectifying", at("2026-03-06 00:00"), "department"),
        ("reported", at("2026-03-12 00:00"), "supervisor"),
        ("closed", 0, ""),
    ]


def test_an_order_is_counted() -> None:
    """And the department owes rectification anew."""
    last = rows(told(ACKNOWLEDGED, EXPLAINED, REFUSED))[-1]
    assert brief(last) == ("ordered", at("2026-03-13 00:00"), "department")
    assert last.orders == 1


def test_a_list_moves_the_answers_of_a_case_that_is_concluded() -> None:
    """The notice of a holiday: the department has a day more, and a book that was opened since
    begins at the same row.
    """
    off = date(2026, 3, 2)
    notice = CalendarPublished(
        version="CN-2026-x",
        announced_at=when("2026-02-26 12:00"),
        effective=off,
        calendar="CN",
        year=2026,
        days=(Day(off, False, "调整"),),
        partial=True,
    )
    log = told(ACKNOWLEDGED, notice, EXPLAINED)
    assert [brief(row)[:2] for row in rows(log)][1:] == [
        ("acknowledged", at("2026-03-03 00:00")),
        ("acknowledged", at("2026-03-04 00:00")),
        ("rectifying", at("2026-03-07 00:00")),
    ]
    after = next(s.position for s in log.stored if s.recorded_at == at("2026-02-26 12:00"))
    for position in (after - 1, after):
        book = Casebook(log.case, position, [("s", "1")])
        book.learn_lists(s for s in log.stored if s.position <= position)
        batch = book.take(log.stored)
        assert batch is not None
        first = next(each for each in batch.cards if each.old is not None)
        expected = "2026-03-03 00:00" if position < after else "2026-03-04 00:00"
        assert first.old is not None
        assert first.old.answer_at == at(expected)
