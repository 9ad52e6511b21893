"""Keeping a watch outside, in parts, so that a worker that comes back need not judge everything.

What is kept: one page for each drawer of live cases, and a cover. A round writes the pages that
changed since the last one, a few at a time, then the cover, which says from which position on the
log must be taken in again. A page tells its own position: what its cases heard after the cover's
position and before the page's is not told to them twice. The cover names the position of every
page that it rests on, so that a page overwritten by a worker that did not know that it had lost its
partition is noticed. Cover and pages name when the event at their position was recorded, so that
states of a log that was since restored from an older copy are noticed too. States of another
program or log, or that do not fit together, are no use: the watch is made again from the log
(design: rule 6).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from supervision.facts import Instant
from supervision.judgement.shelf import Entry, Shelf
from supervision.store.stored import Stored

from .watch import DRAWERS, Filed, Watch

RecordedAt = Callable[[int], Instant]
"""When the event at a position of the log was recorded; 0 where there is none."""

COVER = b"cover"
JUDGING = (
    ("supervision", ("facts.py", "acts.py", "lists.py", "judgement")),
    ("projections", ("watch.py", "packing.py", "keeping.py", "links.py")),
)
"""The files whose content decides what a kept state means."""

Kept = tuple[bytes, bytes]
"""A key and its value: what is written to wherever states are kept."""


NO_PAGES = (0,) * DRAWERS


class Page(Struct, array_like=True, frozen=True):
    """The live cases of a drawer, judged up to a position; when that was recorded."""

    program: str
    position: int
    recorded_at: Instant
    cases: list[Filed]


class Cover(Struct, array_like=True, frozen=True):
    """Where to go on, and when that was recorded; the position of each drawer's page, 0 for none;
    and the cases that must not be judged: (source, case_no, reason).
    """

    program: str
    position: int
    recorded_at: Instant
    now: Instant
    pages: list[int]
    halted: list[tuple[str, str, str]]


class Every(NamedTuple):
    """How often a round begins: after so many positions, or microseconds."""

    positions: int = 200_000
    passed: Instant = 60_000_000


_encode = msgspec.msgpack.Encoder().encode


class Keeper:
    """Keeps one watch, a few pages a step."""

    def __init__(
        self, watch: Watch, every: Every, pages: Sequence[int] = NO_PAGES, program: str = ""
    ) -> None:
        """`pages` are the positions of the pages that stand already."""
        self._watch = watch
        self._every = every
        self._program = program or program_digest()
        self._pages = list(pages)
        self._due: list[int] = []
        self._begun: Cover | None = None
        self._recorded_at: Instant = 0
        self._last = (watch.position, watch.now)
        self.cover: bytes | None = None
        """The last cover that was written or read, as it stands."""

    def prepare(self, recorded_at: RecordedAt) -> None:
        """Begin a round when it is time and no list awaits its sweep; before each `step`."""
        position = self._watch.position
        if self._begun is not None:
            self._recorded_at = recorded_at(position)
        elif self._is_time():
            news = position != self._last[0] or self._watch.changed
            self._last = (position, self._watch.now)
            if news:
                self._begin(recorded_at(position))

    def step(self, most: int) -> Iterator[Kept]:
        """What is to be written of a round, up to `most` pages, its cover last; only while the
        watch has no act pending.
        """
        if self._begun is None:
            return
        for drawer in self._due[:most]:
            yield page_key(drawer), self._page(drawer)
        del self._due[:most]
        if not self._due:
            self.cover = _encode(replace(self._begun, pages=self._pages))
            yield COVER, self.cover
            self._begun = None

    def _is_time(self) -> bool:
        watch, (position, now) = self._watch, self._last
        early = watch.position - position < self._every.positions
        return not (watch.sweeping or (early and watch.now - now < self._every.passed))

    def _begin(self, recorded_at: Instant) -> None:
        watch = self._watch
        halted = [(*key, why) for key, why in watch.halted.items()]
        self._begun = Cover(self._program, watch.position, recorded_at, watch.now, [], halted)
        self._due, self._recorded_at = sorted(watch.changed), recorded_at

    def _page(self, drawer: int) -> bytes:
        self._watch.changed.discard(drawer)
        self._pages[drawer] = self._watch.position
        position, cases = self._watch.position, self._watch.filed(drawer)
        return _encode(Page(self._program, position, self._recorded_at, cases))


class Back(NamedTuple):
    """A watch put back, and the positions of the pages that it was made of."""

    watch: Watch
    pages: list[int]


def put_back(
    kept: Callable[[bytes], bytes | None],
    load: Callable[[str, str], list[Stored]],
    lists: Callable[[], Iterable[Stored]],
    recorded_at: RecordedAt,
    hot: int | None = None,
    program: str = "",
) -> Back | None:
    """The watch that was kept, ready to go on behind its position; None if there is none of use.

    `kept` gives the value of a key; `lists` all lists of the log, in order.
    """
    program, recorded_at = program or program_digest(), cache(recorded_at)
    cover: Cover | None = _read(kept(COVER), Cover, program)
    if cover is None or recorded_at(cover.position) != cover.recorded_at:
        return None
    entries = (s for s in lists() if s.position <= cover.position)
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in entries)
    watch, pages = Watch(load, shelf, hot), []
    for drawer, wanted in enumerate(cover.pages):
        page: Page | None = _read(kept(page_key(drawer)), Page, program)
        reached = page.position if page else 0
        if reached < wanted:
            return None
        if page:
            if reached > cover.position and recorded_at(reached) != page.recorded_at:
                return None
            watch.put_back(drawer, page.cases, max(reached, cover.position))
        pages.append(reached)
    watch.halted.update({(source, case_no): why for source, case_no, why in cover.halted})
    watch.go_on(cover.position, cover.now)
    return Back(watch, pages)


def page_key(drawer: int) -> bytes:
    """Under which the page of a drawer is kept."""
    return b"page/%d" % drawer


def _read(data: bytes | None, kind: type[Any], program: str) -> Any:
    if data is None:
        return None
    try:
        read = msgspec.msgpack.decode(data, type=kind)
    except msgspec.MsgspecError:
        return None
    return read if read.program == program else None


@cache
def program_digest() -> str:
    """A digest of the program's files that decide what a kept state means."""
    digest = hashlib.sha256()
    for package, names in JUDGING:
        for name in names:
            for path, content in _contents(files(package) / name):
                digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _contents(place: Traversable, under: str = "") -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield under + place.name, place.read_bytes()
        return
    for each in sorted(place.iterdir(), key=lambda one: one.name):
        if each.is_dir() or each.name.endswith(".py"):
            yield from _contents(each, f"{under}{place.name}/")
