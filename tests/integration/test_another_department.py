"""What the manager of one department gets back tells nothing of another's, whatever he sends.

Found from the application: its routes that are read, its callbacks, its pages, its websocket.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from dashboards.source import WHATS
from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused
from supervision.access.rights import AUDITOR, INSPECTOR, MANAGER, WINDOW
from tests.integration.test_every_route import addresses, ways
from tests.product import until
from tests.visitor import Visitor
from tests.whole import WATER, WOODS, Department, Whole, blank, tells_of, whole_at

pytestmark = pytest.mark.integration

NOBODYS = Department("市无此局", "wuciju", "wuci", "无此事项许可证核发", "吴此人", "无此文字")
"""As long as the other's, and none."""
SEARCHES = (
    "?what=department&value={name}",
    "?what=open&value={name}&lang=en",
    "?q={case}",
    "?q={name}",
    "?q={item_name}&lang=en",
    "?source={source}&case_no={case}&what=department&value={name}",
    "?department={name}&severity=red",
    "?text={case}&item={item_name}&person={name}&lang=en",
)
FORGED = (
    "/case/{source}/{case}",
    "/case/{source}/{case}/history",
    "/case/{source}/{case}/",
    "//case/{source}/{case}",
    "/case/{source}%2F{case}",
    "/case/{source}/%20{case}",
    "/CASE/{source}/{case}",
    "case/{source}/{case}",
    "/case/./{source}/{case}",
    "/cases/../case/{source}/{case}",
    "/case/" + WATER.source + "/{case}",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests here; whose wall is seen has been read once."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        opened.settle()
        for departments in ((), (WATER,), (WOODS,), (WATER, WOODS)):
            who = opened.visit(MANAGER, *departments)
            until(lambda who=who: opened.ask("GET", "/_wall/frame", who).is_success, "a wall")
        yield opened


@pytest.fixture(params=[MANAGER, WINDOW, AUDITOR])
def ours(request: pytest.FixtureRequest, whole: Whole) -> Visitor:
    """Somebody of the water's department alone, who may look at personal data."""
    return whole.visit(request.param, WATER, texts=True)


def filled(text: str, department: Department) -> str:
    """An address about a department."""
    return text.format(**department._asdict(), case=department.cases[0])


def words(department: Department) -> list[str]:
    """What an address about it says."""
    return [department.name, department.source, department.item_name, *department.cases]


def read(whole: Whole) -> list[str]:
    """The addresses that are read."""
    return [way.address for way in ways(whole.app) if way.method == "GET"]


def test_what_is_read_without_asking_for_more_is_of_ones_own(whole: Whole, ours: Visitor) -> None:
    """Routes and pages; and of one's own there is something."""
    answers = [whole.ask("GET", address, ours) for address in read(whole)]
    for page, lang in product(("/", "/cases", "/cards"), ("zh", "en")):
        answers.append(whole.page(ours, page, f"?lang={lang}"))
    assert [found for each in answers if (found := tells_of(each, WOODS))] == []
    assert any(tells_of(each, WATER) for each in answers)


def test_each_of_two_managers_sees_a_wall_of_his_own(whole: Whole) -> None:
    """In a page, a frame, an answer, a file; and whoever sees the whole, both."""
    for departments in ((WATER,), (WOODS,), (WATER, WOODS), ()):
        who, seen = whole.visit(MANAGER, *departments), departments or (WATER, WOODS)
        for answer in (
            whole.page(who, "/"),
            whole.ask("GET", "/_wall/frame", who),
            whole.ask("GET", "/api/v1/wall", who),
            whole.ask("GET", "/api/v1/cases", who),
            whole.ask("GET", "/export/cases.csv", who),
            whole.page(who, "/cards"),
            whole.ask("GET", "/api/v1/cards", who),
            whole.ask("GET", "/export/cards.csv", who),
        ):
            assert [d for d in (WATER, WOODS) if tells_of(answer, d)] == list(seen)


def test_a_forged_query_finds_what_does_not_exist(whole: Whole, ours: Visitor) -> None:
    """The answer is the same, but for the words that were asked."""
    for address, query in product(read(whole), SEARCHES):
        theirs = whole.ask("GET", address + filled(query, WOODS), ours)
        nobodys = whole.ask("GET", address + filled(query, NOBODYS), ours)
        assert theirs.status_code == nobodys.status_code
        assert blank(theirs, *words(WOODS)) == blank(nobodys, *words(NOBODYS)), address


def test_a_forged_callback_finds_what_does_not_exist(whole: Whole, ours: Visitor) -> None:
    """Of each callback, whatever pathname and search it is given."""
    known = whole.callbacks(ours)
    pages = [*FORGED, *addresses()]
    asked = [*((page, "") for page in pages), *product(("/", "/cases", "/cards"), SEARCHES)]
    for callback, (pathname, search) in product(known, asked):
        theirs = whole.call(
            ours, callback, pathname=filled(pathname, WOODS), search=filled(search, WOODS)
        )
        nobodys = whole.call(
            ours,
            callback,
            pathname=filled(pathname, NOBODYS).replace(*_ours_for(WOODS)),
            search=filled(search, NOBODYS),
        )
        assert theirs.status_code == nobodys.status_code
        assert blank(theirs, *words(WOODS)) == blank(nobodys, *words(NOBODYS)), pathname


def _ours_for(department: Department) -> tuple[str, str]:
    return (f"/{department.source}/{department.cases[0]}", f"/{NOBODYS.source}/{NOBODYS.cases[0]}")


def test_no_list_behind_a_figure_goes_on_into_anothers(whole: Whole) -> None:
    """With the key of a page of somebody else's list."""
    inspector, ours = whole.visit(INSPECTOR), whole.visit(MANAGER, WATER)
    for what in WHATS:
        first = f"?what={what}&value={WOODS.name}&limit=1"
        after = whole.ask("GET", f"/api/v1/cases{first}", inspector).json()["next"]
        for key in (after, "", "zzz"):
            forged = {"what": what, "after": key}
            answer = whole.ask("GET", "/api/v1/cases", ours, params=forged)
            assert tells_of(answer, WOODS) == []
            search = f"?what={what}&after={key}"
            assert tells_of(blank(whole.page(ours, "/cases", search), key), WOODS) == []


def test_no_page_of_cards_goes_on_into_anothers(whole: Whole) -> None:
    """With the key of a page of somebody else's cards, forth and back."""
    inspector, ours = whole.visit(INSPECTOR), whole.visit(MANAGER, WATER)
    theirs = f"/api/v1/cards?department={WOODS.name}&limit=1"
    after = whole.ask("GET", theirs, inspector).json()["next"]
    assert after
    for key in (after, "", "zzz"):
        answer = whole.ask("GET", "/api/v1/cards", ours, params={"after": key})
        assert tells_of(answer, WOODS) == []
        for search in (f"?after={quote(key)}", f"?before={quote(key)}", "?before=end"):
            assert tells_of(blank(whole.page(ours, "/cards", search), key), WOODS) == []


def test_texts_of_anothers_case_are_not_shown_for_any_reason(whole: Whole, ours: Visitor) -> None:
    """Those of one's own are, for one."""
    form = {"csrf": ours.csrf, "reason": "核查申请材料"}
    answers = {
        department: whole.ask(
            "POST",
            f"/texts?source={department.source}&case_no={department.cases[0]}",
            ours,
            data=form,
        )
        for department in (WATER, WOODS, NOBODYS)
    }
    assert WATER.text in answers[WATER].text
    assert answers[WOODS].status_code == 404
    assert blank(answers[WOODS], *words(WOODS)) == blank(answers[NOBODYS], *words(NOBODYS))


def test_another_departments_number_is_on_record(whole: Whole) -> None:
    """Who asked for which case; one that does not exist is not."""
    who = whole.visit(MANAGER, WATER, person="lisi")
    for department in (WOODS, NOBODYS):
        whole.page(who, filled("/case/{source}/{case}", department))
    refused = [each for each in whole.trailed() if isinstance(each, AccessRefused)]
    told = [(each.what, each.why) for each in refused if each.by == "lisi"]
    assert told == [(f"case {WOODS.source} {WOODS.cases[0]}", "another department")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_pushed_wall_is_that_of_ones_own(whole: Whole, lang: str) -> None:
    """By websocket, for a manager and for a wall without a person."""
    follow = follows(whole)
    kiosk = whole.kiosk("hall", WATER)
    for who in (whole.visit(MANAGER, WATER), kiosk):
        heard = whole.frames(who, follow, lang=lang)
        assert tells_of(heard, WOODS) == []
        assert WATER.item_name in tells_of(heard, WATER)
    assert WOODS.item_name in tells_of(whole.frames(whole.visit(MANAGER, WOODS), follow), WOODS)


def follows(whole: Whole) -> dict[str, Any]:
    """The callback that goes by websocket; there is one."""
    (found,) = [each for each in whole.callbacks(whole.visit(INSPECTOR)) if each["websocket"]]
    return found
