"""What a log is verified against, gathered from where it is kept, and the verification itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from supervision.errors import StoreBroken, SupervisionError
from supervision.store.port import Recorder

from .findings import Finding, Kind
from .leaves import Leaves
from .notes import LONGEST, Key, read_key
from .seals import NOTES, VKEY
from .verify import Progress, Verdict, Verification, tables_of, verify
from .weighing import NoteFile, Seals

FAULTS_MOST = 20
"""Of each kind of what does not agree in the database itself."""
FOLDER = "*.note"


class NoFolder(SupervisionError):
    """A folder that was named is not there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"there is no folder {folder}; name the one with the seals, or mount it")


class KeyFileUnreadable(SupervisionError):
    """What was named is neither a key nor a file with one."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"{given!r} is neither a key NAME+HASH+BASE64 nor a file with one; `supervise seal "
            "vkey` prints the log's"
        )


class Evidence(NamedTuple):
    """Where it is: the folder of seals; the log's keys (none: as the folder names it); witnesses'
    keys; folders with copies of the notes.
    """

    folder: Path
    keys: tuple[Key, ...] = ()
    witnesses: tuple[Key, ...] = ()
    copies: tuple[Path, ...] = ()

    @property
    def own_key(self) -> Key | None:
        """The key that the folder names; None without one. KeyUnreadable."""
        path = self.folder / VKEY
        return read_key(_text(path)) if path.exists() else None

    def notes(self) -> list[NoteFile]:
        """All checkpoints, those kept elsewhere too; what cannot be read is an empty one.

        The copies first: what is made and copied meanwhile is then among our own.
        """
        found = [
            NoteFile(str(path), _bytes(path), copy=True)
            for folder in self.copies
            for path in _copies(folder)
        ]
        own = sorted((self.folder / NOTES).glob(FOLDER))
        return found + [NoteFile(path.name, _bytes(path)) for path in own if path.name[0] != "."]


def _copies(folder: Path) -> Iterator[Path]:
    """A witness's folder holds the notes; a copy of the whole folder holds them below."""
    if not folder.is_dir():
        raise NoFolder(folder)
    yield from sorted(p for p in (*folder.glob(FOLDER), *(folder / NOTES).glob(FOLDER)))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST + 1)
    except OSError:
        return b""


def _text(path: Path) -> str:
    return _bytes(path).decode(errors="replace").strip()


def key_given(given: str) -> Key:
    """A key as it is written out, or of a file that holds one. KeyFileUnreadable, KeyUnreadable."""
    if "+" in given:
        return read_key(given)
    path = Path(given)
    if not path.is_file():
        raise KeyFileUnreadable(given)
    return read_key(_text(path))


def verified(
    store: Recorder,
    evidence: Evidence,
    *,
    start: int = 0,
    progress: Progress = lambda *_: None,
) -> Verification:
    """The log held against its evidence. KeyUnreadable, NoFolder, LeavesError."""
    own = evidence.own_key
    keys: Sequence[Key] = evidence.keys or ([own] if own else [])

    def tables() -> Iterator[Finding]:
        passed: Callable[[int, int], object] = lambda done, of: progress("tables", done, of)  # noqa: E731
        return tables_of(lambda: store.faults(FAULTS_MOST, passed))

    with closing(Leaves(evidence.folder)) as leaves:
        seals = Seals("", keys, evidence.witnesses, evidence.notes(), leaves)
        return verify(store.scan, seals, start=start, tables=tables, progress=progress)


def unopened(error: StoreBroken) -> Verification:
    """What verifying a database comes to that is too broken to be opened."""
    return Verification(
        verdict=Verdict.FINDINGS,
        position=0,
        sealed=0,
        proved=0,
        root="",
        start=0,
        checkpoints=0,
        witnessed=0,
        not_sealed=0,
        findings=(Finding(kind=Kind.STORE_UNREADABLE, position=1, detail=str(error)),),
    )
