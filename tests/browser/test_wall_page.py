"""The wall in a real browser: what it shows, how it fits, what it does when data comes or stops.

Above 400 lines: one property of the wall a test, over one running site.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from dashboards.show import number, parts_of, percent
from dashboards.wall import ROWS
from dashboards.wall_figures import COUNTS, RATES
from dashboards.words import SHAPES, say
from tests.browser.conftest import Site, Visit, until
from tests.browser.fake_source import EVIL
from tests.browser.measures import LOW_CONTRAST, OVERFLOWING, OVERLAPPING

pytestmark = pytest.mark.browser

TOP_LINKS = [
    *(f"kpi-{c.code} {a}" for c in COUNTS for a in ("open", "sub") if a == "open" or c.added),
    *(f"kpi-{r.code} open" for r in RATES),
]
"""The links of the top row as `focused` names them: each figure, and what a light added today."""
FOCUSED_KEY = "document.activeElement.dataset.key"
MoveOn = Callable[[float], None]


@pytest.fixture
def move_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> MoveOn:
    """The source's clock stands, and goes on by so many seconds when told."""
    at = [site.source.clock()]
    monkeypatch.setattr(site.source, "clock", lambda: at[0])
    site.shows("lively")

    def move(seconds: float) -> None:
        at[0] += seconds

    return move


def focused(page: Page) -> str:
    """The figure of the top row that has the focus, and which of its links."""
    active = "document.activeElement"
    name: str = page.evaluate(
        f"({active}.closest('.kpi-place')?.id ?? 'none') + ' ' + {active}.className"
    )
    return name


def figure(page: Page, code: str) -> str:
    """What stands on a card of the top row."""
    return page.inner_text(f"#kpi-{code} .figure")


def test_no_request_leaves_the_machine(visit: Visit, site: Site) -> None:
    """Everything that the pages need is served by the product itself."""
    visitor = visit()
    visitor.open("/")
    visitor.open("/cases?what=red", "#case-lines")
    hosts = {urlsplit(url).netloc for url in visitor.requests if not url.startswith("data:")}
    assert hosts == {f"127.0.0.1:{site.port}"}


def test_the_browser_has_nothing_to_complain_of(visit: Visit) -> None:
    """No script error, and nothing that the content policy had to stop."""
    visitor = visit()
    page = visitor.open("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert visitor.errors == []


@pytest.mark.parametrize("mode", ["lively", "huge", "empty", "evil"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_wall_fits_its_screen(visit: Visit, site: Site, mode: str, lang: str) -> None:
    """1920×1080 without scrolling; nothing cut off without a sign, nothing on another thing."""
    site.shows(mode)
    page = visit().open(f"/?lang={lang}")
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.evaluate(size) == [1920, 1080]
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate(OVERLAPPING) == []


def test_the_wall_is_scaled_to_a_screen_of_4k(visit: Visit) -> None:
    """The same wall, twice as large, still without scrolling."""
    page = visit(viewport={"width": 3840, "height": 2160}).open("/")
    box = page.locator("#wall").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 3840, "height": 2160}


def test_a_phone_shows_one_column_as_wide_as_itself(visit: Visit) -> None:
    """Readable: nothing wider than the screen, every panel below the other."""
    page = visit(viewport={"width": 390, "height": 844}).open("/")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    lefts = page.locator(".panel").evaluate_all("all => all.map(e => e.getBoundingClientRect().x)")
    assert len(set(lefts)) == 1


def test_the_figures_are_those_of_the_source(visit: Visit, site: Site) -> None:
    """Each card shows the count or the rate, and of a rate what it is made of."""
    site.source.extra |= {c.code: 1_000 + i for i, c in enumerate(COUNTS)}
    site.shows("lively")
    page = visit().open("/")
    shown = {c.code: figure(page, c.code) for c in COUNTS}
    assert shown == {c.code: number(1_000 + i) for i, c in enumerate(COUNTS)}
    kpi = site.source.wall().kpi
    for rate in RATES:
        ratio = getattr(kpi, rate.code)
        assert figure(page, rate.code) == percent(ratio)
        assert parts_of(ratio) in page.inner_text(f"#kpi-{rate.code} .sub")
        title = page.get_attribute(f"#kpi-{rate.code} a", "title") or ""
        assert parts_of(ratio) in title


def test_a_rate_of_nothing_is_a_dash(visit: Visit, site: Site) -> None:
    """Zero by zero is not zero percent."""
    site.shows("empty")
    page = visit().open("/")
    assert [figure(page, rate.code) for rate in RATES] == ["–", "–", "–"]


def test_a_light_is_shape_word_and_colour(visit: Visit) -> None:
    """Never colour alone."""
    page = visit().open("/")
    for light in ("red", "yellow", "reminder"):
        text = page.inner_text(f"#kpi-{light} .name")
        assert SHAPES[light] in text
        assert say(light, "zh") in text


def test_a_new_figure_is_pushed_to_every_viewer(visit: Visit, site: Site) -> None:
    """Without asking: two viewers see a changed count, each over its own websocket."""
    pages = [visit().open("/"), visit().open("/?lang=en")]
    site.source.extra["red"] = 77
    for page in pages:
        expect(page.locator("#kpi-red .figure")).to_have_text("77")
        assert page.inner_text("#live") in ("实时", "live")


def test_one_producer_reads_for_all_viewers(visit: Visit, site: Site) -> None:
    """Three viewers cost the source no more readings than one."""
    pages = [visit().open("/") for _ in range(3)]
    begun, reads = site.producer.latest, site.source.reads
    assert begun is not None
    expect(pages[0].locator("#live")).to_have_attribute("data-state", "live")
    until(lambda: site.producer.latest.version >= begun.version + 4)  # type: ignore[union-attr]
    read, made = site.source.reads - reads, site.producer.latest.version - begun.version  # type: ignore[union-attr]
    assert read <= made + 2


def test_a_wall_whose_data_stops_says_so_by_its_own_clock(visit: Visit, site: Site) -> None:
    """Three seconds without news: a band over the wall; it goes when data comes again."""
    page = visit().open("/")
    expect(page.locator("#stale")).to_be_hidden()
    site.source.failing = True
    expect(page.locator("#stale")).to_be_visible(timeout=15_000)
    assert "数据已停止更新" in page.inner_text("#stale")
    assert re.fullmatch(r"\d\d:\d\d", page.inner_text("#stale-for"))
    assert page.get_attribute("#live", "data-state") == "off"
    site.source.failing = False
    expect(page.locator("#stale")).to_be_hidden(timeout=15_000)
    expect(page.locator("#live")).to_have_text("实时")


def test_without_websockets_the_wall_asks_over_http(visit: Visit, site: Site) -> None:
    """A proxy that lets no websocket through costs the push, not the wall."""
    visitor = visit()
    visitor.context.add_init_script("delete window.SharedWorker; delete window.WebSocket;")
    page = visitor.open("/")
    site.source.extra["red"] = 78
    expect(page.locator("#kpi-red .figure")).to_have_text("78", timeout=15_000)
    expect(page.locator("#live")).to_have_text("轮询", timeout=15_000)


def test_another_server_behind_the_page_means_a_new_page(visit: Visit, site: Site) -> None:
    """After a restart the browser loads anew by itself."""
    visitor = visit()
    visitor.context.add_init_script("delete window.SharedWorker; delete window.WebSocket;")
    page = visitor.open("/")
    page.evaluate("document.body.dataset.before = 'the restart'")
    site.producer.boot = "another"
    expect(page.locator("body[data-before]")).to_have_count(0, timeout=20_000)
    page.wait_for_selector("#wall")


def test_the_language_is_switched_and_remembered(visit: Visit) -> None:
    """By the switch into the address; without the address, as it was left."""
    page = visit().open("/")
    assert page.inner_text("h1") == say("title", "zh")
    page.click(".switch")
    expect(page.locator("h1")).to_have_text(say("title", "en"))
    assert "lang=en" in page.url
    page.goto(page.url.split("?")[0])
    expect(page.locator("h1")).to_have_text(say("title", "en"))
    page.click(".switch")
    expect(page.locator("h1")).to_have_text(say("title", "zh"))


@pytest.mark.parametrize("mode", ["lively", "empty"])
def test_text_stands_out_from_what_lies_under_it(visit: Visit, site: Site, mode: str) -> None:
    """Contrast of 4.5:1 or more, for every text, from the computed styles."""
    site.shows(mode)
    page = visit(reduced_motion="reduce").open("/")
    assert page.evaluate(LOW_CONTRAST, 4.5) == []


def test_every_figure_is_reached_by_the_keyboard(visit: Visit) -> None:
    """Each with one tab, in their order, with a visible focus, while they change."""
    page = visit().open("/")
    page.focus("#kpi-received a")
    reached: list[str] = []
    for _ in TOP_LINKS:
        reached.append(focused(page))
        style = "getComputedStyle(document.activeElement)"
        assert page.evaluate(f"{style}.outlineStyle") != "none" or len(reached) == 1
        page.keyboard.press("Tab")
    assert reached == TOP_LINKS


@pytest.mark.parametrize("link", ["#kpi-accepted a.open", "#kpi-red a.sub"])
def test_a_figure_that_changes_keeps_the_focus(visit: Visit, site: Site, link: str) -> None:
    """Change after change, on the same link of the same figure; the next tab goes on from it."""
    page = visit().open("/")
    page.focus(link)
    held = focused(page)
    for n in (5_001, 5_002, 5_003):
        site.source.extra |= {"accepted": n, "red": n}
        expect(page.locator("#kpi-accepted .figure")).to_have_text(number(n))
        expect(page.locator("#kpi-red .figure")).to_have_text(number(n))
        assert focused(page) == held
    page.keyboard.press("Tab")
    assert focused(page) == TOP_LINKS[TOP_LINKS.index(held) + 1]


def test_a_row_that_moves_keeps_the_focus(visit: Visit, move_on: MoveOn) -> None:
    """The focus goes with its row down the list."""
    page = visit().open("/")
    rows = page.locator("#wall-stream > a")
    rows.nth(2).focus()
    key = page.evaluate(FOCUSED_KEY)
    for at in (5, 8):
        move_on(3)
        expect(rows.nth(at)).to_have_attribute("data-key", key)
        assert page.evaluate(FOCUSED_KEY) == key
    move_on(1_000)
    expect(page.locator(f"#wall-stream [data-key='{key}']")).to_have_count(0)
    expect(rows.nth(8)).to_be_focused()


def test_the_keyboard_goes_on_where_a_row_is_gone(visit: Visit, move_on: MoveOn) -> None:
    """The row that stands in its place has the focus; the next tab goes to the one after it."""
    page = visit().open("/")
    rows = page.locator("#wall-cards > a")
    rows.nth(1).focus()
    key = page.evaluate(FOCUSED_KEY)
    move_on(1_000)
    expect(page.locator(f"#wall-cards [data-key='{key}']")).to_have_count(0)
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(rows.nth(2)).to_be_focused()


@pytest.mark.usefixtures("move_on")
def test_a_change_does_not_take_the_focus_from_where_the_reader_went(
    visit: Visit, site: Site
) -> None:
    """Not by tab to another figure, not by a click on nothing."""
    page = visit().open("/")
    page.focus("#kpi-accepted a")
    page.keyboard.press("Tab")
    site.source.extra["accepted"] = 5_001
    expect(page.locator("#kpi-accepted .figure")).to_have_text("5,001")
    assert focused(page) == "kpi-concluded open"
    page.click("h1")
    site.source.extra["concluded"] = 5_002
    expect(page.locator("#kpi-concluded .figure")).to_have_text("5,002")
    assert page.evaluate("document.activeElement === document.body")


def test_another_page_is_not_given_the_focus_of_the_last(visit: Visit) -> None:
    """The same wall in the other language begins at its beginning."""
    page = visit().open("/")
    page.focus("#kpi-accepted a")
    page.evaluate("history.pushState({}, '', '/?lang=en'); dispatchEvent(new Event('popstate'))")
    expect(page.locator("h1")).to_have_text(say("title", "en"))
    assert page.evaluate("document.activeElement === document.body")


def test_every_figure_opens_what_it_counts(visit: Visit) -> None:
    """The red cards' figure opens the list of red cards; escape comes back."""
    page = visit().open("/")
    page.click("#kpi-red .figure")
    page.wait_for_selector("#case-lines")
    assert "what=red" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector("#wall")


def test_a_score_tells_its_parts(visit: Visit) -> None:
    """On focus: each part with its points, numerator and denominator."""
    page = visit().open("/")
    page.focus(".page[data-current] .score")
    expect(page.locator("#tip")).to_contain_text("时限")
    assert re.search(r"\(\d+ / \d+\)", page.inner_text("#tip"))
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_have_count(0)


def test_a_tip_stays_while_its_figure_changes(
    visit: Visit, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the new parts without going; once closed, no change brings it again."""
    page = visit().open("/")
    score = page.locator(".page[data-current] .score").nth(2)
    score.focus()
    page.evaluate("document.getElementById('tip').dataset.first = ''")
    for seed in (8, 9):
        before = score.get_attribute("data-tip") or ""
        monkeypatch.setattr(site.source, "_seed", seed)
        expect(score).not_to_have_attribute("data-tip", before)
        expect(score).to_be_focused()
        assert page.locator("#tip[data-first]").count() == (1 if seed == 8 else 0)
        assert page.locator("#tip").count() == (1 if seed == 8 else 0)
        page.keyboard.press("Escape")


def test_a_long_list_turns_by_itself(visit: Visit, site: Site) -> None:
    """Thirty-four departments are two pages; the second comes after ten seconds."""
    visitor = visit()
    page = visitor.context.new_page()
    page.clock.install()
    page.goto(site.url)
    page.wait_for_selector("#dept-0[data-current]")
    assert page.locator("#dept-dots button").count() == 2
    assert page.locator("#dept-0 .row").count() == ROWS
    page.clock.fast_forward(11_000)
    page.wait_for_selector("#dept-1[data-current]")


def test_it_does_not_turn_for_who_wants_no_motion(visit: Visit, site: Site) -> None:
    """prefers-reduced-motion: the dots turn it, by hand."""
    page = visit(reduced_motion="reduce").context.new_page()
    page.clock.install()
    page.goto(site.url)
    page.wait_for_selector("#dept-0[data-current]")
    page.clock.fast_forward(30_000)
    page.clock.run_for(2_000)
    assert page.locator("#dept-0[data-current]").count() == 1
    page.click("#dept-dots button >> nth=1")
    page.wait_for_selector("#dept-1[data-current]")


def test_deadlines_count_down_on_the_walls_own_time(visit: Visit, site: Site) -> None:
    """What is left is told against the instant shown, not against the browser's clock."""
    page = visit().open("/")
    page.wait_for_selector(".count:not(:empty)")
    texts = page.locator(".count").all_inner_texts()
    past = re.fullmatch(r"已超 (\d\d):(\d\d):(\d\d)", texts[0])
    assert past
    told = sum(int(part) * unit for part, unit in zip(past.groups(), (3600, 60, 1), strict=True))
    due = int(page.locator(".count").first.get_attribute("data-at") or 0)
    assert told == pytest.approx((site.source.wall().now - due) / 1_000_000, abs=60)
    assert re.fullmatch(r"\d\d:\d\d:\d\d", texts[2])
    first = texts[2]
    expect(page.locator(".count").nth(2)).not_to_have_text(first)


def test_a_demonstration_and_history_are_marked(visit: Visit) -> None:
    """Nobody takes a demonstration or imported history for the present."""
    page = visit().open("/")
    assert "演示 ×1" in page.inner_text("#wall-marks")
    assert page.locator("#wall-cards .mark, #wall-stream .mark").count() > 0


def test_alarms_are_told_aloud(visit: Visit) -> None:
    """A live region holds the system's alarms; another the latest cards."""
    page = visit().open("/")
    assert page.get_attribute("#wall-alarms", "aria-live") == "polite"
    assert page.get_attribute("#wall-cards", "aria-live") == "polite"
    assert "放假通知" in page.inner_text("#wall-alarms")


def test_a_fresh_system_says_how_to_bring_data_in(visit: Visit, site: Site) -> None:
    """In both languages, instead of blank boxes; it gives way to the first case by itself."""
    site.shows("empty")
    page = visit().open("/")
    guide = page.inner_text("#wall-guide")
    assert "还没有办件" in guide
    assert "No cases yet" in guide
    site.source.mode = "lively"
    expect(page.locator("#wall-guide")).to_be_hidden()
    expect(page.locator(".departments")).to_be_visible()


def test_names_from_outside_are_inert(visit: Visit, site: Site) -> None:
    """Markup in a name is shown as text and does nothing."""
    site.shows("evil")
    page = visit().open("/")
    assert EVIL in page.inner_text("#dept-0")
    assert page.evaluate("window.pwned") is None
    assert page.locator("#wall img[src='x']").count() == 0
