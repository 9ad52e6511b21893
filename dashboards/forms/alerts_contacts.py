"""Who is told: the system administrator's page of contacts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.ruling import RUNGS, ContactUnfit, ask_test
from alerts.templates import CHANNELS
from alerts.wording import LANGS
from supervision.access.people import name_of
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form
from supervision.errors import SupervisionError
from supervision.notices import ContactSet
from supervision.store.mapping import moment

from ..words_alerts import WORDS
from .alerts_desk import Alerting
from .offices_desk import A_PAGE, PARTS, WHOLE, Sent, back, by, desk_router, tried

HERE = "/alerts/contacts"
FIRST = ("channel_1", "channel_2", "channel_3")
FLAGS = ("digest", "operator", "quiet_red")
APART = re.compile(r"[\s,，、;；]+")
NOBODY = ContactSet(at=moment(0), by="", person="", rung=0, channels=("mail",))


def contacts_desk(alerting: Alerting) -> APIRouter:
    """The list, and what changes it."""
    router = desk_router()

    def shown(
        request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        return alerting.show(
            request, "alerts_contacts.html", error, here=HERE, **_context(alerting, request, form)
        )

    @router.get(HERE)
    @needs(Right.ALERTS)
    def contacts(request: Request) -> Response:
        """All of them; `person` fills the form in."""
        return shown(request)

    @router.post(HERE)
    @needs(Right.ALERTS)
    def put(request: Request, form: Sent) -> Response:
        """Add a contact, or change one."""
        return tried(
            lambda: alerting.addresses.set_contact(
                _wanted(form), {name: form[name] for name in CHANNELS}, alerting.fit
            ),
            lambda _: back(request, HERE, "contact_set"),
            lambda error: shown(request, error, form),
        )

    @router.post(f"{HERE}/remove")
    @needs(Right.ALERTS)
    def take(request: Request, form: Sent) -> Response:
        """Tell somebody nothing any more."""
        return tried(
            lambda: alerting.addresses.remove(form["person"], by()),
            lambda _: back(request, HERE, "contact_removed"),
            lambda error: shown(request, error),
        )

    @router.post(f"{HERE}/test")
    @needs(Right.ALERTS)
    def test(request: Request, form: Sent) -> Response:
        """Have a test message sent by each of a contact's channels."""
        return tried(
            lambda: alerting.book.rule(lambda setup, at: ask_test(setup, form["person"], by(), at)),
            lambda _: back(request, HERE, "contact_test"),
            lambda error: shown(request, error),
        )

    return router


def _wanted(form: Form) -> Callable[[datetime], ContactSet]:
    """What a form asks for; ContactUnfit."""
    departments, who = _chosen(form), by()

    def wanted(at: datetime) -> ContactSet:
        return ContactSet(
            at=at,
            by=who,
            person=form["person"],
            name=form["name"],
            rung=_rung(form["rung"]),
            departments=departments,
            items=_items(form["items"]),
            channels=tuple(form[name] for name in FIRST if form[name]),
            lang=form["language"],
            digest=bool(form["digest"]),
            operator=bool(form["operator"]),
            quiet_red=bool(form["quiet_red"]),
        )

    return wanted


def _chosen(form: Form) -> tuple[str, ...]:
    """The departments, none for all, which must have been chosen so; ContactUnfit."""
    choice, chosen = form["departments"], tuple(form.all("department"))
    if choice not in (WHOLE, PARTS) or (choice == PARTS and not chosen):
        raise ContactUnfit(" ".join(WORDS["contact_choose"]))
    if choice == WHOLE and chosen:
        raise ContactUnfit(" ".join(WORDS["contact_both"]))
    return chosen


def _rung(text: str) -> int:
    """The number, -1 (which is no rung) for what is none."""
    return int(text) if text in {str(rung) for rung in RUNGS} else -1


def _items(text: str) -> tuple[str, ...]:
    return tuple(filter(None, APART.split(text)))


def _departments(alerting: Alerting) -> list[str]:
    """Those that items name, and those in the tree."""
    units = alerting.office.people().units
    placed = {name for name, unit in units.items() if unit.kind == "department"}
    return sorted({*alerting.office.departments(), *placed})


def _context(alerting: Alerting, request: Request, form: Form | None) -> dict[str, Any]:
    setup = alerting.setup()
    q, after = request.query_params.get("q", "").strip(), request.query_params.get("after", "")
    found = [c for n, c in sorted(setup.contacts.items()) if n > after and _is(c, q)]
    asked = setup.contacts.get(name_of(request.query_params.get("person", "")))
    given = _given(form) if form else _filled(asked or NOBODY)
    changed = setup.contacts.get(name_of(given["person"])) if given["person"] else None
    return {
        "found": found[:A_PAGE],
        "next": found[A_PAGE - 1].person if len(found) > A_PAGE else "",
        "known": alerting.office.people().persons,
        "given": given,
        "changed": changed.person if changed else "",
        "addressed": alerting.addresses.known(changed) if changed else frozenset(),
        "departments": sorted({*_departments(alerting), *given["chosen"]}),
        "channels": CHANNELS,
        "firsts": FIRST,
        "flags": FLAGS,
        "rungs": RUNGS,
        "langs": LANGS,
    }


def _is(contact: ContactSet, q: str) -> bool:
    texts = (contact.person, contact.name, *contact.departments)
    return not q or any(q.casefold() in text.casefold() for text in texts)


def _given(form: Form) -> dict[str, Any]:
    """What was sent, to be sent better; never an address."""
    names = ("person", "name", "rung", "items", "language", "departments", *FIRST, *FLAGS)
    return {name: form[name] for name in names} | {"chosen": form.all("department")}


def _filled(contact: ContactSet) -> dict[str, Any]:
    channels = dict(zip(FIRST, (*contact.channels, "", "", ""), strict=False))
    new = not contact.person
    return {
        "person": contact.person,
        "name": contact.name,
        "rung": str(contact.rung),
        "items": " ".join(contact.items),
        "language": contact.lang,
        "departments": "" if new else PARTS if contact.departments else WHOLE,
        "chosen": list(contact.departments),
        **{name: "yes" if getattr(contact, name) else "" for name in FLAGS},
        **channels,
    }
