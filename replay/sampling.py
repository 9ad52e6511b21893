"""Samples of cases (案卷抽查) drawn from a record, checked, and told with who looked at what.

The rules are those of samples.py. What is read is the log and nothing else, so a sample is drawn
again from the same position with the same outcome whenever one likes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from supervision.access.events import ACCESS, SAMPLES, CaseDrawn, SampleChecked, SampleDrawn
from supervision.errors import StreamConflict
from supervision.facts import Instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.record import Record
from supervision.store.mapping import moment
from supervision.store.stored import Stored

from .every_case import NOBODY, Bundle, Cancelled, Keys, Watching, Work, over_cases, processes_for
from .sampled import Line, Looks, Sample, fold, take_look
from .samples import (
    Criteria,
    Key,
    NoSuchSample,
    NotOfSample,
    PopulationEmpty,
    Traits,
    chosen,
    finding_of,
    traits,
)

TRIES = 10
"""Attempts at the end of the stream, should others write there at the same moment."""
A_READ = 2_000
"""Events of the trail that are taken at a time."""
MESSAGES = "/notices"
"""With what the streams end in which nothing stands that criteria ask for."""
KEPT = 16
"""Samples of which the looks are remembered."""


class Asked(NamedTuple):
    """A sample to be drawn."""

    seed: str
    n: int
    criteria: Criteria = Criteria()


class Drawing(NamedTuple):
    """What a seed gives: of how many cases, which."""

    population: int
    cases: tuple[CaseDrawn, ...]


class Given(NamedTuple):
    """What every process must know to say which cases are in a population."""

    criteria: Criteria
    position: int
    now: Instant
    entries: tuple[Entry, ...]


def meeting(given: Given) -> Work[list[Key]]:
    """The work of one process: the cases that meet the criteria, by what stood at a position."""
    shelf = Shelf(given.entries)

    def look(cases: Sequence[Bundle]) -> list[Key]:
        told = (_traits_of(case.stored, shelf, given.now, given.position) for case in cases)
        return [case.key for case in told if case is not None and given.criteria.meets(case)]

    return look


class _Counted:
    """A population as it is walked through, none of it held: how many it was."""

    def __init__(self, parts: Iterable[list[Key]]) -> None:
        self._parts = parts
        self.count = 0

    def __iter__(self) -> Iterator[Key]:
        for part in self._parts:
            self.count += len(part)
            yield from part


class Sampling:
    """Samples of one record. Any number of threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], tuple[int, Looks]] = {}

    # Drawing.

    def head(self) -> int:
        """How much there is to look through, in events."""
        return self._record.head()

    def population(
        self,
        criteria: Criteria,
        position: int,
        watching: Watching = NOBODY,
        processes: int | None = None,
    ) -> Iterator[list[Key]]:
        """The cases that meet the criteria by what stands in the log up to a position, in parts.

        processes: how many others work; None: as many as are worth it, 0: none. Cancelled,
        WorkersLost, StoreError.
        """
        others = processes_for(self.head()) if processes is None else processes
        now, lists = self._record.recorded_at(position), tuple(self._entries(position))
        given = Given(criteria, position, now, lists)
        return over_cases(self._record, Keys(self._record), meeting, given, others, watching)

    def drawing(
        self,
        asked: Asked,
        position: int,
        watching: Watching = NOBODY,
        processes: int | None = None,
    ) -> Drawing:
        """What would be drawn at a position. Nothing is recorded. Errors as of `population`."""
        counted = _Counted(self.population(asked.criteria, position, watching, processes))
        drawn = chosen(asked.seed, counted, asked.n)
        return Drawing(counted.count, tuple(CaseDrawn(*key) for key in drawn))

    def draw(
        self,
        asked: Asked,
        by: str,
        watching: Watching = NOBODY,
        processes: int | None = None,
    ) -> SampleDrawn:
        """Draw a sample from the log as it is now, and record it.

        Of fewer cases than were asked for, it is all of them. PopulationEmpty, Cancelled,
        WorkersLost, StoreError, ClockJumped: nothing is recorded.
        """
        position = self.head()
        made = self.drawing(asked, position, watching, processes)
        if not made.population:
            raise PopulationEmpty
        if watching.cancelled():
            raise Cancelled

        def event(samples: dict[str, Sample]) -> SampleDrawn:
            return SampleDrawn(
                at=moment(self._record.heartbeat()[0]),
                by=by,
                sample=str(len(samples) + 1),
                seed=asked.seed,
                criteria=asked.criteria.says(),
                position=position,
                population=made.population,
                cases=made.cases,
            )

        drawn = self._append(event)
        assert isinstance(drawn, SampleDrawn)
        return drawn

    def is_repeated(self, sample: Sample, watching: Watching = NOBODY) -> bool:
        """Whether drawing it again at its position gives the same population and the same cases."""
        asked = Asked(sample.drawn.seed, len(sample.drawn.cases), sample.criteria)
        made = self.drawing(asked, sample.drawn.position, watching)
        return made == Drawing(sample.drawn.population, sample.drawn.cases)

    # Checking.

    def check(
        self, name: str, key: Key, result: str, defects: Collection[str], by: str
    ) -> SampleChecked:
        """Record what was found in a case of a sample; once more, and that holds.

        NoSuchSample, NotOfSample, SampleUnfit, StoreError, ClockJumped.
        """
        found, codes = finding_of(result, defects)

        def event(samples: dict[str, Sample]) -> SampleChecked:
            sample = samples.get(name)
            if sample is None:
                raise NoSuchSample(name)
            if key not in sample.keys:
                raise NotOfSample(name, key[1])
            return SampleChecked(
                at=moment(self._record.heartbeat()[0]),
                by=by,
                sample=name,
                source=key[0],
                case_no=key[1],
                result=found,
                defects=codes,
            )

        checked = self._append(event)
        assert isinstance(checked, SampleChecked)
        return checked

    def _append(self, make: Callable[[dict[str, Sample]], Struct]) -> Struct:
        """Record what follows from the samples there are; made again when others were faster."""
        for attempt in range(1, TRIES + 1):
            stored = self._record.read_stream(SAMPLES)
            event = make(fold(stored))
            try:
                self._record.append(SAMPLES, [event], stored[-1].version if stored else 0)
            except StreamConflict:
                if attempt == TRIES:
                    raise
                continue
            break
        return event

    # Telling.

    def samples(self) -> dict[str, Sample]:
        """All samples by name, in the order drawn."""
        return fold(self._record.read_stream(SAMPLES))

    def sample(self, name: str) -> Sample:
        """A sample; NoSuchSample."""
        found = self.samples().get(name)
        if found is None:
            raise NoSuchSample(name)
        return found

    def lines(self, sample: Sample) -> list[Line]:
        """Its cases as they are now, in the order drawn."""
        looks, shelf = self._looks(sample), Shelf(self._entries())
        now = self._record.last_stamp()
        lines: list[Line] = []
        for number, key in enumerate(sample.keys, 1):
            case = _traits_of(self._record.read_case(*key), shelf, now)
            if case is not None:
                seen = sorted(looks.get(key, {}).values(), key=lambda look: look.at)
                lines.append(Line(number, case, tuple(seen), sample.checks.get(key)))
        return lines

    def _entries(self, position: int | None = None) -> Iterator[Entry]:
        for stored in self._record.read_lists():
            if position is None or stored.position <= position:
                yield Entry(stored.position, stored.recorded_at, stored.event)

    def _looks(self, sample: Sample) -> Looks:
        """The looks at its cases since it was drawn; what was read is not read again."""
        name, wanted = (sample.drawn.sample, sample.position), frozenset(sample.keys)
        with self._lock:
            version, looks = self._known.pop(name, (-1, {}))
            if version < 0:
                version = self._version_behind(sample.position)
            while batch := self._record.read_stream(ACCESS, version, A_READ):
                for stored in batch:
                    take_look(looks, stored, wanted)
                version = batch[-1].version
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[name] = (version, looks)
            return {key: dict(by) for key, by in looks.items()}

    def _version_behind(self, position: int) -> int:
        """The version of the trail behind which all stands behind a position."""
        low, high = 0, self._record.version(ACCESS)
        while low < high:
            middle = (low + high + 1) // 2
            (stored,) = self._record.read_stream(ACCESS, middle - 1, 1)
            low, high = (middle, high) if stored.position <= position else (low, middle - 1)
        return low


def _traits_of(
    stored: Iterable[Stored], shelf: Shelf, now: Instant, position: int | None = None
) -> Traits | None:
    kept = (
        each
        for each in stored
        if (position is None or each.position <= position) and not each.stream.endswith(MESSAGES)
    )
    return traits(kept, shelf, now)
