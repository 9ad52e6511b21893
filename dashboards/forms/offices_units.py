"""The system administrator's tree of districts and departments."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.events import UnitPlaced
from supervision.access.people import DEPARTMENT
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.ruling import place, remove
from supervision.access.web import Form
from supervision.errors import SupervisionError

from .offices_desk import Office, Sent, back, by, desk_router, problem_of, status_of, tree, tried
from .page import lang_of

FIELDS = ("unit", "kind", "parent")


def units_desk(office: Office) -> APIRouter:
    """The tree, and what changes it."""
    router = desk_router()

    def shown(
        request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        people = office.people()
        placed = tree(people)
        return office.show(
            request,
            "offices_units.html",
            status_of(error) if error else HTTPStatus.OK,
            here="/units",
            problem=problem_of(error, lang_of(request)) if error else "",
            tree=placed,
            units=people.units,
            parents={each.parent for each in placed},
            given={name: form[name] for name in FIELDS} if form else _asked(office, request),
            suggestions=[name for name in office.departments() if name not in people.units],
        )

    @router.get("/units")
    @needs(Right.PEOPLE)
    def units(request: Request) -> Response:
        """The tree; `unit` fills the form in."""
        return shown(request)

    @router.post("/units")
    @needs(Right.PEOPLE)
    def put(request: Request, form: Sent) -> Response:
        """Place a unit, or move it."""
        wanted = {name: form[name] for name in FIELDS}
        return tried(
            lambda: office.access.rule(
                lambda people, at: place(people, UnitPlaced(at=at, by=by(), **wanted))
            ),
            lambda _: back(request, "/units", "placed"),
            lambda error: shown(request, error, form),
        )

    @router.post("/units/remove")
    @needs(Right.PEOPLE)
    def take(request: Request, form: Sent) -> Response:
        """Take a unit out."""
        unit = form["unit"]
        return tried(
            lambda: office.access.rule(lambda people, at: remove(people, unit, by(), at)),
            lambda _: back(request, "/units", "removed"),
            lambda error: shown(request, error),
        )

    return router


def _asked(office: Office, request: Request) -> dict[str, str]:
    unit = request.query_params.get("unit", "")
    at = office.people().units.get(unit)
    return {
        "unit": unit,
        "kind": at.kind if at else DEPARTMENT,
        "parent": at.parent if at else "",
    }
