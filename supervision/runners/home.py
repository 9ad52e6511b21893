"""The home, and the lock on it: one process judges and fills the warehouse."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from pathlib import Path

from ..errors import SupervisionError


class HomeBusy(SupervisionError):
    """Another process runs on the same home."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            f"another `supervise run` works in {home.absolute()}; stop it, or set SUPERVISION_HOME"
        )


class Held:
    """A lock on a home, given up when closed or when the process ends."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._file = (home / "run.lock").open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise HomeBusy(home) from error

    def close(self) -> None:
        """Give it up."""
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()
