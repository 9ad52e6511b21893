"""What the watch role tells of a parcel, and on which thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.sections import Sections, Took
from projections.stream import Told
from supervision.runners.cluster.patient import Stopping
from supervision.runners.cluster.station import Says, Station
from supervision.runners.cluster.watch import _Watching
from supervision.runners.settings import Settings

HALTED = Told(0, 5, 7, Took(1, [], 0, {("permits", "X-1"): "version 3 is another"}))


class Patient:
    """A log that takes incidents, unless the role is told to end before."""

    failed = ""

    def __init__(self) -> None:
        self.incidents: list[tuple[str, ...]] = []
        self.threads: list[int] = []
        self.stopping = False

    def incident(self, *told: str) -> bool:
        if self.stopping:
            raise Stopping
        self.threads.append(threading.get_ident())
        self.incidents.append(told)
        return True


class Silenced(Station):
    """The role's station without servers; nobody reads its words."""

    def __init__(self, home: Path, patient: Patient) -> None:
        nowhere = "postgresql://nobody@127.0.0.1:9/none"
        super().__init__("watch", Settings(home=home, database=nowhere, kafka="127.0.0.1:9"))
        self.patient = patient  # type: ignore[assignment]
        self.threads: list[int] = []

    def tell(self, position: int, head: int, stamp: int, says: Says) -> None:
        self.threads.append(threading.get_ident())


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
def station(tmp_path: Path, patient: Patient) -> Iterator[Silenced]:
    made = Silenced(tmp_path, patient)
    yield made
    made.slot._lock.close()
    made.board.close()


def test_neither_the_log_nor_the_board_holds_up_the_loop(
    station: Silenced, patient: Patient
) -> None:
    """PostgreSQL may be down for long, and Kafka's group awaits a sign of life."""
    asyncio.run(_Watching(station)._told(HALTED))
    ((_, kind, *case),) = patient.incidents
    assert (kind, *case) == ("card_conflict", "permits", "X-1", "version 3 is another")
    assert station.threads
    assert threading.get_ident() not in {*patient.threads, *station.threads}


def test_an_incident_that_is_not_stored_is_not_told_as_done(
    station: Silenced, patient: Patient
) -> None:
    """What follows from the parcel is kept after that: so the next worker comes to it again."""
    patient.stopping = True
    with pytest.raises(Stopping):
        asyncio.run(_Watching(station)._told(HALTED))
    assert station.threads == []


def test_each_parcel_is_timed(station: Silenced, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is set aside."""
    monkeypatch.setattr(Sections, "take", lambda *_: None)
    assert _Watching(station)._sections.take(0, None) is None  # type: ignore[arg-type]
    text = station.telling.answer("/metrics").body.decode()
    assert "supervision_judge_seconds_count 1.0" in text
