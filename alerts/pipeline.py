"""The pipeline: from what happened and the time to messages and to records of why not. Pure.

`Pipeline.decide(now)` gives what is to be appended; nothing is remembered of it but by reading the
log again, so that a process that dies in between decides the same once more (design: rule 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from supervision.facts import Instant
from supervision.judgement.shelf import NEVER
from supervision.notices import (
    OUTBOX,
    CardNotTold,
    CardTold,
    CardWaits,
    MessageGivenUp,
    MessageIntended,
    message_id,
    message_stream,
)
from supervision.store.mapping import moment

from . import errands
from .ledger import ENDED, OPEN, PROPOSED, REROUTED, CardKey, Ledger, Letter, Slip
from .messages import Making, Place, of_cards
from .stages import (
    GATHERING,
    GRAVITY,
    Call,
    Go,
    Later,
    Not,
    Outcome,
    Sight,
    calls_of,
    decide,
    mute,
)

STALE: Instant = 5_000_000
"""Microseconds after which a message not yet handed over is looked at again before it is."""


FORGET_EVERY: Instant = 60_000_000
"""Microseconds between two times that messages which are over are forgotten."""


class Addition(NamedTuple):
    """Events for a stream; `expected` None: behind whatever stands there."""

    stream: str
    expected: int | None
    events: list[Struct]


class Pipeline:
    """Decides for one ledger. `channels`: those that the installation has."""

    def __init__(self, ledger: Ledger, place: Place, channels: frozenset[str]) -> None:
        self.ledger = ledger
        self.place = place
        self.channels = channels
        self._queue: list[tuple[Instant, CardKey]] = []
        self._errands_at: Instant = 0
        self._forgets_at: Instant = 0

    def decide(self, now: Instant, busy: frozenset[str] = frozenset()) -> list[Addition]:
        """What is to be appended now, in one transaction; `busy` messages are being handed over."""
        sight = Sight(self.ledger, now, self.channels)
        outcomes = [o for slip in self._due(now) for o in self._of_slip(sight, slip)]
        written = _Written(self.ledger, self._making(now))
        for each in outcomes:
            written.not_told(each)
        for calls in _by_recipient(outcomes):
            written.tell(calls)
        for draft in errands.due(sight, written.making):
            written.send(draft)
        written.give_up(self._pointless(sight, busy))
        if now >= self._forgets_at:
            self._forgets_at = now + FORGET_EVERY
            self.ledger.forget(now)
        return written.additions()

    def next_at(self) -> Instant:
        """The nearest instant at which time alone makes something due."""
        while self._queue:
            at, key = self._queue[0]
            slip = self.ledger.slips.get(key)
            if slip is not None and slip.next_at == at:
                return min(at, self._errands_at)
            heappop(self._queue)
        return self._errands_at

    def retry_at(self, now: Instant) -> Instant:
        """When the next of the messages that were deferred may be handed over again."""
        return min((x.again_at for x in self._waiting() if x.again_at > now), default=NEVER)

    def again(self) -> None:
        """At the beginning, and when what was decided could not be recorded: decide on every card
        again; of whom no channel could be used, and now one can, too.
        """
        self.ledger.set_up = True
        for contact in self.ledger.setup.contacts.values():
            if self.channels.intersection(contact.channels):
                self.ledger.reopen(contact, "no_channel")

    def letters(self, channel: str, now: Instant, busy: frozenset[str]) -> list[Letter]:
        """The messages that a channel may hand over now, gravest and oldest first."""
        sight = Sight(self.ledger, now, self.channels)
        due = [
            letter
            for letter in self._waiting()
            if letter.intended.channel == channel
            and letter.again_at <= now
            and letter.id not in busy
            and (letter.at > now - STALE or wakes_at(sight, letter) <= now)
        ]
        return sorted(due, key=lambda x: (-GRAVITY.get(x.intended.severity, 0), x.version))

    def _making(self, now: Instant) -> Making:
        lists = self.ledger.shelf.view(now)
        return Making(self.ledger.setup, lists, self.place, moment(now))

    def _due(self, now: Instant) -> Iterator[Slip]:
        """Slips about which something may be decided, in order of their keys; none before there is
        anybody to tell and a way to do it, so that what stands then is told once there is.
        """
        ledger = self.ledger
        if not self.channels or not ledger.setup.contacts:
            self._queue.clear()
            self._forget_ended()
            return
        keys = set(ledger.slips) if ledger.set_up else set(ledger.touched)
        while self._queue and self._queue[0][0] <= now:
            at, key = heappop(self._queue)
            slip = ledger.slips.get(key)
            if slip is not None and slip.next_at == at:
                keys.add(key)
        ledger.touched.clear()
        ledger.set_up = False
        self._errands_at = errands.next_at(Sight(ledger, now, self.channels))
        for key in sorted(keys):
            if key in ledger.slips:
                yield ledger.slips[key]

    def _forget_ended(self) -> None:
        ledger = self.ledger
        for key in sorted(ledger.slips if ledger.set_up else ledger.touched):
            if key in ledger.slips and ledger.slips[key].state == ENDED:
                ledger.drop(ledger.slips[key])
        ledger.touched.clear()
        ledger.set_up = False
        self._errands_at = NEVER

    def _of_slip(self, sight: Sight, slip: Slip) -> list[Outcome]:
        calls, soonest = calls_of(sight, slip)
        outcomes = [outcome for call in calls for outcome in decide(sight, call)]
        waits = [o.verdict.until for o in outcomes if isinstance(o.verdict, Later)]
        slip.next_at = min([soonest, *waits])
        if slip.next_at < NEVER:
            heappush(self._queue, (slip.next_at, slip.key))
        elif not outcomes and slip.state == ENDED and not self._expected(slip):
            self.ledger.drop(slip)
        return outcomes

    def _expected(self, slip: Slip) -> bool:
        """Whether a message about it is still to be handed over."""
        return any(each.message in self.ledger.waiting for each in slip.told)

    def _waiting(self) -> list[Letter]:
        return [self.ledger.letters[name] for name in self.ledger.waiting]

    def _pointless(self, sight: Sight, busy: frozenset[str]) -> list[tuple[Letter, str]]:
        """Messages that wait, and that nobody needs any more."""
        waiting = [
            letter
            for letter in self._waiting()
            if letter.id not in busy and letter.at < sight.now - STALE
        ]
        return [(letter, why) for letter in waiting if (why := pointless(sight, letter))]


def pointless(sight: Sight, letter: Letter) -> str:
    """Why a message about cards need not be sent any more: all of them are over or acknowledged."""
    if _has_another_way(sight, letter):
        return REROUTED
    if letter.intended.kind != "card" or not letter.intended.cards:
        return ""
    slips = sight.ledger.about(letter)
    if any(s.state in (OPEN, PROPOSED) and not s.answered for s in slips):
        return ""
    return "acknowledged" if any(s.answered for s in slips) else "ended"


def _has_another_way(sight: Sight, letter: Letter) -> bool:
    """Whether its gateway is down, and the person has a channel that is up."""
    channel = letter.intended.channel
    contact = sight.ledger.setup.contacts.get(letter.intended.person)
    if channel not in sight.ledger.down or contact is None or letter.intended.kind != "card":
        return False
    up = sight.channels - set(sight.ledger.down)
    return not letter.doubts and any(each in up for each in contact.channels)


def wakes_at(sight: Sight, letter: Letter) -> Instant:
    """When a message that was held up may go: at night only what may be told at night."""
    for slip in sight.ledger.about(letter):
        contact = sight.ledger.setup.contacts.get(letter.intended.person)
        call = Call(slip, letter.intended.rung, letter.intended.why, sight.now, contact)
        verdict = mute(sight, call)
        return verdict.until if isinstance(verdict, Later) else sight.now
    return sight.now


def _by_recipient(outcomes: Sequence[Outcome]) -> list[list[Call]]:
    """The calls that may go, together by person and channel, in a fixed order; what a supervisor
    decided is told apart from what was issued.
    """
    groups: dict[tuple[str, str, str], list[Call]] = {}
    for call, verdict in outcomes:
        if isinstance(verdict, Go):
            decided = call.slip.decided.partition(" ")[0]
            groups.setdefault((call.person, call.channel, decided), []).append(call)
    return [groups[key] for key in sorted(groups)]


class _Written:
    """What one decision comes to, as events of streams."""

    def __init__(self, ledger: Ledger, making: Making) -> None:
        self.making = making
        self._ledger = ledger
        self._outbox: list[Struct] = []
        self._notices: dict[str, tuple[int | None, list[Struct]]] = {}
        self._letters: list[Addition] = []

    def not_told(self, outcome: Outcome) -> None:
        """Why somebody is not told, or not yet; a short wait and one that is known are not worth
        an event.
        """
        call, verdict = outcome
        match verdict:
            case Not(stage, by):
                self._note(CardNotTold, call, stage=stage, by=by)
            case Later(stage, until, by) if stage != GATHERING:
                self._note(CardWaits, call, stage=stage, by=by, until=moment(until))

    def tell(self, calls: list[Call]) -> None:
        """One message, and of each of its cards that it was told."""
        message = self._next()
        self._outbox.append(replace(of_cards(self.making, message, calls), message=message))
        for call in calls:
            self._note(CardTold, call, channel=call.channel, message=message)

    def send(self, draft: MessageIntended) -> None:
        """A message about no card."""
        self._outbox.append(replace(draft, message=self._next()))

    def give_up(self, letters: list[tuple[Letter, str]]) -> None:
        """Messages that nobody needs any more."""
        for letter, why in letters:
            event = MessageGivenUp(message=letter.id, at=self.making.now, reason=why)
            self._letters.append(Addition(message_stream(letter.id), letter.stream, [event]))

    def additions(self) -> list[Addition]:
        """All of it."""
        found = [Addition(OUTBOX, self._ledger.outbox, self._outbox)] if self._outbox else []
        found += [Addition(s, version, events) for s, (version, events) in self._notices.items()]
        return found + self._letters

    def _next(self) -> str:
        return message_id(self._ledger.outbox + len(self._outbox) + 1)

    def _note(self, kind: Callable[..., Struct], call: Call, **says: object) -> None:
        card = call.slip.issued
        event = kind(
            source=card.source,
            case_no=card.case_no,
            card=card.card,
            at=self.making.now,
            rung=call.rung,
            why=call.occasion,
            person=call.person,
            **says,
        )
        stream = self._ledger.notices_of(call.slip)
        version = self._ledger.notes.get(call.slip.key[:2])
        self._notices.setdefault(stream, (version, []))[1].append(event)
