"""The vault in PostgreSQL: schema `vault` in one database, schema `keys` in the same or another.

Their owner prepares them. The role of the running system may read and add rows, delete texts and
references, and destroy a secret, that is set it to null; the database refuses it anything else. A
batch is one statement of arrays, in the order of its keys, so that no two processes wait for each
other in a circle. Names are kept as in the log (postgres_writing.py), since no text of PostgreSQL
holds U+0000; texts are ciphertext and hold anything.

What PostgreSQL leaves of a destroyed secret: docs/decisions/0012-vault-in-postgres.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString

from psycopg.sql import SQL, Identifier

from ..errors import StoreBroken
from .postgres_connection import Connections, Rows, connect, translated, where
from .postgres_prepare import PREPARE, prepare
from .postgres_writing import given, kept
from .vault_rows import SYSTEM_SECRET_BYTES, Case, Secrets, TextRow

VAULT_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS vault;
CREATE TABLE IF NOT EXISTS vault.texts (
    source text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    data_version bigint NOT NULL,
    sealed text COLLATE "C" NOT NULL,
    cipher bytea NOT NULL,
    PRIMARY KEY (source, case_no, id, data_version, sealed)
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE vault.texts ALTER cipher SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS vault.applicants (
    identity bytea PRIMARY KEY,
    ref text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX IF NOT EXISTS applicants_by_ref ON vault.applicants USING hash (ref);
REVOKE ALL ON ALL TABLES IN SCHEMA vault FROM {role};
GRANT USAGE ON SCHEMA vault TO {role};
GRANT SELECT, INSERT, DELETE ON vault.texts, vault.applicants TO {role};
"""
KEYS_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS keys;
CREATE TABLE IF NOT EXISTS keys.secrets (
    source text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    secret bytea,
    PRIMARY KEY (source, case_no)
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
CREATE OR REPLACE FUNCTION keys.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'a secret is destroyed, never replaced'; END $$;
CREATE OR REPLACE TRIGGER secret_is_not_replaced BEFORE UPDATE ON keys.secrets
    FOR EACH ROW WHEN (new.secret IS NOT NULL) EXECUTE FUNCTION keys.refuse();
CREATE TABLE IF NOT EXISTS keys.system (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS keys.erasures (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    done bigint NOT NULL
);
INSERT INTO keys.erasures (done) VALUES (0) ON CONFLICT DO NOTHING;
REVOKE ALL ON ALL TABLES IN SCHEMA keys FROM {role};
GRANT USAGE ON SCHEMA keys TO {role};
GRANT SELECT, INSERT ON keys.secrets TO {role};
GRANT UPDATE (secret) ON keys.secrets TO {role};
GRANT SELECT ON keys.system, keys.erasures TO {role};
GRANT UPDATE (done) ON keys.erasures TO {role};
"""

SYSTEM = "SELECT secret FROM keys.system"
ADD_SYSTEM = "INSERT INTO keys.system (secret) VALUES (%s) ON CONFLICT DO NOTHING"
SECRETS = """
SELECT e.done, w.n, s.secret FROM keys.erasures e LEFT JOIN (
    unnest(%b::text[], %b::text[]) WITH ORDINALITY AS w (source, case_no, n)
    JOIN keys.secrets s USING (source, case_no)) ON true
"""
ADD_SECRETS = """
INSERT INTO keys.secrets SELECT * FROM unnest(%b::text[], %b::text[], %b::bytea[])
ON CONFLICT DO NOTHING RETURNING source, case_no
"""
DESTROY = """
WITH told AS (UPDATE keys.erasures SET done = done + 1)
INSERT INTO keys.secrets VALUES (%s, %s, NULL)
ON CONFLICT (source, case_no) DO UPDATE SET secret = NULL
"""
ADD_TEXTS = """
INSERT INTO vault.texts SELECT * FROM unnest(
    %b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::bytea[])
ON CONFLICT DO NOTHING
"""
ADD_REFS = """
INSERT INTO vault.applicants SELECT * FROM unnest(%b::bytea[], %b::text[])
ON CONFLICT DO NOTHING RETURNING identity, ref
"""
REFS = "SELECT identity, ref FROM vault.applicants WHERE identity = ANY(%b::bytea[])"
CIPHER = """
SELECT sealed, cipher FROM vault.texts WHERE source = %s AND case_no = %s AND id = %s
AND data_version = %s AND (%s = '' OR sealed = %s) LIMIT 1
"""
HAS_TEXTS = "SELECT EXISTS (SELECT FROM vault.texts WHERE source = %s AND case_no = %s)"
DELETE_TEXTS = "DELETE FROM vault.texts WHERE source = %s AND case_no = %s"
DELETE_REF = "DELETE FROM vault.applicants WHERE ref = %s"
OWNS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass"
VACUUM = "VACUUM (SKIP_LOCKED) {table}"


def prepare_vault(owner_url: str, app_role: str, keys_owner_url: str = "") -> None:
    """Create what is missing and give the role what it needs; may be done again at any time.

    The keys go into `keys_owner_url`, or the same database. StoreDown, StoreBroken.
    """
    keys_url = keys_owner_url or owner_url
    prepare(owner_url, app_role, VAULT_SCHEMA)
    prepare(keys_url, app_role, KEYS_SCHEMA)
    with translated(where(keys_url)), connect(keys_url, "prepare") as db:
        db.execute(ADD_SYSTEM, (secrets.token_bytes(SYSTEM_SECRET_BYTES),))


class PostgresStorage:
    """Both schemas, over connections opened when needed; any number of processes may hold one."""

    def __init__(self, vault_url: str, keys_url: str) -> None:
        self._vault = Connections(vault_url, "vault")
        self._keys = Connections(keys_url, "keys")

    def system_secret(self) -> bytes:
        """Made when the database was prepared; StoreBroken if it was not."""
        with self._keys.use() as db:
            rows = _all(db, SYSTEM)
        if not rows:
            raise StoreBroken(self._keys.place, f"has no secret of the whole; {PREPARE}")
        secret: bytes = rows[0][0]
        return secret

    def secrets(self, cases: Collection[Case]) -> Secrets:
        """One statement; the mark counts erasures."""
        wanted = list(cases)
        with self._keys.use() as db:
            rows = _all(db, SECRETS, _columns([_kept(case) for case in wanted], 2))
        return Secrets(rows[0][0], {wanted[n - 1]: secret for _, n, secret in rows if n})

    def add_secrets(self, fresh: Mapping[Case, bytes]) -> dict[Case, bytes | None]:
        """Waits for a process that adds one of the same cases, and takes what that one added."""
        rows = sorted((*_kept(case), secret) for case, secret in fresh.items())
        with self._keys.use() as db:
            new = _all(db, ADD_SECRETS, _columns(rows, 3))
        added = {case: fresh[case] for case in ((given(a), given(b)) for a, b in new)}
        there = fresh.keys() - added.keys()
        return {**added, **(self.secrets(there).by_case if there else {})}

    def add(self, texts: Sequence[TextRow], refs: Mapping[bytes, str]) -> dict[bytes, str]:
        """One transaction."""
        with self._vault.use() as db, db.transaction():
            if texts:
                rows = sorted((*_kept(row[:3]), *row[3:]) for row in texts)
                db.execute(ADD_TEXTS, _columns(rows, len(TextRow._fields)))
            return _refs(db, refs) if refs else {}

    def cipher(
        self, case: Case, fact_id: str, data_version: int, sealed: str
    ) -> tuple[str, bytes] | None:
        """As of the last commit."""
        with self._vault.use() as db:
            names = _kept((*case, fact_id))
            rows = _all(db, CIPHER, (*names, data_version, sealed, sealed))
        return (rows[0][0], rows[0][1]) if rows else None

    def has_texts(self, case: Case) -> bool:
        """As of the last commit."""
        with self._vault.use() as db:
            return bool(_all(db, HAS_TEXTS, _kept(case))[0][0])

    def destroy(self, case: Case) -> None:
        """Vacuumed at once if the role owns the tables, otherwise by autovacuum in a minute."""
        with self._keys.use() as db:
            db.execute(DESTROY, _kept(case))
            _vacuum(db, "keys", "secrets")
        with self._vault.use() as db:
            db.execute(DELETE_TEXTS, _kept(case))
            _vacuum(db, "vault", "texts")

    def forget(self, ref: str) -> None:
        """As for `destroy`."""
        with self._vault.use() as db:
            db.execute(DELETE_REF, (ref,))
            _vacuum(db, "vault", "applicants")

    def close(self) -> None:
        """Close all connections."""
        self._vault.close()
        self._keys.close()


def _refs(db: Rows, fresh: Mapping[bytes, str]) -> dict[bytes, str]:
    """References of these identities, those of `fresh` for whom there is none.

    One that another process adds or erases between the two statements is looked for again.
    """
    found: dict[bytes, str] = {}
    while missing := fresh.keys() - found.keys():
        found.update(_all(db, REFS, [list(missing)]))
        if new := sorted(missing - found.keys()):
            found.update(_all(db, ADD_REFS, [new, [fresh[who] for who in new]]))
    return found


def _vacuum(db: Rows, schema: str, name: str) -> None:
    """Remove dead rows if the role may; trying without the right would fill the server's log."""
    if _all(db, OWNS, (f"{schema}.{name}",))[0][0]:
        db.execute(SQL(VACUUM).format(table=Identifier(schema, name)))


def _all(db: Rows, query: LiteralString, says: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with db.cursor(binary=True) as cursor:
        return cursor.execute(query, says).fetchall()


def _kept(names: Sequence[str]) -> tuple[str, ...]:
    """As texts of PostgreSQL can hold them."""
    return tuple(map(kept, names))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """The rows' columns, `width` empty ones for no rows."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
