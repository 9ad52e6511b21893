"""Appending facts in batches of 500, against raw executemany of the same rows."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from supervision.clock import SystemClock
from supervision.facts import (
    Actor,
    ApplicationReceived,
    CaseAccepted,
    CaseConcluded,
    DecisionSigned,
    Fact,
    ResultDelivered,
    StepCompleted,
)
from supervision.record import Incoming, Record

BATCH = 500
CASES = 5_000
ROUNDS = 5
AT = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
OWN = {"system", "stamp"}
"""Tables of one row, which every transaction of ours rewrites and raw writing does not have."""

Line = tuple[str, float, float, float]
"""What was measured, its value and its bound (facts/s), and the ratio."""


def history(number: int, texts: bool) -> Iterator[Incoming]:
    """Seven facts of a case; three of them with personal data or free text if `texts`."""
    case_no = f"330100-2026-{number:08d}"
    same: dict[str, Any] = {
        "source": "hz-approval",
        "case_no": case_no,
        "occurred_at": AT,
        "actor": Actor(id="u1001", post="reviewer", department="D01"),
        "item": "XK-0101",
    }
    facts: list[tuple[type[Fact], dict[str, Any], dict[str, str]]] = [
        (ApplicationReceived, {"channel": "窗口"}, {"applicant": f"张三 {number} 13800000000"}),
        (CaseAccepted, {"document": "受理〔2026〕1 号"}, {}),
        (StepCompleted, {"step": "review", "result": "ok"}, {"opinion": "材料齐全，同意。"}),
        (StepCompleted, {"step": "check", "result": "ok"}, {"opinion": "同意，报审核。"}),
        (DecisionSigned, {"signer": "u2001"}, {}),
        (CaseConcluded, {"result": "出证"}, {}),
        (ResultDelivered, {"way": "窗口"}, {}),
    ]
    for n, (kind, says, private) in enumerate(facts, 1):
        fact = kind(id=f"{case_no}-{n}", **same, **says)
        yield Incoming(fact, private if texts else {})


def batches(texts: bool) -> list[list[Incoming]]:
    """All facts of all cases, in batches."""
    facts = [each for number in range(CASES) for each in history(number, texts)]
    return [facts[start : start + BATCH] for start in range(0, len(facts), BATCH)]


def ours(home: Path, work: list[list[Incoming]]) -> float:
    """Seconds to append everything to a new record."""
    with closing(Record(home, SystemClock())) as record:
        start = time.perf_counter()
        for batch in work:
            record.append_facts(batch)
        return time.perf_counter() - start


def raw(home: Path, into: Path, transactions: int, only: str = "") -> float:
    """Seconds to write the rows that `home` now holds into new files, as ours does but no more."""
    seconds = 0.0
    for file in sorted(home.glob("*.db")):
        tables = rows(file, only)
        if tables:
            with closing(sqlite3.connect(into / file.name, isolation_level=None)) as db:
                seconds += _write(db, tables, transactions)
    return seconds


def rows(file: Path, only: str) -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    """Each table with its statement of creation and its rows."""
    with closing(sqlite3.connect(file)) as db:
        query = "SELECT name, sql FROM sqlite_master WHERE type='table'"
        found = [(name, sql) for name, sql in db.execute(query) if name not in OWN]
        wanted = [(name, sql) for name, sql in found if only in ("", name)]
        read = {name: (sql, db.execute(f"SELECT * FROM {name}").fetchall()) for name, sql in wanted}
    return {name: (sql, content) for name, (sql, content) in read.items() if content}


def _write(
    db: sqlite3.Connection, tables: dict[str, tuple[str, list[tuple[Any, ...]]]], transactions: int
) -> float:
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    for sql, _ in tables.values():
        db.execute(sql)
    start = time.perf_counter()
    for n in range(transactions):
        db.execute("BEGIN IMMEDIATE")
        for name, (_, content) in tables.items():
            size = -(-len(content) // transactions)
            marks = ",".join("?" * len(content[0]))
            db.executemany(
                f"INSERT INTO {name} VALUES ({marks})", content[n * size : (n + 1) * size]
            )
        db.execute("COMMIT")
    return time.perf_counter() - start


def one_round(work: list[list[Incoming]]) -> tuple[float, float, float]:
    """Seconds of ours, of raw writing of all its rows, and of the log's rows alone."""
    with TemporaryDirectory() as folder:
        home, everything, log = (Path(folder) / name for name in ("home", "everything", "log"))
        everything.mkdir()
        log.mkdir()
        seconds = ours(home, work)
        return seconds, raw(home, everything, len(work)), raw(home, log, len(work), only="log")


def measured(what: str, texts: bool) -> list[Line]:
    """Medians of some rounds, ours and raw in turns; the ratio is that of each round."""
    work = batches(texts)
    total = sum(map(len, work))
    rounds = [one_round(work) for _ in range(ROUNDS)]
    own = total / median(each[0] for each in rounds)
    bounds = ("raw executemany of all their rows", 1), ("raw executemany of the log's rows", 2)
    return [
        (
            f"{what}, against {name}",
            own,
            total / median(each[n] for each in rounds),
            median(each[n] / each[0] for each in rounds),
        )
        for name, n in bounds
    ]


def run() -> list[Line]:
    """Facts a second: append_facts, its bound, the ratio."""
    return [
        *measured("append facts", texts=False),
        *measured("append facts, 3 of 7 with texts", True),
    ]


if __name__ == "__main__":
    for line in run():
        sys.stdout.write("{}: {:,.0f}/s of {:,.0f}/s, {:.2f}\n".format(*line))
