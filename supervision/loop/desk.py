"""What people do about cards, into the log: decided on what is known, recorded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from ..acts import DeskAct, IssuedByHand
from ..errors import StreamConflict
from ..fold import Folded
from ..record import Record
from ..store.mapping import moment
from ..streams import desk_stream
from .commands import REASON, IdUsed, Known, decide, order_id

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
        for _ in range(TRIES - 1):
            with suppress(StreamConflict):
                return self._once(draft(self._now()), private)
        return self._once(draft(self._now()), private)

    def _now(self) -> datetime:
        return moment(self._record.heartbeat()[0])

    def _once(self, act: DeskAct, private: Mapping[str, str]) -> list[DeskAct]:
        stored = self._record.read_case(act.source, act.case_no)
        stream = desk_stream(act.source, act.case_no)
        desk = [each for each in stored if each.stream == stream]
        had = _had([each.event for each in desk], act)
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


def _had(recorded: Iterable[Struct], act: DeskAct) -> list[DeskAct]:
    """The act of that id as it was recorded, with the order that followed from it; IdUsed where it
    is another.
    """
    acts = [each for each in recorded if isinstance(each, DeskAct)]
    had = next((each for each in acts if each.id == act.id), None)
    if had is None:
        return []
    if not _is_same(had, act):
        raise IdUsed(act.id)
    return [had, *(each for each in acts if each.id == order_id(act.id))]


def _is_same(had: DeskAct, act: DeskAct) -> bool:
    about = isinstance(act, IssuedByHand) or had.card == act.card
    return type(had) is type(act) and had.by == act.by and about
