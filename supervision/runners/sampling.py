"""`supervise sample`: samples of cases (案卷抽查) from the machine itself.

Whoever stands at the machine sees all cases; each sample and each finding is on record as done by
the console.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dashboards.words_samples import (
    CRITERIA,
    DEFECTS,
    LOOKED,
    RESULTS,
    SEVERITIES,
    SHAPES,
    STATES,
)
from replay.every_case import Watching
from replay.sampled import Line, Sample, totals
from replay.samples import (
    BETWEEN,
    CONCLUDED,
    OPEN,
    YES,
    NotOfSample,
    SampleUnfit,
    criteria_of,
    number_of,
    seed_of,
)
from replay.sampling import Asked, Sampling

from ..access.events import SampleDrawn
from ..record import Record
from .desk import CaseAmbiguous, NoRecord
from .doors import console
from .settings import has_record, open_record, settings

COLUMNS = ("", "办件 case", "部门 department", "现况 now", "谁看过 looked", "评查 finding")


class NotTheSame(SampleUnfit):
    """A sample that its seed, criteria and position do not give: the log was changed since."""

    def __init__(self, sample: str) -> None:
        super().__init__(
            f"重新抽取与样本 {sample} 不符，请核验日志",
            f"drawn again, sample {sample} is another: verify the log",
        )


@contextmanager
def _record() -> Iterator[Record]:
    given = settings()
    if not has_record(given):
        raise NoRecord
    record = open_record(given)
    try:
        yield record
    finally:
        record.close()


@contextmanager
def _watched() -> Iterator[Watching]:
    """Tells on the terminal how many cases were looked through, of how many."""
    shown = Console(stderr=True)
    with Progress(console=shown, disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("办件 cases", total=None)
        yield Watching(lambda done, total: progress.update(task, completed=done, total=total))


@click.group()
def sample() -> None:
    """案卷抽查 Random samples of cases: drawn by seed and criteria, checked, told."""


@sample.command("draw")
@click.option("--seed", default="", help="Any text up to 64 characters; a random one without it.")
@click.option("-n", "--cases", "n", default="20", help="How many, 1 to 500.")
@click.option("--department", "departments", multiple=True, help="Any number; none: all.")
@click.option("--item", default="", help="An item's code.")
@click.option("--severity", default="", help="red, yellow or reminder: such a card ever issued.")
@click.option("--state", default="", help="open or concluded.")
@click.option("--from", "since", default="", help="Received on that day or later: 2026-03-02.")
@click.option("--to", "until", default="", help="Received on that day or earlier.")
@click.option("--late", is_flag=True, help="With a late entry (补录).")
@click.option("--json", "as_json", is_flag=True)
def draw(
    seed: str,
    n: str,
    departments: Sequence[str],
    item: str,
    severity: str,
    state: str,
    since: str,
    until: str,
    late: bool,
    as_json: bool,
) -> None:
    """抽取 Draw a sample from the log as it is now, and record it."""
    from dashboards.forms.samples_draw import random_seed

    given = {"item": item, "severity": severity, "state": state, "from": since, "to": until}
    criteria = criteria_of(given | {"late": YES if late else ""})
    criteria = criteria._replace(departments=_departments(departments))
    asked = Asked(seed_of(seed or random_seed()), number_of(n), criteria)
    with _record() as record, _watched() as watching:
        drawn = Sampling(record).draw(asked, console(), watching)
    if as_json:
        _print_json(drawn)
        return
    _tell_drawn(drawn)
    if asked.n > drawn.population:
        click.echo(
            f"  要求 {asked.n} 件，符合条件的只有 {drawn.population} 件，已全部抽取"
            f" only {drawn.population} meet the criteria: all of them were taken"
        )
    for number, each in enumerate(drawn.cases, 1):
        click.echo(f"  {number:>3}  {each.case_no}  {each.source}")


def _departments(names: Sequence[str]) -> frozenset[str]:
    if any(BETWEEN in name for name in names):
        raise SampleUnfit(f"部门名称不得含 {BETWEEN}", f"no department has {BETWEEN} in its name")
    return frozenset(filter(None, names))


@sample.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_samples(as_json: bool) -> None:
    """样本 All samples, the newest first."""
    with _record() as record:
        found = list(Sampling(record).samples().values())[::-1]
    if as_json:
        _print_json([each.drawn for each in found])
        return
    if not found:
        click.echo("还没有样本 no sample was drawn yet: supervise sample draw")
    for each in found:
        _tell_drawn(each.drawn)
        click.echo(f"  已评查 checked: {len(each.checks)} / {len(each.drawn.cases)}")


@sample.command("show")
@click.argument("name", metavar="SAMPLE")
@click.option("--again", is_flag=True, help="Draw it again at its position, and compare.")
@click.option("--json", "as_json", is_flag=True)
def show(name: str, again: bool, as_json: bool) -> None:
    """A sample: its cases, who looked at each since it was drawn, what was found."""
    with _record() as record:
        sampling = Sampling(record)
        found = sampling.sample(name)
        lines = sampling.lines(found)
        with _watched() as watching:
            if again and not sampling.is_repeated(found, watching):
                raise NotTheSame(name)
    if as_json:
        _print_json({"sample": found.drawn, "cases": lines, "totals": totals(lines)})
        return
    _tell_drawn(found.drawn)
    if again:
        click.echo("  ✓ 重新抽取与记录相符 drawn again, it is the same")
    _tell_lines(found, lines)


@sample.command("check")
@click.argument("name", metavar="SAMPLE")
@click.argument("case_no", metavar="CASE")
@click.option("--source", default="", help="Where several of its cases have that number.")
@click.option("--result", type=click.Choice(list(RESULTS)), required=True)
@click.option("--defect", "defects", multiple=True, type=click.Choice(list(DEFECTS)))
def check(name: str, case_no: str, source: str, result: str, defects: Sequence[str]) -> None:
    """评查 Record what was found in a case of a sample."""
    with _record() as record:
        sampling = Sampling(record)
        keys = [
            key
            for key in sampling.sample(name).keys
            if key[1] == case_no and source in ("", key[0])
        ]
        if not keys:
            raise NotOfSample(name, case_no)
        if len(keys) > 1:
            raise CaseAmbiguous(case_no, [key[0] for key in keys])
        done = sampling.check(name, keys[0], result, defects, console())
    told = "、".join(" ".join(DEFECTS[code]) for code in done.defects)
    click.echo(f"已记录 recorded: {case_no} {' '.join(RESULTS[result])} {told}".rstrip())


def _tell_drawn(drawn: SampleDrawn) -> None:
    criteria = "；".join(
        f"{' '.join(CRITERIA.get(name, (name,)))}: {value}"
        for name, value in drawn.criteria.items()
    )
    click.echo(
        f"样本 sample {drawn.sample}: {len(drawn.cases)} / {drawn.population:,}"
        f"  种子 seed {drawn.seed}  日志位置 position {drawn.position}"
    )
    click.echo(
        f"  {criteria or '全部办件 all cases'}"
        f"  {drawn.by} {drawn.at.isoformat(sep=' ', timespec='seconds')}"
    )


def _tell_lines(sample: Sample, lines: list[Line]) -> None:
    out = Console(highlight=False)
    table = Table(*COLUMNS, box=None)
    for line in lines:
        case, found = line.case, line.check
        cards = [SEVERITIES[each][0] for each in SEVERITIES if each in case.severities]
        now = [STATES[CONCLUDED if case.is_over else OPEN][0], *cards]
        looks = [f"{each.by} {LOOKED.get(each.how, (each.how,))[0]}" for each in line.looks]
        told = [DEFECTS[code][0] for code in found.defects if code in DEFECTS] if found else []
        finding = [SHAPES[found.result], RESULTS[found.result][0], *told] if found else ["–"]
        table.add_row(
            str(line.number), f"{case.case_no} {case.source}", case.department, " ".join(now),
            "\n".join(looks) or "–", " ".join(finding),
        )  # fmt: skip
    out.print(table)
    if left := len(sample.keys) - len(lines):
        click.echo(f"{left} 件已作废 are void")
    for each in totals(lines):
        click.echo(
            f"{each.department or '合计 all'}: 抽取 {each.drawn} 查看 {each.looked}"
            f" 评查 {each.checked} (合格 {each.good} 基本合格 {each.fair} 不合格 {each.bad})"
        )


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
