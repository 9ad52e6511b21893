"""The pages for alerts in a real browser, on a desk and a telephone; the link pressed for real."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect

from alerts.links import Links, secret_of
from supervision.access.gate import COOKIE
from supervision.acts import CardAcknowledged, CardIssued
from supervision.facts import CaseAccepted
from supervision.notices import ALERTS, CardRef, SilenceSet
from supervision.record import Incoming
from supervision.streams import cards_stream, desk_stream
from tests.alerts_town import AT, HOUR, INSPECTOR, WATER, alerts_in, contact, intended
from tests.browser.measures import LOW_CONTRAST
from tests.browser.test_entry_pages import TOO_WIDE, UNNAMED
from tests.offices_town import START, SYSTEM, Town
from tests.offices_town import secret_of as session_of

pytestmark = pytest.mark.browser

DESK = ViewportSize(width=1280, height=800)
TELEPHONE = ViewportSize(width=390, height=844)
PAGES = (
    (SYSTEM, "/alerts/contacts?person=zhang"),
    (SYSTEM, "/alerts/templates"),
    (SYSTEM, "/alerts/policy"),
    (INSPECTOR, "/alerts/silences"),
    (INSPECTOR, "/alerts/messages"),
)
REF = CardRef("hz", "HZ-2026-000123", "C1")


class Served(NamedTuple):
    """A town, and where it is served."""

    town: Town
    url: str


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """With a contact, a silence, a card and a message about it."""
    with alerts_in(tmp_path / "home") as town, socket.create_server(("127.0.0.1", 0)) as listener:
        _begin(town)
        config = uvicorn.Config(town.client.app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield Served(town, f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.should_exit = True
        thread.join(10)


def _begin(town: Town) -> None:
    silence = SilenceSet(
        at=AT, by=INSPECTOR, silence="s1", reason="系统升级", until=AT.replace(year=2030),
        department=WATER, severity="yellow",
    )  # fmt: skip
    town.record.append(ALERTS, [contact("zhang", WATER), silence], 0)
    fact = CaseAccepted(id="1", source=REF.source, case_no=REF.case_no, occurred_at=AT)
    town.record.append_facts([Incoming(fact)])
    card = CardIssued(
        source=REF.source, case_no=REF.case_no, card=REF.card, at=AT, rule="promise",
        severity="red", colour="#D55E00", label_zh="红牌", label_en="red card", crossed_at=AT,
        item="取水许可", answer_by="2026-03-05",
    )  # fmt: skip
    town.record.append(cards_stream(REF.source, REF.case_no), [card], 0)
    intended(town, "zhang", REF, subject="▲红牌：市水务局 1 件【海州市】", text="请尽快办理")


@pytest.fixture(params=[DESK, TELEPHONE], ids=["desk", "telephone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that may complain of nothing: neither scripts nor the content policy."""
    context = browser.new_context(viewport=request.param)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def seen_by(page: Page, served: Served, who: str, path: str) -> None:
    """Somebody's page, in their session."""
    there = served.url.replace("http:", "https:")
    page.context.add_cookies(
        [{"name": COOKIE, "value": session_of(who), "url": there, "secure": True}]
    )
    page.goto(served.url + path)


@pytest.mark.parametrize(("who", "path"), PAGES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_page_fits_and_can_be_read(
    page: Page, served: Served, who: str, path: str, lang: str
) -> None:
    """Nothing sticks out, every field has a name, every word stands out from its ground."""
    seen_by(page, served, who, path + ("&" if "?" in path else "?") + f"lang={lang}")
    for more in page.locator("details.more").all():
        more.evaluate("each => each.open = true")
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(UNNAMED) == 0
    assert page.evaluate(LOW_CONTRAST) == []


def test_a_link_asks_and_then_acknowledges(page: Page, served: Served) -> None:
    """By keyboard, without a session, and without a cookie left behind."""
    token = Links(secret_of(served.town.record.vault)).make("m1", "zhang", START + HOUR)
    page.goto(f"{served.url}/ack/{token}")
    expect(page.get_by_text("HZ-2026-000123")).to_be_visible()
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(LOW_CONTRAST) == []
    page.get_by_role("button", name="签收以上 1 张牌").press("Enter")
    expect(page.get_by_role("status")).to_have_text("已签收 1 张牌。")
    (act,) = served.town.events(desk_stream(REF.source, REF.case_no))
    assert isinstance(act, CardAcknowledged)
    assert (act.by, act.via) == ("zhang", "link")
    assert page.context.cookies() == []
