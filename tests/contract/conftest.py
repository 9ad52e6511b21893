"""One engine for all contract tests of the warehouse: chDB allows no second folder a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projections.chdb import ChdbEngine
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF


@pytest.fixture(scope="session", params=["chdb"])
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine a process: chDB allows no second folder beside the first."""
    opened = ChdbEngine(tmp_path_factory.mktemp("warehouse"))
    yield opened
    opened.close()


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    """Empty tables."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    return made
