"""Lists from files: those that come with the product, and those that an operator gives.

ListUnreadable (ValueError)    the file is no list; nothing of it is taken
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

from .errors import SupervisionError
from .lists import LISTS, CalendarPublished, Published
from .soundness import faults

DATA = files("supervision") / "lists_data"


class ListUnreadable(SupervisionError, ValueError):
    """What is wrong in which entry of a file of lists; trying again does not help."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


def bundled() -> list[Published]:
    """China's calendars 2004–2026 and the default policy, in the order of their announcement."""
    found = [*calendars(), *load((DATA / "policy.json").read_bytes())]
    return sorted(
        (event for event in found if isinstance(event, Published)),
        key=lambda event: event.announced_at,
    )


def calendars() -> list[CalendarPublished]:
    """The State Council's notices, oldest year first, each before its change."""
    each = msgspec.json.Decoder(list[CalendarPublished])
    folder = sorted((DATA / "calendars").iterdir(), key=lambda file: file.name)
    return [notice for file in folder for notice in each.decode(file.read_bytes())]


def load(given: Path | str | bytes) -> list[Struct]:
    """The events of {"events": [{"type": "CalendarPublished", …}, …]}, in the file's order.

    All or nothing: raises ListUnreadable, naming the entry and the field.
    """
    where = "the list" if isinstance(given, bytes) else str(given)
    try:
        data = given if isinstance(given, bytes) else Path(given).read_bytes()
        raw = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise ListUnreadable(where, f"cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ListUnreadable(where, f"is not JSON in UTF-8 ({error})") from error
    entries = raw.get("events") if isinstance(raw, dict) else None
    if not isinstance(entries, list):
        raise ListUnreadable(where, 'must be an object {"events": [ … ]}')
    return [_event(f"{where}, entry {n}", entry) for n, entry in enumerate(entries, 1)]


def _event(where: str, entry: object) -> Struct:
    kind = entry.get("type") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(kind, str) or kind not in LISTS:
        raise ListUnreadable(where, f"type must be one of {', '.join(LISTS)}, not {kind!r}")
    fields = {name: value for name, value in entry.items() if name != "type"}
    try:
        event: Struct = msgspec.convert(fields, LISTS[kind])
    except msgspec.ValidationError as error:
        raise ListUnreadable(f"{where} ({kind})", str(error)) from error
    _strict(f"{where} ({kind})", fields, event)
    for fault in faults(event):
        raise ListUnreadable(f"{where} ({kind})", fault)
    return event


def _strict(where: str, raw: object, read: object) -> None:
    """Refuse what conversion lets pass: fields that do not exist, times without an offset."""
    if isinstance(read, datetime) and read.tzinfo is None:
        raise ListUnreadable(where, f"{raw} has no offset; write +08:00 or another after it")
    if isinstance(read, Struct) and isinstance(raw, Mapping):
        if unknown := raw.keys() - set(read.__struct_fields__):
            raise ListUnreadable(where, f"has no field {', '.join(sorted(unknown))}")
        for name, value in raw.items():
            _strict(f"{where}, {name}", value, getattr(read, name))
    elif isinstance(read, tuple) and isinstance(raw, Sequence):
        for n, (value, got) in enumerate(zip(raw, read, strict=True), 1):
            _strict(f"{where} {n}", value, got)
