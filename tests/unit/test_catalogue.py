"""The catalogue against the rules: lists that follow in time, items that keep to the limits."""

from __future__ import annotations

import pytest

from supervision.demonstration.items import catalogue
from supervision.judgement.catalogue import item_faults, list_clocks
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import ItemPublished, ListChangeAnnounced, Step
from supervision.published import bundled
from tests.court import at, item, when


def clocks(published: str, now: str) -> list[bool]:
    """A change announced on Wednesday 1 July, limit three working days; whether late."""
    announced = ListChangeAnnounced(id="a", code="i", announced_at=when("2026-07-01"))
    base = [Entry(n, n, event) for n, event in enumerate([*bundled(), item()], 1)]
    told = [(at("2026-07-01 09:05"), announced)]
    if published:
        told.append((at(published), item(version="2")))
    shelf = Shelf(base + [Entry(900 + n, stamp, event) for n, (stamp, event) in enumerate(told)])
    return [clock.late(at(now)) for clock in list_clocks(shelf.view(at(now)), at(now))]


@pytest.mark.parametrize(
    ("published", "now", "late"),
    [
        ("", "2026-07-06 23:59", False),
        ("", "2026-07-07 00:00", True),
        ("2026-07-06 18:00", "2026-07-20", False),
        ("2026-07-08 09:00", "2026-07-20", True),
    ],
)
def test_a_list_must_follow_its_announcement_in_three_working_days(
    published: str, now: str, late: bool
) -> None:
    """2, 3 and 6 July are counted; late from 7 July 00:00 on, and for good."""
    assert clocks(published, now) == [late]


LINE = tuple(Step(code=code) for code in ("acceptance", "a", "b", "c", "d", "conclusion"))
LONG = (Step(code="acceptance"), Step(code="a", limit="5wd"), Step(code="b", limit="3wd"))
BRANCHED = (
    Step(code="acceptance"),
    Step(code="a", after=("acceptance",), limit="5wd", parallel=True),
    Step(code="b", after=("acceptance",), limit="3wd", parallel=True),
    Step(code="c", after=("a", "b"), limit="2wd"),
)


@pytest.mark.parametrize(
    ("of", "kinds"),
    [
        (item(promise="25wd", legal="20wd"), ["promise_above_legal"]),
        (item(steps=LINE), ["too_many_steps"]),
        (item(steps=LONG, promise="7wd"), ["steps_exceed_promise"]),
        (item(steps=BRANCHED, promise="7wd"), []),
        (item(), []),
    ],
)
def test_an_items_list_keeps_to_the_rules(of: ItemPublished, kinds: list[str]) -> None:
    """Parallel branches run together: the longest path counts."""
    assert [kind for kind, _ in item_faults(of)] == kinds


def test_the_demonstrations_items_keep_to_them() -> None:
    """Invented, but in order."""
    assert [fault for each in catalogue() for fault in item_faults(each)] == []
