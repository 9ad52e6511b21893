"""The vault in PostgreSQL: what its role may, and what a server that fails leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from supervision.errors import StoreBroken, StoreDown
from supervision.store.vault_postgres import PostgresStorage, prepare_vault
from supervision.store.vault_rows import TextRow
from supervision.vault import Sealing, Vault, open_vault
from tests.contract.vaults import Database, prepared
from tools.services import Postgres

pytestmark = pytest.mark.cluster

REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)
TEXTS = {"opinion": "材料齐全，同意。"}
ITEM = Sealing("hz", "A-1", "f1", 1, TEXTS, "张三")


@pytest.fixture(scope="module")
def urls(postgres: Postgres) -> tuple[str, str]:
    """Of a prepared database: the owner's and the system's."""
    return prepared(postgres)


@pytest.fixture
def place(postgres: Postgres, urls: tuple[str, str], tmp_path: Path) -> Iterator[Database]:
    """An empty vault; its server answers again afterwards."""
    yield Database(tmp_path, postgres, *urls)
    postgres.start()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM keys.secrets",
        "TRUNCATE keys.secrets",
        "UPDATE keys.secrets SET case_no = 'A-2'",
        "UPDATE keys.secrets SET secret = 'another'",
        "UPDATE keys.system SET secret = 'another'",
        "DELETE FROM keys.erasures",
        "UPDATE vault.texts SET cipher = 'another'",
        "TRUNCATE vault.texts",
        "UPDATE vault.applicants SET ref = 'another'",
        "DROP TABLE vault.texts",
        "CREATE TABLE vault.more (id int)",
    ],
)
def test_the_role_of_the_system_may_not(statement: str, place: Database) -> None:
    """Change or take away what is kept, but by erasing; the row stands as it was."""
    with closing(place.open()) as vault:
        vault.seal_many([ITEM])
        with closing(psycopg.connect(place.url, autocommit=True)) as db, pytest.raises(REFUSED):
            db.execute(statement.encode())
        assert vault.open("hz", "A-1", "f1") == TEXTS


def test_a_destroyed_secret_is_not_given_again(place: Database) -> None:
    """Not even by who may update: a case that was erased stays erased."""
    with closing(place.open()) as vault:
        vault.erase("hz", "A-1")
    with pytest.raises(psycopg.errors.RaiseException, match="never replaced"):
        place.run("keys", "UPDATE secrets SET secret = 'another'")


def test_no_secret_enters_the_servers_log(place: Database, postgres: Postgres) -> None:
    """Though it logs every statement: not what is sent with it."""
    begins = postgres.log.stat().st_size
    with closing(psycopg.connect(postgres.superuser_url, autocommit=True)) as db:
        db.execute("ALTER ROLE supervision SET log_statement = 'all'")
        try:
            with closing(place.open()) as vault:
                vault.seal_many([ITEM])
                vault.erase("hz", "A-1")
        finally:
            db.execute("ALTER ROLE supervision RESET log_statement")
    logged = postgres.log.read_bytes()[begins:].decode()
    assert "INSERT INTO keys.secrets" in logged
    assert "parameters" not in logged
    assert "$1 = " not in logged
    assert "A-1" not in logged


def test_preparing_again_changes_nothing(postgres: Postgres, place: Database) -> None:
    """Neither a secret nor a text; what was sealed is opened."""
    with closing(place.open()) as vault:
        seal = vault.seal_many([ITEM])
        prepare_vault(place.owner_url, postgres.USER)
        with closing(place.open()) as other:
            assert other.seal_many([ITEM]) == seal
            assert other.open("hz", "A-1", "f1") == TEXTS


def test_keys_may_lie_in_another_database(postgres: Postgres, tmp_path: Path) -> None:
    """Texts here, secrets there, and neither has the other's tables."""
    vault_owner, vault_url = postgres.fresh("texts_alone")
    keys_owner, keys_url = postgres.fresh("keys_alone")
    prepare_vault(vault_owner, postgres.USER, keys_owner)
    env = {"SUPERVISION_VAULT": vault_url, "SUPERVISION_KEYS": keys_url}
    with closing(open_vault(tmp_path, env)) as vault:
        vault.seal_many([ITEM])
        assert vault.open("hz", "A-1", "f1") == TEXTS
    query = "SELECT nspname FROM pg_namespace WHERE nspname IN ('vault', 'keys')"
    schemas = []
    for url in (vault_url, keys_url):
        with closing(psycopg.connect(url)) as db:
            schemas.append(db.execute(query).fetchall())
    assert schemas == [[("vault",)], [("keys",)]]


def test_a_database_that_nobody_prepared_is_named(postgres: Postgres, tmp_path: Path) -> None:
    """With what to do; the password is not in the message."""
    _, url = postgres.fresh("unprepared")
    with pytest.raises(StoreBroken, match=r"/unprepared: .*`supervise database prepare`") as error:
        open_vault(tmp_path, {"SUPERVISION_DATABASE": url})
    assert postgres.password(postgres.USER) not in str(error.value)


def test_erasing_leaves_no_dead_row_where_the_role_may_vacuum(
    postgres: Postgres, place: Database
) -> None:
    """The version that had the secret is gone from the table, not only hidden."""
    database = place.url.rpartition("/")[2]
    superuser = postgres.superuser_url.rpartition("/")[0] + f"/{database}"
    for table in ("keys.secrets", "vault.texts", "vault.applicants"):
        place.run("keys", f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    with closing(open_vault(place.home, {"SUPERVISION_DATABASE": place.owner_url})) as vault:
        seals = vault.seal_many([ITEM, ITEM._replace(case_no="A-2")])
        vault.erase("hz", "A-1")
        vault.erase_applicant(seals[0].applicant_ref)
    with closing(psycopg.connect(superuser, autocommit=True)) as db:
        db.execute("CREATE EXTENSION IF NOT EXISTS pgstattuple")
        query = "SELECT tuple_count, dead_tuple_count FROM pgstattuple(%s)"
        assert db.execute(query, ("keys.secrets",)).fetchone() == (2, 0)
        assert db.execute(query, ("vault.texts",)).fetchone() == (1, 0)
        assert db.execute(query, ("vault.applicants",)).fetchone() == (0, 0)


def adders(storage: PostgresStorage, cases: list[str]) -> dict[str, Callable[[], object]]:
    """What adds rows of each table for these cases, in this order."""
    return {
        "keys.secrets": lambda: storage.add_secrets({("hz", who): b"s" for who in cases}),
        "vault.texts": lambda: storage.add(
            [TextRow("hz", who, "f1", 1, "", b"c") for who in cases], {}
        ),
        "vault.applicants": lambda: storage.add([], {who.encode(): who for who in cases}),
    }


WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
ROW = {
    "keys.secrets": "'hz', '{}', 's'",
    "vault.texts": "'hz', '{}', 'f1', 1, '', 'c'",
    "vault.applicants": "'{}', 'r'",
}


@pytest.mark.parametrize("table", ROW)
def test_two_that_add_the_same_rows_never_wait_for_each_other_in_a_circle(
    table: str, place: Database
) -> None:
    """Whatever the order of a batch, its rows are taken in the order of their keys: who waits for
    the first of them does not yet hold the last.
    """
    with (
        closing(PostgresStorage(place.url, place.url)) as storage,
        closing(psycopg.connect(place.owner_url)) as other,
        closing(psycopg.connect(place.owner_url, autocommit=True)) as watcher,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute(f"INSERT INTO {table} VALUES ({ROW[table].format('A')})".encode())
        adding = pool.submit(adders(storage, ["B", "A"])[table])
        while not adding.done() and not watcher.execute(WAITS).fetchone():
            pass
        other.execute(f"INSERT INTO {table} VALUES ({ROW[table].format('B')})".encode())
        other.commit()
        adding.result()


class Interrupted(PostgresStorage):
    """Its server is killed when the secrets are there and the texts are not."""

    server: Postgres

    def add(self, texts: Sequence[TextRow], refs: Mapping[bytes, str]) -> dict[bytes, str]:
        """As for the storage, after the blow."""
        self.server.kill()
        return super().add(texts, refs)


def test_a_server_killed_between_secret_and_text_loses_neither(
    postgres: Postgres, place: Database
) -> None:
    """StoreDown, and asking again uses the secret that was stored."""
    Interrupted.server = postgres
    storage = Interrupted(place.url, place.url)
    with closing(Vault(storage)) as vault, pytest.raises(StoreDown) as error:
        vault.seal_many([ITEM])
    assert error.value.retry
    assert postgres.password(postgres.USER) not in str(error.value)
    postgres.start()
    (before,) = place.run("keys", "SELECT secret FROM secrets")
    assert place.run("vault", "SELECT * FROM texts") == []
    with closing(place.open()) as vault:
        vault.seal_many([ITEM])
        assert vault.open("hz", "A-1", "f1") == TEXTS
    assert place.run("keys", "SELECT secret FROM secrets") == [before]


def test_what_was_sealed_survives_the_killing_of_the_server(
    postgres: Postgres, place: Database
) -> None:
    """Durable when seal_many returns; the same holder goes on once the server is back."""
    items = [ITEM._replace(case_no=f"A-{n}") for n in range(50)]
    with closing(place.open()) as vault:
        seals = vault.seal_many(items)
        postgres.kill()
        with pytest.raises(StoreDown):
            vault.seal_many(items)
        postgres.start()
        assert [vault.open(*item[:4], seal.sealed) for item, seal in zip(items, seals, strict=True)
                ] == [TEXTS] * 50  # fmt: skip
        assert vault.seal_many(items) == seals


def test_an_erasure_survives_the_killing_of_the_server(postgres: Postgres, place: Database) -> None:
    """For who erased and for who had the key in memory."""
    with closing(place.open()) as vault, closing(place.open()) as other:
        seal = other.seal_many([ITEM])
        vault.erase("hz", "A-1")
        postgres.kill()
        postgres.start()
        assert other.open("hz", "A-1", "f1", 1, seal[0].sealed) is None
        assert other.seal_many([ITEM])[0].erased
        assert vault.seal_many([ITEM])[0].erased
