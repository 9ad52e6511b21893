"""The watch: facts, lists and time in; card acts out (design: rules 2–6).

Pure but for `load`, which reads a case back from the log. Every act that it derives has its
version in the case's stream of cards; those that the log has already are compared, not repeated.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from itertools import groupby
from typing import NamedTuple

from supervision.acts import CardAct, DeskAct
from supervision.facts import Fact, Instant, instant
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import NEVER, Entry, Shelf
from supervision.lists import LISTS
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import cards_stream, parse

from .packing import pack, unpack

Key = tuple[str, str]
HOT = 4_000
"""Dockets kept unpacked, least recently used first out; one takes some 15 KB."""
SWEEP = 200
"""Cases re-judged after a list in one round, between two looks at the log."""
_LIST_NAMES = frozenset(LISTS)


class Writing(NamedTuple):
    """Acts for the cards stream of a case, behind a version."""

    key: Key
    stream: str
    expected: int
    acts: list[CardAct]


class Idle(NamedTuple):
    """A case under watch that is not being worked on."""

    next_at: Instant
    derived: int
    packed: bytes


class Working:
    """A case being worked on: its docket, how many acts were derived, which await the log."""

    __slots__ = ("derived", "docket", "pending")

    def __init__(self, docket: Docket, derived: int = 0) -> None:
        self.docket = docket
        self.derived = derived
        self.pending: list[CardAct] = []


class Watch:
    """Follows the log and time over all cases; `position` is the last event taken in."""

    def __init__(
        self, load: Callable[[str, str], list[Stored]], shelf: Shelf | None = None
    ) -> None:
        self.shelf = shelf or Shelf()
        self.position = 0
        self.now: Instant = 0
        self.halted: dict[Key, str] = {}
        """Cases whose recorded acts differ from those derived, with the reason."""
        self._load = load
        self._hot: OrderedDict[Key, Working] = OrderedDict()
        self._idle: dict[Key, Idle] = {}
        self._queue: list[tuple[Instant, Key]] = []
        self._sweep: deque[Key] = deque()
        self._dirty: dict[Key, None] = {}
        self._written: dict[Key, int] = {}
        """Versions of our own acts in the log that were not read back yet."""

    @property
    def open_cases(self) -> int:
        """How many cases are under watch."""
        return len(self._idle) + sum(w.docket.live for w in list(self._hot.values()))

    @property
    def sweeping(self) -> bool:
        """Whether cases still await their judgement after a list."""
        return bool(self._sweep)

    def take(self, batch: Iterable[Stored]) -> None:
        """Take in what the log has next: whole transactions, in order; older is skipped."""
        fresh = (stored for stored in batch if stored.position > self.position)
        for recorded_at, transaction in groupby(fresh, key=lambda s: s.recorded_at):
            self._take_transaction(list(transaction), recorded_at)

    def _take_transaction(self, transaction: list[Stored], at: Instant) -> None:
        inputs: dict[Key, list[tuple[Input, int]]] = {}
        firsts: set[Key] = set()
        lists = len(self.shelf.entries)
        for stored in transaction:
            case = parse(stored.stream)
            if case is None:
                self._take_list(stored)
                continue
            key = (case.source, case.case_no)
            if case.family == "cards":
                self._confirm(key, stored)
                continue
            event = stored.event
            if isinstance(event, Fact | DeskAct):
                inputs.setdefault(key, []).append((event, stored.position))
                if stored.version == 1 and case.family == "facts":
                    firsts.add(key)
        if len(self.shelf.entries) > lists:
            self._sweep_all()
        before = transaction[0].position
        for key, told in inputs.items():
            working = self._working(key, before, new=key in firsts)
            self._derived(key, working, working.docket.hear(told, at, self.shelf))
        self.position, self.now = transaction[-1].position, max(self.now, at)

    def _take_list(self, stored: Stored) -> None:
        name = stored.topic.partition("/")[0]
        if name in _LIST_NAMES:
            self.shelf.add(Entry(stored.position, stored.recorded_at, stored.event))

    def _sweep_all(self) -> None:
        """Every case waits to be judged again; those that waited already come first."""
        waiting = set(self._sweep)
        self._sweep.extend(key for key in self._keys() if key not in waiting)

    def _keys(self) -> Iterator[Key]:
        yield from self._idle
        yield from (key for key in self._hot if key not in self._idle)

    def tick(self, now: Instant) -> None:
        """Time passes: every crossing up to an instant is judged at its own instant."""
        self.now = max(self.now, now)
        while self._queue and self._queue[0][0] <= now:
            at, key = heappop(self._queue)
            if self._next_at(key) == at:
                self._advance(key, now)

    def sweep(self, most: int = SWEEP) -> None:
        """Judge some cases again after a list; it delays nothing and changes no act."""
        for _ in range(min(most, len(self._sweep))):
            key = self._sweep.popleft()
            if key in self._hot or key in self._idle:
                self._advance(key, self.now)

    def _advance(self, key: Key, now: Instant) -> None:
        if key not in self.halted:
            working = self._working(key, self.position + 1)
            self._derived(key, working, working.docket.advance(now, self.shelf))

    def _next_at(self, key: Key) -> Instant:
        working = self._hot.get(key)
        if working:
            return working.docket.next_at
        idle = self._idle.get(key)
        return idle.next_at if idle else NEVER

    def _working(self, key: Key, before: int, *, new: bool = False) -> Working:
        """The case, unpacked, read back or new."""
        working = self._hot.get(key)
        if working:
            self._hot.move_to_end(key)
            return working
        idle = self._idle.pop(key, None)
        if idle:
            working = Working(unpack(idle.packed), idle.derived)
        else:
            working = Working(Docket()) if new else self._read_back(key, before)
        self._hot[key] = working
        return working

    def _read_back(self, key: Key, before: int) -> Working:
        """A case that was closed: derived again from the log, as far as it stood."""
        working, recorded, stored = Working(Docket()), 0, self._load(*key)
        earlier = [s for s in stored if s.position < before]
        for at, transaction in groupby(earlier, key=lambda s: s.recorded_at):
            told = list(transaction)
            for act in (s.event for s in told):
                if isinstance(act, CardAct):
                    recorded += 1
                    acts = working.docket.advance(instant(act.at), self.shelf)
                    working.derived += len(acts)
            inputs = [
                (event, s.position) for s in told if isinstance(event := s.event, Fact | DeskAct)
            ]
            if inputs:
                working.derived += len(working.docket.hear(inputs, at, self.shelf))
        ours = sum(isinstance(s.event, CardAct) for s in stored)
        if working.derived not in (recorded, ours):  # ours may lie behind an input still unread
            self.halt(key, f"{recorded} acts are recorded, {working.derived} follow from the log")
        return working

    def _derived(self, key: Key, working: Working, acts: list[CardAct]) -> None:
        if acts:
            working.derived += len(acts)
            working.pending += acts
            self._dirty[key] = None
        if working.docket.next_at < NEVER:
            heappush(self._queue, (working.docket.next_at, key))
        self._cool()

    def _cool(self) -> None:
        """Pack the least recently used; forget what is closed."""
        while len(self._hot) > HOT:
            key, working = self._hot.popitem(last=False)
            if working.pending:
                self._hot[key] = working
                return
            if working.docket.live:
                docket = working.docket
                self._idle[key] = Idle(docket.next_at, working.derived, pack(docket))

    def _confirm(self, key: Key, stored: Stored) -> None:
        """An act that the log has: known already, or derive up to it and compare."""
        ours = self._written.get(key, 0)
        if stored.version == ours:
            del self._written[key]
        if stored.version <= max(ours, self._confirmed(key)) or key in self.halted:
            return
        working, act = self._working(key, stored.position), stored.event
        assert isinstance(act, CardAct)
        if stored.version > working.derived:
            self._derived(key, working, working.docket.advance(instant(act.at), self.shelf))
        expected = working.pending[0] if working.pending else None
        if expected is not None and encode(expected) == (stored.topic, stored.payload):
            working.pending.pop(0)
        else:
            self.halt(key, f"act {stored.version} at position {stored.position} was not derived")

    def _confirmed(self, key: Key) -> int:
        """How many acts of a case both were derived and are in the log."""
        working, idle = self._hot.get(key), self._idle.get(key)
        if working:
            return working.derived - len(working.pending)
        return idle.derived if idle else 0

    def halt(self, key: Key, reason: str) -> None:
        """Stop judging a case: what was recorded is not what follows from its inputs."""
        self.halted.setdefault(key, reason)
        self._dirty.pop(key, None)

    def pending(self) -> list[Writing]:
        """The acts that the log does not have yet, one entry a case."""
        return [
            Writing(
                key,
                cards_stream(*key),
                working.derived - len(working.pending),
                list(working.pending),
            )
            for key in self._dirty
            if (working := self._hot.get(key)) and working.pending and key not in self.halted
        ]

    def written(self, writings: Iterable[Writing]) -> None:
        """The log has them now."""
        for writing in writings:
            self._written[writing.key] = writing.expected + len(writing.acts)
            working = self._hot.get(writing.key)
            if working:
                del working.pending[: len(writing.acts)]
                if not working.pending:
                    self._dirty.pop(writing.key, None)

    def next_at(self) -> Instant:
        """The nearest crossing of all cases; NEVER if there is none."""
        while self._queue and self._next_at(self._queue[0][1]) != self._queue[0][0]:
            heappop(self._queue)
        return self._queue[0][0] if self._queue else NEVER
