"""What the guard of a Faust app notices that Faust waits for in silence, and what is then done."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.exceptions import ConsistencyError
from faust.types import TP

from projections.guard import GONE, SILENCE, STUCK, Guard, ReadingBackStuck, TopicGone
from projections.stream import run

CASES = TP("city.cases", 0)
KEPT = TP("city-watch-states-changelog", 0)


class Consumer:
    """What the guard asks of Faust's."""

    def __init__(self) -> None:
        self.given = {CASES, KEPT}
        self.topics: dict[str, set[int] | None] = {CASES.topic: {0, 1}, KEPT.topic: {0, 1}}
        self._thread = SimpleNamespace(_consumer=self)
        self.ends = {CASES: 8, KEPT: 1}
        self._read_offset: dict[TP, int | None] = defaultdict(lambda: None)
        self._committed_offset: dict[TP, int | None] = {}
        self._gap: dict[TP, Any] = {}
        self._acked: dict[TP, Any] = {}
        self._acked_index: dict[TP, Any] = {}

    def assignment(self) -> set[TP]:
        return self.given

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return self.topics.get(topic)

    def highwater(self, place: TP) -> int | None:
        return self.ends.get(place)


class App:
    """What the guard and `run` ask of Faust's."""

    def __init__(self, folder: Path = Path()) -> None:
        self.consumer = Consumer()
        self.recovery = SimpleNamespace(active_offsets={KEPT: 3})
        self.tables = SimpleNamespace(changelog_topics={KEPT.topic}, recovery=self.recovery)
        self.in_recovery = False
        self.conf = SimpleNamespace(tabledir=folder)
        self.crash_reason: BaseException | None = None
        self.stopped = asyncio.Event()

    def task(self, fun: object) -> None:
        """Faust would run it."""

    async def start(self) -> None:
        """It crashes at once, if it is to."""
        if self.crash_reason:
            self.stopped.set()

    async def wait_until_stopped(self) -> None:
        await self.stopped.wait()

    async def stop(self) -> None:
        self.stopped.set()


class Watched:
    """A guard of an app, and what it said."""

    def __init__(self) -> None:
        self.app = App()
        self.said: list[bool] = []
        self.guard = Guard(self.app, CASES.topic, self._hear)  # type: ignore[arg-type]

    async def _hear(self, silent: bool) -> None:
        self.said.append(silent)

    def look(self, times: int = 1) -> None:
        """So many times."""
        for _ in range(times):
            asyncio.run(self.guard.look())


@pytest.fixture
def watched() -> Watched:
    return Watched()


class TestSilence:
    """Nothing comes, where heartbeats should."""

    def test_it_is_told_after_some_looks_until_something_comes(self, watched: Watched) -> None:
        """The first look counts too."""
        watched.look(SILENCE + 1)
        with watched.guard.working():
            pass
        watched.look()
        assert watched.said == [False] * (SILENCE - 1) + [True, True, False]

    def test_who_works_is_not_left_in_silence(self, watched: Watched) -> None:
        """A parcel that takes minutes is no fault of Kafka's."""
        with watched.guard.working():
            watched.look(2 * SILENCE)
        assert True not in watched.said

    @pytest.mark.parametrize("why", ["no partition", "recovery"])
    def test_who_awaits_nothing_is_not_left_in_silence(self, watched: Watched, why: str) -> None:
        """Another worker has all partitions; or the table is read back first."""
        if why == "recovery":
            watched.app.in_recovery = True
        else:
            watched.app.consumer.given = {KEPT}
        watched.look(SILENCE + 2)
        assert True not in watched.said


class TestTables:
    """What was kept of them is read back after partitions were dealt."""

    def test_where_nothing_of_it_comes_the_app_ends(self, watched: Watched) -> None:
        """Made anew, it asks for it again."""
        watched.app.in_recovery = True
        watched.look(STUCK)
        with pytest.raises(ReadingBackStuck):
            watched.look()

    @pytest.mark.parametrize("why", ["it comes", "it has come"])
    def test_where_it_comes_the_app_goes_on(self, watched: Watched, why: str) -> None:
        """However slowly; and nobody waits for it afterwards."""
        for _ in range(3):
            watched.app.in_recovery = True
            watched.look(STUCK - 1)
            if why == "it comes":
                watched.app.recovery.active_offsets[KEPT] += 1
            else:
                watched.app.in_recovery = False
            watched.look()
        assert watched.said


class TestTopics:
    """Topics that somebody deleted."""

    @pytest.mark.parametrize("topic", [CASES.topic, KEPT.topic])
    @pytest.mark.parametrize("known", [None, set()])
    def test_one_that_is_gone_ends_the_app(
        self, watched: Watched, topic: str, known: set[int] | None
    ) -> None:
        """Its own and a table's; named in the error."""
        watched.app.consumer.topics[topic] = known
        watched.look(GONE - 1)
        with pytest.raises(TopicGone, match=topic):
            watched.look()

    def test_one_that_is_missing_for_a_moment_does_not(self, watched: Watched) -> None:
        """As when a broker has just begun."""
        topics = dict(watched.app.consumer.topics)
        for _ in range(GONE):
            watched.app.consumer.topics = {}
            watched.look(GONE - 1)
            watched.app.consumer.topics = topics
            watched.look()
        assert watched.said

    def test_one_that_was_made_anew_is_read_from_its_beginning(
        self, watched: Watched, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Faust forgets what it read and committed there, and nowhere else."""
        consumer = watched.app.consumer
        consumer._read_offset.update({CASES: 9, KEPT: 9})
        consumer._committed_offset.update({CASES: 9, KEPT: 9})
        watched.look()
        assert (consumer._read_offset[CASES], consumer._read_offset[KEPT]) == (None, 9)
        assert consumer._committed_offset == {KEPT: 9}
        assert "made anew" in caplog.text

    @pytest.mark.parametrize("read", [None, 7, 8])
    def test_one_that_is_read_to_its_end_stays_so(
        self, watched: Watched, read: int | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The last that was read stands below the end, or is what comes next."""
        watched.app.consumer._read_offset[CASES] = read
        watched.look()
        assert watched.app.consumer._read_offset[CASES] == read
        assert caplog.text == ""


class TestRun:
    """How an app ends."""

    def test_what_was_kept_beyond_what_kafka_has_is_removed_and_nothing_else(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Kafka was emptied: one line, no error, and the lock of the folder stays."""
        tables = tmp_path / "v1" / "tables"
        (tables / "states-0.db").mkdir(parents=True)
        (tmp_path / "lock").touch()
        app = App(tables)
        app.crash_reason = ConsistencyError("1 > -1")
        with caplog.at_level(logging.WARNING):
            asyncio.run(run(lambda: app, asyncio.Event()))  # type: ignore[arg-type,return-value]
        assert not tables.exists()
        assert (tmp_path / "lock").exists()
        assert len(caplog.records) == 1
        assert "made anew from the log" in caplog.text

    def test_what_it_crashed_of_is_raised(self, tmp_path: Path) -> None:
        """And what was kept stays."""
        app = App(tmp_path)
        app.crash_reason = TopicGone("x")
        with pytest.raises(TopicGone):
            asyncio.run(run(lambda: app, asyncio.Event()))  # type: ignore[arg-type,return-value]
        assert tmp_path.exists()

    def test_it_ends_when_told_to_even_while_it_starts(self) -> None:
        """Kafka may not answer."""

        class Waiting(App):
            async def start(self) -> None:
                await asyncio.Event().wait()

        async def ended() -> App:
            app, stop = Waiting(), asyncio.Event()
            stop.set()
            await run(lambda: app, stop)  # type: ignore[arg-type,return-value]
            return app

        assert asyncio.run(ended()).stopped.is_set()
