"""How what was recorded differs from what follows, and the reasons that the log itself names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from projections.programs import Began
from supervision.errors import TooNew, Unreadable
from supervision.facts import Instant
from supervision.judgement.shelf import Entry
from supervision.store.stored import Stored

MISSING, NOT_DERIVED, CONTENT, ORDER, UNREADABLE = (
    "missing",
    "not_derived",
    "content",
    "order",
    "unreadable",
)
"""What may differ: an act follows and was not recorded; was recorded and does not follow; says
something else; stands in another place among the acts of its case; an event cannot be read.
"""
PROGRAM_CHANGED, NOT_JUDGED, HALTED, TOO_NEW, BROKEN, LIST, FACT, UNEXPLAINED = (
    "program",
    "not_judged",
    "halted",
    "too_new",
    "broken",
    "list",
    "fact",
    "unexplained",
)
"""Why: another program judged then, or made an earlier difference of the case; the watch has not
come so far; the case had been halted before; a newer program wrote it, or its bytes are broken; it
follows where one list, or one input, had not been heard.
"""
YOUNG: Instant = 60_000_000
"""An act of the last minute may be on its way into the log: it is no difference."""
LONGEST = 300
"""Characters of a field that differs."""


class Field(Struct, frozen=True):
    """A field of an act that differs, as JSON has it; what is not there is empty."""

    name: str
    recorded: str
    derived: str


class Difference(Struct, frozen=True, kw_only=True):
    """One act, or event, that differs. `position` and `version`: where it stands in the log and in
    its stream; 0 where it was not recorded. `about`: the position of the list, input, program or
    incident that is the reason; 0 for none.
    """

    source: str
    case_no: str
    what: str
    why: str
    act: str = ""
    card: str = ""
    rule: str = ""
    at: Instant = 0
    position: int = 0
    version: int = 0
    about: int = 0
    detail: str = ""
    fields: tuple[Field, ...] = ()


class Halt(NamedTuple):
    """From when on a case was not judged any more, and where the log says so."""

    position: int
    recorded_at: Instant


class Given(NamedTuple):
    """What every process must know to judge a case and to name reasons."""

    until: Instant
    judged: Instant
    """Up to which instant the log shows that the watch had come."""
    program: str
    programs: tuple[Began, ...]
    entries: tuple[Entry, ...]
    halted: dict[tuple[str, str], Halt]
    """Cases that were halted."""
    departments: frozenset[str] | None
    """Of which cases are compared; None: of all."""


UNKNOWN = "no program noted"
"""The log does not say which program judged then."""


def by_program(given: Given, found: Sequence[Difference]) -> list[Difference]:
    """The differences of one case; those of another program's making have that reason: it judged
    when the act was made or due, or it made an earlier difference, on which later acts rest.
    """
    eras = [-1 if d.why else _era(given.programs, d) for d in found]
    others = [era for era in eras if era >= 0 and given.programs[era].program != given.program]
    first = min(others, default=len(given.programs))
    return [
        _of_program(d, given.programs[era if era in others else first]) if era >= first else d
        for d, era in zip(found, eras, strict=True)
    ]


def _of_program(found: Difference, began: Began) -> Difference:
    says = f"{began.version} {began.program[:12]}".strip()
    return replace(found, why=PROGRAM_CHANGED, about=began.position, detail=says)


def unexplained(given: Given, found: Difference, about: int = 0) -> Difference:
    """A difference for which the log has no reason; it says so where no program was noted."""
    known = _era(given.programs, found) >= 0
    return replace(found, why=UNEXPLAINED, about=about, detail="" if known else UNKNOWN)


def _era(programs: Sequence[Began], found: Difference) -> int:
    """Which program judged when a difference was recorded, or due; -1: none was noted by then."""
    by_then = (
        b.position < found.position if found.position else b.recorded_at <= found.at
        for b in programs
    )
    return sum(by_then) - 1


def fields_of(recorded: Struct, derived: Struct) -> tuple[Field, ...]:
    """In what they differ, by name."""
    ours, theirs = msgspec.to_builtins(derived), msgspec.to_builtins(recorded)
    return tuple(
        Field(name, _text(theirs.get(name)), _text(ours.get(name)))
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    )


def _text(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()[:LONGEST]


def unreadable(source: str, case_no: str, stored: Stored, error: Unreadable) -> Difference:
    """That an event cannot be read, which is its own reason."""
    return Difference(
        source=source,
        case_no=case_no,
        what=UNREADABLE,
        why=TOO_NEW if isinstance(error, TooNew) else BROKEN,
        act=stored.topic,
        position=stored.position,
        version=stored.version,
        about=stored.position,
        detail=str(error),
    )
