"""The ledger kept outside, so that who starts again need not read the whole log.

What was kept by another program, or of a log that was since restored from an older copy, is no use
and is not used (design: rule 6).
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
from msgspec import Struct

from supervision.facts import Instant
from supervision.record import Record

from .ledger import Kept

DECIDING = (
    ("supervision", ("acts.py", "facts.py", "lists.py", "notices.py")),
    ("alerts", ("ledger.py", "setup.py", "keeping.py")),
)
"""The files whose content decides what a kept state means."""


class Page(Struct, frozen=True):
    """What was kept, by which program, and when the event at its position was recorded."""

    program: str
    recorded_at: Instant
    kept: Kept


class Keeping:
    """Keeps a ledger in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, record: Record, kept: Kept) -> None:
        """Take the place of what was kept before; a disk that is full is no harm."""
        if not kept.position:
            return
        page = Page(program(), record.recorded_at(kept.position), kept)
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.msgpack.encode(page))
            draft.replace(self._path)
        except OSError:
            draft.unlink(missing_ok=True)

    def load(self, record: Record) -> Kept | None:
        """What was kept of this log by this program; None for nothing that is of use."""
        try:
            page = msgspec.msgpack.decode(self._path.read_bytes(), type=Page)
        except (OSError, msgspec.MsgspecError):
            return None
        fits = page.program == program()
        return page.kept if fits and _is_of(record, page) else None


def _is_of(record: Record, page: Page) -> bool:
    return 0 < page.recorded_at == record.recorded_at(page.kept.position)


@cache
def program() -> str:
    """The digest of what decides."""
    digest = hashlib.sha256()
    for package, names in DECIDING:
        for name in names:
            digest.update(_read(files(package) / name))
    return digest.hexdigest()


def _read(file: Traversable) -> bytes:
    return file.read_bytes()
