"""What is done about a card by its page: one route for the department's moves, one for the
supervisors'.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form, whoever
from supervision.errors import SupervisionError

from ..card_desk import CardDesk, Done, seen
from ..card_moves import MOVE_NAMES, Asked, NoSuchMove, right_of
from ..card_view import CardView
from ..looks import CARD as CARD_LOOK
from ..show import card_address, of_part
from .cards_shown import MOOT, card_page, card_router, nonce
from .offices_desk import Sent, tried
from .page import address, lang_of

CARD = "/card/{source}/{case_no}/{card}"
TYPED = ("reason", "to", "choice", "nonce")
CHOSEN = {"yes": True, "no": False}


def acts_desk(desk: CardDesk) -> APIRouter:
    """The routes."""
    router = card_router()

    @router.post(CARD + "/answer")
    @needs(Right.ANSWER)
    def answer(request: Request, source: str, case_no: str, card: str, form: Sent) -> Response:
        """A move of the department."""
        view = seen(desk.look(of_part(source), of_part(case_no), card, CARD_LOOK))
        return _acted(request, desk, view, _asked(form, Right.ANSWER), form)

    @router.post(CARD + "/supervise")
    @needs(Right.SUPERVISE)
    def supervise(request: Request, source: str, case_no: str, card: str, form: Sent) -> Response:
        """A move of the supervisors."""
        view = seen(desk.look(of_part(source), of_part(case_no), card, CARD_LOOK))
        return _acted(request, desk, view, _asked(form, Right.SUPERVISE), form)

    return router


def _asked(form: Form, right: Right) -> Asked:
    kind = form["kind"]
    if kind not in MOVE_NAMES or right_of(kind) is not right:
        raise NoSuchMove(kind[:64])
    return Asked(
        kind=kind,
        id=form["nonce"] or nonce(),
        reason=form["reason"],
        to=form["to"],
        choice=CHOSEN.get(form["choice"]),
    )


def _acted(request: Request, desk: CardDesk, view: CardView, asked: Asked, form: Form) -> Response:
    typed = {name: form[name] for name in TYPED}

    def again(error: SupervisionError) -> Response:
        now = desk.see(view.source, view.case_no, view.card) or view
        return card_page(request, desk, now, error=error, tried=asked.kind, typed=typed)

    return tried(
        lambda: desk.act(view, asked, whoever(), "desk"),
        lambda done: _on(request, view, asked.kind, done),
        again,
    )


def _on(request: Request, view: CardView, kind: str, done: Done) -> Response:
    """On to the card, which tells what was done; a reload of that does nothing."""
    told = MOOT if any(act.moot for act in done.acts) else kind
    there = card_address(view.source, view.case_no, view.card, "zh")
    where = address(there, lang=lang_of(request), done=told)
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)
