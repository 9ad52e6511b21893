"""A cluster of real processes: servers, and the roles as `supervise serve` starts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from projections.checking import Checked, check_rows
from supervision.clock import Clock, SystemClock
from supervision.record import Record
from supervision.runners.cluster.commands import prepare_databases
from supervision.runners.cluster.generations import open_warehouse
from supervision.runners.settings import Settings
from tests.product import SUPERVISE, free_port, until
from tests.visitor import Visitor, visitor
from tools.services import Clickhouse, Kafka, Postgres

STORE = "supervision.store.postgres"


class Process:
    """One role, running or not."""

    def __init__(self, town: Town, role: str, **settings: str) -> None:
        self.role = role
        self.told = free_port()
        self.port = free_port()
        self._town = town
        self._env = {
            "SUPERVISION_TOLD_PORT": str(self.told),
            "SUPERVISION_PORT": str(self.port),
            **settings,
        }
        self.log = town.home.parent / f"{role}-{self.told}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        """Start it; it may take a while until it is ready."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*SUPERVISE, "serve", self.role],
                env=self._town.env | self._env,
                stdout=log,
                stderr=log,
            )
        return self

    def ready(self) -> Process:
        """Wait until it says that it does its work."""
        until(self._is_ready, f"the {self.role} to be ready (see {self.log})")
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with suppress(urllib.error.URLError, OSError):
            return bool(self.get("/ready", self.told)["ready"])
        return False

    def get(self, path: str, port: int | None = None) -> Any:
        """A JSON answer: of the role's own port to an inspector, of another to anybody."""
        url = f"http://127.0.0.1:{port or self.port}{path}"
        if port is None:
            return self._town.visitor.get(url)
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    @property
    def posting(self) -> dict[str, str]:
        """The headers of an inspector's page of this role that asks for something."""
        return self._town.visitor.posting(f"http://127.0.0.1:{self.port}")

    def text(self, path: str) -> str:
        """An answer of the listener for health and metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.told}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9, in the middle of whatever it does."""
        self._send(signal.SIGKILL)
        self._wait()

    def pause(self) -> None:
        """Hold it back."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def stop(self) -> int:
        """End it as an operator does; its exit code."""
        self.tell_to_end()
        return self.ended()

    def tell_to_end(self) -> None:
        """As an operator does, and wait for nothing."""
        self._send(signal.SIGTERM)

    def ended(self) -> int:
        """Wait until it has; its exit code."""
        return self._wait()

    def _send(self, number: int) -> None:
        if self.process is not None and self.runs:
            self.process.send_signal(number)

    def _wait(self) -> int:
        assert self.process is not None
        return self.process.wait(timeout=60)


class Town:
    """The servers with a database, topics and a warehouse of the test's own, and its processes."""

    def __init__(
        self,
        home: Path,
        postgres: Postgres,
        kafka: Kafka,
        clickhouse: Clickhouse,
        *,
        lists: bool = True,
        **settings: str,
    ) -> None:
        """`lists`: with those that come with the product, recorded now."""
        self._lists = lists
        name = f"t{uuid4().hex[:10]}"
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.postgres, self.kafka, self.clickhouse = postgres, kafka, clickhouse
        self.owner, self.url = postgres.fresh(name)
        self.prefix = name
        self.warehouse_url = clickhouse.fresh(name)
        self.env = {
            **os.environ,
            "SUPERVISION_HOME": str(home),
            "SUPERVISION_DATABASE": self.url,
            "SUPERVISION_KAFKA": kafka.bootstrap,
            "SUPERVISION_TOPIC_PREFIX": name,
            "SUPERVISION_CLICKHOUSE": self.warehouse_url,
            "SUPERVISION_PARTITIONS": "4",
            **settings,
        }
        self.processes: list[Process] = []

    def __enter__(self) -> Town:
        if self._lists:
            self.supervise("database", "prepare", "--owner", self.owner)
        else:
            given = Settings(database=self.url, vault=self.url, keys=self.url)
            prepare_databases(given, self.owner, self.owner, self.owner)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self.processes:
            each.go_on()
            with suppress(AssertionError):
                each.kill()
        if error is not None:
            for each in self.processes:
                print(f"--- {each.role} {each.told}\n{each.log.read_text()[-2500:]}")

    def supervise(self, *words: str) -> str:
        """A command of the product, to its end; what it printed."""
        done = subprocess.run(
            [*SUPERVISE, *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, role: str, **settings: str) -> Process:
        """A role more."""
        self.processes.append(Process(self, role, **settings))
        return self.processes[-1].start()

    def start_all(self, *, watches: int = 1) -> None:
        """Everything that a case needs on its way to the wall."""
        started = [self.start("publisher"), *(self.start("watch") for _ in range(watches))]
        others = ("rows", "links", "alerts", "seal", "intake", "wall")
        started += [self.start(role) for role in others]
        for each in started:
            each.ready()

    def one(self, role: str) -> Process:
        """The first process of a role."""
        return next(each for each in self.processes if each.role == role)

    @property
    def store(self) -> dict[str, str]:
        """Where the record is."""
        return {
            "PERSISTENCE_MODULE": STORE,
            "SUPERVISION_DATABASE": self.url,
            "SUPERVISION_VAULT": self.url,
            "SUPERVISION_KEYS": self.url,
        }

    @cached_property
    def visitor(self) -> Visitor:
        """An inspector who is signed in."""
        return visitor(self.home, self.store)

    @contextmanager
    def record(self, clock: Clock | None = None) -> Iterator[Record]:
        """The record, as a command opens it."""
        opened = Record(self.home, clock or SystemClock(), self.store)
        try:
            yield opened
        finally:
            opened.close()

    def check_rows(self, record: Record, generation: int = 1) -> Checked:
        """Whether the rows of all open cases are those that follow from the log."""
        given = Settings(clickhouse=self.warehouse_url)
        warehouse = open_warehouse(given, generation)
        try:
            return check_rows(record, warehouse, 1_000_000, "all")
        finally:
            warehouse.close()
