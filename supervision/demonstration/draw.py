"""Everything that is drawn in the city: the same words always give the same draw."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import TypeVar

T = TypeVar("T")


def dice(*words: object) -> Random:
    """A generator of its own for these words; nothing is shared between two."""
    return Random("-".join(str(word) for word in words))  # noqa: S311 it draws a city, no secret


def share(*words: object) -> float:
    """A number in [0, 1) for these words."""
    digest = sha256("-".join(str(word) for word in words).encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)


def pick(options: Sequence[tuple[T, float]], at: float) -> T:
    """The option at a share of the whole, each as wide as its weight."""
    left = at * sum(weight for _, weight in options)
    for option, weight in options:
        left -= weight
        if left < 0:
            return option
    return options[-1][0]
