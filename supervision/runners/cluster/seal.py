"""`serve seal`: the log is sealed. One leads, the others wait.

Who leads holds the lock of the folder too, so that two never seal into one, whatever becomes of the
election.
"""

from __future__ import annotations

from threading import Thread

from ...store.election import Election
from ..sealing import Sealing
from .patient import Head, Stopping
from .station import ASK_EVERY, Says, Station


def serve(station: Station) -> None:
    """Run until told to end. WitnessUnfit, RootsUnfit, before anything is opened."""
    Sealing.check(station.given)
    with station.running(), station.election("seal") as election:
        while not station.stop.is_set():
            try:
                if election.try_win():
                    station.telling.elected("seal", holds=True)
                    _lead(station, election)
                else:
                    station.stand_by("sealing", election)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 told, and tried again
                station.tell(0, 0, 0, Says(failed=station.alarm("sealing", error)))
            station.telling.elected("seal", holds=False)
            station.stop.wait(ASK_EVERY)


def _lead(station: Station, election: Election) -> None:
    """Seal as long as this process is the one that leads."""
    sealing, head = Sealing(station.record, station.given), Head(station.record)
    sealing.start()
    try:
        while election.held() and not station.stop.wait(ASK_EVERY):
            _tell(station, sealing, head)
    finally:
        _stop(station, sealing)


def _tell(station: Station, sealing: Sealing, head: Head) -> None:
    """How it goes, to the board and the metrics."""
    wrong = {
        "sealing": sealing.failed,
        "seals_broken": sealing.broken,
        "witness": "; ".join(sealing.unwitnessed),
        "stamping": sealing.unstamped,
    }
    for code, why in wrong.items():
        if why:
            station.telling.alarm(code, why, useless=code in {"sealing", "seals_broken"})
        else:
            station.telling.clear(code)
    station.telling.ready()
    stamp, position = station.record.last_stamp(), sealing.position
    end = head.beyond(position)
    says = Says(
        failed=sealing.failed,
        seals_broken=sealing.broken,
        witnesses=list(sealing.unwitnessed),
        unstamped=sealing.unstamped,
    )
    station.tell(position, end, stamp if position >= end else 0, says)


def _stop(station: Station, sealing: Sealing) -> None:
    """The last checkpoint may take its time; the role lives meanwhile."""
    stopping = Thread(target=sealing.stop, name="stop")
    stopping.start()
    while stopping.is_alive():
        station.telling.beat()
        stopping.join(ASK_EVERY)
    for code in ("sealing", "seals_broken", "witness", "stamping"):
        station.telling.clear(code)
