"""What the record's tests do to each store beside the record's own methods."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from supervision.clock import Clock
from supervision.store import connection, postgres, postgres_connection, sqlite
from supervision.store.library import LogRecorder
from supervision.store.vault_postgres import prepare_vault
from tools.services import Postgres

Settings = dict[str, str]
SOON = 0.02
"""Seconds that a writer waits for the lock when it is not to wait."""


class Store(Protocol):
    """One store of a test: empty when made, opened by as many records as the test wants."""

    settings: Settings
    refused: tuple[type[Exception], str]
    """What the driver raises for a change of the log, and words of it."""

    def recorder(self, clock: Clock) -> LogRecorder:
        """The log alone, its tables there."""

    def contents(self) -> bytes:
        """All that the log keeps."""

    def by_hand(self, statement: str) -> None:
        """Do what the owner of the database could do."""

    def copied_vault(self) -> Callable[[], None]:
        """Take a backup of vault and keys; the function given restores it."""

    def full(self) -> AbstractContextManager[Settings]:
        """As if the disk had room for one fact, but not for a hundred; settings to open it."""

    def locked(self) -> AbstractContextManager[object]:
        """Somebody has the write lock."""

    def impatient(self, patch: pytest.MonkeyPatch) -> None:
        """Who opens it from now on does not wait long for the lock."""


class SqliteStore:
    """Files in the home."""

    settings: Settings = {"PERSISTENCE_MODULE": "supervision.store.sqlite"}
    refused: tuple[type[Exception], str] = (sqlite3.IntegrityError, "append-only")

    def __init__(self, home: Path) -> None:
        self._home = home

    def recorder(self, clock: Clock) -> LogRecorder:
        """In the same file as the record's."""
        recorder = sqlite.Recorder(self._home / "log.db", clock)
        recorder.create_tables()
        return recorder

    def contents(self) -> bytes:
        """The file's bytes, and its journal's."""
        return b"".join(path.read_bytes() for path in self._home.glob("log.db*"))

    def by_hand(self, statement: str) -> None:
        """The file is opened like any other."""
        with closing(sqlite3.connect(self._home / "log.db")) as db:
            db.execute(statement)

    def copied_vault(self) -> Callable[[], None]:
        """Both files, put back in the place of what is there then."""
        copies = {}
        for name in ("keys.db", "vault.db"):
            with closing(sqlite3.connect(self._home / name)) as db:
                copies[name] = db.serialize()

        def restore() -> None:
            for name, copy in copies.items():
                for file in self._home.glob(f"{name}*"):
                    file.unlink()
                (self._home / name).write_bytes(copy)

        return restore

    @contextmanager
    def full(self) -> Iterator[Settings]:
        """A limit of pages."""
        yield {"SQLITE_MAX_PAGES": "16"}

    @contextmanager
    def locked(self) -> Iterator[object]:
        """By a transaction of another connection."""
        with closing(sqlite3.connect(self._home / "log.db", isolation_level=None)) as db:
            yield db.execute("BEGIN IMMEDIATE")

    def impatient(self, patch: pytest.MonkeyPatch) -> None:
        """The driver's time-out."""
        patch.setattr(connection, "BUSY_SECONDS", SOON)


NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM log) > 10 THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER no_room AFTER INSERT ON log FOR EACH STATEMENT EXECUTE FUNCTION no_room();
"""


class PostgresStore:
    """A database of its own, prepared."""

    refused: tuple[type[Exception], str] = (psycopg.errors.InsufficientPrivilege, "append-only")

    def __init__(self, server: Postgres, name: str = "record") -> None:
        self.owner_url, self.url = server.fresh(name)
        postgres.prepare(self.owner_url, Postgres.USER)
        prepare_vault(self.owner_url, Postgres.USER)
        self.settings: Settings = {
            "PERSISTENCE_MODULE": "supervision.store.postgres",
            "SUPERVISION_DATABASE": self.url,
        }

    def recorder(self, clock: Clock) -> postgres.Recorder:
        """In the same tables as the record's."""
        recorder = postgres.Recorder(self.url, clock)
        recorder.create_tables()
        return recorder

    def contents(self) -> bytes:
        """Each table as PostgreSQL writes it out."""
        with psycopg.connect(self.owner_url) as db, db.cursor() as cursor:
            return b"".join(
                bytes(part)
                for table in ("log", "seen", "stamp")
                for part in _all(cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)"))
            )

    def by_hand(self, statement: str) -> None:
        """As the owner."""
        with psycopg.connect(self.owner_url) as db:
            db.execute(statement)

    def copied_vault(self) -> Callable[[], None]:
        """The tables with secrets and texts, each beside itself."""
        tables = ("keys.secrets", "vault.texts", "vault.applicants")
        for table in tables:
            self.by_hand(f"CREATE TABLE {table}_copy AS TABLE {table}")

        def restore() -> None:
            for table in tables:
                self.by_hand(f"DELETE FROM {table}; INSERT INTO {table} TABLE {table}_copy")

        return restore

    @contextmanager
    def full(self) -> Iterator[Settings]:
        """A trigger that says after the batch what the server would."""
        self.by_hand(NO_ROOM)
        yield {}
        self.by_hand("DROP TRIGGER no_room ON log")

    @contextmanager
    def locked(self) -> Iterator[object]:
        """By a transaction of another connection."""
        with psycopg.connect(self.url) as db:
            yield db.execute("SELECT * FROM stamp FOR UPDATE")

    def impatient(self, patch: pytest.MonkeyPatch) -> None:
        """The server's time-out."""
        patch.setitem(postgres_connection.SERVER, "lock_timeout", f"{SOON}s")


def _all(copying: AbstractContextManager[psycopg.Copy]) -> list[bytes]:
    with copying as copy:
        return [bytes(part) for part in copy]
