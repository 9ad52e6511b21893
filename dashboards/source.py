"""Where the pages get what they show: the one port between the front end and the stores.

Instants are microseconds since 1970 in UTC. Every call may block; none is made on the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from projections.card_queries import CardPage, Turn, Wanted
from projections.figures import Wall
from replay.history import CaseHistory
from replay.lines import Timeline

from .past import Past

WHATS = (
    "open",
    "due_today",
    "reminder",
    "yellow",
    "red",
    "received_today",
    "accepted_today",
    "concluded_today",
    "reminders_today",
    "yellows_today",
    "reds_today",
    "concluded_month",
    "accepted_month",
    "department",
    "due_day",
    "history",
    "provisional",
)
"""What a list may be of; `department` takes a name as its value and `due_day` an ISO date."""


class CaseLine(Struct, frozen=True, kw_only=True):
    """One case in a list."""

    source: str
    case_no: str
    item_name: str = ""
    department: str = ""
    light: str = "normal"
    """normal, reminder, yellow or red."""
    deadline: int = 0
    """The nearest end of a running clock; 0 when none runs."""
    clock: str = ""
    state_zh: str = ""
    state_en: str = ""
    history: bool = False
    provisional: bool = False


class CasePage(Struct, frozen=True, kw_only=True):
    """A page of a list: its lines, how many there are in all, and the key of the page after it."""

    lines: tuple[CaseLine, ...] = ()
    total: int = 0
    next: str = ""
    """To be given as `after`; empty on the last page."""
    zone: str = "Asia/Shanghai"


class Source(Protocol):
    """What the front end asks of the rest of the product."""

    def wall(self) -> Wall:
        """All figures at one instant. Cheap; asked at most once a second for all viewers."""

    def past(self) -> Past:
        """The walls that were. Making one costs some ten queries."""

    def case(self, source: str, case_no: str, reveal: bool = False) -> CaseHistory | None:
        """The whole story of a case, or None. MUST hold no free text unless `reveal`."""

    def timeline(self, source: str, case_no: str) -> Timeline | None:
        """The case on its two lines, or None; MUST hold no free text."""

    def find(self, text: str) -> list[tuple[str, str, str]]:
        """At most 50 cases (source, case_no, item_name) for a search box."""

    def cases(self, what: str, value: str, after: str, limit: int) -> CasePage:
        """The list behind a figure, `limit` lines after the key `after` ("" for the first).

        A page of a thousand costs little more than one of fifty: an export takes such.
        """

    def cards(self, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
        """The cards that are wanted, newest first, `limit` lines of the page that `turn` names."""


class WholeSource(Source, Protocol):
    """A source of which parts can be shown: who may see what, sees a part."""

    def within(self, departments: Iterable[str] | None, title: str = "") -> Source:
        """What of it is of these departments (None: all), with the wall under `title` if given.

        A figure, a list, a case and a search of it MUST tell nothing of other departments. Cheap.
        """
