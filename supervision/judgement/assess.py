"""Which cards are due on a case by what is known now, and when that may next change (domain: 6).

Declarative: it says what is due, not what was noticed; reconcile.py makes the standing cards agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..facts import Instant, instant
from ..lists import PolicyPublished, Rule
from .calendar import SECOND
from .cards import CLOSED, PROPOSED, RED, WITHDRAWN, YELLOW, Card, Cards, answer_windows
from .case import Case
from .clocks import Running, run_clocks
from .deadline import (
    Deadline,
    Limit,
    Pause,
    days_left_from,
    deadline,
    hours_left_from,
    listed_limit,
)
from .shelf import NEVER, Lists
from .terms import Clock, terms_of
from .violations import Found, Scene, data_errors, scene_of, violations

BREACHES = (YELLOW, RED)
SUPERVISORS = ("verify", "decide")
"""Answer clocks that bind the supervisor, not the department."""
UNANSWERED = (WITHDRAWN, PROPOSED)
"""Cards that nobody owes an answer."""
UNCOUNTED = "late_entry:"
"""Violations that do not make a third standing yellow."""


class Due(NamedTuple):
    """A card that is due from `crossed_at` on, to be issued from `ready_at` on."""

    rule: Rule
    subject: str
    crossed_at: Instant
    ready_at: Instant
    policy: PolicyPublished
    ended: bool = False
    provisional: bool = False
    proposed: bool = False
    rung: int = 0
    clock: Clock | None = None
    found: Found | None = None
    about: tuple[str, ...] = ()
    """The cards that make it due: the one not answered, or those that stand together."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects under which it may stand already: repeats of a violation join its card."""
        if self.found is None:
            return (self.subject,)
        return tuple(f"{self.found.kind}:{known.fact.id}" for known in self.found.facts)


class Assessment(NamedTuple):
    """What holds of a case now. `next` is the first later instant at which time changes it."""

    case: Case
    running: Running
    due: tuple[Due, ...]
    errors: tuple[Found, ...]
    next: Instant
    open: bool


def assess(case: Case, cards: Cards, lists: Lists, now: Instant) -> Assessment:
    """Judge a case: a pure function of what is known and of the time."""
    running = run_clocks(case, lists, now)
    if not case.facts:
        return Assessment(case, running, (), (), NEVER, False)
    scene = scene_of(case, lists, running, now)
    due = [*_of_clocks(case, running, now), *_of_violations(scene, cards)]
    due += [*_of_answers(case, cards, lists, now), *_of_standing(case, cards, lists)]
    return Assessment(
        case,
        running,
        tuple(due),
        tuple(data_errors(scene)),
        _next(case, running, due, now),
        _is_open(case, running, now) or (bool(case.item) and scene.item is None),
    )


def _of_clocks(case: Case, running: Running, now: Instant) -> Iterator[Due]:
    for clock in running.clocks:
        for rule in clock.terms.policy.rules:
            if rule.on == clock.kind:
                due = _of_clock(case, clock, rule, now)
                if due:
                    yield due
                if rule.left and clock.extension:
                    yield from _before_extension(case, clock, rule, now)


def _of_clock(case: Case, clock: Clock, rule: Rule, now: Instant) -> Due | None:
    """A rule applied to a clock: past its limit, or when so much of it is left."""
    crosses = near(clock, rule) if rule.left else clock.crosses_at
    if crosses is None or not clock.reaches(crosses):
        return None
    if clock.end.provisional and rule.severity in BREACHES:
        return None
    ended = bool(rule.left) and clock.stopped is not None and clock.stopped <= now
    return Due(
        rule,
        clock.subject,
        crosses,
        _ready(case, clock.terms.policy, crosses, clock.revealed_at),
        clock.terms.policy,
        ended=ended,
        provisional=clock.end.provisional,
        clock=clock,
    )


def _before_extension(case: Case, clock: Clock, rule: Rule, now: Instant) -> Iterator[Due]:
    """The warning of the deadline as it stood before an extension was right, and has ended."""
    cause = clock.causes[-1]
    then = clock._replace(
        subject="",
        extension=0,
        stopped=cause.at,
        causes=clock.causes[:-1],
        end=deadline(
            clock.terms.calendar,
            clock.started,
            clock.limit,
            mode=clock.terms.policy.mode,
            pauses=clock.pauses,
            stop=clock.stopped,
            now=now,
            includes_start=clock.terms.policy.pause_includes_start,
        ),
    )
    due = _of_clock(case, then, rule, now)
    if due:
        yield due


def near(clock: Clock, rule: Rule) -> Instant | None:
    """The instant at which exactly as much is left of a clock as the rule says; not before the
    clock counts. While an open pause without a cap runs, only what crossed before it began.
    """
    calendar, left = clock.terms.calendar, _left(clock.limit, rule)
    if left is None:
        return None
    if left.unit == "wh":
        at = hours_left_from(calendar, clock.end, left.n, clock.started)
    else:
        at = days_left_from(calendar, clock.end, left.n, clock.started)
    at = max(at, clock.not_before)
    return at if clock.crosses_at is not None or at <= _open_since(clock) else None


def _open_since(clock: Clock) -> Instant:
    """When the pause began in which nothing crosses."""
    open_pauses = (p.start for p in clock.pauses if p.creditable and p.end is None)
    return min(open_pauses, default=NEVER)


def _left(limit: Limit, rule: Rule) -> Limit | None:
    if limit.unit in ("sd", "wh"):
        return listed_limit(rule.left_hours)
    short = limit.unit in ("wd", "nd") and limit.n <= rule.short
    return listed_limit(rule.left_short) if short and rule.left_short else listed_limit(rule.left)


def _ready(case: Case, policy: PolicyPublished, crossed: Instant, revealed: Instant) -> Instant:
    """A crossing earlier than the fact that reveals it waits until the case has settled."""
    if crossed >= revealed:
        return crossed
    return max(crossed, case.last_known + policy.settle_seconds * SECOND)


def _of_violations(scene: Scene, cards: Cards) -> Iterator[Due]:
    upheld = {card.subject for card in cards.values() if card.upheld}
    for each in violations(scene):
        facts = tuple(k for k in each.facts if f"{each.kind}:{k.fact.id}" not in upheld)
        if not facts:
            continue
        found = (
            each if len(facts) == len(each.facts) else each._replace(facts=facts, at=facts[0].at)
        )
        policy = terms_of(scene.case, scene.lists, found.facts[0]).policy
        said = policy.classes.get(found.kind, "")
        for rule in policy.rules:
            if rule.on in (found.kind, f"class:{said[:1]}"):
                yield Due(
                    rule,
                    f"{found.kind}:{found.facts[0].fact.id}",
                    found.at,
                    _ready(scene.case, policy, found.at, found.facts[0].known_at),
                    policy,
                    proposed=said.endswith("person"),
                    found=found,
                )


def _of_answers(case: Case, cards: Cards, lists: Lists, now: Instant) -> Iterator[Due]:
    """Answer clocks of standing cards, the supervisors' included; none for history."""
    for card in cards.values():
        if card.severity not in BREACHES or card.state in UNANSWERED or card.history:
            continue
        policy = lists.policy(case.source, card.issued_at, card.issued_at)
        if card.rung >= len(policy.rungs) - 1:
            continue
        for kind, start, stop in answer_windows(card):
            end = _answer_end(policy, lists, kind, start)
            if end is None or end.ends_at > stop:
                continue
            rung = len(policy.rungs) - 1 if kind in SUPERVISORS else card.rung + 1
            for rule in policy.rules:
                if rule.on != kind or (end.provisional and rule.severity in BREACHES):
                    continue
                yield Due(
                    rule,
                    f"{card.card}:{start}",
                    end.ends_at,
                    end.ends_at,
                    policy,
                    ended=rule.severity not in BREACHES and stop <= now,
                    provisional=end.provisional,
                    rung=rung,
                    about=(card.card,),
                )


def _answer_end(
    policy: PolicyPublished, lists: Lists, kind: str, start: Instant
) -> Deadline | None:
    """Where an answer clock ends; outages of this system lengthen it."""
    limit = listed_limit(policy.answers.get(kind, ""))
    if limit is None:
        return None
    down = [Pause(instant(o.since), instant(o.until), None, kind="outage") for o in lists.outages]
    calendar = lists.calendar(policy.calendar, policy.zone)
    return deadline(calendar, start, limit, mode=policy.mode, pauses=down)


def _of_standing(case: Case, cards: Cards, lists: Lists) -> Iterator[Due]:
    """So many distinct yellow cards standing on one case at once."""
    yellows = sorted(
        (
            c
            for c in cards.values()
            if c.severity == YELLOW and c.state not in (WITHDRAWN, PROPOSED)
        ),
        key=lambda c: (c.issued_at, c.card),
    )
    counted = [c for c in yellows if not c.subject.startswith(UNCOUNTED) and c.rung == 0]
    if not counted:
        return
    policy = lists.policy(case.source, counted[0].issued_at, counted[0].issued_at)
    for rule in policy.rules:
        if rule.on != "standing" or rule.count < 1:
            continue
        for last in counted:
            standing = [c for c in counted if _stood(c, last.issued_at)]
            if len(standing) >= rule.count:
                about = tuple(c.card for c in standing)
                yield Due(rule, "", last.issued_at, last.issued_at, policy, about=about)
                break


def _stood(card: Card, at: Instant) -> bool:
    return card.issued_at <= at and not (card.state == CLOSED and card.verified_at <= at)


def _next(case: Case, running: Running, due: list[Due], now: Instant) -> Instant:
    """The first later instant at which what is due may change by time alone."""
    later = [at for d in due for at in (d.crossed_at, d.ready_at) if at > now]
    notices = (clock.crosses_at for clock in running.clocks if clock.kind == "notice")
    later += [at for at in notices if at is not None and at > now]
    later += [known.at for known in case.facts if known.at > now]
    return min(later, default=NEVER)


def _is_open(case: Case, running: Running, now: Instant) -> bool:
    """Not ended, or not wholly judged, or with a clock that still runs: then a new list may change
    its judgement.
    """
    ended = case.ended(0)
    if ended is None or ended.at > now or running.unjudged:
        return True
    return any(clock.stopped is None or clock.stopped > now for clock in running.clocks)
