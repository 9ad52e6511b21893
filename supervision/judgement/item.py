"""What an item's list says, worked out once for all its cases: its limits and the flow of its steps
(domain: 2, 5; Administrative Licensing Act 32, 42–44).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from ..lists import ItemPublished, Step
from .deadline import Limit, listed_limit

LICENCE = "01"
"""Items of kind 01 (行政许可), for which the Licensing Act's articles and defaults hold."""
NOTICE, LEGAL, JOINT, DELIVERY = "5wd", "20wd", "45wd", "10wd"
"""The Act's limits: 32, 42 (a joint case: 45), 44."""
REVIEW = ("review", "审核")
KEPT = 4_096
"""Items that are kept worked out; one takes some 1 KB."""


class Limits(Struct, frozen=True):
    """The limits of an item, the Act's where its list has none; None: no such clock."""

    notice: Limit | None = None
    promise: Limit | None = None
    legal: Limit | None = None
    delivery: Limit | None = None


class Timed(NamedTuple):
    """A step with a limit of its own, and the steps that it follows."""

    step: Step
    limit: Limit
    after: tuple[str, ...]


class Flow(Struct, frozen=True):
    """The steps of an item."""

    order: dict[str, tuple[str, ...]]
    """The predecessors of each step."""
    pairs: tuple[tuple[str, str], ...]
    """The same as pairs: a predecessor, and what follows it."""
    timed: tuple[Timed, ...]
    posts: dict[str, tuple[str, ...]]
    """Who may do a step, where the list says so."""
    reviews: frozenset[str]


NO_LIMITS, NO_FLOW = Limits(), Flow({}, (), (), {}, frozenset())
"""Of a case whose item is not published."""


@lru_cache(maxsize=KEPT)
def limits_of(item: ItemPublished) -> Limits:
    """The limits of an item."""
    notice, promise, legal, delivery = map(
        listed_limit, (item.notice, item.promise, item.legal, item.delivery)
    )
    if item.kind == LICENCE:
        lawful = listed_limit(NOTICE)
        less = notice and lawful and notice.unit == "wd" and notice.n < lawful.n
        notice = notice if less else lawful
        legal = legal or listed_limit(JOINT if item.joint else LEGAL)
        delivery = delivery or listed_limit(DELIVERY)
    return Limits(notice, promise, legal, delivery)


@lru_cache(maxsize=KEPT)
def flow_of(item: ItemPublished) -> Flow:
    """The flow of an item; acceptance has no clock of its own."""
    order = step_order(item)
    limits = ((step, listed_limit(step.limit)) for step in item.steps)
    return Flow(
        order,
        tuple((before, code) for code, some in order.items() for before in some),
        tuple(
            Timed(step, limit, order[step.code])
            for step, limit in limits
            if limit and step.code != "acceptance"
        ),
        {step.code: step.posts for step in item.steps if step.posts},
        frozenset(s.code for s in item.steps if s.code in REVIEW or s.name in REVIEW),
    )


def step_order(item: ItemPublished) -> dict[str, tuple[str, ...]]:
    """The predecessors of each step; a list that names none is a line."""
    if any(step.after for step in item.steps):
        return {step.code: step.after for step in item.steps}
    codes = [step.code for step in item.steps]
    return {code: tuple(codes[max(i - 1, 0) : i]) for i, code in enumerate(codes)}
