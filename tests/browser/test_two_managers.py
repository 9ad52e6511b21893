"""Two managers and an inspector look at one product: each sees their own, and it adds up."""

from __future__ import annotations

import csv
import re
import urllib.error
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from dashboards.source import WHATS
from tests.browser.live_wall import SOURCE
from tests.browser.signed import signed_in, texts
from tests.browser.town import ALL, CASES, HEALTH, HOUSING, LETTER, ROADS, Cases, Town
from tests.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(300)]

Enter = Callable[[Visitor], Page]
FIGURES = ("received", "accepted", "concluded", "open", "due_today", "red")
LISTED = [what for what in WHATS if what not in ("department", "due_day")]
OTHERS = {HOUSING: ROADS, ROADS: HOUSING}
"""The two managers' departments, each with the other's."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Three departments with cases."""
    with Town(tmp_path_factory.mktemp("town") / "home") as opened:
        yield opened


@pytest.fixture
def enter(town: Town, browser: Browser) -> Iterator[Enter]:
    """A browser of its own for whoever is given."""
    opened: list[BrowserContext] = []

    def begin(who: Visitor) -> Page:
        context = browser.new_context(viewport={"width": 1920, "height": 1080})
        opened.append(signed_in(context, town.product, who))
        return opened[-1].new_page()

    yield begin
    for context in opened:
        context.close()


def wall_of(town: Town, page: Page) -> Page:
    """The page with its wall on it, complete."""
    page.goto(town.url)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator("#wall-stream .row").nth(2)).to_be_visible()
    return page


def figures(page: Page) -> dict[str, int]:
    """The counts of the top row."""
    read = {name: page.inner_text(f"#kpi-{name} .figure") for name in FIGURES}
    return {name: int(text.replace(",", "")) for name, text in read.items()}


def expected(cases: Cases) -> dict[str, int]:
    """What the top row shows of these cases; those past their limit were due today."""
    return {
        "received": cases.all,
        "accepted": cases.all,
        "concluded": cases.concluded,
        "open": cases.open,
        "due_today": cases.red,
        "red": cases.red,
    }


def numbers_of(page: Page, place: str) -> list[str]:
    """The numbers of the cases that a list of the wall leads to."""
    links = page.locator(f"#{place} a[href^='/case/']").all()
    return [str(link.get_attribute("href")).partition("?")[0].rpartition("/")[2] for link in links]


@pytest.mark.parametrize("own", OTHERS)
def test_a_managers_wall_shows_the_own_department_and_no_other(
    town: Town, enter: Enter, own: str
) -> None:
    """Title, figures, rows of departments, deadlines, cards, events: in a real browser."""
    page = wall_of(town, enter(town.manager(own)))
    assert page.inner_text("#wall-district") == own
    assert figures(page) == expected(CASES[own])
    assert texts(page, "#dept-pages .row .name") == [own]
    for place in ("wall-cards", "wall-deadlines", "wall-stream"):
        listed = numbers_of(page, place)
        assert listed, place
        assert {number[0] for number in listed} == {LETTER[own]}, place
    for other in set(CASES) - {own}:
        assert other not in page.content()


def test_the_inspectors_wall_is_the_sum_of_the_departments(town: Town, enter: Enter) -> None:
    """All managers' walls as their browsers show them, added up, are the inspector's."""
    whole = wall_of(town, enter(town.inspector))
    parts = [figures(wall_of(town, enter(town.manager(name)))) for name in CASES]
    shown = figures(whole)
    assert shown == {name: sum(part[name] for part in parts) for name in FIGURES}
    assert shown == expected(ALL)
    assert sorted(texts(whole, "#dept-pages .row .name")) == sorted(CASES)
    assert {n[0] for n in numbers_of(whole, "wall-stream")} == set(LETTER.values())


@pytest.mark.parametrize("what", ["open", "red", "concluded_today", "received_today"])
def test_the_grids_behind_the_figures_differ_and_add_up(
    town: Town, enter: Enter, what: str
) -> None:
    """Each manager's list holds the own department's cases only; together the inspector's."""
    seen = {name: grid(town, enter(town.manager(name)), what) for name in CASES}
    for name, lines in seen.items():
        assert {department for _, department in lines} <= {name}
    assert sorted(chain.from_iterable(seen.values())) == grid(town, enter(town.inspector), what)
    assert seen[HOUSING] != seen[ROADS]


def grid(town: Town, page: Page, what: str, value: str = "") -> list[tuple[str, str]]:
    """The lines of a list, sorted: number of the case, department. The list says how many."""
    page.goto(f"{town.url}/cases?what={what}&value={quote(value)}")
    total = int("".join(re.findall(r"\d", page.inner_text(".list-title .total"))))
    cells = [row.locator("td").all_inner_texts() for row in page.locator("#case-lines tr").all()]
    lines = sorted((cell[1].strip(), cell[3].strip()) for cell in cells if cell)
    assert len(lines) == total
    return lines


def test_the_list_of_another_department_is_empty_to_a_manager(town: Town, enter: Enter) -> None:
    """By the address that an inspector's wall leads to; of the own department it is full."""
    manager, inspector = enter(town.manager(HOUSING)), enter(town.inspector)
    assert len(grid(town, inspector, "department", ROADS)) == CASES[ROADS].open
    assert grid(town, manager, "department", ROADS) == []
    assert len(grid(town, manager, "department", HOUSING)) == CASES[HOUSING].open


def exported(town: Town, page: Page, what: str) -> list[dict[str, str]]:
    """The file behind the list's button, as a spreadsheet reads it."""
    page.goto(f"{town.url}/cases?what={what}")
    with page.expect_download() as begun:
        page.click("a[href^='/export/cases.csv']")
    text = Path(begun.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def test_the_exports_differ_and_add_up(town: Town, enter: Enter) -> None:
    """The files that the browsers of two managers, a third, and the inspector take away."""
    files = {name: exported(town, enter(town.manager(name)), "open") for name in CASES}
    for name, lines in files.items():
        assert {line["部门"] for line in lines} == {name}
        assert len(lines) == CASES[name].open
    whole = exported(town, enter(town.inspector), "open")
    together = sorted(line["办件编号"] for line in chain.from_iterable(files.values()))
    assert together == sorted(line["办件编号"] for line in whole)


def test_the_answers_of_the_api_add_up(town: Town) -> None:
    """Every count and ratio of the wall, every list: the managers' sums are the inspector's."""
    walls = [town.asked(town.manager(name), "/api/v1/wall") for name in CASES]
    whole = town.asked(town.inspector, "/api/v1/wall")
    for figure, value in whole["kpi"].items():
        parts = [wall["kpi"][figure] for wall in walls]
        assert value == added(parts), figure
    assert [wall["departments"][0]["name"] for wall in walls] == list(CASES)
    assert [len(wall["departments"]) for wall in walls] == [1] * len(CASES)
    assert sorted(keys(whole, "cards")) == sorted(chain(*(keys(w, "cards") for w in walls)))
    for what in LISTED:
        path = f"/api/v1/cases?what={what}&limit=200"
        lists = {name: town.asked(town.manager(name), path) for name in CASES}
        assert all(line["department"] == n for n, part in lists.items() for line in part["lines"])
        every = town.asked(town.inspector, path)
        assert every["total"] == sum(part["total"] for part in lists.values()), what
        together = sorted(line["case_no"] for part in lists.values() for line in part["lines"])
        assert together == sorted(line["case_no"] for line in every["lines"]), what


def added(parts: list[Any]) -> Any:
    """Counts added up; ratios by numerators and denominators."""
    if isinstance(parts[0], list):
        return [sum(column) for column in zip(*parts, strict=True)]
    return sum(parts)


def keys(wall: Any, name: str) -> list[str]:
    """The numbers of the cases in a list of the wall."""
    return [line["case_no"] for line in wall[name]]


def test_anothers_case_is_a_case_that_does_not_exist(town: Town, enter: Enter) -> None:
    """The same page and answer, no trace in the search; to its own manager it is there."""
    page = enter(town.manager(HOUSING))
    anothers, nobodys = f"{LETTER[ROADS]}-001", "X-001"
    pages = []
    for number in (anothers, nobodys):
        page.goto(f"{town.url}/case/{SOURCE}/{number}")
        page.wait_for_selector(".message")
        pages.append((page.inner_text("#page"), page.inner_html(".desk-body")))
    assert pages[0] == pages[1]
    page.goto(f"{town.url}/cases?q={anothers}")
    assert page.inner_text(".list-title .total") != ""
    assert page.locator("#case-lines").count() == 0
    answers = [
        refused(town, town.manager(HOUSING), f"/api/v1/case?source={SOURCE}&case_no={number}")
        for number in (anothers, nobodys)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    own = enter(town.manager(ROADS))
    own.goto(f"{town.url}/case/{SOURCE}/{anothers}")
    expect(own.locator(".case-title")).to_contain_text(f"{ROADS}的事项")


def refused(town: Town, who: Visitor, path: str) -> tuple[int, bytes]:
    """Status and body of an answer that is an error."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        who.get(town.url + path)
    with raised.value as error:
        return error.code, error.read()


def test_a_wall_without_a_person_shows_its_units_and_leads_nowhere(
    town: Town, browser: Browser
) -> None:
    """By the kiosk's own address: the wall of one department; lists, cases and files are refused.

    A program that shows it cannot be led behind it by a click either.
    """
    link = town.supervise("kiosk", "open", "hall", "--address", "127.0.0.1", "--unit", HEALTH)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{town.url}/kiosk/{link.rpartition('/')[2]}")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert page.url == f"{town.url}/"
    assert figures(page) == expected(CASES[HEALTH])
    assert texts(page, "#dept-pages .row .name") == [HEALTH]
    assert page.locator("#wall a[href^='/account'], #wall .links a[href^='/cases']").count() == 0
    answered = page.goto(f"{town.url}/cases?what=open")
    assert answered is not None
    assert_nothing_of_cases(page)
    for path in ("/api/v1/cases", "/export/cases.csv", "/account", "/people", "/trail"):
        assert context.request.get(town.url + path).status in (403, 404), path
    context.close()


def assert_nothing_of_cases(page: Page) -> None:
    """The page says that there is no right, and names no case."""
    expect(page.locator(".message")).to_be_visible()
    assert not re.search(r"\b[HRM]-\d{3}\b", page.content())


def test_a_window_clerk_has_lists_and_no_wall(town: Town, enter: Enter) -> None:
    """Who may not see the wall gets their own cases where it would be, and asks for no frame."""
    asked: list[str] = []
    page = enter(town.person("clerk", role="window", units=(HOUSING,)))
    page.route("**/_wall/frame*", lambda route: heard(route, asked))
    page.goto(town.url)
    page.wait_for_selector("#case-lines")
    assert page.locator("#wall, [data-figure]").count() == 0
    assert page.locator("a[href^='/export']").count() == 0
    answer = page.context.request.get(f"{town.url}/api/v1/wall")
    assert answer.status == 403
    assert asked == []


def heard(route: Route, asked: list[str]) -> None:
    """Note what was asked, and let it through."""
    asked.append(route.request.url)
    route.continue_()
