"""Samples of cases (案卷抽查): who is in the population, what is refused, what a sample tells.

Above 400 lines: one criterion or rule a test, over one small log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import astuple, replace

from replay import every_case, samples
from replay.every_case import Cancelled, Watching
from replay.sampled import fold, totals
from replay.samples import (
    DEFECTS,
    MOST,
    Criteria,
    NoSuchSample,
    NotOfSample,
    PopulationEmpty,
    SampleUnfit,
    criteria_of,
    finding_of,
    number_of,
    rank,
    seed_of,
)
from replay.sampling import Asked, Sampling
from supervision.access.events import (
    ACCESS,
    SAMPLES,
    CaseFileTaken,
    CaseSeen,
    SampleChecked,
    TextsSeen,
)
from supervision.acts import CardIssued, CardWithdrawn, ProposalDecided
from supervision.clock import SteppedClock
from supervision.errors import ClockJumped
from supervision.facts import (
    Actor,
    ApplicationReceived,
    CaseConcluded,
    CaseWithdrawn,
    FactCorrected,
    instant,
)
from supervision.record import Incoming, Record
from supervision.store.stored import Stored
from supervision.streams import cards_stream, desk_stream, facts_stream
from tests.access import Time
from tests.court import CHINA, item

BEGIN = datetime(2026, 3, 2, 9, tzinfo=CHINA)
WATER, WOODS = "市水务局", "市林业局"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """An empty one; its time is set as it goes."""
    opened = Record(tmp_path, SteppedClock(instant(BEGIN + timedelta(days=90))))
    yield opened
    opened.close()


@pytest.fixture
def sampling(record: Record) -> Sampling:
    """Over it."""
    return Sampling(record)


def case(record: Record, case_no: str, department: str = WATER, **fields: Any) -> None:
    """A case received on a day of March."""
    received = BEGIN + timedelta(days=fields.pop("day", 0))
    told = {"item": "i", "actor": Actor(id="P", department=department), **fields}
    fact = ApplicationReceived(
        id=f"{case_no}-1", source="s", case_no=case_no, occurred_at=received, **told
    )
    record.append_facts([Incoming(fact)])


def fact(record: Record, kind: Any, case_no: str, day: int, **fields: Any) -> None:
    """Another fact of it."""
    at = BEGIN + timedelta(days=day)
    told = kind(
        id=f"{case_no}-{kind.__name__}", source="s", case_no=case_no, occurred_at=at, **fields
    )
    record.append_facts([Incoming(told)])


def card(record: Record, case_no: str, severity: str, **fields: Any) -> None:
    """A card of it."""
    stream = cards_stream("s", case_no)
    said: dict[str, Any] = {
        "rule": "r",
        "colour": "",
        "label_zh": "",
        "label_en": "",
        "crossed_at": BEGIN,
    }
    issued = CardIssued(
        source="s", case_no=case_no, card=f"{severity}-{case_no}", at=BEGIN, severity=severity,
        **said | fields,
    )  # fmt: skip
    record.append(stream, [issued], record.version(stream))


def numbers(sampling: Sampling, record: Record, **criteria: str) -> list[str]:
    """The cases that meet criteria, in the order of their numbers."""
    found = sampling.population(criteria_of(criteria), record.head())
    return sorted(case_no for part in found for _, case_no in part)


# Who is in the population.


def test_without_criteria_every_case_is_in_the_population(
    record: Record, sampling: Sampling
) -> None:
    """Of whatever department and state."""
    for case_no in ("A", "B", "C"):
        case(record, case_no)
    assert numbers(sampling, record) == ["A", "B", "C"]


def test_a_case_is_of_the_department_that_reported_it_or_of_its_items(
    record: Record, sampling: Sampling
) -> None:
    """As everywhere in the product; several departments may be named."""
    record.append("lists/items", [item(code="j", department=WOODS)], 0)
    case(record, "A", WATER)
    case(record, "B", WOODS)
    case(record, "C", "", item="j")
    assert numbers(sampling, record, department=WATER) == ["A"]
    assert numbers(sampling, record, department=WOODS) == ["B", "C"]
    assert numbers(sampling, record, department=f"{WATER}|{WOODS}") == ["A", "B", "C"]
    assert numbers(sampling, record, department=WOODS, item="j") == ["C"]


def test_a_card_counts_once_issued_and_also_when_it_was_withdrawn(
    record: Record, sampling: Sampling
) -> None:
    """One that was only proposed, or whose proposal was declined, was never issued."""
    for case_no in ("A", "B", "C", "D", "E"):
        case(record, case_no)
    card(record, "A", "red")
    card(record, "B", "red")
    withdrawn = CardWithdrawn(source="s", case_no="B", card="red-B", at=BEGIN)
    record.append(cards_stream("s", "B"), [withdrawn], 1)
    card(record, "C", "red", proposed=True)
    card(record, "D", "red", proposed=True)
    declined = ProposalDecided(
        id="p", source="s", case_no="D", card="red-D", at=BEGIN, issued=False
    )
    record.append(desk_stream("s", "D"), [declined], 0)
    card(record, "E", "yellow")
    assert numbers(sampling, record, severity="red") == ["A", "B"]
    assert numbers(sampling, record, severity="yellow") == ["E"]
    assert numbers(sampling, record, severity="reminder") == []


def test_a_case_is_concluded_when_it_ended_however(record: Record, sampling: Sampling) -> None:
    """Withdrawn by the applicant too; an end dated ahead has not come yet."""
    for case_no in ("A", "B", "C", "D"):
        case(record, case_no)
    fact(record, CaseConcluded, "B", 3)
    fact(record, CaseWithdrawn, "C", 3)
    fact(record, CaseConcluded, "D", 400)
    assert numbers(sampling, record, state="concluded") == ["B", "C"]
    assert numbers(sampling, record, state="open") == ["A", "D"]


def test_days_of_receipt_are_those_of_the_source_and_both_count(
    record: Record, sampling: Sampling
) -> None:
    """Half an hour after midnight in Beijing is not the day before, as in Greenwich."""
    case(record, "A", day=0)
    midnight = datetime(2026, 3, 3, 0, 30, tzinfo=CHINA)
    night = ApplicationReceived(id="B-1", source="s", case_no="B", occurred_at=midnight)
    record.append_facts([Incoming(night)])
    case(record, "C", day=2)
    assert numbers(sampling, record, **{"from": "2026-03-03"}) == ["B", "C"]
    assert numbers(sampling, record, to="2026-03-03") == ["A", "B"]
    assert numbers(sampling, record, **{"from": "2026-03-03", "to": "2026-03-03"}) == ["B"]


def test_late_entry_is_what_a_card_was_issued_for(record: Record, sampling: Sampling) -> None:
    """By the subject of the card."""
    case(record, "A")
    case(record, "B")
    card(record, "A", "yellow", subject="late_entry:A-1")
    card(record, "B", "yellow", subject="pause_improper:B-1")
    assert numbers(sampling, record, late="yes") == ["A"]


def test_a_case_whose_facts_are_all_void_is_in_no_population(
    record: Record, sampling: Sampling
) -> None:
    """It was reported by mistake."""
    case(record, "A")
    case(record, "B")
    fact(record, FactCorrected, "B", 1, corrects="B-1", void=True)
    assert numbers(sampling, record) == ["A"]


# Drawing.


def test_a_sample_is_what_its_seed_gives_of_the_population(
    record: Record, sampling: Sampling
) -> None:
    """Another program finds it by the description."""
    for n in range(30):
        case(record, f"A-{n}")
    drawn = sampling.draw(Asked("2026-03", 5), "li")
    ranks = {hashlib.sha256(f"2026-03\0s\0A-{n}".encode()).digest(): f"A-{n}" for n in range(30)}
    assert [each.case_no for each in drawn.cases] == [ranks[key] for key in sorted(ranks)[:5]]
    assert (drawn.sample, drawn.by, drawn.population) == ("1", "li", 30)
    assert (drawn.seed, drawn.criteria, drawn.position) == ("2026-03", {}, 30)
    assert [each.event for each in record.read_stream(SAMPLES)] == [drawn]


def test_what_is_recorded_later_changes_no_sample(record: Record, sampling: Sampling) -> None:
    """New cases, conclusions, cards and corrections: drawn again at its position it is the same."""
    for n in range(20):
        case(record, f"A-{n}", day=n)
    sampling.draw(Asked("s", 8, criteria_of({"state": "open", "to": "2026-03-12"})), "li")
    sample = sampling.sample("1")
    assert sampling.is_repeated(sample)
    case(record, "A-99")
    fact(record, CaseConcluded, sample.keys[0][1], 30)
    fact(record, FactCorrected, sample.keys[1][1], 1, corrects=f"{sample.keys[1][1]}-1", void=True)
    assert sampling.is_repeated(sample)
    now = sampling.drawing(Asked("s", 8, sample.criteria), record.head())
    assert now.cases != sample.drawn.cases


def test_a_sample_that_its_seed_does_not_give_is_found(record: Record, sampling: Sampling) -> None:
    """Somebody chose the cases."""
    for n in range(20):
        case(record, f"A-{n}")
    sampling.draw(Asked("s", 3), "li")
    honest = sampling.sample("1")
    chosen_by_hand = honest.drawn.cases[::-1]
    forged = honest._replace(drawn=replace(honest.drawn, cases=chosen_by_hand))
    assert not sampling.is_repeated(forged)
    assert not sampling.is_repeated(honest._replace(drawn=replace(honest.drawn, population=19)))


def test_of_fewer_cases_than_were_asked_for_all_are_taken(
    record: Record, sampling: Sampling
) -> None:
    """The population says how many there were."""
    case(record, "A")
    case(record, "B")
    drawn = sampling.draw(Asked("s", 10), "li")
    assert sorted(each.case_no for each in drawn.cases) == ["A", "B"]
    assert drawn.population == 2


def test_of_nothing_no_sample_is_drawn(record: Record, sampling: Sampling) -> None:
    """And nothing is recorded; an empty log is no error of another kind."""
    with pytest.raises(PopulationEmpty):
        sampling.draw(Asked("s", 1), "li")
    case(record, "A")
    with pytest.raises(PopulationEmpty):
        sampling.draw(Asked("s", 1, Criteria(item="none")), "li")
    assert record.version(SAMPLES) == 0


def test_it_is_told_how_many_cases_were_looked_through(record: Record, sampling: Sampling) -> None:
    """Those that do not meet the criteria too."""
    for case_no in ("A", "B", "C"):
        case(record, case_no)
    told: list[tuple[int, int]] = []
    watching = Watching(lambda *far: told.append(far))
    assert list(sampling.population(Criteria(item="none"), record.head(), watching)) == [[]]
    assert told == [(0, 3), (3, 3)]


def test_other_processes_draw_the_same(record: Record, sampling: Sampling) -> None:
    """Cards, corrections and lists up to the position, and nothing behind it."""
    for n in range(12):
        case(record, f"A-{n}", day=n)
    card(record, "A-3", "red")
    asked, position = Asked("s", 4, criteria_of({"to": "2026-03-08"})), record.head()
    fact(record, CaseConcluded, "A-1", 30)
    here = sampling.drawing(asked, position, processes=0)
    assert here == sampling.drawing(asked, position, processes=1)
    assert 4 < here.population < 12


def test_a_population_is_walked_through_and_not_held(
    record: Record, sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever draws is given one case after the other: of millions, the sample alone is kept."""
    for n in range(30):
        case(record, f"A-{n}")
    monkeypatch.setattr(every_case, "A_PART", 10)
    held: list[int] = []
    read_case = Record.read_case

    def reading(self: Record, source: str, case_no: str) -> list[Stored]:
        held.append(len(ranked))
        return read_case(self, source, case_no)

    ranked: list[str] = []
    monkeypatch.setattr(Record, "read_case", reading)
    monkeypatch.setattr(samples, "rank", lambda *key: ranked.append(key[2]) or rank(*key))
    drawn = sampling.drawing(Asked("s", 3), record.head(), processes=0)
    assert (len(drawn.cases), drawn.population, len(ranked)) == (3, 30, 30)
    assert sorted(set(held)) == [0, 10, 20]


@pytest.mark.parametrize("asked_at", [0, 1], ids=["at the beginning", "at the end"])
def test_a_drawing_that_is_cancelled_records_nothing(
    record: Record, sampling: Sampling, asked_at: int
) -> None:
    """Whenever that is asked for before the sample is on record."""
    case(record, "A")
    asks = iter([n >= asked_at for n in range(9)])
    with pytest.raises(Cancelled):
        sampling.draw(Asked("s", 1), "li", Watching(cancelled=lambda: next(asks)))
    assert record.version(SAMPLES) == 0


def test_samples_are_numbered_as_they_are_drawn(record: Record, sampling: Sampling) -> None:
    """Findings in between do not count."""
    case(record, "A")
    sampling.draw(Asked("s", 1), "li")
    sampling.check("1", ("s", "A"), "good", (), "li")
    assert sampling.draw(Asked("t", 1), "li").sample == "2"
    assert list(sampling.samples()) == ["1", "2"]


def test_while_the_clock_is_in_doubt_nothing_is_drawn(tmp_path: Path) -> None:
    """Nor recorded."""
    time = Time()
    record = Record(tmp_path / "jumped", time)
    try:
        case(record, "A")
        time.jump(3_600)
        with pytest.raises(ClockJumped):
            Sampling(record).draw(Asked("s", 1), "li")
        assert record.version(SAMPLES) == 0
    finally:
        record.close()


# What makes no sense.


@pytest.mark.parametrize(
    "given",
    [
        {"severity": "blue"},
        {"state": "lost"},
        {"from": "03/02/2026"},
        {"to": "2026-02-30"},
        {"from": "2026-03-03", "to": "2026-03-02"},
        {"late": "no"},
        {"item": "x" * 201},
        {"item": "a\nb"},
        {"colour": "red"},
    ],
    ids=str,
)
def test_criteria_that_make_no_sense_are_refused(given: dict[str, str]) -> None:
    """In both languages, in one line."""
    with pytest.raises(SampleUnfit) as refused:
        criteria_of(given)
    assert refused.value.zh
    assert refused.value.en
    assert "\n" not in str(refused.value)


def test_criteria_are_kept_as_they_were_given() -> None:
    """What SampleDrawn holds gives the same criteria again; what is "" is not kept."""
    given = {
        "department": f"{WOODS}|{WATER}",
        "item": "qushui",
        "severity": "red",
        "state": "open",
        "from": "2026-03-01",
        "to": "2026-03-31",
        "late": "yes",
    }
    made = criteria_of(given)
    assert made == Criteria(
        frozenset({WATER, WOODS}),
        "qushui",
        "red",
        "open",
        date(2026, 3, 1),
        date(2026, 3, 31),
        True,
    )
    assert criteria_of(made.says()) == made
    assert Criteria().says() == {}


@pytest.mark.parametrize("text", ["", " ", "x" * 65, "a\0b", "a\nb"])
def test_a_seed_that_makes_no_sense_is_refused(text: str) -> None:
    """A zero byte would let two seeds be one."""
    with pytest.raises(SampleUnfit):
        seed_of(text)


@pytest.mark.parametrize("text", ["0", "501", "-1", "x", "", "1.5", "９", "9" * 50])
def test_a_number_of_cases_that_makes_no_sense_is_refused(text: str) -> None:
    """One to five hundred."""
    with pytest.raises(SampleUnfit):
        number_of(text)
    assert (number_of("1"), number_of(" 500 ")) == (1, MOST)


@pytest.mark.parametrize(
    ("result", "defects"),
    [("", ()), ("great", ()), ("bad", ()), ("fair", ()), ("good", DEFECTS[:1]), ("bad", ("ugly",))],
)
def test_a_finding_that_makes_no_sense_is_refused(result: str, defects: tuple[str, ...]) -> None:
    """What is good has no defects; what is not, has some."""
    with pytest.raises(SampleUnfit):
        finding_of(result, defects)


def test_defects_are_kept_once_and_in_the_order_of_the_table() -> None:
    """However the form sends them."""
    sent = (DEFECTS[3], DEFECTS[0], DEFECTS[3])
    assert finding_of("bad", sent) == ("bad", (DEFECTS[0], DEFECTS[3]))


# Checking.


def test_the_last_finding_holds(record: Record, sampling: Sampling) -> None:
    """Whoever made it; the earlier one stays in the log."""
    case(record, "A")
    sampling.draw(Asked("s", 1), "li")
    sampling.check("1", ("s", "A"), "bad", ("missing_notice",), "li")
    sampling.check("1", ("s", "A"), "good", (), "wang")
    (check,) = sampling.sample("1").checks.values()
    assert (check.result, check.defects, check.by) == ("good", (), "wang")
    assert record.version(SAMPLES) == 3


def test_a_case_that_was_not_drawn_is_not_checked(record: Record, sampling: Sampling) -> None:
    """Nor is one of a sample that there is not."""
    case(record, "A")
    sampling.draw(Asked("s", 1), "li")
    case(record, "B")
    with pytest.raises(NotOfSample):
        sampling.check("1", ("s", "B"), "good", (), "li")
    with pytest.raises(NotOfSample):
        sampling.check("1", ("t", "A"), "good", (), "li")
    with pytest.raises(NoSuchSample):
        sampling.check("2", ("s", "A"), "good", (), "li")
    with pytest.raises(NoSuchSample):
        sampling.sample("2")
    assert record.version(SAMPLES) == 1


def test_two_who_check_at_once_are_both_recorded(
    record: Record, sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes second is recorded behind the first."""
    case(record, "A")
    sampling.draw(Asked("s", 1), "li")
    plain, others = record.append, [True]

    def append(*given: Any) -> Any:
        if others and given[0] == SAMPLES:
            others.clear()
            Sampling(record).check("1", ("s", "A"), "fair", ("late_entry",), "wang")
        return plain(*given)

    monkeypatch.setattr(record, "append", append)
    sampling.check("1", ("s", "A"), "good", (), "li")
    found = [e for s in record.read_stream(SAMPLES) if isinstance(e := s.event, SampleChecked)]
    assert [each.by for each in found] == ["wang", "li"]


def test_what_no_sample_knows_changes_nothing(record: Record) -> None:
    """A finding on a case or a sample that was not drawn: the fold is total."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    stray = SampleChecked(at=at, by="x", sample="7", source="s", case_no="A", result="good")
    record.append(SAMPLES, [stray], 0)
    assert fold(record.read_stream(SAMPLES)) == {}


# What a sample tells.


def look(record: Record, event: Any, case_no: str, by: str, **fields: Any) -> None:
    """Somebody looks at a case."""
    record.note(ACCESS, lambda at: event(at=at, by=by, source="s", case_no=case_no, **fields))


def test_who_looked_at_a_case_since_it_was_drawn_is_told(
    record: Record, sampling: Sampling
) -> None:
    """By page, personal data and file, the first time of each; looks before the drawing and at
    other cases are none.
    """
    for case_no in ("A", "B", "C"):
        case(record, case_no)
    look(record, CaseSeen, "A", "early", how="page")
    sampling.draw(Asked("s", 3), "li")
    lines = {each.case.case_no: each for each in sampling.lines(sampling.sample("1"))}
    assert [each.looks for each in lines.values()] == [(), (), ()]
    look(record, CaseSeen, "A", "zhang", how="page")
    look(record, CaseSeen, "A", "zhang", how="page")
    look(record, TextsSeen, "A", "wang", reason="核查")
    look(record, CaseFileTaken, "B", "zhang", digest="d")
    look(record, CaseSeen, "Z", "zhang", how="page")
    lines = {each.case.case_no: each for each in sampling.lines(sampling.sample("1"))}
    seen = {no: [(look.by, look.how) for look in line.looks] for no, line in lines.items()}
    assert seen == {"A": [("zhang", "page"), ("wang", "texts")], "B": [("zhang", "file")], "C": []}
    again = Sampling(record)
    assert again.lines(again.sample("1")) == sampling.lines(sampling.sample("1"))


def test_totals_are_told_by_department_and_of_all(record: Record, sampling: Sampling) -> None:
    """Drawn, looked at, checked, and with what result."""
    case(record, "A", WATER)
    case(record, "B", WATER)
    case(record, "C", WOODS)
    sampling.draw(Asked("s", 3), "li")
    look(record, CaseSeen, "A", "li", how="page")
    sampling.check("1", ("s", "A"), "bad", ("missing_materials",), "li")
    sampling.check("1", ("s", "C"), "fair", ("late_entry",), "li")
    found = [astuple(each) for each in totals(sampling.lines(sampling.sample("1")))]
    assert found == [
        (WOODS, 1, 0, 1, 0, 1, 0),
        (WATER, 2, 1, 1, 0, 0, 1),
        ("", 3, 1, 2, 0, 1, 1),
    ]


def test_a_case_that_became_void_is_left_out_of_the_lines(
    record: Record, sampling: Sampling
) -> None:
    """The sample still names it."""
    case(record, "A")
    case(record, "B")
    sampling.draw(Asked("s", 2), "li")
    fact(record, FactCorrected, "B", 1, corrects="B-1", void=True)
    sample = sampling.sample("1")
    assert [each.case.case_no for each in sampling.lines(sample)] == ["A"]
    assert len(sample.keys) == 2
    assert record.version(facts_stream("s", "B")) == 2
