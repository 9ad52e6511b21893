"""Whether what a database keeps beside the log agrees with it, and whether the log is guarded.

The form of the tables is part of it: without its key a table holds rows that no reading by position
comes to, and a case's page does.

`seen` tells which facts the log has: a row too many, and a department's fact would be answered
"had" and never recorded; one too few, and it would be recorded twice. `stamp` tells where time
stands: moved ahead, it would date all that is recorded from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from ..clock import JUMP
from ..facts import FACTS
from .fault import Fault
from .mapping import VERSIONS

INCIDENT = "IncidentRecorded"
A_READ = 2_000
"""Rows of `seen` that are taken at a time."""
FIRST = -(2**63)
"""Below every version that a fact has."""

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
PLACELESS = "SELECT stream, version, topic FROM log WHERE position IS NULL LIMIT ?"
TWINS = """
SELECT position, count(*) FROM log GROUP BY position HAVING count(*) > 1 AND position IS NOT NULL
ORDER BY position LIMIT ?
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
        yield Fault("version", _place(position))


def seen(select: Select, most: int, passed: Passed) -> Iterator[Fault]:
    """Rows of `seen` that are of no such fact, and facts that it has not."""
    counted, wrong = 0, 0
    total = int(select(COUNTED, ())[0][0])
    last: tuple[Any, ...] = ("", "", FIRST)
    while rows := select(SEEN, (*last, A_READ)):
        if not _rises(last, tuple(rows[-1][:3])):
            yield Fault(
                "seen", 0, "“seen”表的次序已乱，无法读完", "`seen` is out of order: it has no end"
            )
            return
        for source, name, version, position, topic, payload in rows:
            if not _is_of((source, name, version), topic, payload):
                wrong += 1
                if wrong <= most:
                    yield _too_many(_place(position))
        counted += len(rows)
        last = tuple(rows[-1][:3])
        passed(counted, total)
    if wrong or int(select(FACTS_COUNTED, TOPICS)[0][0]) != counted:
        for (position,) in select(UNSEEN, (*TOPICS, most)):
            yield _too_few(_place(position))


def places(select: Select, most: int) -> Iterator[Fault]:
    """Rows without a position, up to so many, and positions at which several stand."""
    for stream, version, topic in select(PLACELESS, (most,)):
        named = ascii(f"{stream} v{version} {topic}"[:200])
        yield Fault("place", 0, f"无位置：{named}", f"without a position: {named}")
    for position, count in select(TWINS, (most,)):
        at = _place(position)
        yield Fault("place", at, f"第 {at} 位置有 {count} 行", f"{count} rows at position {at}")


def astray(indexes: Iterable[tuple[str, int, int]]) -> Iterator[Fault]:
    """Indexes with how many rows stand in their table, and how many they lead to."""
    for name, there, found in indexes:
        yield Fault(
            "place", 0,
            f"表中有 {there} 行，按索引 {name} 读到 {found} 行，或不是同样的行",
            f"{there} rows stand in the table, by the index {name} {found} are found, or others",
        )  # fmt: skip


def stamp(kept: Sequence[Any], newest: Any) -> Iterator[Fault]:
    """The stamp, as its last time given, its clock, how long that had run, by how much it may lag;
    against the time of the newest event. Whatever stands there.
    """
    if wrong := _wrong_stamp(kept, newest):
        zh, en = wrong
        yield Fault("stamp", 0, f"“stamp”表{zh}", f"the stamp {en}")


def _wrong_stamp(kept: Sequence[Any], newest: Any) -> tuple[str, str] | None:
    if all(each is None for each in kept):
        return None if newest is None else ("的行缺失", "is gone")
    if any(each.__class__ is not int for each in kept):
        return "中有的不是时间", "has what is no time"
    last, wall, _, lag = kept
    event = _place(newest)
    if last < event:
        return "的时间早于最新的事件", "is older than the newest event"
    if not 0 <= lag <= last - wall or last > max(wall, event) + JUMP:
        return "的时间超前于其时钟和最新的事件", "is ahead of its clock and of the newest event"
    return None


def head(head: Any, last: Any) -> Iterator[Fault]:
    """The head that the stamp keeps against the last position; whatever stands there."""
    kept, position = _place(head), _place(last)
    if kept != position:
        yield Fault(
            "head", max(kept, position),
            f"“stamp”表记录到第 {kept} 条，日志到第 {position} 条",
            f"the stamp's head is {kept}, the log ends at {position}",
        )  # fmt: skip


def guard(missing: Sequence[str]) -> Iterator[Fault]:
    """Triggers that are not there as they should be."""
    if missing:
        named = ", ".join(missing)
        yield Fault("guard", 0, f"触发器 {named}", f"trigger {named}")


def _rises(last: tuple[Any, ...], key: tuple[Any, ...]) -> bool:
    """Whether reading goes on; what cannot be compared comes at the end, and only once."""
    try:
        return key > last
    except TypeError:
        return True


def _place(value: Any) -> int:
    """A position, or a time; 0 for what is none."""
    return value if value.__class__ is int else 0


def form(there: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[Fault]:
    """What the tables are made of: each thing that is missing, another, or one too many."""
    for named in sorted(there.keys() | ours.keys()):
        if named not in there:
            yield Fault("form", 0, f"缺少 {named}", f"{named} is missing")
        elif named not in ours:
            yield Fault("form", 0, f"多出 {named}", f"{named} is one too many")
        elif there[named] != ours[named]:
            yield Fault("form", 0, f"{named} 被改", f"{named} was changed")


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
