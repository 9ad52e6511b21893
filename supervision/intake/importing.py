"""Importing a file: read twice, stored in transactions of whole cases, refusals beside it.

The first reading makes sure that the file is whole and finds where each case ends; the second
stores. So nothing is stored of a file that is cut short, a case never lies in two transactions
(history of a case must come at once), and memory holds only cases that are open at a time.

FileUnreadable, FileCutShort    nothing was stored
MappingWrong                    nothing was stored
RefusalsUnwritable              the file of refusals cannot be written
ImportStopped                   the store stopped it: `summary` says how far; import again to go on
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import IO, NamedTuple

from msgspec import Struct

from ..errors import SupervisionError
from ..facts import FACTS
from ..published import load
from ..publishing import publish_missing
from ..record import Record
from .applying import Applier, OpenCase, Refusal, Told
from .csvfile import header_of, read_csv
from .mapping import Mapping, MappingWrong, load_mapping
from .reading import suggestion
from .rows import FileUnreadable, Row
from .xes import read_xes

BATCH = 1_000
"""Facts of a transaction: reached by whole cases, so that it may have more."""

OPEN_MOST = 2_000_000
"""Lines in memory that wait for the last line of their case, some 1 KB each."""

TELL_EVERY = 1_000
"""Lines between two calls of `progress`."""

Progress = Callable[[int, int], object]
"""Called with the lines stored or refused so far, and all lines."""

_NAMES = {cls: name for name, cls in FACTS.items()}


class Summary(Struct):
    """What became of a file. `complete` is false where the store stopped the import; `passed` are
    the lines that the mapping passes over.
    """

    lines: int = 0
    passed: int = 0
    cases: int = 0
    stored: int = 0
    had: int = 0
    refused: int = 0
    by_kind: dict[str, int] = {}
    lists: int = 0
    seconds: float = 0.0
    complete: bool = False
    refusals: Path | None = None


class ImportStopped(SupervisionError):
    """What is in `summary` is stored and will not be stored twice."""

    def __init__(self, path: Path, summary: Summary, why: Exception) -> None:
        super().__init__(
            f"{path.name}: stopped after {summary.stored} facts were stored ({why}); "
            "import it again to go on"
        )
        self.summary = summary


class RefusalsUnwritable(SupervisionError):
    """Where the refusals cannot be written; give another place for them."""

    def __init__(self, path: Path, why: OSError) -> None:
        super().__init__(f"{path}: refusals cannot be written there ({why.strerror})")


def import_file(
    record: Record,
    path: Path,
    mapping: Path | Mapping,
    *,
    history: bool = False,
    progress: Progress | None = None,
    batch: int = BATCH,
    refused: Path | None = None,
) -> Summary:
    """Store the facts of a file; refusals go to `refused`, else to NAME.refused.csv beside it.

    With `history` the facts are known from their occurrence on, and refused for cases that the log
    already has. Importing again stores nothing twice.
    """
    began = perf_counter()
    says = load_mapping(mapping) if isinstance(mapping, Path) else mapping
    lists = load(says.lists) if says.lists else []
    _check_columns(path, says)
    ends = _ends(path, says)
    file = _RefusalFile(refused or path.with_name(f"{path.name}.refused.csv"))
    running = _Import(record, Applier(says, history=history), ends, batch, file, progress)
    try:
        running.summary.lists = publish_missing(record, lists)
        running.run(_rows(path, says))
    except FileUnreadable:
        raise
    except SupervisionError as error:
        if isinstance(error, RefusalsUnwritable):
            raise
        raise ImportStopped(path, running.summary, error) from error
    finally:
        file.close()
        running.summary.seconds = perf_counter() - began
    return running.summary


def _rows(path: Path, mapping: Mapping) -> Iterator[Row]:
    if mapping.format == "xes":
        return read_xes(path)
    return read_csv(path, mapping.encoding, mapping.delimiter)


def _check_columns(path: Path, mapping: Mapping) -> None:
    """MappingWrong if the file lacks a column; events of XES may lack any attribute."""
    if mapping.format == "xes":
        return
    header = frozenset(header_of(path, mapping.encoding, mapping.delimiter))
    for column in sorted(mapping.columns()):
        if column not in header:
            near = suggestion(column, header)
            raise MappingWrong(f"{mapping.name}: {path.name} has no column {column!r}{near}")


class _Ends(NamedTuple):
    """The number of records, and which of them is the last of each case."""

    rows: int
    last: dict[str, int]


def _ends(path: Path, mapping: Mapping) -> _Ends:
    applier = Applier(mapping)
    last: dict[str, int] = {}
    number = 0
    for number, row in enumerate(_rows(path, mapping), 1):
        case_no = applier.case_no(row)
        if case_no:
            last[case_no] = number
    return _Ends(number, last)


class _Import:
    """The second reading."""

    def __init__(
        self,
        record: Record,
        applier: Applier,
        ends: _Ends,
        batch: int,
        refusals: _RefusalFile,
        progress: Progress | None,
    ) -> None:
        self.summary = Summary()
        self._record = record
        self._applier = applier
        self._ends = ends
        self._batch = batch
        self._refusals = refusals
        self._progress = progress
        self._open: dict[str, OpenCase] = {}
        self._waiting = 0
        self._whole: list[Told] = []

    def run(self, rows: Iterator[Row]) -> None:
        """Store every case when its last line was read."""
        for number, row in enumerate(rows, 1):
            self.summary.lines = number
            self._take(row, number)
            if len(self._whole) >= self._batch:
                self._store()
            if self._progress and number % TELL_EVERY == 0:
                self._progress(number, self._ends.rows)
        for case in list(self._open.values()):  # only if the file grew shorter meanwhile
            self._close(case)
        self._store()
        self.summary.complete = self.summary.lines == self._ends.rows
        if self._progress:
            self._progress(self.summary.lines, self._ends.rows)

    def _take(self, row: Row, number: int) -> None:
        case_no = self._applier.case_no(row)
        if not case_no:
            self._refuse([Refusal(row.line, "", row.problem or "the case number is missing")])
            return
        case = self._open.setdefault(case_no, OpenCase(case_no, row.line))
        case.lines += 1
        self._waiting += 1
        if self._waiting > OPEN_MOST:
            raise TooScattered(row.line)
        self._refuse(self._applier.take(row, case))
        if self._ends.last.get(case_no, 0) <= number:
            self._close(case)

    def _close(self, case: OpenCase) -> None:
        del self._open[case.case_no]
        told, refusals = self._applier.close(case)
        self._waiting -= case.lines
        self.summary.passed += case.passed
        self._refuse(refusals)
        self._whole.extend(told)
        self.summary.cases += bool(told)

    def _store(self) -> None:
        whole, self._whole = self._whole, []
        outcomes = self._record.append_facts([each.incoming for each in whole])
        summary = self.summary
        for (line, incoming), outcome in zip(whole, outcomes, strict=True):
            if outcome.state == "stored":
                summary.stored += 1
                kind = _NAMES[type(incoming.fact)]
                summary.by_kind[kind] = summary.by_kind.get(kind, 0) + 1
            elif outcome.state == "had":
                summary.had += 1
            else:
                self._refuse([Refusal(line, incoming.fact.case_no, outcome.reason)])

    def _refuse(self, refusals: list[Refusal]) -> None:
        for refusal in refusals:
            self.summary.refused += 1
            self._refusals.write(refusal)
            self.summary.refusals = self._refusals.path


class TooScattered(SupervisionError):
    """The lines of too many cases lie too far apart."""

    def __init__(self, line: int) -> None:
        super().__init__(f"more than {OPEN_MOST:,} lines wait at line {line}: sort it by case")


class _RefusalFile:
    """CSV with BOM, so that spreadsheets read its Chinese; made only if there is something."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise RefusalsUnwritable(path, error) from error

    def write(self, refusal: Refusal) -> None:
        """One line of it."""
        try:
            if self._file is None:
                self._file = self.path.open(
                    "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
                )
                csv.writer(self._file).writerow(["line", "case_no", "reason"])
            cells = (refusal.line, _harmless(refusal.case_no), _harmless(refusal.reason))
            csv.writer(self._file).writerow(cells)
        except OSError as error:
            raise RefusalsUnwritable(self.path, error) from error

    def close(self) -> None:
        """What was written is in the file."""
        if self._file:
            self._file.close()


def _harmless(cell: str) -> str:
    """No spreadsheet may take what came from outside for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
