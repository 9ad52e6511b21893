"""The warehouse on a real server: killed, held, cut off, full, refusing; and its writers' fence."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from threading import Event, Semaphore, Thread

import pytest

from projections import queries, schema
from projections.clickhouse import (
    ClickhouseEngine,
)
from projections.figures import Wall
from projections.schema import Table
from projections.view import View
from projections.warehouse import (
    Warehouse,
    WarehouseDown,
    WarehouseError,
    WarehouseTaken,
)
from tests.warehouse_history import DAY_OF, NOW, ZONE, History
from tools.services import Clickhouse

pytestmark = pytest.mark.cluster

CHANGES = 600
STEP = 40
PATIENCE = 60
"""Seconds for what another thread does; only a failure takes them."""


@pytest.fixture(scope="module")
def history() -> History:
    return History(seed=19, changes=CHANGES)


@pytest.fixture
def url(clickhouse: Clickhouse) -> str:
    """An empty database."""
    return clickhouse.fresh("warehouse")


@contextmanager
def opened(url: str) -> Iterator[Warehouse]:
    """A warehouse with tables, on connections of its own."""
    with closing(Warehouse(ClickhouseEngine(url), DAY_OF)) as made:
        made.create()
        yield made


def shown(warehouse: Warehouse) -> Wall:
    """The wall of the test's present."""
    return queries.wall(View(warehouse, None), NOW, ZONE, "测试区", measured=0.0)


@pytest.fixture(scope="module")
def undisturbed(clickhouse: Clickhouse, history: History) -> tuple[Wall, list[tuple[int, ...]]]:
    """The wall and the rows of a warehouse to which nothing happened."""
    with opened(clickhouse.fresh("undisturbed")) as warehouse:
        warehouse.write(history.batch(0, CHANGES))
        return shown(warehouse), counts(warehouse)


def counts(warehouse: Warehouse) -> list[tuple[int, ...]]:
    """Of each table of the past, the rows that are no marks, and the sum of their positions."""
    sql = "select count(), sum(position) from {} where source != ''"
    past = [table.name for table in schema.TABLES if table.monthly]
    return [tuple(map(int, warehouse.query(sql.format(name))[0])) for name in past]


class Counting(ClickhouseEngine):
    """Tells each insert that is done."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.inserted = Semaphore(0)

    def insert(self, table: Table, columns: Sequence[Sequence[object]], claim: int) -> None:
        super().insert(table, columns, claim)
        self.inserted.release()


def keep_writing(engine: ClickhouseEngine, history: History, up: Event) -> int:
    """A follower's loop: from where the tables stand, again after each failure; how many."""
    failures = 0
    while True:
        try:
            warehouse = Warehouse(engine, DAY_OF)
            position = warehouse.resume_from()
            while position < CHANGES:
                warehouse.write(history.batch(position, position + STEP))
                position += STEP
            return failures
        except WarehouseDown:
            failures += 1
            assert up.wait(PATIENCE)


def test_a_server_killed_in_the_middle_of_inserts_loses_and_doubles_nothing(
    clickhouse: Clickhouse,
    url: str,
    history: History,
    undisturbed: tuple[Wall, list[tuple[int, ...]]],
) -> None:
    """Six times, between any two of a batch's inserts or within one: no position is half stored."""
    pick, up, engine = random.Random(23), Event(), Counting(url)
    with opened(url):
        pass
    with ThreadPoolExecutor(1) as one, closing(engine):
        writing = one.submit(keep_writing, engine, history, up)
        for _ in range(6):
            for _ in range(pick.randrange(1, 12)):
                assert engine.inserted.acquire(timeout=PATIENCE)
            up.clear()
            clickhouse.kill()
            clickhouse.start()
            with opened(url) as looker:
                assert_whole(looker, history)
            up.set()
        failures = writing.result(PATIENCE)

    with opened(url) as warehouse:
        assert failures > 0
        assert (shown(warehouse), counts(warehouse)) == undisturbed
        assert warehouse.resume_from() >= CHANGES - 1


def assert_whole(warehouse: Warehouse, history: History) -> None:
    """Each table of the past holds all rows up to its position and none after it."""
    for name, changes in (
        ("case_changes", history.case_changes),
        ("card_changes", history.card_changes),
    ):
        reached = warehouse.highest(name)
        held = [one for one in changes if one.position <= reached]
        rows = sum((one.old is not None) + (one.new is not None) for one in held)
        sql = f"select count() from {name} where source != ''"
        assert warehouse.query(sql) == [(rows,)]
    reached = warehouse.highest("events")
    assert warehouse.query("select count() from events") == [(reached,)]


class Paused(ClickhouseEngine):
    """Sleeps before the statement that stores its block, until woken."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asleep, self.wake = Event(), Event()

    def _store(self, table: str, names: str, claim: int) -> None:
        self.asleep.set()
        assert self.wake.wait(PATIENCE)
        super()._store(table, names, claim)


def test_a_writer_woken_in_the_middle_of_an_insert_stores_nothing(
    url: str, history: History, undisturbed: tuple[Wall, list[tuple[int, ...]]]
) -> None:
    """Its block was with the server already when another took over and went on."""
    engine = Paused(url)
    with opened(url) as other, ThreadPoolExecutor(1) as one, closing(engine):
        stale = one.submit(Warehouse(engine, DAY_OF).write, history.batch(0, 80))
        assert engine.asleep.wait(PATIENCE)
        other.write(history.batch(0, 120))
        engine.wake.set()

        with pytest.raises(WarehouseTaken, match="events"):
            stale.result(PATIENCE)

        other.write(history.batch(120, CHANGES))
        assert (shown(other), counts(other)) == undisturbed


MANY = 400_000
"""Rows that take the server a while to store."""
BLOCK = [(n, "d", 1, 0, 0, 0) for n in range(1, MANY)] + [(0, "", 0, 0, 0, MANY)]
RUNNING = "select count() from system.processes where position(query_id, 'warehouse/') = 1"


def test_an_insert_under_way_is_over_when_another_has_claimed(url: str) -> None:
    """What the tables hold then is what they will hold: the former writer adds nothing."""
    for _ in range(3):
        with opened(url) as former, opened(url) as other, ThreadPoolExecutor(1) as one:
            other.drop_all()
            other.create()
            former.resume_from()
            storing = one.submit(former.insert, "slots", BLOCK)
            while not storing.done() and other.query(RUNNING) == [(0,)]:
                pass
            other.resume_from()
            held = other.highest("slots")

            with suppress(WarehouseTaken, WarehouseDown):
                storing.result(PATIENCE)
            assert other.highest("slots") == held
            assert held in (0, MANY)


class Cut:
    """Between clients and a server; cuts their lines instead of the answer to a word, or when told.

    The server's side of a line stays: it does not know that nobody listens.
    """

    def __init__(self, port: int, word: bytes = b"") -> None:
        self._port, self._word = port, word
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._asked = Event()
        self.port = self._listening.getsockname()[1]
        self.was_cut = Event()
        self._threads: list[Thread] = []
        self._begin(self._accept)

    def cut(self) -> None:
        """End the lines that there are."""
        self.was_cut.set()
        ended(self._clients)

    def close(self) -> None:
        """End all."""
        sockets = [self._listening, *self._clients, *self._servers]
        ended(sockets)
        for thread in self._threads:
            thread.join(PATIENCE)
        for one in sockets:
            one.close()

    def _begin(self, work: Callable[..., None], *between: socket.socket) -> None:
        self._threads.append(Thread(target=work, args=between, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listening.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._port))
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._clients.append(client)
                self._servers.append(server)
                self._begin(self._ask, client, server)
                self._begin(self._answer, server, client)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                if self._word and self._word in data:
                    self._asked.set()
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if self._asked.is_set() and not self.was_cut.is_set():
                    self.cut()
                client.sendall(data)


def ended(sockets: list[socket.socket]) -> None:
    """Whoever reads from them reads no more."""
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("table", ["events", "open_cases", "daily"])
def test_a_block_whose_answer_was_lost_is_stored_once(
    clickhouse: Clickhouse,
    url: str,
    history: History,
    table: str,
    undisturbed: tuple[Wall, list[tuple[int, ...]]],
) -> None:
    """The writer that comes back asks where the table stands when its own insert is over."""
    with opened(url) as direct, closing(Cut(clickhouse.port, f"into {table} (".encode())) as cut:
        through = url.replace(f":{clickhouse.port}/", f":{cut.port}/")
        with closing(Warehouse(ClickhouseEngine(through), DAY_OF)) as warehouse:
            with pytest.raises(WarehouseDown):
                warehouse.write(history.batch(0, 120))
            assert cut.was_cut.is_set()
            warehouse.write(history.batch(0, 200))
            warehouse.write(history.batch(200, CHANGES))
        assert (shown(direct), counts(direct)) == undisturbed


def test_an_insert_whose_line_was_cut_is_over_when_its_writer_asks(
    clickhouse: Clickhouse, url: str
) -> None:
    """The server was still at it: what the writer is told of the table's position stays so."""
    for _ in range(3):
        with (
            opened(url) as direct,
            closing(Cut(clickhouse.port)) as cut,
            closing(ClickhouseEngine(url.replace(f":{clickhouse.port}/", f":{cut.port}/"))) as far,
            ThreadPoolExecutor(1) as one,
        ):
            direct.drop_all()
            direct.create()
            warehouse = Warehouse(far, DAY_OF)
            warehouse.resume_from()
            storing = one.submit(warehouse.insert, "slots", BLOCK)
            while not storing.done() and direct.query(RUNNING) == [(0,)]:
                pass
            cut.cut()
            with suppress(WarehouseDown):
                storing.result(PATIENCE)

            told = warehouse.highest("slots")

            while direct.query(RUNNING) != [(0,)]:
                pass
            assert direct.highest("slots") == told


def test_readers_of_every_thread_go_on_after_the_server_was_restarted(
    clickhouse: Clickhouse, url: str, history: History
) -> None:
    """While it is down each question says so; then the same connections serve again."""
    with opened(url) as warehouse, ThreadPoolExecutor(3) as readers:
        warehouse.write(history.batch(0, 80))
        ask = [readers.submit] * 3
        sql = "select count() from events"
        assert {one(warehouse.query, sql).result()[0] for one in ask} == {(80,)}
        clickhouse.kill()
        try:
            for one in ask:
                with pytest.raises(WarehouseDown, match="is the server up"):
                    one(warehouse.query, sql).result()
        finally:
            clickhouse.start()
        assert {one(warehouse.query, sql).result()[0] for one in ask} == {(80,)}


def test_a_server_that_hangs_is_down_and_not_waited_for_ever(
    clickhouse: Clickhouse, url: str
) -> None:
    """The address says how long; the default is a minute."""
    with opened(f"{url}?connect_timeout=1&send_receive_timeout=1&sync_request_timeout=1") as made:
        clickhouse.pause()
        try:
            with pytest.raises(WarehouseDown):
                made.query("select 1")
        finally:
            clickhouse.resume()
        assert made.query("select 1") == [(1,)]


def test_a_closed_warehouse_says_so(url: str) -> None:
    """To whoever still asks it, and does not connect again."""
    with opened(url) as warehouse:
        pass
    warehouse.close()
    with pytest.raises(WarehouseError, match="this warehouse was closed"):
        warehouse.query("select 1")


def test_extras_are_for_servers_that_have_them(url: str) -> None:
    """Debian's has the plain types."""
    with opened(url) as warehouse:
        version = warehouse._engine.version
        types = warehouse.query(
            "select distinct type from system.columns where database = currentDatabase()"
        )
    plain = {("String",), ("Date",), ("Int8",), ("Int32",), ("Int64",), ("UInt64",)}
    assert (set(types) == plain) == (version < schema.EXTRAS_FROM)
