"""Persons, their roles and the tree of districts and departments, folded from the log. Pure.

The fold is total: what makes no sense (a person nobody added, a tree that would bite its tail) is
passed over, so that a log written by whatever program still says who may do what.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from .events import (
    KioskClosed,
    KioskOpened,
    PersonAdded,
    PersonDisabled,
    PersonEnabled,
    RoleGranted,
    RoleRevoked,
    SecondFactorRenewed,
    UnitPlaced,
    UnitRemoved,
)

DISTRICT = "district"
DEPARTMENT = "department"
TOP = ""
"""What every unit hangs under in the end."""


class Grant(NamedTuple):
    """A role over some units, none meaning the whole, with or without personal data."""

    role: str
    units: tuple[str, ...] = ()
    texts: bool = False


class Person(NamedTuple):
    """Who may sign in. `factor` is the number of the second factor in use, 0 for none."""

    person: str
    name: str = ""
    department: str = ""
    subject: str = ""
    grants: tuple[Grant, ...] = ()
    disabled: bool = False
    factor: int = 0
    held: tuple[str, ...] = ()
    """Every role that the person ever had."""


class Unit(NamedTuple):
    """A district or department, and what it hangs under."""

    kind: str
    parent: str = TOP


class Kiosk(NamedTuple):
    """A wall without a person: where it may be shown, and what part of the tree."""

    kiosk: str
    address: str
    units: tuple[str, ...] = ()
    session: str = ""


class People(NamedTuple):
    """Everybody, by the name they sign in with; the tree, by unit; the walls that may be shown."""

    persons: dict[str, Person] = {}
    units: dict[str, Unit] = {}
    kiosks: dict[str, Kiosk] = {}

    def by_subject(self, subject: str) -> Person | None:
        """Whom an OpenID provider means."""
        found = (p for p in self.persons.values() if subject and p.subject == subject)
        return next(found, None)


def name_of(text: str) -> str:
    """A person's name as it is compared: in whatever width and case it was typed."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).casefold().strip()


def fold(people: People, events: Iterable[Struct]) -> People:
    """What is known after these events too; the given one is not changed."""
    after = People(dict(people.persons), dict(people.units), dict(people.kiosks))
    for event in events:
        _take(after, event)
    return after


def above(units: dict[str, Unit], unit: str) -> list[str]:
    """What a unit hangs under, the nearest first, as far as it is placed."""
    found: list[str] = []
    while (at := units.get(unit)) and at.parent != TOP and at.parent not in found:
        unit = at.parent
        found.append(unit)
    return found


def makes_a_cycle(units: dict[str, Unit], unit: str, parent: str) -> bool:
    """Whether a unit under that parent would hang under itself."""
    return parent == unit or unit in above(units, parent)


def departments_under(units: dict[str, Unit], roots: Iterable[str]) -> frozenset[str]:
    """The departments of these units and of all below them.

    A name that is nowhere in the tree is that of a department: rights need no tree. Nor does it
    reach what still says that it hangs under it.
    """
    named = set(roots)
    wanted = named & units.keys()
    below = {
        unit
        for unit, at in units.items()
        if at.kind == DEPARTMENT and (unit in wanted or wanted & set(above(units, unit)))
    }
    return frozenset(below | (named - wanted))


def _take(people: People, event: Struct) -> None:
    persons, units, kiosks = people
    match event:
        case PersonAdded(person=who) if who not in persons:
            persons[who] = Person(who, event.name, event.department, event.subject)
        case PersonDisabled(person=who) if who in persons:
            persons[who] = persons[who]._replace(disabled=True)
        case PersonEnabled(person=who) if who in persons:
            persons[who] = persons[who]._replace(disabled=False)
        case RoleGranted(person=who) if who in persons:
            grant = Grant(event.role, event.units, event.texts)
            persons[who] = _granted(persons[who], grant)
        case RoleRevoked(person=who) if who in persons:
            persons[who] = persons[who]._replace(grants=_but(persons[who], event.role))
        case SecondFactorRenewed(person=who) if who in persons:
            persons[who] = persons[who]._replace(factor=event.number)
        case UnitPlaced() if event.unit and not makes_a_cycle(units, event.unit, event.parent):
            units[event.unit] = Unit(event.kind, event.parent)
        case UnitRemoved():
            units.pop(event.unit, None)
        case KioskOpened():
            kiosks[event.kiosk] = Kiosk(event.kiosk, event.address, event.units, event.session)
        case KioskClosed():
            kiosks.pop(event.kiosk, None)


def _granted(person: Person, grant: Grant) -> Person:
    held = tuple(dict.fromkeys((*person.held, grant.role)))
    return person._replace(grants=(*_but(person, grant.role), grant), held=held)


def _but(person: Person, role: str) -> tuple[Grant, ...]:
    return tuple(grant for grant in person.grants if grant.role != role)
