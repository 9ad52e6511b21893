"""Files into the log: whole cases, once, with what was refused beside them."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from supervision.clock import SystemClock
from supervision.facts import ApplicationReceived, CaseConcluded, Fact
from supervision.intake.importing import ImportStopped, RefusalsUnwritable, Summary, import_file
from supervision.intake.mapping import MappingWrong
from supervision.intake.rows import FileCutShort, FileUnreadable
from supervision.record import HAS_CASE, Record
from supervision.store.stored import Stored

pytestmark = pytest.mark.integration

RECEIPT = Path(__file__).parents[2].parent / "shared" / "data" / "receipt.csv"
EXAMPLES = Path(__file__).parents[2] / "examples"
MAPPING = EXAMPLES / "receipt" / "mapping.toml"
needs_receipt = pytest.mark.skipif(not RECEIPT.exists(), reason="the receipt log is not here")

SMALL = """
source = "s"
zone = "Asia/Shanghai"
[case]
case_no = "no"
[event]
id = "id"
activity = "what"
time = "at"
[unmapped]
as = "step"
"""


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """A record of its own for each test."""
    record = Record(tmp_path / "home", SystemClock())
    yield record
    record.close()


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    """Events of a few columns."""
    path = tmp_path / "mapping.toml"
    path.write_text(SMALL)
    return path


def table(folder: Path, *lines: str) -> Path:
    path = folder / "events.csv"
    path.write_text("\n".join(["no,id,what,at", *lines, ""]))
    return path


def events_of(record: Record) -> list[Stored]:
    return [stored for stored in record.read(0, 1 << 30) if stored.stream.endswith("/facts")]


def refusals(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


@needs_receipt
def test_the_receipt_log_is_stored_once_and_says_what_it_said(
    record: Record, tmp_path: Path
) -> None:
    """1,434 cases; of 1,329 concluded 377 after their own deadline; 105 open; nothing twice."""
    expected = {
        "ApplicationReceived": 1434,
        "CaseAccepted": 1434,
        "StepCompleted": 8577,
        "CaseConcluded": 1329,
    }
    refused = tmp_path / "refused.csv"
    first = import_file(record, RECEIPT, MAPPING, history=True, refused=refused)
    assert first.by_kind == expected
    assert (first.lines, first.cases, first.stored) == (8577, 1434, 12774)
    assert (first.had, first.refused, first.complete) == (0, 0, True)
    assert not refused.exists()
    print(f"{first.stored / first.seconds:,.0f} facts/s")

    again = import_file(record, RECEIPT, MAPPING, history=True, refused=refused)
    assert (again.stored, again.had, again.lists) == (0, 12774, 0)

    deadlines, ends, activities = told_by(record)
    late = [case for case, end in ends.items() if end > deadlines[case]]
    assert (len(deadlines), len(ends), len(late)) == (1434, 1329, 377)
    assert len(deadlines) - len(ends) == 105
    assert len(activities) == 27


def told_by(
    record: Record,
) -> tuple[dict[str, datetime], dict[str, datetime], Counter[str]]:
    """Deadline and end of each case and how often each step was done, read back from the log."""
    deadlines: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    activities: Counter[str] = Counter()
    for stored in events_of(record):
        fact = stored.event
        assert isinstance(fact, Fact)
        assert fact.history
        if isinstance(fact, ApplicationReceived) and fact.deadline:
            deadlines[fact.case_no] = fact.deadline
        elif isinstance(fact, CaseConcluded):
            ends[fact.case_no] = fact.occurred_at
        activities[getattr(fact, "step", "")] += 1
    del activities[""]
    return deadlines, ends, activities


@needs_receipt
def test_a_case_lies_in_one_transaction_in_the_order_it_happened(
    record: Record, tmp_path: Path
) -> None:
    """So its history is judged together, and the log is readable."""
    import_file(record, RECEIPT, MAPPING, history=True, refused=tmp_path / "r.csv", batch=500)
    stamps: dict[str, set[int]] = {}
    times: dict[str, list[datetime]] = {}
    for stored in events_of(record):
        stamps.setdefault(stored.stream, set()).add(stored.recorded_at)
        assert isinstance(stored.event, Fact)
        times.setdefault(stored.stream, []).append(stored.event.occurred_at)
    assert {len(each) for each in stamps.values()} == {1}
    assert len(set().union(*stamps.values())) > 20
    assert all(each == sorted(each) for each in times.values())


def test_the_lists_of_a_mapping_are_published_before_its_facts(
    record: Record, tmp_path: Path
) -> None:
    """Once: the second import finds them."""
    folder = EXAMPLES / "guangdong"
    mapping, path = folder / "mapping.toml", folder / "messages.csv"
    first = import_file(record, path, mapping, refused=tmp_path / "r.csv")
    again = import_file(record, path, mapping, refused=tmp_path / "r.csv")
    assert (first.lists, first.cases, first.refused) == (1, 4, 0)
    assert (again.lists, again.stored, again.had) == (0, 0, first.stored)
    assert record.read(0, 1)[0].stream.startswith("lists/")


def test_lines_of_a_case_are_stored_together_wherever_they_stand(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """In the order in which they happened, although batches are small."""
    path = table(tmp_path, "1,b,审核,2026-11-20", "2,c,受理,2026-11-19", "1,a,受理,2026-11-18")
    summary = import_file(record, path, mapping, batch=1)
    assert (summary.lines, summary.cases, summary.stored) == (3, 2, 3)
    events = events_of(record)
    assert [stored.event.id for stored in events] == ["c", "a", "b"]  # type: ignore[attr-defined]
    assert events[1].recorded_at == events[2].recorded_at


def test_a_refused_line_does_not_hold_up_the_others_of_its_case(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """It stands in the file of refusals with its line, its case and the reason."""
    path = table(
        tmp_path,
        "1,a,受理,2026-02-28",
        "1,b,审核,2026-02-30",
        ",c,审核,2026-03-01",
        "=1+1,,签发,2026-03-02",
        "x,y",
    )
    summary = import_file(record, path, mapping)
    assert (summary.stored, summary.refused, summary.complete) == (1, 4, True)
    assert summary.refusals == tmp_path / "events.csv.refused.csv"
    assert summary.refusals.read_bytes().startswith(b"\xef\xbb\xbfline,case_no,reason")
    assert refusals(summary.refusals) == [
        ["3", "1", "time: '2026-02-30' is no time that exists, in the form iso"],
        ["4", "", "the case number is missing"],
        ["5", "'=1+1", "the id is missing"],
        ["6", "", "2 columns, the header has 4"],
    ]


def test_a_file_without_refusals_leaves_none_of_an_earlier_import(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """What was corrected is no longer listed."""
    bad = import_file(record, table(tmp_path, "1,a,受理,x"), mapping)
    assert bad.refusals is not None
    good = import_file(record, table(tmp_path, "1,a,受理,2026-11-20"), mapping)
    assert good.refusals is None
    assert not bad.refusals.exists()


def test_history_of_a_case_that_the_log_has_is_refused(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """And said in the file of refusals."""
    import_file(record, table(tmp_path, "1,a,受理,2026-11-18"), mapping)
    path = table(tmp_path, "1,b,审核,2026-11-19", "2,c,受理,2026-11-19")
    summary = import_file(record, path, mapping, history=True)
    assert (summary.stored, summary.refused) == (1, 1)
    assert summary.refusals
    assert refusals(summary.refusals) == [["2", "1", HAS_CASE]]


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_file_that_is_cut_short_nothing_is_stored(
    record: Record, tmp_path: Path, mapping: Path, packed: bool
) -> None:
    """History of a case must come at once, so half of it would lock out the rest."""
    path = table(tmp_path, *(f"{n},{n},受理,2026-11-18" for n in range(5000)))
    data = gzip.compress(path.read_bytes()) if packed else path.read_bytes()
    path.write_bytes(data[: len(data) // 2 - 4])
    with pytest.raises(FileCutShort, match="after line") as caught:
        import_file(record, path, mapping, history=True)
    assert caught.value.line > 1000
    assert record.head() == 0


def test_a_column_that_the_file_lacks_is_named(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """With the nearest that it has; nothing is stored."""
    path = tmp_path / "events.csv"
    path.write_text("no,id,whatt,at\n1,a,x,2026-11-20\n")
    with pytest.raises(MappingWrong, match="has no column 'what'; did you mean whatt"):
        import_file(record, path, mapping)
    with pytest.raises(FileUnreadable):
        import_file(record, tmp_path / "none.csv", mapping)
    assert record.head() == 0


def test_a_log_in_xes_is_imported_by_the_same_mapping(record: Record, tmp_path: Path) -> None:
    """Only the format differs."""
    said = MAPPING.read_text(encoding="utf-8").replace('lists = "lists.json"', 'format = "xes"')
    mapping = tmp_path / "xes.toml"
    mapping.write_text(said, encoding="utf-8")
    path = tmp_path / "log.xes"
    path.write_text(
        """<log><trace><string key="concept:name" value="case-1"/>
        <date key="startdate" value="2011-10-11T13:42:22.688+02:00"/>
        <date key="deadline" value="2011-12-06T13:41:31.788+01:00"/>
        <event><string key="concept:instance" value="task-1"/>
        <string key="concept:name" value="Confirmation of receipt"/>
        <date key="time:timestamp" value="2011-10-11T13:45:40.276+02:00"/>
        <string key="org:group" value="EMPTY"/></event></trace></log>"""
    )
    summary = import_file(record, path, mapping, history=True)
    expected = {"ApplicationReceived": 1, "CaseAccepted": 1, "StepCompleted": 1}
    assert summary.by_kind == expected


def test_a_full_disk_stops_the_import_which_then_goes_on(tmp_path: Path, mapping: Path) -> None:
    """What was stored is told, whole cases only, and is had the second time."""
    path = table(tmp_path, *(f"{n},{n},受理,2026-11-18" for n in range(2000)))
    small = Record(tmp_path / "small", SystemClock(), {"SQLITE_MAX_PAGES": "100"})
    with pytest.raises(ImportStopped, match="import it again to go on") as caught:
        import_file(small, path, mapping, history=True, batch=100)
    small.close()
    so_far: Summary = caught.value.summary
    assert 0 < so_far.stored < 2000
    assert not so_far.complete
    roomy = Record(tmp_path / "small", SystemClock())
    summary = import_file(roomy, path, mapping, history=True)
    roomy.close()
    assert (summary.had, summary.stored) == (so_far.stored, 2000 - so_far.stored)


def test_refusals_that_cannot_be_written_are_an_error_with_the_place(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """Nobody shall miss a refusal because its file could not be made."""
    path = table(tmp_path, "1,a,受理,x")
    with pytest.raises(RefusalsUnwritable, match="no-folder"):
        import_file(record, path, mapping, refused=tmp_path / "no-folder" / "r.csv")


def test_progress_is_told_at_the_end_at_least(
    record: Record, tmp_path: Path, mapping: Path
) -> None:
    """Lines done and lines in all."""
    told: list[tuple[int, int]] = []
    path = table(tmp_path, "1,a,受理,2026-11-18", "1,b,审核,2026-11-19")
    import_file(record, path, mapping, progress=lambda *said: told.append(said))
    assert told == [(2, 2)]
