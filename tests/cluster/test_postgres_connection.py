"""A server that refuses, is gone, slow or full: each is one error of our tree, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import psycopg
import pytest

from supervision.errors import StoreBroken, StoreBusy, StoreDown, StoreError, StoreFull
from supervision.store.postgres_connection import Connections, connect, translate, where
from tools.services import Postgres

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> str:
    """A database whose server does not make commits durable, unless asked; its owner's URL."""
    owner_url, _ = postgres.fresh("connection")
    with closing(psycopg.connect(owner_url, autocommit=True)) as db:
        db.execute("ALTER DATABASE connection SET synchronous_commit = off")
        db.execute("CREATE TABLE counted (n int)")
    return owner_url


@pytest.fixture
def url(postgres: Postgres, database: str) -> Iterator[str]:
    """Of the owner of a database with an empty table; its server answers again afterwards."""
    yield database
    postgres.start()


@pytest.fixture
def connections(url: str) -> Iterator[Connections]:
    """Of a role to that database."""
    with closing(Connections(url, "test")) as opened:
        yield opened


def with_options(url: str, options: str) -> str:
    """The URL with more of the server's settings."""
    return f"{url}?options={quote(options)}"


def test_a_commit_is_durable_whatever_the_server_says(url: str) -> None:
    """The settings of a connection are ours, and the server knows by whom it was opened."""
    query = "SELECT current_setting('synchronous_commit'), current_setting('application_name')"
    with closing(connect(url, "publisher")) as db:
        assert db.execute(query).fetchone() == ("on", "supervision publisher")


def test_what_the_url_sets_has_precedence(url: str) -> None:
    """An operator may know better how long to wait."""
    with closing(connect(with_options(url, "-c lock_timeout=7s"), "test")) as db:
        assert db.execute("SHOW lock_timeout").fetchone() == ("7s",)


def test_a_wrong_password_is_not_tried_again_and_not_told(postgres: Postgres, url: str) -> None:
    """Somebody must look; where and who is in the message, the password is not."""
    wrong = url.replace(postgres.password(postgres.OWNER), "geheim")
    with pytest.raises(StoreBroken) as error:
        connect(wrong, "test")
    assert not error.value.retry
    assert f"127.0.0.1:{postgres.port}/connection: " in str(error.value)
    assert "password authentication failed" in str(error.value)
    assert "geheim" not in str(error.value)


def test_a_database_that_is_not_there_is_not_tried_again(url: str) -> None:
    """It does not come by waiting."""
    with pytest.raises(StoreBroken, match="does not exist"):
        connect(url + "_missing", "test")


@pytest.mark.parametrize(
    "wrong", ["postgres:/u:geheim@h/d", "postgresql://u:gehe[im@h/d?x=1", "host=h geheim"]
)
def test_what_is_no_url_is_not_quoted(wrong: str) -> None:
    """It may have a password in it."""
    with pytest.raises(StoreBroken, match="write postgresql://") as error:
        where(wrong)
    assert "geh" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_server_that_is_down_may_be_tried_again(
    postgres: Postgres, url: str, connections: Connections
) -> None:
    """In one line, for a new connection and for an open one; afterwards all is well by itself."""
    with connections.use() as db:
        db.execute("SELECT 1")
    postgres.stop()
    for _ in range(2):
        with pytest.raises(StoreDown) as error, connections.use() as db:
            db.execute("SELECT 1")
        assert error.value.retry
        assert "\n" not in str(error.value)
    postgres.start()
    with connections.use() as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_restart_of_the_server_is_not_noticed_between_two_uses(
    postgres: Postgres, connections: Connections
) -> None:
    """A connection to which the server said goodbye is not handed out."""
    with connections.use() as db:
        db.execute("SELECT 1")
    postgres.kill()
    postgres.start()
    with connections.use() as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_cut_in_the_middle_may_be_tried_again(
    url: str, connections: Connections
) -> None:
    """By the server's operator, say; the next use has another one."""

    def cut_off() -> None:
        with connections.use() as db, closing(psycopg.connect(url, autocommit=True)) as operator:
            operator.execute("SELECT pg_terminate_backend(%s, 5000)", (db.info.backend_pid,))
            db.execute("SELECT 1")

    with pytest.raises(StoreDown, match="terminating connection"):
        cut_off()
    with connections.use() as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_transaction_that_stands_still_loses_its_locks(
    url: str, connections: Connections
) -> None:
    """A process stopped inside one holds up nobody for good, and learns it when it goes on."""
    quick = with_options(url, "-c idle_in_transaction_session_timeout=20ms")

    def stand_still() -> None:
        with stopped.use() as db, db.transaction():
            db.execute("LOCK TABLE counted")
            with connections.use() as waiting, waiting.transaction():
                waiting.execute("LOCK TABLE counted")
            db.execute("SELECT 1")

    with closing(Connections(quick, "test")) as stopped, pytest.raises(StoreDown):
        stand_still()


def test_waiting_too_long_for_a_lock_is_busy(url: str, connections: Connections) -> None:
    """It may succeed at once when tried again."""
    impatient = with_options(url, "-c lock_timeout=20ms")
    with connections.use() as db, db.transaction(), closing(Connections(impatient, "x")) as other:
        db.execute("LOCK TABLE counted")
        with pytest.raises(StoreBusy) as error, other.use() as waiting:
            waiting.execute("INSERT INTO counted VALUES (1)")
    assert error.value.retry


def test_a_server_that_takes_no_writing_now_may_be_tried_again(url: str) -> None:
    """As a standby before it is promoted."""
    read_only = with_options(url, "-c default_transaction_read_only=on")
    with (
        closing(Connections(read_only, "test")) as standby,
        pytest.raises(StoreDown, match="read-only"),
        standby.use() as db,
    ):
        db.execute("INSERT INTO counted VALUES (1)")


def test_what_a_block_left_open_is_undone(connections: Connections) -> None:
    """The next user of the connections meets no transaction of another's."""
    with connections.use() as db:
        db.execute("BEGIN")
        db.execute("INSERT INTO counted VALUES (1)")
    with connections.use() as db:
        assert db.execute("SELECT count(*) FROM counted").fetchone() == (0,)


def test_closed_connections_are_not_opened_again(url: str) -> None:
    """Who uses them after the end has a mistake to mend."""
    connections = Connections(url, "test")
    connections.close()
    with pytest.raises(StoreBroken, match="closed"), connections.use():
        raise AssertionError


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        (psycopg.errors.DiskFull("could not extend file"), StoreFull),
        (psycopg.errors.TooManyConnections("sorry, too many clients already"), StoreBusy),
        (psycopg.errors.DeadlockDetected("deadlock detected"), StoreBusy),
        (psycopg.errors.CannotConnectNow("the database system is starting up"), StoreDown),
        (psycopg.errors.IdleSessionTimeout("terminating connection"), StoreDown),
        (psycopg.OperationalError("SSL SYSCALL error: EOF detected"), StoreDown),
        (psycopg.InterfaceError("the connection is closed"), StoreDown),
        (psycopg.errors.UndefinedTable('relation "log" does not exist'), StoreBroken),
        (psycopg.errors.DataCorrupted("invalid page in block 3"), StoreBroken),
        (psycopg.errors.IoError("could not read block 3"), StoreBroken),
        (psycopg.DataError("cannot contain NUL"), StoreBroken),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_each_error_of_the_driver_is_one_of_ours(
    said: psycopg.Error, ours: type[StoreError]
) -> None:
    """By the server's code, not by its words, which may be Chinese."""
    error = translate("127.0.0.1:5432/supervision", said)
    assert type(error) is ours
    assert str(error).startswith(f"127.0.0.1:5432/supervision: {said}")
