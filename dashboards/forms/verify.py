"""The page that verifies the log: the state of its seals, verifying now, what was found before."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from replay.evidence import Evidence
from replay.findings import Finding
from replay.notes import Key, SealError, read_checkpoint, read_note, vouchers
from replay.seals import NotSealed, SealFolder
from supervision.access.events import ACCESS, LogVerified
from supervision.access.office import Access
from supervision.access.rights import EVERYWHERE, Right
from supervision.access.rules import needs
from supervision.access.web import whoever
from supervision.errors import StoreError, SupervisionError
from supervision.facts import Instant
from supervision.store.mapping import moment
from supervision.streams import parse

from ..show import case_address
from ..verification import Job, Stand
from ..words import side
from ..words_verify import WORDS
from .offices_desk import Sent, back, by, desk_router
from .page import address, lang_of, page, told

log = logging.getLogger(__name__)

HERE = "/verify"
SHOWN = 200
"""Findings on the page."""
BEFORE = 20
"""Earlier verifications on the page."""
READ = 2_000
"""Events of the trail that are searched for them."""
SECOND = 1_000_000
LATEST: Instant = 253_402_300_800_000_000
"""The first instant (µs) that no calendar has."""
NOTE = "text/plain; charset=utf-8"


class State(NamedTuple):
    """The newest checkpoint: events, root, when its last event was recorded, whether its signature
    holds, who cosigned, whether it is time-stamped; how many events came since, None where the log
    cannot be read; the public key.
    """

    size: int = 0
    root: str = ""
    recorded: str = ""
    signed: bool = False
    witnesses: tuple[str, ...] = ()
    stamped: bool = False
    behind: int | None = 0
    vkey: str = ""
    problem: str = ""


class Shown(NamedTuple):
    """A finding as the page has it; `case`: the address of the case whose event stands there."""

    where: str
    what: str
    standing: str
    case: str
    to_do: str


def verify_pages(
    access: Access, evidence: Evidence, *, zone: str, broken: Callable[[], str] = str
) -> APIRouter:
    """The page, its button, the newest checkpoint as a file.

    `broken` tells what the sealing process found wrong with the log, "" while nothing is.
    """
    router = desk_router()
    job, place = Job(access, evidence), ZoneInfo(zone)

    def shown(request: Request, problem: str = "") -> Response:
        lang, asked = lang_of(request), request.query_params.get("done", "")
        stand, done = job.stand(), f"done_{asked}"
        running = stand is not None and stand.running
        answer = page(
            "verify.html",
            lang,
            words=WORDS,
            here=HERE,
            problem=problem,
            done=WORDS[done][side(lang)] if done in WORDS and running else "",
            state=_state(access, evidence, lang),
            of_folder=not evidence.keys,
            broken=broken(),
            stand=stand,
            running=running,
            progress=_progress(access, stand) if stand and running else None,
            found=[_finding(each, place, lang) for each in _found(stand)],
            rest=stand.found.count - min(SHOWN, len(stand.found.findings))
            if stand and stand.found
            else 0,
            again=address(HERE, lang=lang),
            before=_before(access),
            when=lambda at: _when(at, place),
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @router.get(HERE)
    @needs(Right.VERIFY)
    def look(request: Request) -> Response:
        """The state of the seals, how a verification stands, and those before."""
        return shown(request)

    @router.post(HERE)
    @needs(Right.VERIFY)
    def begin(request: Request, form: Sent) -> Response:
        """Verify now; one at a time."""
        if job.begin(by()):
            return back(request, HERE, "verifying")
        return shown(request, WORDS["verify_runs_already"][side(lang_of(request))])

    @router.get(f"{HERE}/checkpoint")
    @needs(Right.VERIFY)
    def checkpoint(request: Request) -> Response:
        """The newest checkpoint, to be kept elsewhere. NotSealed."""
        latest = SealFolder(evidence.folder).latest()
        if latest is None:
            return shown(request, told(NotSealed(evidence.folder), lang_of(request)))
        answer = Response(latest.note, media_type=NOTE)
        name = f"{latest.size:020}.note"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return router


def _state(access: Access, evidence: Evidence, lang: str) -> State:
    """As the folder has it now; what cannot be read is told."""
    folder, state = SealFolder(evidence.folder), State()
    try:
        key = evidence.keys[0] if evidence.keys else evidence.own_key
        state = state._replace(vkey=key.vkey if key else "")
        latest = folder.latest()
        if latest is not None:
            state = _of_note(state, latest.note, key, evidence)
            state = state._replace(stamped=folder.checkpoints.stamp(latest.size) is not None)
        return state._replace(behind=max(0, access.record.head() - state.size))
    except StoreError as error:
        log.warning("the log cannot be read: %s", error)
        return state._replace(behind=None, problem=WORDS["log_down"][side(lang)])
    except SupervisionError as error:
        return state._replace(problem=told(error, lang))


def _of_note(state: State, data: bytes, key: Key | None, evidence: Evidence) -> State:
    note = read_note(data)
    said = read_checkpoint(note.text)
    recorded = next((e.partition(" ")[2] for e in said.extra if e.startswith("recorded_at ")), "")
    signed, witnesses = False, tuple[str, ...]()
    with suppress(SealError):
        signed = key is not None and bool(vouchers(note, [key]))
    with suppress(SealError):
        witnesses = tuple(each.key.name for each in vouchers(note, evidence.witnesses))
    return state._replace(
        size=said.size, root=said.root.hex(), recorded=recorded, signed=signed, witnesses=witnesses
    )


def _progress(access: Access, stand: Stand) -> dict[str, Any]:
    """How far, how fast, how long yet."""
    seconds = max(1, access.instant() - stand.began) / SECOND
    total = max(stand.total, access.record.head() if stand.phase == "log" else 0)
    rate = stand.done / seconds
    left = max(0, total - stand.done) / rate if rate else 0
    return {
        "phase": stand.phase, "done": stand.done, "total": total, "rate": f"{rate:,.0f}",
        "left": f"{left:,.0f}",
    }  # fmt: skip


def _found(stand: Stand | None) -> tuple[Finding, ...]:
    return stand.found.findings[:SHOWN] if stand and stand.found else ()


def _finding(each: Finding, place: ZoneInfo, lang: str) -> Shown:
    """Of which case only to whoever sees all cases: an audit administrator sees none."""
    case = parse(each.stream)
    sees = whoever().reach(Right.CASES) == EVERYWHERE
    link = case_address(case.source, case.case_no, lang) if case and sees else ""
    stream = each.stream if sees or case is None else ""
    standing = " · ".join(filter(None, (stream, each.topic, _when(each.recorded_at, place))))
    return Shown(
        each.where if each.position else "", each.said(lang), standing, link, each.to_do(lang)
    )


def _when(at: Instant | datetime | str, place: ZoneInfo) -> str:
    """An instant as people read it here; as it is, where no calendar has it."""
    if isinstance(at, str):
        with suppress(ValueError):
            return _when(datetime.fromisoformat(at), place)
        return at
    if isinstance(at, int):
        if not 0 < at < LATEST:
            return str(at) if at else ""
        at = moment(at)
    return f"{at.astimezone(place):%Y-%m-%d %H:%M:%S}"


def _before(access: Access) -> list[LogVerified] | None:
    """The last verifications on record, the newest first; None where the log cannot be read."""
    record = access.record
    with suppress(StoreError):
        last = record.version(ACCESS)
        stored = record.read_stream(ACCESS, max(0, last - READ), READ)
        found = [each for each in stored if each.topic.startswith("LogVerified/")]
        events = [each.event for each in found[-BEFORE:][::-1]]
        return [event for event in events if isinstance(event, LogVerified)]
    return None
