"""What the leading publisher asks of the log while nothing is recorded."""

from __future__ import annotations

import asyncio
from threading import Event
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import MagicMock

from supervision.runners.cluster.publish import _Publishing

HEAD = 7


class Log:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.heads = self.beats = 0

    def head(self) -> int:
        self.heads += 1
        return HEAD

    def heartbeat(self) -> tuple[int, int]:
        self.beats += 1
        return self.beats, HEAD


class Sent:
    """A publisher that is where the log ends."""

    position = HEAD

    def __init__(self) -> None:
        self.stamps: list[int] = []

    async def publish(self, head: int) -> int:
        return 0

    async def beat(self, stamp: int) -> None:
        self.stamps.append(stamp)

    def take_count(self) -> int:
        return 0


class Waiting:
    """A follower that finds something new, or not, as it is told; then the role is to end."""

    position = 0

    def __init__(self, finds: list[bool], asked: asyncio.Event) -> None:
        self._finds = iter(finds)
        self._asked = asked

    def wait(self, timeout: float, stop: Event) -> bool:
        found = next(self._finds, None)
        if found is None:
            self._asked.set()
        return bool(found)


def led(finds: list[bool]) -> tuple[Log, Sent]:
    """A publisher that led for as many rounds, and one more."""
    log, sent = Log(), Sent()
    station = SimpleNamespace(
        record=log, heartbeat=0.0, brokers=None, telling=MagicMock(), tell=MagicMock(),
        on_stop=MagicMock(),
    )  # fmt: skip

    async def lead() -> None:
        asked = asyncio.Event()
        publishing = _Publishing(cast(Any, station))
        follower: Any = Waiting(finds, asked)
        await publishing._publish(cast(Any, sent), follower, MagicMock(), asked)

    asyncio.run(lead())
    return log, sent


def test_an_idle_publisher_asks_for_the_head_by_its_heartbeat_alone() -> None:
    """Which tells it as well: once at the beginning, and then where something is new."""
    log, sent = led([False] * 5)
    assert log.heads == 1
    assert log.beats == 6
    assert sent.stamps == [1, 2, 3, 4, 5, 6]


def test_what_is_new_is_looked_for_at_once() -> None:
    """Each time that the follower says so."""
    log, _ = led([True, False, True])
    assert log.heads == 3
