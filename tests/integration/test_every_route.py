"""Every way in, as the application itself tells them: without a session, with another role, with
another department.

Nothing here is a list of routes but that of what is open to anybody, and that of what asks for a
source system's key.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.routing import iter_route_contexts
from starlette.responses import PlainTextResponse
from starlette.routing import Match
from starlette.websockets import WebSocketDisconnect

from dashboards import pages
from dashboards.app import DASH_RULES
from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused
from supervision.access.gate import COOKIE
from supervision.access.oidc import OidcConfig, Provider
from supervision.access.rights import INSPECTOR, ROLES, Right
from supervision.access.rules import KEY, OPEN, SESSION, Rule
from supervision.intake.problem import PROBLEM_JSON
from supervision.runners.application import LIBRARY_RULES, Outside, application
from tests.access import cheap
from tests.whole import (
    NAVIGATING,
    ORIGIN,
    SOCKETS,
    WATER,
    WOODS,
    Whole,
    blank,
    browser_of,
    tells_of,
    whole_at,
)

pytestmark = pytest.mark.integration

ANYBODY = {
    "/api/v1/openapi.json",
    "/api/v1/health",
    "/assets",
    "/_favicon.ico",
    "/sign-in",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
    "/link/{secret}",
    "/kiosk/{secret}",
    "/ack/{token}",
}
"""What is open to anybody."""
SOURCES = {"/api/v1/events"}
"""What asks for a source system's key."""
SEES_CASES = {Right.WALL, Right.CASES}
NOBODY = {"type": "about:blank", "title": "Unauthorized", "status": 401}
FORBIDDEN = {"type": "about:blank", "title": "Forbidden", "status": 403}
NOTHING = {"type": "about:blank", "title": "Not Found", "status": 404}
DOWN = Provider(
    OidcConfig(issuer="http://127.0.0.1:9", client_id="c", redirect_uri=f"{ORIGIN}/sign-in/oidc")
)
"""A provider of OpenID that does not answer."""


class Way(NamedTuple):
    """A way in: its path as declared, a method or WS, an address that leads there, its rule."""

    declared: str
    method: str
    address: str
    rule: Rule | None


def ways(app: FastAPI) -> Iterator[Way]:
    """All of them."""
    for route in iter_route_contexts(app.routes):
        address = "/" + re.sub(r"\{\w+(:\w+)?\}", "x", route.path).lstrip("/")
        rule = app.state.rules.of(route)
        socket = {"type": "websocket", "path": address, "root_path": ""}
        if route.matches(socket)[0] is Match.FULL:
            yield Way(route.path, "WS", address, rule)
        inside = address if getattr(route, "methods", None) else f"{address}/x"
        for method in sorted(getattr(route, "methods", None) or {"GET", "POST"}):
            scope = {"type": "http", "method": method, "path": inside, "root_path": ""}
            if route.matches(scope)[0] is Match.FULL:
                yield Way(route.path, method, inside, rule)


def without_a_rule(app: FastAPI) -> set[str]:
    """Ways in of which nobody said what they ask."""
    return {way.declared for way in ways(app) if way.rule is None}


def addresses() -> list[str]:
    """An address of each page, from the patterns of dashboards/pages.py: another department's."""
    case = f"/case/{WOODS.source}/{WOODS.cases[0]}"
    made = [case, f"{case}/history"]
    for pattern in ast.walk(ast.parse(inspect.getsource(pages.body_for))):
        if isinstance(pattern, ast.MatchSequence):
            named = [
                getattr(getattr(part, "value", None), "value", "x") for part in pattern.patterns
            ]
            made.append("/" + "/".join(named))
    return list(dict.fromkeys(made))


def _part(pattern: ast.pattern) -> str:
    """A part of an address that the pattern matches."""
    constant = pattern.value if isinstance(pattern, ast.MatchValue) else None
    return str(constant.value) if isinstance(constant, ast.Constant) else "x"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests here."""
    outside = Outside(provider=DOWN, provider_name="市统一身份认证")
    with (
        pytest.MonkeyPatch.context() as patch,
        whole_at(tmp_path_factory.mktemp("whole"), chdb, outside) as opened,
    ):
        opened.settle()
        cheap(patch)
        yield opened


@pytest.fixture(scope="module")
def walk(whole: Whole) -> list[Way]:
    """Its ways in."""
    return list(ways(whole.app))


def asked_of(department: Any) -> str:
    """Fields of every query there is, about a department."""
    case = f"source={department.source}&case_no={department.cases[0]}"
    return f"?{case}&what=department&value={department.name}&q={department.cases[0]}"


def says(answer: httpx.Response, problem: dict[str, Any]) -> bool:
    """Whether an answer is this problem and nothing else; one to HEAD has no body."""
    same = answer.status_code == problem["status"]
    if not same or answer.headers["content-type"] != PROBLEM_JSON:
        return False
    return answer.request.method == "HEAD" or bool(answer.json() == problem)


def closed(whole: Whole, address: str, headers: dict[str, str]) -> int | None:
    """The code with which a websocket is refused; None: it is not."""
    try:
        with whole.client.websocket_connect(SOCKETS + address, headers=headers):
            return None
    except WebSocketDisconnect as error:
        return error.code


# Every route has a rule.


def test_the_walk_finds_each_route_by_an_address_of_its_own(whole: Whole, walk: list[Way]) -> None:
    """Or it would ask another route than it means; the routes are those of all parts."""
    for way in walk:
        kind = "websocket" if way.method == "WS" else "http"
        scope = {"type": kind, "method": way.method, "path": way.address, "root_path": ""}
        found = whole.app.state.rules.find(scope)
        assert found is not None
        assert found.path == way.declared
    declared = {way.declared for way in walk}
    assert {"/", "{path:path}", "/_dash-ws-callback", "/assets", "/trail", "/texts"} <= declared


def test_every_route_says_what_it_asks(whole: Whole, walk: list[Way]) -> None:
    """What is open, and what asks for a key, is named above; no rule is left of a route gone."""
    assert without_a_rule(whole.app) == set()
    assert {way.declared for way in walk if way.rule == OPEN} == ANYBODY
    assert {way.declared for way in walk if way.rule == KEY} == SOURCES
    assert {*DASH_RULES, *LIBRARY_RULES} <= {way.declared for way in walk}


def test_a_new_route_without_a_right_is_found_and_is_for_nobody(whole: Whole) -> None:
    """Not for administrators either; and what is refused looks like what does not exist."""
    app = application(whole.system, whole.place, whole.office, intake=False, wall=False)
    before = {way.declared for way in ways(app)}
    assert without_a_rule(app) == set()

    async def talk(socket: WebSocket) -> None:
        await socket.accept()

    app.add_api_route("/new", lambda: PlainTextResponse("secret"), methods=["GET", "POST"])
    app.add_api_websocket_route("/live", talk)
    app.mount("/files", PlainTextResponse("secret"))

    assert {way.declared for way in ways(app)} - before == {"/new", "/live", "/files"}
    assert without_a_rule(app) == {"/new", "/live", "/files"}
    browser = browser_of(app)
    for role in (None, *ROLES):
        who = whole.visit(role) if role else None
        for way in ways(app):
            if way.rule is not None or way.method == "WS":
                continue
            answer = whole.ask(way.method, way.address, who, client=browser)
            assert says(answer, NOTHING if who else NOBODY)
        headers = {"Origin": ORIGIN, **(who.headers if who else {})}
        with pytest.raises(WebSocketDisconnect) as refused:
            browser.websocket_connect(f"{SOCKETS}/live", headers=headers).__enter__()
        assert refused.value.code == 1008


# Without a session.


def test_without_a_session_nothing_is_answered_but_what_is_open(
    whole: Whole, walk: list[Way]
) -> None:
    """And what is open tells nothing of a case, a department or a person."""
    whole.visit(INSPECTOR, person="zhangsan")
    for way in walk:
        if way.method == "WS":
            assert closed(whole, way.address, {"Origin": ORIGIN}) == 1008, way
            continue
        answer = whole.ask(way.method, way.address + "?lang=zh")
        if way.declared in ANYBODY:
            assert answer.status_code < 500 or "oidc" in way.declared, way
            assert not [*tells_of(answer, WATER), *tells_of(answer, WOODS)], way
            assert "zhangsan" not in answer.text
        elif way.declared in SOURCES:
            assert answer.status_code == 401
        else:
            assert says(answer, NOBODY), way


def test_who_goes_somewhere_without_a_session_is_led_to_sign_in(
    whole: Whole, walk: list[Way]
) -> None:
    """And from there to where he wanted to go."""
    for way in walk:
        if way.method != "GET" or way.declared in ANYBODY:
            continue
        answer = whole.ask("GET", way.address, headers=NAVIGATING)
        assert answer.status_code == 303, way
        assert answer.headers["location"].partition("?")[0] == "/sign-in"
        assert answer.text == ""


def test_no_callback_is_called_without_a_session(whole: Whole) -> None:
    """By request or by websocket; with a cookie that is none, neither."""
    known = whole.callbacks(whole.visit(INSPECTOR))
    assert len(known) >= 3
    for callback, cookie in product(known, ("", f"{COOKIE}=x", f"{COOKIE}={'x' * 43}")):
        headers = {"Cookie": cookie} if cookie else {}
        answer = whole.call(None, callback, headers=headers, pathname="/", search="")
        assert says(answer, NOBODY)
        assert closed(whole, "/_dash-ws-callback", {"Origin": ORIGIN, **headers}) == 1008


# With another role.


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_may_do_what_its_rights_say_and_nothing_else(
    whole: Whole, walk: list[Way], role: str
) -> None:
    """Whoever may not is told no more than that; the trail says who wanted what."""
    for way in walk:
        who = whole.visit(role)
        right = way.rule.right if way.rule else None
        allowed = right in ROLES[role] if right else way.rule in (OPEN, SESSION)
        if way.method == "WS" and way.rule != OPEN:
            headers = {**who.headers, "Origin": ORIGIN}
            assert closed(whole, way.address, headers) == (None if allowed else 1008), way
            continue
        if way.rule in (OPEN, KEY):
            continue
        answer = whole.ask(way.method, way.address, who)
        if allowed:
            assert not says(answer, FORBIDDEN), way
            assert not says(answer, NOBODY), way
            assert answer.status_code < 500 or way.declared.startswith("/_dash-"), way
        elif right is not None:
            assert says(answer, FORBIDDEN), way
            what = f"{way.method} {way.declared}"
            assert (who.session.person, what, f"no right {right}") in refusals(whole)
        else:
            assert says(answer, NOTHING), way


@pytest.mark.parametrize("role", list(ROLES))
def test_a_page_shows_cases_to_whoever_may_see_some(whole: Whole, role: str) -> None:
    """Whatever its address; to the others it says that they may not."""
    who = whole.visit(role)
    for address in addresses():
        told = tells_of(blank(whole.page(who, address), WOODS.source, *WOODS.cases), WOODS)
        other = "/x" in address
        assert bool(told) == (bool(SEES_CASES & ROLES[role]) and not other), address


def refusals(whole: Whole) -> set[tuple[str, str, str]]:
    """Who was refused what, and why, by the trail."""
    return {
        (each.by, each.what, each.why)
        for each in whole.trailed()
        if isinstance(each, AccessRefused)
    }
