"""Which cards are due on a case by what is known now, and when that may next change (domain: 6).

Declarative: it says what is due, not what was noticed; reconcile.py makes the standing cards agree.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from ..facts import Instant, Known, instant
from ..lists import PolicyPublished, Rule
from .calendar import SECOND
from .cards import (
    ASKED,
    BY_HAND,
    ENDED,
    PROPOSED,
    RED,
    WITHDRAWN,
    YELLOW,
    Card,
    Cards,
    Hand,
    answer_windows,
)
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
from .terms import Clock, terms_of, with_extension
from .violations import Found, Scene, data_errors, violations

BREACHES = (YELLOW, RED)
SUPERVISORS = ("verify", "decide")
"""Answer clocks that bind the supervisor, not the department."""
UNANSWERED = (WITHDRAWN, PROPOSED, ASKED)
"""Cards that nobody owes an answer."""
UNCOUNTED = "late_entry"
"""The violation that does not make a third standing yellow."""


UNLIKE: dict[str, Rule] = {
    severity: Rule(
        code=BY_HAND, on=BY_HAND, severity=severity, colour=colour, label_zh=zh, label_en=en
    )
    for severity, colour, zh, en in (
        (YELLOW, "#F0E442", "黄牌", "Yellow card"),
        (RED, "#D55E00", "红牌", "Red card"),
    )
}
"""Of a card by hand, under a policy that has no rule of its severity."""


class Due(Struct, frozen=True):
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
    hand: Hand | None = None
    """What a supervisor said who issued it by hand."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects under which it may stand already: repeats of a violation join its card."""
        if self.found is None:
            return (self.subject,)
        return tuple(f"{self.found.kind}:{known.fact.id}" for known in self.found.facts)


class Grounds(Struct, frozen=True):
    """What facts, lists and time imply at an instant, whatever cards there are."""

    scene: Scene
    due: tuple[Due, ...]
    """What clocks make due."""
    found: tuple[Found, ...]
    """The violations."""


class Assessment(Struct, frozen=True):
    """What holds of a case now. `next` is the first later instant at which time changes it."""

    scene: Scene
    due: tuple[Due, ...]
    next: Instant
    open: bool

    @property
    def case(self) -> Case:
        """The case as it was judged."""
        return self.scene.case

    @property
    def running(self) -> Running:
        """Its clocks."""
        return self.scene.running

    @property
    def errors(self) -> tuple[Found, ...]:
        """What the data get wrong; worked out when asked for."""
        return tuple(data_errors(self.scene)) if self.scene.case.facts else ()


def assess(case: Case, cards: Cards, lists: Lists, now: Instant) -> Assessment:
    """Judge a case: a pure function of what is known and of the time."""
    return assessed(grounds_of(case, lists, now), cards)


def grounds_of(case: Case, lists: Lists, now: Instant) -> Grounds:
    """What is due by the facts, the lists and the time alone."""
    scene = Scene(case, lists, run_clocks(case, lists, now), now)
    return Grounds(scene, tuple(_of_clocks(scene)), violations(scene))


def assessed(grounds: Grounds, cards: Cards) -> Assessment:
    """What is due beside the cards that were issued."""
    scene = grounds.scene
    if not scene.case.facts:
        return Assessment(scene, (), NEVER, False)
    due = [*grounds.due, *_of_violations(scene, grounds.found, cards)]
    if cards:
        due += [
            *_of_answers(scene, cards),
            *_of_standing(scene, cards),
            *_by_hand(scene, cards),
        ]
    return Assessment(scene, tuple(due), _next(scene, due), _is_open(scene))


def _of_clocks(scene: Scene) -> list[Due]:
    case, now = scene.case, scene.now
    found: list[Due] = []
    for clock in scene.running.clocks:
        until = NEVER if clock.stopped is None else clock.stopped
        for rule in clock.terms.rules.get(clock.kind, ()):
            crosses = near(clock, rule) if rule.left else clock.crosses_at
            if crosses is not None and crosses <= until:
                found += _of_clock(case, clock, rule, crosses, now)
            if clock.extension and rule.left:
                found += _before_extension(case, clock, rule, now)
    return found


def _of_clock(
    case: Case, clock: Clock, rule: Rule, crosses: Instant, now: Instant
) -> tuple[Due, ...]:
    """A rule applied to a clock that crossed: past its limit, or when so much of it is left."""
    provisional, policy = clock.end.provisional, clock.terms.policy
    if provisional and rule.severity in BREACHES:
        return ()
    ready = _ready(case, policy, crosses, clock.causes)
    ended = bool(rule.left) and clock.stopped is not None and clock.stopped <= now
    return (Due(rule, clock.subject, crosses, ready, policy, ended, provisional, clock=clock),)


def _before_extension(case: Case, clock: Clock, rule: Rule, now: Instant) -> tuple[Due, ...]:
    """The warning of the deadline as it stood before an extension was right, and has ended."""
    *earlier, cause = clock.causes
    then = with_extension(clock, 0, now, subject="", stopped=cause.at, causes=tuple(earlier))
    crosses = near(then, rule)
    if crosses is None or not then.reaches(crosses):
        return ()
    return _of_clock(case, then, rule, crosses, now)


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


def _ready(
    case: Case, policy: PolicyPublished, crossed: Instant, causes: tuple[Known, ...]
) -> Instant:
    """A crossing earlier than a fact that reveals it waits until the case has settled."""
    for cause in causes:
        if cause.known_at > crossed:
            return max(crossed, case.last_known + policy.settle_seconds * SECOND)
    return crossed


def _of_violations(scene: Scene, violated: tuple[Found, ...], cards: Cards) -> list[Due]:
    due: list[Due] = []
    for each in violated:
        found = _not_excused(each, cards)
        if found is None:
            continue
        policy = terms_of(scene.case, scene.lists, found.facts[0]).policy
        said = policy.classes.get(found.kind, "")
        ons = (found.kind, f"class:{said[:1]}")
        due += [
            Due(
                rule,
                f"{found.kind}:{found.facts[0].fact.id}",
                found.at,
                _ready(scene.case, policy, found.at, found.facts[:1]),
                policy,
                proposed=said.endswith("person"),
                found=found,
            )
            for rule in policy.rules
            if rule.on in ons
        ]
    return due


def _not_excused(found: Found, cards: Cards) -> Found | None:
    """What remains of a violation without what was decided never to have been due: the fact that
    named the card, and those known when it was issued. A later one gets a card of its own.
    """
    excused = [c for c in cards.values() if c.excused and _is_about(c, found.kind)]
    if not excused:
        return found
    facts = tuple(k for k in found.facts if not any(_covers(c, found.kind, k) for c in excused))
    return replace(found, facts=facts, at=facts[0].at) if facts else None


def _is_about(card: Card, kind: str) -> bool:
    return card.rule != BY_HAND and card.subject.startswith(f"{kind}:")


def _covers(card: Card, kind: str, fact: Known) -> bool:
    return fact.known_at <= card.issued_at or card.subject == f"{kind}:{fact.fact.id}"


def _of_answers(scene: Scene, cards: Cards) -> Iterator[Due]:
    """Answer clocks of standing cards, the supervisors' included; none for history."""
    lists = scene.lists
    for card in cards.values():
        if card.severity not in BREACHES or card.state in UNANSWERED or card.history:
            continue
        policy = lists.policy(scene.case.source, card.issued_at, card.issued_at)
        if card.rung >= len(policy.rungs) - 1:
            continue
        for kind, start, stop in answer_windows(card):
            end = answer_end(policy, lists, kind, start)
            if end is None or end.ends_at > stop:
                continue
            for rule in policy.rules:
                if rule.on != kind or (end.provisional and rule.severity in BREACHES):
                    continue
                yield Due(
                    rule,
                    f"{card.card}:{start}",
                    end.ends_at,
                    end.ends_at,
                    policy,
                    ended=rule.severity not in BREACHES and stop <= scene.now,
                    provisional=end.provisional,
                    rung=rung_after(card, kind, policy),
                    about=(card.card,),
                )


def rung_after(card: Card, kind: str, policy: PolicyPublished) -> int:
    """The rung of the card that follows a missed answer: the supervisors' own are for the highest,
    the department's for the next after that of the last order (domain: 7).
    """
    top = len(policy.rungs) - 1
    return top if kind in SUPERVISORS else min(card.rung + card.orders + 1, top)


def answer_end(policy: PolicyPublished, lists: Lists, kind: str, start: Instant) -> Deadline | None:
    """Where an answer clock ends; outages of this system lengthen it."""
    limit = listed_limit(policy.answers.get(kind, ""))
    if limit is None:
        return None
    down = [Pause(instant(o.since), instant(o.until), None, kind="outage") for o in lists.outages]
    calendar = lists.calendar(policy.calendar, policy.zone)
    return deadline(calendar, start, limit, mode=policy.mode, pauses=down)


def _of_standing(scene: Scene, cards: Cards) -> Iterator[Due]:
    """So many distinct yellow cards standing on one case at once."""
    yellows = sorted(
        (c for c in cards.values() if c.severity == YELLOW and c.state not in UNANSWERED),
        key=lambda c: (c.issued_at, c.card),
    )
    counted = [c for c in yellows if not _is_about(c, UNCOUNTED) and c.rung == 0]
    if not counted:
        return
    first = counted[0].issued_at
    policy = scene.lists.policy(scene.case.source, first, first)
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
    ended = card.state in ENDED and card.closed_at <= at
    return card.issued_at <= at and not ended


def _by_hand(scene: Scene, cards: Cards) -> Iterator[Due]:
    """What a supervisor issued by hand is due from then on, until a decision withdraws it; issued
    in the colour and the words that the policy has for the severity, if it has any.
    """
    for card in cards.values():
        if card.hand is None or card.state == WITHDRAWN:
            continue
        at = card.crossed_at
        policy = scene.lists.policy(scene.case.source, at, at)
        like = next((r for r in policy.rules if r.severity == card.severity), UNLIKE[card.severity])
        rule = Rule(
            code=BY_HAND,
            on=BY_HAND,
            severity=card.severity,
            colour=like.colour,
            label_zh=like.label_zh,
            label_en=like.label_en,
        )
        yield Due(rule, card.subject, at, at, policy, hand=card.hand)


def _next(scene: Scene, due: list[Due]) -> Instant:
    """The first later instant at which what is due may change by time alone."""
    now, soonest = scene.now, NEVER
    for each in due:
        if now < each.crossed_at < soonest:
            soonest = each.crossed_at
        elif now < each.ready_at < soonest:
            soonest = each.ready_at
    for clock in scene.running.clocks:
        if clock.kind == "notice" and clock.reaches(clock.crosses_at):
            silent = clock.crosses_at
            if silent is not None and now < silent < soonest:
                soonest = silent
    facts = scene.case.facts
    if facts[-1].at > now:
        soonest = min(soonest, next(known.at for known in facts if known.at > now))
    return soonest


def _is_open(scene: Scene) -> bool:
    """Not ended, or not wholly judged, or with a clock that still runs: then a new list may change
    its judgement.
    """
    running, now = scene.running, scene.now
    ended = scene.case.ended(0)
    if ended is None or ended.at > now or (scene.case.item and running.terms.item is None):
        return True
    for clock in running.clocks:
        if clock.stopped is None or clock.stopped > now:
            return True
        if clock.end.provisional and clock.reaches(clock.crosses_at):
            return True  # a breach may come out when the year's notice is published
    return False
