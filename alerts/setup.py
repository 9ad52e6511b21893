"""What was set up for alerts, as a fold of ALERTS: who is told, what is silenced, in what words,
by what rules. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from supervision.notices import (
    AlertPolicySet,
    ContactRemoved,
    ContactSet,
    SilenceLifted,
    SilenceSet,
    TemplateSet,
)

V = TypeVar("V")

BUILTIN = "builtin"
"""The version of the policy that holds before anybody set one."""

TemplateKey = tuple[str, str, str]
"""Kind, channel and language of a message."""


def _builtin() -> AlertPolicySet:
    return AlertPolicySet(at=datetime(1970, 1, 1, tzinfo=UTC), by="", version=BUILTIN)


class Setup(Struct, frozen=True, kw_only=True):
    """What holds now. `silences`: set and not lifted, those that are over too. `numbers`: the last
    number under which a person's addresses were sealed; those who were removed keep theirs.
    `silenced`: how many silences were ever set.
    """

    contacts: dict[str, ContactSet] = {}
    silences: dict[str, SilenceSet] = {}
    templates: dict[TemplateKey, TemplateSet] = {}
    policy: AlertPolicySet = field(default_factory=_builtin)
    numbers: dict[str, int] = {}
    silenced: int = 0


NOTHING_SET = Setup()
"""Before anybody set anything up: nobody is told, by the policy that comes with the product."""


def with_setup(setup: Setup, event: Struct) -> Setup:
    """What holds after an event; one that is none of these changes nothing."""
    match event:
        case ContactSet(person=person, number=number):
            return replace(
                setup,
                contacts={**setup.contacts, person: event},
                numbers={**setup.numbers, person: max(number, setup.numbers.get(person, 0))},
            )
        case ContactRemoved(person=person):
            return replace(setup, contacts=_without(setup.contacts, person))
        case SilenceSet(silence=silence):
            silences = {**setup.silences, silence: event}
            return replace(setup, silences=silences, silenced=setup.silenced + 1)
        case SilenceLifted(silence=silence):
            return replace(setup, silences=_without(setup.silences, silence))
        case TemplateSet():
            return replace(setup, templates=_templates(setup.templates, event))
        case AlertPolicySet():
            return replace(setup, policy=event)
    return setup


def recipients(setup: Setup, department: str, item: str, rung: int) -> list[ContactSet]:
    """Who is told of a department's cards of an item at a rung, in order of their names.

    A contact without departments, or without items, is told of all of them.
    """
    return [
        contact
        for _, contact in sorted(setup.contacts.items())
        if contact.rung == rung and concerns(contact, department, item)
    ]


def concerns(contact: ContactSet, department: str, item: str) -> bool:
    """Whether cards of a department and item are theirs."""
    departments = not contact.departments or department in contact.departments
    return departments and (not contact.items or item in contact.items)


def matches(
    silence: SilenceSet,
    *,
    department: str,
    item: str,
    rule: str,
    severity: str,
    source: str,
    case_no: str,
) -> bool:
    """Whether a card is one of those that a silence is about, whatever its end."""
    return all(
        not wanted or wanted == given
        for wanted, given in (
            (silence.department, department),
            (silence.item, item),
            (silence.rule, rule),
            (silence.severity, severity),
            (silence.source, source),
            (silence.case_no, case_no),
        )
    )


def _without(table: dict[str, V], key: str) -> dict[str, V]:
    return {each: value for each, value in table.items() if each != key}


def _templates(
    table: dict[TemplateKey, TemplateSet], event: TemplateSet
) -> dict[TemplateKey, TemplateSet]:
    """With the words of an event; none at all are the product's again."""
    key = event.kind, event.channel, event.lang
    rest = {each: value for each, value in table.items() if each != key}
    return rest | {key: event} if event.subject or event.body or event.html else rest
