"""The case file (卷宗) taken by whoever may export: on record before it leaves, texts by a right of
their own and with a reason.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from replay.bundle import MEDIA_TYPE, name_of
from replay.casefile import Seals
from replay.history import CaseHistory
from replay.notes import SealError
from supervision.access.events import CaseFileTaken, TextsSeen
from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import form_of, place_of, whoever
from supervision.errors import ClockJumped, SupervisionError

from ..casefile import Taken, take
from ..looks import PAGE
from ..sights import Sights
from ..words_casefile import WORDS
from .entrance import unavailable
from .page import lang_of, page
from .texts import LONGEST, SHORTEST

log = logging.getLogger(__name__)

HERE = "/case-file"
AT_A_TIME = 2
"""Files drawn at once: each takes a processor for seconds, and the wall needs one."""
Shows = Callable[[Request, str, str], Awaitable[Response]]


class Asked(NamedTuple):
    """What the form says: whether with texts, and why."""

    texts: bool
    reason: str

    @property
    def fits(self) -> bool:
        """A reason that is given must be one; with texts it must be given."""
        if not self.reason:
            return not self.texts
        return SHORTEST <= len(self.reason) <= LONGEST and self.reason.isprintable()


class State(NamedTuple):
    """What is sealed just now, for the page: up to which event, the key; `failed`: not readable."""

    size: int = 0
    vkey: str = ""
    failed: bool = False


def casefile(sights: Sights, access: Access, seals: Seals) -> APIRouter:
    """The page that says what a case file is, and the way to take one."""
    routes = APIRouter(include_in_schema=False)
    turns = CapacityLimiter(AT_A_TIME)

    @routes.get(HERE)
    @needs(Right.EXPORT)
    @_in_words
    async def ask(request: Request, source: str = "", case_no: str = "") -> Response:
        return await to_thread.run_sync(lambda: _ask(request, sights, seals, source, case_no))

    @routes.post(HERE)
    @needs(Right.EXPORT)
    @_in_words
    async def taken(request: Request, source: str = "", case_no: str = "") -> Response:
        form = await form_of(request)
        asked = Asked(form["texts"] == "yes", form["reason"])
        return await to_thread.run_sync(
            lambda: _take(request, sights, access, seals, (source, case_no), asked), limiter=turns
        )

    return routes


def _in_words(endpoint: Shows) -> Shows:
    """Where the log or its seals cannot be read, or nothing recorded, nothing leaves but why."""

    @wraps(endpoint)
    async def answered(request: Request, source: str = "", case_no: str = "") -> Response:
        try:
            return await endpoint(request, source, case_no)
        except SupervisionError as error:
            log.warning("a case file could not be taken: %s", error)
            why = "clock" if isinstance(error, ClockJumped) else "store"
            return unavailable(why, lang_of(request))

    return answered


def _ask(request: Request, sights: Sights, seals: Seals, source: str, case_no: str) -> Response:
    told = sights.look(source, case_no, PAGE, Right.EXPORT)
    return _page(request, sights, seals, told)


def _take(
    request: Request,
    sights: Sights,
    access: Access,
    seals: Seals,
    case: tuple[str, str],
    asked: Asked,
) -> Response:
    told = sights.look(*case, PAGE, Right.EXPORT)
    if told is None or not asked.fits:
        return _page(request, sights, seals, told, "casefile_reason_wrong", status=422)
    if asked.texts and not sights.covers(Right.TEXTS, told.department):
        return _refused(request, sights, seals, told)
    who, address = whoever().person, place_of(request).address
    if asked.texts:
        access.trail.note(
            lambda at: TextsSeen(
                at=at,
                by=who,
                source=told.source,
                case_no=told.case_no,
                reason=asked.reason,
                address=address,
            )
        )
    made = take(access.record, seals, told.source, told.case_no, texts=asked.texts)
    if made is None or not sights.covers(Right.EXPORT, made.file.department):
        return _page(request, sights, seals, None)
    if asked.texts and not sights.covers(Right.TEXTS, made.file.department):
        return _refused(request, sights, seals, told)

    def left(at: datetime) -> CaseFileTaken:
        return CaseFileTaken(
            at=at,
            by=who,
            source=told.source,
            case_no=told.case_no,
            digest=made.bundle.digest,
            texts=asked.texts,
            reason=asked.reason,
            address=address,
        )

    access.trail.note(left)
    return _sent(made)


def _refused(request: Request, sights: Sights, seals: Seals, told: CaseHistory) -> Response:
    """Texts to whoever may not see them: on record."""
    sights.refuse(f"texts of case {told.source} {told.case_no}"[:200], f"no right {Right.TEXTS}")
    return _page(request, sights, seals, told, "casefile_no_texts", status=403)


def _sent(made: Taken) -> Response:
    name = name_of(made.file)
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(
        made.bundle.data, media_type=MEDIA_TYPE, headers={"Content-Disposition": disposition}
    )


def _page(
    request: Request,
    sights: Sights,
    seals: Seals,
    told: CaseHistory | None,
    problem: str = "",
    status: int = HTTPStatus.OK,
) -> Response:
    lang = lang_of(request)
    if told is None:
        return page("texts_none.html", lang, HTTPStatus.NOT_FOUND)
    return page(
        "casefile_ask.html",
        lang,
        status,
        words=WORDS,
        here=HERE,
        kept={"source": told.source, "case_no": told.case_no},
        problem=WORDS[problem][lang == "en"] if problem else "",
        told=told,
        state=_state(seals),
        last=told.position,
        may_texts=sights.covers(Right.TEXTS, told.department),
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _state(seals: Seals) -> State:
    try:
        sealed = seals.latest()
        return State(sealed.size if sealed else 0, seals.vkey)
    except SealError as error:
        log.warning("the seals cannot be read: %s", error)
        return State(failed=True)
