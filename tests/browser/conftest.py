"""A server in a thread on a free port with a fake source, and one Chromium for the session."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dashboards.app import Settings, build
from dashboards.producer import Producer
from tests.browser.fake_source import FakeSource

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
    """The running front end: its source can be told what to show, its producer to stop."""

    def __init__(self) -> None:
        self.source = FakeSource(time.time)
        self.server = FastAPI()
        self.app = build(self.source, self.server, Settings(interval=0.25, page_size=50))
        self.producer: Producer = self.server.state.producer
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
        """Stop the producer and the server."""
        self.producer.stop()
        self.uvicorn.should_exit = True
        self.thread.join(10)

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
def running() -> Iterator[Site]:
    """One front end for the session: there is one Dash app a process."""
    site = Site()
    site.begin()
    yield site
    site.end()


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The front end as every test finds it: lively, not failing."""
    running.source.failing = False
    running.source.extra.clear()
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
        opened.append(context)
        return Visitor(context, site)

    yield begin
    for context in opened:
        context.close()
