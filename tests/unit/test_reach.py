"""Parcels and states that say more than the log are no use."""

from __future__ import annotations

import pytest

from projections.keeping import COVER, Every
from projections.reach import Reach
from projections.sections import Sections
from supervision.delivery.parcel import Parcel
from tests.property.test_sections import CALM, PARTITIONS, Record, judged


class Log:
    """One that ends somewhere; it counts how often it is asked."""

    def __init__(self, head: int, stamp: int) -> None:
        self.end = (head, stamp)
        self.asked = 0

    def head(self) -> int:
        return self.end[0]

    def last_stamp(self) -> int:
        self.asked += 1
        return self.end[1]


def test_what_the_log_has_is_taken_in() -> None:
    """And the log is asked once, not for every parcel."""
    log = Log(10, 500)
    reach = Reach(log)
    assert reach.has(Parcel(0, 10, 0))
    assert reach.has(Parcel(10, 10, 500))
    assert reach.has(Parcel(3, 7, 499))
    assert log.asked == 1


@pytest.mark.parametrize("parcel", [Parcel(10, 11), Parcel(0, 99, 0, None), Parcel(10, 10, 501)])
def test_what_the_log_has_not_is_set_aside(
    parcel: Parcel, caplog: pytest.LogCaptureFixture
) -> None:
    """In position or in time; that is logged. When the log has come so far, it is taken in."""
    log = Log(10, 500)
    reach = Reach(log)
    assert not reach.has(parcel)
    assert "a message is set aside" in caplog.text
    log.end = (99, 501)
    assert reach.has(parcel)


def test_a_section_is_not_moved_by_a_parcel_of_another_log() -> None:
    """It would believe that it has everything up to there."""
    log = judged(1, CALM).log
    sections = opened(log, {})
    head = log.head()
    assert sections.take(0, Parcel(0, head + 1)) is None
    assert sections[0].watch.position == 0
    assert sections.take(0, Parcel(head, head)) is not None
    assert sections[0].watch.position == head


def test_a_state_ahead_of_the_log_is_no_use() -> None:
    """As after the log was restored from an older copy: the watch is made again from it."""
    model = judged(1, CALM)
    assert COVER in model.kept[0]
    position = opened(model.log, model.kept[0])[0].watch.position
    assert 0 < position <= model.log.head()
    older = Record()
    older.stored = model.log.stored[: position - 1]
    assert opened(older, model.kept[0])[0].watch.position == 0


def test_what_may_be_half_done_is_put_back_from_what_was_kept() -> None:
    """As after an app that was cancelled: without that, a section goes on as it is in memory."""
    model = judged(1, CALM)
    kept, head = model.kept[0], model.log.head()
    sections = opened(model.log, kept)
    before = sections[0].watch.position
    assert before < head
    sections.take(0, Parcel(head, head))
    sections.open({0: kept.get})
    assert sections[0].watch.position == head
    sections.open({0: kept.get}, anew=True)
    assert sections[0].watch.position == before


def opened(log: Record, kept: dict[bytes, bytes]) -> Sections:
    """Sections that look after partition 0, of which this was kept."""
    sections = Sections(PARTITIONS, log, Every(), program="1")
    sections.open({0: kept.get})
    return sections
