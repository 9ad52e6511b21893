"""ClickHouse as a server, through clickhouse-driver: any version from Debian's of 2018 on.

One client a thread, as the driver wants it; it connects anew after the server was restarted.
Parameters go as literals (literals.py), settings that a server does not know are left out.

**The fence.** A claim is a number in the table `writers`, greater than all before it. A block is
sent into a temporary table of the connection and stored by one statement, which the server refuses
unless its claim is the greatest: `insert into T select … from block where throwIf(…)`. Whoever
claims then ends the storing statements that began before (`kill query … sync`, by their ids), so
that none of them is under way once `claim` returns, and those that begin later read the new claim.
A writer may sleep before, between and after its statements for as long as it likes. In the same way
an insert whose answer was lost is ended before anything else is asked, so that what the next query
tells about it stays so (docs/decisions/0013).
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from clickhouse_driver import Client
from clickhouse_driver.errors import Error, ErrorCodes

from .clickhouse_errors import TAKEN, code_of, translated
from .literals import MOST_SQL, filled
from .schema import EXTRAS_FROM, THROUGH, VERSION, Table, Version
from .warehouse import (
    AddressWrong,
    Scalar,
    WarehouseError,
    WarehouseTaken,
    WarehouseTooOld,
)

OLDEST: Version = (18, 16)
CONNECT = 5
"""Seconds until a server that takes no connection counts as down …"""
ANSWER = 60
"""… and one that says nothing, not even progress, in the middle of a query."""
RANDOM_BITS = 32
"""Under the counted ones of a claim: two that claim at once do not get the same number."""
PLAIN_SQL = 50_000
"""Characters of a statement that every server takes without being told a new limit; who may only
read may not tell it one."""
MOST_ROWS = 2**40
"""Rows that the driver sends as one block."""

DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NOT_OURS = frozenset({"alt_hosts", "round_robin", "use_numpy", "strings_as_bytes"})
"""Options of the driver that would put a claim on one server and a block on another, or change
what rows are made of."""

WHOLE_BLOCK = {
    "max_block_size": 100_000_000,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 0,
    "max_threads": 1,
}
"""One insert, one part: what the resume positions rest upon."""
WHOLE_BLOCK_LATER = {"max_insert_threads": 1, "async_insert": 0}
"""The same of servers that know these."""

WRITERS = "create table if not exists writers (claim UInt64) engine = MergeTree() order by claim"
LAST_CLAIM = "select max(claim) from writers"
STORE = (
    "insert into {table} ({names}) select {names} from block"
    f" where throwIf(({LAST_CLAIM}) != {{claim}}) = 0"
)
END = "kill query where position(query_id, {ids:String}) = 1 sync"

logging.getLogger("clickhouse_driver").setLevel(logging.ERROR)  # what it warns of, we raise


class ClickhouseEngine:
    """An Engine (warehouse.py) on a database of a server; connects when first asked."""

    def __init__(self, url: str) -> None:
        """`clickhouse://user:password@host:port/database`, or clickhouses:// for TLS.

        Special characters of the password are percent-encoded; what follows a `?` is the driver's
        (`ca_certs=…`). Raises AddressWrong.
        """
        self._url = _parsed(url)
        self._clients: dict[threading.Thread, Client] = {}
        self._guard = threading.Lock()
        self._closed = False
        self._count = count()
        self._settling = threading.Lock()
        self._unsettled: set[int] = set()

    def __repr__(self) -> str:
        return f"ClickhouseEngine({self.where})"

    @property
    def database(self) -> str:
        """Its name."""
        return self._url.path[1:]

    @property
    def where(self) -> str:
        """Server and database, as messages name them."""
        return f"{self._url.netloc.rpartition('@')[2]}/{self.database}"

    @cached_property
    def version(self) -> Version:
        """Of the server, as it was when first asked."""
        return _version(self._ask("select version()")[0][0])

    def at(self, database: str) -> ClickhouseEngine:
        """Another database of the same server, with connections of its own."""
        return ClickhouseEngine(self._url._replace(path=f"/{database}").geturl())

    def create_database(self) -> bool:
        """Make it; False if it was there. Of two that try at once one makes it."""
        try:
            self._ask_outside(f"create database {self.database}")
        except WarehouseError as error:
            if code_of(error.__cause__) == ErrorCodes.DATABASE_ALREADY_EXISTS:
                return False
            raise
        return True

    def drop_database(self) -> None:
        """Remove it with all its tables, if it is there."""
        self._ask_outside(f"drop database if exists {self.database}")

    def databases(self) -> list[str]:
        """All databases of the server that the user may see."""
        return [name for (name,) in self._ask_outside("select name from system.databases")]

    def command(self, sql: str) -> None:
        """Execute a statement that returns nothing."""
        self._ask(sql)

    def claim(self) -> int:
        """A claim greater than all before it; what they had under way has ended."""
        self._ask(WRITERS + (THROUGH if self.version >= EXTRAS_FROM else ""))
        counted = self._last_claim() >> RANDOM_BITS
        mine = (counted + 1 << RANDOM_BITS) + secrets.randbits(RANDOM_BITS)
        self._ask("insert into writers (claim) values", [[mine]])
        self._end(f"{self.database}/")
        if self._last_claim() != mine:
            raise WarehouseTaken("writers")
        return mine

    def insert(self, table: Table, columns: Sequence[Sequence[object]], claim: int) -> None:
        """Store one block as one part, if the claim is the last."""
        names = ", ".join(column.name for column in table.columns)
        types = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        client = self._client()
        try:
            self._ask(f"create temporary table block ({types})")
            client.connection.disable_reconnect = True  # the block would not be there
            self._ask(f"insert into block ({names}) values", columns)
            self._store(table.name, names, claim)
            self._ask("drop table block")
        except BaseException:
            client.disconnect()
            raise
        finally:
            client.connection.disable_reconnect = False

    def query(self, sql: str, params: dict[str, object]) -> list[tuple[Scalar, ...]]:
        """Rows of numbers and strings."""
        text = filled(sql, params)
        self._settle()
        rows: list[tuple[Scalar, ...]] = self._ask(text)
        return rows

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            self._closed = True
            for client in self._clients.values():
                client.disconnect()
            self._clients.clear()

    def _store(self, table: str, names: str, claim: int) -> None:
        """Let the server take the block, unless somebody has claimed since."""
        sql = STORE.format(table=table, names=names, claim=claim)
        query_id = f"{self.database}/{claim}/{next(self._count)}"
        settings = self._whole_block
        try:
            with self._translating() as client:
                client.execute(sql, settings=settings, query_id=query_id)
        except BaseException as error:
            code = code_of(error.__cause__)
            if code == TAKEN:
                raise WarehouseTaken(table) from error
            if code is None:
                self._unsettled.add(claim)
            raise

    @cached_property
    def _whole_block(self) -> dict[str, int]:
        return WHOLE_BLOCK | (WHOLE_BLOCK_LATER if self.version >= EXTRAS_FROM else {})

    def _settle(self) -> None:
        """End what inserts left under way whose answer was lost. The writer waits here too before
        it begins another, so that none is ended which is awaited.
        """
        if self._unsettled:
            with self._settling:
                for claim in tuple(self._unsettled):
                    self._end(f"{self.database}/{claim}/")
                    self._unsettled.discard(claim)

    def _end(self, ids: str) -> None:
        """End the statements whose id begins so; returns when they are over."""
        self._ask(filled(END, {"ids": ids}))

    def _last_claim(self) -> int:
        return int(self._ask(LAST_CLAIM)[0][0])

    def _ask(self, sql: str, columns: Sequence[Sequence[object]] | None = None) -> Any:
        """Rows of a question; with columns, an insert of them as one block."""
        settings: dict[str, int] = {}
        if columns is not None:
            settings["insert_block_size"] = MOST_ROWS
        elif len(sql) > PLAIN_SQL:
            settings["max_query_size"] = MOST_SQL
        with self._translating() as client:
            return client.execute(sql, columns, columnar=columns is not None, settings=settings)

    def _ask_outside(self, sql: str) -> Any:
        """As a user who is in no database, so that ours need not be there."""
        with self._translating(_client(self._url._replace(path=""))) as client, client:
            return client.execute(sql)

    @contextmanager
    def _translating(self, client: Client | None = None) -> Iterator[Client]:
        """This thread's client, or the one given; what it raises comes as one of our errors."""
        client = client or self._client()
        try:
            yield client
        except (Error, OSError, EOFError) as error:
            user = unquote(self._url.username or "default")
            raise translated(error, self.where, user) from error

    def _client(self) -> Client:
        """This thread's; those of threads that have ended are closed on the way."""
        thread = threading.current_thread()
        with self._guard:
            if self._closed:
                raise WarehouseError(f"{self.where}: this warehouse was closed")
            if thread not in self._clients:
                self._clients[thread] = _client(self._url)
                for ended in [one for one in self._clients if not one.is_alive()]:
                    self._clients.pop(ended).disconnect()
            return self._clients[thread]


def generations(engine: ClickhouseEngine) -> list[int]:
    """The numbers n of the databases `<database>_<VERSION>_<n>` that there are, oldest first.

    VERSION is that of the schema: a program with other tables neither sees nor writes them.
    """
    pattern = re.compile(rf"{engine.database}_{VERSION}_([1-9][0-9]*)")
    found = map(pattern.fullmatch, engine.databases())
    return sorted(int(one.group(1)) for one in found if one)


def generation(engine: ClickhouseEngine, number: int) -> ClickhouseEngine:
    """A generation of the warehouse that the engine's database is named after."""
    return engine.at(f"{engine.database}_{VERSION}_{number}")


def begin_generation(engine: ClickhouseEngine) -> int:
    """Make an empty one, newer than all there are; its number, which nobody else was given."""
    number = max(generations(engine), default=0) + 1
    while not generation(engine, number).create_database():
        number += 1
    return number


def _client(url: SplitResult) -> Client:
    """Not connected yet."""
    options = {"connect_timeout": CONNECT, "send_receive_timeout": ANSWER, "tcp_keepalive": True}
    query = urlencode(options | dict(parse_qsl(url.query)))
    return Client.from_url(url._replace(query=query).geturl())


def _parsed(url: str) -> SplitResult:
    """An address of one server and a database. Raises AddressWrong."""
    try:
        parts = urlsplit(url)
        fits = (
            parts.scheme in ("clickhouse", "clickhouses")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and DATABASE.fullmatch(parts.path[1:]) is not None
            and not NOT_OURS & dict(parse_qsl(parts.query)).keys()
            and not parts.fragment
        )
    except ValueError:
        fits = False
    if not fits:
        raise AddressWrong
    return parts


def _version(text: str) -> Version:
    """Raises WarehouseTooOld."""
    year, number, *_ = text.split(".")
    version = int(year), int(number)
    if version < OLDEST:
        raise WarehouseTooOld(text, OLDEST)
    return version
