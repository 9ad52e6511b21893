"""The one gate in front of everything, HTTP and websocket: who asks, from where, with what right.

Nothing behind it is asked before the gate has decided; what has no rule is for nobody. A refusal
tells the one refused no more than that he is refused; the trail says why. At a websocket the
decision is made again at every message that is sent, and every half second: when the session is
over or may do something else, the browser is told so, and the connection ends.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from ..errors import SupervisionError
from .admission import COOKIES, Admission
from .office import Access
from .rules import CLOSED, KEY, OPEN, SESSION, Found, Rules
from .trail import Refusal
from .watched import Farewell, Watched

log = logging.getLogger(__name__)

COOKIE = COOKIES.session
"""Holds the session's secret: not to be read by scripts, not sent to other sites' requests."""
CSRF_COOKIE = "_csrf_token"
"""Holds what Dash sends back in a header, as a form does in a field."""
CSRF_HEADER = "x-csrftoken"
CSRF_FIELD = "csrf"
FORM = "application/x-www-form-urlencoded"
FORM_LONGEST = 64 * 1024
"""Bytes of a form."""
MOST_FIELDS = 1_000
SECRET_LONGEST = 100
NEXT_LONGEST = 500
"""Characters of an address that somebody is led back to after signing in."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
STEPS = {"totp": "/sign-in/code", "enrol": "/sign-in/factor", "password": "/sign-in/password"}
"""Where each step of signing in is made."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_admitted: ContextVar[Admission | None] = ContextVar("admitted", default=None)
_address: ContextVar[str] = ContextVar("address", default="")


def asked_from() -> str:
    """The address from which the request or websocket came that is being answered."""
    return _address.get()


def admitted() -> Admission | None:
    """Who is behind the request or websocket that is being answered."""
    return _admitted.get()


class GateConfig(NamedTuple):
    """policy: the Content-Security-Policy. secure: by TLS, here or at the proxy. public_url: the
    one address under which people reach it; "": whatever they reached it by. refusal: the page for
    people who may not see one (status, Chinese first or English).
    """

    policy: str
    farewell: Callable[[], Farewell]
    refusal: Callable[[int, str], Response]
    secure: bool = False
    public_url: str = ""


class _Refused(Exception):
    """Ends a request: status for the one who asked, why for the trail."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Gate:
    """ASGI middleware; the outermost."""

    def __init__(self, app: ASGIApp, access: Access, rules: Rules, config: GateConfig) -> None:
        self.app, self.access, self.rules, self.config = app, access, rules, config
        self._cookie = access.admissions.cookies.session
        self.pause: Callable[[float], Awaitable[None]] = asyncio.sleep
        """Between two looks at a websocket, seconds."""
        self.headers = HEADERS | {"Content-Security-Policy": config.policy}
        if config.secure:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket."""
        _address.set(_from(scope))
        if scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    # HTTP.

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        found = self.rules.find(scope)
        admission: Admission | None = None
        try:
            self._same_site(scope, headers, found)
            admission = await self._who_if_wanted(scope, headers, found)
            self._decide(found, admission)
            receive = await self._not_forged(scope, headers, receive, found, admission)
        except _Refused as refused:
            self._record(scope, found, admission, refused)
            answer = self._refusal(scope, headers, refused, admission)
            await answer(scope, receive, send)
            return
        except SupervisionError as error:
            log.warning("nobody could be admitted: %s", error)
            answer = self._answer(scope, headers, HTTPStatus.SERVICE_UNAVAILABLE)
            await answer(scope, receive, send)
            return
        _admitted.set(admission)
        await self.app(scope, receive, send)

    def _decide(self, found: Found | None, admission: Admission | None) -> None:
        rule = found.rule if found else None
        if rule in (OPEN, KEY):
            return
        if admission is None:
            raise _Refused(HTTPStatus.UNAUTHORIZED, "no session")
        if rule is None or rule == CLOSED:
            raise _Refused(HTTPStatus.NOT_FOUND, "no rule")
        if rule == SESSION:
            if admission.stage and found and not found.path.startswith("/sign-"):
                raise _Refused(HTTPStatus.FORBIDDEN, f"step {admission.stage}")
            return
        if rule.right is None or admission.reach(rule.right) is None:
            why = f"step {admission.stage}" if admission.stage else f"no right {rule.right}"
            raise _Refused(HTTPStatus.FORBIDDEN, why)

    def _same_site(self, scope: Scope, headers: Headers, found: Found | None) -> None:
        """A page of another site makes no request in a person's name, nor looks at an answer."""
        if found and found.rule == KEY:
            return
        site = headers.get("sec-fetch-site", "")
        if scope["method"] in SAFE:
            navigates = headers.get("sec-fetch-mode", "") == "navigate"
            if site in ("cross-site", "same-site") and not navigates:
                raise _Refused(HTTPStatus.FORBIDDEN, "foreign site")
            return
        origin = headers.get("origin")
        if origin is None and site == "same-origin":
            return
        if origin != self._origin(scope, headers) or site not in ("", "same-origin"):
            raise _Refused(HTTPStatus.FORBIDDEN, "foreign origin")

    async def _not_forged(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        found: Found | None,
        admission: Admission | None,
    ) -> Receive:
        """What changes something in a session's name brings the session's token along."""
        if scope["method"] in SAFE or (found and found.rule == KEY):
            return receive
        token = headers.get(CSRF_HEADER)
        if is_form(headers):
            field, receive = await _field(receive)
            token = field if token is None else token
        if admission is None:
            return receive
        if not hmac.compare_digest((token or "").encode(), admission.csrf.encode()):
            raise _Refused(HTTPStatus.FORBIDDEN, "csrf")
        return receive

    def _record(
        self,
        scope: Scope,
        found: Found | None,
        admission: Admission | None,
        refused: _Refused,
    ) -> None:
        """Who is only not signed in yet, and comes to a page, is no refusal to speak of."""
        cookie = self._cookie in Headers(scope=scope).get("cookie", "")
        if refused.why == "no session" and not cookie and scope["method"] in SAFE:
            path = found.path if found else ""
            if path == "/" or not path.startswith(("/api", "/export", "/_wall")):
                return
        if refused.why.startswith("step ") or refused.why == "no rule":
            return
        what = f"{scope['method'][:20]} {found.path if found else '?'}"
        self.access.trail.refused(
            Refusal(False, admission.person if admission else "", what, refused.why, _from(scope))
        )

    def _refusal(
        self, scope: Scope, headers: Headers, refused: _Refused, admission: Admission | None
    ) -> Response:
        if _is_page(scope, headers):
            if refused.status == HTTPStatus.UNAUTHORIZED:
                return RedirectResponse(_sign_in(scope), HTTPStatus.SEE_OTHER)
            if admission and admission.stage:
                return RedirectResponse(STEPS[admission.stage], HTTPStatus.SEE_OTHER)
        return self._answer(scope, headers, refused.status)

    def _answer(self, scope: Scope, headers: Headers, status: HTTPStatus) -> Response:
        if _is_page(scope, headers):
            return self.config.refusal(status, _language(scope))
        told = {"type": "about:blank", "title": status.phrase, "status": status.value}
        return JSONResponse(told, status, media_type="application/problem+json")

    # Websockets.

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        found = self.rules.find(scope)
        admission: Admission | None = None
        try:
            if headers.get("origin") != self._origin(scope, headers):
                raise _Refused(HTTPStatus.FORBIDDEN, "foreign origin")
            admission = await self._who(scope, headers)
            self._decide(found, admission)
            if admission is None:
                raise _Refused(HTTPStatus.UNAUTHORIZED, "no session")
        except (_Refused, SupervisionError) as error:
            if isinstance(error, _Refused):
                self._record({**scope, "method": "WS"}, found, admission, error)
            await send({"type": "websocket.close", "code": 1008})
            return
        _admitted.set(admission)
        secret, address, first = _secret(headers, self._cookie), _from(scope), admission

        async def may_still() -> bool:
            """Whether the same session may still do the same."""
            try:
                return first.is_as(await self._whose(secret, address))
            except SupervisionError:
                return False

        watched = Watched(receive, send, self.config.farewell(), may_still, self.pause)
        try:
            await watched.serve(self.app, scope)
        except (OSError, WebSocketDisconnect):
            return  # the browser went while something was sent to it
        except Exception as error:  # noqa: BLE001 what a browser sends ends its own websocket only
            log.warning("a websocket was given up: %s: %.200r", type(error).__name__, str(error))
            refused = _Refused(HTTPStatus.BAD_REQUEST, "message")
            self._record({**scope, "method": "WS"}, found, admission, refused)
            await watched.end()

    # Both.

    async def _who_if_wanted(
        self, scope: Scope, headers: Headers, found: Found | None
    ) -> Admission | None:
        """What is open to anybody stays so while nobody can be looked up."""
        try:
            return await self._who(scope, headers)
        except SupervisionError:
            if found and found.rule in (OPEN, KEY):
                return None
            raise

    async def _who(self, scope: Scope, headers: Headers) -> Admission | None:
        return await self._whose(_secret(headers, self._cookie), _from(scope))

    async def _whose(self, secret: str, address: str) -> Admission | None:
        if not secret:
            return None
        found, admission = self.access.admissions.known(secret, address)
        if found:
            return admission
        return await asyncio.to_thread(self.access.admissions.admit, secret, address)

    def _origin(self, scope: Scope, headers: Headers) -> str:
        """The origin that a page of ours has."""
        if self.config.public_url:
            return self.config.public_url
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        return f"{scheme}://{headers.get('host', '')}"

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        static = scope["path"].startswith(("/assets/", "/_dash-component-suites/"))

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if not static or message["status"] >= HTTPStatus.BAD_REQUEST:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return sent


async def _field(receive: Receive) -> tuple[str | None, Receive]:
    """The token's field of a form, and the form's body to be read once more."""
    body = bytearray()
    more = True
    while more and len(body) <= FORM_LONGEST:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Refused(HTTPStatus.BAD_REQUEST, "form")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if more or len(body) > FORM_LONGEST:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "form")
    try:
        fields = dict(parse_qsl(bytes(body).decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "form") from error
    given = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

    async def again() -> Message:
        return next(given, None) or await receive()

    return fields.get(CSRF_FIELD), again


def _secret(headers: Headers, cookie: str) -> str:
    """The session's secret that a browser sends; "" where there is none."""
    secret = cookie_parser(headers.get("cookie", "")).get(cookie, "")
    return secret if len(secret) <= SECRET_LONGEST else ""


def is_form(headers: Headers) -> bool:
    """Whether fields of a page's form were sent."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


def _from(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_page(scope: Scope, headers: Headers) -> bool:
    """Whether a person looks at the answer."""
    wants = "text/html" in headers.get("accept", "")
    return wants and headers.get("sec-fetch-mode", "navigate") == "navigate"


def _language(scope: Scope) -> str:
    return "en" if b"lang=en" in scope.get("query_string", b"") else "zh"


def _sign_in(scope: Scope) -> str:
    """The page for signing in, which leads back to where somebody wanted to go."""
    wanted = scope["path"]
    if scope.get("query_string"):
        wanted += "?" + scope["query_string"].decode("latin-1")
    lang = {"lang": "en"} if _language(scope) == "en" else {}
    kept = wanted != "/" and len(wanted) <= NEXT_LONGEST
    fields = ({"next": wanted} if kept else {}) | lang
    return "/sign-in" + ("?" + urlencode(fields) if fields else "")
