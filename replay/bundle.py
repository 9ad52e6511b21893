"""A case file as a bundle: a ZIP of case.pdf to read, case.json to check, case.xes and
case.ocel.json for process mining, README.txt, and manifest.txt, which is signed.

The manifest is a C2SP signed note by the log's key. Its first line is none that a checkpoint could
have as its second, and the other way round, so that neither is ever taken for the other:

    supervision-case-file/1
    the log's name
    ["source", "case_no"] as JSON in ASCII
    the instant of the file
    sha256 <hexadecimal> <name>      of each other file, by name

The same file under the same key gives the same bytes (of one version of zlib).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Struct

from supervision.acts import DeskAct
from supervision.facts import Fact, instant
from supervision.store.stored import Stored
from supervision.streams import parse

from .bundle_readme import readme
from .casefile import DESK, FACT, FORMAT, SHOWN, VERSION, CaseFile, FiledEvent, Seals
from .exporting import CaseEvents
from .ocel_export import ocel
from .xes_export import xes

JSON, PDF, XES, OCEL, README = "case.json", "case.pdf", "case.xes", "case.ocel.json", "README.txt"
FILES = (README, PDF, JSON, XES, OCEL)
MANIFEST = "manifest.txt"
HEADING = f"{FORMAT}/{VERSION}"
MEDIA_TYPE = "application/zip"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""What a ZIP has for no date."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Bundle(NamedTuple):
    """The ZIP's bytes, and the SHA-256 of its manifest in hexadecimal: what the trail keeps."""

    data: bytes
    digest: str


def bundle(file: CaseFile, pdf: bytes, seals: Seals) -> Bundle:
    """A case file, signed. `pdf`: the same, drawn. SealError."""
    case, texts = CaseEvents(file.source, file.case_no, stored_of(file)), texts_of(file)
    files = {
        README: readme(file).encode(),
        PDF: pdf,
        JSON: json_of(file),
        XES: b"".join(xes([case], texts=texts)),
        OCEL: b"".join(ocel([case], texts=texts)),
    }
    manifest = seals.sign(manifest_of(file, files))
    return Bundle(zipped({**files, MANIFEST: manifest}), sha256(manifest).hexdigest())


def json_of(file: CaseFile) -> bytes:
    """The file as JSON: fields in declared order, indented, a line break at its end."""
    return msgspec.json.format(_encode(file), indent=1) + b"\n"


class _Envelope(Struct, frozen=True):
    payload: msgspec.Raw


def stored_of(file: CaseFile) -> list[Stored]:
    """The events of the case's own streams, as the log has them."""
    return [_stored(each) for each in file.events if parse(each.stream)]


def _stored(event: FiledEvent) -> Stored:
    payload = bytes(msgspec.json.decode(event.envelope, type=_Envelope).payload)
    recorded_at = instant(datetime.fromisoformat(event.recorded_at))
    return Stored(event.position, event.stream, event.version, event.topic, recorded_at, payload)


def texts_of(file: CaseFile) -> Callable[[Fact | DeskAct], dict[str, str] | None]:
    """Gives the texts that are shown in the file, and no other."""
    shown = {
        (each.kind, each.id): {text.name: text.text for text in each.texts if text.state == SHOWN}
        for each in file.events
        if each.family in (FACT, DESK)
    }
    return lambda event: shown.get((type(event).__name__, event.id)) or None


def manifest_of(file: CaseFile, files: Mapping[str, bytes]) -> bytes:
    """The text that is signed."""
    case = json.dumps([file.source, file.case_no])
    digests = [f"sha256 {sha256(files[name]).hexdigest()} {name}" for name in sorted(files)]
    return "".join(f"{x}\n" for x in (HEADING, file.origin, case, file.as_of, *digests)).encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of these files in their order, without a date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data, compresslevel=6)
    return out.getvalue()


def name_of(file: CaseFile) -> str:
    """What the bundle is called, fit for any file system: case-SOURCE-CASE_NO.zip."""
    parts = (file.source, file.case_no)
    fit = ("".join(c if c.isalnum() or c in "-_." else "_" for c in part) for part in parts)
    return f"case-{'-'.join(fit)}"[:150] + ".zip"
