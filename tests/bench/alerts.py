"""Who must be told, how soon: from the instant at which a limit passes to the moment at which a
mail server has the message.

One process holds 100,000 open cases, watches them, fills its warehouse and tells people, as the
product does; the server runs beside it. The limits of some pass at a steady rate. A red card is
told to who handles the case and to the head of the section at once; there are so many of them that
no message is held back to be one for several. The bound is the second that the design allows; the
ratio is bound to value, above one if kept.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.book import SOURCE as BOOK
from alerts.book import _place as place_in_vault
from alerts.channels.mail import Mail, Relay
from supervision.clock import SystemClock
from supervision.facts import Actor, ApplicationReceived, CaseAccepted
from supervision.lists import ItemPublished, PolicyPublished, Rule
from supervision.notices import ALERTS, OUTBOX, CardWaits, ContactSet, MessageIntended
from supervision.published import bundled
from supervision.publishing import publish_missing
from supervision.record import Incoming, Record
from supervision.runners.alerts import Alerts, place_of
from supervision.runners.embedded import Embedded
from supervision.runners.memory import settle
from supervision.streams import notices_stream
from supervision.vault import Sealing
from tests.bench.mail_sink import Arrived, mail_sink
from tests.product import until

CASES, CROSSINGS, RATE = 100_000, 600, 5.0
"""Open cases, of which the limits of so many pass, so many a second."""
DEPARTMENTS, SECTIONS = 100, 4
AHEAD = 10.0
"""Seconds from reporting those cases until the first limit passes."""
BATCH = 1_000
BOUND = 1.0
"""Seconds (design: numbers to reach)."""
ZONE = "Asia/Shanghai"
LONG_AGO = datetime(2026, 1, 1, tzinfo=ZoneInfo(ZONE))
SOURCE = "bench"
PATIENCE = 900.0
"""Seconds until it is given up."""

Line = tuple[str, float, float, float]
"""What was measured, its value and its bound (s), and the ratio."""


def department(case: int) -> str:
    """Of a case, by its number."""
    return f"第{case % DEPARTMENTS:03d}局"


def section(case: int) -> str:
    """The item of a case, whose section has a head of its own."""
    return f"{department(case)}-{case // DEPARTMENTS % SECTIONS}"


def handler(case: int) -> str:
    """Who handles it."""
    return f"h{case % DEPARTMENTS:03d}-{case // DEPARTMENTS}"


def lists() -> list[ItemPublished | PolicyPublished]:
    """Items whose cases bring their limits, and a policy by which these pass to the second."""
    says = {"version": "1", "announced_at": LONG_AGO, "effective": LONG_AGO.date()}
    items = [
        ItemPublished(
            code=section(case),
            name="自带时限的事项（测试）",
            department=department(case),
            kind="10",
            legal="5wd",
            case_limits=True,
            **says,
        )
        for case in range(DEPARTMENTS * SECTIONS)
    ]
    red = Rule(
        code="legal_past",
        on="legal",
        severity="red",
        colour="#D55E00",
        label_zh="红牌",
        label_en="Red card",
        law="办件自带的期限",
    )
    rules = PolicyPublished(
        code=SOURCE, sources=(SOURCE,), mode="to_the_second", rules=(red,), **says
    )
    return [*items, rules]


def contacts(crossings: int) -> Iterator[ContactSet]:
    """Who handles the cases whose limits pass, and the heads of the sections."""
    now = datetime.now(UTC)
    for case in range(crossings):
        yield ContactSet(
            at=now, by=SOURCE, person=handler(case), rung=0, departments=(department(case),)
        )
    for case in range(DEPARTMENTS * SECTIONS):
        name = f"s{case % DEPARTMENTS:03d}-{case // DEPARTMENTS}"
        yield ContactSet(
            at=now,
            by=SOURCE,
            person=name,
            rung=1,
            departments=(department(case),),
            items=(section(case),),
        )


def set_up(record: Record, crossings: int) -> None:
    """Lists, and contacts with their addresses."""
    publish_missing(record, [*bundled(), *lists()])
    told = list(contacts(crossings))
    addresses = [
        Sealing(BOOK, place_in_vault(c.person, 1), c.person, 1, {"mail": f"{c.person}@example.org"})
        for c in told
    ]
    sealed = record.vault.seal_many(addresses)
    record.append(
        ALERTS, [replace(c, sealed=s.sealed) for c, s in zip(told, sealed, strict=True)], 0
    )


def report(record: Record, due: dict[int, datetime]) -> None:
    """Cases and the instants at which their limits pass."""
    now = datetime.now(UTC)
    facts = [fact for case, limit in due.items() for fact in course(case, now, limit)]
    for n in range(0, len(facts), BATCH):
        outcomes = record.append_facts(facts[n : n + BATCH])
        assert {"stored"} == {outcome.state for outcome in outcomes}


def course(case: int, now: datetime, limit: datetime) -> Iterator[Incoming]:
    """Received and accepted."""
    actor = Actor(id=handler(case), department=department(case))
    says = {"source": SOURCE, "case_no": str(case), "item": section(case), "actor": actor}
    received = ApplicationReceived(id=f"{case}-r", occurred_at=now, deadline=limit, **says)
    yield Incoming(received, {})
    yield Incoming(CaseAccepted(id=f"{case}-a", occurred_at=now, **says), {})


@contextmanager
def product(home: Path, record: Record, port: int) -> Iterator[Embedded]:
    """One process of it, with this mail server."""
    relay = Relay(host="127.0.0.1", port=port, security="plain", sender="wall@example.org")
    place = place_of(record, "测试区", ZONE, "https://wall.example")
    channels = {"mail": Mail(relay, record.last_stamp)}
    alerts = Alerts(record, SystemClock(), channels, place)
    running = Embedded(home, record, ZONE, None, alerts)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def settled() -> Iterator[None]:
    """With the garbage collector as the product runs it."""
    before = gc.get_threshold()
    settle()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def caught_up(running: Embedded, cases: int) -> bool:
    """Whether all cases are under watch, and in the rows."""
    health = running.health()
    problems = health.watch_failed, health.warehouse_failed, health.alerts_failed
    assert not any(problems), problems
    return running.watched_cases >= cases and running.pulse.health.behind == 0


def told(record: Record, crossings: int) -> dict[str, list[int]]:
    """The messages, and of which cases each tells; none was held back on purpose."""
    for case in range(crossings):
        notices = record.read_stream(notices_stream(SOURCE, str(case)))
        assert not any(isinstance(each.event, CardWaits) for each in notices)
    events = [each.event for each in record.read_stream(OUTBOX)]
    return {
        event.message: [int(ref.case_no) for ref in event.cards]
        for event in events
        if isinstance(event, MessageIntended)
    }


def measured(home: Path, server: Arrived, cases: int, crossings: int, rate: float) -> list[float]:
    """Seconds from the instant at which a limit passed to each message about it, in order."""
    record = Record(home, SystemClock())
    try:
        set_up(record, crossings)
        year = datetime.now(UTC) + timedelta(days=365)
        report(record, dict.fromkeys(range(crossings, cases), year))
        with product(home, record, server.port) as running:
            until(lambda: caught_up(running, cases - crossings), "the cases", PATIENCE)
            first = datetime.now(UTC) + timedelta(seconds=AHEAD)
            due = {n: first + timedelta(seconds=n / rate) for n in range(crossings)}
            report(record, due)
            wait = PATIENCE + crossings / rate
            until(lambda: len(server.at) >= 2 * crossings, "the messages", wait)
        return sorted(
            server.at[message] - due[case].timestamp()
            for message, named in told(record, crossings).items()
            for case in named
        )
    finally:
        record.close()


def run(cases: int = CASES, crossings: int = CROSSINGS, rate: float = RATE) -> list[Line]:
    """p50, p95, p99 and the longest of all."""
    with TemporaryDirectory() as folder, settled(), mail_sink() as server:
        seconds = measured(Path(folder), server, cases, crossings, rate)
    assert len(seconds) == 2 * crossings
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
    values = {name: quantile(seconds, share) for name, share in shares.items()}
    what = f"limit passed → a mail server has it, {cases:,} open"
    return [(f"{what}, {name}", value, BOUND, BOUND / value) for name, value in values.items()]


def quantile(sorted_values: list[float], share: float) -> float:
    """The value below which a share lies; of few values the next greater one."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


if __name__ == "__main__":
    for line in run(*map(int, sys.argv[1:3])):
        sys.stdout.write("{}: {:.3f} s of {:.1f} s, {:.2f}\n".format(*line))
