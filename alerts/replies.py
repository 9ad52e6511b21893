"""What gateways tell later: receipts, and replies by which somebody acknowledges."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from supervision.acts import CardAcknowledged
from supervision.loop.commands import LoopRefused, MoveUnfit
from supervision.loop.desk import Desk
from supervision.notices import CardRef, MessageDelivered, MessageFailed, OutboxEvent

from .channels.port import Receipt, Reply
from .channels.smpp_texts import names
from .ledger import ACCEPTED, DELIVERED, Ledger, Letter

WORD = re.compile(r"[0-9A-Za-z]{4,6}")
YES = ("签收", "收到", "已阅", "ok", "ack", "yes", "1", "y")
"""A reply that is one of these acknowledges the last message."""


def of_receipt(ledger: Ledger, channel: str, receipt: Receipt, now: datetime) -> (
    tuple[Letter, OutboxEvent] | None
):  # fmt: skip
    """Which message a receipt is of, and what it says; None for one that is not known (yet)."""
    for letter in reversed(ledger.letters.values()):
        theirs = letter.state == ACCEPTED and letter.intended.channel == channel
        if theirs and names(letter.gateway_id, receipt.gateway_id):
            return letter, _told(letter, receipt, now)
    return None


def _told(letter: Letter, receipt: Receipt, now: datetime) -> OutboxEvent:
    gateway_id = receipt.gateway_id
    if receipt.state == "delivered":
        return MessageDelivered(message=letter.id, at=now, gateway_id=gateway_id)
    return MessageFailed(message=letter.id, at=now, reason=receipt.reason, gateway_id=gateway_id)


class Meant(NamedTuple):
    """Whom a reply is of, and which message it names."""

    person: str
    letter: Letter | None


def meant_by(
    ledger: Ledger, channel: str, reply: Reply, persons: list[str], code_of: Callable[[str], str]
) -> Meant:
    """The message that one of these persons replied to, of those that a gateway took: by its code,
    else, if it says yes, the last one.
    """
    letters = [
        letter
        for letter in ledger.letters.values()
        if letter.intended.channel == channel
        and letter.intended.person in persons
        and letter.intended.cards
        and letter.state in (ACCEPTED, DELIVERED)
    ]
    words = {word.upper() for word in WORD.findall(reply.text)}
    for letter in reversed(letters):
        if code_of(letter.id) in words:
            return Meant(letter.intended.person, letter)
    if reply.text.strip().lower().rstrip("。.!！") in YES:
        for letter in reversed(letters):
            return Meant(letter.intended.person, letter)
    return Meant(persons[0] if persons else "", None)


def acknowledge(desk: Desk, letter: Letter, person: str, via: str) -> str:
    """Acknowledge all cards of a message, in words what came of it."""
    done, had = 0, 0
    for ref in letter.intended.cards:
        try:
            desk.do(partial(acknowledging, ref, letter.id, person, via), {})
            done += 1
        except MoveUnfit:
            had += 1
        except LoopRefused:
            continue
    return f"acknowledged {done}, already {had}"


def acknowledging(
    ref: CardRef, message: str, person: str, via: str, at: datetime
) -> CardAcknowledged:
    """签收 by who was told, once a card and message."""
    return CardAcknowledged(
        id=f"{ref.card}-ack-{message}",
        source=ref.source,
        case_no=ref.case_no,
        card=ref.card,
        at=at,
        by=person,
        via=via,
    )
