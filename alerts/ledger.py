"""What alerting knows: cards that people may have to be told of, who was, and the messages.

A fold of the log, total and pure: card acts, desk acts, what was set up, and alerting's own events.
It holds open cards only; all of it can be kept outside and put back (Kept).

Above 400 lines: what alerting knows, and how each event changes it, is read together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct, field

from supervision.acts import (
    AppealDecided,
    CardAcknowledged,
    CardAct,
    CardAppealed,
    CardClosed,
    CardConfirmed,
    CardExplained,
    CardIssued,
    CardLapsed,
    CardTransferred,
    CardWithdrawn,
    DeskAct,
    RectificationReported,
    RectificationVerified,
    SupervisionOrdered,
)
from supervision.errors import Unreadable
from supervision.facts import Instant, instant
from supervision.judgement.shelf import NEVER, Entry, Shelf
from supervision.lists import LISTS
from supervision.notices import (
    ALERTS,
    GATEWAYS,
    OUTBOX,
    CardNotTold,
    CardRef,
    CardTold,
    CardWaits,
    ContactSet,
    GatewayDown,
    GatewayUp,
    MessageAccepted,
    MessageAttempted,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageGivenUp,
    MessageIntended,
    OutboxEvent,
    SilenceLifted,
    SilenceSet,
    TestAsked,
    message_id,
)
from supervision.store.stored import Stored
from supervision.streams import notices_stream, parse

from .setup import NOTHING_SET, Setup, concerns, with_setup

Case = tuple[str, str]
CardKey = tuple[str, str, str]
"""Source, case_no, card."""

OPEN, PROPOSED, ENDED = "open", "proposed", "ended"
WAITING, ACCEPTED, DELIVERED, FAILED, GIVEN_UP = (
    "waiting",
    "accepted",
    "delivered",
    "failed",
    "given_up",
)
RECEIPTS_FOR: Instant = 3 * 86_400_000_000
"""Microseconds for which a receipt of an accepted message, or a reply to it, is waited for."""
HEARD = (
    CardAcknowledged,
    CardExplained,
    CardAppealed,
    RectificationReported,
    SupervisionOrdered,
)
"""Answers, and an order that takes their place, after which nobody is told more of a card."""
ORDERED, REJECTED = "ordered", "rejected"
"""What a supervisor decided, of which the department is told as of a card: of each order anew."""
HIGHEST = 2
"""The highest rung that is told of a decision; above it are those who made it."""
REROUTED = "gateway down"
"""Why a message is given up that can go by another channel."""
UNHEARD = ("no_contact", "no_channel", "undeliverable")
"""Why somebody heard nothing, though somebody should have."""
FORGET_AFTER: Instant = 86_400_000_000
"""Microseconds after which what nobody could be told of is not told any more."""
_LISTS = frozenset(LISTS)


class Telling(Struct):
    """Somebody told of a card, with a message."""

    rung: int
    person: str
    channel: str
    message: str
    failed: bool = False
    rerouted: bool = False
    """It did not fail, but was to go by another channel as the gateway was down."""


class Slip(Struct):
    """A card as alerting knows it; instants in µs, 0 for not yet."""

    issued: CardIssued
    since: Instant
    """When it was issued, or a proposed one confirmed."""
    state: str = OPEN
    over: str = ""
    """Why it ended: the name of the act."""
    answered: str = ""
    """The id of the act by which somebody acknowledged, explained or appealed."""
    told: list[Telling] = field(default_factory=list)
    closed: dict[int, str] = field(default_factory=dict)
    """Rungs about which nothing more is to be decided, and why."""
    refused: dict[str, str] = field(default_factory=dict)
    """Persons of whom it was decided that they are not told, and why: by "rung person"."""
    waits: dict[str, Instant] = field(default_factory=dict)
    """Until when somebody, or a rung as a whole (no person), waits: by "rung person"."""
    held: dict[str, str] = field(default_factory=dict)
    """By which stage they wait, and by what."""
    next_at: Instant = NEVER
    decided: str = ""
    """Not of the card itself is to be told but of a decision about it: ordered N, rejected."""
    to: int = 0
    """The highest rung that is told of that decision."""

    @property
    def key(self) -> CardKey:
        """Source, case_no, card; of a decision the card and the decision."""
        return self.issued.source, self.issued.case_no, _name(self.issued.card, self.decided)

    @property
    def ref(self) -> CardRef:
        """As a message names it."""
        return CardRef(self.issued.source, self.issued.case_no, self.issued.card)

    @property
    def clock(self) -> str:
        """The clock that it is about; "" for none."""
        return self.issued.account.clock if self.issued.account else ""

    def has(self, person: str) -> bool:
        """Whether somebody was told, by a message that did not fail."""
        return any(each.person == person and not each.failed for each in self.told)


class Letter(Struct):
    """A message of the outbox, and what became of it."""

    version: int
    intended: MessageIntended
    state: str = WAITING
    stream: int = 0
    """The version of its own stream."""
    attempts: int = 0
    tries: int = 0
    """Attempts that a gateway which was there did not take."""
    doubts: int = 0
    """Attempts of which nobody knows what became."""
    again_at: Instant = 0
    gateway_id: str = ""
    rerouted: bool = False
    """Given up as it could go by another channel: this one did not fail."""
    at: Instant = 0
    """When it was intended, then accepted."""

    @property
    def id(self) -> str:
        """The message's id."""
        return message_id(self.version)


class Trouble(Struct, frozen=True):
    """A gateway went down, or came up again: since when, and what it said."""

    name: str
    channel: str
    down: bool
    since: Instant
    reason: str = ""


class Kept(Struct):
    """All that a ledger is made of but the lists, which are read again."""

    position: int = 0
    setup: Setup = NOTHING_SET
    slips: list[Slip] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    notes: list[tuple[str, str, int]] = field(default_factory=list)
    outbox: int = 0
    sent: list[tuple[str, str, list[Instant]]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    """The day of the last digest of each person."""
    silences: dict[str, SilenceSet] = field(default_factory=dict)
    """Silences whose end was not told yet."""
    lifted: dict[str, Instant] = field(default_factory=dict)
    tests: dict[str, TestAsked] = field(default_factory=dict)
    down: dict[str, GatewayDown] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    """What operators were not told yet."""


class Ledger:
    """Follows the log; `position` is that of the last event taken."""

    def __init__(self, kept: Kept | None = None, lists: Iterable[Entry] = ()) -> None:
        """`lists`: those recorded up to the position of what was kept."""
        kept = kept or Kept()
        self.position = kept.position
        self.setup = kept.setup
        self.shelf = Shelf(lists)
        self.slips: dict[CardKey, Slip] = {slip.key: slip for slip in kept.slips}
        self.cases: dict[Case, set[CardKey]] = {}
        for key in self.slips:
            self.cases.setdefault(key[:2], set()).add(key)
        self.letters: dict[str, Letter] = {letter.id: letter for letter in kept.letters}
        self.waiting = {x.id: None for x in kept.letters if x.state == WAITING}
        """Those that no gateway has yet, in order."""
        self.notes: dict[Case, int] = {(s, c): version for s, c, version in kept.notes}
        """The last version of the stream of notices, of cases that have slips."""
        self.outbox = kept.outbox
        self.sent = {(person, channel): times for person, channel, times in kept.sent}
        self.digests = kept.digests
        self.silences, self.lifted = kept.silences, kept.lifted
        self.tests, self.down, self.troubles = kept.tests, kept.down, kept.troubles
        self.touched: set[CardKey] = set(self.slips)
        """Slips that changed since somebody last looked."""
        self.set_up = False
        """Whether something was set up or published since."""

    def kept(self) -> Kept:
        """Everything, to be kept outside."""
        return Kept(
            position=self.position,
            setup=self.setup,
            slips=list(self.slips.values()),
            letters=list(self.letters.values()),
            notes=[(*case, version) for case, version in self.notes.items()],
            outbox=self.outbox,
            sent=[(*key, times) for key, times in self.sent.items()],
            digests=self.digests,
            silences=self.silences,
            lifted=self.lifted,
            tests=self.tests,
            down=self.down,
            troubles=self.troubles,
        )

    # Taking in the log.

    def take(self, batch: Iterable[Stored]) -> None:
        """Take in what the log has next, in order; older is skipped."""
        for stored in batch:
            if stored.position > self.position:
                self._take(stored)
                self.position = stored.position

    def _take(self, stored: Stored) -> None:
        if stored.stream.startswith("case/"):
            case = parse(stored.stream)
            if case and case.family in ("cards", "desk", "notices"):
                self._of_case(stored, (case.source, case.case_no), case.family)
        elif stored.stream.startswith("alerts/"):
            self._of_alerts(stored)
        elif stored.topic.partition("/")[0] in _LISTS and (event := _read(stored)):
            self.shelf.add(Entry(stored.position, stored.recorded_at, event))
            self.set_up = True

    def _of_case(self, stored: Stored, case: Case, family: str) -> None:
        event = _read(stored)
        match event:
            case CardAct():
                self._card(event, stored.recorded_at)
            case DeskAct():
                self._desk(event, stored.recorded_at)
            case CardTold() | CardNotTold() | CardWaits():
                self._notice(event)
        if family == "notices" and case in self.cases:
            self.notes[case] = stored.version

    def _card(self, act: CardAct, at: Instant) -> None:
        if isinstance(act, CardIssued):
            if not act.history:
                self._add(Slip(act, at, PROPOSED if act.proposed else OPEN))
            return
        slip = self._slip(act)
        if slip is None:
            return
        if isinstance(act, CardConfirmed) and slip.state == PROPOSED:
            slip.state, slip.since = OPEN, at
        elif isinstance(act, CardLapsed | CardWithdrawn):
            self._end(slip, type(act).__name__)

    def _decided(self, slip: Slip, act: DeskAct, at: Instant) -> None:
        """An order, or a rejected appeal: those below who made it are told."""
        own = min(slip.issued.rung, HIGHEST)
        if isinstance(act, SupervisionOrdered):
            decided, to = f"{ORDERED} {act.number}", min(own + act.number, HIGHEST)
        elif isinstance(act, AppealDecided) and not act.upheld:
            decided, to = REJECTED, own
        else:
            return
        self._add(Slip(slip.issued, at, decided=decided, to=to))

    def parts(self, card: CardKey) -> list[Slip]:
        """What is to be told of a card: of itself, and of each decision about it."""
        keys = sorted(self.cases.get(card[:2], ()))
        return [self.slips[key] for key in keys if self.slips[key].issued.card == card[2]]

    def about(self, letter: Letter) -> list[Slip]:
        """What a message tells of, as far as it is not over and forgotten."""
        refs = letter.intended.cards
        parts = (p for r in refs for p in self.parts((r.source, r.case_no, r.card)))
        return [part for part in parts if any(t.message == letter.id for t in part.told)]

    def _add(self, slip: Slip) -> None:
        self.slips[slip.key] = slip
        self.cases.setdefault(slip.key[:2], set()).add(slip.key)
        self.touched.add(slip.key)

    def _slip(self, act: CardAct | DeskAct) -> Slip | None:
        return self._touch((act.source, act.case_no, act.card))

    def _touch(self, key: CardKey) -> Slip | None:
        slip = self.slips.get(key)
        if slip is not None:
            self.touched.add(slip.key)
        return slip

    def _desk(self, act: DeskAct, at: Instant) -> None:
        slip = self._slip(act)
        if slip is None or act.moot:
            return
        closed = isinstance(act, CardClosed | CardTransferred)
        if closed or (isinstance(act, RectificationVerified) and act.accepted):
            self._end(slip, type(act).__name__)
            return
        if isinstance(act, HEARD):
            for part in self.parts(slip.key):
                part.answered = part.answered or act.id
                self.touched.add(part.key)
        self._decided(slip, act, at)

    def _end(self, slip: Slip, why: str) -> None:
        """It is over, with what was decided of it; what waited because of it may go on."""
        for part in self.parts(slip.key):
            part.state, part.over = ENDED, why
            self.touched.add(part.key)
        for key in self.cases.get(slip.key[:2], ()):
            other, why_not = self.slips[key], f"inhibited {slip.issued.card}"
            if why_not in (*other.closed.values(), *other.refused.values()):
                other.closed = {n: why for n, why in other.closed.items() if why != why_not}
                other.refused = {n: why for n, why in other.refused.items() if why != why_not}
                self.touched.add(key)

    def _notice(self, event: CardTold | CardNotTold | CardWaits) -> None:
        decided = event.why if event.why.partition(" ")[0] in (ORDERED, REJECTED) else ""
        slip = self._touch((event.source, event.case_no, _name(event.card, decided)))
        if slip is None:
            return
        name = f"{event.rung} {event.person}"
        slip.waits.pop(name, None)
        slip.held.pop(name, None)
        match event:
            case CardTold(rung=rung, person=person, channel=channel, message=message):
                slip.told.append(Telling(rung, person, channel, message))
                slip.waits.pop(f"{rung} ", None)
            case CardNotTold(rung=rung, person="", stage=stage, by=by):
                slip.closed[rung] = f"{stage} {by}"
            case CardNotTold(stage=stage, by=by):
                slip.refused[name] = f"{stage} {by}"
            case CardWaits(until=until, stage=stage, by=by):
                slip.waits[name] = instant(until)
                slip.held[name] = f"{stage} {by}"

    def _of_alerts(self, stored: Stored) -> None:
        event = _read(stored)
        if event is None:
            return
        if stored.stream == ALERTS:
            self._set(event, stored.recorded_at)
        elif stored.stream == OUTBOX:
            self.outbox = stored.version
            if isinstance(event, MessageIntended):
                self._intended(stored.version, event)
        elif stored.stream == GATEWAYS:
            self._gateway(event)
        elif isinstance(event, OutboxEvent):
            self._letter(event, stored)

    def _set(self, event: Struct, at: Instant) -> None:
        self.setup = with_setup(self.setup, event)
        self.set_up = True
        match event:
            case ContactSet():
                self.reopen(event)
            case SilenceSet():
                self.silences[event.silence] = event
            case SilenceLifted() if event.silence in self.silences:
                self.lifted[event.silence] = at
            case TestAsked():
                self.tests[f"{event.person} {instant(event.at)}"] = event

    def reopen(self, contact: ContactSet, *reasons: str) -> None:
        """Somebody can be told from now on, or otherwise: what was not told for want of them (by
        these reasons; any) is decided again.
        """
        for slip in self.slips.values():
            if slip.state != ENDED and not slip.answered and _reopened(slip, contact, reasons):
                self.touched.add(slip.key)

    def _intended(self, version: int, event: MessageIntended) -> None:
        at = instant(event.at)
        self.letters[message_id(version)] = Letter(version, event, at=at)
        self.waiting[message_id(version)] = None
        if event.kind == "card":
            times = self.sent.setdefault((event.person, event.channel), [])
            times.append(at)
            del times[: -max(self.setup.policy.group_burst, 1)]
        elif event.kind == "digest":
            self.digests[event.person] = event.why
        else:
            self.silences.pop(event.why, None)
            self.lifted.pop(event.why, None)
            self.tests.pop(event.why, None)
            self.troubles = [each for each in self.troubles if each.name != event.why]

    def _gateway(self, event: Struct) -> None:
        if isinstance(event, GatewayDown):
            self.down[event.channel] = event
            since = instant(event.since)
            name = f"down {event.channel} {instant(event.at)}"
            self._trouble(Trouble(name, event.channel, True, since, event.reason))
        elif isinstance(event, GatewayUp) and event.channel in self.down:
            del self.down[event.channel]
            name = f"up {event.channel} {instant(event.at)}"
            self._trouble(Trouble(name, event.channel, False, instant(event.at)))

    def _trouble(self, trouble: Trouble) -> None:
        """The newest of its channel; one that nobody was told of and that is over is none."""
        untold = any(each.channel == trouble.channel and each.down for each in self.troubles)
        self.troubles = [each for each in self.troubles if each.channel != trouble.channel]
        if trouble.down or not untold:
            self.troubles.append(trouble)

    def _letter(self, event: OutboxEvent, stored: Stored) -> None:
        letter = self.letters.get(event.message)
        if letter is None:
            return
        letter.stream = stored.version
        match event:
            case MessageAttempted(attempt=attempt):
                letter.attempts, letter.doubts = attempt, letter.doubts + 1
            case MessageAccepted(gateway_id=gateway_id):
                letter.state, letter.gateway_id, letter.doubts = ACCEPTED, gateway_id, 0
                letter.at = stored.recorded_at
            case MessageDeferred(again_at=again_at, in_doubt=in_doubt, down=down):
                letter.again_at, letter.tries = instant(again_at), letter.tries + (not down)
                letter.doubts -= 0 if in_doubt else 1
            case MessageDelivered():
                letter.state = DELIVERED
            case MessageFailed():
                letter.state = FAILED
            case MessageGivenUp(reason=reason):
                letter.state, letter.rerouted = GIVEN_UP, reason == REROUTED
        if letter.state != WAITING:
            self.waiting.pop(letter.id, None)
            self._over(letter)

    def _over(self, letter: Letter) -> None:
        """Its cards are looked at again; if it failed, whom it was for was not told by it."""
        for slip in self.about(letter):
            self.touched.add(slip.key)
            if letter.state in (FAILED, GIVEN_UP):
                for each in slip.told:
                    if each.message == letter.id:
                        each.failed, each.rerouted = True, letter.rerouted

    # Forgetting what is over.

    def forget(self, now: Instant) -> None:
        """Drop letters of which nothing more is expected."""
        for name, letter in list(self.letters.items()):
            taken = letter.state in (ACCEPTED, DELIVERED)
            answerable = letter.intended.channel == "sms" and letter.at >= now - RECEIPTS_FOR
            if letter.state in (FAILED, GIVEN_UP) or (taken and not answerable):
                del self.letters[name]
        since = now - FORGET_AFTER
        self.troubles = [each for each in self.troubles if each.since >= since]
        self.tests = {n: each for n, each in self.tests.items() if instant(each.at) >= since}
        self.silences = {
            name: each
            for name, each in self.silences.items()
            if self.lifted.get(name, instant(each.until)) >= since
        }
        self.lifted = {name: at for name, at in self.lifted.items() if name in self.silences}

    def drop(self, slip: Slip) -> None:
        """Nothing is to be decided about this card any more."""
        self.slips.pop(slip.key, None)
        case = slip.key[:2]
        keys = self.cases.get(case)
        if keys is not None:
            keys.discard(slip.key)
            if not keys:
                del self.cases[case]
                self.notes.pop(case, None)

    def beside(self, slip: Slip) -> list[Slip]:
        """The other cards of its case."""
        others = (self.slips[key] for key in self.cases[slip.key[:2]] if key != slip.key)
        return [other for other in others if not other.decided]

    def notices_of(self, slip: Slip) -> str:
        """Where it is recorded who was told of it."""
        return notices_stream(slip.issued.source, slip.issued.case_no)


def _name(card: str, decided: str) -> str:
    return f"{card} {decided}" if decided else card


def _reopened(slip: Slip, contact: ContactSet, reasons: Sequence[str]) -> bool:
    """Forget why this person, or nobody at their rung, was told; whether there was anything."""
    wanted, before = reasons or UNHEARD, (len(slip.closed), len(slip.refused), len(slip.told))
    closed = slip.closed.get(contact.rung, "").partition(" ")[0]
    if closed in wanted and concerns(contact, slip.issued.department, slip.issued.item):
        slip.closed = {n: why for n, why in slip.closed.items() if n != contact.rung}
    slip.refused = {
        name: why
        for name, why in slip.refused.items()
        if name.partition(" ")[2] != contact.person or why.partition(" ")[0] not in wanted
    }
    if not reasons:
        slip.told = [t for t in slip.told if t.person != contact.person or not t.failed]
    return before != (len(slip.closed), len(slip.refused), len(slip.told))


def _read(stored: Stored) -> Any:
    """The event; None for what cannot be read: that is the watch's to tell."""
    try:
        return stored.event
    except Unreadable:
        return None
