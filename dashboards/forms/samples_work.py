"""Samples being drawn: each by a thread, one at a time, with how far it has come.

A drawing looks through all cases of the log, which in a great log takes longer than anybody waits
for a page: there other processes fold the cases, on half of the cores. Whoever draws draws one
sample at a time, and may end it. What is drawn is in the log; a drawing itself is forgotten with
its process.
"""

from __future__ import annotations

import logging
import secrets
import threading

from replay.every_case import Cancelled, Watching, processes_for
from replay.samples import SampleRefused
from replay.sampling import Asked, Sampling
from supervision.access.events import SampleDrawn
from supervision.errors import SupervisionError

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds for which an answer waits for a drawing before it tells how far it has come."""
KEPT = 100
"""Drawings that are remembered when they have ended."""
A_GLANCE = 0.2
"""Seconds between two looks of a drawing that waits for its turn, whether it is still wanted."""
FAREWELL = 30
"""Seconds for which the end of the server waits for a drawing to end: a part of its work."""


class Stopped(SupervisionError):
    """A drawing ended by a defect; the log has why."""

    def __init__(self) -> None:
        self.zh = "抽取没有完成，没有记录任何内容，请重试"
        self.en = "the drawing did not end, and nothing is recorded: try again"
        super().__init__(f"{self.zh} {self.en}")


class NoSuchDrawing(SampleRefused):
    """None of that name, or another person's, or another process's."""


class DrawingGoesOn(SampleRefused):
    """Whoever asks is drawing already."""

    def __init__(self) -> None:
        super().__init__(
            "您的上一次抽取还在进行，请等其结束或取消后再试",
            "you are drawing a sample already: wait until it ends, or cancel it",
        )


class DrawingCancelled(SampleRefused):
    """It was ended before it was done."""

    def __init__(self) -> None:
        super().__init__(
            "抽取已取消，没有记录任何内容", "the drawing was cancelled, and nothing is recorded"
        )


class Drawing:
    """A sample being drawn by somebody: what was asked for, how far, what came of it."""

    def __init__(self, asked: Asked, by: str) -> None:
        self.id = secrets.token_hex(8)
        self.asked, self.by = asked, by
        self.looked = self.total = 0
        """Cases looked through so far, and how many there are."""
        self.drawn: SampleDrawn | None = None
        self.error: SupervisionError | None = None
        self.ended, self.unwanted = threading.Event(), threading.Event()

    @property
    def watching(self) -> Watching:
        """Notes how far it has come, and says when it is to end."""
        return Watching(self._far, self.unwanted.is_set)

    def _far(self, looked: int, total: int) -> None:
        self.looked, self.total = looked, total


class Work:
    """The drawings of a process."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._drawings: dict[str, Drawing] = {}
        self._stopped = False

    def begin(self, asked: Asked, by: str) -> Drawing:
        """Begin to draw; it has ended when this returns, or PATIENCE is over. DrawingGoesOn."""
        drawing = Drawing(asked, by)
        with self._lock:
            if self._stopped or self._going(by):
                raise DrawingGoesOn
            over = [each.id for each in self._drawings.values() if each.ended.is_set()]
            for number in over[: max(0, len(over) - KEPT + 1)]:
                del self._drawings[number]
            self._drawings[drawing.id] = drawing
        threading.Thread(target=self._draw, args=(drawing,), name="sample", daemon=True).start()
        drawing.ended.wait(PATIENCE)
        return drawing

    def find(self, number: str, by: str) -> Drawing | None:
        """Somebody's own drawing."""
        with self._lock:
            found = self._drawings.get(number)
        return found if found is not None and found.by == by else None

    def going(self, by: str) -> Drawing | None:
        """Somebody's drawing that goes on, or waits for its turn."""
        with self._lock:
            return self._going(by)

    def cancel(self, drawing: Drawing) -> None:
        """End it, unless it is done; it has ended when this returns, or PATIENCE is over."""
        drawing.unwanted.set()
        drawing.ended.wait(PATIENCE)

    def stop(self) -> None:
        """End all of them, and begin no other."""
        with self._lock:
            self._stopped = True
            going = [each for each in self._drawings.values() if not each.ended.is_set()]
        for drawing in going:
            drawing.unwanted.set()
        for drawing in going:
            drawing.ended.wait(FAREWELL)

    def _going(self, by: str) -> Drawing | None:
        mine = (each for each in self._drawings.values() if each.by == by)
        return next((each for each in mine if not each.ended.is_set()), None)

    def _draw(self, drawing: Drawing) -> None:
        try:
            self._wait_for_turn(drawing)
            try:
                others = processes_for(self._sampling.head(), spare=True)
                drawing.drawn = self._sampling.draw(
                    drawing.asked, drawing.by, drawing.watching, others
                )
            finally:
                self._turn.release()
        except Cancelled:
            drawing.error = DrawingCancelled()
        except SupervisionError as error:
            drawing.error = error
        except Exception:  # a defect ends one drawing, and whoever waits for it is told
            log.exception("a sample could not be drawn")
            drawing.error = Stopped()
        finally:
            drawing.ended.set()

    def _wait_for_turn(self, drawing: Drawing) -> None:
        while not self._turn.acquire(timeout=A_GLANCE):
            if drawing.unwanted.is_set():
                raise Cancelled
