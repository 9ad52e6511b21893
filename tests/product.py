"""The product as a process: started, asked, killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any

from tests.visitor import Visitor, visitor

PATIENCE = 90.0
"""Seconds until something that must come is given up: a machine may be slow."""
GLANCE = 0.05
SUPERVISE = (sys.executable, "-m", "supervision.runners.cli")


def until(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What `holds` gives, once it is true; fails, naming what was waited for."""
    never = Event()
    for _ in range(int(patience / GLANCE)):
        if found := holds():
            return found
        never.wait(GLANCE)
    raise AssertionError(f"waited {patience:.0f} s in vain for {what}")


def supervise(
    home: Path, *words: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A command of the product, to its end."""
    return subprocess.run(
        [*SUPERVISE, *words],
        env={**os.environ, "SUPERVISION_HOME": str(home)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def stats(home: Path, *words: str) -> dict[str, Any]:
    """The counts of a home."""
    done = supervise(home, "stats", "--json", *words)
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Product:
    """`supervise run` on a home, as a context."""

    def __init__(self, home: Path, *words: str) -> None:
        self.home = home
        self.words = words
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None
        self._visitor: Visitor | None = None
        self.log = home.parent / f"run-{self.port}.log"

    def __enter__(self) -> Product:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*SUPERVISE, "run", "--port", str(self.port), *self.words],
                env={**os.environ, "SUPERVISION_HOME": str(self.home)},
                stdout=log,
                stderr=log,
                text=True,
            )
        until(self._answers, f"{self.url} to answer (see {self.log})")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        url = f"{self.url}/api/v1/health"
        with (
            suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(url, timeout=10) as answer,
        ):
            return bool(json.load(answer)["status"])
        return False

    @property
    def visitor(self) -> Visitor:
        """An inspector who is signed in."""
        if self._visitor is None:
            self._visitor = visitor(self.home)
        return self._visitor

    def get(self, path: str) -> Any:
        """A JSON answer, to an inspector."""
        return self.visitor.get(self.url + path)

    def post(self, events: Any, key: str) -> Any:
        """Report events with a source's key."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/events",
            data=json.dumps(events).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def kill(self) -> None:
        """kill -9, in the middle of whatever it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self) -> None:
        """End it as an operator does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=45)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
