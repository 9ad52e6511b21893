"""When the next message about a card goes, and to whom: what its page shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from supervision.facts import Instant
from supervision.judgement.shelf import NEVER, Shelf
from supervision.notices import CHANNELS
from supervision.record import Record

from .book import Book
from .ledger import OPEN, PROPOSED, CardKey, Kept, Ledger, Slip
from .stages import Sight, occasions
from .told import outcome_of

CAME_TO_NOTHING = ("failed", "given_up")


class Next(NamedTuple):
    """At which instant, to which rung, why; `held`: by which stage it is held up until then."""

    at: Instant
    rung: int
    why: str
    held: str = ""


def next_of(sight: Sight, key: CardKey) -> Next | None:
    """The next message about a card, or a decision of it; None where none is to come. Pure."""
    found = [each for part in sight.ledger.parts(key) if (each := _next(sight, part))]
    return min(found, key=lambda each: (each.at, each.rung), default=None)


def _next(sight: Sight, slip: Slip) -> Next | None:
    if slip.answered or slip.state not in (OPEN, PROPOSED):
        return None
    calls = [call for call in occasions(sight, slip) if call.ready < NEVER]
    if not calls:
        return None
    first = min(calls, key=lambda call: (call.ready, call.rung))
    held = slip.held.get(f"{first.rung} {first.person}", "").partition(" ")[0]
    return Next(first.ready, first.rung, first.occasion, held)


class Forecast:
    """The same for whoever asks, in any process, from the log alone.

    `shelf`: the lists; `now`: up to when all was judged.
    """

    def __init__(
        self, record: Record, shelf: Callable[[], Shelf], now: Callable[[], Instant]
    ) -> None:
        self._record = record
        self._book = Book(record)
        self._shelf = shelf
        self._now = now

    def next_of(self, key: CardKey) -> Next | None:
        """The next message about a card; None where none is to come. StoreError."""
        ledger = Ledger(Kept(setup=self._book.setup()), self._shelf().entries)
        ledger.take(self._record.read_case(*key[:2]))
        for each in (told for part in ledger.parts(key) for told in part.told):
            each.failed = outcome_of(self._record, each.message).state in CAME_TO_NOTHING
        return next_of(Sight(ledger, self._now(), frozenset(CHANNELS)), key)
