"""What a gateway said, fit for a log: one line, short, no address and no number in it."""

from __future__ import annotations

import re

LONGEST = 200
ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
NUMBER = re.compile(r"\+?[0-9][0-9 -]{5,}[0-9]")
UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def said(answer: str) -> str:
    """One line of a gateway's answer."""
    line = UNSEEN.sub(" ", answer).strip()
    return NUMBER.sub("…", ADDRESS.sub("…", line))[:LONGEST]
