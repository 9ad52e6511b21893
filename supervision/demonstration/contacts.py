"""Who in the city is told of cards, and where: nobody can be reached there.

The domain `invalid` is nobody's (RFC 2606), +999 the code of no country (ITU-T E.164).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from ..notices import ContactSet
from .desks import SUPERVISORS
from .staff import CLERK, HEAD, REVIEWER, SIGNER, people

RUNGS: dict[str, tuple[int, str]] = {
    CLERK: (0, "承办人"),
    REVIEWER: (0, "承办人"),
    SIGNER: (1, "科室负责人"),
    HEAD: (2, "分管领导"),
}
"""The rung of each post, and what it is called there."""
INSPECTION, INSPECTION_NAME = 3, "纪检监察"
INVENTED = "（演示）"
MAIL_ONLY, BOTH = ("mail",), ("sms", "mail")
WAYS: dict[str, tuple[str, ...]] = {CLERK: MAIL_ONLY, REVIEWER: BOTH, SIGNER: BOTH, HEAD: BOTH}
"""How each post is told, the preferred way first."""


class Reached(NamedTuple):
    """Somebody who is told, and under which address by each channel."""

    contact: ContactSet
    addresses: dict[str, str]


def contacts(departments: Iterable[str], at: datetime, by: str) -> list[Reached]:
    """Everybody who is told, set up by `by` at that time; `departments` in order of their names."""
    found = [each for n, name in enumerate(departments, 1) for each in _of(n, name, at, by)]
    return found + [_inspector(person, at, by) for person in SUPERVISORS]


def _of(number: int, department: str, at: datetime, by: str) -> Iterator[Reached]:
    for post, persons in people(number).items():
        rung, name = RUNGS[post]
        for person in persons:
            contact = ContactSet(
                at=at,
                by=by,
                person=person,
                rung=rung,
                name=f"{name}{INVENTED}",
                departments=(department,),
                channels=WAYS[post],
            )
            yield Reached(contact, _addresses(contact))


def _inspector(person: str, at: datetime, by: str) -> Reached:
    """Of all departments; told each day what stands, and when a gateway is down."""
    contact = ContactSet(
        at=at,
        by=by,
        person=person,
        rung=INSPECTION,
        name=f"{INSPECTION_NAME}{INVENTED}",
        channels=BOTH,
        digest=True,
        operator=True,
    )
    return Reached(contact, _addresses(contact))


def _addresses(contact: ContactSet) -> dict[str, str]:
    person = contact.person.lower()
    number = f"+999{ord(person[0]):03d}{person[1:]}"
    known = {"mail": f"{person}@example.invalid", "sms": number}
    return {channel: known[channel] for channel in contact.channels}
