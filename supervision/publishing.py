"""Lists that come with a file: published before its facts, unless the log has them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from .lists import (
    CalendarPublished,
    ItemPublished,
    ListChangeAnnounced,
    OutageRecorded,
    PolicyPublished,
    PostGranted,
    PostRevoked,
)
from .record import Append, Record


def lists_stream(event: Struct) -> str:
    """The stream of a list: one for each kind."""
    return f"lists/{type(event).__name__}"


def identity(event: Struct) -> tuple[object, ...]:
    """What two publications of the same thing in the same version have in common."""
    match event:
        case CalendarPublished(calendar=of, version=version):
            return ("calendar", of, version)
        case ItemPublished(code=of, version=version):
            return ("item", of, version)
        case PolicyPublished(code=of, version=version):
            return ("policy", of, version)
        case PostGranted() | PostRevoked():
            post = (event.source, event.person, event.post, event.version)
            return (type(event).__name__, *post)
        case ListChangeAnnounced(id=of) | OutageRecorded(id=of):
            return (type(event).__name__, of)
        case _:
            return (event,)


def publish_missing(record: Record, events: Sequence[Struct]) -> int:
    """Store the lists that the log lacks in this version, in one transaction; how many.

    StreamConflict if another process publishes at the same moment.
    """
    versions: dict[str, int] = {}
    had: set[tuple[object, ...]] = set()
    for stream in {lists_stream(event) for event in events}:
        stored = record.read_stream(stream)
        versions[stream] = len(stored)
        had.update(identity(each.event) for each in stored)
    appends = []
    for event in events:
        if identity(event) not in had:
            stream = lists_stream(event)
            appends.append(Append(stream, versions[stream], [event]))
            versions[stream] += 1
            had.add(identity(event))
    if appends:
        record.append_many(appends)
    return len(appends)
