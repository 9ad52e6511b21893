"""A case's history: its page, for whom, on record; and the command that replays it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dashboards.looks import COMMAND, HISTORY
from projections.chdb import ChdbEngine
from supervision.access.events import AccessRefused, CaseSeen
from supervision.access.rights import INSPECTOR, MANAGER, SECURITY
from supervision.clock import SteppedClock
from supervision.facts import instant
from supervision.record import Record
from supervision.runners import past_figures, replaying_told
from supervision.runners.cli import main
from supervision.runners.demonstration import backfill, make_plan
from tests.product import until
from tests.visitor import Visitor
from tests.whole import WATER, WOODS, Whole, told, whole_at

pytestmark = pytest.mark.integration
CASE = f"/case/{WATER.source}/{WATER.cases[0]}"


# The page.


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests of the page."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        opened.settle()
        who = opened.visit(INSPECTOR)
        until(lambda: opened.ask("GET", "/_wall/frame", who).is_success, "a wall")
        yield opened


def sent(whole: Whole, who: Visitor, search: str = "") -> dict[str, Any]:
    """All that the page's browser side is given."""
    body = whole.page(who, f"{CASE}/history", search).json()
    found: dict[str, Any] = json.loads(_stage(body)["data-told"])
    return found


def _stage(node: Any) -> dict[str, Any]:
    """The properties of the stage, wherever it stands."""
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and node.get("id") == "history-stage":
        return node
    return next((found for each in inside if (found := _stage(each))), {})


def test_the_page_is_given_all_moments_at_once(whole: Whole) -> None:
    """Both lines, what they differ in, every entry: nothing need be asked while it is dragged."""
    given = sent(whole, whole.visit(INSPECTOR))
    kinds = [entry["kind"] for entry in given["entries"]]
    assert kinds[:2] == ["收件", "受理"]
    assert "发牌" in kinds
    assert given["known"][0]["light"] == "normal"
    assert given["known"][-1]["light"] == "red"
    assert given["true"][0]["at"] < given["known"][0]["at"]
    assert {difference["kind"] for difference in given["differences"]} >= {"late"}


def test_the_page_speaks_english_too(whole: Whole) -> None:
    """By the address."""
    given = sent(whole, whole.visit(INSPECTOR), "?lang=en")
    assert given["words"]["known"] == "As known then"
    assert given["entries"][0]["kind"] == "Received"


def test_it_holds_no_text(whole: Whole) -> None:
    """Not even for who has the right to texts: those are shown elsewhere, for a reason."""
    answer = whole.page(whole.visit(INSPECTOR, texts=True), f"{CASE}/history")
    assert "history-stage" in answer.text
    assert WATER.text not in told(answer)


def test_another_departments_history_is_none(whole: Whole) -> None:
    """Told as a case that does not exist, and on record."""
    who = whole.visit(MANAGER, WOODS)
    answer = whole.page(who, f"{CASE}/history")
    assert "没有这个办件" in told(answer)
    assert "history-stage" not in answer.text
    refused = [each for each in whole.trailed() if isinstance(each, AccessRefused)]
    assert any(each.by == who.session.person and WATER.cases[0] in each.what for each in refused)


def test_who_sees_no_cases_sees_no_history(whole: Whole) -> None:
    """The right is that of cases."""
    answer = whole.page(whole.visit(SECURITY), f"{CASE}/history")
    assert "history-stage" not in answer.text


def test_a_case_that_there_is_not_says_so(whole: Whole) -> None:
    """With a way back."""
    assert "没有这个办件" in told(whole.page(whole.visit(INSPECTOR), "/case/none/none/history"))


def test_who_looks_leaves_an_event(whole: Whole) -> None:
    """Of this case, this person, this way."""
    who = whole.visit(INSPECTOR, person="looker")
    whole.page(who, f"{CASE}/history")
    seen = [each for each in whole.trailed() if isinstance(each, CaseSeen)]
    looks = [(each.by, each.source, each.case_no, each.how) for each in seen]
    assert ("looker", WATER.source, WATER.cases[0], HISTORY) in looks


def test_the_case_page_leads_there(whole: Whole) -> None:
    """In the language of the page."""
    answer = whole.page(whole.visit(INSPECTOR), CASE, "?lang=en")
    assert f"{CASE}/history?lang=en" in told(answer).replace(WATER.cases[0].lower(), WATER.cases[0])


# The command.

PLAN = make_plan(days=4, cases_a_day=40)
AFTER = instant(PLAN.now) + 120_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small city, judged and answered."""
    where = tmp_path_factory.mktemp("city") / "home"
    clock = SteppedClock(PLAN.city().begins)
    record = Record(where, clock)
    backfill(record, clock, PLAN.city(), instant(PLAN.now))
    clock.set(AFTER)
    record.heartbeat()
    record.close()
    return where


@pytest.fixture
def run_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SUPERVISION_HOME", str(home))
    monkeypatch.setattr("supervision.runners.settings.clock_of", lambda _: SteppedClock(AFTER + 1))
    return CliRunner()


def invoked(run_in: CliRunner, *words: str) -> Result:
    return run_in.invoke(main, ["replay", *words])


@pytest.fixture(scope="module")
def case_no(home: Path) -> str:
    """A case with a card."""
    record = Record(home, SteppedClock(0))
    try:
        cards = (s for s in record.read(0, 100_000) if s.stream.endswith("/cards"))
        return next(cards).stream.split("/")[2]
    finally:
        record.close()


@pytest.mark.parametrize("axis", ["known", "true"])
def test_a_case_is_replayed_moment_by_moment(run_in: CliRunner, case_no: str, axis: str) -> None:
    """At once where it is piped: its first fact, its cards, and what the lines differ in."""
    said = invoked(run_in, case_no, "--axis", axis)
    assert (said.exit_code, said.exception) == (0, None)
    lines = said.output.splitlines()
    assert lines[0].startswith(case_no)
    assert ("当时所知 As known then" in lines[1]) == (axis == "known")
    moments = [line[:19] for line in lines if line[:2] == "20"]
    assert moments == sorted(moments)
    assert any("收件" in line and "Received" in line for line in lines)
    assert "发牌" in said.output
    assert ("两轴无差别" in said.output) != ("两轴的差别" in said.output)


def test_it_can_be_replayed_up_to_an_instant(run_in: CliRunner, home: Path, case_no: str) -> None:
    """What came later is not told."""
    whole_of_it = invoked(run_in, case_no).output.splitlines()
    moments = [line for line in whole_of_it if line[:2] == "20"]
    until_then = invoked(run_in, case_no, "--as-of", moments[1][:19])
    assert until_then.exit_code == 0
    told_then = [line for line in until_then.output.splitlines() if line[:2] == "20"]
    assert [line[:19] for line in told_then][-1] == moments[1][:19]
    assert len(told_then) < len(moments)


def test_a_look_by_the_command_is_on_record(run_in: CliRunner, home: Path, case_no: str) -> None:
    """As by the page."""
    invoked(run_in, case_no)
    record = Record(home, SteppedClock(0))
    seen = [s.event for s in record.read_stream("system/access")]
    record.close()
    looks = [(e.case_no, e.how) for e in seen if isinstance(e, CaseSeen)]
    assert (case_no, COMMAND) in looks


def test_in_a_terminal_it_takes_its_time(
    run_in: CliRunner, case_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the speed asked for; a silence is never longer than is bearable."""
    waited: list[float] = []
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda _: True))
    monkeypatch.setattr(replaying_told.time, "sleep", waited.append)
    invoked(run_in, case_no, "--speed", "3600")
    assert max(waited) == replaying_told.LONGEST_SILENCE
    assert any(0 < pause < replaying_told.LONGEST_SILENCE for pause in waited)


def test_without_a_case_the_wall_of_an_instant_is_shown(
    run_in: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who shows past walls."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(past_figures, "show_past", lambda *words: asked.append(words))
    said = invoked(run_in, "--as-of", "2026-03-16T10:00", "--department", "市住建局")
    assert said.exit_code == 0
    assert asked == [("2026-03-16T10:00", "市住建局", "known")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("NO-SUCH",), "no case NO-SUCH"),
        (("{case}", "--source", "nobody"), "no case"),
        (("{case}", "--as-of", "yesterday"), "no date or time"),
        (("{case}", "--as-of", "1999-01-01"), "its first event was recorded"),
        (("{case}", "--as-of", "0001-01-01"), "its first event was recorded"),
        ((), "name a case"),
        (("--as-of", "2026-03-16", "--speed", "2"), "of a case"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    run_in: CliRunner, case_no: str, words: tuple[str, ...], says: str
) -> None:
    """With what to do; never a traceback."""
    said = invoked(run_in, *(word.format(case=case_no) for word in words))
    assert said.exit_code == 1
    assert says in said.output
    assert len(said.output.strip().splitlines()) == 1
