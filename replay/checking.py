"""The product's own check of a bundle: the questions that tools/check_case_file.py asks, answered
by the product's own trees, notes and forms; the two share no line.

Whatever bytes it is given, it answers: findings, or why nothing is proved. `Checked.code` is 0 for
what is proved in full, 1 for findings, 2 for what cannot be read, 3 for what is not proved.

Above 400 lines: it is read beside the other, question by question.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from supervision.errors import SupervisionError
from supervision.notices import OUTBOX
from supervision.streams import ERASURES, LISTS, case_prefix

from .bundle import FILES, HEADING, JSON, MANIFEST
from .casefile import ERASURE, FORMAT, LIST, MESSAGE, VERSION, CaseFile, FiledEvent
from .filing import DECISIONS, HAPPENED, IDS, MESSAGES
from .merkle import leaf_hash, verify_inclusion
from .notes import (
    Key,
    Note,
    NoteBroken,
    NoteForged,
    SealError,
    read_checkpoint,
    read_key,
    read_note,
    vouchers,
)

WHOLE_LONGEST = 64 << 20
"""Bytes of all files together, unpacked: a case of 10,000 events has less."""
MOST_MEMBERS = 20
DECIDED = {kind.__name__: word for kind, word in DECISIONS.items()}
"""What a case file calls a decision about telling somebody, by the kind of its event."""
DIGEST = re.compile(r"sha256 ([0-9a-f]{64}) (\S+)")
WORDS: dict[str, tuple[str, str]] = {
    "unreadable": ("卷宗无法读取", "the case file cannot be read"),
    "extra": ("卷宗里有清单以外的文件", "a file that the manifest does not name"),
    "missing": ("缺少文件", "a file is missing"),
    "manifest": ("清单无法读取", "the manifest cannot be read"),
    "manifest_key": ("清单没有所给公钥的签名", "the manifest is not signed by the key given"),
    "manifest_forged": ("清单的签名是伪造的", "the manifest's signature is forged"),
    "digest": ("文件被改动，摘要不符", "the file was changed: another digest"),
    "json": ("case.json 无法读取", "case.json cannot be read"),
    "format": ("卷宗格式由更新的程序写成", "a newer program wrote this form of case file"),
    "other_case": ("清单是另一办件的", "the manifest is that of another case"),
    "other_log": ("检查点是另一日志的", "the checkpoint is that of another log"),
    "checkpoint": ("检查点无法读取", "the checkpoint cannot be read"),
    "checkpoint_key": ("检查点没有所给公钥的签名", "the checkpoint is not signed by the key given"),
    "checkpoint_forged": ("检查点的签名是伪造的", "the checkpoint's signature is forged"),
    "envelope": ("事件原文无法读取", "the event's envelope cannot be read"),
    "reads": ("所列内容与事件原文不符", "what is listed is not what the envelope says"),
    "leaf": ("事件原文被改动", "the event was changed: its envelope has another hash"),
    "proof": ("存在证明不成立", "the inclusion proof does not hold"),
    "order": ("事件次序不对", "the events are not in the order of the log"),
    "gap": ("事件流中缺少事件", "an event is missing from a stream"),
    "card": ("牌与发牌事件不符", "the cards are not those of the events"),
    "message": ("告知记录与事件不符", "what was told is not what the events say"),
    "stranger": ("事件不属于本办件", "the event is none of this case"),
}
"""What each finding means, Chinese and English."""


class BundleUnreadable(SupervisionError):
    """The archive cannot be opened: no ZIP, too large, names twice."""


class Finding(NamedTuple):
    """What is wrong (a key of WORDS), at which position of the log (0: none), more about it."""

    code: str
    position: int = 0
    detail: str = ""

    def __str__(self) -> str:
        zh, en = WORDS[self.code]
        where = f"位置 position {self.position}: " if self.position else ""
        return f"{where}{zh} · {en}" + (f" [{self.detail}]" if self.detail else "")


class Checked(NamedTuple):
    """What came of a check. `reasons`: why nothing, or not all, is proved."""

    file: CaseFile | None = None
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """How a program ends that checked."""
        if any(each.code == "unreadable" for each in self.findings):
            return 2
        return 1 if self.findings else 3 if self.reasons else 0


class Sealing(NamedTuple):
    """What the events are proved against: how many events, and the root over them."""

    size: int = 0
    root: bytes = b""


class Envelope(Struct, frozen=True, forbid_unknown_fields=True):
    """An event's canonical envelope, taken apart."""

    stream: str
    version: int
    position: int
    topic: str
    recorded_at: str
    payload: dict[str, Any]


def check(data: bytes, vkey: str = "") -> Checked:
    """A bundle's bytes checked, under a key that was had from elsewhere. KeyUnreadable."""
    key = read_key(vkey) if vkey else None
    try:
        files = unpacked(data)
    except BundleUnreadable as error:
        return Checked(findings=(Finding("unreadable", 0, str(error)),))
    findings = list(_files(files))
    manifest, wrong = _manifest(files, key)
    findings += wrong
    file, wrong = _read(files)
    findings += wrong
    reasons = [] if key else ["没有给出公钥 no key given"]
    if file is not None:
        if manifest and manifest != [
            file.origin,
            json.dumps([file.source, file.case_no]),
            file.as_of,
        ]:
            findings.append(Finding("other_case"))
        sealing, wrong = _sealing(file, key)
        findings += [*wrong, *_events(file, sealing), *_streams(file), *_derived(file)]
        reasons += _not_proved(file, sealing)
    return Checked(file, tuple(findings), tuple(reasons))


# The archive.


def unpacked(data: bytes) -> dict[str, bytes]:
    """The members of a ZIP by name. BundleUnreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if len(names) != len(members) or len(members) > MOST_MEMBERS:
                raise BundleUnreadable("文件重名或过多 names twice, or too many")
            left, found = WHOLE_LONGEST, {}
            for member in members:
                found[member.filename] = _member(archive, member, left)
                left -= len(found[member.filename])
            return found
    except (
        zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, LookupError,
        NotImplementedError, OverflowError, OSError, MemoryError,
    ) as error:  # fmt: skip
        raise BundleUnreadable(f"不是完好的 ZIP it is no sound ZIP: {error}") from error


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    """What it holds, however much it says that it does."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleUnreadable("压缩方法不对 packed in another way")
    with archive.open(member) as opened:
        data = opened.read(left + 1)
    if len(data) > left:
        raise BundleUnreadable("解压后过大 too large when unpacked")
    return data


def _files(files: Mapping[str, bytes]) -> Iterator[Finding]:
    digests = _digests(files)
    for name in sorted({*FILES, *digests, *files} - {MANIFEST}):
        if name not in files:
            yield Finding("missing", 0, name)
        elif name not in digests:
            yield Finding("extra", 0, name)
        elif sha256(files[name]).hexdigest() != digests[name]:
            yield Finding("digest", 0, name)


def _note(files: Mapping[str, bytes]) -> tuple[Note, list[str]]:
    """The manifest, and its lines. NoteBroken."""
    note = read_note(files.get(MANIFEST, b""))
    lines = note.text.decode()[:-1].split("\n")
    if len(lines) < 4 or lines[0] != HEADING or not all(map(DIGEST.fullmatch, lines[4:])):
        raise NoteBroken("its lines are not those of a manifest")
    return note, lines


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    try:
        _, lines = _note(files)
    except SealError:
        return {}
    return {name: digest for digest, _, name in (line[7:].partition(" ") for line in lines[4:])}


def _manifest(files: Mapping[str, bytes], key: Key | None) -> tuple[list[str], list[Finding]]:
    try:
        note, lines = _note(files)
    except SealError as error:
        return [], [Finding("manifest", 0, str(error))]
    return lines[1:4], _signed(note, key, "manifest")


def _signed(note: Note, key: Key | None, what: str) -> list[Finding]:
    if key is None:
        return []
    try:
        return [] if vouchers(note, [key]) else [Finding(f"{what}_key")]
    except NoteForged:
        return [Finding(f"{what}_forged")]


def _read(files: Mapping[str, bytes]) -> tuple[CaseFile | None, list[Finding]]:
    data = files.get(JSON, b"")
    try:
        said = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        form = [msgspec.json.decode(said.get(n, b"null")) for n in ("format", "format_version")]
        if form != [FORMAT, VERSION] and isinstance(form[0], str) and isinstance(form[1], int):
            return None, [Finding("format")]
        return msgspec.json.decode(data, type=CaseFile), []
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return None, [Finding("json", 0, str(error))]


# What it says.


def _sealing(file: CaseFile, key: Key | None) -> tuple[Sealing, list[Finding]]:
    if not file.proof.checkpoint:
        return Sealing(), []
    try:
        note = read_note(file.proof.checkpoint.encode())
        made = read_checkpoint(note.text)
    except (SealError, UnicodeError) as error:
        return Sealing(), [Finding("checkpoint", 0, str(error))]
    if made.size != file.proof.size:
        return Sealing(), [Finding("checkpoint", 0, "another size")]
    found = _signed(note, key, "checkpoint")
    if {made.origin, file.proof.origin} != {file.origin}:
        found.append(Finding("other_log"))
    return Sealing(made.size, made.root), found


def _events(file: CaseFile, sealing: Sealing) -> Iterator[Finding]:
    seen: set[int] = set()
    for some in (file.events, file.lists):
        last = (0, "")
        for event in some:
            here = (event.position, event.recorded_at)
            if here <= last or here[1] < last[1] or event.position in seen:
                yield Finding("order", event.position)
            last = here
            seen.add(event.position)
            yield from _event(file, event, sealing)
            if not event.stream.startswith(_begins(file, event, own=some is file.events)):
                yield Finding("stranger", event.position, event.stream)
    if not file.events:
        yield Finding("gap")


def _event(file: CaseFile, event: FiledEvent, sealing: Sealing) -> Iterator[Finding]:
    at, inside = event.position, 0 < event.position <= sealing.size
    try:
        leaf, proof = bytes.fromhex(event.leaf), [b64decode(s, validate=True) for s in event.proof]
    except ValueError:
        yield Finding("envelope", at)
        return
    if event.envelope or not event.withheld or event.stream != OUTBOX:
        if leaf_hash(event.envelope.encode(errors="replace")) != leaf:
            yield Finding("leaf", at)
        else:
            yield from _reads(file, event)
    if event.sealed != inside:
        yield Finding("proof", at, "sealed")
    elif inside and not verify_inclusion(leaf, at - 1, sealing.size, proof, sealing.root):
        yield Finding("proof", at)


def _begins(file: CaseFile, event: FiledEvent, *, own: bool) -> tuple[str, ...]:
    """What the name of an event's stream may begin with."""
    others = {MESSAGE: (OUTBOX, MESSAGES), ERASURE: (ERASURES,)}
    case = (case_prefix(file.source, file.case_no),)
    return others.get(event.family, case) if own else (LISTS,)


def _reads(file: CaseFile, event: FiledEvent) -> Iterator[Finding]:
    """Whether what is listed is what was stored."""
    at = event.position
    try:
        said = msgspec.json.decode(event.envelope, type=Envelope)
    except (msgspec.MsgspecError, RecursionError):
        yield Finding("envelope", at)
        return
    payload = said.payload
    stored = {
        "stream": said.stream,
        "version": said.version,
        "position": said.position,
        "topic": said.topic,
        "recorded_at": said.recorded_at,
        "kind": said.topic.partition("/")[0],
        "occurred_at": _first(payload, HAPPENED),
        "id": _first(payload, IDS),
        "severity": payload.get("severity", ""),
    }
    for name, value in stored.items():
        if getattr(event, name) != value:
            yield Finding("reads", at, name)
    about = (payload.get("source", file.source), payload.get("case_no", file.case_no))
    if event.family not in (LIST, MESSAGE) and about != (file.source, file.case_no):
        yield Finding("stranger", at)
    if event.family in ("fact", "link", "desk"):
        named = [
            *(["applicant"] if payload.get("applicant_ref") else []),
            *payload.get("texts", []),
        ]
        if [text.name for text in event.texts] != named:
            yield Finding("reads", at, "texts")


def _first(payload: Mapping[str, Any], names: Sequence[str]) -> object:
    return next((given for name in names if (given := payload.get(name))), "")


def _streams(file: CaseFile) -> Iterator[Finding]:
    """Of a stream that is the case's own, and of a message's, every version is there."""
    there: dict[str, list[int]] = defaultdict(list)
    for event in file.events:
        there[event.stream].append(event.version)
    last = {each.stream: each.version for each in file.streams}
    for stream in sorted({*there, *last}):
        had, end = there.get(stream, []), last.get(stream, 0)
        whole = stream.startswith((case_prefix(file.source, file.case_no), MESSAGES))
        wanted = range(1, end + 1) if whole else sorted(set(had))
        if had != list(wanted[: len(had) + 1]) or not had or had[-1] != end:
            gone = next((n for n in wanted[: len(had) + 1] if n not in had), end)
            yield Finding("gap", 0, f"{stream} {gone}")


def _derived(file: CaseFile) -> Iterator[Finding]:
    """The cards are those that were issued; who was told is as it was decided."""
    payloads = {event.position: _payload(event) for event in file.events}
    issued = {
        str(payloads[event.position].get("card")): payloads[event.position]
        for event in file.events
        if event.kind == "CardIssued"
    }
    cards = {card.card: msgspec.to_builtins(card) for card in file.cards}
    same = ("severity", "rule", "label_zh", "label_en", "law", "department")
    for name in sorted({*issued, *cards}):
        card, act = cards.get(name), issued.get(name)
        if not card or not act or any(card[n] != act.get(n, "") for n in same):
            yield Finding("card", 0, name)
    yield from _told(file, payloads)


def _told(file: CaseFile, payloads: Mapping[int, dict[str, Any]]) -> Iterator[Finding]:
    """Each decision about telling somebody is listed once, and nothing that was not decided."""
    decided = {e.position: DECIDED[e.kind] for e in file.events if e.kind in DECIDED}
    same = ("card", "person", "channel", "message", "stage", "why")
    for told in file.messages:
        notice, one = payloads.get(told.position, {}), msgspec.to_builtins(told)
        made = (decided.pop(told.position, ""), notice.get("rung", 0))
        if (told.decision, told.rung) != made or any(one[n] != notice.get(n, "") for n in same):
            yield Finding("message", told.position)
    yield from (Finding("message", position) for position in decided)


def _payload(event: FiledEvent) -> dict[str, Any]:
    try:
        return msgspec.json.decode(event.envelope, type=Envelope).payload
    except (msgspec.MsgspecError, RecursionError):
        return {}


def _not_proved(file: CaseFile, sealing: Sealing) -> Iterator[str]:
    younger = [
        event.position for event in (*file.events, *file.lists) if event.position > sealing.size
    ]
    if not file.proof.checkpoint:
        yield "日志尚无检查点 the log had no checkpoint yet"
    if younger:
        yield f"尚未封存的事件 events not yet sealed, at {' '.join(map(str, sorted(younger)[:20]))}"
