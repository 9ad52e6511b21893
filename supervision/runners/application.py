"""The ASGI application: the API, the wall, the pages behind it, over whatever runs behind them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple, Protocol

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from msgspec.structs import replace
from pydantic import BaseModel

from alerts.alarms import Health, alarms
from dashboards.app import Settings as PageSettings
from dashboards.app import build
from dashboards.live import LiveSource
from projections.warehouse import Warehouse

from ..clock import Clock, SimulatedClock
from ..errors import StoreError
from ..facts import Instant
from ..intake.http import Heard, router
from ..judgement.cards import moment
from ..record import Record

SHOW_EVERY = 0.25
"""Seconds between readings of the wall while somebody watches."""


class System(Protocol):
    """What runs behind the server, in this process or in others. Called from many threads."""

    @property
    def record(self) -> Record:
        """The record."""

    @property
    def warehouse(self) -> Warehouse:
        """What the pages read."""

    @property
    def watched_cases(self) -> int:
        """How many cases are under watch: more than the wall's 在办 (HealthTold)."""

    def shown(self) -> tuple[Instant, float]:
        """The instant up to which all is judged and in the rows (µs), and when it became so."""

    def health(self) -> Health:
        """How the system is."""


class Place(NamedTuple):
    """Whose wall it is: the district's name, the time zone of its days, its clock."""

    district: str
    zone: str
    clock: Clock


def application(
    system: System,
    place: Place,
    *,
    intake: bool = True,
    wall: bool = True,
    heard: Heard | None = None,
) -> FastAPI:
    """The API for departments, the pages, or both, and health in any case.

    `heard` hears what became of what the departments reported.
    """

    @asynccontextmanager
    async def life(server: FastAPI) -> AsyncIterator[None]:
        yield
        if wall:
            server.state.producer.stop()

    server = FastAPI(
        title="行政审批电子监察 Electronic supervision",
        version=version("supervision"),
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    if intake:
        server.include_router(router(system.record, heard=heard))
    _own_routes(server, system)
    if wall:
        _pages(server, system, place)
    return server


def _pages(server: FastAPI, system: System, place: Place) -> None:
    speed = _speed_of(place.clock) if isinstance(place.clock, SimulatedClock) else None
    source = LiveSource(
        system.record,
        system.warehouse,
        system.shown,
        system.health,
        district=place.district,
        zone=place.zone,
        speed=speed,
    )
    build(source, server, PageSettings(interval=SHOW_EVERY))


def _own_routes(server: FastAPI, system: System) -> None:
    @server.get("/api/v1/health", tags=["system"])
    def health() -> HealthTold:
        """How the system is: `starting`, `ok`, or `alarm` with what is wrong."""
        return _health(system)

    @server.api_route(
        "/api/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False
    )
    def nothing(rest: str) -> JSONResponse:
        """There is no such part of the API."""
        problem = {"type": "about:blank", "title": "Not Found", "status": 404}
        problem["detail"] = f"/api/{rest} does not exist; see /api/v1/openapi.json"
        return JSONResponse(problem, 404, media_type="application/problem+json")


class HealthTold(BaseModel):
    """The answer of /api/v1/health."""

    status: str
    head: int
    """The last position of the log; 0 while that cannot be read."""
    behind: int
    """Events that the wall does not show yet."""
    judged_until: str
    """The instant up to which time has passed for judgement, ISO 8601; empty before the first."""
    watched_cases: int
    """Cases under watch: those that the wall counts as open (在办), and those that are not any more
    but of which a deadline is still to come, as for delivery or an answer."""
    alarms: list[str]


def _health(system: System) -> HealthTold:
    (at, _), known, now = system.shown(), system.health(), datetime.now(UTC)
    try:
        head = system.record.head()
    except StoreError as error:
        head, known = 0, replace(known, store_failed=known.store_failed or str(error))
    found = alarms(known, now.date(), frozenset({now.year, now.year + 1}))
    started = "alarm" if found else "ok"
    return HealthTold(
        status=started if at else "starting",
        head=head,
        behind=known.behind if at else head,
        judged_until=moment(at).isoformat() if at else "",
        watched_cases=system.watched_cases,
        alarms=[alarm.en for alarm in found],
    )


def _speed_of(clock: SimulatedClock) -> Callable[[], float]:
    """How fast simulated time passes just now, measured over a real second."""

    def speed() -> float:
        real = time.time_ns() // 1000
        return (clock.at(real) - clock.at(real - 1_000_000)) / 1_000_000

    return speed
