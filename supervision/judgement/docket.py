"""One case under watch: its inputs in log order, its cards, and time passing over it.

`advance` lets time pass, `hear` adds what one transaction stored. Both judge at exact instants,
so that the acts are the same whatever heartbeats there were (design: rule 4).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeGuard

from ..acts import CardAct, DeskAct
from ..facts import FACTS, Fact, Instant, Known, instant, known
from .assess import Assessment, assess, assessed, grounds_of
from .cards import Cards, with_act, with_answer
from .case import NOTHING, Case, case_of, with_fact
from .reconcile import reconcile
from .shelf import NEVER, Shelf, concerns

AGAIN = 8
"""Rounds at one instant: a card may make another due (a third yellow), no chain is longer."""
Input = Fact | DeskAct
_FACTS = frozenset(FACTS.values())


class Docket:
    """The watch's state of one case."""

    __slots__ = (
        "_case",
        "_list_at",
        "_list_of",
        "cards",
        "facts",
        "imported_at",
        "judged_at",
        "later",
        "next_at",
        "open",
        "position",
    )

    def __init__(self, position: int = 0) -> None:
        self.position = position
        """Where the case's first fact stands in the log."""
        self.facts: list[Known] = []
        self.imported_at: Instant = 0
        """When its past was recorded as history; 0 for a case watched live."""
        self.later: list[Known] = []
        """Facts of an imported history that are not yet known at `judged_at`."""
        self.cards: Cards = {}
        self.judged_at: Instant = 0
        self.next_at: Instant = NEVER
        """The next instant at which time alone changes what is due."""
        self.open = False
        self._case: Case | None = None
        self._list_at: Instant = NEVER
        """The first instant after `judged_at` at which a list becomes known that concerns it …"""
        self._list_of: tuple[int, str, int | None] | None = None
        """… by so many lists in the log, of this item, for a past from this position."""

    @property
    def case(self) -> Case:
        """The case as its facts tell it now."""
        if self._case is None:
            self._case = case_of(self.facts)
        return self._case

    @property
    def live(self) -> bool:
        """Open, or with something still to cross: must stay under watch."""
        return self.open or self.next_at < NEVER or bool(self.later)

    def hear(self, inputs: Sequence[tuple[Input, int]], at: Instant, shelf: Shelf) -> list[CardAct]:
        """What one transaction stored of this case, with positions: first time, then the inputs.

        What is told about cards of a case that nobody reported yet changes nothing.
        """
        acts = self.advance(at, shelf)
        facts, answers, past = [], [], False
        for told, position in inputs:
            if _is_fact(told):
                since = min(instant(told.occurred_at), at) if told.history else at
                facts.append(known(told, since, position))
                past = past or since < at
            elif isinstance(told, DeskAct):
                answers.append(told)
        if not self.position and facts:
            self.position = facts[0].position
        if past:
            acts += self._watch_past(facts, at, shelf)
        else:
            self._learn(facts)
        for desk in answers if self.facts else ():
            self.cards = with_answer(self.cards, desk, at)
        return acts + self._judge(at, shelf)

    def _watch_past(self, facts: list[Known], at: Instant, shelf: Shelf) -> list[CardAct]:
        """History, as if it had been watched: each fact becomes known when it happened."""
        self.later = sorted(facts, key=lambda k: (k.known_at, k.position))
        self.judged_at, self.imported_at = self.later[0].known_at - 1, at
        self._list_of = None
        return self.advance(at, shelf)

    def advance(self, until: Instant, shelf: Shelf) -> list[CardAct]:
        """Let time pass up to and including an instant; judge at every crossing on the way."""
        acts: list[CardAct] = []
        while (at := self._next(shelf)) <= until:
            self._learn_until(at)
            acts += self._judge(at, shelf)
        return acts

    def _next(self, shelf: Shelf) -> Instant:
        """The next instant at which a fact or a list becomes known or time changes what is due."""
        if not (self.open or self.later or self.next_at < NEVER):
            return NEVER
        upcoming = self.later[0].known_at if self.later else NEVER
        return min(upcoming, self.next_at, self._next_list(shelf))

    def _next_list(self, shelf: Shelf) -> Instant:
        if self.judged_at >= shelf.newest:
            return NEVER
        case, past = self.case, self._past()
        source, item = case.source, case.item
        asked = (len(shelf.entries), item, past)
        if self._list_at <= self.judged_at or self._list_of != asked:
            self._list_of = asked
            self._list_at = shelf.next_change(
                self.judged_at, lambda event: concerns(event, source, item), past
            )
        return self._list_at

    def _past(self) -> int | None:
        """From which position on lists are known by their recording alone; None: from the first."""
        return self.position if self.later or self.case.history else None

    def _learn_until(self, at: Instant) -> None:
        due = bisect_right(self.later, at, key=lambda k: k.known_at)
        if due:
            self._learn(self.later[:due])
            self.later = self.later[due:]

    def _learn(self, facts: Iterable[Known]) -> None:
        case = self._case if self.facts else NOTHING
        for each in facts:
            case = case and with_fact(case, each)
            self.facts.append(each)
        self._case = case

    def _judge(self, at: Instant, shelf: Shelf) -> list[CardAct]:
        """Judge at one instant until nothing more follows from the cards issued there."""
        lists, past = shelf.view(at, self._past()), at < self.imported_at
        grounds = grounds_of(self.case, lists, at)
        acts: list[CardAct] = []
        for _ in range(AGAIN):
            now = assessed(grounds, self.cards)
            self.next_at, self.open = now.next, now.open
            new = reconcile(now, self.facts, self.cards, lists, at, past)
            if not new:
                break
            for act in new:
                self.cards = with_act(self.cards, act)
            acts += new
        self.judged_at = at
        return acts

    def assessment(self, shelf: Shelf, at: Instant) -> Assessment:
        """What holds of the case at an instant, by what it knows; changes nothing."""
        return assess(self.case, self.cards, shelf.view(at, self._past()), at)


def _is_fact(told: Input) -> TypeGuard[Fact]:
    return type(told) in _FACTS
