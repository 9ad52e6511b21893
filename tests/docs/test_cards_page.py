"""docs/cards.md is true: its tables say what the loop and the product's policy say."""

from __future__ import annotations

import re
from pathlib import Path

from supervision.access.rights import Right
from supervision.acts import DESK_ACTS, ZH
from supervision.judgement.cards import YELLOW
from supervision.loop.commands import NEEDS_REASON
from supervision.loop.stage import DEPARTMENT, MOVES, STAGES_ZH
from tests.court import default_policy
from tests.docs.pages import dead_links

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "cards.md"
PAGE = PATH.read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands below a heading that begins so."""
    (found,) = re.findall(rf"^## {title}[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def table(title: str) -> list[list[str]]:
    """The cells of the rows of a section's table, without its head."""
    rows = re.findall(r"^\|(.*)\|$", section(title), re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_move_stands_there_with_the_stages_from_which_it_is_allowed() -> None:
    """None more, none less."""
    told = {named(row[1])[0]: set(named(row[2])) for row in table("Moves")}
    assert told == {act.__name__: set(stages) for act, stages in MOVES.items()}


def test_every_move_has_its_chinese_name_its_right_and_whether_it_is_explained() -> None:
    """The department answers, all else is supervision."""
    for act_cell, event, _, right, reason in table("Moves"):
        (name,) = named(event)
        act = DESK_ACTS[name]
        assert act_cell.startswith(ZH[name])
        assert named(right) == [Right.ANSWER if act in DEPARTMENT else Right.SUPERVISE]
        assert (reason == "●") == (act in NEEDS_REASON)


def test_every_stage_is_in_the_picture_and_has_its_chinese_name() -> None:
    """All of them, none that there is not."""
    (picture,) = re.findall(r"^## Stages.*?```\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    told = re.findall(r"`(\w+)` (\w+)", section("Stages"))
    assert dict(told) == {str(stage): zh for stage, zh in STAGES_ZH.items()}
    assert [stage for stage in STAGES_ZH if stage not in picture] == []


def test_the_clocks_are_those_of_the_policy_that_comes_with_the_product() -> None:
    """Their limits, and the colour of what follows when they are missed."""
    policy = default_policy()
    colours = {rule.on: rule.severity for rule in policy.rules}
    words = {"reminder": "a reminder", YELLOW: "a yellow card", "red": "a red card"}
    kinds = []
    for _, kind, _, limit, _, missed in table("Clocks"):
        (name,) = named(kind)
        kinds.append(name)
        assert named(limit) == [policy.answers[name]]
        assert missed.startswith(words[colours[name]])
    assert kinds == ["acknowledge", "explain", "rectify", "verify", "decide"]
    assert " → ".join(policy.rungs) in PAGE


def test_what_it_leads_to_is_there() -> None:
    """No dead link."""
    assert dead_links(PATH) == []
