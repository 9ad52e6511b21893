"""The one ASGI server: the API, the wall, the pages behind it; and the threads beside it."""

from __future__ import annotations

import logging
import socket
import sys
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import msgspec
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from projections.programs import note_program
from projections.watch import Watch

from ..access import ruling
from ..access.events import PersonAdded, RoleGranted
from ..access.office import Access
from ..access.rights import INSPECTOR, MANAGER
from ..clock import (
    Clock,
    SimulatedClock,
    SteppedClock,
    SystemClock,
    rebase_simulation,
    start_simulation,
)
from ..errors import ClockJumped, StoreError, SupervisionError
from ..facts import instant
from ..record import Record
from .alerts import Alerts, place_of
from .application import Place, application
from .city_alerts import Telling, set_contacts
from .demonstration import (
    NIGHT_SPEED,
    SPEED,
    Demonstration,
    Plan,
    backfill,
    kept_plan,
    make_plan,
)
from .doors import access_of, listening, outside_of, reached
from .doors import console as console_user
from .embedded import Embedded
from .gateways import channels_of
from .lists import first_lists
from .memory import settle
from .sealing import Sealing, seals_of
from .settings import PLAN, SIMULATION, Settings
from .verifying import evidence_of

LEDGER = Path("alerts", "ledger")
"""Of a home: what alerts know, kept for the next start."""
FEED_EVERY = 0.25
"""Seconds between two looks at what the invented city reports."""
console = Console(highlight=False)
log = logging.getLogger(__name__)


class CityAsked(NamedTuple):
    """The invented city that a new home begins with."""

    seed: int
    speed: int


def serve(
    given: Settings, *, host: str, port: int, city: CityAsked | None, confirm_clock: bool
) -> None:
    """Run until interrupted, in a home that the caller holds. `city` is for a home that is new."""
    free(host, port, "--port or SUPERVISION_PORT")
    settle()
    url = reached(given, host, port)
    ready = prepare(given, city, url)
    record, plan = ready.record, ready.plan
    if confirm_clock:
        record.confirm_clock("supervise run --confirm-clock")
    first_lists(record)
    district = _district(given, demonstration=plan is not None)
    alerts = alerts_of(given, ready, district, url)
    sealing = Sealing(record, given)
    running = Embedded(given.home, record, given.zone, ready.watch, alerts, sealing)
    access = access_of(given, record)
    place = Place(district, given.zone, ready.clock)
    app = application(
        running,
        place,
        access,
        outside_of(given),
        seals=seals_of(given),
        evidence=evidence_of(given),
    )
    _tell(given.home, url, demonstration=plan is not None)
    _first(access, url, plan)
    running.start()
    access.start()
    stop = Event()
    if plan:
        feeder = Demonstration(record, plan.city())
        Thread(target=_feed, args=(feeder, ready.clock, stop), name="city", daemon=True).start()
    try:
        uvicorn.run(app, host=host, port=port, **listening(given))
    finally:
        stop.set()
        running.stop()
        access.close()
        sealing.stop()
        record.close()


def alerts_of(given: Settings, ready: Ready, district: str, url: str) -> Alerts:
    """Alerts of a home; an invented city's messages go into a folder where no gateway is set."""
    record = ready.record
    if ready.plan and not given.messages_folder:
        given = msgspec.structs.replace(given, messages_folder=str(given.home / "messages"))
    return Alerts(
        record,
        ready.clock,
        channels_of(given, record.last_stamp),
        place_of(record, district, given.zone, url),
        keep=given.home / LEDGER,
    )


def _district(given: Settings, *, demonstration: bool) -> str:
    return given.district or ("演示区" if demonstration else "本级")


GUEST, HEAD = "demo", "demo-head"
"""Who looks at an invented city: an inspector, whom the link that is printed signs in, and the head
of a department, who answers its cards.
"""


def _first(access: Access, url: str, plan: Plan | None) -> None:
    """How to sign in, for who stands at the machine."""
    people = access.admissions.people(at_once=True)
    if plan is not None:
        if GUEST not in people.persons:
            _add_guest(access, GUEST, "演示用户 guest", INSPECTOR)
        if HEAD not in people.persons:
            department = plan.city().items[0].department
            _add_guest(access, HEAD, "演示部门负责人 head", MANAGER, department)
        secret = access.signing.make_link(GUEST, console_user())
        console.print(f"登录 sign in, once: {url}/link/{secret}", style="bold", soft_wrap=True)
    elif not people.persons:
        console.print(
            "还没有人能登录 nobody can sign in yet: supervise user add NAME --role security_admin",
            soft_wrap=True,
        )


def _add_guest(access: Access, person: str, name: str, role: str, *units: str) -> None:
    by = console_user()
    access.rule(
        lambda people, at: ruling.add_person(
            people, PersonAdded(at=at, by=by, person=person, name=name)
        )
    )
    access.rule(
        lambda people, at: ruling.grant(
            people,
            RoleGranted(
                at=at, by=by, person=person, role=role, units=units, texts=role == INSPECTOR
            ),
        )
    )


class PortBusy(SupervisionError):
    """Somebody else listens there."""

    def __init__(self, host: str, port: int, why: OSError, choose: str) -> None:
        super().__init__(
            f"{host}:{port} cannot be listened on ({why.strerror}); choose another with {choose}"
        )


def free(host: str, port: int, choose: str) -> None:
    """Make sure that the port is free before anything is begun; PortBusy, which says how to
    `choose` another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusy(host, port, error, choose) from error


class Ready(NamedTuple):
    """A home opened: its record and clock, and where it has an invented city, its plan; the watch,
    where one knows the log already.
    """

    record: Record
    clock: Clock
    plan: Plan | None = None
    watch: Watch | None = None


def prepare(given: Settings, city: CityAsked | None, url: str) -> Ready:
    """Open a home. One that began without a city never gets one, and keeps the one it has.

    `url`: the address of its pages, which the messages of a city's past name.
    """
    home = given.home
    fresh, state = not (home / "log.db").exists(), home / SIMULATION
    if not (home / PLAN).exists() and not (fresh and city):
        clock = SystemClock()
        return Ready(Record(home, clock), clock)
    home.mkdir(parents=True, exist_ok=True)
    plan = kept_plan(home, make_plan(city.seed if city else 1))
    if state.exists():
        return _go_on(home, state, plan)
    return _live_through(given, plan, url, city.speed if city else SPEED)


def _live_through(given: Settings, plan: Plan, url: str, speed: int) -> Ready:
    """The city's past, judged and told as it came; taken up again where a kill left it."""
    home, city = given.home, plan.city()
    clock = SteppedClock(city.begins)
    record = Record(home, clock)
    clock.set(max(city.begins, record.last_stamp()))
    note_program(record, version("supervision"))
    place = place_of(record, _district(given, demonstration=True), given.zone, url)
    telling = Telling(record, clock, city, place)
    columns = (TextColumn("演示城市的过去三周 the city's past"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stdout.isatty()) as progress:
        task = progress.add_task("past", total=1.0)
        watch = backfill(
            record,
            clock,
            city,
            instant(plan.now),
            lambda share: progress.update(task, completed=share),
            telling,
        )
    telling.keep(home / LEDGER)
    state = home / SIMULATION
    night = max(NIGHT_SPEED, speed)
    start_simulation(state, instant(plan.now), speed=speed, night_speed=night)
    goes_on = SimulatedClock(state)
    clock.hand_over(goes_on)
    return Ready(record, goes_on, plan, watch)


def _go_on(home: Path, state: Path, plan: Plan) -> Ready:
    """Simulated time goes on from its last stamp: it stands still while nobody runs it."""
    record = Record(home, SimulatedClock(state))
    last = record.last_stamp()
    record.close()
    rebase_simulation(state, last)
    clock = SimulatedClock(state)
    goes_on = Record(home, clock)
    set_contacts(goes_on, plan.city())
    return Ready(goes_on, clock, plan)


def _feed(feeder: Demonstration, clock: Clock, stop: Event) -> None:
    """What the city reports, as its time goes on; while the store is busy, later."""
    while not stop.wait(FEED_EVERY):
        try:
            feeder.feed(clock().wall)
        except (StoreError, ClockJumped) as error:
            log.warning("the city waits: %s", error)


def _tell(home: Path, url: str, *, demonstration: bool) -> None:
    console.print(f"监察大屏 the wall: {url}", style="bold")
    console.print(f"数据目录 home: {home.absolute()}", markup=False)
    if demonstration:
        console.print("演示数据均为虚构，时间按倍速运行 an invented city; its time runs fast")
    console.print("Ctrl-C 结束 ends it")
