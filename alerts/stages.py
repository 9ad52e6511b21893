"""The stages that every occasion to tell somebody of a card goes through, in order (domain: 6, 7).

A stage is a pure decision with its reason: on (Go), not at all (Not), or not yet (Later). `route`
turns an occasion into one for each person at the rung, `reach` into one for each channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from supervision.access.people import name_of
from supervision.facts import Instant, instant
from supervision.judgement.calendar import SECOND, Calendar
from supervision.judgement.shelf import NEVER, Lists
from supervision.notices import ContactSet, SilenceSet

from .hours import end_of, waking
from .ledger import OPEN, PROPOSED, UNHEARD, Ledger, Slip
from .setup import matches, recipients

LADDER = ("promise", "legal")
"""Clocks of which only the gravest card is told."""
GRAVITY = {"reminder": 1, "yellow": 2, "red": 3}
TOP = 3
"""The highest rung: 纪检监察."""
ISSUED, WAITED, UNREACHED, FAILED = "issued", "waited", "unreached", "failed"
PROBE_EVERY, PROBE_FOR = 600 * SECOND, 30 * SECOND
"""How often, and for how long, a channel that is down is tried with new messages."""
GATHERING = "gathering"
"""Waits so short that they are not worth a record."""


class Call(Struct, frozen=True):
    """An occasion to tell somebody of a card: at which rung, why, since when it is due."""

    slip: Slip
    rung: int
    why: str
    ready: Instant
    contact: ContactSet | None = None
    channel: str = ""

    @property
    def occasion(self) -> str:
        """Why somebody is told, as it is recorded: what was decided, or what happened."""
        return self.slip.decided or self.why

    @property
    def person(self) -> str:
        """Whom; "" before that was decided."""
        return self.contact.person if self.contact else ""


class Go(NamedTuple):
    """On to the next stage, as these."""

    calls: list[Call]


class Not(NamedTuple):
    """It is not told, and that is all."""

    stage: str
    by: str = ""


class Later(NamedTuple):
    """It is decided again at `until`."""

    stage: str
    until: Instant
    by: str = ""


class Sight(NamedTuple):
    """What a decision is made on. channels: those that the installation has, in no order."""

    ledger: Ledger
    now: Instant
    channels: frozenset[str]

    def avoids(self, channel: str) -> bool:
        """Whether a channel is down; now and then one message tries it all the same."""
        down = self.ledger.down.get(channel)
        return down is not None and (self.now - instant(down.at)) % PROBE_EVERY > PROBE_FOR

    def lists(self) -> Lists:
        """The lists known now."""
        return self.ledger.shelf.view(self.now)

    def calendar(self, slip: Slip) -> Calendar:
        """The calendar of a card's policy."""
        policy = self.lists().policy(slip.issued.source, slip.since, slip.since)
        return self.lists().calendar(policy.calendar, policy.zone)


Stage = Callable[[Sight, Call], Go | Not | Later]


def answered(sight: Sight, call: Call) -> Go | Not | Later:
    """Nobody is told of what is over, or more of what somebody acknowledged."""
    slip = call.slip
    if slip.state not in (OPEN, PROPOSED):
        return Not("ended", slip.over)
    if slip.answered:
        return Not("acknowledged", slip.answered)
    return Go([call])


def inhibit(sight: Sight, call: Call) -> Go | Not | Later:
    """Red instead of yellow instead of reminder, on the ladder of promise and legal limit; what a
    supervisor decided is told all the same.
    """
    if call.slip.decided or call.slip.clock not in LADDER:
        return Go([call])
    mine = GRAVITY.get(call.slip.issued.severity, 0)
    for other in sight.ledger.beside(call.slip):
        graver = GRAVITY.get(other.issued.severity, 0) > mine
        if graver and other.state == OPEN and other.clock in LADDER:
            return Not("inhibited", other.issued.card)
    return Go([call])


def silence(sight: Sight, call: Call) -> Go | Not | Later:
    """What somebody silenced waits for the silence's end, but for what a supervisor decided."""
    if call.slip.decided:
        return Go([call])
    held = [each for each in sight.ledger.setup.silences.values() if hushes(each, call.slip)]
    until = max(held, key=lambda each: (each.until, each.silence), default=None)
    if until is None or instant(until.until) <= sight.now:
        return Go([call])
    return Later("silenced", instant(until.until), until.silence)


def hushes(silence: SilenceSet, slip: Slip) -> bool:
    """Whether a silence is about a card."""
    card = slip.issued
    return matches(
        silence,
        department=card.department,
        item=card.item,
        rule=card.rule,
        severity=card.severity,
        source=card.source,
        case_no=card.case_no,
    )


def route(sight: Sight, call: Call) -> Go | Not | Later:
    """To the persons at the rung; of the handlers, to who handled it if that is one of them."""
    if call.contact is not None:
        return Go([call])
    card = call.slip.issued
    found = recipients(sight.ledger.setup, card.department, card.item, call.rung)
    if call.rung == 0:
        handler = name_of(card.person)
        found = [each for each in found if each.person == handler] or found
    if not found:
        return Not("no_contact")
    return Go([replace(call, contact=each) for each in found])


def deduplicate(sight: Sight, call: Call) -> Go | Not | Later:
    """Nobody is told twice of the same card, at whatever rung."""
    for told in call.slip.told:
        if told.person == call.person and not told.failed:
            return Not("told", told.message)
    return Go([call])


def mute(sight: Sight, call: Call) -> Go | Not | Later:
    """Outside the hours of working days only what is awake is told."""
    policy = sight.ledger.setup.policy
    quiet_red = call.contact is not None and call.contact.quiet_red
    if call.slip.issued.severity in policy.awake and not quiet_red:
        return Go([call])
    opens = waking(sight.calendar(call.slip), policy.quiet, sight.now)
    return Later("muted", opens) if opens > sight.now else Go([call])


def reach(sight: Sight, call: Call) -> Go | Not | Later:
    """By the person's first channel that works; by all of them where the policy says so."""
    assert call.contact is not None
    theirs = [t for t in call.slip.told if t.person == call.person]
    failed = {t.channel for t in theirs if t.failed and not t.rerouted}
    there = [c for c in call.contact.channels if c in sight.channels]
    if not there:
        return Not("no_channel")
    left = [c for c in there if c not in failed]
    if not left:
        return Not("undeliverable", ", ".join(sorted(failed)))
    up = [c for c in left if not sight.avoids(c)] or left
    everything = call.slip.issued.severity in sight.ledger.setup.policy.all_channels
    return Go([replace(call, channel=c) for c in (left if everything else up[:1])])


def group(sight: Sight, call: Call) -> Go | Not | Later:
    """What comes close together goes together; of one recipient so many messages in so long."""
    policy, now = sight.ledger.setup.policy, sight.now
    times = sight.ledger.sent.get((call.person, call.channel), [])
    full = len(times) >= policy.group_burst
    until = times[0] + policy.group_interval * SECOND if full else 0
    if until > now:
        return Later("grouped", until)
    gathered = call.ready + int(policy.group_wait * SECOND)
    return Later(GATHERING, gathered) if gathered > now else Go([call])


STAGES: tuple[Stage, ...] = (answered, inhibit, silence, route, deduplicate, mute, reach, group)
"""Every call goes through these, in this order."""


class Outcome(NamedTuple):
    """What became of a call."""

    call: Call
    verdict: Go | Not | Later


def decide(sight: Sight, call: Call, stages: tuple[Stage, ...] = STAGES) -> list[Outcome]:
    """All that becomes of a call."""
    for n, stage in enumerate(stages):
        verdict = stage(sight, call)
        if not isinstance(verdict, Go):
            return [Outcome(call, verdict)]
        if verdict.calls[0] is not call:
            return _each(sight, verdict.calls, stages[n + 1 :])
    return [Outcome(call, Go([call]))]


def _each(sight: Sight, calls: Iterable[Call], stages: tuple[Stage, ...]) -> list[Outcome]:
    outcomes = [outcome for call in calls for outcome in decide(sight, call, stages)]
    return _together(outcomes)


def _together(outcomes: list[Outcome]) -> list[Outcome]:
    """A person told by several channels is told by all of them at once, or waits for the last."""
    waits: dict[str, Outcome] = {}
    for each in outcomes:
        if each.call.channel and isinstance(each.verdict, Later):
            last = waits.get(each.call.person)
            if last is None or _until(last) < _until(each):
                waits[each.call.person] = each
    if not waits:
        return outcomes
    others = [each for each in outcomes if each.call.person not in waits]
    return [*others, *waits.values()]


def _until(outcome: Outcome) -> Instant:
    return outcome.verdict.until if isinstance(outcome.verdict, Later) else 0


# Which occasions there are.


class Planned(NamedTuple):
    """A rung that is told of a card, from when on, and why."""

    rung: int
    at: Instant
    why: str


def plan(sight: Sight, slip: Slip) -> list[Planned]:
    """The rungs of a card, lowest first; one after a rung that heard nothing is due at once."""
    if slip.state == PROPOSED:
        return [Planned(TOP, slip.since, "proposed")]
    own, calendar = min(slip.issued.rung, TOP), sight.calendar(slip)
    rungs = {own: Planned(own, slip.since, ISSUED)}
    if slip.decided:
        rungs[slip.to] = Planned(slip.to, slip.since, ISSUED)
    for wait in sight.ledger.setup.policy.waits if not slip.decided else ():
        if wait.severity == slip.issued.severity and own < wait.rung <= TOP:
            at = end_of(calendar, slip.since, wait.wait)
            rungs[wait.rung] = Planned(wait.rung, at, ISSUED if at == slip.since else WAITED)
    for rung in range(own, TOP):
        if unheard(slip, rung):
            following = min((r for r in rungs if r > rung), default=rung + 1)
            rungs[following] = Planned(following, slip.since, UNREACHED)
    return [rungs[rung] for rung in sorted(rungs)]


def unheard(slip: Slip, rung: int) -> bool:
    """Whether nobody at a rung could be told."""
    closed = slip.closed.get(rung, "").partition(" ")[0]
    if closed:
        return closed in UNHEARD
    refused = [why for name, why in slip.refused.items() if name.startswith(f"{rung} ")]
    if not all(why.partition(" ")[0] in UNHEARD for why in refused):
        return False
    told = any(t.rung == rung and not t.failed for t in slip.told)
    waits = any(name.startswith(f"{rung} ") for name in slip.waits)
    return bool(refused) and not told and not waits


def occasions(sight: Sight, slip: Slip) -> list[Call]:
    """What is to be decided about a card, now or later, lowest rung first."""
    return [
        call
        for planned in plan(sight, slip)
        if planned.rung not in slip.closed
        for call in _of_rung(sight, slip, planned)
    ]


def calls_of(sight: Sight, slip: Slip) -> tuple[list[Call], Instant]:
    """What is to be decided about a card now, and when something next may be."""
    calls = occasions(sight, slip)
    if slip.answered or slip.state not in (OPEN, PROPOSED):
        return calls, NEVER
    later = [call.ready for call in calls if call.ready > sight.now]
    return [call for call in calls if call.ready <= sight.now], min(later, default=NEVER)


def _of_rung(sight: Sight, slip: Slip, planned: Planned) -> list[Call]:
    """The rung as a whole, or those of its persons about whom something is still open."""
    rung, at, why = planned
    named = _persons(slip, rung)
    if not named:
        return [Call(slip, rung, why, max(at, _wait(sight, slip, f"{rung} ")))]
    calls = []
    for person in sorted(named):
        name = f"{rung} {person}"
        contact = sight.ledger.setup.contacts.get(person)
        if name in slip.refused or slip.has(person):
            continue
        failed = any(t.person == person and t.failed for t in slip.told)
        ready = max(at, _wait(sight, slip, name))
        given = contact or _gone(slip, person, rung)
        calls.append(Call(slip, rung, FAILED if failed else why, ready, given))
    return calls


def _gone(slip: Slip, person: str, rung: int) -> ContactSet:
    """Somebody who is told nothing any more: by no channel."""
    return ContactSet(at=slip.issued.at, by="", person=person, rung=rung, channels=())


def _persons(slip: Slip, rung: int) -> set[str]:
    """Those of whom something was decided at a rung."""
    names = {*slip.waits, *slip.refused}
    waiting = {n.partition(" ")[2] for n in names if n.startswith(f"{rung} ")}
    return {*filter(None, waiting), *(t.person for t in slip.told if t.rung == rung)}


def _wait(sight: Sight, slip: Slip, name: str) -> Instant:
    """Until when it waits; a silence that was lifted holds nothing."""
    stage, _, by = slip.held.get(name, "").partition(" ")
    if stage == "silenced" and by not in sight.ledger.setup.silences:
        return 0
    return slip.waits.get(name, 0)
