"""Signing in by the OpenID provider, by the pages: there, back, and what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from supervision.access.events import SignedIn, SignInRefused
from supervision.access.oidc import OidcConfig, Provider
from supervision.access.rights import INSPECTOR, SECURITY
from tests.front_door import ORIGIN, SECOND, Browser, FrontDoor, front_door, leads_to, quick_hashes
from tests.idp import DISCOVERY, Idp

BACK = "/sign-in/oidc/back"


class House(NamedTuple):
    """The front door and the provider."""

    door: FrontDoor
    idp: Idp

    def at_the_provider(self, url: str) -> str:
        """Where the provider sends a browser that came by this address: path and query of ours."""
        there = TestClient(self.idp.app, base_url=self.idp.issuer, follow_redirects=False)
        answer = there.get(url)
        assert answer.headers["location"].startswith(ORIGIN + BACK)
        return answer.headers["location"].removeprefix(ORIGIN)

    def to_the_provider(self, browser: Browser, asked: str = "") -> str:
        """Begin, be at the provider, and the address by which one is to come back."""
        return self.at_the_provider(leads_to(browser.get(f"/sign-in/oidc{asked}")))

    def come_back(self, browser: Browser, address: str) -> httpx.Response:
        """As a browser that another site leads."""
        return browser.get(address, **{"Sec-Fetch-Site": "cross-site"})

    def why(self) -> list[str]:
        """Why signing in was refused, as the trail has it."""
        return [each.why for each in self.door.trail() if isinstance(each, SignInRefused)]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A system with a provider, and an inspector whom the provider knows as u-1001."""
    quick_hashes(monkeypatch)
    idp = Idp()
    config = OidcConfig(issuer=idp.issuer, client_id=idp.client_id, redirect_uri=f"{ORIGIN}{BACK}")
    transport = httpx.ASGITransport(app=idp.app)
    provider = Provider(config, lambda: httpx.AsyncClient(transport=transport))
    with front_door(tmp_path / "door", provider=provider, name="市<统一>认证") as door:
        idp.now = lambda: door.clock.wall / SECOND
        door.add("li", INSPECTOR, password="", subject="u-1001")
        yield House(door, idp)


@pytest.fixture
def browser(house: House) -> Browser:
    """A browser without cookies."""
    return house.door.browser()


def test_the_page_offers_the_provider_by_its_name(browser: Browser) -> None:
    """As a link that keeps where somebody wanted to go; the name is text."""
    page = browser.get("/sign-in?next=/cases").text
    assert "使用市&lt;统一&gt;认证登录" in page
    assert 'href="/sign-in/oidc?next=%2Fcases"' in page


def test_who_the_provider_vouches_for_is_signed_in(house: House, browser: Browser) -> None:
    """There and back to where they wanted to go; the cookie of the way is gone."""
    back = house.to_the_provider(browser, "?next=/cases")
    answer = house.come_back(browser, back)
    assert leads_to(answer) == "/cases"
    assert browser.client.cookies.get("__Host-oidc") is None
    assert browser.follow(answer).text == "the cases"
    (signed,) = [each for each in house.door.trail() if isinstance(each, SignedIn)]
    assert (signed.by, signed.how) == ("li", "oidc")


def test_the_language_goes_there_and_back(house: House, browser: Browser) -> None:
    """The provider's address has no room for it."""
    back = house.to_the_provider(browser, "?lang=en")
    assert leads_to(house.come_back(browser, back)) == "/?lang=en"


def test_an_administrator_brings_the_second_factor_all_the_same(
    house: House, browser: Browser
) -> None:
    """The provider's word is the first step only."""
    house.door.add("wang", SECURITY, password="", subject="u-2")
    house.idp.signs_in("u-2", "王")
    answer = house.come_back(browser, house.to_the_provider(browser))
    assert leads_to(answer) == "/sign-in/factor"


def test_an_answer_counts_once(house: House, browser: Browser) -> None:
    """The same address with the same cookie a second time is refused."""
    back = house.to_the_provider(browser)
    kept = browser.client.cookies.get("__Host-oidc") or ""
    house.come_back(browser, back)
    thief = house.door.browser("10.0.0.66")
    thief.client.cookies.set("__Host-oidc", kept)
    again = house.come_back(thief, back)
    assert (again.status_code, thief.secret, house.why()) == (401, None, ["oidc state"])


def test_an_answer_in_another_browser_is_refused(house: House, browser: Browser) -> None:
    """Nobody is signed in by a link that somebody else began."""
    back = house.to_the_provider(browser)
    victim = house.door.browser("10.0.0.8")
    assert house.come_back(victim, back).status_code == 401
    house.to_the_provider(victim)
    assert house.come_back(victim, back).status_code == 401
    assert (victim.secret, house.why()) == (None, ["oidc state"] * 2)


def test_an_answer_too_late_is_refused(house: House, browser: Browser) -> None:
    """Ten minutes are enough for any provider's page."""
    back = house.to_the_provider(browser)
    house.door.clock.move(10 * 60)
    assert house.come_back(browser, back).status_code == 401
    assert house.why() == ["oidc state"]


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "é", "A" * 200, "A" * 8_000])
def test_a_forged_cookie_is_refused(house: House, browser: Browser, forged: str) -> None:
    """Whatever it holds: refused in the words of every failure."""
    back = house.to_the_provider(browser)
    browser.client.cookies.clear()
    cookie = {"Cookie": f"__Host-oidc={forged}".encode("latin-1")}
    answer = browser.client.get(back, headers={"Accept": "text/html", **cookie})  # type: ignore[arg-type]
    assert (answer.status_code, "登录失败" in answer.text) == (401, True)
    assert house.why() == ["oidc state"]


def test_whom_nobody_added_is_told_what_all_are_told(house: House, browser: Browser) -> None:
    """The provider knows them; the system does not."""
    house.idp.signs_in("u-9", "someone")
    answer = house.come_back(browser, house.to_the_provider(browser))
    assert (answer.status_code, "登录失败" in answer.text) == (401, True)
    assert (browser.secret, house.why()) == (None, ["subject"])


def test_a_provider_that_says_no_is_told_alike(house: House, browser: Browser) -> None:
    """The trail knows why."""
    house.idp.error = "access_denied"
    answer = house.come_back(browser, house.to_the_provider(browser))
    assert (answer.status_code, house.why()) == (401, ["oidc denied"])


def test_a_forged_token_is_told_alike(house: House, browser: Browser) -> None:
    """Signed by nobody."""
    house.idp.algorithm = "none"
    answer = house.come_back(browser, house.to_the_provider(browser))
    assert (answer.status_code, browser.secret) == (401, None)
    assert house.why()[0].startswith("oidc ")


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_provider_that_is_down_is_told_so(house: House, browser: Browser, when: str) -> None:
    """503, and the local account's fields are still there."""
    if when == "before":
        house.idp.answers[DISCOVERY] = lambda: JSONResponse({}, 500)
        answer = browser.get("/sign-in/oidc?next=/cases")
    else:
        back = house.to_the_provider(browser, "?next=/cases")
        house.idp.answers["/token"] = lambda: JSONResponse({}, 500)
        answer = house.come_back(browser, back)
    assert (answer.status_code, "暂时不可用" in answer.text) == (503, True)
    assert 'name="next" value="/cases"' in answer.text
    assert 'type="password"' in answer.text


def test_the_way_back_leads_nowhere_else(house: House, browser: Browser) -> None:
    """Neither by what was asked, nor by what the provider adds."""
    back = house.to_the_provider(browser, "?" + urlencode({"next": "//evil.example"}))
    assert leads_to(house.come_back(browser, back + "&next=//evil.example")) == "/"


def test_each_way_has_secrets_of_its_own(house: House, browser: Browser) -> None:
    """State, nonce and challenge are another each time."""
    first, second = (
        parse_qs(urlsplit(leads_to(browser.get("/sign-in/oidc"))).query) for _ in range(2)
    )
    assert [k for k in ("state", "nonce", "code_challenge") if first[k] == second[k]] == []


def test_without_a_provider_there_is_no_such_way(tmp_path: Path) -> None:
    """Neither link nor route."""
    with front_door(tmp_path / "other") as door:
        door.add("li", INSPECTOR, password="")
        browser = door.browser()
        assert "/sign-in/oidc" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/oidc").headers.get("set-cookie") is None
