"""The real product on the real clock, seen through a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.live_wall import LiveWall
from tests.browser.signed import signed_in
from tests.product import Product, supervise, until

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT.parent / "shared" / "data" / "receipt.csv"
MAPPING = ROOT / "examples" / "receipt" / "mapping.toml"
SLOW = 60_000
"""Milliseconds until what must come is given up: a machine may be slow."""


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[LiveWall]:
    """A running product whose wall is open."""
    with LiveWall(tmp_path_factory.mktemp("live") / "home", browser) as opened:
        yield opened


def test_a_deadline_passes_and_the_red_card_appears(wall: LiveWall) -> None:
    """Nobody reports anything at that instant, and nobody reloads the page."""
    page = wall.page
    expect(page.locator("#wall-guide")).to_be_visible()
    (crossed,) = wall.crossings(1, apart=0)
    row = page.locator("#wall-cards a", has_text="红牌")
    expect(row).to_contain_text("自带时限的事项")
    expect(page.locator("#kpi-red .figure")).to_have_text("1", timeout=SLOW)
    assert crossed.seen > crossed.happened
    print(f"{crossed.what}: past its limit, seen {crossed.latency:.2f} s later")


def test_an_event_that_is_posted_appears_in_the_stream(wall: LiveWall) -> None:
    """Without a reload, and before the card of another case pushes it away."""
    (arrived,) = wall.arrivals(1, apart=0)
    assert arrived.seen > arrived.happened
    print(f"{arrived.what}: posted, seen {arrived.latency:.2f} s later")


def test_the_card_says_why_on_the_page_of_its_case(wall: LiveWall) -> None:
    """From the wall by a click: the red card, its limit, and the law that the policy names."""
    page = wall.page
    page.click("#wall-cards a")
    expect(page.locator(".card.red .why")).to_contain_text("已超过办件自带法定时限")
    expect(page.locator(".card.red")).to_contain_text("办件自带的期限")
    page.keyboard.press("Escape")
    page.wait_for_selector("#wall")


def test_the_wall_of_a_killed_product_says_so_and_comes_back_by_itself(wall: LiveWall) -> None:
    """kill -9: the band says that data stopped; after the restart the same page is live again."""
    page = wall.page
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=SLOW)
    wall.expect_complaints = True
    wall.product.kill()
    expect(page.locator("#stale")).to_be_visible(timeout=SLOW)
    assert "数据已停止更新" in page.inner_text("#stale")
    wall.product.start()
    expect(page.locator("#stale")).to_be_hidden(timeout=SLOW)
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=SLOW)
    expect(page.locator("#kpi-red .figure")).to_have_text("1", timeout=SLOW)
    wall.expect_complaints = False
    crossed = wall.crossings(1, apart=0)
    assert len(crossed) == 1


def test_nothing_was_asked_of_another_machine_and_no_script_failed(wall: LiveWall) -> None:
    """Over all that was done above: one host, and no error in the browser's console.

    While the product was dead the browser itself reported that it could not reach it.
    """
    hosts = {urlsplit(url).netloc for url in wall.requests if not url.startswith("data:")}
    assert hosts == {f"127.0.0.1:{wall.product.port}"}
    assert wall.errors == []


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The real permit log, imported and judged."""
    home = tmp_path_factory.mktemp("receipt") / "home"
    with Product(home, "--empty") as product:
        done = supervise(home, "import", str(RECEIPT), "--mapping", str(MAPPING), "--history")
        assert done.returncode == 0, done.stderr
        yield product


@pytest.mark.skipif(not RECEIPT.exists(), reason="the receipt log is not here")
def test_a_real_case_shows_its_clock_and_its_red_card(receipt: Product, browser: Browser) -> None:
    """A permit of 2011: its own deadline to the second, its red card, and that it is history."""
    context = signed_in(browser.new_context(), receipt)
    page: Page = context.new_page()
    until(lambda: has_card(page, receipt), "the red card of the case")
    expect(page.locator(".card.red")).to_contain_text("2011-12-06 13:41")
    expect(page.locator(".clock.legal")).to_contain_text("自带时限")
    assert page.locator(".clock.legal .is-deadline[data-day='2011-12-06']").count() == 1
    assert "史" in page.inner_text(".case-title")
    page.goto(f"{receipt.url}/?lang=zh")
    expect(page.locator("#kpi-red .figure")).to_have_text("105", timeout=SLOW)
    context.close()


def has_card(page: Page, receipt: Product) -> bool:
    """The case's page, read again, has its red card."""
    page.goto(f"{receipt.url}/case/coselog/case-10011?lang=zh")
    page.wait_for_selector(".case, .message")
    return page.locator(".card.red").count() == 1
