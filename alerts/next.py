"""When the next message about a card goes, and to whom: what its page shows. Pure."""

from __future__ import annotations

from typing import NamedTuple

from supervision.facts import Instant
from supervision.judgement.shelf import NEVER

from .ledger import OPEN, PROPOSED, CardKey
from .stages import Sight, occasions


class Next(NamedTuple):
    """At which instant, to which rung, why; `held`: by which stage it is held up until then."""

    at: Instant
    rung: int
    why: str
    held: str = ""


def next_of(sight: Sight, key: CardKey) -> Next | None:
    """The next message about a card; None where none is to come."""
    slip = sight.ledger.slips.get(key)
    if slip is None or slip.answered or slip.state not in (OPEN, PROPOSED):
        return None
    calls = [call for call in occasions(sight, slip) if call.ready < NEVER]
    if not calls:
        return None
    first = min(calls, key=lambda call: (call.ready, call.rung))
    held = slip.held.get(f"{first.rung} {first.person}", "").partition(" ")[0]
    return Next(first.ready, first.rung, first.why, held)
