"""The loop of one card from issue to close, and of one from appeal to withdrawal, in a browser.

The real product with its watch running; the department's manager by keyboard alone. Pictures go to
the folder in SCREENSHOTS, where it is given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboards.card_desk import CardBook
from dashboards.papers import PaperKind, organ_of, paper_of
from dashboards.papers_pdf import html_of
from supervision.access.rights import INSPECTOR, MANAGER
from supervision.record import Record
from supervision.runners.settings import clock_of
from tests.browser.live_wall import DEPARTMENT, LISTS, SOURCE, ZONE, event
from tests.browser.signed import signed_in
from tests.product import Product, supervise, until
from tests.visitor import Visitor, visitor

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(400)]

AHEAD = timedelta(seconds=4)
"""From reporting to the deadline: a case that is late when it is reported waits to settle."""
ANSWERS = {"acknowledge": "1wd", "explain": "3wd", "rectify": "5wd", "verify": "5wd"}
DESK_SCREEN = {"width": 1280, "height": 1080}
TABS = 120
"""Presses of a key after which it is plain that it does not lead there."""
REPORT, ORDER = "已补齐图纸并重新出具意见。", "材料仍不齐全，请于三日内补齐图纸。"

Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with an item, a policy with answer clocks, and no cases yet."""
    home = tmp_path_factory.mktemp("loop") / "home"
    item, policy = LISTS["events"]
    lists = {"events": [item, policy | {"answers": {**ANSWERS, "decide": "5wd"}}]}
    file = home.parent / "lists.json"
    file.write_text(json.dumps(lists, ensure_ascii=False), encoding="utf-8")
    made = Product(home, "--empty")
    assert supervise(home, "publish", str(file)).returncode == 0
    with made:
        yield made


@pytest.fixture(scope="module")
def key(product: Product) -> str:
    """With which the department reports."""
    return supervise(product.home, "key", "new", SOURCE).stdout.strip()


@pytest.fixture(scope="module")
def manager(product: Product) -> Visitor:
    """Of the department."""
    return visitor(product.home, person="周明", role=MANAGER, units=(DEPARTMENT,))


@pytest.fixture(scope="module")
def inspector(product: Product) -> Visitor:
    """Of the whole."""
    return visitor(product.home, person="李监察", role=INSPECTOR, texts=True)


@pytest.fixture
def enter(product: Product, browser: Browser) -> Iterator[Enter]:
    """A browser of its own for whoever is given."""
    opened: list[BrowserContext] = []

    def begin(who: Visitor, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESK_SCREEN, **options})
        opened.append(signed_in(context, product, who))
        return opened[-1].new_page()

    yield begin
    for context in opened:
        context.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go."""
    wanted = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def red_card(product: Product, key: str, case: str) -> str:
    """The number of the card of a new case, once its deadline has passed."""
    now = datetime.now(ZONE)
    told = [
        event(case, "ApplicationReceived", now, deadline=(now + AHEAD).isoformat()),
        event(case, "CaseAccepted", now),
    ]
    results = product.post(told, key)["results"]
    assert [each["status"] for each in results] == ["stored"] * len(told)

    def issued() -> str:
        found = product.get(f"/api/v1/case?source={SOURCE}&case_no={case}")["cards"]
        return str(found[0]["card"]) if found else ""

    return str(until(issued, "the card"))


def tab_to(page: Page, selector: str) -> None:
    """Press the key until the focus is there."""
    for _ in range(TABS):
        if page.evaluate("(s) => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {selector} by keyboard")


def by_keyboard(page: Page, kind: str, text: str = "") -> None:
    """Fill in the form of a move and send it, without a mouse."""
    if not page.locator(f"#{kind}").is_visible():
        tab_to(page, f"#open-{kind}")
        page.keyboard.press("Enter")
    if text:
        tab_to(page, f"#reason-{kind}")
        page.keyboard.type(text)
    tab_to(page, f"#{kind} button[type=submit]")
    with page.expect_navigation(url=f"**done={kind}*"):
        page.keyboard.press("Enter")


def by_mouse(page: Page, kind: str, text: str = "", choice: str = "") -> None:
    """The same, with one."""
    if not page.locator(f"#{kind}").is_visible():
        page.click(f"#open-{kind}")
    if choice:
        page.check(f"#{kind} input[name=choice][value={choice}]")
    if text:
        page.fill(f"#reason-{kind}", text)
    with page.expect_navigation(url="**done=*"):
        page.click(f"#{kind} button[type=submit]")


def stands(page: Page, word: str) -> None:
    """The page marks that stage, and no other, as the current one."""
    here = page.locator("[aria-current=step]")
    expect(here).to_have_count(1)
    expect(here).to_contain_text(word)
    expect(here.locator(".sign")).to_have_text("◉")


def test_a_card_is_followed_from_issue_to_close(
    product: Product, key: str, manager: Visitor, inspector: Visitor, enter: Enter, folder: Path
) -> None:
    """Acknowledged, explained, reported, ordered once more, reported, verified; the papers of it.

    The manager never touches a mouse; the inspector comes from the case's page.
    """
    card = red_card(product, key, "LOOP-0001")
    clerk = enter(manager)
    clerk.goto(f"{product.url}/card/{SOURCE}/LOOP-0001/{card}")
    stands(clerk, "已发")
    by_keyboard(clerk, "CardAcknowledged")
    stands(clerk, "已签收")
    by_keyboard(clerk, "CardExplained", "因系统升级，材料次日到达。")
    stands(clerk, "整改中")
    by_keyboard(clerk, "RectificationReported", REPORT)
    stands(clerk, "已反馈")
    chief = enter(inspector)
    chief.goto(f"{product.url}/case/{SOURCE}/LOOP-0001")
    chief.click(".to-card")
    by_mouse(chief, "RectificationVerified", ORDER, "no")
    stands(chief, "督办中")
    expect(chief.locator(".owed .running")).to_contain_text("整改时限")
    chief.screenshot(path=folder / "card.png")
    taken = download(chief, "#paper-order-pdf-1")
    assert taken.startswith(b"%PDF-")
    picture_of_order(product, card, enter(inspector), folder)
    clerk.reload()
    by_keyboard(clerk, "RectificationReported", REPORT)
    chief.reload()
    by_mouse(chief, "RectificationVerified", choice="yes")
    stands(chief, "已销号")
    assert download(chief, "#paper-closing-docx").startswith(b"PK")
    clerk.reload()
    expect(clerk.locator("details.move")).to_have_count(0)


def download(page: Page, selector: str) -> bytes:
    """The file behind a link."""
    with page.expect_download() as begun:
        page.click(selector)
    return Path(begun.value.path()).read_bytes()


def picture_of_order(product: Product, card: str, page: Page, folder: Path) -> None:
    """The order's paper as it is printed, drawn by the browser."""
    record = Record(product.home, clock_of(product.home))
    try:
        view = CardBook(record, record.last_stamp).card(SOURCE, "LOOP-0001", card)
    finally:
        record.close()
    assert view is not None
    paper = paper_of(view, PaperKind("order", 1), ORDER, organ_of("本级"))
    assert paper is not None
    page.set_viewport_size({"width": 880, "height": 1244})
    page.set_content(html_of(paper))
    page.add_style_tag(content="body { padding: 60px 70px; background: #fff; }")
    expect(page.locator("h1")).to_have_text("督办通知书")
    page.screenshot(path=folder / "order.png")


def test_a_card_is_withdrawn_on_an_appeal(
    product: Product, key: str, manager: Visitor, inspector: Visitor, enter: Enter
) -> None:
    """Appealed, upheld; the watch withdraws it; nothing is left to do, and it is on the page."""
    card = red_card(product, key, "LOOP-0002")
    address = f"{product.url}/card/{SOURCE}/LOOP-0002/{card}"
    clerk, chief = enter(manager), enter(inspector)
    clerk.goto(address)
    by_mouse(clerk, "CardAppealed", "期限内已办结，系统未及时上传。")
    stands(clerk, "申诉中")
    expect(clerk.locator(".owed .running")).to_contain_text("申诉处理时限")
    chief.goto(address)
    by_mouse(chief, "AppealDecided", "经核实情况属实。", "yes")
    stands(chief, "已撤牌")
    until(lambda: "撤牌" in told(chief, address), "the watch to withdraw the card")
    clerk.goto(address)
    stands(clerk, "已撤牌")
    expect(clerk.locator("details.move")).to_have_count(0)
    assert "期限内已办结" not in clerk.content()


def told(page: Page, address: str) -> str:
    """What was done about the card, by name."""
    page.goto(address)
    return " ".join(page.locator("#acts + table strong").all_inner_texts())


@pytest.mark.parametrize("width", [390, 1280])
def test_a_cards_page_fits_the_screen(
    product: Product, key: str, inspector: Visitor, enter: Enter, width: int
) -> None:
    """Nothing sticks out to the side; every control is reached and shows that it is."""
    card = red_card(product, key, f"LOOP-W{width}")
    page = enter(inspector, viewport={"width": width, "height": 900})
    for lang in ("zh", "en"):
        page.goto(f"{product.url}/card/{SOURCE}/LOOP-W{width}/{card}?lang={lang}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, lang
    tab_to(page, "summary")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_card_by_hand_is_issued_by_the_watch(
    product: Product, key: str, inspector: Visitor, enter: Enter
) -> None:
    """The page says that it is being issued, and renews itself until it is."""
    red_card(product, key, "LOOP-0003")
    page = enter(inspector)
    page.goto(f"{product.url}/case/{SOURCE}/LOOP-0003")
    page.click(".by-hand a")
    page.check("input[name=severity][value=red]")
    page.check("input[name=cause]")
    page.fill("#reason", "擅自增设办理条件。")
    page.click("#by-hand button[type=submit]")
    page.wait_for_url("**/card/**")
    stands(page, "已发")
    expect(page.locator(".flags")).to_contain_text("人工发牌")
