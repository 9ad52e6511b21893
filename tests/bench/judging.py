"""The judgement and the watch: one deadline, replay, a heartbeat, the memory of an open case."""

from __future__ import annotations

import gc
import resource
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import msgspec
import numpy as np

from projections.packing import pack
from projections.watch import Filed, Watch, drawer_of
from supervision.facts import FACTS, Actor, Fact, Instant, Known, instant, known
from supervision.judgement.calendar import Calendar
from supervision.judgement.cards import moment
from supervision.judgement.deadline import Limit, deadline
from supervision.judgement.docket import Docket
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import CalendarPublished, PolicyPublished
from supervision.published import bundled
from supervision.store.mapping import decode, encode
from tests.court import CHINA, FLOW, item

Measured = tuple[str, str, str, float]
"""What, value, bound, ratio to the bound."""
ROUNDS = 5
COURSE = (
    ("ApplicationReceived", 0.0, {"materials": ("申请表",), "channel": "网上"}),
    ("CaseAccepted", 0.2, {"document": "受字〔2026〕1号"}),
    ("StepCompleted", 1.1, {"step": "review", "result": "通过"}),
    ("DecisionSigned", 2.0, {"signer": "P3"}),
    ("CertificateIssued", 2.1, {"number": "00001"}),
    ("CaseConcluded", 2.2, {"result": "出证"}),
    ("ResultDelivered", 3.0, {"way": "窗口"}),
)
DAY = 86_400_000_000
START = instant(moment(0)) + 20_636 * DAY + 3_600_000_000
"""2026-07-02 09:00 in China."""


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median seconds of some rounds."""
    seconds = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        seconds.append(perf_counter() - began)
    return median(seconds)


def shelf() -> Shelf:
    """The lists of 2025 and 2026, the policy, one item."""
    near = [
        e
        for e in bundled()
        if isinstance(e, PolicyPublished)
        or (isinstance(e, CalendarPublished) and e.year in (2025, 2026))
    ]
    return Shelf(Entry(n, n, e) for n, e in enumerate([*near, item(steps=FLOW)], 1))


def course(number: int, start: Instant, facts: int = len(COURSE)) -> list[Fact]:
    """The facts of a case that goes as it should."""
    told = []
    for kind, day, fields in COURSE[:facts]:
        told.append(
            FACTS[kind](
                id=f"{number:08d}-{kind}",
                source="s",
                case_no=f"2026{number:08d}",
                item="i",
                occurred_at=moment(start + int(day * DAY), CHINA),
                actor=Actor(id=f"P{number % 40}", post="审核岗", department="区住建局"),
                **fields,
            )
        )
    return told


def one_deadline() -> list[Measured]:
    """Scalar and in bulk, against numpy's busday_offset with the same holidays."""
    notices = [e for e in bundled() if isinstance(e, CalendarPublished)]
    calendar, limit = Calendar(notices), Limit(20, "wd")
    off = [d.date for n in notices for d in n.days if not d.works and d.date.isoweekday() < 6]
    business = np.busdaycalendar(holidays=off)
    days = [moment(START - n * DAY // 7, CHINA).date() for n in range(10_000)]
    starts = [START - n * DAY // 7 for n in range(10_000)]
    scalar = best(lambda: [np.busday_offset(d, 20, "backward", busdaycal=business) for d in days])
    array = np.array(days, dtype="datetime64[D]")
    bulk = best(lambda: np.busday_offset(array, 20, "backward", busdaycal=business))
    ours = best(lambda: [deadline(calendar, s, limit) for s in starts])
    each = ours / len(starts) * 1e6
    return [
        ("one deadline, against numpy one by one", f"{each:.1f} µs", "faster", scalar / ours),
        ("one deadline, against numpy in bulk", f"{each:.1f} µs", "faster", bulk / ours),
    ]


def replay(cases: int = 1_500) -> list[Measured]:
    """Bytes in memory → judged state, against decoding of the same bytes and nothing else."""
    lists = shelf()
    stored = [[encode(f) for f in course(n, START + n * 60_000_000)] for n in range(cases)]
    facts = cases * len(COURSE)
    decoders = {name: msgspec.json.Decoder(kind) for name, kind in FACTS.items()}
    plain = best(lambda: [decoders[t.partition("/")[0]].decode(p) for c in stored for t, p in c], 3)

    def judged() -> None:
        for told in stored:
            docket = Docket()
            for position, (topic, payload) in enumerate(told, 1):
                event = decode(topic, payload)
                assert isinstance(event, Fact)
                docket.hear([(event, position)], instant(event.occurred_at) + 1_000_000, lists)

    ours = best(judged, 3)
    rate = facts / ours
    return [("replay: bytes in memory → judged", f"{rate:,.0f} facts/s", "0.33", plain / ours)]


def _watched(cases: int, crossing: int) -> Watch:
    """A watch of open cases of which some cross at the next heartbeat."""
    watch, lists = Watch(lambda source, case_no: [], shelf()), shelf()
    for number, start in ((0, START), (1, START + 14 * DAY)):
        docket = Docket()
        for position, fact in enumerate(course(number, start, 3), 1):
            docket.hear([(fact, position)], instant(fact.occurred_at) + 1_000_000, lists)
        packed = pack(docket)
        for n in range(crossing if number == 0 else cases - crossing):
            _put(watch, f"{number}{n:011d}", docket.next_at, packed)
    watch.go_on(0, 0)
    return watch


def _put(watch: Watch, case_no: str, next_at: Instant, packed: bytes) -> None:
    """A case that was judged already; `go_on` comes after the last."""
    case = Filed("s", case_no, next_at, 0, packed)
    watch.put_back(drawer_of(("s", case_no)), [case], 0)


def heartbeat(many: int = 1_000_000, few: int = 10_000, crossing: int = 1_000) -> list[Measured]:
    """A heartbeat that 1,000 of 1,000,000 open cases cross, against 1,000 of 10,000."""
    seconds = {}
    for cases in (few, many):
        times = []
        for _ in range(3):
            watch = _watched(cases, crossing)
            at = watch.next_at()
            gc.collect()
            gc.freeze()
            began = perf_counter()
            watch.tick(at)
            times.append(perf_counter() - began)
            gc.unfreeze()
            assert sum(len(w.acts) for w in watch.pending()) >= crossing
        seconds[cases] = median(times)
    ratio = seconds[many] / seconds[few]
    return [
        (
            f"heartbeat, {crossing:,} of {many:,} cases cross",
            f"{seconds[many] * 1e3:,.0f} ms",
            f"≤ 1.2 × that of {few:,} open",
            ratio,
        )
    ]


def memory(cases: int = 200_000) -> list[Measured]:
    """Resident memory of an open case of seven facts in the watch, queue included."""
    lists, watch, random = shelf(), Watch(lambda source, case_no: []), Random(1)
    gc.collect()
    before = _resident()
    for number in range(cases):
        docket = Docket()
        told = course(number, START + random.randrange(DAY), 7)[:7]
        for position, fact in enumerate(told, 1):
            docket._learn([_known(fact, number * 7 + position)])
        docket.judged_at, docket.next_at, docket.open = START, START + DAY + number, True
        _put(watch, told[0].case_no, docket.next_at, pack(docket))
    watch.go_on(0, 0)
    used = (_resident() - before) / cases
    assert lists is not None
    return [("memory of an open case in the watch", f"{used:,.0f} B", "≤ 1,024 B", used / 1_024)]


def _known(fact: Fact, position: int) -> Known:
    return known(fact, instant(fact.occurred_at) + 1_000_000, position)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def run() -> list[Measured]:
    """All of them."""
    return [*one_deadline(), *replay(), *heartbeat(), *memory()]
