"""What never leaves the process in a log line or a message: passwords, and data of persons."""

from __future__ import annotations

import re

HIDDEN = "***"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"

_USERINFO = re.compile(r"(?<=://)\S*@")
_NAMED = re.compile(
    r"""(?ix) (password|passwd|pwd|secret|authorization|api[-_]?key) (["']?\s*[:=]\s*)
    (?: (?:bearer|basic)\s+ )? (?: "[^"]*" | '[^']*' | [^\s,;)}\]]+ )"""
)
_ROWS = re.compile(r"(?m)^(\s*(?:DETAIL|CONTEXT|STATEMENT|QUERY):).*$")
_MOBILE = re.compile(r"(?<![\w.])1[3-9]\d{9}(?![\w.])", re.ASCII)
_RESIDENT = re.compile(r"(?<!\w)\d{17}[\dXx](?!\w)", re.ASCII)


def scrubbed(text: str) -> str:
    """The text without passwords in URLs and after names, without the rows that PostgreSQL quotes
    in its errors, without mobile and resident identity numbers. A net, not a licence: messages are
    made of ids, and names of persons cannot be told from other words.
    """
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
    text = _ROWS.sub(rf"\1 {HIDDEN}", text)
    text = _MOBILE.sub(HIDDEN, text)
    return _RESIDENT.sub(lambda found: HIDDEN if _is_resident(found[0]) else found[0], text)


def _is_resident(number: str) -> bool:
    """Whether its check digit is right (GB 11643—1999), so that case numbers stay readable."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECK[total % 11] == number[-1].upper()
