"""A card's page, written by the server; and why something could not be done, in words."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from alerts.messages import occasion_words
from supervision.access.rights import Right
from supervision.access.web import whoever
from supervision.acts import DESK_ACTS
from supervision.errors import StreamConflict, SupervisionError
from supervision.loop.commands import (
    FieldUnfit,
    IdUsed,
    LoopRefused,
    MoveUnfit,
    NoSuchCard,
    NoSuchCase,
    ReasonMissing,
    SamePerson,
)
from supervision.loop.stage import Stage

from ..card_desk import CardDesk
from ..card_moves import NotTheirs
from ..card_view import CardView
from ..clock_view import clock_view
from ..markup import written
from ..papers import kinds_of
from ..show import card_address, case_address, local
from ..words import CLOCKS, SHAPES, TEXTS, either, kind_name, side
from ..words_alerts import WORDS as ALERTS
from ..words_cards import CHANNELS, STAGES, WORDS
from .cards_parts import move_forms, stage_word, stages
from .offices_desk import problem_of
from .page import address, lang_of, page

MOOT = "moot"


def nonce() -> str:
    """What makes a form's act one, however often the form is sent."""
    return secrets.token_hex(8)


def card_page(
    request: Request,
    desk: CardDesk,
    view: CardView,
    *,
    error: SupervisionError | None = None,
    tried: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page; with an error, what was typed into the form that failed."""
    lang, who = lang_of(request), whoever()
    path = card_address(view.source, view.case_no, view.card, "zh")
    return page(
        "card.html",
        lang,
        status_of(error) if error else HTTPStatus.OK,
        words=WORDS,
        here=path,
        problem=problem_words(error, tried, lang) if error else "",
        done=_done(request, lang) if not error else "",
        view=view,
        at=side(lang),
        shape=SHAPES.get(view.severity, ""),
        stages=stages(view, lang),
        stage=stage_word(view.stage, lang),
        is_asked=view.stage == Stage.ASKED,
        moves=move_forms(desk.offered(view, who), lang, tried, typed),
        barred=desk.barred(view, who),
        nonce=(typed or {}).get("nonce") or nonce(),
        path=path,
        case_path=case_address(view.source, view.case_no, "zh"),
        texts_path=_texts_path(desk, view, lang),
        account=written(clock_view(view.account, lang)) if view.account else "",
        papers=kinds_of(view) if desk.sights.covers(Right.EXPORT, view.department) else (),
        may_see_told=(may_see := desk.sights.covers(Right.TOLD, view.department)),
        next_at=next_words(desk, view, lang) if may_see else "",
        outcome_word=lambda state: either(ALERTS, f"state_{state}", lang),
        brief=brief,
        kind_word=lambda kind: kind_name(kind, lang),
        clock_word=lambda kind: either(CLOCKS, kind, lang),
        text_word=lambda name: either(TEXTS, name, lang),
        why_word=lambda code: occasion_words(code)[side(lang)],
        told_stage=lambda code: either(STAGES, code, lang),
        channel_word=lambda code: either(CHANNELS, code, lang),
    )


def next_words(desk: CardDesk, view: CardView, lang: str) -> str:
    """When the next message goes, to which rung, and what holds it up; "" where none is to come."""
    following = desk.book.told.following(view)
    if following is None:
        return ""
    at = f"{local(following.at, view.zone):%Y-%m-%d %H:%M}"
    words = [at, either(ALERTS, f"rung_{following.rung}", lang)]
    if following.held:
        words.append(either(STAGES, following.held, lang))
    return " · ".join(words)


def brief(text: str) -> str:
    """A time without its seconds and offset."""
    return text[:16]


def no_card(request: Request) -> Response:
    """Of a card that there is not, or that is not for whoever asks."""
    return message(request, "no_card_title", WORDS["no_card_text"], HTTPStatus.NOT_FOUND)


def message(
    request: Request,
    title: str,
    text: tuple[str, str],
    status: HTTPStatus,
    onward: str = "/cases",
) -> Response:
    """A page that only says something."""
    lang = lang_of(request)
    return page(
        "message.html",
        lang,
        status,
        words=WORDS,
        title=WORDS[title][side(lang)],
        text=text[side(lang)],
        onward=address(onward, lang=lang),
    )


def _texts_path(desk: CardDesk, view: CardView, lang: str) -> str:
    """Where reasons are read, for whoever may; "" for others."""
    if not desk.sights.covers(Right.TEXTS, view.case_department):
        return ""
    return address("/texts", lang=lang, source=view.source, case_no=view.case_no)


def _done(request: Request, lang: str) -> str:
    kind = request.query_params.get("done", "")
    if kind == MOOT:
        return WORDS["done_moot"][side(lang)]
    if kind not in DESK_ACTS:
        return ""
    return WORDS["done"][side(lang)].format(what=kind_name(kind, lang))


def problem_words(error: SupervisionError, tried: str, lang: str) -> str:
    """Why something was not done; `tried`: the name of the move."""
    if isinstance(error, MoveUnfit):
        what = WORDS[f"do_{tried}"][side(lang)] if f"do_{tried}" in WORDS else tried
        stage = stage_word(error.stage, lang)
        return WORDS["refused_stage"][side(lang)].format(stage=stage, what=what)
    if isinstance(error, ReasonMissing | SamePerson):
        return (error.zh, error.en)[side(lang)]
    return problem_of(error, lang)


def status_of(error: SupervisionError) -> HTTPStatus:
    """What an error is over HTTP."""
    match error:
        case NoSuchCard() | NoSuchCase():
            return HTTPStatus.NOT_FOUND
        case NotTheirs() | SamePerson():
            return HTTPStatus.FORBIDDEN
        case MoveUnfit() | IdUsed() | StreamConflict():
            return HTTPStatus.CONFLICT
        case ReasonMissing() | FieldUnfit() | LoopRefused():
            return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.SERVICE_UNAVAILABLE


class CardRoute(APIRoute):
    """A route whose refusals nobody else answers get a page of their own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except SupervisionError as error:
                if isinstance(error, NoSuchCard | NoSuchCase):
                    return no_card(request)
                text = problem_of(error, "zh"), problem_of(error, "en")
                return message(request, "failed_title", text, status_of(error))

        return guarded


def card_router() -> APIRouter:
    """A router of pages, which no API document tells of."""
    return APIRouter(include_in_schema=False, route_class=CardRoute)
