"""SQL parameters {name:Type}, written into the SQL as literals. Pure.

A ClickHouse of 2018 has no parameters on the server, so no engine is asked for them: the same text
goes to all. A value that is not of its type is refused before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from .warehouse import ParameterUnfit

PARAMETER = re.compile(r"\{(\w+):([A-Za-z0-9()]+)\}")
MOST_SQL = 64 * 1024 * 1024
"""Bytes of a statement with its literals; the servers' own default is 256 KiB."""
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2105, 12, 31)
"""What a Date holds in every version; beyond, it turns into some other day."""

_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r"}
)


def filled(sql: str, params: Mapping[str, object]) -> str:
    """The SQL with a literal for each parameter. Raises ParameterUnfit."""

    def literal_of(found: re.Match[str]) -> str:
        name, kind = found.groups()
        if name not in params:
            raise ParameterUnfit(found.group(), "is missing")
        text = literal(kind, params[name])
        if text is None:
            raise ParameterUnfit(found.group(), f"cannot be this {type(params[name]).__name__}")
        return text

    return PARAMETER.sub(literal_of, sql)


def literal(kind: str, value: object) -> str | None:
    """A value of a ClickHouse type as SQL; None if it is none.

    Types: String, Date, Int8 to Int64, UInt8 to UInt64, and Array of one of them.
    """
    if kind.startswith("Array("):
        return _array(kind, value)
    if kind == "String":
        return _string(value)
    if kind == "Date":
        return _date(value)
    return _integer(kind, value) if kind in INTEGERS else None


def _string(value: object) -> str | None:
    """Half a surrogate pair is no text."""
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return f"'{value.translate(_ESCAPES)}'"


def _date(value: object) -> str | None:
    """A day, not an instant."""
    if type(value) is not date or not FIRST_DAY <= value <= LAST_DAY:
        return None
    return f"toDate('{value.isoformat()}')"


INTEGERS = {
    f"{sign}Int{bits}": (0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
"""The least and the greatest of each type."""


def _integer(kind: str, value: object) -> str | None:
    """Bare where it can be, as LIMIT wants it; a minus may meet another in the SQL."""
    least, greatest = INTEGERS[kind]
    if type(value) is not int or not least <= value <= greatest:
        return None
    return str(value) if value >= 0 else f"({value})"


def _array(kind: str, value: object) -> str | None:
    """Cast, as an empty one has no type of its own."""
    if not isinstance(value, list | tuple):
        return None
    texts = [literal(kind[len("Array(") : -1], one) for one in value]
    if any(text is None for text in texts):
        return None
    return f"cast([{', '.join(text for text in texts if text)}], '{kind}')"
