"""The law, line by line: every clock, pause, extension and acceptance rule with an example.

The expectations were worked out by hand from the notices of the State Council. July 2026 has no
holiday: 1 July is a Wednesday; the 5th working day after it is 8 July, the 7th 10 July, the 10th
15 July, the 20th 29 July, the 30th 12 August, the 45th 2 September.

Above 400 lines: one table, so that the law can be read through and a missing rule is seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from msgspec import Struct

from supervision.facts import Fact
from supervision.lists import PostGranted, Special, Step
from tests.court import ALREADY, FLOW, Told, fact, item, policy, said, shelf, watch

REASON: dict[str, Any] = {"texts": ("reason",)}


def received(at: str = "2026-07-01", **fields: Any) -> Fact:
    return fact("ApplicationReceived", at, **fields)


def accepted(at: str = "2026-07-01 10:00", **fields: Any) -> Fact:
    return fact("CaseAccepted", at, **fields)


def signed(at: str, **fields: Any) -> Fact:
    return fact("DecisionSigned", at, **fields)


def concluded(at: str, **fields: Any) -> Fact:
    return fact("CaseConcluded", at, **fields)


def asked(at: str, **fields: Any) -> Fact:
    return fact("SupplementRequested", at, **fields)


def supplied(at: str, **fields: Any) -> Fact:
    return fact("SupplementReceived", at, **fields)


def paused(at: str, **fields: Any) -> Fact:
    return fact("SpecialProcedureStarted", at, **{"kind": "appraisal", "told_at": at, **fields})


def resumed(at: str, **fields: Any) -> Fact:
    return fact("SpecialProcedureEnded", at, **{"kind": "appraisal", **fields})


def extended(at: str, **fields: Any) -> Fact:
    usual = {"days": 10, "approver_post": "局长", "told_at": at, **REASON}
    return fact("ExtensionApproved", at, **{**usual, **fields})


class Row(NamedTuple):
    """A rule with its source, a story, when it is looked at, and the acts that the law wants."""

    rule: str
    story: list[Told]
    until: str
    acts: list[str]
    lists: list[Struct] = []


QUIET = policy(answers={})
PLAIN = item(promise="")
CLOSE = policy(answers={}, mode="close_of_business")
SECOND = policy(answers={}, mode="to_the_second")
TAKEN = [received(), accepted()]
NOTICE = "2026-07-09 00:00 issued notice_past"
LEGAL = "2026-07-30 00:00 issued legal_past"

ROWS = [
    Row(
        "32 notice: accepted on the fifth working day is in time",
        [received(), accepted("2026-07-08 23:58")],
        "2026-07-09 09:00",
        [],
        [PLAIN],
    ),
    Row(
        "32 notice: five working days of silence are a breach",
        [received()],
        "2026-07-09 09:00",
        [NOTICE],
        [PLAIN],
    ),
    Row(
        "32 notice: a refusal in time stops it",
        [received(), fact("CaseRefused", "2026-07-08", **REASON)],
        "2026-08-30",
        [],
        [PLAIN],
    ),
    Row(
        "32 notice: the first supplement request stops it",
        [received(), asked("2026-07-08")],
        "2026-08-30",
        [],
        [PLAIN],
    ),
    Row(
        "32 notice: complete supplements start it again",
        [received(), asked("2026-07-03"), supplied("2026-07-08")],
        "2026-07-16 09:00",
        ["2026-07-16 00:00 issued notice_past"],
        [PLAIN],
    ),
    Row(
        "32 notice: incomplete supplements do not start it",
        [received(), asked("2026-07-03"), supplied("2026-07-08", complete=False)],
        "2026-08-30",
        [],
        [PLAIN],
    ),
    Row(
        "32 notice: in the second round a supplement request does not stop it",
        [received(), asked("2026-07-03"), supplied("2026-07-08"), asked("2026-07-10")],
        "2026-07-16 09:00",
        ["2026-07-16 00:00 issued notice_past"],
        [PLAIN],
    ),
    Row(
        "32 notice: less by the item's own limit",
        [received()],
        "2026-07-04 09:00",
        ["2026-07-04 00:00 issued notice_past"],
        [item(promise="", notice="2wd")],
    ),
    Row(
        "32 notice: never more than the law's five days",
        [received()],
        "2026-07-09 09:00",
        [NOTICE],
        [item(promise="", notice="9wd")],
    ),
    Row(
        "32 notice: none for items that are no licences",
        [received()],
        "2026-08-30",
        [],
        [item(promise="", kind="05", legal="20wd")],
    ),
    Row(
        "32 deemed acceptance: the legal clock runs from the receipt that was met with silence",
        [received()],
        "2026-07-30 09:00",
        [NOTICE, LEGAL],
        [PLAIN],
    ),
    Row(
        "32 deemed acceptance: a later acceptance moves nothing",
        [received(), accepted("2026-07-20")],
        "2026-07-30 09:00",
        [NOTICE, LEGAL],
        [PLAIN],
    ),
    Row(
        "32 deemed acceptance: a later supplement request moves nothing",
        [received(), asked("2026-07-09")],
        "2026-07-30 09:00",
        [NOTICE, LEGAL],
        [PLAIN],
    ),
    Row(
        "32 deemed acceptance: a later refusal ends the case",
        [received(), fact("CaseRefused", "2026-07-20", **REASON)],
        "2026-08-30",
        [NOTICE],
        [PLAIN],
    ),
    Row(
        "32 deemed acceptance: from the complete supplements in the second round",
        [received("2026-06-24"), asked("2026-06-25"), supplied("2026-07-01")],
        "2026-07-30 09:00",
        [NOTICE, LEGAL],
        [PLAIN],
    ),
    Row(
        "32 deemed acceptance: nothing of it crosses before the notice deadline's end",
        [received()],
        "2026-07-09 09:00",
        [NOTICE, "2026-07-09 00:00 issued promise_near", "2026-07-09 00:00 issued promise_past"],
        [item(promise="2wd")],
    ),
    Row(
        "5 promise: two working days left, then past",
        TAKEN,
        "2026-07-11 09:00",
        ["2026-07-09 00:00 issued promise_near", "2026-07-11 00:00 issued promise_past"],
    ),
    Row(
        "5 promise: a limit of three days warns when one is left",
        TAKEN,
        "2026-07-06 09:00",
        ["2026-07-04 00:00 issued promise_near"],
        [item(promise="3wd")],
    ),
    Row(
        "5 promise: the decision stops it, and ends the reminder",
        [*TAKEN, signed("2026-07-10 18:00"), fact("ResultDelivered", "2026-07-10 18:10")],
        "2026-08-30",
        ["2026-07-09 00:00 issued promise_near", "2026-07-10 18:01 lapsed promise_near"],
    ),
    Row(
        "5 promise: of a joint case the conclusion stops it, not the decision",
        [*TAKEN, signed("2026-07-08"), fact("ResultDelivered", "2026-07-08 09:10")],
        "2026-07-11 09:00",
        ["2026-07-09 00:00 issued promise_near", "2026-07-11 00:00 issued promise_past"],
        [item(joint=True)],
    ),
    Row(
        "5 promise: a withdrawal stops it",
        [*TAKEN, fact("CaseWithdrawn", "2026-07-08")],
        "2026-08-30",
        [],
    ),
    Row(
        "42 legal: twenty working days where the item says nothing",
        TAKEN,
        "2026-07-30 09:00",
        [LEGAL],
        [PLAIN],
    ),
    Row(
        "42 legal: forty-five for a joint case",
        TAKEN,
        "2026-09-03 09:00",
        ["2026-09-03 00:00 issued legal_past"],
        [item(promise="", joint=True)],
    ),
    Row(
        "42 legal: the item's own limit",
        TAKEN,
        "2026-07-09 09:00",
        ["2026-07-09 00:00 issued legal_past"],
        [item(promise="", legal="5wd")],
    ),
    Row(
        "43 legal: a lower organ's first review is stopped by its conclusion 转报",
        [
            *TAKEN,
            signed("2026-07-08", granted=False, **REASON),
            concluded("2026-07-29 10:00", result="转报"),
        ],
        "2026-08-30",
        [],
        [item(promise="", first_review=True)],
    ),
    Row(
        "5 legal: no default for an item that is no licence",
        TAKEN,
        "2026-12-30",
        [],
        [item(promise="", kind="05")],
    ),
    Row(
        "5 step: from acceptance, each from its predecessor",
        [*TAKEN, fact("StepCompleted", "2026-07-06 10:00", step="review")],
        "2026-07-09 09:00",
        ["2026-07-09 00:00 issued step_past"],
        [item(promise="", steps=FLOW)],
    ),
    Row(
        "5 step: the first one late",
        TAKEN,
        "2026-07-07 09:00",
        ["2026-07-07 00:00 issued step_past"],
        [item(promise="", steps=FLOW)],
    ),
    Row(
        "5 step: parallel branches start together, the join after the last of them",
        [
            *TAKEN,
            fact("StepCompleted", "2026-07-02", step="a"),
            fact("StepCompleted", "2026-07-03", step="b"),
        ],
        "2026-07-08 09:00",
        ["2026-07-08 00:00 issued step_past"],
        [
            item(
                promise="",
                steps=(
                    Step(code="acceptance"),
                    Step(code="a", after=("acceptance",), limit="2wd"),
                    Step(code="b", after=("acceptance",), limit="2wd"),
                    Step(code="join", after=("a", "b"), limit="2wd"),
                ),
            )
        ],
    ),
    Row(
        "5 special: its approved days",
        [*TAKEN, paused("2026-07-02", approved_days=3)],
        "2026-07-08 09:00",
        ["2026-07-08 00:00 issued special_past"],
        [PLAIN],
    ),
    Row(
        "5 special: ended in time",
        [*TAKEN, paused("2026-07-02", approved_days=3), resumed("2026-07-07")],
        "2026-07-20 09:00",
        [],
        [PLAIN],
    ),
    Row(
        "47 hearing: held within twenty working days of the request",
        [*TAKEN, paused("2026-07-01 11:00", kind="hearing")],
        "2026-07-30 09:00",
        ["2026-07-30 00:00 issued hearing_past"],
        [PLAIN],
    ),
    Row(
        "44 delivery: ten working days after a granting decision",
        [*TAKEN, signed("2026-07-01 11:00")],
        "2026-07-16 09:00",
        ["2026-07-16 00:00 issued delivery_past"],
        [PLAIN],
    ),
    Row(
        "44 delivery: ready for collection stops it",
        [*TAKEN, signed("2026-07-01 11:00"), fact("ReadyForCollection", "2026-07-15 10:00")],
        "2026-08-30",
        [],
        [PLAIN],
    ),
    Row(
        "44 delivery: the conclusion does not stop it",
        [*TAKEN, signed("2026-07-01 11:00"), concluded("2026-07-02", result="出证")],
        "2026-07-16 09:00",
        ["2026-07-16 00:00 issued delivery_past"],
        [PLAIN],
    ),
    Row(
        "44 delivery: none after a denial",
        [*TAKEN, signed("2026-07-01 11:00", granted=False, **REASON)],
        "2026-08-30",
        [],
        [PLAIN],
    ),
    Row(
        "5 complaint: answered by policy",
        [
            received(),
            fact("CaseWithdrawn", "2026-07-01 10:00"),
            fact("ComplaintFiled", "2026-07-01 11:00"),
        ],
        "2026-07-09 09:00",
        ["2026-07-09 00:00 issued complaint_past"],
        [PLAIN, policy(answers={"complaint": "5wd"})],
    ),
    Row(
        "5 complaint: its answer stops it",
        [
            received(),
            fact("CaseWithdrawn", "2026-07-01 10:00"),
            fact("ComplaintFiled", "2026-07-01 11:00", id="c"),
            fact("ComplaintAnswered", "2026-07-08", of="c"),
        ],
        "2026-08-09 09:00",
        [],
        [PLAIN, policy(answers={"complaint": "5wd"})],
    ),
    Row(
        "5 bad rating: followed up by policy; a good one needs nothing",
        [
            received(),
            fact("CaseWithdrawn", "2026-07-01 10:00"),
            fact("ServiceRated", "2026-07-01 11:00", id="bad", grade=2),
            fact("ServiceRated", "2026-07-01 12:00", id="good", grade=3),
        ],
        "2026-08-09 09:00",
        ["2026-07-09 00:00 issued rating_past"],
        [PLAIN, policy(answers={"rating": "5wd"})],
    ),
    Row(
        "P1 pause: the working days in (S, R] are not counted",
        [*TAKEN, paused("2026-07-02"), resumed("2026-07-06")],
        "2026-08-01 09:00",
        ["2026-08-01 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "P1 pause: [S, R) by policy",
        [*TAKEN, paused("2026-07-02"), resumed("2026-07-03")],
        "2026-07-31 09:00",
        ["2026-07-31 00:00 issued legal_past"],
        [PLAIN, policy(answers={}, pause_includes_start=True)],
    ),
    Row(
        "P2 pause: only its first approved working days",
        [*TAKEN, paused("2026-07-02", approved_days=1), resumed("2026-07-03")],
        "2026-07-31 09:00",
        ["2026-07-31 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "P2 pause: the item's cap where nothing was approved",
        [*TAKEN, paused("2026-07-02"), resumed("2026-07-06")],
        "2026-07-31 09:00",
        ["2026-07-04 00:00 issued special_past", "2026-07-31 00:00 issued legal_past"],
        [item(promise="", specials=(Special(kind="appraisal", basis="x", cap=1),))],
    ),
    Row(
        "P2 pause: overlapping pauses count once",
        [
            *TAKEN,
            paused("2026-07-02", id="p1"),
            paused("2026-07-03", id="p2", kind="testing"),
            resumed("2026-07-06"),
            resumed("2026-07-06 10:00", kind="testing"),
        ],
        "2026-08-01 09:00",
        ["2026-08-01 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "P2 pause: while an open pause without a cap runs, nothing crosses",
        [*TAKEN, paused("2026-07-02")],
        "2026-12-01",
        [],
        [PLAIN],
    ),
    Row(
        "P2 pause: an open one is credited up to its approval",
        [*TAKEN, paused("2026-07-02", approved_days=2)],
        "2026-08-01 09:00",
        ["2026-07-07 00:00 issued special_past", "2026-08-01 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "P2 pause: one begun on the deadline's day still stops the clock",
        [*TAKEN, paused("2026-07-29"), resumed("2026-07-31")],
        "2026-08-01 09:00",
        ["2026-08-01 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "P2 pause: one begun past the deadline is ignored, and a violation",
        [*TAKEN, paused("2026-07-30"), resumed("2026-07-31")],
        "2026-08-30",
        [LEGAL, "2026-07-30 09:11 issued class_b"],
        [PLAIN],
    ),
    Row(
        "P3 pause: no credit without a written notice, and a violation",
        [*TAKEN, paused("2026-07-02", told_at=None), resumed("2026-07-06")],
        "2026-07-30 09:00",
        ["2026-07-02 09:11 issued class_b", LEGAL],
        [PLAIN],
    ),
    Row(
        "P3 pause: a site visit (现场勘验) is not in article 45",
        [*TAKEN, paused("2026-07-02", kind="site_visit"), resumed("2026-07-06", kind="site_visit")],
        "2026-07-30 09:00",
        ["2026-07-02 09:11 issued class_b", LEGAL],
        [PLAIN],
    ),
    Row(
        "P3 pause: it counts if the item lists it",
        [*TAKEN, paused("2026-07-02", kind="site_visit"), resumed("2026-07-06", kind="site_visit")],
        "2026-08-01 09:00",
        ["2026-08-01 00:00 issued legal_past"],
        [item(promise="", specials=(Special(kind="site_visit", basis="条例"),))],
    ),
    Row(
        "E1 extension: ten days more on the legal limit",
        [*TAKEN, extended("2026-07-29 17:00")],
        "2026-08-13 09:00",
        ["2026-08-13 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "E1 extension: approved a day late it is ignored, and a violation",
        [*TAKEN, extended("2026-07-30")],
        "2026-08-30",
        [LEGAL, "2026-07-30 09:11 issued class_b"],
        [PLAIN],
    ),
    Row(
        "E1 extension: the deadline as it then stood has its credits",
        [*TAKEN, paused("2026-07-02"), resumed("2026-07-06"), extended("2026-07-31")],
        "2026-08-15 09:00",
        ["2026-08-15 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "E1 extension: days beyond ten are cut off, and a violation",
        [*TAKEN, extended("2026-07-20", days=12)],
        "2026-08-13 09:00",
        ["2026-07-20 09:11 issued class_b", "2026-08-13 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "E1 extension: the item's own statute may allow more",
        [*TAKEN, extended("2026-07-20", days=11)],
        "2026-08-14 09:00",
        ["2026-08-14 00:00 issued legal_past"],
        [item(promise="", extension_days=11)],
    ),
    Row(
        "E1 extension: once only",
        [*TAKEN, extended("2026-07-20", days=5), extended("2026-07-21", days=5)],
        "2026-08-06 09:00",
        ["2026-07-21 09:11 issued class_b", "2026-08-06 00:00 issued legal_past"],
        [PLAIN],
    ),
    Row(
        "E1 extension: by the post that may",
        [*TAKEN, extended("2026-07-20", approver_post="科长")],
        "2026-07-30 09:00",
        ["2026-07-20 09:11 issued class_b", LEGAL],
        [item(promise="", extension_posts=("局长",))],
    ),
    Row(
        "E1 extension: by a person who held that post",
        [*TAKEN, extended("2026-07-20", approver="P2")],
        "2026-07-30 09:00",
        ["2026-07-20 09:11 issued class_b", LEGAL],
        [
            item(promise="", extension_posts=("局长",)),
            PostGranted(
                version="1",
                announced_at=ALREADY,
                effective=ALREADY.date(),
                source="s",
                person="P1",
                post="局长",
            ),
        ],
    ),
    Row(
        "E1 extension: reasons must be told",
        [*TAKEN, extended("2026-07-20", told_at=None)],
        "2026-07-30 09:00",
        ["2026-07-20 09:11 issued class_b", LEGAL],
        [PLAIN],
    ),
    Row(
        "E1 extension: the promise only if the policy says so",
        [*TAKEN, extended("2026-07-03")],
        "2026-07-11 09:00",
        ["2026-07-09 00:00 issued promise_near", "2026-07-11 00:00 issued promise_past"],
    ),
    Row(
        "E1 extension: by policy the promise too, and the reminder of the new end",
        [*TAKEN, extended("2026-07-09 10:00")],
        "2026-07-25 09:00",
        [
            "2026-07-09 00:00 issued promise_near",
            "2026-07-09 10:01 lapsed promise_near",
            "2026-07-23 00:00 issued promise_near",
            "2026-07-25 00:00 issued promise_past",
        ],
        [item(), policy(answers={}, extension_moves_promise=True)],
    ),
    Row(
        "R2 close of business: late from the close of the deadline's day",
        TAKEN,
        "2026-07-10 17:01",
        ["2026-07-09 00:00 issued promise_near", "2026-07-10 17:00 issued promise_past"],
        [item(), CLOSE],
    ),
    Row(
        "R2 to the second: late after the start's time of day",
        TAKEN,
        "2026-07-10 10:01",
        ["2026-07-09 00:00 issued promise_near", "2026-07-10 10:00 issued promise_past"],
        [item(), SECOND],
    ),
    Row(
        "R2 to the second: a start on a day off ends at 24:00",
        [received("2026-06-30"), accepted("2026-07-04 10:00")],
        "2026-07-16 09:00",
        ["2026-07-11 00:00 issued promise_near", "2026-07-15 00:00 issued promise_past"],
        [item(), SECOND],
    ),
    Row(
        "R3 natural days roll to the next working day",
        TAKEN,
        "2026-07-14 09:00",
        ["2026-07-14 00:00 issued legal_past"],
        [item(promise="", legal="10nd")],
    ),
    Row(
        "R4 a month ends on the same date",
        TAKEN,
        "2026-08-04 09:00",
        ["2026-08-04 00:00 issued legal_past"],
        [item(promise="", legal="1mo")],
    ),
    Row(
        "R4 a month from the 31st ends on the last day",
        [received("2026-03-31"), accepted("2026-03-31 10:00")],
        "2026-05-01 09:00",
        ["2026-05-01 00:00 issued legal_past"],
        [item(promise="", legal="1mo")],
    ),
    Row(
        "R4 a year from 29 February ends on 28 February, rolled",
        [received("2024-02-29"), accepted("2024-02-29 10:00")],
        "2025-03-01 09:00",
        ["2025-03-01 00:00 issued legal_past"],
        [item(promise="", legal="1yr")],
    ),
    Row(
        "R4 working hours run within the office hours, noon excluded",
        TAKEN,
        "2026-07-01 16:00",
        ["2026-07-01 13:00 issued promise_near", "2026-07-01 15:00 issued promise_past"],
        [item(promise="4wh")],
    ),
    Row(
        "R4 same-day items end on the day received",
        TAKEN,
        "2026-07-02 09:00",
        ["2026-07-01 15:00 issued promise_near", "2026-07-02 00:00 issued promise_past"],
        [item(promise="0sd")],
    ),
    Row(
        "R4 same-day items received after hours end on the next working day",
        [received("2026-07-03 18:00"), accepted("2026-07-03 18:00")],
        "2026-07-07 09:00",
        ["2026-07-06 15:00 issued promise_near", "2026-07-07 00:00 issued promise_past"],
        [item(promise="0sd")],
    ),
    Row(
        "R5 an unknown year: reminders, marked; no yellow, no red",
        [received("2027-03-01"), accepted("2027-03-01 10:00")],
        "2027-09-01",
        ["2027-03-09 00:00 issued promise_near"],
    ),
    Row(
        "5 the case's own limit, where its item says that cases bring their own",
        [received(deadline="2026-07-06 15:00"), accepted()],
        "2026-07-06 16:00",
        ["2026-07-06 15:00 issued legal_past"],
        [item(promise="", case_limits=True)],
    ),
    Row(
        "5 the case's own limit does not count otherwise",
        [received(deadline="2026-07-06 15:00"), accepted()],
        "2026-07-30 09:00",
        [LEGAL],
        [PLAIN],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.rule for row in ROWS])
def test_the_law_wants_these_acts(row: Row) -> None:
    """Each rule of domain 4 to 6 gives the acts worked out by hand."""
    lists = list(row.lists)
    if not any(type(event).__name__ == "PolicyPublished" for event in lists):
        lists.append(QUIET)
    _, acts = watch(row.story, row.until, shelf(*lists))
    assert row.acts == said(acts)


def test_every_row_is_a_rule_of_its_own() -> None:
    """No rule is shown twice under one name."""
    assert len({row.rule for row in ROWS}) == len(ROWS)
