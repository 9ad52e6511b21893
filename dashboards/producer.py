"""One producer for all viewers: reads the wall once a second in a thread and tells who waits.

A viewer holds the version that it has seen and is given only the places that changed since.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from time import monotonic, time
from typing import Any, Protocol
from uuid import uuid4

from dash._utils import to_json
from msgspec import Struct

from projections.figures import Wall
from supervision.errors import SupervisionError

from .wall import Shown
from .words import LANGS

log = logging.getLogger(__name__)

Change = tuple[str, str, Any]
"""Component id, property, value."""


class Frame(Struct, frozen=True):
    """What the wall shows in every language, and the version in which each place last changed."""

    boot: str
    version: int
    wall: Wall
    shown: dict[str, Shown]
    changed: dict[str, dict[tuple[str, str], int]]
    digests: dict[str, dict[tuple[str, str], int]]

    def since(self, lang: str, boot: str, version: int) -> list[Change]:
        """The places that changed after a version; all of them for another boot's version."""
        after = version if boot == self.boot else 0
        changed = self.changed[lang]
        return [(*at, value) for at, value in self.shown[lang].items() if changed[at] > after]

    def pulse(self, lang: str) -> dict[str, object]:
        """What the browser's clock goes by: the instant shown, and the age of the data now."""
        return {
            "boot": self.boot,
            "version": self.version,
            "lang": lang,
            "now": self.wall.now / 1000,
            "speed": self.wall.speed if self.wall.demonstration else 1.0,
            "zone": self.wall.zone,
            "age": max(0.0, time() - self.wall.measured) * 1000,
        }


Draw = Callable[[Wall, str], Shown]


class Readable(Protocol):
    """What has a wall."""

    def wall(self) -> Wall:
        """All figures at one instant."""


class Producer:
    """Reads the source, at most once an interval, seldom while nobody watches."""

    def __init__(
        self,
        source: Readable,
        draw: Draw,
        interval: float,
        idle_interval: float,
        *,
        stays: bool = True,
    ) -> None:
        """`stays`: goes on, seldom, while nobody watches; else it ends until started again."""
        self.boot = uuid4().hex
        self.latest: Frame | None = None
        self._source = source
        self._draw = draw
        self._interval = interval
        self._idle_interval = idle_interval
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._touched = 0.0
        self._why = ""
        self._stays, self._dropped = stays, False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; once is enough."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="wall", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """End soon."""
        self._stop.set()
        self._wake.set()

    def drop(self) -> None:
        """End for good, and with it what its viewers follow."""
        self._dropped = True
        self.end()
        self._tell()

    def stop(self) -> None:
        """End, and wait for the end."""
        self.end()
        thread = self._thread
        if thread is not None:
            thread.join(10)

    def touch(self) -> None:
        """Somebody without a subscription looks."""
        self._touched = monotonic()
        self._wake.set()

    async def follow(self, boot: str, version: int) -> AsyncIterator[Frame]:
        """Every new frame after a version, the latest at once; skips what was missed."""
        seen = version if boot == self.boot else 0
        with self._subscribed() as told:
            while not self._dropped:
                frame = self.latest
                if frame is not None and frame.version > seen:
                    seen = frame.version
                    yield frame
                await told.wait()
                told.clear()

    @contextmanager
    def _subscribed(self) -> Iterator[asyncio.Event]:
        told = asyncio.Event()
        with self._lock:
            self._waiting[told] = asyncio.get_running_loop()
        self._wake.set()
        try:
            yield told
        finally:
            with self._lock:
                self._waiting.pop(told, None)

    @property
    def viewers(self) -> int:
        """How many follow."""
        return len(self._waiting)

    def is_watched(self) -> bool:
        """Whether somebody follows, or looked just now."""
        return bool(self._waiting) or monotonic() - self._touched < 2 * self._idle_interval

    def _run(self) -> None:
        while not self._stop.is_set():
            began = monotonic()
            self._produce()
            self._pause(began)
            if self._is_over():
                return

    def _is_over(self) -> bool:
        """Nobody watches, and it need not stay: whoever comes next is shown nothing old."""
        with self._lock:
            over = not (self._stays or self.is_watched())
            if over:
                self._thread = self.latest = None
                self.boot = uuid4().hex  # versions begin again
            return over

    def _pause(self, began: float) -> None:
        """Until the interval is over; while nobody watches, until somebody does."""
        self._stop.wait(max(0.0, began + self._interval - monotonic()))
        while not self._stop.is_set() and not self.is_watched():
            self._wake.clear()
            if not self._wake.wait(max(0.0, began + self._idle_interval - monotonic())):
                return

    def _produce(self) -> None:
        try:
            self.latest = self._next(self._source.wall())
        except Exception as error:  # noqa: BLE001 the wall says that data stopped, and tries again
            self._failed(error)
            return
        self._why = ""
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            for told, loop in list(self._waiting.items()):
                try:
                    loop.call_soon_threadsafe(told.set)
                except RuntimeError:  # its loop is closed
                    del self._waiting[told]

    def _failed(self, error: Exception) -> None:
        """Told once for as long as it lasts; a defect with its traceback."""
        why, self._why = self._why, f"{type(error).__name__}: {error}"
        if why != self._why:
            expected = isinstance(error, SupervisionError)
            shown = {"why": str(error)} if expected else {}
            told = None if expected else error
            log.error("the wall could not be read", extra=shown, exc_info=told)

    def _next(self, wall: Wall) -> Frame:
        before = self.latest
        version = before.version + 1 if before else 1
        shown = {lang: self._draw(wall, lang) for lang in LANGS}
        digests = {lang: digest(shown[lang], before, lang) for lang in LANGS}
        changed = {lang: versions(digests[lang], before, lang, version) for lang in LANGS}
        return Frame(self.boot, version, wall, shown, changed, digests)


def written(value: object) -> str:
    """Components as the JSON that Dash's browser side reads."""
    text: str = to_json(value)  # type: ignore[no-untyped-call]
    return text


def digest(shown: Shown, before: Frame | None, lang: str) -> dict[tuple[str, str], int]:
    """What tells whether a place changed; the very same value was digested before."""
    old = before.shown[lang] if before else {}
    known = before.digests[lang] if before else {}
    return {
        at: known[at] if at in known and old[at] is value else hash(written(value))
        for at, value in shown.items()
    }


def versions(
    digests: dict[tuple[str, str], int], before: Frame | None, lang: str, version: int
) -> dict[tuple[str, str], int]:
    """The version in which each place last changed."""
    if before is None:
        return dict.fromkeys(digests, version)
    old, when = before.digests[lang], before.changed[lang]
    return {at: when[at] if old.get(at) == d else version for at, d in digests.items()}
