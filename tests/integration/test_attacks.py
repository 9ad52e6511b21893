"""Attacks on the whole application: refused, on record, and answered so that nothing is learnt."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.websockets import WebSocketDisconnect

from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused
from supervision.access.gate import COOKIE, CSRF_HEADER
from supervision.access.rights import MANAGER, SECURITY, WINDOW
from tests.access import CONSOLE, OTHER, PASSWORD, cheap
from tests.product import until
from tests.visitor import Visitor
from tests.whole import (
    NAVIGATING,
    ORIGIN,
    SOCKET,
    WATER,
    WOODS,
    Whole,
    blank,
    browser_of,
    request,
    tells_of,
    whole_at,
)

pytestmark = pytest.mark.integration

FOREIGN = "https://evil.example"
NOBODY = {"type": "about:blank", "title": "Unauthorized", "status": 401}
FORBIDDEN = {"type": "about:blank", "title": "Forbidden", "status": 403}
CASES = "/api/v1/cases"
THOUSAND = 1_000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for the attacks that leave no trace in each other."""
    with (
        pytest.MonkeyPatch.context() as patch,
        whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened,
    ):
        cheap(patch)
        follower = opened.visit(MANAGER, WATER)
        until(lambda: opened.ask("GET", "/_wall/frame", follower).is_success, "a wall")
        yield opened


@pytest.fixture
def zhang(whole: Whole) -> Visitor:
    """A manager of the water's department."""
    return whole.visit(MANAGER, WATER, person="zhang")


def refusals(whole: Whole) -> Counter[tuple[str, str, str]]:
    """Who was refused what and why, how often."""
    found: Counter[tuple[str, str, str]] = Counter()
    for each in whole.trailed():
        if isinstance(each, AccessRefused):
            found[each.by, each.what, each.why] += each.count
    return found


def learns_nothing(answer: httpx.Response, problem: dict[str, Any]) -> bool:
    """Whether an answer is this problem, word for word, and sets nothing."""
    return bool(answer.json() == problem) and "set-cookie" not in answer.headers


def closes(whole: Whole, headers: dict[str, str]) -> int:
    """The code with which the websocket is refused."""
    with pytest.raises(WebSocketDisconnect) as refused:
        whole.client.websocket_connect(SOCKET, headers=headers).__enter__()
    return refused.value.code


# Cookies and tokens.


@pytest.mark.parametrize("secret", ["x" * 43, "", "a" * 5_000, "%00", "../../etc", "'; drop --"])
def test_a_forged_cookie_is_nobodys(whole: Whole, secret: str) -> None:
    """Recorded when it looks like one."""
    answer = whole.ask("GET", CASES, headers={"Cookie": f"{COOKIE}={secret}"})
    assert learns_nothing(answer, NOBODY)
    assert refusals(whole)["", f"GET {CASES}", "no session"]


def test_a_replayed_cookie_of_a_session_that_ended_is_nobodys(whole: Whole, zhang: Visitor) -> None:
    """After signing out."""
    form = {"csrf": zhang.csrf}
    assert whole.ask("GET", CASES, zhang).is_success
    assert whole.ask("POST", "/sign-out", zhang, data=form).status_code == 303
    before = refusals(whole)["", f"GET {CASES}", "no session"]
    assert learns_nothing(whole.ask("GET", CASES, zhang), NOBODY)
    assert refusals(whole)["", f"GET {CASES}", "no session"] == before + 1


def test_a_cookie_of_before_the_password_was_changed_is_nobodys(whole: Whole) -> None:
    """The session in which it was changed has another cookie, the other sessions are over."""
    here, there = (whole.visit(MANAGER, WATER, person="wang") for _ in range(2))
    whole.office.signing._set_password("wang", PASSWORD, by=CONSOLE, temporary=False)
    form = {"csrf": here.csrf, "old": PASSWORD, "new": OTHER, "new_again": OTHER}
    answer = whole.ask("POST", "/account/password", here, data=form)
    assert answer.status_code == 303, answer.text
    for old in (here, there):
        assert learns_nothing(whole.ask("GET", CASES, old), NOBODY)
    renewed = answer.cookies[COOKIE]
    assert whole.ask("GET", CASES, headers={"Cookie": f"{COOKIE}={renewed}"}).is_success


def test_a_walls_cookie_is_good_at_its_address_only(whole: Whole) -> None:
    """And reads the wall, nothing else."""
    kiosk = whole.kiosk("hall", WATER)
    elsewhere = browser_of(whole.app, "10.9.9.9")
    assert whole.ask("GET", "/_wall/frame", kiosk).is_success
    assert learns_nothing(whole.ask("GET", "/_wall/frame", kiosk, client=elsewhere), NOBODY)
    for address in (CASES, "/export/cases.csv", "/texts", "/trail"):
        assert learns_nothing(whole.ask("GET", address, kiosk), FORBIDDEN)
    assert refusals(whole)["", "GET /_wall/frame", "no session"]
    assert refusals(whole)["hall", f"GET {CASES}", "no right cases"]


def test_another_sessions_token_changes_nothing(whole: Whole, zhang: Visitor) -> None:
    """In the field of a form, in Dash's header, or none at all."""
    other = whole.visit(MANAGER, WATER, person="zhang")
    asked = [{"data": {"csrf": token}} for token in (other.csrf, "", "0" * 64, "é")]
    for sent in asked:
        headers = {**zhang.headers, "Origin": ORIGIN}
        browser = whole.client
        browser.cookies.clear()
        answer = browser.post("/account/sessions/end", headers=headers, **sent)
        assert learns_nothing(answer, FORBIDDEN)
    called = {CSRF_HEADER: other.csrf}
    answer = whole.ask("POST", "/_dash-update-component", zhang, headers=called, json={})
    assert learns_nothing(answer, FORBIDDEN)
    assert whole.ask("GET", CASES, other).is_success
    assert refusals(whole)["zhang", "POST /account/sessions/end", "csrf"] == len(asked)


# Other sites, forged callbacks, websockets.


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": FOREIGN},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": f"{ORIGIN}.evil.example"},
        {"Origin": ORIGIN.replace("https", "http")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_calls_no_callback(
    whole: Whole, zhang: Visitor, headers: dict[str, str]
) -> None:
    """Though the browser sends cookie and token along."""
    before = refusals(whole)["", "POST /_dash-update-component", "foreign origin"]
    answer = whole.ask("POST", "/_dash-update-component", zhang, headers=headers, json={})
    assert learns_nothing(answer, FORBIDDEN)
    assert refusals(whole)["", "POST /_dash-update-component", "foreign origin"] == before + 1


def test_a_forged_pathname_shows_who_has_no_right_nothing(whole: Whole) -> None:
    """A wall without a person, an administrator: no list, no case; that they tried is on record."""
    kiosk, admin = whole.kiosk("lobby", WATER), whole.visit(SECURITY, person="anquan")
    for who in (kiosk, admin):
        for pathname in ("/cases", f"/case/{WATER.source}/{WATER.cases[0]}"):
            answer = whole.page(who, pathname, "?q=" + WATER.item_name[:2])
            assert tells_of(blank(answer, pathname, WATER.item_name[:2]), WATER) == []
        name = who.session.person
        assert refusals(whole)[name, "page /cases", "no right cases"]
        assert refusals(whole)[name, "page /case", "no right cases"]


def test_a_websocket_of_another_site_or_of_nobody_is_refused(whole: Whole, zhang: Visitor) -> None:
    """Before it is accepted, so that nothing can be sent to it."""
    assert closes(whole, {**zhang.headers, "Origin": FOREIGN}) == 1008
    assert closes(whole, zhang.headers) == 1008
    assert closes(whole, {"Origin": ORIGIN}) == 1008
    assert closes(whole, {"Origin": ORIGIN, "Cookie": f"{COOKIE}=x"}) == 1008
    window = whole.visit(WINDOW, person="chuangkou")
    assert closes(whole, {**window.headers, "Origin": ORIGIN}) == 1008
    found = refusals(whole)
    assert found["", "WS /_dash-ws-callback", "foreign origin"] == 2
    assert found["", "WS /_dash-ws-callback", "no session"]
    assert found["chuangkou", "WS /_dash-ws-callback", "no right wall"] == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', '{"type": "callback_request"}', "{}" * 3, "pages"]
)
def test_what_no_page_sends_ends_a_walls_websocket(whole: Whole, text: str) -> None:
    """Or is left alone: also a callback that makes pages. Nothing is answered; it is on record."""
    kiosk = whole.kiosk("stairs", WATER)
    pages = next(each for each in whole.callbacks(kiosk) if not each["websocket"])
    sent = json.dumps(request(pages, pathname="/cases", search="")) if text == "pages" else text
    headers = {**kiosk.headers, "Origin": ORIGIN}
    before = refusals(whole)["stairs", "WS /_dash-ws-callback", "message"]
    with whole.client.websocket_connect(SOCKET, headers=headers) as socket:
        socket.send_text(sent)
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert ended.value.code == 1008
    assert refusals(whole)["stairs", "WS /_dash-ws-callback", "message"] == before + 1


# Addresses and bytes.


@pytest.mark.parametrize(
    "wanted",
    [
        FOREIGN,
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "/%0d%0aSet-Cookie:%20a=b",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/sign-out",
    ],
)
def test_signing_in_leads_to_no_other_site(whole: Whole, wanted: str) -> None:
    """Whatever `next` says, in the address or in the form."""
    whole.visit(MANAGER, WATER, person="li")
    whole.office.signing._set_password("li", PASSWORD, by=CONSOLE, temporary=False)
    page = whole.ask("GET", "/sign-in", params={"next": wanted})
    form = {"name": "li", "password": PASSWORD, "next": wanted}
    answer = whole.ask("POST", "/sign-in", data=form)
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\", "/sign-out"))
    assert "evil" not in location.replace("/%0d", "") or location.startswith("/%0d")
    assert "evil.example" not in page.text


@pytest.mark.parametrize(
    "address",
    [
        "/assets/../../pyproject.toml",
        "/assets/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/..%2f..%2fpyproject.toml",
        "/assets//etc/passwd",
        "/assets/%00",
        "//api/v1/cases",
        "/./api/v1/cases",
        "/assets/../api/v1/cases",
        "/api/v1/cases/",
        "/API/v1/cases",
        "/api/v1/cases%00",
        "/api/v1/%63ases",
        "/sign-in/../api/v1/cases",
        "/sign-in/%2e%2e/api/v1/cases",
        "/_dash-component-suites/../../../pyproject.toml",
    ],
)
def test_no_trick_with_the_path_leads_past_the_gate(whole: Whole, address: str) -> None:
    """Without a session there is nothing but what is open, and nothing outside its folder."""
    answer = whole.ask("GET", f"https://testserver{address}")
    assert answer.status_code in (401, 404)
    assert "[project]" not in answer.text
    assert tells_of(answer, WATER) == tells_of(answer, WOODS) == []
    assert whole.ask("GET", address, headers=NAVIGATING).status_code in (303, 404)


@pytest.mark.parametrize("name", ["Cookie", "Origin", "Host", "User-Agent", "X-CsrfToken"])
def test_bytes_of_no_language_in_a_header_do_no_harm(
    whole: Whole, zhang: Visitor, name: str
) -> None:
    """They are refused or left alone."""
    for value in (b"\xff\xfe\x80", b"\xc3\x28" * 500, b"a=b;;; =; __Host-session"):
        for method, address in (("GET", CASES), ("POST", "/sign-out")):
            own = {**zhang.posting(ORIGIN), name: "x"}
            raw = [(k.encode(), value if k == name else v.encode()) for k, v in own.items()]
            whole.client.cookies.clear()
            answer = whole.client.request(method, address, headers=raw)
            assert answer.status_code < 500
            assert tells_of(answer, WOODS) == []
