"""Samples being drawn: each by a thread, one at a time, with how far it has come.

A drawing looks through all cases of the log, which in a great log takes longer than anybody waits
for a page. What is drawn is in the log; a drawing itself is forgotten with its process.
"""

from __future__ import annotations

import logging
import secrets
import threading

from replay.samples import SampleRefused
from replay.sampling import Asked, Sampling
from supervision.access.events import SampleDrawn
from supervision.errors import SupervisionError

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds for which an answer waits for a drawing before it tells how far it has come."""
KEPT = 100
"""Drawings that are remembered."""


class Stopped(SupervisionError):
    """A drawing ended by a defect; the log has why."""

    def __init__(self) -> None:
        self.zh = "抽取没有完成，没有记录任何内容，请重试"
        self.en = "the drawing did not end, and nothing is recorded: try again"
        super().__init__(f"{self.zh} {self.en}")


class NoSuchDrawing(SampleRefused):
    """None of that name, or another person's, or another process's."""


class Drawing:
    """A sample being drawn by somebody: what was asked for, how far, what came of it."""

    def __init__(self, asked: Asked, by: str) -> None:
        self.id = secrets.token_hex(8)
        self.asked, self.by = asked, by
        self.looked = 0
        """Cases looked through so far."""
        self.drawn: SampleDrawn | None = None
        self.error: SupervisionError | None = None
        self.ended = threading.Event()


class Work:
    """The drawings of a process."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._drawings: dict[str, Drawing] = {}

    def begin(self, asked: Asked, by: str) -> Drawing:
        """Begin to draw; it has ended when this returns, or PATIENCE is over."""
        drawing = Drawing(asked, by)
        with self._lock:
            while len(self._drawings) >= KEPT:
                del self._drawings[next(iter(self._drawings))]
            self._drawings[drawing.id] = drawing
        threading.Thread(target=self._draw, args=(drawing,), name="sample", daemon=True).start()
        drawing.ended.wait(PATIENCE)
        return drawing

    def find(self, number: str, by: str) -> Drawing | None:
        """Somebody's own drawing."""
        found = self._drawings.get(number)
        return found if found is not None and found.by == by else None

    def _draw(self, drawing: Drawing) -> None:
        def progress(n: int) -> None:
            drawing.looked = n

        try:
            with self._turn:
                drawing.drawn = self._sampling.draw(drawing.asked, drawing.by, progress)
        except SupervisionError as error:
            drawing.error = error
        except Exception:  # a defect ends one drawing, and whoever waits for it is told
            log.exception("a sample could not be drawn")
            drawing.error = Stopped()
        finally:
            drawing.ended.set()
