"""Appending facts in batches of 500, against raw executemany or COPY of the same rows.

PostgreSQL is started for it and stopped again; where it is not installed its rows are left out.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

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
from supervision.store.postgres import prepare
from supervision.store.vault_postgres import prepare_vault
from tools.services import Postgres
from tools.services.server import Missing

BATCH = 500
CASES = 5_000
ROUNDS = 5
AT = datetime.fromisoformat("2026-11-20T09:00:00+08:00")
OWN = {"system", "stamp"}
"""Tables of one row, which every transaction of ours rewrites and raw writing does not have."""

WRITTEN = (("public.log", "public.seen"), ("vault.texts", "vault.applicants"), ("keys.secrets",))
"""In PostgreSQL, the tables that grow: those of one transaction together."""

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


def ours(home: Path, work: list[list[Incoming]], settings: dict[str, str] | None = None) -> float:
    """Seconds to append everything to a new record."""
    with closing(Record(home, SystemClock(), settings)) as record:
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


Round = tuple[float, float, float]
"""Seconds of ours, of raw writing of all its rows, and of the log's rows alone."""


def in_sqlite(work: list[list[Incoming]]) -> Round:
    """New files each time."""
    with TemporaryDirectory() as folder:
        home, everything, log = (Path(folder) / name for name in ("home", "everything", "log"))
        everything.mkdir()
        log.mkdir()
        seconds = ours(home, work)
        return seconds, raw(home, everything, len(work)), raw(home, log, len(work), only="log")


def in_postgres(server: Postgres, work: list[list[Incoming]]) -> Round:
    """A new database each time; raw writing is by COPY from rows, in its binary form."""
    owner_url, url = server.fresh("append")
    prepare(owner_url, server.USER)
    prepare_vault(owner_url, server.USER)
    module = "supervision.store.postgres"
    settings = {"PERSISTENCE_MODULE": module, "SUPERVISION_DATABASE": url}
    with TemporaryDirectory() as home:
        seconds = ours(Path(home), work, settings)
    with psycopg.connect(owner_url, autocommit=True) as db:
        everything = sum(copied(db, together, len(work)) for together in WRITTEN)
        return seconds, everything, copied(db, ("public.log",), len(work))


def copied(db: psycopg.Connection[Any], tables: tuple[str, ...], transactions: int) -> float:
    """Seconds to write the rows of some tables into others like them, in as many transactions."""
    contents = [(f"{name}_raw", *_of_table(db, name)) for name in tables]
    for name, raw_name in zip(tables, (each[0] for each in contents), strict=True):
        db.execute(f"DROP TABLE IF EXISTS {raw_name}".encode())
        db.execute(f"CREATE TABLE {raw_name} (LIKE {name} INCLUDING ALL)".encode())
    full = [each for each in contents if each[2]]
    start = time.perf_counter()
    for n in range(transactions if full else 0):
        with db.transaction():
            for name, types, content in full:
                size = -(-len(content) // transactions)
                _copy(db, name, types, content[n * size : (n + 1) * size])
    return time.perf_counter() - start


def _of_table(db: psycopg.Connection[Any], name: str) -> tuple[list[int], list[tuple[Any, ...]]]:
    cursor = db.execute(f"SELECT * FROM {name}".encode(), binary=True)
    return [column.type_code for column in cursor.description or ()], cursor.fetchall()


def _copy(
    db: psycopg.Connection[Any], name: str, types: list[int], content: list[tuple[Any, ...]]
) -> None:
    with db.cursor().copy(f"COPY {name} FROM STDIN (FORMAT binary)".encode()) as copy:
        copy.set_types(types)
        for row in content:
            copy.write_row(row)


def measured(
    what: str, texts: bool, one_round: Callable[[list[list[Incoming]]], Round], way: str
) -> list[Line]:
    """Medians of some rounds, ours and raw in turns; the ratio is that of each round."""
    work = batches(texts)
    total = sum(map(len, work))
    rounds = [one_round(work) for _ in range(ROUNDS)]
    own = total / median(each[0] for each in rounds)
    bounds = (f"raw {way} of all their rows", 1), (f"raw {way} of the log's rows", 2)
    return [
        (
            f"{what}, against {name}",
            own,
            total / median(each[n] for each in rounds),
            median(each[n] / each[0] for each in rounds),
        )
        for name, n in bounds
    ]


@contextmanager
def started() -> Iterator[Postgres]:
    """A PostgreSQL of its own."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        server = Postgres(Path(folder) / "postgres")
        server.start()
        try:
            yield server
        finally:
            server.stop()


def measured_both(
    where: str, one_round: Callable[[list[list[Incoming]]], Round], way: str
) -> list[Line]:
    """Without texts and with them."""
    return [
        *measured(f"append facts{where}", False, one_round, way),
        *measured(f"append facts{where}, 3 of 7 with texts", True, one_round, way),
    ]


def run() -> list[Line]:
    """Facts a second: append_facts, its bound, the ratio."""
    lines = measured_both("", in_sqlite, "executemany")
    try:
        with started() as server:
            lines += measured_both(" (PostgreSQL)", lambda work: in_postgres(server, work), "COPY")
    except Missing as error:
        sys.stderr.write(f"left out: {error}\n")
    return lines


if __name__ == "__main__":
    for line in run():
        sys.stdout.write("{}: {:,.0f}/s of {:,.0f}/s, {:.2f}\n".format(*line))
