"""The bundled lists, and lists that an operator gives."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from supervision import published
from supervision.lists import CalendarPublished, ItemPublished, PolicyPublished
from supervision.published import ListUnreadable

RECEIPT = Path(__file__).parents[2] / "examples" / "receipt" / "lists.json"
SEVERITIES = {"reminder": "#56B4E9", "yellow": "#F0E442", "red": "#D55E00"}


def a_list(**changed: Any) -> bytes:
    item = {
        "type": "ItemPublished",
        "version": "1",
        "announced_at": "2026-01-01T00:00:00+08:00",
        "effective": "2026-01-01",
        "code": "X",
        "name": "示例",
        "department": "示例局",
    }
    return json.dumps({"events": [item | changed]}).encode()


def test_bundled_lists_come_in_the_order_of_their_announcement() -> None:
    events = published.bundled()

    announced = [event.announced_at for event in events]
    assert announced == sorted(announced)
    assert sum(isinstance(event, CalendarPublished) for event in events) == 26
    assert sum(isinstance(event, PolicyPublished) for event in events) == 1


def test_the_default_policy_has_each_rule_once_in_the_colours_of_the_wall() -> None:
    (policy,) = (e for e in published.bundled() if isinstance(e, PolicyPublished))

    assert len({rule.code for rule in policy.rules}) == len(policy.rules) == 18
    assert {rule.severity: rule.colour for rule in policy.rules} == SEVERITIES
    assert all(rule.law and rule.label_zh and rule.label_en for rule in policy.rules)
    assert set(policy.classes.values()) == {"A", "B", "A person"}
    clocks = {rule.on for rule in policy.rules}
    assert policy.answers.keys() <= clocks


def test_the_receipt_example_reads() -> None:
    """Four Dutch calendars, one item without a Chinese limit, one policy for the log's source."""
    events = published.load(RECEIPT)

    assert [type(event).__name__ for event in events] == [
        *["CalendarPublished"] * 4,
        "ItemPublished",
        "PolicyPublished",
    ]
    item, policy = events[4:]
    assert isinstance(item, ItemPublished)
    assert (item.code, item.legal, item.case_limits) == ("WABO-receipt", "56nd", True)
    assert isinstance(policy, PolicyPublished)
    assert (policy.sources, policy.calendar, policy.mode) == (("coselog",), "NL", "to_the_second")


def test_the_service_items_are_whole() -> None:
    text = (published.DATA / "service_items.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))

    assert len(rows) == 1_135
    assert len({row["department"] for row in rows}) == 34


def test_a_list_may_begin_with_a_byte_order_mark() -> None:
    assert published.load(b"\xef\xbb\xbf" + a_list()) == published.load(a_list())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", '"events"'),
        (b'{"events": {}}', '"events"'),
        (b'{"events": [1]}', "entry 1: type must be one of CalendarPublished"),
        (b'{"events": [{"type": []}]}', "type must be one of"),
        (a_list(type="ItemPublishd"), "not 'ItemPublishd'"),
        (a_list(effective="2026-02-30"), r"effective"),
        (a_list(legal=20), r"entry 1 \(ItemPublished\): .*legal"),
        (a_list(limit="20wd"), "has no field limit"),
        (a_list(steps=[{"code": "s", "limt": "1wd"}]), "steps 1: has no field limt"),
        (a_list(announced_at="2026-01-01T00:00:00"), "announced_at: .* has no offset"),
    ],
)
def test_a_broken_list_names_the_entry_and_the_field(data: bytes, why: str) -> None:
    with pytest.raises(ListUnreadable, match=why):
        published.load(data)


def test_a_list_that_is_not_there_says_which() -> None:
    with pytest.raises(ListUnreadable, match=r"nowhere\.json: cannot be read"):
        published.load("nowhere.json")
