"""The ASGI application: the gate, behind it API, wall and pages, over whatever runs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import NamedTuple, Protocol

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from msgspec.structs import replace
from pydantic import BaseModel

from alerts.alarms import Health, alarms
from dashboards.answers import answers
from dashboards.app import DASH_RULES, Front, build
from dashboards.app import Settings as PageSettings
from dashboards.card_api import card_api
from dashboards.card_desk import CardBook, CardDesk, told_by
from dashboards.cards_answers import cards_answers
from dashboards.farewell import WallFarewell
from dashboards.forms.alerts import alerts_pages
from dashboards.forms.cards import cards
from dashboards.forms.casefile import casefile
from dashboards.forms.entry import entry
from dashboards.forms.offices import offices
from dashboards.forms.refused import refusal
from dashboards.forms.samples import samples
from dashboards.forms.texts import texts
from dashboards.forms.verify import verify_pages
from dashboards.forms.whatif import whatif
from dashboards.headers import content_policy
from dashboards.live import HIDDEN, LiveSource
from dashboards.looks import Looks
from dashboards.papers import organ_of
from dashboards.truth_walls import true_walls
from dashboards.truths import Truths
from dashboards.whatif_jobs import Jobs
from projections.warehouse import Warehouse
from replay.casefile import Seals
from replay.evidence import Evidence

from ..access.admission import SECOND, Admission
from ..access.events import SAMPLES
from ..access.gate import Gate, GateConfig, admitted, asked_from
from ..access.office import Access
from ..access.oidc import Provider
from ..access.rights import EVERYWHERE, Right
from ..access.rules import KEY, OPEN, SESSION, Rules, needs
from ..access.trail import Refusal
from ..clock import Clock, SimulatedClock
from ..errors import StoreError
from ..facts import Instant
from ..intake.http import PATH as EVENTS
from ..intake.http import Guard, Heard, LimitsConfig, router
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


class Outside(NamedTuple):
    """How the application is reached. secure: by TLS, here or at the proxy before it. public_url:
    the one address people know, "" for whatever they reached it by. provider: of OpenID, with the
    name it has on the page for signing in. intake: what intake takes in at a time, and of whom.
    """

    secure: bool = False
    public_url: str = ""
    provider: Provider | None = None
    provider_name: str = ""
    intake: LimitsConfig = LimitsConfig()


OUTSIDE = Outside()


def application(
    system: System,
    place: Place,
    access: Access,
    outside: Outside = OUTSIDE,
    *,
    intake: bool = True,
    wall: bool = True,
    heard: Heard | None = None,
    seals: Seals | None = None,
    evidence: Evidence | None = None,
) -> FastAPI:
    """The API for departments, the pages, or both, and health in any case; behind the gate.

    `heard` hears what became of what the departments reported. `seals`: what seals the log; without
    it no case file can be taken. `evidence`: what the log is verified against; without it there is
    no page for that.
    """
    fronts: list[Front] = []
    jobs = Jobs()
    truths = Truths(partial(true_walls, system.record, place.zone))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.stop()
        truths.stop()
        for front in fronts:
            front.producers.stop()

    server = FastAPI(
        title="行政审批电子监察 Electronic supervision",
        version=version("supervision"),
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    if intake:
        server.include_router(_intake(system, access, outside, heard))
    rules = Rules(lambda: server.routes)
    rules.declare(LIBRARY_RULES)
    if wall:
        fronts.append(_pages(server, system, place, access, outside, truths))
        server.include_router(whatif(system.record, access, jobs, place.zone))
        if seals is not None:
            server.include_router(casefile(fronts[0].sights, access, seals))
        if evidence is not None:
            server.include_router(_verifying(system, place, access, evidence))
        rules.declare(DASH_RULES)
    _own_routes(server, system)
    policy = fronts[0].policy if fronts else content_policy(())
    config = GateConfig(policy, WallFarewell, refusal, outside.secure, outside.public_url)
    server.add_middleware(Gate, access=access, rules=rules, config=config)
    server.state.rules = rules
    return server


def _verifying(system: System, place: Place, access: Access, evidence: Evidence) -> APIRouter:
    def broken() -> str:
        return system.health().seals_broken

    return verify_pages(access, evidence, zone=place.zone, broken=broken)


LIBRARY_RULES = {"/api/v1/openapi.json": OPEN, EVENTS: KEY}
"""What the API takes is no secret: a department reads it before it has a key."""


def _intake(system: System, access: Access, outside: Outside, heard: Heard | None) -> APIRouter:
    def refused(what: str, why: str, who: str) -> None:
        access.trail.refused(Refusal(False, who, what, why, asked_from()))

    def once(value: str, until: Instant) -> bool:
        return access.store.use_once("signature", value, until)

    guard = Guard(now=lambda: access.instant() / SECOND, once=once, refused=refused)
    return router(system.record, limits_config=outside.intake, heard=heard, guard=guard)


def _pages(
    server: FastAPI,
    system: System,
    place: Place,
    access: Access,
    outside: Outside,
    truths: Truths,
) -> Front:
    def refused(admission: Admission, what: str, why: str) -> None:
        access.trail.refused(Refusal(False, admission.person, what, why, asked_from()))

    pages = entry(
        access,
        provider=outside.provider,
        provider_name=outside.provider_name,
        home=_home,
        zone=place.zone,
    )
    server.include_router(pages)
    server.include_router(offices(access, zone=place.zone, public_url=outside.public_url))
    server.include_router(alerts_pages(access, zone=place.zone))
    looks = Looks(access.trail, access.instant, lambda: access.record.version(SAMPLES))
    pages_given = PageSettings(interval=SHOW_EVERY)
    front = build(_source(system, place), server, refused, looks.seen, pages_given, truths)
    server.include_router(answers(front.sights, access))
    server.include_router(cards_answers(front.sights, access))
    server.include_router(texts(front.sights, access))
    server.include_router(samples(front.sights, access, zone=place.zone))

    def judged() -> Instant:
        return system.shown()[0]

    book = CardBook(system.record, judged, told_by(system.record, judged))
    desk = CardDesk(book, front.sights)
    server.include_router(cards(desk, access, organ_of(place.district)))
    server.include_router(card_api(desk))
    return front


def _home(admission: Admission) -> str:
    """Where somebody begins who was going nowhere."""
    for right, path in HOMES:
        if right in admission.rights:
            return path
    return "/account"


HOMES = (
    (Right.WALL, "/"),
    (Right.CASES, "/cases"),
    (Right.PEOPLE, "/people"),
    (Right.RIGHTS, "/rights"),
    (Right.AUDIT, "/trail"),
)


def _source(system: System, place: Place) -> LiveSource:
    speed = _speed_of(place.clock) if isinstance(place.clock, SimulatedClock) else None
    return LiveSource(
        system.record,
        system.warehouse,
        system.shown,
        system.health,
        district=place.district,
        zone=place.zone,
        speed=speed,
    )


def _own_routes(server: FastAPI, system: System) -> None:
    @server.get("/api/v1/health", tags=["system"], response_model_exclude_unset=True)
    @needs(OPEN)
    def health() -> HealthTold:
        """How the system is: `starting`, `ok` (warnings do not change that), or `alarm`; what is
        wrong or to be known, to who has the right.
        """
        admission = admitted()
        told = _health(system, names=bool(admission and admission.reach(Right.CASES) == EVERYWHERE))
        known = admission is not None and admission.reach(Right.HEALTH) is not None
        return told if known else HealthTold(status=told.status)

    @server.api_route(
        "/api/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False
    )
    @needs(SESSION)
    def nothing(rest: str) -> JSONResponse:
        """There is no such part of the API."""
        problem = {"type": "about:blank", "title": "Not Found", "status": 404}
        problem["detail"] = f"/api/{rest} does not exist; see /api/v1/openapi.json"
        return JSONResponse(problem, 404, media_type="application/problem+json")


class HealthTold(BaseModel):
    """The answer of /api/v1/health."""

    status: str
    head: int = 0
    """The last position of the log; 0 while that cannot be read."""
    behind: int = 0
    """Events that the wall does not show yet."""
    judged_until: str = ""
    """The instant up to which time has passed for judgement, ISO 8601; empty before the first."""
    watched_cases: int = 0
    """Cases under watch: those that the wall counts as open (在办), and those that are not any more
    but of which a deadline is still to come, as for delivery or an answer."""
    alarms: list[str] = []


def _health(system: System, *, names: bool) -> HealthTold:
    """With `names`, those of the cases that are halted, which may be any department's."""
    (at, _), known, now = system.shown(), system.health(), datetime.now(UTC)
    if not names:
        watch = HIDDEN if known.watch_failed else ""
        known = replace(known, halted=(HIDDEN,) * len(known.halted), watch_failed=watch)
    try:
        head = system.record.head()
    except StoreError as error:
        head, known = 0, replace(known, store_failed=known.store_failed or str(error))
    found = alarms(known, now.date(), frozenset({now.year, now.year + 1}))
    started = "alarm" if any(alarm.severity == "critical" for alarm in found) else "ok"
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
