"""An identity provider for tests: OpenID Connect with code and PKCE, and switches to lie.

In one process: `httpx.ASGITransport(app=idp.app)`. For a browser: `with running_idp() as idp`, a
server on a free port of 127.0.0.1. Whoever comes to it is signed in as `idp.person`, unasked.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

DISCOVERY = "/.well-known/openid-configuration"


class _AnyToken(JWSRegistry):
    """Signs in any way without warning that it is an old one, under any header."""

    def check_header(self, header: dict[str, Any]) -> None:
        pass

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _new_keys() -> dict[str, Key]:
    mark = secrets.token_hex(4)
    rsa = RSAKey.generate_key(2048, {"kid": f"rsa-{mark}", "use": "sig"})
    ec = ECKey.generate_key("P-256", {"kid": f"ec-{mark}", "use": "sig"})
    okp = OKPKey.generate_key("Ed25519", {"kid": f"okp-{mark}", "use": "sig"})
    return {"RS256": rsa, "PS256": rsa, "ES256": ec, "EdDSA": okp}


@functools.cache
def _first_keys() -> dict[str, Key]:
    """Made once a process: an RSA key takes its time."""
    return _new_keys()


class Idp:
    """A provider. Everything below `asked` may be changed between two requests."""

    def __init__(
        self,
        issuer: str = "https://idp.example",
        client_id: str = "supervision",
        client_secret: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.client_secret = client_secret
        self.now = now
        self.keys = dict(_first_keys())
        self.asked: list[str] = []
        """The path of each request, in order."""
        self.forms: list[dict[str, str]] = []
        """What the token endpoint was sent."""
        self.person: dict[str, Any] = {"sub": "u-1001", "name": "张伟"}
        """The claims of whoever signs in next."""
        self.error = ""
        """What the provider says instead of yes: access_denied, server_error."""
        self.names_itself = True
        """Whether the answer bears `iss` (RFC 9207)."""
        self.announced: dict[str, Any] = {}
        """What discovery says otherwise than it should."""
        self.claims: dict[str, Any] = {}
        """What the token says otherwise than it should; None: nothing."""
        self.algorithm = "RS256"
        self.signer: Key | None = None
        """A key to sign with that is not published."""
        self.header: dict[str, Any] = {}
        """What the token's header says otherwise than it should."""
        self.answers: dict[str, Callable[[], Response]] = {}
        """Answers in the place of the true ones, by path."""
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route(DISCOVERY, self._asks(self._discovery)),
                Route("/authorize", self._asks(self._authorize)),
                Route("/token", self._asks(self._token), methods=["POST"]),
                Route("/jwks", self._asks(self._jwks)),
            ]
        )

    def signs_in(self, subject: str, name: str, **claims: Any) -> None:
        """Who comes next is this person."""
        self.person = {"sub": subject, "name": name, **claims}

    def rotate(self) -> None:
        """New keys under new names; the old ones are gone."""
        self.keys = _new_keys()

    def _asks(self, answer: Callable[[Request, dict[str, str]], Response]) -> Any:
        async def endpoint(request: Request) -> Response:
            self.asked.append(request.url.path)
            form = dict(parse_qsl((await request.body()).decode()))
            if other := self.answers.get(request.url.path):
                return other()
            return answer(request, form)

        return endpoint

    def _discovery(self, request: Request, form: dict[str, str]) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["none", "HS256", *self.keys],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                **self.announced,
            }
        )

    def _authorize(self, request: Request, form: dict[str, str]) -> Response:
        asked = dict(request.query_params)
        if asked.get("client_id") != self.client_id or asked.get("response_type") != "code":
            return JSONResponse({"error": "invalid_request"}, 400)
        if asked.get("code_challenge_method") != "S256" or "openid" not in asked["scope"].split():
            return JSONResponse({"error": "invalid_request"}, 400)
        back = {"state": asked["state"]}
        if self.names_itself:
            back["iss"] = self.issuer
        if self.error:
            back["error"] = self.error
        else:
            back["code"] = secrets.token_urlsafe(16)
            self._codes[back["code"]] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        self.forms.append(form)
        if not self._is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or not self._is_same(asked, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = self.token(asked["nonce"])
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        if not self.client_secret:
            return form.get("client_id") == self.client_id
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        client, _, secret = base64.b64decode(given).decode().partition(":")
        return (unquote_plus(client), unquote_plus(secret)) == (self.client_id, self.client_secret)

    @staticmethod
    def _is_same(asked: dict[str, str], form: dict[str, str]) -> bool:
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        return (asked["code_challenge"], asked["redirect_uri"], "authorization_code") == (
            _segment(digest),
            form["redirect_uri"],
            form["grant_type"],
        )

    def _jwks(self, request: Request, form: dict[str, str]) -> Response:
        unlike = {id(key): key for key in self.keys.values()}.values()
        return JSONResponse({"keys": [key.as_dict(private=False) for key in unlike]})

    def token(self, nonce: str) -> str:
        """An identity token as the switches want it."""
        now = int(self.now())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm in ("none", "HS256"):
            return self._forged(claims)
        key = self.signer or self.keys[self.algorithm]
        header = {"alg": self.algorithm, "kid": key.kid, **self.header}
        return jwt.encode(header, claims, key, registry=_AnyToken())

    def _forged(self, claims: dict[str, Any]) -> str:
        """Not signed at all, or with what everybody knows: the published key as HMAC's secret."""
        public = self.keys["RS256"]
        header = {"alg": self.algorithm, "kid": public.kid}
        told = ".".join(_segment(json.dumps(part).encode()) for part in (header, claims))
        if self.algorithm == "none":
            return f"{told}."
        pem = public.as_pem(private=False)  # type: ignore[union-attr]
        return f"{told}.{_segment(hmac.new(pem, told.encode(), hashlib.sha256).digest())}"


@contextmanager
def running_idp(client_id: str = "supervision", client_secret: str = "") -> Iterator[Idp]:
    """A provider that answers on 127.0.0.1, its address in `idp.issuer`; gone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        idp = Idp(address, client_id, client_secret)
        config = uvicorn.Config(idp.app, log_level="warning", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield idp
        finally:
            server.should_exit = True
            thread.join(10)
