"""SQLite files as this system opens them, and their driver's errors as ours."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreBroken, StoreBusy, StoreError, StoreFull

BUSY_SECONDS = 30.0
"""How long a writer waits for another process's transaction before StoreBusy."""

NO_LIMIT = 0
"""Pages that a file may have: as many as the disk holds."""

FULL = ("disk is full",)
BUSY = ("is locked", "is busy")


def connect(
    path: Path, *, synchronous: str = "FULL", max_pages: int = NO_LIMIT
) -> sqlite3.Connection:
    """A connection in WAL mode for any thread, one at a time; transactions are begun by hand.

    A new file is for its owner alone. `max_pages` limits its size as a full disk would.
    """
    with translated(path), _opening(path.parent):
        path.touch(mode=0o600)
        db = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA synchronous={synchronous}")
        if max_pages:
            db.execute(f"PRAGMA max_page_count={max_pages}")
        return db


@contextmanager
def _opening(folder: Path) -> Iterator[None]:
    """One process at a time opens the files of a folder; the others wait.

    Two that turn one new file to WAL at once would each hold what the other needs, and SQLite
    answers that with "locked" at once, whatever the time-out.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """Raise the driver's errors as errors of our tree; conflicts of keys pass."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise translate(path, error) from error


def translate(path: Path | str, error: Exception) -> StoreError:
    """The error of our tree for what the driver says about the file at `path`."""
    where, why = Path(path).name, str(error)
    if any(words in why for words in FULL):
        return StoreFull(where, why)
    if any(words in why for words in BUSY):
        return StoreBusy(where, why)
    return StoreBroken(where, why)


@contextmanager
def immediate(db: sqlite3.Connection, path: Path | str) -> Iterator[sqlite3.Connection]:
    """A transaction with the write lock from its start; all of it is stored, or nothing."""
    with translated(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
