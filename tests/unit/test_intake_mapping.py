"""A mapping is checked when it is read, and says what a line means."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.facts import ApplicationReceived, CaseConcluded, Fact, FeeCharged, StepCompleted
from supervision.intake.applying import Applier, OpenCase, Refusal, Told
from supervision.intake.csvfile import read_csv
from supervision.intake.mapping import LINE_HASH, MappingWrong, load_mapping
from supervision.intake.rows import Row

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = """
source = "s"
zone = "Asia/Shanghai"
[case]
case_no = "no"
[event]
id = "id"
activity = "what"
time = "at"
[unmapped]
as = "step"
"""


def mapping_of(folder: Path, text: str) -> Any:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def apply(mapping: Any, *lines: dict[str, str]) -> tuple[list[Told], list[Refusal]]:
    """The facts and refusals of the lines of one case."""
    applier, case = Applier(mapping), OpenCase("1", 2)
    refusals = [
        refusal
        for number, line in enumerate(lines, 2)
        for refusal in applier.take(Row(number, {"no": "1", **line}), case)
    ]
    told, more = applier.close(case)
    return told, refusals + more


def fact_of(mapping: Any, line: dict[str, str]) -> Fact:
    told, refusals = apply(mapping, line)
    assert not refusals
    return told[0].incoming.fact


LINE = {"id": "e1", "what": "审核", "at": "2026-11-20 09:30"}


def test_an_activity_that_is_not_mapped_is_a_step_if_the_mapping_says_so(tmp_path: Path) -> None:
    """With the activity as the step, and the zone's offset on the time."""
    expected = StepCompleted(
        id="e1",
        source="s",
        case_no="1",
        occurred_at=datetime.fromisoformat("2026-11-20T09:30:00+08:00"),
        step="审核",
    )
    assert fact_of(mapping_of(tmp_path, SMALL), LINE) == expected


def test_an_activity_that_is_not_mapped_is_refused_otherwise(tmp_path: Path) -> None:
    """The reason names it."""
    mapping = mapping_of(tmp_path, SMALL.replace('as = "step"', 'as = "refuse"'))
    _, refusals = apply(mapping, LINE)
    assert refusals == [Refusal(2, "1", "the mapping says nothing of the activity '审核'")]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("zone", "zoned", "no key 'zoned'; did you mean zone?"),
        ("case_no", "caseno", "case: no key 'caseno'; did you mean case_no?"),
        ("activity", "activty", "event: no key 'activty'; did you mean activity?"),
        ('as = "step"', 'as = "steps"', "unmapped.as: must be one of step, refuse"),
        ("Asia/Shanghai", "Asia/Shangai", "is no time zone"),
        ('source = "s"', "", "source: must be text"),
        ('source = "s"', 'source = "s"\nformat = "xlsx"', "format: must be one of csv, xes"),
        ('source = "s"', 'source = "s"\nencoding = "big5"', "encoding: must be one of auto"),
        ('source = "s"', 'source = "s"\ndelimiter = ""', "delimiter: must be one sign"),
        ('source = "s"', 'source = "s"\ntimes = ["%Q"]', "is no form of a whole date"),
        ('source = "s"', 'source = "s"\ntimes = ["%H:%M"]', "is no form of a whole date"),
        ('id = "id"\n', "", "event: id is missing"),
        ('id = "id"', "id = {colum = 1}", "event.id: no key 'colum'; did you mean column?"),
        ('id = "id"', "id = {}", "event.id: needs one of column, columns or const"),
        ("[unmapped]", '[[fact]]\nactivity="a"\nkind="CaseClosed"\n[unmapped]', "is no kind of"),
        (
            "[unmapped]",
            '[[fact]]\nactivity="a"\nkind="FeeCharged"\n[unmapped]',
            "amount is missing",
        ),
        (
            "[unmapped]",
            '[[fact]]\nactivity="a"\nkind="CaseRefused"\nfields={resaon="r"}\n[unmapped]',
            "no key 'resaon'; did you mean reason?",
        ),
        ("[unmapped]", '[[fact]]\nkind="CaseRefused"\n[unmapped]', "activity is missing"),
        ("[unmapped]", '[[start]]\nkind="CaseAccepted"\n[unmapped]', "time is missing"),
        ("[unmapped]", "[fact]\n[unmapped]", "write [[fact]]"),
        ("[case]", "[case", "is not TOML"),
    ],
)
def test_a_slip_of_the_pen_is_named_with_what_was_meant(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    """No column is lost because of a key that nobody reads."""
    with pytest.raises(MappingWrong, match=re.escape(says)):
        mapping_of(tmp_path, SMALL.replace(before, after))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30 09:00", "is no time that exists"),
        ("2025-02-29", "is no time that exists"),
        ("", "the time is missing"),
        ("1900-01-01", "the year 1900"),
        ("2011-03-27 02:30", "does not exist in Europe/Amsterdam"),
    ],
)
def test_a_time_that_does_not_exist_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    """Impossible dates, stand-ins for none, and the hour that a zone skips."""
    mapping = mapping_of(tmp_path, SMALL.replace("Asia/Shanghai", "Europe/Amsterdam"))
    told, refusals = apply(mapping, {**LINE, "at": text})
    assert not told
    assert reason in refusals[0].reason


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2026-11-20T09:30:00"),
        ("iso", "2026-11-20T01:30:00Z"),
        ("%Y年%m月%d日 %H:%M", "2026年11月20日 09:30"),
        ("%Y/%m/%d %H:%M", "2026/11/20 9:30"),
        ("epoch", "1795138200"),
        ("epoch-ms", "1795138200000"),
    ],
)
def test_times_may_be_written_in_several_forms(tmp_path: Path, form: str, text: str) -> None:
    """All of these are half past nine in Shanghai."""
    mapping = mapping_of(tmp_path, SMALL.replace("[case]", f'times = ["{form}"]\n[case]', 1))
    expected = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
    assert fact_of(mapping, {**LINE, "at": text}).occurred_at == expected


def test_a_time_without_offset_needs_a_zone(tmp_path: Path) -> None:
    """Nobody guesses one."""
    mapping = mapping_of(tmp_path, SMALL.replace('zone = "Asia/Shanghai"', ""))
    _, refusals = apply(mapping, LINE)
    assert "the mapping names no zone" in refusals[0].reason


def test_of_two_readings_when_clocks_are_put_back_the_earlier_is_meant(tmp_path: Path) -> None:
    """Half past two on 30 October 2011 in Amsterdam is first +02:00."""
    mapping = mapping_of(tmp_path, SMALL.replace("Asia/Shanghai", "Europe/Amsterdam"))
    expected = datetime.fromisoformat("2011-10-30T02:30:00+02:00")
    assert fact_of(mapping, {**LINE, "at": "2011-10-30 02:30"}).occurred_at == expected


def test_a_line_hash_is_the_same_next_time_and_tells_equal_lines_apart(tmp_path: Path) -> None:
    """Columns of the case, which fill up later, do not change the ids of its lines."""
    text = SMALL.replace('id = "id"', f'id = "{LINE_HASH}"')
    text += '[[end]]\nkind = "CaseConcluded"\ntime = "ended"\n'
    mapping = mapping_of(tmp_path, text)
    first, _ = apply(mapping, LINE, LINE)
    again, _ = apply(mapping, {**LINE, "ended": "2026-11-21"}, {**LINE, "other": "x"})
    ids = [each.incoming.fact.id for each in first]
    assert [each.incoming.fact.id for each in again] == [*ids, "1/CaseConcluded"]
    assert ids[1] == f"{ids[0]}-2"


def test_columns_of_the_case_make_facts_where_their_time_is_given(tmp_path: Path) -> None:
    """The start comes before an event of the same instant, and no end makes no fact."""
    text = SMALL + '[[start]]\nkind = "ApplicationReceived"\ntime = "began"\n'
    text += '[[end]]\nkind = "CaseConcluded"\ntime = "ended"\nfields.result = { const = "其他" }\n'
    mapping = mapping_of(tmp_path, text)
    line = {**LINE, "began": LINE["at"], "ended": ""}
    told, refusals = apply(mapping, line)
    assert [type(each.incoming.fact) for each in told] == [ApplicationReceived, StepCompleted]
    assert not refusals
    told, _ = apply(mapping, line, {**line, "ended": "2026-11-22"})
    assert isinstance(told[-1].incoming.fact, CaseConcluded)


def test_a_column_of_the_case_that_says_two_things_is_refused(tmp_path: Path) -> None:
    """Nobody knows which of them is meant; the events are stored."""
    mapping = mapping_of(tmp_path, SMALL + '[[end]]\nkind = "CaseConcluded"\ntime = "ended"\n')
    ends = [{**LINE, "ended": "2026-11-22"}, {**LINE, "id": "e2", "ended": "2026-11-23"}]
    told, refusals = apply(mapping, *ends)
    assert len(told) == 2
    expected = "CaseConcluded: ended says one thing first, another in line 3"
    assert refusals == [Refusal(2, "1", expected)]


def test_amounts_in_yuan_become_fen(tmp_path: Path) -> None:
    """Exactly, or they are refused."""
    fee = '[[fact]]\nactivity = "收费"\nkind = "FeeCharged"\n'
    fee += 'fields.amount = { column = "yuan", scale = 100 }\n'
    mapping = mapping_of(tmp_path, SMALL + fee)
    fact = fact_of(mapping, {**LINE, "what": "收费", "yuan": "12.34"})
    assert isinstance(fact, FeeCharged)
    assert fact.amount == 1234
    _, refusals = apply(mapping, {**LINE, "what": "收费", "yuan": "12.345"})
    assert "amount: '12.345' times 100 is no whole number" in refusals[0].reason


def test_the_chinese_example_tells_every_kind_of_message() -> None:
    """Four invented cases in GB18030, nothing refused."""
    folder = EXAMPLES / "guangdong"
    mapping = load_mapping(folder / "mapping.toml")
    applier = Applier(mapping)
    cases: dict[str, OpenCase] = {}
    for row in read_csv(folder / "messages.csv", mapping.encoding, mapping.delimiter):
        number = applier.case_no(row)
        case = cases.setdefault(number, OpenCase(number, row.line))
        assert applier.take(row, case) == []
    told = [each.incoming for case in cases.values() for each in applier.close(case)[0]]
    kinds = {type(each.fact).__name__ for each in told}
    assert kinds == {
        "ApplicationReceived", "StepCompleted", "CaseAccepted", "CaseRefused", "DecisionSigned",
        "CaseConcluded", "SpecialProcedureStarted", "SpecialProcedureEnded",
        "SupplementRequested", "SupplementReceived", "ResultDelivered",
    }  # fmt: skip
    received = told[0]
    assert received.private == {"applicant": '{"id":"TEST-0001","name":"示范甲"}'}
    assert isinstance(received.fact, ApplicationReceived)
    assert received.fact.materials == ("申请表", "平面图")
    opinions = [each.private["opinion"] for each in told if "opinion" in each.private]
    assert "现场与图相符，\n拟同意。" in opinions


MESSAGES = load_mapping(EXAMPLES / "guangdong" / "mapping.toml")
CELLS = st.text(max_size=12) | st.sampled_from(
    [
        "0",
        "2",
        "3",
        "1",
        "4",
        "5",
        "7",
        "不予受理",
        "2026-03-02 09:05:00",
        "2026年3月2日",
        "-1",
        "9" * 15,
    ]
)
CELL_OF = dict.fromkeys(sorted(MESSAGES.columns()), CELLS)


@given(st.lists(st.fixed_dictionaries({}, optional=CELL_OF), max_size=4))
def test_any_cells_give_facts_or_refusals(lines: list[dict[str, str]]) -> None:
    """Nothing is raised, and every line is told or refused."""
    case = OpenCase("1", 2)
    applier = Applier(MESSAGES)
    for number, line in enumerate(lines, 2):
        row = Row(number, line)
        assert applier.case_no(row) in (line.get("申办流水号", "").strip(), "")
        told = len(case.told)
        assert len(applier.take(row, case)) + len(case.told) - told == 1
    told_in_all, refusals = applier.close(case)
    assert len(told_in_all) == len(case.told)
    assert not refusals
