"""Verifying a log of a million events, sealed a thousand times on its way.

What is measured is all that `supervise verify` does but the helper tables: leaves against signed
checkpoints, every event against its leaf. The bounds: reading the same rows from the same file with
nothing done to them, and SHA-256 over the same bytes, already in memory. The helper tables are a
line of their own, bound by the same reading. Seconds are of the process's own work: the disk is not
what is measured, nor who else runs.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from replay.comparing import Hashes
from replay.leaves import Leaves
from replay.notes import Checkpoint, Ed25519Signer, signed
from replay.rows import BATCH, FIRST
from replay.verify import Verdict, Verification, tables_of, verify
from replay.weighing import NoteFile, Seals
from supervision.clock import SystemClock
from supervision.record import Record
from tests.bench.append import history

EVENTS = 1_000_000
AT_ONCE = 2_000
SEALED_EVERY = 1_000
ORIGIN = "bench.example/log"

Line = tuple[str, float, float, float]
"""What was measured, its value and its bound (events/s), and the ratio."""


def fill(record: Record, events: int) -> None:
    """Facts of cases, seven each."""
    cases = (each for number in range(events) for each in history(number, False))
    facts = islice(cases, events)
    while batch := list(islice(facts, AT_ONCE)):
        record.append_facts(batch)


def seal(record: Record, folder: Path, signer: Ed25519Signer) -> list[NoteFile]:
    """All leaves, and a checkpoint every so many."""
    notes = []
    with closing(Leaves(folder, writing=True)) as leaves:
        while rows := record.log.store.scan(leaves.size + 1, SEALED_EVERY):
            leaves.append([sha256(b"\0" + row.envelope).digest() for row in rows])
            root = leaves.frontier(leaves.size).root()
            text = Checkpoint(ORIGIN, leaves.size, root).text
            notes.append(NoteFile(f"{leaves.size:020}.note", signed(text, [signer])))
    return notes


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def read_raw(file: Path) -> None:
    """All rows, in batches, as the driver gives them."""
    with closing(sqlite3.connect(file)) as db:
        cursor = db.execute("SELECT * FROM log ORDER BY position")
        while cursor.fetchmany(BATCH):
            pass


def hashed(record: Record, events: int) -> float:
    """Seconds for SHA-256 over what is hashed, a part of it at a time in memory."""
    seconds = 0.0
    for texts in _texts(record, events):
        start = time.process_time()
        for each in texts:
            sha256(each).digest()
        seconds += time.process_time() - start
    return seconds


def _texts(record: Record, events: int) -> Iterator[list[bytes]]:
    position = FIRST
    while rows := record.log.store.scan(position, 20_000):
        yield [b"\0" + row.envelope for row in rows]
        position = rows[-1].position + 1


def verified(record: Record, leaves: Hashes, seals: Seals) -> Verification:
    """Log against seals; what is not proved is no measurement."""
    found = verify(record.log.store.scan, seals)
    assert found.verdict is Verdict.PROVED, found
    return found


def run(events: int = EVENTS) -> list[Line]:
    """Events a second: verifying, its bounds, the ratios."""
    with TemporaryDirectory() as folder:
        home, signer = Path(folder), Ed25519Signer(ORIGIN, Ed25519PrivateKey.generate())
        with closing(Record(home, SystemClock())) as record:
            fill(record, events)
            notes = seal(record, home / "seals", signer)
            raw = timed(lambda: read_raw(home / "log.db"))
            bare = hashed(record, events)
            with closing(Leaves(home / "seals")) as leaves:
                seals = Seals("", [signer.key], [], notes, leaves)
                whole = timed(lambda: verified(record, leaves, seals))
            store = record.log.store
            faults: list[object] = []
            tables = timed(
                lambda: faults.extend(tables_of(lambda: store.faults(1, lambda *_: None)))
            )
            assert faults == [], faults
    return [
        (f"verify {what} of {events:,} events, against {bound}", events / value, events / least,
         least / value)
        for what, value, bound, least in (
            ("the log", whole, "reading their rows", raw),
            ("the log", whole, "SHA-256 of the same bytes", bare),
            ("the tables beside it", tables, "reading their rows", raw),
        )
    ]  # fmt: skip


if __name__ == "__main__":
    for line in run():
        print("{}: {:,.0f}/s of {:,.0f}/s, {:.2f}".format(*line))
