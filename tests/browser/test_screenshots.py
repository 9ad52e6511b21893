"""The README's pictures, taken from the real product with an invented city a few weeks old.

`make screenshots` writes them to the folder in SCREENSHOTS; otherwise they are only looked at.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from playwright.sync_api import Browser, Page, ViewportSize, expect

from supervision.access.rights import AUDIT, MANAGER
from supervision.acts import CardIssued
from supervision.record import Record
from supervision.runners.demonstration import kept_plan, make_plan
from supervision.runners.settings import clock_of
from tests.browser.signed import begin_factor, signed_in
from tests.product import Product, supervise, until
from tests.visitor import visitor

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

DAYS, CASES_A_DAY, NOW = 10, 260, "2026-03-17T15:20:00+08:00"
"""Enough for full lists and a day's curve, little enough to be lived through in seconds."""
PAST = "2026-03-16T10:40"
"""A busy hour of the day before."""
WALL_SCREEN = ViewportSize(width=1920, height=1080)
DESK_SCREEN = ViewportSize(width=1500, height=1080)
PLAIN_SCREEN = ViewportSize(width=1500, height=720)
MOST = 1_000_000
"""Events that are looked at for a case of which something was told late."""
LEAST = 60_000
"""Bytes below which a picture of a full page cannot be."""
COLOURS = """async (data) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const paper = canvas.getContext("2d");
  paper.drawImage(image, 0, 0);
  const pixels = new Uint32Array(paper.getImageData(0, 0, image.width, image.height).data.buffer);
  const counted = new Map();
  for (let i = 0; i < pixels.length; i += 7)
    counted.set(pixels[i], (counted.get(pixels[i]) || 0) + 1);
  return { size: [image.width, image.height], colours: counted.size,
           most: Math.max(...counted.values()) / Math.ceil(pixels.length / 7) };
}"""
GLYPHS = """(words) => {
  const drawn = (word) => {
    const canvas = new OffscreenCanvas(60, 60), paper = canvas.getContext("2d");
    paper.font = "40px " + getComputedStyle(document.body).fontFamily;
    paper.fillText(word, 5, 45);
    return paper.getImageData(0, 0, 60, 60).data.join();
  };
  return new Set([...words].map(drawn)).size;
}"""
"""How many different pictures the characters make: boxes would all be the same."""


def caught_up(product: Product) -> bool:
    """Time has passed for the wall, and it shows the whole log."""
    health = product.get("/api/v1/health")
    return bool(health["judged_until"]) and health["behind"] == 0


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A demonstration whose past is short."""
    home = tmp_path_factory.mktemp("city") / "home"
    home.mkdir()
    kept_plan(home, make_plan(days=DAYS, cases_a_day=CASES_A_DAY, now=NOW))
    with Product(home) as product:
        until(lambda: caught_up(product), "the rows to catch up")
        yield product


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go."""
    wanted = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


@pytest.fixture
def page(browser: Browser, city: Product) -> Iterator[Page]:
    """A page as large as the wall, of an inspector."""
    context = signed_in(browser.new_context(viewport=WALL_SCREEN), city)
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page as large as the desks' pages are wide; nobody is signed in."""
    context = browser.new_context(viewport=DESK_SCREEN, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def assert_full(page: Page, picture: Path, size: ViewportSize) -> None:
    """The picture has its size and many colours, and its ground does not fill it."""
    data = picture.read_bytes()
    assert len(data) > LEAST
    told = page.evaluate(COLOURS, base64.b64encode(data).decode())
    assert told["size"] == [size["width"], size["height"]]
    assert told["colours"] > 200
    assert told["most"] < 0.97


def test_the_wall_of_a_busy_day(city: Product, page: Page, folder: Path) -> None:
    """Figures, departments, deadlines, cards, the stream: each has something to show."""
    page.goto(city.url)
    for place in ("cards", "deadlines", "stream"):
        expect(page.locator(f"#wall-{place} .row").nth(4)).to_be_visible()
    for figure in ("red", "received", "concluded"):
        expect(page.locator(f"#kpi-{figure} .figure")).not_to_have_text("0", timeout=60_000)
    expect(page.locator("#wall-alarms .alarm")).to_have_count(0, timeout=60_000)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert page.evaluate(GLYPHS, "红黄牌监察办件") == 7
    expect(page.locator("#stale")).to_be_hidden()
    picture = folder / "wall.png"
    page.screenshot(path=picture, animations="disabled")
    assert_full(page, picture, WALL_SCREEN)


def test_the_wall_of_a_past_instant(city: Product, page: Page, folder: Path) -> None:
    """The same figures as then, in a frame that says so, above the time line of that day."""
    page.goto(f"{city.url}/?at={PAST}")
    expect(page.locator("#clock")).to_have_text(f"{PAST[-5:]}:00")
    expect(page.locator(".replay-mark").nth(2)).to_be_visible()
    expect(page.locator("#wall-stream .row").nth(4)).to_be_visible()
    assert page.evaluate(GLYPHS, "回放前一天") == 5
    picture = folder / "replay.png"
    page.screenshot(path=picture, animations="disabled")
    assert_full(page, picture, WALL_SCREEN)


def test_a_case_with_a_red_card(city: Product, desk: Page, folder: Path) -> None:
    """Why the card was issued stands at the top, the clocks below."""
    signed_in(desk.context, city)
    desk.goto(f"{city.url}/cases?what=red")
    desk.click("#case-lines tbody a >> nth=0")
    expect(desk.locator(".card.red").first).to_be_visible()
    assert "红牌" in desk.inner_text(".case-title")
    assert desk.locator(".clock").count() > 0
    assert desk.locator(".entries tbody tr").count() > 3
    picture = folder / "case.png"
    desk.screenshot(path=picture)
    assert_full(desk, picture, DESK_SCREEN)


def test_the_history_of_a_case(city: Product, desk: Page, folder: Path) -> None:
    """Where the two lines differ, both rails, and what held at a moment between."""
    signed_in(desk.context, city)
    desk.goto(f"{city.url}{told_late(city)}/history")
    expect(desk.locator(".difference").nth(1)).to_be_visible()
    desk.focus(".slider")
    desk.keyboard.press("End")
    for _ in range(2):
        desk.keyboard.press("ArrowLeft")
    assert desk.locator(".rail .rail-mark").count() > 3
    assert desk.locator(".clock-lines li").count() > 0
    picture = folder / "history.png"
    desk.screenshot(path=picture)
    assert_full(desk, picture, DESK_SCREEN)


def told_late(city: Product) -> str:
    """The page of a case of which a fact came days late, or was corrected, and that has cards."""
    record = Record(city.home, clock_of(city.home))
    try:
        told: dict[str, list[Struct]] = {}
        for stored in record.read(0, MOST):
            prefix, _, family = stored.stream.rpartition("/")
            if family in ("facts", "cards"):
                told.setdefault(prefix, []).append(stored.event)
    finally:
        record.close()

    def weight(events: list[Struct]) -> tuple[bool, int]:
        cards = [each for each in events if isinstance(each, CardIssued)]
        late = any(card.subject.startswith("late_entry") for card in cards)
        return late, len(cards)

    _, source, case_no = max(told, key=lambda prefix: weight(told[prefix])).split("/")
    return f"/case/{source}/{case_no}"


def test_the_page_for_signing_in(city: Product, desk: Page, folder: Path) -> None:
    """Whoever comes without a session stands here: name, password, one button."""
    desk.goto(city.url)
    expect(desk.locator("#name")).to_be_focused()
    expect(desk.locator("#password")).to_be_visible()
    assert desk.locator("main button").count() == 1
    assert desk.evaluate(GLYPHS, "登录名密码") == 5
    picture = folder / "sign-in.png"
    desk.set_viewport_size(PLAIN_SCREEN)
    desk.screenshot(path=picture)
    assert_drawn(desk, picture, PLAIN_SCREEN)


def test_the_audit_trail(city: Product, desk: Page, folder: Path) -> None:
    """Who signed in, was given a link, was put out, the newest first: for whoever audits."""
    lived_in(city)
    signed_in(desk.context, city, visitor(city.home, person="周审计", role=AUDIT))
    desk.goto(city.url)
    begin_factor(desk)
    desk.wait_for_url("**/trail")
    desk.goto(f"{city.url}/trail")
    lines = desk.locator(".lines tbody tr")
    expect(lines.nth(7)).to_be_visible()
    for what in ("登录", "发放登录链接", "变更密码"):
        expect(lines.filter(has_text=what).first).to_be_visible()
    picture = folder / "trail.png"
    desk.set_viewport_size(PLAIN_SCREEN)
    desk.screenshot(path=picture)
    assert_drawn(desk, picture, PLAIN_SCREEN)


def lived_in(city: Product) -> None:
    """People come, sign in, are moved: what a trail is made of."""
    department = city.get("/api/v1/wall")["departments"][0]["name"]
    for person, role in (("陈晨", MANAGER), ("方圆", MANAGER)):
        visitor(city.home, person=person, role=role, units=(department,))
    for words in (
        ("user", "password", "陈晨"),
        ("user", "sessions", "方圆", "--end"),
        ("user", "link", "方圆"),
    ):
        done = supervise(city.home, *words)
        assert done.returncode == 0, done.stderr


def assert_drawn(page: Page, picture: Path, size: ViewportSize) -> None:
    """The picture has its size and more on it than its ground; a plain page has little on it."""
    told = page.evaluate(COLOURS, base64.b64encode(picture.read_bytes()).decode())
    assert told["size"] == [size["width"], size["height"]]
    assert told["colours"] > 100
    assert told["most"] < 0.995
