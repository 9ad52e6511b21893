"""Sections of the city: the watches of the partitions that one worker was given.

A section takes in parcels, judges, writes its acts into the log, and keeps its state outside. What
a parcel shows to be missing is read from the log, for all sections of the worker at once. Nothing
here knows who carries the parcels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import NamedTuple, Protocol

from supervision.acts import CardAct
from supervision.delivery.parcel import Parcel, concerned, deal
from supervision.errors import StoreBroken
from supervision.store.stored import Stored

from .keeping import COVER, Every, Keeper, Kept, put_back
from .log import Log
from .reach import Reach
from .watch import HOT, SWEEP, Key, Watch
from .writing import Acts, Wrote, write_acts

READ = 5_000
"""Events of one reading of the log, where a parcel shows that some are missing."""
PAGES = 16
"""Pages kept after one parcel, so that keeping a million cases delays none of them."""

Get = Callable[[bytes], bytes | None]
"""The value that is kept under a key."""


class WatchedLog(Log, Acts, Protocol):
    """What a record must do for the sections."""


class Took(NamedTuple):
    """What one parcel brought: events taken in, acts written, where the last of them stands (0 for
    none), cases newly halted.
    """

    events: int
    acts: list[CardAct]
    written: int
    halted: dict[Key, str]


class LogBehind(StoreBroken):
    """The parcels speak of events that the log does not have."""

    def __init__(self, to: int, position: int) -> None:
        super().__init__(
            "the log",
            f"it ends at position {position}, but was delivered up to {to}: it was restored from "
            "an older copy; stop watch and rows, delete the topics, start them again",
        )


class Section:
    """The watch of one partition."""

    def __init__(self, watch: Watch, keeper: Keeper) -> None:
        self.watch = watch
        self._keeper = keeper
        self._halted = set(watch.halted)

    @property
    def cover(self) -> bytes | None:
        """The cover of its kept state, as it stands outside."""
        return self._keeper.cover

    def take(self, events: Iterable[Stored], to: int) -> None:
        """Take in all that the log has for this partition up to a position."""
        self.watch.take(events)
        self.watch.position = max(self.watch.position, to)

    def pass_time(self, parcel: Parcel) -> None:
        """Time passes up to the parcel's stamp, and some cases are judged by new lists."""
        if parcel.stamp:
            self.watch.tick(parcel.stamp)
        self.watch.sweep(SWEEP)

    def write(self, log: WatchedLog) -> Wrote:
        """What was derived, into the log."""
        return write_acts(self.watch, log)

    def prepare(self, log: WatchedLog) -> None:
        """See whether something is to be kept."""
        self._keeper.prepare(log.recorded_at)

    def newly_halted(self) -> dict[Key, str]:
        """Cases halted since this was last asked, with the reason."""
        new = {key: why for key, why in self.watch.halted.items() if key not in self._halted}
        self._halted.update(new)
        return new

    def keep(self) -> Iterator[Kept]:
        """What is to be kept outside now."""
        return self._keeper.step(PAGES)


class Sections:
    """All sections of one worker. `open` and `take` wait for one another: an app that was cancelled
    may be at work in a thread still when the next begins.
    """

    def __init__(
        self, partitions: int, log: WatchedLog, every: Every, *, hot: int = HOT, program: str = ""
    ) -> None:
        self.partitions = partitions
        self._log = log
        self._every = every
        self._hot = hot
        self._program = program
        self._reach = Reach(log)
        self._open: dict[int, Section] = {}
        self._lock = Lock()

    def open(self, kept: dict[int, Get], *, anew: bool = False) -> None:
        """Look after exactly these partitions, each with what was kept of it.

        One that was looked after before goes on if nobody else has kept its state since, unless
        all is to be begun `anew`: what is in memory may be half done.
        """
        hot = max(self._hot // max(len(kept), 1), 1)
        with self._lock:
            for number in list(self._open) if anew else self._open.keys() - kept.keys():
                del self._open[number]
            for number, get in kept.items():
                section = self._open.get(number)
                if section is None or section.cover != get(COVER):
                    self._open[number] = self._opened(get, hot)

    def _opened(self, get: Get, hot: int) -> Section:
        log = self._log
        back = put_back(get, log.read_case, log.read_lists, log.recorded_at, hot, self._program)
        if back is None:
            watch = Watch(self._log.read_case, hot=hot)
            return Section(watch, Keeper(watch, self._every, program=self._program))
        keeper = Keeper(back.watch, self._every, back.pages, self._program)
        keeper.cover = get(COVER)
        return Section(back.watch, keeper)

    def __getitem__(self, number: int) -> Section:
        return self._open[number]

    def __contains__(self, number: int) -> bool:
        return number in self._open

    def __iter__(self) -> Iterator[Section]:
        return iter(self._open.values())

    def take(self, number: int, parcel: Parcel) -> Took | None:
        """Take in a parcel of one partition, and write what follows from it; None for a parcel that
        says more than the log, which is set aside.
        """
        with self._lock:
            return self._take(number, parcel) if self._reach.has(parcel) else None

    def _take(self, number: int, parcel: Parcel) -> Took:
        section = self._open[number]
        before = section.watch.position
        wanted = parcel.to if parcel.events is None else parcel.after
        wrote = self._read_up_to(wanted) if wanted > before else Wrote([], 0)
        section.take(parcel.events or (), parcel.to)
        section.pass_time(parcel)
        last = section.write(self._log)
        section.prepare(self._log)
        acts, written = wrote.acts + last.acts, max(wrote.position, last.position)
        return Took(len(parcel.events or ()), acts, written, section.newly_halted())

    def _read_up_to(self, position: int) -> Wrote:
        """What no parcel brought, for all sections that lack it: the log is read once."""
        acts: list[CardAct] = []
        reached, written = min(section.watch.position for section in self), 0
        while reached < position:
            batch = self._log.read(reached, READ)
            if not batch:
                raise LogBehind(position, reached)
            reached = batch[-1].position
            dealt = deal(batch, self.partitions) if len(self._open) > 1 else None
            for number, section in self._open.items():
                events = dealt[number] if dealt else concerned(batch, number, self.partitions)
                section.take(events, reached)
                wrote = section.write(self._log)
                acts += wrote.acts
                written = max(written, wrote.position)
        return Wrote(acts, written)

    @property
    def halted(self) -> dict[Key, str]:
        """Halted cases of all sections, with the reason."""
        return {key: why for section in self for key, why in section.watch.halted.items()}

    @property
    def open_cases(self) -> int:
        """Live cases of all sections."""
        return sum(section.watch.open_cases for section in self)

    @property
    def position(self) -> int:
        """The position that every section has reached, 0 without any."""
        return min((section.watch.position for section in self), default=0)
