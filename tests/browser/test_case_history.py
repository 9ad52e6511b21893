"""A case's history in a real browser: dragged, stepped, played, on both of its lines."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, Visit
from tests.browser.fake_case import SOURCE
from tests.browser.fake_history import IN_TIME, LATE, LONG, MANY, ONE
from tests.browser.fake_source import EVIL
from tests.browser.measures import LOW_CONTRAST

pytestmark = pytest.mark.browser
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}}


def address(case_no: str, lang: str = "") -> str:
    """Where the history of a case is."""
    return f"/case/{quote(SOURCE, safe='')}/{case_no}/history" + (f"?lang={lang}" if lang else "")


def opened(visit: Visit, case_no: str = LATE, lang: str = "", **options: object) -> Page:
    """The page, drawn; its slider has the focus."""
    page = visit(**(options or DESK)).open(address(case_no, lang), ".player")
    page.focus(".slider")
    return page


def times(page: Page, *keys: str) -> list[str]:
    """The moment that stands after each key."""
    told = []
    for key in keys:
        page.keyboard.press(key)
        told.append(page.inner_text(".moment-time"))
    return told


def row_of(fact: str) -> str:
    """The locator of the line of a fact, by what happened."""
    return f".entries tbody tr:not(.later):has(.kind:text-is('{fact}'))"


def test_differences_stand_first(visit: Visit) -> None:
    """Before the time line; each card with the input that is responsible for it."""
    page = opened(visit)
    assert page.locator(".differences, .player").first.get_attribute("class") == "differences"
    card = page.locator(".difference.not_due").filter(has_text="已超过7个工作日的承诺时限")
    expect(card.locator(".chip")).to_have_text("● 黄牌".replace(" ", ""))
    expect(card.locator(".because")).to_contain_text("CaseConcluded-2026-02-10 16:00")


def test_arrow_keys_go_from_moment_to_moment(visit: Visit) -> None:
    """Home and End to the ends; what is told to a screen reader goes along."""
    page = opened(visit)
    told = times(page, "Home", "ArrowRight", "ArrowRight", "ArrowLeft", "End")
    assert told == [
        "2026-02-02 09:10:00",
        "2026-02-05 09:30:00",
        "2026-02-05 09:40:00",
        "2026-02-05 09:30:00",
        "2026-03-02 09:00:00",
    ]
    said = page.get_attribute(".slider", "aria-valuetext") or ""
    assert said.startswith("2026-03-02 09:00:00 红牌")


def test_facts_and_cards_appear_as_they_were_recorded(visit: Visit) -> None:
    """Nothing of what came later is seen."""
    page = opened(visit)
    page.keyboard.press("Home")
    expect(page.locator(row_of("收件"))).to_have_count(1)
    expect(page.locator(row_of("发牌"))).to_have_count(0)
    expect(page.locator(".moment-cards .nothing")).to_be_visible()
    page.keyboard.press("End")
    assert page.locator(row_of("发牌")).count() > 5
    expect(page.locator(row_of("办结"))).to_have_count(1)


def test_what_the_wall_did_not_know_yet_is_marked(visit: Visit) -> None:
    """It happened, nobody had reported it; once it is reported, the mark is gone."""
    page = opened(visit)
    page.click(".difference:has-text('已超过7个工作日的承诺时限，期限') > .go")
    expect(page.locator(".moment-time")).to_have_text("2026-02-13 00:00:00")
    concluded = page.locator(row_of("办结"))
    expect(concluded.locator(".unknown-mark")).to_be_visible()
    expect(page.locator(".unknown-count")).to_contain_text("3")
    expect(page.locator(".other-light .chip")).to_contain_text("正常")
    page.focus(".slider")
    page.keyboard.press("End")
    expect(concluded.locator(".unknown-mark")).to_be_hidden()


def test_the_other_line_is_one_key_away(visit: Visit) -> None:
    """As it truly was: the case was concluded in time, and there is no card."""
    page = opened(visit)
    page.click(".difference:has-text('已超过7个工作日的承诺时限，期限') > .go")
    page.focus(".slider")
    page.keyboard.press("a")
    expect(page.locator(".axis.true input")).to_be_checked()
    expect(page.locator(".moment-said .status")).to_have_text("办结: 出证")
    expect(page.locator(".moment-said > .chip")).to_contain_text("正常")
    expect(page.locator(".moment-cards .nothing")).to_be_visible()
    expect(page.locator(row_of("发牌"))).to_have_count(0)


def test_the_line_can_be_chosen_by_its_name(visit: Visit) -> None:
    """Radio buttons, of which one is chosen."""
    page = opened(visit)
    page.check(".axis.true input")
    expect(page.locator(".axis.known input")).not_to_be_checked()
    assert page.get_attribute("#history-stage", "data-axis") == "true"


def test_it_is_dragged_without_asking_the_server(visit: Visit) -> None:
    """All moments are in the page."""
    visitor = visit(**DESK)
    page = visitor.open(address(LATE), ".player")
    visitor.requests.clear()
    box = page.locator(".slider").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    lights = set()
    for tenth in range(10, -1, -1):
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * tenth / 10, middle)
        lights.add(page.inner_text(".moment-said > .chip .word"))
    page.mouse.up()
    assert lights == {"红牌", "黄牌", "正常"}
    assert [asked for asked in visitor.requests if "/history" in asked or "_dash" in asked] == []


def test_days_are_counted_between_moments_too(visit: Visit) -> None:
    """While nothing happens, a day goes by."""
    page = opened(visit)
    times(page, "Home", "ArrowRight", "ArrowRight", "ArrowRight")
    legal = page.locator(".clock-lines li").filter(has_text="法定时限").locator(".count")
    told = set()
    for _ in range(40):
        page.evaluate(
            "(s) => { s.value = +s.value + 60; s.dispatchEvent(new Event('input')); }",
            page.query_selector(".slider"),
        )
        told.add(legal.inner_text())
    assert len(told) > 4


def test_it_plays_to_the_end_at_a_week_a_second(visit: Visit) -> None:
    """Space begins and ends it; at the end it stops by itself."""
    page = opened(visit)
    page.select_option(".speed", "week")
    page.focus(".slider")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.locator(".play")).to_contain_text("暂停")
    expect(page.locator(".play")).to_contain_text("播放")
    expect(page.locator(".moment-time")).to_have_text("2026-03-02 09:00:00")


def test_it_plays_a_moment_a_second_until_it_is_stopped(visit: Visit) -> None:
    """The button says what it does next."""
    page = opened(visit)
    page.keyboard.press("Home")
    page.click(".play")
    expect(page.locator(".moment-time")).to_have_text("2026-02-05 09:30:00")
    page.click(".play")
    expect(page.locator(".play")).to_contain_text("播放")


def test_a_case_in_time_says_that_nothing_differs(visit: Visit) -> None:
    """In words, not by an empty place."""
    page = opened(visit, IN_TIME)
    expect(page.locator(".no-difference")).to_contain_text("两轴无差别")


def test_a_case_of_one_fact_has_a_history_too(visit: Visit) -> None:
    """Its one fact, and now."""
    page = opened(visit, ONE)
    assert times(page, "Home", "ArrowRight", "ArrowRight")[0] == "2026-02-02 09:10:00"
    expect(page.locator(row_of("收件"))).to_have_count(1)


def test_a_case_of_thousands_of_events_opens_and_says_what_is_cut(visit: Visit) -> None:
    """Every event is there; moments are joined, and nothing is compared."""
    page = opened(visit, LONG)
    notices = " ".join(page.locator(".history > .notice").all_inner_texts())
    assert "只重放当时所知" in notices
    assert "一起显示" in notices
    assert page.locator(".entries tbody tr").count() > MANY
    expect(page.locator(".axis")).to_have_count(1)


@pytest.mark.parametrize("lang", ["", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_text_stands_out_and_nothing_is_wider_than_the_screen(
    visit: Visit, size: dict[str, object], lang: str
) -> None:
    """4.5:1, no sideways scrolling, on a desk and on a phone, in both languages."""
    page = opened(visit, LATE, lang, **size)
    assert page.evaluate(LOW_CONTRAST, 4.5) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]  # type: ignore[index]


def test_it_speaks_english_too(visit: Visit) -> None:
    """By the address."""
    page = opened(visit, LATE, "en")
    expect(page.locator(".differences h2")).to_have_text("Where the two lines differ")
    expect(page.locator(".axis.known")).to_contain_text("As known then")


def test_markup_in_names_is_inert(visit: Visit, site: Site) -> None:
    """Shown as text."""
    site.source.mode = "evil"
    page = opened(visit)
    assert page.evaluate("window.pwned") is None
    assert EVIL in page.inner_text(".case-title")


def test_texts_are_masked(visit: Visit) -> None:
    """By name only."""
    page = opened(visit)
    assert "申请人: ••••" in page.inner_text(row_of("收件"))


def test_nothing_complains(visit: Visit) -> None:
    """No error of a script, none of the policy of what may be loaded."""
    visitor = visit(**DESK)
    page = visitor.open(address(LATE), ".player")
    page.focus(".slider")
    times(page, "Home", "ArrowRight", "a", "End")
    assert visitor.errors == []
