"""A whole city, and the real permit log, derived again; and the city under other rules.

Above 400 lines: one city and one log, made once for all that is asked of them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from projections.programs import note_program
from projections.watch import Watch
from projections.writing import write_acts
from replay import reasons
from replay.changes import (
    ChangeUnreadable,
    Instead,
    NoChange,
    PolicyChanged,
    Unsound,
    day_change,
    limit_change,
    mode_change,
    scaled,
)
from replay.rederive import rederive
from replay.what_if import (
    CORRECTION,
    GAINED,
    LATE_FACT,
    LATE_LIST,
    LOST,
    MOVED,
    SEVERAL,
    Scope,
    WhatIf,
    what_if,
)
from supervision.clock import SteppedClock, SystemClock
from supervision.demonstration.office import DAY
from supervision.errors import Unreadable
from supervision.facts import instant
from supervision.intake.importing import import_file
from supervision.lists import ItemPublished
from supervision.record import Record
from supervision.runners.cli import main
from supervision.runners.demonstration import backfill, make_plan
from supervision.runners.lists import first_lists
from tests.court import at, item
from tests.golden.test_city_digest import MONTH, PLAIN, WEEK, Recorded, lived
from tests.memorylog import Transaction, run
from tests.replayed import City, began

pytestmark = pytest.mark.integration
DATA = Path(__file__).parents[2].parent / "shared" / "data"
RECEIPT = DATA / "receipt.csv"
MAPPING = Path(__file__).parents[2] / "examples" / "receipt" / "mapping.toml"


def city_of(recorded: Recorded) -> City:
    """A city as this program judged it."""
    told, until = lived(recorded)
    noted = Transaction(told[0].stamp - DAY, [began(told[0].stamp - DAY)])
    return City(run([noted, *told], until, PLAIN, Random(7)), until + 10)


@pytest.fixture(scope="module")
def week() -> City:
    """Six working days of a city: some 370 cases."""
    return city_of(WEEK)


# Derived again.


def test_the_seeded_city_is_derived_as_it_was_judged() -> None:
    """A month, the whole loop in it: every act of every case, by two processes, no difference."""
    city = city_of(MONTH)
    made = rederive(city, processes=2)
    assert made.differences == ()
    assert made.equal
    assert made.cases == len(list(city.cases())) > 3_000
    assert made.acts == sum(s.stream.endswith("/cards") for s in city.stored) > 500


@pytest.mark.skipif(not RECEIPT.exists(), reason=f"the receipt log is not at {RECEIPT}")
def test_the_real_permit_log_is_derived_as_it_was_judged(tmp_path: Path) -> None:
    """Imported as history and judged as the product judges it: 1,434 cases, no difference."""
    record = Record(tmp_path / "home", SystemClock())
    try:
        note_program(record, "1")
        first_lists(record)
        import_file(record, RECEIPT, MAPPING, history=True, refused=tmp_path / "refused.csv")
        watch = Watch(record.read_case)
        while batch := record.read(watch.position, 5_000):
            watch.take(batch)
        watch.tick(record.heartbeat()[0])
        write_acts(watch, record)
        made = rederive(record, processes=1)
    finally:
        record.close()
    assert made.differences == ()
    assert made.cases == 1_434
    assert made.acts > 377


def test_a_program_changed_on_purpose_is_named(week: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of the judgement is changed in the program that derives: the differences are named,
    each with what it says otherwise, and the reason is the program that judged from position 1 on.
    """
    monkeypatch.setattr("supervision.judgement.reconcile._last_actor", lambda case: "somebody else")
    made = rederive(week, processes=0, program="0" * 64)
    assert made.counts
    assert {why for _, why, _ in made.counts} == {reasons.PROGRAM_CHANGED}
    assert {d.about for d in made.differences} == {1}
    assert {f.name for d in made.differences for f in d.fields} == {"person"}
    assert made.unexplained == 0
    assert not made.equal


# Under other rules.


def asked(city: City, *changes: object, scope: Scope | None = None) -> WhatIf:
    return what_if(city, changes, scope or Scope(), processes=0)  # type: ignore[arg-type]


def items_of(city: City) -> dict[str, ItemPublished]:
    events = (s.event for s in city.read_lists())
    return {e.code: e for e in events if isinstance(e, ItemPublished)}


def test_what_changes_nothing_changes_no_card(week: City) -> None:
    """A promise times one, the mode that is in force, a working day that is worked."""
    for change in (
        limit_change("promise", "+0%"),
        mode_change("day_end"),
        PolicyChanged(),
        day_change("2026-03-04", works=True),
    ):
        made = asked(week, change)
        assert made.turns == ()
        assert made.before == made.after
        assert made.cases == len(list(week.cases()))


def test_a_promise_cut_by_40_percent_gains_cards_where_there_is_a_promise(week: City) -> None:
    """Cards on the promise alone, of items whose promise became shorter; the figures are those of
    the cases behind them.
    """
    made = asked(week, limit_change("promise", "-40%"))
    items = items_of(week)
    gained = [t for t in made.turns if t.kind == GAINED]
    assert len(gained) == made.count(GAINED) > 0
    assert {t.rule for t in made.turns} <= {"promise_near", "promise_past"}
    for turn in gained:
        promise = items[turn.item].promise
        assert scaled(promise, -40) != promise
    assert sum(f.gained for f in made.figures) == len(gained)
    before, after = dict(made.before), dict(made.after)
    for severity in {*before, *after}:
        turned = [t.kind for t in made.turns if t.severity == severity]
        more = after.get(severity, 0) - before.get(severity, 0)
        assert more == turned.count(GAINED) - turned.count(LOST)


def test_only_the_items_that_are_named_are_changed(week: City) -> None:
    """The promise of one item cut: cards of that item and of no other."""
    whole = asked(week, limit_change("promise", "-40%"))
    one = whole.turns[0].item
    made = asked(week, limit_change("promise", "-40%", items=[one]))
    assert {t.item for t in made.turns} == {one}
    assert [t for t in whole.turns if t.item == one] == list(made.turns)


def test_a_department_or_a_period_is_a_part_of_the_whole(week: City) -> None:
    """Narrowed, the same cards of that part, and the cases of that part are what was looked at."""
    change = limit_change("promise", "-40%")
    whole = asked(week, change)
    department = whole.turns[0].department
    its = asked(week, change, scope=Scope(frozenset({department})))
    assert [t for t in whole.turns if t.department == department] == list(its.turns)
    assert 0 < its.cases < whole.cases
    since = at("2026-03-06 00:00")
    later = asked(week, change, scope=Scope(since=since))
    assert {t.crossed_at >= since for t in later.turns} == {True}
    assert asked(week, change, scope=Scope(before=since)).turns != later.turns


def test_to_the_second_crosses_at_another_time(week: City) -> None:
    """Limits end at the time of day at which they began: cards gained, and none at midnight."""
    made = asked(week, mode_change("to_the_second"))
    assert made.count(GAINED) > 0
    past = [t for t in made.turns if t.kind == GAINED and t.rule.endswith("_past")]
    assert past
    assert any(t.crossed_at % DAY != 16 * 3_600_000_000 for t in past)


def test_a_festival_that_moves_moves_cards(week: City) -> None:
    """A Wednesday off: what would have passed its promise then does so later, or not at all."""
    made = asked(week, day_change("2026-03-04", works=False))
    assert made.turns
    assert made.count(LOST) + made.count(MOVED) > 0
    moved = [t for t in made.turns if t.kind == MOVED and t.rule.endswith("_past")]
    assert all(t.crossed_at > t.was_at for t in moved)


def test_cards_about_cards_are_left_out_unless_they_are_asked_for(week: City) -> None:
    """Nobody answered a card that was not issued; how many were left out is said."""
    change = mode_change("to_the_second")
    made, whole = asked(week, change), asked(week, change, scope=Scope(following=True))
    assert made.following > 0
    assert whole.following == 0
    assert len(whole.turns) > len(made.turns)


def test_as_if_nothing_had_been_late_names_what_was(week: City) -> None:
    """Cards that lateness made or hid, each with what was late."""
    made = what_if(week, (), nothing_late=True, processes=0)
    assert made.count(GAINED) + made.count(LOST) > 0
    because = {t.because for t in made.turns}
    assert LATE_FACT in because
    assert because <= {LATE_FACT, CORRECTION, LATE_LIST, SEVERAL}


def test_a_list_in_the_place_of_what_was_published(week: City) -> None:
    """A file's item with a promise of one day, at the place and time of the one published."""
    code = asked(week, limit_change("promise", "-40%")).turns[0].item
    other = replace(items_of(week)[code], version="2030", promise="1wd")
    as_list = asked(week, Instead(event=other))
    assert as_list.turns == asked(week, limit_change("promise", "1wd", items=[code])).turns
    assert {t.item for t in as_list.turns} == {code}


def test_a_list_of_something_new_counts_from_the_start(week: City) -> None:
    """An item nobody published is no error; nothing is judged by it."""
    assert asked(week, Instead(event=item(code="nobody's"))).turns == ()


def test_a_change_of_what_is_not_there_is_refused(week: City) -> None:
    """An unknown item, rule or year: said, never the answer that nothing would change."""
    for change in (
        limit_change("promise", "-40%", items=["none such"]),
        PolicyChanged(left={"none_such": "2wd"}),
        day_change("2099-01-04", works=False),
        day_change("2026-03-04", works=False, calendar="NL"),
    ):
        with pytest.raises(NoChange):
            asked(week, change)


def test_a_change_that_could_not_be_published_is_refused(week: City) -> None:
    """The same faults that `supervise publish` finds."""
    with pytest.raises(Unsound, match="settle_seconds"):
        asked(week, PolicyChanged(settle_seconds=90_000))
    with pytest.raises(Unsound, match="left"):
        asked(week, PolicyChanged(left={"promise_near": "soon"}))


@pytest.mark.parametrize("text", ["-100%", "40", "-40 percent", "", "1000%", "-x%", "5xy", "²%"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ChangeUnreadable, match=r"40%|limit|99"):
        limit_change("promise", text)


@pytest.mark.parametrize(
    ("limit", "percent", "expected"),
    [
        ("7wd", -40, "5wd"),
        ("5wd", -40, "3wd"),
        ("1wd", -40, "1wd"),
        ("20wd", 50, "30wd"),
        ("0sd", -40, "0sd"),
        ("2mo", -40, "2mo"),
        ("10wd", -99, "1wd"),
    ],
)
def test_a_limit_times_a_factor_is_rounded_up(limit: str, percent: int, expected: str) -> None:
    """In its own unit, never below one; a thing done on the spot stays so."""
    assert expected == scaled(limit, percent)


def test_a_list_that_cannot_be_read_stops_it(week: City) -> None:
    """No figure is made of lists that this program does not understand."""
    newer = City.__new__(City)
    newer.__dict__.update(week.__dict__)
    lists = week.read_lists()
    newer.stored = [
        s._replace(topic=s.topic.replace("/1", "/99")) if s is lists[-1] else s for s in week.stored
    ]
    with pytest.raises(Unreadable):
        asked(newer, mode_change("day_end"))


# The commands, on a record.


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small city, judged and answered."""
    where = tmp_path_factory.mktemp("city") / "home"
    plan = make_plan(days=4, cases_a_day=40)
    clock = SteppedClock(plan.city().begins)
    record = Record(where, clock)
    note_program(record, "1")
    backfill(record, clock, plan.city(), instant(plan.now))
    clock.set(instant(plan.now) + 120_000_000)
    record.heartbeat()
    record.close()
    return where


@pytest.fixture
def run_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("SUPERVISION_HOME", str(home))
    return CliRunner()


def content(home: Path) -> dict[str, str]:
    """What the home's tables hold, by file."""
    import sqlite3

    found = {}
    for path in sorted(home.glob("*.db")):
        with sqlite3.connect(path) as db:
            lines = "\n".join(db.iterdump())
        db.close()
        found[path.name] = hashlib.sha256(lines.encode()).hexdigest()
    return found


def invoked(run_in: CliRunner, *words: str) -> Result:
    return run_in.invoke(main, list(words))


def test_rederive_says_equal_and_ends_with_0(run_in: CliRunner, home: Path) -> None:
    """In words and as JSON; log, vault and keys are as they were."""
    before = content(home)
    said = invoked(run_in, "rederive")
    assert (said.exit_code, said.exception) == (0, None)
    assert "完全一致" in said.output
    assert "Equal" in said.output
    told = json.loads(invoked(run_in, "rederive", "--json").stdout)
    assert told["counts"] == []
    assert told["acts"] > 0
    assert invoked(run_in, "rederive", "--source", "demo", "--json").exit_code == 0
    assert before == content(home)


def test_nothing_compared_is_not_called_equal(run_in: CliRunner) -> None:
    """A source or a department that is not there: said, never "equal"."""
    unknown = invoked(run_in, "rederive", "--source", "nobody")
    assert unknown.exit_code == 1
    assert "nobody" in unknown.output
    nobodys = invoked(run_in, "what-if", "--promise", "-40%", "--department", "无此部门")
    assert "没有可看的办件" in nobodys.output


def test_an_empty_log_is_not_called_equal(
    run_in: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to compare, and the exit code says so."""
    monkeypatch.setenv("SUPERVISION_HOME", str(tmp_path / "empty"))
    Record(tmp_path / "empty", SystemClock()).close()
    said = invoked(run_in, "rederive")
    assert said.exit_code == 1
    assert "没有可看的办件" in said.output
    assert "完全一致" not in said.output


def test_rederive_ends_with_1_where_something_differs(
    run_in: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is unexplained is said so, in both languages, with the case."""
    monkeypatch.setattr("supervision.judgement.reconcile._last_actor", lambda case: "somebody else")
    said = invoked(run_in, "rederive")
    assert said.exit_code == 1
    assert "原因不明" in said.output
    assert "unexplained" in said.output
    assert "somebody else" in said.output
    assert "DEMO-" in said.output


def test_what_is_left_of_a_case_is_found_by_whatever_is_left(
    run_in: CliRunner, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the log's back the facts of a case are gone, and the first of its acts."""
    import sqlite3

    changed = tmp_path / "home"
    shutil.copytree(home, changed)
    with sqlite3.connect(changed / "log.db") as db:
        db.execute("DROP TRIGGER log_is_not_deleted")
        found = db.execute(
            "SELECT max(stream) FROM log WHERE stream LIKE '%/cards' AND version > 1"
        )
        (stream,) = found.fetchone()
        db.execute("DELETE FROM log WHERE stream = ?", (stream.replace("/cards", "/facts"),))
        db.execute("DELETE FROM log WHERE stream = ? AND version = 1", (stream,))
        (left,) = db.execute("SELECT count(*) FROM log WHERE stream = ?", (stream,)).fetchone()
    db.close()
    monkeypatch.setenv("SUPERVISION_HOME", str(changed))
    told = json.loads(invoked(run_in, "rederive", "--json").stdout)
    assert left > 0
    assert told["counts"] == [["not_derived", "unexplained", left]]


def test_what_if_tells_the_cases_and_writes_nothing(run_in: CliRunner, home: Path) -> None:
    """Cards by department and item, with the cases behind them; the home is as it was."""
    before = content(home)
    said = invoked(run_in, "what-if", "--promise", "-40%")
    assert (said.exit_code, said.exception) == (0, None)
    assert "承诺时限 -40%" in said.output
    told = json.loads(invoked(run_in, "what-if", "--promise", "-40%", "--json").stdout)
    assert told["turns"]
    assert {turn["kind"] for turn in told["turns"]} >= {"gained"}
    assert told["turns"][0]["case_no"] in said.output
    moved = invoked(run_in, "what-if", "--holiday", "2026-03-16", "--workday", "2026-03-14")
    assert moved.exit_code == 0
    assert before == content(home)


def test_what_if_takes_a_file_as_publish_does(run_in: CliRunner, tmp_path: Path) -> None:
    """A sound one is judged by; one that publish refuses is refused in the same words."""
    days = [["2026-03-16", False, "试"]]
    notice = {
        "type": "CalendarPublished",
        "version": "x",
        "announced_at": "2025-11-04T00:00:00+08:00",
        "effective": "2026-01-01",
        "calendar": "CN",
        "year": 2026,
        "days": days,
    }
    file = tmp_path / "lists.json"
    file.write_text(json.dumps({"events": [notice]}), encoding="utf-8")
    assert invoked(run_in, "what-if", "--list", str(file)).exit_code == 0
    file.write_text(json.dumps({"events": [{**notice, "days": days * 2}]}), encoding="utf-8")
    refused = invoked(run_in, "what-if", "--list", str(file))
    assert refused.exit_code == 1
    assert "a day is named twice" in refused.output


@pytest.mark.parametrize(
    "words",
    [
        ["what-if"],
        ["what-if", "--promise", "40"],
        ["what-if", "--promise", "-40%", "--item", "none"],
        ["what-if", "--holiday", "next week"],
        ["what-if", "--promise", "-40%", "--since", "yesterday"],
        ["what-if", "--left", "promise_near"],
    ],
)
def test_what_makes_no_sense_is_one_line(run_in: CliRunner, words: list[str]) -> None:
    """An error that says what to write, and no traceback."""
    said = invoked(run_in, *words)
    assert said.exit_code == 1
    assert said.output.startswith("错误 Error:")
    assert said.output.count("\n") == 1


def test_without_a_log_there_is_nothing_to_derive(
    run_in: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said, and no home is made."""
    monkeypatch.setenv("SUPERVISION_HOME", str(tmp_path / "none"))
    for words in (["rederive"], ["what-if", "--promise", "-40%"]):
        assert invoked(run_in, *words).exit_code == 1
    assert not (tmp_path / "none").exists()
