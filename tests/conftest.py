"""For every test: a home of its own, so that nothing touches the operator's; the servers; the same
examples of each property on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from projections.chdb import ChdbEngine
from tests.servers import clickhouse, kafka, postgres, servers_folder

__all__ = ["chdb", "clickhouse", "home", "kafka", "postgres", "servers_folder"]

settings.register_profile("everywhere", derandomize=True, database=None, deadline=None)
settings.load_profile("everywhere")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SUPERVISION_HOME in the test's own folder, for it and the processes that it starts."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SUPERVISION_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def chdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbEngine]:
    """One engine a process: chDB allows no second folder beside the first. Tables of other tests
    may be in it.
    """
    opened = ChdbEngine(tmp_path_factory.mktemp("warehouse"))
    yield opened
    opened.close()
