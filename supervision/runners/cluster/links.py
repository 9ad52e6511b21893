"""`serve links`: the follower that links cases of one applicant. One leads, the others wait."""

from __future__ import annotations

import logging
from contextlib import suppress

from projections.links import Links

from ...errors import StreamConflict
from ...store.election import Election
from .patient import Head, Stopping
from .station import ASK_EVERY, Says, Station

log = logging.getLogger(__name__)

READ = 5_000
"""Events of one reading."""
GLANCE = 0.5
"""Seconds between two looks for more: nobody waits for a link."""


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
    links, position, head = Links(station.patient.read_case), 0, Head(station.record)
    while not station.stop.is_set() and election.held():
        batch = station.patient.read(position, READ)
        if batch:
            position = batch[-1].position
            for stream, fact in links.take(batch):
                with suppress(StreamConflict):
                    station.patient.append(stream, [fact], 0)
        station.telling.clear("linking")
        station.telling.ready()
        station.tell(position, head.beyond(position), 0, Says())
        if not batch:
            station.stop.wait(GLANCE)
