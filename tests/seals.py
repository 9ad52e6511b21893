"""A log in memory that can be tampered with, and what seals it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay.notes import Ed25519Signer
from replay.seal_keys import make_signer
from replay.sealing import Sealer
from replay.seals import SealFolder
from supervision.store.stored import Stored

MINUTE = 60_000_000
NAME = "supervision/test"


class Tampered:
    """Events that anybody may change; read as a record is, at most `most` at a time."""

    def __init__(self, count: int = 0, most: int = 10_000) -> None:
        self.events: list[Stored] = []
        self.most = most
        self.grow(count)

    def grow(self, count: int, word: str = "fact") -> None:
        """So many events more."""
        for _ in range(count):
            at = len(self.events) + 1
            payload = f'{{"word":"{word}","number":{at}}}'.encode()
            self.events.append(Stored(at, "case/s/1/facts", at, "Fact.v1", at * 1_000, payload))

    def change(self, position: int, payload: bytes = b'{"word":"other"}') -> None:
        """Another payload at a position."""
        self.events[position - 1] = self.events[position - 1]._replace(payload=payload)

    def cut(self, length: int) -> None:
        """As long as it was then."""
        del self.events[length:]

    def read(self, after: int, limit: int) -> list[Stored]:
        """As a record's."""
        return [e for e in self.events if e.position > after][: min(limit, self.most)]

    def head(self) -> int:
        """The last position."""
        return self.events[-1].position if self.events else 0


def signer_at(home: Path) -> Ed25519Signer:
    """The key of a home."""
    return make_signer(home / "keys" / "seal.pem", NAME)


@contextmanager
def sealer_at(home: Path, log: Tampered, every: int = 10 * MINUTE) -> Iterator[Sealer]:
    """A sealer of the folder `seals` in a home."""
    sealer = Sealer(log, home / "seals", signer_at(home), every)
    try:
        yield sealer
    finally:
        sealer.close()


def follow(sealer: Sealer) -> None:
    """All that there is."""
    while sealer.follow():
        pass


def seal(home: Path, log: Tampered) -> SealFolder:
    """One checkpoint of all that there is; the folder."""
    with sealer_at(home, log) as sealer:
        follow(sealer)
        sealer.sign(0)
    return folder_at(home)


def proof_of(folder: SealFolder, position: int, size: int) -> list[bytes]:
    """The audit path of one event."""
    return folder.prove_many([position], size)[0]


def folder_at(home: Path) -> SealFolder:
    """The folder of a home, with its key."""
    return SealFolder(home / "seals", lambda: signer_at(home))
