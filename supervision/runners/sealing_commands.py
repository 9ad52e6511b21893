"""`supervise seal`: checkpoints made, listed and proved, beside `supervise run` too."""

from __future__ import annotations

import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from replay.leaves import Leaves, LeavesInUse
from replay.merkle import leaf_hash, verify_consistency, verify_inclusion
from replay.notes import SealError, Vouched, read_checkpoint, read_note, vouchers
from replay.sealing import RECORDED, Sealer
from replay.seals import NotSealed, SealFolder
from replay.stamping import StampRead, check_stamp, read_roots, read_stamp
from replay.witnesses import HttpWitness, Round, Seen, read_witnesses

from ..errors import SupervisionError
from ..record import Record
from .desk import CaseAmbiguous, NoCase, NoRecord, looked
from .sealing import ask, folder_of, open_sealer, seals_of, signer_of, stamp, stamper_of
from .settings import Settings, has_record, open_record, settings

WAIT = 120.0
"""Seconds for which `seal now` waits for the process that seals."""
GLANCE = 0.2
SHOWN = 20
"""Checkpoints that are listed, unless all are asked for."""


HEADS = ("数量 size", "末条 recorded (UTC)", "根 root", "签名", "见证 witnesses", "时间戳 stamped")


class SealSlow(SupervisionError):
    """Whoever holds the folder did not answer in time."""

    def __init__(self, folder: Path, head: int) -> None:
        super().__init__(
            f"the process that seals into {folder} has not signed up to {head} within "
            f"{WAIT:.0f} s; see what the wall says of it, and `supervise seal list`"
        )


class ProofWrong(SupervisionError):
    """What is recorded is not what was sealed."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"the event at position {position} is not what was sealed: keep everything as it is, "
            "and run: supervise verify"
        )


class NoSize(SupervisionError):
    """There is no such tree."""

    def __init__(self, why: object) -> None:
        super().__init__(f"{why}; `supervise seal list` tells the sizes")


@click.group()
def seal() -> None:
    """封存 Seals of the log: signed checkpoints and proofs (docs/integrity.md)."""


@contextmanager
def _record(given: Settings) -> Iterator[Record]:
    if not has_record(given):
        raise NoRecord
    record = open_record(given)
    try:
        yield record
    finally:
        record.close()


@seal.command()
def now() -> None:
    """Sign a checkpoint of all that is recorded, at once."""
    given = settings()
    with _record(given) as record:
        head = record.head()
        if _is_held(folder_of(given)):
            _ask(given, head)
        else:
            with closing(open_sealer(record, given, signer_of(given))) as sealer:
                _seal(sealer, head)
            _vouch(given)
    _list(seals_of(given), given, 1)


def _is_held(folder: Path) -> bool:
    """Whether another process seals into it; that one has the key, and this one need not."""
    if not folder.exists():
        return False
    try:
        Leaves(folder, writing=True).close()
    except LeavesInUse:
        return True
    return False


def _bar(words: str) -> Progress:
    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, highlight=False)
    return Progress(*columns, console=console, disable=not sys.stderr.isatty())


def _seal(sealer: Sealer, head: int) -> None:
    with _bar("封存 seal") as progress:
        task = progress.add_task("seal", total=head)
        while sealer.follow():
            progress.update(task, completed=sealer.size)
    sealer.sign(time.time_ns() // 1000)


def _ask(given: Settings, head: int) -> None:
    """Another process seals: it is asked, and waited for."""
    folder = folder_of(given)
    seals, began, never = SealFolder(folder), time.monotonic(), Event()
    ask(folder)
    with _bar("等待封存 waiting for the seal") as progress:
        task = progress.add_task("wait", total=head)
        while (last := seals.checkpoints.last()) < head:
            if time.monotonic() - began > WAIT:
                raise SealSlow(folder, head)
            progress.update(task, completed=last)
            never.wait(GLANCE)


def _vouch(given: Settings) -> None:
    """Stamped and shown to the witnesses, here; what fails is said."""
    seen = Seen(folder_of(given), SealFolder(folder_of(given)).checkpoints.last())
    if not seen.size:
        return
    told = [stamp(seen.notes, seen.size, stamper_of(given))]
    shown = Round(read_witnesses(given.witnesses), patience=0)
    shown.show(seen, time.time_ns() // 1000)
    for why in (*told, *shown.refused.values(), *shown.down.values()):
        if why:
            click.echo(f"注意 note: {why}", err=True)


class _Line(NamedTuple):
    size: int
    recorded_at: str
    root: str
    signed: bool
    witnesses: tuple[str, ...]
    stamped_at: str
    why: str


@seal.command("list")
@click.option("--all", "whole", is_flag=True, help=f"All; else the newest {SHOWN}.")
@click.option("--json", "as_json", is_flag=True)
def list_command(whole: bool, as_json: bool) -> None:
    """List checkpoints, whether each is signed by the log's key, and who vouches for it."""
    given = settings()
    _list(seals_of(given), given, 0 if whole else SHOWN, as_json=as_json)


def _list(seals: SealFolder, given: Settings, most: int, *, as_json: bool = False) -> None:
    sizes = seals.checkpoints.sizes()
    if not sizes:
        raise NotSealed(seals.folder)
    lines = [_line(seals, size, given) for size in sizes[-most:]]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode([x._asdict() for x in lines]), indent=2))
        return
    table = Table(box=None)
    for name in HEADS:
        table.add_column(name, overflow="fold")
    for each in lines:
        mark = "✓" if each.signed else "✗"
        said = each.witnesses or ("–",)
        row = (f"{each.size:,}", each.recorded_at[:19], each.root[:8], f"{mark} {each.why}".strip())
        table.add_row(*row, "\n".join(said), each.stamped_at[:19] or "–")
    console = Console(highlight=False)
    console.print(f"日志 log: {seals.origin}", markup=False)
    console.print(table)


def _line(seals: SealFolder, size: int, given: Settings) -> _Line:
    cosigners = [w.key for w in read_witnesses(given.witnesses) if isinstance(w, HttpWitness)]
    try:
        note = read_note(seals.checkpoints.note(size))
        found = read_checkpoint(note.text)
        own = vouchers(note, [seals.key])
        others: list[Vouched] = vouchers(note, cosigners)
        stamped = _stamped(seals, size, given)
    except SealError as error:
        return _Line(size, "", "", False, (), "", str(error))
    at = next((e.split(" ", 1)[1] for e in found.extra if e.startswith(RECORDED + " ")), "")
    names = tuple(each.key.name for each in others)
    why = "" if own else "not by the log's key"
    return _Line(size, at, found.root.hex(), bool(own), names, stamped.at if stamped else "", why)


def _stamped(seals: SealFolder, size: int, given: Settings) -> StampRead | None:
    """The time stamp, verified where the authority's roots are known."""
    kept = seals.checkpoints.stamp(size)
    if kept is None:
        return None
    if not given.stamp_roots:
        return read_stamp(kept)
    text = read_note(seals.checkpoints.note(size)).text
    return check_stamp(kept, text, read_roots(Path(given.stamp_roots)))


@seal.command()
def vkey() -> None:
    """Print the log's name and public key, as witnesses and whoever verifies need them."""
    click.echo(seals_of(settings()).vkey)


@seal.command()
@click.argument("case_no")
@click.option("--source", default="", help="The source system, where several have that number.")
def proof(case_no: str, source: str) -> None:
    """Print the proofs that a case's events are in the log, as JSON; each is verified first."""
    given = settings()
    with _record(given) as record:
        sources = [s for s in record.find_case(case_no) if not source or s == source]
        if not sources:
            raise NoCase(case_no)
        if len(sources) > 1:
            raise CaseAmbiguous(case_no, sources)
        looked(record, sources[0], case_no)
        made = _proved(record, seals_of(given), sources[0], case_no)
    click.echo(msgspec.json.format(msgspec.json.encode(made), indent=2))


def _proved(record: Record, seals: SealFolder, source: str, case_no: str) -> dict[str, Any]:
    latest = seals.latest()
    if latest is None:
        raise NotSealed(seals.folder)
    note = read_note(latest.note)
    if not vouchers(note, [seals.key]):
        raise ProofWrong(latest.size)
    root = read_checkpoint(note.text).root
    stored = record.read_case(source, case_no)
    sealed = [each for each in stored if each.position <= latest.size]
    paths = seals.prove_many([each.position for each in sealed], latest.size)
    events = []
    for each, path in zip(sealed, paths, strict=True):
        leaf = leaf_hash(each.envelope)
        if not verify_inclusion(leaf, each.position - 1, latest.size, path, root):
            raise ProofWrong(each.position)
        lines = [b64encode(step).decode() for step in path]
        events.append({"position": each.position, "leaf": leaf.hex(), "proof": lines})
    return {
        "log": seals.vkey,
        "source": source,
        "case_no": case_no,
        "checkpoint": latest.note.decode(),
        "events": events,
        "not_sealed": [each.position for each in stored if each.position > latest.size],
    }


@seal.command("consistency")
@click.argument("old", type=click.IntRange(min=0))
@click.argument("new", type=click.IntRange(min=0))
def consistency_command(old: int, new: int) -> None:
    """Print the proof that the log of NEW events begins with that of OLD, a hash a line."""
    seals = seals_of(settings())
    try:
        found = seals.consistency(old, new)
    except IndexError as error:
        raise NoSize(error) from None
    with suppress(SealError):
        former, latter = seals.checkpoints.checkpoint(old), seals.checkpoints.checkpoint(new)
        if not verify_consistency(old, former.root, new, latter.root, found):
            raise ProofWrong(old)
        click.echo("与两次封存相符 it holds between the two checkpoints", err=True)
    for each in found:
        click.echo(b64encode(each).decode())
