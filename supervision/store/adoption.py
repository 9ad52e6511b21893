"""A home's log, vault, keys and passwords, copied as they are into PostgreSQL that holds nothing.

Positions, versions, stamps and bytes stay: what is hashed, signed and proved later is what was
stored. The home's files are locked meanwhile, and so are the tables. What was copied is read back
and compared before anything is committed; then the keys are, the vault, and the log last. So a log
that is there was adopted whole, and after whatever went wrong before, nothing is, but for a death
between two of these commits, where they are in several databases: those that hold rows then are
named, and made anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import msgspec

from ..errors import SupervisionError
from .connection import connect as open_file
from .connection import immediate
from .postgres_connection import Rows, connect, translated, where
from .postgres_writing import given, kept
from .stored import Stored

LONG = {"idle_in_transaction_session_timeout": "0"}
"""One transaction stands idle as long as the other databases are copied."""
TELL_EVERY = 2_000
"""Rows between two words of progress."""
FILES = ("log.db", "vault.db", "keys.db")
ACCESS = "access.db"
"""Passwords and failures, and what was used once; a home in which nobody ever signed in has none.
Sessions stay: who was signed in must sign in again."""
STAMP = "last, wall, boot, boot_id, lag"
USED = """
SELECT count(*), min(application_name) FROM pg_stat_activity
WHERE datname = current_database() AND usename = %s
"""

Progress = Callable[[int, int], object]
"""Called with the rows that were copied or compared, and how many there are to be."""


class CannotAdopt(SupervisionError):
    """Why nothing of a home was copied."""


class Owners(NamedTuple):
    """libpq URLs of the owners of the three databases, which may be one."""

    log: str
    vault: str
    keys: str


class Copied(NamedTuple):
    """A table that is the same on both sides: its rows, and SHA-256 over them in hex.

    Of the log it goes over the envelopes, each in its canonical form and followed by a newline.
    """

    name: str
    rows: int
    digest: str


class _Part(NamedTuple):
    file: str
    name: str
    into: LiteralString
    columns: LiteralString
    types: tuple[str, ...]
    order: LiteralString


PARTS = (
    _Part(
        ACCESS,
        "passwords",
        "access.passwords",
        "person, hash, temporary, changed_at",
        ("text", "text", "int2", "int8"),
        "person",
    ),
    _Part(
        ACCESS,
        "failures",
        "access.failures",
        "person, count, last_at",
        ("text", "int8", "int8"),
        "person",
    ),
    _Part(
        ACCESS,
        "uses",
        "access.uses",
        "kind, value, until, count",
        ("text", "text", "int8", "int8"),
        "kind, value",
    ),
    _Part(
        "keys.db",
        "secrets",
        "keys.secrets",
        "source, case_no, secret",
        ("text", "text", "bytea"),
        "source, case_no",
    ),
    _Part(
        "vault.db",
        "texts",
        "vault.texts",
        "source, case_no, id, data_version, sealed, cipher",
        ("text", "text", "text", "int8", "text", "bytea"),
        "source, case_no, id, data_version, sealed",
    ),
    _Part(
        "vault.db", "applicants", "vault.applicants", "identity, ref", ("bytea", "text"), "identity"
    ),
    _Part(
        "log.db",
        "seen",
        "seen",
        "source, id, data_version, position",
        ("text", "text", "int8", "int8"),
        "source, id, data_version",
    ),
    _Part(
        "log.db",
        "log",
        "log",
        "position, stream, version, topic, recorded_at, payload",
        ("int8", "text", "int8", "text", "int8", "bytea"),
        "position",
    ),
)


def adopt(home: Path, owners: Owners, roles: Owners, progress: Progress) -> list[Copied]:
    """Copy all that a home keeps into prepared databases that hold nothing; what was copied.

    `roles`: the names of the application's roles, of whom nobody may be connected. CannotAdopt:
    nothing was copied. StoreError: nothing was, and it may be tried again.
    """
    urls = _by_file(owners)
    present = [name for name in urls if name != ACCESS or (home / ACCESS).is_file()]
    parts = [part for part in PARTS if part.file in present]
    with ExitStack() as opened:
        files = {name: opened.enter_context(_locked(home / name)) for name in present}
        last = _check_home(home, files["log.db"])
        connected = {url: opened.enter_context(_transaction(url)) for url in dict.fromkeys(owners)}
        targets = {name: connected[url] for name, url in urls.items()}
        _check_targets(urls, targets, _by_file(roles))
        counting = _Counting(progress, 2 * sum(_count(files[part.file], part) for part in parts))
        copied = [_copy(part, files[part.file], targets[part.file], counting) for part in parts]
        for part, before in zip(parts, copied, strict=True):
            _compare(before, _read_back(part, targets[part.file], counting))
        _take_over(files, targets, last)
    return copied


def _by_file(each: Owners) -> dict[str, str]:
    """Whose each file's rows become; passwords lie with the keys."""
    return {**dict(zip(FILES, each, strict=True)), ACCESS: each.keys}


@contextmanager
def _locked(path: Path) -> Iterator[sqlite3.Connection]:
    """A file of the home to which nobody writes."""
    if not path.is_file():
        raise CannotAdopt(
            f"{path.absolute()} is not there: name the home of `supervise run`, whole"
        )
    db = open_file(path)
    try:
        with immediate(db, path):
            yield db
    finally:
        db.close()


@contextmanager
def _transaction(url: str) -> Iterator[Rows]:
    place = where(url)
    with translated(place), connect(url, "adopt", settings=LONG) as db, db.transaction():
        yield db


def _check_home(home: Path, log: sqlite3.Connection) -> int:
    """The position of its last event."""
    count, last = log.execute("SELECT count(*), max(position) FROM log").fetchone()
    if not count:
        raise CannotAdopt(f"{home.absolute()} holds no event: there is nothing to adopt")
    if count != last:
        raise CannotAdopt(
            f"{home.absolute()} holds {count:,} events, the last at position {last:,}: "
            "restore the log from a backup"
        )
    return int(last)


def _check_targets(
    urls: Mapping[str, str], targets: Mapping[str, Rows], roles: Mapping[str, str]
) -> None:
    """Lock the tables; nothing may be in them, and nobody at work."""
    for part in PARTS:
        db, place = targets[part.file], where(urls[part.file])
        db.execute(f"LOCK TABLE {part.into} IN EXCLUSIVE MODE")
        count = _one(db, f"SELECT count(*) FROM {part.into}")[0]
        if count:
            raise CannotAdopt(
                f"{part.into} in {place} is not empty, it holds {count:,} rows: adopt into new "
                "databases, before anything else is done with them; their tables are made by this"
            )
    if _one(targets["log.db"], "SELECT last FROM stamp") != (None,):
        raise CannotAdopt(
            f"time has passed in {where(urls['log.db'])}, roles have run on it: adopt into new "
            "databases, with an empty Kafka and ClickHouse"
        )
    for name, db in targets.items():
        users, first = _one(db, USED, (roles[name],))
        if users:
            raise CannotAdopt(
                f"{where(urls[name])} is in use ({first}): stop all roles and commands of the "
                "cluster, then adopt"
            )


def _count(db: sqlite3.Connection, part: _Part) -> int:
    return int(db.execute(f"SELECT count(*) FROM {part.name}").fetchone()[0])


class _Counting:
    """How many rows are done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def one(self) -> None:
        """A row more."""
        self._done += 1
        if self._done % TELL_EVERY == 0 or self._done == self._total:
            self._progress(self._done, self._total)


class _Digest:
    """Over the rows of a part in their order, as the home has them."""

    def __init__(self, part: _Part, counting: _Counting) -> None:
        self._name, self._hash, self._rows = part.name, hashlib.sha256(), 0
        self._bytes = _envelope if part.name == "log" else msgspec.msgpack.encode
        self._counting = counting

    def add(self, row: Sequence[Any]) -> None:
        """The next."""
        self._hash.update(self._bytes(row))
        self._rows += 1
        self._counting.one()

    def told(self) -> Copied:
        """What it came to."""
        return Copied(self._name, self._rows, self._hash.hexdigest())


def _envelope(row: Sequence[Any]) -> bytes:
    return Stored._make(row).envelope + b"\n"


def _copy(part: _Part, file: sqlite3.Connection, db: Rows, counting: _Counting) -> Copied:
    digest, as_kept = _Digest(part, counting), _texts(part, kept)
    into = f"COPY {part.into} ({part.columns}) FROM STDIN (FORMAT binary)"
    query = f"SELECT {part.columns} FROM {part.name} ORDER BY {part.order}"
    with db.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(part.types)
        for row in file.execute(query):
            digest.add(row)
            copy.write_row(as_kept(row))
    return digest.told()


def _read_back(part: _Part, db: Rows, counting: _Counting) -> Copied:
    digest, as_given = _Digest(part, counting), _texts(part, given)
    query = f"SELECT {part.columns} FROM {part.into} ORDER BY {part.order}"
    with db.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(part.types)
        for row in copy.rows():
            digest.add(as_given(row))
    return digest.told()


def _texts(part: _Part, change: Callable[[str], str]) -> Callable[[Iterable[Any]], tuple[Any, ...]]:
    """The row with its texts as the other side has them."""
    kinds = part.types

    def changed(row: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            change(value) if kind == "text" else value
            for kind, value in zip(kinds, row, strict=True)
        )

    return changed


def _compare(before: Copied, after: Copied) -> None:
    if before != after:
        raise CannotAdopt(
            f"{before.name} would not be the same: {before.rows:,} rows {before.digest} in the "
            f"home, {after.rows:,} rows {after.digest} in PostgreSQL; nothing was kept"
        )


def _take_over(
    files: Mapping[str, sqlite3.Connection], targets: Mapping[str, Rows], last: int
) -> None:
    """Where time stands, and the secret of the whole; whoever remembered keys looks again."""
    (secret,) = files["keys.db"].execute("SELECT secret FROM system").fetchone()
    targets["keys.db"].execute("UPDATE keys.system SET secret = %s", (secret,))
    targets["keys.db"].execute("UPDATE keys.erasures SET done = done + 1")
    stamp = files["log.db"].execute(f"SELECT {STAMP} FROM stamp").fetchone()
    targets["log.db"].execute(
        f"UPDATE stamp SET (head, {STAMP}) = (%s, %s, %s, %s, %s, %s)", (last, *stamp)
    )


def _one(db: Rows, query: LiteralString, says: Sequence[Any] = ()) -> tuple[Any, ...]:
    row = db.execute(query, says).fetchone()
    assert row is not None
    return row
