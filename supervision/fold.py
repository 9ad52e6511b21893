"""The stored events of one case, folded: its facts, its cards as recorded, what they said."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from .acts import CardAct, CardIssued, DeskAct
from .facts import Fact, Instant, Known, instant, known
from .judgement.cards import NO_CARDS, Cards, with_act, with_answer
from .judgement.case import NOTHING, Case, case_of, with_fact
from .judgement.shelf import Lists, Shelf
from .store.stored import Stored


class Folded:
    """A case as far as its events were taken. Total: an event of no meaning changes nothing."""

    __slots__ = ("_case", "cards", "facts", "issued", "last", "position")

    def __init__(self, stored: Iterable[Stored] = ()) -> None:
        self.position = 0
        """Where its first fact stands in the log."""
        self.facts: list[Known] = []
        self._case: Case | None = NOTHING
        self.cards: Cards = NO_CARDS
        self.issued: dict[str, CardIssued] = {}
        self.last: Instant = 0
        """When its last event was recorded."""
        for each in stored:
            self.take(each)

    def take(self, stored: Stored) -> Struct:
        """One event more; gives it decoded."""
        event = stored.event
        match event:
            case Fact():
                self.position = self.position or stored.position
                self._learn(known(event, known_at(event, stored.recorded_at), stored.position))
            case CardAct():
                self.cards = with_act(self.cards, event)
                if isinstance(event, CardIssued):
                    self.issued[event.card] = event
            case DeskAct() if self.facts:
                self.cards = with_answer(self.cards, event, stored.recorded_at)
        self.last = stored.recorded_at
        return event

    def _learn(self, fact: Known) -> None:
        self.facts.append(fact)
        self._case = self._case and with_fact(self._case, fact)

    def case(self) -> Case:
        """The case as its facts tell it."""
        if self._case is None:
            self._case = case_of(self.facts)
        return self._case

    def lists(self, shelf: Shelf, case: Case, at: Instant) -> Lists:
        """The lists that this case knows at an instant."""
        return shelf.view(at, self.position if case.history else None)


def known_at(fact: Fact, recorded_at: Instant) -> Instant:
    """known_at: recorded_at; for history imported as history, occurred_at (domain: 3)."""
    return min(instant(fact.occurred_at), recorded_at) if fact.history else recorded_at
