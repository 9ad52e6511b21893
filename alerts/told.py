"""Who was told, read from the log: messages newest first, and all that was decided for a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from supervision.errors import Unreadable
from supervision.notices import (
    OUTBOX,
    CardNotTold,
    CardTold,
    CardWaits,
    MessageAccepted,
    MessageAttempted,
    MessageDeferred,
    MessageDelivered,
    MessageFailed,
    MessageGivenUp,
    MessageIntended,
    Notice,
    OutboxEvent,
    message_id,
    message_stream,
    version_of,
)
from supervision.record import Record
from supervision.store.stored import Stored
from supervision.streams import notices_stream

A_PAGE = 50
SCANNED_MOST = 1_000
"""Messages looked at for one page."""
A_READ = 200

STATES: dict[type[OutboxEvent], str] = {
    MessageAttempted: "sending",
    MessageDeferred: "deferred",
    MessageAccepted: "accepted",
    MessageDelivered: "delivered",
    MessageFailed: "failed",
    MessageGivenUp: "given_up",
}
WAITING = "waiting"
"""Intended, and nothing yet."""
ALL_STATES = (WAITING, *STATES.values())


class Outcome(NamedTuple):
    """What became of a message: how it stands, since when (None: nothing became of it yet), how
    often it was tried, under which ids its gateway has it, in how many parts, what was said last.
    """

    state: str = WAITING
    at: datetime | None = None
    attempts: int = 0
    gateway_ids: tuple[str, ...] = ()
    parts: int = 0
    reason: str = ""
    again_at: datetime | None = None


class Line(NamedTuple):
    """A message: its id, what was intended, what became of it."""

    message: str
    intended: MessageIntended
    outcome: Outcome


class Wanted(NamedTuple):
    """Which messages; "" any. `seen`: whether somebody may see one."""

    state: str = ""
    channel: str = ""
    seen: Callable[[MessageIntended], bool] = lambda _: True


class Page(NamedTuple):
    """Messages, newest first, and behind which version of OUTBOX it goes on; 0: nowhere."""

    lines: list[Line]
    before: int


class Told(NamedTuple):
    """A decision about a card, and what became of its message (None: it made none)."""

    notice: Notice
    outcome: Outcome | None = None


def look(record: Record, wanted: Wanted, before: int = 0, most: int = A_PAGE) -> Page:
    """A page of at most `most` messages older than that version of OUTBOX; 0: the newest."""
    head = record.version(OUTBOX)
    version = min(before - 1, head) if before > 0 else head
    lines: list[Line] = []
    last = version + 1
    for stored in _backwards(record, version):
        last = stored.version
        line = _line(record, stored, wanted)
        if line is not None:
            lines.append(line)
        if len(lines) >= most or version - last + 1 >= SCANNED_MOST:
            break
    else:
        last = 0
    return Page(lines, last if last > 1 else 0)


def message_of(record: Record, message: str) -> MessageIntended | None:
    """A message as it was intended; None for what is none."""
    version = version_of(message)
    found = record.read_stream(OUTBOX, version - 1, 1) if version > 0 else []
    event = found[0].event if found else None
    return event if isinstance(event, MessageIntended) else None


def outcome_of(record: Record, message: str) -> Outcome:
    """What became of a message so far."""
    return outcome_from(record.read_stream(message_stream(message)))


def outcome_from(events: Iterable[Stored]) -> Outcome:
    """What became of a message by the events of its stream."""
    outcome = Outcome()
    for stored in events:
        if isinstance(event := _event(stored), OutboxEvent):
            outcome = _with(outcome, event)
    return outcome


def told_of(record: Record, source: str, case_no: str) -> list[Told]:
    """Everything that was decided about telling people of a case's cards, in order."""
    notices = record.read_stream(notices_stream(source, case_no))
    return [
        Told(event, outcome_of(record, event.message) if isinstance(event, CardTold) else None)
        for stored in notices
        if isinstance(event := _event(stored), CardTold | CardNotTold | CardWaits)
    ]


def _with(outcome: Outcome, event: OutboxEvent) -> Outcome:
    state = STATES.get(type(event), outcome.state)
    after = outcome._replace(state=state, at=event.at, reason="", again_at=None)
    match event:
        case MessageAttempted():
            return after._replace(attempts=max(outcome.attempts, event.attempt))
        case MessageAccepted():
            ids = (*outcome.gateway_ids, event.gateway_id) if event.gateway_id else ()
            return after._replace(gateway_ids=ids or outcome.gateway_ids, parts=event.parts)
        case MessageDeferred():
            return after._replace(reason=event.reason, again_at=event.again_at)
        case MessageFailed() | MessageGivenUp():
            return after._replace(reason=event.reason)
    return after


def _line(record: Record, stored: Stored, wanted: Wanted) -> Line | None:
    intended = _event(stored)
    if not isinstance(intended, MessageIntended):
        return None
    if (wanted.channel and intended.channel != wanted.channel) or not wanted.seen(intended):
        return None
    message = message_id(stored.version)
    outcome = outcome_of(record, message)
    return Line(message, intended, outcome) if wanted.state in ("", outcome.state) else None


def _backwards(record: Record, version: int) -> Iterator[Stored]:
    while version > 0:
        after = max(0, version - A_READ)
        yield from reversed(record.read_stream(OUTBOX, after, version - after))
        version = after


def _event(stored: Stored) -> object:
    """None for what a newer program wrote."""
    try:
        return stored.event
    except Unreadable:
        return None
