"""`serve alerts`: people are told of cards. One leads, the others wait."""

from __future__ import annotations

from threading import Thread

from ...facts import Instant
from ...record import Record
from ...store.election import Election
from ..alerts import Alerts, place_of
from ..doors import reached
from ..gateways import channels_of
from ..settings import clock_of
from .patient import Stopping
from .station import ASK_EVERY, Says, Station


def serve(station: Station) -> None:
    """Run until told to end. GatewayUnfit, before anything is opened."""
    for channel in channels_of(station.given, lambda: 0).values():
        channel.close()
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
        clock_of(given.home),
        channels_of(given, record.last_stamp),
        place_of(record, given.district or "本级", given.zone, reached(given)),
        keep=station.slot.folder / "ledger",
        counted=station.telling.messages,
    )
    seen = _Seen(record)
    alerts.start()
    try:
        while election.held() and not station.stop.wait(ASK_EVERY):
            _tell(station, alerts, seen)
    finally:
        _stop(station, alerts)


class _Seen:
    """The log's head, and the stamp up to which all was taken in."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.head, self.stamp = 0, 0

    def look(self, position: int) -> None:
        """What is recorded up to a stamp is not behind the head that is asked for after it."""
        stamp: Instant = self._record.last_stamp()
        self.head = self._record.head()
        if position >= self.head:
            self.head, self.stamp = position, stamp


def _tell(station: Station, alerts: Alerts, seen: _Seen) -> None:
    """How it goes, to the board and the metrics."""
    position = alerts.service.position
    seen.look(position)
    down = [f"{name}: {why}" for name, why in sorted(alerts.down.items())]
    _alarm(station, "alerting", alerts.failed, useless=True)
    _alarm(station, "gateway_down", "; ".join(down), useless=False)
    station.telling.ready()
    says = Says(failed=alerts.failed, gateways=down, unheard=alerts.unheard)
    station.tell(position, seen.head, seen.stamp, says)


def _alarm(station: Station, code: str, why: str, *, useless: bool) -> None:
    if why:
        station.telling.alarm(code, why, useless=useless)
    else:
        station.telling.clear(code)


def _stop(station: Station, alerts: Alerts) -> None:
    """A gateway may take its time to answer; the role lives meanwhile."""
    stopping = Thread(target=alerts.stop, name="stop")
    stopping.start()
    while stopping.is_alive():
        station.telling.beat()
        stopping.join(ASK_EVERY)
    station.telling.clear("gateway_down")
