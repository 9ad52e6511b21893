"""The pages behind the wall in a real browser: a case with its clocks, and the lists."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from dashboards.case_page import MASK
from tests.browser.conftest import Site, Visit
from tests.browser.fake_case import CASE_NO, SECRET, SOURCE
from tests.browser.fake_source import EVIL
from tests.browser.measures import LOW_CONTRAST

pytestmark = pytest.mark.browser
CASE = f"/case/{quote(SOURCE, safe='')}/{CASE_NO}"


def test_a_case_tells_everything_in_order(visit: Visit) -> None:
    """Facts and acts by position, both times, and what is late, of the future or corrected."""
    page = visit().open(CASE, ".case")
    positions = page.locator(".entries tbody td:first-child").all_inner_texts()
    assert positions == sorted(positions)
    assert len(positions) == 10
    late = page.inner_text("#entry-1130")
    assert "2026-09-22 15:40:00" in late
    assert "2026-09-29 09:01:12" in late
    assert "补录" in late
    assert "未来时间" in page.inner_text("#entry-1760")
    assert "已更正" in page.inner_text("#entry-1760")


def test_a_clock_is_drawn_day_by_day(visit: Visit) -> None:
    """Counted days with their numbers, festivals by name, make-up days, pauses, start and end."""
    page = visit().open(CASE, ".case")
    clock = page.locator(".clock.promise")

    def day(date: str) -> str:
        return clock.locator(f"[data-day='{date}']").inner_text()

    assert "2" in day("2026-09-21").split("\n")
    assert "班1" in day("2026-09-20")
    assert "中秋节" in day("2026-09-25")
    assert "停" in day("2026-10-14")
    assert "休" in day("2026-09-19")
    assert "▶" in day("2026-09-18")
    assert clock.locator(".is-deadline").count() == 1
    assert "◉" in day("2026-10-23")


def test_a_clock_names_its_law_and_its_lists(visit: Visit) -> None:
    """What it rests on stands beside it."""
    text = visit().open(CASE, ".case").inner_text(".clock.promise")
    for told in ("行政许可法 第四十二条", "CN-2026.1", "2026.2", "15 个工作日", "2026-10-22"):
        assert told in text


def test_a_card_says_why_in_plain_words(visit: Visit) -> None:
    """The reason, the law, the policy's version, the causes, and who answers until when."""
    text = visit().open(CASE, ".case").inner_text(".card.yellow")
    for told in ("应于 2026-10-22 办结", "第四十二条", "2026.1", "e-1402", "2026-10-27", "甲一"):
        assert told in text


def test_data_errors_are_told(visit: Visit) -> None:
    """They stand on the page without being a card."""
    assert "e-1760" in visit().open(CASE, ".case").inner_text(".findings")


def test_free_text_never_reaches_the_browser(visit: Visit) -> None:
    """Masked on the page, absent from everything that was sent; the page says so."""
    visitor = visit()
    bodies: list[str] = []
    page = visitor.context.new_page()
    page.on("response", lambda r: bodies.append(r.text()) if "_dash-update" in r.url else None)
    page.goto(visitor.site.url + CASE)
    page.wait_for_selector(".case")
    assert page.locator(".masked").count() == 3
    assert MASK in page.inner_text(".masked >> nth=0")
    assert "已遮蔽" in page.inner_text(".notice")
    assert bodies
    assert not any(SECRET in body or SECRET[:4] in page.content() for body in bodies)


def test_a_case_speaks_english_too(visit: Visit) -> None:
    """By the address."""
    page = visit().open(CASE + "?lang=en", ".case")
    assert "Everything that happened" in page.inner_text(".case")
    assert "ended on 2026-10-22" in page.inner_text(".card.yellow")


@pytest.mark.parametrize("path", [CASE, "/cases?what=red", "/nowhere"])
def test_text_stands_out_on_the_desks_too(visit: Visit, path: str) -> None:
    """4.5:1 on every page."""
    page = visit().open(path, ".desk-body > *")
    assert page.evaluate(LOW_CONTRAST, 4.5) == []


def test_a_case_prints_dark_on_light(visit: Visit) -> None:
    """Paper is white, and the controls stay on the screen."""
    page = visit().open(CASE, ".case")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".search")).to_be_hidden()
    assert page.evaluate(LOW_CONTRAST, 4.5) == []


def test_a_case_that_is_not_there_says_what_to_do(visit: Visit) -> None:
    """And leads back to the wall."""
    page = visit().open("/case/none/none", ".message")
    assert "没有这个办件" in page.inner_text(".message")
    page.click(".message .button")
    page.wait_for_selector("#wall")


def test_a_failing_source_is_told(
    visit: Visit, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a blank page."""

    def fail(*_: object) -> None:
        raise RuntimeError("as told")

    monkeypatch.setattr(site.source, "cases", fail)
    page = visit().open("/cases?what=open", ".message")
    assert "暂时读不到数据" in page.inner_text(".message")


def test_a_list_turns_forward_and_back(visit: Visit) -> None:
    """Fifty a page by key; the last page has no next, the first no previous."""
    page = visit().open("/cases?what=open", "#case-lines")
    first = page.inner_text(".case-no >> nth=0")
    assert page.locator("tbody tr").count() == 50
    assert page.locator("#previous").count() == 0
    for rows in (50, 20):
        page.click("#next")
        expect(page.locator("tbody tr")).to_have_count(rows)
        expect(page.locator("#previous")).to_have_count(1)
    expect(page.locator("#next")).to_have_count(0)
    page.click("#previous")
    expect(page.locator("#next")).to_have_count(1)
    page.click("#previous")
    expect(page.locator("#previous")).to_have_count(0)
    assert page.inner_text(".case-no >> nth=0") == first


def test_a_search_finds_and_opens_a_case(visit: Visit) -> None:
    """By number, with the return key alone."""
    page = visit().open("/cases", "#case-lines")
    page.fill("#search", CASE_NO)
    page.press("#search", "Enter")
    expect(page.locator(".list-title h2")).to_contain_text(CASE_NO)
    page.click(f"#case-lines a >> text={CASE_NO}")
    page.wait_for_selector(".case")


def test_markup_in_names_is_inert_on_the_desks(visit: Visit, site: Site) -> None:
    """Shown as text: in the list, in the case, in what was searched for."""
    site.source.mode = "evil"
    visitor = visit()
    for path in (CASE, "/cases?what=open", "/cases?q=" + quote(EVIL)):
        page = visitor.open(path, ".desk-body > *")
        assert page.evaluate("window.pwned") is None
        assert EVIL in page.inner_text(".desk-body")


def test_a_foreign_page_cannot_post_to_a_callback(visit: Visit, site: Site) -> None:
    """A POST with another origin is refused; every answer carries the headers."""
    request = visit().context.request
    answer = request.post(
        f"{site.url}/_dash-update-component", headers={"Origin": "http://elsewhere"}, data={}
    )
    assert answer.status == 403
    headers = request.get(site.url).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
