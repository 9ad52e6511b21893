"""One engine for all contract tests of the warehouse, and then the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections.clickhouse import ClickhouseEngine
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF


@pytest.fixture(
    scope="session", params=["chdb", pytest.param("clickhouse", marks=pytest.mark.cluster)]
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """chDB, which all tests of a process share, or a database of the server."""
    if request.param == "chdb":
        yield request.getfixturevalue("chdb")
        return
    opened = ClickhouseEngine(request.getfixturevalue("clickhouse").fresh("contract"))
    yield opened
    opened.close()


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    """Empty tables."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    return made
