"""CSV in pieces: UTF-8 with or without BOM, or GB18030; gzip or not; one Row a record.

A record that cannot be read is a Row with its problem, and reading goes on behind it. A file that
ends inside a record is cut short. A quote that is never closed costs its own line only.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .rows import FileCutShort, FileUnreadable, Row, opened

LINE_LARGEST = 1 << 20
"""Characters of one physical line; a longer one is refused without being held in memory."""

FIELD_LARGEST = 128 << 10
"""Characters of one field: six times the longest text that a fact may have."""

RECORD_LINES = 200
"""Physical lines that a quoted record may go over, so that an open quote swallows no file."""

CHUNK = 1 << 20
ENCODINGS = ("auto", "utf-8", "gb18030")


def read_csv(path: Path, encoding: str = "auto", delimiter: str = ",") -> Iterator[Row]:
    """The records behind the header line. FileUnreadable, FileCutShort."""
    with _records(path, encoding, delimiter) as records:
        yield from records.rows()


def header_of(path: Path, encoding: str = "auto", delimiter: str = ",") -> list[str]:
    """The names of the columns. FileUnreadable."""
    with _records(path, encoding, delimiter) as records:
        return records.header()


@contextmanager
def _records(path: Path, encoding: str, delimiter: str) -> Iterator[_Records]:
    if encoding == "auto":
        encoding = detect(path)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    with opened(path) as raw:
        text = io.TextIOWrapper(raw, codec, errors="surrogateescape", newline="")
        yield _Records(path, text, delimiter)


def detect(path: Path) -> str:
    """UTF-8 if all of the file is, else GB18030 if all of it is, else UTF-8 with bad lines."""
    for encoding in ("utf-8", "gb18030"):
        if _is_all(path, encoding):
            return encoding
    return "utf-8"


def _is_all(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    read = 0
    with opened(path) as raw:
        try:
            while chunk := raw.read(CHUNK):
                if not read and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    raise FileUnreadable(path, "it is UTF-16: save it as UTF-8")
                decoder.decode(chunk)
                read += len(chunk)
            decoder.decode(b"", final=True)
        except EOFError:
            return True  # where a gzip is cut short, the reader says at which line
        except UnicodeDecodeError:
            return False
    return True


class _Records:
    """Records over physical lines, of which the csv module may be given some twice."""

    def __init__(self, path: Path, text: IO[str], delimiter: str) -> None:
        self._path = path
        self._text = text
        self._reader = csv.reader(self, delimiter=delimiter, strict=True)
        self._line = 0
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._ends_open = False
        csv.field_size_limit(FIELD_LARGEST)

    def header(self) -> list[str]:
        """The first record. FileUnreadable if it cannot be one."""
        first = self._record()
        if first is None:
            raise FileUnreadable(self._path, "it is empty")
        _, names, problem = first
        if problem or _problem(names):
            raise FileUnreadable(self._path, f"its header: {problem or _problem(names)}")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise FileUnreadable(self._path, f"its header has the column {twice!r} twice")
        return names

    def rows(self) -> Iterator[Row]:
        """All behind the header."""
        names = self.header()
        whole = self._line
        while (record := self._record()) is not None:
            line, values, problem = record
            if not problem and not values:
                continue
            if not problem and len(values) != len(names):
                problem = f"{len(values)} columns, the header has {len(names)}"
            if problem and self._ends_open and not self._again:
                raise FileCutShort(self._path, whole)
            problem = problem or _problem(values)
            yield Row(line, {} if problem else dict(zip(names, values, strict=True)), problem)
            whole = self._line

    def _record(self) -> tuple[int, list[str], str] | None:
        """First line, values and problem of the next record; None at the end."""
        self._taken = []
        begins = self._line + 1
        try:
            values = next(self._reader)
        except StopIteration:
            return None
        except csv.Error as error:
            return begins, [], self._broken(str(error))
        return begins, values, ""

    def _broken(self, why: str) -> str:
        """Go on behind the first line of a record that the csv module cannot read."""
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        self._line -= len(rest)
        if len(first) > LINE_LARGEST:
            return f"the line has more than {LINE_LARGEST:,} characters"
        if "unexpected end" in why or len(rest) >= RECORD_LINES - 1:
            return "a quote is opened and not closed"
        return f"not CSV ({why})"

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> str:
        """A line for the csv module, which begins anew with each record, also after an error."""
        if len(self._taken) >= RECORD_LINES:
            raise StopIteration
        line = self._again.popleft() if self._again else self._read_line()
        if not line:
            raise StopIteration
        self._line += 1
        self._taken.append(line)
        if len(line) > LINE_LARGEST:
            raise csv.Error("line too long")
        return line

    def _read_line(self) -> str:
        try:
            line = self._text.readline(LINE_LARGEST + 1)
            ends = self._skip(line) if len(line) > LINE_LARGEST else line
        except EOFError:
            raise FileCutShort(self._path, self._line) from None
        if line:
            self._ends_open = not ends.endswith(("\n", "\r"))
        return line

    def _skip(self, line: str) -> str:
        """Pass over the rest of a line; its last piece."""
        piece = line
        while piece and not piece.endswith(("\n", "\r")):
            line = piece
            piece = self._text.readline(LINE_LARGEST)
        return piece or line


def _problem(values: list[str]) -> str:
    """Why these values are not text as it should be; empty if they are."""
    joined = "".join(values)
    if joined.isprintable():
        return ""
    if "\0" in joined:
        return "a NUL byte"
    if any("\ud800" <= sign <= "\udfff" for sign in joined):
        return "bytes that are not of the file's encoding"
    return ""
