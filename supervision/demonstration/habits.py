"""How the city works: shares of cases in which something happens, and the pace of a department.

Shares are of all cases unless said otherwise; they are made up, and lie where one card in twenty
cases makes a wall worth looking at.
"""

from __future__ import annotations

from typing import NamedTuple

ONLINE = ("网上", "手机")

REFUSED, DENIED, RETURNED, WITHDRAWN = 0.012, 0.008, 0.006, 0.01
"""Shares of cases that end so."""
SUPPLEMENTED, NEVER_COMPLETED, NOT_AT_ONCE = 0.06, 0.1, 0.07
"""补正: of all cases; of those never completed, of those asked twice for what was missing."""
NO_REASON = 0.08
"""Of refusals, denials and returns."""
IN_SPECIAL, OVER_APPROVAL, NOT_TOLD = 0.3, 0.15, 0.1
"""特别程序: of items that have one; of those longer than approved, without written notice."""
EXTENDED, EXTENDED_LATE = 0.03, 0.25
"""延期: of licences of seven days and more; of those approved too late."""
UNTIL_SIGNING = 0.8
"""Share of the time to the decision after which the last step before it is done."""
NOTICE_LATE = 0.002
DELIVERED_LATE = 0.006
SKIPPED, STRANGER, SAME_PERSON = 0.002, 0.0005, 0.002
"""Review left out; done by one without the post; signed by who reviewed."""
WRONG_FEE, STRANGE_FEE = 0.015, 0.0003
"""Another amount than the standard, of items with a fee; any amount, of free ones."""
RATED, GRADES = 0.3, ((5, 0.86), (4, 0.09), (3, 0.03), (2, 0.012), (1, 0.008))
COMPLAINED, ANSWERED = 0.004, 0.9
"""ANSWERED also of bad grades."""


class Pace(NamedTuple):
    """How a department works: share of the promise it usually takes, shares of late and lost."""

    usual: float
    late: float
    lost: float
    batches: bool
    """Reports in one batch in the evening, at `slot` minutes after half past five."""
    slot: int
