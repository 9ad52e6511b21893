"""The port of a channel: what the outbox asks of a gateway, whatever it is.

A channel is used by one thread. It connects when it first must, keeps its connection where that
pays, and is quick to say that it cannot: every wait has an end.
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

MAIL, SMS, CHAT = "mail", "sms", "chat"


class Outgoing(Struct, frozen=True, kw_only=True):
    """A message on its way. `message` is its id, which the gateway is given where it takes one."""

    message: str
    address: str
    subject: str = ""
    text: str
    html: str = ""


class Accepted(Struct, frozen=True):
    """The gateway has it, under its own id ("" where it gives none), in so many parts."""

    gateway_id: str
    parts: int = 1


class Receipt(Struct, frozen=True):
    """What the gateway told later of a message: delivered, or failed for good, and why."""

    gateway_id: str
    state: Literal["delivered", "failed"]
    reason: str = ""


class Reply(Struct, frozen=True):
    """What somebody sent back, from which address."""

    address: str
    text: str


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """mail, sms or chat."""

    def fit(self, address: str) -> str:
        """The address in the channel's own form; AddressUnfit."""

    def parts(self, text: str) -> int:
        """In how many parts a text is sent and charged; 1 where there are none."""

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand a message over and return once the gateway answered.

        MUST raise Refused, Throttled, Unavailable or InDoubt for whatever else happens.
        """

    def heard(self) -> list[Receipt | Reply]:
        """What the gateway told since the last call; never waits for it."""

    def close(self) -> None:
        """Leave in order."""
