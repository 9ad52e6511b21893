"""The log in PostgreSQL: what it holds to beside what every store does, and how it fails.

Above 400 lines: one file for one store; a server that fails in every way takes some lines.
"""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from supervision.clock import SystemClock
from supervision.errors import (
    StoreBroken,
    StoreBusy,
    StoreDown,
    StoreError,
    StoreFull,
    TooNew,
)
from supervision.facts import CaseAccepted, Fact
from supervision.record import Incoming, Outcome, Record
from supervision.store import postgres_connection, postgres_writing
from supervision.store.postgres import Recorder, prepare
from supervision.store.postgres_connection import translate
from supervision.store.postgres_writing import INTO_LOG, lock
from tests.contract.record_stores import PostgresStore
from tools.services import Postgres

pytestmark = pytest.mark.cluster

AT = datetime.fromisoformat("2026-11-20T09:30:00+08:00")


def accepted(number: int) -> Incoming:
    """A fact of a case."""
    return Incoming(CaseAccepted(id=f"f{number}", source="hz", case_no="A-1", occurred_at=AT))


def put(recorder: Recorder, stream: str, before_the_end: Callable[[], object] = int) -> None:
    """One event, and what happens while the lock is held."""
    with recorder.transaction() as writing:
        writing.put(stream, 1, "T/1", b"{}")
        before_the_end()


@pytest.fixture
def store(postgres: Postgres) -> PostgresStore:
    """A prepared database."""
    return PostgresStore(postgres)


@contextmanager
def opened(home: Path, store: PostgresStore, url: str = "") -> Iterator[Record]:
    """A record of that database."""
    settings = store.settings | ({"SUPERVISION_DATABASE": url} if url else {})
    with closing(Record(home, SystemClock(), settings)) as record:
        yield record


def tried(url: str) -> StoreError:
    """The error with which a log does not open."""
    with closing(Recorder(url, SystemClock())) as recorder, pytest.raises(StoreError) as error:
        recorder.create_tables()
    assert "\n" not in str(error.value)
    return error.value


def changed(url: str, **parts: object) -> str:
    """The URL with other parts: user, password, host, port, name."""
    found = re.fullmatch(
        r"postgresql://(?P<user>.*):(?P<password>.*)@(?P<host>.*):(?P<port>\d+)/(?P<name>.*)", url
    )
    assert found is not None
    says = found.groupdict() | parts
    return "postgresql://{user}:{password}@{host}:{port}/{name}".format(**says)


# What the database itself holds to


@pytest.fixture(scope="module")
def guarded(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> PostgresStore:
    """A prepared database with a fact, for tests that change nothing in it."""
    store = PostgresStore(postgres, "guarded")
    with opened(tmp_path_factory.mktemp("guarded"), store) as record:
        record.append_facts([accepted(1)])
    return store


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET payload = ''",
        "DELETE FROM log",
        "TRUNCATE log",
        "DROP TABLE log",
        "ALTER TABLE log ADD COLUMN more text",
        "ALTER TABLE log DISABLE TRIGGER ALL",
        "ALTER TABLE log DISABLE TRIGGER log_is_not_changed",
        "DROP TRIGGER log_is_not_changed ON log",
        "DROP FUNCTION log_is_append_only()",
        "CREATE OR REPLACE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE sql AS ''",
        "SET session_replication_role = replica",
        "UPDATE seen SET position = 9",
        "DELETE FROM seen",
        "TRUNCATE seen",
        "DELETE FROM stamp",
        "INSERT INTO stamp (one, head) VALUES (false, 0)",
        "UPDATE log_form SET version = 9",
        "CREATE TABLE another (a integer)",
        "ALTER TABLE log OWNER TO supervision",
        "INSERT INTO log SELECT * FROM log ON CONFLICT (position) DO UPDATE SET payload = ''",
    ],
)
def test_the_running_system_may_add_and_read_and_nothing_else(
    guarded: PostgresStore, statement: str
) -> None:
    """Whatever statement somebody smuggles into it."""
    with psycopg.connect(guarded.url) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET payload = ''",
        "UPDATE log SET payload = '' WHERE false",
        "DELETE FROM log",
        "TRUNCATE log",
        "TRUNCATE seen, log CASCADE",
        "INSERT INTO log SELECT * FROM log ON CONFLICT (position) DO UPDATE SET payload = ''",
    ],
)
@pytest.mark.parametrize("who", ["owner", "superuser", "replica"])
def test_nobody_changes_the_log_without_taking_its_guard_away(
    postgres: Postgres, guarded: PostgresStore, who: str, statement: str
) -> None:
    """Its owner, a superuser, and one that applies another server's changes."""
    superuser_url = changed(postgres.superuser_url, name="guarded")
    with psycopg.connect(guarded.owner_url if who == "owner" else superuser_url) as db:
        if who == "replica":
            db.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            db.execute(statement.encode())


def test_what_is_acknowledged_is_durable_whatever_the_server_is_used_to(
    store: PostgresStore, tmp_path: Path
) -> None:
    """A writing commits synchronously; a heartbeat need not."""
    store.by_hand("""
        CREATE TABLE said (commits text);
        CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN INSERT INTO said VALUES (TG_OP || current_setting('synchronous_commit')); RETURN NULL;
        END $$;
        CREATE TRIGGER say AFTER INSERT ON log FOR EACH STATEMENT EXECUTE FUNCTION say();
        CREATE TRIGGER say AFTER UPDATE ON stamp FOR EACH STATEMENT EXECUTE FUNCTION say();
        ALTER DATABASE record SET synchronous_commit = off;
    """)
    with opened(tmp_path, store) as record:
        record.append_facts([accepted(1)])
        record.heartbeat()
    with psycopg.connect(store.owner_url) as db:
        said = [row[0] for row in db.execute("SELECT commits FROM said")]
    assert said == ["INSERTon", "UPDATEon", "UPDATEoff"]


# Preparing


def test_preparing_again_changes_nothing_and_mends_what_was_taken_away(
    store: PostgresStore, tmp_path: Path
) -> None:
    """The guard is put back, and rights that are too many are taken back."""
    with opened(tmp_path, store) as record:
        record.append_facts([accepted(1)])
        before = record.read(0, 10)
        store.by_hand("DROP TRIGGER log_is_not_changed ON log")
        store.by_hand(f"GRANT UPDATE ON log TO PUBLIC, {Postgres.USER}")
        prepare(store.owner_url, Postgres.USER)
        assert record.read(0, 10) == before
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        store.by_hand("TRUNCATE log")
    with psycopg.connect(store.url) as db, pytest.raises(psycopg.Error, match="permission denied"):
        db.execute("UPDATE log SET payload = ''")


def test_several_may_prepare_a_new_database_at_once(postgres: Postgres) -> None:
    """One after the other."""
    owner_url, url = postgres.fresh("record")
    failed: list[Exception] = []

    def one() -> None:
        try:
            prepare(owner_url, Postgres.USER)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with closing(Recorder(url, SystemClock())) as recorder:
        recorder.create_tables()


def test_two_schemas_of_a_database_are_two_logs(postgres: Postgres) -> None:
    """The schema that the URL names is created, and no other's tables are taken for its own."""
    owner_url, url = postgres.fresh("record")
    first, second = ("?options=-csearch_path%3D" + name for name in ("one", "two,one"))
    prepare(owner_url + first, Postgres.USER)
    assert "supervise database prepare" in str(tried(url + "?options=-csearch_path%3Dtwo"))
    with psycopg.connect(owner_url) as db:
        db.execute(f"CREATE SCHEMA two; GRANT USAGE ON SCHEMA two TO {Postgres.USER}".encode())
    assert "supervise database prepare" in str(tried(url + second))
    prepare(owner_url + second, Postgres.USER)
    with (
        closing(Recorder(url + first, SystemClock())) as one,
        closing(Recorder(url + second, SystemClock())) as two,
    ):
        put(one, "lists/x")
        two.create_tables()
        assert (one.head(), two.head()) == (1, 0)


def test_a_database_that_was_not_prepared_is_named_with_what_to_do(postgres: Postgres) -> None:
    """StoreBroken; waiting would not help."""
    _, url = postgres.fresh("record")
    error = tried(url)
    assert type(error) is StoreBroken
    assert not error.retry
    assert str(error) == (
        f"127.0.0.1:{postgres.port}/record: holds no log of this version:"
        " its owner runs `supervise database prepare`"
    )


def test_a_log_that_a_newer_program_prepared_is_left_alone(
    store: PostgresStore, tmp_path: Path
) -> None:
    """Neither opened nor prepared: TooNew."""
    store.by_hand("UPDATE log_form SET version = version + 1")
    with pytest.raises(TooNew, match="newer program"):
        Record(tmp_path, SystemClock(), store.settings)
    with pytest.raises(TooNew, match="newer program"):
        prepare(store.owner_url, Postgres.USER)


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("nobody_here", "CREATE ROLE nobody_here"),
        (Postgres.OWNER, "not its owner"),
        ("postgres", "not its owner"),
    ],
)
def test_the_systems_role_is_there_and_could_not_change_the_log(
    store: PostgresStore, role: str, says: str
) -> None:
    """Otherwise nothing is prepared."""
    with pytest.raises(StoreBroken, match=says):
        prepare(store.owner_url, role)


def test_a_database_of_another_encoding_is_not_prepared(postgres: Postgres) -> None:
    """It could not hold the names."""
    with psycopg.connect(postgres.superuser_url, autocommit=True) as db:
        db.execute("DROP DATABASE IF EXISTS latin")
        db.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(StoreBroken, match="UTF8"):
        prepare(changed(postgres.superuser_url, name="latin"), Postgres.USER)


# Failure


def test_a_server_that_is_not_there_is_named_and_may_be_asked_again(store: PostgresStore) -> None:
    """StoreDown, with host and port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = tried(changed(store.url, port=unused.getsockname()[1]))
    assert type(error) is StoreDown
    assert error.retry
    assert re.search(r"127\.0\.0\.1:\d+/record: .*see that the server runs", str(error))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"password": "wrong-secret"}, "password authentication failed"),
        ({"user": "nobody_here", "password": "wrong-secret"}, "password authentication failed"),
        ({"name": "nowhere"}, '"nowhere" does not exist'),
    ],
)
def test_a_server_that_lets_nobody_in_is_named_without_the_password(
    store: PostgresStore, parts: dict[str, str], says: str
) -> None:
    """StoreBroken: waiting would not help."""
    url = changed(store.url, **parts)
    error = tried(url)
    assert type(error) is StoreBroken
    assert says in str(error)
    assert url.split(":")[2].split("@")[0] not in str(error)


@pytest.mark.parametrize("url", ["postgresql://u:secret@[::1/x", "mysql://u:secret@h/x", "x y"])
def test_what_is_no_url_is_said_without_its_words(url: str) -> None:
    """They may hold a password, which no error's cause holds either."""
    with pytest.raises(StoreBroken, match="postgresql://") as error:
        Recorder(url, SystemClock())
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_server_of_an_old_release_is_named(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the release that is needed."""
    monkeypatch.setattr(postgres_connection, "OLDEST", 99)
    error = tried(store.url)
    assert type(error) is StoreBroken
    assert "99 or later" in str(error)


def test_a_server_that_takes_no_writings_is_named_and_read_all_the_same(
    postgres: Postgres, store: PostgresStore, tmp_path: Path
) -> None:
    """As a standby until it is promoted; then the same record writes."""
    read_only = "ALTER ROLE {} IN DATABASE record SET default_transaction_read_only = {}"
    with opened(tmp_path, store) as record, opened(tmp_path, store) as other:
        record.append_facts([accepted(1)])
        with psycopg.connect(postgres.superuser_url) as db:
            db.execute(read_only.format(Postgres.USER, "on").encode())
        with pytest.raises(StoreDown, match="primary"):
            other.append_facts([accepted(2)])
        with pytest.raises(StoreDown, match="primary"):
            other.heartbeat()
        assert other.head() == 1
        with psycopg.connect(postgres.superuser_url) as db:
            db.execute(read_only.format(Postgres.USER, "off").encode())
        assert other.append_facts([accepted(2)]) == [Outcome("stored", 2)]


@pytest.mark.parametrize(
    ("code", "expected", "says"),
    [
        ("53100", StoreFull, "make room"),
        ("53200", StoreBusy, "try again"),
        ("53300", StoreBusy, "try again"),
        ("55P03", StoreBusy, "try again"),
        ("40P01", StoreBusy, "try again"),
        ("57014", StoreBusy, "try again"),
        ("57P01", StoreDown, "ask again"),
        ("57P02", StoreDown, "ask again"),
        ("57P03", StoreDown, "ask again"),
        ("25P03", StoreDown, "ask again"),
        ("08006", StoreDown, "ask again"),
        ("25006", StoreDown, "primary"),
        ("42P01", StoreBroken, "supervise database prepare"),
        ("42501", StoreBroken, "supervise database prepare"),
        ("XX001", StoreBroken, ""),
        ("58030", StoreBroken, ""),
    ],
)
def test_what_the_server_says_is_told_in_our_words(code: str, expected: type, says: str) -> None:
    """The database's place, the server's words, and what to do."""
    error = translate("h:5432/x", psycopg.errors.lookup(code)("its words\nand more"))
    assert type(error) is expected
    assert str(error).startswith("h:5432/x: its words")
    assert says in str(error)
    assert "\n" not in str(error)


def end_connections(postgres: Postgres) -> None:
    """Every one of the running system's."""
    with psycopg.connect(postgres.superuser_url) as db:
        query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = %s"
        assert all(ended for (ended,) in db.execute(query, (Postgres.USER,)))


def test_a_connection_lost_in_a_transaction_stores_nothing_and_the_next_call_has_a_new_one(
    postgres: Postgres, store: PostgresStore
) -> None:
    """StoreDown for who had it; reading, writing and the heartbeat go on."""
    with closing(store.recorder(SystemClock())) as recorder:
        recorder.heartbeat()
        with pytest.raises(StoreDown):
            put(recorder, "lists/x", lambda: end_connections(postgres))
        assert recorder.head() == 0
        assert recorder.heartbeat()[1] == 0
        put(recorder, "lists/x")
        assert [each.position for each in recorder.after(0, 9)] == [1]


def test_a_writer_that_stands_still_with_the_lock_loses_it(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped holds up the others for so long, not for ever."""
    with closing(store.recorder(SystemClock())) as patient:
        monkeypatch.setitem(
            postgres_connection.SERVER, "idle_in_transaction_session_timeout", "50ms"
        )
        with closing(store.recorder(SystemClock())) as still:
            with pytest.raises(StoreDown):
                put(still, "lists/x", lambda: put(patient, "lists/y"))
            assert [each.stream for each in still.after(0, 9)] == ["lists/y"]


def test_a_writer_that_stands_still_while_it_sends_rows_loses_the_lock(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No time-out of the server ends a COPY whose client is silent: who waited in vain does."""
    with closing(store.recorder(SystemClock())) as still, still._writer.use() as db:
        monkeypatch.setitem(postgres_connection.SERVER, "lock_timeout", "50ms")
        monkeypatch.setattr(postgres_writing, "STALLED_SECONDS", 0)
        lock(db, still.place)
        with pytest.raises(psycopg.OperationalError), db.cursor() as cursor:  # noqa: PT012, SIM117 the error is that of leaving the copy
            with cursor.copy(INTO_LOG) as copy, closing(store.recorder(SystemClock())) as other:
                copy.write(b"")
                with pytest.raises(StoreBusy):
                    put(other, "lists/y")
                put(other, "lists/y")
                assert [each.stream for each in other.after(0, 9)] == ["lists/y"]


class LosesAnswers:
    """A way to the server that is cut, once, when the server has committed and said so."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._open = [socket.create_server(("127.0.0.1", 0))]
        self._threads: list[threading.Thread] = []
        self.port = self._open[0].getsockname()[1]
        self.cut = threading.Event()
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._open[0].accept()[0]
                server = socket.create_connection(self._server)
                self._open += [client, server]
                commits = threading.Event()
                self._start(self._asks, client, server, commits)
                self._start(self._answers, client, server, commits)

    def _asks(self, client: socket.socket, server: socket.socket, commits: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if b"UPDATE stamp" in data and not self.cut.is_set():
                    commits.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _answers(
        self, client: socket.socket, server: socket.socket, commits: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if commits.is_set() and b"COMMIT" in data:
                    self.cut.set()
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let nobody through any more."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()


def test_a_commit_whose_answer_was_lost_is_asked_for_again_and_stands_once(
    postgres: Postgres, store: PostgresStore, tmp_path: Path
) -> None:
    """StoreDown the first time; the second time the log says that it has the facts."""
    with closing(LosesAnswers(postgres.port)) as way:
        # The vault's way is the straight one.
        settings = store.settings | {
            "SUPERVISION_DATABASE": changed(store.url, port=way.port),
            "SUPERVISION_VAULT": store.url,
            "SUPERVISION_KEYS": store.url,
        }
        batch = [accepted(1), accepted(2)]
        with closing(Record(tmp_path, SystemClock(), settings)) as record:
            with pytest.raises(StoreDown):
                record.append_facts(batch)
            assert way.cut.is_set()
            assert record.append_facts(batch) == [Outcome("had", 1), Outcome("had", 2)]
            assert record.head() == 2


# Death

BATCH = 20

WRITER = f"""
import sys
from datetime import datetime
from pathlib import Path
from threading import Event
from supervision.clock import SystemClock
from supervision.errors import SupervisionError
from supervision.facts import CaseAccepted
from supervision.record import Incoming, Record

home, url, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
at = datetime.fromisoformat("2026-11-20T09:30:00+08:00")
settings = {{"PERSISTENCE_MODULE": "supervision.store.postgres", "SUPERVISION_DATABASE": url}}

def insisted(work, *args):
    while True:
        try:
            return work(*args)
        except SupervisionError as error:
            if not error.retry:
                raise
            print("again", type(error).__name__, flush=True)
            Event().wait(0.02)

def fact(number, i):
    case_no = f"{{name}}-{{i % 7}}"
    told = f"{{name}}-{{number}}-{{i}}"
    return CaseAccepted(id=told, source="hz", case_no=case_no, occurred_at=at)

record = insisted(Record, home, SystemClock(), settings)
number = 0
while True:
    batch = [Incoming(fact(number, i), {{"note": "n" * 50}}) for i in range({BATCH})]
    outcomes = insisted(record.append_facts, batch)
    for incoming, outcome in zip(batch, outcomes):
        print(incoming.fact.id, outcome.position)
    print("done", number, flush=True)
    number += 1
"""


class Writer:
    """A process that writes until it is killed, and tells what was acknowledged."""

    def __init__(self, home: Path, url: str, name: str) -> None:
        command = [sys.executable, "-c", WRITER, str(home), url, name]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._done = 0
        self.acknowledged: dict[str, int] = {}
        self.again = 0

    def go_on(self, batches: int) -> None:
        """Wait until so many more batches are acknowledged."""
        assert self._process.stdout is not None
        wanted = self._done + batches
        while self._done < wanted:
            line = self._process.stdout.readline()
            assert line, "the writer died by itself"
            self._take(line)

    def _take(self, line: str) -> None:
        first, _, rest = line.strip().partition(" ")
        if first == "done":
            self._done += 1
        elif first == "again":
            self.again += 1
        elif line.endswith("\n"):
            self.acknowledged[first] = int(rest)

    def kill(self) -> None:
        """SIGKILL; what it said before counts."""
        self._process.send_signal(signal.SIGKILL)
        assert self._process.stdout is not None
        for line in self._process.stdout.readlines():
            self._take(line)
        self._process.stdout.close()
        self._process.wait()


@pytest.mark.integration
def test_what_was_acknowledged_outlives_the_servers_death_in_a_burst(
    postgres: Postgres, store: PostgresStore, tmp_path: Path
) -> None:
    """Killed three times under two writers, which go on by themselves when it is there again.

    Every acknowledged fact stands where it was said to be, once; positions and versions have no
    gap, no batch is there by halves, and every text is opened.
    """
    dice = random.Random(11)
    writers = [Writer(tmp_path / name, store.url, name) for name in ("a", "b")]
    for _ in range(3):
        for writer in writers:
            writer.go_on(dice.randrange(1, 30))
        postgres.kill()
        postgres.start()
    for writer in writers:
        writer.go_on(5)
        writer.kill()
    assert all(writer.again for writer in writers)
    acknowledged = writers[0].acknowledged | writers[1].acknowledged
    with opened(tmp_path / "a", store) as record:
        check(record, acknowledged)


def check(record: Record, acknowledged: dict[str, int]) -> None:
    """The log is whole, and has what was acknowledged."""
    log = record.read(0, 1_000_000)
    facts = {each.position: each.event for each in log}
    found = {fact.id: at for at, fact in facts.items() if isinstance(fact, Fact)}
    assert acknowledged.items() <= found.items()
    assert list(facts) == list(range(1, len(log) + 1))
    assert len(found) == len(log)
    versions: dict[str, int] = {}
    sizes: dict[int, int] = {}
    for each in log:
        assert each.version == versions.get(each.stream, 0) + 1
        versions[each.stream] = each.version
        sizes[each.recorded_at] = sizes.get(each.recorded_at, 0) + 1
    assert set(sizes.values()) == {BATCH}
    texts = [record.texts(fact) for fact in facts.values() if isinstance(fact, Fact)]
    assert all(text == {"note": "n" * 50} for text in texts)


HOLDER = """
import sys
from threading import Event
from supervision.clock import SystemClock
from supervision.store.postgres import Recorder

with Recorder(sys.argv[1], SystemClock()).transaction() as writing:
    writing.put("lists/x", 1, "T/1", b"{}")
    print("holds", flush=True)
    Event().wait()
"""


@pytest.mark.integration
def test_who_dies_with_the_lock_holds_nobody_up(store: PostgresStore, tmp_path: Path) -> None:
    """SIGKILL inside a transaction: nothing of it is stored, and who waits for the lock has it.

    The waiting one would say StoreBusy, were the lock not let go.
    """
    outcomes: list[Any] = []
    command = [sys.executable, "-c", HOLDER, store.url]
    with (
        opened(tmp_path, store) as record,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds\n"
        waiting = threading.Thread(
            target=lambda: outcomes.extend(record.append_facts([accepted(1)]))
        )
        waiting.start()
        holder.kill()
        waiting.join()
        assert outcomes == [Outcome("stored", 1)]
        assert len(record.read(0, 9)) == 1
