"""The watch: facts, lists and time in; card acts out (design: rules 2–6).

Pure but for `load`, which reads a case back from the log. Every act that it derives has its
version in the case's stream of cards; those that the log has already are compared, not repeated.

A watch may look after all cases or after those of a partition. What it knows of the live ones lies
in drawers, which can be kept outside one by one and put back (keeping.py).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

from supervision.acts import CardAct, DeskAct
from supervision.errors import Unreadable
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
DRAWERS = 256
"""Into how many parts the live cases are divided for keeping."""
_LIST_NAMES = frozenset(LISTS)


def drawer_of(key: Key) -> int:
    """Where a case lies; kept for good, because kept states depend on it."""
    return crc32("/".join(key).encode()) >> 16 & DRAWERS - 1


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


class Filed(NamedTuple):
    """A live case as it is kept outside."""

    source: str
    case_no: str
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
        self,
        load: Callable[[str, str], list[Stored]],
        shelf: Shelf | None = None,
        hot: int | None = None,
    ) -> None:
        self.shelf = shelf or Shelf()
        self.position = 0
        self.now: Instant = 0
        self.halted: dict[Key, str] = {}
        """Cases whose recorded acts differ from those derived, with the reason."""
        self.changed: set[int] = set()
        """Drawers that changed; whoever keeps them takes them out of it."""
        self._load = load
        self._most_hot = HOT if hot is None else hot
        self._hot: OrderedDict[Key, Working] = OrderedDict()
        self._live: set[Key] = set()
        """The hot ones that are live."""
        self._idle: tuple[dict[Key, Idle], ...] = tuple({} for _ in range(DRAWERS))
        self._known: list[int] = [0] * DRAWERS
        """Of each drawer: the position up to which it was kept, when it was put back."""
        self._queue: list[tuple[Instant, Key]] = []
        self._sweep: deque[Key] = deque()
        self._dirty: dict[Key, None] = {}
        self._written: dict[Key, int] = {}
        """Versions of our own acts in the log that were not read back yet."""

    @property
    def open_cases(self) -> int:
        """How many cases are under watch."""
        return sum(map(len, self._idle)) + len(self._live)

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
            if stored.position <= self._known[drawer_of(key)]:
                continue
            event = self._readable(key, stored)
            if isinstance(event, CardAct):
                self._confirm(key, stored, event)
            elif isinstance(event, Fact | DeskAct):
                inputs.setdefault(key, []).append((event, stored.position))
                if stored.version == 1 and case.family == "facts":
                    firsts.add(key)
        if len(self.shelf.entries) > lists:
            self._sweep_all()
        before = transaction[0].position
        for key, told in inputs.items():
            if key in self.halted:
                continue
            working = self._working(key, before, new=key in firsts)
            self._derived(key, working, working.docket.hear(told, at, self.shelf))
        self.position, self.now = transaction[-1].position, max(self.now, at)

    def _readable(self, key: Key, stored: Stored) -> Struct | None:
        """The event, or the case halted: what cannot be read cannot be judged."""
        try:
            return stored.event
        except Unreadable as error:
            self.halt(key, f"position {stored.position}: {error}")
            return None

    def _take_list(self, stored: Stored) -> None:
        name = stored.topic.partition("/")[0]
        if name in _LIST_NAMES:
            self.shelf.add(Entry(stored.position, stored.recorded_at, stored.event))

    def _sweep_all(self) -> None:
        """Every case waits to be judged again; those that waited already come first."""
        waiting = set(self._sweep)
        self._sweep.extend(key for key in self._keys() if key not in waiting)

    def _keys(self) -> Iterator[Key]:
        for drawer in self._idle:
            yield from drawer
        yield from self._hot

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
            if key in self._hot or key in self._idle[drawer_of(key)]:
                self._advance(key, self.now)

    def _advance(self, key: Key, now: Instant) -> None:
        if key not in self.halted:
            working = self._working(key, self.position + 1)
            self._derived(key, working, working.docket.advance(now, self.shelf))

    def _next_at(self, key: Key) -> Instant:
        working = self._hot.get(key)
        if working:
            return working.docket.next_at
        idle = self._idle[drawer_of(key)].get(key)
        return idle.next_at if idle else NEVER

    def _working(self, key: Key, before: int, *, new: bool = False) -> Working:
        """The case, unpacked, read back or new."""
        working = self._hot.get(key)
        if working:
            self._hot.move_to_end(key)
            return working
        idle = self._idle[drawer_of(key)].pop(key, None)
        if idle:
            working = Working(unpack(idle.packed), idle.derived)
        else:
            working = Working(Docket()) if new else self._read_back(key, before)
            self._wait_for(key, working)
        self._hot[key] = working
        self._count(key, working)
        return working

    def _wait_for(self, key: Key, working: Working) -> None:
        if working.docket.next_at < NEVER:
            heappush(self._queue, (working.docket.next_at, key))

    def _count(self, key: Key, working: Working) -> None:
        if working.docket.live:
            self._live.add(key)
        else:
            self._live.discard(key)

    def _read_back(self, key: Key, before: int) -> Working:
        """A case that was closed: derived again from the log, as far as it stood."""
        working, stored = Working(Docket()), self._load(*key)
        try:
            derived = self._again(working.docket, (s for s in stored if s.position < before))
        except Unreadable as error:
            self.halt(key, str(error))
            return working
        self._compare(key, working, derived, [s for s in stored if s.stream == cards_stream(*key)])
        return working

    def _again(self, docket: Docket, stored: Iterable[Stored]) -> list[CardAct]:
        derived: list[CardAct] = []
        for at, transaction in groupby(stored, key=lambda s: s.recorded_at):
            told = [(s.event, s.position) for s in transaction]
            for act in (event for event, _ in told if isinstance(event, CardAct)):
                derived += docket.advance(instant(act.at), self.shelf)
            inputs = [(e, position) for e, position in told if isinstance(e, Fact | DeskAct)]
            if inputs:
                derived += docket.hear(inputs, at, self.shelf)
        return derived

    def _compare(
        self, key: Key, working: Working, derived: list[CardAct], recorded: Sequence[Stored]
    ) -> None:
        """What the log has of a case's acts, some perhaps behind inputs still unread, and what it
        lacks; where both have an act it must be the same.
        """
        working.derived = len(derived)
        working.pending = derived[len(recorded) :]
        if working.pending:
            self._dirty[key] = None
        for act, stored in zip(derived, recorded, strict=False):
            if encode(act) != (stored.topic, stored.payload):
                self.halt(key, not_derived(stored))
                return

    def _derived(self, key: Key, working: Working, acts: list[CardAct]) -> None:
        if acts:
            working.derived += len(acts)
            working.pending += acts
            self._dirty[key] = None
        self.changed.add(drawer_of(key))
        self._count(key, working)
        self._wait_for(key, working)
        self._cool()

    def _cool(self) -> None:
        """Pack the least recently used; forget what is closed."""
        while len(self._hot) > self._most_hot:
            key, working = self._hot.popitem(last=False)
            if working.pending:
                self._hot[key] = working
                return
            self._live.discard(key)
            if working.docket.live:
                self._idle[drawer_of(key)][key] = _idle(working)

    def _confirm(self, key: Key, stored: Stored, act: CardAct) -> None:
        """An act that the log has: known already, or derive up to it and compare."""
        ours = self._written.get(key, 0)
        if stored.version == ours:
            del self._written[key]
        if stored.version <= max(ours, self._confirmed(key)) or key in self.halted:
            return
        working = self._working(key, stored.position)
        if stored.version <= self._confirmed(key) or key in self.halted:
            return
        if stored.version > working.derived:
            self._derived(key, working, working.docket.advance(instant(act.at), self.shelf))
        expected = working.pending[0] if working.pending else None
        if expected is not None and encode(expected) == (stored.topic, stored.payload):
            working.pending.pop(0)
        else:
            self.halt(key, not_derived(stored))

    def _confirmed(self, key: Key) -> int:
        """How many acts of a case both were derived and are in the log."""
        working, idle = self._hot.get(key), self._idle[drawer_of(key)].get(key)
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

    def filed(self, drawer: int) -> list[Filed]:
        """The live cases of a drawer, to be kept outside; only while nothing is pending."""
        found = [_filed(key, idle) for key, idle in self._idle[drawer].items()]
        hot = (one for one in self._hot.items() if drawer_of(one[0]) == drawer)
        return found + [_filed(key, _idle(w)) for key, w in hot if w.docket.live]

    def put_back(self, drawer: int, cases: Iterable[Filed], position: int) -> None:
        """A drawer as it was kept when its cases had been judged up to a position."""
        self._known[drawer] = position
        self._idle[drawer].update(
            ((case.source, case.case_no), Idle(case.next_at, case.derived, case.packed))
            for case in cases
        )

    def go_on(self, position: int, now: Instant) -> None:
        """All drawers are back: go on behind a position, from an instant."""
        self.position, self.now = position, now
        self._queue = [
            (idle.next_at, key)
            for drawer in self._idle
            for key, idle in drawer.items()
            if idle.next_at < NEVER
        ]
        heapify(self._queue)


def _idle(working: Working) -> Idle:
    docket = working.docket
    return Idle(docket.next_at, working.derived, pack(docket))


def _filed(key: Key, idle: Idle) -> Filed:
    return Filed(key[0], key[1], idle.next_at, idle.derived, idle.packed)


def not_derived(stored: Stored) -> str:
    """Why a case is halted whose recorded act does not follow."""
    return f"act {stored.version} at position {stored.position} was not derived"
