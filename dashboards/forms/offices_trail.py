"""The audit administrator's page: the trail, to be read and taken away, never to be changed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.events import AuditRead, Exported
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import place_of

from ..words import side
from ..words_offices import WORDS
from .offices_desk import Office, by, desk_router
from .page import lang_of
from .trail_lines import Line, line_of, what_word
from .trail_pages import BOOKS, SCANNED_MOST, Found, Wanted, look

NAME_LONGEST = 64
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a cell begins that a spreadsheet would reckon."""
CSV = "text/csv; charset=utf-8"
HEAD = (
    "trail_position", "trail_at", "trail_by", "trail_what", "trail_text", "trail_from",
    "trail_count",
)  # fmt: skip


def trail_desk(office: Office) -> APIRouter:
    """The page, and the same as a file."""
    router = desk_router()
    record = office.access.record

    @router.get("/trail")
    @needs(Right.AUDIT)
    def trail(request: Request) -> Response:
        """One page of one book."""
        wanted = wanted_of(request)
        found = look(record, wanted, request.query_params.get("before", ""))
        office.access.trail.note(
            lambda at: AuditRead(at=at, by=by(), book=wanted.book, of=wanted.person)
        )
        return _shown(office, request, wanted, found)

    @router.get("/trail.csv")
    @needs(Right.AUDIT)
    def trail_file(request: Request) -> Response:
        """What is shown, from the same line on, as a file."""
        wanted, lang = wanted_of(request), lang_of(request)
        found = look(record, wanted, request.query_params.get("before", ""), SCANNED_MOST)
        lines = [line_of(stored, lang, office.zone) for stored in found.events]
        office.access.trail.note(lambda at: _exported(at, request, wanted))
        answer = Response(as_csv(lines, lang), media_type=CSV)
        answer.headers["Content-Disposition"] = f'attachment; filename="trail-{wanted.book}.csv"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return router


def wanted_of(request: Request) -> Wanted:
    """What an address asks for; what makes no sense is passed over."""
    asked = request.query_params
    book = asked.get("book", "")
    if book not in BOOKS:
        book = Wanted().book
    kind = asked.get("kind", "")
    person = asked.get("person", "").strip()[:NAME_LONGEST]
    return Wanted(book, person, kind if kind in BOOKS[book].kinds else "")


def as_csv(lines: Iterable[Line], lang: str) -> str:
    """Lines as a spreadsheet opens them: with a byte order mark, and nothing that it reckons."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(WORDS[key][side(lang)] for key in HEAD)
    for line in lines:
        cells = (line.at, line.who, line.what, line.text, line.address)
        writer.writerow([line.position, *map(harmless, cells), line.times])
    return "\ufeff" + out.getvalue()


def harmless(cell: str) -> str:
    """A cell that is text to a spreadsheet, whatever it begins with."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _exported(at: datetime, request: Request, wanted: Wanted) -> Exported:
    value = " ".join(each for each in wanted if each)
    return Exported(at=at, by=by(), what="trail", value=value, address=place_of(request).address)


def _shown(office: Office, request: Request, wanted: Wanted, found: Found) -> Response:
    lang = lang_of(request)
    return office.show(
        request,
        "offices_trail.html",
        wanted=wanted,
        books=list(BOOKS),
        kinds=[(kind, what_word(kind, lang)) for kind in BOOKS[wanted.book].kinds],
        lines=[line_of(stored, lang, office.zone) for stored in found.events],
        found=found,
        searched_to=office.when(found.oldest.recorded_at) if found.oldest else "",
        before=request.query_params.get("before", ""),
        most=SCANNED_MOST,
        zone=office.zone.key,
    )
