"""`supervise deadline`, `supervise stats`, `supervise case`: answers at a desk."""

from __future__ import annotations

import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from replay.history import CaseHistory, ClockDrawn
from replay.telling import tell

from ..access.events import ACCESS, CaseSeen
from ..deadlines import Answer, Asked, PauseAsked, QuestionUnreadable, answer, answer_lines, without
from ..errors import SupervisionError
from ..facts import ZH, instant
from ..judgement.calendar import Calendar
from ..judgement.cards import moment
from ..judgement.deadline import DAY_END, MODES
from ..judgement.explain import KINDS
from ..judgement.shelf import Entry, Shelf
from ..record import Record
from ..statistics import Counts, count
from ..why import CLOCKS, ERRORS, limit_words
from .doors import console
from .lists import notices
from .settings import has_record, open_record, settings

WEEKDAYS = "一二三四五六日"
AS_OF = "What was recorded up to then (ISO 8601, in the zone of the settings); now."


class NoRecord(SupervisionError):
    """There is no log in the home."""

    def __init__(self) -> None:
        super().__init__(
            f"there is no log in {settings().home.absolute()} yet; "
            "bring data in with `supervise import` or `supervise run`, or set SUPERVISION_HOME"
        )


class NoCase(SupervisionError):
    """The log has no such case."""

    def __init__(self, case_no: str) -> None:
        super().__init__(f"the log has no case {case_no}")


class CaseAmbiguous(SupervisionError):
    """Several source systems have a case of that number."""

    def __init__(self, case_no: str, sources: list[str]) -> None:
        super().__init__(
            f"{case_no} is known in {', '.join(sources)}: add --source with one of them"
        )


def _pause(text: str) -> PauseAsked:
    """FROM..TO:APPROVED, of which TO and APPROVED may be missing."""
    first, dots, rest = text.partition("..")
    last, _, approved = rest.rpartition(":") if ":" in rest else (rest, "", "")
    if not dots or (approved and not approved.isdecimal()):
        raise QuestionUnreadable(
            f"pause {text!r} is not FROM..TO or FROM..TO:APPROVED, such as 2026-02-11..2026-02-24:8"
        )
    return PauseAsked(start=first, end=last or None, approved=int(approved) if approved else None)


@click.command()
@click.option("--start", help="The day that is not counted, or the instant: 2026-02-09[T14:30].")
@click.option("--limit", "limit_text", help="20wd, 30nd, 4wh, 2mo, 1yr or sd (即办).")
@click.option("--pause", "pauses", multiple=True, metavar="FROM..TO:APPROVED")
@click.option("--extend", default=0, help="Days of an extension.")
@click.option("--mode", default=DAY_END, type=click.Choice(MODES))
@click.option("--as-known", metavar="DATE", help="With the notices public on that day.")
@click.option("--now", "now_text", default="", help="The instant up to which an open pause counts.")
@click.option("--batch", is_flag=True, help="Lines of JSON from standard input, one answer each.")
@click.option("--json", "as_json", is_flag=True)
def deadline(
    start: str | None,
    limit_text: str | None,
    pauses: tuple[str, ...],
    extend: int,
    mode: str,
    as_known: str | None,
    now_text: str,
    batch: bool,
    as_json: bool,
) -> None:
    """期限计算 Work out a deadline, day by day."""
    known = notices(_date(as_known, "--as-known") if as_known else None)
    zone = settings().zone
    calendar = Calendar(known, zone)
    if batch:
        out = sys.stdout.buffer
        out.writelines(
            b + b"\n" for b in answer_lines(sys.stdin.buffer, calendar, without(known, zone))
        )
        out.flush()
        return
    if not start or not limit_text:
        raise QuestionUnreadable("--start and --limit are needed (or --batch)")
    asked = Asked(
        start=start,
        limit=limit_text,
        pauses=tuple(_pause(text) for text in pauses),
        extend=extend,
        mode=mode,
        now=now_text,
    )
    told = answer(calendar, asked)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2))
    else:
        _show_answer(told, limit_text)


def _date(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise QuestionUnreadable(f"{option} {text!r} is no date: {error}") from error


def _show_answer(told: Answer, limit_text: str) -> None:
    console = Console(highlight=False)
    zh, en = limit_words(limit_text)
    mark = "  [暂定 provisional]" if told.provisional else ""
    day = WEEKDAYS[told.weekday - 1]
    console.print(
        f"期限 deadline: {told.deadline} 星期{day} ({zh} {en}){mark}", style="bold", markup=False
    )
    console.print(
        f"  逾期时刻 first late instant: {told.crosses_at or '– (特别程序未结束 paused)'}"
    )
    for left, at in told.warnings.items():
        console.print(f"  剩余 left {left}: {at}")
    if told.credit:
        console.print(f"  扣除 credited: {told.credit}")
    console.print(f"  日历版本 calendar: {', '.join(told.calendar)}", markup=False)
    table = Table("日期 day", "星期", "计数 n", "说明 what", "", box=None)
    for each in told.days:
        kind_zh, kind_en = KINDS[each.kind]
        weekday = WEEKDAYS[date.fromisoformat(each.day).weekday()]
        number = str(each.number) if each.kind in ("counted", "makeup") else ""
        table.add_row(each.day, weekday, number, f"{kind_zh} {kind_en}", each.name)
    console.print(table)


@click.command()
@click.option("--as-of", "as_of", metavar="T", help=AS_OF)
@click.option("--json", "as_json", is_flag=True)
def stats(as_of: str | None, as_json: bool) -> None:
    """统计 Counts of the record: cases, facts, acts, late by clock, cards by severity."""
    record = _record()
    try:
        now = _as_of(record, as_of)
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("cases", total=None)
            counts = count(record, now, lambda n: progress.update(task, completed=n))
    finally:
        record.close()
    if as_json:
        shown = msgspec.to_builtins(counts)
        shown["as_of"] = moment(now).isoformat()
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2))
    else:
        _show_counts(counts)


def _record() -> Record:
    given = settings()
    if not has_record(given):
        raise NoRecord
    return open_record(given)


def _as_of(record: Record, text: str | None) -> int:
    """The instant asked for, in the zone of the settings unless it says another; else that up to
    which time has passed for the record.
    """
    if text is None:
        return record.last_stamp()
    try:
        given = datetime.fromisoformat(text)
        return instant(given if given.tzinfo else given.replace(tzinfo=ZoneInfo(settings().zone)))
    except (ValueError, OverflowError) as error:
        raise QuestionUnreadable(f"--as-of {text!r} is no date or time: {error}") from error


def _show_counts(counts: Counts) -> None:
    console = Console(highlight=False)
    console.print(
        f"截至 as of {moment(counts.as_of).isoformat()}  位置 position {counts.position:,}"
    )
    table = Table(show_header=False, box=None)
    rows: list[tuple[str, int]] = [
        ("办件 cases", counts.cases),
        ("  其中历史 history", counts.history),
        ("在办 open", counts.open),
        ("办结 concluded", counts.concluded),
        ("环节 steps", counts.steps),
    ]
    rows += [(f"  {ZH.get(kind, kind)} {kind}", n) for kind, n in counts.facts.items()]
    rows += [(f"  {kind}", n) for kind, n in (counts.acts | counts.desk).items()]
    for kind, n in counts.late.items():
        zh, en = CLOCKS.get(kind, (kind, kind))
        rows.append((f"超{zh} late by {en}", n))
        rows.append(("  其中已办结 of these concluded", counts.late_concluded.get(kind, 0)))
    for severity, states in counts.cards.items():
        rows.append((f"牌 cards: {severity}", sum(states.values())))
        rows += [(f"  {state}", n) for state, n in states.items()]
    rows += [
        (f"数据错误 data errors: {ERRORS.get(k, (k,))[0]}", n)
        for k, n in counts.data_errors.items()
    ]
    for name, n in rows:
        table.add_row(name, f"{n:,}")
    console.print(table)


@click.command()
@click.argument("case_no")
@click.option("--source", default="", help="The source system, where several have that number.")
@click.option("--as-of", "as_of", metavar="T", help=AS_OF)
@click.option("--json", "as_json", is_flag=True)
def case(case_no: str, source: str, as_of: str | None, as_json: bool) -> None:
    """办件 The whole story of one case."""
    record = _record()
    try:
        history = _tell(record, case_no, source, as_of)
        looked(record, history.source, history.case_no)
    finally:
        record.close()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(history), indent=2))
    else:
        _show_case(history)


def looked(record: Record, source: str, case_no: str) -> None:
    """Note that whoever stands at the machine is about to be shown a case. StoreError, ClockJumped:
    it is not on record, and MUST NOT be shown.
    """
    from dashboards.looks import COMMAND

    by = console()
    record.note(
        ACCESS, lambda at: CaseSeen(at=at, by=by, source=source, case_no=case_no, how=COMMAND)
    )


def _tell(record: Record, case_no: str, source: str, as_of: str | None) -> CaseHistory:
    sources = [s for s in record.find_case(case_no) if not source or s == source]
    if not sources:
        raise NoCase(case_no)
    if len(sources) > 1:
        raise CaseAmbiguous(case_no, sources)
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in record.read_lists())
    told = tell(record.read_case(sources[0], case_no), shelf, _as_of(record, as_of))
    if told is None:
        raise NoCase(f"{case_no} at that instant")
    return told


def _show_case(history: CaseHistory) -> None:
    console = Console(highlight=False)
    console.print(
        f"{history.case_no}  {history.item_name}  {history.department}", style="bold", markup=False
    )
    console.print(
        f"{history.status_zh} {history.status_en} · {history.light} · {history.as_of}", markup=False
    )
    table = Table(
        "位置 position",
        "发生 occurred",
        "入库 recorded",
        "事件 event",
        "内容 what",
        "经办 who",
        box=None,
    )
    for entry in history.entries:
        what = entry.what_zh + "".join(f" {name}: {text}" for name, text in entry.texts)
        table.add_row(
            str(entry.position), entry.occurred_at, entry.recorded_at, entry.zh, what, entry.who
        )
    console.print(table)
    for clock in history.clocks:
        console.print(_clock_line(clock), markup=False)
    for card in history.cards:
        console.print(
            f"{card.label_zh} {card.card} {card.state}: {card.why_zh} {card.why_en}"
            f" [{card.law}] {card.issued_at}",
            markup=False,
        )
    for finding in history.findings:
        console.print(f"数据错误 data error: {finding.zh} {finding.en}", markup=False)


def _clock_line(clock: ClockDrawn) -> str:
    return (
        f"{clock.zh} {clock.subject} {clock.limit}: {clock.started_at} → {clock.deadline}"
        f" ({clock.state}{', provisional' if clock.provisional else ''})"
    )
