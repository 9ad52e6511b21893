"""Looks at cases: each is on record before the case is shown, and a page that refreshes floods
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from dashboards.looks import API, CARD, HISTORY, KEPT, PAGE, Looks
from supervision.access.admission import Admission
from supervision.access.events import SAMPLES, CaseSeen, SampleDrawn
from supervision.access.port import Session
from supervision.errors import ClockJumped, StoreBusy
from tests.access import AT, START, Office, Time, office_at

CASE = ("shuiwu", "A-1")
MINUTE = 60.0


def admitted(person: str) -> Admission:
    """Somebody signed in."""
    session = Session(
        digest="d", person=person, kind="person", how="link", made_at=START, seen_at=START,
        ends_at=2 * START,
    )  # fmt: skip
    return Admission(session, person, {}, "")


ZHANG, LI = admitted("zhang"), admitted("li")


class Desk(NamedTuple):
    """An office, and the looks of it."""

    office: Office
    time: Time
    looks: Looks

    def noted(self) -> list[tuple[str, str, str, str]]:
        """By whom, which case, how."""
        found = [each for each in self.office.trailed() if isinstance(each, CaseSeen)]
        return [(each.by, each.source, each.case_no, each.how) for each in found]


def looks_of(office: Office, time: Time, kept: int = KEPT) -> Looks:
    """As the application makes them."""
    return Looks(office.trail, time.now, lambda: office.record.version(SAMPLES), kept)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Time stands still."""
    time = Time()
    with office_at(tmp_path, time) as office:
        yield Desk(office, time, looks_of(office, time))


def test_a_look_says_who_saw_which_case_and_how(desk: Desk) -> None:
    """It is in the log when `seen` returns."""
    desk.looks.seen(ZHANG, *CASE, PAGE)
    assert desk.noted() == [("zhang", *CASE, "page")]


def test_the_same_look_within_ten_minutes_is_one(desk: Desk) -> None:
    """However often the page refreshes; at ten minutes it is another."""
    for _ in range(10):
        desk.looks.seen(ZHANG, *CASE, PAGE)
        desk.time.pass_by(MINUTE - 0.001)
    assert len(desk.noted()) == 1
    desk.time.pass_by(MINUTE)
    desk.looks.seen(ZHANG, *CASE, PAGE)
    assert len(desk.noted()) == 2


def test_a_sample_that_is_drawn_begins_the_looks_anew(desk: Desk) -> None:
    """Whoever read a case, and reads it again when it was drawn, is on record behind the sample;
    whichever process drew it.
    """
    desk.looks.seen(ZHANG, *CASE, PAGE)
    desk.time.pass_by(MINUTE)
    drawn = SampleDrawn(at=AT, by="li", sample="1", seed="s", position=1, population=0, cases=())
    desk.office.record.append(SAMPLES, [drawn], 0)
    for _ in range(3):
        desk.looks.seen(ZHANG, *CASE, PAGE)
        desk.time.pass_by(MINUTE)
    assert len(desk.noted()) == 2


def test_another_person_case_or_way_is_another_look(desk: Desk) -> None:
    """At the same instant too."""
    for who, case_no, how in (
        (ZHANG, "A-1", PAGE),
        (LI, "A-1", PAGE),
        (ZHANG, "A-2", PAGE),
        (ZHANG, "A-1", HISTORY),
        (ZHANG, "A-1", CARD),
        (ZHANG, "A-1", API),
    ):
        desk.looks.seen(who, "shuiwu", case_no, how)
    assert len(set(desk.noted())) == len(desk.noted()) == 6


def test_what_the_store_refuses_is_not_taken_for_noted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case is not shown, and the next try is noted."""
    with monkeypatch.context() as broken:

        def busy(*_: object) -> None:
            raise StoreBusy("log.db", "locked")

        broken.setattr(desk.office.record, "note", busy)
        with pytest.raises(StoreBusy):
            desk.looks.seen(ZHANG, *CASE, PAGE)
    assert desk.noted() == []
    desk.looks.seen(ZHANG, *CASE, PAGE)
    assert len(desk.noted()) == 1


@pytest.mark.parametrize("seconds", [3_600, -3_600])
def test_while_the_clock_is_in_doubt_nothing_is_shown(desk: Desk, seconds: float) -> None:
    """Also to who looked a minute ago: of a clock that jumped nothing is known."""
    desk.looks.seen(ZHANG, *CASE, PAGE)
    desk.time.jump(seconds)
    with pytest.raises(ClockJumped):
        desk.looks.seen(ZHANG, *CASE, PAGE)
    assert len(desk.noted()) == 1


def test_what_is_remembered_is_bounded(desk: Desk) -> None:
    """The oldest look is forgotten, which costs one event more and loses none."""
    looks = looks_of(desk.office, desk.time, kept=2)
    for case_no in ("A-1", "A-2", "A-3", "A-3", "A-1"):
        looks.seen(ZHANG, "shuiwu", case_no, PAGE)
    assert [each[2] for each in desk.noted()] == ["A-1", "A-2", "A-3", "A-1"]


def test_two_at_once_leave_one_event_and_neither_is_shown_before_it(desk: Desk) -> None:
    """A second window of the same person waits for the first one's note."""
    seen: list[int] = []

    def look() -> None:
        desk.looks.seen(ZHANG, *CASE, PAGE)
        seen.append(len(desk.noted()))

    threads = [Thread(target=look) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen == [1] * 8
