"""Cases as OCEL 2.0: events, the things that they are about, and what changed of these when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from replay.exporting import CaseEvents
from replay.ocel_export import EVENTS, ocel
from supervision.acts import CardAct, CardIssued
from supervision.facts import Actor
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from tests.court import CHINA, desk, fact, watch

GOLDEN = Path(__file__).parents[1] / "golden"
CONSTANT = "1970-01-01T00:00:00Z"
CHECKS: dict[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "time": lambda value: datetime.fromisoformat(value).utcoffset() is not None,
}


def golden(kind: str) -> Stored:
    """The recorded event of a kind."""
    kept = msgspec.json.decode((GOLDEN / f"envelope-{kind}.json").read_bytes())
    names = ("position", "stream", "version", "topic", "recorded_at")
    return Stored(*(kept[name] for name in names), kept["payload"].encode())


EVERY = CaseEvents(
    "示范/系统",
    "办件 100%",
    [golden(kind)._replace(position=n) for n, kind in enumerate(EVENTS, 1)],
)


def case_of(events: Iterable[Struct], case_no: str = "1", after: int = 0) -> CaseEvents:
    """A case of these events, recorded one after another."""
    stored = [
        Stored(n, f"case/s/{case_no}/any", n, *encode(event)[:1], 1_800_000_000_000_000 + n,
               encode(event)[1])
        for n, event in enumerate(events, after + 1)
    ]  # fmt: skip
    return CaseEvents("s", case_no, stored)


def log_of(*cases: CaseEvents, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(ocel(cases, **how)))
    return found


def objects(log: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in log["objects"] if each["type"] == kind]


def says(thing: dict[str, Any]) -> dict[str, Any]:
    """The attributes by name; for one that changes the last."""
    return {each["name"]: each["value"] for each in thing["attributes"]}


def changes(thing: dict[str, Any], name: str) -> list[tuple[str, str]]:
    """The values of an attribute, and since when each, in China."""
    return [
        (each["value"], f"{datetime.fromisoformat(each['time']).astimezone(CHINA):%m-%d %H:%M}")
        for each in thing["attributes"]
        if each["name"] == name
    ]


def about(event: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["objectId"], each["qualifier"]) for each in event["relationships"]}


def test_the_file_holds_the_four_lists_of_the_standard_and_nothing_undeclared() -> None:
    """Types of all that there is; values of their types; relations to what is in the file."""
    log = log_of(EVERY, texts=lambda event: {"reason": "因"})
    assert set(log) == {"objectTypes", "eventTypes", "events", "objects"}
    for types, things in (("eventTypes", "events"), ("objectTypes", "objects")):
        declared = {
            each["name"]: {a["name"]: a["type"] for a in each["attributes"]} for each in log[types]
        }
        assert len({each["id"] for each in log[things]}) == len(log[things])
        for each in log[things]:
            for attribute in each["attributes"]:
                kind = declared[each["type"]][attribute["name"]]
                assert CHECKS[kind](attribute["value"]), (each["type"], attribute)
    known = {each["id"] for each in log["objects"]}
    for each in [*log["events"], *log["objects"]]:
        assert {other["objectId"] for other in each["relationships"]} <= known


def test_every_kind_of_event_is_told_once_and_is_about_its_case() -> None:
    """By its position in the log, under the name of its kind."""
    log = log_of(EVERY)
    assert sorted(EVENTS) == sorted(each["type"] for each in log["events"])
    (case,) = objects(log, "case")
    assert all((case["id"], "case") in about(each) for each in log["events"])
    assert {each["id"] for each in log["events"]} == {f"e{s.position}" for s in EVERY.events}


def test_a_fact_is_about_its_item_its_department_and_who_did_it() -> None:
    """The application also about who applied, by a reference that says nothing."""
    actor = Actor(id="P7", post="窗口", department="区住建局")
    received = fact("ApplicationReceived", "2026-03-02", applicant_ref="r1", actor=actor)
    log = log_of(case_of([received]))
    assert about(log["events"][0]) == {
        ("case/s/1", "case"),
        ("item/i", "item"),
        ("department/区住建局", "department"),
        ("person/s/P7", "by"),
        ("applicant/r1", "applicant"),
    }
    assert about(objects(log, "case")[0]) == {
        ("item/i", "item"),
        ("department/区住建局", "department"),
        ("applicant/r1", "applicant"),
    }


def test_a_case_is_about_the_item_and_the_department_of_its_corrected_facts() -> None:
    """The event that was corrected is still about those that it named."""
    says = {"item": "NEW", "actor": {"department": "乙局"}, "channel": "网上"}
    facts = [
        fact("ApplicationReceived", "2026-03-02", id="r", channel="窗口",
             actor=Actor(department="甲局")),
        fact("FactCorrected", "2026-03-03", item="", corrects="r", says=says,
             actor=Actor(department="丙局")),
    ]  # fmt: skip
    log = log_of(case_of(facts))
    (case,) = objects(log, "case")
    assert about(case) == {("item/NEW", "item"), ("department/乙局", "department")}
    assert says["channel"] == {a["name"]: a["value"] for a in case["attributes"]}["channel"]
    assert {("item/i", "item"), ("department/甲局", "department")} < about(log["events"][0])
    known = {each["id"] for each in log["objects"]}
    assert {"item/i", "item/NEW", "department/甲局", "department/乙局", "department/丙局"} < known


def test_what_cases_have_in_common_stands_once() -> None:
    """An applicant of two cases is one object, and so are their item and department."""
    cases = [
        case_of([fact("ApplicationReceived", "2026-03-02", applicant_ref="r1")], "1"),
        case_of([fact("ApplicationReceived", "2026-03-03", applicant_ref="r1")], "2", after=1),
    ]
    log = log_of(*cases)
    assert [each["id"] for each in objects(log, "applicant")] == ["applicant/r1"]
    assert [each["id"] for each in objects(log, "item")] == ["item/i"]
    assert [each["id"] for each in objects(log, "case")] == ["case/s/1", "case/s/2"]


def test_the_status_of_a_case_is_dated_by_its_corrected_facts() -> None:
    """An acceptance dated anew is a status since that day; a void one is none."""
    facts = [
        fact("ApplicationReceived", "2026-03-02"),
        fact("CaseAccepted", "2026-03-03", id="a"),
        fact("SpecialProcedureStarted", "2026-03-04", id="p", kind="testing"),
        fact("FactCorrected", "2026-03-05", corrects="a",
             says={"occurred_at": "2026-03-02T15:00:00+08:00"}),
        fact("FactCorrected", "2026-03-05 10:00", corrects="p", void=True),
        fact("CaseConcluded", "2026-03-06"),
    ]  # fmt: skip
    (case,) = objects(log_of(case_of(facts)), "case")
    expected = [
        ("received", "03-02 09:00"),
        ("accepted", "03-02 15:00"),
        ("concluded", "03-06 09:00"),
    ]
    assert changes(case, "status") == expected
    assert {a["time"] for a in case["attributes"] if a["name"] != "status"} == {CONSTANT}


def test_the_stage_of_a_card_is_dated_by_its_acts() -> None:
    """Issued, acknowledged, explained; the card says of itself what it was issued with."""
    story = [
        fact("ApplicationReceived", "2026-03-02"),
        fact("CaseAccepted", "2026-03-02 10:00"),
    ]
    acts: list[CardAct] = watch(story, "2026-03-17")[1]
    issued = next(act for act in acts if isinstance(act, CardIssued) and act.severity == "yellow")
    answers = [
        desk("CardAcknowledged", "2026-03-17 09:30", issued.card, by="zhang"),
        desk("CardExplained", "2026-03-17 15:00", issued.card, by="zhang"),
    ]
    log = log_of(case_of([*story, issued, *answers]))
    (card,) = objects(log, "card")
    issued_at = f"{issued.at.astimezone(CHINA):%m-%d %H:%M}"
    assert changes(card, "stage") == [
        ("issued", issued_at),
        ("acknowledged", "03-17 09:30"),
        ("rectifying", "03-17 15:00"),
    ]
    assert says(card)["rule"] == issued.rule
    assert ("person//zhang", "by") in about(log["events"][-1])


@pytest.mark.parametrize("opened", [{"reason": "情况属实\n"}, None])
def test_texts_are_told_only_to_whom_they_are_opened(opened: dict[str, str] | None) -> None:
    """As one attribute, in JSON; erased ones are none."""
    event = fact("CaseWithdrawn", "2026-03-02", texts=("reason",), sealed="digest")
    (told,) = log_of(case_of([event]), texts=lambda _: opened)["events"]
    words = says(told).get("words")
    assert (json.loads(words) if words else None) == opened
    (closed,) = log_of(case_of([event]))["events"]
    assert "words" not in says(closed)
    assert says(closed)["texts"] == "reason"


def test_a_log_without_cases_is_a_log_all_the_same() -> None:
    """Types, and nothing of them."""
    log = log_of()
    assert (log["events"], log["objects"]) == ([], [])
