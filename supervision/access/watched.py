"""One websocket, watched until it ends or the right to it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .admission import FRESH

GONE = 4401
"""The closing code when the right ended."""


class Farewell(Protocol):
    """Tells the pages of one websocket that their right ended, in the words that they know."""

    def heard(self, text: str) -> None:
        """A message came from the browser."""

    def words(self) -> list[str]:
        """What to send last."""


class Watched:
    """What goes to and from a browser by one websocket, as long as it may."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        farewell: Farewell,
        may_still: Callable[[], Awaitable[bool]],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """`may_still` is asked before every message and after every `pause`."""
        self._receive, self._send, self._farewell = receive, send, farewell
        self._may_still, self._pause = may_still, pause
        self._accepted = self._over = False

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Let an application serve it."""
        watch = asyncio.create_task(self._watch())
        try:
            await app(scope, self._heard, self._sent)
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def end(self) -> None:
        """Close it without a word, if it is open."""
        if not self._over:
            self._over = True
            with suppress(OSError, RuntimeError):
                await self._send({"type": "websocket.close", "code": 1008})

    async def _heard(self) -> Message:
        message = await self._receive()
        if self._over:
            return {"type": "websocket.disconnect", "code": GONE}
        if message["type"] == "websocket.disconnect":
            self._over = True
        elif message.get("text"):
            self._farewell.heard(message["text"])
        return message

    async def _sent(self, message: Message) -> None:
        if message["type"] == "websocket.send":
            await self._look()
        if self._over:
            return
        self._accepted = self._accepted or message["type"] == "websocket.accept"
        self._over = message["type"] == "websocket.close"
        await self._send(message)

    async def _watch(self) -> None:
        while not self._over:
            await self._pause(FRESH)
            await self._look()

    async def _look(self) -> None:
        if not self._over and not await self._may_still():
            await self._part()

    async def _part(self) -> None:
        if self._over:
            return
        self._over = True
        words = self._farewell.words() if self._accepted else []
        with suppress(OSError, RuntimeError):  # the browser went at the same moment
            for text in words:
                await self._send({"type": "websocket.send", "text": text})
            await self._send({"type": "websocket.close", "code": GONE, "reason": "signed out"})
