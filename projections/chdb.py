"""chDB: ClickHouse inside this process, on a folder of its own.

One process a folder: a lock file refuses the second one by name before chDB does by number. Each
thread has a session of its own, so that readers do not wait for each other (chDB holds a mutex in
each session); inserts go one at a time. Never fork with it open: a query in the child hangs.

A block goes in by a file in the Native format (native.py), beside the tables and removed after;
chDB takes no binary data in the statement itself. As JSON a live batch took some three
times as long, and pyarrow would be a dependency of 170 MB (docs/decisions/0010).

The folder's lock keeps other processes out, so a claim is a number in this one. What the folder
has of a program with other tables is removed: the warehouse is filled anew from the log.
"""

from __future__ import annotations

import fcntl
import shutil
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from . import native
from .literals import MOST_SQL, filled
from .schema import VERSION, Table, Version
from .warehouse import Scalar, WarehouseBusy, WarehouseError, WarehouseTaken

WHOLE_BLOCK = (
    "async_insert = 0, max_insert_block_size = 100000000, max_insert_block_size_bytes = 0, "
    "min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0, "
    "max_threads = 1, max_insert_threads = 1, input_format_parallel_parsing = 0"
)
"""One insert, one part: what the resume positions rest upon."""

READING = " settings output_format_json_quote_64bit_integers = 0"


class ChdbEngine:
    """An Engine (warehouse.py) on a folder; the folder is made if it is not there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder)
        self._path = str(_only(folder, f"chdb-{VERSION}"))
        self._file = (folder / "block.native").absolute()
        self._sessions: dict[threading.Thread, Any] = {}
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._claims = 0
        self._session()

    @cached_property
    def version(self) -> Version:
        """Of the ClickHouse in chDB."""
        year, number, *_ = str(self.query("select version()", {})[0][0]).split(".")
        return int(year), int(number)

    def command(self, sql: str) -> None:
        """Execute a statement that returns nothing."""
        with self._writing:
            self._run(sql)

    def claim(self) -> int:
        """The last one to ask is the writer."""
        with self._writing:
            self._claims += 1
            return self._claims

    def insert(self, table: Table, columns: Sequence[Sequence[object]], claim: int) -> None:
        """Store one block as one part."""
        names = ", ".join(column.name for column in table.columns)
        block = native.block(table.columns, columns)
        store = (
            f"insert into {table.name} ({names})"
            f" select {names} from file({{file:String}}, Native) settings {WHOLE_BLOCK}"
        )
        with self._writing:
            if claim != self._claims:
                raise WarehouseTaken(table.name)
            self._file.write_bytes(block)
            self._run(filled(store, {"file": str(self._file)}))
            self._file.unlink()

    def query(self, sql: str, params: dict[str, object]) -> list[tuple[Scalar, ...]]:
        """Rows of numbers and strings."""
        return _ROWS.decode_lines(self._run(filled(sql, params) + READING))

    def close(self) -> None:
        """Close every thread's session and give the folder back."""
        with self._guard:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()
        self._lock.close()

    def _run(self, sql: str) -> bytes:
        try:
            answer = self._session().query(sql, "JSONCompactEachRow")
        except RuntimeError as error:
            raise WarehouseError(str(error)) from error
        return answer.bytes() if answer is not None else b""

    def _session(self) -> Any:
        """This thread's session; those of threads that have ended are closed on the way."""
        thread = threading.current_thread()
        with self._guard:
            if self._lock.closed:
                raise WarehouseError(f"the warehouse {self._path} is closed")
            if thread not in self._sessions:
                self._sessions[thread] = _connected(self._path)
                self._close_ended()
            return self._sessions[thread]

    def _close_ended(self) -> None:
        for thread in [thread for thread in self._sessions if not thread.is_alive()]:
            self._sessions.pop(thread).close()


_ROWS = msgspec.json.Decoder(tuple[Scalar, ...])


def _locked(folder: Path) -> Any:
    """The folder's lock file, locked for as long as it is open; the system frees it on a crash."""
    file = (folder / "LOCK").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise WarehouseBusy(folder) from error
    return file


def _only(folder: Path, name: str) -> Path:
    """The place of that name in the folder; those of other versions go."""
    for other in folder.glob("chdb*"):
        if other.name != name:
            shutil.rmtree(other)
    return folder / name


def _connected(path: str) -> Any:
    from chdb.session import Session

    try:
        session = Session(path)  # type: ignore[no-untyped-call]
        session.query(f"set max_query_size = {MOST_SQL}")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise WarehouseError(str(error)) from error
    return session
