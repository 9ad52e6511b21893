"""Personal data and free text of a case: shown to who has the right and says why, once per look."""

from __future__ import annotations

from datetime import datetime

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from replay.history import CaseHistory
from supervision.access.events import TextsSeen
from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import form_of, place_of, whoever
from supervision.errors import StoreError, SupervisionError

from ..sights import Sights
from ..words import TEXTS, either
from .entrance import unavailable
from .page import lang_of, page

SHORTEST, LONGEST = 4, 500
"""Characters of a reason."""


def texts(sights: Sights, access: Access) -> APIRouter:
    """The page where the reason is given, and the one that shows the texts."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/texts")
    @needs(Right.TEXTS)
    async def ask(request: Request, source: str = "", case_no: str = "") -> Response:
        try:
            told = await to_thread.run_sync(lambda: sights.case(source, case_no, Right.TEXTS))
        except StoreError:
            return unavailable("store", lang_of(request))
        return _page(request, told)

    @routes.post("/texts")
    @needs(Right.TEXTS)
    async def show(request: Request, source: str = "", case_no: str = "") -> Response:
        reason = (await form_of(request))["reason"]
        try:
            told = await to_thread.run_sync(lambda: sights.case(source, case_no, Right.TEXTS))
        except StoreError:
            return unavailable("store", lang_of(request))
        if told is None or not (SHORTEST <= len(reason) <= LONGEST and reason.isprintable()):
            return _page(request, told, problem="texts_reason_wrong", status=422)
        try:
            await to_thread.run_sync(lambda: _record(access, request, told, reason))
        except SupervisionError:
            return _page(request, told, problem="texts_not_recorded", status=503)
        try:
            shown = await to_thread.run_sync(
                lambda: sights.case(source, case_no, Right.TEXTS, reveal=True)
            )
        except SupervisionError:  # the store is silent, or a text of it was altered
            return unavailable("store", lang_of(request))
        return _page(request, shown, reason=reason)

    return routes


def _record(access: Access, request: Request, told: CaseHistory, reason: str) -> None:
    """Before anything is shown."""
    who, address = whoever().person, place_of(request).address

    def seen(at: datetime) -> TextsSeen:
        return TextsSeen(
            at=at,
            by=who,
            source=told.source,
            case_no=told.case_no,
            reason=reason,
            address=address,
        )

    access.trail.note(seen)


def _page(
    request: Request,
    told: CaseHistory | None,
    *,
    reason: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    lang = lang_of(request)
    if told is None:
        return page("texts_none.html", lang, 404)
    lines = [
        (entry.occurred_at, entry.zh, either(TEXTS, name, lang), text)
        for entry in told.entries
        for name, text in entry.texts
    ]
    return page(
        "texts.html",
        lang,
        status,
        here="/texts",
        kept={"source": told.source, "case_no": told.case_no},
        problem_key=problem,
        told=told,
        reason=reason,
        lines=lines if reason else [],
        shortest=SHORTEST,
        longest=LONGEST,
    )
