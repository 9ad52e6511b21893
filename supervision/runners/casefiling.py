"""`supervise case-file`: a case file taken, and one checked, from the machine itself.

What is taken leaves an event before it is written. The check is the product's own; for another
machine there is tools/check_case_file.py, which needs none of the product.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import click
from rich.console import Console

from ..access.events import ACCESS, CaseFileTaken, TextsSeen
from ..errors import SupervisionError
from ..record import Record
from .desk import CaseAmbiguous, NoCase, NoRecord
from .doors import console
from .sealing import seals_of
from .settings import Settings, has_record, open_record, settings

if TYPE_CHECKING:  # importing it takes a second, which the other commands need not
    from dashboards.casefile import Taken
    from replay.checking import Finding

UNREADABLE = 2
"""How a check ends that could not begin."""
LARGEST = 64 << 20
"""Bytes of a bundle that is read to be checked."""


class FilingRefused(SupervisionError):
    """What was asked cannot be done, and what to ask instead."""


class CaseFileGroup(click.Group):
    """`case-file CASE …` takes one; a case whose number is the name of a command: `take CASE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is no command's name is a case's."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["take", *args]
        return super().parse_args(ctx, args)


@click.group("case-file", cls=CaseFileGroup)
def case_file() -> None:
    """卷宗 The case file of a case: taken (`case-file CASE --out FILE`), and checked."""


@case_file.command()
@click.argument("case_no", metavar="CASE")
@click.option("--source", default="", help="The source system, where several have that number.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.zip"
)
@click.option("--texts", is_flag=True, help="With personal data and free text; needs --reason.")
@click.option("--reason", default="", help="Why it is taken; on record.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def take(case_no: str, source: str, out: Path, texts: bool, reason: str, force: bool) -> None:
    """Take the case file of a case as a signed bundle."""
    reason = reason.strip()
    if texts and not reason:
        raise FilingRefused("texts are shown for a reason: give one with --reason")
    if out.exists() and not force:
        raise FilingRefused(f"{out} is there already: give another name, or --force to replace it")
    if not out.absolute().parent.is_dir():
        raise FilingRefused(f"{out}: there is no such folder; give another place, or make it")
    given = settings()
    if not has_record(given):
        raise NoRecord
    with closing(open_record(given)) as record:
        made = _take(record, given, _source(record, case_no, source), case_no, texts, reason)
        _record(record, made, reason)
    _write(out, made.bundle.data)
    _tell(out, made)
    if found := _wrong(made):
        click.echo(
            f"日志与封存不符 the log is not what was sealed: {len(found)} finding(s)", err=True
        )
        for finding in found:
            click.echo(_clean(str(finding)), err=True)
        sys.exit(1)


def _source(record: Record, case_no: str, source: str) -> str:
    sources = [each for each in record.find_case(case_no) if not source or each == source]
    if not sources:
        raise NoCase(case_no)
    if len(sources) > 1:
        raise CaseAmbiguous(case_no, sources)
    return sources[0]


def _take(
    record: Record, given: Settings, source: str, case_no: str, texts: bool, reason: str
) -> Taken:
    from dashboards.casefile import take as take_file

    if texts:
        by = console()
        record.note(
            ACCESS,
            lambda at: TextsSeen(at=at, by=by, source=source, case_no=case_no, reason=reason),
        )
    shown = Console(stderr=True, highlight=False)
    with shown.status("正在制卷 making the case file …"):
        made = take_file(record, seals_of(given), source, case_no, texts=texts)
    if made is None:
        raise NoCase(case_no)
    return made


def _record(record: Record, made: Taken, reason: str) -> None:
    by, file = console(), made.file

    def left(at: datetime) -> CaseFileTaken:
        return CaseFileTaken(
            at=at,
            by=by,
            source=file.source,
            case_no=file.case_no,
            digest=made.bundle.digest,
            texts=file.texts,
            reason=reason,
        )

    record.note(ACCESS, left)


def _wrong(made: Taken) -> tuple[Finding, ...]:
    """What whoever checks the file will find: the log may have been changed since it was sealed."""
    from replay.checking import check as check_bundle

    return check_bundle(made.bundle.data, made.file.proof.vkey).findings


def _write(out: Path, data: bytes) -> None:
    """Whole or not at all, for its owner alone: it may hold personal data. Nobody can have put
    anything into the draft's place before.
    """
    draft = out.with_name(f".{out.name[:100]}.{token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as opened:
            opened.write(data)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FilingRefused(
            f"{out}: cannot be written there ({error.strerror}); give another place"
        ) from error


def _tell(out: Path, made: Taken) -> None:
    file = made.file
    click.echo(f"{out}  {len(made.bundle.data):,} bytes  manifest {made.bundle.digest}")
    events = len(file.events) + len(file.lists)
    proved = events - len(file.unsealed)
    click.echo(f"事件 events: {events}, 已封存 sealed: {proved}", err=True)
    if not file.proof.checkpoint:
        click.echo("日志尚无检查点 the log has no checkpoint yet: nothing is proved", err=True)
    elif file.unsealed:
        some = ", ".join(map(str, file.unsealed[:20]))
        click.echo(f"尚未封存 not sealed yet, at {some}: take it again later", err=True)
    click.echo(f"核验公钥 key to check with: {file.proof.vkey}", err=True)


@case_file.command()
@click.argument("bundle", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--key", default="", help="The log's public key, NAME+HASH+BASE64.")
@click.option("--key-file", type=click.Path(path_type=Path), help="A file that holds it.")
def check(bundle: Path, key: str, key_file: Path | None) -> None:
    """Check a bundle: 0 proved, 1 findings, 2 unreadable, 3 not proved."""
    from replay.checking import check as check_bundle

    try:
        vkey = _read(key_file, 4_096).decode(errors="replace").strip() if key_file else key
        if key_file and not vkey:
            raise FilingRefused(f"{key_file} is empty: it must hold a key NAME+HASH+BASE64")
        checked = check_bundle(_read(bundle, LARGEST), vkey)
    except SupervisionError as error:
        click.echo(_clean(f"无法读取 it cannot be read: {error}"))
        sys.exit(UNREADABLE)
    file = checked.file
    if file is not None:
        click.echo(_clean(f"办件 case {file.source} {file.case_no}, 截至 as of {file.as_of}"))
        click.echo(_clean(f"日志 log {file.origin}, 检查点 checkpoint of {file.proof.size} events"))
    for finding in checked.findings:
        click.echo(_clean(str(finding)))
    if checked.findings:
        click.echo(f"有问题 {len(checked.findings)} finding(s)")
    elif checked.reasons:
        click.echo(_clean(f"未获证明 not proved: {'; '.join(checked.reasons)}"))
    else:
        click.echo("属实 ok")
    sys.exit(checked.code)


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise FilingRefused(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > most:
        raise FilingRefused(f"{path}: is larger than {most:,} bytes")
    return data


def _clean(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
