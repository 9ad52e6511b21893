"""The one ASGI server: the API, the wall, the pages behind it; and the threads beside it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI
from rich.console import Console
from rich.progress import Progress

from dashboards.app import Settings as PageSettings
from dashboards.app import build
from dashboards.live import LiveSource

from ..clock import Clock, SimulatedClock, Simulation, SystemClock
from ..errors import ClockJumped, StoreError
from ..intake.http import router
from ..record import Record
from .demonstration import Demonstration
from .embedded import Embedded
from .home import Held
from .lists import first_lists
from .settings import SIMULATION, Settings

ZONE = "Asia/Shanghai"
FEED_EVERY = 0.25
"""Seconds between two looks at what the invented city reports."""
SHOW_EVERY = 0.25
"""Seconds between readings of the wall while somebody watches."""
console = Console(highlight=False)


def serve(
    given: Settings, *, host: str, port: int, city: "City | None", confirm_clock: bool
) -> None:
    """Run until interrupted, in a home that the caller holds. `city` is for a home that is new."""
    clock = prepare(given.home, city)
    record = Record(given.home, clock)
    first_lists(record)
    if confirm_clock:
        record.confirm_clock("supervise run --confirm-clock")
    simulated = isinstance(clock, SimulatedClock)
    running = Embedded(given.home, record, ZONE)
    app = application(running, clock, given.district or ("演示区" if simulated else "本级"))
    _tell(given.home, f"http://{host}:{port}", demonstration=simulated)
    running.start()
    stop = Event()
    if simulated:
        feeder = Demonstration(record)
        Thread(target=_feed, args=(feeder, clock, stop), name="city", daemon=True).start()
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=3)
    finally:
        stop.set()
        running.stop()
        record.close()


def application(running: Embedded, clock: Clock, district: str) -> FastAPI:
    """The API and the pages over running threads."""

    @asynccontextmanager
    async def life(server: FastAPI) -> AsyncIterator[None]:
        yield
        page.producer.stop()

    server = FastAPI(title="行政审批电子监察 API", version="1", lifespan=life, docs_url=None)
    server.include_router(router(running.record))
    source = LiveSource(
        running.record,
        running.warehouse,
        lambda: (running.pulse.shown_at, running.pulse.measured),
        lambda: running.pulse.health,
        district=district,
        zone=ZONE,
        speed=_speed_of(clock) if isinstance(clock, SimulatedClock) else None,
    )
    page: Any = build(source, server, PageSettings(interval=SHOW_EVERY))
    return server


def _speed_of(clock: SimulatedClock) -> Any:
    """How fast simulated time passes just now, measured over a real second."""

    def speed() -> float:
        real = time.time_ns() // 1000
        return (clock.at(real) - clock.at(real - 1_000_000)) / 1_000_000

    return speed


def _tell(home: Path, url: str, *, demonstration: bool) -> None:
    console.print(f"监察大屏 the wall: {url}", style="bold")
    console.print(f"数据目录 home: {home.absolute()}", markup=False)
    if demonstration:
        console.print("演示数据均为虚构，时间按倍速运行 an invented city; its time runs fast")
    console.print("Ctrl-C 结束 ends it")


def rebased(path: Path, last: int) -> None:
    """Let simulated time go on from its last stamp: it stands still while nobody runs it."""
    state = msgspec.json.decode(path.read_bytes(), type=Simulation)
    now = time.time_ns() // 1000
    later = msgspec.structs.replace(state, real_origin=now, simulated_origin=last)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(later))
    draft.replace(path)
