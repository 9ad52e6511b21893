"""One engine for all contract tests of the warehouse, and then the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections.chdb import ChdbEngine
from projections.clickhouse import ClickhouseEngine
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF


@pytest.fixture(
    scope="session", params=["chdb", pytest.param("clickhouse", marks=pytest.mark.cluster)]
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One engine a process: chDB allows no second folder beside the first."""
    opened = _chdb(request) if request.param == "chdb" else _clickhouse(request)
    yield opened
    opened.close()


def _chdb(request: pytest.FixtureRequest) -> Engine:
    folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return ChdbEngine(folders.mktemp("warehouse"))


def _clickhouse(request: pytest.FixtureRequest) -> Engine:
    return ClickhouseEngine(request.getfixturevalue("clickhouse").fresh("contract"))


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    """Empty tables."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    return made
