"""A past wall in the browser: visibly no wall of now; dragged, stepped, played, left again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Site, Visit, Visitor, until
from tests.browser.fake_source import PAST_NAMES, START
from tests.court import CHINA

pytestmark = [pytest.mark.browser, pytest.mark.integration]

AT = "2026-11-19T10:00:00"
PHONE = {"width": 390, "height": 844}
BEGAN = datetime.fromtimestamp(START / 1_000_000, CHINA) - timedelta(days=3)


def received(at: str) -> str:
    """What the wall of an instant shows as received (fake_source.FakePast)."""
    passed = datetime.fromisoformat(at).replace(tzinfo=CHINA) - BEGAN
    return f"{int(passed.total_seconds()):,}"


def figure(page: Page) -> Locator:
    return page.locator("#kpi-received .figure")


def expect_shown(page: Page, at: str) -> None:
    """The figures, the clock, the time line and the address are all of one instant."""
    day, _, clock = at.partition("T")
    expect(page.locator("#clock")).to_have_text(clock)
    expect(page.locator("#clock-day")).to_contain_text(day)
    expect(figure(page)).to_have_text(received(at))
    expect(page.locator(".replay-told")).to_have_text(clock)
    expect(page.locator(".replay-day")).to_have_value(day)
    expect(page).to_have_url(re.compile(re.escape(at.replace(":", "%3A"))))


@pytest.fixture
def asked(site: Site) -> Iterator[list[int]]:
    """The instants that were asked of the past, since the test began."""
    pasts = site.source.pasts
    pasts.asked.clear()
    pasts.most = 0
    yield pasts.asked
    pasts.open.set()


def opened(visit: Visit, path: str = f"/?at={AT}", **options: object) -> tuple[Visitor, Page]:
    visitor = visit(**options)
    page = visitor.open(path)
    expect(page.locator(".replay-play")).to_be_visible()
    return visitor, page


def test_a_past_wall_is_visibly_no_wall_of_now(visit: Visit, asked: list[int]) -> None:
    """By a frame, a word and a shape; without the age of data that comes; and it stands still."""
    at = "2026-11-19T10:00:07"  # of no other test, as what was drawn is kept
    visitor, page = opened(visit, f"/?at={at}")
    expect_shown(page, at)
    expect(page.locator("#replay-band")).to_have_text(re.compile("回放"))
    frame = page.evaluate(
        "getComputedStyle(document.querySelector('.screen.replayed'), '::before').borderImageSource"
    )
    assert "repeating-linear-gradient" in frame
    assert page.locator("#live, #age, #stale").count() == 0
    page.wait_for_timeout(2_500)
    expect_shown(page, at)
    assert len(asked) == 1
    assert not [each for each in visitor.requests if "/_wall/frame" in each]
    assert visitor.errors == []


def test_keys_step_a_minute_ten_seconds_an_hour(visit: Visit, asked: list[int]) -> None:
    """Wherever the focus is, but in the fields of the bar."""
    _, page = opened(visit)
    for key, at in (
        ("ArrowRight", "2026-11-19T10:01:00"),
        ("ArrowLeft", "2026-11-19T10:00:00"),
        ("Shift+ArrowLeft", "2026-11-19T09:59:50"),
        ("PageDown", "2026-11-19T10:59:50"),
        ("PageUp", "2026-11-19T09:59:50"),
        ("Home", "2026-11-19T00:00:00"),
    ):
        page.keyboard.press(key)
        expect_shown(page, at)


def test_dragging_shows_the_instant_under_the_thumb(visit: Visit, asked: list[int]) -> None:
    """On the way as fast as answers come, one at a time; in the end where it was let go."""
    visitor, page = opened(visit)
    box = page.locator(".replay-slider").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 10 / 24, middle)
    page.mouse.down()
    for share in (11, 13, 15, 17, 18):
        page.mouse.move(box["x"] + box["width"] * share / 24, middle, steps=4)
    page.mouse.up()
    told = page.locator(".replay-told").inner_text()
    assert "17:30" < told < "18:30"
    expect_shown(page, f"2026-11-19T{told}")
    assert visitor.errors == []


def test_playing_goes_on_at_the_chosen_speed_and_pauses(visit: Visit, asked: list[int]) -> None:
    """Space begins and ends it; every wall on the way is later than the one before."""
    _, page = opened(visit)
    page.click(".replay-speeds button:has-text('600×')")
    page.keyboard.press(" ")
    expect(page.locator(".replay-play")).to_have_attribute("aria-pressed", "true")
    until(lambda: len(asked) > 4)
    page.keyboard.press(" ")
    expect(page.locator(".replay-play")).to_have_attribute("aria-pressed", "false")
    assert asked == sorted(asked)
    told = page.locator(".replay-told").inner_text()
    assert told > "10:01"
    expect(page.locator("#clock")).to_have_text(told)


def test_playing_asks_for_the_next_instant_only_when_the_last_has_come(
    visit: Visit, site: Site, asked: list[int]
) -> None:
    """It skips, and nothing queues on the server."""
    _, page = opened(visit)
    page.click(".replay-speeds button:has-text('3600×')")
    site.source.pasts.open.clear()
    before = len(asked)
    page.keyboard.press(" ")
    until(lambda: len(asked) > before)
    page.wait_for_timeout(1_500)
    assert len(asked) == before + 1
    site.source.pasts.open.set()
    until(lambda: len(asked) > before + 1)
    assert asked[before + 1] - asked[before] > 3_600_000_000
    assert site.source.pasts.most == 1


def test_playing_stops_at_the_latest_instant(visit: Visit, asked: list[int]) -> None:
    """And says so."""
    _, page = opened(visit, "/?at=2026-11-20T10:23:00")
    page.click(".replay-speeds button:has-text('60×')")
    page.keyboard.press(" ")
    expect(page.locator(".replay-status")).to_have_text("已到最新一刻")
    expect_shown(page, "2026-11-20T10:24:00")
    expect(page.locator(".replay-play")).to_have_attribute("aria-pressed", "false")


def test_days_turn_to_the_same_time_of_the_next(visit: Visit, asked: list[int]) -> None:
    """As far as there is one to be shown."""
    _, page = opened(visit)
    page.click("button[aria-label='前一天']")
    expect_shown(page, "2026-11-18T10:00:00")
    page.locator(".replay-day").fill("2026-11-20")
    expect_shown(page, "2026-11-20T10:00:00")
    expect(page.locator("button[aria-label='后一天']")).to_be_disabled()


def test_marks_show_where_cards_were_issued_by_shape_and_colour(
    visit: Visit, asked: list[int]
) -> None:
    """The gravest of each ten minutes, with its counts; a click goes there."""
    _, page = opened(visit)
    marks = page.locator(".replay-mark")
    expect(marks).to_have_count(3)
    assert [mark.inner_text().strip() for mark in marks.all()] == ["◆", "▲", "●"]
    assert "▲1 ●2 ◆3" in (marks.nth(1).get_attribute("data-tip") or "")
    expect(page.locator(".replay-issued")).to_have_text("当日发牌▲ 1● 3◆ 5")
    marks.nth(2).click()
    expect_shown(page, "2026-11-19T12:00:00")


def test_a_department_is_replayed_by_itself(visit: Visit, asked: list[int]) -> None:
    """Chosen in the bar; the address keeps it."""
    _, page = opened(visit)
    page.locator(".replay-department").select_option(PAST_NAMES[1])
    expect(page.locator("#wall-district")).to_have_text(PAST_NAMES[1])
    expect(page).to_have_url(re.compile("department="))
    page.keyboard.press("PageDown")
    expect(page.locator("#clock")).to_have_text("11:00:00")
    expect(page.locator("#wall-district")).to_have_text(PAST_NAMES[1])


def test_the_live_wall_leads_to_the_past_and_back(visit: Visit, asked: list[int]) -> None:
    """By links; back there the data has an age again."""
    page = visit().open("/")
    page.click(".to-past")
    expect_shown(page, "2026-11-20T10:24:00")
    page.click("text=返回实时")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert page.locator("#replay").count() == 0


def test_the_other_language_shows_the_same_instant(visit: Visit, asked: list[int]) -> None:
    """Also after it was moved."""
    _, page = opened(visit)
    page.keyboard.press("PageDown")
    expect_shown(page, "2026-11-19T11:00:00")
    page.click(".switch")
    expect(page.locator("#replay-band")).to_have_text(re.compile("REPLAY"))
    expect(page.locator("#clock")).to_have_text("11:00:00")
    assert page.locator(".replay-play").inner_text().endswith("Play")


def test_an_instant_without_a_wall_is_told_and_leads_on(visit: Visit, asked: list[int]) -> None:
    """In the future, and before the first event: in both languages, with a way to one that is."""
    page = visit().open("/?at=2030-01-01T00:00", ready=".replay-refused")
    assert "2026-11-20T10:24:00" in page.inner_text(".replay-refused")
    assert "has not come yet" in page.inner_text(".replay-refused")
    page.click(".replay-refused a:has-text('回放')")
    expect_shown(page, "2026-11-20T10:24:00")


@pytest.mark.parametrize(
    "size", [PHONE, {"width": 1280, "height": 800}, {"width": 1920, "height": 1080}]
)
def test_the_bar_fits_the_screen(visit: Visit, asked: list[int], size: dict[str, int]) -> None:
    """Nothing of it lies outside or over another part, and the page is no wider than the screen."""
    _, page = opened(visit, viewport=size)
    expect(page.locator(".replay-mark").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    boxes = page.evaluate(
        "[...document.querySelectorAll('.replay-row > *, .replay-rail')]"
        ".filter((e) => e.textContent || e.value).map((e) => e.getBoundingClientRect().toJSON())"
    )
    assert len(boxes) >= 7
    for one in boxes:
        assert one["left"] >= 0
        assert one["right"] <= size["width"] + 0.5
        assert one["bottom"] <= size["height"] + 0.5
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart_x = one["right"] <= other["left"] + 0.5 or other["right"] <= one["left"] + 0.5
            apart_y = one["bottom"] <= other["top"] + 0.5 or other["bottom"] <= one["top"] + 0.5
            assert apart_x or apart_y, (one, other)
