"""Every automatic act of a log made again, and compared with those that were recorded.

Equal, or each difference with its reason. What has none that is known is said to be unexplained:
somebody must look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from projections.keeping import program_digest
from projections.programs import Began, programs
from supervision.acts import CardAct
from supervision.errors import Unreadable
from supervision.facts import Instant, instant
from supervision.judgement.shelf import Entry
from supervision.store.stored import Stored
from supervision.streams import CARDS, FACTS, INCIDENTS, PROGRAM
from supervision.system import IncidentRecorded

from .compared import comparing
from .every_case import NOBODY, Keys, Log, Watching, over_cases, processes_for
from .linking import Linking
from .reasons import UNEXPLAINED, Difference, Given, Halt, unreadable

A_READ = 5_000
"""Events of one reading, back from the end, for what shows last that the watch ran."""
SHOWING = ("/cards", "/notices")
"""With what the streams end in which acts and messages about cards stand."""
CAUGHT_UP: Instant = 3_600_000_000
"""A program that began this long ago has judged what had happened before it began (µs)."""
SHOWN = 1_000
"""Differences that are told one by one; the others are counted."""


class Rederived(Struct, frozen=True, kw_only=True):
    """What came of it. `until`: the instant up to which was judged; `young`: acts of the last
    minute that are not in the log yet; `counts`: differences by what and why.
    """

    until: Instant
    head: int
    cases: int
    acts: int
    young: int
    program: str
    programs: tuple[Began, ...]
    counts: tuple[tuple[str, str, int], ...]
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether every act was recorded as it follows, and nothing else was."""
        return not self.counts

    @property
    def unexplained(self) -> int:
        """Differences without a known reason."""
        return sum(count for _, why, count in self.counts if why == UNEXPLAINED)


def rederive(
    log: Log,
    *,
    sources: Iterable[str] = (),
    departments: frozenset[str] | None = None,
    program: str = "",
    processes: int | None = None,
    watching: Watching = NOBODY,
) -> Rederived:
    """Derive every case of these sources (none: of all) and compare. Reads; writes nothing.

    departments: those whose cases are compared; None: all. program: the digest of the program
    that derives, if not of the files here. processes: how many others work; None: as many as are
    worth it, 0: none. NoSuchSource, Cancelled, StoreError; what cannot be read is a difference.
    """
    until, head = log.last_stamp(), log.head()
    chosen = frozenset(sources)
    keys = Keys(log, chosen, (FACTS, CARDS))
    entries, shown = lists_of(log)
    began, halted = programs(log.read_stream(PROGRAM)), _halted(log.read_stream(INCIDENTS))
    given = Given(
        until,
        judged_until(log, head, _ran(began, halted.values(), until)),
        program or program_digest(),
        tuple(began),
        tuple(entries),
        halted,
        departments,
    )
    counts = Counter((each.what, each.why) for each in shown)
    cases = acts = young = 0
    others = processes_for(head) if processes is None else processes
    linking = Linking(log, given, chosen)

    def progress(done: int, total: int) -> None:
        """The links are read behind the cases, as far in the log as these have come."""
        linking.read_to(head * done // max(total, 1), watching)
        watching.progress(done, total)

    following = Watching(progress, watching.cancelled)
    for part in over_cases(log, keys, comparing, given, others, following):
        cases, acts, young = cases + part.cases, acts + part.acts, young + part.young
        counts.update((each.what, each.why) for each in part.differences)
        shown += part.differences[: max(0, SHOWN - len(shown))]
    linking.read_to(head, watching)
    linking.finish()
    counts.update((each.what, each.why) for each in linking.differences)
    shown += linking.differences[: max(0, SHOWN - len(shown))]
    return Rederived(
        until=until,
        head=head,
        cases=cases,
        acts=acts + linking.acts,
        young=young + linking.young,
        program=given.program,
        programs=given.programs,
        counts=tuple((what, why, count) for (what, why), count in sorted(counts.items())),
        differences=tuple(shown),
    )


def judged_until(log: Log, head: int, ran: Instant = 0) -> Instant:
    """Up to which instant the log shows that the watch had come: by its last acts, the last
    messages about cards, and when else it is known to have run; 0 where nothing shows it.
    """
    end = head
    while end > 0:
        after = max(0, end - A_READ)
        some = (s for s in log.read(after, end - after) if s.stream.endswith(SHOWING))
        if judged := max(map(_judged_at, some), default=0):
            return max(judged, ran)
        end = after
    return ran


def _ran(began: Iterable[Began], halted: Iterable[Halt], until: Instant) -> Instant:
    """When the watch is known to have run last, beside by its acts."""
    begun = (b.recorded_at for b in began if b.recorded_at <= until - CAUGHT_UP)
    return max((*begun, *(halt.recorded_at for halt in halted)), default=0)


def _judged_at(stored: Stored) -> Instant:
    """Of a message, when it was put on record: about a card, so the watch ran."""
    if stored.stream.endswith("/notices"):
        return stored.recorded_at
    try:
        act = stored.event
    except Unreadable:
        return 0
    if not isinstance(act, CardAct):
        return 0
    return stored.recorded_at if act.history else instant(act.at)


def _halted(incidents: Iterable[Stored]) -> dict[tuple[str, str], Halt]:
    found: dict[tuple[str, str], Halt] = {}
    for stored in incidents:
        try:
            event = stored.event
        except Unreadable:
            continue
        if isinstance(event, IncidentRecorded) and event.kind == "card_conflict":
            halt = Halt(stored.position, stored.recorded_at)
            found.setdefault((event.source, event.case_no), halt)
    return found


def lists_of(log: Log) -> tuple[list[Entry], list[Difference]]:
    """The lists of a log, and those that cannot be read."""
    entries: list[Entry] = []
    findings: list[Difference] = []
    for each in log.read_lists():
        try:
            entries.append(Entry(each.position, each.recorded_at, each.event))
        except Unreadable as error:
            findings.append(unreadable("", "", each, error))
    return entries, findings
