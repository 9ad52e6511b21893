"""`serve links`: the follower that links cases of one applicant. One leads, the others wait."""

from __future__ import annotations

import logging
from contextlib import suppress

from projections.links import Links

from ...errors import StoreError, StreamConflict
from ...follow import Follower
from ...store.election import Election
from .patient import Stopping
from .station import ASK_EVERY, Says, Station

log = logging.getLogger(__name__)

READ = 5_000
"""Events of one reading."""
GLANCE = 1.0
"""Seconds that it waits for more, at most."""


def serve(station: Station) -> None:
    """Run until told to end."""
    with station.running(), station.election("links") as election:
        while not station.stop.is_set():
            try:
                if election.try_win():
                    station.telling.elected("links", holds=True)
                    _lead(station, election)
                else:
                    station.stand_by("linking", election)
            except Stopping:
                return
            except Exception as error:  # noqa: BLE001 told, and tried again
                why = station.alarm("linking", error)
                station.tell(0, 0, 0, Says(failed=why))
            station.telling.elected("links", holds=False)
            station.stop.wait(ASK_EVERY)


def _lead(station: Station, election: Election) -> None:
    """From the log's beginning: what it keeps in mind is small, and nothing of it is stored."""
    links, follower = Links(station.patient.read_case), Follower(station.record)
    try:
        while not station.stop.is_set() and election.held():
            batch = station.patient.read(follower.position, READ)
            if batch:
                follower.position = batch[-1].position
                for stream, fact in links.take(batch):
                    with suppress(StreamConflict):
                        station.patient.append(stream, [fact], 0)
            station.telling.clear("linking")
            station.telling.ready()
            station.tell(follower.position, follower.position, 0, Says())
            if not batch:
                with suppress(StoreError):
                    follower.wait(GLANCE, station.stop)
    finally:
        follower.close()
