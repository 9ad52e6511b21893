"""The links of a log made again, by the follower that makes them live, and compared with those that
were recorded (projections/links.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from projections.links import Link, Links
from supervision.errors import Unreadable
from supervision.facts import CaseLinked, Instant
from supervision.judgement.shelf import Shelf
from supervision.lists import LISTS
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import parse

from .compared import legible
from .derive import named_of
from .every_case import NOBODY, Cancelled, Log, Watching
from .reasons import (
    CONTENT,
    MISSING,
    NOT_DERIVED,
    NOT_JUDGED,
    YOUNG,
    Difference,
    Field,
    Given,
    by_program,
    fields_of,
    unexplained,
)

A_READ = 5_000
"""Events of one reading."""
HEARD = tuple(f"{name}/" for name in ("ApplicationReceived", "CaseConcluded", *LISTS))
"""With what the topics begin that the follower hears, beside the links themselves."""
RECORDED = "/links"
"""With what the streams end in which links stand."""


class _Made(NamedTuple):
    """A link that follows, and when what it follows from was recorded."""

    link: Link
    at: Instant


class Linking:
    """Follows a log from its beginning, as far as it is told to."""

    def __init__(self, log: Log, given: Given, sources: Iterable[str] = ()) -> None:
        """`sources`: those whose links are compared; none: of all."""
        self._log, self._given, self._sources = log, given, frozenset(sources)
        self._links = Links(log.read_case)
        self._shelf = Shelf(given.entries)
        self._position = 0
        self._made: dict[str, _Made] = {}
        """By stream: links that follow and were not come to yet."""
        self.acts = self.young = 0
        """Links that were recorded; that follow from what was recorded in the last minute."""
        self.differences: list[Difference] = []

    def read_to(self, position: int, watching: Watching = NOBODY) -> None:
        """Go on to a position, and to the end of its transaction. Cancelled."""
        while self._position < position:
            batch = self._log.read(self._position, min(A_READ, position - self._position))
            if not batch:
                return
            self._position = batch[-1].position
            for stored in batch:
                if stored.stream.endswith(RECORDED) or stored.topic.startswith(HEARD):
                    self._take(stored)
            if watching.cancelled():
                raise Cancelled

    def finish(self) -> None:
        """The log ends here: what was not come to, is missing."""
        for link, at in self._made.values():
            if not self._is_asked_for(link.stream):
                continue
            if at > self._given.until - YOUNG:
                self.young += 1
            else:
                self._differs(link.stream, MISSING, at)
        self._made.clear()

    def _take(self, stored: Stored) -> None:
        try:
            made = self._links.take([stored])
        except Unreadable:  # told of where its case, or the lists, are compared
            return
        if stored.stream.endswith(RECORDED):
            self._compare(stored)
        for link in made:
            self._made.setdefault(link.stream, _Made(link, stored.recorded_at))

    def _compare(self, stored: Stored) -> None:
        made = self._made.pop(stored.stream, None)
        if not self._is_asked_for(stored.stream):
            return
        self.acts += 1
        try:
            event = stored.event
        except Unreadable:
            return
        if made is None:
            self._differs(stored.stream, NOT_DERIVED, stored.recorded_at, stored)
        elif encode(made.link.fact) != (stored.topic, stored.payload):
            fields = fields_of(event, made.link.fact)
            self._differs(stored.stream, CONTENT, stored.recorded_at, stored, fields)

    def _differs(
        self,
        stream: str,
        what: str,
        at: Instant,
        stored: Stored | None = None,
        fields: tuple[Field, ...] = (),
    ) -> None:
        source, case_no = self._key(stream)
        found = Difference(
            source=source,
            case_no=case_no,
            what=what,
            why="",
            act=CaseLinked.__name__,
            at=at,
            position=stored.position if stored else 0,
            version=stored.version if stored else 0,
            fields=fields,
        )
        self.differences += self._explained(found)

    def _explained(self, found: Difference) -> Iterator[Difference]:
        for each in by_program(self._given, [found]):
            if each.why:
                yield each
            elif each.what == MISSING and each.at > self._given.judged:
                yield replace(each, why=NOT_JUDGED)
            else:
                yield unexplained(self._given, each)

    def _is_asked_for(self, stream: str) -> bool:
        source, case_no = self._key(stream)
        departments = self._given.departments
        if self._sources and source not in self._sources:
            return False
        if departments is None:
            return True
        told = legible(self._log.read_case(source, case_no))
        return named_of(told, self._shelf, self._given.until)[2] in departments

    def _key(self, stream: str) -> tuple[str, str]:
        case = parse(stream)
        assert case is not None  # a link is a case's
        return case.source, case.case_no
