"""The real product on the real clock with its wall open: when is what happened seen on it?

Cases bring deadlines some seconds ahead, so that they are crossed while the wall is open. The page
itself notes when a row first stood in a list, just before it is painted.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect

from tests.browser.signed import signed_in
from tests.product import Product, supervise, until

SOURCE = "live"
DEPARTMENT = "市数据局"
ZONE = ZoneInfo("Asia/Shanghai")
AHEAD = 5.0
"""Seconds from reporting a case to its deadline: it must be on the wall before."""
LISTS = {
    "events": [
        {
            "type": "ItemPublished",
            "version": "1",
            "announced_at": "2026-01-01T00:00:00+08:00",
            "effective": "2026-01-01",
            "title": "自带时限的事项（测试）",
            "code": SOURCE,
            "name": "自带时限的事项",
            "department": DEPARTMENT,
            "kind": "10",
            "legal": "5wd",
            "case_limits": True,
        },
        {
            "type": "PolicyPublished",
            "version": "1",
            "announced_at": "2026-01-01T00:00:00+08:00",
            "effective": "2026-01-01",
            "title": "精确到秒的监察规则（测试）",
            "code": SOURCE,
            "sources": [SOURCE],
            "zone": "Asia/Shanghai",
            "calendar": "CN",
            "mode": "to_the_second",
            "rules": [
                {
                    "code": "legal_past",
                    "on": "legal",
                    "severity": "red",
                    "colour": "#D55E00",
                    "label_zh": "红牌",
                    "label_en": "Red card",
                    "law": "办件自带的期限",
                }
            ],
        },
    ]
}

WATCHING = """(() => {
  const seen = { cards: {}, stream: {}, red: {} };
  const now = () => performance.timeOrigin + performance.now();
  const name = (a) => decodeURIComponent(a.pathname.split("/")[3] || "");
  const look = () => {
    ["cards", "stream"].forEach((list) => {
      document.querySelectorAll("#wall-" + list + " a[data-key]").forEach((a) => {
        if (!(name(a) in seen[list])) seen[list][name(a)] = now();
      });
    });
    const red = document.querySelector("#kpi-red .figure");
    if (red && !(red.textContent in seen.red)) seen.red[red.textContent] = now();
  };
  let asked = false;
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; look(); });
  }).observe(document, { childList: true, subtree: true, characterData: true });
  window.seenOnWall = seen;
})()"""
"""Notes the first sight of each case in the lists, and of each value of the red figure."""


class Seen(NamedTuple):
    """Something that happened at an instant and was first seen at another, in epoch seconds."""

    what: str
    happened: float
    seen: float

    @property
    def latency(self) -> float:
        """Seconds from one to the other."""
        return self.seen - self.happened


def event(case: str, kind: str, at: datetime, **data: Any) -> dict[str, Any]:
    """A CloudEvent of this source."""
    return {
        "specversion": "1.0",
        "id": f"{case}-{kind}",
        "source": SOURCE,
        "type": kind,
        "subject": case,
        "time": at.isoformat(),
        "data": {"item": SOURCE, "actor": {"id": "u1", "department": DEPARTMENT}, **data},
    }


def publish_lists(home: Path) -> None:
    """The item and the policy of these cases."""
    file = home.parent / "live-lists.json"
    file.write_text(json.dumps(LISTS, ensure_ascii=False), encoding="utf-8")
    done = supervise(home, "publish", str(file))
    assert done.returncode == 0, done.stderr


def new_key(home: Path) -> str:
    """A key of this source."""
    done = supervise(home, "key", "new", SOURCE)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class LiveWall:
    """A running product without a city, its wall open in a browser, as a context."""

    def __init__(self, home: Path, browser: Browser) -> None:
        self.product = Product(home, "--empty")
        self.home = home
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.expect_complaints = False
        self._browser = browser
        self._cases = 0

    def __enter__(self) -> LiveWall:
        publish_lists(self.home)
        self.key = new_key(self.home)
        self.product.start()
        self._context = self._browser.new_context(viewport={"width": 1920, "height": 1080})
        signed_in(self._context, self.product)
        self._context.add_init_script(WATCHING)
        self._context.on("request", lambda request: self.requests.append(request.url))
        self._context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self._context.on("console", self._heard)
        self.page: Page = self._context.new_page()
        self.page.goto(self.product.url)
        expect(self.page.locator("#live")).to_have_attribute("data-state", "live")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.close()
        self.product.stop()

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not self.expect_complaints:
            self.errors.append(message.text)

    def begin_case(self, ahead: float, *, accept: bool = True) -> tuple[str, datetime]:
        """Report a new case that is due so many seconds from now: its number and its deadline."""
        self._cases += 1
        case, now = f"L-{self._cases:04d}", datetime.now(ZONE)
        due = now + timedelta(seconds=ahead)
        told = [event(case, "ApplicationReceived", now, deadline=due.isoformat())]
        told += [event(case, "CaseAccepted", now)] if accept else []
        answers = self.product.post(told, self.key)["results"]
        assert [answer["status"] for answer in answers] == ["stored"] * len(told), answers
        return case, due

    def seen(self, where: str) -> dict[str, float]:
        """What was first seen in "cards", "stream" or "red", and when."""
        found: dict[str, float] = self.page.evaluate(f"window.seenOnWall.{where}")
        return {what: at / 1000 for what, at in found.items()}

    def crossings(self, count: int, apart: float) -> list[Seen]:
        """Cases whose deadlines pass one by one: when each did, and when its card was seen."""
        due = dict(self.begin_case(AHEAD + n * apart) for n in range(count))
        wanted = lambda: all(case in self.seen("cards") for case in due)  # noqa: E731
        until(wanted, "the red cards on the wall")
        seen = self.seen("cards")
        return [Seen(case, at.timestamp(), seen[case]) for case, at in due.items()]

    def arrivals(self, count: int, apart: float) -> list[Seen]:
        """Cases reported one by one: when each request began, and when it was seen."""
        begun: dict[str, float] = {}
        for _ in range(count):
            at = datetime.now(ZONE).timestamp()
            case, _ = self.begin_case(86_400, accept=False)
            begun[case] = at
            self.page.wait_for_timeout(apart * 1000)
        until(lambda: all(c in self.seen("stream") for c in begun), "the events on the wall")
        seen = self.seen("stream")
        return [Seen(case, at, seen[case]) for case, at in begun.items()]
