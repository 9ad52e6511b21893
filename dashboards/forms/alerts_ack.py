"""Acknowledging by link: what would be acknowledged, and only when asked to, the act itself.

The link names who acts and needs no session; none is begun. It does nothing but acknowledge, which
tells no more than its message did. Its pages are kept by no browser, and their address is told to
no other site (the gate's policy; none at all would keep browsers from saying where a form is from).

AckRefused      nobody is asked by this link any more
├── NotYou      who was told is no contact any more, or may not sign in
└── TooMany     from this address just now
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from fastapi import APIRouter
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import Response

from alerts.links import Linked, LinkExpired, LinkForged, LinkRefused
from alerts.replies import acknowledging
from alerts.told import message_of
from supervision.access.gate import asked_from
from supervision.access.rules import OPEN, needs
from supervision.errors import ClockJumped, StoreError, SupervisionError
from supervision.fold import Folded
from supervision.loop.commands import LoopRefused
from supervision.loop.desk import Desk
from supervision.loop.stage import STAGES_ZH, Stage, stage_of
from supervision.notices import CardRef, MessageIntended
from supervision.store.mapping import moment

from ..words import side
from ..words_alerts import WORDS
from .alerts_desk import Alerting
from .entrance import unavailable
from .page import address, lang_of, page, told

A_MINUTE = 120
"""Requests of one address in a minute; a department may share one."""
VIA = "link"


class AckRefused(SupervisionError):
    """The root; the message is for whoever opened the link."""

    def __init__(self, key: str) -> None:
        self.zh, self.en = WORDS[key]
        super().__init__(f"{self.zh} {self.en}")


class NotYou(AckRefused):
    """Somebody else is told now."""

    def __init__(self) -> None:
        super().__init__("ack_not_you")


class TooMany(AckRefused):
    """Once more in a minute."""

    def __init__(self) -> None:
        super().__init__("ack_too_many")


class Asked(NamedTuple):
    """A card of the message, where it stands, and whether it waits to be acknowledged."""

    ref: CardRef
    label_zh: str
    label_en: str
    severity: str
    item: str
    answer_by: str
    stage: Stage
    done: bool = False

    @property
    def waits(self) -> bool:
        """Nobody acknowledged it, and nothing else became of it."""
        return self.stage == Stage.ISSUED


def ack_desk(alerting: Alerting) -> APIRouter:
    """The link's page, and what its button does."""
    router = APIRouter(include_in_schema=False)
    ack = _Acknowledging(alerting)

    @router.get("/ack/{token}")
    @needs(OPEN)
    def show(request: Request, token: str) -> Response:
        """What would be acknowledged; nothing is done."""
        return _answered(request, lambda: ack.show(request, token))

    @router.post("/ack/{token}")
    @needs(OPEN)
    def do(request: Request, token: str) -> Response:
        """Acknowledge what waits for it."""
        return _answered(request, lambda: ack.do(request, token))

    return router


class _Told(NamedTuple):
    linked: Linked
    intended: MessageIntended


class _Acknowledging:
    """What the routes do."""

    def __init__(self, alerting: Alerting) -> None:
        self._alerting, self._desk = alerting, Desk(alerting.record)
        self._tries = MovingWindowRateLimiter(MemoryStorage())
        self._most = RateLimitItemPerMinute(A_MINUTE)

    def read(self, token: str) -> _Told:
        """What a link is for; LinkForged, LinkExpired, NotYou, TooMany."""
        if not self._tries.hit(self._most, "ack", asked_from()):
            raise TooMany
        linked = self._alerting.links.read(token, self._alerting.time())
        intended = message_of(self._alerting.record, linked.message)
        if intended is None or intended.person != linked.person or not intended.cards:
            raise LinkForged
        known = self._alerting.office.people().persons.get(linked.person)
        removed = linked.person not in self._alerting.setup().contacts
        if removed or (known is not None and known.disabled):
            raise NotYou
        return _Told(linked, intended)

    def cards(self, told: _Told) -> list[Asked]:
        """The message's cards as they stand; those that no case has any more are left out."""
        found = [self._card(ref) for ref in told.intended.cards]
        return [each for each in found if each is not None]

    def show(self, request: Request, token: str) -> Response:
        """What would be acknowledged."""
        told = self.read(token)
        return self._page(request, token, told.linked, self.cards(told))

    def do(self, request: Request, token: str) -> Response:
        """Acknowledge those that wait; as they stand then. StoreError, ClockJumped."""
        told = self.read(token)
        waiting = {each.ref for each in self.cards(told) if each.waits}
        done = {ref for ref in waiting if self._acknowledged(ref, told.linked)}
        cards = [each._replace(done=each.ref in done) for each in self.cards(told)]
        return self._page(request, token, told.linked, cards)

    def _acknowledged(self, ref: CardRef, linked: Linked) -> bool:
        try:
            draft = partial(acknowledging, ref, linked.message, linked.person, VIA)
            acts = self._desk.do(draft, {})
        except LoopRefused:
            return False
        return not any(act.moot for act in acts)

    def _card(self, ref: CardRef) -> Asked | None:
        folded = Folded(self._alerting.record.read_case(ref.source, ref.case_no))
        card, issued = folded.cards.get(ref.card), folded.issued.get(ref.card)
        if card is None or issued is None:
            return None
        return Asked(
            ref,
            issued.label_zh,
            issued.label_en,
            issued.severity,
            issued.item,
            issued.answer_by,
            stage_of(card),
        )

    def _page(self, request: Request, token: str, linked: Linked, cards: list[Asked]) -> Response:
        """Which cards, and the button where any of them waits."""
        lang = lang_of(request)
        return page(
            "alerts_ack.html",
            lang,
            words=WORDS,
            cards=cards,
            person=linked.person,
            until=self._alerting.office.when(moment(linked.expires_at)),
            waiting=sum(each.waits for each in cards),
            done_now=sum(each.done for each in cards),
            action=address(f"/ack/{token}", lang=lang),
            stage_word=lambda stage: stage.value if side(lang) else STAGES_ZH[stage],
        )


def _answered(request: Request, make: Callable[[], Response]) -> Response:
    """The page, or what is wrong with the link; kept by nobody."""
    lang = lang_of(request)
    try:
        answer = make()
    except (LinkRefused, AckRefused) as error:
        answer = page(
            "message.html",
            lang,
            _status(error),
            title=WORDS["ack_over_title"][side(lang)],
            text=told(error, lang),
            onward=address("/", lang=lang),
        )
    except ClockJumped:
        answer = unavailable("clock", lang)
    except StoreError:
        answer = unavailable("store", lang)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _status(error: SupervisionError) -> HTTPStatus:
    match error:
        case LinkExpired():
            return HTTPStatus.GONE
        case NotYou():
            return HTTPStatus.FORBIDDEN
        case TooMany():
            return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.NOT_FOUND
