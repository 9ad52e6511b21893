"""What people do about cards, into the log: decided on what is known, recorded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import replace

from ..acts import DeskAct, SupervisionOrdered
from ..errors import StreamConflict
from ..fold import Folded
from ..record import Record
from ..store.mapping import moment
from ..streams import desk_stream
from .commands import REASON, Known, decide

TRIES = 10
"""Attempts at the end of the desk's stream, should others write there at the same moment."""

Draft = Callable[[datetime], DeskAct]
"""The act as it was asked for, given the time of the log."""


class Desk:
    """The desk of all cases of one record. Any number of threads and processes."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def do(self, draft: Draft, private: Mapping[str, str]) -> list[DeskAct]:
        """Do what was asked for, once: an act of that id is given as it stands in the log.

        `private`: its reason, for the vault. LoopRefused, StreamConflict, StoreError, ClockJumped.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(draft(moment(self._record.heartbeat()[0])), private)
            except StreamConflict:
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable")

    def _once(self, act: DeskAct, private: Mapping[str, str]) -> list[DeskAct]:
        stored = self._record.read_case(act.source, act.case_no)
        stream = desk_stream(act.source, act.case_no)
        desk = [each for each in stored if each.stream == stream]
        had = [e for each in desk if isinstance(e := each.event, DeskAct) and _is(e, act.id)]
        if had:
            return had
        folded = Folded(stored)
        known = Known(folded.cards, frozenset(k.fact.id for k in folded.facts))
        acts = [self._sealed(each, private) for each in decide(known, act, private)]
        self._record.append(stream, acts, desk[-1].version if desk else 0)
        return acts

    def _sealed(self, act: DeskAct, private: Mapping[str, str]) -> DeskAct:
        said = {REASON: text} if (text := private.get(REASON, "").strip()) else {}
        return self._record.seal(act, said) if said else replace(act, texts=())


def _is(act: DeskAct, wanted: str) -> bool:
    """Whether it is that act, or the order that followed from it."""
    return act.id == wanted or (isinstance(act, SupervisionOrdered) and act.id == f"{wanted}-order")
