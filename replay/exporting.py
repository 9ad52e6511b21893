"""What both exports for process mining tell of an event: its name, when, who did it, its fields.

Personal data and free text are told only where a function that opens them is given; otherwise the
names of what was given stand for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from supervision.acts import ZH as ACTS_ZH
from supervision.acts import CardAct, DeskAct
from supervision.facts import ZH as FACTS_ZH
from supervision.facts import Actor, CaseLinked, Fact, StepCompleted, instant
from supervision.notices import CardTold, Notice
from supervision.store.mapping import moment
from supervision.store.stored import Stored

FACTS, LINKS, CARDS, DESK, NOTICES = "facts", "links", "cards", "desk", "notices"
"""Families of events: what was reported, what was found to hang together, what supervision did."""

NOTICES_ZH: dict[str, str] = {"CardTold": "告知", "CardNotTold": "未告知", "CardWaits": "待告知"}

ELSEWHERE = frozenset({"source", "case_no", "occurred_at", "at", "id", "actor", "sealed"})
"""Fields that both exports tell in places of their own; the seal of texts says nothing to them."""

RENAMED = {("SupervisionOrdered", "number"): "order"}
"""Fields whose name means something of another type elsewhere: what they are called in exports."""

JOINT = "；"
"""Between the entries of a list that becomes one text; the mapping of files splits at it."""

Texts = Callable[[Fact | DeskAct], Mapping[str, str] | None]
"""Opens the personal data and free text of an event; None when erased or never given."""

Plain = str | int | bool | datetime
"""What a field of an export may hold."""


class CaseEvents(NamedTuple):
    """One case and all events of its streams, in any order; those of no case are passed over."""

    source: str
    case_no: str
    events: list[Stored]

    def in_order(self) -> list[Stored]:
        """As they stand in the log."""
        return sorted(self.events, key=attrgetter("position"))


class Told(NamedTuple):
    """An event of a case. `name` is that of its kind, kept for good; `activity` is Chinese, or the
    step's own name; `at` is when it happened, with the offset that was reported; `recorded_at` is
    in UTC.
    """

    position: int
    event: Struct
    name: str
    family: str
    activity: str
    id: str
    at: datetime
    recorded_at: datetime
    who: Actor
    texts: Mapping[str, str]

    def fields(self) -> Iterator[tuple[str, Plain]]:
        """What else it says, by the fields' names; what was not given is left out."""
        for field, name in names_of(type(self.event)):
            value = getattr(self.event, field)
            if value is not None and value not in ("", (), {}):
                yield name, _plain(value)


@cache
def names_of(cls: type[Struct]) -> tuple[tuple[str, str], ...]:
    """The fields of an event that `Told.fields` tells, and what exports call them."""
    return tuple(
        (field, RENAMED.get((cls.__name__, field), field))
        for field in cls.__struct_fields__
        if field not in ELSEWHERE
    )


def told(case: CaseEvents, texts: Texts | None = None) -> list[Told]:
    """The events of a case in the order in which they happened. TooNew, Unreadable."""
    found = [each for stored in case.events if (each := _told(stored, texts))]
    return sorted(found, key=lambda each: (instant(each.at), each.position))


def _told(stored: Stored, texts: Texts | None) -> Told | None:
    event = stored.event
    name = stored.topic.partition("/")[0]
    match event:
        case Fact():
            family = LINKS if isinstance(event, CaseLinked) else FACTS
            activity = event.step if isinstance(event, StepCompleted) else FACTS_ZH[name]
            at, who, event_id = event.occurred_at, event.actor, event.id
        case CardAct():
            family, activity = CARDS, ACTS_ZH[name]
            at, who, event_id = event.at, Actor(), ""
        case DeskAct():
            family, activity = DESK, ACTS_ZH[name]
            at, who, event_id = event.at, Actor(id=event.by), event.id
        case Notice():
            family, activity = NOTICES, NOTICES_ZH[name]
            at, who = event.at, Actor()
            event_id = event.message if isinstance(event, CardTold) else ""
        case _:
            return None
    opened = texts(event) if texts and isinstance(event, Fact | DeskAct) and event.sealed else None
    return Told(
        stored.position,
        event,
        name,
        family,
        activity,
        event_id,
        at,
        moment(stored.recorded_at),
        who,
        opened or {},
    )


def _plain(value: Any) -> Plain:
    """A field's value in one piece: lists of texts are joined, what has parts is JSON."""
    if isinstance(value, str | int | datetime):
        return value
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return JOINT.join(value)
    return msgspec.json.encode(value, order="deterministic").decode()
