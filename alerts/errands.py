"""Messages about no card in particular: digests, ends of silences, gateways, tests. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from supervision.facts import Instant, instant
from supervision.judgement.shelf import NEVER
from supervision.lists import PolicyPublished
from supervision.notices import ContactSet, MessageIntended, SilenceSet

from . import hours
from .ledger import OPEN, Slip
from .messages import Making, intended
from .setup import concerns
from .stages import Sight, hushes
from .templates import Fields

LATE: Instant = 30 * 60 * 1_000_000
"""Microseconds after which a missed digest is not sent any more, unless people may be told then."""


def due(sight: Sight, making: Making) -> Iterator[MessageIntended]:
    """What is to be sent now."""
    yield from _digests(sight, making)
    yield from _ended_silences(sight, making)
    yield from _troubles(sight, making)
    yield from _tests(sight, making)


def next_at(sight: Sight) -> Instant:
    """When something next becomes due by time alone."""
    ledger = sight.ledger
    ends = [instant(each.until) for each in ledger.silences.values()]
    found = [at for at in ends if at > sight.now]
    if len(found) < len(ends) and _sleeps(sight):
        found.append(_wakes_at(sight))
    if any(contact.digest for contact in ledger.setup.contacts.values()):
        policy = _policy(sight)
        calendar = sight.lists().calendar(policy.calendar, policy.zone)
        found.append(hours.next_at(calendar, ledger.setup.policy.digest_at, sight.now))
    return min(found, default=NEVER)


def _policy(sight: Sight) -> PolicyPublished:
    """The common policy."""
    return sight.lists().policy("", sight.now, sight.now)


def _digests(sight: Sight, making: Making) -> Iterator[MessageIntended]:
    """日清: each working day, to who gets it, what of their departments is not at its end."""
    ledger, policy = sight.ledger, _policy(sight)
    wanting = [c for _, c in sorted(ledger.setup.contacts.items()) if c.digest]
    if not wanting:
        return
    calendar, rules = sight.lists().calendar(policy.calendar, policy.zone), ledger.setup.policy
    day, at = hours.last_at(calendar, rules.digest_at, sight.now)
    if calendar.day_of(at) != calendar.day_of(sight.now):
        return
    if sight.now > at + LATE and hours.waking(calendar, rules.quiet, sight.now) > sight.now:
        return
    for contact in wanting:
        told = ledger.digests.get(contact.person, "")
        if told < day and instant(contact.at) <= at and (channel := _way(sight, contact)):
            figures = _figures(sight, contact, calendar.start_of(calendar.day_of(at)), day)
            fields = Fields(
                kind="digest",
                district=making.place.district,
                department="、".join(contact.departments),
                why=day,
                until=day,
                wall=making.place.wall,
                figures=figures,
            )
            yield intended(making, contact, channel, fields, why=day, rung=contact.rung)


def _figures(sight: Sight, contact: ContactSet, since: Instant, day: str) -> dict[str, int]:
    """Of the open cards that are the contact's, on a day (ISO) that began at `since`."""
    slips = [
        slip
        for slip in sight.ledger.slips.values()
        if slip.state == OPEN
        and not slip.decided
        and concerns(contact, slip.issued.department, slip.issued.item)
    ]
    return {
        "standing": len(slips),
        "red": _count(slips, "red"),
        "yellow": _count(slips, "yellow"),
        "reminder": _count(slips, "reminder"),
        "issued": sum(slip.since >= since for slip in slips),
        "unacknowledged": sum(not slip.answered for slip in slips if slip.issued.answer_by),
        "overdue": sum(not s.answered and "" < s.issued.answer_by < day for s in slips),
    }


def _count(slips: list[Slip], severity: str) -> int:
    return sum(slip.issued.severity == severity for slip in slips)


def _ended_silences(sight: Sight, making: Making) -> Iterator[MessageIntended]:
    """To who made it, or to operators, that people are told again; not at night."""
    ledger = sight.ledger
    for name, silence in sorted(ledger.silences.items()):
        ended = ledger.lifted.get(name, instant(silence.until))
        contacts = [c for c in _author(sight, silence) if _way(sight, c)]
        if ended > sight.now or not contacts or _sleeps(sight):
            continue
        slips = [slip for slip in ledger.slips.values() if not slip.decided]
        held = sum(hushes(silence, s) for s in slips if s.state == OPEN and not s.answered)
        fields = Fields(
            kind="silence_ended",
            district=making.place.district,
            department=silence.department,
            count=held,
            until=_text(making, min(ended, instant(silence.until))),
            reason=silence.reason,
            wall=making.place.wall,
        )
        yield from _to(sight, making, contacts, fields, name)


def _sleeps(sight: Sight) -> bool:
    """Whether it is no time to tell what can wait."""
    return _wakes_at(sight) > sight.now


def _wakes_at(sight: Sight) -> Instant:
    policy = _policy(sight)
    calendar = sight.lists().calendar(policy.calendar, policy.zone)
    return hours.waking(calendar, sight.ledger.setup.policy.quiet, sight.now)


def _author(sight: Sight, silence: SilenceSet) -> list[ContactSet]:
    author = sight.ledger.setup.contacts.get(silence.by)
    return [author] if author else _operators(sight)


def _troubles(sight: Sight, making: Making) -> Iterator[MessageIntended]:
    """A gateway that is down is told by another channel; that it is back, too."""
    for trouble in sight.ledger.troubles:
        fields = Fields(
            kind="gateway_down" if trouble.down else "gateway_up",
            district=making.place.district,
            channel=trouble.channel,
            reason=trouble.reason,
            until=_text(making, trouble.since),
            wall=making.place.wall,
        )
        operators = _operators(sight)
        but = trouble.channel if trouble.down else ""
        yield from _to(sight, making, operators, fields, trouble.name, but=but)


def _tests(sight: Sight, making: Making) -> Iterator[MessageIntended]:
    """By each channel that a contact has."""
    for name, asked in sorted(sight.ledger.tests.items()):
        contact = sight.ledger.setup.contacts.get(asked.person)
        for channel in contact.channels if contact else ():
            if contact and channel in sight.channels:
                fields = Fields(kind="test", district=making.place.district, channel=channel)
                yield intended(making, contact, channel, fields, why=name)


def _to(
    sight: Sight,
    making: Making,
    contacts: list[ContactSet],
    fields: Fields,
    why: str,
    but: str = "",
) -> Iterator[MessageIntended]:
    for contact in contacts:
        channel = _way(sight, contact, but)
        if channel:
            yield intended(making, contact, channel, fields, why=why, rung=contact.rung)


def _operators(sight: Sight) -> list[ContactSet]:
    return [c for _, c in sorted(sight.ledger.setup.contacts.items()) if c.operator]


def _way(sight: Sight, contact: ContactSet, but: str = "") -> str:
    """The contact's first channel that the installation has and that is up; "" for none."""
    there = [c for c in contact.channels if c in sight.channels and c != but]
    return next((c for c in there if c not in sight.ledger.down), there[0] if there else "")


def _text(making: Making, at: Instant) -> str:
    moment = datetime.fromtimestamp(at / 1_000_000, making.place.zone)
    return f"{moment:%Y-%m-%d %H:%M}"
