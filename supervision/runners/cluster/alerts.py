"""`serve alerts`: people are told of cards. One leads, the others wait."""

from __future__ import annotations

from ...clock import SystemClock
from ...store.election import Election
from ..alerts import Alerts, place_of
from ..doors import reached
from ..gateways import channels_of
from .patient import Head, Stopping
from .station import ASK_EVERY, Says, Station


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running(), station.election("alerts") as election:
        while not station.stop.is_set():
            try:
                if election.try_win():
                    station.telling.elected("alerts", holds=True)
                    _lead(station, election)
                else:
                    station.stand_by("alerting", election)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 told, and tried again
                station.tell(0, 0, 0, Says(failed=station.alarm("alerting", error)))
            station.telling.elected("alerts", holds=False)
            station.stop.wait(ASK_EVERY)


def _lead(station: Station, election: Election) -> None:
    """Alerts as long as this process is the one that leads."""
    given, record = station.given, station.record
    alerts = Alerts(
        record,
        SystemClock(),
        channels_of(given, record.last_stamp),
        place_of(record, given.district or "本级", given.zone, reached(given)),
        keep=station.slot.folder / "ledger",
    )
    head = Head(record)
    alerts.start()
    try:
        while election.held() and not station.stop.wait(ASK_EVERY):
            station.telling.clear("alerting")
            station.telling.ready()
            position = alerts.service.position
            down = [f"{name}: {why}" for name, why in sorted(alerts.down.items())]
            says = Says(failed=alerts.failed, gateways=down, unheard=alerts.unheard)
            station.tell(position, head.beyond(position), 0, says)
    finally:
        alerts.stop()
