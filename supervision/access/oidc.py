"""Signing in by an OpenID Connect provider: authorization code with PKCE, every answer checked.

After OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE) and RFC 9207 (`iss` in the answer).
Only the identity token is used; the access token is dropped unread. Errors: oidc_errors.py.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeGuard
from urllib.parse import quote_plus

import httpx
import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from msgspec import Struct

from .oidc_errors import OidcDown, OidcRefused, Why
from .oidc_tokens import ALGORITHMS, Keys, RawKeys, checked, usable, verified
from .oidc_wire import Wire, is_safe

__all__ = ["Begun", "Claimed", "OidcConfig", "OidcDown", "OidcRefused", "Provider", "Why"]

KEYS_AGE = 3600.0
"""Seconds until the keys are read again, so that a key which was taken back dies."""
AGAIN = 60.0
"""Seconds between two readings of the keys for the sake of a key that nobody knows."""
LONGEST = 200
"""Characters of a person's name, and of the claim that names the person."""
OF_ERROR: dict[str, Why] = {
    "invalid_grant": "code",
    "invalid_client": "client",
    "unauthorized_client": "client",
}
UNWELL = {"server_error", "temporarily_unavailable"}


class OidcConfig(Struct, frozen=True, kw_only=True):
    """A provider, and what we are to it."""

    issuer: str
    """Exactly as the provider writes itself; https, or http on this machine."""
    client_id: str
    client_secret: str = ""
    """Sent by HTTP Basic; empty for a public client, which only PKCE protects."""
    redirect_uri: str
    """Where the provider sends the browser back; registered there."""
    claim: str = "sub"
    """The claim of the identity token that names the person here: a text, at most 200 characters.

    `email` counts only where the provider says `email_verified`; prefer what nobody can change.
    """
    scope: str = "openid profile"


class Begun(NamedTuple):
    """A sign-in on its way."""

    url: str
    """Where to send the browser."""
    kept: bytes
    """What the server keeps for this browser and for one coming back; no browser ever has it."""


class Claimed(NamedTuple):
    """Whom the provider vouches for."""

    subject: str
    """The value of the configured claim, unchanged."""
    name: str
    """As people read it, at most 200 characters; the subject where the provider gives no name."""


class _Kept(Struct, frozen=True):
    state: str
    nonce: str
    verifier: str


class _Announced(Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: list[str]
    authorization_response_iss_parameter_supported: bool = False


class _Redeemed(Struct, frozen=True):
    id_token: str = ""
    error: str = ""


class Provider:
    """One identity provider: `begin` sends a browser there, `finish` says who came back.

    There is one a process, as it remembers the provider's keys; it belongs to one event loop.
    Every call raises OidcRefused or OidcDown, and then nobody is signed in.
    """

    def __init__(
        self, config: OidcConfig, http: Callable[[], httpx.AsyncClient] | None = None
    ) -> None:
        """`http` makes a client for one question. Raises OidcRefused (transport) for an issuer
        that is neither https nor on this machine."""
        if not is_safe(config.issuer):
            raise OidcRefused("transport")
        self._config = config
        self._wire = Wire(http)
        self._reading = asyncio.Lock()
        self._announced: _Announced | None = None
        self._keys: Keys | None = None
        self._asked_again = float("-inf")

    async def begin(self) -> Begun:
        """A new sign-in, with secrets of its own.

        Asks the provider each time, so that nobody is sent to one that is down or has moved.
        """
        announced = self._announced = await self._discover()
        kept = _Kept(*(secrets.token_urlsafe(32) for _ in range(3)))
        url = prepare_grant_uri(
            announced.authorization_endpoint,
            client_id=self._config.client_id,
            response_type="code",
            redirect_uri=self._config.redirect_uri,
            scope=self._config.scope,
            state=kept.state,
            nonce=kept.nonce,
            code_challenge=create_s256_code_challenge(kept.verifier),
            code_challenge_method="S256",
        )
        return Begun(url, msgspec.json.encode(kept))

    async def finish(self, query: Mapping[str, str], kept: bytes, now: float) -> Claimed:
        """Who came back with that query, `now` being seconds since 1970.

        The caller MUST forget `kept` before it calls, so that an answer counts once.
        """
        begun = _opened(kept, query)
        announced = self._announced or await self._discover()
        token = await self._redeem(self._code(query, announced), begun.verifier, announced)
        return self._person(await self._claims(token, begun.nonce, now))

    def _code(self, query: Mapping[str, str], announced: _Announced) -> str:
        named = query.get("iss")
        if named is None and announced.authorization_response_iss_parameter_supported:
            raise OidcRefused("issuer")
        if named is not None and named != self._config.issuer:
            raise OidcRefused("issuer")
        if (error := query.get("error")) in UNWELL:
            raise OidcDown(self._config.issuer, f"it answers {error}")
        if error is not None:
            raise OidcRefused("denied")
        if not (code := query.get("code")):
            raise OidcRefused("code")
        return code

    async def _redeem(self, code: str, verifier: str, announced: _Announced) -> str:
        """The identity token for a code, not yet checked."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._config.redirect_uri,
            "code_verifier": verifier,
        }
        if not self._config.client_secret:
            form["client_id"] = self._config.client_id
        url = announced.token_endpoint
        return _token_of(url, *await self._wire.post(url, form, self._auth(), _Redeemed))

    def _auth(self) -> httpx.Auth | None:
        """Each part is form-encoded before Basic joins them: RFC 6749, 2.3.1."""
        if not self._config.client_secret:
            return None
        return httpx.BasicAuth(
            quote_plus(self._config.client_id), quote_plus(self._config.client_secret)
        )

    async def _claims(self, token: str, nonce: str, now: float) -> dict[str, Any]:
        """What a token says, once its signature and its claims are checked."""
        keys = await self._current_keys(now)
        read = verified(token, keys) or verified(token, await self._newer_keys(keys, now))
        if read is None:
            raise OidcRefused("signature")
        return checked(read, self._config.issuer, self._config.client_id, nonce, now)

    def _person(self, claims: dict[str, Any]) -> Claimed:
        subject = claims.get(self._config.claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST:
            raise OidcRefused("claim")
        if not subject.isprintable() or subject != subject.strip():
            raise OidcRefused("claim")
        if self._config.claim == "email" and claims.get("email_verified") is not True:
            raise OidcRefused("claim")
        names = (claims.get(key) for key in ("name", "preferred_username"))
        return Claimed(subject, next(filter(_is_name, names), subject)[:LONGEST])

    async def _current_keys(self, now: float) -> Keys:
        async with self._reading:
            if self._keys is None or not 0 <= now - self._keys.read_at < KEYS_AGE:
                self._keys = await self._read_keys(now)
            return self._keys

    async def _newer_keys(self, known: Keys, now: float) -> Keys:
        """Keys read after `known`, for a token whose key is not among them."""
        async with self._reading:
            if self._keys is None or self._keys is known:
                if 0 <= now - self._asked_again < AGAIN:
                    raise OidcRefused("signature")
                self._asked_again = now
                self._keys = await self._read_keys(now)
            return self._keys

    async def _read_keys(self, now: float) -> Keys:
        announced = self._announced = await self._discover()
        believed = ALGORITHMS.intersection(announced.id_token_signing_alg_values_supported)
        if not believed:
            raise OidcRefused("algorithm")
        raw = await self._wire.get(announced.jwks_uri, RawKeys)
        return Keys(usable(raw), believed, now)

    async def _discover(self) -> _Announced:
        url = get_well_known_url(self._config.issuer, external=True)
        found = await self._wire.get(url, _Announced)
        if found.issuer != self._config.issuer:
            raise OidcRefused("issuer")
        addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        if not all(map(is_safe, addresses)):
            raise OidcRefused("transport")
        return found


def _opened(kept: bytes, query: Mapping[str, str]) -> _Kept:
    """What was kept, if the answer bears its state."""
    try:
        begun = msgspec.json.decode(kept, type=_Kept)
    except ValueError as error:
        raise OidcRefused("state") from error
    given = query.get("state", "").encode(errors="replace")
    if not hmac.compare_digest(given, begun.state.encode()):
        raise OidcRefused("state")
    return begun


def _token_of(url: str, status: int, answer: _Redeemed) -> str:
    if status == 200 and answer.id_token:
        return answer.id_token
    if status == 200:
        raise OidcRefused("token")
    if answer.error not in OF_ERROR:
        raise OidcDown(url, f"it answers {status} {answer.error[:LONGEST]!r}")
    raise OidcRefused(OF_ERROR[answer.error])


def _is_name(name: object) -> TypeGuard[str]:
    return isinstance(name, str) and bool(name.strip()) and name.isprintable()
