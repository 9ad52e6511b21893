"""What is derived again from the log alone is what the watch wrote; and what truly was."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from replay.derive import Lateness, derive, truly
from supervision.acts import CardIssued
from supervision.errors import TooNew, Unreadable
from supervision.facts import Fact, FactCorrected, Instant, instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import LISTS, CalendarPublished, Day
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from tests.court import at, desk, fact, item, said, when
from tests.histories import bundled_some, history
from tests.memorylog import MemoryLog, Schedule, Transaction, run, stream_of

SOME = settings(max_examples=20, deadline=None, database=None, derandomize=True)
SEEDS = st.integers(0, 1_000_000)
SCHEDULES = (Schedule(), Schedule(beat=70), Schedule(beat=50, deliver=60, write=50, kill=20))


def shelf_of(log: MemoryLog) -> Shelf:
    """All lists of a log."""
    lists = (s for s in log.stored if s.topic.partition("/")[0] in LISTS)
    return Shelf(Entry(s.position, s.recorded_at, s.event) for s in lists)


def written(log: MemoryLog, case_no: str) -> list[tuple[str, bytes]]:
    return log.acts().get(f"case/s/{case_no}/cards", [])


@SOME
@given(SEEDS, st.sampled_from(SCHEDULES))
def test_what_is_derived_is_what_the_watch_wrote(seed: int, schedule: Schedule) -> None:
    """Whatever was late, corrected or published in the middle, and however it was delivered: from
    the inputs and lists alone come the same acts, byte for byte and in order.
    """
    told, until = history(seed)
    log = run(told, until, schedule, Random(seed))
    shelf = shelf_of(log)
    for case_no in ("C1", "C2", "C3"):
        derived = derive(log.case("s", case_no), shelf, until)
        assert written(log, case_no) == [encode(act) for act, _ in derived]


@SOME
@given(SEEDS)
def test_recorded_acts_are_no_input(seed: int) -> None:
    """A case derived without its stream of cards is derived the same."""
    told, until = history(seed, cases=1)
    log = run(told, until, Schedule(), Random(seed))
    stored, shelf = log.case("s", "C1"), shelf_of(log)
    inputs = [s for s in stored if not s.stream.endswith("/cards")]
    assert derive(stored, shelf, until) == derive(inputs, shelf, until)


@SOME
@given(SEEDS, st.integers(0, 100))
def test_up_to_an_instant_the_acts_are_those_made_by_then(seed: int, percent: int) -> None:
    """An earlier end gives the beginning of what a later end gives."""
    told, until = history(seed, cases=1)
    log = run(told, until, Schedule(), Random(seed))
    stored, shelf = log.case("s", "C1"), shelf_of(log)
    first = told[0].stamp
    then = first + (until - first) * percent // 100
    whole = derive(stored, shelf, until)
    assert [each for each in whole if each.at <= then] == derive(stored, shelf, then)


def punctual(told: list[Transaction]) -> list[Transaction]:
    """The same history with every fact recorded when it happened, and nothing corrected."""
    stamps: dict[Instant, list[tuple[str, Struct]]] = {}
    for stamp, events in told:
        for stream, event in events:
            if not isinstance(event, FactCorrected):
                at = instant(event.occurred_at) if isinstance(event, Fact) else stamp
                stamps.setdefault(at, []).append((stream, event))
    return [Transaction(stamp, stamps[stamp]) for stamp in sorted(stamps)]


@SOME
@given(SEEDS)
def test_where_nothing_was_late_what_was_known_is_what_was(seed: int) -> None:
    """Every fact recorded when it happened, every list when it was announced: no difference."""
    told, until = history(seed)
    log = run(punctual(told), until, Schedule(), Random(seed))
    shelf = shelf_of(log)
    for case_no in ("C1", "C2", "C3"):
        stored = log.case("s", case_no)
        assert derive(stored, shelf, until) == truly(stored, shelf, until)


@SOME
@given(SEEDS)
def test_with_no_lateness_taken_away_what_was_known_remains(seed: int) -> None:
    """Facts, corrections and lists as they came: the acts as derived."""
    told, until = history(seed)
    log = run(told, until, Schedule(), Random(seed))
    shelf, as_it_came = shelf_of(log), Lateness(facts=False, corrections=False, lists=False)
    for case_no in ("C1", "C2", "C3"):
        stored = log.case("s", case_no)
        assert derive(stored, shelf, until) == truly(stored, shelf, until, as_it_came)


LISTS_KNOWN = [*bundled_some(), item()]


def told_in(
    *story: tuple[str, Struct], lists: tuple[tuple[str, Struct], ...] = ()
) -> tuple[list[Stored], Shelf]:
    """Case 1 as its events were recorded, at the times told, and the lists."""
    log = MemoryLog()
    log.put(at("2026-01-01"), [(stream_of(e), e) for e in LISTS_KNOWN])
    for stamp, event in sorted([*story, *lists], key=lambda told: at(told[0])):
        log.put(at(stamp), [(stream_of(event), event)])
    return log.case("s", "1"), shelf_of(log)


ACCEPTED = ("2026-03-02 09:01", fact("CaseAccepted", "2026-03-02 09:00"))
RECEIVED = ("2026-03-02 09:01", fact("ApplicationReceived", "2026-03-02 09:00"))
UNTIL = "2026-04-01"


def breaches(stored: list[Stored], shelf: Shelf, without: Lateness | None = None) -> list[str]:
    """What was issued but reminders; derived, or as it truly was."""
    end = at(UNTIL)
    made = derive(stored, shelf, end) if without is None else truly(stored, shelf, end, without)
    acts = [act for act, _ in made]
    reminders = {a.card for a in acts if isinstance(a, CardIssued) and a.severity == "reminder"}
    return said(act for act in acts if act.card not in reminders)


ALL = Lateness()


def test_a_card_that_only_lateness_made_was_truly_not_due() -> None:
    """Concluded in time, reported a month later: issued then, and truly never due."""
    concluded = fact("CaseConcluded", "2026-03-10 10:00", result="出证")
    story = told_in(RECEIVED, ACCEPTED, ("2026-03-30 10:00", concluded))
    issued = [line.split()[-1] for line in breaches(*story) if "issued" in line]
    assert "promise_past" in issued
    assert not any("promise_past" in line for line in breaches(*story, ALL))


def test_a_fact_counts_with_the_time_that_a_correction_gave_it() -> None:
    """Accepted on 2 March, corrected to 9 March: truly the promise ran a week later."""
    put_right = fact(
        "FactCorrected",
        "2026-03-20 10:00",
        corrects=ACCEPTED[1].id,
        says={"occurred_at": "2026-03-09T09:00:00+08:00"},
    )
    story = told_in(ACCEPTED, ("2026-03-20 10:00", put_right))
    assert "2026-03-12 00:00 issued promise_past" in breaches(*story)
    assert ["2026-03-19 00:00 issued promise_past"] == [
        line for line in breaches(*story, ALL) if "promise_past" in line
    ]


def test_a_fact_that_was_voided_never_was() -> None:
    """A conclusion made void: truly the case went on, and its promise passed in time."""
    concluded = fact("CaseConcluded", "2026-03-04 10:00", result="出证")
    void = fact("FactCorrected", "2026-03-25 10:00", corrects=concluded.id, void=True)
    story = told_in(ACCEPTED, ("2026-03-04 10:01", concluded), ("2026-03-25 10:00", void))
    assert "2026-03-12 00:00 issued promise_past" not in breaches(*story)
    assert "2026-03-12 00:00 issued promise_past" in breaches(*story, ALL)


def test_of_a_fact_sent_again_the_last_version_counts_from_the_beginning() -> None:
    """Sent again with another date: truly that date was known from the first report on."""
    again = replace(ACCEPTED[1], data_version=2, occurred_at=when("2026-02-27 09:00"))
    story = told_in(ACCEPTED, ("2026-03-20 10:00", again))
    assert "2026-03-12 00:00 issued promise_past" in breaches(*story)
    assert "2026-03-10 00:00 issued promise_past" in breaches(*story, ALL)


def test_a_list_counts_from_its_announcement() -> None:
    """A holiday announced in February and recorded in April: truly the promise passed later."""
    off = CalendarPublished(
        version="CN-2026-local",
        announced_at=when("2026-02-20"),
        effective=when("2026-03-05").date(),
        calendar="CN",
        year=2026,
        days=(Day(when("2026-03-05").date(), False, "调休"),),
        partial=True,
    )
    story = told_in(ACCEPTED, lists=(("2026-03-30", off),))
    assert "2026-03-12 00:00 issued promise_past" in breaches(*story)
    assert "2026-03-13 00:00 issued promise_past" in breaches(*story, ALL)
    only_facts = Lateness(lists=False)
    assert "2026-03-12 00:00 issued promise_past" in breaches(*story, only_facts)


def test_an_answer_comes_when_it_was_given() -> None:
    """To a card that truly was due, the answer counts; to one that was not, it changes nothing."""
    stored, shelf = told_in(ACCEPTED)
    issued = [act for act, _ in derive(stored, shelf, at(UNTIL)) if isinstance(act, CardIssued)]
    card = next(act.card for act in issued if act.rule == "promise_past")
    answered = ("2026-03-13 10:00", desk("CardExplained", "2026-03-13 10:00", card))
    late = ("2026-03-30", fact("CaseConcluded", "2026-03-10 10:00", result="出证"))
    due, not_due = told_in(ACCEPTED, answered), told_in(ACCEPTED, answered, late)
    assert breaches(*due) == breaches(*due, ALL)
    assert breaches(*not_due, ALL) == []


def test_what_a_newer_program_wrote_is_said_not_skipped() -> None:
    """An input that cannot be read stops the derivation: TooNew, or Unreadable."""
    stored, shelf = told_in(ACCEPTED)
    newer = [stored[0]._replace(topic="CaseAccepted/99")]
    broken = [stored[0]._replace(payload=b"{")]
    with pytest.raises(TooNew):
        derive(newer, shelf, at(UNTIL))
    with pytest.raises(Unreadable):
        truly(broken, shelf, at(UNTIL))
