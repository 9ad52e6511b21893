"""`serve scheduler`: what the calendar of people asks. One leads, the others wait.

APScheduler rings the bell, nothing more: what is to be done follows from the settings and from
what stands in the log and the warehouse, so a bell that nobody heard is made good by the next.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from projections.checking import Checked, check_rows
from projections.warehouse import Dropped

from ...errors import SupervisionError
from ...store.election import Election
from .generations import current_generation, drop_generations, open_warehouse
from .patient import Stopping
from .retention import months_before
from .shown import in_use
from .station import ASK_EVERY, Says, Station

log = logging.getLogger(__name__)

SAMPLE = 200
"""Cases of one check."""


class RowsDiffer(SupervisionError):
    """The wall shows what does not follow from the log."""

    def __init__(self, checked: Checked) -> None:
        first = checked.differing[0]
        super().__init__(
            f"{len(checked.differing)} of {checked.cases} rows differ from the log at position "
            f"{checked.position}, {first.source}/{first.case_no} first ({', '.join(first.wall)}): "
            "run `supervise rebuild`, and keep the old warehouse for whoever looks into it"
        )


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running(), station.election("scheduler") as election:
        while not station.stop.is_set():
            try:
                _lead_or_wait(station, election)
            except SupervisionError as error:
                station.tell(0, 0, 0, Says(leads=False, failed=station.alarm("scheduling", error)))
            station.stop.wait(ASK_EVERY)


def _lead_or_wait(station: Station, election: Election) -> None:
    if not election.try_win():
        station.stand_by("scheduling", election)
        return
    station.telling.clear("scheduling")
    station.telling.ready()
    station.telling.elected("scheduler", holds=True)
    try:
        _ring(station, election.held)
    finally:
        station.telling.elected("scheduler", holds=False)


def _ring(station: Station, held: Callable[[], bool]) -> None:
    """The bells, as long as this process is the one that leads."""
    scheduler = BackgroundScheduler(timezone=ZoneInfo(station.given.zone))
    for name, (when, work) in JOBS.items():
        scheduler.add_job(
            _job(station, name, work),
            CronTrigger.from_crontab(when, timezone=ZoneInfo(station.given.zone)),
            id=name,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
    scheduler.start()
    try:
        while held() and not station.stop.wait(ASK_EVERY):
            station.tell(0, 0, 0, Says())
    finally:
        scheduler.shutdown()


def _job(station: Station, name: str, work: Callable[[Station], object]) -> Callable[[], None]:
    """Told when it fails, and not before the next bell tried again."""

    def run() -> None:
        try:
            found = work(station)
        except Stopping:
            return
        except Exception as error:  # noqa: BLE001 told, and tried again at the next bell
            station.alarm(name, error)
        else:
            station.telling.clear(name)
            log.info("%s is done", name, extra={"found": str(found)})

    return run


def forget_rows(station: Station) -> list[Dropped]:
    """The warehouse's rows of the past that are older than the policy says; what went."""
    today = datetime.now(ZoneInfo(station.given.zone)).date()
    before = months_before(today, station.given.retention_months)
    if before is None:
        return []
    warehouse = open_warehouse(station.given, current_generation(station.given))
    try:
        return warehouse.forget_before(before)
    finally:
        warehouse.close()


def drop_old_generations(station: Station) -> list[int]:
    """Warehouses that a rebuild has replaced and nobody writes or shows any more; which went."""
    used = in_use(station.board.read(), time.time_ns() // 1000)
    oldest = min([current_generation(station.given), *used])
    return drop_generations(station.given, lambda number: number < oldest)


def compare_rows(station: Station) -> Checked:
    """Whether the wall's rows are those that follow from the log, by a random sample."""
    warehouse = open_warehouse(station.given, current_generation(station.given))
    try:
        checked = check_rows(station.patient, warehouse, SAMPLE, token_hex(8))
    finally:
        warehouse.close()
    if checked.differing:
        raise RowsDiffer(checked)
    return checked


JOBS: dict[str, tuple[str, Callable[[Station], object]]] = {
    "forget_rows": ("30 3 * * *", forget_rows),
    "drop_old_generations": ("45 3 * * *", drop_old_generations),
    "compare_rows": ("*/10 * * * *", compare_rows),
}
"""Name, when (minute hour day month weekday, in the installation's time zone), what."""
