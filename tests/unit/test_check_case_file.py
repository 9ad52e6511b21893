"""The two programs that check a bundle: each finding found by both, nothing ever ok by default.

One is the product's (replay/checking.py), the other is one file that needs none of the product and
is run here as it would be on another machine.

Above 400 lines: one way of altering a bundle a test, each put to both programs.
"""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import warnings
import zipfile
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.bundle import FILES, JSON, MANIFEST, manifest_of, zipped
from replay.casefile import CaseFile, Stamp
from replay.checking import check
from replay.notes import Checkpoint, signed
from tests.filed import MemorySeals, bundled, filed, log_key, whole_log
from tools import check_case_file as tool

TOOL = Path(tool.__file__)
VKEY = log_key().key.vkey
STRANGE = log_key(secret=bytes(32)).key.vkey

Json = dict[str, Any]


class Ended(NamedTuple):
    """How a check ended, and the codes of its findings."""

    code: int
    findings: set[str]
    said: str = ""


@cache
def files() -> dict[str, bytes]:
    """The members of a sound bundle."""
    archive = zipfile.ZipFile(io.BytesIO(bundled().data))
    return {name: archive.read(name) for name in archive.namelist()}


def elsewhere(data: bytes, folder: Path, *options: str) -> Ended:
    """The bundle checked by the second program, in an interpreter that has only its own library."""
    path = folder / "case.zip"
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-I", "-S", TOOL, path, *options],
        capture_output=True,
        check=False,
        cwd=folder,
        timeout=60,
    )
    said = done.stdout.decode()
    assert done.stderr == b""
    codes = {line.partition(":")[0] for line in said.splitlines()} & set(tool.WORDS)
    return Ended(done.returncode, codes, said)


def ours(data: bytes, vkey: str = VKEY) -> Ended:
    """The bundle checked by the product."""
    checked = check(data, vkey)
    return Ended(checked.code, {each.code for each in checked.findings} - {"unreadable"})


def both(data: bytes, folder: Path, vkey: str = VKEY) -> Ended:
    """The bundle checked by both, which agree."""
    there, here = elsewhere(data, folder, "--key", vkey), ours(data, vkey)
    assert (there.code, there.findings) == (here.code, here.findings), there.said
    return there


def resigned(told: Json) -> bytes:
    """A bundle that whoever has the log's key made of another case.json."""
    made = {**files(), JSON: json.dumps(told).encode()}
    del made[MANIFEST]
    case = {name: told.get(name, "") for name in ("origin", "source", "case_no", "as_of")}
    text = manifest_of(_named(**case), made)
    return zipped({**made, MANIFEST: signed(text, [log_key()])})


def _named(**says: str) -> CaseFile:
    return replace(filed(), **says)  # type: ignore[arg-type]


def story() -> Json:
    """What case.json says, to be changed."""
    told: Json = json.loads(files()[JSON])
    return told


# What is sound.


def test_a_sound_bundle_is_proved(tmp_path: Path) -> None:
    """Every event of it, by both programs; how many is told."""
    found = both(bundled().data, tmp_path)
    assert (found.code, found.findings) == (0, set())
    events = len(filed().events) + len(filed().lists)
    assert f"{events} events proved" in found.said


def test_without_a_key_nothing_is_proved(tmp_path: Path) -> None:
    """The key within the bundle is no key that anybody knows to be the log's."""
    found = elsewhere(bundled().data, tmp_path)
    assert found.code == 3
    assert "not proved: 没有给出公钥 no key given" in found.said
    assert ours(bundled().data, "").code == 3


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    """As it was handed over, with a line break behind it."""
    (tmp_path / "log.vkey").write_text(VKEY + "\n")
    assert elsewhere(bundled().data, tmp_path, "--key-file", str(tmp_path / "log.vkey")).code == 0
    assert elsewhere(bundled().data, tmp_path, "--key-file", str(tmp_path / "none")).code == 2
    (tmp_path / "empty").write_text("")
    assert elsewhere(bundled().data, tmp_path, "--key-file", str(tmp_path / "empty")).code == 2


@pytest.mark.parametrize("vkey", ["nonsense", "a+b+c", VKEY[:-4], VKEY.replace("log", "gol")])
def test_a_key_that_is_none_is_refused(tmp_path: Path, vkey: str) -> None:
    """In one line, and never taken for no key at all."""
    found = elsewhere(bundled().data, tmp_path, "--key", vkey)
    assert found.code == 2
    assert len(found.said.splitlines()) == 1


@pytest.mark.parametrize("size", [0, 20])
def test_events_that_are_not_sealed_yet_are_not_proved(tmp_path: Path, size: int) -> None:
    """The bundle is sound, and the outcome is not ok: some events have no proof, or none has."""
    seals = MemorySeals(whole_log(), size)
    found = both(bundled(filed(seals=seals), seals).data, tmp_path)
    assert (found.code, found.findings) == (3, set())
    assert "not yet sealed, at" in found.said


def test_time_stamps_are_told_and_not_called_checked(tmp_path: Path) -> None:
    """The standard library cannot verify them: their number is told, and that."""
    stamp = Stamp(authority="CN=TSA", at="2026-03-20T09:00:00Z", token="AAAA")
    seals = MemorySeals(whole_log(), stamps=[stamp])
    found = both(bundled(filed(seals=seals), seals).data, tmp_path)
    assert found.code == 0
    assert "stamps, not checked: 1" in found.said


# What was changed by somebody without the key.


def test_a_bundle_of_another_key_is_not_this_logs(tmp_path: Path) -> None:
    """Signed by somebody, but not by whoever the key is from."""
    found = both(bundled().data, tmp_path, STRANGE)
    assert (found.code, found.findings) == (1, {"manifest_key", "checkpoint_key"})


def test_a_forged_signature_is_found(tmp_path: Path) -> None:
    """In the name and with the id of the key, but not made by it."""
    note = files()[MANIFEST].decode()
    text, _, line = note.rpartition("— ")
    name, _, coded = line.partition(" ")
    forged = f"{text}— {name} {coded[:20]}{'A' if coded[20] != 'A' else 'B'}{coded[21:]}"
    found = both(zipped({**files(), MANIFEST: forged.encode()}), tmp_path)
    assert (found.code, found.findings) == (1, {"manifest_forged"})


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_changed_or_taken_out_is_named(tmp_path: Path, name: str) -> None:
    """Each file of the bundle, by its digest."""
    changed = zipped({**files(), name: files()[name] + b" "})
    assert both(changed, tmp_path).findings == {"digest"}
    gone = zipped({each: data for each, data in files().items() if each != name})
    assert "missing" in both(gone, tmp_path).findings
    assert name in elsewhere(gone, tmp_path, "--key", VKEY).said


def test_a_file_that_the_manifest_does_not_name_is_found(tmp_path: Path) -> None:
    """What was slipped in."""
    assert both(zipped({**files(), "more.pdf": b"x"}), tmp_path).findings == {"extra"}


def test_without_a_manifest_nothing_holds(tmp_path: Path) -> None:
    """Nor with one that is not signed."""
    bare = {name: data for name, data in files().items() if name != MANIFEST}
    assert "manifest" in both(zipped(bare), tmp_path).findings
    unsigned = files()[MANIFEST].rpartition(b"\n\n")[0] + b"\n\n"
    assert "manifest" in both(zipped({**bare, MANIFEST: unsigned}), tmp_path).findings


def test_the_manifest_of_another_case_is_found(tmp_path: Path) -> None:
    """A good signature over another case's name."""
    told = story()
    told["case_no"] = "2"
    found = both(zipped({**_unpacked(resigned(told)), JSON: files()[JSON]}), tmp_path)
    assert {"other_case", "digest"} <= found.findings


def _unpacked(data: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    return {name: archive.read(name) for name in archive.namelist()}


# What was changed even by somebody with the key.

Change = Callable[[Json], object]


def _event(told: Json, kind: str) -> Json:
    return next(each for each in told["events"] if each["kind"] == kind)


def _swap_proofs(told: Json) -> None:
    one, other = told["events"][0], told["events"][2]
    one["proof"], other["proof"] = other["proof"], one["proof"]


def _in_envelope(told: Json, old: str, new: str) -> None:
    event = told["events"][0]
    event["envelope"] = event["envelope"].replace(old, new)


def _another_log(told: Json) -> None:
    size, note = told["proof"]["size"], told["proof"]["checkpoint"]
    root = b64decode(note.split("\n")[2])
    made = Checkpoint("another.example/log", size, root)
    told["proof"]["checkpoint"] = signed(made.text, [log_key()]).decode()


def _older(told: Json) -> None:
    seals = MemorySeals(whole_log(), 20)
    latest = seals.latest()
    assert latest is not None
    told["proof"] |= {"checkpoint": latest.note.decode(), "size": 20}


CHANGES: dict[str, tuple[Change, set[str]]] = {
    "an event taken out": (lambda t: t["events"].pop(2), {"gap"}),
    "the last fact taken out": (lambda t: t["events"].remove(_event(t, "CaseAccepted")), {"gap"}),
    "an answer taken out": (lambda t: t["events"].remove(_event(t, "CardExplained")), {"gap"}),
    "a card's issue taken out": (
        lambda t: t["events"].remove(_event(t, "CardIssued")), {"gap", "card"},
    ),
    "all events taken out": (lambda t: t["events"].clear(), {"gap", "card", "message"}),
    "a card more": (lambda t: t["cards"].append({**t["cards"][0], "card": "X"}), {"card"}),
    "a card of another severity": (lambda t: t["cards"][1].update(severity="reminder"), {"card"}),
    "a message told to another": (lambda t: t["messages"][0].update(person="li"), {"message"}),
    "who was told left out": (lambda t: t["messages"].clear(), {"message"}),
    "one who was told left out": (lambda t: t["messages"].pop(), {"message"}),
    "who was told, twice": (lambda t: t["messages"].append(t["messages"][0]), {"message"}),
    "told by no event": (
        lambda t: t["messages"].append({**t["messages"][0], "position": 1}), {"message"},
    ),
    "told, though it was not": (
        lambda t: t["messages"][-1].update(decision="told"), {"message"},
    ),
    "told for another rung": (lambda t: t["messages"][0].update(rung=1), {"message"}),
    "two events swapped": (
        lambda t: t["events"].insert(0, t["events"].pop(1)), {"order", "gap"},
    ),
    "an event twice": (lambda t: t["events"].insert(0, t["events"][0]), {"order", "gap"}),
    "proofs swapped": (_swap_proofs, {"proof"}),
    "a proof cut": (lambda t: t["events"][0]["proof"].pop(), {"proof"}),
    "a proof lengthened": (lambda t: t["events"][0]["proof"].append("AAAA"), {"proof"}),
    "a proof that is no base64": (
        lambda t: t["events"][0]["proof"].append("*"), {"envelope"},
    ),
    "called not sealed": (lambda t: t["events"][0].update(sealed=False, proof=[]), {"proof"}),
    "a letter in the envelope": (lambda t: _in_envelope(t, "申请书", "申请表"), {"leaf"}),
    "the leaf of another": (
        lambda t: t["events"][0].update(leaf=t["events"][2]["leaf"]), {"leaf", "proof"},
    ),
    "an envelope withheld": (
        lambda t: t["events"][0].update(envelope="", withheld="other_cases"), {"leaf"},
    ),
    "another time": (
        lambda t: t["events"][0].update(occurred_at="2026-03-01T09:00:00+08:00"), {"reads"},
    ),
    "another recording": (
        lambda t: t["events"][-1].update(recorded_at="2027-01-01T00:00:00.000000Z"), {"reads"},
    ),
    "another kind": (lambda t: t["events"][0].update(kind="CaseRefused"), {"reads"}),
    "another id": (lambda t: t["events"][0].update(id="x"), {"reads"}),
    "a text less": (lambda t: t["events"][0]["texts"].pop(), {"reads"}),
    "a list taken for an event": (
        lambda t: t["events"].insert(0, t["lists"].pop(0)), {"stranger", "gap"},
    ),
    "another checkpoint": (_older, {"proof"}),
    "the checkpoint of another log": (_another_log, {"other_log"}),
    "a checkpoint that is none": (
        lambda t: t["proof"].update(checkpoint="text\n\n"), {"checkpoint", "proof"},
    ),
    "a checkpoint of another size": (
        lambda t: t["proof"].update(size=7), {"checkpoint", "proof"},
    ),
    "a newer form": (lambda t: t.update(format_version=2), {"format"}),
    "another form": (lambda t: t.update(format="other"), {"format"}),
    "a number for a text": (lambda t: t.update(origin=7), {"json", "other_case"}),
    "no events": (lambda t: t.pop("events"), {"json"}),
    "a list for an event": (lambda t: t["events"].append([]), {"json"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_found_though_the_manifest_fits(tmp_path: Path, name: str) -> None:
    """Whoever signs the bundle cannot make the log say what it does not: by both programs."""
    change, wanted = CHANGES[name]
    told = story()
    change(told)
    found = both(resigned(told), tmp_path) if "json" not in wanted else _json(told, tmp_path)
    assert found.code == 1
    assert found.findings >= wanted - {"other_case"}, found.said


def _json(told: Json, folder: Path) -> Ended:
    """What is none of its form: both say so, whatever else they could still read."""
    told_again = {**told, "origin": str(told.get("origin"))}
    data = zipped({**_unpacked(resigned(told_again)), JSON: json.dumps(told).encode()})
    there, here = elsewhere(data, folder, "--key", VKEY), ours(data)
    assert "json" in here.findings
    assert here.code == there.code
    return there


def test_a_finding_names_the_position(tmp_path: Path) -> None:
    """In one line, Chinese and English."""
    told = story()
    _in_envelope(told, "申请书", "申请表")
    position = told["events"][0]["position"]
    said = elsewhere(resigned(told), tmp_path, "--key", VKEY).said
    assert f"leaf: 位置 position {position}: 事件原文被改动 · the event was changed" in said


# What is no bundle.


def _bomb() -> bytes:
    """Some kilobytes that unpack to 80 MB, and say that they do not."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(JSON, bytes(80 << 20))
    return out.getvalue().replace(struct.pack("<I", 80 << 20), struct.pack("<I", 1000))


def _twice() -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")
        for name in (*FILES, MANIFEST, JSON):
            archive.writestr(name, files()[name])
    return out.getvalue()


def _packed_otherwise() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in files().items():
            archive.writestr(name, data)
    return out.getvalue()


NO_BUNDLES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: b"PK\x03\x04" + bytes(100),
    "cut": lambda: bundled().data[:-40],
    "its middle gone": lambda: bundled().data[:500] + bundled().data[900:],
    "names twice": _twice,
    "too many names": lambda: zipped({str(n): b"" for n in range(30)}),
    "packed otherwise": _packed_otherwise,
    "a bomb": _bomb,
    "another bomb": lambda: zipped({**files(), "case.pdf": bytes(65 << 20)}),
}


@pytest.mark.parametrize("name", NO_BUNDLES)
def test_what_is_no_bundle_is_said_in_a_line(tmp_path: Path, name: str) -> None:
    """Broken, too large, ambiguous: unreadable, never ok, never a traceback."""
    found = both(NO_BUNDLES[name](), tmp_path)
    assert found.code == 2
    assert len(found.said.splitlines()) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"format":' * 50_000, b"1" * 10_000],
    ids=["empty", "null", "list", "open", "no text", "deep list", "deep object", "long number"],
)
def test_json_that_is_absurd_is_a_finding(tmp_path: Path, data: bytes) -> None:
    """Even where the manifest fits it."""
    made = {**files(), JSON: data}
    del made[MANIFEST]
    text = manifest_of(filed(), made)
    found = both(zipped({**made, MANIFEST: signed(text, [log_key()])}), tmp_path)
    assert (found.code, found.findings) == (1, {"json"})


def test_an_envelope_that_is_absurd_is_a_finding(tmp_path: Path) -> None:
    """Nested deeper than any program reads, with the leaf that fits it."""
    told = story()
    deep = "[" * 100_000
    told["events"][0].update(envelope=deep, leaf=sha256(b"\x00" + deep.encode()).hexdigest())
    assert {"envelope"} <= both(resigned(told), tmp_path).findings


def test_what_a_terminal_would_obey_is_not_printed(tmp_path: Path) -> None:
    """A case number that holds escapes is shown without them."""
    told = story()
    told["case_no"] = "\x1b[31m红\u202e"
    said = elsewhere(resigned(told), tmp_path, "--key", VKEY).said
    assert "\x1b" not in said
    assert "\u202e" not in said


# Whatever else.


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*FILES, MANIFEST]), st.integers(0, 1 << 20), st.integers(1, 255), st.booleans()
)
def test_no_byte_can_be_changed(name: str, where: int, by: int, doubled: bool) -> None:
    """Any byte of any member, changed or doubled: never ok, by either program."""
    data = files()[name]
    at = where % len(data)
    other = bytes([data[at] if doubled else data[at] ^ by])
    changed = data[:at] + other + (data[at:] if doubled else data[at + 1 :])
    made = {**files(), name: changed}
    assert tool.Check(made, VKEY).findings != []
    assert check(zipped(made), VKEY).code == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_a_byte_of_the_archive_changes_nothing_unseen(
    tmp_path_factory: pytest.TempPathFactory, where: int, by: int
) -> None:
    """Either the members are what they were, or it is not ok; and the two agree."""
    data = bytearray(bundled().data)
    data[where % len(data)] ^= by
    path = tmp_path_factory.mktemp("bytes") / "case.zip"
    path.write_bytes(data)
    try:
        made = tool.unpacked(str(path))
    except ValueError:
        made = {}
    code = check(bytes(data), VKEY).code
    assert (code == 0) == (made == files())
    assert (code == 2) == (made == {})


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=8,
    ),
    st.data(),
)
def test_anything_in_the_place_of_anything_is_answered(value: object, data: st.DataObject) -> None:
    """Whatever stands where something else should: findings, never a traceback."""
    told = story()
    place: Any = told
    while True:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    if place[key] == value:
        return
    place[key] = value
    made = {**files(), JSON: json.dumps(told).encode()}
    assert tool.Check(made, VKEY).findings != []
    assert check(zipped(made), VKEY).code == 1
