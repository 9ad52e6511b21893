"""What a tribunal's expert tried: stories that once gave a wrong card, missed one, or raised.

Above 400 lines: each story stands whole, with its lists and its time, to be argued about alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec import Struct

from supervision.facts import Actor, Fact
from supervision.judgement.cards import card_id
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import (
    CalendarPublished,
    ItemPublished,
    PolicyPublished,
    PostGranted,
    PostRevoked,
    Rule,
    Special,
    Step,
)
from supervision.published import bundled
from tests.court import ALREADY, CHINA, Told, at, desk, fact, item, policy, said, shelf, watch, when

R: dict[str, Any] = {"texts": ("reason",)}
PLAIN, QUIET = item(promise=""), policy(answers={})
YELLOW = card_id("s", "1", ("promise_past", "", "yellow"), 0)


def rec(day: str = "2026-07-01", **fields: Any) -> Fact:
    return fact("ApplicationReceived", day, **fields)


def acc(day: str = "2026-07-01 10:00", **fields: Any) -> Fact:
    return fact("CaseAccepted", day, **fields)


def sig(day: str, **fields: Any) -> Fact:
    return fact("DecisionSigned", day, **fields)


def con(day: str, **fields: Any) -> Fact:
    return fact("CaseConcluded", day, **fields)


def paused(day: str, **fields: Any) -> Fact:
    return fact("SpecialProcedureStarted", day, **{"kind": "testing", "told_at": day, **fields})


def resumed(day: str, **fields: Any) -> Fact:
    return fact("SpecialProcedureEnded", day, **{"kind": "testing", **fields})


def recorded(*lists: tuple[str, Struct]) -> Shelf:
    """The product's lists long ago, and these at their times ("" for long ago)."""
    own_policy = any(isinstance(e, PolicyPublished) and not e.sources and not t for t, e in lists)
    base = [b for b in bundled() if not (own_policy and isinstance(b, PolicyPublished))]
    early = [*base, *(event for time, event in lists if not time)]
    entries = [Entry(n, n, event) for n, event in enumerate(early, 1)]
    late = [(at(time), event) for time, event in lists if time]
    entries += [Entry(500 + n, stamp, event) for n, (stamp, event) in enumerate(late)]
    return Shelf(entries)


def rules(story: list[Told], until: str, lists: Shelf | None = None) -> list[str]:
    """The rules of the cards issued, in order."""
    _, acts = watch(story, until, lists)
    return [line.split()[3] for line in said(acts) if line.split()[2] == "issued"]


TAKEN: list[Told] = [rec(), acc()]


def test_two_pauses_begun_at_one_instant_are_judged() -> None:
    """The judgement is total: an open and an approved pause may begin together."""
    story = [
        *TAKEN,
        paused("2026-07-02", id="p1"),
        paused("2026-07-02", id="p2", kind="appraisal", approved_days=3),
    ]
    assert rules(story, "2026-07-10", shelf(PLAIN, QUIET)) == ["special_past"]


@pytest.mark.parametrize(
    "later",
    [
        ("2026-07-13 09:00", acc(data_version=2, document="x")),
        (
            "2026-07-13 09:00",
            fact(
                "FactCorrected",
                "2026-07-13 08:59",
                says={"document": "x"},
                corrects="CaseAccepted-2026-07-01 10:00",
            ),
        ),
    ],
    ids=["a re-send", "a correction"],
)
def test_what_is_sent_again_later_is_no_late_entry(later: Told) -> None:
    """补录 is judged on the first entry alone."""
    assert rules([*TAKEN, later], "2026-07-14", shelf(PLAIN, QUIET)) == []


def test_a_report_after_a_rejected_one_is_in_time() -> None:
    """Each round of rectification has its own clock, and the earlier ones were kept."""
    story = [
        *TAKEN,
        desk("CardExplained", "2026-07-11 10:00", YELLOW),
        desk("RectificationReported", "2026-07-14 10:00", YELLOW),
        desk("RectificationVerified", "2026-07-16 10:00", YELLOW, accepted=False),
        desk("RectificationReported", "2026-07-21 10:00", YELLOW),
    ]
    assert "rectify_past" not in rules(story, "2026-07-22", shelf(item(legal="60wd"), policy()))


def test_a_missed_rectification_stays_missed_after_the_next_round() -> None:
    """The red card for it is not withdrawn because a later report was rejected."""
    story = [
        *TAKEN,
        desk("CardExplained", "2026-07-11 10:00", YELLOW),
        desk("RectificationReported", "2026-07-22 10:00", YELLOW),
        desk("RectificationVerified", "2026-07-23 10:00", YELLOW, accepted=False),
    ]
    _, acts = watch(story, "2026-07-24", shelf(item(legal="60wd"), policy()))
    assert "withdrawn" not in " ".join(said(acts))


def test_a_second_appeal_is_no_missed_explanation() -> None:
    """The first answer was in time; another appeal does not take it away."""
    story = [
        *TAKEN,
        desk("CardAppealed", "2026-07-13 10:00", YELLOW),
        desk("AppealDecided", "2026-07-14 10:00", YELLOW, upheld=False),
        desk("CardAppealed", "2026-07-17 10:00", YELLOW),
    ]
    found = rules(story, "2026-07-18", shelf(item(legal="60wd"), policy()))
    assert "explain_past" not in found


@pytest.mark.parametrize(
    "end",
    [fact("CaseRefused", "2026-07-06", **R), con("2026-07-06", result="补交不来")],
    ids=["refused", "concluded"],
)
def test_supplements_after_the_end_start_nothing(end: Fact) -> None:
    """A refused or concluded case is not deemed accepted afterwards."""
    story: list[Told] = [
        rec(),
        fact("SupplementRequested", "2026-07-02"),
        end,
        fact("SupplementReceived", "2026-07-07"),
    ]
    assert rules(story, "2026-09-01", shelf(PLAIN, QUIET)) == []


def test_a_sources_first_own_policy_leaves_running_clocks_alone() -> None:
    """A clock keeps the policy in force when it started."""
    own = policy(
        sources=("s",),
        version="s1",
        announced_at=when("2026-07-13"),
        effective=date(2026, 7, 13),
        rules=(),
        answers={},
    )
    _, acts = watch(TAKEN, "2026-07-14", recorded(("", item()), ("2026-07-13", own)))
    assert "withdrawn" not in " ".join(said(acts))


def test_a_third_yellow_needs_three_that_stand() -> None:
    """One that was closed before does not count."""
    first = card_id("s", "1", ("class_b", "no_reason:e1", "yellow"), 0)
    closing = [
        desk("CardExplained", "2026-07-03 10:00", first),
        desk("RectificationReported", "2026-07-03 11:00", first),
        desk("RectificationVerified", "2026-07-03 12:00", first, accepted=True),
    ]
    story: list[Told] = [
        *TAKEN,
        fact("ExtensionApproved", "2026-07-02", days=3, told_at="2026-07-02", id="e1"),
        *closing,
        paused("2026-07-06", id="p", told_at=None),
        resumed("2026-07-06 12:00"),
    ]
    lists = shelf(item(legal="40wd"), policy())
    assert "third_yellow" not in rules(story, "2026-07-07", lists)


def test_no_red_for_an_answer_in_an_unpublished_year() -> None:
    """R5 holds for answer clocks too, and for late entry."""
    story: list[Told] = [rec("2026-12-18"), acc("2026-12-18 10:00")]
    found = rules(story, "2027-01-20", shelf(item(legal="60wd"), policy()))
    assert "explain_past" not in found
    late: list[Told] = [rec("2026-12-31"), ("2027-01-05 00:30", acc("2026-12-31 10:00"))]
    assert rules(late, "2027-01-20", shelf(PLAIN, QUIET)) == []


def test_a_closed_case_is_judged_when_its_item_is_published() -> None:
    """An unknown item is no reason to let a breach go."""
    story: list[Told] = [
        rec("2026-06-01"),
        acc("2026-06-01 10:00"),
        sig("2026-06-25", granted=False, **R),
        con("2026-06-25 11:00", result="其他"),
    ]
    lists = Shelf(
        [Entry(n, n, b) for n, b in enumerate(bundled(), 1)]
        + [Entry(900, at("2026-07-01"), item())]
    )
    assert "promise_past" in rules(story, "2026-07-22", lists)


def test_a_closed_case_is_judged_when_its_year_is_published() -> None:
    """A provisional breach becomes a card on publication, though the case is over."""
    notice = CalendarPublished(
        version="27",
        announced_at=when("2027-02-01"),
        calendar="CN",
        effective=date(2027, 1, 1),
        year=2027,
        days=(),
    )
    story: list[Told] = [
        rec("2027-01-04"),
        acc("2027-01-04 10:00"),
        sig("2027-01-25", granted=False, **R),
        con("2027-01-25 11:00", result="其他"),
    ]
    lists = recorded(("", item(legal="90wd")), ("", QUIET), ("2027-02-01", notice))
    assert "promise_past" in rules(story, "2027-02-10", lists)


def test_a_history_case_keeps_its_lists_when_another_arrives() -> None:
    """What stood in the log before it stays known from its announcement on."""
    old = item(promise="5wd", version="1", announced_at=when("2026-01-05"))
    new = item(
        promise="9wd", version="2", announced_at=when("2026-02-02"), effective=date(2026, 2, 2)
    )
    post = PostGranted(
        version="1",
        announced_at=ALREADY,
        effective=ALREADY.date(),
        source="s",
        person="P9",
        post="岗",
    )
    base = [Entry(n, n, b) for n, b in enumerate([*bundled()], 1) if not isinstance(b, type(QUIET))]
    base += [
        Entry(400, 400, QUIET),
        Entry(401, at("2026-07-02 08:00"), old),
        Entry(402, at("2026-07-02 08:01"), new),
    ]
    story: list[Told] = [
        ("2026-07-10 09:00", rec(history=True)),
        ("2026-07-10 09:00", acc(history=True)),
    ]
    quiet = rules(story, "2026-07-13 12:00", Shelf(base))
    noisy = rules(story, "2026-07-13 12:00", Shelf([*base, Entry(2_000, at("2026-07-13"), post)]))
    assert quiet == noisy


def test_a_case_imported_open_is_watched_like_any_other_from_then_on() -> None:
    """Only what lies before the import is history: later cards are owed an answer."""
    story: list[Told] = [
        ("2026-07-03 09:00", rec(history=True)),
        ("2026-07-03 09:00", acc(history=True)),
    ]
    _, acts = watch(story, "2026-07-25", shelf(item(), policy()))
    assert "explain_past" in rules(story, "2026-07-25", shelf(item(), policy()))
    assert all(not act.history for act in acts if act.at >= when("2026-07-03"))


def test_an_upheld_appeal_excuses_its_fact_and_no_later_one() -> None:
    """A later violation of the same kind gets a card of its own."""
    first = card_id("s", "1", ("class_b", "no_reason:e1", "yellow"), 0)
    story: list[Told] = [
        *TAKEN,
        fact("ExtensionApproved", "2026-07-02", days=3, told_at="2026-07-02", id="e1"),
        desk("CardAppealed", "2026-07-03 10:00", first),
        desk("AppealDecided", "2026-07-03 11:00", first, upheld=True),
        sig("2026-07-10", granted=False),
    ]
    assert rules(story, "2026-07-14", shelf(PLAIN, QUIET)).count("class_b") == 3


def test_a_breach_returns_when_the_fact_that_removed_it_is_void() -> None:
    """A dispute verified is about the facts as they then were."""
    story: list[Told] = [
        *TAKEN,
        (
            "2026-07-12 09:00",
            sig("2026-07-10 10:00", entered_at="2026-07-10 10:01", id="d", granted=False, **R),
        ),
        desk("DisputeVerified", "2026-07-13 12:00", YELLOW, removed=True),
        ("2026-07-15 09:00", fact("FactCorrected", "2026-07-15", corrects="d", void=True)),
    ]
    assert rules(story, "2026-07-25", shelf(item(), QUIET)).count("promise_past") == 2


def test_a_card_kept_after_a_dispute_can_still_be_corrected_away() -> None:
    """Kept against the late fact, not against every later correction."""
    story: list[Told] = [
        rec(),
        acc(id="a"),
        (
            "2026-07-12 09:00",
            sig("2026-07-10 10:00", entered_at="2026-07-10 10:01", granted=False, **R),
        ),
        desk("DisputeVerified", "2026-07-12 12:00", YELLOW, removed=False),
        (
            "2026-07-14 09:00",
            fact(
                "FactCorrected",
                "2026-07-14",
                corrects="a",
                says={"occurred_at": "2026-07-03T10:00:00+08:00"},
            ),
        ),
    ]
    _, acts = watch(story, "2026-07-20", shelf(item(), QUIET))
    ends = [line.split()[2] for line in said(acts) if line.endswith("promise_past")]
    assert ends == ["issued", "disputed", "confirmed", "withdrawn"]


UNSOUND: dict[str, list[Any]] = {
    "ten thousand years": [item(promise="10000yr")],
    "an endless cap": [item(specials=(Special(kind="testing", cap=10**9),))],
    "hours that end before they begin": [
        item(promise="4wh"),
        CalendarPublished(
            version="h",
            announced_at=ALREADY,
            effective=ALREADY.date(),
            calendar="CN",
            year=2026,
            days=(),
            partial=True,
            hours=(("17:00", "09:00"),),
        ),
    ],
    "hours that are none": [
        item(promise="4wh"),
        CalendarPublished(
            version="h",
            announced_at=ALREADY,
            effective=ALREADY.date(),
            calendar="CN",
            year=2026,
            days=(),
            partial=True,
            hours=(("9", "17"),),
        ),
    ],
    "a zone that is none": [item(), policy(zone="Asia/Beijing")],
    "a negative count": [
        item(),
        policy(
            rules=(
                Rule(
                    code="x",
                    on="standing",
                    severity="red",
                    colour="",
                    label_zh="",
                    label_en="",
                    count=-9,
                ),
            )
        ),
    ],
}


@pytest.mark.parametrize("lists", UNSOUND.values(), ids=UNSOUND.keys())
def test_unsound_lists_do_not_stop_the_judgement(lists: list[Any]) -> None:
    """What was stored once must be judged for ever, however unsound."""
    docket, _ = watch(
        [*TAKEN, paused("2026-07-02"), sig("2026-07-09")], "2026-08-09", shelf(*lists)
    )
    assert docket.judged_at >= at("2026-07-09")


def test_posts_are_held_by_their_days_of_effect() -> None:
    """Not by the order of their recording."""
    steps = (Step(code="acceptance"), Step(code="review", posts=("审核岗",)))
    of = item(promise="", steps=steps)

    def said_of(kind: Any, on: str) -> Any:
        return kind(
            version="1",
            announced_at=ALREADY,
            effective=date.fromisoformat(on),
            source="s",
            person="P2",
            post="审核岗",
        )

    story = [*TAKEN, fact("StepCompleted", "2026-07-15", step="review", actor=Actor(id="P2"))]
    ordered = shelf(
        of, QUIET, said_of(PostGranted, "2026-07-10"), said_of(PostRevoked, "2026-07-01")
    )
    assert rules(story, "2026-07-20", ordered) == []
    backdated = recorded(
        ("", of),
        ("", QUIET),
        ("", said_of(PostGranted, "2026-01-01")),
        ("2026-07-20", said_of(PostRevoked, "2026-07-01")),
    )
    assert rules(story, "2026-07-22", backdated) == []


def test_a_pause_on_the_day_of_acceptance_gives_no_extra_day() -> None:
    """R1 does not count that day, so no credit can be had for it."""
    story = [*TAKEN, paused("2026-07-01 11:00"), resumed("2026-07-02")]
    lists = shelf(PLAIN, policy(answers={}, pause_includes_start=True))
    _, acts = watch(story, "2026-08-05", lists)
    assert said(acts) == ["2026-07-30 00:00 issued legal_past"]


def test_a_same_day_item_has_its_whole_day_to_the_second_too() -> None:
    """即办 ends on the day received in every mode."""
    story = [*TAKEN, sig("2026-07-01 10:30", granted=False, **R)]
    lists = shelf(item(promise="0sd"), policy(answers={}, mode="to_the_second"))
    assert rules(story, "2026-07-03", lists) == []


def test_a_pause_does_not_take_a_rightful_reminder_back() -> None:
    """What was rightly told stays told while the procedure runs, and is told once."""
    story = [*TAKEN, paused("2026-07-09 10:00"), resumed("2026-07-15 10:00")]
    _, acts = watch(story, "2026-07-16 12:00", shelf(item(), QUIET))
    assert said(acts) == ["2026-07-09 00:00 issued promise_near"]


def test_a_skipped_step_is_seen_in_a_flow_that_does_not_list_the_conclusion() -> None:
    """A grant without review and signing skipped both."""
    steps = (Step(code="acceptance"), Step(code="review"), Step(code="signing"))
    story = [*TAKEN, con("2026-07-06", result="出证")]
    assert rules(story, "2026-07-10", shelf(item(promise="", steps=steps), QUIET)) == ["class_b"]


def test_a_correction_may_supply_the_missing_reason() -> None:
    """The words are in the vault; that they were given counts."""
    story: list[Told] = [
        *TAKEN,
        sig("2026-07-06", id="d", granted=False),
        (
            "2026-07-07 09:00",
            fact(
                "FactCorrected", "2026-07-07 08:59", corrects="d", says={}, texts=("says.reason",)
            ),
        ),
    ]
    _, acts = watch(story, "2026-07-10", shelf(PLAIN, QUIET))
    assert [line.split()[2] for line in said(acts)] == ["issued", "withdrawn"]


def test_a_pause_ended_after_the_conclusion_was_open_after_it() -> None:
    """However the two were reported."""
    story = [*TAKEN, paused("2026-07-02"), con("2026-07-06", result="出证"), resumed("2026-07-08")]
    assert rules(story, "2026-07-10", shelf(PLAIN, QUIET)) == ["class_b"]


def test_our_own_link_is_no_late_entry_of_the_department() -> None:
    """CaseLinked is found by a follower, whenever it comes."""
    link = fact("CaseLinked", "2026-07-01 09:10", earlier_case="0")
    story: list[Told] = [*TAKEN, ("2026-07-13 09:00", link)]
    found = rules(story, "2026-07-14", shelf(PLAIN, QUIET))
    assert found == ["class_b"]


def test_a_reminder_to_acknowledge_ends_when_it_is_acknowledged() -> None:
    """A reminder's condition ends; it lapses."""
    story = [*TAKEN, desk("CardAcknowledged", "2026-07-14 10:00", YELLOW)]
    _, acts = watch(story, "2026-07-15", shelf(item(legal="60wd"), policy()))
    assert "2026-07-14 10:01 lapsed acknowledge_past" in [
        f"{a.at.astimezone(CHINA):%Y-%m-%d %H:%M} lapsed acknowledge_past"
        for a, line in zip(acts, said(acts), strict=True)
        if line.endswith("lapsed acknowledge_past")
    ]


def test_a_hearing_may_end_under_its_chinese_name() -> None:
    """听证 and hearing are one kind."""
    story = [
        *TAKEN,
        paused("2026-07-01 11:00", kind="hearing"),
        resumed("2026-07-08", kind="听证"),
        sig("2026-07-09", granted=False, **R),
    ]
    assert rules(story, "2026-08-09", shelf(PLAIN, QUIET)) == []


def test_versions_in_the_future_are_items_all_the_same() -> None:
    """The only version there is judges, whenever it takes effect."""
    only: ItemPublished = item(promise="3wd", effective=date(2027, 1, 1))
    assert "promise_past" in rules(TAKEN, "2026-07-08", shelf(only, QUIET))
