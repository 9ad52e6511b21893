"""What the pages of signing in share: where one goes next, and what is told when it fails."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from supervision.access.admission import Admission
from supervision.access.factor import picture_of
from supervision.access.gate import STEPS
from supervision.access.office import Access
from supervision.access.passwords import PasswordUnfit
from supervision.access.signing import From, Opened, OutOfStep, SignInFailed, TooManyTries
from supervision.access.web import inside, signed_in
from supervision.errors import ClockJumped, StoreError

from ..words_entry import say
from .page import address, lang_of, page, told

log = logging.getLogger(__name__)

Home = Callable[[Admission], str]
"""The address at which somebody with these rights begins."""
Again = Callable[[str, int], Awaitable[Response]]
"""The same page once more: with what went wrong, and the status of the answer."""
DONE = ("out", "ended", "password", "factor", "session", "sessions")
"""What an address may say that was done."""
E = TypeVar("E", bound=Callable[..., Awaitable[Response]])


class Entrance:
    """Leads whoever signed in to the next step, and then to where they wanted to go."""

    def __init__(self, access: Access, home: Home) -> None:
        self.access, self._home = access, home

    def land(self, opened: Opened, place: From, lang: str, wanted: str) -> Response:
        """The way on from a step, with the new session's cookies. Blocks."""
        if stage := opened.session.stage:
            target = address(STEPS[stage], lang=lang, next=onward(wanted))
        else:
            admission = self.access.admissions.admit(opened.secret, place.address)
            target = self.after(admission, lang, wanted)
        return signed_in(see(target), opened, self.access.admissions)

    def after(self, admission: Admission | None, lang: str, wanted: str) -> str:
        """Where somebody goes who is wholly signed in."""
        if target := onward(wanted):
            return target if "lang=" in target else address(target, lang=lang)
        return address(self._home(admission) if admission else "/", lang=lang)

    def leave(self, admission: Admission | None) -> None:
        """End the session that another takes the place of; a wall's stays. Blocks."""
        if admission is not None and admission.session.kind == "person":
            self.access.signing.out(admission.session)

    async def attempt(
        self,
        request: Request,
        act: Callable[[], Response],
        again: Again,
        begin: str = "/sign-in",
    ) -> Response:
        """Do it in a thread; the same page with the reason where it fails, `begin` out of step."""
        lang = lang_of(request)
        try:
            return await to_thread.run_sync(act)
        except OutOfStep:
            return see(address(begin, lang=lang))
        except TooManyTries as error:
            answer = await again(say("too_many", lang, n=error.wait), HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["Retry-After"] = str(error.wait)
            return answer
        except SignInFailed:
            return await again(say("sign_in_failed", lang), HTTPStatus.UNAUTHORIZED)
        except PasswordUnfit as error:
            return await again(told(error, lang), HTTPStatus.BAD_REQUEST)


def standing(endpoint: E) -> E:
    """Tell what to do when the clock or the store forbids an answer; out of step: begin again."""

    @wraps(endpoint)
    async def answered(self: Any, request: Request) -> Response:
        try:
            return await endpoint(self, request)
        except OutOfStep:
            return see(address("/sign-in", lang=lang_of(request)))
        except ClockJumped:
            return unavailable("clock", lang_of(request))
        except StoreError as error:
            log.warning("a page could not be made: %s", error)
            return unavailable("store", lang_of(request))

    return answered  # type: ignore[return-value]  # the same signature, as far as routes see


def unavailable(why: str, lang: str) -> Response:
    """Nobody can be signed in just now: why is clock or store."""
    return page(
        "message.html",
        lang,
        HTTPStatus.SERVICE_UNAVAILABLE,
        title=say(f"{why}_title", lang),
        text=say(f"{why}_text", lang),
    )


def whole(admission: Admission | None) -> bool:
    """Whether somebody is signed in with every step made."""
    return admission is not None and not admission.stage and admission.session.kind == "person"


def onward(wanted: str) -> str:
    """The address to go on to, if it is one of this server and no step of signing in; or ""."""
    target = inside(wanted)
    return "" if target == "/" or target.startswith(("/sign-", "/link/", "/kiosk/")) else target


def see(target: str) -> RedirectResponse:
    """Go and read that."""
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def told_done(request: Request, lang: str) -> str:
    """What was done before the page, in words, if the address says so."""
    done = request.query_params.get("done", "")
    return say(f"done_{done}", lang) if done in DONE else ""


def shown_factor(secret: str, person: str) -> dict[str, Any]:
    """What the page of a new second factor shows: picture, and the secret in groups of four."""
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    return {"picture": picture_of(secret, person), "groups": groups}
