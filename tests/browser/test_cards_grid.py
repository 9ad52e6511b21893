"""The grid of cards in a real browser, over the running product and a hundred thousand cards."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.signed import signed_in, texts
from tests.browser.town import CASES, HOUSING, ROADS, Town
from tests.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(400)]

INVENTED = "第7行政审批部门"
"""One of the departments of the invented cards."""
PAGE = 50
TELEPHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Three departments with cards of their own, and a hundred thousand invented ones."""
    with Town(tmp_path_factory.mktemp("cards") / "home") as opened:
        opened.product.stop()
        subprocess.run(
            [sys.executable, "-m", "tests.browser.many_cards", str(opened.home)],
            check=True,
            env={**os.environ, "SUPERVISION_HOME": str(opened.home)},
        )
        opened.product.start()
        yield opened


@pytest.fixture
def enter(town: Town, browser: Browser) -> Iterator[Enter]:
    """The grid in a browser of its own, for whoever is given; complaints of the page fail."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def begin(who: Visitor, query: str = "", **viewport: int) -> Page:
        context = browser.new_context(viewport=viewport or DESK)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        opened.append(signed_in(context, town.product, who))
        page = opened[-1].new_page()
        page.goto(f"{town.url}/cards{query}")
        page.wait_for_selector(".card-grid")
        return page

    yield begin
    for context in opened:
        context.close()
    assert complaints == []


def total(page: Page) -> int:
    """How many cards the grid says there are."""
    return int("".join(re.findall(r"\d", page.inner_text(".list-title .total"))))


def cards(page: Page) -> list[str]:
    """The numbers of the cards on the page."""
    lines = page.locator("#card-lines .line").all()
    return [str(line.get_attribute("data-card")) for line in lines]


def follow(page: Page, selector: str) -> None:
    """Click on a link, until the page behind it is there."""
    with page.expect_navigation():
        page.click(selector)
    page.wait_for_selector(".card-grid")


def counted(page: Page, selector: str) -> int:
    """The count on a choice of a filter."""
    return int(page.inner_text(f"{selector} .n").replace(",", ""))


def test_a_hundred_thousand_cards_are_turned_at_both_ends_and_in_the_middle(
    town: Town, enter: Enter
) -> None:
    """The first pages, the last ones and those of a day between hold different cards, each full."""
    page = enter(town.inspector)
    assert total(page) > 100_000
    seen = [cards(page)]
    for step in ("#next", "#next", "#last", "#previous"):
        follow(page, step)
        seen.append(cards(page))
    assert page.locator("#next").count() == 1
    follow(page, "#next")
    assert page.locator("#next, #last").count() == 0
    page.goto(f"{town.url}/cards?until=2026-08-01")
    page.wait_for_selector(".card-grid")
    assert 10_000 < total(page) < 90_000
    seen.append(cards(page))
    numbers = [number for each in seen for number in each]
    assert len(numbers) == len(set(numbers))
    full = [len(each) for n, each in enumerate(seen) if n != 3]
    assert full == [PAGE] * len(full)


def test_a_filtered_list_is_turned_to_its_end(town: Town, enter: Enter) -> None:
    """Page after page, as many cards as the list says, none twice; and back to the first."""
    query = f"?severity=red&department={INVENTED}&stage=reported&since=2026-06-01"
    page = enter(town.inspector, query)
    first, many = cards(page), total(page)
    assert many > 2 * PAGE
    seen = list(first)
    while page.locator("#next").count():
        follow(page, "#next")
        seen += cards(page)
    assert len(seen) == len(set(seen)) == many
    follow(page, "#first")
    assert cards(page) == first


def test_filters_stand_in_the_address_and_show_what_they_count(town: Town, enter: Enter) -> None:
    """Kind, answer, several stages, a department, a search: each narrows, and can be undone."""
    page = enter(town.inspector)
    everything = total(page)
    red = counted(page, ".of-severity .tab.red")
    follow(page, ".of-severity .tab.red")
    assert total(page) == red < everything
    late = page.locator(".of-answer .tab").nth(1)
    many = int(late.locator(".n").inner_text().replace(",", ""))
    with page.expect_navigation():
        late.click()
    page.wait_for_selector(".card-grid")
    assert total(page) == many < red
    assert texts(page, "#card-lines .state.late") == ["已逾期"] * PAGE
    page.select_option("#filter-department", INVENTED)
    follow(page, ".filters .button")
    assert 0 < total(page) < many
    assert {line.split("\n")[0] for line in texts(page, "td.c-whose")} == {INVENTED}
    assert "severity=red" in page.url
    assert "answer=overdue" in page.url
    follow(page, "#clear")
    assert total(page) == everything


def test_several_stages_add_up(town: Town, enter: Enter) -> None:
    """Each link adds a stage to those that are chosen; one that is chosen takes it away."""
    page = enter(town.inspector)
    first, second = ".of-stage .tab:nth-of-type(2)", ".of-stage .tab:nth-of-type(3)"
    counts = [counted(page, first), counted(page, second)]
    follow(page, first)
    assert total(page) == counts[0]
    follow(page, second)
    assert total(page) == sum(counts)
    follow(page, first)
    assert total(page) == counts[1]


def test_a_day_that_is_none_is_told_and_limits_nothing(town: Town, enter: Enter) -> None:
    """In words, beside the cards of all days."""
    page = enter(town.inspector)
    everything = total(page)
    page.fill("#filter-since", "昨天")
    follow(page, ".filters .button")
    assert page.locator(".card-grid [role=alert]").count() == 1
    assert total(page) == everything


def test_keys_go_from_card_to_card_and_open_one(town: Town, enter: Enter) -> None:
    """Down, down, up, Enter: the second card of the page."""
    page = enter(town.inspector, f"?department={ROADS}")
    numbers = cards(page)
    assert len(numbers) == CASES[ROADS].red == 2
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.rpartition("/")[2] == numbers[1]


def test_a_card_is_found_by_its_case_and_opened_by_its_row(town: Town, enter: Enter) -> None:
    """A click anywhere in the row opens the card; one on the case's number, the case."""
    page = enter(town.inspector)
    page.fill("#filter-text", "H-001")
    page.keyboard.press("Enter")
    expect(page.locator("#card-lines .line")).to_have_count(CASES[HOUSING].red)
    (number,) = cards(page)
    with page.expect_navigation():
        page.locator("#card-lines td.c-why").click(force=True)  # what lies there is the link
    assert re.search(rf"/card/[^/]+/H-001/{number}$", page.url)
    page.go_back()
    page.wait_for_selector("#card-lines")
    with page.expect_navigation():
        page.click("#card-lines .to-case")
    assert re.search(r"/case/[^/]+/H-001$", page.url)


def test_a_manager_sees_the_cards_of_the_own_department(town: Town, enter: Enter) -> None:
    """Of a few, and of thousands; nothing names another, not even by its address."""
    invented = town.person("seven", role="manager", units=(INVENTED,))
    for who, name, most in (
        (town.manager(ROADS), ROADS, CASES[ROADS].red),
        (invented, INVENTED, 10_000),
    ):
        page = enter(who)
        assert 0 < total(page) <= most
        assert {line.split("\n")[0] for line in texts(page, "td.c-whose")} == {name}
        options = page.locator("#filter-department option").all_inner_texts()
        assert len(options) == 2
        assert name in options[1]
        page.goto(f"{town.url}/cards?department={HOUSING}")
        page.wait_for_selector(".card-grid")
        assert total(page) == 0
        expect(page.locator(".nothing .button")).to_be_visible()


def test_the_file_holds_what_the_filters_show(town: Town, enter: Enter) -> None:
    """Every card of the list, not of the page alone, and the filter is on record."""
    page = enter(town.inspector, f"?department={INVENTED}&severity=red&stage=closed")
    many = total(page)
    assert many > PAGE
    with page.expect_download() as begun:
        page.click("a[href^='/export/cards.csv']")
    text = Path(begun.value.path()).read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(text.splitlines()))
    assert len({line["监察编号"] for line in lines}) == len(lines) == many
    assert {(line["责任部门"], line["状态"]) for line in lines} == {(INVENTED, "已销号")}


def test_the_api_pages_through_the_same_cards(town: Town, enter: Enter) -> None:
    """By `next`, as many as the grid says."""
    path = f"/api/v1/cards?department={quote(INVENTED)}&severity=red&stage=closed&limit=200"
    seen, after = list[str](), ""
    while True:
        told: dict[str, Any] = town.asked(town.inspector, f"{path}&after={after}")
        seen += [line["card"] for line in told["lines"]]
        if not told["next"]:
            break
        after = quote(told["next"])
    page = enter(town.inspector, f"?department={INVENTED}&severity=red&stage=closed")
    assert len(seen) == len(set(seen)) == total(page)
    assert seen[:PAGE] == cards(page)


def test_english_keeps_the_filters(town: Town, enter: Enter) -> None:
    """The other language shows the same cards."""
    page = enter(town.inspector, "?severity=red&stage=reported")
    shown = cards(page)
    follow(page, ".switch")
    assert page.inner_text(".card-grid h2") == "Cards"
    assert cards(page) == shown
    assert set(texts(page, "td.c-stage")) == {"Reported"}


def test_a_telephone_shows_each_card_whole(town: Town, enter: Enter) -> None:
    """Nothing lies beside the screen, and every link can be touched."""
    page = enter(town.inspector, "?severity=red", **TELEPHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]
    expect(page.locator("#card-lines .line .c-why").first).to_be_visible()
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator("#filter-item")).to_be_hidden()
    page.click(".more summary")
    page.fill("#filter-text", "H-001")
    follow(page, ".filters .button")
    assert total(page) == CASES[HOUSING].red
    expect(page.locator("#filter-text")).to_be_visible()


def test_the_way_to_the_cards_leads_from_the_wall(town: Town, enter: Enter) -> None:
    """By a link in its head, for whoever is signed in."""
    page = enter(town.inspector)
    page.goto(town.url)
    page.click(".head a[href^='/cards']")
    page.wait_for_selector(".card-grid")
    assert total(page) > 100_000
