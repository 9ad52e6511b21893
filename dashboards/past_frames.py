"""Past walls as their page and its time line ask for them: drawn a few at a time, the last kept.

Who drags asks for the next instant when the last has come, so nothing queues for one viewer; how
many are made at a time is limited for all. What stood is no longer changed by what comes, so a wall
that was drawn is good for everybody who sees the same part of the world.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from msgspec import Struct

from projections.figures import Wall
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.errors import SupervisionError
from supervision.facts import Instant

from .past import NotTold, Past, Span, day_bounds, day_of, read_day, read_instant, written
from .producer import Change, Draw
from .producer import written as as_json
from .sights import Sights
from .wall import Shown
from .words import LANGS

log = logging.getLogger(__name__)

AT_A_TIME = 2
"""Past walls made at a time, for all viewers: some ten queries each."""
KEPT = 64
"""Past walls kept drawn, in both languages: some hundred kilobytes each."""
STATUS = {"starting": 503, "no_department": 404, "no_right": 404}


class PastFrame(Struct, frozen=True):
    """A past wall as it is shown in every language, and what tells whether a place differs."""

    wall: Wall
    shown: dict[str, Shown]
    digests: dict[str, dict[tuple[str, str], int]]

    def since(self, lang: str, other: PastFrame | None) -> list[Change]:
        """The places that differ from another; all of them for none."""
        known = other.digests[lang] if other else {}
        mine = self.digests[lang]
        return [(*at, value) for at, value in self.shown[lang].items() if known.get(at) != mine[at]]


Key = tuple[frozenset[str] | None, Instant]


class Replays:
    """Draws past walls for whoever may see them. Called from many threads."""

    def __init__(self, sights: Sights, draw: Draw) -> None:
        self._sights, self._draw = sights, draw
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, PastFrame] = OrderedDict()
        self.limiter = CapacityLimiter(AT_A_TIME)

    def past(self, department: str = "") -> Past:
        """What whoever is behind this request may see of the past, or of it one department.

        Raises NotTold; a department of others is recorded as refused.
        """
        source = self._sights.source(Right.REPLAY)
        if source is None:
            raise NotTold("no_right")
        past = source.past()
        if not department:
            return past
        if not self._sights.covers(Right.REPLAY, department):
            self._sights.refuse(f"past wall of {department}"[:200], "another department")
            raise NotTold("no_department", what=department[:60])
        return past.of(department)

    def frame(self, past: Past, at: Instant) -> PastFrame:
        """The wall of an instant. Raises NotTold, and what the stores raise. Blocks."""
        key = (past.departments, at)
        found = self.kept(past, at)
        if found is None:
            wall = past.wall(at)
            shown = {lang: self._draw(wall, lang) for lang in LANGS}
            digests = {lang: digest(shown[lang]) for lang in LANGS}
            found = PastFrame(wall, shown, digests)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found

    def kept(self, past: Past, at: Instant) -> PastFrame | None:
        """A wall that was drawn and is kept."""
        key = (past.departments, at)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)


def digest(shown: Shown) -> dict[tuple[str, str], int]:
    """By place."""
    return {at: hash(as_json(value)) for at, value in shown.items()}


def pulse(wall: Wall, lang: str, span: Span) -> dict[str, Any]:
    """What the browser's clock and time line go by: the instant, which stands still, its day, and
    the span that can be shown; milliseconds since 1970.
    """
    day = day_of(wall.now, wall.zone)
    begin, end = day_bounds(day, wall.zone)
    return {
        "boot": "past",
        "version": 0,
        "lang": lang,
        "now": wall.now / 1000,
        "at": written(wall.now, wall.zone),
        "speed": 0,
        "zone": wall.zone,
        "age": 0,
        "past": True,
        "day": day.isoformat(),
        "begin": begin // 1000,
        "end": end // 1000,
        "first": -(-span.first // 1000),
        "last": span.last // 1000,
    }


def serve_past(server: FastAPI, replays: Replays) -> None:
    """The walls that were, in the form of /_wall/frame, and when cards were issued on a day."""

    @server.get("/_wall/past", include_in_schema=False)
    @needs(Right.REPLAY)
    async def past_frame(request: Request) -> Response:
        return await to_thread.run_sync(_frame, replays, request, limiter=replays.limiter)

    @server.get("/_wall/past/day", include_in_schema=False)
    @needs(Right.REPLAY)
    async def past_day(request: Request) -> Response:
        return await to_thread.run_sync(_day, replays, request, limiter=replays.limiter)


def _frame(replays: Replays, request: Request) -> Response:
    asked = request.query_params
    lang = "en" if asked.get("lang") == "en" else "zh"
    try:
        past = replays.past(asked.get("department", ""))
        span, since = past.span(), asked.get("since", "")
        found = replays.frame(past, read_instant(asked.get("at", ""), past.zone, span.last))
        other = replays.kept(past, read_instant(since, past.zone, 0)) if since else None
        told = {"changes": found.since(lang, other), "pulse": pulse(found.wall, lang, span)}
    except SupervisionError as error:
        return refusal(error)
    return answer(told)


def _day(replays: Replays, request: Request) -> Response:
    try:
        past = replays.past(request.query_params.get("department", ""))
        day = read_day(request.query_params.get("day", ""), past.zone)
        begin, end = day_bounds(day, past.zone)
        issued = [
            (one.at // 1000, one.reminders, one.yellows, one.reds) for one in past.issued(day)
        ]
    except SupervisionError as error:
        return refusal(error)
    told = {"day": day.isoformat(), "begin": begin // 1000, "end": end // 1000, "issued": issued}
    return answer(told)


def why_not(error: SupervisionError) -> NotTold:
    """What whoever asks is told; what the stores said is in the log."""
    if isinstance(error, NotTold):
        return error
    log.warning("a past wall could not be made", extra={"why": str(error)})
    return NotTold("starting")


def refusal(error: SupervisionError) -> Response:
    """Why there is no wall, in both languages."""
    why = why_not(error)
    told = {"code": why.code, "zh": why.zh, "en": why.en}
    return answer(told, STATUS.get(why.code, 422))


def answer(told: object, status: int = 200) -> Response:
    """Never kept by the browser."""
    return Response(
        as_json(told),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
