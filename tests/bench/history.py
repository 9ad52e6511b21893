"""A case's history: on the server until it can be sent, in the browser until it can be dragged."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from supervision.facts import FACTS, Actor, Fact, FactCorrected, instant
from supervision.judgement.cards import moment
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import LISTS
from supervision.store.stored import Stored
from tests.court import CHINA, at, item
from tests.histories import bundled_some
from tests.memorylog import DAY, SECOND, Schedule, Transaction, run, stream_of

EVENTS = 200
START = at("2026-02-02")
HOUR = 3_600 * SECOND
Line = tuple[str, object, object, float]


def long_case(events: int = EVENTS) -> tuple[list[Stored], Shelf, int]:
    """A case of about so many events, with all that makes one hard: late facts, corrections, an
    extension, a procedure; its lists; and an instant after its end.
    """
    facts = list(_facts(events))
    told = [Transaction(START - DAY, [(stream_of(e), e) for e in (*bundled_some(), item())])]
    stamped = sorted((instant(f.occurred_at) + _delay(n), n, f) for n, f in enumerate(facts))
    told += [Transaction(stamp, [(stream_of(f), f)]) for stamp, _, f in stamped]
    until = stamped[-1][0] + DAY
    log = run(told, until, Schedule(), Random(1))
    lists = [s for s in log.stored if s.topic.partition("/")[0] in LISTS]
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in lists)
    return log.case("s", "1"), shelf, until + 2


def _delay(n: int) -> int:
    return 3 * DAY + n if n % 20 == 7 else 2 * SECOND + n


def _facts(events: int) -> Iterator[Fact]:
    """The first third in two days, the rest hour by hour."""
    for n in range(events - events // 50 - events // 12):
        name = "StepCompleted"
        more: dict[str, Any] = {"step": f"step-{n}", "result": "通过"}
        if n < 2:
            name, more = ("ApplicationReceived", "CaseAccepted")[n], {}
        elif n == 8:
            name, more = "ExtensionApproved", {"days": 5, "approver_post": "局长"}
        elif n % 40 == 11:
            name, more = "ServiceRated", {"grade": 1}
        happened = moment(START + (n * HOUR // 2 if n < events // 3 else n * HOUR), CHINA)
        yield FACTS[name](
            id=f"f{n}",
            source="s",
            case_no="1",
            item="i",
            occurred_at=happened,
            actor=Actor(id=f"P{n % 4}", post="岗", department="区住建局"),
            **more,
        )
        if n % 50 == 30:
            yield FactCorrected(
                id=f"c{n}",
                source="s",
                case_no="1",
                occurred_at=happened + timedelta(hours=30),
                corrects=f"f{n - 3}",
                says={"occurred_at": (happened - timedelta(hours=1)).isoformat()},
                authority="科室负责人",
            )
