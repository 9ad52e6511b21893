"""Cards over the API: one as it stands, a move, a card by hand. The same desk as the pages'.

What changes something brings the session's token in the header X-CsrfToken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import whoever
from supervision.acts import ZH, DeskAct
from supervision.errors import SupervisionError
from supervision.loop.commands import LoopRefused, MoveUnfit

from .answers_schema import API, answers_of
from .card_api_schema import HAND, MOVE, PROBLEM_JSON, ActDone, ActsDone, acted, body
from .card_desk import CardDesk, Done, seen
from .card_moves import CHOICES, Asked, HandAsked
from .card_view import CardView
from .forms.cards_shown import status_of
from .looks import API as API_LOOK
from .show import of_part

log = logging.getLogger(__name__)

LONGEST = 64 * 1024
"""Bytes of a body."""
NO_CARD = "There is no such card, or none that the asker may see."
CARDS = "/api/v1/cards/{source}/{case_no}"

S = TypeVar("S", bound=Struct)


class MoveSent(Struct, frozen=True, kw_only=True):
    """A move as it is sent."""

    kind: str
    id: str
    reason: str = ""
    to: str = ""
    upheld: bool | None = None
    accepted: bool | None = None
    issued: bool | None = None
    removed: bool | None = None

    def asked(self) -> Asked:
        """What is asked for."""
        choice = getattr(self, CHOICES[self.kind]) if self.kind in CHOICES else None
        return Asked(self.kind, self.id, self.reason, self.to, choice)


class HandSent(Struct, frozen=True, kw_only=True):
    """A card by hand as it is sent."""

    id: str
    severity: str
    department: str
    reason: str
    person: str = ""
    step: str = ""
    law: str = ""
    causes: tuple[str, ...] = ()

    def asked(self) -> HandAsked:
        """What is asked for."""
        return HandAsked(**msgspec.structs.asdict(self))


class Unfit(Exception):
    """The body does not do: status and why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


def card_api(desk: CardDesk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get(CARDS + "/{card}", responses=answers_of(CardView, NO_CARD), **API)
    @needs(Right.CASES)
    def card(source: str, case_no: str, card: str) -> Response:
        """A card: where its loop stands, who owes what until when, what may be done."""
        return _answered(
            lambda: _json(
                seen(desk.look(of_part(source), of_part(case_no), card, API_LOOK)), HTTPStatus.OK
            )
        )

    @routes.post(CARDS + "/{card}/acts", responses=acted(), openapi_extra=body(MOVE), **API)
    @needs(Right.CASES)
    async def act(request: Request, source: str, case_no: str, card: str) -> Response:
        """A move of the loop, by whoever is signed in; with the header X-CsrfToken."""

        def move(sent: MoveSent) -> Response:
            view = seen(desk.see(of_part(source), of_part(case_no), card))
            return _done(desk.act(view, sent.asked(), whoever(), "api"))

        return await _sent(request, MoveSent, move)

    @routes.post(CARDS, responses=acted(), openapi_extra=body(HAND), **API)
    @needs(Right.SUPERVISE)
    async def issue(request: Request, source: str, case_no: str) -> Response:
        """A card by hand, by whoever is signed in; with the header X-CsrfToken. The watch issues it
        under the number that is answered.
        """

        def hand(sent: HandSent) -> Response:
            asked = sent.asked()
            return _done(desk.by_hand(of_part(source), of_part(case_no), asked, whoever(), "api"))

        return await _sent(request, HandSent, hand)

    return routes


async def _sent(request: Request, shape: type[S], do: Callable[[S], Response]) -> Response:
    """What comes of a body of this shape."""
    try:
        sent = _read(await _body(request), shape)
    except Unfit as unfit:
        return _problem(unfit.status, str(unfit))
    return await to_thread.run_sync(lambda: _answered(lambda: do(sent)))


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Unfit(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is application/json")
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > LONGEST:
            raise Unfit(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is at most {LONGEST} bytes")
    return bytes(found)


def _read(sent: bytes, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(sent, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unfit(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def _answered(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except SupervisionError as error:
        return _refused(error)


def _refused(error: SupervisionError) -> Response:
    status = status_of(error)
    if isinstance(error, MoveUnfit):
        return _problem(status, str(error), may=[each.__name__ for each in error.may])
    if isinstance(error, LoopRefused):
        return _problem(status, str(error))
    log.warning("a card could not be answered: %s", error)
    return _problem(status, "the system cannot answer just now: ask again in a minute")


def _problem(status: HTTPStatus, detail: str, **more: Any) -> Response:
    told = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    return JSONResponse(told | more, status, media_type=PROBLEM_JSON)


def _done(done: Done) -> Response:
    told = ActsDone(card=done.acts[0].card, acts=tuple(map(_told, done.acts)))
    return _json(told, HTTPStatus.CREATED if done.is_new else HTTPStatus.OK)


def _told(act: DeskAct) -> ActDone:
    name = type(act).__name__
    assert name in ZH
    return ActDone(
        kind=name,
        id=act.id,
        card=act.card,
        at=act.at.isoformat(),
        by=act.by,
        via=act.via,
        moot=act.moot,
    )


def _json(value: Struct, status: HTTPStatus) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
