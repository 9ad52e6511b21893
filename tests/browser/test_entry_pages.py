"""The pages of signing in in a real browser: by keyboard alone, on a desk and on a telephone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect

from supervision.access.rights import INSPECTOR, SECURITY
from tests.browser.measures import LOW_CONTRAST
from tests.front_door import ANOTHER, PASSWORD, FrontDoor, front_door, quick_hashes

pytestmark = pytest.mark.browser

DESK = ViewportSize(width=1280, height=800)
TELEPHONE = ViewportSize(width=390, height=844)
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNNAMED = """[...document.querySelectorAll("input:not([type=hidden]), button, a")].filter(
  each => !(each.labels?.length || each.textContent.trim())).length"""


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrontDoor]:
    """An inspector with a password, and a security administrator with a first one."""
    quick_hashes(monkeypatch)
    with front_door(tmp_path / "door") as opened:
        opened.add("li", INSPECTOR, name="李明", department="市行政审批服务局")
        opened.add("wang", SECURITY, name="王芳", temporary=True)
        yield opened


@pytest.fixture
def url(door: FrontDoor) -> Iterator[str]:
    """Where it is served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(door.app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(params=[DESK, TELEPHONE], ids=["desk", "telephone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that may complain of nothing: neither scripts nor the content policy."""
    context = browser.new_context(viewport=request.param)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [each for each in complaints if "the server responded with a status" not in each] == []


def fits(page: Page) -> None:
    """Nothing hangs over the edge, all can be read, and everything that can be used has a name."""
    assert (page.evaluate(TOO_WIDE), page.evaluate(UNNAMED)) == (0, 0)
    assert page.evaluate(LOW_CONTRAST.replace("#page *", ".forms *"), 4.5) == []


def test_signing_in_and_out_by_keyboard(page: Page, url: str) -> None:
    """The first field has the focus; Tab and Enter do the rest, as after a failure."""
    page.goto(f"{url}/account")
    fits(page)
    page.keyboard.type("li")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("登录失败")
    fits(page)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="李明")).to_be_visible()
    fits(page)
    page.get_by_role("banner").get_by_role("button", name="退出").press("Enter")
    expect(page.get_by_role("status")).to_have_text("您已退出。")


def test_every_step_of_an_administrator(page: Page, door: FrontDoor, url: str) -> None:
    """Password, picture and first code, a password of one's own; then the account."""
    page.goto(f"{url}/sign-in?next=/account")
    page.get_by_label("登录名").fill("wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    picture = page.get_by_role("img", name="动态口令的二维码")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.naturalWidth") > 0
    fits(page)
    secret = "".join(page.locator(".secret code").all_text_contents())
    page.get_by_label("六位验证码").fill(door.digits(secret))
    page.keyboard.press("Enter")
    page.get_by_label("当前密码").fill(PASSWORD)
    page.get_by_label("新密码", exact=True).fill(ANOTHER)
    page.get_by_label("再次输入新密码").fill(ANOTHER)
    fits(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("安全管理员")).to_be_visible()
    fits(page)


def test_the_other_language_is_one_press_away(page: Page, url: str) -> None:
    """And keeps where one is."""
    page.goto(f"{url}/cases?what=red")
    page.get_by_role("link", name="EN").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "next=%2Fcases%3Fwhat%3Dred" in page.url
    fits(page)
