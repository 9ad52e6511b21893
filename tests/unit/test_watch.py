"""The watch forgets what is closed, and is not surprised by its own acts afterwards."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from projections.watch import Watch
from supervision.facts import Fact
from supervision.judgement.shelf import NEVER
from supervision.published import bundled
from tests.court import at, fact, item
from tests.memorylog import MemoryLog, stream_of


def past(case_no: str) -> list[Fact]:
    """A whole case of the past, concluded late: all of it history."""
    story = [
        fact("ApplicationReceived", "2026-06-01", history=True),
        fact("CaseAccepted", "2026-06-01 10:00", history=True),
        fact("CaseConcluded", "2026-06-25 10:00", result="其他", history=True),
    ]
    return [replace(each, case_no=case_no, id=f"{case_no} {each.id}") for each in story]


def put(log: MemoryLog, stamp: str, *facts: Fact) -> None:
    log.put(at(stamp), [(stream_of(each), each) for each in facts])


def write(log: MemoryLog, watch: Watch, stamp: str) -> int:
    """Its acts into the log; how many."""
    writings = watch.pending()
    log.put(at(stamp), [(w.stream, act) for w in writings for act in w.acts])
    watch.written(writings)
    return sum(len(w.acts) for w in writings)


@pytest.fixture
def log() -> MemoryLog:
    made = MemoryLog()
    made.put(at("2026-05-01"), [(stream_of(e), e) for e in (*bundled(), item())])
    return made


def test_a_case_forgotten_before_its_own_acts_are_read_back(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts of other cases come between the acts and their reading: nothing is halted."""
    monkeypatch.setattr("projections.watch.HOT", 1)
    watch = Watch(log.case)
    for number in range(4):
        put(log, f"2026-07-01 09:0{number}", *past(f"A{number}"))
    watch.take(log.read(watch.position))
    put(log, "2026-07-01 10:00", *past("B0"))
    assert write(log, watch, "2026-07-01 10:01") > 0
    put(log, "2026-07-01 10:02", *past("B1"))
    watch.take(log.read(watch.position))
    assert watch.halted == {}
    write(log, watch, "2026-07-01 10:03")
    watch.take(log.read(watch.position))
    assert watch.halted == {}
    assert watch.pending() == []


def test_a_late_fact_of_a_forgotten_case_whose_acts_lie_behind_it(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fact was stored before our acts were, and is read after they were derived."""
    monkeypatch.setattr("projections.watch.HOT", 1)
    watch = Watch(log.case)
    for number in range(3):
        put(log, f"2026-07-01 09:0{number}", *past(f"A{number}"))
    watch.take(log.read(watch.position))
    put(log, "2026-07-01 10:00", *past("B0"))
    late = replace(fact("ServiceRated", "2026-06-30", grade=5), case_no="A0", id="A0 rated")
    put(log, "2026-07-01 10:00:30", late)
    write(log, watch, "2026-07-01 10:01")
    watch.take(log.read(watch.position))
    write(log, watch, "2026-07-01 10:02")
    watch.take(log.read(watch.position))
    assert watch.halted == {}
    again = Watch(log.case)
    again.take(log.read(0))
    assert again.halted == {}
    assert again.pending() == []


def test_a_case_that_is_concluded_stays_under_watch_until_its_delivery(log: MemoryLog) -> None:
    """So more are watched than are open (`watched_cases` of /api/v1/health)."""
    watch = Watch(log.case)
    put(
        log,
        "2026-07-01 16:00",
        fact("ApplicationReceived", "2026-07-01 09:00"),
        fact("CaseAccepted", "2026-07-01 10:00"),
        fact("DecisionSigned", "2026-07-01 14:00"),
        fact("CaseConcluded", "2026-07-01 15:00", result="出证"),
    )
    watch.take(log.read(watch.position))
    assert watch.open_cases == 1
    put(log, "2026-07-02 10:00", fact("ResultDelivered", "2026-07-02 09:00"))
    watch.take(log.read(watch.position))
    assert watch.open_cases == 0


def test_a_case_read_back_for_its_acts_waits_for_its_next_crossing(log: MemoryLog) -> None:
    """Another worker wrote them; this one knows nothing of it, and begins behind its facts."""
    *begun, concluded = (replace(each, history=False) for each in past("A"))
    put(log, "2026-06-01 10:00:01", *begun)
    put(log, "2026-06-25 10:00:01", concluded)
    first = Watch(log.case)
    first.take(log.read(0))
    behind = first.position
    assert write(log, first, "2026-06-25 11:00") > 0
    second = Watch(log.case, first.shelf)
    second.go_on(behind, first.now)
    for watch in (first, second):
        watch.take(log.read(watch.position))
        watch.tick(at("2026-06-25 11:00"))
    assert first.next_at() < NEVER
    assert second.next_at() == first.next_at()
    assert second.open_cases == first.open_cases == 1
