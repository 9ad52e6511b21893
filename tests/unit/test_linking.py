"""Links derived again by the follower that makes them, and compared with those recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from projections.links import Links
from projections.programs import note_program
from projections.watch import Watch
from projections.writing import write_acts
from replay.every_case import Cancelled, Log, Watching
from replay.reasons import (
    CONTENT,
    MISSING,
    NOT_DERIVED,
    NOT_JUDGED,
    PROGRAM_CHANGED,
    UNEXPLAINED,
    UNREADABLE,
)
from replay.rederive import Rederived, rederive
from supervision.clock import SteppedClock
from supervision.facts import Actor, CaseLinked, Fact, Instant, instant
from supervision.published import bundled
from supervision.publishing import publish_missing
from supervision.record import Incoming, Record
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import links_stream
from tests.court import at, fact, item, policy
from tests.memorylog import DAY, MemoryLog, Schedule, Transaction, run, stream_of
from tests.replayed import Readable, began

SECOND = links_stream("s", "2")
WATER = "市水务局"
BEGIN = at("2026-06-01")
UNTIL = at("2026-08-20")


def told(case_no: str, name: str, occurred: str, **fields: object) -> Fact:
    """A fact of one of the two cases, both of one department."""
    actor = Actor(id="P", department=WATER)
    return fact(name, occurred, id=f"{case_no} {name}", case_no=case_no, actor=actor, **fields)


STORY = (
    told("1", "ApplicationReceived", "2026-07-01", applicant_ref="A"),
    told("1", "CaseAccepted", "2026-07-01 10:00"),
    told("1", "CaseConcluded", "2026-07-09", result="退件", texts=("reason",)),
    told("2", "ApplicationReceived", "2026-07-20", applicant_ref="A"),
    told("2", "CaseAccepted", "2026-07-20 10:00"),
)
"""Returned two working days before its deadline, and applied for again."""


def lived(
    *,
    link: bool = True,
    program: str = "",
    become: Callable[[CaseLinked], CaseLinked] | None = None,
) -> Readable:
    """The two cases, judged as this program judges; linked as its follower links, or not, or with
    another link in its place.
    """
    lists = [(stream_of(e), e) for e in (*bundled(), item(), policy())]
    first = Transaction(BEGIN, [began(BEGIN, program), *lists])
    facts = [Transaction(instant(f.occurred_at) + 1_000_000, [(stream_of(f), f)]) for f in STORY]
    (made,) = Links(_log(first, facts).case).take(_log(first, facts).read(0))
    then = instant(STORY[3].occurred_at) + 30_000_000
    said = become(made.fact) if become else made.fact
    linked = [Transaction(then, [(made.stream, said)])] if link else []
    history = sorted([first, *facts, *linked], key=lambda transaction: transaction.stamp)
    return Readable(run(history, UNTIL, Schedule(), Random(1)), UNTIL + 10)


def _log(first: Transaction, facts: list[Transaction]) -> MemoryLog:
    log = MemoryLog()
    for stamp, events in (first, *facts):
        log.put(stamp, events)
    return log


def compare(log: Log, departments: frozenset[str] | None = None) -> Rederived:
    return rederive(log, departments=departments, processes=0)


def differing(made: Rederived) -> list[tuple[str, str, str, int]]:
    """Of links: what, why, in which case, where."""
    return [(d.what, d.why, d.case_no, d.position) for d in made.differences if _is_link(d.act)]


def _is_link(act: str) -> bool:
    return act.partition("/")[0] == "CaseLinked"


def recorded(log: Readable) -> Stored:
    return next(s for s in log.stored if s.stream == SECOND)


def test_a_link_that_follows_is_equal_and_an_act() -> None:
    """Made by the follower, as the log has it; the card that rests on it follows as well."""
    log = lived()
    made = compare(log)
    assert made.equal
    assert made.acts == sum(s.stream.endswith(("/cards", "/links")) for s in log.stored)
    assert compare(lived(link=False)).acts < made.acts - 1


def test_a_link_that_is_gone_is_missing() -> None:
    """With the cards that rested on it never made: nothing else in the log tells of it."""
    assert differing(compare(lived(link=False))) == [(MISSING, UNEXPLAINED, "2", 0)]


def test_a_link_that_says_something_else_is_named_with_its_field() -> None:
    """Another earlier case than the one that was returned."""
    log = lived(become=lambda link: replace(link, earlier_case="9"))
    made = compare(log)
    assert differing(made) == [(CONTENT, UNEXPLAINED, "2", recorded(log).position)]
    assert [(f.name, f.recorded, f.derived) for f in made.differences[0].fields] == [
        ("earlier_case", '"9"', '"1"')
    ]


def test_a_link_that_was_put_in_does_not_follow() -> None:
    """Of a case that nobody returned, and a second one behind the one that follows."""
    log = lived()
    link = recorded(log)
    for stream, version in ((links_stream("s", "1"), 1), (SECOND, 2)):
        position = log.head() + 1
        log.stored.append(link._replace(position=position, stream=stream, version=version))
    found = differing(compare(log))
    assert found == [
        (NOT_DERIVED, UNEXPLAINED, "1", log.head() - 1),
        (NOT_DERIVED, UNEXPLAINED, "2", log.head()),
    ]


def test_a_link_that_another_program_made_has_that_reason() -> None:
    """And one of the last minute is on its way; one behind all that was judged is not judged."""
    log = lived(program="f" * 64, become=lambda link: replace(link, earlier_case="9"))
    assert [why for _, why, *_ in differing(compare(log))] == [PROGRAM_CHANGED]
    log = lived(link=False)
    log.until = _applied(log) + 20_000_000
    log.stored = [s for s in log.stored if s.recorded_at <= log.until]
    made = compare(log)
    assert (differing(made), made.young) == ([], 1)
    log.until += DAY
    assert [why for _, why, *_ in differing(compare(log))] == [NOT_JUDGED]


def _applied(log: Readable) -> Instant:
    return next(s.recorded_at for s in log.stored if s.stream == "case/s/2/facts")


def test_only_the_links_that_are_asked_for_are_compared() -> None:
    """By the department and the source of the later case."""
    log = lived(link=False)
    assert differing(compare(log, frozenset({WATER}))) == [(MISSING, UNEXPLAINED, "2", 0)]
    assert differing(compare(log, frozenset({"别局"}))) == []
    other = lived()
    assert rederive(other, sources=["s"], processes=0).acts == compare(other).acts
    link = recorded(other)
    of_t = link._replace(position=other.head() + 1, stream=links_stream("t", "1"))
    other.stored.append(of_t)
    assert differing(rederive(other, sources=["s"], processes=0)) == []
    assert differing(compare(other)) == [(NOT_DERIVED, UNEXPLAINED, "1", of_t.position)]
    other.stored.remove(of_t)
    assert compare(other, frozenset({"别局"})).acts == 0


@pytest.mark.parametrize("name", ["CaseLinked", "ApplicationReceived", "CaseConcluded", "Policy"])
def test_what_the_follower_cannot_read_is_told_once(name: str) -> None:
    """Where its case, or the lists, are compared; the links that follow without it are."""
    log = lived()
    broken = next(s for s in log.stored if s.topic.startswith(name))
    log.stored[log.stored.index(broken)] = broken._replace(payload=b"{")
    found = [d for d in compare(log).differences if d.what == UNREADABLE]
    assert [d.position for d in found] == [broken.position]


def test_it_ends_between_two_readings_when_it_is_asked_to() -> None:
    """Also where there is no case to compare."""
    log = lived()
    lists = [s for s in log.stored if not s.stream.startswith("case/")]
    log.stored = lists
    with pytest.raises(Cancelled):
        rederive(log, processes=0, watching=Watching(cancelled=lambda: True))


def test_the_links_of_a_record_are_those_that_its_follower_appended(tmp_path: Path) -> None:
    """As the product does it: each fact recorded, judged and linked as time passes."""
    clock = SteppedClock(BEGIN)
    record = Record(tmp_path, clock)
    watch, links = Watch(record.read_case), Links(record.read_case)
    try:
        note_program(record, "1")
        publish_missing(record, [*bundled(), item(), policy()])
        for each in (*STORY, None):
            clock.set(instant(each.occurred_at) + 1_000_000 if each else UNTIL)
            record.append_facts([Incoming(each)] if each else [])
            for stream, event in links.take(record.read(links.position, 5_000)):
                record.append(stream, [event], 0)
            watch.take(record.read(watch.position, 5_000))
            watch.tick(record.heartbeat()[0])
            write_acts(watch, record)
        made = compare(record)
        assert (made.differences, made.cases) == ((), 2)
        assert len(record.read_stream(SECOND)) == 1
    finally:
        record.close()


def test_the_link_is_written_as_the_record_writes_it() -> None:
    """Byte for byte: a link that reads alike and was written otherwise differs."""
    log = lived()
    link = recorded(log)
    assert (link.topic, link.payload) == encode(link.event)
    place = log.stored.index(link)
    log.stored[place] = link._replace(payload=link.payload.replace(b"{", b"{ ", 1))
    assert differing(compare(log)) == [(CONTENT, UNEXPLAINED, "2", link.position)]
