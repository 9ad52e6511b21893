"""The page of what-if and re-derivation, gate to log."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from threading import Event

import httpx
import pytest

from dashboards.whatif_jobs import Jobs
from dashboards.words_whatif import BECAUSE, SEVERITIES, WHAT, WHY, WORDS
from projections.chdb import ChdbEngine
from replay import reasons
from replay.every_case import Cancelled, Watching
from replay.what_if import WhatIf
from supervision.access import rights as roles
from supervision.access.rights import EVERYWHERE, Reach
from tests.product import until
from tests.visitor import Visitor
from tests.whole import WATER, WOODS, Whole, tells_of, whole_at

pytestmark = pytest.mark.integration
HERE = "/what-if"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """Two departments with three overdue cases each, judged."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        opened.settle()
        yield opened


@pytest.fixture
def everywhere(whole: Whole) -> Visitor:
    return whole.visit(roles.INSPECTOR)


@pytest.fixture
def of_water(whole: Whole) -> Visitor:
    return whole.visit(roles.AUDITOR, WATER)


def told(whole: Whole, who: Visitor, lang: str = "zh", path: str = HERE) -> str:
    """The page, once no work goes on."""

    def ended() -> httpx.Response | None:
        answer = whole.ask("GET", f"{path}{'&' if '?' in path else '?'}lang={lang}", who)
        assert answer.status_code == 200
        return None if 'http-equiv="refresh"' in answer.text else answer

    answer: httpx.Response = until(ended, "the work to end")
    return answer.text


def ask(whole: Whole, who: Visitor, path: str = HERE, **fields: str) -> httpx.Response:
    return whole.ask("POST", path, who, data=fields)


def text_of(page: str) -> str:
    """What a reader reads of its body."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main>")[2]))


def cases_links(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="(/what-if/cases\?[^"]+)"', page)]


def test_a_shorter_promise_is_told_by_department_and_case(
    whole: Whole, everywhere: Visitor
) -> None:
    """Asked, worked out, told; each figure opens the cards behind it, each card its case."""
    head = whole.record.head()
    begun = ask(whole, everywhere, promise="-40%")
    assert (begun.status_code, begun.headers["location"]) == (303, HERE)
    page = told(whole, everywhere)
    assert "承诺时限 -40%" in page
    assert WATER.name in page
    assert WOODS.name in page
    link = next(each for each in cases_links(page) if "moved" in each)
    cases = told(whole, everywhere, path=link)
    numbers = [case for each in (WATER, WOODS) for case in each.cases if case in cases]
    assert numbers
    assert f"/case/{WATER.source}/{WATER.cases[0]}" in cases or f"/case/{WOODS.source}" in cases
    assert "承诺" in text_of(cases)
    assert whole.record.head() >= head
    assert not {s.stream for s in whole.record.read(head, 1_000)} - {"system/access"}


def test_as_if_nothing_had_been_late_is_a_change_of_its_own(
    whole: Whole, everywhere: Visitor
) -> None:
    """Cases that were reported months late: their cards, had they been reported in time."""
    ask(whole, everywhere, nothing_late="yes")
    page = told(whole, everywhere)
    assert "假设无任何迟报" in page
    cases = [told(whole, everywhere, path=link) for link in cases_links(page)]
    assert any(BECAUSE["late_fact"][0] in each for each in cases)


def test_it_is_told_in_english_too(whole: Whole, everywhere: Visitor) -> None:
    """By ?lang=en, with the words of the change."""
    ask(whole, everywhere, promise="-40%")
    page = told(whole, everywhere, "en")
    assert "the promise -40 %" in page
    assert "as published → as changed" in page


def test_a_viewer_of_one_department_sees_its_cases_alone(whole: Whole, of_water: Visitor) -> None:
    """In the figures, in the cases, in what may be chosen, and in the number of cases."""
    ask(whole, of_water, promise="-40%")
    page = told(whole, of_water)
    assert "共 3 件" in page
    for each in (page, *(told(whole, of_water, path=link) for link in cases_links(page))):
        assert tells_of(each, WOODS) == []
    ask(whole, of_water, promise="-40%", department=WOODS.name)
    page = told(whole, of_water)
    assert "共 0 件" in page
    assert "没有可看的办件" in page


def test_rederiving_says_equal(whole: Whole, everywhere: Visitor, of_water: Visitor) -> None:
    """Every act follows; of one department, its cases alone are compared."""
    ask(whole, everywhere, HERE + "/rederive")
    assert "完全一致" in told(whole, everywhere)
    ask(whole, of_water, HERE + "/rederive")
    page = told(whole, of_water, "en")
    assert "Equal: 3 cases" in page
    assert tells_of(page, WOODS) == []


def test_a_difference_is_told_with_its_case(
    whole: Whole, everywhere: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loudly where it is unexplained: word, shape, the field that differs, a link to the case."""
    monkeypatch.setattr("supervision.judgement.reconcile._last_actor", lambda case: "somebody else")
    ask(whole, everywhere, HERE + "/rederive")
    page = told(whole, everywhere)
    assert "▲ 原因不明" in page
    assert "somebody else" in page
    assert f'href="/case/{WATER.source}/{WATER.cases[0]}"' in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "至少填写一项"),
        ({"promise": "forty"}, "百分数"),
        ({"settle": "many"}, "整数"),
        ({"holiday": "soon"}, "不是日期"),
        ({"promise": "-40%", "since": "2026-13-01"}, "不是日期"),
        ({"mode": "by_feeling"}, "不是计时方式"),
    ],
)
def test_what_makes_no_sense_is_told_on_the_page(
    whole: Whole, everywhere: Visitor, fields: dict[str, str], said: str
) -> None:
    """422, what to write instead, and what was typed is still there."""
    answer = ask(whole, everywhere, **fields)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    for text in fields.values():
        if text != "by_feeling":
            assert f'value="{text}"' in answer.text


def test_what_is_not_there_is_told_after_the_work(whole: Whole, everywhere: Visitor) -> None:
    """An item nobody published: said on the page, and no figure."""
    ask(whole, everywhere, promise="-40%", item="none such")
    assert "已发布的清单中没有此项" in text_of(told(whole, everywhere))


def test_only_who_may_replay_may_ask(whole: Whole) -> None:
    """A manager may not, whatever the address; nobody is told anything."""
    manager = whole.visit(roles.MANAGER, WATER)
    for method, path in (
        ("GET", HERE),
        ("POST", HERE),
        ("POST", HERE + "/rederive"),
        ("POST", HERE + "/cancel"),
        ("GET", HERE + "/cases"),
    ):
        assert whole.ask(method, path, manager).status_code == 403


def test_somebody_elses_result_is_not_shown(whole: Whole, everywhere: Visitor) -> None:
    """What one person asked for, another of the same reach does not see."""
    ask(whole, everywhere, promise="-40%")
    told(whole, everywhere)
    other = whole.visit(roles.INSPECTOR, person="another")
    assert "承诺时限 -40%" not in told(whole, other)
    assert whole.ask("GET", HERE + "/cases", other).status_code == 303


# The work behind the page.


def waiting(begun: Event) -> Callable[[Watching], WhatIf]:
    """Work that goes on until it is cancelled."""

    def work(watching: Watching) -> WhatIf:
        begun.set()
        until(watching.cancelled, "being cancelled")
        raise Cancelled

    return work


def ended(jobs: Jobs) -> None:
    until(lambda: not jobs.is_busy(), "the work to end")


def test_one_work_goes_on_at_a_time() -> None:
    """Who asks meanwhile is told so; nobody else can cancel it; afterwards the next may begin."""
    jobs, begun = Jobs(), Event()
    assert jobs.start("zhang", EVERYWHERE, {}, waiting(begun))
    assert begun.wait(30)
    assert not jobs.start("li", EVERYWHERE, {}, waiting(begun))
    jobs.cancel("li")
    assert jobs.is_busy()
    jobs.cancel("zhang")
    ended(jobs)
    job = jobs.of("zhang", EVERYWHERE)
    assert job is not None
    assert job.state == "cancelled"
    assert jobs.start("li", EVERYWHERE, {}, waiting(begun))
    jobs.stop()


def test_a_server_that_stops_ends_the_work() -> None:
    """And begins nothing more."""
    jobs, begun = Jobs(), Event()
    jobs.start("zhang", EVERYWHERE, {}, waiting(begun))
    assert begun.wait(30)
    jobs.stop()
    ended(jobs)
    assert not jobs.start("zhang", EVERYWHERE, {}, waiting(begun))


def test_a_result_is_for_the_part_of_the_world_it_was_made_of() -> None:
    """Who may see less by now is not shown it."""
    jobs, begun = Jobs(), Event()
    jobs.start("zhang", EVERYWHERE, {}, waiting(begun))
    jobs.stop()
    assert jobs.of("zhang", Reach(frozenset({"市水务局"}))) is None
    assert jobs.of("zhang", EVERYWHERE) is not None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_ends_the_work_with_words() -> None:
    """It does not seem to go on for ever."""

    def broken(_: Watching) -> WhatIf:
        raise ZeroDivisionError

    jobs = Jobs()
    jobs.start("zhang", EVERYWHERE, {}, broken)
    jobs.stop()
    job = jobs.of("zhang", EVERYWHERE)
    assert job is not None
    assert job.state == "failed"
    assert "defect" in str(job.why)


def test_the_pages_word_tables_are_whole() -> None:
    """Every difference, reason and card has words in both languages."""
    whats = {reasons.MISSING, reasons.NOT_DERIVED, reasons.CONTENT, reasons.ORDER}
    assert {*whats, reasons.UNREADABLE} == WHAT.keys()
    whys = {v for n, v in vars(reasons).items() if n.isupper() and v in WHY}
    assert whys == WHY.keys()
    for table in (WORDS, WHAT, WHY, SEVERITIES, BECAUSE):
        assert all(zh and en for zh, en in table.values())


def test_the_style_sheet_is_served(whole: Whole, everywhere: Visitor) -> None:
    """What the page links to is there."""
    page = told(whole, everywhere)
    for link in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
        assert whole.ask("GET", html.unescape(link), everywhere).status_code == 200
