"""The garbage collector of a process that judges: what it holds is many small things without
cycles, which Python would look through again and again (a quarter of the time, measured).
"""

from __future__ import annotations

import gc

YOUNG = 50_000
"""New containers after which the young ones are looked through; Python's own is 700."""


def settle() -> None:
    """What is there now stays as long as the process, and is looked through no more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
