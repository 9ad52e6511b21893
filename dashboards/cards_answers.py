"""The grid of cards other than as a page: the list of the API, and the file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Protocol
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from projections.card_queries import CardLine, CardPage, Turn, Wanted
from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs

from .answers import PAGE, After, Limit, answered, as_json, file_of, line_of, problem, record
from .answers_schema import API, answers_of
from .cards_asked import query_of, wanted_of
from .show import end
from .sights import Sights
from .words import SHAPES, either
from .words_grid import STAGES, say

COLUMNS = (
    "card_no", "card", "stage", "case", "source", "item", "department", "person", "why", "issued",
    "answer_until", "owed_by", "overdue", "orders",
)  # fmt: skip
NOBODY = "There are no cards that the asker may see."


class Cards(Protocol):
    """What a file is made of: dashboards.source.Source has it."""

    def cards(self, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
        """A page of the cards that are wanted."""


Short = Annotated[str, Query(max_length=200)]
Stages = Annotated[
    str, Query(max_length=200, description="stages, with commas between: issued,acknowledged …")
]
Severity = Literal["", "reminder", "yellow", "red"]
Owed = Annotated[
    Literal["", "overdue", "soon", "later", "none"],
    Query(description="the answer that is owed: soon is within a day"),
]
Text = Annotated[
    str, Query(max_length=200, description="a part of a case's number, the beginning of a card's")
]


def cards_answers(sights: Sights, access: Access) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/api/v1/cards", responses=answers_of(CardPage, NOBODY), **API)
    @needs(Right.CASES)
    def cards(
        stage: Stages = "",
        severity: Severity = "",
        department: Short = "",
        item: Short = "",
        rule: Short = "",
        person: Short = "",
        answer: Owed = "",
        since: date | None = None,
        until: date | None = None,
        text: Text = "",
        after: After = "",
        limit: Limit = 50,
    ) -> Response:
        """The cards that fit, newest first, a page at a time."""
        source = sights.source(Right.CASES)
        if source is None:
            return problem(404, NOBODY)
        wanted = Wanted(
            stages=frozenset(filter(None, stage.split(","))),
            severity=severity,
            department=department,
            item=item,
            rule=rule,
            person=person,
            answer=answer,
            since=since,
            until=until,
            text=text,
        )
        return answered(lambda: as_json(source.cards(wanted, Turn(after), limit)))

    @routes.get("/export/cards.csv", include_in_schema=False)
    @needs(Right.EXPORT)
    def export(request: Request, lang: str = "zh") -> Response:
        """All cards that the filters of the address show, newest first."""
        source = sights.source(Right.EXPORT)
        if source is None:
            return problem(404, NOBODY)
        wanted = wanted_of(request.query_params)

        def give() -> Response:
            record(access, request, "cards", urlencode(query_of(wanted)))
            return file_of(csv_of(source, wanted, "en" if lang == "en" else "zh"), "cards.csv")

        return answered(give)

    return routes


def csv_of(source: Cards, wanted: Wanted, lang: str) -> Iterator[str]:
    """Lines of the file of all these cards, with the mark by which spreadsheets know UTF-8."""
    yield "\ufeff" + line_of([say(name, lang) for name in COLUMNS])
    turn = Turn()
    while True:
        page = source.cards(wanted, turn, PAGE)
        yield "".join(line_of(_cells(each, page.zone, lang)) for each in page.lines)
        if not page.next:
            return
        turn = Turn(page.next)


def _cells(card: CardLine, zone: str, lang: str) -> list[str]:
    is_english = lang == "en"
    label = (card.label_en or card.label_zh) if is_english else (card.label_zh or card.label_en)
    return [
        card.card,
        f"{SHAPES.get(card.severity, '')} {label}",
        either(STAGES, card.stage, lang),
        card.case_no,
        card.source,
        card.item_name,
        card.department,
        card.person,
        (card.why_en if is_english else card.why_zh) or card.rule,
        end(card.issued_at, zone) if card.issued_at else "",
        end(card.answer_at, zone) if card.answer_at else "",
        say(f"by_{card.owed_by}", lang) if card.owed_by else "",
        say("yes", lang) if card.overdue else "",
        str(card.orders) if card.orders else "",
    ]
