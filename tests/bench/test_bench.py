"""Every part of the bench runs: on small numbers, whose values mean nothing."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

import pytest

from tests.bench import (
    alerts,
    append,
    cluster,
    gate,
    history,
    judging,
    live,
    replaying,
    verifying,
    warehouse,
)
from tests.golden.test_city_digest import WEEK


def told(lines: Iterable[tuple[Any, Any, Any, float]]) -> list[str]:
    """What was measured; each with a ratio."""
    found = list(lines)
    for what, _, _, ratio in found:
        assert isfinite(ratio), what
        assert ratio > 0, what
    return [what for what, *_ in found]


def test_judging(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline, a replay, a heartbeat, a case's memory."""
    monkeypatch.setattr(judging, "ROUNDS", 1)
    parts = [
        *judging.one_deadline(),
        *judging.replay(cases=2),
        *judging.heartbeat(many=40, few=20, crossing=10),
        *judging.memory(cases=2_000),
    ]
    assert len(told(parts)) == 5


def test_verifying() -> None:
    """A log that is proved, against its bounds, and the tables beside it."""
    assert 3 == len(told(verifying.run(events=3_000)))


def test_replaying(monkeypatch: pytest.MonkeyPatch) -> None:
    """A course from the store by one and by more processes, in memory; a city; both profiles."""
    for name, value in (("ROUNDS", 1), ("CASES", 20), ("CITY", WEEK)):
        monkeypatch.setattr(replaying, name, value)
    names = told(replaying.run())
    assert sum("from the store" in name for name in names) == 2
    assert any("decoding alone" in name for name in names)
    assert any(name == "a city:   violations" for name in names)


@pytest.mark.cluster
def test_append(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite and PostgreSQL, without texts and with them."""
    monkeypatch.setattr(append, "CASES", 100)
    monkeypatch.setattr(append, "ROUNDS", 1)
    names = told(append.run())
    assert any("PostgreSQL" in name for name in names)
    assert any("with texts" in name for name in names)


def test_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of somebody known and of somebody looked up, and a push of the wall."""
    monkeypatch.setattr(gate, "REQUESTS", 10)
    monkeypatch.setattr(gate, "PUSHES", 3)
    assert len(told(gate.run())) == 3


def test_alerts() -> None:
    """From a limit that passes to a message that a mail server has."""
    names = told(alerts.run(cases=40, crossings=4))
    assert len(names) == 4


@pytest.mark.cluster
def test_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query of the wall, in the process and on a server."""
    for name, value in (("REPEATS", 2), ("LIST_REPEATS", 2), ("LIVE_BATCHES", 2)):
        monkeypatch.setattr(warehouse, name, value)
    names = told(warehouse.run(20_000))
    assert sum(name.startswith("server of") for name in names) == len(names) / 2


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker and two, latency, a burst, recovery."""
    monkeypatch.setattr(cluster, "BURST", 1_400)
    monkeypatch.setattr(cluster, "SECONDS", 2)
    assert len(told(cluster.run(200))) == 10


@pytest.mark.browser
def test_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crossings and arrivals, in a browser."""
    monkeypatch.setattr(live, "COUNT", 2)
    assert told(live.run())


@pytest.mark.browser
def test_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case's two lines, its page, in a browser, a step."""
    monkeypatch.setattr(history, "EVENTS", 40)
    monkeypatch.setattr(history, "ROUNDS", 1)
    assert len(told(history.run())) == 6
