"""Files of records: opening them, and what their readers yield.

FileUnreadable        the file is no such file; nothing of it is stored
└── FileCutShort      it ends in the middle of something
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from ..errors import SupervisionError

GZIP_MAGIC = b"\x1f\x8b"


class FileUnreadable(SupervisionError, ValueError):
    """Which file, and what is wrong with it from which line on."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name}: {why}; nothing of it was stored")
        self.path = path


class FileCutShort(FileUnreadable):
    """The lines up to `line` are whole, then the file ends in the middle of something."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(path, f"it is cut short after line {line}: fetch it again")
        self.line = line


class Row(NamedTuple):
    """One record: where it begins, its values by column, and why it cannot be read, if so."""

    line: int
    values: Mapping[str, str]
    problem: str = ""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked if it is gzip. FileUnreadable."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.open(raw, "rb") as unpacked:
                yield cast(IO[bytes], unpacked)
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise FileUnreadable(path, f"its gzip is damaged ({error})") from error
        raise FileUnreadable(path, f"it cannot be opened ({error.strerror})") from error
    except zlib.error as error:
        raise FileUnreadable(path, f"its gzip is damaged ({error})") from error
