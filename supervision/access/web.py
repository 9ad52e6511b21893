"""What the pages that sign in and out share: cookies, forms, where a request comes from."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from .admission import Admission, Admissions
from .gate import CSRF_COOKIE, MOST_FIELDS, NEXT_LONGEST, admitted, is_form
from .signing import From, Opened


class Form:
    """The fields of a form, as text; a field that is not there is ""."""

    def __init__(self, body: bytes) -> None:
        text = body.decode("utf-8", "replace")
        self._fields = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)

    def __getitem__(self, name: str) -> str:
        return self._fields.get(name, [""])[0].strip()

    def exact(self, name: str) -> str:
        """With the spaces around it: a password."""
        return self._fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be there more than once, the empty ones left out."""
        return [value.strip() for value in self._fields.get(name, []) if value.strip()]


async def form_of(request: Request) -> Form:
    """The form that was sent; the gate has seen to its size and its token. None: no fields."""
    return Form(await request.body() if is_form(request.headers) else b"")


def place_of(request: Request) -> From:
    """From where a request comes."""
    agent = request.headers.get("user-agent", "")
    return From(request.client.host if request.client else "", agent)


def whoever() -> Admission:
    """Who is signed in; for endpoints whose rule asks for a session."""
    admission = admitted()
    assert admission is not None
    return admission


def signed_in(response: Response, opened: Opened, admissions: Admissions) -> Response:
    """The response, with the cookies of a session."""
    csrf = admissions.csrf(opened.session.digest)
    kiosk = opened.session.kind == "kiosk"
    lasting = 365 * 86_400 if kiosk else None
    name, secure = admissions.cookies
    response.set_cookie(
        name, opened.secret, max_age=lasting, secure=secure, httponly=True, samesite="lax"
    )
    response.set_cookie(CSRF_COOKIE, csrf, max_age=lasting, secure=secure, samesite="strict")
    return response


def signed_out(response: Response, admissions: Admissions) -> Response:
    """The response, which takes the cookies away."""
    name, secure = admissions.cookies
    response.delete_cookie(name, secure=secure, httponly=True, samesite="lax")
    response.delete_cookie(CSRF_COOKIE, secure=secure, samesite="strict")
    return response


def inside(address: str) -> str:
    """An address of this server to go on to; "/" for whatever else somebody put there."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and address.isprintable() and len(address) <= NEXT_LONGEST else "/"
