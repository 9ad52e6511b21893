"""Re-derivation: from bytes in memory and from the store, by one process and by two, against the
decoding of the same bytes; and where the time goes, by what the functions do.
"""

from __future__ import annotations

import pstats
from collections import Counter
from collections.abc import Iterable, Sequence
from cProfile import Profile
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec

from projections.watch import Watch
from projections.writing import write_acts
from replay.compared import comparing
from replay.every_case import Bundle
from replay.reasons import Given
from replay.rederive import lists_of, rederive
from supervision.acts import DESK_ACTS
from supervision.clock import SteppedClock
from supervision.facts import FACTS, Instant, instant
from supervision.lists import CalendarPublished, PolicyPublished
from supervision.published import bundled
from supervision.publishing import publish_missing
from supervision.record import Incoming, Record
from supervision.store.stored import Stored
from tests.bench.judging import DAY, START, Measured, best, course
from tests.court import FLOW, item
from tests.golden.test_city_digest import MONTH, PLAIN, Recorded, lived
from tests.memorylog import run as run_log
from tests.replayed import City

WANTED = 200_000
"""Facts a second."""
ROUNDS = 3
CASES = 12_000
CITY = MONTH
KINDS = {**FACTS, **DESK_ACTS}
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("decoding", ("store/mapping.py", "store/stored.py", "msgspec")),
    ("folding facts into a case", ("judgement/case.py", "supervision/facts.py", "fold.py")),
    ("clocks and deadlines", (
        "judgement/clocks.py", "judgement/terms.py", "judgement/deadline.py",
        "judgement/calendar.py", "judgement/pauses.py", "judgement/item.py",
    )),
    ("violations", ("judgement/violations.py",)),
    ("what is due, and acts", (
        "judgement/assess.py", "judgement/reconcile.py", "judgement/cards.py",
        "judgement/explain.py", "judgement/ladder.py", "judgement/notice.py",
    )),
    ("the docket and the lists", ("judgement/docket.py", "judgement/shelf.py")),
    ("deriving and comparing", ("replay/",)),
)  # fmt: skip
"""What the functions of a file do."""


def cases_of(log: City | Record) -> list[Bundle]:
    """All cases of a log."""
    return [Bundle(*key, log.read_case(*key)) for key in log.cases()]


def inputs(cases: Iterable[Bundle]) -> list[Stored]:
    """What judgement hears."""
    names = ("/facts", "/desk", "/links")
    return [s for case in cases for s in case.stored if s.stream.endswith(names)]


def decoding(stored: Sequence[Stored]) -> float:
    """Seconds to decode their bytes and nothing else."""
    decoders = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}
    said = [(decoders[s.topic.partition("/")[0]], s.payload) for s in stored]
    return best(lambda: [decoder.decode(payload) for decoder, payload in said], ROUNDS)


def given_of(log: City | Record, until: Instant) -> Given:
    """What a process that derives is given."""
    return Given(until, until, "", (), tuple(lists_of(log)[0]), {}, None)


def row(what: str, count: int, seconds: float, plain: float) -> Measured:
    """A rate, held against the one that is wanted and told as a part of decoding."""
    rate = count / seconds
    value = f"{rate:,.0f} facts/s"
    return (f"{what}, {plain / seconds:.3f} of decoding", value, f"≥ {WANTED:,}", rate / WANTED)


def in_memory(name: str, log: City | Record, until: Instant) -> list[Measured]:
    """Bytes in memory → derived and compared, one process; and its profile."""
    cases = cases_of(log)
    heard = inputs(cases)
    plain = decoding(heard)
    given = given_of(log, until)
    seconds = best(lambda: comparing(given)(cases), ROUNDS)
    made = comparing(given)(cases)
    assert made.differences == []
    decoded = len(heard) / plain
    return [
        (f"{name}: decoding alone", f"{decoded:,.0f} facts/s", f"≥ {WANTED:,}", decoded / WANTED),
        row(f"{name}: bytes in memory → derived", len(heard), seconds, plain),
        *profile(name, given, cases),
    ]


def profile(name: str, given: Given, cases: Sequence[Bundle]) -> list[Measured]:
    """Where the time of one process goes, in per cent of it."""
    work, profiler = comparing(given), Profile()
    profiler.enable()
    work(cases)
    profiler.disable()
    spent: Counter[str] = Counter()
    for (file, _, function), (_, _, own, _, callers) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        if file == "~" or file.startswith("<"):
            for (caller, _, _), (_, _, part, _) in callers.items():
                spent[_group(caller, function)] += part
        else:
            spent[_group(file, function)] += own
    total = sum(spent.values())
    return [
        (f"{name}:   {group}", f"{seconds / total:.0%}", "of its time", seconds / total)
        for group, seconds in spent.most_common()
    ]


def _group(file: str, function: str) -> str:
    if "decode" in function:
        return GROUPS[0][0]
    found = (group for group, files in GROUPS if any(each in file for each in files))
    return next(found, "other")


def from_the_store(home: Path, cases: int) -> list[Measured]:
    """A log of cases that go as they should: read from SQLite, derived, compared."""
    record, until = written(home, cases)
    try:
        stored = cases_of(record)
        heard = inputs(stored)
        plain = decoding(heard)
        rows = []
        for processes, name in ((0, "one process"), (2, "two more processes")):
            began = perf_counter()
            made = rederive(record, processes=processes)
            seconds = perf_counter() - began
            assert made.equal
            assert made.cases == cases
            rows.append(row(f"a course: from the store, {name}", len(heard), seconds, plain))
        return [*in_memory("a course", record, until), *rows]
    finally:
        record.close()


def written(home: Path, cases: int) -> tuple[Record, Instant]:
    """A log of so many cases of seven facts, recorded within the hour and judged."""
    clock = SteppedClock(START - DAY)
    record = Record(home, clock)
    near = [e for e in bundled() if isinstance(e, CalendarPublished) and e.year in (2025, 2026)]
    policies = [e for e in bundled() if isinstance(e, PolicyPublished)]
    publish_missing(record, [*near, *policies, item(steps=FLOW)])
    facts = [f for n in range(cases) for f in course(n, START + n * 60_000_000)]
    facts.sort(key=lambda fact: fact.occurred_at)
    for first in range(0, len(facts), 500):
        some = facts[first : first + 500]
        clock.set(instant(some[-1].occurred_at) + 1_000_000)
        record.append_facts([Incoming(fact, {}) for fact in some])
    clock.set(instant(facts[-1].occurred_at) + DAY)
    watch, (until, head) = Watch(record.read_case), record.heartbeat()
    while watch.position < head:
        watch.take(record.read(watch.position, 5_000))
    watch.tick(until)
    write_acts(watch, record)
    return record, until


def city(recorded: Recorded) -> list[Measured]:
    """A city with everything in it that departments get wrong, in memory."""
    told, until = lived(recorded)
    log = City(run_log(told, until, PLAIN, Random(7)), until)
    return in_memory("a city", log, until)


def run() -> list[Measured]:
    """All of them."""
    with TemporaryDirectory() as folder:
        return [*from_the_store(Path(folder) / "home", CASES), *city(CITY)]
