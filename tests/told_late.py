"""Cases that were told late: facts with when they were recorded, watched as the product watches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from supervision.acts import CardAct
from supervision.facts import FACTS, Actor, Fact, Instant, instant
from supervision.judgement.docket import Docket, Input
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import ItemPublished
from supervision.store.stored import Stored
from supervision.streams import cards_stream
from tests.court import at, item, when
from tests.histories import bundled_some
from tests.memorylog import MemoryLog, stream_of

SOURCE, DEPARTMENT = "s", "区住建局"
PUBLISHED = at("2026-01-05")
MINUTE = 60_000_000
SOON = 300_000
"""Microseconds from an act to its recording."""


class Watched(NamedTuple):
    """A case as the log has it, the lists, and the instant up to which it was watched."""

    stored: list[Stored]
    shelf: Shelf
    until: Instant


class Tale(NamedTuple):
    """A fact in short: what, when it happened, when it was recorded ("" at once), its fields."""

    name: str
    occurred: str
    recorded: str = ""
    fields: dict[str, Any] = {}


def watched(
    tales: Iterable[Tale],
    until: str,
    *lists: tuple[str, Struct],
    source: str = SOURCE,
    case_no: str = "1",
    of: ItemPublished | None = None,
) -> Watched:
    """Let the watch live through the tales of one case, and lists with when they are recorded."""
    told: dict[Instant, list[Struct]] = {PUBLISHED: [*bundled_some(), of or item()]}
    for tale in tales:
        stamp = at(tale.recorded or tale.occurred)
        told.setdefault(stamp, []).append(fact_of(tale, source, case_no))
    for recorded, event in lists:
        told.setdefault(at(recorded), []).append(event)
    log, shelf, docket, end = MemoryLog(), Shelf(), Docket(), at(until)
    for stamp in sorted(told):
        _write(log, docket.advance(stamp - 1, shelf))
        log.put(stamp, [(stream_of(event), event) for event in told[stamp]])
        inputs: list[tuple[Input, int]] = []
        for stored in log.stored[-len(told[stamp]) :]:
            event = stored.event
            if isinstance(event, Fact):
                inputs.append((event, stored.position))
            else:
                shelf.add(Entry(stored.position, stamp, event))
        _write(log, docket.hear(inputs, stamp, shelf) if inputs else docket.advance(stamp, shelf))
    _write(log, docket.advance(end, shelf))
    return Watched(log.case(source, case_no), shelf, end + 2 * SOON)


def _write(log: MemoryLog, acts: list[CardAct]) -> None:
    """As a watch does: at once, which is a little later."""
    for act in acts:
        log.put(instant(act.at) + SOON, [(cards_stream(act.source, act.case_no), act)])


def fact_of(tale: Tale, source: str = SOURCE, case_no: str = "1") -> Fact:
    """The fact; a correction says what in its fields, a time of it in short."""
    fields = dict(tale.fields)
    for name in ("told_at", "entered_at"):
        if isinstance(fields.get(name), str):
            fields[name] = when(fields[name])
    return FACTS[tale.name](
        **{
            "id": f"{tale.name}-{tale.occurred}",
            "source": source,
            "case_no": case_no,
            "item": "i",
            "occurred_at": when(tale.occurred),
            "actor": Actor(id="P1", post="审核岗", department=DEPARTMENT),
            **fields,
        }
    )


def correction(of: str, recorded: str, **says: Any) -> Tale:
    """The correction of a fact by its id; without `says` it is void."""
    fields: dict[str, Any] = {"corrects": of, "authority": "科室负责人", "item": ""}
    if says:
        moved = {n: when(v).isoformat() if n.endswith("_at") else v for n, v in says.items()}
        fields["says"] = moved
    else:
        fields["void"] = True
    return Tale("FactCorrected", recorded, "", fields)


def in_time() -> list[Tale]:
    """A case that goes as it should, each fact recorded as it happens."""
    return [
        Tale("ApplicationReceived", "2026-02-02 09:10"),
        Tale("CaseAccepted", "2026-02-02 15:00"),
        Tale("StepCompleted", "2026-02-03 10:00", "", {"step": "review"}),
        Tale("DecisionSigned", "2026-02-05 11:00", "", {"signer": "P3"}),
        Tale("CaseConcluded", "2026-02-05 16:00", "", {"result": "出证"}),
        Tale("ResultDelivered", "2026-02-06 09:00", "", {"way": "窗口"}),
    ]


def told_late() -> list[Tale]:
    """A conclusion in time that was reported after the promise had passed: a yellow card was issued
    that truly was not due; and an acceptance that was reported too late.
    """
    return [
        Tale("ApplicationReceived", "2026-02-02 09:10", "", {"texts": ("applicant",)}),
        Tale("CaseAccepted", "2026-02-03 10:00", "2026-02-05 09:30"),
        Tale("StepCompleted", "2026-02-06 10:00", "", {"step": "review", "texts": ("opinion",)}),
        Tale("DecisionSigned", "2026-02-10 11:00", "2026-02-27 09:00", {"signer": "P3"}),
        Tale("CaseConcluded", "2026-02-10 16:00", "2026-02-27 09:20", {"result": "出证"}),
        Tale("ResultDelivered", "2026-02-11 09:00", "2026-02-27 09:30", {"way": "窗口"}),
    ]


def one_fact() -> list[Tale]:
    """A case of which nothing but the application is known."""
    return [Tale("ApplicationReceived", "2026-02-02 09:10")]


def very_long(facts: int) -> list[Tale]:
    """A case of so many facts, one every ten minutes."""
    begin = at("2026-02-02")
    tales = [Tale("ApplicationReceived", "2026-02-02 09:00")]
    for n in range(1, facts):
        stamp = begin + n * 10 * MINUTE
        text = datetime.fromtimestamp(stamp / 1e6, tz=when("2026-02-02").tzinfo)
        step = {"step": f"step-{n}", "id": f"f{n}"}
        tales.append(Tale("StepCompleted", f"{text:%Y-%m-%d %H:%M}", "", step))
    return tales
