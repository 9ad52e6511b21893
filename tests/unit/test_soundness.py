"""Lists are looked at before they are published: what is stored stays for good."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec import Struct

from supervision.demonstration.items import catalogue
from supervision.lists import Rule, Special, Step
from supervision.published import bundled
from supervision.soundness import faults
from tests.court import item, policy

UNSOUND: list[tuple[str, Struct]] = [
    ("not 1 to 100", item(promise="10000yr")),
    ("not 1 to", item(legal="20 days")),
    ("cap", item(specials=(Special(kind="testing", cap=10**9),))),
    ("no basis", item(specials=(Special(kind="site_visit"),))),
    ("circle", item(steps=(Step(code="a", after=("b",)), Step(code="b", after=("a",))))),
    ("does not have", item(steps=(Step(code="a", after=("z",)),))),
    ("stands twice", item(steps=(Step(code="a"), Step(code="a")))),
    ("takes effect at once", item(applies_to_running=True, effective=date(2099, 1, 1))),
    ("zone", policy(zone="Asia/Beijing")),
    ("mode", policy(mode="sometime")),
    (
        "count",
        policy(
            rules=(
                Rule(code="x", on="standing", severity="red", colour="", label_zh="", label_en=""),
            )
        ),
    ),
    (
        "severity",
        policy(
            rules=(
                Rule(code="x", on="legal", severity="blue", colour="", label_zh="", label_en=""),
            )
        ),
    ),
]


@pytest.mark.parametrize(("word", "event"), UNSOUND, ids=[word for word, _ in UNSOUND])
def test_what_is_unsound_is_named(word: str, event: Any) -> None:
    """Each fault in words that say which part."""
    assert word in " / ".join(faults(event))


def test_what_comes_with_the_product_is_sound() -> None:
    """The notices, the policy and the whole demonstration catalogue."""
    assert [fault for event in (*bundled(), *catalogue()) for fault in faults(event)] == []
