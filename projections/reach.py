"""How far the log has come: a parcel that says more is of another log, or an invention."""

from __future__ import annotations

import logging

from supervision.delivery.parcel import Parcel
from supervision.facts import Instant

from .log import Ends

log = logging.getLogger(__name__)


class Reach:
    """Asks the log where it ends when a parcel goes beyond what is known. One thread at a time."""

    def __init__(self, record: Ends) -> None:
        self._record = record
        self._head = 0
        self._stamp: Instant = 0

    def has(self, parcel: Parcel) -> bool:
        """Whether the log has come as far as a parcel, in position and in time; logged if not."""
        if not self._covers(parcel):
            self._stamp, self._head = self._record.last_stamp(), self._record.head()
        if self._covers(parcel):
            return True
        where = {"to": parcel.to, "stamp": parcel.stamp, "head": self._head, "last": self._stamp}
        log.error("a message is set aside: the log has not come so far", extra=where)
        return False

    def _covers(self, parcel: Parcel) -> bool:
        return parcel.to <= self._head and parcel.stamp <= self._stamp
