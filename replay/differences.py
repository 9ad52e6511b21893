"""What the two lines of a case do not share, and which inputs are responsible for it.

A card of one line that is not on the other is explained by what the law of cards itself says: at
the instant of the card the case is judged anew with one input told as it truly was (or with one
list known as it truly was); where the card is then not due, or no longer, that input is
responsible for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from supervision.acts import CardAct, CardIssued
from supervision.facts import Fact, FactCorrected, Instant, Known, instant
from supervision.judgement.assess import assess
from supervision.judgement.calendar import HOUR
from supervision.judgement.cards import BY_HAND, NO_CARDS, YELLOW
from supervision.judgement.case import BELATED, Case, case_of
from supervision.judgement.shelf import Lists

from .lines import (
    CORRECTED,
    LATE,
    LATE_LIST,
    LIST,
    NOT_DUE,
    NOT_ISSUED,
    OTHER_TIME,
    RESENT,
    VOIDED,
    Difference,
    Placed,
)
from .walk import Step

NOTICED = HOUR
"""A card that is issued so much earlier or later than it was due is a difference; µs."""
EXPLAINED = 60
"""Cards of one case of which it is worked out what is responsible, at most."""


class Compared(NamedTuple):
    """Both lines of a case, as they are compared."""

    entries: Sequence[Placed]
    facts: Sequence[Known]
    """As known then, and …"""
    true_facts: Sequence[Known]
    """… as known from when they happened."""
    known_steps: Sequence[Step]
    true_steps: Sequence[Step]
    lists_known: Callable[[Case, Instant], Lists]
    lists_true: Callable[[Case, Instant], Lists]
    cards: bool = True
    """Whether cards are compared, and not inputs only."""


def paired(acts: Sequence[CardAct], true_acts: Sequence[CardAct]) -> dict[int, int]:
    """Which true act is which recorded one, by their places.

    An act is the same when it does the same to the same card, the n-th time. A card that is about
    another card's answer has the other's instant in its name: it is the same about the same card.
    """
    found: dict[int, int] = {}
    alias: dict[str, str] = {}
    for name in (_by_card, _by_matter):
        waiting: defaultdict[object, list[int]] = defaultdict(list)
        for n, act in enumerate(acts):
            if isinstance(act, CardIssued) and n not in found.values():
                waiting[name(act, alias)].append(n)
        for n, act in enumerate(true_acts):
            if not isinstance(act, CardIssued) or n in found:
                continue
            if same := waiting[name(act, alias)]:
                found[n] = same.pop(0)
                alias[act.card] = acts[found[n]].card
    waiting = defaultdict(list)
    for n, act in enumerate(acts):
        if not isinstance(act, CardIssued):
            waiting[type(act), act.card].append(n)
    for n, act in enumerate(true_acts):
        same = waiting[type(act), alias.get(act.card, act.card)]
        if same and not isinstance(act, CardIssued):
            found[n] = same.pop(0)
    return found


def _by_card(act: CardIssued, _: dict[str, str]) -> object:
    return act.card


def _by_matter(act: CardIssued, alias: dict[str, str]) -> object:
    about, _, since = act.subject.rpartition(":")
    subject = alias.get(about, about) if since.isdecimal() else act.subject
    return act.rule, subject, act.severity


def differences(compared: Compared) -> tuple[Difference, ...]:
    """All of them: those of cards, then those of inputs, each in order of its instant."""
    cards = list(_of_cards(compared)) if compared.cards else []
    blamed = {place for card in cards for place in card.because}
    return (*cards, *_of_inputs(compared, blamed))


def _of_cards(compared: Compared) -> Iterator[Difference]:
    """Cards of one line only, or issued at another time than they were due."""
    known, true = _issues(compared.known_steps), _issues(compared.true_steps)
    blame = _Blame(compared)
    told: dict[str, Difference] = {}
    places = sorted(known.keys() | true.keys(), key=lambda n: (_first(known, true, n), n))
    for place in places:
        was, due = known.get(place), true.get(place)
        kind = _kind(was, due)
        if kind is None:
            continue
        act = due if kind == NOT_ISSUED or (due is not None and _is_late(was, due)) else was
        assert act is not None
        because: tuple[int, ...] = ()
        if len(told) < EXPLAINED:
            parents = [told[cause] for cause in act.causes if cause in told]
            if not act.subject and act.account is None:  # so many yellow cards at once
                parents = [d for d in told.values() if d.severity == YELLOW]
            inherited = tuple(dict.fromkeys(n for d in parents for n in d.because))
            because = inherited or blame.of(act, truly=act is due)
        difference = Difference(
            kind=kind,
            entry=place,
            recorded=instant(was.at) if was else 0,
            true=instant(due.at) if due else 0,
            severity=act.severity,
            because=because,
        )
        for each in (was, due):
            if each is not None:
                told[each.card] = difference
        yield difference


def _issues(steps: Sequence[Step]) -> dict[int, CardIssued]:
    return {step.entry: step.event for step in steps if isinstance(step.event, CardIssued)}


def _first(known: dict[int, CardIssued], true: dict[int, CardIssued], place: int) -> Instant:
    return min(instant(acts[place].at) for acts in (known, true) if place in acts)


def _kind(was: CardIssued | None, due: CardIssued | None) -> str | None:
    if due is None:
        return NOT_DUE
    if was is None:
        return NOT_ISSUED
    apart = abs(instant(was.at) - instant(due.at))
    return OTHER_TIME if apart >= NOTICED else None


def _is_late(was: CardIssued | None, due: CardIssued) -> bool:
    return was is not None and was.at > due.at


Matter = tuple[str, str, str]
"""What a card is about, whatever its cycle: rule, subject, severity."""


def _matter(act: CardIssued) -> Matter:
    return act.rule, act.subject, act.severity


class _Group(NamedTuple):
    """What was told about one event: the fact, what replaced it, what corrected it."""

    live: list[Known]
    true: list[Known]


def _about(known: Known) -> str:
    return known.fact.corrects if isinstance(known.fact, FactCorrected) else known.fact.id


class _Blame:
    """Which inputs are responsible for a card of one line that the other does not have."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared
        groups: dict[str, _Group] = {}
        for k in compared.facts:
            groups.setdefault(_about(k), _Group([], [])).live.append(k)
        for k in compared.true_facts:
            groups.setdefault(_about(k), _Group([], [])).true.append(k)
        self._groups = list(groups.values())
        self._place = {
            placed.entry.position: n
            for n, placed in enumerate(compared.entries)
            if placed.entry.position
        }
        self._matters: dict[str, Matter] = {}
        self._turns: dict[Matter, list[int]] = {}
        for step in (*compared.known_steps, *compared.true_steps):
            if isinstance(step.event, CardIssued):
                self._matters[step.event.card] = _matter(step.event)
            elif isinstance(step.event, CardAct):
                self._turn(step.event, compared.entries[step.entry])

    def _turn(self, act: CardAct, placed: Placed) -> None:
        """An act of one line alone that ended or changed a card: what was told at its instant."""
        if act.card not in self._matters or (placed.recorded and placed.true):
            return
        at = instant(act.at)
        told = [
            n
            for n, each in enumerate(self._compared.entries)
            if each.entry.family in ("fact", LIST)
            and at == (each.true if placed.true else each.recorded)
        ]
        self._turns.setdefault(self._matters[act.card], []).extend(told)

    def of(self, act: CardIssued, *, truly: bool) -> tuple[int, ...]:
        """Places of the inputs; none where all of them together do not explain it.

        `truly`: the card is of the true line, and each input is told as late as it was; else it is
        of the known line, and each is told as if it had not been late.
        """
        at = instant(act.at)
        for until in (at, at - 1):  # time passes before what is told at the same instant
            if named := self._told_otherwise(act, at, until, truly=truly):
                return named
        return self._turned(act) or self._unheard(act, at)

    def _told_otherwise(
        self, act: CardIssued, at: Instant, until: Instant, *, truly: bool
    ) -> tuple[int, ...]:
        """The inputs, of those up to `until`, without whose lateness the card is not due at `at`,
        or that make it due.
        """
        lists, other = self._compared.lists_known, self._compared.lists_true
        if truly:
            lists, other = other, lists
        own = [_then(group, until, truly=truly) for group in self._groups]
        if not _is_due(act, own, lists, at):
            return ()
        otherwise = [_then(group, until, truly=not truly) for group in self._groups]
        late = [n for n, group in enumerate(self._groups) if otherwise[n] != own[n]]
        named: list[int] = []
        for n in late:
            if not _is_due(act, [*own[:n], otherwise[n], *own[n + 1 :]], lists, at):
                named += self._names(self._groups[n], until)
        if not _is_due(act, own, other, at):
            named += self._lists(at)
        if not named and late and not _is_due(act, otherwise, other, at):
            named = [place for n in late for place in self._names(self._groups[n], until)]
        return tuple(dict.fromkeys(named))

    def _turned(self, act: CardIssued) -> tuple[int, ...]:
        """What ended the card on one line alone: the same card before, or one that it is about."""
        matters = [_matter(act)]
        matters += [self._matters[cause] for cause in act.causes if cause in self._matters]
        return tuple(dict.fromkeys(n for m in matters for n in self._turns.get(m, ())))

    def _unheard(self, act: CardIssued, at: Instant) -> tuple[int, ...]:
        """The first fact, where a person acted on a case that nobody had reported yet."""
        first = min(self._compared.facts, key=lambda k: (k.known_at, k.position))
        return (self._place[first.position],) if act.rule == BY_HAND and at < first.known_at else ()

    def _names(self, group: _Group, at: Instant) -> list[int]:
        """What of it nobody had reported; else what was reported late, or replaced."""
        unknown = [k for k in group.live if k.known_at > at]
        since = {k.position: k.known_at for k in group.true}
        late = [k for k in group.live if since.get(k.position) != k.known_at]
        return [self._place[k.position] for k in unknown or late]

    def _lists(self, at: Instant) -> list[int]:
        entries = self._compared.entries
        return [
            n
            for n, placed in enumerate(entries)
            if placed.entry.family == LIST and placed.true <= at < placed.recorded
        ]


def _then(group: _Group, at: Instant, *, truly: bool) -> list[Known]:
    return [k for k in (group.true if truly else group.live) if k.known_at <= at]


def _is_due(
    act: CardIssued,
    facts: Sequence[list[Known]],
    lists: Callable[[Case, Instant], Lists],
    at: Instant,
) -> bool:
    case = case_of(chain.from_iterable(facts))
    if not case.facts:
        return False
    wanted = act.rule, act.severity
    return any(
        (due.rule.code, due.rule.severity) == wanted
        and due.crossed_at <= at
        and not due.ended
        and act.subject in due.subjects
        for due in assess(case, NO_CARDS, lists(case, at), at).due
    )


def _of_inputs(compared: Compared, blamed: set[int]) -> Iterator[Difference]:
    """Facts and lists that were told late, or otherwise than they were."""
    facts = {step.entry: step.event for step in compared.known_steps}
    seen: set[str] = set()
    for place, placed in sorted(
        enumerate(compared.entries), key=lambda pair: (pair[1].recorded, pair[0])
    ):
        event = facts.get(place)
        kind = ""
        if placed.entry.family == LIST:
            late = placed.recorded - placed.true >= BELATED
            kind = LATE_LIST if late or place in blamed else ""
        elif isinstance(event, Known):
            kind = _of_fact(event.fact, placed, event.fact.id in seen, place in blamed)
            seen.add(event.fact.id)
        if kind:
            yield Difference(kind=kind, entry=place, recorded=placed.recorded, true=placed.true)


def _of_fact(fact: Fact, placed: Placed, is_repeated: bool, is_blamed: bool) -> str:
    """Which difference a fact is; history is known from when it happened (domain: 3)."""
    if fact.history and not is_blamed:
        return ""
    if isinstance(fact, FactCorrected):
        if fact.void:
            return VOIDED
        return CORRECTED
    if is_repeated:
        return RESENT if placed.true else ""
    if placed.true and (placed.recorded - placed.true >= BELATED or is_blamed):
        return LATE
    return ""
