"""The servers without Docker: what the other tests of the cluster lean on."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.product import until
from tools.services import Clickhouse, Kafka, PortInUse, Postgres, Server, ServerError
from tools.services import postgres as postgres_module
from tools.services.kafka import jars
from tools.services.server import (
    HELD,
    DidNotStart,
    FolderInUse,
    Missing,
    family,
    living,
    process,
)

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
KINDS = ("postgres", "clickhouse", "kafka")
CLASSES: dict[str, type[Server]] = {
    "postgres": Postgres,
    "clickhouse": Clickhouse,
    "kafka": Kafka,
}
LISTENING = "0A"
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same as an address of version 6, and ::1, as /proc/net writes them."""


class Served(NamedTuple):
    """A running server, how to keep numbers in it in a place of their own, and get them back."""

    server: Server
    where: str
    write: Callable[[int], None]
    read: Callable[[], list[int]]


def in_postgres(server: Postgres) -> Served:
    """A table; a transaction a number."""
    owner, _ = server.fresh("served")
    with psycopg.connect(owner) as db:
        db.execute("CREATE TABLE kept (n int)")

    def write(n: int) -> None:
        with psycopg.connect(owner) as db:
            db.execute("INSERT INTO kept VALUES (%s)", (n,))

    def read() -> list[int]:
        with psycopg.connect(owner) as db:
            return [n for (n,) in db.execute("SELECT n FROM kept ORDER BY n")]

    return Served(server, owner, write, read)


def in_clickhouse(server: Clickhouse) -> Served:
    """A table, of a type that is an extra; a block a number."""
    url = server.fresh("served")
    with Client.from_url(url) as db:
        columns = "n Int32, word LowCardinality(String)"
        db.execute(f"CREATE TABLE kept ({columns}) ENGINE = MergeTree ORDER BY n")

    def write(n: int) -> None:
        with Client.from_url(url) as db:
            db.execute("INSERT INTO kept VALUES", [(n, "word")])

    def read() -> list[int]:
        with Client.from_url(url) as db:
            return [n for (n,) in db.execute("SELECT n FROM kept ORDER BY n")]

    return Served(server, url, write, read)


TOPICS = (f"served-{n}" for n in count())


def in_kafka(server: Kafka) -> Served:
    """A topic; a message a number, acknowledged."""
    topic = next(TOPICS)

    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, 1, 1)])
        finally:
            await admin.close()

    async def write(n: int) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=server.bootstrap, enable_idempotence=True)
        async with producer:
            await producer.send_and_wait(topic, b"%d" % n)

    async def read() -> list[int]:
        async with AIOKafkaConsumer(topic, bootstrap_servers=server.bootstrap) as consumer:
            (partition,) = consumer.assignment()
            end = (await consumer.end_offsets([partition]))[partition]
            await consumer.seek_to_beginning(partition)
            return [int((await consumer.getone()).value) for _ in range(end)]

    asyncio.run(create())
    return Served(server, topic, lambda n: asyncio.run(write(n)), lambda: asyncio.run(read()))


KEEPING: dict[str, Callable[..., Served]] = {
    "postgres": in_postgres,
    "clickhouse": in_clickhouse,
    "kafka": in_kafka,
}


@pytest.fixture(params=KINDS)
def served(request: pytest.FixtureRequest) -> Served:
    """Each of the session's servers; it runs again afterwards whatever the test did."""
    server = request.getfixturevalue(request.param)
    server.start()
    return KEEPING[request.param](server)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The name of each kind of server."""
    return str(request.param)


def test_what_was_acknowledged_survives_a_kill(served: Served) -> None:
    """SIGKILL to all its processes; started again on its port it has all that it had."""
    served.write(1)
    served.server.kill()
    assert not served.server.running
    served.server.start()
    served.write(2)
    assert [1, 2] == served.read()


def test_a_held_server_goes_on_where_it_was(served: Served) -> None:
    """`pause` holds all its processes; after `resume` it answers."""
    served.write(1)
    served.server.pause()
    pids = family(served.server.pid)
    until(lambda: not active(pids), "its processes to be held")
    assert served.server.running
    served.server.resume()
    assert [1] == served.read()


def test_a_held_server_can_be_killed(served: Served) -> None:
    """Nothing of it is left, though nothing of it could react."""
    pids = family(served.server.pid)
    served.server.pause()
    served.server.kill()
    assert set(pids) & living().keys() == set()


def test_nothing_listens_beyond_loopback(served: Served) -> None:
    """Its ports are those that it names, and all on this machine's own address."""
    found = list(listening(family(served.server.pid)))
    assert {port for _, port in found} == set(served.server.ports)
    assert {address for address, _ in found} <= LOOPBACK


def test_a_port_in_use_is_told_in_one_line(kind: str, tmp_path: Path, postgres: Postgres) -> None:
    """With the port and what to do; nothing is made."""
    server = CLASSES[kind](tmp_path / "server", postgres.port)
    with pytest.raises(PortInUse, match=rf"port {postgres.port} .*: end what listens there.*$"):
        server.start()
    assert not server.folder.exists()
    assert not server.running


def test_a_missing_package_is_told_in_one_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(postgres_module, "PROGRAMS", tmp_path)
    with pytest.raises(Missing, match=f"was not found: run tools/system-packages {kind}$"):
        CLASSES[kind](tmp_path / "server").start()


def test_a_server_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    """In one line, with its log's last words."""
    server = Clickhouse(tmp_path / "clickhouse")
    server.folder.mkdir()
    (server.folder / "data").write_text("not a folder")
    with pytest.raises(DidNotStart, match=r"^ClickHouse ended while starting: .*data.*$"):
        server.start()
    assert not server.running


def test_a_maven_that_fails_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its first error; half a set of jars is not taken for all of it."""
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho '[ERROR] no way to the repository'\necho '[ERROR]'\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SUPERVISION_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ServerError, match=r"^Kafka: Maven .*: no way to the repository$"):
        jars()
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_fresh_database_is_empty_each_time(postgres: Postgres, clickhouse: Clickhouse) -> None:
    """One of the same name is gone, with who was in it."""
    owner, _ = postgres.fresh("fresh")
    with psycopg.connect(owner, autocommit=True) as db:
        db.execute("CREATE TABLE kept ()")
        owner, _ = postgres.fresh("fresh")
    with psycopg.connect(owner) as db:
        db.execute("CREATE TABLE kept ()")
    for _ in range(2):
        with Client.from_url(clickhouse.fresh("fresh")) as client:
            assert [] == client.execute("SHOW TABLES")
            client.execute("CREATE TABLE kept (n Int32) ENGINE = Memory")


def test_the_products_role_owns_nothing(postgres: Postgres) -> None:
    """It may neither create nor see what the owner has not granted, and is no superuser."""
    owner, url = postgres.fresh("roles")
    with psycopg.connect(owner) as db:
        db.execute("CREATE TABLE kept ()")
    for statement in (b"CREATE TABLE own ()", b"SELECT * FROM kept", b"CREATE ROLE other"):
        with (
            psycopg.connect(url) as db,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            db.execute(statement)


def test_nobody_gets_in_without_a_password(postgres: Postgres, clickhouse: Clickhouse) -> None:
    """Not even from this machine."""
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(re.sub(":[^:@]+@", "@", postgres.superuser_url))
    with Client("127.0.0.1", port=clickhouse.port) as client, pytest.raises(ServerException):
        client.execute("SELECT 1")


def test_postgres_writes_through_to_the_disk(postgres: Postgres) -> None:
    """What it acknowledges is durable, not only in the system's cache."""
    with psycopg.connect(postgres.url) as db:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert ("on",) == db.execute(f"SHOW {setting}".encode()).fetchone()


def test_kafka_takes_messages_of_eight_mebibytes(kafka: Kafka) -> None:
    """A batch of events, and a bit less for the message around it."""
    served = in_kafka(kafka)

    async def send() -> int:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=8 << 20)
        async with producer:
            sent = await producer.send_and_wait(served.where, bytes((8 << 20) - 200))
        return int(sent.offset)

    assert 0 == asyncio.run(send())


def test_passwords_are_for_the_owners_eyes(postgres: Postgres, clickhouse: Clickhouse) -> None:
    """The file that keeps them is nobody else's to read."""
    for server in (postgres, clickhouse):
        assert (server.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
        assert server.folder.stat().st_mode & 0o777 == 0o700


ORPHAN = """
import sys
from pathlib import Path
from tools.services import Clickhouse
server = Clickhouse(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""


def test_a_server_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    """Even if that was killed: no test leaves a server behind."""
    command = [sys.executable, "-c", ORPHAN, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert pid in living()
        parent.kill()
    until(lambda: pid not in living(), "the server to end")


def test_the_three_in_the_foreground(servers_folder: Path) -> None:
    """`up` prints what to export, refuses a second one, ends in order and finds its data again."""
    folder = servers_folder / "up"
    with in_foreground(folder) as (program, told):
        settings = exported(told)
        assert settings == exported((folder / "environment").read_text())
        with psycopg.connect(settings["SUPERVISION_OWNER"]) as db:
            db.execute("CREATE TABLE kept AS SELECT 1 AS n")
        refused = up(folder).communicate()
        assert ("", f"{FolderInUse(folder)}\n") == refused
        program.terminate()
        assert 0 == program.wait()
    with in_foreground(folder) as (_, told):
        assert settings == exported(told)
        with psycopg.connect(settings["SUPERVISION_OWNER"]) as db:
            assert (1,) == db.execute("SELECT n FROM kept").fetchone()


def up(folder: Path) -> subprocess.Popen[str]:
    """`make services` without make."""
    command = [sys.executable, "-m", "tools.services", "up", "--folder", str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def in_foreground(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program, ready, and what it said until then."""
    with up(folder) as program:
        try:
            assert program.stdout is not None
            told = ""
            while "Ctrl-C" not in told:
                line = program.stdout.readline()
                assert line, program.communicate()
                told += line
            yield program, told
        finally:
            program.kill()


def exported(told: str) -> dict[str, str]:
    """The settings in what it said."""
    return dict(re.findall(r"^export (\w+)='(.+)'$", told, re.MULTILINE))


def active(pids: list[int]) -> list[int]:
    """Those of them that may still do something."""
    return [pid for pid in pids if (known := process(pid)) and known.state not in HELD]


def listening(pids: list[int]) -> Iterator[tuple[str, int]]:
    """(address, port) of the sockets on which these processes listen."""
    inodes = {inode for pid in pids for inode in sockets(pid)}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTENING and words[9] in inodes:
                    address, port = words[1].split(":")
                    yield address, int(port, 16)


def sockets(pid: int) -> Iterator[str]:
    """The inodes of a process's sockets; none if it has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                yield from re.findall(r"socket:\[(\d+)\]", str(link.readlink()))
