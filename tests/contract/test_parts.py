"""A part of the live source tells of its departments' cases and alarms, of no others'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from msgspec import Struct

from alerts.alarms import Health
from dashboards.live import HIDDEN, LiveSource
from dashboards.source import WholeSource
from projections.filling import Filling
from projections.lookup import FIND_MOST
from projections.warehouse import Warehouse
from supervision.clock import Clock, Reading
from supervision.facts import ApplicationReceived, FactCorrected, instant
from supervision.lists import ListChangeAnnounced
from supervision.published import bundled
from supervision.record import Incoming, Record
from tests.court import CHINA, item
from tests.memorylog import stream_of

NOON = datetime(2026, 11, 18, 12, tzinfo=CHINA)
OURS, THEIRS = "甲局", "乙局"
HALTED = "s/B1: card without facts"


class Standing(Clock):
    """A clock that stands at noon."""

    def __call__(self) -> Reading:
        """Noon."""
        return Reading(instant(NOON), 0, "boot-1")


def received(case_no: str, code: str) -> Incoming:
    """A case of an item, of the morning."""
    fact = ApplicationReceived(
        id=case_no,
        source="s",
        case_no=case_no,
        item=code,
        occurred_at=NOON - timedelta(hours=1),
        applicant_ref="",
    )
    return Incoming(fact, {"applicant": f"申请人{case_no}"})


def lists() -> list[Struct]:
    """Two departments, each with an item whose announced change is not published in time."""
    late = NOON - timedelta(days=30)
    return [
        *bundled(),
        *(item(code=code, department=name) for code, name in (("a", OURS), ("b", THEIRS))),
        *(
            ListChangeAnnounced(id=code, code=code, announced_at=late)
            for code in ("a", "b", "none")
        ),
    ]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """Two cases of one department, one of the other, and one of an item that nobody published."""
    made = Record(tmp_path / "record", Standing())
    events = sorted(lists(), key=stream_of)
    for stream, together in groupby(events, key=stream_of):
        made.append(stream, list(together), 0)
    cases = (("A1", "a"), ("A2", "a"), ("B1", "b"), ("X1", "unpublished"))
    made.append_facts([received(*each) for each in cases])
    yield made
    made.close()


@pytest.fixture
def source(record: Record, warehouse: Warehouse) -> WholeSource:
    """What the product shows of it."""
    Filling(record, warehouse).read_up_to(record.head())
    return LiveSource(
        record,
        warehouse,
        shown=lambda: (instant(NOON + timedelta(minutes=1)), 1.0),
        health=lambda: Health(clock_jumped="an hour", halted=(HALTED,)),
        district="全区",
    )


def numbers(found: list[tuple[str, str, str]]) -> list[str]:
    return [case_no for _, case_no, _ in found]


def test_a_case_of_another_department_is_answered_like_none(source: WholeSource) -> None:
    """With or without the right to personal data."""
    ours = source.within({OURS})

    for reveal in (False, True):
        told = ours.case("s", "A1", reveal)
        assert told is not None
        assert told.department == OURS
        assert ours.case("s", "B1", reveal) is ours.case("s", "X1", reveal) is None
        assert ours.case("s", "none", reveal) is None
        assert source.case("s", "B1", reveal) is not None


def test_texts_of_a_case_that_is_seen_are_told_when_they_are_asked_for(source: WholeSource) -> None:
    """Who may ask is decided elsewhere."""
    told = source.within({OURS}).case("s", "A1", reveal=True)

    assert told is not None
    assert "申请人A1" in str(told.entries)
    assert "申请人A1" not in str(source.within({OURS}).case("s", "A1"))


def test_a_case_without_a_department_is_seen_by_who_sees_everything(source: WholeSource) -> None:
    """In its story, in the lists and in the search."""
    named = source.within({OURS, THEIRS, "", "未列明部门"})

    assert source.case("s", "X1") is not None
    assert named.case("s", "X1") is None
    assert [line.case_no for line in source.cases("open", "", "", 9).lines].count("X1") == 1
    assert "X1" not in [line.case_no for line in named.cases("open", "", "", 9).lines]
    assert numbers(source.find("X1")) == ["X1"]
    assert named.find("X1") == []


def test_the_wall_of_a_part_counts_its_cases_under_its_title(source: WholeSource) -> None:
    """Without one it bears the district's."""
    whole, ours = source.wall(), source.within({OURS}, "甲局办件").wall()
    theirs = source.within({THEIRS}).wall()

    assert (whole.kpi.open, ours.kpi.open, theirs.kpi.open) == (4, 2, 1)
    assert [one.name for one in ours.departments] == [OURS]
    assert {row.case_no for row in ours.stream} == {"A1", "A2"}
    assert (whole.district, ours.district, theirs.district) == ("全区", "甲局办件", "全区")


def test_the_list_of_a_part_holds_its_cases(source: WholeSource) -> None:
    """A thousand at once, as an export takes them."""
    page = source.within({OURS}).cases("received_today", "", "", 1_000)

    assert [line.case_no for line in page.lines] == ["A1", "A2"]
    assert (page.total, page.next) == (2, "")
    assert source.within({OURS}).cases("department", THEIRS, "", 9).lines == ()


def test_a_case_that_only_the_log_has_is_found_by_its_department(
    source: WholeSource, record: Record
) -> None:
    """By its number, while the rows lag behind."""
    record.append_facts([received("A3", "a"), received("B3", "b")])

    assert numbers(source.within({OURS}).find(" A3 ")) == ["A3"]
    assert source.within({OURS}).find("B3") == []
    assert numbers(source.find("B3")) == ["B3"]


def test_a_search_finds_the_cases_of_the_part(source: WholeSource) -> None:
    """By number, by part of one, and by item."""
    ours = source.within({OURS})

    assert numbers(ours.find("1")) == ["A1"]
    assert ours.find("B1") == []
    assert numbers(ours.find("事项")) == ["A1", "A2"]
    assert len(source.find("事项")) == 3 <= FIND_MOST


def test_alarms_of_others_lists_are_left_out(source: WholeSource) -> None:
    """Those of the system stay, without the number of a case that may be another's."""
    whole, ours, none = (
        {alarm.code: alarm.zh for alarm in one.wall().alarms}
        for one in (source, source.within({OURS}), source.within({"丙局"}))
    )

    assert whole["list_overdue"].startswith("3 项")
    assert ours["list_overdue"] == "1 项清单调整未按时公布：a"
    assert none.keys() == whole.keys() - {"list_overdue"}
    assert HALTED in whole["case_halted"]
    assert HALTED not in ours["case_halted"]
    assert HIDDEN in ours["case_halted"]


def test_what_broke_the_watch_is_told_to_who_sees_everything(
    record: Record, warehouse: Warehouse
) -> None:
    """It may name a case of any department; that something broke is told to all."""
    broken = Health(watch_failed="case B1 of 乙局")
    whole = LiveSource(
        record, warehouse, lambda: (instant(NOON), 0.0), lambda: broken, district="全市"
    )
    told = [
        next(a.zh for a in each.wall().alarms if a.code == "watch_failed")
        for each in (whole, whole.within([OURS]))
    ]
    assert "B1" in told[0]
    assert "B1" not in told[1]
    assert HIDDEN in told[1]


def test_a_part_of_a_part_is_no_more_than_both(source: WholeSource) -> None:
    """Nothing that is asked for later widens what was given."""
    ours = source.within({OURS})
    assert isinstance(ours, LiveSource)

    assert ours.within({THEIRS}).wall().kpi.open == 0
    assert ours.within(None).case("s", "B1") is None
    assert source.within(None).case("s", "B1") is not None


def test_a_case_that_another_department_was_given_is_seen_there_only(
    source: WholeSource, record: Record, warehouse: Warehouse
) -> None:
    """A correction of its item; its former department finds it no more, by whichever way."""
    moved = FactCorrected(
        id="A1-corrected",
        source="s",
        case_no="A1",
        item="a",
        occurred_at=NOON,
        corrects="A1",
        says={"item": "b"},
    )
    record.append_facts([Incoming(moved)])
    ours, theirs = source.within({OURS}), source.within({THEIRS})
    assert ours.case("s", "A1") is None
    assert theirs.case("s", "A1") is not None

    Filling(record, warehouse).read_up_to(record.head())

    assert ours.find("A1") == []
    assert numbers(theirs.find("A1")) == ["A1"]
    assert [line.case_no for line in ours.cases("open", "", "", 9).lines] == ["A2"]
    assert [line.case_no for line in theirs.cases("open", "", "", 9).lines] == ["A1", "B1"]
    assert (ours.wall().curve.received[-1], theirs.wall().curve.received[-1]) == (1, 2)
