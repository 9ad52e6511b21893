"""Cards as whoever asks may see them, and what is done about them in the asker's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from alerts.next import Forecast, Next
from alerts.told import outcome_of
from supervision.access.admission import Admission
from supervision.access.rights import Right
from supervision.acts import DESK_ACTS, DeskAct
from supervision.facts import Instant
from supervision.loop.commands import NoSuchCard, NoSuchCase
from supervision.loop.desk import Desk, Draft
from supervision.loop.stage import ONCE_OVER
from supervision.record import Record

from .card_moves import Asked, HandAsked, NotTheirs, Place, draft_of, hand_draft_of, right_of
from .card_view import CardView, tell_card, with_outcomes
from .live import KnownLists
from .sights import Sights

Outcome = Callable[[str], str]
"""What became of a message, by its id: waiting, sending, deferred, accepted, delivered, …"""
Following = Callable[[CardView], Next | None]
"""When the next message about a card goes, and to whom; None where none is to come."""


class Told(NamedTuple):
    """What else is known of the messages about cards."""

    outcome: Outcome = lambda _: ""
    following: Following = lambda _: None


NOTHING_TOLD = Told()


def told_by(record: Record, now: Callable[[], Instant]) -> Told:
    """What the log says of messages; `now`: up to which instant all was judged."""
    forecast = Forecast(record, KnownLists(record).shelf, now)
    return Told(
        lambda message: outcome_of(record, message).state,
        lambda view: forecast.next_of((view.source, view.case_no, view.card)),
    )


class Done(NamedTuple):
    """The acts of a command, and whether they were recorded just now."""

    acts: list[DeskAct]
    is_new: bool


class CardBook:
    """Every card of a record, for readers that may see all. Any number of threads."""

    def __init__(self, record: Record, now: Callable[[], Instant], told: Told = NOTHING_TOLD):
        """`now`: up to which instant all was judged; what was recorded later is told as well."""
        self.record, self.told = record, told
        self._now = now
        self._lists = KnownLists(record)

    def card(self, source: str, case_no: str, card: str) -> CardView | None:
        """A card; None if there is none. StoreError, Unreadable."""
        stored = self.record.read_case(source, case_no)
        if not stored:
            return None
        now = max(self._now(), stored[-1].recorded_at)
        view = tell_card(stored, self._lists.shelf(), now, card)
        return with_outcomes(view, self.told.outcome) if view else None

    def words(self, source: str, case_no: str, position: int) -> Mapping[str, str]:
        """The texts of the desk act at a position of the log, by name; empty when erased."""
        for each in self.record.read_case(source, case_no):
            if each.position == position and isinstance(event := each.event, DeskAct):
                return self.record.texts(event) or {}
        return {}


class CardDesk:
    """Cards as whoever is behind the request may see them and act on them."""

    def __init__(self, book: CardBook, sights: Sights) -> None:
        self.book, self.sights = book, sights
        self._desk = Desk(book.record)

    def see(
        self, source: str, case_no: str, card: str, right: Right = Right.CASES
    ) -> CardView | None:
        """A card of a department that the right reaches. Another's is as one that there is not, and
        is on record.
        """
        view = self.book.card(source, case_no, card)
        if view is None:
            return None
        if self.sights.covers(right, view.department):
            told = self.sights.covers(Right.TOLD, view.department)
            return view if told else replace(view, notices=())
        self.sights.refuse(f"card {source} {case_no} {card}"[:200], "another department")
        return None

    def look(
        self, source: str, case_no: str, card: str, how: str, right: Right = Right.CASES
    ) -> CardView | None:
        """A card to be shown, and on record that its case is looked at (looks.py); None as for
        `see`. StoreError, ClockJumped: it cannot be recorded, so nothing is shown.
        """
        view = self.see(source, case_no, card, right)
        if view is not None:
            self.sights.looked(source, case_no, how)
        return view

    def offered(self, view: CardView, who: Admission) -> list[str]:
        """The moves that this person may make now."""
        return [kind for kind in view.moves if self._may(view, kind, who.person)]

    def barred(self, view: CardView, who: Admission) -> bool:
        """Whether somebody else must decide, as this person answered for the department."""
        return who.person in view.answerers and any(
            DESK_ACTS[kind] in ONCE_OVER and self.sights.covers(Right.SUPERVISE, view.department)
            for kind in view.moves
        )

    def _may(self, view: CardView, kind: str, person: str) -> bool:
        if DESK_ACTS[kind] in ONCE_OVER and person in view.answerers:
            return False
        return self.sights.covers(right_of(kind), view.department)

    def act(self, view: CardView, asked: Asked, who: Admission, via: str) -> Done:
        """Make a move, once; LoopRefused, StreamConflict, StoreError, ClockJumped."""
        place = Place(view.source, view.case_no, view.card, who.person, via)
        draft = draft_of(place, asked)
        right = right_of(asked.kind)
        if not self.sights.covers(right, view.department):
            what = f"{asked.kind} {view.source} {view.case_no} {view.card}"[:200]
            self.sights.refuse(what, f"no right {right}")
            raise NotTheirs(view.department)
        return do(self._desk, draft, asked.private)

    def by_hand(
        self, source: str, case_no: str, asked: HandAsked, who: Admission, via: str
    ) -> Done:
        """Issue a card by hand: on a case within the right to supervise, on a department within it.

        LoopRefused, StreamConflict, StoreError, ClockJumped.
        """
        if self.sights.case(source, case_no, Right.SUPERVISE) is None:
            raise NoSuchCase
        if asked.department and not self.sights.covers(Right.SUPERVISE, asked.department):
            self.sights.refuse(f"IssuedByHand {source} {case_no}"[:200], "another department")
            raise NotTheirs(asked.department[:100])
        place = Place(source, case_no, "", who.person, via)
        return do(self._desk, hand_draft_of(place, asked), asked.private)


def do(desk: Desk, draft: Draft, private: Mapping[str, str]) -> Done:
    """Do it, and tell whether it was done now or before."""
    drafted: list[datetime] = []

    def noted(at: datetime) -> DeskAct:
        drafted.append(at)
        return draft(at)

    acts = desk.do(noted, private)
    return Done(acts, bool(acts) and acts[0].at == drafted[-1])


def seen(view: CardView | None) -> CardView:
    """The card; NoSuchCard."""
    if view is None:
        raise NoSuchCard
    return view
