"""How a follower knows where the log ends."""

from __future__ import annotations

import time

import pytest

from supervision.errors import StoreBusy
from supervision.runners.cluster import patient
from supervision.runners.cluster.patient import Head


class Log:
    """A record that counts how often it was asked."""

    def __init__(self) -> None:
        self.end = 7
        self.asked = 0

    def head(self) -> int:
        self.asked += 1
        if not self.end:
            raise StoreBusy("the log", "busy")
        return self.end


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds; it goes when it is changed."""
    times = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: times[0])
    return times


def test_it_is_asked_once_a_second(at: list[float]) -> None:
    """Followers tell how far they are many times a second."""
    log = Log()
    head = Head(log)  # type: ignore[arg-type]
    assert [head.beyond(3) for _ in range(5)] == [7] * 5
    log.end, at[0] = 9, patient.HEAD_EVERY
    assert head.beyond(3) == 9
    assert log.asked == 2


def test_what_was_followed_is_part_of_the_log(at: list[float]) -> None:
    """Though it came after the question."""
    assert Head(Log()).beyond(8) == 8  # type: ignore[arg-type]


def test_a_log_that_does_not_answer_ends_where_it_last_did(at: list[float]) -> None:
    """Something else tells that it does not."""
    log = Log()
    head = Head(log)  # type: ignore[arg-type]
    head.beyond(0)
    log.end, at[0] = 0, patient.HEAD_EVERY
    assert head.beyond(3) == 7
