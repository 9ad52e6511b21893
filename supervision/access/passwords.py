"""Passwords: hashed by argon2id in the low-memory profile (RFC 9106, 4), which ones will do.

A hash takes 64 MiB and some tenth of a second, so at most two are made at a time in a process: who
tries a thousand passwords waits, not the wall.
"""

from __future__ import annotations

import secrets
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from ..errors import SupervisionError

SHORTEST = 12
LONGEST = 256
"""Characters of a password."""
NAMES = 4
"""Characters from which on a person's name must not be part of the password."""
AT_A_TIME = 2
WORDS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Of what a first password is made: nothing that looks like something else."""

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_turn = BoundedSemaphore(AT_A_TIME)


class PasswordUnfit(SupervisionError):
    """Too short, too plain, or the old one; the message says what to do."""


def hashed(password: str) -> str:
    """The hash to be stored."""
    with _turn:
        return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; without one it takes as long and is not."""
    try:
        with _turn:
            _hasher.verify(stored or _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def first_password() -> str:
    """A random password to be told once and changed at the first sign-in: 80 bits."""
    return "-".join("".join(secrets.choice(WORDS) for _ in range(4)) for _ in range(4))


def fit(password: str, person: str) -> str:
    """The password, if it will do; PasswordUnfit."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordUnfit(
            f"密码须为 {SHORTEST} 至 {LONGEST} 个字符 "
            f"a password has {SHORTEST} to {LONGEST} characters"
        )
    plain = password.casefold()
    named = plain in person or (len(person) >= NAMES and person in plain)
    if len(set(plain)) < 5 or plain in _runs() or named:
        raise PasswordUnfit(
            "密码太简单：不要用登录名、重复或连续的字符 "
            "too plain: not the name, nor characters repeated or in a row"
        )
    return password


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has: who is not known is checked against it."""
    return _hasher.hash(secrets.token_urlsafe(32))


@cache
def _runs() -> frozenset[str]:
    """Passwords that are a run along the keys or the alphabet, whatever their length."""
    rows = ("1234567890", "qwertyuiopasdfghjklzxcvbnm", "abcdefghijklmnopqrstuvwxyz", "password")
    lines = [row * 4 for row in rows] + [row[::-1] * 4 for row in rows]
    return frozenset(
        line[start : start + size]
        for line in lines
        for start in range(26)
        for size in range(SHORTEST, 41)
    )
