"""A case's history: on the server until it can be sent, in the browser until it can be dragged."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dashboards.history_page import history_page
from replay.derive import announced
from replay.timeline import timeline
from supervision.facts import FACTS, Actor, Fact, FactCorrected, instant
from supervision.judgement.cards import moment
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import LISTS
from supervision.store.stored import Stored
from tests.browser.conftest import ARGS, CHROMIUM, Site, Visitor
from tests.court import CHINA, at, item
from tests.histories import bundled_some
from tests.memorylog import DAY, SECOND, Schedule, Transaction, stream_of
from tests.memorylog import run as watched

EVENTS = 200
START = at("2026-02-02")
HOUR = 3_600 * SECOND
ROUNDS = 9
DRAWN_NAMES = ("asked", "own", "all")
SERVER, BROWSER, FRAME = 100.0, 200.0, 16.7
"""Bounds in milliseconds: of the server's part, of the browser's wait, of a step of the slider."""
Measured = tuple[str, str, str, float]
"""What, value, bound, ratio of bound to value: above one if kept."""
CASE = "/case/s/1"
DRAWN = """() => {
  const asked = performance.getEntriesByType("resource")
    .filter((e) => e.name.includes("_dash-update-component")).pop();
  const [drawn] = performance.getEntriesByName("history-drawn");
  const end = drawn.startTime + drawn.duration;
  return { asked: end - asked.requestStart, own: drawn.duration, all: end };
}"""
"""Milliseconds until all is drawn: from asking for the page's body; of that drawing it; from the
address on."""
STEPS = """() => {
  const replay = document.getElementById("history-stage").history, took = [];
  for (const line of ["known", "true"]) {
    replay.turnTo(line);
    for (const moment of replay.moments()) {
      const began = performance.now();
      replay.move(moment.at);
      document.body.offsetHeight;
      took.push(performance.now() - began);
    }
  }
  return took.sort((a, b) => a - b);
}"""


def run() -> Iterable[Measured]:
    """On the server, then in a browser."""
    yield from server()
    yield from browser()


def server() -> Iterator[Measured]:
    """Both lines of the case and what they differ in; what the page is given."""
    stored, shelf, until = long_case()
    truth = announced(shelf)
    took = _milliseconds(lambda: timeline(stored, shelf, until, truth))
    yield _line(f"history: both lines of a case of {len(stored)} events", took, SERVER)
    told = timeline(stored, shelf, until, truth)
    assert told is not None
    took = _milliseconds(lambda: history_page(told, "zh"))
    yield _line("history: its page, from the lines", took, SERVER)


def browser() -> Iterator[Measured]:
    """Shown by the server to a browser of this machine, then every moment of it."""
    case = long_case()
    truth = announced(case[1])
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(Path(folder))
        site.source.timeline = lambda *_: timeline(*case, truth)  # type: ignore[method-assign]
        site.begin()
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        try:
            page = Visitor(_context(chromium, site), site).open(f"{CASE}/history", ".player")
            seen = [_seen(page) for _ in range(ROUNDS)]
            steps = page.evaluate(STEPS)
        finally:
            chromium.close()
            site.end()
    asked, own, whole = (statistics.median(s[name] for s in seen) for name in DRAWN_NAMES)
    yield _line("history: in the browser, from asking for it to drawn", asked, BROWSER)
    yield _line("history: of that, drawing it", own, BROWSER)
    yield _line("history: a step of the slider, p99", steps[int(len(steps) * 0.99)], FRAME)
    yield _line("history: from the address to drawn, Dash's start in it", whole, BROWSER)


def _context(chromium: Browser, site: Site) -> BrowserContext:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies(site.inspector.browser(site.url))  # type: ignore[arg-type]
    return context


def _seen(page: Page) -> dict[str, float]:
    """Once more, with what the browser keeps of it."""
    page.reload()
    page.wait_for_selector(".player")
    told: dict[str, float] = page.evaluate(DRAWN)
    return told


def _milliseconds(work: Callable[[], object]) -> float:
    """Median of some rounds, the first of which is not counted."""
    work()
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000)
    return statistics.median(took)


def _line(what: str, milliseconds: float, bound: float) -> Measured:
    return what, f"{milliseconds:,.1f} ms", f"{bound:,.0f} ms", bound / max(milliseconds, 0.001)


def long_case(events: int = 0) -> tuple[list[Stored], Shelf, int]:
    """A case of about so many events, with all that makes one hard: late facts, corrections, an
    extension; its lists; and an instant after its end.
    """
    facts = list(_facts(events or EVENTS))
    told = [Transaction(START - DAY, [(stream_of(e), e) for e in (*bundled_some(), item())])]
    stamped = sorted((instant(f.occurred_at) + _delay(n), n, f) for n, f in enumerate(facts))
    told += [Transaction(stamp, [(stream_of(f), f)]) for stamp, _, f in stamped]
    until = stamped[-1][0] + DAY
    log = watched(told, until, Schedule(), Random(1))
    lists = [s for s in log.stored if s.topic.partition("/")[0] in LISTS]
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in lists)
    return log.case("s", "1"), shelf, until + 2


def _delay(n: int) -> int:
    return 3 * DAY + n if n % 20 == 7 else 2 * SECOND + n


def _facts(events: int) -> Iterator[Fact]:
    """The first third in two days, the rest hour by hour."""
    for n in range(events - events // 50 - events // 12):
        name = "StepCompleted"
        more: dict[str, Any] = {"step": f"step-{n}", "result": "通过"}
        if n < 2:
            name, more = ("ApplicationReceived", "CaseAccepted")[n], {}
        elif n == 8:
            name, more = "ExtensionApproved", {"days": 5, "approver_post": "局长"}
        elif n % 40 == 11:
            name, more = "ServiceRated", {"grade": 1}
        happened = moment(START + (n * HOUR // 2 if n < events // 3 else n * HOUR), CHINA)
        yield FACTS[name](
            id=f"f{n}",
            source="s",
            case_no="1",
            item="i",
            occurred_at=happened,
            actor=Actor(id=f"P{n % 4}", post="岗", department="区住建局"),
            **more,
        )
        if n % 50 == 30:
            yield FactCorrected(
                id=f"c{n}",
                source="s",
                case_no="1",
                occurred_at=happened + timedelta(hours=30),
                corrects=f"f{n - 3}",
                says={"occurred_at": (happened - timedelta(hours=1)).isoformat()},
                authority="科室负责人",
            )
