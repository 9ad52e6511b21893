"""`supervise verify`: whether the log is what was sealed, and if not, which event is not.

Ends with 0 where it is proved, 1 with findings, 3 where it is not proved: nothing to compare with,
or it could not be read. It reads only, beside whatever runs; that it was verified is recorded, but
nothing is written into a log with findings unless asked for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from replay.evidence import Evidence, NoFolder, key_given, unopened, verified
from replay.notes import Key, SealError
from replay.seal_keys import read_signer
from replay.verify import Progress as Passed
from replay.verify import Verdict, Verification
from replay.witnesses import FolderWitness, HttpWitness, read_witnesses

from ..access.events import ACCESS, LogVerified
from ..errors import StoreBroken, StoreError, SupervisionError
from ..record import Record
from .desk import NoRecord
from .doors import console
from .sealing import folder_of, key_of
from .settings import Settings, has_record, open_record, settings

EXITS = {Verdict.PROVED: 0, Verdict.FINDINGS: 1, Verdict.NOT_PROVED: 3}
PHASES = {"seals": "封存 seals", "log": "日志 log", "tables": "辅助表 tables"}
SHOWN = 200
"""Findings that are printed; --json has them all."""


def evidence_of(given: Settings) -> Evidence:
    """Where the settings keep what the log is verified against. WitnessUnfit."""
    witnesses = read_witnesses(given.witnesses)
    return Evidence(
        folder=folder_of(given),
        keys=tuple(_own_key(given)),
        witnesses=tuple(each.key for each in witnesses if isinstance(each, HttpWitness)),
        copies=tuple(each.folder for each in witnesses if isinstance(each, FolderWitness)),
    )


def _own_key(given: Settings) -> Iterator[Key]:
    """The key that seals, where this machine has it: the folder's word is not needed then."""
    try:
        yield read_signer(key_of(given), given.seal_name).key
    except SealError:
        return


@click.command("verify")
@click.option("--seals", type=click.Path(path_type=Path), help="The folder of seals.")
@click.option("--key", "keys", multiple=True, help="The log's public key, or a file with it.")
@click.option("--witness", "witnesses", multiple=True, help="A witness's public key, or a file.")
@click.option(
    "--copy", "copies", multiple=True, type=click.Path(path_type=Path),
    help="A folder with copies of the checkpoints, kept elsewhere.",
)  # fmt: skip
@click.option(
    "--from", "start", type=click.IntRange(min=0), default=0, metavar="SIZE",
    help="Only what came behind the checkpoint of so many events.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True)
@click.option("--record", "anyway", is_flag=True, help="Put it on record whatever is found.")
@click.pass_context
def verify_command(
    ctx: click.Context,
    seals: Path | None,
    keys: Sequence[str],
    witnesses: Sequence[str],
    copies: Sequence[Path],
    start: int,
    as_json: bool,
    anyway: bool,
) -> None:
    """核验 Verify the log against its seals: which event was changed, inserted, removed, cut off.

    Ends with 0 (proved), 1 (findings) or 3 (not proved).
    """
    try:
        given = settings()
        if not has_record(given):
            raise NoRecord
        if seals and not seals.is_dir():
            raise NoFolder(seals)
        evidence = evidence_of(given)
        evidence = Evidence(
            seals or evidence.folder,
            tuple(map(key_given, keys)) or (() if seals else evidence.keys),
            tuple(map(key_given, witnesses)) or evidence.witnesses,
            tuple(copies) or evidence.copies,
        )
        found = _verify(given, evidence, start, anyway=anyway)
    except SupervisionError as error:
        click.echo(f"未能证明 not proved: {error}", err=True)
        ctx.exit(EXITS[Verdict.NOT_PROVED])
    _say(found, evidence, as_json=as_json)
    ctx.exit(EXITS[found.verdict])


def _verify(given: Settings, evidence: Evidence, start: int, *, anyway: bool) -> Verification:
    try:
        record = open_record(given)
    except StoreBroken as error:
        return unopened(error)
    try:
        with _bar(record) as passed:
            found = verified(record.log.store, evidence, start=start, progress=passed)
        whole = not found.start and not found.unread
        if whole and (anyway or found.verdict is not Verdict.FINDINGS):
            note(record, found, console())
        return found
    finally:
        record.close()


def note(record: Record, found: Verification, by: str) -> None:
    """Put a verification on record. StoreError, ClockJumped."""
    record.note(
        ACCESS,
        lambda at: LogVerified(
            at=at,
            by=by,
            position=found.position,
            sealed=found.proved,
            root=found.root,
            findings=found.count,
        ),
    )


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """As `123,456/s`."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "–/s")


@contextmanager
def _bar(record: Record) -> Iterator[Passed]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeRemainingColumn(),
    )  # fmt: skip
    shown = Console(stderr=True, highlight=False)
    tasks: dict[str, TaskID] = {}
    try:
        head = record.head()
    except StoreError:
        head = 0
    with Progress(*columns, console=shown, disable=not sys.stderr.isatty()) as progress:

        def passed(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(PHASES[phase], total=None)
            whole = max(total, head) if phase == "log" else total
            progress.update(tasks[phase], completed=done, total=whole or None)

        yield passed


VERDICTS = {
    Verdict.PROVED: "完好：至第 {upto:,} 条与签名的封存一致 "
    "PROVED: up to event {upto:,} the log is what was sealed and signed",
    Verdict.FINDINGS: "发现 {n} 项 {n} FINDING(S)",
    Verdict.NOT_PROVED: "未能证明：{zh} NOT PROVED: {en}",
}
WHY_NOT = {
    True: ("没有可比对的签名封存", "there is no signed seal to compare with"),
    False: ("日志未能比对到最新的封存", "the log was not compared up to the newest seal"),
}
UNREAD = ("数据库未能读完", "the database could not be read to the end")
STYLES = {Verdict.PROVED: "bold", Verdict.FINDINGS: "bold red", Verdict.NOT_PROVED: "bold yellow"}


def _say(found: Verification, evidence: Evidence, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(as_told(found)), indent=2).decode())
        return
    out = Console(highlight=False, soft_wrap=True)
    zh, en = UNREAD if found.unread else WHY_NOT[not found.checkpoints]
    verdict = VERDICTS[found.verdict].format(upto=found.proved, n=found.count, zh=zh, en=en)
    out.print(verdict, style=STYLES[found.verdict], markup=False)
    for line in _figures(found, evidence):
        out.print(line, markup=False)
    for each in found.findings[:SHOWN]:
        out.print(f"✗ {each.said('zh')} · {each.said('en')}", markup=False)
        if each.stream:
            at = _time(each.recorded_at)
            standing = f"  现为 now: {each.stream} v{each.version} {each.topic} {at}"
            out.print(standing.rstrip(), markup=False)
    if (rest := found.count - min(len(found.findings), SHOWN)) > 0:
        out.print(f"… 另有 {rest:,} 项，--json 可全部列出 {rest:,} more; --json tells them")
    told: list[str] = []
    for each in found.findings:
        if (to_do := f"→ {each.to_do('zh')} · {each.to_do('en')}") not in told:
            told.append(to_do)
    for to_do in told:
        out.print(to_do, markup=False)


def _figures(found: Verification, evidence: Evidence) -> Iterator[str]:
    yield f"日志 log: {found.position:,}；已证明至 proved up to: {found.proved:,}"
    if found.start:
        yield f"仅核验第 {found.start:,} 条之后 only what is behind event {found.start:,}"
    yield (
        f"检查点 checkpoints: {found.checkpoints:,}，见证 witnessed: {found.witnessed:,}，"
        f"最新 newest: {found.sealed:,}"
    )
    if found.unread:
        yield f"未读完，请再次核验 not read to the end, verify again: {found.unread}"
    if found.root:
        yield f"根 root: {found.root}"
    if found.not_sealed and found.checkpoints:
        yield f"第 {found.not_sealed:,} 条起尚未封存 not sealed yet from event {found.not_sealed:,}"
    if not evidence.keys and found.checkpoints:
        yield (
            "公钥取自封存目录本身，请与公布的公钥核对，或用 --key 指定 "
            "the key was taken from the folder itself: compare it with the published one, or "
            "give --key"
        )


def _time(at: int) -> str:
    """An instant as people read it in UTC; "" where it is none."""
    if not 0 < at < 253_402_300_800_000_000:
        return str(at) if at else ""
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at // 1_000_000))


def as_told(found: Verification) -> dict[str, Any]:
    """A verification as JSON tells it, each finding in words too."""
    told: dict[str, Any] = msgspec.to_builtins(found)
    told["findings"] = [
        {**msgspec.to_builtins(each), "zh": each.said("zh"), "en": each.said("en")}
        for each in found.findings
    ]
    return told
