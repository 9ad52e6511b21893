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
