"""What a store finds wrong with itself."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """What does not agree: version, seen, stamp, head, guard, form, place, file; at which position;
    in words.
    """

    what: str
    position: int
    zh: str = ""
    en: str = ""
