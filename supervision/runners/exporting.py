"""`supervise export`: cases as a file for tools of process mining, XES or OCEL 2.0.

Personal data and free text stay in the vault: the file names which of them were given.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple
from zoneinfo import ZoneInfo

import click
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from projections.case_rows import named
from replay.exporting import CaseEvents
from replay.ocel_export import ocel
from replay.xes_export import xes

from ..access.events import ACCESS, Exported
from ..errors import SupervisionError
from ..facts import Instant
from ..fold import Folded
from ..judgement.cards import moment
from ..judgement.shelf import Entry, Shelf
from ..record import Record
from .desk import NoRecord
from .doors import console
from .settings import has_record, open_record, settings

WHAT = "event_log"
"""What the trail says was exported."""


class ExportAsked(SupervisionError):
    """What was asked cannot be exported, and what to ask instead."""


class FileUnwritable(SupervisionError):
    """The file cannot be written where it was asked for."""

    def __init__(self, path: Path, why: OSError) -> None:
        super().__init__(f"{path}: cannot be written there ({why.strerror}); give another place")


class Wanted(NamedTuple):
    """Which cases: of a source, of a department ("" any), first heard of on which days."""

    source: str
    department: str
    first: date | None
    last: date | None
    zone: ZoneInfo

    def takes(self, case: CaseEvents, shelf: Shelf, now: Instant) -> bool:
        """Whether the case is one of them, as its corrected facts tell it, and its item where they
        name no department.
        """
        if not (self.department or self.first or self.last):
            return True
        folded = Folded(case.in_order())
        told = folded.case()
        lists = folded.lists(shelf, told, now)
        if self.department and named(told, lists)[2] != self.department:
            return False
        if not told.facts:
            return not (self.first or self.last)
        day = _day(told.facts[0].at, self.zone)
        return (self.first or day) <= day <= (self.last or day)

    def words(self) -> str:
        """As the trail tells it."""
        said = {"source": self.source, "from": self.first, "to": self.last}
        return " ".join(f"{name}={value}" for name, value in said.items() if value)


class Done(Struct):
    """What was written."""

    cases: int = 0
    events: int = 0


def _day(at: Instant, zone: ZoneInfo) -> date:
    return moment(at).astimezone(zone).date()


@click.command("export")
@click.option("--xes", "xes_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ocel", "ocel_file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--source", default="", help="Only cases of this source system.")
@click.option("--department", default="", help="Only cases of this department.")
@click.option("--from", "first", metavar="DATE", help="Only cases first heard of on this day …")
@click.option("--to", "last", metavar="DATE", help="… up to this day, itself included.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def export(
    xes_file: Path | None,
    ocel_file: Path | None,
    source: str,
    department: str,
    first: str | None,
    last: str | None,
    force: bool,
) -> None:
    """导出 Cases for process mining: --xes FILE (IEEE 1849) or --ocel FILE (OCEL 2.0, JSON)."""
    if (xes_file is None) == (ocel_file is None):
        raise ExportAsked("give one of --xes FILE and --ocel FILE")
    path = xes_file or ocel_file
    assert path is not None
    if path.exists() and not force:
        raise ExportAsked(f"{path} is there already: give another name, or --force to replace it")
    given = settings()
    if not has_record(given):
        raise NoRecord
    days = _date(first, "--from"), _date(last, "--to")
    wanted = Wanted(source, department, *days, ZoneInfo(given.zone))
    if wanted.first and wanted.last and wanted.first > wanted.last:
        raise ExportAsked(f"--from {wanted.first} lies behind --to {wanted.last}")
    record = open_record(given)
    try:
        done = _export(record, path, wanted, "xes" if xes_file else "ocel")
    finally:
        record.close()
    click.echo(f"已导出 exported: {path}  办件 cases {done.cases:,}  事件 events {done.events:,}")


def _date(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ExportAsked(f"{option} {text!r} is no date such as 2026-03-02") from None


def _export(record: Record, path: Path, wanted: Wanted, form: str) -> Done:
    sources = record.log.store.sources()
    if wanted.source and wanted.source not in sources:
        known = ", ".join(sources) or "none"
        raise ExportAsked(f"the log has no source {wanted.source!r}; it has {known}")
    several = not wanted.source and len(sources) > 1
    make = partial(xes, several=several) if form == "xes" else ocel
    done = Done()
    with _written(path) as file, _progress() as progress:
        total = sum(1 for _ in record.cases())
        told = progress.add_task("export", total=total)
        cases = _cases(record, wanted, done, lambda: progress.advance(told))
        file.writelines(make(cases))
        file.flush()
        if not done.cases:
            raise ExportAsked("no case is like that; nothing was written")
        progress.update(told, completed=total)
        record.note(ACCESS, partial(_exported, wanted=wanted, form=form))
    return done


def _progress() -> Progress:
    return Progress(
        TextColumn("导出 export"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        disable=not sys.stderr.isatty(),
    )


def _cases(
    record: Record, wanted: Wanted, done: Done, looked_at: Callable[[], object]
) -> Iterator[CaseEvents]:
    """The cases wanted, one at a time, counted."""
    now = record.last_stamp()
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in record.read_lists())
    for source, case_no in record.cases():
        looked_at()
        if wanted.source and source != wanted.source:
            continue
        case = CaseEvents(source, case_no, record.read_case(source, case_no))
        if wanted.takes(case, shelf, now):
            done.cases += 1
            done.events += len(case.events)
            yield case


def _exported(at: datetime, wanted: Wanted, form: str) -> Exported:
    return Exported(
        at=at, by=console(), what=WHAT, value=wanted.words(), form=form, scope=wanted.department
    )


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name when all of it is written, and is gone otherwise."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise FileUnwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
