"""The automatic acts of one case, made again from its inputs by the docket that runs live.

`derive` hears what was recorded when it was recorded: what comes out must be what the watch wrote.
`truly` hears each fact when it happened, as it is known to have been today: what comes out is what
would have been issued had nothing been late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from supervision.acts import CardAct, DeskAct
from supervision.facts import Fact, FactCorrected, Instant, Known, instant, known
from supervision.fold import known_at
from supervision.judgement.case import case_of
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import Entry, Shelf
from supervision.store.stored import Stored

INPUTS = ("facts", "links", "desk")
"""The families of a case's streams that judgement hears; the others are what came of it."""


class Derived(NamedTuple):
    """An act, and when it is made: at its own instant, or where the past was imported, then."""

    act: CardAct
    at: Instant


class Told(NamedTuple):
    """An input of a case as it stands in the log."""

    position: int
    recorded_at: Instant
    event: Input


class Lateness(NamedTuple):
    """Which kinds of lateness are taken away: of facts, of corrections and re-sends, of lists."""

    facts: bool = True
    corrections: bool = True
    lists: bool = True


ALL = Lateness()


def derive(stored: Sequence[Stored], shelf: Shelf, until: Instant) -> list[Derived]:
    """Every automatic act of one case up to and including an instant, in order.

    `stored`: all that the log has of the case, in its order; `shelf`: all lists of the log.
    Recorded card acts are no input. Unreadable, TooNew: an input that this program cannot read.
    """
    docket = Docket()
    made: list[Derived] = []
    for at, transaction in groupby(inputs_of(stored), key=lambda told: told.recorded_at):
        if at > until:
            break
        heard = [(told.event, told.position) for told in transaction]
        made += _dated(docket, docket.hear(heard, at, shelf))
    return made + _dated(docket, docket.advance(until, shelf))


def truly(
    stored: Sequence[Stored], shelf: Shelf, until: Instant, without: Lateness = ALL
) -> list[Derived]:
    """The acts up to an instant had everything been known when it happened, in order.

    Each fact is known from its time of occurrence, as corrected, its corrections with it; of
    re-sends only the last version counts, and what was voided never was. Lists are known from
    their announcement (`announced`). Answers come when they were given. Errors as of `derive`.
    """
    return of_told(list(inputs_of(stored)), announced(shelf) if without.lists else shelf)(
        until, without
    )


def of_told(told: Sequence[Told], shelf: Shelf) -> Callable[[Instant, Lateness], list[Derived]]:
    """`truly` of inputs that were decoded already, over a shelf that is taken as it is."""
    return partial(_truly, told, shelf)


def _truly(
    told: Sequence[Told], shelf: Shelf, until: Instant, without: Lateness
) -> list[Derived]:
    docket = _knowing([t for t in told if isinstance(t.event, Fact)], without)
    made: list[Derived] = []
    answers = (t for t in told if isinstance(t.event, DeskAct))
    for at, transaction in groupby(answers, key=lambda t: t.recorded_at):
        if at > until:
            break
        heard = [(t.event, t.position) for t in transaction]
        made += _dated(docket, docket.hear(heard, at, shelf))
    return made + _dated(docket, docket.advance(until, shelf))


def _knowing(told: Sequence[Told], without: Lateness) -> Docket:
    """A docket to which the facts become known as time passes, as they do to imported history."""
    docket = Docket()
    docket.later = sorted(_when_known(told, without), key=lambda k: (k.known_at, k.position))
    if docket.later:
        past = [t for t in told if isinstance(t.event, Fact) and t.event.history]
        docket.judged_at = docket.later[0].known_at - 1
        docket.position = past[0].position if past else 0
        docket.imported_at = max((t.recorded_at for t in past), default=0)
    return docket


def _when_known(told: Sequence[Told], without: Lateness) -> list[Known]:
    """Each fact with the instant from which it counts as known."""
    as_stored = [_as_recorded(t) for t in told]
    if not without.corrections:
        return [_as_happened(k) if without.facts else k for k in as_stored if _plain(k)] + [
            k for k in as_stored if not _plain(k)
        ]
    today = {k.fact.id: k for k in case_of(as_stored).facts}
    since = {id: _as_happened(k).known_at if without.facts else k.known_at for id, k in _first(as_stored, today)}
    return []


