"""What a role tells of itself: metrics for Prometheus, whether it lives, whether it is ready.

    telling = Telling("watch", instance_name())
    with listening(telling, given.told_host, given.told_port):
        telling.ready()
        while ...:
            telling.beat()                                  once a round, also when nothing came
            telling.reached("watch", position, head, stamp, now)

What the listener (listening.py) answers:
/metrics   Prometheus' text
/health    200 while the main loop has beaten within the last 30 seconds, else 503: start it anew
/ready     200 once the role does its work and no alarm makes it useless, else 503; JSON

Nothing here is personal: counts, positions and the texts of alarms, which callers make of ids.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from importlib.metadata import version
from threading import Lock
from typing import NamedTuple

import msgspec
from msgspec import Struct
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ..acts import CardIssued
from ..facts import Instant
from ..notices import (
    MessageAccepted,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageGivenUp,
    MessageIntended,
)
from ..record import HAS_CASE, NO_ID, OTHER_CONTENT, Outcome

ALIVE = 30.0
"""Seconds after a beat for which the main loop counts as alive."""
JUDGED = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Bounds of the histogram of judging a batch, seconds."""
SEVERITIES = ("reminder", "yellow", "red")
REASONS = {OTHER_CONTENT: "other_content", HAS_CASE: "has_case", NO_ID: "no_id"}
"""Why the record refuses a fact; at intake it may be `unreadable` before."""
UNREADABLE = "unreadable"
MESSAGES: dict[type[Struct], str] = {
    MessageIntended: "intended",
    MessageAccepted: "accepted",
    MessageDeferred: "deferred",
    MessageDelivered: "delivered",
    MessageFailed: "failed",
    MessageGivenUp: "given_up",
}
"""What may become of a message to people."""


class Reached(NamedTuple):
    """How far a follower had come: positions; the stamp of the log it had reached and the time of
    the log then, µs; and when it was told, seconds of the process's clock.
    """

    position: int
    head: int
    stamp: Instant
    now: Instant
    told: float

    @property
    def behind(self) -> int:
        """Events that it had not seen."""
        return max(self.head - self.position, 0)

    def late(self, clock: float) -> float | None:
        """Seconds that it is behind: what it was, and what has passed since; None if unknown."""
        if not self.stamp:
            return None
        return round(max(self.now - self.stamp, 0) / 1e6 + max(clock - self.told, 0.0), 3)


class FollowerTold(Struct, frozen=True, kw_only=True):
    """A follower, as /ready has it."""

    position: int
    lag_events: int
    lag_seconds: float | None


class ReadyTold(Struct, frozen=True, kw_only=True):
    """The body of /ready: the least position of the followers, the head of the log, the lag of the
    slowest in events; null before anything is known. `alarms` by code.
    """

    ready: bool
    role: str
    instance: str
    position: int | None
    head: int | None
    lag: int | None
    followers: dict[str, FollowerTold]
    alarms: dict[str, str]


class HealthTold(Struct, frozen=True, kw_only=True):
    """The body of /health."""

    alive: bool
    role: str
    instance: str
    seconds_since_beat: float


class Answer(NamedTuple):
    """Of the listener: status, type and bytes."""

    status: HTTPStatus
    kind: str
    body: bytes


class Telling:
    """What one process tells. Any thread may call any method; none of them blocks or fails."""

    def __init__(
        self, role: str, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` gives seconds that never go back; the process counts as alive from now on."""
        self.role = role
        self.instance = instance
        self.registry = CollectorRegistry(auto_describe=True)
        self._clock = clock
        self._lock = Lock()
        self._beaten = clock()
        self._ready = False
        self._alarms: dict[str, tuple[str, bool]] = {}
        self._followers: dict[str, Reached] = {}
        self._define()

    def _define(self) -> None:
        of = self.registry
        self._acts = Counter(
            "supervision_acts", "Acts written to the log", ["act", "severity"], registry=of
        )
        self._facts = Counter(
            "supervision_facts", "Facts by outcome", ["outcome", "reason"], registry=of
        )
        self._halted = Gauge("supervision_halted_cases", "Cases no longer judged", registry=of)
        self._watched = Gauge("supervision_watched_cases", "Cases under watch", registry=of)
        self._judge = Histogram(
            "supervision_judge_seconds",
            "Time to take in and judge a batch",
            buckets=JUDGED,
            registry=of,
        )
        self._published = Counter(
            "supervision_published_messages", "Messages acknowledged by Kafka", registry=of
        )
        self._messages = Counter(
            "supervision_messages", "Messages to people", ["channel", "outcome"], registry=of
        )
        self._elected = Gauge(
            "supervision_elected", "1 where this process is the elected one", ["role"], registry=of
        )
        self._rows = Counter(
            "supervision_rows", "Rows written to the warehouse", ["table"], registry=of
        )
        self._errors = Counter(
            "supervision_store_errors", "What servers and drivers reported", ["kind"], registry=of
        )
        build = Info("supervision_build", "Which program this is", registry=of)
        build.info({"version": version("supervision"), "role": self.role})
        of.register(_Followers(self))
        ProcessCollector(registry=of)
        PlatformCollector(registry=of)
        GCCollector(registry=of)
        for severity in SEVERITIES:
            self._acts.labels(CardIssued.__name__, severity)
        for state in ("stored", "had"):
            self._facts.labels(state, "")
        for reason in (*REASONS.values(), UNREADABLE):
            self._facts.labels("refused", reason)

    # What the role says.

    def beat(self) -> None:
        """The main loop is alive."""
        with self._lock:
            self._beaten = self._clock()

    def ready(self, *, is_ready: bool = True) -> None:
        """It does its work from now on; or no longer, as when it is told to stop."""
        with self._lock:
            self._ready = is_ready

    def alarm(self, code: str, text: str, *, useless: bool = True) -> bool:
        """Something is wrong until cleared: a stable code, and one line made of ids that says what
        to do. `useless`: the role cannot do its work meanwhile, so it is not ready. Whether it is
        news.
        """
        with self._lock:
            before = self._alarms.get(code)
            self._alarms[code] = (text, useless)
        return before is None or before[0] != text

    def clear(self, code: str) -> None:
        """It is no longer wrong."""
        with self._lock:
            self._alarms.pop(code, None)

    def reached(
        self, follower: str, position: int, head: int, stamp: Instant, now: Instant
    ) -> None:
        """How far a follower is. `stamp`: everything recorded up to it was seen, µs, 0 if unknown;
        `now`: the time of the log, µs. To be told each round, as lag grows while nothing is said.
        """
        told = Reached(position, head, stamp, now, self._clock())
        with self._lock:
            self._followers[follower] = told

    def left(self, follower: str) -> None:
        """It follows no more here: another process has its partition."""
        with self._lock:
            self._followers.pop(follower, None)

    def took(self, outcomes: Iterable[Outcome]) -> None:
        """What became of facts that came."""
        for (state, said), count in Tally((o.state, o.reason) for o in outcomes).items():
            reason = REASONS.get(said, "other") if state == "refused" else ""
            self._facts.labels(state, reason).inc(count)

    def unreadable(self, count: int = 1) -> None:
        """So many were refused before they were facts."""
        self._facts.labels("refused", UNREADABLE).inc(count)

    def acted(self, acts: Iterable[Struct]) -> None:
        """Acts that were written to the log; only an issued card says how severe it is."""
        told = Tally(
            (type(a).__name__, a.severity if isinstance(a, CardIssued) else "") for a in acts
        )
        for (act, severity), count in told.items():
            self._acts.labels(act, severity).inc(count)

    def watched(self, cases: int, halted: int) -> None:
        """How many cases are under watch, and how many are halted."""
        self._watched.set(cases)
        self._halted.set(halted)

    def judged(self, seconds: float) -> None:
        """A batch was taken in, judged, and its acts written, in so long."""
        self._judge.observe(seconds)

    def published(self, messages: int) -> None:
        """So many messages were acknowledged."""
        self._published.inc(messages)

    def messages(self, channel: str, event: Struct) -> None:
        """A message to somebody was intended, or this became of it."""
        self._messages.labels(channel, MESSAGES[type(event)]).inc()

    def elected(self, role: str, *, holds: bool) -> None:
        """Whether this process is the elected one of a role."""
        self._elected.labels(role).set(holds)

    def rows(self, table: str, count: int) -> None:
        """Rows that were written to a table."""
        self._rows.labels(table).inc(count)

    def failed(self, error: BaseException) -> None:
        """A server, a disk or a driver failed; counted by the error's class."""
        self._errors.labels(type(error).__name__).inc()

    # What is told.

    def health(self) -> tuple[HTTPStatus, HealthTold]:
        """Whether it lives."""
        with self._lock:
            since = max(self._clock() - self._beaten, 0.0)
        alive = since <= ALIVE
        told = HealthTold(
            alive=alive,
            role=self.role,
            instance=self.instance,
            seconds_since_beat=round(since, 3),
        )
        return HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE, told

    def readiness(self) -> tuple[HTTPStatus, ReadyTold]:
        """Whether it does its work, and how far it is."""
        clock, followers = self._clock(), self.followers()
        with self._lock:
            alarms = dict(self._alarms)
            is_ready = self._ready and not any(useless for _, useless in alarms.values())
        told = ReadyTold(
            ready=is_ready,
            role=self.role,
            instance=self.instance,
            position=min((each.position for each in followers.values()), default=None),
            head=max((each.head for each in followers.values()), default=None),
            lag=max((each.behind for each in followers.values()), default=None),
            followers={
                name: FollowerTold(
                    position=each.position,
                    lag_events=each.behind,
                    lag_seconds=each.late(clock),
                )
                for name, each in followers.items()
            },
            alarms={code: text for code, (text, _) in alarms.items()},
        )
        return HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE, told

    def followers(self) -> dict[str, Reached]:
        """How far each follower was when it last said so."""
        with self._lock:
            return dict(self._followers)

    def alarms(self) -> list[str]:
        """The codes of what is wrong."""
        with self._lock:
            return list(self._alarms)

    def lateness(self) -> dict[str, float]:
        """Seconds that each follower is behind, where that is known."""
        clock = self._clock()
        late = {name: each.late(clock) for name, each in self.followers().items()}
        return {name: seconds for name, seconds in late.items() if seconds is not None}

    def answer(self, path: str, accept: str = "") -> Answer:
        """The answer to a GET of a path; `accept` as its header says."""
        if path == "/metrics":
            encode, kind = choose_encoder(accept)
            return Answer(HTTPStatus.OK, kind, encode(self.registry))
        told: tuple[HTTPStatus, Struct | dict[str, str]]
        if path == "/health":
            told = self.health()
        elif path == "/ready":
            told = self.readiness()
        else:
            told = HTTPStatus.NOT_FOUND, {"error": "there are /metrics, /health and /ready"}
        return Answer(told[0], "application/json", msgspec.json.encode(told[1]) + b"\n")


class _Followers(Collector):
    """The followers' positions and lags, worked out when asked, so that one that hangs shows."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    def collect(self) -> Iterator[Metric]:
        """The families, those of no follower empty."""
        followers = self._telling.followers()
        position = GaugeMetricFamily(
            "supervision_position", "Last position that was followed", labels=["follower"]
        )
        behind = GaugeMetricFamily(
            "supervision_lag_events", "Events of the log not followed yet", labels=["follower"]
        )
        seconds = GaugeMetricFamily(
            "supervision_lag_seconds", "Age of what was followed last", labels=["follower"]
        )
        for name, each in followers.items():
            position.add_metric([name], each.position)
            behind.add_metric([name], each.behind)
        for name, late in self._telling.lateness().items():
            seconds.add_metric([name], late)
        head = GaugeMetricFamily("supervision_head", "Last position of the log, as known here")
        if followers:
            head.add_metric([], max(each.head for each in followers.values()))
        alarm = GaugeMetricFamily("supervision_alarm", "1 for what is wrong", labels=["code"])
        for code in self._telling.alarms():
            alarm.add_metric([code], 1)
        yield from (position, head, behind, seconds, alarm)
