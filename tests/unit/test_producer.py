"""What the wall's producer tells of a source that fails."""

from __future__ import annotations

import logging
from typing import cast

import pytest

from dashboards.producer import Producer
from dashboards.source import Source
from projections.figures import Wall
from projections.warehouse import WarehouseError
from tests.product import until


class Telling:
    """Has a wall, and says when it was read."""

    def __init__(self) -> None:
        self.read = 0

    def wall(self) -> Wall:
        self.read += 1
        return Wall(now=self.read, measured=0.0, position=0, zone="UTC", district="d")


def test_what_need_not_stay_ends_when_nobody_watches_and_shows_nothing_old() -> None:
    """Started again it reads anew, and who saw a version of before is given everything."""
    source = Telling()
    producer = Producer(source, lambda *_: {("a", "b"): 1}, 0.001, 0.001, stays=False)
    begun = producer.boot
    producer.touch()
    producer.start()
    until(lambda: producer.boot != begun, "the producer to end")
    assert producer.latest is None
    read = source.read
    producer._touched = float("inf")
    producer.start()
    until(lambda: producer.latest is not None, "the first frame")
    producer.stop()
    assert producer.latest is not None
    assert source.read > read
    assert producer.latest.boot == producer.boot
    assert producer.latest.since("zh", "another", 9) == [("a", "b", 1)]


def test_what_stays_goes_on_though_nobody_watches() -> None:
    """So that the first look is never a wait."""
    source = Telling()
    producer = Producer(source, lambda *_: {}, 0.001, 0.001)
    producer.start()
    until(lambda: source.read > 20, "some readings")
    assert producer.latest is not None
    producer.stop()


class Failing:
    """Fails with one error after the other, then with the last for ever."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = errors
        self.asked = 0

    def wall(self) -> Wall:
        self.asked += 1
        raise self._errors[min(self.asked, len(self._errors)) - 1]


def told(source: Failing, asked: int, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What is logged until it was asked so often."""
    producer = Producer(cast("Source", source), lambda _, __: {}, 0.001, 0.001)
    with caplog.at_level(logging.ERROR, logger="dashboards.producer"):
        producer.start()
        until(lambda: source.asked >= asked, "the source to be asked")
        producer.stop()
    assert producer.latest is None
    return caplog.records


def test_a_failure_that_lasts_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """In one line with the reason; another reason anew."""
    source = Failing(
        WarehouseError("no answer"), WarehouseError("no answer"), WarehouseError("full")
    )
    records = told(source, 9, caplog)
    assert [record.__dict__["why"] for record in records] == ["no answer", "full"]
    assert not any(record.exc_info for record in records)


def test_a_defect_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """It is none of the product's errors."""
    (record,) = told(Failing(ZeroDivisionError("a defect")), 3, caplog)
    assert record.exc_info
    assert isinstance(record.exc_info[1], ZeroDivisionError)
