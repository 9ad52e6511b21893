"""Messages into a group's chat by its robot, with apprise: an extra, never somebody's only channel.

apprise takes any answer of status 200 for a success; these robots tell by 200, too, that a message
was not shown (a word they want is missing, a signature is wrong, more than 20 a minute). So
Accepted says here only that the robot's server was reached.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from apprise.logger import logger
from apprise.plugins.base import NotifyBase
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

from ..errors import Unavailable
from .given import fitted, utf8
from .port import CHAT, Accepted, Outgoing, Receipt, Reply
from .robots import robot

SERVICES: dict[str, type[NotifyBase]] = {
    "dingtalk": NotifyDingTalk,
    "wecombot": NotifyWeComBot,
    "feishu": NotifyFeishu,
}
"""By name, as apprise would load all of its more than a hundred."""
TALKERS = (logger, logging.getLogger("urllib3.connectionpool"))


class Chat:
    """The channel; `connect` and `patience` are the seconds until it is reached, and answers."""

    name = CHAT

    def __init__(self, connect: float = 10.0, patience: float = 20.0) -> None:
        self._options = f"?cto={connect}&rto={patience}"

    def fit(self, address: str) -> str:
        """As a robot's address; AddressUnfit."""
        return robot(address)

    def parts(self, text: str) -> int:
        """Always one."""
        return 1

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand a message over; Unavailable is all that apprise tells of a failure."""
        address = fitted(robot, outgoing.address)
        utf8(outgoing.subject + outgoing.text)
        with _silent():
            service = _service(address + "/" + self._options)
            done = service.notify(body=outgoing.text, title=outgoing.subject)
        if not done:
            raise Unavailable("the chat's server does not answer, or not with yes")
        return Accepted("")

    def heard(self) -> list[Receipt | Reply]:
        """Nothing: robots of this kind only talk."""
        return []

    def close(self) -> None:
        """Nothing is kept open."""


def _service(url: str) -> NotifyBase:
    """For this message alone."""
    kind = SERVICES[url.partition("://")[0]]
    parsed = kind.parse_url(url)
    assert parsed is not None
    return kind(**parsed)


@contextmanager
def _silent() -> Iterator[None]:
    """apprise logs addresses with their tokens, and texts; what it asks with, paths."""
    before = [talker.level for talker in TALKERS]
    try:
        for talker in TALKERS:
            talker.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for talker, level in zip(TALKERS, before, strict=True):
            talker.setLevel(level)
