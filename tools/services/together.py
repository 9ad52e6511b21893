"""The three servers in one folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from .clickhouse import Clickhouse
from .kafka import Kafka
from .postgres import Postgres
from .server import FolderInUse, Server


class Ports(NamedTuple):
    """Where each listens; None: where it did last time, else anywhere free."""

    postgres: int | None = None
    clickhouse: int | None = None
    kafka: int | None = None


ANYWHERE = Ports()


class Services:
    """PostgreSQL, ClickHouse and Kafka below `folder`; their data is found again next time."""

    def __init__(self, folder: Path, ports: Ports = ANYWHERE) -> None:
        self.folder = folder.resolve()
        self.postgres = Postgres(self.folder / "postgres", ports.postgres)
        self.clickhouse = Clickhouse(self.folder / "clickhouse", ports.clickhouse)
        self.kafka = Kafka(self.folder / "kafka", ports.kafka)
        self._lock: int | None = None

    @property
    def all(self) -> tuple[Server, ...]:
        """The three."""
        return (self.postgres, self.clickhouse, self.kafka)

    def settings(self) -> dict[str, str]:
        """The environment that a cluster's roles need, and that of who prepares its databases."""
        return {
            "SUPERVISION_DATABASE": self.postgres.url,
            "SUPERVISION_KAFKA": self.kafka.bootstrap,
            "SUPERVISION_CLICKHOUSE": self.clickhouse.url,
            "SUPERVISION_OWNER": self.postgres.owner_url,
        }

    def start(self) -> None:
        """All three at once; returns when all answer. Whatever it raises, none is left running.

        Raises ServerError, FolderInUse if another process has its servers there.
        """
        self._take_folder()
        try:
            for server in self.all:
                server.launch()
            for server in self.all:
                server.await_answer()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """All three, in order."""
        for server in reversed(self.all):
            server.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(self.folder) from None
