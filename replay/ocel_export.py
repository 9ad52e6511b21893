"""Cases as OCEL 2.0 (ocel-standard.org), in JSON: events, and the things that each is about.

Types of objects: case 办件, item 事项, department 部门, person 人员 (by opaque id), card 牌 and
applicant 申请人 (by random reference). A step is what happens, not a thing: it is an attribute of
its event. An event is about the item and the department that it named, a case about those that
its corrected facts name. What changes is dated: a case's status, as its corrected facts tell it,
and a card's stage in its loop, as its acts left it; what does not is dated 1970, as the standard
asks for.

Events are written as they come; the objects, which the standard wants in a list of their own, wait
in a temporary file. Memory holds one case, and the ids of what cases have in common.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Struct

from supervision.acts import CARD_ACTS, DESK_ACTS, CardAct, CardIssued, DeskAct, IssuedByHand
from supervision.facts import FACTS, ApplicationReceived, Fact
from supervision.fold import Folded
from supervision.judgement.case import Case
from supervision.loop.stage import stage_of
from supervision.notices import Notice
from supervision.store.mapping import KINDS
from supervision.streams import case_prefix

from .exporting import NOTICES_ZH, CaseEvents, Plain, Texts, Told, names_of, told

CASE, ITEM, DEPARTMENT, PERSON, CARD, APPLICANT = (
    "case", "item", "department", "person", "card", "applicant"
)  # fmt: skip
BY, TOLD = "by", "told"
"""How an event is about a person who did it, or was told; else about whom a card is: "person"."""

ALWAYS = "1970-01-01T00:00:00Z"
"""The instant of an attribute that does not change."""

STATUS: dict[str, str] = {
    "ApplicationReceived": "received",
    "SupplementRequested": "incomplete",
    "SupplementReceived": "received",
    "CaseAccepted": "accepted",
    "CaseRefused": "refused",
    "SpecialProcedureStarted": "paused",
    "SpecialProcedureEnded": "accepted",
    "DecisionSigned": "decided",
    "CaseConcluded": "concluded",
    "CertificateIssued": "certified",
    "ResultDelivered": "delivered",
    "CaseWithdrawn": "withdrawn",
}
"""The status in which a fact leaves its case; the other kinds leave it as it was."""

CARD_FIELDS = (
    "rule", "subject", "severity", "colour", "label_zh", "label_en", "cycle", "rung",
    "crossed_at", "law", "step", "policy_version",
)  # fmt: skip
"""What a card says of itself, beside whom and what it is about, which are objects."""

TYPES: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    int | None: "integer",
    datetime: "time",
    datetime | None: "time",
}
"""The standard's word for the type of a field; all others are "string"."""

OBJECTS: dict[str, dict[str, str]] = {
    CASE: {"source": "string", "case_no": "string", "channel": "string", "status": "string"},
    ITEM: {"code": "string"},
    DEPARTMENT: {"name": "string"},
    PERSON: {"source": "string", "name": "string"},
    CARD: {
        "number": "string",
        "stage": "string",
        **{name: TYPES.get(get_type_hints(CardIssued)[name], "string") for name in CARD_FIELDS},
    },
    APPLICANT: {"reference": "string"},
}
"""Attributes of each type of object, and their types."""

COMMON: dict[str, str] = {
    "activity": "string",
    "family": "string",
    "instance": "string",
    "position": "integer",
    "recorded_at": "time",
    "resource": "string",
    "role": "string",
    "group": "string",
    "words": "string",
}
"""Attributes of every event: `instance` is its id, `words` its texts by name as JSON; resource,
role and group are who did it, as in XES.
"""

EVENTS = (*FACTS, *CARD_ACTS, *DESK_ACTS, *NOTICES_ZH)
"""Every type of event that a case may have."""

SPOOLED = 1 << 24
"""Bytes of objects that wait in memory before they go to a file."""

_encode = msgspec.json.Encoder().encode


class Thing(NamedTuple):
    """An object: its type, what tells it from others of that type, and what it says of itself."""

    type: str
    id: str
    says: dict[str, Plain]


class About(NamedTuple):
    """What an event is about, and how."""

    thing: Thing
    how: str


States = list[tuple[str, datetime]]
"""States in order, and since when each."""
Changes = dict[str, States]
"""By the id of a case or card: its states."""


def ocel(cases: Iterable[CaseEvents], *, texts: Texts | None = None) -> Iterator[bytes]:
    """The bytes of an OCEL 2.0 file in JSON, in pieces. TooNew, Unreadable."""
    types = (_encode(list(_object_types())), _encode(list(_event_types())))
    yield b'{"objectTypes":%b,\n"eventTypes":%b,\n"events":[' % types
    seen: set[str] = set()
    with tempfile.SpooledTemporaryFile(SPOOLED) as waiting:
        between, between_objects = b"\n", b"\n"
        for case in cases:
            events = told(case, texts)
            about = [_about(case, each) for each in events]
            for each, things in zip(events, about, strict=True):
                yield between + _encode(_event(each, things))
                between = b",\n"
            for line in _objects(case, events, about, seen):
                waiting.write(between_objects + _encode(line))
                between_objects = b",\n"
        yield b'\n],\n"objects":['
        waiting.seek(0)
        yield from waiting
    yield b"\n]}\n"


def _object_types() -> Iterator[dict[str, Any]]:
    for name, attributes in OBJECTS.items():
        yield {"name": name, "attributes": _declared(attributes)}


def _event_types() -> Iterator[dict[str, Any]]:
    for name in EVENTS:
        yield {"name": name, "attributes": _declared({**COMMON, **_fields_of(KINDS[name])})}


def _declared(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in attributes.items()]


def _fields_of(cls: type[Struct]) -> dict[str, str]:
    hints = get_type_hints(cls)
    return {name: TYPES.get(hints[field], "string") for field, name in names_of(cls)}


def _event(each: Told, about: list[About]) -> dict[str, Any]:
    says = {
        "activity": each.activity,
        "family": each.family,
        "instance": each.id,
        "position": each.position,
        "recorded_at": each.recorded_at,
        "resource": each.who.id,
        "role": each.who.post,
        "group": each.who.department,
        "words": _encode(each.texts).decode() if each.texts else "",
        **dict(each.fields()),
    }
    return {
        "id": f"e{each.position}",
        "type": each.name,
        "time": each.at,
        "attributes": [{"name": k, "value": v} for k, v in says.items() if v != ""],
        "relationships": [{"objectId": a.thing.id, "qualifier": a.how} for a in about],
    }


def _about(case: CaseEvents, each: Told) -> list[About]:
    """The case and, where the event names them, item, department, person, card and applicant."""
    event, source = each.event, case.source
    found = [About(_case(case), CASE)]
    match event:
        case Fact():
            found += _of_fact(source, event)
        case CardAct() | DeskAct() | Notice():
            found.append(About(_thing(CARD, event.card, {"number": event.card}), CARD))
    match event:
        case CardIssued():
            found += _named(source, event.item, event.department, event.person, PERSON)
        case IssuedByHand():
            found += _named(source, "", event.department, event.person, PERSON)
        case Notice() if person := getattr(event, "person", ""):
            found.append(About(_person("", person), TOLD))
    if isinstance(event, DeskAct) and event.by:
        found.append(About(_person("", event.by), BY))
    return found


def _of_fact(source: str, fact: Fact) -> Iterator[About]:
    yield from _named(source, fact.item, fact.actor.department, fact.actor.id, BY)
    if isinstance(fact, ApplicationReceived) and fact.applicant_ref:
        applicant: dict[str, Plain] = {"reference": fact.applicant_ref}
        yield About(_thing(APPLICANT, fact.applicant_ref, applicant), APPLICANT)


def _named(source: str, item: str, department: str, person: str, how: str) -> Iterator[About]:
    if item:
        yield About(_thing(ITEM, item, {"code": item}), ITEM)
    if department:
        yield About(_thing(DEPARTMENT, department, {"name": department}), DEPARTMENT)
    if person:
        yield About(_person(source, person), how)


def _case(case: CaseEvents) -> Thing:
    says: dict[str, Plain] = {"source": case.source, "case_no": case.case_no}
    return Thing(CASE, case_prefix(case.source, case.case_no).rstrip("/"), says)


def _thing(kind: str, name: str, says: dict[str, Plain]) -> Thing:
    return Thing(kind, f"{kind}/{name}", says)


def _person(source: str, person: str) -> Thing:
    """Whom a source system names; with no source, whom this system names."""
    return _thing(PERSON, f"{source}/{person}", {"source": source, "name": person})


def _objects(
    case: CaseEvents, events: list[Told], about: list[list[About]], seen: set[str]
) -> Iterator[dict[str, Any]]:
    """The objects of a case; of those that cases have in common, the ones not `seen` yet."""
    changes, as_told = _changes(case)
    of_case = [a for k in as_told.facts for a in _of_fact(case.source, k.fact) if a.how != BY]
    for thing in {a.thing.id: a.thing for each in (*about, of_case) for a in each}.values():
        states = changes.get(thing.id, [])
        if thing.type == CASE:
            yield _case_object(thing, as_told, of_case, states)
        elif thing.type == CARD:
            own = [
                (each, things)
                for each, things in zip(events, about, strict=True)
                if any(a.thing.id == thing.id for a in things)
            ]
            yield _card_object(thing, own, states)
        elif thing.id not in seen:
            seen.add(thing.id)
            yield _object(thing, _lasting(thing.says), [])


def _case_object(thing: Thing, case: Case, about: list[About], states: States) -> dict[str, Any]:
    """A case, with what its corrected facts say of it and relate it to."""
    says = dict(thing.says)
    for known in case.all(ApplicationReceived)[:1]:
        says["channel"] = getattr(known.fact, "channel", "")
    return _object(thing, [*_lasting(says), *_dated("status", states)], _related(about))


def _card_object(
    thing: Thing, own: list[tuple[Told, list[About]]], states: States
) -> dict[str, Any]:
    """A card, with what the act that issued it says of it and relates it to."""
    says = dict(thing.says)
    about: list[About] = []
    for each, things in own:
        if isinstance(each.event, CardIssued):
            says |= {name: v for name, v in each.fields() if name in CARD_FIELDS}
            about += [a for a in things if a.thing.id != thing.id and a.how != BY]
    return _object(thing, [*_lasting(says), *_dated("stage", states)], _related(about))


def _related(about: list[About]) -> list[tuple[str, str]]:
    """Each thing once, as it was first named."""
    related: dict[str, str] = {}
    for a in about:
        related.setdefault(a.thing.id, a.how)
    return list(related.items())


def _dated(name: str, states: States) -> list[dict[str, Any]]:
    return [{"name": name, "value": state, "time": since} for state, since in states]


def _lasting(says: dict[str, Plain]) -> list[dict[str, Any]]:
    return [{"name": name, "value": v, "time": ALWAYS} for name, v in says.items() if v != ""]


def _object(
    thing: Thing, attributes: list[dict[str, Any]], related: list[tuple[str, str]]
) -> dict[str, Any]:
    relationships = [{"objectId": other, "qualifier": how} for other, how in related]
    return {
        "id": thing.id,
        "type": thing.type,
        "attributes": attributes,
        "relationships": relationships,
    }


def _changes(case: CaseEvents) -> tuple[Changes, Case]:
    """The states of the case and of its cards, each with the instant from which it was so; and the
    case as its corrected facts tell it.
    """
    found: Changes = {}
    folded = Folded()
    for stored in case.in_order():
        act = folded.take(stored)
        if isinstance(act, CardAct | DeskAct) and act.card in folded.cards:
            state = str(stage_of(folded.cards[act.card]))
            _changed(found.setdefault(f"{CARD}/{act.card}", []), state, act.at)
    for known in folded.case().facts:
        status = STATUS.get(type(known.fact).__name__)
        if status:
            states = found.setdefault(_case(case).id, [])
            _changed(states, status, known.fact.occurred_at)
    return found, folded.case()


def _changed(states: States, state: str, at: datetime) -> None:
    if not states or states[-1][0] != state:
        states.append((state, at))
