"""The demonstration: an invented city, the same for whoever asks, that says it is invented.

Above 400 lines: the invented city, its courses and its desks, over one seed.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from supervision.acts import (
    CardConfirmed,
    CardIssued,
    DeskAct,
    ProposalDecided,
    RectificationVerified,
    SupervisionOrdered,
)
from supervision.clock import SteppedClock
from supervision.demonstration.city import City
from supervision.demonstration.desks import answers_to
from supervision.demonstration.items import TITLE, catalogue, weights
from supervision.demonstration.office import DAY, city_calendar
from supervision.demonstration.reporting import AHEAD_ID
from supervision.facts import FACTS, Instant, instant
from supervision.intake.reading import NOT_REPORTED, PRIVATE
from supervision.judgement.cards import NO_CARDS, with_act, with_answer
from supervision.judgement.deadline import parse_limit
from supervision.judgement.item import step_order
from supervision.lists import ItemPublished
from supervision.loop.commands import Known, decide
from supervision.loop.stage import DEPARTMENT
from supervision.record import Incoming, Record
from supervision.runners.demonstration import (
    WORDS,
    Demonstration,
    backfill,
    kept_plan,
    make_plan,
    steps,
)
from supervision.store.stored import Stored
from supervision.streams import cards_stream, desk_stream
from tests.court import at, when
from tests.loops import act

ITEMS = catalogue()
CALENDAR = city_calendar()
FIRST = date(2026, 3, 2)


@cache
def town() -> City:
    """A city that begins on a Monday."""
    return City(1, FIRST)


@cache
def fortnight() -> list[tuple[Instant, Incoming]]:
    """What is recorded in its first two weeks."""
    return town().facts_between(town().begins, town().begins + 14 * DAY)


# The catalogue.


def test_the_catalogue_has_every_item_of_the_list_and_marks_all_as_invented() -> None:
    """1,135 items of 34 departments; nobody can take their limits for published ones."""
    assert len({item.code for item in ITEMS}) == 1_135
    assert len({item.department for item in ITEMS}) == 34
    assert {(item.invented, item.title) for item in ITEMS} == {(True, TITLE)}


def test_the_catalogue_is_the_same_each_time() -> None:
    """Limits follow from the item's code."""
    assert catalogue() == ITEMS


def longest_path(item: ItemPublished) -> int:
    """Working days of the slowest way through the steps."""
    order, limits = step_order(item), {step.code: step.limit for step in item.steps}

    def until(code: str) -> int:
        limit = parse_limit(limits[code])
        return (limit.n if limit else 0) + max((until(before) for before in order[code]), default=0)

    return max(until(code) for code in order)


def test_limits_are_sane() -> None:
    """No catalogue error: promise ≤ legal, steps ≤ promise, at most three reviews in a line."""
    for item in ITEMS:
        promise, legal = parse_limit(item.promise), parse_limit(item.legal)
        assert promise, item.name
        assert legal, item.name
        assert promise.n <= legal.n, item.name
        assert longest_path(item) <= promise.n, item.name
        reviews = [s for s in item.steps if s.code in ("first_check", "review", "signing")]
        assert len(reviews) <= 3, item.name


def test_some_items_have_what_needs_to_be_seen() -> None:
    """Joint cases, branches, special procedures, fees, shorter notices, at-once items."""
    assert any(item.joint for item in ITEMS)
    assert any(step.parallel for item in ITEMS for step in item.steps)
    assert any(special.basis and special.cap for item in ITEMS for special in item.specials)
    assert any(item.fee for item in ITEMS)
    assert any(item.notice for item in ITEMS)
    assert {"0sd", "1wd", "3wd", "5wd", "7wd", "10wd", "15wd"} == {i.promise for i in ITEMS}


def test_departments_are_not_equally_busy() -> None:
    """Some have a hundredth of the work of others; none has nothing to do."""
    load: dict[str, float] = {}
    for item, weight in zip(ITEMS, weights(), strict=True):
        load[item.department] = load.get(item.department, 0) + weight
    assert min(load.values()) > 0
    assert max(load.values()) > 100 * min(load.values())


# The city.


def test_two_cities_of_one_seed_are_one_city() -> None:
    """Another process sees the same."""
    other = City(1, FIRST).facts_between(town().begins, town().begins + 14 * DAY)
    assert fortnight() == other


def test_another_seed_is_another_city() -> None:
    """The same days, other cases."""
    begins, other = town().begins, City(2, FIRST)
    assert town().facts_between(begins, begins + DAY) != other.facts_between(begins, begins + DAY)


@pytest.mark.parametrize("cut", ["2026-03-02 09:00", "2026-03-05 14:37", "2026-03-08 00:00"])
def test_windows_add_up(cut: str) -> None:
    """Between a and c lies what lies between a and b, and then between b and c."""
    city = City(1, FIRST)
    begins, end = city.begins, city.begins + 14 * DAY
    parts = city.facts_between(begins, at(cut)) + city.facts_between(at(cut), end)
    assert fortnight() == parts


def test_a_window_may_be_asked_for_again() -> None:
    """What was forgotten after a later window is drawn again."""
    city = City(1, FIRST)
    day = city.facts_between(city.begins, city.begins + DAY)
    city.facts_between(city.begins + 5 * DAY, city.begins + 6 * DAY)
    assert day == city.facts_between(city.begins, city.begins + DAY)


def test_stamps_are_in_order_and_within_the_window() -> None:
    """As a log would have recorded them."""
    stamps = [stamp for stamp, _ in fortnight()]
    assert sorted(stamps) == stamps
    assert town().begins < stamps[0]
    assert stamps[-1] <= town().begins + 14 * DAY


def test_nothing_is_recorded_before_it_happens_but_by_a_clock_that_is_ahead() -> None:
    """Those few are marked by their id."""
    early = {i.fact.id for stamp, i in fortnight() if instant(i.fact.occurred_at) > stamp}
    assert early
    assert all(name.endswith(AHEAD_ID) for name in early)


def test_every_kind_of_fact_that_departments_report_occurs_within_two_weeks() -> None:
    """Whoever watches sees all that there is to see."""
    kinds = {type(incoming.fact).__name__ for _, incoming in fortnight()}
    assert set(FACTS) - NOT_REPORTED == kinds


def test_all_departments_but_the_smallest_have_cases() -> None:
    """Busy ones have hundreds, some fewer than twenty."""
    cases: dict[str, set[str]] = {}
    for _, incoming in fortnight():
        department = incoming.fact.actor.department
        cases.setdefault(department, set()).add(incoming.fact.case_no)
    numbers = sorted(len(numbers) for numbers in cases.values())
    assert len(numbers) >= 30
    assert numbers[0] < 20 < 500 < numbers[-1]


def test_days_off_are_quiet() -> None:
    """The first Saturday has a few cases, all online; the days before some four hundred."""
    begins = town().begins
    received = [i.fact for _, i in fortnight() if type(i.fact).__name__ == "ApplicationReceived"]
    by_day = [0] * 15
    for fact in received:
        by_day[(instant(fact.occurred_at) - begins) // DAY] += 1
    assert min(by_day[:5]) > 300
    assert 0 < by_day[5] < 40


def test_texts_are_those_that_departments_may_send() -> None:
    """Intake would take every fact as it is."""
    for _, (fact, private) in fortnight():
        assert set(private) <= PRIVATE[type(fact).__name__]
        assert len(fact.case_no) <= 50


# Its desks.


def card(number: int, **fields: object) -> CardIssued:
    """A yellow card of the city."""
    says = {
        "source": "demo",
        "case_no": "DEMO-20260302-00001",
        "card": f"CARD{number:04d}",
        "at": when("2026-03-05 00:00"),
        "rule": "promise_past",
        "severity": "yellow",
        "colour": "#F0E442",
        "label_zh": "黄牌",
        "label_en": "Yellow card",
        "crossed_at": when("2026-03-05 00:00"),
        "department": "区水务局",
        **fields,
    }
    return CardIssued(**says)


def answers(number: int, **fields: object) -> list[tuple[Instant, DeskAct]]:
    """What is answered to it."""
    return answers_to(card(number, **fields), 1, CALENDAR)


def test_answers_come_in_office_hours_after_the_card_and_in_order() -> None:
    """A card of midnight is acknowledged in the morning at the earliest."""
    for number in range(50):
        given = [stamp for stamp, _ in answers(number)]
        assert sorted(given) == given
        assert all(stamp > at("2026-03-05 00:00") for stamp in given)
        assert all(CALENDAR.within_hours(stamp - 1) for stamp in given)


def test_answers_are_the_same_for_whoever_asks() -> None:
    """They follow from the card and the seed."""
    assert [answers(n) for n in range(20)] == [answers(n) for n in range(20)]


def kinds(told: list[list[tuple[Instant, DeskAct]]]) -> set[str]:
    return {type(act).__name__ for given in told for _, act in given}


def test_the_whole_loop_is_lived_through() -> None:
    """Silence, appeals upheld, rejected and referred up, reports accepted and not, orders, cards
    closed, withdrawn and handed on: all occur.
    """
    told = [answers(number, severity=("yellow", "red")[number % 2]) for number in range(800)]
    assert kinds(told) == {
        "CardAcknowledged",
        "CardExplained",
        "CardAppealed",
        "AppealReferred",
        "AppealDecided",
        "RectificationReported",
        "RectificationVerified",
        "SupervisionOrdered",
        "CardClosed",
        "WithdrawalDecided",
        "CardTransferred",
    }
    assert [] in told
    assert {False, True} == {a.accepted for t in told for _, a in t if hasattr(a, "accepted")}
    assert {False, True} == {a.upheld for t in told for _, a in t if hasattr(a, "upheld")}
    assert {1, 2} <= {a.number for t in told for _, a in t if isinstance(a, SupervisionOrdered)}


@pytest.mark.parametrize("proposed", [False, True])
def test_each_act_of_the_desks_is_one_that_the_loop_allows(proposed: bool) -> None:
    """From where the card stands, by somebody who may, with its reason: as at a real desk."""
    for number in range(400):
        given = card(number, proposed=proposed, severity=("yellow", "red")[number % 2])
        cards = with_act(NO_CARDS, given)
        for stamp, answer in answers_to(given, 1, CALENDAR):
            private = {"reason": WORDS[type(answer)]} if type(answer) in WORDS else {}
            if not isinstance(answer, SupervisionOrdered):
                wanted = decide(Known(cards, frozenset()), answer, private or {"reason": "督办"})
                assert wanted[0] == answer
            cards = with_answer(cards, answer, stamp)
            confirmed = isinstance(answer, ProposalDecided) and answer.issued
            if confirmed:
                says = {"source": given.source, "case_no": given.case_no, "card": given.card}
                cards = with_act(cards, CardConfirmed(at=answer.at, **says))


def test_orders_follow_upon_reports_that_were_not_accepted_and_are_numbered() -> None:
    """At the same moment, by the same person."""
    for number in range(400):
        given = [act for _, act in answers(number)]
        pairs = [
            (before, order)
            for before, order in pairwise(given)
            if isinstance(order, SupervisionOrdered)
        ]
        assert [order.number for _, order in pairs] == list(range(1, len(pairs) + 1))
        for before, order in pairs:
            assert isinstance(before, RectificationVerified)
            assert (before.accepted, before.at, before.by) == (False, order.at, order.by)


def test_nobody_answers_reminders() -> None:
    """They ask for no answer."""
    assert not any(answers(n, severity="reminder") for n in range(20))


def test_proposals_are_decided_before_they_are_answered() -> None:
    """Some are issued and answered from then on, the others end with the decision."""
    told = [answers(number, proposed=True) for number in range(60)]
    assert {type(given[0][1]).__name__ for given in told} == {"ProposalDecided"}
    for given in told:
        decision = given[0][1]
        assert isinstance(decision, ProposalDecided)
        assert decision.issued == (len(given) > 1)
    assert {1} < {len(given) for given in told}


# Its feeding into a record.


@pytest.fixture
def small(tmp_path: Path) -> tuple[City, SteppedClock, Record]:
    """A city of two working days behind it and thirty cases a day, and an empty record."""
    plan = kept_plan(tmp_path, make_plan(days=2, cases_a_day=30))
    clock = SteppedClock(plan.city().begins)
    return plan.city(), clock, Record(tmp_path, clock)


NOW = at("2026-03-17 09:40")


def everything(record: Record) -> list[Stored]:
    """The whole log."""
    return record.read(0, 100_000)


def test_a_backlog_is_recorded_as_it_was_lived(small: tuple[City, SteppedClock, Record]) -> None:
    """Facts a step after their time at the latest; cards; the watch knows all of the log."""
    city, clock, record = small
    shares: list[float] = []
    watch = backfill(record, clock, city, NOW, shares.append)
    stored = everything(record)
    due = city.facts_between(city.begins, NOW)
    facts = [s for s in stored if s.stream.endswith("/facts")]
    assert {i.fact.id for _, i in due} == {s.event.id for s in facts}
    assert any(s.topic.startswith("CardIssued/") for s in stored)
    assert (stored[-1].position, {}) == (watch.position, watch.halted)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    record.close()


def test_a_backlog_that_was_cut_goes_on(small: tuple[City, SteppedClock, Record]) -> None:
    """Nothing is stored twice, nothing is left out, the acts are the same."""
    city, clock, record = small
    backfill(record, clock, city, at("2026-03-16 11:03"))
    backfill(record, clock, City(1, date(2026, 3, 13), 30), NOW)
    facts = [s.event.id for s in everything(record) if s.stream.endswith("/facts")]
    due = {i.fact.id for _, i in city.facts_between(city.begins, NOW)}
    assert len(facts) == len(set(facts))
    assert due == set(facts)
    record.close()


def test_a_feeder_goes_on_where_another_ended(small: tuple[City, SteppedClock, Record]) -> None:
    """After a restart it feeds what is new and nothing again."""
    city, clock, record = small
    backfill(record, clock, city, NOW)
    feeder = Demonstration(record, city)
    assert feeder.feed(NOW) == 0
    clock.set(NOW + DAY // 8)
    new = city.facts_between(NOW, NOW + DAY // 8)
    assert len({i.fact.id for _, i in new}) == feeder.feed(NOW + DAY // 8)
    record.close()


@pytest.mark.parametrize(
    ("kind", "left"),
    [("CardAcknowledged", "department"), ("SupervisionOrdered", "supervisor")],
)
def test_the_city_leaves_to_people_what_they_have_taken_on(
    small: tuple[City, SteppedClock, Record], kind: str, left: str
) -> None:
    """The department's part of a card or the supervisors', after a restart too; the other part the
    city goes on with.
    """
    city, clock, record = small
    clock.set(NOW)
    taken = full_course()
    stream = desk_stream(taken.source, taken.case_no)
    record.append(cards_stream(taken.source, taken.case_no), [taken], 0)
    theirs = act(kind, source=taken.source, case_no=taken.case_no, card=taken.card, id="theirs")
    record.append(stream, [theirs], 0)
    for _ in range(2):
        feeder = Demonstration(record, city)
        clock.set(NOW + 60 * DAY)
        feeder._follow()
        feeder._answer(NOW + 60 * DAY)
    given = [each.event for each in record.read_stream(stream)[1:]]
    sides = {"department" if type(each) in DEPARTMENT else "supervisor" for each in given}
    assert sides == {"department", "supervisor"} - {left}
    assert len({each.id for each in given}) == len(given)
    record.close()


def full_course() -> CardIssued:
    """A card that the city's desks explain, report and verify."""
    full = ["CardAcknowledged", "CardExplained", "RectificationReported", "RectificationVerified"]
    cards = (card(number) for number in range(100))
    return next(
        one for one in cards if [type(a).__name__ for _, a in answers_to(one, 1, CALENDAR)] == full
    )


def test_a_stepped_clock_never_goes_back_and_can_be_handed_over() -> None:
    """One record lives through the backlog and then goes on with another clock."""
    clock = SteppedClock(NOW)
    clock.set(NOW - DAY)
    assert clock().wall == NOW
    clock.hand_over(SteppedClock(NOW + DAY))
    assert clock().wall == NOW + DAY


def test_a_home_keeps_its_plan(tmp_path: Path) -> None:
    """A restart with other settings goes on with the same city."""
    first = kept_plan(tmp_path, make_plan(seed=3, days=5))
    assert first == kept_plan(tmp_path, make_plan(seed=4, days=9))


def test_the_steps_of_a_backlog_end_with_now() -> None:
    """In order, midnights among them, nothing later."""
    taken = list(steps(CALENDAR, at("2026-03-13 10:00"), NOW))
    assert sorted(set(taken)) == taken
    assert taken[-1] == NOW
    assert at("2026-03-16 00:00") + 1_000_000 in taken
