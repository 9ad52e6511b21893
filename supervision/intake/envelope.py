"""Facts in CloudEvents 1.0 (JSON): the envelope is the event's, the rest of the fact its data.

id, source, subject (the case number) and time (when it happened) come from the envelope; type is
the name of a fact, with "cn.supervision." before it or not; data holds the other fields of the
fact and its private texts by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

import msgspec

from ..errors import SupervisionError
from ..facts import FACTS, Fact
from ..record import Incoming
from .reading import (
    CASE_NO_LONGEST,
    ID_LONGEST,
    OURS,
    SAYS,
    FactUnreadable,
    Refused,
    line,
    read_fact,
    shown,
    suggestion,
)

PREFIX = "cn.supervision."
SPEC_VERSION = "1.0"
JSON_TYPES = ("application/json", "text/json")

_NAMES = {cls: name for name, cls in FACTS.items()}

REQUIRED = ("specversion", "id", "source", "type", "subject", "time")
PASSED_OVER = frozenset(
    {"dataschema", "traceparent", "tracestate", "partitionkey", "sequence", "recordedtime"}
)
"""Attributes of the standard and its extensions that carry nothing of a fact."""

ATTRIBUTES = frozenset({*REQUIRED, "data", "datacontenttype"}) | PASSED_OVER


class BodyUnreadable(SupervisionError, ValueError):
    """The bytes are not JSON in UTF-8; nothing of them is taken."""


class Repeated(dict[str, Any]):
    """An object in which a name stands twice: one of the two would be lost."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.name = _first_repeated(name for name, _ in pairs)


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def decode(body: bytes) -> object:
    """What the JSON says; objects that repeat a name are marked, so that only they are refused.

    BodyUnreadable: not UTF-8, not JSON, nested too deeply, NaN, or a number without end.
    """
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise BodyUnreadable(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise BodyUnreadable(f"not JSON at character {error.pos}: {error.msg}") from None
    except RecursionError:
        raise BodyUnreadable("nested too deeply") from None
    except ValueError as error:
        raise BodyUnreadable(f"a number that cannot be read: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    says = dict(pairs)
    return says if len(says) == len(pairs) else Repeated(pairs)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_event(raw: object, source: str | None = None) -> Incoming | Refused:
    """The fact that a decoded event tells, or why it tells none; never raises.

    With `source`, the name of the sender that was made sure of, events of others are refused.
    """
    try:
        return _read(raw, source)
    except FactUnreadable as error:
        return Refused(_told(raw, "id"), str(error), _told(raw, "subject"))


def read_line(data: bytes, source: str | None = None) -> Incoming | Refused:
    """The same from the bytes of one event, as a line of a file or a message of a topic has it."""
    try:
        return read_event(decode(data), source)
    except BodyUnreadable as error:
        return Refused("", str(error))


def write_event(fact: Fact, texts: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """The event that tells this fact and these texts, in JSON without blanks.

    read_line gives the same fact again, but for what this system fills by itself: its texts are
    those given here, and whether it came as history is not for a sender to say.
    """
    data: dict[str, Any] = msgspec.to_builtins(fact)
    for name in OURS:
        data.pop(name, None)
    event = {
        "specversion": SPEC_VERSION,
        "id": data.pop("id"),
        "source": data.pop("source"),
        "type": PREFIX + _NAMES[type(fact)],
        "subject": data.pop("case_no"),
        "time": data.pop("occurred_at"),
        "data": data,
    }
    for name, text in texts.items():
        if name.startswith(f"{SAYS}."):
            data[SAYS] = {**data.get(SAYS, {}), name.removeprefix(f"{SAYS}."): text}
        else:
            data[name] = text
    return msgspec.json.encode(event)


def _read(raw: object, source: str | None) -> Incoming:
    if not isinstance(raw, dict):
        raise FactUnreadable("an event must be an object")
    _check_repeated(raw)
    _check_attributes(raw)
    data = raw.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise FactUnreadable("data: must be an object")
    said = {
        "id": line("id", raw["id"], ID_LONGEST),
        "source": line("source", raw["source"], ID_LONGEST),
        "case_no": line("subject", raw["subject"], CASE_NO_LONGEST),
        "occurred_at": line("time", raw["time"], ID_LONGEST),
    }
    if source is not None and said["source"] != source:
        raise FactUnreadable(f"source: the key is that of {shown(source)}")
    for name in said.keys() & data.keys():
        if data[name] != said[name]:
            raise FactUnreadable(f"data.{name}: is not what the envelope says")
    kind = line("type", raw["type"], ID_LONGEST).removeprefix(PREFIX)
    return read_fact(kind, {**data, **said})


def _check_attributes(raw: dict[str, Any]) -> None:
    for name in REQUIRED:
        if raw.get(name) is None:
            raise FactUnreadable(f"{name}: is missing")
    if raw["specversion"] != SPEC_VERSION:
        raise FactUnreadable(f"specversion: must be {SPEC_VERSION!r}")
    for name in raw:
        if name not in ATTRIBUTES:
            near = suggestion(name, ATTRIBUTES)
            raise FactUnreadable(f"an event has no {shown(name)} here; it would be lost{near}")
    kind = raw.get("datacontenttype")
    if kind is not None and not _is_json(kind):
        raise FactUnreadable("datacontenttype: must be application/json")


def _is_json(kind: object) -> bool:
    return isinstance(kind, str) and kind.partition(";")[0].strip().lower() in JSON_TYPES


def _check_repeated(raw: dict[str, Any]) -> None:
    todo: list[object] = [raw]
    while todo:
        part = todo.pop()
        if isinstance(part, Repeated):
            raise FactUnreadable(f"{shown(part.name)} is given twice in one object")
        if isinstance(part, dict):
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)


def _told(raw: object, name: str) -> str:
    """An attribute for the answer, as far as it may be repeated."""
    value = raw.get(name) if isinstance(raw, dict) else None
    try:
        return line(name, value, ID_LONGEST)
    except FactUnreadable:
        return ""
