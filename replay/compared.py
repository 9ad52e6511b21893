"""One case derived again and compared with its recorded acts: what differs, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from supervision.acts import CardAct, CardIssued
from supervision.errors import Unreadable
from supervision.facts import CaseLinked, Fact, Instant, instant
from supervision.judgement.shelf import Shelf, concerns
from supervision.store.mapping import encode
from supervision.store.stored import Stored

from .derive import Derived, Told, derive_from, inputs_of, named_of
from .every_case import Bundle, Work
from .reasons import (
    CONTENT,
    FACT,
    HALTED,
    LIST,
    MISSING,
    NOT_DERIVED,
    NOT_JUDGED,
    ORDER,
    UNEXPLAINED,
    YOUNG,
    Difference,
    Field,
    Given,
    by_program,
    fields_of,
    unexplained,
    unreadable,
)

SOUGHT = 20
"""Cases of a process of which a reason is looked for that way."""
TRIED = 40
"""Lists and inputs, the newest first, that are left out one by one to find a reason."""


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
            is_asked_for = self._is_asked_for(legible(case.stored), ())
            return Compared(1, 0, 0, list(_findings(case))) if is_asked_for else None
        recorded = [s for s in case.stored if s.stream.endswith("/cards")]
        first = told[0] if told else recorded[0] if recorded else None
        if first is None or first.recorded_at > given.until:
            return None
        if not self._is_asked_for(told, recorded):
            return None
        derived = derive_from(told, self._shelf, given.until)
        if same(derived, recorded):
            return Compared(1, len(recorded), 0, [])
        return self._differing(case, told, derived, recorded)

    def _is_asked_for(self, told: Sequence[Told], recorded: Sequence[Stored]) -> bool:
        """By the department that the facts tell; of a case without facts, by its cards'."""
        departments = self._given.departments
        if departments is None:
            return True
        if any(_is_reported(t) for t in told):
            return named_of(told, self._shelf, self._given.until)[2] in departments
        return not departments.isdisjoint(_departments_of(recorded))

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
            elif act.stored.payload != encode(right.act)[1]:
                fields = fields_of(act.event, right.act)
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
        explained = [d if d.why else self._known(case, d) for d in by_program(self._given, found)]
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

    def _known(self, case: Bundle, found: Difference) -> Difference:
        """The reason that the log itself names, where no other program judged."""
        given = self._given
        halt = given.halted.get((case.source, case.case_no))
        if found.what == MISSING and not _is_spoken_of(case, found):
            if halt is not None and found.at > halt.recorded_at:
                return replace(found, why=HALTED, about=halt.position)
            if found.at > given.judged:
                return replace(found, why=NOT_JUDGED)
        return unexplained(given, found, about=halt.position if halt else 0)

    def _not_heard(self, told: list[Told], recorded: list[Stored]) -> tuple[str, int] | None:
        """The one list, or input, without which what was recorded follows; None: there is none.

        Where no act is left, without almost anything nothing follows: that is no reason.
        """
        if not told or not recorded:
            return None
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


def same(derived: Sequence[Derived], recorded: Sequence[Stored]) -> bool:
    """Whether what was recorded of a case is what follows, byte for byte and in order."""
    return len(derived) == len(recorded) and all(
        encode(right.act) == (stored.topic, stored.payload)
        for right, stored in zip(derived, recorded, strict=True)
    )


def _item(told: Sequence[Told]) -> str:
    return next((t.event.item for t in told if isinstance(t.event, Fact) and t.event.item), "")


def _is_spoken_of(case: Bundle, found: Difference) -> bool:
    """Whether somebody was told of, or answered, a card whose issuing is not there: it was."""
    return found.act == CardIssued.__name__ and any(
        found.card.encode() in stored.payload
        for stored in case.stored
        if stored.stream.endswith(("/notices", "/desk")) and not stored.topic.startswith(BY_HAND)
    )


BY_HAND = "IssuedByHand/"
"""What asks for a card, and so speaks of it before it is there."""


def _is_reported(told: Told) -> bool:
    return isinstance(told.event, Fact) and not isinstance(told.event, CaseLinked)


def _departments_of(recorded: Iterable[Stored]) -> Iterator[str]:
    for stored in recorded:
        try:
            act = stored.event
        except Unreadable:
            continue
        if isinstance(act, CardIssued):
            yield act.department


def legible(stored: Iterable[Stored]) -> list[Told]:
    """The inputs of a case that can be read, where others cannot: enough to say whose it is."""
    told: list[Told] = []
    for each in stored:
        try:
            told += inputs_of([each])
        except Unreadable:
            continue
    return told


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
    """The acts made or recorded up to an instant, and those that cannot be read."""
    keys, acts, found = _Keys(), [], []
    for stored in recorded:
        try:
            act = stored.event
        except Unreadable as error:
            found.append(unreadable(case.source, case.case_no, stored, error))
            continue
        if isinstance(act, CardAct) and (
            act.history or min(instant(act.at), stored.recorded_at) <= until
        ):
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
