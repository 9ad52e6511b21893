"""Personal data and free text, beside the log (design: 9).

`vault.db` holds encrypted texts and the references of applicants, `keys.db` a random secret for
each case and one for the whole: they are backed up apart. From a case's secret come a key for
AES-256-GCM and one for HMAC-SHA256. Whoever destroys the secret has destroyed the texts and made
the digests in the log meaningless. A text given for a case that was erased is not kept.

A batch costs one durable commit a file. It MUST be made before the transaction of the log that
refers to it: a text without a fact is unreachable and harmless, a fact without its text is not.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from threading import RLock
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import Unreadable
from .store.connection import NO_LIMIT, connect, immediate, translated

KEYS_CACHED = 50_000
"""Cases whose keys stay in memory, some 500 bytes each."""

SECRET_BYTES = 32
NONCE_BYTES = 12
REFERENCE_BYTES = 16

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

Case = tuple[str, str]
"""Source and case_no."""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class Sealing(NamedTuple):
    """The texts of one fact or desk act; `applicant` is an identity that wants a reference."""

    source: str
    case_no: str
    id: str
    data_version: int
    texts: Mapping[str, str]
    applicant: str = ""


class Sealed(NamedTuple):
    """HMAC of the texts in hex, empty if there are none, and the applicant's reference.

    `erased`: the case's secret was destroyed, so nothing was kept and both are empty.
    """

    sealed: str = ""
    applicant_ref: str = ""
    erased: bool = False


class _Keys(NamedTuple):
    cipher: AESGCM
    mac: bytes


class Vault:
    """Both files of one home; any number of threads and processes may hold one."""

    def __init__(self, home: Path, *, max_pages: int = NO_LIMIT) -> None:
        self._vault_path, self._keys_path = home / "vault.db", home / "keys.db"
        self._lock = RLock()
        self._vault = connect(self._vault_path, max_pages=max_pages)
        self._keys = connect(self._keys_path)
        self._cache: OrderedDict[Case, _Keys | None] = OrderedDict()
        self._cached_at = -1
        self._create()

    def _create(self) -> None:
        with translated(self._keys_path):
            self._keys.execute("PRAGMA secure_delete=ON")
            self._keys.executescript(KEYS_SCHEMA)
            self._keys.execute(
                "INSERT OR IGNORE INTO system VALUES (1,?)", (secrets.token_bytes(SECRET_BYTES),)
            )
            self._system: bytes = self._keys.execute("SELECT secret FROM system").fetchone()[0]
        with translated(self._vault_path):
            self._vault.execute("PRAGMA secure_delete=ON")
            self._vault.executescript(VAULT_SCHEMA)

    def seal_many(self, items: Sequence[Sealing]) -> list[Sealed]:
        """Encrypt and store the texts of each item, and find or make its applicant's reference.

        Durable when it returns. Sealing the same texts again stores nothing new.
        """
        with self._lock:
            keys = self._need((item.source, item.case_no) for item in items)
            parts = [_seal(item, keys[item.source, item.case_no]) for item in items]
            rows = [row for _, row in parts if row]
            alive = (item for item in items if keys[item.source, item.case_no])
            refs = self._store(rows, {item.applicant for item in alive if item.applicant})
        return [
            Sealed(seal, refs.get(item.applicant, ""))
            if keys[item.source, item.case_no]
            else Sealed(erased=True)
            for item, (seal, _) in zip(items, parts, strict=True)
        ]

    def applicant_ref(self, identity: str) -> str:
        """A random reference, the same for the same identity until it is erased."""
        with self._lock:
            return self._store([], {identity})[identity]

    def _store(self, rows: list[tuple[object, ...]], identities: set[str]) -> dict[str, str]:
        macs = {who: _mac(self._system, b"applicant\0" + who.encode()) for who in identities}
        refs = [(mac, secrets.token_hex(REFERENCE_BYTES)) for mac in macs.values()]
        if not rows and not refs:
            return {}
        with immediate(self._vault, self._vault_path) as db:
            db.executemany("INSERT OR IGNORE INTO texts VALUES (?,?,?,?,?,?)", rows)
            db.executemany("INSERT OR IGNORE INTO applicants VALUES (?,?)", refs)
            query = "SELECT ref FROM applicants WHERE identity=?"
            return {who: db.execute(query, (mac,)).fetchone()[0] for who, mac in macs.items()}

    def open(
        self, source: str, case_no: str, fact_id: str, data_version: int = 1, sealed: str = ""
    ) -> dict[str, str] | None:
        """The texts of a fact by name, None when erased or never given.

        `sealed` is what the fact says; without it, one of the texts that were given for this id.
        Unreadable: the bytes were altered, or the secret is another.
        """
        case = (source, case_no)
        with self._lock:
            keys = self._read([case]).get(case)
            cipher = self._cipher(case, fact_id, data_version, sealed) if keys else None
        if keys is None or cipher is None:
            return None
        name, found = cipher
        bound = _place(source, case_no, fact_id, data_version) + name.encode()
        try:
            plain = keys.cipher.decrypt(found[:NONCE_BYTES], found[NONCE_BYTES:], bound)
        except InvalidTag as error:
            raise Unreadable(f"text of {source} {fact_id}", "it was altered") from error
        return _decode(plain)

    def _cipher(
        self, case: Case, fact_id: str, data_version: int, sealed: str
    ) -> tuple[str, bytes] | None:
        query = """SELECT sealed, cipher FROM texts WHERE source=? AND case_no=? AND id=?
            AND data_version=? AND (?='' OR sealed=?) LIMIT 1"""
        with translated(self._vault_path):
            row: tuple[str, bytes] | None = self._vault.execute(
                query, (*case, fact_id, data_version, sealed, sealed)
            ).fetchone()
        return row

    def erase(self, source: str, case_no: str) -> None:
        """Destroy the secret of a case, then its texts; doing it again is harmless."""
        case = (source, case_no)
        with self._lock:
            if self._is_erased(case):
                return
            with immediate(self._keys, self._keys_path) as db:
                db.execute("INSERT OR REPLACE INTO secrets VALUES (?,?,NULL)", case)
            with immediate(self._vault, self._vault_path) as db:
                db.execute("DELETE FROM texts WHERE source=? AND case_no=?", case)
            self._cache.pop(case, None)
            self._overwrite()

    def _is_erased(self, case: Case) -> bool:
        query = "SELECT 1 FROM texts WHERE source=? AND case_no=? LIMIT 1"
        if self._read([case]).get(case, case) is not None:
            return False
        with translated(self._vault_path):
            return self._vault.execute(query, case).fetchone() is None

    def erase_applicant(self, ref: str) -> None:
        """Forget whose reference it is: the same person will be given another."""
        with self._lock:
            with immediate(self._vault, self._vault_path) as db:
                db.execute("DELETE FROM applicants WHERE ref=?", (ref,))
            self._overwrite()

    def _overwrite(self) -> None:
        """Bring the overwritten pages into the files, so that no journal keeps what was there."""
        for db, path in ((self._keys, self._keys_path), (self._vault, self._vault_path)):
            with translated(path):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _need(self, cases: Iterable[Case]) -> dict[Case, _Keys | None]:
        """Keys of each case, made if it has none; None where they were destroyed."""
        self._forget_if_changed()
        wanted = dict.fromkeys(cases)
        missing = [case for case in wanted if case not in self._cache]
        self._cache.update(self._read(missing))
        new = [case for case in missing if case not in self._cache]
        if new:
            self._cache.update(self._make(new))
        found = {}
        for case in wanted:
            self._cache.move_to_end(case)
            found[case] = self._cache[case]
        while len(self._cache) > KEYS_CACHED:
            self._cache.popitem(last=False)
        return found

    def _make(self, cases: Sequence[Case]) -> dict[Case, _Keys | None]:
        """Secrets for cases without one, unless another process was quicker."""
        with immediate(self._keys, self._keys_path) as db:
            made = self._read(cases)
            fresh = [
                (*case, secrets.token_bytes(SECRET_BYTES)) for case in cases if case not in made
            ]
            db.executemany("INSERT INTO secrets VALUES (?,?,?)", fresh)
        return made | {(source, case_no): _derive(secret) for source, case_no, secret in fresh}

    def _read(self, cases: Sequence[Case]) -> dict[Case, _Keys | None]:
        query = "SELECT secret FROM secrets WHERE source=? AND case_no=?"
        with translated(self._keys_path):
            rows = ((case, self._keys.execute(query, case).fetchone()) for case in cases)
            return {case: _derive(row[0]) for case, row in rows if row}

    def _forget_if_changed(self) -> None:
        """Another process may have erased a case since."""
        with translated(self._keys_path):
            version = _data_version(self._keys)
        if version != self._cached_at:
            self._cache.clear()
            self._cached_at = version

    def close(self) -> None:
        """Close both files and forget all keys."""
        with self._lock:
            self._cache.clear()
            self._vault.close()
            self._keys.close()


def _seal(item: Sealing, keys: _Keys | None) -> tuple[str, tuple[object, ...] | None]:
    """The HMAC of an item's texts, and the row that keeps them; neither if there is nothing."""
    if keys is None or not item.texts:
        return "", None
    place = _place(*item[:4])
    plain = _encode(dict(item.texts))
    sealed = _mac(keys.mac, place + plain).hex()
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = nonce + keys.cipher.encrypt(nonce, plain, place + sealed.encode())
    return sealed, (*item[:4], sealed, cipher)


def _place(source: str, case_no: str, fact_id: str, data_version: int) -> bytes:
    """What HMAC and ciphertext are bound to, so that none can stand in another's place."""
    return _encode((source, case_no, fact_id, data_version))


def _derive(secret: bytes | None) -> _Keys | None:
    if secret is None:
        return None
    derived = hmac.digest(secret, b"encryption and digest", "sha512")
    return _Keys(AESGCM(derived[:SECRET_BYTES]), derived[SECRET_BYTES:])


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def _data_version(db: Connection) -> int:
    return int(db.execute("PRAGMA data_version").fetchone()[0])
