"""Violations and data errors, each with a story that has it and one that has not (domain: 6)."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.acts import CardIssued
from supervision.lists import ItemPublished, PostGranted, PostRevoked, Step
from tests.court import ALREADY, FLOW, Told, fact, item, policy, shelf, watch

REASON: dict[str, Any] = {"texts": ("reason",)}
POSTED = (
    Step(code="acceptance"),
    Step(code="review", name="审核", posts=("审核岗",)),
    Step(code="signing", posts=("签发岗",)),
    Step(code="conclusion"),
)


def usual(*between: Told, conclude: str = "2026-07-07") -> list[Told]:
    """A case that goes as it should, with these facts in its middle."""
    return [
        fact("ApplicationReceived", "2026-07-01", materials=("申请表",)),
        fact("CaseAccepted", "2026-07-01 10:00", actor={"id": "P1"} and _who("P1")),
        *between,
        fact("CaseConcluded", conclude, result="出证"),
    ]


def _who(person: str) -> Any:
    from supervision.facts import Actor

    return Actor(id=person, post="", department="区住建局")


def reviewed(at: str = "2026-07-02", person: str = "P2", **fields: Any) -> Told:
    return fact("StepCompleted", at, **{"step": "review", "actor": _who(person), **fields})


def signed(at: str = "2026-07-03", person: str = "P3", **fields: Any) -> Told:
    return fact("DecisionSigned", at, actor=_who(person), **fields)


def post(kind: type, person: str, name: str, on: str = "") -> Any:
    day = ALREADY.date() if not on else type(ALREADY.date()).fromisoformat(on)
    return kind(
        version="1", announced_at=ALREADY, effective=day, source="s", person=person, post=name
    )


def found(story: list[Told], of: ItemPublished, *more: Any) -> set[str]:
    """The violations carded by the end of July."""
    lists = shelf(of, policy(answers={}), *more)
    _, acts = watch(story, "2026-07-31", lists)
    cards = [a for a in acts if isinstance(a, CardIssued) and a.rule.startswith("class_")]
    return {card.subject.partition(":")[0] for card in cards}


FLOWING = item(promise="", steps=FLOW)
PLAIN = item(promise="")
POSTS = [post(PostGranted, "P1", "审核岗"), post(PostGranted, "P3", "签发岗")]

CASES: list[tuple[str, list[Told], ItemPublished, list[Any]]] = [
    ("step_skipped", usual(signed()), FLOWING, []),
    ("step_out_of_order", usual(signed("2026-07-02"), reviewed("2026-07-03")), FLOWING, []),
    (
        "step_not_in_flow",
        usual(reviewed(), reviewed("2026-07-02 11:00", step="dance"), signed()),
        FLOWING,
        [],
    ),
    ("actor_without_post", usual(reviewed(), signed()), item(promise="", steps=POSTED), POSTS),
    (
        "actor_without_post",
        usual(reviewed(person="P1"), signed()),
        item(promise="", steps=POSTED),
        [*POSTS, post(PostRevoked, "P1", "审核岗", "2026-07-02")],
    ),
    ("same_person_signed", usual(reviewed(), signed(person="P2")), FLOWING, []),
    (
        "not_told_at_once",
        usual(
            fact("SupplementRequested", "2026-07-01 09:20", materials=("图纸",)),
            fact("SupplementRequested", "2026-07-01 09:40", materials=("图纸", "证明")),
        ),
        PLAIN,
        [],
    ),
    ("no_reason", usual(signed(granted=False)), PLAIN, []),
    (
        "pause_improper",
        usual(
            fact("SpecialProcedureStarted", "2026-07-02", kind="committee", told_at="2026-07-02"),
            fact("SpecialProcedureEnded", "2026-07-03", kind="committee"),
        ),
        PLAIN,
        [],
    ),
    (
        "pause_improper",
        usual(
            fact(
                "SpecialProcedureStarted",
                "2026-07-02",
                kind="testing",
                told_at="2026-07-02",
                approved_days=9,
            )
        ),
        PLAIN,
        [],
    ),
    (
        "extension_improper",
        usual(fact("ExtensionApproved", "2026-07-02", days=3, **REASON)),
        PLAIN,
        [],
    ),
    ("late_entry", usual(reviewed(entered_at="2026-07-04")), PLAIN, []),
    ("late_entry", usual(("2026-07-04 09:00", reviewed())), PLAIN, []),
    (
        "outside_system",
        usual(
            *[
                reviewed(
                    f"2026-07-02 0{n}:00",
                    id=f"r{n}",
                    step=f"s{n}",
                    entered_at=f"2026-07-02 15:00:0{n}",
                )
                for n in (1, 2, 3)
            ]
        ),
        PLAIN,
        [],
    ),
    (
        "fee_improper",
        usual(fact("FeeCharged", "2026-07-02", amount=500, basis="条例")),
        item(promise="", fee=0),
        [],
    ),
    ("fee_improper", usual(fact("FeeCharged", "2026-07-02", amount=500)), PLAIN, []),
    (
        "fee_improper",
        usual(fact("FeeCharged", "2026-07-01 09:30", amount=500, basis="条例")),
        PLAIN,
        [],
    ),
    ("reopened", usual(fact("CaseLinked", "2026-07-01 09:10", earlier_case="0")), PLAIN, []),
]


@pytest.mark.parametrize(("kind", "story", "of", "more"), CASES)
def test_a_violation_is_found_and_nothing_else(
    kind: str, story: list[Told], of: ItemPublished, more: list[Any]
) -> None:
    """Each story has one violation, and gets that card alone."""
    assert {kind} == found(story, of, *more)


CLEAN: list[tuple[str, list[Told], ItemPublished, list[Any]]] = [
    ("the usual", usual(reviewed(), signed()), FLOWING, []),
    ("posts held", usual(reviewed(person="P1"), signed()), item(promise="", steps=POSTED), POSTS),
    ("posts never published", usual(reviewed(), signed()), item(promise="", steps=POSTED), []),
    ("a denial with its reason", usual(signed(granted=False, **REASON)), PLAIN, []),
    (
        "entered by the end of the next working day",
        usual(reviewed("2026-07-03", entered_at="2026-07-06 23:59")),
        PLAIN,
        [],
    ),
    (
        "a standard fee",
        usual(fact("FeeCharged", "2026-07-02", amount=500, basis="条例")),
        item(promise="", fee=500),
        [],
    ),
    (
        "the same materials asked for again",
        usual(
            fact("SupplementRequested", "2026-07-01 09:20", materials=("图纸",)),
            fact("SupplementRequested", "2026-07-01 09:40", materials=("图纸",)),
        ),
        PLAIN,
        [],
    ),
    (
        "same-day steps entered together",
        usual(
            *[
                reviewed(
                    f"2026-07-01 1{n}:00",
                    id=f"r{n}",
                    step=f"s{n}",
                    entered_at=f"2026-07-01 15:00:0{n}",
                )
                for n in (1, 2, 3)
            ],
            signed("2026-07-01 15:30"),
            conclude="2026-07-01 16:00",
        ),
        item(promise="0sd"),
        [],
    ),
]


@pytest.mark.parametrize(
    ("story", "of", "more"), [row[1:] for row in CLEAN], ids=[row[0] for row in CLEAN]
)
def test_what_is_right_gets_no_violation(
    story: list[Told], of: ItemPublished, more: list[Any]
) -> None:
    """The neighbours of each violation that break no rule."""
    assert set() == found(story, of, *more)


def test_operation_outside_the_system_is_proposed_to_a_person() -> None:
    """[person] violations are proposed; a supervisor issues them (domain: 6)."""
    story = usual(
        *[
            reviewed(
                f"2026-07-02 0{n}:00", id=f"r{n}", step=f"s{n}", entered_at=f"2026-07-02 15:00:0{n}"
            )
            for n in (1, 2, 3)
        ]
    )
    _, acts = watch(story, "2026-07-31", shelf(PLAIN))
    proposed = [a.subject for a in acts if isinstance(a, CardIssued) and a.proposed]
    assert ["outside_system:r3"] == proposed


def test_data_errors_are_shown_and_card_nobody() -> None:
    """A limit other than the list's and a decision before acceptance are data errors."""
    story: list[Told] = [
        fact("ApplicationReceived", "2026-07-01", limit="9wd"),
        fact("CaseAccepted", "2026-07-02"),
        fact("DecisionSigned", "2026-07-01 15:00", granted=False, **REASON),
        fact("CaseWithdrawn", "2026-07-03"),
    ]
    lists = shelf(PLAIN, policy(answers={}))
    docket, acts = watch(story, "2026-07-31", lists)
    kinds = {error.kind for error in docket.assessment(lists, docket.judged_at).errors}
    assert {"limit_differs", "decision_before_acceptance"} == kinds
    assert [] == acts


def test_a_fact_from_the_future_is_flagged_and_does_not_advance_time() -> None:
    """occurred_at in the future: stored, a data error; nothing crosses before its time."""
    story: list[Told] = [("2026-07-01 09:00", fact("ApplicationReceived", "2026-08-03"))]
    docket, acts = watch(story, "2026-07-31", shelf(PLAIN))
    errors = docket.assessment(shelf(PLAIN), docket.judged_at).errors
    assert ["in_the_future"] == [error.kind for error in errors]
    assert [] == acts
