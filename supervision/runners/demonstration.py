"""The invented city, fed into a record: its past at the first start, then as its time goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from projections.watch import Watch

from ..acts import (
    AppealDecided,
    AppealReferred,
    CardAppealed,
    CardClosed,
    CardDisputed,
    CardExplained,
    CardIssued,
    CardTransferred,
    CardWithdrawn,
    DeskAct,
    DisputeVerified,
    ProposalDecided,
    RectificationReported,
    SupervisionOrdered,
    WithdrawalDecided,
)
from ..clock import SteppedClock
from ..demonstration.city import CASES_A_DAY, City
from ..demonstration.desks import answers_to
from ..demonstration.office import DAY, MINUTE, city_calendar
from ..demonstration.reporting import SOURCE
from ..errors import StreamConflict
from ..facts import Instant, instant
from ..judgement.calendar import SECOND, Calendar
from ..loop.stage import DEPARTMENT
from ..published import bundled
from ..publishing import publish_missing
from ..record import Append, Incoming, Record
from ..store.stored import Stored
from ..streams import desk_stream, parse
from .city_alerts import Telling
from .settings import PLAN

NOW = "2026-03-17T09:40:00+08:00"
"""When a new demonstration begins: a Tuesday morning, three weeks after Spring Festival, with the
rest of a year whose calendar is known before it (thirteen hours at 120 times real time)."""
SPEED, NIGHT_SPEED = 120, 3_600
"""How much faster than real time office hours and the other hours pass."""
BACKLOG = 15
"""Working days that the city has lived through when it is first seen."""
STEP = 20 * MINUTE
"""Of the backlog, in office hours: the facts of a step share their recorded_at."""
OPEN, CLOSED = 8 * 60 + 40, 18 * 60 + 30
"""Minutes after midnight between which the backlog goes in steps."""
BATCH = 1_000
"""Facts of one transaction."""
READ = 5_000
"""Events of one reading of the log."""
OVERLAP = 2 * DAY
"""Fed again after a restart: what the log has already it ignores."""
WORDS: dict[type[DeskAct], str] = {
    CardExplained: "演示：已核实，正在整改",
    CardAppealed: "演示：申请人补交材料期间不应计时",
    AppealReferred: "演示：涉及计时口径，报上级裁定",
    AppealDecided: "演示：已调阅办件材料",
    RectificationReported: "演示：已补正，并在科室内通报",
    SupervisionOrdered: "演示：整改不到位，请按期办结并反馈",
    CardClosed: "演示：说明属实，已无可整改",
    WithdrawalDecided: "演示：经查不应发牌",
    CardTransferred: "演示：移送有权机关处理",
    ProposalDecided: "演示：已查阅系统日志",
    DisputeVerified: "演示：已与原始凭证核对",
}
"""The reasons that are given, by act."""

Progress = Callable[[float], object]
"""Told the share of the backlog that is done, 0 to 1."""


class Plan(Struct, frozen=True, kw_only=True):
    """Which city: its seed, its first day, when it is first seen, how busy it is."""

    seed: int = 1
    first_day: date
    now: datetime
    cases_a_day: int = CASES_A_DAY

    def city(self) -> City:
        """The city of this plan."""
        return City(self.seed, self.first_day, self.cases_a_day)


def make_plan(
    seed: int = 1, days: int = BACKLOG, cases_a_day: int = CASES_A_DAY, now: str = NOW
) -> Plan:
    """A city with so many working days behind it."""
    calendar, moment = city_calendar(), datetime.fromisoformat(now)
    first = calendar.back(calendar.day_of(instant(moment)), days)
    return Plan(seed=seed, first_day=date.fromordinal(first), now=moment, cases_a_day=cases_a_day)


def kept_plan(home: Path, plan: Plan) -> Plan:
    """The home's plan if it has one, else this, which is its plan from now on."""
    path = home / PLAN
    if not path.exists():
        draft = path.with_name(f"{PLAN}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(plan))
        draft.replace(path)
    return msgspec.json.decode(path.read_bytes(), type=Plan)


class Demonstration:
    """Feeds the city's facts and the answers of its desks into a record, up to any instant.

    It keeps nothing: after a restart it finds in the log what it had fed and what is unanswered.
    Once somebody else answers a card for its department, or decides about it as a supervisor, the
    city's own desks leave that part to them.
    """

    def __init__(self, record: Record, city: City) -> None:
        self.record = record
        self.city = city
        self.fed = max(city.begins, record.last_stamp() - OVERLAP)
        self._position = 0
        self._due: dict[str, tuple[Instant, DeskAct]] = {}

    def feed(self, until: Instant) -> int:
        """Append all that is reported and answered up to an instant; how many facts were new.

        Errors of the record leave it where it was: the same call may be made again.
        """
        self._follow()
        facts = [incoming for _, incoming in self.city.facts_between(self.fed, until)]
        new = sum(self._append(facts[n : n + BATCH]) for n in range(0, len(facts), BATCH))
        self._answer(until)
        self.fed = max(self.fed, until)
        return new

    def _append(self, facts: Sequence[Incoming]) -> int:
        return sum(outcome.state == "stored" for outcome in self.record.append_facts(facts))

    def _follow(self) -> None:
        """Take up the cards that were issued, and leave what was answered or withdrawn."""
        while batch := self.record.read(self._position, READ):
            for stored in batch:
                self._hear(stored)
            self._position = batch[-1].position

    def _hear(self, stored: Stored) -> None:
        case = parse(stored.stream)
        if case is None or case.source != SOURCE or case.family not in ("cards", "desk"):
            return
        act = stored.event
        if isinstance(act, CardIssued | CardDisputed):
            answers = answers_to(act, self.city.seed, self.city.calendar)
            self._due.update((answer.id, (at, answer)) for at, answer in answers)
        elif isinstance(act, CardWithdrawn):
            self._leave(act.card, lambda _: True)
        elif isinstance(act, DeskAct) and self._due.pop(act.id, None) is None:
            side = type(act) in DEPARTMENT
            self._leave(act.card, lambda due: (type(due) in DEPARTMENT) == side)

    def _leave(self, card: str, which: Callable[[DeskAct], bool]) -> None:
        """These answers to a card are not given: it is withdrawn, or somebody does that part."""
        for name in [n for n, (_, due) in self._due.items() if due.card == card and which(due)]:
            del self._due[name]

    def _answer(self, until: Instant) -> None:
        """Append the answers that are due; a case whose desk somebody else uses waits a round."""
        due = sorted((at, name) for name, (at, _) in self._due.items() if at <= until)
        by_stream: dict[str, list[DeskAct]] = {}
        for _, name in due:
            act = self._due[name][1]
            by_stream.setdefault(desk_stream(act.source, act.case_no), []).append(act)
        if not by_stream:
            return
        sealed = self._sealed([act for acts in by_stream.values() for act in acts])
        appends = [
            Append(stream, self.record.version(stream), [sealed[act.id] for act in acts])
            for stream, acts in by_stream.items()
        ]
        try:
            self.record.append_many(appends)
        except StreamConflict:
            return

    def _sealed(self, acts: Sequence[DeskAct]) -> dict[str, DeskAct]:
        """By id, with their reasons in the vault: one commit for all."""
        given = [(act, {"reason": WORDS[type(act)]}) for act in acts if type(act) in WORDS]
        return {act.id: act for act in (*acts, *self.record.seal_many(given))}


def backfill(
    record: Record,
    clock: SteppedClock,
    city: City,
    until: Instant,
    progress: Progress = lambda share: None,
    telling: Telling | None = None,
) -> Watch:
    """Let the city live from its first day, or from where the log ends, up to an instant.

    `clock` is the record's. The lists are published first; facts, cards and answers are recorded
    as they come, in steps of STEP; by `telling` people are told of the cards, each in its time,
    without it nobody is. Gives the watch, which knows the whole log and may go on.
    """
    begins = max(city.begins, record.last_stamp())
    clock.set(begins)
    publish_missing(record, [*bundled(), *city.items, *city.posts()])
    feeder, watch = Demonstration(record, city), Watch(record.read_case)
    if telling:
        telling.begin()
    _judge(record, watch, begins)
    for at in steps(city.calendar, begins, until):
        if telling:
            telling.wait(at)
        clock.set(at)
        feeder.feed(at)
        _judge(record, watch, at)
        if telling:
            telling.tell()
        progress((at - city.begins) / max(1, until - city.begins))
    return watch


def steps(calendar: Calendar, since: Instant, until: Instant) -> Iterator[Instant]:
    """The instants of the backlog's steps: midnights, and often in the hours of working days."""
    for day in range(calendar.day_of(since), calendar.day_of(until) + 1):
        minutes = range(OPEN, CLOSED, STEP // MINUTE) if calendar.works(day) else (13 * 60,)
        for at in (SECOND, *(minute * MINUTE for minute in minutes), 21 * 60 * MINUTE):
            moment = calendar.start_of(day) + at
            if since < moment < until:
                yield moment
    yield until


def _judge(record: Record, watch: Watch, at: Instant) -> None:
    """The watch takes in what was recorded and time up to an instant, and writes its acts."""
    while batch := record.read(watch.position, READ):
        watch.take(batch)
    watch.tick(at)
    while watch.sweeping:
        watch.sweep()
    writings = watch.pending()
    if writings:
        record.append_many([Append(w.stream, w.expected, w.acts) for w in writings])
        watch.written(writings)
