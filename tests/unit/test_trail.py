"""What is refused is recorded once a minute with its count, whatever the store says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
from msgspec import Struct

from supervision.access.events import ACCESS, AccessRefused, SignedOut, SignInRefused
from supervision.access.trail import KINDS_A_MINUTE, MINUTE, OTHERS, Refusal, Trail
from supervision.errors import ClockJumped
from supervision.record import Record
from tests.access import Time

REFUSAL = Refusal(False, "zhang", "GET /cases", "no right cases", "10.0.0.7")


class Book(Trail):
    """A trail that tells when its thread has written."""

    def __init__(self, record: Record, ticks: Callable[[], float]) -> None:
        super().__init__(record, ticks)
        self.written = Event()

    def flush(self, *, all_of_it: bool = True) -> None:
        super().flush(all_of_it=all_of_it)
        self.written.set()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def record(tmp_path: Path, time: Time) -> Iterator[Record]:
    opened = Record(tmp_path, time)
    yield opened
    opened.close()


@pytest.fixture
def book(record: Record, time: Time) -> Iterator[Book]:
    opened = Book(record, time.ticks)
    yield opened
    opened.close()


def knock(book: Book, refusal: Refusal = REFUSAL) -> None:
    """Be refused, and wait until the thread has written what it then had."""
    book.written.clear()
    book.refused(refusal)
    assert book.written.wait(30)


def counts(record: Record) -> list[int]:
    """Of each refusal recorded, how often."""
    events = [each.event for each in record.read_stream(ACCESS)]
    return [e.count for e in events if isinstance(e, AccessRefused | SignInRefused)]


def test_what_is_done_is_recorded_before_it_is_answered(book: Book, record: Record) -> None:
    """With the instant of the record."""

    def made(at: datetime) -> Struct:
        return SignedOut(at=at, by="zhang", person="zhang", session="d1")

    at = book.note(made)
    assert [each.event for each in record.read_stream(ACCESS)] == [made(at)]


def test_a_refusal_is_recorded_at_once(book: Book, record: Record) -> None:
    """Who, what, why and from where."""
    knock(book)
    (stored,) = record.read_stream(ACCESS)
    event = stored.event
    assert isinstance(event, AccessRefused)
    assert Refusal(False, event.by, event.what, event.why, event.address) == REFUSAL


def test_the_same_refusal_within_a_minute_is_counted(
    book: Book, record: Record, time: Time
) -> None:
    """The first at once, the others together when the minute is over."""
    knock(book)
    for _ in range(999):
        book.refused(REFUSAL)
    time.pass_by(MINUTE - 1)
    book.flush(all_of_it=False)
    assert counts(record) == [1]
    time.pass_by(1)
    book.flush(all_of_it=False)
    assert counts(record) == [1, 999]


def test_after_a_minute_without_it_a_refusal_is_new(book: Book, record: Record, time: Time) -> None:
    """Nothing is recorded of the minute in which nothing was refused."""
    knock(book)
    time.pass_by(MINUTE)
    book.flush(all_of_it=False)
    knock(book)
    assert counts(record) == [1, 1]


def test_a_flood_of_different_refusals_is_counted_together(book: Book, record: Record) -> None:
    """What exceeds some hundreds a minute has no name, and is none the less counted."""
    for number in range(KINDS_A_MINUTE + 100):
        book.refused(Refusal(True, f"nobody-{number}", "", "password", f"10.0.0.{number}"))
    book.close()
    events = [each.event for each in record.read_stream(ACCESS)]
    refused = [event for event in events if isinstance(event, SignInRefused)]
    assert sum(each.count for each in refused) == KINDS_A_MINUTE + 100
    assert {each.address for each in refused if each.by == ""} == {OTHERS}
    assert len({each.by for each in refused}) == KINDS_A_MINUTE + 1


def test_closing_writes_the_rest(book: Book, record: Record) -> None:
    """Also what was counted within the minute; and twice is once."""
    knock(book)
    book.refused(REFUSAL)
    book.refused(REFUSAL)
    book.close()
    book.close()
    assert counts(record) == [1, 2]


def test_closing_waits_for_nobody_where_nothing_was_refused(book: Book) -> None:
    """There is no thread then."""
    book.close()
    assert book._thread is None


def test_a_store_that_refuses_does_not_end_the_trail(
    book: Book, record: Record, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """The clock jumped: nothing is recorded until an operator confirms it; then all of it is."""
    knock(book)
    time.jump(3600)
    other = REFUSAL._replace(by="li")
    knock(book, other)
    with pytest.raises(ClockJumped):
        record.heartbeat()
    assert "was not recorded" in caplog.text
    assert counts(record) == [1]
    record.confirm_clock("root")
    knock(book, REFUSAL._replace(by="wu"))
    time.pass_by(MINUTE)
    book.flush(all_of_it=False)
    assert counts(record) == [1, 1, 1]


def test_a_defect_takes_one_refusal_and_the_next_is_recorded(
    book: Book, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that writes goes on."""
    note = record.note

    def defect(*_: object) -> datetime:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(record, "note", defect)
    knock(book)
    monkeypatch.setattr(record, "note", note)
    knock(book, REFUSAL._replace(by="li"))
    assert counts(record) == [1]
