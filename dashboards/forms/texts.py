"""Personal data and free text of a case: shown to who has the right and says why, once per look."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from replay.history import CaseHistory
from supervision.access.events import TextsSeen
from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import form_of, place_of, whoever
from supervision.errors import ClockJumped, SupervisionError

from ..looks import PAGE
from ..sights import Sights
from ..words import TEXTS, either
from .entrance import unavailable
from .page import lang_of, page

log = logging.getLogger(__name__)

Shows = Callable[[Request, str, str], Awaitable[Response]]

SHORTEST, LONGEST = 4, 500
"""Characters of a reason."""


def in_words(endpoint: Shows) -> Shows:
    """Where nothing can be read or recorded, nothing is shown but why."""

    @wraps(endpoint)
    async def answered(request: Request, source: str = "", case_no: str = "") -> Response:
        try:
            return await endpoint(request, source, case_no)
        except SupervisionError as error:
            log.warning("texts could not be shown: %s", error)
            why = "clock" if isinstance(error, ClockJumped) else "store"
            return unavailable(why, lang_of(request))

    return answered


def texts(sights: Sights, access: Access) -> APIRouter:
    """The page where the reason is given, and the one that shows the texts."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/texts")
    @needs(Right.TEXTS)
    @in_words
    async def ask(request: Request, source: str = "", case_no: str = "") -> Response:
        told = await to_thread.run_sync(lambda: sights.look(source, case_no, PAGE, Right.TEXTS))
        return _page(request, told)

    @routes.post("/texts")
    @needs(Right.TEXTS)
    @in_words
    async def show(request: Request, source: str = "", case_no: str = "") -> Response:
        reason = (await form_of(request))["reason"]
        told = await to_thread.run_sync(lambda: sights.case(source, case_no, Right.TEXTS))
        if told is None or not (SHORTEST <= len(reason) <= LONGEST and reason.isprintable()):
            if told is not None:
                await to_thread.run_sync(lambda: sights.looked(source, case_no, PAGE))
            return _page(request, told, problem="texts_reason_wrong", status=422)
        await to_thread.run_sync(lambda: _record(access, request, told, reason))
        shown = await to_thread.run_sync(
            lambda: sights.case(source, case_no, Right.TEXTS, reveal=True)
        )
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
