"""The gate in front of everything: who comes through, and how little the others are told.

Above 400 lines: every way in and every trick tried at it, kept together so that what is missing
shows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from supervision.access.events import AccessRefused, PersonDisabled
from supervision.access.gate import (
    COOKIE,
    FORM_LONGEST,
    HEADERS,
    MOST_FIELDS,
    STEPS,
    Gate,
    GateConfig,
    admitted,
)
from supervision.access.rights import Right
from supervision.access.rules import CLOSED, KEY, OPEN, SESSION, Rules, needs
from supervision.access.signing import Opened
from supervision.access.watched import GONE
from supervision.access.web import form_of, inside
from supervision.errors import StoreDown
from tests.access import AT, CONSOLE, ELSEWHERE, HERE, Office, Time, cheap, office_at

OURS = "http://sup.example"
FOREIGN = "http://evil.example"
FORM = "application/x-www-form-urlencoded"
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}
POLICY = "default-src 'self'"

reached: list[str] = []
"""What of the application behind the gate was reached."""


def application() -> FastAPI:
    """A route of each rule, and one of none."""
    app = FastAPI(openapi_url=None)

    def answer(request: Request) -> Response:
        who = admitted()
        reached.append(request.url.path)
        return PlainTextResponse(who.person if who else "nobody")

    async def form(request: Request) -> Response:
        reached.append(request.url.path)
        return PlainTextResponse((await form_of(request))["word"])

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        reached.append("/live")
        try:
            while True:
                await websocket.send_text(f"saw {await websocket.receive_text()}")
        except WebSocketDisconnect:
            reached.append("gone")

    for path, rule in (
        ("/open", OPEN),
        ("/key", KEY),
        ("/account", SESSION),
        ("/sign-in/code", SESSION),
        ("/cases/{case_no}", Right.CASES),
        ("/audit", Right.AUDIT),
        ("/closed", CLOSED),
        ("/", Right.WALL),
    ):

        def endpoint(request: Request) -> Response:
            return answer(request)

        app.add_api_route(path, needs(rule)(endpoint), methods=["GET", "POST"])
    app.add_api_route("/forgotten", answer, methods=["GET", "POST"])
    for path, rule in (("/form", Right.CASES), ("/open-form", OPEN)):

        async def posted(request: Request) -> Response:
            return await form(request)

        app.add_api_route(path, needs(rule)(posted), methods=["POST"])
    for path, rule in (("/live", Right.WALL), ("/open-live", OPEN)):

        async def socket(websocket: WebSocket) -> None:
            await talk(websocket)

        app.add_api_websocket_route(path, needs(rule)(socket))
    app.add_api_websocket_route("/forgotten-live", talk)
    return app


class Words:
    """Says farewell to each page that spoke."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    def heard(self, text: str) -> None:
        self.pages.append(text)

    def words(self) -> list[str]:
        return [f"farewell {page}" for page in self.pages]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


def refusal(status: int, lang: str) -> Response:
    return PlainTextResponse(f"page {status} {lang}", status)


class Front:
    """The gate, and a browser before it."""

    def __init__(self, office: Office, **config: Any) -> None:
        app = application()
        self.office = office
        self.rules = Rules(lambda: app.router.routes)
        self.gate = Gate(app, office, self.rules, GateConfig(POLICY, Words, refusal, **config))

    def ask(
        self,
        path: str,
        who: Opened | str | None = None,
        method: str = "GET",
        body: bytes | list[Message] = b"",
        place: str = HERE.address,
        raw: tuple[tuple[bytes, bytes], ...] = (),
        **headers: str,
    ) -> Answer:
        """One request; `_` in a header's name stands for `-`."""
        messages: list[Message] = (
            body if isinstance(body, list) else [{"type": "http.request", "body": body}]
        )
        scope = self.scope("http", path, who, place, raw, headers) | {"method": method}
        sent = asyncio.run(self._serve(scope, messages))
        start = sent[0]
        told = {k.decode("latin-1"): v.decode("latin-1") for k, v in start["headers"]}
        return Answer(start["status"], told, b"".join(m.get("body", b"") for m in sent).decode())

    def scope(
        self,
        kind: str,
        path: str,
        who: Opened | str | None = None,
        place: str = HERE.address,
        raw: tuple[tuple[bytes, bytes], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> Scope:
        """As a server would give it."""
        secret = who.secret if isinstance(who, Opened) else who
        cookie = {"cookie": f"{COOKIE}={secret}"} if secret is not None else {}
        given = {"host": "sup.example"} | cookie | (headers or {})
        path, _, query = path.partition("?")
        return {
            "type": kind,
            "scheme": "ws" if kind == "websocket" else "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query.encode("latin-1"),
            "headers": [
                *((k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in given.items()),
                *raw,
            ],
            "client": (place, 40_000),
            "server": ("sup.example", 80),
            "http_version": "1.1",
            "subprotocols": [],
        }

    async def _serve(self, scope: Scope, messages: list[Message]) -> list[Message]:
        given, sent = iter(messages), []

        async def receive() -> Message:
            return next(given, None) or {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.gate(scope, receive, send)
        return sent

    def csrf(self, who: Opened) -> str:
        """The token of a session."""
        return self.office.admissions.csrf(who.session.digest)

    def post(self, path: str, who: Opened | None, fields: Any, **headers: str) -> Answer:
        """A form of a page of ours."""
        told = {"origin": OURS, "content_type": FORM} | headers
        return self.ask(path, who, "POST", urlencode(fields).encode(), **told)

    def refused(self) -> list[tuple[str, str, str]]:
        """What the trail says was refused: whom, what, why."""
        events = [e for e in self.office.trailed() if isinstance(e, AccessRefused)]
        return [(event.by, event.what, event.why) for event in events]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    cheap(monkeypatch)
    reached.clear()
    with office_at(tmp_path, Time()) as opened:
        opened.add("zhang", "manager")
        yield opened


@pytest.fixture
def front(office: Office) -> Front:
    return Front(office)


@pytest.fixture
def zhang(office: Office) -> Opened:
    """A manager, signed in."""
    return office.sign_in("zhang")


# Who comes through


@pytest.mark.parametrize("path", ["/open", "/account", "/cases/1", "/"])
def test_who_has_the_right_comes_through(front: Front, zhang: Opened, path: str) -> None:
    """And is known behind the gate."""
    assert front.ask(path, zhang)[::2] == (200, "zhang")


@pytest.mark.parametrize("path", ["/open", "/key"])
def test_what_is_open_is_so_without_a_session(front: Front, path: str) -> None:
    """A route that asks for a key itself too."""
    assert front.ask(path)[::2] == (200, "nobody")


PATHS = [
    "/account",
    "/cases/1",
    "/audit",
    "/closed",
    "/forgotten",
    "/",
    "/nowhere",
    "//",
    "//evil.example/",
    "/open/",
    "/%2e%2e/open",
    "/../open",
    "/open/../cases/1",
    "/cases%2f1",
    "/cases/1/",
    "/cases/1\0",
    "/OPEN",
    "/" + "x" * 100_000,
    "/中文",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize("path", PATHS)
def test_without_a_session_every_path_is_answered_alike(
    front: Front, path: str, method: str
) -> None:
    """There or not, ours or not: the same words, nothing behind the gate is asked."""
    found = front.ask(path, method=method, origin=OURS)
    assert (found.status, found.body) == (401, front.ask("/nowhere").body)
    assert reached == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_without_a_session_leads_to_signing_in(front: Front, path: str) -> None:
    """And from there back, but never to another site."""
    found = front.ask(path, **PAGE)
    assert found.status == 303
    assert found.headers["location"].startswith("/sign-in")
    assert len(found.headers["location"]) < 2_000


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "a" * 43,
        "a" * 10_000,
        "\xff\xfe",
        '"',
        "=;=;=",
        "../../etc/passwd",
        "' OR 1=1 --",
    ],
)
def test_a_forged_cookie_is_nobody(front: Front, cookie: str) -> None:
    """Whatever it holds."""
    assert front.ask("/account", cookie).status == 401
    assert reached == []


def test_a_forged_cookie_is_on_record(front: Front) -> None:
    """Somebody who only comes without one is not."""
    front.ask("/account")
    front.ask("/account", "forged")
    assert front.refused() == [("", "GET /account", "no session")]


@pytest.mark.parametrize(
    "cookies",
    [b"\xff=\xff; {}", b"a; b; ;; {}", b"{}=x", b"x{}", b"{}; __Host-session=forged"],
)
def test_cookies_in_no_order_do_no_harm(front: Front, zhang: Opened, cookies: bytes) -> None:
    """Malformed ones are passed over; of two sessions the last is meant."""
    ours = f"{COOKIE}={zhang.secret}".encode()
    found = front.ask("/account", raw=((b"cookie", cookies.replace(b"{}", ours)),))
    assert found.status == (200 if cookies.endswith(b"; {}") else 401)


def test_header_bytes_of_no_language_do_no_harm(front: Front, zhang: Opened) -> None:
    """They are refused, or passed over."""
    odd = ((b"origin", b"\xff\x00"), (b"x-csrftoken", b"\xe5\xbc\xa0"), (b"accept", b"\x80"))
    assert front.ask("/account", zhang, "POST", raw=odd).status == 403
    assert front.ask("/account", zhang, raw=odd).status == 200


def test_a_kiosk_comes_through_from_its_address_only(front: Front) -> None:
    """To the wall, and to nothing behind it."""
    secret = front.office.signing.open_kiosk("hall", HERE.address, (), CONSOLE)
    assert front.ask("/", secret)[::2] == (200, "hall")
    assert front.ask("/", secret, place=ELSEWHERE.address).status == 401
    assert front.ask("/cases/1", secret).status == 403


# Rights


@pytest.mark.parametrize(
    ("path", "status"), [("/audit", 403), ("/closed", 404), ("/forgotten", 404), ("/nowhere", 404)]
)
def test_what_one_has_no_right_to_is_not_reached(
    front: Front, zhang: Opened, path: str, status: int
) -> None:
    """A route without a rule is for nobody; the words name neither path, right nor reason."""
    found = front.ask(path, zhang)
    assert found.status == status
    assert set(json.loads(found.body)) == {"type", "title", "status"}
    assert front.ask(path, zhang, **PAGE).body == f"page {status} zh"
    assert front.ask(f"{path}?lang=en", zhang, **PAGE).body == f"page {status} en"
    assert reached == []


def test_a_refusal_is_on_record_with_its_reason(front: Front, zhang: Opened) -> None:
    """The route, not the path: another's case number is not for the trail's readers."""
    front.ask("/audit", zhang)
    assert front.refused() == [("zhang", "GET /audit", "no right audit")]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_method_opens_nothing(front: Front, zhang: Opened, method: str) -> None:
    """Whatever changes nothing asks for the same right."""
    assert front.ask("/audit", zhang, method).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "BREW"])
def test_an_unknown_method_is_taken_for_one_that_changes_something(
    front: Front, zhang: Opened, method: str
) -> None:
    """It needs the origin and the token; then nothing answers it."""
    assert front.ask("/account", zhang, method).status == 403
    token = front.csrf(zhang)
    assert front.ask("/account", zhang, method, origin=OURS, x_csrftoken=token).status == 405


def test_who_stands_before_a_step_comes_no_further(front: Front) -> None:
    """Than the pages of signing in; others lead there."""
    front.office.add("sec", "security_admin")
    opened = front.office.sign_in("sec")
    assert front.ask("/sign-in/code", opened).status == 200
    for path in ("/account", "/cases/1", "/"):
        assert front.ask(path, opened).status == 403
        assert front.ask(path, opened, **PAGE).headers["location"] == STEPS["enrol"]


def test_an_endpoint_asks_one_thing() -> None:
    """Marked for a second route with another rule it is refused, not changed for the first."""
    endpoint = needs(Right.CASES)(lambda: None)
    needs(Right.CASES)(endpoint)
    with pytest.raises(ValueError, match="asks"):
        needs(OPEN)(endpoint)


# Other sites


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": FOREIGN},
        {"origin": "null"},
        {"origin": OURS + ".evil.example"},
        {"origin": "https://sup.example"},
        {"origin": OURS, "sec_fetch_site": "cross-site"},
        {"origin": OURS, "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"referer": OURS},
    ],
)
def test_a_change_asked_by_another_site_is_refused(
    front: Front, zhang: Opened, headers: dict[str, str]
) -> None:
    """Though it brings cookie and token; a change that nobody's page asked for too."""
    token = front.csrf(zhang)
    assert front.ask("/account", zhang, "POST", x_csrftoken=token, **headers).status == 403
    assert front.ask("/open", None, "POST", **headers).status == 403
    assert {why for _, _, why in front.refused()} == {"foreign origin"}
    assert reached == []


@pytest.mark.parametrize(
    "headers", [{"origin": OURS}, {"sec_fetch_site": "same-origin"}], ids=["origin", "site"]
)
def test_a_change_asked_by_our_page_is_made(
    front: Front, zhang: Opened, headers: dict[str, str]
) -> None:
    """As browsers say it, the old and the new."""
    token = front.csrf(zhang)
    assert front.ask("/account", zhang, "POST", x_csrftoken=token, **headers).status == 200


def test_what_another_site_looks_at_is_refused(front: Front, zhang: Opened) -> None:
    """Following a link from there is not looking."""
    site = {"sec_fetch_site": "cross-site"}
    assert front.ask("/cases/1", zhang, sec_fetch_mode="no-cors", **site).status == 403
    assert front.ask("/cases/1", zhang, sec_fetch_mode="navigate", **site).status == 200


def test_the_origin_is_the_public_address_where_there_is_one(office: Office) -> None:
    """Whatever host a request names."""
    front, zhang = Front(office, public_url="https://sup.gov.example"), office.sign_in("zhang")
    token = front.csrf(zhang)
    for origin, status in (("https://sup.gov.example", 200), (OURS, 403)):
        found = front.ask("/account", zhang, "POST", x_csrftoken=token, origin=origin)
        assert found.status == status


def test_a_source_system_needs_no_origin(front: Front, zhang: Opened) -> None:
    """Its route asks for its key; a session of a person's is none of its business."""
    assert front.ask("/key", zhang, "POST", origin=FOREIGN).status == 200


# Forms


def test_a_form_brings_the_token_in_a_field(front: Front, zhang: Opened) -> None:
    """And its fields come through."""
    assert front.post("/form", zhang, {"csrf": front.csrf(zhang), "word": "到"}).body == "到"


@pytest.mark.parametrize("token", ["", "x", "令牌", "\ud800".encode("utf-8", "replace").decode()])
def test_a_form_with_another_token_is_refused(front: Front, zhang: Opened, token: str) -> None:
    """Or none, or that of another session."""
    other = front.office.sign_in("zhang")
    for fields in ({"csrf": token}, {}, {"csrf": front.csrf(other)}):
        assert front.post("/form", zhang, fields).status == 403
    assert front.refused()[0] == ("zhang", "POST /form", "csrf")
    assert reached == []


def test_a_header_with_another_token_is_refused(front: Front, zhang: Opened) -> None:
    """Though the form has the right one."""
    found = front.post("/form", zhang, {"csrf": front.csrf(zhang)}, x_csrftoken="x")
    assert found.status == 403


def test_a_signed_in_browser_needs_the_token_at_open_routes_too(
    front: Front, zhang: Opened
) -> None:
    """Nobody signs somebody in as another."""
    assert front.post("/open-form", zhang, {"word": "x"}).status == 403
    assert front.post("/open-form", None, {"word": "x"}).body == "x"


@pytest.mark.parametrize("path", ["/form", "/open-form"])
def test_a_form_has_its_limits(front: Front, zhang: Opened, path: str) -> None:
    """Of bytes and of fields, with a session and without, whatever carries the token."""
    who = zhang if path == "/form" else None
    token = {"csrf": front.csrf(zhang)}
    header = {"x_csrftoken": token["csrf"]} if who else {}
    fit = {"word": "x" * (FORM_LONGEST - len(urlencode(token)) - 6)}
    assert front.post(path, who, token | fit).status == 200
    assert front.post(path, who, token | fit | {"a": ""}).status == 413
    many = [("a", "")] * (MOST_FIELDS + 1)
    assert front.post(path, who, many, **header).status == 413
    capitals = {"content_type": FORM.upper() + "; charset=utf-8"}
    assert front.post(path, who, many, **header, **capitals).status == 413


def test_a_form_that_breaks_off_is_none(front: Front, zhang: Opened) -> None:
    """What came of it is not taken for the whole."""
    begun = urlencode({"csrf": front.csrf(zhang), "word": "delete"}).encode()
    messages = [{"type": "http.request", "body": begun, "more_body": True}]
    found = front.ask("/form", zhang, "POST", messages, origin=OURS, content_type=FORM)
    assert found.status == 400
    assert reached == []


def test_a_form_in_pieces_is_one(front: Front, zhang: Opened) -> None:
    """However the bytes are cut."""
    whole = urlencode({"csrf": front.csrf(zhang), "word": "中"}).encode()
    pieces: list[Message] = [
        {"type": "http.request", "body": bytes([byte]), "more_body": True} for byte in whole
    ]
    messages = [*pieces, {"type": "http.request", "body": b""}]
    found = front.ask("/form", zhang, "POST", messages, origin=OURS, content_type=FORM)
    assert found.body == "中"


def test_what_is_no_form_has_no_fields(front: Front) -> None:
    """Bytes of another kind are not read, however many."""
    body = b"word=x&" * FORM_LONGEST
    found = front.ask("/open-form", None, "POST", body, origin=OURS, content_type="text/plain")
    assert found[::2] == (200, "")


# What is told


def test_every_answer_says_how_a_browser_must_treat_it(front: Front, zhang: Opened) -> None:
    """Refusals too; nothing is kept by a cache."""
    for found in (front.ask("/open"), front.ask("/audit", zhang), front.ask("/assets/x")):
        told = {k.lower(): v for k, v in found.headers.items()}
        for name, value in HEADERS.items():
            assert told[name.lower()] == value
        assert told["content-security-policy"] == POLICY
        assert told["cache-control"] == "no-store"
        assert "strict-transport-security" not in told


def test_by_tls_browsers_are_told_to_stay_there(office: Office) -> None:
    """For a year."""
    told = Front(office, secure=True).ask("/open").headers
    assert told["strict-transport-security"] == "max-age=31536000"


def test_while_the_store_is_down_nobody_new_comes_through(
    front: Front, zhang: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told to come again; what is open stays so."""

    def down(digest: str) -> None:
        raise StoreDown("access", "no answer")

    monkeypatch.setattr(front.office.store, "session", down)
    front.office.admissions.forget()
    assert front.ask("/account", zhang).status == 503
    assert front.ask("/account", zhang, **PAGE).body == "page 503 zh"
    assert front.ask("/open", zhang)[::2] == (200, "nobody")


@pytest.mark.parametrize(
    "address",
    ["", "//evil", "/\\evil", "http://evil", "//[", "/a\tb", "/\n", "evil", "/" + "x" * 500, "\\"],
)
def test_signing_in_leads_to_no_other_site(address: str) -> None:
    """Nor breaks on what is no address."""
    assert inside(address) == "/"
    assert inside("/cases/1?lang=en") == "/cases/1?lang=en"


# Websockets


class Socket:
    """A browser's websocket, by hand: no time passes but at `tick`."""

    def __init__(self, front: Front, scope: Scope) -> None:
        self.sent: list[Message] = []
        self._given: asyncio.Queue[Message] = asyncio.Queue()
        self._ticks: asyncio.Queue[None] = asyncio.Queue()
        self._time = front.office.time
        front.gate.pause = self._pause
        self._given.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(front.gate(scope, self._given.get, self._send))

    async def _pause(self, seconds: float) -> None:
        await self._ticks.get()

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def say(self, text: str) -> None:
        self._given.put_nowait({"type": "websocket.receive", "text": text})
        await self.settled()

    async def tick(self, seconds: float = 0.5) -> None:
        """The pause between two looks is over."""
        self._time.pass_by(seconds)
        self._ticks.put_nowait(None)
        await self.settled()

    async def leave(self) -> None:
        self._given.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, 30)

    async def settled(self) -> None:
        """Until nobody does anything any more: the looks' threads have answered."""
        loop = asyncio.get_running_loop()
        for _ in range(5):
            await loop.run_in_executor(None, lambda: None)
            for _ in range(20):
                await asyncio.sleep(0)

    @property
    def told(self) -> list[str]:
        return [m["text"] if "text" in m else m["type"].partition(".")[2] for m in self.sent]


def socket(
    front: Front,
    script: Callable[[Socket], Awaitable[None]],
    who: Opened | str | None,
    path: str = "/live",
    **headers: str,
) -> Socket:
    """Run a script before a websocket, then leave it."""

    async def run() -> Socket:
        one_thread = ThreadPoolExecutor(1)  # so that whoever waits for it waits for all before
        asyncio.get_running_loop().set_default_executor(one_thread)
        scope = front.scope("websocket", path, who, headers={"origin": OURS} | headers)
        opened = Socket(front, scope)
        await opened.settled()
        await script(opened)
        await opened.leave()
        return opened

    return asyncio.run(run())


async def nothing(_: Socket) -> None:
    """What the browser does."""


def test_a_websocket_serves_who_has_the_right(front: Front, zhang: Opened) -> None:
    """For as long as they have it."""

    async def script(opened: Socket) -> None:
        for _ in range(5):
            await opened.tick()
        await opened.say("hello")

    assert socket(front, script, zhang).told == ["accept", "saw hello"]
    assert reached == ["/live", "gone"]


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/live", FOREIGN),
        ("/live", ""),
        ("/live", "null"),
        ("/forgotten-live", OURS),
        ("/nowhere", OURS),
        ("/cases/1", OURS),
    ],
)
def test_a_websocket_is_refused_before_it_is_accepted(
    front: Front, zhang: Opened, path: str, origin: str
) -> None:
    """From another site, without a rule, where there is none."""
    assert socket(front, nothing, zhang, path, origin=origin).sent == [
        {"type": "websocket.close", "code": 1008}
    ]
    assert reached == []


@pytest.mark.parametrize("path", ["/live", "/open-live", "/forgotten-live", "/nowhere"])
@pytest.mark.parametrize("who", [None, "forged"])
def test_a_websocket_without_a_session_is_refused(front: Front, who: str | None, path: str) -> None:
    """Whatever its route says: there is nobody to be watched."""
    assert socket(front, nothing, who, path).told == ["close"]
    assert reached == []


def test_a_websocket_of_who_has_not_the_right_is_refused(front: Front) -> None:
    """And is on record."""
    front.office.add("wu", "window")
    assert socket(front, nothing, front.office.sign_in("wu")).told == ["close"]
    assert front.refused() == [("wu", "WS /live", "no right wall")]


ENDS: dict[str, Callable[[Office, Opened], object]] = {
    "signed out here": lambda office, opened: office.signing.out(opened.session),
    "signed out elsewhere": lambda office, opened: office.store.end_session(opened.session.digest),
    "disabled": lambda office, _: office.note(PersonDisabled(at=AT, by=CONSOLE, person="zhang")),
    "moved": lambda office, _: office.grant("zhang", "manager", "north"),
    "over": lambda office, _: office.time.pass_by(12 * 3600),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_wall_goes_dark_at_the_next_look_when_the_right_ended(
    front: Front, zhang: Opened, end: str
) -> None:
    """Farewell is said to each page that spoke, then nothing more, and the application is told."""

    async def script(opened: Socket) -> None:
        await opened.say("one")
        ENDS[end](front.office, zhang)
        await opened.tick()
        await opened.say("two")
        await opened.tick()

    opened = socket(front, script, zhang)
    assert opened.told == ["accept", "saw one", "farewell one", "close"]
    assert opened.sent[-1]["code"] == GONE
    assert reached[-1] == "gone"


@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_pushed_after_the_right_ended(front: Front, zhang: Opened, end: str) -> None:
    """Each message is decided on, though no look was due."""

    async def script(opened: Socket) -> None:
        ENDS[end](front.office, zhang)
        front.office.time.pass_by(0.5)
        await opened.say("one")

    assert socket(front, script, zhang).told == ["accept", "farewell one", "close"]


def test_an_application_may_refuse_a_websocket_in_words(front: Front, zhang: Opened) -> None:
    """Head and body of its answer come through."""
    said: list[Message] = [
        {"type": "websocket.http.response.start", "status": 404, "headers": []},
        {"type": "websocket.http.response.body", "body": b"nothing here"},
    ]

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        for message in said:
            await send(message)

    front.gate.app = refusing
    assert socket(front, nothing, zhang).sent == said


def test_an_application_that_ends_the_websocket_is_not_spoken_after(
    front: Front, zhang: Opened
) -> None:
    """Nor one whose browser left: the look that follows finds nothing to do."""

    async def run() -> list[str]:
        opened = Socket(front, front.scope("websocket", "/live", zhang, headers={"origin": OURS}))
        await opened.settled()
        front.office.signing.out(zhang.session)
        await opened.leave()
        await opened.tick()
        return opened.told

    assert asyncio.run(run()) == ["accept"]
