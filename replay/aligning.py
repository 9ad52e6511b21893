"""Which rows of the log are which sealed leaves, from a place on where they do not agree.

Two sequences are aligned by the fewest changes, removals and insertions (Ukkonen's furthest
reaching paths), until so many in a row agree that they do again. A row agrees with a leaf if it has
the leaf's hash when it stands at the leaf's place: so renumbering hides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

Op = Literal["same", "changed", "inserted", "removed"]

MOST_EDITS = 32
"""Changes at one place that are told one by one; more are looked for as whole runs."""
AGREE = 8
"""So many in a row agree: what comes is in step again."""


class Reach(NamedTuple):
    """How far a path has come: leaves and rows behind it, how many agreed last, how it came."""

    leaf: int
    row: int
    run: int
    agreed: int
    before: Reach | None
    op: Op


class Window(NamedTuple):
    """What is aligned: whether row r, counted from here, agrees with leaf l, counted from here;
    how many leaves there are; whether there is a row r.
    """

    agrees: Callable[[int, int], bool]
    leaves: int
    has_row: Callable[[int], bool]


def aligned(window: Window) -> list[Op] | None:
    """The fewest edits from here up to where both agree again, or one of them ends.

    An end at which nothing agrees is believed only where nothing agrees anywhere near. Where it
    takes more than MOST_EDITS, as far as they lead; None if nothing agrees on the way.
    """
    reaches = {0: _slid(window, Reach(0, 0, 0, 0, None, "same"))}
    ended: list[Reach] = []
    for _ in range(MOST_EDITS + 1):
        done = [each for each in reaches.values() if _ends(window, each)]
        if sure := [each for each in done if each.run]:
            return _ops(max(sure, key=_rank))
        ended = ended or done
        reaches = {on: each for on, each in reaches.items() if each not in done}
        reaches = _further(window, reaches)
    if ended:
        return _ops(max(ended, key=_rank))
    far = max(reaches.values(), key=lambda reach: reach.agreed)
    return _ops(far) if far.agreed else None


def _ends(window: Window, reach: Reach) -> bool:
    return reach.run >= AGREE or reach.leaf >= window.leaves or not window.has_row(reach.row)


def _rank(reach: Reach) -> tuple[int, int, int]:
    """The more agreed the better; then as many rows as leaves."""
    return reach.run, reach.agreed, -abs(reach.leaf - reach.row)


def _further(window: Window, reaches: dict[int, Reach]) -> dict[int, Reach]:
    """One edit more, on every diagonal (leaf minus row)."""
    found: dict[int, Reach] = {}
    for reach in reaches.values():
        for leaf, row, op in (
            (reach.leaf + 1, reach.row + 1, "changed"),
            (reach.leaf, reach.row + 1, "inserted"),
            (reach.leaf + 1, reach.row, "removed"),
        ):
            on, other = leaf - row, found.get(leaf - row)
            if other is None or _is_better(leaf, op, reach, other):
                found[on] = Reach(leaf, row, 0, reach.agreed, reach, op)  # type: ignore[arg-type]
    return {on: _slid(window, reach) for on, reach in found.items()}


def _is_better(leaf: int, op: str, reach: Reach, other: Reach) -> bool:
    """Further on; as far, with more that agreed on the way; as many, by a plain change."""
    return (leaf, reach.agreed, op == "changed") > (other.leaf, other.agreed, other.op == "changed")


def _slid(window: Window, reach: Reach) -> Reach:
    leaf, row, run = reach.leaf, reach.row, 0
    while run < AGREE and leaf < window.leaves and window.has_row(row):
        if not window.agrees(row, leaf):
            break
        leaf, row, run = leaf + 1, row + 1, run + 1
    return reach._replace(leaf=leaf, row=row, run=run, agreed=reach.agreed + run)


def _ops(reach: Reach) -> list[Op]:
    ops: list[Op] = []
    at: Reach | None = reach
    while at is not None:
        ops += ["same"] * at.run
        if at.before is not None:
            ops.append(at.op)
        at = at.before
    return ops[::-1]
