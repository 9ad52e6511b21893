"""Who was told: every message and what became of it, for supervisors, heads and auditors."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.messages import occasion_words
from alerts.setup import Setup
from alerts.templates import CHANNELS
from alerts.told import ALL_STATES, Wanted, look
from supervision.access.rights import Reach, Right
from supervision.access.rules import needs
from supervision.notices import MessageIntended

from ..words import side
from .alerts_desk import Alerting, covers, reach_of
from .offices_desk import desk_router
from .page import lang_of

HERE = "/alerts/messages"
LINK = re.compile(r"/ack/[\w.-]+")
"""What would let whoever reads it acknowledge in another's name."""
DIGITS = 18


def messages_desk(alerting: Alerting) -> APIRouter:
    """The list."""
    router = desk_router()

    @router.get(HERE)
    @needs(Right.TOLD)
    def messages(request: Request) -> Response:
        """A page, newest first; `state`, `channel` and `before` (a version) choose."""
        asked, lang, reach = request.query_params, lang_of(request), reach_of(Right.TOLD)
        wanted = Wanted(
            state=_one_of(asked.get("state", ""), ALL_STATES),
            channel=_one_of(asked.get("channel", ""), CHANNELS),
            seen=_seen(alerting.setup(), reach),
        )
        found = look(alerting.record, wanted, _version(asked.get("before", "")))
        return alerting.show(
            request,
            "alerts_messages.html",
            here=HERE,
            found=found,
            wanted=wanted,
            states=ALL_STATES,
            channels=CHANNELS,
            limited=reach.departments is not None,
            why_word=lambda why: occasion_words(why)[side(lang)],
            shown=lambda text: LINK.sub("/ack/…", text),
        )

    return router


def _seen(setup: Setup, reach: Reach) -> Callable[[MessageIntended], bool]:
    """Of a part of the world: messages about its cards alone, and those about no card that went to
    contacts of its departments and of no others.
    """

    def seen(message: MessageIntended) -> bool:
        if reach.departments is None:
            return True
        if message.cards:
            return bool(message.departments) and covers(reach, message.departments)
        contact = setup.contacts.get(message.person)
        return contact is not None and covers(reach, contact.departments)

    return seen


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""


def _version(text: str) -> int:
    """The newest for what is no version."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else 0
