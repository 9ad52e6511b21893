"""What may be wrong with a ClickHouse server or its address: told in one line, never with the
password, and by its class whether it helps to try again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from clickhouse_driver.errors import ErrorCodes, NetworkError, ServerException

from projections import schema
from projections.clickhouse import (
    ClickhouseEngine,
    _version,
)
from projections.clickhouse_errors import translated
from projections.warehouse import (
    AddressWrong,
    Warehouse,
    WarehouseDown,
    WarehouseError,
    WarehouseFull,
    WarehouseMissing,
    WarehouseRefused,
    WarehouseTooOld,
)
from tests.cluster.test_clickhouse import opened, shown
from tests.warehouse_history import DAY_OF, History
from tools.services import Clickhouse

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def history() -> History:
    """A short one."""
    return History(seed=19, changes=80)


@pytest.fixture
def url(clickhouse: Clickhouse) -> str:
    """An empty database."""
    return clickhouse.fresh("errors")


def wrong_password(url: str) -> str:
    """Another, as long."""
    user, _, where = url.partition("@")
    return f"{user[:-3]}---@{where}"


REFUSALS: dict[str, tuple[Callable[[str], str], type[WarehouseError], str]] = {
    "nobody listens": (
        lambda url: "clickhouse://u:s3cret@127.0.0.1:1/d",
        WarehouseDown,
        "127.0.0.1:1/d: no answer",
    ),
    "no such host": (
        lambda url: "clickhouse://u:s3cret@nowhere.invalid/d",
        WarehouseDown,
        "nowhere.invalid/d: no answer",
    ),
    "wrong password": (wrong_password, WarehouseRefused, "user supervision is not let in"),
    "no such user": (
        lambda url: url.replace("supervision:", "nobody:"),
        WarehouseRefused,
        "user nobody is not let in",
    ),
    "no such database": (
        lambda url: f"{url}_nowhere",
        WarehouseMissing,
        "there is no such database: make it",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_wrong_is_told_in_a_line_without_the_password(url: str, case: str) -> None:
    """By the error's class, whether trying again helps; in words, what to do."""
    make, kind, words = REFUSALS[case]
    address = make(url)
    password = address.split(":")[2].partition("@")[0]
    engine = ClickhouseEngine(address)
    with closing(engine), pytest.raises(WarehouseError, match=words) as told:
        engine.query("select 1", {})
    assert type(told.value) is kind
    assert kind.retry == issubclass(kind, WarehouseDown)
    chain = f"{told.value} {told.value!r} {told.value.__cause__!r} {engine!r}"
    assert "\n" not in str(told.value)
    assert password not in chain


@pytest.mark.parametrize(
    "address",
    [
        "",
        "clickhouse://",
        "clickhouse://u:s3cret@host",
        "clickhouse://u:s3cret@host/",
        "clickhouse://u:s3/cret@host:9000/d",
        "clickhouse://u:s3#cret@host:9000/d",
        "clickhouse://u:s3cret@host:90000/d",
        "clickhouse://u:s3cret@host:9000/d-e",
        "clickhouse://u:s3cret@host:9000/d/e",
        "clickhouse://u:s3cret@host:9000/d?alt_hosts=other:9000",
        "postgresql://u:s3cret@host:9000/d",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(address: str) -> None:
    """It may hold a password, in whatever place."""
    with pytest.raises(AddressWrong, match="percent-encoded") as told:
        ClickhouseEngine(address)
    assert "cret" not in f"{told.value!r} {told.value.__cause__!r}"


def test_a_password_may_hold_anything_when_it_is_encoded(url: str) -> None:
    """It is told to the server as it is, which does not know it."""
    engine = ClickhouseEngine(url.replace("supervision:", "supervision:p%40ss%2F%23%3A", 1))
    assert engine.where.startswith("127.0.0.1:")
    with closing(engine), pytest.raises(WarehouseRefused):
        engine.query("select 1", {})


def test_who_may_only_read_reads_and_is_told_when_writing(
    clickhouse: Clickhouse, url: str, history: History
) -> None:
    """Questions need no right to settings; a claim is refused."""
    with opened(url) as warehouse, opened(url) as other:
        warehouse.write(history.batch(0, 80))
        before = shown(warehouse)
        looker = Warehouse(ClickhouseEngine(f"{url}?readonly=1"), DAY_OF)
        assert shown(looker) == before
        with pytest.raises(WarehouseRefused, match="give it the right"):
            looker.resume_from()
        looker.close()
        other.write(history.batch(0, 80))


def test_too_many_parts_and_too_little_memory_can_be_tried_again(url: str) -> None:
    """Merges catch up, other queries end."""
    with opened(url) as warehouse:
        warehouse.drop_all()
        few = " settings parts_to_throw_insert = 1, parts_to_delay_insert = 1"
        warehouse._engine.command(schema.ddl(schema.SLOTS, (18, 16)) + few)
        warehouse.insert("slots", [(1, "d", 1, 0, 0, 0)])
        with pytest.raises(WarehouseFull, match="merges are behind"):
            warehouse.insert("slots", [(2, "d", 1, 0, 0, 0)])
        assert warehouse.query("select sum(received) from slots") == [(1,)]
    small = ClickhouseEngine(f"{url}?max_memory_usage=1000000")
    with closing(small), pytest.raises(WarehouseFull, match="max_memory_usage"):
        small.query("select uniqExact(number) from system.numbers limit 1", {})


SAID = "DB::Exception: {}. Stack trace:\n\n0. /usr/lib/libclickhouse.so(_ZN2DB)"
FAILURES = [
    (NetworkError("Connection refused (10.0.0.1:9000)"), WarehouseDown, "no answer"),
    (TimeoutError("timed out"), WarehouseDown, "timed out"),
    (EOFError("Unexpected EOF while reading bytes"), WarehouseDown, "no answer"),
    (ServerException(SAID.format("x"), 516), WarehouseRefused, "not let in"),
    (ServerException(SAID.format("Not enough privileges"), 497), WarehouseRefused, "privileges"),
    (ServerException(SAID.format("x"), ErrorCodes.NOT_ENOUGH_SPACE), WarehouseFull, "make room"),
    (
        ServerException(SAID.format("Cannot write, errno: 28, No space left on device"), 75),
        WarehouseFull,
        "make room",
    ),
    (
        ServerException(SAID.format("x"), ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES),
        WarehouseFull,
        "max_concurrent_queries",
    ),
    (ServerException(SAID.format("x"), ErrorCodes.QUERY_WAS_CANCELLED), WarehouseDown, "again"),
    (ServerException(SAID.format("x"), ErrorCodes.UNKNOWN_TABLE), WarehouseMissing, "tables"),
    (ServerException(SAID.format("x"), 359), WarehouseError, "max_table_size_to_drop"),
    (ServerException(SAID.format("long " * 500), 1), WarehouseError, "…"),
]


@pytest.mark.parametrize(("error", "kind", "words"), FAILURES)
def test_what_servers_say_becomes_one_line(
    error: Exception, kind: type[WarehouseError], words: str
) -> None:
    """Also what could not be brought about here: a full disk, a later server's codes."""
    told = translated(error, "10.0.0.1:9000/d", "wall")
    assert type(told) is kind
    assert words in str(told)
    assert "\n" not in str(told)
    assert "Stack trace" not in str(told)
    assert len(str(told)) < 500


def test_a_server_older_than_any_tried_is_refused() -> None:
    """By its version."""
    with pytest.raises(WarehouseTooOld, match=r"ClickHouse 1\.1\.54394: 18\.16 is the oldest"):
        _version("1.1.54394")
    assert _version("18.16.1") < schema.EXTRAS_FROM <= _version("26.5.1.882")
