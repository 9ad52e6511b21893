"""Response headers of the whole server: nothing from elsewhere, nothing embedded or guessed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def content_policy(script_hashes: Sequence[str]) -> str:
    """The Content-Security-Policy that Dash can live with.

    Dash writes one inline script (its start), allowed by its hash. Its components insert style
    elements, so styles keep 'unsafe-inline'; the curve of the day is an SVG in a data: address.
    """
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """ASGI middleware: sets the headers, and refuses Dash's POSTs from another origin."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.given = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if foreign(scope):
            refusal = PlainTextResponse("Origin not allowed", status_code=403)
            return await refusal(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.given.items():
                    headers.setdefault(name, value)
            await send(message)

        return await self.app(scope, receive, with_headers)


def foreign(scope: Scope) -> bool:
    """A POST to Dash whose Origin is not the host that it was sent to."""
    if scope["method"] != "POST" or "/_dash-" not in scope["path"]:
        return False
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
