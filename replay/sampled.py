"""Samples as the log tells them: which were drawn, who looked at their cases since, what was found.
Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from supervision.access.events import CaseFileTaken, CaseSeen, SampleChecked, SampleDrawn, TextsSeen
from supervision.store.stored import Stored

from .samples import Criteria, Key, Traits, criteria_of

TEXTS_LOOK = "texts"
FILE_LOOK = "file"
"""How a case was looked at by its personal data, and by its file, beside what CaseSeen says."""


class Check(Struct, frozen=True):
    """What was found in a case of a sample; of several findings the last."""

    result: str
    defects: tuple[str, ...]
    by: str
    at: datetime


class Sample(NamedTuple):
    """A sample: as drawn, at which position of the log that stands, what was found by case."""

    drawn: SampleDrawn
    position: int
    checks: Mapping[Key, Check]

    @property
    def keys(self) -> list[Key]:
        """Its cases in the order drawn."""
        return [(each.source, each.case_no) for each in self.drawn.cases]

    @property
    def criteria(self) -> Criteria:
        """By what its population was chosen; SampleUnfit where a newer program wrote them."""
        return criteria_of(self.drawn.criteria)


def fold(stored: Iterable[Stored]) -> dict[str, Sample]:
    """All samples by name, in the order drawn. An event of no meaning changes nothing."""
    found: dict[str, Sample] = {}
    checks: dict[str, dict[Key, Check]] = {}
    drawn: dict[str, frozenset[Key]] = {}
    for each in stored:
        match event := each.event:
            case SampleDrawn() if event.sample not in found:
                checks[event.sample] = {}
                found[event.sample] = Sample(event, each.position, checks[event.sample])
                drawn[event.sample] = frozenset(found[event.sample].keys)
            case SampleChecked() if event.sample in found:
                key = (event.source, event.case_no)
                if key in drawn[event.sample]:
                    said = Check(event.result, event.defects, event.by, event.at)
                    checks[event.sample][key] = said
    return found


class LookAt(Struct, frozen=True):
    """Somebody looked at a case: how, and when first in that way."""

    by: str
    how: str
    at: datetime


Looks = dict[Key, dict[tuple[str, str], LookAt]]
"""By case, then by whom and how."""
LOOKS = ("CaseSeen/", "TextsSeen/", "CaseFileTaken/")
"""With what the topics of looks begin."""


def take_look(looks: Looks, stored: Stored, wanted: frozenset[Key]) -> None:
    """Note a look at one of the wanted cases; of several in one way the first."""
    if not stored.topic.startswith(LOOKS):
        return
    event = stored.event
    match event:
        case CaseSeen(how=how):
            pass
        case TextsSeen():
            how = TEXTS_LOOK
        case CaseFileTaken():
            how = FILE_LOOK
        case _:
            return
    key = (event.source, event.case_no)
    if key in wanted:
        looks.setdefault(key, {}).setdefault((event.by, how), LookAt(event.by, how, event.at))


class Line(Struct, frozen=True):
    """A case of a sample: its number in the order drawn, what it is now, who looked at it since it
    was drawn, what was found.
    """

    number: int
    case: Traits
    looks: tuple[LookAt, ...]
    check: Check | None


class Totals(Struct, frozen=True):
    """Of a department, or of all ("")."""

    department: str
    drawn: int
    looked: int
    checked: int
    good: int
    fair: int
    bad: int


def totals(lines: Iterable[Line]) -> list[Totals]:
    """By department in the order of names, and of all behind them."""
    by: dict[str, list[Line]] = {}
    every: list[Line] = []
    for line in lines:
        by.setdefault(line.case.department, []).append(line)
        every.append(line)
    return [*(_totals(name, by[name]) for name in sorted(by)), _totals("", every)]


def _totals(department: str, lines: list[Line]) -> Totals:
    results = [line.check.result for line in lines if line.check]
    return Totals(
        department,
        drawn=len(lines),
        looked=sum(bool(line.looks) for line in lines),
        checked=len(results),
        good=results.count("good"),
        fair=results.count("fair"),
        bad=results.count("bad"),
    )


Covers = Callable[[str], bool]
"""Whether a department is within reach of whoever asks."""


def seen_by(lines: Iterable[Line], covers: Covers) -> list[Line]:
    """The lines whose department is within reach."""
    return [line for line in lines if covers(line.case.department)]
