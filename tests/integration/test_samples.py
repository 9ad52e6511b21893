"""The pages of samples (案卷抽查) over the whole application: cases drawn, looked at, checked and
taken along, within the reach of whoever asks.

Above 400 lines: one thing that is done with a sample a test, over one application.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dashboards.forms import samples_work
from projections.chdb import ChdbEngine
from replay.every_case import Cancelled, Watching
from replay.sampling import Asked, Sampling
from supervision.access.events import (
    SAMPLES,
    AccessRefused,
    Exported,
    SampleChecked,
    SampleDrawn,
)
from supervision.access.rights import AUDITOR, INSPECTOR, ROLES, Right
from supervision.errors import StoreBusy
from supervision.facts import Actor, ApplicationReceived
from supervision.record import Incoming
from supervision.runners.application import application
from tests.access import AT
from tests.visitor import Visitor
from tests.whole import NAVIGATING, OUTSIDE, WATER, WOODS, Whole, tells_of, whole_at

pytestmark = pytest.mark.integration

SEED = re.compile(r'name="seed"[^>]* value="(\d{16})"')


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """The application over three cases of each of two departments, with their cards."""
    with whole_at(tmp_path_factory.mktemp("samples"), chdb) as opened:
        opened.settle()
        yield opened


@pytest.fixture(autouse=True)
def later(whole: Whole) -> None:
    """What one test looked at, the next one looks at anew."""
    whole.time.pass_by(601)


@pytest.fixture
def auditor(whole: Whole) -> Visitor:
    """Of the whole."""
    return whole.visit(AUDITOR)


@pytest.fixture
def ours(whole: Whole) -> Visitor:
    """An inspector of the water's department alone."""
    return whole.visit(INSPECTOR, WATER)


def asked(who: Visitor, **fields: Any) -> dict[str, Any]:
    """A form that draws."""
    return {"csrf": who.csrf, "seed": "2026-03", "n": "2"} | fields


def draw(whole: Whole, who: Visitor, **fields: Any) -> str:
    """Draw a sample; its number."""
    answer = whole.ask("POST", "/samples", who, data=asked(who, **fields))
    assert answer.status_code == 303, answer.text
    found = re.match(r"/samples/(\d+)\?", answer.headers["location"])
    assert found, answer.headers["location"]
    return found[1]


def page(whole: Whole, who: Visitor, path: str) -> httpx.Response:
    """A page as a browser asks for it."""
    return whole.ask("GET", path, who, headers=NAVIGATING)


def events(whole: Whole) -> list[Any]:
    """What the stream of samples holds."""
    return [each.event for each in whole.record.read_stream(SAMPLES)]


def check(whole: Whole, who: Visitor, number: str, case_no: str, **fields: Any) -> httpx.Response:
    """Send the form of a finding."""
    path = f"/samples/{number}/check?source={WATER.source}&case_no={case_no}"
    return whole.ask("POST", path, who, data={"csrf": who.csrf, **fields})


def row(answer: httpx.Response, case_no: str) -> str:
    """What a sample's page says of a case."""
    rows: list[str] = re.findall(r'<tr id="case-.*?</tr>', answer.text, re.DOTALL)
    return next(re.sub(r"<[^>]+>", " ", each) for each in rows if f">{case_no}<" in each)


# Drawing.


def test_a_sample_is_drawn_by_the_form_and_told(whole: Whole, auditor: Visitor) -> None:
    """With seed, population, position, criteria and its cases; the log holds the same."""
    number = draw(whole, auditor, n="4", state="open", severity="red")
    drawn = events(whole)[-1]
    assert isinstance(drawn, SampleDrawn)
    assert (drawn.sample, drawn.by) == (number, auditor.session.person)
    assert drawn.criteria == {"severity": "red", "state": "open"}
    shown = page(whole, auditor, f"/samples/{number}?done=drawn")
    assert [each.case_no for each in drawn.cases if row(shown, each.case_no)]
    assert f"已抽取样本 {number}。" in shown.text
    for said in ("2026-03", "4 / 6", str(drawn.position), "曾发牌：红牌；状态：在办"):
        assert said in shown.text
    listed = page(whole, auditor, "/samples").text
    assert f'href="/samples/{number}"' in listed
    english = page(whole, auditor, f"/samples/{number}?lang=en").text
    assert "card ever issued: red card; state: open" in english


def test_what_the_form_prefills_is_another_seed_each_time(whole: Whole, auditor: Visitor) -> None:
    """Nobody can foresee it; whoever agreed on another types that."""
    seeds = {
        found[1]
        for _ in range(3)
        if (
            found := re.search(
                r'name="seed"[^>]* value="(\d{16})"', page(whole, auditor, "/samples").text
            )
        )
    }
    assert len(seeds) == 3


def test_of_fewer_cases_than_asked_for_all_are_taken_and_it_says_so(
    whole: Whole, auditor: Visitor
) -> None:
    """In the language of the page."""
    answer = whole.ask("POST", "/samples", auditor, data=asked(auditor, n="500"))
    shown = page(whole, auditor, answer.headers["location"]).text
    assert "要求 500 件，符合条件的只有 6 件，已全部抽取。" in shown
    english = page(whole, auditor, answer.headers["location"] + "&lang=en").text
    assert "500 were asked for; only 6 meet the criteria" in english


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"n": "0"}, "件数须为 1 至 500"),
        ({"n": "501"}, "件数须为 1 至 500"),
        ({"n": "many"}, "件数须为 1 至 500"),
        ({"seed": ""}, "种子须为"),
        ({"seed": "a\0b"}, "种子须为"),
        ({"severity": "blue"}, "曾发牌须为"),
        ({"from": "2026-03-09", "to": "2026-03-02"}, "起日晚于止日"),
        ({"from": "soon"}, "收件自不是日期"),
        ({"item": "none"}, "没有符合条件的办件"),
        ({"department": "市无此局"}, "没有符合条件的办件"),
        ({"to": "2001-01-01"}, "没有符合条件的办件"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_told_and_the_form_kept(
    whole: Whole, auditor: Visitor, fields: dict[str, str], says: str
) -> None:
    """One line on top; nothing is recorded."""
    before = len(events(whole))
    answer = whole.ask("POST", "/samples", auditor, data=asked(auditor, n="7") | fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'value="{fields.get("n", "7")}"' in answer.text
    assert len(events(whole)) == before


def test_a_store_that_takes_nothing_is_told(
    whole: Whole, auditor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample was not drawn; the page says so."""

    def busy(*_: object) -> None:
        raise StoreBusy("log.db", "locked")

    monkeypatch.setattr(whole.record, "append", busy)
    answer = whole.ask("POST", "/samples", auditor, data=asked(auditor))
    assert answer.status_code == 503
    assert "数据库暂不可用" in answer.text


def test_a_long_drawing_tells_how_far_it_has_come(
    whole: Whole, auditor: Visitor, ours: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page renews itself until it leads on to the sample; nobody else sees it."""
    may_go_on, begun = threading.Event(), threading.Event()
    draws = Sampling.draw

    def slow(self: Sampling, given: Any, by: str, watching: Watching, _: int) -> SampleDrawn:
        watching.progress(1_234, 5_678)
        begun.set()
        assert may_go_on.wait(20)
        return draws(self, given, by, watching, 0)

    monkeypatch.setattr(samples_work, "PATIENCE", 0.0)
    monkeypatch.setattr(Sampling, "draw", slow)
    answer = whole.ask("POST", "/samples", auditor, data=asked(auditor))
    there = answer.headers["location"]
    assert there.startswith("/samples/drawing/")
    assert begun.wait(20)
    waiting = page(whole, auditor, there)
    assert (waiting.status_code, 'http-equiv="refresh"' in waiting.text) == (200, True)
    assert "已查看 1,234 件办件，共 5,678 件" in waiting.text
    assert f'href="{there}"' in page(whole, auditor, "/samples").text
    assert there not in page(whole, ours, "/samples").text
    assert page(whole, ours, there).status_code == 404
    may_go_on.set()
    while (answer := page(whole, auditor, there)).status_code == 200:
        threading.Event().wait(0.01)
    assert answer.headers["location"] == f"/samples/{events(whole)[-1].sample}?done=drawn"


def endless(self: Sampling, given: Any, by: str, watching: Watching, processes: int) -> SampleDrawn:
    """A drawing that goes on until it is cancelled."""
    while not watching.cancelled():
        threading.Event().wait(0.001)
    raise Cancelled


def test_a_person_draws_one_sample_at_a_time_and_may_cancel_it(
    whole: Whole, auditor: Visitor, ours: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one is refused in words while it goes on; another person's waits for its turn, and
    is cancelled there. Nothing of either is recorded, and the next one is drawn.
    """
    before = len(events(whole))
    with monkeypatch.context() as slow:
        slow.setattr(samples_work, "PATIENCE", 0.0)
        slow.setattr(Sampling, "draw", endless)
        there = whole.ask("POST", "/samples", auditor, data=asked(auditor)).headers["location"]
        refused = whole.ask("POST", "/samples", auditor, data=asked(auditor, n="7"))
        assert (refused.status_code, 'value="7"' in refused.text) == (409, True)
        assert "您的上一次抽取还在进行" in refused.text
        waits = whole.ask("POST", "/samples", ours, data=asked(ours)).headers["location"]
        assert "前面还有别的抽取" in page(whole, ours, waits).text
        assert (
            whole.ask("POST", f"{there}/cancel", ours, data={"csrf": ours.csrf}).status_code == 404
        )
        slow.setattr(samples_work, "PATIENCE", 20.0)
        for who, mine in ((ours, waits), (auditor, there)):
            answer = whole.ask("POST", f"{mine}/cancel", who, data={"csrf": who.csrf})
            assert answer.headers["location"] == mine
            assert "抽取已取消，没有记录任何内容" in page(whole, who, mine).text
    assert len(events(whole)) == before
    assert draw(whole, auditor) == events(whole)[-1].sample


def test_what_is_being_drawn_ends_with_the_server(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it would take, and no other is begun."""
    monkeypatch.setattr(samples_work, "PATIENCE", 0.0)
    monkeypatch.setattr(Sampling, "draw", endless)
    work = samples_work.Work(Sampling(whole.record))
    drawing = work.begin(Asked("s", 1), "li")
    assert work.going("li") is drawing
    work.stop()
    assert isinstance(drawing.error, samples_work.DrawingCancelled)
    with pytest.raises(samples_work.DrawingGoesOn):
        work.begin(Asked("s", 1), "wang")


def test_the_end_of_the_application_ends_what_is_drawn(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, when it stops."""
    stopped: list[samples_work.Work] = []

    def stop(work: samples_work.Work) -> None:
        stopped.append(work)

    monkeypatch.setattr(samples_work.Work, "stop", stop)
    app = application(whole.system, whole.place, whole.office, OUTSIDE)

    async def life() -> None:
        async with app.router.lifespan_context(app):
            assert stopped == []

    asyncio.run(life())
    assert len(stopped) == 1


def test_drawings_that_ended_are_forgotten_in_time(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest first; none that goes on."""
    monkeypatch.setattr(samples_work, "KEPT", 2)
    work = samples_work.Work(Sampling(whole.record))
    drawn = [work.begin(Asked("s", 1), f"p{n}") for n in range(4)]
    assert all(each.drawn for each in drawn)
    assert [work.find(each.id, each.by) is not None for each in drawn] == [False, False, True, True]


def test_a_drawing_that_there_is_not_is_told(whole: Whole, auditor: Visitor) -> None:
    """As after a restart."""
    answer = page(whole, auditor, "/samples/drawing/0123456789abcdef")
    assert answer.status_code == 404
    assert "没有这次抽取" in answer.text


# Who may.


@pytest.mark.parametrize("role", list(ROLES))
def test_only_who_may_replay_sees_and_draws_samples(
    whole: Whole, auditor: Visitor, role: str
) -> None:
    """Inspectors and auditors."""
    number, who = draw(whole, auditor), whole.visit(role)
    allowed = Right.REPLAY in ROLES[role]
    for path in ("/samples", f"/samples/{number}", f"/samples/{number}/cases.csv"):
        assert whole.ask("GET", path, who).status_code == (200 if allowed else 403)
    before = len(events(whole))
    sent = whole.ask("POST", "/samples", who, data=asked(who))
    assert sent.status_code == (303 if allowed else 403)
    assert len(events(whole)) - before == allowed


def test_a_departmental_viewer_draws_in_their_departments_only(whole: Whole, ours: Visitor) -> None:
    """Choosing none means all of theirs, and the sample says so; another's is refused."""
    number = draw(whole, ours, n="500")
    drawn = events(whole)[-1]
    assert drawn.criteria == {"department": WATER.name}
    assert {each.case_no for each in drawn.cases} == set(WATER.cases)
    assert tells_of(page(whole, ours, f"/samples/{number}"), WOODS) == []
    before = len(events(whole))
    for wanted in (WOODS.name, f"{WATER.name}|{WOODS.name}", "市无此局"):
        answer = whole.ask("POST", "/samples", ours, data=asked(ours, department=wanted))
        assert answer.status_code == 422
        assert "所选部门不在您的范围内" in answer.text
    assert len(events(whole)) == before
    assert tells_of(page(whole, ours, "/samples"), WOODS) == []


def test_a_sample_that_reaches_further_is_as_one_that_there_is_not(
    whole: Whole, auditor: Visitor, ours: Visitor
) -> None:
    """In the list, by its address, as a file, to be checked; the try is on record."""
    numbers = [draw(whole, auditor, n="500"), draw(whole, auditor, department=WOODS.name)]
    listed = page(whole, ours, "/samples").text
    for number in numbers:
        assert f"/samples/{number}" not in listed
        query = f"check?source={WATER.source}&case_no={WATER.cases[0]}"
        for more in ("", f"/{query}", "/cases.csv"):
            answer = page(whole, ours, f"/samples/{number}{more}")
            assert answer.status_code == 404
            assert f"没有样本 {number}" in answer.text
            assert tells_of(answer, WOODS) == []
        answer = check(whole, ours, number, WATER.cases[0], result="good")
        assert answer.status_code == 404
    assert [each for each in events(whole) if isinstance(each, SampleChecked)] == []
    refused = [each for each in whole.trailed() if isinstance(each, AccessRefused)]
    told = {(each.by, each.what, each.why) for each in refused}
    assert (ours.session.person, f"sample {numbers[0]}", "another department") in told


def test_a_case_that_went_to_another_department_is_left_out(whole: Whole, ours: Visitor) -> None:
    """And the page says that there is one; it cannot be checked by whoever may not see it."""
    number = draw(whole, ours, n="500")
    actor = Actor(id="x", post="窗口", department=WOODS.name)
    moved = ApplicationReceived(
        id=f"{WATER.cases[2]}-40", source=WATER.source, case_no=WATER.cases[2], item=WOODS.item,
        occurred_at=AT, actor=actor, data_version=2,
    )  # fmt: skip
    # The first fact, sent again, names the woods.
    both = ApplicationReceived(
        id=f"{WATER.cases[2]}-41", source=WATER.source, case_no=WATER.cases[2], item=WOODS.item,
        occurred_at=AT.replace(year=2025), actor=actor,
    )  # fmt: skip
    whole.record.append_facts([Incoming(moved), Incoming(both)])
    shown = page(whole, ours, f"/samples/{number}")
    assert WATER.cases[2] not in shown.text
    assert "有 1 件现属您范围以外的部门或已作废，未列出。" in shown.text
    assert check(whole, ours, number, WATER.cases[2], result="good").status_code == 404
    assert WATER.cases[2] not in page(whole, ours, f"/samples/{number}/cases.csv").text


# What was looked at, and what was found.


def test_who_opens_a_case_of_a_sample_is_named_there(
    whole: Whole, auditor: Visitor, ours: Visitor
) -> None:
    """With the way and the time; who looked before it was drawn is not."""
    case_no = WATER.cases[0]
    whole.page(ours, f"/case/{WATER.source}/{case_no}")
    whole.time.pass_by(60)
    number = draw(whole, auditor, n="500", department=WATER.name)
    assert "未查看" in row(page(whole, auditor, f"/samples/{number}"), case_no)
    whole.page(auditor, f"/case/{WATER.source}/{case_no}")
    told = row(page(whole, auditor, f"/samples/{number}"), case_no)
    assert "未查看" not in told
    assert f"{auditor.session.person}" in told
    assert "办件页" in told
    assert ours.session.person not in told
    assert "未查看" in row(page(whole, auditor, f"/samples/{number}"), WATER.cases[1])


def test_who_looked_before_and_again_after_the_drawing_is_named(
    whole: Whole, auditor: Visitor
) -> None:
    """Within ten minutes of the first look: a look before the sample hides none behind it."""
    case_no = WATER.cases[0]
    whole.page(auditor, f"/case/{WATER.source}/{case_no}")
    number = draw(whole, auditor, n="500", department=WATER.name)
    assert "未查看" in row(page(whole, auditor, f"/samples/{number}"), case_no)
    whole.page(auditor, f"/case/{WATER.source}/{case_no}")
    assert "未查看" not in row(page(whole, auditor, f"/samples/{number}"), case_no)


def test_a_finding_is_recorded_and_told_and_the_last_holds(whole: Whole, auditor: Visitor) -> None:
    """By the form: result and defects, who and when; the totals count it."""
    number, case_no = draw(whole, auditor, n="500", department=WATER.name), WATER.cases[0]
    form = page(whole, auditor, f"/samples/{number}/check?source=shuiwu&case_no={case_no}")
    assert form.status_code == 200
    assert f'href="/case/{WATER.source}/{case_no}"' in form.text
    answer = check(
        whole, auditor, number, case_no, result="bad", defect=["late_entry", "missing_materials"]
    )
    assert answer.status_code == 303
    done = events(whole)[-1]
    assert isinstance(done, SampleChecked)
    assert (done.result, done.defects) == ("bad", ("missing_materials", "late_entry"))
    shown = page(whole, auditor, answer.headers["location"].partition("#")[0])
    assert f"已记录办件 {case_no} 的评查结果。" in shown.text
    told = row(shown, case_no)
    for said in ("✕", "不合格", "材料不全", "补录", auditor.session.person):
        assert said in told
    assert check(whole, auditor, number, case_no, result="good").status_code == 303
    assert "✓  合格" in row(page(whole, auditor, f"/samples/{number}"), case_no)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "请选择评查结果"),
        ({"result": "great"}, "请选择评查结果"),
        ({"result": "bad"}, "请至少选择一项问题"),
        ({"result": "good", "defect": "late_entry"}, "合格的案卷不列问题"),
        ({"result": "bad", "defect": "ugly"}, "不认识的问题代码"),
    ],
    ids=str,
)
def test_a_finding_that_makes_no_sense_is_told_and_the_form_kept(
    whole: Whole, auditor: Visitor, fields: dict[str, str], says: str
) -> None:
    """Nothing is recorded."""
    number = draw(whole, auditor, n="500", department=WATER.name)
    before = len(events(whole))
    answer = check(whole, auditor, number, WATER.cases[0], **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert len(events(whole)) == before


def test_a_case_that_was_not_drawn_and_a_sample_that_there_is_not_are_told(
    whole: Whole, auditor: Visitor
) -> None:
    """In a line, with the way back."""
    number = draw(whole, auditor, department=WOODS.name)
    answer = check(whole, auditor, number, WATER.cases[0], result="good")
    assert answer.status_code == 404
    assert f"办件 {WATER.cases[0]} 不在样本 {number} 中" in answer.text
    for path in ("/samples/999999", "/samples/x", "/samples/999999/cases.csv"):
        answer = page(whole, auditor, path)
        assert answer.status_code == 404
        assert "没有样本" in answer.text


# Taken along.


def test_a_file_of_a_sample_is_on_record_and_computes_nothing(
    whole: Whole, auditor: Visitor
) -> None:
    """Each case with its looks and its finding; a cell that looks like a formula is text."""
    evil = ApplicationReceived(
        id="evil", source="=cmd", case_no="=1+1", occurred_at=AT,
        actor=Actor(id="x", department="@SUM(市财政局)"),
    )  # fmt: skip
    whole.record.append_facts([Incoming(evil)])
    number = draw(whole, auditor, n="500")
    whole.page(auditor, f"/case/{WATER.source}/{WATER.cases[0]}")
    check(whole, auditor, number, WATER.cases[0], result="fair", defect="late_entry")
    before = len([each for each in whole.trailed() if isinstance(each, Exported)])
    answer = page(whole, auditor, f"/samples/{number}/cases.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="sample-{number}.csv"'
    lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert lines[0][:3] == ["序号", "来源系统", "办件"]
    cells = {line[2]: line for line in lines[1:]}
    assert cells["'=1+1"][1:6:4] == ["'=cmd", "'@SUM(市财政局)"]
    ours = cells[WATER.cases[0]]
    assert ours[10:13] == ["基本合格", "补录", auditor.session.person]
    assert f"{auditor.session.person} 办件页" in ours[9]
    exported = [each for each in whole.trailed() if isinstance(each, Exported)][before:]
    assert [(each.what, each.value) for each in exported] == [("sample", number)]


def test_a_sample_is_put_on_paper_with_room_to_sign(whole: Whole, auditor: Visitor) -> None:
    """No forms, no links to cases."""
    number = draw(whole, auditor)
    shown = page(whole, auditor, f"/samples/{number}?view=print").text
    assert "评查人签名" in shown
    assert "/check?" not in shown
    assert "/case/" not in shown


def test_the_trail_tells_of_samples(whole: Whole, auditor: Visitor) -> None:
    """In a book of its own."""
    number = draw(whole, auditor, n="500", department=WATER.name)
    check(whole, auditor, number, WATER.cases[0], result="bad", defect="missing_notice")
    shown = page(whole, whole.visit("audit_admin"), "/trail?book=samples").text
    assert (
        f"评查样本 {number} 的办件 {WATER.cases[0]}（{WATER.source}）：不合格；问题：告知缺失"
        in shown
    )
    assert f"抽取样本 {number}：种子 2026-03，总体 " in shown


def test_the_head_bar_leads_to_samples_whoever_may_replay(whole: Whole, auditor: Visitor) -> None:
    """And nobody else."""
    assert 'href="/samples"' in page(whole, auditor, "/account").text
    assert 'href="/samples"' not in page(whole, whole.visit("manager"), "/account").text


def test_nothing_of_samples_is_kept_by_browsers(whole: Whole, auditor: Visitor) -> None:
    """Nor by what lies between."""
    number = draw(whole, auditor)
    for path in ("/samples", f"/samples/{number}", f"/samples/{number}/cases.csv"):
        assert page(whole, auditor, path).headers["cache-control"] == "no-store"
