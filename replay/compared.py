"""One case derived again and compared with its recorded acts: what differs, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from projections.programs import Began
from supervision.acts import CardAct, CardIssued
from supervision.errors import TooNew, Unreadable
from supervision.facts import Fact, Instant, instant
from supervision.judgement.shelf import Entry, Shelf, concerns
from supervision.store.mapping import encode
from supervision.store.stored import Stored

from .derive import Derived, Told, derive_from, inputs_of, named_of
from .every_case import Bundle, Work

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
"""Why: another program judged; the watch has not come so far; the case was halted; a newer program
wrote it, or its bytes are broken; it follows where one list, or one input, had not been heard.
"""
YOUNG: Instant = 60_000_000
"""An act of the last minute may be on its way into the log: it is no difference."""
LONGEST = 300
"""Characters of a field that differs."""
SOUGHT = 20
"""Cases of a process of which a reason is looked for that way."""
TRIED = 40
"""Lists and inputs, the newest first, that are left out one by one to find a reason."""


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


class Given(NamedTuple):
    """What every process must know to judge a case and to name reasons."""

    until: Instant
    judged: Instant
    """Up to which instant the log shows that the watch had come."""
    program: str
    programs: tuple[Began, ...]
    entries: tuple[Entry, ...]
    halted: dict[tuple[str, str], int]
    """Positions of the incidents that halted cases."""
    departments: frozenset[str] | None
    """Of which cases are compared; None: of all."""


class Compared(NamedTuple):
    """Of so many cases: how many acts were recorded, how many are young, and what differs."""

    cases: int
    acts: int
    young: int
    differences: list[Difference]


def comparing(given: Given) -> Work[Compared]:
    """The work of one process: compare cases."""
    court = _Court(given)
    return court.compare


class _Court:
    """Derives cases and compares them."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._shelf = Shelf(given.entries)
        self._sought = 0

    def compare(self, cases: Sequence[Bundle]) -> Compared:
        """Of these cases: what differs."""
        looked, acts, young = 0, 0, 0
        found: list[Difference] = []
        for case in cases:
            compared = self._case(case)
            if compared is not None:
                looked, acts, young = looked + 1, acts + compared.acts, young + compared.young
                found += compared.differences
        return Compared(looked, acts, young, found)

    def _case(self, case: Bundle) -> Compared | None:
        """None for a case that is not asked for, or was not there yet."""
        given = self._given
        try:
            told = inputs_of(case.stored)
        except Unreadable:
            return Compared(1, 0, 0, list(_findings(case)))
        if not told or told[0].recorded_at > given.until or not self._is_asked_for(told):
            return None
        recorded = [s for s in case.stored if s.stream.endswith("/cards")]
        derived = derive_from(told, self._shelf, given.until)
        if same(derived, recorded):
            return Compared(1, len(recorded), 0, [])
        return self._differing(case, told, derived, recorded)

    def _is_asked_for(self, told: Sequence[Told]) -> bool:
        departments = self._given.departments
        if departments is None:
            return True
        return named_of(told, self._shelf, self._given.until)[2] in departments

    def _differing(
        self, case: Bundle, told: list[Told], derived: list[Derived], recorded: list[Stored]
    ) -> Compared:
        given = self._given
        acts, found = _readable(case, recorded, given.until)
        written = {act.key for act in acts}
        follows = _keyed(derived)
        missing = [key for key in follows if key not in written]
        young = {key for key in missing if follows[key].at > given.until - YOUNG}
        found += [
            _difference(case, MISSING, follows[key].act, at=follows[key].at)
            for key in missing
            if key not in young
        ]
        for act in acts:
            right = follows.get(act.key)
            if right is None:
                found.append(_of_stored(case, NOT_DERIVED, act))
            elif right.act != act.event:
                fields = tuple(_fields(act.event, right.act))
                found.append(_of_stored(case, CONTENT, act, fields))
        found += _out_of_order(case, acts, follows)
        return Compared(1, len(recorded), len(young), self._explained(case, told, found, recorded))

    # Reasons.

    def _explained(
        self,
        case: Bundle,
        told: list[Told],
        found: list[Difference],
        recorded: list[Stored],
    ) -> list[Difference]:
        explained = [d if d.why else self._known(case, told, d) for d in found]
        if all(d.why != UNEXPLAINED for d in explained):
            return explained
        self._sought += 1
        heard = self._not_heard(told, recorded) if self._sought <= SOUGHT else None
        if heard is None:
            return explained
        why, position = heard
        return [
            replace(d, why=why, about=position, detail="") if d.why == UNEXPLAINED else d
            for d in explained
        ]

    def _known(self, case: Bundle, told: list[Told], found: Difference) -> Difference:
        """The reason that the log itself names."""
        given = self._given
        judged = _in_force(given.programs, told[0].position, found)
        other = next((b for b in judged if b.program != given.program), None)
        if other is not None:
            says = f"{other.version} {other.program[:12]}".strip()
            return replace(found, why=PROGRAM_CHANGED, about=other.position, detail=says)
        halted = given.halted.get((case.source, case.case_no), 0)
        if found.what == MISSING and halted:
            return replace(found, why=HALTED, about=halted)
        if found.what == MISSING and found.at > given.judged:
            return replace(found, why=NOT_JUDGED)
        return replace(found, why=UNEXPLAINED, about=halted, detail="" if judged else UNKNOWN)

    def _not_heard(self, told: list[Told], recorded: list[Stored]) -> tuple[str, int] | None:
        """The one list, or input, without which what was recorded follows; None: there is none."""
        given, source, item = self._given, told[0].event.source, _item(told)
        entries = self._shelf.entries
        concerned = [e for e in entries if concerns(e.event, source, item)]
        for entry in concerned[: -TRIED - 1 : -1]:
            shelf = Shelf(e for e in entries if e is not entry)
            if same(derive_from(told, shelf, given.until), recorded):
                return LIST, entry.position
        for left in told[: -TRIED - 1 : -1]:
            rest = [t for t in told if t is not left]
            if same(derive_from(rest, self._shelf, given.until), recorded):
                return FACT, left.position
        return None


UNKNOWN = "no program noted"
"""The log does not say which program judged then."""


def same(derived: Sequence[Derived], recorded: Sequence[Stored]) -> bool:
    """Whether what was recorded of a case is what follows, byte for byte and in order."""
    return len(derived) == len(recorded) and all(
        encode(right.act) == (stored.topic, stored.payload)
        for right, stored in zip(derived, recorded, strict=True)
    )


def _item(told: Sequence[Told]) -> str:
    return next((t.event.item for t in told if isinstance(t.event, Fact) and t.event.item), "")


def _in_force(began: Sequence[Began], first: int, found: Difference) -> list[Began]:
    """The programs that may have had to do with a difference, from the case's first event on."""
    by_then = [
        b
        for b in began
        if (b.position < found.position if found.position else b.recorded_at <= found.at)
    ]
    before = [b for b in by_then if b.position < first]
    return [*before[-1:], *(b for b in by_then if b.position >= first)]


Key = tuple[str, str, int]
"""Card, name of the act, and which of those of the card it is."""


class _Written(NamedTuple):
    """An act as it stands in the log."""

    key: Key
    stored: Stored
    event: CardAct


def _keyed(derived: Iterable[Derived]) -> dict[Key, Derived]:
    keys = _Keys()
    return {keys.of(each.act): each for each in derived}


class _Keys:
    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def of(self, act: CardAct) -> Key:
        name = (act.card, type(act).__name__)
        self._seen[name] += 1
        return (*name, self._seen[name])


def _readable(
    case: Bundle, recorded: Iterable[Stored], until: Instant
) -> tuple[list[_Written], list[Difference]]:
    """The acts made up to an instant, and those that cannot be read."""
    keys, acts, found = _Keys(), [], []
    for stored in recorded:
        try:
            act = stored.event
        except Unreadable as error:
            found.append(unreadable(case.source, case.case_no, stored, error))
            continue
        if isinstance(act, CardAct) and (act.history or instant(act.at) <= until):
            acts.append(_Written(keys.of(act), stored, act))
    return acts, found


def _findings(case: Bundle) -> Iterator[Difference]:
    """The inputs of a case that cannot be read: it cannot be judged."""
    for stored in case.stored:
        try:
            inputs_of([stored])
        except Unreadable as error:
            yield unreadable(case.source, case.case_no, stored, error)


def _out_of_order(
    case: Bundle, acts: Sequence[_Written], follows: dict[Key, Derived]
) -> list[Difference]:
    """The first act that stands where another one follows, if the same acts are there."""
    both = [act for act in acts if act.key in follows]
    wanted = [key for key in follows if key in {act.key for act in both}]
    wrong = (act for act, key in zip(both, wanted, strict=True) if act.key != key)
    return [_of_stored(case, ORDER, act) for act in list(wrong)[:1]]


def _of_stored(
    case: Bundle, what: str, act: _Written, fields: tuple[Field, ...] = ()
) -> Difference:
    stored = act.stored
    made = _difference(case, what, act.event, at=instant(act.event.at))
    return replace(made, position=stored.position, version=stored.version, fields=fields)


def _difference(case: Bundle, what: str, act: CardAct, at: Instant) -> Difference:
    return Difference(
        source=case.source,
        case_no=case.case_no,
        what=what,
        why="",
        act=type(act).__name__,
        card=act.card,
        rule=act.rule if isinstance(act, CardIssued) else "",
        at=at,
    )


def _fields(recorded: CardAct, derived: CardAct) -> Iterator[Field]:
    ours, theirs = msgspec.to_builtins(derived), msgspec.to_builtins(recorded)
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield Field(name, _text(theirs.get(name)), _text(ours.get(name)))


def _text(value: object) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()[:LONGEST]


def unreadable(source: str, case_no: str, stored: Stored, error: Unreadable) -> Difference:
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
