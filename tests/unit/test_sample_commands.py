"""`supervise sample`: drawn, told and checked in the terminal; what goes wrong is a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from replay.sampling import Sampling
from supervision.access.events import ACCESS, SAMPLES, CaseSeen, SampleChecked, SampleDrawn
from supervision.clock import SystemClock
from supervision.facts import Actor, ApplicationReceived, CaseConcluded
from supervision.record import Incoming, Record
from supervision.runners.cli import main
from tests.court import CHINA

BEGIN = datetime(2026, 3, 2, 9, tzinfo=CHINA)
DEPARTMENT = "市水务局"


@pytest.fixture
def record(home: Path) -> Iterator[Record]:
    """Twelve cases in the home, every third concluded; A-3 in two source systems."""
    home.mkdir(parents=True)
    opened = Record(home, SystemClock())
    for n in range(12):
        _case(opened, "s", n)
    _case(opened, "t", 3)
    yield opened
    opened.close()


def _case(record: Record, source: str, n: int) -> None:
    at, actor = BEGIN + timedelta(days=n), Actor(id="P", department=DEPARTMENT)
    said: dict[str, Any] = {"source": source, "case_no": f"A-{n}", "item": "i", "actor": actor}
    facts = [Incoming(ApplicationReceived(id=f"{source}-{n}", occurred_at=at, **said))]
    if n % 3 == 0:
        facts.append(Incoming(CaseConcluded(id=f"{source}-{n}-end", occurred_at=at, **said)))
    record.append_facts(facts)


@pytest.fixture
def run(record: Record) -> Callable[..., str]:
    """A command on that home."""

    def typed(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(main, ["sample", *words], catch_exceptions=False)
        assert (done.exit_code != 0) == fails, done.output
        return done.output

    return typed


def drawn(record: Record) -> SampleDrawn:
    """The last sample."""
    found = [e for s in record.read_stream(SAMPLES) if isinstance(e := s.event, SampleDrawn)]
    return found[-1]


def test_a_sample_is_drawn_and_recorded(run: Callable[..., str], record: Record) -> None:
    """In the name of the console, with criteria as they were given."""
    said = run(
        "draw", "--seed", "2026-03", "-n", "3", "--state", "open", "--from", "2026-03-03",
        "--department", DEPARTMENT,
    )  # fmt: skip
    made = drawn(record)
    assert made.by.startswith("console:")
    assert made.criteria == {"department": DEPARTMENT, "state": "open", "from": "2026-03-03"}
    assert (made.population, len(made.cases)) == (8, 3)
    assert f"样本 sample 1: 3 / 8  种子 seed 2026-03  日志位置 position {made.position}" in said
    assert all(each.case_no in said for each in made.cases)


def test_without_a_seed_one_is_made_up_and_told(run: Callable[..., str], record: Record) -> None:
    """Another each time."""
    seeds = set()
    for _ in range(2):
        said = run("draw", "-n", "1")
        seeds.add(drawn(record).seed)
        assert drawn(record).seed in said
    assert len(seeds) == 2
    assert all(re.fullmatch(r"\d{16}", seed) for seed in seeds)


def test_the_page_and_the_terminal_tell_of_the_same_samples(
    run: Callable[..., str], record: Record
) -> None:
    """As JSON to the machine; the newest first."""
    run("draw", "--seed", "a", "-n", "20")
    made = json.loads(run("draw", "--seed", "b", "-n", "2", "--json"))
    assert (made["sample"], made["seed"], len(made["cases"])) == ("2", "b", 2)
    listed = json.loads(run("list", "--json"))
    assert [each["sample"] for each in listed] == ["2", "1"]
    assert run("list").index("样本 sample 2") < run("list").index("样本 sample 1")
    shown = json.loads(run("show", "2", "--json"))
    assert [each["case"]["case_no"] for each in shown["cases"]] == [
        each.case_no for each in drawn(record).cases
    ]
    assert shown["totals"][-1]["drawn"] == 2


def test_fewer_cases_than_asked_for_are_told(run: Callable[..., str]) -> None:
    """All are taken."""
    said = run("draw", "--seed", "a", "-n", "500")
    assert "只有 13 件，已全部抽取" in said
    assert "only 13 meet the criteria" in said


def test_a_sample_is_drawn_again_and_compared(
    run: Callable[..., str], record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same: it says so. Another: a finding, and no "ok"."""
    run("draw", "--seed", "a", "-n", "4", "--state", "open")
    _case(record, "s", 40)
    assert "✓ 重新抽取与记录相符" in run("show", "1", "--again")
    monkeypatch.setattr(Sampling, "is_repeated", lambda *_: False)
    said = run("show", "1", "--again", fails=True)
    assert "重新抽取与样本 1 不符" in said
    assert "✓" not in said


def test_a_finding_is_recorded_and_shown(run: Callable[..., str], record: Record) -> None:
    """With who looked at the case meanwhile."""
    run("draw", "--seed", "a", "-n", "500")
    record.note(
        ACCESS, lambda at: CaseSeen(at=at, by="zhang", source="s", case_no="A-1", how="page")
    )
    said = run(
        "check", "1", "A-1", "--result", "bad", "--defect", "late_entry", "--defect",
        "missing_notice",
    )  # fmt: skip
    assert "已记录 recorded: A-1 不合格 bad 告知缺失" in said
    done = record.read_stream(SAMPLES)[-1].event
    assert isinstance(done, SampleChecked)
    assert (done.source, done.defects) == ("s", ("missing_notice", "late_entry"))
    shown = run("show", "1")
    assert "zhang 办件页" in shown
    assert "评查 1 (合格 0 基本合格 0 不合格 1)" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["draw", "-n", "0"], "件数须为 1 至 500"),
        (["draw", "--severity", "blue"], "曾发牌须为"),
        (["draw", "--from", "soon"], "收件自不是日期"),
        (["draw", "--item", "none"], "没有符合条件的办件"),
        (["draw", "--department", "a|b"], "部门名称不得含 |"),
        (["show", "9"], "没有样本 9"),
        (["check", "9", "A-1", "--result", "good"], "没有样本 9"),
        (["check", "1", "none", "--result", "good"], "不在样本 1 中"),
        (["check", "1", "A-3", "--result", "good"], "add --source with one of them"),
        (["check", "1", "A-1", "--result", "bad"], "请至少选择一项问题"),
        (["check", "1", "A-1", "--result", "good", "--defect", "late_entry"], "不列问题"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_told_in_a_line(
    run: Callable[..., str], record: Record, words: list[str], says: str
) -> None:
    """Nothing is recorded of it."""
    run("draw", "--seed", "a", "-n", "500")
    before = record.version(SAMPLES)
    said = run(*words, fails=True)
    assert says in said
    assert len(said.strip().splitlines()) == 1
    assert record.version(SAMPLES) == before


def test_of_two_cases_of_a_number_the_named_one_is_checked(
    run: Callable[..., str], record: Record
) -> None:
    """By its source system."""
    run("draw", "--seed", "a", "-n", "500")
    run("check", "1", "A-3", "--source", "t", "--result", "good")
    assert list(Sampling(record).sample("1").checks) == [("t", "A-3")]


def test_where_there_is_no_log_it_says_so(home: Path) -> None:
    """And makes none."""
    done = CliRunner().invoke(main, ["sample", "list"])
    assert done.exit_code == 1
    assert "there is no log in" in done.output
    assert not home.exists()


def test_no_samples_are_told_with_what_to_do(run: Callable[..., str]) -> None:
    """Not an empty answer."""
    assert "supervise sample draw" in run("list")
