"""The alarm of a follower to which Kafka brings nothing, not even heartbeats."""

from __future__ import annotations

from projections.guard import SILENCE

from ...errors import SupervisionError
from .station import Station

CODE = "delivery"


class Silence(SupervisionError):
    """Kafka does not answer, or nobody publishes."""

    retry = True

    def __init__(self, brokers: str) -> None:
        super().__init__(
            f"Kafka at {brokers} has brought nothing for {SILENCE} s: see that it answers, and "
            "that a publisher runs; what it did not bring stands in the log"
        )


def tell_silence(station: Station, *, silent: bool) -> str:
    """What is to be told while it lasts, or nothing; logged where it begins."""
    if not silent:
        station.telling.clear(CODE)
        return ""
    error = Silence(station.brokers.servers)
    return str(error) if CODE in station.telling.alarms() else station.alarm(CODE, error)
