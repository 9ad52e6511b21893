"""关联办件: the same applicant with the same item again, after a return near the deadline.

What concerns two cases cannot be found by judging one. This follower finds it and appends an
input, CaseLinked, to a stream of its own in the later case; the judgement takes it like any fact
(domain: 6, reopened; design: rule 3). It keeps applicants only by their random reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from supervision.facts import (
    ApplicationReceived,
    CaseConcluded,
    CaseLinked,
    Fact,
    Instant,
    instant,
)
from supervision.fold import Folded
from supervision.judgement.cards import moment
from supervision.judgement.clocks import run_clocks
from supervision.judgement.shelf import Entry, Shelf
from supervision.judgement.violations import RETURNED
from supervision.lists import LISTS
from supervision.store.stored import Stored
from supervision.streams import links_stream, parse

Key = tuple[str, str]
_LIST_NAMES = frozenset(LISTS)


class Return(NamedTuple):
    """A case that was returned near its deadline."""

    case_no: str
    at: Instant


class Link(NamedTuple):
    """A link for the stream of the later case."""

    stream: str
    fact: CaseLinked


class Links:
    """Follows the log; `take` gives the links that a batch brings. History links nothing."""

    def __init__(self, load: Callable[[str, str], list[Stored]]) -> None:
        self.position = 0
        self.shelf = Shelf()
        self._load = load
        self._applicants: dict[Key, tuple[str, str]] = {}
        """Of each case: the applicant's reference and the item."""
        self._returns: dict[tuple[str, str, str], Return] = {}
        self._linked: set[Key] = set()

    def take(self, batch: Iterable[Stored]) -> list[Link]:
        """The links of what the log has next, in order."""
        found = []
        for stored in batch:
            if stored.position <= self.position:
                continue
            self.position = stored.position
            link = self._take(stored)
            if link:
                found.append(link)
        return found

    def _take(self, stored: Stored) -> Link | None:
        case, name = parse(stored.stream), stored.topic.partition("/")[0]
        if case is None:
            if name in _LIST_NAMES:
                self.shelf.add(Entry(stored.position, stored.recorded_at, stored.event))
            return None
        key = (case.source, case.case_no)
        if case.family == "links":
            self._linked.add(key)
        elif name == "ApplicationReceived":
            return self._received(key, stored)
        elif name == "CaseConcluded":
            self._concluded(key, stored)
        return None

    def _received(self, key: Key, stored: Stored) -> Link | None:
        fact = stored.event
        if not isinstance(fact, ApplicationReceived) or fact.history or not fact.applicant_ref:
            return None
        self._applicants[key] = (fact.applicant_ref, fact.item)
        earlier = self._returns.get((key[0], fact.applicant_ref, fact.item))
        if earlier is None or earlier.case_no == key[1] or key in self._linked:
            return None
        return Link(links_stream(*key), linked(fact, earlier))

    def _concluded(self, key: Key, stored: Stored) -> None:
        fact, applicant = stored.event, self._applicants.pop(key, None)
        if applicant is None or not isinstance(fact, CaseConcluded) or fact.result != RETURNED:
            return
        returned = self._near_deadline(key, stored, fact)
        if returned is not None:
            self._returns[key[0], *applicant] = Return(key[1], returned)

    def _near_deadline(self, key: Key, stored: Stored, fact: Fact) -> Instant | None:
        """When it was returned, if no more working days were left then than the policy says."""
        folded = Folded(s for s in self._load(*key) if s.position <= stored.position)
        case = folded.case()
        lists = folded.lists(self.shelf, case, stored.recorded_at)
        running = run_clocks(case, lists, stored.recorded_at)
        clocks = [c for c in running.clocks if c.kind in ("promise", "legal")]
        if not clocks:
            return None
        first = min(clocks, key=lambda c: c.end.day)
        calendar = first.terms.calendar
        at = next((k.at for k in case.facts if k.fact.id == fact.id), instant(fact.occurred_at))
        left = calendar.count(calendar.day_of(at) - 1, first.end.day)
        return at if left <= first.terms.policy.reopened_days else None


def linked(fact: ApplicationReceived, earlier: Return) -> CaseLinked:
    """The input that says so; made the same by whoever makes it."""
    return CaseLinked(
        id=f"link {earlier.case_no}",
        source=fact.source,
        case_no=fact.case_no,
        occurred_at=fact.occurred_at,
        item=fact.item,
        earlier_case=earlier.case_no,
        returned_at=moment(earlier.at),
    )
