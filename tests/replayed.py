"""A log in memory that can be derived again, as a record can."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from msgspec import Struct

from projections.keeping import program_digest
from supervision.facts import Instant
from supervision.judgement.cards import moment
from supervision.store.stored import Stored
from supervision.streams import FACTS, PROGRAM, parse
from supervision.system import ProgramBegan
from tests.memorylog import MemoryLog


class Readable:
    """A MemoryLog as replay reads a record: it has no way to write."""

    def __init__(self, log: MemoryLog, until: Instant) -> None:
        self.stored = list(log.stored)
        self.until = until

    def cases(self, families: Collection[str] = (FACTS,)) -> Iterator[tuple[str, str]]:
        """Source and case_no of every case with a stream of these families."""
        named = (parse(stream) for stream in {s.stream for s in self.stored})
        yield from sorted({case[:2] for case in named if case and case.family in families})

    def read(self, after: int, limit: int) -> list[Stored]:
        """Events behind a position."""
        return [s for s in self.stored if s.position > after][:limit]

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        """All streams of a case."""
        return [s for s in self.stored if (parse(s.stream) or ())[:2] == (source, case_no)]

    def read_lists(self) -> list[Stored]:
        """All that was published."""
        return [s for s in self.stored if s.stream.startswith("lists/")]

    def read_stream(self, stream: str) -> list[Stored]:
        """All of one stream."""
        return [s for s in self.stored if s.stream == stream]

    def head(self) -> int:
        """The last position."""
        return self.stored[-1].position if self.stored else 0

    def last_stamp(self) -> Instant:
        """The instant up to which time has passed."""
        return self.until


class City(Readable):
    """The same, its cases found at once."""

    def __init__(self, log: MemoryLog, until: Instant) -> None:
        super().__init__(log, until)
        self._cases: dict[tuple[str, str], list[Stored]] = {}
        for stored in self.stored:
            if case := parse(stored.stream):
                self._cases.setdefault((case.source, case.case_no), []).append(stored)

    def cases(self, families: Collection[str] = (FACTS,)) -> Iterator[tuple[str, str]]:
        """Source and case_no of every case, whatever it has."""
        return iter(sorted(self._cases))

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        """All streams of a case."""
        return self._cases[source, case_no]


def began(stamp: Instant, program: str = "", version: str = "1") -> tuple[str, Struct]:
    """That a program began to judge; without a digest, the one that is tested."""
    at: datetime = moment(stamp)
    return PROGRAM, ProgramBegan(program=program or program_digest(), version=version, at=at)
