"""Whether a cluster has come to what one process would have, however it got there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from projections import schema
from projections.filling import Filling
from projections.warehouse import Warehouse
from projections.watch import Watch
from supervision.acts import CardIssued
from supervision.facts import Fact, Instant, instant
from supervision.record import Record
from supervision.runners.cluster.generations import Generations, open_warehouse
from supervision.runners.settings import Settings
from supervision.store.stored import Stored
from supervision.streams import INCIDENTS
from tests.cluster.town import Process, Town
from tests.product import until

READ = 5_000
QUIET = 60_000_000
"""Microseconds without a crossing: long enough to look at everything."""


class Agreed(NamedTuple):
    """How many facts the log holds, cards that were issued, and cards that the wall has."""

    stored: int
    issued: int
    shown: int


class _Log:
    """The log as it stands, and the watch of one process over it."""

    def __init__(self, record: Record) -> None:
        self.events: list[Stored] = []
        self.watch = Watch(record.read_case)
        self._record = record

    def follow(self) -> None:
        """Take in what is new."""
        while batch := self._record.read(self.watch.position, READ):
            self.watch.take(batch)
            self.events += batch

    def is_quiet(self, until: Instant) -> bool:
        """Whether nothing more follows soon from what was recorded up to an instant."""
        self.follow()
        if self.events and until < self.events[-1].recorded_at:
            return False
        self.watch.tick(until)
        return self.watch.next_at() > until + QUIET


def agreed(town: Town, record: Record, acknowledged: set[str], reference: str) -> Agreed:
    """Wait until the wall says that it shows everything, and see whether it is so.

    `reference` is the address of a warehouse that this process fills from the log.
    """
    log = _Log(record)
    told = until(lambda: _whole(town.one("wall"), log), "the wall to show everything")
    assert log.watch.halted == {}
    assert log.watch.pending() == []
    assert told["head"] == len(log.events)
    assert told["watched_cases"] == log.watch.open_cases
    issued = _holds(log.events, acknowledged)
    assert record.read_stream(INCIDENTS) == []
    generation = _in_use(town)
    rows = town.check_rows(record, generation)
    assert rows.differing == []
    assert rows.cases > 0
    with opened(town.warehouse_url, generation) as shown, opened(reference) as made:
        Filling(record, made).read_up_to(len(log.events))
        assert shown.highest("events") == made.highest("events")
        found = contents(shown)
        assert found == contents(made)
    facts = sum(map(is_reported, log.events))
    assert found["events"][0] >= facts + issued
    assert found["cards"][0] == issued
    return Agreed(facts, issued, found["cards"][0])


def _whole(wall: Process, log: _Log) -> Any:
    """What the wall says of itself once it is well, lacks nothing, and nothing is to come."""
    try:
        told = wall.get("/api/v1/health")
    except OSError:
        return None
    if told["status"] != "ok" or told.get("behind", 1):
        return None
    shown = instant(datetime.fromisoformat(told["judged_until"]))
    return told if log.is_quiet(shown) else None


def is_reported(stored: Stored) -> bool:
    """Whether a department reported it; links are found by the system itself."""
    return stored.stream.endswith("/facts")


def _holds(events: list[Stored], acknowledged: set[str]) -> int:
    """Every acknowledged fact once, no position missing, every card once; how many cards."""
    assert [stored.position for stored in events] == list(range(1, len(events) + 1))
    ids = [s.event.id for s in events if is_reported(s) and isinstance(s.event, Fact)]
    assert acknowledged <= set(ids)
    assert len(ids) == len(set(ids))
    cards = [s.event.card for s in events if isinstance(s.event, CardIssued)]
    assert len(cards) == len(set(cards))
    return len(cards)


def _in_use(town: Town) -> int:
    """The generation of the warehouse that is shown."""
    with closing(Generations(Settings(database=town.url, topic_prefix=town.prefix))) as found:
        return found.current()


@contextmanager
def opened(url: str, generation: int = 1) -> Iterator[Warehouse]:
    """A generation of the warehouse at an address."""
    warehouse = open_warehouse(Settings(clickhouse=url), generation)
    try:
        yield warehouse
    finally:
        warehouse.close()


def contents(warehouse: Warehouse) -> dict[str, Any]:
    """What each table holds, whatever the batches that brought it and what was merged since."""
    return {table.name: _contents(warehouse, table) for table in schema.TABLES}


def _contents(warehouse: Warehouse, table: schema.Table) -> Any:
    """Count and digest of the rows that stand; the sums of a summing table by their keys."""
    names = [column.name for column in table.columns]
    if table.engine.startswith("Summing"):
        return _sums(warehouse, table, [name for name in names if name not in table.order])
    if table.engine.startswith("Collapsing"):
        names.remove("position")
    sign = "sign" if "sign" in names else "1"
    of = ", ".join(name for name in names if name != "sign")
    ((count, digest),) = warehouse.query(
        f"select sum({sign}), sum({sign} * toInt64(cityHash64({of})))"
        f" from {table.name} where source != ''"
    )
    return count, digest


def _sums(warehouse: Warehouse, table: schema.Table, names: list[str]) -> Any:
    names = [name for name in names if name != "step"]
    keys = ", ".join(table.order)
    shown = ", ".join(f"toString({key})" for key in table.order)
    sums = ", ".join(f"sum({name})" for name in names)
    rows = warehouse.query(f"select {shown}, {sums} from {table.name} group by {keys}")
    return sorted(row for row in rows if any(row[len(table.order) :]))
