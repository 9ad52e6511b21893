"""`make bench`: the rows of the design's table that exist by now, as ratios in one run.

    python -m tests.bench [PART …] [--rows N] [--cases N]

Parts: append, judging, replay, verify, warehouse, gate, alerts, live, history, cluster.

Every row: what was measured, its value, the bound it is held against, the ratio to that bound.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

PARTS = (
    "append",
    "judging",
    "replay",
    "verify",
    "warehouse",
    "gate",
    "alerts",
    "live",
    "history",
    "cluster",
)
MODULES = {"replay": "replaying", "verify": "verifying"}
"""Parts whose module has another name."""
SIZES = {"warehouse": ("--rows", 10_000_000), "cluster": ("--cases", 1_000_000)}
"""What the parts that have one are measured with."""


def main(words: list[str]) -> int:
    """Run the parts named, all without a name."""
    sizes = {part: [default] for part, (_, default) in SIZES.items()}
    for part, (option, _) in SIZES.items():
        if option in words:
            at = words.index(option)
            sizes[part] = [int(words[at + 1])]
            words = words[:at] + words[at + 2 :]
    if unknown := set(words) - set(PARTS):
        print(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"load at the start: {os.getloadavg()[0]:.1f}\n")
    print(f"{'what':58}  {'value':>16}  {'bound':>26}  {'ratio':>7}")
    for part in words or PARTS:
        run: Callable[..., Any] = import_module(f"tests.bench.{MODULES.get(part, part)}").run
        for what, value, bound, ratio in run(*sizes.get(part, [])):
            line = f"{what:58}  {_text(value):>16}  {_text(bound):>26}  {_text(ratio):>7}"
            print(line, flush=True)
    return 0


def _text(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
