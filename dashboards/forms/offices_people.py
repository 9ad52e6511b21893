"""The system administrator's list of people: who there is, and adding somebody."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.events import PersonAdded
from supervision.access.people import Person, name_of
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.ruling import add_person
from supervision.access.web import Form
from supervision.errors import SupervisionError

from .offices_desk import A_PAGE, Office, Sent, by, desk_router, problem_of, status_of, tried
from .page import lang_of

log = logging.getLogger(__name__)

FIELDS = ("person", "name", "department", "subject")


class Listed(NamedTuple):
    """One page of people, how many were found, and behind whom the next page begins ("": none)."""

    people: list[Person]
    total: int
    after: str


def listed(persons: Iterable[Person], text: str, after: str) -> Listed:
    """Those whose name, sign-in name, department or subject has the text; in order of name."""
    wanted = name_of(text)
    found = sorted(each for each in persons if _has(each, wanted))
    behind = [each for each in found if each.person > after]
    shown = behind[:A_PAGE]
    return Listed(shown, len(found), shown[-1].person if len(behind) > A_PAGE else "")


def _has(person: Person, wanted: str) -> bool:
    texts = person.person, person.name, person.department, person.subject
    return not wanted or any(wanted in name_of(text) for text in texts)


def people_desk(office: Office) -> APIRouter:
    """List and form."""
    router = desk_router()

    def shown(
        request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        asked = request.query_params
        return office.show(
            request,
            "offices_people.html",
            status_of(error) if error else HTTPStatus.OK,
            problem=problem_of(error, lang_of(request)) if error else "",
            found=listed(office.people().persons.values(), asked.get("q", ""), _after(request)),
            given={name: form[name] if form else "" for name in FIELDS},
            departments=office.departments(),
        )

    @router.get("/people")
    @needs(Right.PEOPLE)
    def people(request: Request) -> Response:
        """Who there is."""
        return shown(request)

    @router.post("/people")
    @needs(Right.PEOPLE)
    def add(request: Request, form: Sent) -> Response:
        """Somebody more; the first password of a local account is told once."""
        wanted = {name: form[name] for name in FIELDS}
        return tried(
            lambda: _added(office, wanted),
            lambda made: office.show(request, "offices_added.html", here="/people", **made),
            lambda error: shown(request, error, form),
        )

    return router


def _after(request: Request) -> str:
    return request.query_params.get("after", "")


def _added(office: Office, wanted: dict[str, str]) -> dict[str, Any]:
    event = office.access.rule(
        lambda people, at: add_person(people, PersonAdded(at=at, by=by(), **wanted))
    )
    assert isinstance(event, PersonAdded)
    made = {"person": event.person, "subject": event.subject, "password": ""}
    if event.subject:
        return made
    try:
        return made | {"password": office.access.signing.reset_password(event.person, by())}
    except SupervisionError as error:  # the person is there; the page says who can mend the rest
        log.warning("no first password could be made: %s", error)
        return made
