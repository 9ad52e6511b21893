"""The cluster's servers for tests: started when first asked for, gone at the session's end.

Imported by tests/conftest.py alone, so that there is one of each for all folders of tests. A test
that uses one is marked `cluster`. The fixtures fail, in one line, where a package is missing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tools.services import Clickhouse, Kafka, Postgres, Server

S = TypeVar("S", bound=Server)


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder that the user `postgres` may enter, as pytest's own may not be."""
    folder = Path(tempfile.mkdtemp(prefix="supervision-servers-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def started(server: S) -> Iterator[S]:
    """A server that answers; killed afterwards, as an orderly end would write what then goes."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[Postgres]:
    """One PostgreSQL for the session: `postgres.fresh(name)` gives a test its own database."""
    with started(Postgres(servers_folder / "postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def clickhouse(servers_folder: Path) -> Iterator[Clickhouse]:
    """One ClickHouse for the session: `clickhouse.fresh(name)` gives a test its own database."""
    with started(Clickhouse(servers_folder / "clickhouse")) as server:
        yield server


@pytest.fixture(scope="session")
def kafka(servers_folder: Path) -> Iterator[Kafka]:
    """One Kafka for the session: a test gives its topics names of their own."""
    with started(Kafka(servers_folder / "kafka")) as server:
        yield server
