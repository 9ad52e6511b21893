"""How one value of a fact is taken from the columns of a record, and turned into its type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ..record import APPLICANT
from .reading import YEARS, FactUnreadable, Form, shown

JOINT = "/"
"""Between the values of several columns that make one."""

NULLS = frozenset({"", "NULL", "null", "None", "无"})
"""What means that nothing was given, unless a mapping says otherwise."""

SPLIT = "；;、|"
"""Signs between the entries of a list, unless a mapping says otherwise."""

YES = frozenset({"true", "1", "yes", "是"})
NO = frozenset({"false", "0", "no", "否"})

ISO, EPOCH_S, EPOCH_MS = "iso", "epoch", "epoch-ms"

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_EPOCH = re.compile(r"-?\d{1,15}", re.ASCII)


class Take(NamedTuple):
    """Which columns, or which constant; then how what stands there is understood.

    `values` translates spellings (with `keep`, others stay as they are, else they are refused);
    `default` stands where nothing was given; `scale` multiplies numbers.
    """

    columns: tuple[str, ...] = ()
    const: str | None = None
    values: Mapping[str, str] = {}
    keep: bool = False
    default: str | None = None
    formats: tuple[str, ...] = ()
    split: str = SPLIT
    scale: int = 1

    def text(self, row: Mapping[str, str], nulls: frozenset[str]) -> str | None:
        """What the record says; None if nothing. FactUnreadable for an untranslated spelling."""
        if self.const is not None:
            return self.const
        found = self._found(row, nulls)
        if found is None:
            return self.default
        if self.values and not (self.keep and found not in self.values):
            return self._translated(found)
        return found

    def _found(self, row: Mapping[str, str], nulls: frozenset[str]) -> str | None:
        if len(self.columns) == 1:
            one = row.get(self.columns[0], "").strip()
            return None if one in nulls else one
        given = [row.get(column, "").strip() for column in self.columns]
        return JOINT.join(value for value in given if value not in nulls) or None

    def _translated(self, found: str) -> str:
        try:
            return self.values[found]
        except KeyError:
            where = JOINT.join(self.columns)
            raise FactUnreadable(f"{where}: {shown(found)} is not among its values") from None


class Zoned(NamedTuple):
    """The zone of times without offset (None: they are refused), and the usual formats."""

    zone: ZoneInfo | None
    formats: tuple[str, ...]


Convert = Callable[[str, Take, Zoned], object]


def converter(form: Form, name: str) -> Convert:
    """How text becomes what this field holds."""
    hint = form.types.get(name)
    if name in form.private or name == APPLICANT or hint is str:
        return _as_text
    if hint is bool:
        return _as_bool
    if "datetime" in str(hint):
        return as_time
    if "tuple" in str(hint):
        return _as_list
    return _as_number


def _as_text(text: str, take: Take, zoned: Zoned) -> object:
    return text


def _as_bool(text: str, take: Take, zoned: Zoned) -> object:
    word = text.lower()
    if word not in YES | NO:
        raise FactUnreadable(f"{shown(text)} is neither yes (true, 1, 是) nor no (false, 0, 否)")
    return word in YES


def _as_list(text: str, take: Take, zoned: Zoned) -> object:
    entries = re.split(f"[{re.escape(take.split)}]", text) if take.split else [text]
    return [entry.strip() for entry in entries if entry.strip()]


def _as_number(text: str, take: Take, zoned: Zoned) -> object:
    if not _NUMBER.fullmatch(text):
        raise FactUnreadable(f"{shown(text)} is no number")
    number = Decimal(text) * take.scale
    if number != int(number):
        raise FactUnreadable(f"{shown(text)} times {take.scale} is no whole number")
    return int(number)


def as_time(text: str, take: Take, zoned: Zoned) -> datetime:
    """An aware time with an offset of its own, never that of a zone's rule."""
    for pattern in take.formats or zoned.formats:
        read = _parsed(text, pattern)
        if read is not None:
            return read if read.tzinfo else _placed(read, zoned.zone)
    formats = ", ".join(take.formats or zoned.formats)
    raise FactUnreadable(f"{shown(text)} is no time that exists, in the form {formats}")


def _parsed(text: str, pattern: str) -> datetime | None:
    try:
        if pattern == ISO:
            return datetime.fromisoformat(text)
        if pattern in (EPOCH_S, EPOCH_MS):
            return _since_1970(text, 1 if pattern == EPOCH_S else 1000)
        return datetime.strptime(text, pattern)  # noqa: DTZ007 the mapping's zone is put on it
    except (ValueError, OverflowError):
        return None


def _since_1970(text: str, parts: int) -> datetime | None:
    if not _EPOCH.fullmatch(text):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(text) * 1_000_000 // parts)


def _placed(naive: datetime, zone: ZoneInfo | None) -> datetime:
    """On the zone's clock; of two instants with the same reading the earlier."""
    if zone is None:
        raise FactUnreadable(f"{naive} has no offset, and the mapping names no zone")
    if not YEARS[0] <= naive.year <= YEARS[1]:
        raise FactUnreadable(f"the year {naive.year} is not in {YEARS[0]} to {YEARS[1]}")
    aware = naive.replace(tzinfo=zone)
    offset = aware.utcoffset()
    assert offset is not None
    if aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise FactUnreadable(f"{naive} does not exist in {zone.key}: clocks were put forward")
    return naive.replace(tzinfo=timezone(offset))


def is_format(pattern: Any) -> bool:
    """Whether it is "iso", "epoch", "epoch-ms" or a pattern of strptime that reads itself."""
    if pattern in (ISO, EPOCH_S, EPOCH_MS):
        return True
    sample = datetime(2026, 11, 20, 9, 30, 59, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007
    except (ValueError, TypeError, re.error):
        return False
    return read.date() == sample.date()
