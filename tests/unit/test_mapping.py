"""Events to bytes: topics, payloads and envelopes are kept for good."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from supervision.access.events import ACCESS_EVENTS
from supervision.acts import CARD_ACTS, DESK_ACTS
from supervision.errors import TooNew, Unreadable
from supervision.facts import FACTS
from supervision.lists import LISTS
from supervision.notices import NOTICES
from supervision.store.mapping import KINDS, Codec, canonical, decode, encode
from supervision.system import SYSTEM

GOLDEN = Path(__file__).parent.parent / "golden"
KEYS = ("stream", "version", "position", "topic", "recorded_at")


def golden(kind: str) -> dict[str, Any]:
    """The file of a kind: place, topic, payload as stored, envelope as stored."""
    found: dict[str, Any] = msgspec.json.decode((GOLDEN / f"envelope-{kind}.json").read_bytes())
    return found


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_event_keeps_the_bytes_that_it_was_first_stored_in(kind: str) -> None:
    """What was stored is read as its event, which today is stored in the same bytes."""
    kept = golden(kind)
    event = decode(kept["topic"], kept["payload"].encode())
    assert type(event) is KINDS[kind]
    assert encode(event) == (f"{kind}/1", kept["payload"].encode())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_envelope_keeps_its_one_byte_form(kind: str) -> None:
    """What was hashed and signed once is what is hashed and signed today."""
    kept = golden(kind)
    place = {key: kept[key] for key in KEYS}
    assert canonical(**place, payload=kept["payload"].encode()) == kept["envelope"].encode()


def test_no_two_tables_give_one_name_to_two_events() -> None:
    """A stable name stands for one class, wherever it is from."""
    tables: list[Iterable[str]] = [
        FACTS, CARD_ACTS, DESK_ACTS, LISTS, SYSTEM, ACCESS_EVENTS, NOTICES,
    ]  # fmt: skip
    named = [name for table in tables for name in table]
    assert len(set(named)) == len(named)
    assert len(set(KINDS.values())) == len(KINDS)


def test_the_envelope_is_a_json_object_with_its_keys_in_order() -> None:
    """Stream, version, position, topic, recorded_at in UTC with six decimals, payload verbatim."""
    expected = (
        '{"stream":"case/甲/\\"1\\"/facts","version":1,"position":9,"topic":"X/1",'
        '"recorded_at":"1970-01-01T00:00:01.000000Z","payload":{"b":1, "a":2}}'
    )
    envelope = canonical('case/甲/"1"/facts', 1, 9, "X/1", 1_000_000, b'{"b":1, "a":2}')
    assert envelope.decode() == expected
    assert list(msgspec.json.decode(envelope)) == [
        "stream", "version", "position", "topic", "recorded_at", "payload",
    ]  # fmt: skip


class Weighed(Struct, frozen=True):
    """An event of the tests in its third form."""

    grams: int
    by: str


CODEC = Codec(
    {"Weighed": Weighed},
    {"Weighed": 3},
    {
        ("Weighed", 1): lambda says: {"kilos": says["kilos"], "by": "unknown"},
        ("Weighed", 2): lambda says: {"grams": says["kilos"] * 1000, "by": says["by"]},
    },
)


@pytest.mark.parametrize(
    ("topic", "payload", "event"),
    [
        ("Weighed/1", b'{"kilos":2}', Weighed(2000, "unknown")),
        ("Weighed/2", b'{"kilos":2,"by":"u1"}', Weighed(2000, "u1")),
        ("Weighed/3", b'{"grams":5,"by":"u1"}', Weighed(5, "u1")),
    ],
)
def test_older_versions_are_raised_step_by_step_on_reading(
    topic: str, payload: bytes, event: Struct
) -> None:
    """Whatever version was stored, the current form is read."""
    assert CODEC.decode(topic, payload) == event


def test_what_is_stored_today_bears_the_current_version() -> None:
    """The topic is name and version."""
    assert CODEC.encode(Weighed(5, "u1"))[0] == "Weighed/3"


@pytest.mark.parametrize("topic", ["Weighed/4", "Measured/1", "Weighed", "Weighed/x"])
def test_what_a_newer_program_wrote_is_named_and_not_guessed_at(topic: str) -> None:
    """An unknown name or version raises TooNew with the topic in its message."""
    with pytest.raises(TooNew, match=re.escape(topic)):
        CODEC.decode(topic, b"{}")


@pytest.mark.parametrize("payload", [b"{", b'{"grams":"x","by":"u"}', b"[]", b"\xff"])
def test_bytes_that_are_not_the_event_are_unreadable(payload: bytes) -> None:
    """Unreadable names the topic."""
    with pytest.raises(Unreadable, match="Weighed/3"):
        CODEC.decode("Weighed/3", payload)


def test_a_missing_step_between_versions_is_said() -> None:
    """A table without the step from an old version is a mistake that names it."""
    codec = Codec({"Weighed": Weighed}, {"Weighed": 3}, {})
    with pytest.raises(Unreadable, match="Weighed/1"):
        codec.decode("Weighed/1", b"{}")
