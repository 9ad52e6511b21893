"""A past wall as it truly was, in the browser: chosen, told anew, marked, left again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, Visit, until
from tests.browser.fake_case import CASE_NO
from tests.browser.fake_source import START
from tests.browser.fake_truths import HOUR, MORE, FakeTruths
from tests.browser.test_past_wall import AT, PHONE, figure, opened, received

pytestmark = [pytest.mark.browser, pytest.mark.integration]

TRUE = ".replay-axes button[value=true]"
KNOWN = ".replay-axes button[value=known]"


@pytest.fixture
def truths(site: Site) -> Iterator[FakeTruths]:
    """Nothing was told anew yet."""
    yield site.truths
    site.truths.gone()


def truly(at: str) -> str:
    """What is shown as received on the other axis (FakeTruths.wall)."""
    return f"{int(received(at).replace(',', '')) + MORE:,}"


def expect_true(page: Page, at: str = AT) -> None:
    """Figures, band, address and button are of a wall as it truly was."""
    expect(figure(page)).to_have_text(truly(at))
    expect(page.locator("#replay-band")).to_contain_text("实际情况")
    expect(page.locator(TRUE)).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("axis=true"))


def expect_known(page: Page, at: str = AT) -> None:
    """They are of what was known then."""
    expect(figure(page)).to_have_text(received(at))
    expect(page.locator("#replay-band")).not_to_contain_text("实际情况")
    expect(page.locator(KNOWN)).to_have_attribute("aria-pressed", "true")
    expect(page).not_to_have_url(re.compile("axis="))


def test_it_is_told_anew_with_its_progress_and_then_shown(visit: Visit, truths: FakeTruths) -> None:
    """Until it is there, the wall of what was known stays."""
    visitor, page = opened(visit)
    page.click(TRUE)
    expect(page.locator(".replay-making")).to_be_visible()
    truths.go(430)
    expect(page.locator(".replay-share")).to_have_text("43%")
    expect(figure(page)).to_have_text(received(AT))
    expect(page.locator("#replay-band")).not_to_contain_text("实际情况")
    truths.done()
    expect_true(page)
    expect(page.locator(".replay-making")).to_be_hidden()
    expect(page.locator(".replay-made")).to_contain_text("2026-11-20 10:24:00 的记录重算")
    expect(page.locator(".replay-made")).to_contain_text("2 件无法读取")
    assert truths.started == 1
    assert visitor.errors == []


def test_figures_that_differ_say_what_was_shown_then(visit: Visit, truths: FakeTruths) -> None:
    """And only those."""
    truths.done()
    _, page = opened(visit, f"/?at={AT}&axis=true")
    expect_true(page)
    expect(page.locator("#kpi-received .then")).to_have_text(f"当时 {received(AT)}")
    assert page.locator("#kpi-accepted .then").count() == 0
    differs = page.locator(".row .differs")
    expect(differs).to_have_count(1)
    assert (differs.get_attribute("title") or "").startswith("当时 ")
    page.click(KNOWN)
    expect_known(page)
    expect(page.locator(".then, .differs")).to_have_count(0)
    expect(page.locator(".replay-differ")).to_be_hidden()


def test_what_was_not_known_and_which_cards_would_have_been_is_listed(
    visit: Visit, truths: FakeTruths
) -> None:
    """Counts in the bar, the list by keyboard, each line leading to its case on both axes."""
    truths.done()
    _, page = opened(visit, f"/?at={AT}&axis=true")
    bar = page.locator(".replay-differ")
    expect(bar).to_contain_text("应发未发 ▲1 ◆2")
    expect(bar).to_contain_text("已发而不应发 ●1")
    expect(bar).to_contain_text("1204")
    bar.focus()
    page.keyboard.press("Enter")
    lists = page.locator(".replay-list")
    expect(lists).to_be_visible()
    expect(lists).to_contain_text("红牌 超过法定时限")
    expect(lists).to_contain_text("只列最近 1 条，共 1,204 条")
    expect(lists).to_contain_text("CN-2026-2")
    href = lists.locator("a").first.get_attribute("href") or ""
    assert CASE_NO in href
    assert href.endswith("/history")
    lists.locator("a").first.focus()
    page.keyboard.press("Escape")
    expect(lists).to_be_hidden()
    expect(bar).to_be_focused()


def test_an_instant_without_differences_says_so(visit: Visit, truths: FakeTruths) -> None:
    """Not an empty list."""
    truths.done()
    _, page = opened(visit, "/?at=2026-11-18T09:00:00&axis=true")
    expect(page.locator(".replay-differ")).to_contain_text("没有差异")
    expect(page.locator(".replay-differ")).to_be_disabled()


def test_time_goes_on_on_the_other_axis(visit: Visit, truths: FakeTruths) -> None:
    """Stepped, and changed by a key; the instant stays."""
    truths.done()
    _, page = opened(visit, f"/?at={AT}&axis=true")
    expect_true(page)
    page.keyboard.press("PageDown")
    expect_true(page, "2026-11-19T11:00:00")
    page.keyboard.press("a")
    expect_known(page, "2026-11-19T11:00:00")
    page.keyboard.press("a")
    expect_true(page, "2026-11-19T11:00:00")


def test_it_can_be_cancelled(visit: Visit, truths: FakeTruths) -> None:
    """The wall that was shown stays."""
    _, page = opened(visit)
    page.click(TRUE)
    page.click(".replay-making button")
    expect(page.locator(".replay-making")).to_be_hidden()
    assert truths.stand().state == "none"
    expect_known(page)


def test_why_it_failed_is_said(visit: Visit, truths: FakeTruths) -> None:
    """And the wall of what was known stays."""
    _, page = opened(visit)
    page.click(TRUE)
    expect(page.locator(".replay-making")).to_be_visible()
    truths.fail("disk is full")
    expect(page.locator(".replay-status")).to_contain_text("disk is full")
    expect_known(page)


def test_what_the_server_ended_is_told_anew(visit: Visit, truths: FakeTruths) -> None:
    """When it is asked for; meanwhile it is what was known that is shown."""
    truths.done()
    _, page = opened(visit, f"/?at={AT}&axis=true")
    expect_true(page)
    truths.gone()
    page.keyboard.press("PageDown")
    expect(page.locator(".replay-making")).to_be_visible()
    expect(page.locator("#replay-band")).not_to_contain_text("实际情况")
    until(lambda: truths.started == 1)
    truths.done()
    expect(page.locator("#replay-band")).to_contain_text("实际情况")


def test_it_ends_where_it_was_told_and_can_be_told_again(visit: Visit, truths: FakeTruths) -> None:
    """Nothing behind that is shown; a button tells it anew, up to now."""
    truths.done(START - 24 * HOUR)
    _, page = opened(visit)
    page.click(TRUE)
    expect_true(page)
    page.keyboard.press("End")
    expect_true(page, "2026-11-19T10:24:00")
    page.click(".replay-made button")
    until(lambda: truths.started == 1)
    truths.done()
    expect(page.locator(".replay-made button")).to_be_hidden()
    expect(page.locator(".replay-made")).to_contain_text("2026-11-20 10:24")


def test_in_english_and_on_a_phone(visit: Visit, truths: FakeTruths) -> None:
    """Nothing is wider than the screen."""
    truths.done()
    _, page = opened(visit, f"/?at={AT}&axis=true&lang=en", viewport=PHONE)
    expect(page.locator("#replay-band")).to_contain_text("AS IT TRULY WAS")
    expect(page.locator(".replay-differ")).to_contain_text("Due and not issued")
    page.click(".replay-differ")
    expect(page.locator(".replay-list")).to_contain_text("past the legal limit")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]
    box = page.locator(".replay-list").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
