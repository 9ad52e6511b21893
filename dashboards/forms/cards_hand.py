"""A card by hand: the form that asks for it, and what follows from it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from replay.history import CaseHistory
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form, whoever
from supervision.acts import IssuedByHand
from supervision.errors import SupervisionError
from supervision.intake.rights import Items
from supervision.loop.commands import NoSuchCase

from ..card_desk import CardDesk, Done
from ..card_moves import HandAsked
from ..looks import CARD
from ..show import card_address, case_address
from ..words import kind_name
from ..words_cards import WORDS
from .cards_shown import brief, card_router, nonce, problem_words, status_of
from .offices_desk import Sent, tried
from .page import lang_of, page

FIELDS = ("severity", "department", "step", "person", "law", "reason")


def hand_desk(desk: CardDesk, items: Items) -> APIRouter:
    """The routes."""
    router = card_router()

    def case_of(source: str, case_no: str) -> CaseHistory:
        told = desk.sights.look(source, case_no, CARD, Right.SUPERVISE)
        if told is None:
            raise NoSuchCase
        return told

    def shown(
        request: Request,
        told: CaseHistory,
        form: Form | None = None,
        error: SupervisionError | None = None,
    ) -> Response:
        lang = lang_of(request)
        given = {name: form[name] if form else "" for name in FIELDS}
        given["department"] = given["department"] or (told.department if form is None else "")
        return page(
            "card_hand.html",
            lang,
            status_of(error) if error else HTTPStatus.OK,
            words=WORDS,
            here="/card-by-hand",
            kept={"source": told.source, "case_no": told.case_no},
            problem=problem_words(error, "", lang) if error else "",
            told=told,
            given=given,
            causes=form.all("cause") if form else [],
            facts=[entry for entry in told.entries if entry.family == "fact"],
            departments=_departments(desk, items, told),
            nonce=(form["nonce"] if form else "") or nonce(),
            case_path=case_address(told.source, told.case_no, "zh"),
            brief=brief,
            kind_word=lambda kind: kind_name(kind, lang),
        )

    @router.get("/card-by-hand")
    @needs(Right.SUPERVISE)
    def ask(request: Request, source: str = "", case_no: str = "") -> Response:
        """The form."""
        return shown(request, case_of(source, case_no))

    @router.post("/card-by-hand")
    @needs(Right.SUPERVISE)
    def issue(request: Request, form: Sent, source: str = "", case_no: str = "") -> Response:
        """Issue it."""
        told = case_of(source, case_no)
        return tried(
            lambda: desk.by_hand(source, case_no, _asked(form), whoever(), "desk"),
            lambda done: _on(request, source, case_no, done),
            lambda error: shown(request, told, form, error),
        )

    return router


def _asked(form: Form) -> HandAsked:
    return HandAsked(
        id=form["nonce"] or nonce(),
        severity=form["severity"],
        department=form["department"],
        person=form["person"],
        step=form["step"],
        law=form["law"],
        causes=tuple(dict.fromkeys(form.all("cause"))),
        reason=form["reason"],
    )


def _departments(desk: CardDesk, items: Items, told: CaseHistory) -> list[str]:
    """Those that the card may be against: of the published ones, the asker's."""
    named = {told.department, *items.departments().values()}
    return sorted(name for name in named if name and desk.sights.covers(Right.SUPERVISE, name))


def _on(request: Request, source: str, case_no: str, done: Done) -> Response:
    (act,) = done.acts
    assert isinstance(act, IssuedByHand)
    there = card_address(source, case_no, act.card, lang_of(request))
    return RedirectResponse(there, HTTPStatus.SEE_OTHER)
