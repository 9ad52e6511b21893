"""What leaves the system other than as a page: the lists and cases of the API, and files.

The same sights as on the pages, so an answer and a file hold what the page shows and no more; that
a file was taken is on record before its first byte.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.requests import Request

from projections.figures import Wall
from projections.warehouse import WarehouseError
from replay.history import CaseHistory
from supervision.access.events import Exported
from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import place_of, whoever
from supervision.errors import SupervisionError

from .answers_schema import API, NO_CASE, NO_LIST, answers_of
from .looks import API as API_LOOK
from .producer import Frame
from .show import end
from .sights import Sights, title_of
from .source import WHATS, CaseLine, CasePage, Source
from .words import CLOCKS, SHAPES, either, say

log = logging.getLogger(__name__)

PAGE = 1_000
"""Lines that an export reads at a time."""
MOST = 200
"""Lines of one answer of the API."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula: written with an apostrophe in front."""
COLUMNS = ("light", "case_no", "item", "department", "deadline", "state")

What = Annotated[str, Query(max_length=30, description="the figure: open, red, due_today …")]
Value = Annotated[
    str, Query(max_length=200, description="of `department` a name, of `due_day` a day")
]
After = Annotated[str, Query(max_length=1_000, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
Name = Annotated[str, Query(min_length=1, max_length=200)]


def answers(sights: Sights, access: Access) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/api/v1/wall", responses=answers_of(Wall), **API)
    @needs(Right.WALL)
    async def wall() -> Response:
        """The wall's figures, of the departments that the asker may see."""
        producer = sights.producer()
        frame: Frame | None = producer.latest if producer else None
        if frame is None:
            return problem(503, "not read yet: ask again in a second")
        return as_json(frame.wall)

    @routes.get("/api/v1/cases", responses=answers_of(CasePage, NO_LIST), **API)
    @needs(Right.CASES)
    def cases(
        what: What = "open", value: Value = "", after: After = "", limit: Limit = 50
    ) -> Response:
        """The cases behind a figure, a page at a time."""
        source = sights.source(Right.CASES)
        if what not in WHATS or source is None:
            return problem(404, f"`what` is one of {', '.join(WHATS)}")
        return answered(lambda: as_json(source.cases(what, value, after, limit)))

    @routes.get("/api/v1/case", responses=answers_of(CaseHistory, NO_CASE), **API)
    @needs(Right.CASES)
    def case(source: Name, case_no: Name) -> Response:
        """One case told, personal data and free text masked."""

        def tell() -> Response:
            told = sights.look(source, case_no, API_LOOK)
            return problem(404, "there is no such case") if told is None else as_json(told)

        return answered(tell)

    @routes.get("/export/cases.csv", include_in_schema=False)
    @needs(Right.EXPORT)
    def export(
        request: Request, what: What = "open", value: Value = "", lang: str = "zh"
    ) -> Response:
        """A whole list as CSV, the worst first."""
        source = sights.source(Right.EXPORT)
        if what not in WHATS or source is None:
            return problem(404, f"`what` is one of {', '.join(WHATS)}")

        def give() -> Response:
            record(access, request, what, value)
            lines = _csv(source, what, value, "en" if lang == "en" else "zh")
            return file_of(lines, f"cases-{what}.csv")

        return answered(give)

    return routes


def problem(status: int, detail: str) -> Response:
    """An error of the API."""
    title = HTTPStatus(status).phrase
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(told, status, media_type="application/problem+json")


def harmless(text: str) -> str:
    """A cell that a spreadsheet shows and does not compute."""
    return f"'{text}" if text.startswith(FORMULA) else text


def record(access: Access, request: Request, what: str, value: str) -> None:
    """That whoever asks takes a list away as a file."""
    admission = whoever()
    reach = admission.reach(Right.EXPORT)
    scope = title_of(reach) if reach else ""

    def exported(at: datetime) -> Exported:
        return Exported(
            at=at,
            by=admission.person,
            what=what,
            value=value,
            scope=scope,
            address=place_of(request).address,
        )

    access.trail.note(exported)


def _csv(source: Source, what: str, value: str, lang: str) -> Iterator[str]:
    """Lines of the file, with the mark by which spreadsheets know UTF-8."""
    yield "\ufeff" + line_of([say(name, lang) for name in COLUMNS])
    after = ""
    while True:
        page = source.cases(what, value, after, PAGE)
        yield "".join(line_of(_cells(line, page, lang)) for line in page.lines)
        after = page.next
        if not after:
            return


def _cells(line: CaseLine, page: CasePage, lang: str) -> list[str]:
    shape = SHAPES.get(line.light, "")
    deadline = _deadline(line, page.zone, lang)
    state = line.state_en if lang == "en" else line.state_zh
    item, department = line.item_name, line.department
    return [f"{shape} {say(line.light, lang)}", line.case_no, item, department, deadline, state]


def _deadline(line: CaseLine, zone: str, lang: str) -> str:
    return f"{end(line.deadline, zone)} {either(CLOCKS, line.clock, lang)}" if line.deadline else ""


def line_of(cells: list[str]) -> str:
    """A line of a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerow([harmless(cell) for cell in cells])
    return text.getvalue()


def answered(make: Callable[[], Response]) -> Response:
    """An answer, or that there can be none just now: the log has why."""
    try:
        return make()
    except (SupervisionError, WarehouseError) as error:
        log.warning("an answer could not be made: %s", error)
        return problem(503, "the system cannot answer just now: ask again in a minute")


def file_of(lines: Iterator[str], name: str) -> Response:
    """A CSV file, as its lines are made."""
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def as_json(value: Any) -> Response:
    """An answer of the API."""
    return Response(msgspec.json.encode(value), media_type="application/json")
