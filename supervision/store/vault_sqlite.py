"""The vault in two SQLite files of one home: `vault.db` and `keys.db`."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from threading import RLock

from .connection import NO_LIMIT, connect, immediate, translated
from .vault_rows import SYSTEM_SECRET_BYTES, Case, Secrets, TextRow

KEYS_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS secrets (
    source TEXT NOT NULL,
    case_no TEXT NOT NULL,
    secret BLOB,
    PRIMARY KEY (source, case_no)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS system (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL);
COMMIT;
"""
VAULT_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS texts (
    source TEXT NOT NULL,
    case_no TEXT NOT NULL,
    id TEXT NOT NULL,
    data_version INTEGER NOT NULL,
    sealed TEXT NOT NULL,
    cipher BLOB NOT NULL,
    PRIMARY KEY (source, case_no, id, data_version, sealed)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applicants (
    identity BLOB PRIMARY KEY,
    ref TEXT NOT NULL
) WITHOUT ROWID;
COMMIT;
"""


class SqliteStorage:
    """Both files; any number of processes may hold one. StoreBusy, StoreFull, StoreBroken."""

    def __init__(self, home: Path, *, max_pages: int = NO_LIMIT) -> None:
        """`max_pages` limits vault.db as a full disk would."""
        self._vault_path, self._keys_path = home / "vault.db", home / "keys.db"
        self._lock = RLock()
        self._vault = connect(self._vault_path, max_pages=max_pages)
        self._keys = connect(self._keys_path)
        self._create()

    def _create(self) -> None:
        with translated(self._keys_path):
            self._keys.execute("PRAGMA secure_delete=ON")
            self._keys.executescript(KEYS_SCHEMA)
            fresh = secrets.token_bytes(SYSTEM_SECRET_BYTES)
            self._keys.execute("INSERT OR IGNORE INTO system VALUES (1,?)", (fresh,))
        with translated(self._vault_path):
            self._vault.execute("PRAGMA secure_delete=ON")
            self._vault.executescript(VAULT_SCHEMA)

    def system_secret(self) -> bytes:
        """Made when the file was."""
        with self._lock, translated(self._keys_path):
            secret: bytes = self._keys.execute("SELECT secret FROM system").fetchone()[0]
        return secret

    def secrets(self, cases: Collection[Case]) -> Secrets:
        """The mark tells any commit of another process, not only an erasure."""
        with self._lock, translated(self._keys_path):
            mark = int(self._keys.execute("PRAGMA data_version").fetchone()[0])
            return Secrets(mark, self._read(cases))

    def _read(self, cases: Iterable[Case]) -> dict[Case, bytes | None]:
        query = "SELECT secret FROM secrets WHERE source=? AND case_no=?"
        rows = ((case, self._keys.execute(query, case).fetchone()) for case in cases)
        return {case: row[0] for case, row in rows if row}

    def add_secrets(self, fresh: Mapping[Case, bytes]) -> dict[Case, bytes | None]:
        """Under the write lock of keys.db."""
        with self._lock, immediate(self._keys, self._keys_path) as db:
            there = self._read(fresh)
            new = {case: secret for case, secret in fresh.items() if case not in there}
            rows = [(*case, secret) for case, secret in new.items()]
            db.executemany("INSERT INTO secrets VALUES (?,?,?)", rows)
        return there | new

    def add(self, texts: Sequence[TextRow], refs: Mapping[bytes, str]) -> dict[bytes, str]:
        """One transaction of vault.db."""
        with self._lock, immediate(self._vault, self._vault_path) as db:
            db.executemany("INSERT OR IGNORE INTO texts VALUES (?,?,?,?,?,?)", texts)
            db.executemany("INSERT OR IGNORE INTO applicants VALUES (?,?)", refs.items())
            query = "SELECT ref FROM applicants WHERE identity=?"
            return {who: db.execute(query, (who,)).fetchone()[0] for who in refs}

    def cipher(
        self, case: Case, fact_id: str, data_version: int, sealed: str
    ) -> tuple[str, bytes] | None:
        """As of the last commit."""
        query = """SELECT sealed, cipher FROM texts WHERE source=? AND case_no=? AND id=?
            AND data_version=? AND (?='' OR sealed=?) LIMIT 1"""
        with self._lock, translated(self._vault_path):
            row: tuple[str, bytes] | None = self._vault.execute(
                query, (*case, fact_id, data_version, sealed, sealed)
            ).fetchone()
        return row

    def has_texts(self, case: Case) -> bool:
        """As of the last commit."""
        query = "SELECT 1 FROM texts WHERE source=? AND case_no=? LIMIT 1"
        with self._lock, translated(self._vault_path):
            return self._vault.execute(query, case).fetchone() is not None

    def destroy(self, case: Case) -> None:
        """The pages are overwritten, in the journals too."""
        with self._lock:
            with immediate(self._keys, self._keys_path) as db:
                db.execute("INSERT OR REPLACE INTO secrets VALUES (?,?,NULL)", case)
            with immediate(self._vault, self._vault_path) as db:
                db.execute("DELETE FROM texts WHERE source=? AND case_no=?", case)
            self._overwrite()

    def forget(self, ref: str) -> None:
        """The pages are overwritten, in the journal too."""
        with self._lock:
            with immediate(self._vault, self._vault_path) as db:
                db.execute("DELETE FROM applicants WHERE ref=?", (ref,))
            self._overwrite()

    def _overwrite(self) -> None:
        """Bring the overwritten pages into the files, so that no journal keeps what was there."""
        for db, path in ((self._keys, self._keys_path), (self._vault, self._vault_path)):
            with translated(path):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close both files."""
        with self._lock:
            self._vault.close()
            self._keys.close()
