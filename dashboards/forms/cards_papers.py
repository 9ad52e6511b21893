"""The papers of a card as files: each on record before it leaves."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.events import Exported, TextsSeen
from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import place_of, whoever
from supervision.loop.commands import REASON

from ..card_desk import CardDesk, seen
from ..card_view import ActTold, CardView
from ..looks import CARD as CARD_LOOK
from ..papers import FORMS, PaperKind, act_behind, file_of, paper_of
from ..show import card_address, of_part
from ..words_cards import WORDS
from .cards_acts import CARD
from .cards_shown import card_router, message

DIGITS = 6
"""Of an order's number, at most."""


def papers_desk(desk: CardDesk, access: Access, organ: str) -> APIRouter:
    """The route. `organ`: who issues papers."""
    router = card_router()

    @router.get(CARD + "/paper/{kind}.{form}")
    @needs(Right.EXPORT)
    def paper(
        request: Request,
        source: str,
        case_no: str,
        card: str,
        kind: str,
        form: str,
        number: str = "",
    ) -> Response:
        """A paper; of orders the newest, unless `number` says which."""
        view = seen(desk.look(of_part(source), of_part(case_no), card, CARD_LOOK, Right.EXPORT))
        wanted = PaperKind(kind, _number(view, kind, number))
        act = act_behind(view, wanted)
        if act is None or form not in FORMS:
            there = card_address(view.source, view.case_no, view.card, "zh")
            text = WORDS["paper_missing_text"]
            return message(request, "paper_missing_title", text, HTTPStatus.NOT_FOUND, there)
        made = paper_of(view, wanted, _text(desk, access, request, view, act), organ)
        assert made is not None
        _record(access, request, view, wanted, form)
        name = f"{made.title}-{made.number}.{form}"
        return Response(
            file_of(made, form),
            media_type=FORMS[form],
            headers={
                "Content-Disposition": (
                    f'attachment; filename="{kind}-{made.number}.{form}"; '
                    f"filename*=UTF-8''{quote(name)}"
                )
            },
        )

    return router


def _number(view: CardView, kind: str, asked: str) -> int:
    if asked.isdecimal() and asked.isascii() and len(asked) <= DIGITS:
        return int(asked)
    return view.orders if kind == "order" else 0


def _text(
    desk: CardDesk, access: Access, request: Request, view: CardView, act: ActTold
) -> str | None:
    """What the act says, to who may read it, on record; None: it is masked."""
    if REASON not in act.texts:
        return ""
    if not desk.sights.covers(Right.TEXTS, view.case_department):
        return None
    who, address = whoever().person, place_of(request).address
    reason = f"文书 paper: {view.card} {act.kind}"

    def looked(at: datetime) -> TextsSeen:
        return TextsSeen(
            at=at, by=who, source=view.source, case_no=view.case_no, reason=reason, address=address
        )

    access.trail.note(looked)
    return desk.book.words(view.source, view.case_no, act.position).get(REASON, "")


def _record(access: Access, request: Request, view: CardView, wanted: PaperKind, form: str) -> None:
    who, address = whoever().person, place_of(request).address
    value = f"{view.card}-{wanted.number}" if wanted.number else view.card

    def exported(at: datetime) -> Exported:
        return Exported(
            at=at,
            by=who,
            what=f"paper_{wanted.kind}",
            value=value,
            form=form,
            scope=view.department,
            address=address,
        )

    access.trail.note(exported)
