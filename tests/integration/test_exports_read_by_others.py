"""Exported cases read by another's program, and imported again: the same cases, events, facts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import CliRunner, Result

from replay.exporting import CaseEvents
from replay.ocel_export import ocel
from replay.xes_export import xes
from supervision.access.events import ACCESS, Exported
from supervision.clock import SteppedClock, SystemClock
from supervision.demonstration.city import City
from supervision.facts import ApplicationReceived, Fact
from supervision.intake.importing import Summary, import_file
from supervision.record import Incoming, Record
from supervision.runners.cli import main
from supervision.runners.demonstration import backfill
from supervision.streams import LISTS, parse
from tests.court import fact, item

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
RECEIPT = ROOT.parent / "shared" / "data" / "receipt.csv"
JUDGE = ROOT / ".venv-pm4py" / "bin" / "python"
MAPPING = ROOT / "examples" / "xes" / "mapping.toml"
DAY = 86_400_000_000
PATIENCE = 110
"""Seconds until the judge is a failed test."""


class Told(NamedTuple):
    """A record, and its cases as both files."""

    record: Record
    xes: Path
    ocel: Path
    history: bool


def cases_of(record: Record) -> Iterator[CaseEvents]:
    for source, case_no in record.cases():
        yield CaseEvents(source, case_no, record.read_case(source, case_no))


def exported(record: Record, folder: Path, *, history: bool) -> Told:
    """Both files, with the texts of the vault."""
    told = Told(record, folder / "log.xes", folder / "log.json", history)
    for path, pieces in (
        (told.xes, xes(cases_of(record), texts=record.texts)),
        (told.ocel, ocel(cases_of(record), texts=record.texts)),
    ):
        with path.open("wb") as file:
            file.writelines(pieces)
    return told


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Ten days of a small city: late facts, corrections, cards and answers."""
    folder = tmp_path_factory.mktemp("city")
    invented = City(1, date(2026, 3, 9), 30)
    clock = SteppedClock(invented.begins)
    with closing(Record(folder / "record", clock)) as record:
        backfill(record, clock, invented, invented.begins + 10 * DAY)
        yield exported(record, folder, history=False)


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The receipt log, imported as history."""
    if not RECEIPT.exists():
        pytest.skip("the receipt log is not here")
    folder = tmp_path_factory.mktemp("receipt")
    with closing(Record(folder / "record", SystemClock())) as record:
        mapping = ROOT / "examples" / "receipt" / "mapping.toml"
        import_file(record, RECEIPT, mapping, history=True, refused=folder / "refused.csv")
        yield exported(record, folder, history=True)


@pytest.fixture(params=["city", "receipt"])
def told(request: pytest.FixtureRequest) -> Told:
    """Each of them."""
    found: Told = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def judge() -> Path:
    """The interpreter that has pm4py."""
    if not JUDGE.exists():
        missing = "pm4py has no environment here: make .venv-pm4py/stamp"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return JUDGE


def happened(event: Any) -> datetime:
    """When, by the event's own word."""
    at: datetime = event.occurred_at if isinstance(event, Fact) else event.at
    return at


def span(events: list[Any]) -> list[float]:
    """How many, and how many seconds from the first to the last."""
    times = [happened(event) for event in events]
    return [len(times), (max(times) - min(times)).total_seconds()]


def close(found: dict[str, list[float]]) -> Any:
    """Equal in number, and in seconds to the microsecond."""
    return {case: pytest.approx(each, abs=1e-6) for case, each in found.items()}


def test_pm4py_finds_the_same_cases_events_and_durations(told: Told, judge: Path) -> None:
    """In the XES and in the OCEL: as many events a case, as long from first to last, in order."""
    run = subprocess.run(
        [judge, ROOT / "tests" / "pm4py" / "judge.py", told.xes, told.ocel],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()[-2_000:]
    found = json.loads(run.stdout)
    by_case = {
        case.case_no: (case, [stored.event for stored in case.events])
        for case in cases_of(told.record)
    }
    every = {case_no: span(events) for case_no, (_, events) in by_case.items()}
    facts = {
        case_no: span([event for event in events if isinstance(event, Fact)])
        for case_no, (_, events) in by_case.items()
    }
    assert found["xes"]["all"] == close(every)
    assert found["xes"]["facts"] == close(facts)
    seconds = sorted(duration for _, duration in every.values())
    assert found["xes"]["durations"] == pytest.approx(seconds, abs=1e-6)
    steps = {
        case_no: [event.step for event in sorted(events, key=happened) if hasattr(event, "step")]
        for case_no, (_, events) in by_case.items()
        if all(isinstance(event, Fact) for event in events)
    }
    for case_no, expected in steps.items():
        assert [a for a in found["xes"]["activities"][case_no] if a in expected] == expected
    objects = {
        f"case/{case.source}/{case_no}": every[case_no] for case_no, (case, _) in by_case.items()
    }
    assert found["ocel"]["all"] == close(objects)
    assert found["ocel"]["events"] == sum(count for count, _ in every.values())
    assert found["ocel"]["objects"]["case"] == len(every)
    names = {
        event.card for _, events in by_case.values() for event in events if hasattr(event, "card")
    }
    assert found["ocel"]["objects"].get("card", 0) == len(names)
    assert found["ocel"]["changes"] > 0


def facts_of(record: Record, *random: str) -> dict[tuple[str, str, int], tuple[str, Any]]:
    """What each fact says, but for what is drawn at random wherever it is recorded."""
    found = {}
    for stored in record.read(0, 1 << 30):
        case = parse(stored.stream)
        if case and case.family == "facts":
            says = msgspec.json.decode(stored.payload)
            for name in ("sealed", "applicant_ref", *random):
                says.pop(name, None)
            found[says["source"], says["id"], says.get("data_version", 1)] = (stored.topic, says)
    return found


def imported(record: Record, path: Path, *, history: bool) -> Summary:
    refused = path.with_suffix(".refused.csv")
    return import_file(record, path, MAPPING, history=history, refused=refused)


def test_an_exported_file_imports_to_the_same_facts(told: Told, tmp_path: Path) -> None:
    """Into an empty record, texts included; a second time nothing is new."""
    expected = facts_of(told.record)
    with closing(Record(tmp_path / "record", SystemClock())) as record:
        summary = imported(record, told.xes, history=told.history)
        assert (summary.refused, summary.stored) == (0, len(expected))
        assert facts_of(record) == expected
        assert texts_of(record) == texts_of(told.record)
        again = imported(record, told.xes, history=told.history)
        assert (again.stored, again.had) == (0, len(expected))


def texts_of(record: Record) -> dict[tuple[str, str], dict[str, str] | None]:
    """The texts of every fact, and whether somebody applied."""
    facts = [s.event for s in record.read(0, 1 << 30) if s.stream.endswith("/facts")]
    return {
        (fact.id, str(isinstance(fact, ApplicationReceived) and bool(fact.applicant_ref))):
        record.texts(fact)
        for fact in facts
        if isinstance(fact, Fact)
    }  # fmt: skip


# The command.


@pytest.fixture
def kept(home: Path) -> Iterator[Record]:
    """Cases of two sources and departments in the home that the command uses."""
    with closing(Record(home, SystemClock())) as record:
        record.append_facts(
            [
                Incoming(received("s", "1", "2026-03-02", "区住建局"), {"applicant": "演示申请人"}),
                Incoming(received("s", "2", "2026-03-03", "区公安分局")),
                Incoming(received("t", "1", "2026-03-04", "区住建局")),
            ]
        )
        yield record


def received(source: str, case_no: str, day: str, department: str) -> Fact:
    told = fact("ApplicationReceived", day, id=f"{source}{case_no}")
    return msgspec.structs.replace(
        told,
        source=source,
        case_no=case_no,
        actor=msgspec.structs.replace(told.actor, department=department),
    )


def export(*words: object) -> Result:
    return CliRunner().invoke(main, ["export", *map(str, words)])


def traces(path: Path) -> list[str]:
    """The ids of the facts that importing the file stores."""
    with closing(Record(path.parent / f"{path.name}-record", SystemClock())) as record:
        assert imported(record, path, history=False).refused == 0
        return sorted(key[1] for key in facts_of(record))


def test_the_command_writes_a_file_that_imports_and_leaves_a_mark_in_the_trail(
    kept: Record, tmp_path: Path
) -> None:
    """Without the vault's texts; every source's cases, and who exported what."""
    path = tmp_path / "all.xes"
    result = export("--xes", path)
    assert result.exit_code == 0, result.output
    assert traces(path) == ["s1", "s2", "t1"]
    assert "演示申请人" not in path.read_text()
    (mark,) = [stored.event for stored in kept.read_stream(ACCESS)]
    assert isinstance(mark, Exported)
    assert (mark.what, mark.form, mark.by.partition(":")[0]) == ("event_log", "xes", "console")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".all")] == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--source", "s"], ["s1", "s2"]),
        (["--department", "区住建局"], ["s1", "t1"]),
        (["--from", "2026-03-03", "--to", "2026-03-03"], ["s2"]),
        (["--from", "2026-03-03", "--department", "区住建局"], ["t1"]),
    ],
)
def test_the_command_takes_the_cases_that_it_was_asked_for(
    kept: Record, tmp_path: Path, words: list[str], expected: list[str]
) -> None:
    """By source, department, and the day on which they were first heard of."""
    path = tmp_path / "some.xes"
    result = export("--xes", path, *words)
    assert result.exit_code == 0, result.output
    assert traces(path) == expected


def test_a_case_is_found_under_the_department_that_the_pages_show_it_under(
    kept: Record, tmp_path: Path
) -> None:
    """That of its item where its facts name none, and of its facts as they were corrected."""
    kept.append(f"{LISTS}ItemPublished", [item(department="区水务局")], 0)
    kept.append_facts(
        [
            Incoming(received("s", "3", "2026-03-05", "")),
            Incoming(
                fact(
                    "FactCorrected",
                    "2026-03-06",
                    id="c1",
                    corrects="s1",
                    says={"actor": {"department": "区水务局"}},
                )
            ),
        ]
    )
    water, building = tmp_path / "water.xes", tmp_path / "building.xes"
    result = export("--xes", water, "--department", "区水务局")
    assert result.exit_code == 0, result.output
    assert traces(water) == ["c1", "s1", "s3"]
    assert export("--xes", building, "--department", "区住建局").exit_code == 0
    assert traces(building) == ["t1"]


def test_the_command_replaces_a_file_only_when_told_to(kept: Record, tmp_path: Path) -> None:
    """The file that is there stays as it is, or all of it is new."""
    path = tmp_path / "log.json"
    path.write_text("mine")
    refused = export("--ocel", path)
    assert (refused.exit_code, path.read_text()) == (1, "mine")
    assert "--force" in refused.output
    assert export("--ocel", path, "--force").exit_code == 0
    assert len(json.loads(path.read_text())["events"]) == 3


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "give one of --xes FILE and --ocel FILE"),
        (["--xes", "a", "--ocel", "b"], "give one of --xes FILE and --ocel FILE"),
        (["--xes", "a.xes", "--source", "u"], "the log has no source 'u'; it has s, t"),
        (["--xes", "a.xes", "--department", "无"], "no case is like that; nothing was written"),
        (["--xes", "a.xes", "--from", "März"], "--from 'März' is no date such as 2026-03-02"),
        (["--xes", "a.xes", "--from", "2026-03-02", "--to", "2026-03-01"], "lies behind --to"),
        (["--xes", "no/where/a.xes"], "cannot be written there"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_line(
    kept: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], why: str
) -> None:
    """With what to do; no file is left, and no mark in the trail."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    result = export(*words)
    assert result.exit_code == 1
    assert why in result.output
    assert "Traceback" not in result.output
    assert sorted(tmp_path.iterdir()) == before
    assert kept.read_stream(ACCESS) == []
