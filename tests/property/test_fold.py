"""What is kept from one judgement to the next is what would be worked out afresh."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from supervision.acts import DeskAct
from supervision.facts import FACTS, Actor, Fact, FactCorrected, Instant, Known, instant, known
from supervision.judgement.assess import Assessment, assess
from supervision.judgement.calendar import Calendar
from supervision.judgement.cards import moment
from supervision.judgement.case import NOTHING, Case, case_of, with_fact
from supervision.judgement.clocks import run_clocks
from supervision.judgement.deadline import (
    Deadline,
    Limit,
    Pause,
    days_left_from,
    deadline,
    paused,
)
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import NEVER, Dated, Entry, Lists, Shelf
from supervision.judgement.terms import terms_of
from supervision.judgement.violations import CHECKS, Scene, checks_for
from supervision.lists import CalendarPublished, ItemPublished, PolicyPublished
from supervision.published import bundled
from tests.court import CHINA, FLOW, at, fact, item, policy, shelf, watch
from tests.histories import SCRIPT, history
from tests.memorylog import DAY, SECOND, Transaction

START = at("2026-02-02")
SEEDS = st.integers(0, 1_000_000)
SOME = settings(max_examples=60, deadline=None, database=None, derandomize=True)
CALENDAR = Calendar([e for e in bundled() if isinstance(e, CalendarPublished)])
EXTRA = (
    ("CaseRefused", 3, {}),
    ("CaseWithdrawn", 11, {}),
    ("FeeCharged", 4, {"amount": 100}),
    ("ServiceRated", 21, {"grade": 1}),
    ("ComplaintFiled", 9, {}),
    ("CaseLinked", 4, {}),
    ("StepCompleted", 8, {"step": "conclusion"}),
)


def told(seed: int) -> list[Known]:
    """Facts of one case as they arrive: some late, re-sent, corrected, entered long afterwards,
    at one instant, without item, or historical.
    """
    random = Random(seed)
    unruly = random.choice((0.0, 0.05, 0.3))
    arriving: list[tuple[Instant, Fact]] = []
    for number, (kind, day, fields) in enumerate(sorted((*SCRIPT, *EXTRA), key=lambda s: s[1])):
        if random.random() < 0.3:
            continue
        happened = START + int(day * DAY) + random.randrange(4) * DAY // 8
        made = _fact(random, f"F{number}", kind, happened, fields, unruly)
        late = random.choice((6, 40)) * DAY if random.random() < unruly else 60 * SECOND
        arriving.append((happened + late, made))
        if random.random() < unruly:
            arriving.append((happened + late + random.randrange(9 * DAY), _again(random, made)))
    arriving.sort(key=lambda pair: pair[0])
    history = random.random() < 0.2
    return [
        known(replace(f, history=True) if history and random.random() < 0.9 else f, stamp, position)
        for position, (stamp, f) in enumerate(arriving, 1)
    ]


def _fact(
    random: Random, id: str, kind: str, happened: Instant, fields: dict[str, object], unruly: float
) -> Fact:
    occurred = moment(happened, CHINA)
    entered = occurred + timedelta(hours=random.choice((0, 1, 30)))
    return FACTS[kind](
        id=id,
        source="s",
        case_no="1",
        item="" if random.random() < unruly else "i",
        occurred_at=occurred,
        entered_at=entered if random.random() < 0.3 else None,
        actor=Actor(id=random.choice(("P1", "P2")), department=random.choice(("", "区住建局"))),
        **fields,
    )


def _again(random: Random, said: Fact) -> Fact:
    """The same fact once more, a newer version of it, or a correction of it or of the next one."""
    if random.random() < 0.5:
        return replace(said, data_version=random.choice((1, 2)), item="j")
    return FactCorrected(
        id=f"{said.id}c",
        source=said.source,
        case_no=said.case_no,
        occurred_at=said.occurred_at,
        corrects=random.choice((said.id, said.id, f"F{int(said.id[1:]) + 1}", "nothing")),
        says={"item": "k"},
        void=random.random() < 0.3,
    )


def folded_step_by_step(facts: list[Known]) -> Iterator[tuple[Case, Case | None]]:
    """After each fact: the case, and what `with_fact` made of it."""
    case = NOTHING
    for count, each in enumerate(facts, 1):
        quick = with_fact(case, each)
        case = quick or case_of(facts[:count])
        yield case, quick


@SOME
@given(SEEDS)
def test_a_case_folded_fact_by_fact_is_the_case_folded_at_once(seed: int) -> None:
    """Whatever came late, twice or corrected: at every fact the same, in every field."""
    facts = told(seed)
    for count, (case, _) in enumerate(folded_step_by_step(facts), 1):
        assert case_of(facts[:count]) == case


def test_most_facts_need_no_new_fold_and_some_do() -> None:
    """The property is not empty on either side."""
    steps = [quick for seed in range(60) for _, quick in folded_step_by_step(told(seed))]
    needed = sum(quick is None for quick in steps)
    assert 0 < needed < len(steps) / 2


def test_a_case_that_was_corrected_takes_what_follows_without_a_new_fold() -> None:
    """The correction alone needs one, and so does a fact that was corrected before it was told."""
    facts = [
        known(fact("ApplicationReceived", "2026-02-02", id="r"), START + DAY, 1),
        known(fact("FactCorrected", "2026-02-03", id="c", corrects="r", says={"item": "k"}),
              START + 2 * DAY, 2),
        known(fact("FactCorrected", "2026-02-03", id="d", corrects="s", void=True),
              START + 2 * DAY, 3),
        known(fact("CaseAccepted", "2026-02-04", id="a"), START + 3 * DAY, 4),
        known(fact("StepCompleted", "2026-02-05", id="s", step="review"), START + 4 * DAY, 5),
        known(fact("CaseConcluded", "2026-02-06", id="e"), START + 5 * DAY, 6),
    ]  # fmt: skip
    quick = [made is not None for _, made in folded_step_by_step(facts)]
    assert quick == [True, False, False, True, False, True]
    for count, (case, _) in enumerate(folded_step_by_step(facts), 1):
        assert case_of(facts[:count]) == case


@SOME
@given(SEEDS)
def test_checks_left_out_would_find_nothing(seed: int) -> None:
    """A check is left out only where the case has none of the facts that it needs."""
    lists = shelf(item(steps=FLOW, fee=0)).view(START)
    for case, _ in folded_step_by_step(told(seed)):
        if case.facts:
            now = case.last_known
            scene = Scene(case, lists, run_clocks(case, lists, now), now)
            asked = checks_for(case.kinds)
            assert [c.__name__ for c, _ in CHECKS if c(scene) and c not in asked] == []


@pytest.mark.parametrize("seed", range(15))
def test_a_docket_says_of_its_case_what_anyone_would(seed: int) -> None:
    """After each transaction: as judged afresh from all facts, by lists put on a shelf anew."""
    stories, until = history(seed, cases=1)
    docket, lists, entries = Docket(), Shelf(), []
    for position, (stamp, inputs) in enumerate(_by_stamp(stories), 1):
        for event in inputs:
            if not isinstance(event, Fact | DeskAct):
                entries.append(Entry(position, stamp, event))
                lists.add(entries[-1])
        heard: list[tuple[Input, int]] = [
            (e, position * 100 + n) for n, e in enumerate(inputs) if isinstance(e, Fact | DeskAct)
        ]
        if not heard:
            continue
        docket.hear(heard, stamp, lists)
        afresh = assess(case_of(docket.facts), docket.cards, Shelf(entries).view(stamp), stamp)
        mine = docket.assessment(lists, stamp)
        assert _dues(afresh) == _dues(mine)
        assert (afresh.next, afresh.open) == (mine.next, mine.open)
        assert (mine.next, mine.open) == (docket.next_at, docket.open)
    assert docket.facts
    assert until > stamp


def _dues(judged: Assessment) -> list[tuple[object, ...]]:
    """What is due, with the clocks behind it, whatever calendar object they were counted by."""
    return [
        (replace(due, clock=None), due.clock and (due.clock.kind, due.clock.started, due.clock.end))
        for due in judged.due
    ]


def _by_stamp(stories: list[Transaction]) -> Iterator[tuple[Instant, list[object]]]:
    for stamp, events in stories:
        yield stamp, [event for _, event in events]


@SOME
@given(st.integers(0, 4_000), st.integers(1, 60), st.integers(1, 9), st.integers(0, DAY - 1))
def test_a_plain_deadline_is_what_the_long_way_gives(
    day: int, days: int, left: int, time: int
) -> None:
    """A pause without credit changes nothing, and takes the way through pauses."""
    start, limit = at("2018-01-01") + day * DAY + time, Limit(days, "wd")
    idle = Pause(start + 1, None, None, creditable=False)
    plain = deadline(CALENDAR, start, limit)
    assert deadline(CALENDAR, start, limit, pauses=[idle]) == plain
    assert _left_one_by_one(plain, left, start) == days_left_from(CALENDAR, plain, left, start)


def _left_one_by_one(end: Deadline, left: int, start: Instant) -> Instant:
    """The definition: go back from the deadline's day until `left` working days are behind."""
    day = end.day
    while left:
        left -= CALENDAR.works(day) and not paused(end, day)
        day -= 1
    while not CALENDAR.works(day):
        day -= 1
    return max(CALENDAR.start_of(day + 1), start)


@SOME
@given(st.integers(0, 9_000), st.integers(0, 700))
def test_working_days_are_counted_as_they_are_told(first: int, span: int) -> None:
    """Day by day from 2002 to 2028, notices and their make-up days included."""
    low = CALENDAR.day_of(at("2002-06-01")) + first
    counted = sum(CALENDAR.works(day) for day in range(low + 1, low + span + 1))
    assert counted == CALENDAR.count(low, low + span)
    if counted:
        assert CALENDAR.works(last := CALENDAR.add(low, counted))
        assert low == CALENDAR.back(last, counted) or not CALENDAR.works(low)


VERSIONS = st.lists(
    st.tuples(st.integers(-9, 30), st.integers(-9, 30), st.booleans()), min_size=1, max_size=4
)


@SOME
@given(VERSIONS, VERSIONS, st.lists(st.tuples(st.integers(-12, 35), st.integers(-12, 35))))
def test_the_terms_kept_for_an_era_are_those_chosen_for_a_clock(
    items: list[tuple[int, int, bool]],
    policies: list[tuple[int, int, bool]],
    clocks: list[tuple[int, int]],
) -> None:
    """Item and policy by effective date, by knowing, and by what takes over running cases."""
    lists = Lists([*_versions(item(), items), *_versions(policy(), policies)])
    for started, reported in clocks:
        start = known(fact("CaseAccepted", "2026-01-01"), START + reported * DAY)
        start = replace(start, at=START + started * DAY)
        terms = terms_of(case_of([start]), lists, start)
        assert lists.item("i", start.at, start.known_at) == terms.item
        assert lists.policy("s", start.at, start.known_at) == terms.policy


def _versions(
    base: ItemPublished | PolicyPublished, versions: list[tuple[int, int, bool]]
) -> Iterator[Dated]:
    for number, (known_on, effective, running) in enumerate(sorted(versions)):
        stamp = START + known_on * DAY
        yield Dated(
            stamp,
            replace(
                base,
                version=str(number),
                effective=moment(START + effective * DAY, CHINA).date(),
                applies_to_running=running,
            ),
        )


def test_a_case_answered_in_time_is_not_woken_at_its_notice_deadline() -> None:
    """It can no longer count as accepted by silence: nothing crosses, and it may be forgotten."""
    story = [
        fact("ApplicationReceived", "2026-06-01"),
        fact("CaseAccepted", "2026-06-02"),
        fact("CaseConcluded", "2026-06-03", result="其他"),
    ]
    docket, _ = watch(story, "2026-06-03 10:00", shelf(item(promise="")))
    assert (docket.next_at, docket.live) == (NEVER, False)
    silent, _ = watch(story[:1], "2026-06-03 10:00", shelf(item(promise="")))
    assert instant(moment(at("2026-06-09 00:00"))) == silent.next_at
