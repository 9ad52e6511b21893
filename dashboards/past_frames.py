"""Past walls as their page and its time line ask for them: drawn a few at a time, the last kept.

On the other axis, a wall is as it truly was (truths.py), drawn with what was shown instead.

Who drags asks for the next instant when the last has come, so nothing queues for one viewer; how
many are made at a time is limited for all. What stood is no longer changed by what comes, so a wall
that was drawn is good for everybody who sees the same part of the world.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import Any, Protocol

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from projections.figures import Wall
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import whoever
from supervision.errors import SupervisionError
from supervision.facts import Instant

from .past import NotTold, Past, Span, day_bounds, day_of, read_day, read_instant, written
from .producer import Change
from .producer import written as as_json
from .sights import Sights
from .truth_shown import Differing, differing
from .truth_walls import Made
from .truths import MAKING, Truths
from .wall import Shown
from .words import LANGS
from .words_replay import say

log = logging.getLogger(__name__)

AT_A_TIME = 2
"""Past walls made at a time, for all viewers: some ten queries each."""
KEPT = 64
"""Past walls kept drawn, in both languages: some hundred kilobytes each."""
TRUE = "true"
"""The axis of a wall as it truly was; any other is that of what was known then."""
STATUS = {
    "truth_none": 409,
    "truth_behind": 409,
    "starting": 503,
    "no_department": 404,
    "no_right": 404,
}


class Drawing(Protocol):
    """What makes the places of a wall."""

    def __call__(self, wall: Wall, lang: str, known: Wall | None = None) -> Shown:
        """In a language; `known`: what was shown instead of a wall as it truly was."""


class PastFrame(Struct, frozen=True):
    """A past wall as it is shown in every language, and what tells whether a place differs.
    `differing`: of one as it truly was, where what was known differed, in every language.
    """

    wall: Wall
    shown: dict[str, Shown]
    digests: dict[str, dict[tuple[str, str], int]]
    differing: dict[str, Differing] = {}

    def since(self, lang: str, other: PastFrame | None) -> list[Change]:
        """The places that differ from another; all of them for none."""
        known = other.digests[lang] if other else {}
        mine = self.digests[lang]
        return [(*at, value) for at, value in self.shown[lang].items() if known.get(at) != mine[at]]


Key = tuple[frozenset[str] | None, Instant, Made | None]


class Replays:
    """Draws past walls for whoever may see them. Called from many threads."""

    def __init__(self, sights: Sights, draw: Drawing, truths: Truths | None = None) -> None:
        """Without `truths` there is one axis."""
        self._sights, self._draw, self.truths = sights, draw, truths
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, PastFrame] = OrderedDict()
        self.limiter, self.true_limiter = (CapacityLimiter(AT_A_TIME) for _ in range(2))
        """Of walls as known then, and of those as they truly were: these wait for one process."""

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

    def frame(self, past: Past, at: Instant, *, true: bool = False) -> PastFrame:
        """The wall of an instant, as known then or as it truly was. Raises NotTold, and what the
        stores raise. Blocks.
        """
        found = self.kept(past, at, true=true)
        if found is None:
            key = self._key(past, at, true=true)
            found = self._true(past, at) if true else self._known(past, at)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found

    def _known(self, past: Past, at: Instant) -> PastFrame:
        wall = past.wall(at)
        shown = {lang: self._draw(wall, lang) for lang in LANGS}
        return PastFrame(wall, shown, {lang: digest(shown[lang]) for lang in LANGS})

    def _true(self, past: Past, at: Instant) -> PastFrame:
        """Its head, its position and whether it is a demonstration's are those of the other."""
        known, truths = self.frame(past, at).wall, self.told_anew()
        wall = replace(
            truths.wall(at, past.departments),
            district=known.district,
            position=known.position,
            demonstration=known.demonstration,
            speed=known.speed,
        )
        found = truths.differences(at, past.departments)
        shown = {lang: self._draw(wall, lang, known) for lang in LANGS}
        return PastFrame(
            wall,
            shown,
            {lang: digest(shown[lang]) for lang in LANGS},
            {lang: differing(found, lang, wall.zone, past.departments) for lang in LANGS},
        )

    def told_anew(self) -> Truths:
        """What tells walls as they truly were. Raises NotTold where nothing does."""
        if self.truths is None:
            raise NotTold("truth_none")
        return self.truths

    def told_of(self, span: Span, *, true: bool) -> Span:
        """What of a span can be shown on an axis: as it truly was, up to when that was told."""
        made = self.told_anew().stand().made if true else None
        return span if made is None else Span(span.first, min(span.last, made.until))

    def _key(self, past: Past, at: Instant, *, true: bool) -> Key:
        """What was told anew gives other walls."""
        if not true:
            return past.departments, at, None
        made = self.told_anew().stand().made
        if made is None:
            raise NotTold("truth_none")
        return past.departments, at, made

    def kept(self, past: Past, at: Instant, *, true: bool = False) -> PastFrame | None:
        """A wall that was drawn and is kept."""
        key = self._key(past, at, true=true)
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
        true = request.query_params.get("axis") == TRUE
        limiter = replays.true_limiter if true else replays.limiter
        return await to_thread.run_sync(_frame, replays, request, limiter=limiter)

    @server.get("/_wall/past/truth", include_in_schema=False)
    @needs(Right.REPLAY)
    def truth(request: Request) -> Response:
        return _truth(replays, request)

    @server.post("/_wall/past/truth", include_in_schema=False)
    @needs(Right.REPLAY)
    def begin(request: Request) -> Response:
        if replays.truths:
            replays.truths.start(whoever().person)
        return _truth(replays, request)

    @server.post("/_wall/past/truth/cancel", include_in_schema=False)
    @needs(Right.REPLAY)
    def cancel(request: Request) -> Response:
        if replays.truths:
            replays.truths.cancel(whoever().person)
        return _truth(replays, request)

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
        true = asked.get("axis") == TRUE
        at = read_instant(asked.get("at", ""), past.zone, span.last)
        found = replays.frame(past, at, true=true)
        other = replays.kept(past, read_instant(since, past.zone, 0), true=true) if since else None
        told = {
            "changes": found.since(lang, other),
            "pulse": pulse(found.wall, lang, replays.told_of(span, true=true)),
            "differing": to_builtins(found.differing.get(lang)),
        }
    except SupervisionError as error:
        return refusal(error)
    return answer(told)


def _truth(replays: Replays, request: Request) -> Response:
    """How far the other axis is; of the whole log, so it is told in shares of the work, and what
    is of whichever case to who sees all.
    """
    lang = "en" if request.query_params.get("lang") == "en" else "zh"
    try:
        past = replays.past()
        stand = replays.told_anew().stand()
        made = stand.made
        told = {
            "state": stand.state,
            "permille": stand.permille if stand.state == MAKING else 0,
            "why": _failed(stand.why, lang, whole=past.departments is None) if stand.why else "",
            "until": made.until // 1000 if made else 0,
            "made": _made(made, past.zone, lang, whole=past.departments is None) if made else "",
            "newer": bool(made and past.latest() > made.until),
        }
    except SupervisionError as error:
        return refusal(error)
    return answer(told)


def _failed(why: str, lang: str, *, whole: bool) -> str:
    return say("truth_failed", lang).format(why=why if whole else say("see_log", lang))


def _made(made: Made, zone: str, lang: str, *, whole: bool) -> str:
    text = say("made", lang).format(at=written(made.until, zone).replace("T", " ")[:19])
    if not (made.unreadable and whole):
        return text
    return text + say("left_out", lang).format(n=f"{made.unreadable:,}")


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
