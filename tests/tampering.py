"""What an attacker with the database's own rights does to a log of 40 events, in raw SQL.

The log is that of `tests.sealed.fill(record, 1, 40)`: event n is fact n, of case n % 5, two a
transaction; sealed at 20 and at 40.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from replay.findings import Kind

SIZE = 40
Expected = Sequence[tuple[Kind, int, int]]


class Attacker(Protocol):
    """A connection with every right, the log's guard taken away."""

    def run(self, statement: str) -> None:
        """Do it."""

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""

    def literal(self, data: bytes) -> str:
        """Bytes as SQL has them."""


def payload(hand: Attacker, position: int) -> bytes:
    """What stands there."""
    return bytes(hand.ask(f"SELECT payload FROM log WHERE position = {position}")[0][0])


def set_payload(hand: Attacker, position: int, data: bytes) -> None:
    """Other bytes in the place of a payload."""
    hand.run(f"UPDATE log SET payload = {hand.literal(data)} WHERE position = {position}")


def one_byte(hand: Attacker, position: int) -> None:
    """Another byte in a payload, which is still one that can be read."""
    data = payload(hand, position)
    assert b'"hz"' in data
    set_payload(hand, position, data.replace(b'"hz"', b'"hy"'))


def move(hand: Attacker, after: int, by: int) -> None:
    """All positions behind one, in the log and in `seen`."""
    hand.run(f"UPDATE log SET position = -position WHERE position > {after}")
    hand.run(f"UPDATE log SET position = -position + {by} WHERE position < 0")
    hand.run(f"UPDATE seen SET position = position + {by} WHERE position > {after}")


def renumber(hand: Attacker, stream: str, after: int, by: int) -> None:
    """All versions of a stream behind one."""
    where = f"WHERE stream = '{stream}' AND version"
    hand.run(f"UPDATE log SET version = -version {where} > {after}")
    hand.run(f"UPDATE log SET version = -version + {by} {where} < 0")


def delete(hand: Attacker, first: int, last: int) -> None:
    """Some events, and what `seen` has of them."""
    hand.run(f"DELETE FROM log WHERE position BETWEEN {first} AND {last}")
    hand.run(f"DELETE FROM seen WHERE position BETWEEN {first} AND {last}")


def delete_and_renumber(hand: Attacker, first: int, last: int) -> None:
    """And close the gap in positions and versions."""
    stood = hand.ask(
        "SELECT stream, version FROM log"
        f" WHERE position BETWEEN {first} AND {last} ORDER BY version DESC"
    )
    delete(hand, first, last)
    move(hand, last, first - last - 1)
    for stream, version in stood:
        renumber(hand, stream, version, -1)


def insert(hand: Attacker, position: int, *, hidden: bool) -> None:
    """An event that never was, between two; `hidden`: as a fact of its case, known as such."""
    where = f"FROM log WHERE position = {position}"
    stream, version = hand.ask(f"SELECT stream, version {where}")[0]
    data = payload(hand, position).replace(f'"f{position}"'.encode(), b'"never"')
    row = f"topic, recorded_at, {hand.literal(data)} FROM log WHERE position = {position + 1}"
    move(hand, position - 1, 1)
    if hidden:
        renumber(hand, stream, version - 1, 1)
        hand.run(f"INSERT INTO log SELECT {position}, '{stream}', {version}, {row}")
        hand.run(f"INSERT INTO seen VALUES ('hz', 'never', 1, {position})")
    else:
        hand.run(f"INSERT INTO log SELECT {position}, 'case/hz/A-9/facts', 1, {row}")


def swap(hand: Attacker, first: int, second: int, *, times: bool = False) -> None:
    """Two events; with `times` each gets the time of the place it comes to."""
    hand.run(f"UPDATE log SET position = -1 WHERE position = {first}")
    hand.run(f"UPDATE log SET position = {first} WHERE position = {second}")
    hand.run(f"UPDATE log SET position = {second} WHERE position = -1")
    if times:
        at = dict(hand.ask("SELECT position, recorded_at FROM log"))
        for position, other in ((first, second), (second, first)):
            hand.run(f"UPDATE log SET recorded_at = {at[other]} WHERE position = {position}")


def cut(hand: Attacker, after: int) -> None:
    """The tail, as if it had never been."""
    delete(hand, after + 1, SIZE)


def time_of(hand: Attacker, position: int, by: int) -> None:
    """Another time (µs)."""
    hand.run(f"UPDATE log SET recorded_at = recorded_at + {by} WHERE position = {position}")


class Manipulation(NamedTuple):
    """What is done, and what must be found of it: kind, position, the other or the last."""

    what: str
    do: Callable[[Attacker], object]
    found: Expected


def _several(hand: Attacker) -> None:
    one_byte(hand, 4)
    swap(hand, 8, 12, times=True)
    insert(hand, 25, hidden=True)
    delete_and_renumber(hand, 35, 35)


MANIPULATIONS = (
    Manipulation(
        "one byte of one payload", lambda hand: one_byte(hand, 7),
        [(Kind.EVENT_CHANGED, 7, 0)],
    ),
    Manipulation(
        "the first payload", lambda hand: one_byte(hand, 1), [(Kind.EVENT_CHANGED, 1, 0)],
    ),
    Manipulation(
        "the last payload", lambda hand: one_byte(hand, 40), [(Kind.EVENT_CHANGED, 40, 0)],
    ),
    Manipulation(
        "payloads here and there", lambda hand: [one_byte(hand, n) for n in (3, 4, 20, 21, 39)],
        [(Kind.EVENT_CHANGED, n, 0) for n in (3, 4, 20, 21, 39)],
    ),
    Manipulation(
        "a payload that cannot be read any more", lambda hand: set_payload(hand, 9, b"{"),
        [(Kind.EVENT_CHANGED, 9, 0)],
    ),
    Manipulation(
        "a time, so that it goes back", lambda hand: time_of(hand, 9, -5_000_000_000),
        [(Kind.EVENT_CHANGED, 9, 0)],
    ),
    Manipulation(
        "a time by a microsecond", lambda hand: time_of(hand, 10, 1),
        [(Kind.EVENT_CHANGED, 10, 0)],
    ),
    Manipulation(
        "a time before the first event",
        lambda hand: time_of(hand, 30, -1_700_000_000_000_000), [(Kind.EVENT_CHANGED, 30, 0)],
    ),
    Manipulation(
        "a time beyond all calendars", lambda hand: time_of(hand, 30, 2**62),
        [(Kind.EVENT_CHANGED, 30, 0)],
    ),
    Manipulation(
        "a topic",
        lambda hand: hand.run("UPDATE log SET topic = 'CaseRefused/1' WHERE position = 16"),
        [(Kind.EVENT_CHANGED, 16, 0)],
    ),
    Manipulation(
        "the case that an event is of",
        lambda hand: hand.run(
            "UPDATE log SET stream = 'case/hz/B/facts', version = 1 WHERE position = 17"
        ),
        [(Kind.EVENT_CHANGED, 17, 0)],
    ),
    Manipulation(
        "an event deleted", lambda hand: delete(hand, 11, 11), [(Kind.EVENT_REMOVED, 11, 0)],
    ),
    Manipulation(
        "an event deleted, all behind it renumbered",
        lambda hand: delete_and_renumber(hand, 11, 11), [(Kind.EVENT_REMOVED, 11, 0)],
    ),
    Manipulation(
        "the first event deleted, all renumbered",
        lambda hand: delete_and_renumber(hand, 1, 1), [(Kind.EVENT_REMOVED, 1, 0)],
    ),
    Manipulation(
        "the last but one deleted, the last renumbered",
        lambda hand: delete_and_renumber(hand, 39, 39), [(Kind.EVENT_REMOVED, 39, 0)],
    ),
    Manipulation(
        "seven events deleted", lambda hand: delete_and_renumber(hand, 15, 21),
        [(Kind.EVENT_REMOVED, 15, 21)],
    ),
    Manipulation(
        "nearly all events deleted", lambda hand: delete_and_renumber(hand, 2, 38),
        [(Kind.EVENT_REMOVED, 2, 38)],
    ),
    Manipulation(
        "an event inserted", lambda hand: insert(hand, 14, hidden=False),
        [(Kind.EVENT_INSERTED, 14, 0)],
    ),
    Manipulation(
        "an event inserted into its case, all renumbered",
        lambda hand: insert(hand, 14, hidden=True), [(Kind.EVENT_INSERTED, 14, 0)],
    ),
    Manipulation(
        "an event inserted before the first", lambda hand: insert(hand, 1, hidden=False),
        [(Kind.EVENT_INSERTED, 1, 0)],
    ),
    Manipulation(
        "an event inserted before the last", lambda hand: insert(hand, 40, hidden=False),
        [(Kind.EVENT_INSERTED, 40, 0)],
    ),
    Manipulation(
        "an event below the first position",
        lambda hand: hand.run(
            "INSERT INTO log SELECT -4, 'case/hz/A-9/facts', 1, topic, recorded_at, payload"
            " FROM log WHERE position = 1"
        ),
        [(Kind.EVENT_INSERTED, -4, 0)],
    ),
    Manipulation(
        "an event at the last position there can be",
        lambda hand: hand.run(
            f"INSERT INTO log SELECT {2**63 - 1}, 'case/hz/A-9/facts', 1, topic, recorded_at,"
            " payload FROM log WHERE position = 40"
        ),
        [(Kind.POSITION_GAP, 41, 2**63 - 2), (Kind.TABLE_DIFFERS, 2**63 - 1, 0)],
    ),
    Manipulation(
        "two neighbours swapped", lambda hand: swap(hand, 12, 13), [(Kind.EVENTS_SWAPPED, 12, 13)],
    ),
    Manipulation(
        "two far from each other swapped", lambda hand: swap(hand, 3, 38),
        [(Kind.EVENTS_SWAPPED, 3, 38)],
    ),
    Manipulation(
        "two swapped with their times put in order", lambda hand: swap(hand, 12, 30, times=True),
        [(Kind.EVENTS_SWAPPED, 12, 30)],
    ),
    Manipulation(
        "the last two swapped", lambda hand: swap(hand, 39, 40), [(Kind.EVENTS_SWAPPED, 39, 40)],
    ),
    Manipulation(
        "the last event cut off", lambda hand: cut(hand, 39), [(Kind.TAIL_CUT, 40, 0)],
    ),
    Manipulation(
        "the tail cut off", lambda hand: cut(hand, 27), [(Kind.TAIL_CUT, 28, 40)],
    ),
    Manipulation("everything deleted", lambda hand: cut(hand, 0), [(Kind.TAIL_CUT, 1, 40)]),
    Manipulation(
        "several things at once", _several,
        [
            (Kind.EVENT_CHANGED, 4, 0), (Kind.EVENTS_SWAPPED, 8, 12),
            (Kind.EVENT_INSERTED, 25, 0), (Kind.EVENT_REMOVED, 34, 0),
        ],
    ),
    Manipulation(
        "a fact marked as had that is none",
        lambda hand: hand.run("INSERT INTO seen VALUES ('hz', 'of-tomorrow', 1, 3)"),
        [(Kind.TABLE_DIFFERS, 3, 0)],
    ),
    Manipulation(
        "a fact forgotten as had", lambda hand: hand.run("DELETE FROM seen WHERE position = 6"),
        [(Kind.TABLE_DIFFERS, 6, 0)],
    ),
)  # fmt: skip
"""Each done by somebody with every right, who recomputes whatever he can."""
