"""A line of a case walked from its first event to an instant: what holds after each step of it.

The case is folded once; at each step its clocks are judged by the functions that run live. Between
two steps there is a moment for each limit that time alone passes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from supervision.acts import CardAct, CardIssued, DeskAct
from supervision.facts import Instant, Known
from supervision.judgement.assess import near
from supervision.judgement.calendar import HOUR
from supervision.judgement.cards import NO_CARDS, Card, Cards, with_act, with_answer
from supervision.judgement.case import NOTHING, Case, case_of, with_fact
from supervision.judgement.clocks import Running, run_clocks
from supervision.judgement.explain import COUNTED, MAKEUP, days_of
from supervision.judgement.shelf import Lists
from supervision.judgement.terms import Clock
from supervision.lists import Rule
from supervision.why import CLOCKS, limit_words

from .history import CardDrawn
from .lines import ClockAt, Crossing, Moment
from .telling import LONGEST, card_drawn, clock_state, light_of, status_of, time_text

MINUTE = HOUR // 60
PASSED_AT_ONCE = 64
"""Moments between two steps at most: limits that time alone passes before something happens."""
STEPS = 600
"""Instants of a line that have a moment of their own at most."""


class Step(NamedTuple):
    """Something that becomes known or done at an instant; `entry` is its place among the entries.

    `event` None: an entry that is only shown, such as a list.
    """

    at: Instant
    entry: int
    event: Known | CardAct | DeskAct | None


class Seen(NamedTuple):
    """The cards of a case as a moment shows them: the gravest that stands, and all their places."""

    light: str
    cards: tuple[int, ...]


class Folding:
    """A case as far as its steps were taken."""

    __slots__ = ("_case", "cards", "facts", "issued", "seen")

    def __init__(self) -> None:
        self.facts: list[Known] = []
        self._case: Case | None = NOTHING
        self.cards: Cards = NO_CARDS
        self.issued: dict[str, CardIssued] = {}
        self.seen: Seen | None = None
        """Its cards as they are shown; None: not yet, since an act or an answer was taken."""

    def take(self, step: Step) -> None:
        """One step more. Total: what means nothing changes nothing."""
        match step.event:
            case Known() as fact:
                self.facts.append(fact)
                self._case = self._case and with_fact(self._case, fact)
            case CardAct() as act:
                self.cards, self.seen = with_act(self.cards, act), None
                if isinstance(act, CardIssued):
                    self.issued[act.card] = act
            case DeskAct() as answer if self.facts:
                self.cards, self.seen = with_answer(self.cards, answer, step.at), None

    @property
    def case(self) -> Case:
        """The case as its facts tell it."""
        if self._case is None:
            self._case = case_of(self.facts)
        return self._case


class Pools:
    """The states of clocks and cards that moments point at, each kept once for both lines."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.clocks: list[ClockAt] = []
        self.cards: list[CardDrawn] = []
        self._clocks: dict[tuple[object, ...], int] = {}
        self._cards: dict[CardDrawn, int] = {}
        self._drawn: dict[tuple[int, int], tuple[Card, CardIssued, int]] = {}
        self._counted: dict[tuple[object, ...], tuple[Instant, ...]] = {}
        self._crossings: dict[tuple[Instant, str, str, str, bool], Crossing] = {}

    def clock(self, clock: Clock, at: Instant) -> int:
        """The place of a clock as it stands at an instant."""
        state = clock_state(clock, at)
        frozen = at if state == "paused" else clock.stopped or 0
        key = (
            clock.kind,
            clock.subject,
            state,
            clock.started,
            frozen,
            clock.limit,
            clock.end,
            clock.crosses_at,
            clock.extension,
        )
        place = self._clocks.get(key)
        if place is None:
            place = self._clocks[key] = len(self.clocks)
            self.clocks.append(self._clock(clock, state, frozen))
        return place

    def _clock(self, clock: Clock, state: str, frozen: Instant) -> ClockAt:
        zh, en = CLOCKS.get(clock.kind, (clock.kind, clock.kind))
        hours = clock.limit.unit in ("wh", "sd")
        counted = () if hours else self._days(clock)
        calendar, end = clock.terms.calendar, clock.end
        late = calendar.start_of(end.day + 1)
        if hours:
            total = calendar.hours_between(clock.started, end.ends_at) // MINUTE
        else:
            total = sum(day < late for day in counted)
        return ClockAt(
            kind=clock.kind,
            zh=zh,
            en=en,
            subject=subject_of(clock),
            state=state,
            started=time_text(clock.started, self.zone),
            stopped=time_text(clock.stopped, self.zone) if clock.stopped else "",
            limit=" / ".join(dict.fromkeys(limit_words(str(clock.limit)))),
            deadline=date.fromordinal(end.day).isoformat(),
            crosses=time_text(clock.crosses_at, self.zone) if clock.crosses_at else "",
            provisional=end.provisional,
            law=clock.law,
            unit="minute" if hours else "day" if counted else "",
            total=total,
            counted=counted,
            until=frozen,
        )

    def _days(self, clock: Clock) -> tuple[Instant, ...]:
        """Where its counted days begin; none for a clock too long to be drawn."""
        calendar = clock.terms.calendar
        first = calendar.day_of(clock.started)
        if clock.end.day - first > LONGEST:
            return ()
        key = (calendar, clock.started, clock.limit, clock.end)
        counted = self._counted.get(key)
        if counted is None:
            days = days_of(clock, clock.end.day + OVER)
            counted = tuple(calendar.start_of(d.day) for d in days if d.kind in (COUNTED, MAKEUP))
            self._counted[key] = counted
        return counted

    def card(self, card: Card, act: CardIssued, lists: Lists, case: Case) -> int:
        """The place of a card as it stands."""
        known = self._drawn.get((id(card), id(act)))
        if known is None:
            drawn = card_drawn(card, act, lists, case, self.zone)
            place = self._cards.get(drawn)
            if place is None:
                place = self._cards[drawn] = len(self.cards)
                self.cards.append(drawn)
            known = self._drawn[id(card), id(act)] = (card, act, place)
        return known[2]

    def seen(self, folding: Folding, lists: Lists, case: Case) -> Seen:
        """The cards of a case, in order of issue."""
        cards = sorted(folding.cards.values(), key=lambda card: (card.issued_at, card.card))
        issued = [
            (card, folding.issued[card.card]) for card in cards if card.card in folding.issued
        ]
        places = tuple(self.card(card, act, lists, case) for card, act in issued)
        return Seen(light_of(folding.cards), places)

    def crossing(self, at: Instant, clock: Clock, rule: Rule | None) -> Crossing:
        """A limit that time alone passes, or the warning of a rule before it."""
        severity, past = rule.severity if rule else "", rule is None or not rule.left
        key = (at, clock.kind, subject_of(clock), severity, past)
        made = self._crossings.get(key)
        if made is None:
            made = self._crossings[key] = _crossing(*key, self.zone)
        return made


OVER = 62
"""Days after a deadline of which it is still told how many are over."""


def subject_of(clock: Clock) -> str:
    """Whose limit it is beside the case's, such as a step's name."""
    subject = clock.step.name or clock.step.code if clock.step else clock.subject
    return "" if subject == "extended" else subject


def used_of(clock: Clock, told: ClockAt, at: Instant) -> int:
    """What is used of a clock at an instant, in the unit of what is told of it."""
    until = min(at, told.until) if told.until else at
    if told.unit == "minute":
        return clock.terms.calendar.hours_between(clock.started, until) // MINUTE
    return bisect_right(told.counted, until)


class Line(NamedTuple):
    """What a line is walked with: its steps in order, the lists known at an instant."""

    steps: Sequence[Step]
    lists: Callable[[Case, Instant], Lists]


def walk(line: Line, pools: Pools, until: Instant) -> tuple[list[Moment], int]:
    """The moments of a line up to and including an instant, and how many instants were joined.

    The last moment is that of `until` itself.
    """
    due = (step for step in line.steps if step.at <= until)
    instants = [list(same) for _, same in groupby(due, key=attrgetter("at"))]
    grouped = list(_joined(instants))
    folding = Folding()
    moments: list[Moment] = []
    for n, steps in enumerate(grouped):
        at = steps[-1].at
        for step in steps:
            folding.take(step)
        following = grouped[n + 1][-1].at if n + 1 < len(grouped) else until + 1
        if folding.facts:
            shown = tuple(step.entry for step in steps)
            moments += _until_next(folding, line, pools, at, shown, following)
    if moments and moments[-1].at < until:
        moments.append(_moment(folding, line, pools, until, (), ())[0])
    return moments, len(instants) - len(grouped)


def _joined(instants: Sequence[list[Step]]) -> Iterator[list[Step]]:
    """So many instants as have a moment; of more, neighbours together."""
    together = -(-len(instants) // STEPS)
    for first in range(0, len(instants), max(together, 1)):
        yield [step for steps in instants[first : first + together] for step in steps]


def _until_next(
    folding: Folding,
    line: Line,
    pools: Pools,
    at: Instant,
    shown: tuple[int, ...],
    following: Instant,
) -> Iterator[Moment]:
    """The moment of a step, and those that time alone brings before the one that follows."""
    moment, ahead = _moment(folding, line, pools, at, shown, ())
    yield moment
    for _ in range(PASSED_AT_ONCE):
        passed = min(ahead, default=following)
        if passed >= following:
            return
        crossed = tuple(pools.crossing(passed, *over) for over in ahead[passed])
        moment, ahead = _moment(folding, line, pools, passed, (), crossed)
        yield moment


Ahead = dict[Instant, list[tuple[Clock, Rule | None]]]
"""What time alone passes later, by instant: clocks, with the rule on it if there is one; nothing
where only a fact comes true.
"""


def _moment(
    folding: Folding,
    line: Line,
    pools: Pools,
    at: Instant,
    shown: tuple[int, ...],
    crossed: tuple[Crossing, ...],
) -> tuple[Moment, Ahead]:
    case = folding.case
    lists = line.lists(case, at)
    running = run_clocks(case, lists, at)
    ahead = _ahead(case, running, at)
    status = status_of(case, running, at)
    clocks = []
    for clock in running.clocks:
        place = pools.clock(clock, at)
        clocks.append((place, used_of(clock, pools.clocks[place], at)))
    seen = folding.seen = folding.seen or pools.seen(folding, lists, case)
    soonest = min((when for when, over in ahead.items() if over), default=None)
    following = None if soonest is None else pools.crossing(soonest, *ahead[soonest][0])
    moment = Moment(
        at=at,
        text=time_text(at, pools.zone),
        shown=shown,
        crossed=crossed,
        status_zh=status[0],
        status_en=status[1],
        light=seen.light,
        clocks=tuple(clocks),
        cards=seen.cards,
        next=following,
    )
    return moment, ahead


def _ahead(case: Case, running: Running, at: Instant) -> Ahead:
    """What time alone passes after an instant, by what is known at it."""
    ahead: Ahead = {}
    if case.facts and case.facts[-1].at > at:
        ahead = {known.at: [] for known in case.facts if known.at > at}
    for clock in running.clocks:
        for when, rule in crossings_of(clock):
            if when > at:
                ahead.setdefault(when, []).append((clock, rule))
    return ahead


def crossings_of(clock: Clock) -> Iterator[tuple[Instant, Rule | None]]:
    """Where a clock crosses, unless it is stopped before: each warning of a rule, and its end."""
    over = False
    for rule in clock.terms.rules.get(clock.kind, ()):
        at = near(clock, rule) if rule.left else clock.crosses_at
        if at is not None and clock.reaches(at):
            over = over or not rule.left
            yield at, rule
    end = clock.crosses_at
    if not over and end is not None and clock.reaches(end):
        yield end, None


def _crossing(
    at: Instant, kind: str, subject: str, severity: str, past: bool, zone: ZoneInfo
) -> Crossing:
    zh, en = CLOCKS.get(kind, (kind, kind))
    if subject:
        zh, en = f"{zh} {subject}", f"{en} {subject}"
    return Crossing(at=at, text=time_text(at, zone), zh=zh, en=en, severity=severity, past=past)
