"""A log with its seals, for tests that tamper with either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from replay.findings import Finding, Kind
from replay.leaves import Leaves
from replay.merkle import leaf_hash
from replay.notes import (
    COSIGNATURE,
    Checkpoint,
    Ed25519Signer,
    Key,
    cosigned,
    signature_line,
    signed,
)
from replay.verify import Verification, tables_of, verify
from replay.weighing import NoteFile, Seals
from supervision.clock import Clock, Reading
from supervision.facts import ApplicationReceived, CaseAccepted, StepCompleted
from supervision.record import Incoming, Record
from supervision.store.port import Recorder

ORIGIN = "jiancha.example/log"
SECOND = 1_000_000
START = 1_800_000_000_000_000
AT = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
KINDS = (ApplicationReceived, CaseAccepted, StepCompleted)


class Steady(Clock):
    """A clock that goes on by a second at each look."""

    def __init__(self) -> None:
        self.passed = 0

    def __call__(self) -> Reading:
        self.passed += 1
        return Reading(START + self.passed * SECOND, self.passed * SECOND, "boot")


def signer(seed: int = 1, name: str = ORIGIN) -> Ed25519Signer:
    """A key that is the same every time."""
    return Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


class Witness:
    """Whoever cosigns what it sees."""

    def __init__(self, name: str = "witness.example", seed: int = 9) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.key = Key(name, COSIGNATURE, self._private.public_key().public_bytes_raw())

    def cosign(self, note: bytes, time: int = 1_900_000_000) -> bytes:
        """The note with one line more."""
        text = note.partition(b"\n\n")[0] + b"\n"
        made = time.to_bytes(8, "big") + self._private.sign(cosigned(text, time))
        return note + signature_line(self.key, made)


def told(number: int, case: int, extra: str = "") -> Incoming:
    """A fact of a case; every third with a text for the vault."""
    fact = KINDS[number % len(KINDS)]
    more = {"step": f"s{number}"} if fact is StepCompleted else {}
    private = {"opinion": f"意见 {number}{extra}"} if number % 3 == 0 else {}
    made = fact(id=f"f{number}{extra}", source="hz", case_no=f"A-{case}", occurred_at=AT, **more)
    return Incoming(made, private)


def fill(record: Record, first: int, last: int, cases: int = 5, extra: str = "") -> None:
    """Events of some cases in turn, two a transaction."""
    facts = [told(number, number % cases, extra) for number in range(first, last + 1)]
    for start in range(0, len(facts), 2):
        record.append_facts(facts[start : start + 2])


class Sealing:
    """Seals beside a log: leaves in a folder, notes in memory."""

    def __init__(self, folder: Path, key: Ed25519Signer | None = None) -> None:
        self.folder, self.key = folder, key or signer()
        self.notes: list[NoteFile] = []

    def seal(self, record: Record, *cosign: Witness) -> None:
        """A checkpoint of what the log has now."""
        leaves = Leaves(self.folder, writing=True)
        try:
            rows = record.log.store.scan(leaves.size + 1, 1_000_000)
            leaves.append([leaf_hash(row.envelope) for row in rows])
            made = Checkpoint(ORIGIN, leaves.size, leaves.frontier(leaves.size).root())
        finally:
            leaves.close()
        note = signed(made.text, [self.key])
        for witness in cosign:
            note = witness.cosign(note)
        self.notes.append(NoteFile(f"{made.size:020}.note", note))

    def verify(
        self,
        record: Record | Recorder,
        *,
        start: int = 0,
        notes: Sequence[NoteFile] | None = None,
        keys: Sequence[Key] = (),
        witnesses: Sequence[Key] = (),
        tables: bool = True,
    ) -> Verification:
        """The log against them."""
        leaves = Leaves(self.folder)
        store = record.log.store if isinstance(record, Record) else record
        given = self.notes if notes is None else notes
        seals = Seals("", keys or [self.key.key], witnesses, given, leaves)
        faults: Callable[[], Iterator[Finding]] = lambda: tables_of(  # noqa: E731
            lambda: store.faults(20, lambda *_: None)
        )
        try:
            return verify(store.scan, seals, start=start, tables=faults if tables else tuple)
        finally:
            leaves.close()


def named(found: Verification) -> list[tuple[Kind, int, int]]:
    """Each finding's kind, position, and the other's or the last's where there is one."""
    return [
        (each.kind, each.position, each.other or (each.upto if each.upto != each.position else 0))
        for each in found.findings
    ]
