"""The desk where a card is followed to its end: its page, its moves, its papers, cards by hand."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.office import Access
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.intake.rights import Items

from ..card_desk import CardDesk, seen
from ..looks import CARD as CARD_LOOK
from ..show import of_part
from .cards_acts import CARD, acts_desk
from .cards_hand import hand_desk
from .cards_papers import papers_desk
from .cards_shown import card_page, card_router


def cards(desk: CardDesk, access: Access, organ: str) -> APIRouter:
    """All of it. `organ`: who issues papers, as they name it."""
    router = APIRouter(include_in_schema=False)
    router.include_router(_page(desk))
    router.include_router(acts_desk(desk))
    router.include_router(hand_desk(desk, Items(access.record)))
    router.include_router(papers_desk(desk, access, organ))
    return router


def _page(desk: CardDesk) -> APIRouter:
    router = card_router()

    @router.get(CARD)
    @needs(Right.CASES)
    def card(request: Request, source: str, case_no: str, card: str) -> Response:
        """A card's page; another department's card is as one that there is not."""
        view = seen(desk.look(of_part(source), of_part(case_no), card, CARD_LOOK))
        return card_page(request, desk, view)

    return router
