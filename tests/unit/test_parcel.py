"""Parcels: their bytes, what each partition is given, and how much fits into one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.delivery.parcel import (
    EVENT_BYTES,
    FORM,
    Parcel,
    concerned,
    deal,
    decode,
    encode,
    is_of,
    partition_of,
    wrap,
)
from supervision.errors import SupervisionError, TooNew, Unreadable
from supervision.store.stored import Stored
from supervision.streams import cards_stream, desk_stream, facts_stream, links_stream

HEADER = 64
"""Bytes that a parcel may take beside its events."""
LARGEST = 2**63 - 1

whole = st.integers(0, LARGEST)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
streams = st.one_of(
    st.builds(facts_stream, names, names),
    st.builds(cards_stream, names, names),
    st.sampled_from(("lists/calendars/CN", "lists/items", "system/clock", "system/incidents")),
)


class History(NamedTuple):
    """What the log has behind a position, whole transactions in order; gaps where nothing is."""

    after: int
    stored: list[Stored]

    @property
    def to(self) -> int:
        """The position up to which it speaks."""
        return self.stored[-1].position if self.stored else self.after


@st.composite
def histories(draw: st.DrawFn, most: int = 12) -> History:
    """Transactions of one to four events."""
    after = position = draw(st.integers(0, 1 << 40))
    stored: list[Stored] = []
    for number in range(draw(st.integers(0, most))):
        for _ in range(draw(st.integers(1, 4))):
            position += draw(st.integers(1, 3))
            payload = b"x" * draw(st.integers(0, 400))
            stream, version = draw(streams), draw(st.integers(1, LARGEST))
            stored.append(Stored(position, stream, version, "Kind/1", 1_000 + number, payload))
    return History(after, stored)


def transactions(events: Sequence[Stored]) -> list[list[Stored]]:
    """Events by the transaction that stored them."""
    return [list(group) for _, group in groupby(events, key=lambda each: each.recorded_at)]


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), whole, st.booleans())
def test_a_parcel_is_read_as_it_was_written(told: History, stamp: int, unread: bool) -> None:
    """With its events, or with the word that they must be read from the log."""
    parcel = Parcel(told.after, told.to, stamp, None if unread else told.stored)
    assert parcel == decode(encode(parcel))


@settings(database=None, derandomize=True, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_parcel_are_unreadable(data: bytes) -> None:
    """Whatever they are; nothing else is ever raised."""
    try:
        read = decode(data)
    except Unreadable:
        return
    assert 0 <= read.after <= read.to


def raw(*fields: object) -> bytes:
    """A parcel as bytes, whatever it says."""
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"garbage",
        raw(FORM, 1, 2),
        raw(FORM, -1, 2, 0, []),
        raw(FORM, 3, 2, 0, []),
        raw(FORM, 1, 2, -1, []),
        raw(FORM, 1, 2, 0, [[2, "lists/x", 1, "Kind/1", 5]]),
        raw(FORM, 1, 2, 0, []) + b"\x00",
        raw(FORM, 1, 2, 0, [[1, "lists/x", 1, "Kind/1", 5, b""]]),
        raw(FORM, 1, 2, 0, [[3, "lists/x", 1, "Kind/1", 5, b""]]),
        raw(FORM, 1, 4, 0, [[3, "s", 1, "K/1", 5, b""], [3, "s", 2, "K/1", 5, b""]]),
        raw(FORM, 1, 4, 0, [[3, "s", 1, "K/1", 5, b""], [2, "s", 2, "K/1", 5, b""]]),
    ],
)
def test_what_makes_no_sense_is_unreadable(data: bytes | None) -> None:
    """Nothing, empty, torn, of negative positions, backwards in time or place, with bytes behind
    it, with events that do not lie within its bounds in order.
    """
    with pytest.raises(Unreadable, match="a parcel cannot be read"):
        decode(data)


def test_a_parcel_of_a_newer_program_is_named_as_that() -> None:
    """Whatever its fields mean there."""
    with pytest.raises(TooNew, match=f"a parcel of form {FORM + 1}.*newer program"):
        decode(raw(FORM + 1, 1, 2, 0, []))
    with pytest.raises(TooNew):
        decode(raw(FORM + 1, {"after": 1}))
    assert issubclass(TooNew, SupervisionError)


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), st.integers(1, 9))
def test_dealing_gives_each_partition_what_concerns_it(told: History, partitions: int) -> None:
    """In the log's order."""
    alone = [concerned(told.stored, number, partitions) for number in range(partitions)]
    assert alone == deal(told.stored, partitions)


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), st.integers(1, 9))
def test_every_case_is_one_partitions_and_every_list_all_partitions(
    told: History, partitions: int
) -> None:
    """What is of the record itself is nobody's."""
    for each in told.stored:
        given = [number for number, pile in enumerate(deal([each], partitions)) if pile]
        family = each.stream.partition("/")[0]
        wanted = {"case": 1, "lists": partitions, "system": 0}[family]
        assert len(given) == wanted


@given(names, names, st.integers(1, 1_000))
def test_all_streams_of_a_case_are_in_one_partition(
    source: str, case_no: str, partitions: int
) -> None:
    """Its facts, cards, desk acts and links are judged together."""
    made = (facts_stream, cards_stream, desk_stream, links_stream)
    assert len({partition_of(make(source, case_no), partitions) for make in made}) == 1


@pytest.mark.parametrize(
    ("stream", "partition"),
    [
        ("case/hz/A-1/facts", 6),
        ("case/hz/A-2/facts", 4),
        ("case/审批/2026%2F1/cards", 9),
        ("lists/items", None),
        ("system/clock", None),
    ],
)
def test_the_partition_of_a_case_never_changes(stream: str, partition: int | None) -> None:
    """States that were kept would be of other cases."""
    assert partition_of(stream, 12) == partition


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), st.integers(100, 3_000), st.integers(0, 5))
def test_parcels_bring_everything_once_and_in_order(told: History, most: int, more: int) -> None:
    """They follow on one another without a gap from first to last; what a parcel leaves to be read
    is what lies between its bounds.
    """
    to = told.to + more
    parcels = list(wrap(told.after, to, told.stored, most))
    bounds = [told.after, *(parcel.to for parcel in parcels)]
    assert bounds[:-1] == [parcel.after for parcel in parcels]
    assert bounds[-1] == to
    brought = [each for parcel in parcels for each in within(told.stored, parcel)]
    assert told.stored == brought


def within(stored: Sequence[Stored], parcel: Parcel) -> Sequence[Stored]:
    """What a parcel brings: its events, or what must be read for it."""
    if parcel.events is not None:
        assert all(parcel.after < each.position <= parcel.to for each in parcel.events)
        return parcel.events
    return [each for each in stored if parcel.after < each.position <= parcel.to]


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), st.integers(100, 3_000))
def test_no_parcel_divides_a_transaction(told: History, most: int) -> None:
    """The watch judges together what was recorded together."""
    parcels = [within(told.stored, each) for each in wrap(told.after, told.to, told.stored, most)]
    stamps = [{each.recorded_at for each in events} for events in parcels]
    assert all(not one & next_one for one, next_one in pairwise(stamps))


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), st.integers(100, 3_000))
def test_no_parcel_is_larger_than_it_may_be(told: History, most: int) -> None:
    """In bytes on the way."""
    for parcel in wrap(told.after, told.to, told.stored, most):
        assert len(encode(parcel)) <= most + HEADER


def test_names_of_rare_characters_are_counted_as_what_they_take() -> None:
    """Four bytes each: a broker refuses a parcel above its limit for good."""
    name = facts_stream("𠮷" * 50, "𠮷" * 50)
    stored = [Stored(n, name, n, "Kind/1", n, b"") for n in range(1, 101)]
    for parcel in wrap(0, 100, stored, 5_000):
        assert parcel.events
        assert len(encode(parcel)) <= 5_000 + HEADER


@settings(database=None, derandomize=True, deadline=None)
@given(histories(), st.integers(100, 3_000))
def test_only_a_transaction_too_large_for_a_parcel_is_left_to_be_read(
    told: History, most: int
) -> None:
    """One alone, and none that would have fitted."""
    for parcel in wrap(told.after, told.to, told.stored, most):
        if parcel.events is None:
            (alone,) = transactions(within(told.stored, parcel))
            texts = sum(4 * len(s.stream) + len(s.topic) + len(s.payload) for s in alone)
            assert texts + EVENT_BYTES * len(alone) > most


def test_nothing_new_makes_no_parcel() -> None:
    """And positions that bring nothing to a partition make one without events."""
    assert list(wrap(7, 7, [])) == []
    assert list(wrap(7, 9, [])) == [Parcel(7, 9, 0, [])]


@pytest.mark.parametrize(
    ("parcel", "same"),
    [
        (Parcel(2, 3), True),
        (Parcel(3, 3, 30), True),
        (Parcel(3, 3, 29), False),
        (Parcel(2, 3, 0, [Stored(3, "s", 1, "t", 30, b"")]), True),
        (Parcel(2, 3, 0, [Stored(3, "s", 1, "t", 31, b"")]), False),
        (Parcel(2, 3, 0, None), True),
        (Parcel(9, 9, 99), True),
    ],
)
def test_a_parcel_of_another_log_is_told_by_when_its_events_were_recorded(
    parcel: Parcel, same: bool
) -> None:
    """By the last event that it holds, or by its word that all was recorded by then."""
    assert is_of(parcel, _recorded) is same


def _recorded(position: int) -> int:
    """Three events, at 10, 20 and 30."""
    return position * 10 if 0 < position < 4 else 0
