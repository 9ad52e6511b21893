"""Signing in and out in a real browser by the keyboard, at the product as it runs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from supervision.access.factor import STEP
from supervision.access.gate import COOKIE
from supervision.runners.demonstration import kept_plan, make_plan
from tests.browser.signed import begin_factor
from tests.browser.town import Town
from tests.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(300)]

PASSWORD = "three green ducks"
MOST_TABS = 60
"""From the top of a page to any of its buttons."""
FOCUSED = "(document.activeElement.textContent || '').trim()"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The product with some cases: a wall has figures."""
    with Town(tmp_path_factory.mktemp("town") / "home") as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a session."""
    opened = browser.new_context()
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of it."""
    return context.new_page()


def added(town: Town, *words: str) -> str:
    """The first password of a person who is added."""
    return town.supervise("user", "add", *words)


def type_in(page: Page, *values: str) -> None:
    """Fill in a form from the field that has the focus on, and send it."""
    for n, value in enumerate(values):
        if n:
            page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")


def tab_to(page: Page, text: str) -> None:
    """Move the focus to the link or button that says this."""
    for _ in range(MOST_TABS):
        if page.evaluate(FOCUSED) == text:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {text}")


def comes_to(page: Page, town: Town, path: str) -> None:
    """The browser stands at that address, whatever its query."""
    expect(page).to_have_url(re.compile(re.escape(town.url + path) + r"(\?.*)?$"))


def focused_at(page: Page, path: str) -> None:
    """The page of a step is there, and its first field has the focus."""
    expect(page).to_have_url(re.compile(re.escape(path) + r"(\?.*)?$"))
    expect(page.locator("input[autofocus]")).to_be_focused()


def test_a_person_signs_in_by_the_keyboard_and_out_again(town: Town, page: Page) -> None:
    """With the first password, which must be changed, to the page that was asked for.

    No script reads the session's cookie. After signing out the same address asks again.
    """
    first = added(town, "chen", "--name", "陈晨", "--role", "inspector")
    page.goto(f"{town.url}/cases?what=red")
    focused_at(page, "/sign-in")
    type_in(page, "CHEN", first)
    focused_at(page, "/sign-in/password")
    type_in(page, first, PASSWORD, PASSWORD)
    comes_to(page, town, "/cases")
    page.wait_for_selector("#case-lines")
    assert "what=red" in page.url
    assert COOKIE not in page.evaluate("document.cookie")
    (cookie,) = [each for each in page.context.cookies() if each["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")
    assert cookie["value"] not in page.content()
    page.goto(town.url + "/account")
    tab_to(page, "退出")
    page.keyboard.press("Enter")
    comes_to(page, town, "/sign-in")
    expect(page.get_by_role("status")).to_have_text("您已退出。")
    assert COOKIE not in {each["name"] for each in page.context.cookies()}
    page.goto(town.url)
    focused_at(page, "/sign-in")
    type_in(page, "chen", PASSWORD)
    comes_to(page, town, "/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_whoever_fails_reads_the_same_words_and_the_name_stays(town: Town, page: Page) -> None:
    """A wrong password of somebody, and a name of nobody; the focus is where one types again."""
    added(town, "fang", "--role", "inspector")
    told = []
    for name in ("fang", "nobody"):
        page.goto(town.url + "/sign-in")
        focused_at(page, "/sign-in")
        type_in(page, name, "a wrong password")
        told.append(page.inner_text("[role=alert]"))
        expect(page.locator("#password")).to_be_focused()
        assert page.input_value("#name") == name
        assert page.input_value("#password") == ""
    assert told[0] == told[1]


def test_an_administrator_brings_a_second_factor(town: Town, page: Page) -> None:
    """Begun at the first sign-in from the picture's secret; asked for at every one after it."""
    first = added(town, "qian", "--role", "security_admin")
    page.goto(town.url)
    focused_at(page, "/sign-in")
    type_in(page, "qian", first)
    focused_at(page, "/sign-in/factor")
    drawn = page.evaluate("document.querySelector('.picture').naturalWidth")
    assert drawn > 100
    secret = begin_factor(page)
    focused_at(page, "/sign-in/password")
    type_in(page, first, PASSWORD, PASSWORD)
    comes_to(page, town, "/rights")
    tab_to(page, "退出")
    page.keyboard.press("Enter")
    focused_at(page, "/sign-in")
    type_in(page, "qian", PASSWORD)
    focused_at(page, "/sign-in/code")
    type_in(page, "000000")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto(f"{town.url}/rights")
    comes_to(page, town, "/sign-in/code")
    expect(page.locator("input[autofocus]")).to_be_focused()
    type_in(page, pyotp.TOTP(secret).at(int(time.time()) + STEP))
    comes_to(page, town, "/rights")
    assert page.context.request.get(f"{town.url}/api/v1/wall").status == 403


def test_a_link_signs_in_once(town: Town, page: Page, browser: Browser) -> None:
    """By its one button; following it again tells that it is over."""
    added(town, "gao", "--role", "inspector")
    link = town.supervise("user", "link", "gao")
    address = f"{town.url}/link/{link.rpartition('/')[2]}"
    assert_opens_once(address, page, browser)
    comes_to(page, town, "/")


def assert_opens_once(address: str, page: Page, browser: Browser) -> None:
    """The link leads to the wall; in another browser to the page for signing in."""
    page.goto(address)
    expect(page.locator("button[autofocus]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    other = browser.new_context()
    again = other.new_page()
    again.goto(address)
    again.click("button[autofocus]")
    expect(again.get_by_role("alert")).to_be_visible()
    expect(again.locator("#password")).to_be_visible()
    assert COOKIE not in {each["name"] for each in other.cookies()}
    other.close()


def test_the_language_is_switched_before_signing_in_and_stays(town: Town, page: Page) -> None:
    """Chinese first; English after the switch, through a failure, and on the wall."""
    first = added(town, "hao", "--role", "inspector")
    page.goto(town.url + "/cases")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    tab_to(page, "EN")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    focused_at(page, "/sign-in")
    type_in(page, "hao", "a wrong password")
    expect(page.get_by_role("alert")).to_be_visible()
    assert re.search("[\u4e00-\u9fff]", page.inner_text("main")) is None
    type_in(page, first)
    focused_at(page, "/sign-in/password")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    type_in(page, first, PASSWORD, PASSWORD)
    comes_to(page, town, "/cases")
    page.wait_for_selector(".desk")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_demonstration_prints_a_link_that_opens_its_wall_once(
    tmp_path: Path, page: Page, browser: Browser
) -> None:
    """As the terminal shows it, with its address; the guest sees everything."""
    home = tmp_path / "home"
    home.mkdir()
    kept_plan(home, make_plan(days=2, cases_a_day=30))
    with Product(home) as product:
        told: Any = re.search(r"登录 sign in, once: (\S+)", product.log.read_text())
        assert told[1].startswith(product.url + "/link/")
        assert_opens_once(told[1], page, browser)
        assert page.url == product.url + "/"
        page.goto(product.url + "/account")
        expect(page.locator(".self .name")).to_have_text("演示用户 guest")
