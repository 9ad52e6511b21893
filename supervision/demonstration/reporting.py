"""How a case's facts reach the log: mostly within seconds, in some departments every evening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from msgspec.structs import replace

from ..facts import FACTS, Fact, FactCorrected, Instant, instant
from ..judgement.calendar import SECOND, Calendar
from ..record import Incoming
from .course import Birth, Story, Told
from .office import DAY, MINUTE, days_after, shown

SOURCE = "demo"
AHEAD_ID = "-ahead"
"""Ends the id of a fact that is reported before it happened, by a clock that is ahead."""
EVENING = 17 * 60 + 30
"""Minutes after midnight at which the first department sends its day's batch."""
LATE_ENTRY, CORRECTED, TWICE, AHEAD, OUTSIDE = 0.002, 0.003, 0.002, 0.003, 0.0008
"""Shares of cases: a fact reported days later; with a wrong day, corrected afterwards; sent twice;
by a clock that is ahead; all entered at once (体外循环)."""


class Reported(NamedTuple):
    """A fact and when the log is to have it."""

    stamp: Instant
    incoming: Incoming


def course(birth: Birth, calendar: Calendar) -> list[Reported]:
    """All that will ever be reported of a case, in no order."""
    story = Story(birth, calendar, birth.received)
    story.tell()
    reported = list(_reported(story))
    for share, slip in SLIPS:
        if story.chance(share):
            slip(story, reported)
    return reported


def _reported(story: Story) -> Iterator[Reported]:
    """Each fact after those that happened before it."""
    last = 0
    for told in sorted(story.told, key=lambda told: told.at):
        last = max(last + SECOND, _stamp(story, told))
        yield Reported(last, _incoming(story, told))


def _incoming(story: Story, told: Told) -> Incoming:
    fact: Fact = FACTS[told.kind](
        id=told.id,
        source=SOURCE,
        case_no=story.birth.case_no,
        occurred_at=shown(told.at),
        actor=told.actor,
        item=story.item.code,
        item_version=story.item.version,
        **told.fields,
    )
    return Incoming(fact, told.private)


def _stamp(story: Story, told: Told) -> Instant:
    """When a fact is recorded if nothing goes wrong."""
    if story.birth.pace.batches:
        return _evening(story, told.at)
    seconds = story.between(1, 40) if not story.chance(0.05) else story.between(60, 600)
    return told.at + int(seconds * SECOND)


def _evening(story: Story, at: Instant) -> Instant:
    """The next batch of the department, every evening at the same minute."""
    midnight = story.calendar.start_of(story.calendar.day_of(at))
    batch = midnight + (EVENING + story.birth.pace.slot) * MINUTE
    return batch if at < batch else batch + DAY


Slip = Callable[[Story, list[Reported]], None]


def _together(story: Story, reported: list[Reported]) -> None:
    """A same-day case is sent as one when it is done."""
    done = next((n for n, r in enumerate(reported) if _is(r, "CaseConcluded")), None)
    if story.item.promise != "0sd" or done is None:
        return
    stamp = reported[done].stamp
    for n in range(done + 1):
        if stamp - reported[n].stamp < 3 * 60 * MINUTE:
            reported[n] = Reported(stamp, reported[n].incoming)


def _late_entry(story: Story, reported: list[Reported]) -> None:
    """补录: one fact comes days after."""
    n = int(story.between(0, len(reported)))
    late = days_after(
        story.calendar, reported[n].stamp, int(story.between(2, 6)), story.birth.random
    )
    reported[n] = Reported(late, reported[n].incoming)


def _corrected(story: Story, reported: list[Reported]) -> None:
    """The acceptance is reported with a day too early; the right one follows with authority."""
    n = next((n for n, r in enumerate(reported) if _is(r, "CaseAccepted")), None)
    if n is None:
        return
    stamp, (fact, private) = reported[n]
    wrong = fact.occurred_at - timedelta(days=int(story.between(3, 9)))
    reported[n] = Reported(stamp, Incoming(replace(fact, occurred_at=wrong), private))
    noticed = days_after(story.calendar, stamp, int(story.between(1, 4)), story.birth.random)
    correction = FactCorrected(
        id=f"{fact.id}-c",
        source=SOURCE,
        case_no=fact.case_no,
        occurred_at=shown(noticed),
        actor=fact.actor,
        item=fact.item,
        item_version=fact.item_version,
        corrects=fact.id,
        says={"occurred_at": fact.occurred_at.isoformat()},
        authority="科室负责人",
    )
    told = Incoming(correction, {"reason": "演示：日期录入有误"})
    reported.append(Reported(noticed + 20 * SECOND, told))


def _twice(story: Story, reported: list[Reported]) -> None:
    """The last fact is sent again."""
    again = reported[-1]
    reported.append(Reported(again.stamp + 5 * MINUTE, again.incoming))


def _ahead(story: Story, reported: list[Reported]) -> None:
    """The certificate's printer has a clock that is ahead."""
    for n, (stamp, (fact, private)) in enumerate(reported):
        if _is(reported[n], "CertificateIssued"):
            later = shown(stamp + 40 * MINUTE)
            fact = replace(fact, id=fact.id + AHEAD_ID, occurred_at=later)
            reported[n] = Reported(stamp, Incoming(fact, private))


def _outside(story: Story, reported: list[Reported]) -> None:
    """体外循环: nothing is entered until all is done, and then within seconds."""
    done = next((r for r in reported if _is(r, "CaseConcluded")), None)
    if done is None or story.item.promise == "0sd":
        return
    end = instant(done.incoming.fact.occurred_at) + 10 * MINUTE
    for n, entered in enumerate(_entered(end)):
        if n >= len(reported) or instant(reported[n].incoming.fact.occurred_at) > end:
            break
        fact = replace(reported[n].incoming.fact, entered_at=shown(entered))
        reported[n] = Reported(end + MINUTE, Incoming(fact, reported[n].incoming.private))


def _entered(at: Instant) -> Iterator[Instant]:
    while True:
        yield at
        at += 2 * SECOND


def _is(reported: Reported, kind: str) -> bool:
    return isinstance(reported.incoming.fact, FACTS[kind])


SLIPS: tuple[tuple[float, Slip], ...] = (
    (0.85, _together),
    (AHEAD, _ahead),
    (OUTSIDE, _outside),
    (LATE_ENTRY, _late_entry),
    (CORRECTED, _corrected),
    (TWICE, _twice),
)
