"""Places where a vault may lie, and how a test looks into them behind the vault's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any, Literal, Protocol

import psycopg

from supervision.store.vault_postgres import prepare_vault
from supervision.store.vault_sqlite import SqliteStorage
from supervision.vault import Vault, open_vault
from tools.services import Postgres

Part = Literal["vault", "keys"]


class Place(Protocol):
    """One vault's texts and secrets."""

    home: Path
    env: Mapping[str, str]

    def open(self) -> Vault:
        """Another holder of it, as another process would be."""

    def open_full(self) -> Vault:
        """A holder for whom the disk is full after some texts."""

    def run(self, part: Part, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL in one of its two parts, as who owns it; the rows."""

    def holds(self, needle: bytes) -> bool:
        """Whether these bytes lie in any of its files."""

    def blob(self, content: bytes) -> str:
        """The bytes as `run` wants them in SQL."""


class Files:
    """Two SQLite files."""

    env: Mapping[str, str] = {}

    def __init__(self, home: Path) -> None:
        self.home = home
        self.open().close()

    def open(self) -> Vault:
        """As `Place` says."""
        return open_vault(self.home, self.env)

    def open_full(self) -> Vault:
        """As `Place` says: as many pages and no more."""
        return Vault(SqliteStorage(self.home, max_pages=12))

    def run(self, part: Part, statement: str) -> list[tuple[Any, ...]]:
        """As `Place` says."""
        with closing(sqlite3.connect(self.home / f"{part}.db")) as db, db:
            return list(db.execute(statement))

    def holds(self, needle: bytes) -> bool:
        """As `Place` says."""
        return any(needle in path.read_bytes() for path in self.home.iterdir())

    def blob(self, content: bytes) -> str:
        """As `Place` says."""
        return f"X'{content.hex()}'"


NO_ROOM = """
CREATE FUNCTION vault.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT count(*) FROM vault.texts) > 10 THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER no_room AFTER INSERT ON vault.texts
    FOR EACH STATEMENT EXECUTE FUNCTION vault.no_room();
"""


def prepared(server: Postgres) -> tuple[str, str]:
    """(owner_url, url) of a new database, prepared."""
    owner_url, url = server.fresh("vault")
    prepare_vault(owner_url, server.USER)
    return owner_url, url


class Database:
    """Two schemas of one prepared database, emptied."""

    def __init__(self, home: Path, server: Postgres, owner_url: str, url: str) -> None:
        self.home, self._server = home, server
        self.owner_url, self.url = owner_url, url
        self.env: Mapping[str, str] = {"SUPERVISION_DATABASE": url}
        self.run("vault", "TRUNCATE vault.texts, vault.applicants, keys.secrets")
        self.run("vault", "DROP FUNCTION IF EXISTS vault.no_room CASCADE")

    def open(self) -> Vault:
        """As `Place` says."""
        return open_vault(self.home, self.env)

    def open_full(self) -> Vault:
        """As `Place` says: what the server reports of a full disk, by a trigger."""
        self.run("vault", NO_ROOM)
        return self.open()

    def run(self, part: Part, statement: str) -> list[tuple[Any, ...]]:
        """As `Place` says."""
        options = f"-c search_path={part}"
        with closing(psycopg.connect(self.owner_url, options=options, autocommit=True)) as db:
            cursor = db.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def holds(self, needle: bytes) -> bool:
        """As `Place` says; the server's own journal with them."""
        with closing(psycopg.connect(self._server.superuser_url, autocommit=True)) as db:
            db.execute("CHECKPOINT")
        data = self._server.folder / "data"
        return any(needle in path.read_bytes() for path in _files(data))

    def blob(self, content: bytes) -> str:
        """As `Place` says."""
        return rf"'\x{content.hex()}'"


def _files(data: Path) -> Iterator[Path]:
    both = chain((data / "base").rglob("*"), (data / "pg_wal").rglob("*"))
    return (path for path in both if path.is_file())
