"""What a watcher waits for: from an instant to the paint of what it means on an open wall.

The bound is the second that the design allows; the ratio is bound to value, above one if kept.
The product and the browser share the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGS, CHROMIUM
from tests.browser.live_wall import LiveWall, Seen

COUNT = 25
APART = 1.3
"""Seconds between two, no multiple of any period of the product."""
BOUND = 1.0
"""Seconds (design: numbers to reach)."""

Line = tuple[str, float, float, float]
"""What was measured, its value and its bound (s), and the ratio."""


def quantile(sorted_values: list[float], share: float) -> float:
    """The value below which a share lies; of few values the next greater one."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def lines(what: str, seen: list[Seen]) -> list[Line]:
    """p50 and p99."""
    values = sorted(each.latency for each in seen)
    measured = [(share, quantile(values, share / 100)) for share in (50, 99)]
    return [(f"{what}, p{share}", value, BOUND, BOUND / value) for share, value in measured]


def run() -> list[Line]:
    """Limit passed → card painted; event posted → row painted."""
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        with LiveWall(Path(folder) / "home", chromium) as wall:
            crossed = wall.crossings(COUNT, APART)
            arrived = wall.arrivals(COUNT, APART)
        chromium.close()
    return [
        *lines("limit passed → red card seen", crossed),
        *lines("event posted → seen in the stream", arrived),
    ]


if __name__ == "__main__":
    for line in run():
        sys.stdout.write("{}: {:.3f} s of {:.1f} s, {:.2f}\n".format(*line))
