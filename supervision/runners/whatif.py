"""`supervise rederive`, `supervise what-if`: what follows from the log, and what would have."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dashboards.words_whatif import BECAUSE, SEVERITIES, WHAT, WHY, WORDS, both
from replay.changes import (
    Change,
    ChangeUnreadable,
    Instead,
    PolicyChanged,
    day_change,
    limit_change,
    mode_change,
)
from replay.every_case import Watching
from replay.reasons import UNEXPLAINED, Difference
from replay.rederive import Rederived, rederive
from replay.what_if import GAINED, LOST, MOVED, Scope, WhatIf, what_if

from ..facts import Instant, instant
from ..judgement.cards import moment
from ..judgement.deadline import MODES
from ..published import load
from ..record import Record
from .desk import NoRecord
from .settings import has_record, open_record, settings

SIGNS = {GAINED: "多 +", LOST: "少 −", MOVED: "移 ~"}
"""The heads of counts: gained, lost, at another time."""
SHOWN = 40
"""Differences, or cards, that are printed; --json gives all that are kept."""


@contextmanager
def _record() -> Iterator[Record]:
    given = settings()
    if not has_record(given):
        raise NoRecord
    with closing(open_record(given)) as record:
        yield record


@contextmanager
def _watched(label: str) -> Iterator[Watching]:
    """A progress bar on standard error, where somebody sees it."""
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(label, total=None)
        yield Watching(lambda done, total: progress.update(task, completed=done, total=total))


@click.command("rederive")
@click.option("--source", "sources", multiple=True, help="来源 Of this source system; repeatable.")
@click.option("--json", "as_json", is_flag=True)
def rederive_command(sources: tuple[str, ...], as_json: bool) -> None:
    """复算 Derive every automatic act again and compare; exit code 1 where something differs, or
    there is nothing to compare.

    Reads the log and writes nothing.
    """
    with _record() as record, _watched("复算 re-derive") as watching:
        made = rederive(record, sources=sources, watching=watching)
    if as_json:
        _print_json(made)
    else:
        _show_rederived(made, ZoneInfo(settings().zone))
    sys.exit(0 if made.equal and made.cases else 1)


def _show_rederived(made: Rederived, zone: ZoneInfo) -> None:
    out = Console(highlight=False)
    where = _said("result_of", at=_when(made.until, zone), head=made.head, cases=made.cases)
    out.print(where, soft_wrap=True)
    if not made.cases:
        out.print(_said("no_cases"), style="bold yellow")
    if made.young:
        out.print(_said("young", n=made.young))
    if made.equal and made.cases:
        said = _said("equal", cases=made.cases, acts=made.acts)
        out.print(said, style="bold green", soft_wrap=True)
    if made.equal:
        return
    total = sum(count for *_, count in made.counts)
    style = "bold red" if made.unexplained else "bold yellow"
    said = _said("differs", n=total, unexplained=made.unexplained)
    out.print(said, style=style, soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for head in ("what", "reason", "count"):
        table.add_column(both(WORDS, head))
    for what, why, count in made.counts:
        table.add_row(
            both(WHAT, what),
            both(WHY, why),
            f"{count:,}",
            style="bold red" if why == UNEXPLAINED else "",
        )
    out.print(table)
    out.print(_said("program_now", program=made.program[:12]))
    for began in made.programs:
        says = {"position": began.position, "version": began.version}
        out.print("  " + _said("program_from", program=began.program[:12], **says))
    for difference in sorted(made.differences, key=lambda d: d.why != UNEXPLAINED)[:SHOWN]:
        for line in _lines(difference, zone):
            out.print(line, soft_wrap=True, markup=False)
    if total > SHOWN:
        out.print(_said("shown_most", shown=SHOWN, n=total))


def _lines(difference: Difference, zone: ZoneInfo) -> Iterator[str]:
    d = difference
    where = f"  {d.source}/{d.case_no}" if d.case_no else "  lists"
    place = f" @{d.position:,}" if d.position else ""
    at = f" {_when(d.at, zone)}" if d.at else ""
    yield f"{where}{place}{at}: {both(WHAT, d.what)} {d.act} {d.rule} {d.card}".rstrip()
    about = f" @{d.about:,}" if d.about else ""
    yield f"    {both(WHY, d.why)}{about} {d.detail}".rstrip()
    for field in d.fields:
        yield f"    {field.name}: {field.recorded or '–'} → {field.derived or '–'}"


@click.command("what-if")
@click.option("--promise", metavar="-40%|5wd", help="承诺时限 Times a factor, or another.")
@click.option("--legal", metavar="-40%|5wd", help="法定时限 Times a factor, or another.")
@click.option("--item", "items", multiple=True, help="事项 Change this item only; repeatable.")
@click.option("--mode", type=click.Choice(MODES), help="计时方式 How days are counted.")
@click.option("--settle", type=click.IntRange(0, 86_400), help="等待 Seconds until facts settle.")
@click.option("--left", multiple=True, metavar="RULE=2wd", help="预警 When a rule warns.")
@click.option("--holiday", "holidays", multiple=True, metavar="DATE", help="放假 A day off.")
@click.option("--workday", "workdays", multiple=True, metavar="DATE", help="上班 A day worked.")
@click.option("--calendar", default="CN", show_default=True, help="日历 Whose days change.")
@click.option(
    "--list",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="清单 A file as `supervise publish` takes it.",
)
@click.option(
    "--department", "departments", multiple=True, help="部门 Look at its cases only; repeatable."
)
@click.option("--source", "sources", multiple=True, help="来源 Of this source system; repeatable.")
@click.option("--since", metavar="DATE", help="自 Cards that crossed from this day on.")
@click.option("--before", metavar="DATE", help="至 Cards that crossed before this day.")
@click.option("--nothing-late", is_flag=True, help="无迟报 As if all had been known in time.")
@click.option("--following", is_flag=True, help="因牌生牌 With cards about other cards.")
@click.option("--json", "as_json", is_flag=True)
def what_if_command(
    promise: str | None,
    legal: str | None,
    items: tuple[str, ...],
    mode: str | None,
    settle: int | None,
    left: tuple[str, ...],
    holidays: tuple[str, ...],
    workdays: tuple[str, ...],
    calendar: str,
    file: Path | None,
    departments: tuple[str, ...],
    sources: tuple[str, ...],
    since: str | None,
    before: str | None,
    nothing_late: bool,
    following: bool,
    as_json: bool,
) -> None:
    """推演 Judge the same history under other rules: cards gained and lost. Writes nothing.

    \b
    supervise what-if --promise -40%
    supervise what-if --mode to_the_second --department 区住建局
    supervise what-if --holiday 2026-10-09 --workday 2026-10-10
    """
    changes: list[Change] = [
        *(
            limit_change(which, text, items)
            for which, text in (("promise", promise), ("legal", legal))
            if text is not None
        ),
        *([mode_change(mode)] if mode else []),
        *([PolicyChanged(settle_seconds=settle)] if settle is not None else []),
        *map(_left, left),
        *(day_change(day, works=False, calendar=calendar) for day in holidays),
        *(day_change(day, works=True, calendar=calendar) for day in workdays),
        *(Instead(event=event) for event in (load(file) if file else [])),
    ]
    if not changes and not nothing_late:
        raise ChangeUnreadable(
            "没有说明改变什么 no change was asked for: --promise -40%, --mode to_the_second, "
            "--holiday 2026-10-09, --nothing-late or --list FILE"
        )
    zone = ZoneInfo(settings().zone)
    scope = Scope(
        frozenset(departments) or None,
        frozenset(sources),
        _day(since, zone),
        _day(before, zone),
        following,
    )
    with _record() as record, _watched("推演 what if") as watching:
        made = what_if(record, changes, scope, nothing_late=nothing_late, watching=watching)
    if as_json:
        _print_json(made)
    else:
        _show_what_if(made, zone)


def _left(text: str) -> PolicyChanged:
    rule, equals, limit = text.partition("=")
    if not (rule and equals):
        raise ChangeUnreadable(f"--left {text!r} 应写成 is to be written as promise_near=2wd")
    return PolicyChanged(left={rule: limit})


def _day(text: str | None, zone: ZoneInfo) -> Instant:
    """00:00 of a day; 0 for none."""
    if text is None:
        return 0
    try:
        return instant(datetime.combine(date.fromisoformat(text), time(), zone))
    except ValueError as error:
        raise ChangeUnreadable(f"{text!r} 不是日期 is no date; write 2026-10-09") from error


def _show_what_if(made: WhatIf, zone: ZoneInfo) -> None:
    out = Console(highlight=False)
    for zh, en in made.changes:
        out.print(f"{zh}  {en}", style="bold", markup=False)
    where = _said("result_of", at=_when(made.until, zone), head=made.head, cases=made.cases)
    out.print(where, soft_wrap=True)
    if not made.cases:
        out.print(_said("no_cases"), style="bold yellow")
        return
    before, after = dict(made.before), dict(made.after)
    for severity in SEVERITIES:
        was, now = before.get(severity, 0), after.get(severity, 0)
        out.print(f"  {_card(severity)}  {was:,} → {now:,}")
    if made.following:
        out.print(_said("left_out", n=made.following))
    if made.unreadable:
        out.print(_said("unreadable_cases", n=made.unreadable), style="bold red")
    if not made.figures:
        out.print(_said("no_turns"))
        return
    out.print(_figures(made))
    for turn in made.turns[:SHOWN]:
        kind, at = both(WORDS, turn.kind), _when(turn.crossed_at, zone)
        line = f"  {turn.source}/{turn.case_no} {kind}: {_card(turn.severity)} {at}"
        because = f"（{both(BECAUSE, turn.because)}）" if turn.because else ""
        said = f"{line} {turn.why_zh} {turn.why_en}{because}"
        out.print(said, soft_wrap=True, markup=False)
    if len(made.turns) > SHOWN:
        total = sum(made.count(kind) for kind in ("gained", "lost", "moved"))
        out.print(_said("shown_most", shown=SHOWN, n=total))


def _figures(made: WhatIf) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(both(WORDS, "department"), overflow="fold")
    table.add_column(both(WORDS, "item"), overflow="fold")
    table.add_column("", no_wrap=True)
    for sign in SIGNS.values():
        table.add_column(sign, no_wrap=True, justify="right")
    for figure in made.figures:
        counts = (f"{n:,}" if (n := getattr(figure, kind)) else "–" for kind in SIGNS)
        severity = SEVERITIES.get(figure.severity, (figure.severity,))[0]
        table.add_row(figure.department, figure.item_name, severity, *counts)
    return table


def _print_json(made: Rederived | WhatIf) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(made), indent=2))


def _card(severity: str) -> str:
    zh, en = SEVERITIES.get(severity, (severity, severity))
    return f"{zh} {en.split()[-1]}"


def _said(key: str, **fill: object) -> str:
    zh, en = WORDS[key]
    return f"{zh.format(**fill)} {en.format(**fill)}"


def _when(at: Instant, zone: ZoneInfo) -> str:
    return f"{moment(at, zone):%Y-%m-%d %H:%M:%S}"
