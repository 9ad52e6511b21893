"""The catalogue itself: list changes that must follow in time, and items against the rules.

Of the catalogue, not of a case: shown, and no card on anybody (domain: 5, list; 6, last lines).
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from ..facts import Instant, instant
from ..lists import ItemPublished, ListChangeAnnounced
from .deadline import Deadline, deadline, listed_limit
from .item import step_order
from .shelf import Lists

MOST_STEPS = 3
"""Review and signing steps that an item without parallel branches may have."""
NOT_REVIEWS = ("acceptance", "conclusion", "certificate", "delivery")


class ListClock(NamedTuple):
    """清单: from the announcement of a change until the item's list is published."""

    announcement: ListChangeAnnounced
    started: Instant
    stopped: Instant | None
    end: Deadline

    def late(self, now: Instant) -> bool:
        """Whether the list was not published in time, as far as is known now."""
        return self.end.ends_at <= min(now, self.stopped if self.stopped is not None else now)


def list_clocks(lists: Lists, now: Instant) -> Iterator[ListClock]:
    """The clocks of the announced changes; published is what was known after the announcement."""
    policy = lists.policy("", now, now)
    calendar = lists.calendar(policy.calendar, policy.zone)
    for dated in lists.announcements:
        said = dated.event
        if not isinstance(said, ListChangeAnnounced):
            continue
        limit, start = listed_limit(said.limit), instant(said.announced_at)
        if limit is None:
            continue
        after = [v.known_at for v in lists.versions(said.code) if v.known_at >= start]
        yield ListClock(
            said,
            start,
            min(after, default=None),
            deadline(calendar, start, limit, mode=policy.mode),
        )


def item_faults(item: ItemPublished) -> Iterator[tuple[str, str]]:
    """What an item's list has against the rules: kind and detail."""
    promise, legal = listed_limit(item.promise), listed_limit(item.legal)
    if promise and legal and promise.unit == legal.unit and promise.n > legal.n:
        yield "promise_above_legal", f"{promise} > {legal}"
    reviews = [step.code for step in item.steps if step.code not in NOT_REVIEWS]
    if len(reviews) > MOST_STEPS and not any(step.parallel for step in item.steps):
        yield "too_many_steps", ", ".join(reviews)
    longest = longest_path(item)
    if promise and promise.unit == "wd" and longest > promise.n:
        yield "steps_exceed_promise", f"{longest} > {promise.n}"


def longest_path(item: ItemPublished) -> int:
    """The working days of the longest path of step limits; 0 where the flow is circular."""
    order = step_order(item)
    limits = {step.code: listed_limit(step.limit) for step in item.steps}
    reached: dict[str, int] = {}
    try:
        for code in TopologicalSorter(order).static_order():
            limit = limits.get(code)
            own = limit.n if limit and limit.unit == "wd" else 0
            reached[code] = own + max((reached[p] for p in order.get(code, ())), default=0)
    except CycleError:
        return 0
    return max(reached.values(), default=0)
