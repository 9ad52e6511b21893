"""Open walls of people and kiosks whose right ends: each goes dark by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from supervision.access.events import ACCESS, PEOPLE
from supervision.record import Record
from supervision.runners.settings import clock_of
from tests.browser.signed import signed_in, texts
from tests.browser.town import HEALTH, HOUSING, LETTER, ROADS, Town
from tests.visitor import visitor

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(300)]

FIGURE = "#page:not([hidden]) [data-figure]"
ENDED = "已退出或权限已变更"
WATCHING = """(() => {
  const now = () => performance.timeOrigin + performance.now();
  const look = () => {
    const told = JSON.parse(sessionStorage.getItem("told") || "{}");
    const lit = document.querySelector("#page:not([hidden]) [data-figure]") !== null;
    const words = document.querySelector("#page .message h2");
    if (lit && told.dark) told.again = now();
    if (lit) told.lit = told.lit || now();
    if (!lit && told.lit) told.dark = told.dark || now();
    if (words) told.words = told.words || words.textContent;
    sessionStorage.setItem("told", JSON.stringify(told));
  };
  new MutationObserver(look).observe(document,
    { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden"] });
})()"""
"""Notes, over all pages of a tab, when figures were first seen, when none was left, whether one
came back, and the words that stood in their place.
"""
WITHOUT_PUSH = "delete window.SharedWorker; delete window.WebSocket;"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Three departments with cases."""
    with Town(tmp_path_factory.mktemp("town") / "home") as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that notes what it shows."""
    opened = browser.new_context()
    opened.add_init_script(WATCHING)
    yield opened
    opened.close()


def open_wall(town: Town, context: BrowserContext, person: str, mode: str = "live") -> Page:
    """The wall of a manager of housing, lit."""
    who = town.person(person, role="manager", units=(HOUSING,))
    page: Page = signed_in(context, town.product, who).new_page()
    page.goto(town.url)
    is_lit(page, mode)
    return page


def is_lit(page: Page, mode: str = "live") -> None:
    """The wall is live, with figures and news."""
    expect(page.locator("#live")).to_have_attribute("data-state", mode)
    expect(page.locator("#wall-stream .row").nth(2)).to_be_visible()
    assert page.locator(FIGURE).count() > 5


def noted(page: Page) -> dict[str, Any]:
    """What the tab has noted."""
    told: dict[str, Any] = page.evaluate("JSON.parse(sessionStorage.getItem('told'))")
    return told


def decided(home: Path, kind: str) -> float:
    """When the last event of a kind about people was recorded, in epoch seconds."""
    record = Record(home, clock_of(home))
    stored = [each for stream in (PEOPLE, ACCESS) for each in record.read_stream(stream)]
    record.close()
    return max(each.recorded_at for each in stored if type(each.event).__name__ == kind) / 1e6


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("user", "sessions", "PERSON", "--end"), "SignedOut"),
        (("user", "disable", "PERSON"), "PersonDisabled"),
        (("user", "password", "PERSON"), "SignedOut"),
    ],
    ids=["session ended", "person disabled", "password reset"],
)
def test_the_wall_of_whoever_is_put_out_goes_dark(
    town: Town, context: BrowserContext, words: tuple[str, ...], kind: str
) -> None:
    """The open page says so in place of its figures, shows none again, and leads to signing in."""
    person = "dark-" + words[1]
    page = open_wall(town, context, person)
    town.supervise(*(person if word == "PERSON" else word for word in words))
    expect(page).to_have_url(re.compile("/sign-in"))
    expect(page.get_by_role("status")).to_contain_text("登录已结束")
    told = noted(page)
    assert told["words"] == ENDED
    assert "again" not in told
    assert LETTER[HOUSING] + "-00" not in page.content()
    print(f"{words[1]}: dark {told['dark'] / 1000 - decided(town.home, kind):.2f} s later")


def test_the_wall_of_whoever_is_moved_goes_dark_and_comes_back_with_the_new_part(
    town: Town, context: BrowserContext
) -> None:
    """To another department, while the session goes on: nothing of the old one stays."""
    page = open_wall(town, context, "moved")
    assert texts(page, "#dept-pages .row .name") == [HOUSING]
    town.supervise("user", "grant", "moved", "manager", "--unit", ROADS)
    expect(page.locator("#wall-district")).to_have_text(ROADS)
    is_lit(page)
    assert texts(page, "#dept-pages .row .name") == [ROADS]
    assert f"/case/live/{LETTER[HOUSING]}-" not in page.content()
    told = noted(page)
    assert told["words"] == ENDED
    print(f"moved: dark {told['dark'] / 1000 - decided(town.home, 'RoleGranted'):.2f} s later")


def test_whoever_may_see_no_wall_any_more_is_told_so(town: Town, context: BrowserContext) -> None:
    """The role is revoked, the session goes on: the page says that the right is missing."""
    page = open_wall(town, context, "stripped")
    town.supervise("user", "revoke", "stripped", "manager")
    expect(page.locator(".desk .message")).to_contain_text("没有权限")
    assert page.locator("[data-figure]").count() == 0
    assert "again" not in noted(page)
    assert page.context.request.get(f"{town.url}/_wall/frame").status == 403


def test_sessions_ended_on_the_account_page_go_dark_elsewhere(
    town: Town, context: BrowserContext, browser: Browser
) -> None:
    """Whoever forgot a wall at another desk ends it from here; here they stay signed in."""
    page = open_wall(town, context, "forgetful")
    elsewhere = browser.new_context()
    here: Page = signed_in(
        elsewhere, town.product, visitor(town.home, person="forgetful")
    ).new_page()
    here.goto(f"{town.url}/account")
    here.click("form[action='/account/sessions/end'] button")
    expect(page).to_have_url(re.compile("/sign-in"))
    assert noted(page)["words"] == ENDED
    expect(here.get_by_role("status")).to_contain_text("其他会话已全部结束")
    here.goto(town.url)
    is_lit(here)
    elsewhere.close()


def test_a_wall_without_push_goes_dark_too(town: Town, context: BrowserContext) -> None:
    """Where a proxy lets no websocket through, the next question is refused, and the page goes."""
    context.add_init_script(WITHOUT_PUSH)
    page = open_wall(town, context, "polling", mode="polling")
    town.supervise("user", "sessions", "polling", "--end")
    expect(page).to_have_url(re.compile("/sign-in"))
    expect(page.get_by_role("status")).to_contain_text("登录已结束")
    told = noted(page)
    assert "again" not in told
    print(f"polling: dark {told['dark'] / 1000 - decided(town.home, 'SignedOut'):.2f} s later")


@pytest.mark.parametrize("push", [True, False], ids=["by push", "by polling"])
def test_a_wall_without_a_person_that_is_closed_says_so(
    town: Town, context: BrowserContext, push: bool
) -> None:
    """`supervise kiosk close`: no figure stays on the screen, and its address opens nothing."""
    if not push:
        context.add_init_script(WITHOUT_PUSH)
    link = town.supervise("kiosk", "open", "hall", "--address", "127.0.0.1", "--unit", HEALTH)
    address = f"{town.url}/kiosk/{link.rpartition('/')[2]}"
    page = context.new_page()
    page.goto(address)
    is_lit(page, "live" if push else "polling")
    town.supervise("kiosk", "close", "hall")
    expect(page.get_by_role("status")).to_contain_text("该终端已被关闭")
    assert "again" not in noted(page)
    answered = page.goto(address)
    assert answered is not None
    assert answered.status == 403
