"""Personal data and free text, beside the log (design: 9).

Encrypted texts and the references of applicants lie in one place, a random secret for each case
and one for the whole in another: they are backed up apart. From a case's secret come a key for
AES-256-GCM and one for HMAC-SHA256. Whoever destroys the secret has destroyed the texts and made
the digests in the log meaningless. A text given for a case that was erased is not kept.

A batch costs one durable commit in each place. It MUST be made before the transaction of the log
that refers to it: a text without a fact is unreachable and harmless, a fact without its text is
not.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import StoreBroken, Unreadable
from .store.vault_rows import Case, Storage, TextRow
from .store.vault_sqlite import SqliteStorage

DATABASE = "SUPERVISION_DATABASE"
"""Setting: URL of the PostgreSQL database that holds whatever has no database of its own."""
VAULT_DATABASE = "SUPERVISION_VAULT"
"""Setting: URL of the database of texts and references."""
KEYS_DATABASE = "SUPERVISION_KEYS"
"""Setting: URL of the database of the secrets."""

KEYS_CACHED = 50_000
"""Cases whose keys stay in memory, some 500 bytes each."""

SECRET_BYTES = 32
NONCE_BYTES = 12
REFERENCE_BYTES = 16

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
    """Seals and opens over one storage; any number of threads and processes may hold one."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = RLock()
        self._cache: OrderedDict[Case, _Keys | None] = OrderedDict()
        self._mark = -1
        self._system = storage.system_secret()

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
        return self._store([], {identity})[identity]

    def derived(self, purpose: str, name: str) -> bytes:
        """A secret of 32 bytes for one name and purpose: HMAC-SHA256 under the system's secret.

        Stored nowhere, the same in every process of the system, and lost with the secrets' place.
        A purpose holds no NUL, and is none of the vault's own ("applicant").
        """
        return _mac(self._system, purpose.encode() + b"\0" + name.encode())

    def _store(self, rows: list[TextRow], identities: set[str]) -> dict[str, str]:
        macs = {who: _mac(self._system, b"applicant\0" + who.encode()) for who in identities}
        if not rows and not macs:
            return {}
        fresh = {mac: secrets.token_hex(REFERENCE_BYTES) for mac in macs.values()}
        refs = self._storage.add(rows, fresh)
        return {who: refs[mac] for who, mac in macs.items()}

    def open(
        self, source: str, case_no: str, fact_id: str, data_version: int = 1, sealed: str = ""
    ) -> dict[str, str] | None:
        """The texts of a fact by name, None when erased or never given.

        `sealed` is what the fact says; without it, one of the texts that were given for this id.
        Unreadable: the bytes were altered, or the secret is another.
        """
        case = (source, case_no)
        keys = _derive(self._storage.secrets([case]).by_case.get(case))
        cipher = self._storage.cipher(case, fact_id, data_version, sealed) if keys else None
        if keys is None or cipher is None:
            return None
        name, found = cipher
        bound = _place(source, case_no, fact_id, data_version) + name.encode()
        try:
            plain = keys.cipher.decrypt(found[:NONCE_BYTES], found[NONCE_BYTES:], bound)
        except InvalidTag as error:
            raise Unreadable(f"text of {source} {fact_id}", "it was altered") from error
        return _decode(plain)

    def erase(self, source: str, case_no: str) -> None:
        """Destroy the secret of a case, then its texts; doing it again is harmless."""
        case = (source, case_no)
        with self._lock:
            if not self._is_erased(case):
                self._storage.destroy(case)
            self._cache.pop(case, None)

    def _is_erased(self, case: Case) -> bool:
        secret = self._storage.secrets([case]).by_case.get(case, b"never given")
        return secret is None and not self._storage.has_texts(case)

    def erase_applicant(self, ref: str) -> None:
        """Forget whose reference it is: the same person will be given another."""
        self._storage.forget(ref)

    def _need(self, cases: Iterable[Case]) -> dict[Case, _Keys | None]:
        """Keys of each case, made if it has none; None where they were destroyed."""
        wanted = dict.fromkeys(cases)
        new = self._refresh(wanted)
        if new:
            fresh = {case: secrets.token_bytes(SECRET_BYTES) for case in new}
            self._remember(self._storage.add_secrets(fresh))
        found = {}
        for case in wanted:
            self._cache.move_to_end(case)
            found[case] = self._cache[case]
        while len(self._cache) > KEYS_CACHED:
            self._cache.popitem(last=False)
        return found

    def _refresh(self, wanted: Iterable[Case]) -> list[Case]:
        """Bring what is remembered to the storage's mark; those of `wanted` without a secret.

        What another process may have destroyed since the last time is not remembered any more.
        """
        while True:
            missing = [case for case in wanted if case not in self._cache]
            mark, found = self._storage.secrets(missing)
            if mark == self._mark:
                self._remember(found)
                return [case for case in missing if case not in found]
            self._cache.clear()
            self._mark = mark

    def _remember(self, found: Mapping[Case, bytes | None]) -> None:
        self._cache.update((case, _derive(secret)) for case, secret in found.items())

    def close(self) -> None:
        """Close the storage and forget all keys."""
        with self._lock:
            self._cache.clear()
            self._storage.close()


def open_vault(home: Path, env: Mapping[str, str]) -> Vault:
    """In PostgreSQL where the settings name a database, otherwise in two files of `home`.

    StoreBroken, StoreDown, StoreBusy.
    """
    vault, keys = (
        env.get(name) or env.get(DATABASE, "") for name in (VAULT_DATABASE, KEYS_DATABASE)
    )
    if not vault and not keys:
        return Vault(SqliteStorage(home))
    for name, url in ((VAULT_DATABASE, vault), (KEYS_DATABASE, keys)):
        if not url:
            raise StoreBroken(name, f"is not set; set it, or {DATABASE} for all")
    from .store.vault_postgres import PostgresStorage

    storage = PostgresStorage(vault, keys)
    try:
        return Vault(storage)
    except BaseException:
        storage.close()
        raise


def _seal(item: Sealing, keys: _Keys | None) -> tuple[str, TextRow | None]:
    """The HMAC of an item's texts, and the row that keeps them; neither if there is nothing."""
    if keys is None or not item.texts:
        return "", None
    place = _place(*item[:4])
    plain = _encode(dict(item.texts))
    sealed = _mac(keys.mac, place + plain).hex()
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = nonce + keys.cipher.encrypt(nonce, plain, place + sealed.encode())
    return sealed, TextRow(*item[:4], sealed, cipher)


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
