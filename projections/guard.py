"""Whether Kafka brings a Faust app what it should: looked at once a second.

Faust itself waits in silence: where Kafka does not answer, where a topic is gone, where it was made
anew, so that its offsets begin again below those that were read, and where it lost in a rebalance
what it had fetched of a table's changes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import faust
from faust.types import TP

from supervision.errors import SupervisionError

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks."""
SILENCE = 10
"""Looks in which nothing came, after which that is told: heartbeats come all the time."""
STUCK = 20
"""Looks in which the tables that are read back got nothing, after which the app ends."""
GONE = 3
"""Looks in which a topic was missing, after which the app ends."""

Silent = Callable[[bool], Awaitable[None]]
"""Hears at each look whether nothing comes."""


class TopicGone(SupervisionError):
    """A topic that the app follows is not there any more."""

    retry = True

    def __init__(self, topic: str) -> None:
        super().__init__(f"Kafka has no topic {topic} any more; it is made anew")


class ReadingBackStuck(SupervisionError):
    """The kept states do not come."""

    retry = True

    def __init__(self) -> None:
        super().__init__(
            f"Kafka has brought nothing of the kept states for {STUCK} s; they are asked for anew"
        )


class Guard:
    """Looks after one topic of an app, and after the topics of its tables.

    A topic that is gone crashes the app with TopicGone: made anew, it makes the topic. One that
    was made anew is read from its beginning, what it lacks from the log. Tables that are not read
    back crash the app too, with ReadingBackStuck.
    """

    def __init__(self, app: faust.App, topic: str, silent: Silent) -> None:
        self._app = app
        self._topic = topic
        self._silent = silent
        self._heard = self._before = self._quiet = self._gone = 0
        self._working = False
        self._stuck = 0
        self._reached: dict[TP, int] = {}
        app.task(self._run)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Something came, and is being worked on."""
        self._heard += 1
        self._working = True
        try:
            yield
        finally:
            self._working = False

    async def _run(self) -> None:
        while not self._app.should_stop:
            await self.look()
            await self._app.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """One look; TopicGone, ReadingBackStuck."""
        consumer: Any = self._app.consumer
        self._look_for_topics(consumer)
        self._look_at_tables()
        given = consumer.assignment()
        for place in given:
            if place.topic == self._topic:
                self._follow_anew(consumer, place)
        await self._listen(anything=any(place.topic == self._topic for place in given))

    def _look_for_topics(self, consumer: Any) -> None:
        """Faust itself knows them only in the one worker that deals the partitions."""
        known = consumer._thread._consumer.partitions_for_topic
        topics = (self._topic, *self._app.tables.changelog_topics)
        gone = [topic for topic in topics if not known(topic)]
        self._gone = self._gone + 1 if gone else 0
        if self._gone >= GONE:
            raise TopicGone(gone[0])

    def _look_at_tables(self) -> None:
        tables: Any = self._app.tables
        before, self._reached = self._reached, dict(tables.recovery.active_offsets)
        still = self._app.in_recovery and self._reached == before
        self._stuck = self._stuck + 1 if still else 0
        if self._stuck >= STUCK:
            raise ReadingBackStuck

    def _follow_anew(self, consumer: Any, place: TP) -> None:
        """Faust drops what stands below the offset that it read last."""
        read, end = consumer._read_offset[place], None
        with suppress(AssertionError):  # it was given to another worker since
            end = consumer.highwater(place)
        if read is None or end is None or read <= end:
            return
        where = {"topic": place.topic, "partition": place.partition, "read": read, "end": end}
        log.warning("a topic was made anew: what it lacks is read from the log", extra=where)
        for kept in ("_gap", "_acked", "_acked_index", "_read_offset", "_committed_offset"):
            getattr(consumer, kept).pop(place, None)

    async def _listen(self, *, anything: bool) -> None:
        due = anything and not self._working and not self._app.in_recovery
        self._quiet = self._quiet + 1 if due and self._heard == self._before else 0
        self._before = self._heard
        await self._silent(self._quiet >= SILENCE)
