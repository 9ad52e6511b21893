"""Who may see walls of the past, and of what part: the page, its frames, the marks of its days."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused
from supervision.access.rights import AUDITOR, INSPECTOR, MANAGER
from tests.visitor import Visitor
from tests.whole import WATER, WOODS, Whole, tells_of, told, whole_at

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """Two departments, each with cards."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        opened.settle()
        yield opened


def frame(whole: Whole, who: Visitor | None, query: str = "") -> httpx.Response:
    return whole.ask("GET", f"/_wall/past?{query}", who)


def day(whole: Whole, who: Visitor, query: str = "") -> httpx.Response:
    shown = frame(whole, who).json()["pulse"]["day"]
    return whole.ask("GET", f"/_wall/past/day?day={shown}&{query}", who)


def issued(answer: httpx.Response) -> int:
    """How many cards a day's marks tell of."""
    return sum(sum(counts) for _, *counts in answer.json()["issued"])


def test_a_frame_has_every_place_of_the_wall_and_its_instant(whole: Whole) -> None:
    """In the form of the frames of now; with `since` only what differs."""
    who = whole.visit(INSPECTOR)
    first: Any = frame(whole, who).json()
    places = {name for name, _, _ in first["changes"]}
    assert {"kpi-red", "wall-cards", "wall-stream", "wall-curve", "dept-0"} <= places
    assert first["pulse"]["past"] is True
    assert int(first["pulse"]["now"]) == first["pulse"]["last"]
    again = frame(whole, who, f"at={first['pulse']['at']}&since={first['pulse']['at']}").json()
    assert again["changes"] == []


@pytest.mark.parametrize("role", [INSPECTOR, AUDITOR])
def test_who_has_the_right_sees_the_wall_that_was(whole: Whole, role: str) -> None:
    """An auditor too, who may not see the wall of now; both departments are on it."""
    who = whole.visit(role)
    answer = frame(whole, who)
    assert answer.status_code == 200
    page = whole.page(who, "/", "?at=now")
    for shown in (answer, page):
        assert tells_of(shown, WATER)
        assert tells_of(shown, WOODS)
    assert "replay-band" in page.text
    assert issued(day(whole, who)) > 0


def test_a_part_of_the_world_has_its_own_past(whole: Whole) -> None:
    """Nothing of it tells of another department: figures, lists, names, marks."""
    who, everybody = whole.visit(INSPECTOR, WATER), whole.visit(INSPECTOR)
    for answer in (frame(whole, who), whole.page(who, "/", "?at=now"), day(whole, who)):
        assert answer.status_code == 200
        assert not tells_of(answer, WOODS)
    assert tells_of(frame(whole, who), WATER)
    assert 0 < issued(day(whole, who)) < issued(day(whole, everybody))


def test_who_sees_all_may_ask_for_one_department(whole: Whole) -> None:
    """And is shown what is shown to who sees that one alone."""
    all_of_it, part = whole.visit(INSPECTOR), whole.visit(INSPECTOR, WATER)
    query = f"department={WATER.name}&at=now"
    answer = frame(whole, all_of_it, query)
    assert tells_of(answer, WATER)
    assert not tells_of(answer, WOODS)
    assert answer.json()["changes"] == frame(whole, part, "at=now").json()["changes"]
    assert issued(day(whole, all_of_it, query)) == issued(day(whole, part))


def test_another_department_is_one_that_does_not_exist_and_is_recorded(whole: Whole) -> None:
    """The answers are the same; that somebody tried is in the trail."""
    who = whole.visit(INSPECTOR, WATER)
    other = frame(whole, who, f"department={WOODS.name}")
    none = frame(whole, who, "department=nowhere")
    assert other.status_code == none.status_code == 404
    assert other.json()["code"] == none.json()["code"] == "no_department"
    refused = {each.what for each in whole.trailed() if isinstance(each, AccessRefused)}
    assert f"past wall of {WOODS.name}" in refused


def test_without_the_right_there_is_no_past(whole: Whole) -> None:
    """Neither for a manager, nor for a wall without a person, nor for nobody."""
    manager, kiosk = whole.visit(MANAGER), whole.kiosk("lobby")
    for who in (manager, kiosk):
        assert frame(whole, who).status_code == 403
        page = whole.page(who, "/", "?at=now")
        assert not [*tells_of(page, WATER), *tells_of(page, WOODS)]
        assert "replay-band" not in page.text
    assert "回放" not in told(whole.page(manager, "/"))
    assert "回放" in told(whole.page(whole.visit(INSPECTOR), "/"))
    assert frame(whole, None).status_code == 401


@pytest.mark.parametrize(
    ("at", "code", "status"),
    [
        ("1999-12-31T00:00", "before", 422),
        ("2090-01-01T00:00", "future", 422),
        ("yesterday", "unreadable", 422),
        ("2026-02-30T10:00", "unreadable", 422),
        ("9" * 400, "unreadable", 422),
        ("%00%ff<script>", "unreadable", 422),
    ],
)
def test_an_instant_without_a_wall_is_a_finding(
    whole: Whole, at: str, code: str, status: int
) -> None:
    """In both languages, never an empty wall and never a traceback; on the page as well."""
    who = whole.visit(INSPECTOR)
    answer = frame(whole, who, f"at={at}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["zh"]
    assert answer.json()["en"]
    page = whole.page(who, "/", f"?at={at}")
    assert page.status_code == 200
    assert "这一刻不能回放" in told(page)
    assert "kpi-red" not in page.text


def truth(whole: Whole, who: Visitor, method: str = "GET", more: str = "") -> Any:
    """How far the walls as they truly were are."""
    return whole.ask(method, f"/_wall/past/truth{more}", who).json()


def until_told(whole: Whole, who: Visitor) -> Any:
    """When they are there."""
    for _ in range(1_200):
        told = truth(whole, who)
        if told["state"] != "making":
            return told
        threading.Event().wait(0.05)
    raise AssertionError("they were not told anew in a minute")


def test_a_wall_as_it_truly_was_is_told_for_the_part_that_is_seen(whole: Whole) -> None:
    """Asked for before it was told anew, there is none; then each sees what is theirs."""
    who, other = whole.visit(INSPECTOR), whole.visit(INSPECTOR, WATER)
    none = frame(whole, who, "axis=true&at=now")
    assert (none.status_code, none.json()["code"]) == (409, "truth_none")
    assert truth(whole, who)["state"] == "none"
    assert truth(whole, who, "POST")["state"] == "making"
    told = until_told(whole, who)
    assert told["state"] == "ready", told
    assert told["until"] > 0
    answer = frame(whole, who, "axis=true&at=now")
    assert answer.status_code == 200
    assert tells_of(answer, WATER)
    assert tells_of(answer, WOODS)
    assert answer.json()["differing"]["kinds"] is not None
    part = frame(whole, other, "axis=true&at=now")
    assert tells_of(part, WATER)
    assert not tells_of(part, WOODS)
    one = frame(whole, who, f"axis=true&at=now&department={WATER.name}")
    assert one.json()["changes"] == part.json()["changes"]
    refused = frame(whole, other, f"axis=true&at=now&department={WOODS.name}")
    assert refused.status_code == 404


def test_who_may_not_replay_begins_nothing(whole: Whole) -> None:
    """Neither a manager nor a wall without a person; nor a page of another site."""
    for who in (whole.visit(MANAGER), whole.kiosk("hall")):
        for method, more in (("GET", ""), ("POST", ""), ("POST", "/cancel")):
            assert whole.ask(method, f"/_wall/past/truth{more}", who).status_code == 403
    inspector = whole.visit(INSPECTOR)
    forged = whole.ask(
        "POST", "/_wall/past/truth", inspector, headers={"Origin": "https://evil.example"}
    )
    assert forged.status_code == 403
