"""What the gate costs: a request through it and without it, and a push of the wall.

The bounds are the design's: a millisecond a request at the median, a twentieth of a push. The rest
of a push is what one viewer costs: the changes of one frame, written as Dash's browser side reads
them. Ratios are bound to value, above one if kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.farewell import WallFarewell
from dashboards.forms.refused import refusal
from dashboards.producer import Frame, Producer, written
from dashboards.wall import shown
from supervision.access.gate import Gate, GateConfig
from supervision.access.office import Access
from supervision.access.open import open_access
from supervision.access.rights import INSPECTOR, Right
from supervision.access.rules import Rules, needs
from supervision.clock import SystemClock
from supervision.record import Record
from tests.browser.fake_source import FakeSource
from tests.visitor import Visitor, signed_in

REQUESTS = 2_000
PUSHES = 500
REQUEST_BOUND = 1.0
"""Milliseconds."""
PUSH_BOUND = 5.0
"""Percent."""
ROUTES = 70
"""As many as the product has: the gate looks for the one that would answer."""

Line = tuple[str, float, float, float]


@contextmanager
def opened() -> Iterator[tuple[Access, Visitor]]:
    """Access of an empty home, and an inspector."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        record = Record(home, SystemClock())
        access = Access(
            record,
            open_access(home, {}),
            now=lambda: time.time_ns() // 1000,
            ticks=time.monotonic,
        )
        try:
            yield access, signed_in(access, "bench", INSPECTOR)
        finally:
            access.close()
            record.close()


def site() -> FastAPI:
    """An application of some routes, of which the last is asked."""
    app = FastAPI()

    @needs(Right.WALL)
    async def answer() -> Response:
        return PlainTextResponse("here")

    for number in range(ROUTES):
        app.add_api_route(f"/other-{number}/{{rest:path}}", answer)
    app.add_api_route("/asked", answer)
    return app


def behind_gate(app: FastAPI, access: Access) -> Gate:
    """The application, and the gate in front."""
    config = GateConfig("default-src 'self'", WallFarewell, refusal)
    return Gate(app, access, Rules(lambda: app.routes), config)


def scope_of(visitor: Visitor, kind: str = "http") -> Scope:
    """A request of somebody signed in."""
    headers = {"host": "bench", "origin": "http://bench", "cookie": visitor.headers["Cookie"]}
    return {
        "type": kind,
        "method": "GET",
        "scheme": "http" if kind == "http" else "ws",
        "path": "/asked",
        "raw_path": b"/asked",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("bench", 80),
        "state": {},
    }


async def received() -> Message:
    """A request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


Once = Callable[[], Awaitable[Any]]


async def timed(times: int, *ways: Once) -> list[float]:
    """The median of how long each takes, in milliseconds; one after the other, so that the machine
    is as busy for one as for the others.
    """
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(times):
        for once, spent in zip(ways, taken, strict=True):
            began = time.perf_counter()
            await once()
            spent.append((time.perf_counter() - began) * 1_000)
    return [median(spent) for spent in taken]


def asking(app: ASGIApp, visitor: Visitor) -> Callable[[], Awaitable[None]]:
    """One request; an answer that is not 200 is a defect of the bench."""

    async def sent(message: Message) -> None:
        assert message.get("status", 200) == 200

    async def once() -> None:
        await app(scope_of(visitor), received, sent)

    return once


async def requests(access: Access, visitor: Visitor) -> list[Line]:
    """Through the gate less without it: of somebody just asked about, and looked up again."""
    app = site()
    gate = behind_gate(app, access)
    through = asking(gate, visitor)

    async def forgotten() -> None:
        access.admissions.forget()
        await through()

    plain, again, known = await timed(REQUESTS, asking(app, visitor), forgotten, through)
    cost, dear = max(known - plain, 1e-6), max(again - plain, 1e-6)
    return [
        ("gate: a request more, ms", cost, REQUEST_BOUND, REQUEST_BOUND / cost),
        ("gate: a request looked up again, ms", dear, REQUEST_BOUND, REQUEST_BOUND / dear),
    ]


def frames() -> tuple[Frame, Frame]:
    """Two of a lively wall, one second apart."""
    at = [1_700_000_000.0]
    source = FakeSource(lambda: at[0])
    producer = Producer(source, shown, 1.0, 1.0)
    first = producer._next(source.wall())
    producer.latest = first
    at[0] += 1.0
    return first, producer._next(source.wall())


class Pushing:
    """An application that pushes what changed in a frame to one viewer."""

    def __init__(self, plain: Send) -> None:
        """`plain` sends without a gate."""
        before, self.frame = frames()
        self.seen, self.boot, self.plain = before.version, before.boot, plain
        self.took: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Push some hundred times, without the gate and through it; the medians are kept."""
        self.took = await timed(PUSHES, lambda: self.push(self.plain), lambda: self.push(send))

    async def push(self, send: Send) -> None:
        """What changed, to one viewer."""
        changes = self.frame.since("zh", self.boot, self.seen)
        told = [{"componentId": name, "props": {prop: what}} for name, prop, what in changes]
        await send({"type": "websocket.send", "text": written(told)})


async def pushes(access: Access, visitor: Visitor) -> list[Line]:
    """The gate's share of a push."""

    async def sent(_: Message) -> None:
        return

    pushing = Pushing(sent)

    async def silent() -> Message:
        return {"type": "websocket.disconnect"}

    scope = scope_of(visitor, "websocket")
    app = site()

    @needs(Right.WALL)
    async def wall() -> None:
        return

    app.add_api_websocket_route("/asked", wall)
    gate = behind_gate(app, access)
    gate.app = pushing
    await gate(scope, silent, sent)
    plain, through = pushing.took
    share = max(through - plain, 1e-6) / plain * 100
    return [("gate: more for a push of the wall, %", share, PUSH_BOUND, PUSH_BOUND / share)]


def run() -> list[Line]:
    """All of it, in one process."""
    with opened() as (access, visitor):
        return [
            *asyncio.run(requests(access, visitor)),
            *asyncio.run(pushes(access, visitor)),
        ]
