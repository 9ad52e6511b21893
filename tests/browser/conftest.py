"""A server in a thread on a free port with a fake source, and one Chromium for the session."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dashboards.app import DASH_RULES, Settings, build
from dashboards.farewell import WallFarewell
from dashboards.forms.refused import refusal
from dashboards.producer import Producer
from dashboards.truths import Truths
from supervision.access.admission import Times
from supervision.access.gate import Gate, GateConfig
from supervision.access.office import Access
from supervision.access.open import open_access
from supervision.access.rights import EVERYWHERE, INSPECTOR
from supervision.access.rules import Rules
from supervision.clock import SystemClock
from supervision.record import Record
from tests.browser.fake_source import FakeSource
from tests.browser.fake_truths import FakeTruths
from tests.visitor import signed_in

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=15_000)
"""Two busy cores may be slow; what holds at once does not wait."""
WALL_SCREEN = {"width": 1920, "height": 1080}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """The running front end behind its gate: its source can be told what to show, its producer to
    stop. An inspector of the whole is signed in.
    """

    def __init__(self, home: Path) -> None:
        self.source = FakeSource(time.time)
        self.record = Record(home, SystemClock())
        self.access = Access(
            self.record,
            open_access(home, {}),
            now=lambda: time.time_ns() // 1000,
            ticks=time.monotonic,
            times=Times(hours=24, idle_minutes=1_440),
        )
        self.inspector = signed_in(self.access, "inspector", INSPECTOR, texts=True)
        self.server = FastAPI()
        rules = Rules(lambda: self.server.routes)
        rules.declare(DASH_RULES)
        given = Settings(interval=0.25, page_size=50)
        self.truths = FakeTruths(self.source)
        self.front = build(
            self.source,
            self.server,
            lambda *_: None,
            lambda *_: None,
            given,
            cast(Truths, self.truths),
        )
        config = GateConfig(self.front.policy, WallFarewell, refusal)
        self.server.add_middleware(Gate, access=self.access, rules=rules, config=config)
        self.producer: Producer = self.front.producers.of(EVERYWHERE)
        self.port = free_port()
        config = uvicorn.Config(self.server, host="127.0.0.1", port=self.port, log_level="warning")
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Serve; returns when it answers."""
        self.thread.start()
        until(lambda: self.uvicorn.started)

    def end(self) -> None:
        """Stop the producers and the server."""
        self.front.producers.stop()
        self.uvicorn.should_exit = True
        self.thread.join(10)
        self.access.close()
        self.record.close()

    def shows(self, mode: str) -> None:
        """Let the source show something else, and wait until a frame holds it."""
        self.source.mode = mode
        seen = self.source.reads
        self.producer.touch()
        until(lambda: self.source.reads > seen + 1 and self.producer.latest is not None)


def until(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + within
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "the condition was not met in time"
        pause.wait(0.01)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One front end for the session: there is one Dash app a process."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.begin()
    yield site
    site.end()


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The front end as every test finds it: lively, not failing."""
    running.source.failing = False
    running.source.extra.clear()
    running.truths.gone()
    running.producer.start()
    running.shows("lively")
    yield running
    running.source.failing = False


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield chromium
        chromium.close()


class Visitor:
    """A browser context that remembers every request and every complaint."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.requests: list[str] = []
        self.errors: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, path: str = "/", ready: str = "#wall") -> Page:
        """A page, once what it is for is there."""
        page = self.context.new_page()
        page.goto(self.site.url + path)
        page.wait_for_selector(ready)
        if ready == "#wall":
            expect(page.locator("#clock")).not_to_be_empty()
        return page


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """Open a browser context of some size; all are closed at the end."""
    opened: list[BrowserContext] = []

    def begin(**options: Any) -> Visitor:
        context = browser.new_context(**{"viewport": WALL_SCREEN, **options})
        context.add_cookies(site.inspector.browser(site.url))  # type: ignore[arg-type]
        opened.append(context)
        return Visitor(context, site)

    yield begin
    for context in opened:
        context.close()
