"""Events of CloudEvents become facts, or refusals that say why."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.facts import FACTS, CaseAccepted, Fact, FactCorrected, StepCompleted
from supervision.intake.envelope import read_event, read_line
from supervision.intake.reading import (
    CASE_NO_LONGEST,
    FORMS,
    ID_LONGEST,
    MATERIAL_LONGEST,
    MATERIALS_MOST,
    PRIVATE,
    TEXT_LONGEST,
    Refused,
)
from supervision.record import Incoming

AT = "2026-11-20T09:30:00+08:00"


def event(kind: str = "StepCompleted", /, **changed: Any) -> dict[str, Any]:
    """An event of a review, changed; a None leaves an attribute out."""
    said = {
        "specversion": "1.0",
        "id": "e1",
        "source": "s",
        "type": kind,
        "subject": "1",
        "time": AT,
        "data": {"step": "审核"} if kind == "StepCompleted" else {},
    }
    return {name: value for name, value in {**said, **changed}.items() if value is not None}


def fact_of(raw: object) -> Fact:
    read = read_event(raw)
    assert isinstance(read, Incoming), read
    return read.fact


def reason_of(raw: object, source: str | None = None) -> str:
    read = read_event(raw, source)
    assert isinstance(read, Refused), read
    return read.reason


def test_an_event_tells_a_fact_and_its_texts_apart() -> None:
    """The envelope and the data make the fact; free text is private."""
    data = {
        "step": "审核",
        "actor": {"id": "u7", "post": "审核", "department": "D01"},
        "item": "i",
        "data_version": 2,
        "entered_at": "2026-11-20T10:00:00+08:00",
        "opinion": "符合条件\n同意",
    }
    read = read_event(event(data=data))
    assert isinstance(read, Incoming)
    assert read.private == {"opinion": "符合条件\n同意"}
    fact = read.fact
    assert isinstance(fact, StepCompleted)
    assert (fact.id, fact.source, fact.case_no, fact.step) == ("e1", "s", "1", "审核")
    assert (fact.item, fact.data_version, fact.actor.post) == ("i", 2, "审核")
    assert fact.occurred_at == datetime.fromisoformat(AT)
    assert not fact.history
    assert not fact.texts


def test_the_type_may_have_the_prefix_of_this_system() -> None:
    """cn.supervision.CaseAccepted is CaseAccepted."""
    assert isinstance(fact_of(event("cn.supervision.CaseAccepted")), CaseAccepted)


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_every_kind_of_fact_can_be_told(kind: str) -> None:
    """With its required fields and all its texts, every kind is read."""
    required = {
        "step": "审核",
        "kind": "听证",
        "days": 5,
        "amount": 100,
        "grade": 5,
        "corrects": "e0",
    }
    data = {name: value for name, value in required.items() if name in FORMS[kind].required}
    data |= dict.fromkeys(PRIVATE[kind], "话")
    read = read_event(event(kind, data=data))
    assert isinstance(read, Incoming), read
    assert type(read.fact) is FACTS[kind]
    assert set(read.private) == PRIVATE[kind]


@pytest.mark.parametrize(
    "says",
    [
        {"time": "2999-12-31T23:59:59+08:00"},
        {"data": {"step": "审核", "item": "no such item"}},
        {"type": "ApplicationReceived", "data": {"deadline": "1999-01-01T00:00:00+08:00"}},
        {"type": "ApplicationReceived", "data": {"deadline": "2190-01-01T00:00:00Z"}},
        {"data": {"step": "审核", "actor": None, "entered_at": None}},
        {"data": {"step": "审核", "id": "e1", "source": "s", "case_no": "1"}},
        {"datacontenttype": "application/json; charset=utf-8", "traceparent": "00-1-2-01"},
        {"time": "2028-02-29T00:00:00Z"},
        {"subject": "9" * CASE_NO_LONGEST, "id": "x" * ID_LONGEST},
    ],
)
def test_what_can_be_read_is_never_refused_for_what_it_says(says: dict[str, Any]) -> None:
    """The future, an unknown item, any deadline, a leap day, the longest ids: all are facts."""
    fact_of(event(**says))


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"id": None}, "id: is missing"),
        ({"id": ""}, "id: is missing or empty"),
        ({"id": "x" * (ID_LONGEST + 1)}, "id: has more than 200"),
        ({"id": 7}, "id: must be text"),
        ({"id": "a\x00b"}, "id: has a control character"),
        ({"id": "a\nb"}, "id: has a control character"),
        ({"id": "a\ud800b"}, "id: has a control character, line break or half"),
        ({"subject": "9" * (CASE_NO_LONGEST + 1)}, "subject: has more than 50"),
        ({"subject": "  "}, "subject: is missing or empty"),
        ({"specversion": "0.3"}, "specversion"),
        ({"data": []}, "data: must be an object"),
        ({"data_base64": "e30="}, "'data_base64'"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"sorce": "s"}, "did you mean source"),
        ({"type": "CaseClosed"}, "known are ApplicationReceived, .*FactCorrected"),
        ({"type": "CaseLinked"}, "is not known"),
        ({"time": "2026-02-30T09:00:00+08:00"}, "occurred_at: is no time that exists"),
        ({"time": "2027-02-29T09:00:00+08:00"}, "occurred_at: is no time that exists"),
        ({"time": "2026-11-20T25:00:00+08:00"}, "occurred_at: is no time that exists"),
        ({"time": "2026-11-20T09:30:00"}, "occurred_at: has no offset"),
        ({"time": "2026-11-20"}, "occurred_at: is no time"),
        ({"time": 1_795_138_200}, "time: must be text"),
        ({"time": "0001-01-01T00:00:00+08:00"}, "the year 1 is not in 1970 to 2999"),
        ({"time": "9999-12-31T00:00:00+08:00"}, "the year 9999"),
    ],
)
def test_an_envelope_that_cannot_be_read_is_refused_by_name(
    says: dict[str, Any], reason: str
) -> None:
    """The reason names the attribute."""
    with pytest.raises(AssertionError, match=reason):
        fact_of(event(**says))


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("StepCompleted", {}, "step: is missing"),
        ("StepCompleted", {"step": ""}, "step: is missing or empty"),
        ("StepCompleted", {"step": "审核", "opinon": "x"}, "did you mean opinion"),
        ("StepCompleted", {"step": 5}, "step: expected `str`"),
        ("StepCompleted", {"step": "审核", "history": True}, "history: this system fills it"),
        ("StepCompleted", {"step": "审核", "sealed": "0"}, "sealed: this system fills it"),
        ("StepCompleted", {"step": "审核", "source": "t"}, "data.source: is not what"),
        ("StepCompleted", {"step": "审核", "actor": {"name": "x"}}, "actor: has no field 'name'"),
        ("StepCompleted", {"step": "审核", "actor": {"id": "\x07"}}, "actor.id: has a control"),
        (
            "StepCompleted",
            {"step": "审核", "started_at": "2026-11-20T09:00:00"},
            "started_at: has no",
        ),
        (
            "StepCompleted",
            {"step": "审核", "opinion": "x" * (TEXT_LONGEST + 1)},
            "opinion: has more",
        ),
        ("StepCompleted", {"step": "审核", "opinion": "a\x00"}, "opinion: has a control"),
        ("StepCompleted", {"step": "审核", "opinion": "a\udfff"}, "opinion: has a control"),
        ("StepCompleted", {"step": "审核", "opinion": ["x"]}, "opinion: must be text"),
        ("StepCompleted", {"step": "审核", "data_version": 0}, "data_version: must be 1 to"),
        ("ApplicationReceived", {"applicant_ref": "r"}, "applicant_ref: this system fills it"),
        ("ApplicationReceived", {"applicant": {"a": {"b": 1}}}, "applicant: must be text"),
        ("ApplicationReceived", {"materials": ["m"] * (MATERIALS_MOST + 1)}, "materials: has more"),
        (
            "ApplicationReceived",
            {"materials": ["m" * (MATERIAL_LONGEST + 1)]},
            "materials: has more",
        ),
        ("ExtensionApproved", {"days": 10**30}, "days"),
        ("ExtensionApproved", {"days": -1}, "days: must be 0 to"),
        ("ServiceRated", {"grade": 6}, "grade: must be 1 to 5"),
        ("FactCorrected", {"corrects": "e0", "says": {"stepp": "x"}}, "did you mean step"),
        ("FactCorrected", {"corrects": "e0", "says": {"days": "five"}}, "says: days"),
        ("FactCorrected", {"corrects": "e0", "says": {"case_no": "2"}}, "cannot be corrected"),
        (
            "FactCorrected",
            {"corrects": "e0", "says": {"occurred_at": "2026-11-20T09:00:00"}},
            "says: occurred_at: has no offset",
        ),
    ],
)
def test_data_that_cannot_be_read_is_refused_by_name(
    kind: str, data: dict[str, Any], reason: str
) -> None:
    """The reason names the field, so that nothing is lost in silence."""
    with pytest.raises(AssertionError, match=reason):
        fact_of(event(kind, data=data))


def test_a_refusal_says_which_event_and_case_it_was() -> None:
    """As far as they could be read."""
    expected = Refused("e1", "step: is missing", "1")
    assert read_event(event(data={})) == expected


def test_an_event_of_another_source_is_refused() -> None:
    """A key belongs to one source system."""
    assert "the key is that of 't'" in reason_of(event(), source="t")


def test_the_same_applicant_is_the_same_however_typed() -> None:
    """Width of letters, blanks and the order of fields make no other person."""
    typed = [
        {"name": "张某", "id": "TEST-０００1"},
        {"id": " TEST-0001", "name": "张某 ", "phone": None, "mail": ""},
    ]
    said = [read_event(event("ApplicationReceived", data={"applicant": who})) for who in typed]
    assert said[0] == said[1]
    assert isinstance(said[0], Incoming)
    assert said[0].private == {"applicant": '{"id":"TEST-0001","name":"张某"}'}


def test_an_empty_text_was_not_given() -> None:
    """So that a refusal without a reason is seen as one."""
    read = read_event(event("CaseRefused", data={"reason": " \n"}))
    assert isinstance(read, Incoming)
    assert read.private == {}


def test_a_correction_keeps_free_text_out_of_the_log() -> None:
    """What says corrects in words lies in the vault under says.NAME."""
    says = {"step": "审核", "opinion": "张某的电话有误"}
    read = read_event(event("FactCorrected", data={"corrects": "e0", "says": says}))
    assert isinstance(read, Incoming)
    assert isinstance(read.fact, FactCorrected)
    assert read.fact.says == {"step": "审核"}
    assert read.private == {"says.opinion": "张某的电话有误"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "a number that cannot be read"),
        (b'{"id":"1","id":"2"}', "'id' is given twice"),
        (json.dumps(event()).encode()[:-2] + b',"step":"x"}}', "'step' is given twice"),
        (b"[]", "must be an object"),
        (b"1e999", "must be an object"),
    ],
)
def test_broken_json_is_refused_and_raises_nothing(body: bytes, reason: str) -> None:
    """Depth, NaN, endless numbers and names given twice each have their reason."""
    read = read_line(body)
    assert isinstance(read, Refused)
    assert reason in read.reason


@given(st.binary())
def test_any_bytes_give_a_fact_or_a_refusal(body: bytes) -> None:
    """Nothing is raised, whatever came."""
    assert isinstance(read_line(body), Incoming | Refused)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(AT),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = sorted({name for form in FORMS.values() for name in form.public | form.private})


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(sorted(FORMS)) | st.text(), "time": st.just(AT) | st.text()},
        optional={
            "id": ANYTHING,
            "data": st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=5),
        },
    )
)
def test_any_json_gives_a_fact_or_a_refusal(said: dict[str, Any]) -> None:
    """Fields of every kind with values of any type raise nothing."""
    assert isinstance(read_event({**event(), **said}), Incoming | Refused)
