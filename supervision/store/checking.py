"""Whether what a database keeps beside the log agrees with it, and whether the log is guarded.

`seen` tells which facts the log has: a row too many, and a department's fact would be answered
"had" and never recorded; one too few, and it would be recorded twice. `stamp` tells where time
stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ..facts import FACTS
from .fault import Fault
from .mapping import VERSIONS
from .port import MOST

INCIDENT = "IncidentRecorded"
A_READ = 2_000
"""Rows of `seen` that are taken at a time."""

Select = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Rows of a query, `?` standing for each parameter."""
Passed = Callable[[int, int], object]
"""(rows done, rows in all)."""

GAPS = """
SELECT a.position FROM log a LEFT JOIN log b ON b.stream = a.stream AND b.version = a.version - 1
WHERE a.version < 1 OR (a.version > 1 AND (b.position IS NULL OR b.position >= a.position))
ORDER BY a.position LIMIT ?
"""
SEEN = """
SELECT s.source, s.id, s.data_version, s.position, l.topic, l.payload
FROM seen s LEFT JOIN log l ON l.position = s.position
WHERE (s.source, s.id, s.data_version) > (?, ?, ?)
ORDER BY s.source, s.id, s.data_version LIMIT ?
"""
COUNTED = "SELECT count(*) FROM seen"
TOPICS = tuple(
    f"{name}/{version}"
    for name in (*FACTS, INCIDENT)
    for version in range(1, VERSIONS.get(name, 1) + 1)
)
"""Of facts and incidents."""
MARKS = ",".join("?" * len(TOPICS))
FACTS_COUNTED = f"SELECT count(*) FROM log WHERE topic IN ({MARKS})"
UNSEEN = f"""
SELECT position FROM log WHERE topic IN ({MARKS}) EXCEPT SELECT position FROM seen
ORDER BY position LIMIT ?
"""


class Keyed(Struct):
    """What makes a fact or an incident known again."""

    id: str
    source: str = ""
    data_version: int = 1


KEYED = msgspec.json.Decoder(Keyed)


def gaps(select: Select, most: int) -> Iterator[Fault]:
    """Events that do not follow on the version before theirs, up to so many."""
    for (position,) in select(GAPS, (most,)):
        yield Fault("version", int(position))


def seen(select: Select, most: int, passed: Passed) -> Iterator[Fault]:
    """Rows of `seen` that are of no such fact, and facts that it has not."""
    counted, wrong = 0, 0
    total = int(select(COUNTED, ())[0][0])
    last: tuple[Any, ...] = ("", "", -MOST)
    while rows := select(SEEN, (*last, A_READ)):
        for source, name, version, position, topic, payload in rows:
            if not _is_of((source, name, version), topic, payload):
                wrong += 1
                if wrong <= most:
                    yield _too_many(int(position))
        counted += len(rows)
        last = tuple(rows[-1][:3])
        passed(counted, total)
    if wrong or int(select(FACTS_COUNTED, TOPICS)[0][0]) != counted:
        for (position,) in select(UNSEEN, (*TOPICS, most)):
            yield _too_few(int(position))


def stamp(last: int, newest: int | None) -> Iterator[Fault]:
    """The last stamp given against the newest event."""
    if newest is not None and last < newest:
        yield Fault(
            "stamp", 0,
            "“stamp”表的时间早于最新的事件", "the stamp is older than the newest event",
        )  # fmt: skip


def head(head: int, position: int) -> Iterator[Fault]:
    """The head that the stamp keeps against the last position."""
    if head != position:
        yield Fault(
            "head", max(head, position),
            f"“stamp”表记录到第 {head} 条，日志到第 {position} 条",
            f"the stamp's head is {head}, the log ends at {position}",
        )  # fmt: skip


def guard(missing: Sequence[str]) -> Iterator[Fault]:
    """Triggers that are not there as they should be."""
    if missing:
        named = ", ".join(missing)
        yield Fault("guard", 0, f"触发器 {named}", f"trigger {named}")


def _too_many(position: int) -> Fault:
    return Fault(
        "seen", position,
        "“seen”表有一行在日志中没有对应的事实，该事实再报送时会被当作已有",
        "a row of `seen` is of no such fact: sent again, it would be taken for had",
    )  # fmt: skip


def _too_few(position: int) -> Fault:
    return Fault(
        "seen",
        position,
        "“seen”表缺少该事实，再报送时会重复记录",
        "`seen` has not this fact: sent again, it would be recorded twice",
    )


def _is_of(key: tuple[Any, ...], topic: Any, payload: Any) -> bool:
    name = topic.rpartition("/")[0] if isinstance(topic, str) else ""
    if name not in FACTS and name != INCIDENT:
        return False
    try:
        read = KEYED.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return False
    source = "" if name == INCIDENT else read.source
    return key == (source, read.id, read.data_version)
