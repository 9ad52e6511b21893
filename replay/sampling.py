"""Samples of cases (案卷抽查) drawn from a record, checked, and told with who looked at what.

The rules are those of samples.py. What is read is the log and nothing else, so a sample is drawn
again from the same position with the same outcome whenever one likes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from msgspec import Struct

from supervision.access.events import ACCESS, SAMPLES, CaseDrawn, SampleChecked, SampleDrawn
from supervision.errors import StreamConflict
from supervision.facts import Instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.record import Record
from supervision.store.mapping import moment

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

Progress = Callable[[int], object]
"""Hears how many cases were looked through."""


class Asked(NamedTuple):
    """A sample to be drawn."""

    seed: str
    n: int
    criteria: Criteria = Criteria()


class Drawing(NamedTuple):
    """What a seed gives: of how many cases, which."""

    population: int
    cases: tuple[CaseDrawn, ...]


class Sampling:
    """Samples of one record. Any number of threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], tuple[int, Looks]] = {}

    # Drawing.

    def population(
        self, criteria: Criteria, position: int, progress: Progress = lambda _: None
    ) -> Iterator[Traits]:
        """The cases that meet the criteria by what stands in the log up to a position."""
        now, shelf = self._record.recorded_at(position), self._shelf(position)
        for number, key in enumerate(self._record.cases(), 1):
            case = self._traits(key, shelf, now, position)
            if case is not None and criteria.meets(case):
                yield case
            progress(number)

    def drawing(self, asked: Asked, position: int, progress: Progress = lambda _: None) -> Drawing:
        """What would be drawn at a position. Nothing is recorded."""
        keys = [case.key for case in self.population(asked.criteria, position, progress)]
        drawn = chosen(asked.seed, keys, asked.n)
        return Drawing(len(keys), tuple(CaseDrawn(*key) for key in drawn))

    def draw(self, asked: Asked, by: str, progress: Progress = lambda _: None) -> SampleDrawn:
        """Draw a sample from the log as it is now, and record it.

        Of fewer cases than were asked for, it is all of them. PopulationEmpty, StoreError,
        ClockJumped: nothing is recorded.
        """
        position = self._record.head()
        made = self.drawing(asked, position, progress)
        if not made.population:
            raise PopulationEmpty

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

    def is_repeated(self, sample: Sample, progress: Progress = lambda _: None) -> bool:
        """Whether drawing it again at its position gives the same population and the same cases."""
        asked = Asked(sample.drawn.seed, len(sample.drawn.cases), sample.criteria)
        made = self.drawing(asked, sample.drawn.position, progress)
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
        looks, shelf = self._looks(sample), self._shelf()
        now = self._record.last_stamp()
        lines: list[Line] = []
        for number, key in enumerate(sample.keys, 1):
            case = self._traits(key, shelf, now)
            if case is not None:
                seen = sorted(looks.get(key, {}).values(), key=lambda look: look.at)
                lines.append(Line(number, case, tuple(seen), sample.checks.get(key)))
        return lines

    def _traits(
        self, key: Key, shelf: Shelf, now: Instant, position: int | None = None
    ) -> Traits | None:
        stored = (
            each
            for each in self._record.read_case(*key)
            if (position is None or each.position <= position)
            and not each.stream.endswith(MESSAGES)
        )
        return traits(stored, shelf, now)

    def _shelf(self, position: int | None = None) -> Shelf:
        return Shelf(
            Entry(s.position, s.recorded_at, s.event)
            for s in self._record.read_lists()
            if position is None or s.position <= position
        )

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
