"""The security administrator's list of walls that are shown without a person."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.people import name_of
from supervision.access.port import Session
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form
from supervision.errors import SupervisionError

from .offices_desk import (
    FormUnfit,
    Office,
    Sent,
    back,
    by,
    desk_router,
    problem_of,
    scope_words,
    status_of,
    tried,
    units_given,
)
from .page import lang_of

MOST_DAYS = 1095
"""Three years: then somebody looks whether the wall still hangs there."""
FIELDS = ("kiosk", "address", "days")
NOT_FILLED = {"kiosk": "", "address": "", "days": "365", "scope": "", "units": []}


class Opened(NamedTuple):
    """A kiosk just opened: told once."""

    kiosk: str
    address: str
    days: int
    secret: str


def kiosks_desk(office: Office) -> APIRouter:
    """List, open, close."""
    router = desk_router()

    def shown(
        request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        people, lang = office.people(), lang_of(request)
        ends = {s.person: s for s in office.access.signing.sessions() if s.kind == "kiosk"}
        return office.show(
            request,
            "offices_kiosks.html",
            status_of(error) if error else HTTPStatus.OK,
            here="/kiosks",
            problem=problem_of(error, lang) if error else "",
            kiosks=[
                (kiosk, scope_words(people, kiosk.units, lang), _until(office, ends.get(name)))
                for name, kiosk in sorted(people.kiosks.items())
            ],
            choices=office.choices(people),
            given=_given(form),
        )

    @router.get("/kiosks")
    @needs(Right.RIGHTS)
    def kiosks(request: Request) -> Response:
        """The walls without a person."""
        return shown(request)

    @router.post("/kiosks")
    @needs(Right.RIGHTS)
    def open_one(request: Request, form: Sent) -> Response:
        """One more; its address is told once."""
        return tried(
            lambda: _opened(office, form),
            lambda opened: office.show(
                request,
                "offices_kiosk.html",
                here="/kiosks",
                opened=opened,
                link=_origin(office, request) + "/kiosk/" + opened.secret,
            ),
            lambda error: shown(request, error, form),
        )

    @router.post("/kiosks/close")
    @needs(Right.RIGHTS)
    def close(request: Request, form: Sent) -> Response:
        """No longer."""
        return tried(
            lambda: _closed(office, form["kiosk"]),
            lambda _: back(request, "/kiosks", "closed"),
            lambda error: shown(request, error),
        )

    return router


def _opened(office: Office, form: Form) -> Opened:
    people = office.people()
    units = units_given(form, office.choices(people))
    address, days = _address(form["address"]), _days(form["days"])
    if name_of(form["kiosk"]) in people.kiosks:
        raise FormUnfit("kiosk_exists", HTTPStatus.CONFLICT)
    secret = office.access.signing.open_kiosk(form["kiosk"], address, units, by(), days)
    return Opened(name_of(form["kiosk"]), address, days, secret)


def _closed(office: Office, kiosk: str) -> None:
    if not office.access.signing.close_kiosk(kiosk, by()):
        raise FormUnfit("kiosk_unknown", HTTPStatus.NOT_FOUND)


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise FormUnfit("kiosk_address_unfit") from None


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MOST_DAYS):
        raise FormUnfit("kiosk_days_unfit")
    return int(text)


def _until(office: Office, session: Session | None) -> str:
    return office.when(session.ends_at) if session else ""


def _origin(office: Office, request: Request) -> str:
    return office.public_url or str(request.base_url).rstrip("/")


def _given(form: Form | None) -> dict[str, object]:
    if form is None:
        return dict(NOT_FILLED)
    filled: dict[str, object] = {name: form[name] for name in FIELDS}
    return filled | {"scope": form["scope"], "units": form.all("unit")}
