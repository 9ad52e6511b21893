"""A case as it would stand in the log had everything been known when it happened."""

from __future__ import annotations

from projections.rows import UNLISTED
from replay.every_case import Bundle
from replay.truth import (
    FOR_GOOD,
    IMPORTED,
    LATE,
    MISSING,
    UNDUE,
    VOID,
    Given,
    Retelling,
    Turned,
    lists_unknown,
    retelling,
)
from supervision.acts import CardIssued
from supervision.facts import Instant
from supervision.lists import ListChangeAnnounced
from supervision.store.mapping import decode, moment
from tests.court import at, calendar_change, item
from tests.memorylog import MemoryLog, stream_of
from tests.told_late import (
    DEPARTMENT,
    SOURCE,
    Tale,
    Watched,
    correction,
    in_time,
    told_late,
    watched,
)

UNTIL = "2026-03-02 12:00"
RECEIVED = Tale("ApplicationReceived", "2026-02-02 09:10")
ACCEPTED = Tale("CaseAccepted", "2026-02-02 15:00")


def retold(case: Watched) -> Retelling:
    """The case told anew."""
    given = Given(case.until, tuple(case.shelf.entries))
    return retelling(given)([Bundle(SOURCE, "1", case.stored)])


def issued(made: Retelling) -> list[tuple[str, Instant]]:
    """The rules of the cards of the log as it would stand, and when they are issued."""
    acts = [(decode(e.topic, e.payload), e.at) for e in made.events if e.stream.endswith("/cards")]
    return [(act.rule, when) for act, when in acts if isinstance(act, CardIssued)]


def cards(made: Retelling, kind: str) -> list[Turned]:
    """The differences of a kind."""
    return [one for one in made.turned if one.kind == kind]


def test_a_case_told_in_time_is_told_the_same() -> None:
    """Event by event; nothing differs."""
    case = watched(in_time(), UNTIL)
    made = retold(case)
    assert [(e.at, e.stream, e.payload) for e in made.events if e.stream.endswith("/facts")] == [
        (s.recorded_at, s.stream, s.payload) for s in case.stored if s.stream.endswith("/facts")
    ]
    assert (made.unknown, made.turned) == ([], [])


def test_late_facts_stand_where_they_happened_and_cards_for_their_lateness_do_not() -> None:
    """The yellow card was not due; what was not known is told with when it came."""
    made = retold(watched(told_late(), UNTIL))
    facts = [e for e in made.events if e.stream.endswith("/facts")]
    assert [e.at for e in facts] == sorted(e.at for e in facts)
    assert max(e.at for e in facts) == at("2026-02-11 09:00")
    concluded = next(one for one in made.unknown if one.what == "CaseConcluded")
    assert (concluded.kind, concluded.since, concluded.until, concluded.department) == (
        LATE,
        at("2026-02-10 16:00"),
        at("2026-02-27 09:20"),
        DEPARTMENT,
    )
    yellow = next(one for one in cards(made, UNDUE) if one.rule == "promise_past")
    assert yellow.until == FOR_GOOD, "it is disputed, and stands until somebody decides"
    assert "promise_past" not in [rule for rule, _ in issued(made)]


def test_a_card_that_was_due_and_could_not_be_issued_is_missing() -> None:
    """The case was reported when it was over: nobody saw the promise pass."""
    tales = [
        RECEIVED._replace(recorded="2026-02-27 08:50"),
        Tale("CaseAccepted", "2026-02-02 15:00", "2026-02-27 09:00"),
        Tale("CaseConcluded", "2026-02-26 16:00", "2026-02-27 09:10", {"result": "出证"}),
    ]
    made = retold(watched(tales, UNTIL))
    known = {one.rule for one in cards(made, UNDUE)}
    missing = {one.rule: one.since for one in cards(made, MISSING)}
    assert "promise_near" in missing
    assert at("2026-02-02 15:00") < missing["promise_near"] < at("2026-02-27 09:00")
    assert "promise_near" not in known


def test_a_card_about_a_card_that_nobody_had_issued_is_left_out() -> None:
    """It could not be acknowledged; one of a card that was issued stays."""
    late = [each._replace(recorded="2026-02-25 09:00") for each in (RECEIVED, ACCEPTED)]
    made = retold(watched(late, "2026-02-26 12:00"))
    assert "promise_past" in [rule for rule, _ in issued(made)]
    assert [rule for rule, _ in issued(made) if rule.startswith("acknowledge")] == []
    assert not [one for one in made.turned if one.rule.startswith("acknowledge")]
    known = retold(watched([RECEIVED, ACCEPTED], "2026-02-26 12:00"))
    assert [rule for rule, _ in issued(known) if rule.startswith("acknowledge")] != []
    assert known.turned == []


def test_what_was_voided_never_was_and_was_believed_meanwhile() -> None:
    """From its recording until that of the void."""
    wrong = Tale("CaseConcluded", "2026-02-05 16:00", "", {"result": "出证"})
    tales = [RECEIVED, ACCEPTED, wrong, correction("CaseConcluded-2026-02-05 16:00", "2026-02-09")]
    made = retold(watched(tales, UNTIL))
    topics = {e.topic.partition("/")[0] for e in made.events}
    assert not {"CaseConcluded", "FactCorrected"} & topics
    (void,) = made.unknown
    assert (void.kind, void.what, void.since, void.until) == (
        VOID,
        "CaseConcluded",
        at("2026-02-05 16:00"),
        at("2026-02-09"),
    )


def test_a_correction_stands_with_what_it_corrects() -> None:
    """At the instant that it gives it, and the case is not judged by what was wrong."""
    wrong = Tale("CaseConcluded", "2026-02-26 16:00", "", {"result": "出证"})
    right = correction(
        "CaseConcluded-2026-02-26 16:00", "2026-02-27", occurred_at="2026-02-05 16:00"
    )
    made = retold(watched([RECEIVED, ACCEPTED, wrong, right], UNTIL))
    at_once = [e.topic.partition("/")[0] for e in made.events if e.at == at("2026-02-05 16:00")]
    assert at_once == ["CaseConcluded", "FactCorrected"]
    assert [rule for rule, _ in issued(made) if rule == "promise_past"] == []
    assert "promise_past" in {one.rule for one in cards(made, UNDUE)}


def test_a_fact_moved_to_a_later_time_was_believed_too_early() -> None:
    """The case was open until the true conclusion, whatever was on record before."""
    wrong = Tale("CaseConcluded", "2026-02-03 16:00", "", {"result": "出证"})
    right = correction(
        "CaseConcluded-2026-02-03 16:00", "2026-02-27", occurred_at="2026-02-26 16:00"
    )
    made = retold(watched([RECEIVED, ACCEPTED, wrong, right], UNTIL))
    (concluded,) = [e for e in made.events if e.topic.startswith("CaseConcluded")]
    assert concluded.at == at("2026-02-26 16:00")
    believed = [(one.since, one.until) for one in made.unknown if one.kind == VOID]
    assert believed == [(at("2026-02-03 16:00"), at("2026-02-26 16:00"))]
    assert "promise_past" in [rule for rule, _ in issued(made)]
    assert "promise_past" in {one.rule for one in cards(made, MISSING)}


def test_what_is_told_of_a_case_goes_to_whose_it_was_and_whose_it_is() -> None:
    """A case that another department was given by a correction; and one that never was."""
    moved = correction(
        "ApplicationReceived-2026-02-02 09:10",
        "2026-02-27",
        actor={"id": "P1", "post": "审核岗", "department": "区教育局"},
    )
    made = retold(watched([RECEIVED, moved], UNTIL))
    assert {(one.department, one.was) for one in made.unknown} == {("区教育局", DEPARTMENT)}
    void = correction("ApplicationReceived-2026-02-02 09:10", "2026-02-27")
    made = retold(watched([RECEIVED, void], UNTIL))
    assert {(one.kind, one.was) for one in made.unknown} == {(VOID, DEPARTMENT)}
    assert {one.was for one in cards(made, UNDUE)} == {DEPARTMENT}


def test_an_imported_history_was_not_known_before_its_import() -> None:
    """Its cards were issued on no wall, so none of them differs."""
    past = [
        tale._replace(recorded="2026-02-20", fields={**tale.fields, "history": True})
        for tale in in_time()
    ]
    made = retold(watched(past, UNTIL))
    assert {one.kind for one in made.unknown} == {IMPORTED}
    assert len(made.unknown) == len(past)
    assert {one.until for one in made.unknown} == {at("2026-02-20")}
    assert made.turned == []


def test_a_card_that_was_recorded_late_was_missing_until_then() -> None:
    """The watch had stopped; a moment between the act and its recording is no difference."""
    case = watched([RECEIVED, ACCEPTED], "2026-02-20 12:00")
    stored = [
        each._replace(recorded_at=at("2026-02-20 11:00")) if each.topic == "CardIssued/1" else each
        for each in case.stored
    ]
    made = retold(case._replace(stored=stored))
    late = {one.rule: (one.kind, one.since, one.until) for one in made.turned}
    kind, since, until = late["promise_past"]
    assert (kind, until) == (MISSING, at("2026-02-20 11:00"))
    assert at("2026-02-02") < since < until


def test_a_list_that_was_announced_and_not_recorded_is_told_to_whom_it_concerns() -> None:
    """A calendar to everybody, an item to its department, what names no item to who sees all."""
    log = MemoryLog()
    early = moment(at("2026-02-02"))
    log.put(
        at("2026-02-09"),
        [
            (stream_of(event), event)
            for event in (
                calendar_change(at("2026-02-02"), 3),
                item(code="X", department="区教育局", announced_at=early),
                ListChangeAnnounced(id="1", code="X", announced_at=early),
                ListChangeAnnounced(id="2", code="none", announced_at=early),
                item(code="Y", announced_at=moment(at("2026-02-09"))),
            )
        ],
    )
    told = [(one.item_name, one.department, one.until) for one in lists_unknown(log.stored)]
    recorded = at("2026-02-09")
    assert told == [
        ("CN-2026-x", "", recorded),
        ("X", "区教育局", recorded),
        ("X", "区教育局", recorded),
        ("none", UNLISTED, recorded),
    ]
