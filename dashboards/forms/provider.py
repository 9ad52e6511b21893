"""Signing in by the OpenID provider: there and back.

What is kept of a sign-in on its way lies in the browser's own cookie, sealed, so that it may come
back to another process; each is good once and for ten minutes.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import partial
from http import HTTPStatus
from typing import Protocol

import msgspec
from anyio import to_thread
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.admission import SECOND
from supervision.access.gate import admitted
from supervision.access.oidc import Claimed, OidcDown, OidcRefused, Provider
from supervision.access.rules import OPEN, needs
from supervision.access.trail import Refusal
from supervision.access.web import place_of

from ..words_entry import say
from .entrance import Entrance, onward, see, standing, whole
from .page import lang_of

log = logging.getLogger(__name__)

COOKIE = "__Host-oidc"
MINUTES = 10
"""For which a sign-in may be on its way."""
LONGEST = 3_500
"""Characters of the cookie."""
NONCE = 12


class Kept(Struct, frozen=True):
    """A sign-in on its way: what the provider's half keeps, and where its person wants to go."""

    kept: bytes
    wanted: str
    lang: str
    until: int


class SignInPage(Protocol):
    """The page for signing in, with what went wrong."""

    async def __call__(
        self, lang: str, wanted: str, problem: str = "", status: int = 200
    ) -> Response: ...


class ByProvider:
    """The two routes of it."""

    def __init__(self, entrance: Entrance, provider: Provider, again: SignInPage) -> None:
        self._entrance, self._access = entrance, entrance.access
        self._provider, self._again = provider, again
        self._time = entrance.access.instant
        self._cipher = AESGCM(entrance.access.record.vault.derived("oidc", "cookie"))

    @needs(OPEN)
    @standing
    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        wanted, lang = onward(request.query_params.get("next", "")), lang_of(request)
        if whole(admitted()):
            return see(self._entrance.after(admitted(), lang, wanted))
        try:
            begun = await self._provider.begin()
        except (OidcDown, OidcRefused) as error:
            return await self._down(error, lang, wanted)
        until = self._time() + MINUTES * 60 * SECOND
        answer = see(begun.url)
        _set(answer, self._sealed(Kept(begun.kept, wanted, lang, until)))
        return answer

    @needs(OPEN)
    @standing
    async def back(self, request: Request) -> Response:
        """Whom the provider sent back is signed in."""
        kept = self._opened(request.cookies.get(COOKIE, ""))
        answer = await self._finish(request, kept)
        answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    async def _finish(self, request: Request, kept: Kept | None) -> Response:
        place, lang = place_of(request), kept.lang if kept else lang_of(request)
        wanted, before = kept.wanted if kept else "", admitted()

        def land(claimed: Claimed) -> Response:
            opened = self._access.signing.by_subject(claimed.subject, place)
            self._entrance.leave(before)
            return self._entrance.land(opened, place, lang, wanted)

        async def again(problem: str, status: int) -> Response:
            return await self._again(lang, wanted, problem, status)

        try:
            claimed = await self._claimed(request, kept)
        except OidcDown as error:
            return await self._down(error, lang, wanted)
        except OidcRefused as error:
            self._access.trail.refused(Refusal(True, "", "", f"oidc {error.why}", place.address))
            return await again(say("sign_in_failed", lang), HTTPStatus.UNAUTHORIZED)
        return await self._entrance.attempt(request, partial(land, claimed), again)

    async def _claimed(self, request: Request, kept: Kept | None) -> Claimed:
        """Whom the provider vouches for; each sign-in on its way is finished once."""
        now = self._time()
        if kept is None or now >= kept.until:
            raise OidcRefused("state")
        used = hashlib.sha256(kept.kept).hexdigest()
        if not await to_thread.run_sync(self._access.store.use_once, "oidc", used, kept.until):
            raise OidcRefused("state")
        return await self._provider.finish(dict(request.query_params), kept.kept, now / SECOND)

    async def _down(self, error: Exception, lang: str, wanted: str) -> Response:
        log.warning("the identity provider cannot be used: %s", error)
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return await self._again(lang, wanted, say("provider_down", lang), status)

    def _sealed(self, kept: Kept) -> str:
        nonce = secrets.token_bytes(NONCE)
        sealed = self._cipher.encrypt(nonce, msgspec.json.encode(kept), COOKIE.encode())
        return urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def _opened(self, cookie: str) -> Kept | None:
        if len(cookie) > LONGEST:
            return None
        try:
            sealed = urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
            told = self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], COOKIE.encode())
            return msgspec.json.decode(told, type=Kept)
        except (ValueError, InvalidTag, msgspec.DecodeError):
            return None


def _set(answer: Response, value: str) -> None:
    answer.set_cookie(
        COOKIE, value, max_age=MINUTES * 60, secure=True, httponly=True, samesite="lax"
    )
