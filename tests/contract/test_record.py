"""What every store of the log must do, whichever database carries it.

Above 400 lines: one suite for one port, so that another store runs it whole.
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import eventsourcing.cryptography
import pytest
from msgspec.structs import replace

from supervision.acts import CardExplained, CardLapsed
from supervision.clock import Clock, Reading
from supervision.errors import ClockJumped, StoreBroken, StoreBusy, StoreFull, StreamConflict
from supervision.facts import ApplicationReceived, CaseAccepted, Fact, FactCorrected, StepCompleted
from supervision.follow import Follower
from supervision.record import HAS_CASE, NO_ID, OTHER_CONTENT, Incoming, Outcome, Record
from supervision.store import connection
from supervision.store.library import LogRecorder
from supervision.store.stored import Stored
from supervision.streams import CLOCK, INCIDENTS, cards_stream, desk_stream, facts_stream, parse
from supervision.system import ClockConfirmed, IncidentRecorded
from tests.contract.record_stores import PostgresStore, SqliteStore, Store
from tools.services import Postgres

# The library's test cases import its cipher, which wants a package that nothing here needs; its
# other cipher has the same names.
sys.modules.setdefault("eventsourcing.cipher", eventsourcing.cryptography)
library = importlib.import_module("eventsourcing.tests.persistence")

MINUTE = 60_000_000
AT = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
START = 1_795_000_000_000_000


class Hand(Clock):
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = Reading(START, MINUTE, "boot-1")

    def __call__(self) -> Reading:
        return self.now

    def pass_by(self, wall: int, boot: int | None = None) -> None:
        """So many microseconds of wall clock, and as many of boot clock if nothing is said."""
        boot = wall if boot is None else boot
        self.now = Reading(self.now.wall + wall, self.now.boot + boot, self.now.boot_id)


Open = Callable[..., Record]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each database that carries a log, empty."""
    if request.param == "postgres":
        return PostgresStore(request.getfixturevalue("postgres"))
    return SqliteStore(tmp_path)


@pytest.fixture
def open_record(store: Store, tmp_path: Path) -> Iterator[Open]:
    """Opens the same home again and again, each time as another process would."""
    opened: list[Record] = []

    def open_one(clock: Clock, **settings: str) -> Record:
        opened.append(Record(tmp_path, clock, {**store.settings, **settings}))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def clock() -> Hand:
    """The clock of the test."""
    return Hand()


@pytest.fixture
def record(open_record: Open, clock: Hand) -> Record:
    """An empty record."""
    return open_record(clock)


def accepted(number: int = 1, case_no: str = "A-1", **says: Any) -> Fact:
    """A fact of a case."""
    wanted = {"id": f"{case_no}/{number}", "source": "hz", "case_no": case_no, "occurred_at": AT}
    return CaseAccepted(**{**wanted, **says})


def stored(record: Record, *facts: Fact) -> list[Outcome]:
    """Outcomes of facts without texts."""
    return record.append_facts([Incoming(fact) for fact in facts])


def lapsed(n: int = 0) -> CardLapsed:
    """A card act."""
    return CardLapsed(source="hz", case_no="A-1", card="c1", at=AT + timedelta(hours=n))


def incidents(record: Record) -> list[IncidentRecorded]:
    """What stands in the stream of incidents."""
    return [each.event for each in record.read_stream(INCIDENTS)]  # type: ignore[misc]


# Positions and stamps


def test_positions_run_from_one_without_a_gap(record: Record) -> None:
    """Over batches, streams and single appends."""
    first = stored(record, accepted(1), accepted(2, "A-2"))
    cards = record.append(cards_stream("hz", "A-1"), [lapsed()], 0)
    third = stored(record, accepted(3))
    assert [o.position for o in first] + cards + [o.position for o in third] == [1, 2, 3, 4]
    assert record.head() == 4


def test_a_transaction_has_one_stamp_later_than_every_earlier_one(
    record: Record, clock: Hand
) -> None:
    """Even if the clock stands still or goes back a little."""
    stored(record, accepted(1), accepted(2, "A-2"))
    clock.pass_by(-1000, 0)
    stored(record, accepted(3))
    clock.pass_by(5000)
    stored(record, accepted(4))
    stamps = [each.recorded_at - START for each in record.read(0, 10)]
    assert stamps == [0, 0, 1, 4000]


def test_a_heartbeat_is_later_than_all_before_it_and_says_where_the_head_is(
    record: Record,
) -> None:
    """And what comes after it has a later stamp."""
    stored(record, accepted(1))
    beat, head = record.heartbeat()
    stored(record, accepted(2))
    before, after = record.read(0, 10)
    assert before.recorded_at < beat < after.recorded_at
    assert head == before.position
    assert record.last_stamp() == after.recorded_at


def test_stamps_go_on_where_another_process_left_them(
    record: Record, open_record: Open, clock: Hand
) -> None:
    """A process whose clock is behind by a second still stamps later."""
    beat, _ = record.heartbeat()
    clock.pass_by(-1_000_000, 0)
    assert open_record(clock).heartbeat()[0] == beat + 1


@pytest.mark.parametrize("step", [6 * MINUTE, -6 * MINUTE])
def test_a_clock_that_jumped_stops_intake_and_time_until_confirmed(
    record: Record, clock: Hand, step: int
) -> None:
    """ClockJumped, nothing stored; after the confirmation both go on, and never back."""
    stored(record, accepted(1))
    before = record.last_stamp()
    clock.pass_by(step, 0)
    with pytest.raises(ClockJumped):
        stored(record, accepted(2))
    with pytest.raises(ClockJumped):
        record.heartbeat()
    assert (record.head(), record.last_stamp()) == (1, before)
    confirmed = record.confirm_clock("admin-3")
    clock.pass_by(1)
    assert stored(record, accepted(2)) == [Outcome("stored", 3)]
    assert before < confirmed < record.heartbeat()[0]


def test_who_confirmed_the_clock_stands_in_the_log(record: Record, clock: Hand) -> None:
    """The last stamp, the clock then, and the operator."""
    stored(record, accepted(1))
    clock.pass_by(6 * MINUTE, 0)
    record.confirm_clock("admin-3")
    (event,) = (each.event for each in record.read_stream(CLOCK))
    assert isinstance(event, ClockConfirmed)
    assert (event.after - event.before, event.by) == (timedelta(minutes=6), "admin-3")


# Facts


def test_a_fact_is_stored_once_however_often_it_is_sent(record: Record) -> None:
    """In one batch and in another; each time its position is told."""
    assert stored(record, accepted(1), accepted(1)) == [Outcome("stored", 1), Outcome("had", 1)]
    assert stored(record, accepted(1)) == [Outcome("had", 1)]
    assert record.head() == 1


def test_a_higher_data_version_is_a_fact_of_its_own(record: Record) -> None:
    """The source sent it anew."""
    assert stored(record, accepted(1), accepted(1, data_version=2)) == [
        Outcome("stored", 1),
        Outcome("stored", 2),
    ]


def test_other_content_under_an_id_is_refused_and_becomes_one_incident(record: Record) -> None:
    """In the batch, in a later one and again: the first stands, the incident names it once."""
    other = accepted(1, document="another")
    assert stored(record, accepted(1), other)[1] == Outcome("refused", 1, OTHER_CONTENT)
    assert stored(record, other)[0] == Outcome("refused", 1, OTHER_CONTENT)
    (incident,) = incidents(record)
    assert (incident.kind, incident.source, incident.case_no) == (
        "same_id_other_content",
        "hz",
        "A-1",
    )
    assert "A-1/1" in incident.detail


def test_the_refused_do_not_hold_up_the_others(record: Record) -> None:
    """One outcome each, in order; what can be stored is."""
    stored(record, accepted(1))
    outcomes = stored(record, accepted(2), accepted(1, document="x"), accepted(3, id=""))
    assert [(o.state, o.reason) for o in outcomes] == [
        ("stored", ""),
        ("refused", OTHER_CONTENT),
        ("refused", NO_ID),
    ]


@pytest.mark.parametrize("missing", ["id", "source", "case_no"])
def test_a_fact_without_its_names_is_refused(record: Record, missing: str) -> None:
    """It could not be told from another; nothing is stored, the reason is given."""
    record.incident("A-1/1", "card_conflict")
    assert stored(record, accepted(1, **{missing: ""})) == [Outcome("refused", 0, NO_ID)]


def test_the_same_id_from_two_sources_is_two_facts(record: Record) -> None:
    """An id is unique within its source."""
    outcomes = stored(record, accepted(1), accepted(1, source="nb"))
    assert [o.state for o in outcomes] == ["stored", "stored"]


def test_a_correction_sent_twice_is_had_whatever_the_order_of_its_keys(record: Record) -> None:
    """What it says is compared by content."""
    wanted: dict[str, Any] = {
        "id": "k",
        "source": "hz",
        "case_no": "A-1",
        "occurred_at": AT,
        "corrects": "f1",
    }
    first = FactCorrected(**wanted, says={"step": "审核", "at": AT})
    second = FactCorrected(**wanted, says={"at": AT, "step": "审核"})
    assert [o.state for o in stored(record, first)] == ["stored"]
    assert [o.state for o in stored(record, second)] == ["had"]


def test_history_is_refused_for_a_case_that_the_log_has(record: Record) -> None:
    """Watched live, a case cannot be given another past; a new case's history is taken whole."""
    stored(record, accepted(1))
    outcomes = stored(
        record,
        accepted(2, history=True),
        accepted(1, "B-1", history=True),
        accepted(2, "B-1", history=True),
    )
    assert [(o.state, o.reason) for o in outcomes] == [
        ("refused", HAS_CASE),
        ("stored", ""),
        ("stored", ""),
    ]


def test_history_imported_again_is_had(record: Record) -> None:
    """Also what came in live and is imported as history later."""
    history = [accepted(n, "B-1", history=True) for n in (1, 2)]
    stored(record, *history, accepted(1))
    outcomes = stored(record, *history, accepted(1, history=True))
    assert {o.state for o in outcomes} == {"had"}


def test_an_empty_batch_stores_nothing(record: Record) -> None:
    """And needs no stamp."""
    assert record.append_facts([]) == []
    assert record.last_stamp() == 0


# Texts


def received(**private: str) -> Incoming:
    """An application with personal data and free text."""
    fact = ApplicationReceived(id="f1", source="hz", case_no="A-1", occurred_at=AT)
    return Incoming(fact, private)


def test_the_log_names_texts_and_the_vault_holds_them(record: Record, store: Store) -> None:
    """The fact has names, an HMAC and a reference; the words are nowhere in the log."""
    record.append_facts([received(applicant="张三 13800000000", remark="请加急")])
    (fact,) = (each.event for each in record.read(0, 10))
    assert isinstance(fact, ApplicationReceived)
    assert fact.texts == ("remark",)
    assert len(fact.sealed) == 64
    assert len(fact.applicant_ref) == 32
    assert record.texts(fact) == {"applicant": "张三 13800000000", "remark": "请加急"}
    log = store.contents()
    assert b"remark" in log
    assert "张三".encode() not in log
    assert "请加急".encode() not in log


def test_texts_are_part_of_what_makes_a_fact_the_same(record: Record) -> None:
    """The same words again are had; other words, or none, are other content."""
    record.append_facts([received(remark="请加急")])
    again = [received(remark="请加急"), received(remark="不急"), received()]
    assert [o.state for o in record.append_facts(again)] == ["had", "refused", "refused"]
    (fact,) = (each.event for each in record.read(0, 1))
    assert isinstance(fact, Fact)
    assert record.texts(fact) == {"remark": "请加急"}


def test_an_erased_case_keeps_its_facts_and_loses_its_texts(record: Record) -> None:
    """The erasure is an event; what is sent again is had, and no text comes back."""
    record.append_facts([received(applicant="张三", remark="请加急")])
    record.erase("hz", "A-1", by="auditor-1", basis="个人信息保护法 47")
    assert record.append_facts([received(applicant="张三", remark="请加急")]) == [Outcome("had", 1)]
    (fact,) = (each.event for each in record.read(0, 1))
    assert isinstance(fact, Fact)
    assert record.texts(fact) is None


def test_an_erasure_is_applied_again_after_a_restore_of_the_vault(
    record: Record, open_record: Open, clock: Hand, store: Store
) -> None:
    """Opening the record destroys what an older copy of vault and keys still had."""
    record.append_facts([received(remark="请加急")])
    restore = store.copied_vault()
    record.erase("hz", "A-1", by="auditor-1")
    record.close()
    restore()
    restored = open_record(clock)
    (fact,) = (each.event for each in restored.read(0, 1))
    assert isinstance(fact, Fact)
    assert restored.texts(fact) is None


# Streams


def test_a_stream_takes_events_only_behind_the_version_its_writer_knows(record: Record) -> None:
    """Otherwise StreamConflict tells whether the same is there, and nothing is stored."""
    stream = cards_stream("hz", "A-1")
    record.append(stream, [lapsed(1), lapsed(2)], 0)
    with pytest.raises(StreamConflict) as same:
        record.append(stream, [lapsed(2)], 1)
    with pytest.raises(StreamConflict) as other:
        record.append(stream, [lapsed(3)], 1)
    with pytest.raises(StreamConflict) as gap:
        record.append(stream, [lapsed(3)], 5)
    assert [(e.value.version, e.value.same) for e in (same, other, gap)] == [
        (2, True),
        (2, False),
        (2, False),
    ]
    assert [each.version for each in record.read_stream(stream)] == [1, 2]


def test_appends_to_many_streams_are_stored_together_or_not_at_all(record: Record) -> None:
    """One conflict, and nothing of any stream is there."""
    one, two = cards_stream("hz", "A-1"), cards_stream("hz", "A-2")
    record.append_many([(one, 0, [lapsed()]), (one, 1, [lapsed(1)])])
    with pytest.raises(StreamConflict):
        record.append_many([(two, 0, [lapsed()]), (one, 0, [lapsed()])])
    assert record.read_stream(two) == []
    assert record.head() == 2


@pytest.mark.parametrize(
    ("source", "case_no"), [("hz", "A-1"), ("甲/乙", "100%"), ("%2F", "a/b%25"), ("x", "facts")]
)
def test_the_name_of_a_stream_says_whose_it_is(source: str, case_no: str) -> None:
    """Slashes and percent signs in numbers do no harm."""
    assert parse(facts_stream(source, case_no)) == (source, case_no, "facts")
    assert facts_stream(source, case_no).count("/") == 3


def test_streams_of_no_case_are_told_apart() -> None:
    """Lists and system streams parse to None."""
    assert parse(CLOCK) is None
    assert parse("lists/CN") is None


def test_an_incident_is_recorded_once_for_its_id(record: Record) -> None:
    """Whether it is new is told."""
    assert record.incident("i1", "card_conflict", "hz", "A-1")
    assert not record.incident("i1", "card_conflict", "hz", "A-1")
    assert len(incidents(record)) == 1


# Reading


def test_a_case_is_read_in_log_order_over_all_its_streams(record: Record) -> None:
    """And nothing of a case whose number begins like it."""
    stored(record, accepted(1), accepted(1, "A-10"), accepted(1, "A-1/2"))
    record.append(cards_stream("hz", "A-1"), [lapsed()], 0)
    stored(record, accepted(2))
    found = record.read_case("hz", "A-1")
    assert [(each.position, each.stream) for each in found] == [
        (1, facts_stream("hz", "A-1")),
        (4, cards_stream("hz", "A-1")),
        (5, facts_stream("hz", "A-1")),
    ]


def test_what_is_read_is_what_was_stored(record: Record) -> None:
    """The event, its place and its stamp."""
    fact = accepted(1, document="受理 1 号")
    stored(record, fact)
    (found,) = record.read(0, 10)
    assert found == Stored(1, facts_stream("hz", "A-1"), 1, "CaseAccepted/1", START, found.payload)
    assert found.event == fact
    assert found.envelope.endswith(found.payload + b"}")


def test_reading_never_cuts_a_transaction(record: Record) -> None:
    """A limit in the middle of one is extended to its end."""
    stored(record, *(accepted(n) for n in range(1, 4)))
    stored(record, *(accepted(n) for n in range(4, 7)))
    positions = [[each.position for each in record.read(0, limit)] for limit in (1, 3, 4, 9)]
    assert positions == [[1, 2, 3], [1, 2, 3], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]
    assert [each.position for each in record.read(5, 1)] == [6]
    assert record.read(6, 1) == []


def test_the_log_says_when_an_event_was_recorded(record: Record, clock: Hand) -> None:
    """By its position; nothing where there is none."""
    stored(record, accepted(1), accepted(2, "A-2"))
    clock.pass_by(MINUTE)
    stored(record, accepted(3))
    times = [record.recorded_at(position) for position in range(-1, 5)]
    assert times == [0, 0, START, START, START + MINUTE, 0]


def test_cases_are_listed_and_found_by_number(record: Record) -> None:
    """Each case once, whatever its streams; a number may occur in several sources."""
    stored(record, accepted(1), accepted(2), accepted(1, "甲/1"), accepted(1, source="nb"))
    record.append(cards_stream("hz", "A-1"), [lapsed()], 0)
    assert sorted(record.cases()) == [("hz", "A-1"), ("hz", "甲/1"), ("nb", "A-1")]
    assert record.find_case("A-1") == ["hz", "nb"]
    assert record.find_case("Z") == []


def test_cases_are_listed_by_what_they_have(record: Record) -> None:
    """A card of a case without facts is no case of the city, and is found where cards are asked
    for; what has both is one.
    """
    stored(record, accepted(1), accepted(2, "A-2"))
    for case_no in ("A-1", "B"):
        record.append(cards_stream("hz", case_no), [lapsed()], 0)
    assert list(record.cases()) == [("hz", "A-1"), ("hz", "A-2")]
    assert list(record.cases(["cards"])) == [("hz", "A-1"), ("hz", "B")]
    both = [("hz", "A-1"), ("hz", "A-2"), ("hz", "B")]
    assert list(record.cases(["facts", "cards"])) == both


# Following


def test_a_follower_reads_every_event_once_in_order(record: Record) -> None:
    """In whole transactions, from the position it was given."""
    stored(record, accepted(1))
    stored(record, accepted(2), accepted(3))
    with closing(Follower(record, 1)) as follower:
        assert [each.position for each in follower.next_batch(1)] == [2, 3]
        assert follower.next_batch(1) == []
        assert follower.position == 3


def test_a_follower_is_woken_by_commits_of_this_process_and_of_others(
    record: Record, open_record: Open, clock: Hand
) -> None:
    """wait returns True; nothing new, and it returns False after its timeout."""
    other = open_record(clock)
    with closing(Follower(record)) as follower:
        assert follower.wait(0, threading.Event()) is False
        for number, writer in enumerate((record, other), 1):
            thread = threading.Thread(target=stored, args=(writer, accepted(number)))
            thread.start()
            assert follower.wait(60, threading.Event()) is True
            thread.join()
            assert len(follower.next_batch(10)) == 1


def test_a_heartbeat_wakes_no_follower(record: Record) -> None:
    """Nothing is in the log that was not there."""
    stored(record, accepted(1))
    with closing(Follower(record, 1)) as follower:
        record.heartbeat()
        assert follower.wait(0, threading.Event()) is False


def test_a_stopped_follower_does_not_wait(record: Record) -> None:
    """Whatever is left of its timeout."""
    stop = threading.Event()
    with closing(Follower(record)) as follower:
        threading.Timer(0.01, stop.set).start()
        assert follower.wait(3600, stop) is False


def four_writers(records: list[Record]) -> list[threading.Thread]:
    """Started: each on one of the records, in batches that overlap; 56 facts in all."""

    def write(which: int) -> None:
        for n in range(10):
            batch = [accepted(i, f"C-{which}") for i in range(n, n + 5)]
            stored(records[which % len(records)], *batch)

    threads = [threading.Thread(target=write, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    return threads


def test_threads_and_processes_write_one_gapless_log(open_record: Open, clock: Hand) -> None:
    """Four threads on two openings of one home: every fact once, versions without a gap."""
    records = [open_record(clock), open_record(clock)]
    for thread in four_writers(records):
        thread.join()
    log = records[0].read(0, 1000)
    assert [each.position for each in log] == list(range(1, 4 * 14 + 1))
    versions = [each.version for each in log if each.stream == facts_stream("hz", "C-0")]
    assert versions == list(range(1, 15))


def test_who_reads_while_others_write_sees_no_gap(open_record: Open, clock: Hand) -> None:
    """What was read at any moment is the log's beginning, and it stays so."""
    records = [open_record(clock), open_record(clock)]
    reader = open_record(clock)
    threads = four_writers(records)
    seen: list[Stored] = []
    while len(seen) < 4 * 14:
        alive = any(thread.is_alive() for thread in threads)
        new = reader.read(len(seen), 3)
        assert new or alive
        seen += new
        assert [each.position for each in seen] == list(range(1, len(seen) + 1))
    assert seen == records[0].read(0, 1000)


def test_what_comes_behind_the_head_of_a_heartbeat_is_later_than_it(
    open_record: Open, clock: Hand
) -> None:
    """Whoever writes at the same time: a heartbeat divides the log by its stamp."""
    records = [open_record(clock), open_record(clock)]
    threads = four_writers(records)
    beats = [records[0].heartbeat()]
    while any(thread.is_alive() for thread in threads):
        beats.append(records[len(beats) % 2].heartbeat())
    for each in records[0].read(0, 1000):
        earlier = [stamp for stamp, head in beats if head < each.position]
        later = [stamp for stamp, head in beats if head >= each.position]
        assert max(earlier, default=0) < each.recorded_at < min(later, default=2 * START)


def test_every_commit_of_any_process_changes_the_number_of_changes(
    record: Record, open_record: Open, clock: Hand
) -> None:
    """Heartbeats too; when nobody commits it stays."""
    other = open_record(clock)
    numbers = [record.changed(), record.changed()]
    for commit in (
        lambda: stored(other, accepted(1)),
        other.heartbeat,
        lambda: stored(record, accepted(2)),
        record.heartbeat,
    ):
        commit()
        numbers.append(record.changed())
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 5


def test_a_failed_batch_leaves_neither_a_trace_nor_the_lock(
    record: Record, open_record: Open, clock: Hand
) -> None:
    """Whoever writes next, here or in another process, does not wait."""
    stream = cards_stream("hz", "A-1")
    with pytest.raises(StreamConflict):
        record.append_many([(stream, 0, [lapsed()]), (stream, 5, [lapsed()])])
    assert stored(open_record(clock), accepted(1)) == [Outcome("stored", 1)]
    assert stored(record, accepted(2)) == [Outcome("stored", 2)]


# What the database itself holds to


@pytest.mark.parametrize("statement", ["UPDATE log SET payload=''", "DELETE FROM log"])
def test_the_database_refuses_to_change_or_delete_what_was_stored(
    record: Record, store: Store, statement: str
) -> None:
    """Whoever opens it by hand, its owner too."""
    stored(record, accepted(1))
    error, says = store.refused
    with pytest.raises(error, match=says):
        store.by_hand(statement)


def test_a_full_disk_stores_nothing_of_a_batch_and_may_be_tried_again(
    open_record: Open, clock: Hand, store: Store
) -> None:
    """StoreFull; the log is as before, and takes what still fits."""
    big = [replace(accepted(n), item="x" * 2000) for n in range(100)]
    with store.full() as settings:
        full = open_record(clock, **settings)
        with pytest.raises(StoreFull) as error:
            stored(full, *big)
        assert error.value.retry
        assert (full.head(), full.last_stamp()) == (0, 0)
        assert stored(full, accepted(1)) == [Outcome("stored", 1)]


def test_a_file_that_is_no_database_is_named(tmp_path: Path, clock: Hand) -> None:
    """StoreBroken says which."""
    (tmp_path / "log.db").write_bytes(b"not a database, surely" * 100)
    with pytest.raises(StoreBroken, match=r"log\.db"):
        Record(tmp_path, clock)


def test_another_process_that_keeps_the_lock_is_waited_for_and_then_named(
    open_record: Open, clock: Hand, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """StoreBusy after the time allowed; tried again once the lock is free, it is stored."""
    store.impatient(monkeypatch)
    record = open_record(clock)
    with store.locked():
        with pytest.raises(StoreBusy) as error:
            stored(record, accepted(1))
        with pytest.raises(StoreBusy):
            record.heartbeat()
    assert error.value.retry
    assert stored(record, accepted(1)) == [Outcome("stored", 1)]


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("database or disk is full", StoreFull),
        ("database is locked", StoreBusy),
        ("disk I/O error", StoreBroken),
        ("database disk image is malformed", StoreBroken),
        ("file is not a database", StoreBroken),
    ],
)
def test_what_the_driver_says_is_told_in_our_words(says: str, expected: type) -> None:
    """The file's name and the driver's words are kept."""
    error = connection.translate("home/log.db", sqlite3.OperationalError(says))
    assert type(error) is expected
    assert str(error) == f"log.db: {says}"


def test_odd_characters_in_numbers_harm_no_other_fact(record: Record) -> None:
    """A NUL, a quote, an emoji: each case is its own."""
    numbers = ["a\0b", "a\0c", "a'b", '"', "🦆", "a"]
    outcomes = stored(record, *(accepted(1, number) for number in numbers))
    assert {o.state for o in outcomes} == {"stored"}
    assert [each.version for each in record.read(0, 10)] == [1] * len(numbers)


def test_what_a_desk_wrote_is_kept_in_the_vault(record: Record) -> None:
    """The act names its texts, and they are read back by it."""
    act = CardExplained(id="d1", source="hz", case_no="A-1", card="c1", at=AT)
    record.append(desk_stream("hz", "A-1"), [record.seal(act, {"reason": "系统故障"})], 0)
    (found,) = (each.event for each in record.read_stream(desk_stream("hz", "A-1")))
    assert isinstance(found, CardExplained)
    assert found.texts == ("reason",)
    assert record.texts(found) == {"reason": "系统故障"}


def test_a_step_with_an_opinion_is_read_back_with_its_words(record: Record) -> None:
    """The vault is asked by what the fact says."""
    step = StepCompleted(id="s1", source="hz", case_no="A-1", occurred_at=AT, step="审核")
    record.append_facts([Incoming(step, {"opinion": "同意"})])
    (fact,) = (each.event for each in record.read(0, 1))
    assert isinstance(fact, StepCompleted)
    assert record.texts(fact) == {"opinion": "同意"}


class OurRecorder:
    """What the eventsourcing library's test cases for recorders want to be given."""

    recorder: LogRecorder
    optional_test_insert_subscribe: Callable[[], None]

    def create_recorder(self) -> LogRecorder:
        """The recorder under test."""
        return self.recorder

    def new_originator_id(self) -> str:
        """Streams have names of text."""
        return str(uuid4())

    def test_insert_subscribe(self) -> None:
        """The library's subscription is woken by commits."""
        self.optional_test_insert_subscribe()


class TestTheLibrarysPromisesInSqlite(OurRecorder, library.ApplicationRecorderTestCase):  # type: ignore[misc,name-defined]
    """In a file."""

    @pytest.fixture(autouse=True)
    def _store(self, tmp_path: Path) -> Iterator[None]:
        with closing(SqliteStore(tmp_path).recorder(Hand())) as self.recorder:
            yield


@pytest.mark.cluster
class TestTheLibrarysPromisesInPostgres(OurRecorder, library.ApplicationRecorderTestCase):  # type: ignore[misc,name-defined]
    """In a database of its own."""

    @pytest.fixture(autouse=True)
    def _store(self, postgres: Postgres) -> Iterator[None]:
        with closing(PostgresStore(postgres).recorder(Hand())) as self.recorder:
            yield
