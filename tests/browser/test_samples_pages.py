"""The pages of samples in a real browser, desk and telephone: drawn and checked by keyboard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, expect

from projections.chdb import ChdbEngine
from supervision.access.rights import AUDITOR
from supervision.runners.application import Outside
from tests.browser.measures import LOW_CONTRAST
from tests.browser.test_entry_pages import TOO_WIDE, UNNAMED
from tests.visitor import Visitor
from tests.whole import WATER, Whole, whole_at

pytestmark = [pytest.mark.browser, pytest.mark.integration]

DESK = ViewportSize(width=1280, height=800)
TELEPHONE = ViewportSize(width=390, height=844)


class Served(NamedTuple):
    """The application, where it is served, and the auditor's session."""

    whole: Whole
    url: str
    auditor: Visitor


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Served]:
    """With a sample of which one case was looked at and checked."""
    home = tmp_path_factory.mktemp("samples")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        whole_at(home, chdb, Outside()) as whole,
    ):
        whole.settle()
        auditor = whole.visit(AUDITOR)
        _begin(whole, auditor)
        config = uvicorn.Config(whole.app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield Served(whole, f"http://127.0.0.1:{listener.getsockname()[1]}", auditor)
        server.should_exit = True
        thread.join(10)


def _begin(whole: Whole, auditor: Visitor) -> None:
    sent = {"csrf": auditor.csrf, "seed": "2026-03", "n": "500", "severity": "red"}
    whole.ask("POST", "/samples", auditor, data=sent)
    for way in ("/case/{}/{}", "/case/{}/{}/history"):
        whole.page(auditor, way.format(WATER.source, WATER.cases[0]))
    address = f"/samples/1/check?source={WATER.source}&case_no={WATER.cases[0]}"
    found = {"result": "bad", "defect": ["missing_materials", "late_entry"]}
    whole.ask("POST", address, auditor, data={"csrf": auditor.csrf, **found})


@pytest.fixture(params=[DESK, TELEPHONE], ids=["desk", "telephone"])
def page(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The auditor's page, which may complain of nothing: neither scripts nor the content policy."""
    context = browser.new_context(viewport=request.param)
    context.add_cookies(served.auditor.browser(served.url))  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


CHECK = f"/samples/1/check?source={WATER.source}&case_no={WATER.cases[0]}"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", ["/samples", "/samples/1", "/samples/1?view=print", CHECK])
def test_a_page_fits_and_can_be_read(page: Page, served: Served, path: str, lang: str) -> None:
    """Nothing sticks out, every field has a name, every word stands out from its ground."""
    page.goto(served.url + path + ("&" if "?" in path else "?") + f"lang={lang}")
    for more in page.locator("details.more").all():
        more.evaluate("each => each.open = true")
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(UNNAMED) == 0
    assert page.evaluate(LOW_CONTRAST.replace("#page *", ".forms *"), 4.5) == []


def test_a_sample_is_drawn_and_a_case_checked_by_keyboard(page: Page, served: Served) -> None:
    """From the form to the finding, and back to the line that tells it."""
    page.goto(f"{served.url}/samples")
    page.get_by_text("抽取样本", exact=True).first.press("Enter")
    page.get_by_label("种子").fill("键盘")
    page.get_by_label("件数").fill("1")
    page.get_by_label("件数").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已抽取样本")
    page.get_by_role("link", name="评查").first.press("Enter")
    page.get_by_label("基本合格").press("Space")
    page.get_by_label("文书不规范").press("Space")
    page.get_by_role("button", name="记录评查结果").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已记录办件")
    row = page.locator("#case-1")
    expect(row).to_contain_text("基本合格")
    expect(row).to_contain_text("文书不规范")
    expect(row).to_contain_text(served.auditor.session.person)


def test_on_paper_a_sample_has_no_forms(page: Page, served: Served) -> None:
    """Printed, it is black on white, with its cases and room to sign."""
    page.goto(f"{served.url}/samples/1?view=print")
    page.emulate_media(media="print")
    expect(page.get_by_text("评查人签名").last).to_be_visible()
    expect(page.get_by_text(WATER.cases[0])).to_be_visible()
    expect(page.get_by_role("link", name="返回样本")).to_be_hidden()
