"""Every event that the trail may hold is told in words, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import Struct

from dashboards.forms.trail_lines import COLUMNS, in_words, label_of, line_of
from dashboards.forms.trail_pages import BOOKS
from dashboards.words import kind_name
from dashboards.words_entry import ROLES
from dashboards.words_offices import RIGHTS, WORDS
from dashboards.words_trail import EVENTS, WHY
from supervision.access.events import (
    ACCESS_EVENTS,
    AccessRefused,
    CaseDrawn,
    CaseSeen,
    LogVerified,
    RoleGranted,
    SampleChecked,
    SampleDrawn,
)
from supervision.access.rights import ROLES as GIVEN
from supervision.access.rights import Right
from supervision.intake.door import Why
from supervision.notices import NOTICES, AlertPolicySet, RungWait, Setup
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.system import SYSTEM

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
HELD: dict[str, type[Struct]] = {
    **ACCESS_EVENTS,
    **SYSTEM,
    **{name: event for name, event in NOTICES.items() if issubclass(event, Setup)},
}


def filled(event: type[Struct]) -> Struct:
    """An event with something in every field."""
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(event):
        values[field.name] = _value(str(field.type), field.name)
    return event(**values)


def _value(kind: str, name: str) -> Any:
    if "datetime" in kind:
        return AT
    if "dict" in kind:
        return {f"{name}-1": f"{name}-2"}
    if "CaseDrawn" in kind:
        return (CaseDrawn(f"{name}-1", f"{name}-2"),)
    if "tuple" in kind:
        return (f"{name}-1", f"{name}-2")
    if "bool" in kind:
        return True
    return 7 if "int" in kind else f"<{name}>"


def test_every_event_of_people_access_keys_and_system_is_in_one_book() -> None:
    """None is left out, none is told of twice."""
    kinds = [kind for book in BOOKS.values() for kind in book.kinds]
    assert sorted(HELD) == sorted(kinds)
    assert sorted(HELD) == sorted(EVENTS)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("event", HELD.values(), ids=lambda event: event.__name__)
def test_an_event_is_told_with_all_that_it_says(event: type[Struct], lang: str) -> None:
    """Nothing that an event holds is missing from its line or its columns."""
    full = filled(event)
    said = in_words(full, lang, ZONE)
    left_out = {"applicant_ref"}
    for field in set(event.__struct_fields__) - COLUMNS - left_out:
        value = getattr(full, field)
        if isinstance(value, str):
            assert value in said, field
        elif isinstance(value, dict):
            assert all(key in said and each in said for key, each in value.items()), field
        elif field == "cases":
            assert all(each.source in said and each.case_no in said for each in value)
        elif isinstance(value, tuple):
            words = [kind_name(each, lang) if field == "kinds" else each for each in value]
            assert all(word in said for word in words), field
        elif value is True:
            assert label_of(full, field, lang) in said, field
    assert "{" not in said


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("event", HELD.values(), ids=lambda event: event.__name__)
def test_an_event_with_nothing_but_what_it_must_have_is_told(
    event: type[Struct], lang: str
) -> None:
    """An old or a short event makes a line too."""
    needed = {
        field.name: _value(str(field.type), field.name)
        for field in msgspec.structs.fields(event)
        if field.required
    }
    said = in_words(event(**needed), lang, ZONE)
    assert said
    assert "None" not in said


def test_the_rules_of_alerts_are_told_as_people_read_them() -> None:
    """Waits by severity and rung, hours from and to."""
    event = AlertPolicySet(
        at=AT, by="li", version="2", waits=(RungWait("red", 1, "4wh"),), quiet=(("08:30", "18:00"),)
    )
    said = in_words(event, "zh", ZONE)
    assert said.startswith("告知规则 2；逐级等待：红牌 1 4wh；首条消息等待秒数：0.2；")
    assert "告知时段：08:30-18:00；不受时段限制：红牌" in said


def test_a_whole_is_told_as_that() -> None:
    """No units is not nothing."""
    event = RoleGranted(at=AT, by="wang", person="zhang", role="inspector")
    assert "授予 zhang 角色“监察人员”，范围：全部" == in_words(event, "zh", ZONE)


def test_a_refusal_names_the_right_that_was_missing() -> None:
    """As the officials call it."""
    event = AccessRefused(at=AT, by="zhang", what="GET /trail", why="no right audit")
    assert "访问 GET /trail 被拒：没有权限：看审计记录" == in_words(event, "zh", ZONE)


def test_a_look_at_a_case_says_how() -> None:
    """In words, not by a code."""
    event = CaseSeen(at=AT, by="zhang", source="shuiwu", case_no="A-1", how="history")
    assert "查看办件 A-1（shuiwu）；方式：时间线" == in_words(event, "zh", ZONE)


def test_a_sample_is_told_with_its_criteria_and_cases() -> None:
    """As people chose them; no criteria are all cases."""
    event = SampleDrawn(
        at=AT,
        by="zhang",
        sample="1",
        seed="s",
        criteria={"severity": "red", "state": "open"},
        position=7,
        population=2,
        cases=(CaseDrawn("shuiwu", "A-1"), CaseDrawn("shuiwu", "A-2")),
    )
    said = in_words(event, "zh", ZONE)
    assert "；条件：曾发牌 红牌、状态 在办；" in said
    assert said.endswith("；样本办件：A-1(shuiwu)、A-2(shuiwu)")


def test_a_checked_case_is_told_with_result_and_defects() -> None:
    """The words of the form."""
    event = SampleChecked(
        at=AT,
        by="zhang",
        sample="1",
        source="shuiwu",
        case_no="A-1",
        result="bad",
        defects=("missing_materials", "late_entry"),
    )
    said = "评查样本 1 的办件 A-1（shuiwu）：不合格；问题：材料不全、补录"
    assert said == in_words(event, "zh", ZONE)


def test_a_position_of_a_long_log_is_told_to_the_last_digit() -> None:
    """And not as 1.23457e+06."""
    event = LogVerified(at=AT, by="zhang", position=12_345_678, sealed=12_345_670, root="r")
    assert "12345678" in in_words(event, "en", ZONE)
    assert "12345670" in in_words(event, "en", ZONE)


def test_a_line_has_local_time_and_its_columns() -> None:
    """When, who, what, from where, how often."""
    event = AccessRefused(at=AT, by="zhang", what="GET /", why="csrf", address="10.0.0.7", count=9)
    instant = int(AT.timestamp() * 1_000_000)
    stored = Stored(5, "system/access", 3, *encode(event)[:1], instant, encode(event)[1])
    line = line_of(stored, "zh", ZONE)
    assert (5, "2026-03-02 09:02:03", "zhang", "访问被拒", "10.0.0.7", 9) == (
        line.position, line.at, line.who, line.what, line.address, line.times,
    )  # fmt: skip


def test_an_event_that_cannot_be_read_is_still_a_line() -> None:
    """A newer program wrote it: it is there, and says what it is."""
    line = line_of(Stored(5, "system/access", 3, "Unheard/9", 0, b"{}"), "zh", ZONE)
    assert "无法读取：Unheard/9" == line.text


def test_every_role_and_right_has_a_word() -> None:
    """What is granted is never told by a code."""
    assert set(GIVEN) == set(ROLES)
    assert set(Right) == set(RIGHTS)


def test_every_reason_for_turning_a_source_away_has_a_word() -> None:
    """As far as they are fixed; others are told as they stand."""
    assert set(get_args(Why)) <= set(WHY)
    assert [pair for pair in WHY.values() if not all(pair)] == []


def test_the_words_have_the_same_blanks_in_both_languages() -> None:
    """Nothing that is told in one language is missing in the other."""
    blanks = {
        key: [set(re.findall(r"{(\w+)}", text)) for text in pair] for key, pair in WORDS.items()
    }
    assert [key for key, (zh, en) in blanks.items() if zh != en] == []
