#!/usr/bin/env python3
"""Checks a case file (卷宗) on another machine: the standard library alone, none of the product.

    python3 -I -S check_case_file.py FILE --key VKEY

Exit 0: everything in it is as the log's key signed it, and every event is proved to stand in the
log. 1: findings, a line each. 2: it cannot be read. 3: nothing is wrong with it, but it is not
proved: no key was given, or the log had sealed not all of its events when it was taken.

Above 400 lines: one file is carried to the other machine, and read there before it is believed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import zipfile
from base64 import b64decode
from pathlib import Path
from typing import Any

WHOLE_LONGEST = 64 << 20  # bytes of all files together, unpacked
NAMES = ("README.txt", "case.json", "case.ocel.json", "case.pdf", "case.xes")
MANIFEST = "manifest.txt"
ENVELOPE = "stream version position topic recorded_at payload"
CARD = "severity rule label_zh label_en law department"
DECIDED = {"CardTold": "told", "CardNotTold": "not_told", "CardWaits": "waits"}
NOTICE = "card person channel message stage why"
FIRST = {"occurred_at": "occurred_at at announced_at since", "id": "id card message"}
FORMAT, VERSION = "supervision-case-file", 1
WORDS = {
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


# Ed25519 (RFC 8032: 5.1), to verify only: it need not be constant in time.

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
ZERO = (0, 1, 1, 0)


def add(a: Any, b: Any) -> Any:
    """The sum of two points in extended coordinates."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, z, t = f - e, d - c, d + c, f + e
    return x * y % P, z * t % P, y * z % P, x * t % P


def times(n: int, point: Any) -> Any:
    """A point n times."""
    made = ZERO
    while n:
        made = add(made, point) if n & 1 else made
        point, n = add(point, point), n >> 1
    return made


def point_of(data: bytes) -> Any:
    """The point that 32 bytes are in its one form; None for none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    if len(data) != 32 or y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def bytes_of(point: Any) -> bytes:
    """The one form of a point."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return bytes((y | (x & 1) << 255).to_bytes(32, "little"))


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verify(public: bytes, signature: bytes, text: bytes) -> bool:
    """Whether the key made the signature over the text; False for whatever else it is given."""
    key, s = point_of(public), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= L or not key or not point_of(signature[:32]):
        return False
    if bytes_of(times(8, key)) == bytes_of(ZERO):
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % L
    minus = (P - key[0], key[1], 1, P - key[3])
    made: bytes = bytes_of(add(times(s, BASE), times(h, minus)))
    return made == signature[:32]


def key_of(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, id and public half of NAME+HASH+BASE64. ValueError."""
    name, hashed, coded, *_ = [*vkey.strip().split("+", 2), "", ""]
    typed = b64decode(coded, validate=True)
    key_id = hashlib.sha256(name.encode("utf-8", "replace") + b"\n" + typed).digest()[:4]
    if not name or len(typed) != 33 or typed[0] != 1 or key_id.hex() != hashed:
        raise ValueError("no Ed25519 key NAME+HASH+BASE64, or not copied in full")
    return name, key_id, typed[1:]


def note_of(data: bytes) -> tuple[list[str], bytes, list[tuple[str, bytes]]]:
    """A signed note: its lines, the text that is signed, its signatures by name. ValueError."""
    text, parted, below = data.decode("utf-8").rpartition("\n\n")
    lines = re.findall(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n", below)
    made = [(name, b64decode(coded, validate=True)) for name, coded in lines[:101]]
    sizes = [len(each) for _, each in made]
    if not parted or below != "".join(f"— {name} {coded}\n" for name, coded in lines):
        raise ValueError("no signed note")
    if re.search(r"[\x00-\x09\x0b-\x1f]", text) or not 0 < len(made) < 101 or min(sizes) < 5:
        raise ValueError("control characters, or no signatures")
    return text.split("\n"), (text + "\n").encode("utf-8"), made


def included(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    at, last, made = index, size - 1, leaf
    for step in proof:
        if last == 0 or len(step) != 32:
            return False
        if at & 1 or at == last:
            made = hashlib.sha256(b"\x01" + step + made).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made = hashlib.sha256(b"\x01" + made + step).digest()
        at, last = at >> 1, last >> 1
    return 0 <= index < size and last == 0 and made == root


def unpacked(path: str) -> dict[str, bytes]:
    """Its members by name, however much they say that they hold. ValueError."""
    if Path(path).stat().st_size > WHOLE_LONGEST:
        raise ValueError("文件过大 it is too large")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len({m.filename for m in members}) != len(members) or len(members) > 20:
                raise ValueError("文件重名或过多 names twice, or too many")
            if {m.compress_type for m in members} - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise ValueError("压缩方法不对 packed in another way")
            found, left = {}, WHOLE_LONGEST
            for m in members:
                with archive.open(m) as opened:
                    found[m.filename] = opened.read(left + 1)
                left -= len(found[m.filename])
                if left < 0:
                    raise ValueError("解压后过大 too large when unpacked")
            return found
    except Exception as error:
        raise ValueError(f"不是完好的 ZIP it is no sound ZIP: {error}") from error


def field(holder: Any, name: str, kind: type) -> Any:
    """A field of an object, of a type. ValueError."""
    value = holder.get(name) if isinstance(holder, dict) else None
    if type(value) is not kind:
        raise ValueError(f"{name} is no {kind.__name__}")
    return value


class Check:
    """One look at a bundle: findings, why it is not proved, what it is."""

    def __init__(self, files: dict[str, bytes], vkey: str) -> None:
        self.files, self.vkey = files, vkey
        self.findings: list[str] = []
        self.said: list[str] = []
        self.reasons = [] if vkey else ["没有给出公钥 no key given (--key)"]
        self.size, self.root = 0, b""
        self.payloads: dict[int, Any] = {}
        told = self.manifest()
        try:
            self.case(json.loads(files.get("case.json", b"")), told)
        except Exception as error:  # noqa: BLE001 hostile JSON may end with anything
            self.find("json", 0, f"{type(error).__name__} {error}")

    def find(self, code: str, position: int = 0, detail: str = "") -> None:
        """One finding more."""
        where, more = f" 位置 position {position}:" if position else "", detail and f" [{detail}]"
        self.findings.append(f"{code}:{where} {' · '.join(WORDS[code])}{more}")

    def signed(self, text: bytes, made: list[tuple[str, bytes]], what: str) -> None:
        """Find whether the key given signed a note."""
        if self.vkey:
            name, key_id, public = key_of(self.vkey)
            own = [each[4:] for by, each in made if (by, each[:4]) == (name, key_id)]
            if not own:
                self.find(what + "_key")
            elif not all(verify(public, each, text) for each in own):
                self.find(what + "_forged")

    def manifest(self) -> list[str]:
        """What the manifest says of log, case and instant; [] where it cannot be read."""
        lines: list[str] = []
        digests: dict[str, str] = {}
        try:
            lines, text, made = note_of(self.files.get(MANIFEST, b""))
            found = [re.fullmatch(r"sha256 ([0-9a-f]{64}) (\S+)", line) for line in lines[4:]]
            if len(lines) < 4 or lines[0] != f"{FORMAT}/{VERSION}" or not all(found):
                raise ValueError("other lines")
            digests = {each[2]: each[1] for each in found if each}
            self.signed(text, made, "manifest")
        except ValueError as error:
            self.find("manifest", 0, str(error))
            lines = []
        for name in sorted({*NAMES, *digests, *self.files} - {MANIFEST}):
            if name not in self.files:
                self.find("missing", 0, name)
            elif name not in digests:
                self.find("extra", 0, name)
            elif hashlib.sha256(self.files[name]).hexdigest() != digests[name]:
                self.find("digest", 0, name)
        return lines[1:4]

    def case(self, told: Any, manifest: list[str]) -> None:
        """What case.json says."""
        if (field(told, "format", str), field(told, "format_version", int)) != (FORMAT, VERSION):
            self.find("format")
            return
        ids = [field(told, "source", str), field(told, "case_no", str)]
        self.ids, origin, as_of = ids, field(told, "origin", str), field(told, "as_of", str)
        quoted = [each.replace("%", "%25").replace("/", "%2F") for each in ids]
        self.prefix = f"case/{quoted[0]}/{quoted[1]}/"
        if manifest and manifest != [origin, json.dumps(ids), as_of]:
            self.find("other_case")
        self.checkpoint(field(told, "proof", dict), origin)
        events, lists = field(told, "events", list), field(told, "lists", list)
        self.said.append(f"办件 case {ids[0]} {ids[1]}, 截至 as of {as_of}, {origin}")
        self.events(events, own=True)
        self.events(lists, own=False)
        self.streams(field(told, "streams", list), events)
        self.derived(told, events)
        younger = sorted(at for at in self.payloads if at > self.size)
        if not events:
            self.find("gap")
        if younger:
            some = " ".join(map(str, younger[:20]))
            self.reasons.append(f"尚未封存的事件 events not yet sealed, at {some}")

    def checkpoint(self, proof: Any, origin: str) -> None:
        """What the events are proved against: how many events, which root. ValueError."""
        note, stamps = field(proof, "checkpoint", str), field(proof, "stamps", list)
        if not note:
            self.reasons.append("日志尚无检查点 the log had no checkpoint yet")
            return
        try:
            lines, text, made = note_of(note.encode("utf-8", "replace"))
            if len(lines) < 3 or "" in lines or not re.fullmatch("0|[1-9][0-9]{,17}", lines[1]):
                raise ValueError("not three lines")
            root, size = b64decode(lines[2], validate=True), int(lines[1])
            if len(root) != 32 or field(proof, "size", int) != size:
                raise ValueError("no root, or another size")
        except ValueError as error:
            self.find("checkpoint", 0, str(error))
            return
        self.size, self.root = size, root
        self.signed(text, made, "checkpoint")
        if lines[0] != origin or proof.get("origin") != origin:
            self.find("other_log")
        self.said.append(f"检查点 checkpoint: {size}, 时间戳 stamps, not checked: {len(stamps)}")

    def events(self, events: list[Any], *, own: bool) -> None:
        """Each event, and their order. ValueError."""
        last = (0, "")
        for event in events:
            at, stamp = field(event, "position", int), field(event, "recorded_at", str)
            if (at, stamp) <= last or stamp < last[1] or at in self.payloads:
                self.find("order", at)
            last, self.payloads[at] = (at, stamp), {}
            self.event(event, at, own=own)

    def event(self, event: Any, at: int, *, own: bool) -> None:
        """One event: its bytes, its proof, its stream, and what is listed of it. ValueError."""
        text, family = field(event, "envelope", str), field(event, "family", str)
        inside = 0 < at <= self.size
        try:
            leaf = bytes.fromhex(field(event, "leaf", str))
            proof = [b64decode(step, validate=True) for step in field(event, "proof", list)]
            if field(event, "sealed", bool) != inside:
                self.find("proof", at, "sealed")
            elif inside and not included(leaf, at - 1, self.size, proof, self.root):
                self.find("proof", at)
            if text or not event.get("withheld") or event["stream"] != "alerts/outbox":
                if hashlib.sha256(b"\x00" + text.encode("utf-8", "replace")).digest() != leaf:
                    self.find("leaf", at)
                else:
                    self.reads(event, at, json.loads(text))
        except Exception:  # noqa: BLE001 as above
            self.find("envelope", at)
        others = {"message": ("alerts/outbox", "alerts/message/"), "erasure": ("system/erasures",)}
        begins = others.get(family, (self.prefix,)) if own else ("lists/",)
        if not field(event, "stream", str).startswith(begins):
            self.find("stranger", at, event["stream"])

    def reads(self, event: Any, at: int, said: Any) -> None:
        """Whether what is listed of an event is what its envelope says."""
        payload, names = field(said, "payload", dict), ENVELOPE.split()
        if list(said) != names:
            raise ValueError("other keys")
        says = {name: said[name] for name in names[:-1]}
        says["kind"] = said["topic"].partition("/")[0]
        for name, among in FIRST.items():
            says[name] = next((payload[n] for n in among.split() if payload.get(n)), "")
        says["severity"] = payload.get("severity", "")
        for name in [name for name, value in says.items() if event.get(name) != value]:
            self.find("reads", at, name)
        case = [payload.get("source", self.ids[0]), payload.get("case_no", self.ids[1])]
        if event["family"] not in ("list", "message") and case != self.ids:
            self.find("stranger", at)
        named = (["applicant"] if payload.get("applicant_ref") else []) + payload.get("texts", [])
        shown = [field(text, "name", str) for text in field(event, "texts", list)]
        if event["family"] in ("fact", "link", "desk") and shown != named:
            self.find("reads", at, "texts")
        self.payloads[at] = payload

    def streams(self, listed: list[Any], events: list[Any]) -> None:
        """Of the case's own streams, and of a message's, every version is there. ValueError."""
        there: dict[str, list[int]] = {}
        for event in events:
            there.setdefault(event["stream"], []).append(field(event, "version", int))
        last = {field(one, "stream", str): field(one, "version", int) for one in listed}
        for name in sorted({*there, *last}):
            had, end = there.get(name, []), last.get(name, 0)
            whole = name.startswith((self.prefix, "alerts/message/"))
            wanted = list(range(1, end + 1)[: len(had) + 1]) if whole else sorted(set(had))
            if had != wanted or not had or had[-1] != end:
                self.find("gap", 0, f"{name} {next((n for n in wanted if n not in had), end)}")

    def derived(self, told: Any, events: list[Any]) -> None:
        """The cards are those issued; who was told is as it was decided."""
        issued = [self.payloads[e["position"]] for e in events if e["kind"] == "CardIssued"]
        acts = {str(payload.get("card")): payload for payload in issued}
        cards = {field(card, "card", str): card for card in field(told, "cards", list)}
        for name in sorted({*acts, *cards}):
            card, act = cards.get(name), acts.get(name)
            if not card or not act or any(card.get(n) != act.get(n, "") for n in CARD.split()):
                self.find("card", 0, name)
        decided = {e["position"]: DECIDED[e["kind"]] for e in events if e["kind"] in DECIDED}
        for one in field(told, "messages", list):
            at = field(one, "position", int)
            notice = self.payloads.get(at, {})
            made = [decided.pop(at, ""), notice.get("rung", 0)]
            made += [notice.get(name, "") for name in NOTICE.split()]
            if made != [one.get(name) for name in ["decision", "rung", *NOTICE.split()]]:
                self.find("message", at)
        for at in decided:
            self.find("message", at)


def main() -> int:
    """The command; how it ends."""
    asked = argparse.ArgumentParser(description="核验卷宗 Checks a case file.")
    asked.add_argument("file")
    asked.add_argument("--key", default="", help="the log's public key, NAME+HASH+BASE64")
    asked.add_argument("--key-file", default="", help="a file that holds it")
    given = asked.parse_args()
    try:
        vkey = Path(given.key_file).read_text("utf-8") if given.key_file else given.key
        if vkey or given.key_file:
            key_of(vkey)
        check = Check(unpacked(given.file), vkey)
        said, code = [*check.said, *check.findings], 1 if check.findings else 0
        if check.findings:
            said.append(f"有问题 {len(check.findings)} finding(s)")
        elif check.reasons:
            said, code = [*said, "未获证明 not proved: " + "; ".join(check.reasons)], 3
        else:
            said.append(f"属实 ok: 已证明事件 {len(check.payloads)} events proved")
    except (OSError, ValueError) as error:
        said, code = [f"无法读取 it cannot be read: {error}"], 2
    for text in said:
        shown = "".join(c if c.isprintable() else "\ufffd" for c in text)[:500] + "\n"
        sys.stdout.buffer.write(shown.encode("utf-8", "replace"))
    return code


if __name__ == "__main__":
    sys.exit(main())
