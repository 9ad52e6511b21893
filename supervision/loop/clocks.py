"""The answer clocks of a card: what is owed, by whom, and until when (domain: 7). Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..facts import Instant
from ..judgement.assess import BREACHES, SUPERVISORS, UNANSWERED, answer_end, rung_after
from ..judgement.cards import Card, answer_windows
from ..judgement.shelf import NEVER, Lists

Owed = Literal["department", "supervisor"]
Window = tuple[str, Instant, Instant]
"""Kind, start, stop or NEVER."""


class AnswerClock(NamedTuple):
    """One answer that is or was owed.

    `kind`: acknowledge, explain, rectify (the department's), decide, verify (the supervisor's).
    `stop`: when it was given, None while it runs. `ends_at`: the first instant that is too late.
    `rung`: of the card that follows where it ends unanswered.
    """

    kind: str
    start: Instant
    stop: Instant | None
    ends_at: Instant
    owed_by: Owed
    rung: int


def is_owed(card: Card) -> bool:
    """Whether somebody owes an answer to a card, if the policy limits it."""
    return bool(_running(card))


def answer_clocks(card: Card, lists: Lists, source: str, now: Instant) -> tuple[AnswerClock, ...]:
    """The answer clocks of a card of a source's case as they stand at `now`, earlier rounds first.

    Of reminders, of history and of what is withdrawn or not issued yet nobody owes an answer; what
    the policy gives no limit has no clock.
    """
    return _clocks(card, _windows(card), lists, source, now)


def running_clocks(card: Card, lists: Lists, source: str) -> tuple[AnswerClock, ...]:
    """Those of them that run."""
    return _clocks(card, _running(card), lists, source, NEVER - 1)


def _windows(card: Card) -> list[Window]:
    if card.severity not in BREACHES or card.state in UNANSWERED or card.history:
        return []
    return answer_windows(card)


def _running(card: Card) -> list[Window]:
    return [window for window in _windows(card) if window[2] == NEVER]


def _clocks(
    card: Card, windows: list[Window], lists: Lists, source: str, now: Instant
) -> tuple[AnswerClock, ...]:
    if not windows:
        return ()
    policy = lists.policy(source, card.issued_at, card.issued_at)
    made: list[AnswerClock] = []
    for kind, start, stop in windows:
        end = answer_end(policy, lists, kind, start)
        if end is None:
            continue
        owed_by: Owed = "supervisor" if kind in SUPERVISORS else "department"
        rung = rung_after(card, kind, policy)
        running = stop > now
        made.append(AnswerClock(kind, start, None if running else stop, end.ends_at, owed_by, rung))
    return tuple(made)
