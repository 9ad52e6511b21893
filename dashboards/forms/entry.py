"""Signing in and out, step by step: password, second factor, first password, link, kiosk.

Whoever fails gets the same page with the same words. Where somebody wanted to go travels along as
`next` and is only followed within this server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.admission import Admission
from supervision.access.gate import STEPS, admitted
from supervision.access.office import Access
from supervision.access.oidc import Provider
from supervision.access.rules import OPEN, SESSION, needs
from supervision.access.signing import Opened, SignInFailed
from supervision.access.web import form_of, place_of, signed_in, signed_out, whoever

from ..words_entry import say
from .account import Account
from .entrance import (
    Entrance,
    Home,
    onward,
    see,
    shown_factor,
    standing,
    told_done,
    whole,
)
from .page import address, lang_of, page
from .provider import ByProvider
from .refused import refusal

GET, POST = ["GET"], ["POST"]


def entry(
    access: Access,
    *,
    provider: Provider | None = None,
    provider_name: str = "",
    home: Home,
    zone: str = "Asia/Shanghai",
) -> APIRouter:
    """The routes of signing in and of one's account, each with its rule.

    provider_name: how the sign-in page calls the OpenID provider. home: where somebody begins who
    wanted nothing in particular. zone: in which times are written.
    """
    entrance = Entrance(access, home)
    steps = Steps(entrance, provider_name if provider else None)
    account = Account(entrance, zone)
    routes = [
        ("/sign-in", GET, steps.show),
        ("/sign-in", POST, steps.sign_in),
        (STEPS["totp"], GET, steps.show_code),
        (STEPS["totp"], POST, steps.give_code),
        (STEPS["enrol"], GET, steps.show_factor),
        (STEPS["enrol"], POST, steps.begin_factor),
        (STEPS["password"], GET, steps.show_password),
        (STEPS["password"], POST, steps.change_password),
        ("/sign-out", GET, steps.show_out),
        ("/sign-out", POST, steps.sign_out),
        ("/link/{secret}", GET, steps.show_link),
        ("/link/{secret}", POST, steps.use_link),
        ("/kiosk/{secret}", GET, steps.open_kiosk),
        ("/account", GET, account.show),
        ("/account/password", GET, account.show_password),
        ("/account/password", POST, account.change_password),
        ("/account/factor", GET, account.show_factor),
        ("/account/factor", POST, account.renew_factor),
        ("/account/sessions/end", POST, account.end_others),
        ("/account/sessions/{begin}/end", POST, account.end_one),
    ]
    if provider:
        outside = ByProvider(entrance, provider, steps.again)
        routes += [("/sign-in/oidc", GET, outside.begin), ("/sign-in/oidc/back", GET, outside.back)]
    router = APIRouter()
    for path, methods, endpoint in routes:
        router.add_route(path, endpoint, methods=methods, include_in_schema=False)
    return router


class Steps:
    """The pages before somebody is signed in."""

    def __init__(self, entrance: Entrance, provider_name: str | None) -> None:
        self._entrance, self._access = entrance, entrance.access
        self._signing, self._provider_name = entrance.access.signing, provider_name

    @needs(OPEN)
    @standing
    async def show(self, request: Request) -> Response:
        """Name and password."""
        wanted, lang = request.query_params.get("next", ""), lang_of(request)
        if whole(admitted()):
            return see(self._entrance.after(admitted(), lang, wanted))
        return await self.again(lang, wanted, done=told_done(request, lang))

    async def again(
        self,
        lang: str,
        wanted: str,
        problem: str = "",
        status: int = 200,
        *,
        name: str = "",
        done: str = "",
    ) -> Response:
        """The page for signing in, with what went wrong."""
        people = await to_thread.run_sync(self._access.admissions.people)
        return page(
            "sign_in.html",
            lang,
            status,
            here="/sign-in",
            kept={"next": onward(wanted)},
            problem=problem,
            done=done,
            next=onward(wanted),
            name=name,
            nobody=not people.persons,
            provider=self._provider_name,
        )

    @needs(OPEN)
    @standing
    async def sign_in(self, request: Request) -> Response:
        """Check them."""
        form, place, lang = await form_of(request), place_of(request), lang_of(request)
        name, wanted, before = form["name"], form["next"], admitted()
        if whole(before):
            return see(self._entrance.after(before, lang, wanted))

        def act() -> Response:
            opened = self._signing.by_password(name, form.exact("password"), place)
            self._entrance.leave(before)
            return self._entrance.land(opened, place, lang, wanted)

        async def again(problem: str, status: int) -> Response:
            return await self.again(lang, wanted, problem, status, name=name[:64])

        return await self._entrance.attempt(request, act, again)

    @needs(SESSION)
    @standing
    async def show_code(self, request: Request) -> Response:
        """Six digits of the second factor."""
        return await self._shown(request, "totp", "code.html")

    @needs(SESSION)
    @standing
    async def give_code(self, request: Request) -> Response:
        """Check them."""
        code, place = (await form_of(request))["code"], place_of(request)
        session = whoever().session
        return await self._step(
            request, "totp", "code.html", lambda: self._signing.by_code(session, code, place)
        )

    @needs(SESSION)
    @standing
    async def show_factor(self, request: Request) -> Response:
        """The secret of a second factor to begin with, as a picture and to type."""
        return await self._shown(request, "enrol", "factor.html")

    @needs(SESSION)
    @standing
    async def begin_factor(self, request: Request) -> Response:
        """Its first code."""
        code, place = (await form_of(request))["code"], place_of(request)
        session = whoever().session
        return await self._step(
            request,
            "enrol",
            "factor.html",
            lambda: self._signing.begin_factor(session, code, place),
        )

    @needs(SESSION)
    @standing
    async def show_password(self, request: Request) -> Response:
        """The first password must be changed."""
        return await self._shown(request, "password", "password.html")

    @needs(SESSION)
    @standing
    async def change_password(self, request: Request) -> Response:
        """Change it."""
        form, place, session = await form_of(request), place_of(request), whoever().session
        old, new, lang = form.exact("old"), form.exact("new"), lang_of(request)
        if new != form.exact("new_again"):
            return await self._stage(
                "password", "password.html", lang, form["next"], say("not_the_same", lang), 400
            )
        return await self._step(
            request,
            "password",
            "password.html",
            lambda: self._signing.change_password(session, old, new, place),
        )

    @needs(SESSION)
    async def show_out(self, request: Request) -> Response:
        """Following a link signs nobody out; the page of one's account has the button."""
        return see(address("/account", lang=lang_of(request)))

    @needs(SESSION)
    @standing
    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        session, lang = whoever().session, lang_of(request)
        await to_thread.run_sync(self._signing.out, session)
        gone = see(address("/sign-in", lang=lang, done="out"))
        return signed_out(gone, self._access.admissions)

    @needs(OPEN)
    @standing
    async def show_link(self, request: Request) -> Response:
        """One button: a preview of the link by some program does not use it up."""
        lang = lang_of(request)
        return page("link.html", lang, action=address(request.url.path, lang=lang))

    @needs(OPEN)
    @standing
    async def use_link(self, request: Request) -> Response:
        """Sign in by the link, once."""
        secret, place, lang = request.path_params["secret"], place_of(request), lang_of(request)
        before = admitted()

        def act() -> Response:
            opened = self._signing.by_link(secret, place)
            self._entrance.leave(before)
            return self._entrance.land(opened, place, lang, "")

        async def again(problem: str, status: int) -> Response:
            used = say("link_over", lang) if status == 401 else problem
            return await self.again(lang, "", used, status)

        return await self._entrance.attempt(request, act, again)

    @needs(OPEN)
    @standing
    async def open_kiosk(self, request: Request) -> Response:
        """The wall's own address gives its browser the session, and shows the wall."""
        secret, place, lang = request.path_params["secret"], place_of(request), lang_of(request)

        def act() -> Response:
            session = self._signing.by_kiosk(secret, place)
            answer = see(address("/", lang=lang))
            return signed_in(answer, Opened(secret, session), self._access.admissions)

        try:
            return await to_thread.run_sync(act)
        except SignInFailed:
            return refusal(403, lang)

    async def _step(
        self, request: Request, stage: str, template: str, make: Callable[[], Opened]
    ) -> Response:
        """Make a step; then the next one, or the same once more."""
        wanted, place, lang = (await form_of(request))["next"], place_of(request), lang_of(request)

        def act() -> Response:
            return self._entrance.land(make(), place, lang, wanted)

        async def again(problem: str, status: int) -> Response:
            return await self._stage(stage, template, lang, wanted, problem, status)

        return await self._entrance.attempt(request, act, again)

    async def _shown(self, request: Request, stage: str, template: str) -> Response:
        wanted, lang = request.query_params.get("next", ""), lang_of(request)
        return await self._stage(stage, template, lang, wanted)

    async def _stage(
        self,
        stage: str,
        template: str,
        lang: str,
        wanted: str,
        problem: str = "",
        status: int = 200,
    ) -> Response:
        """The page of a step, for who stands before it; who does not is led to where he does."""
        admission = whoever()
        if admission.stage != stage:
            return see(self._where(admission, lang, wanted))
        offered = await to_thread.run_sync(self._offered, admission) if stage == "enrol" else {}
        return page(
            template,
            lang,
            status,
            here=STEPS[stage],
            kept={"next": onward(wanted)},
            problem=problem,
            next=onward(wanted),
            action=address(STEPS[stage], lang=lang),
            person=admission.person,
            first=True,
            **offered,
        )

    def _where(self, admission: Admission, lang: str, wanted: str) -> str:
        if admission.stage:
            return address(STEPS[admission.stage], lang=lang, next=onward(wanted))
        return self._entrance.after(admission, lang, wanted)

    def _offered(self, admission: Admission) -> dict[str, Any]:
        return shown_factor(self._signing.factor_offered(admission.session), admission.person)
