"""A case as its facts tell it: corrected, without superseded re-sends, in order of occurrence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Struct

from ..facts import (
    CaseAccepted,
    CaseConcluded,
    CaseLinked,
    CaseRefused,
    CaseWithdrawn,
    CertificateIssued,
    DecisionSigned,
    Fact,
    FactCorrected,
    Instant,
    Known,
    ResultDelivered,
    StepCompleted,
    instant,
)
from ..facts import known as remade
from .calendar import SECOND

Kinds = frozenset[type[Fact]]
LONG_AGO: Instant = -(1 << 62)
STEPS: dict[type[Fact], str] = {
    CaseAccepted: "acceptance",
    DecisionSigned: "signing",
    CaseConcluded: "conclusion",
    CertificateIssued: "certificate",
    ResultDelivered: "delivery",
}
"""The steps that facts complete by their names; StepCompleted completes the others."""
BELATED = 24 * 3_600 * SECOND
ENDS: Kinds = frozenset({CaseWithdrawn, CaseRefused, CaseConcluded})
WHATEVER_DATED: Kinds = frozenset({CaseWithdrawn, CaseConcluded})
"""What ends a clock even where it is dated before the clock's start."""
FIXED = ("id", "source", "case_no", "history")
"""What a correction may not change: it would be another event."""

F = TypeVar("F", bound=Fact)


class Case(Struct, frozen=True):
    """The facts known of one case, and what is asked of them again and again.

    `by` holds them by kind, in order of occurrence.
    """

    source: str
    case_no: str
    history: bool
    item: str
    department: str
    facts: tuple[Known, ...]
    by: dict[type[Fact], list[Known]]
    kinds: Kinds
    ends: tuple[Known, ...]
    """Withdrawn, refused or concluded."""
    done: dict[str, Known]
    """The first completion of each step."""
    last_known: Instant
    corrections: dict[str, tuple[str, ...]]
    """Ids of the corrections that were applied, by the id of the corrected event."""
    unreadable: tuple[Known, ...]
    """Corrections that could not be applied."""
    first_known: dict[str, Instant]
    """Since when each event is known, by id, whatever was sent or corrected later."""
    entered: tuple[tuple[Instant, Known], ...]
    """What the source's clerk entered, and when, in that order; only where the source says."""
    belated: tuple[tuple[Instant, Known], ...]
    """What was entered (else recorded) a day or more after it happened, and when."""

    def all(self, kind: type[Fact]) -> list[Known]:
        """The facts of a kind, in order of occurrence."""
        return self.by.get(kind, [])

    def among(self, kinds: Kinds) -> list[Known]:
        """The facts of these kinds, in order of occurrence."""
        told = [kind for kind in kinds if kind in self.by]
        if len(told) > 1:
            return [known for known in self.facts if type(known.fact) in kinds]
        return self.by[told[0]] if told else []

    def first(self, kind: type[Fact], since: Instant = LONG_AGO) -> Known | None:
        """The first fact of a kind, not before an instant."""
        for known in self.by.get(kind, ()):
            if known.at >= since:
                return known
        return None

    def first_among(self, kinds: Kinds, since: Instant = LONG_AGO) -> Known | None:
        """The first fact of these kinds, not before an instant."""
        for known in self.facts:
            if type(known.fact) in kinds and known.at >= since:
                return known
        return None

    def ended(self, since: Instant) -> Known | None:
        """Withdrawn, refused or concluded: what stops every clock but delivery.

        A conclusion dated before the start is a data error; the clock that it leaves is stopped.
        """
        for known in self.ends:
            if known.at >= since:
                return known
        return self.first_among(WHATEVER_DATED) if self.ends else None


def sooner(one: Known | None, other: Known | None) -> Known | None:
    """Whichever happened first; of two at once the first named."""
    if one is None or other is None:
        return one or other
    return other if other.at < one.at else one


def step_of(fact: Fact) -> str:
    """The step that a fact completes; empty for none."""
    return fact.step if type(fact) is StepCompleted else STEPS.get(type(fact), "")


def _arrival(known: Known) -> tuple[Instant, int]:
    return known.known_at, known.position


def _order(known: Known) -> tuple[Instant, int]:
    return known.at, known.position


NOTHING = Case("", "", False, "", "", (), {}, frozenset(), (), {}, 0, {}, (), {}, (), ())
"""A case of which nothing is known yet."""


def case_of(known: Iterable[Known]) -> Case:
    """Fold the facts of one case. Total: whatever was recorded, there is a case."""
    arrived = sorted(known, key=_arrival)
    if not arrived:
        return NOTHING
    facts, corrections, first_known = _latest(arrived)
    applied: dict[str, tuple[str, ...]] = {}
    unreadable = [c for c in corrections if not _apply(c, facts, applied)]
    ordered = sorted((k for k in facts.values() if k is not None), key=_order)
    by: dict[type[Fact], list[Known]] = {}
    done: dict[str, Known] = {}
    entered: list[tuple[Instant, Known]] = []
    belated: list[tuple[Instant, Known]] = []
    for k in ordered:
        fact, since = k.fact, first_known[k.fact.id]
        by.setdefault(type(fact), []).append(k)
        if step := step_of(fact):
            done.setdefault(step, k)
        if fact.entered_at is not None or since - k.at >= BELATED:
            entered += _entered(k)
            belated += _belated(k, since)
    return Case(
        source=arrived[0].fact.source,
        case_no=arrived[0].fact.case_no,
        history=arrived[0].fact.history,
        item=next((k.fact.item for k in ordered if k.fact.item), ""),
        department=next((k.fact.actor.department for k in ordered if k.fact.actor.department), ""),
        facts=tuple(ordered),
        by=by,
        kinds=frozenset(by),
        ends=() if ENDS.isdisjoint(by) else tuple(k for k in ordered if type(k.fact) in ENDS),
        done=done,
        last_known=arrived[-1].known_at,
        corrections=applied,
        unreadable=tuple(unreadable),
        first_known=first_known,
        entered=tuple(sorted(entered, key=_entry)),
        belated=tuple(belated),
    )


def with_fact(case: Case, new: Known) -> Case | None:
    """The case with a fact that arrived last and happened last: what `case_of` makes of them all.

    None where all must be folded again: a fact told late, a correction, a re-send, and a fact that
    was corrected before it was told.
    """
    fact, kind = new.fact, type(new.fact)
    if kind is FactCorrected or fact.id in case.first_known or _was_corrected(case, fact.id):
        return None
    if new.known_at < case.last_known and case.first_known:
        return None
    if case.facts and _order(new) < _order(case.facts[-1]):
        return None
    entered, belated = case.entered, case.belated
    if fact.entered_at is not None or new.known_at - new.at >= BELATED:
        entered = tuple(sorted((*entered, *_entered(new)), key=_entry))
        belated = (*belated, *_belated(new, new.known_at))
    step = step_of(fact)
    return Case(
        source=fact.source,
        case_no=fact.case_no,
        history=case.history if case.first_known else fact.history,
        item=case.item or fact.item,
        department=case.department or fact.actor.department,
        facts=(*case.facts, new),
        by={**case.by, kind: [*case.by.get(kind, ()), new]},
        kinds=case.kinds if kind in case.kinds else case.kinds | {kind},
        ends=(*case.ends, new) if kind in ENDS else case.ends,
        done={**case.done, step: new} if step and step not in case.done else case.done,
        last_known=new.known_at,
        corrections=case.corrections,
        unreadable=case.unreadable,
        first_known={**case.first_known, fact.id: new.known_at},
        entered=entered,
        belated=belated,
    )


def _was_corrected(case: Case, event: str) -> bool:
    """Whether a correction named an event that nobody had told."""
    return any(getattr(c.fact, "corrects", "") == event for c in case.unreadable)


def _entered(known: Known) -> tuple[tuple[Instant, Known], ...]:
    at = known.fact.entered_at
    return () if at is None else ((instant(at), known),)


def _belated(known: Known, first_known: Instant) -> tuple[tuple[Instant, Known], ...]:
    """History without an entry of its own, and a link that a follower found, are not judged."""
    fact, entered = known.fact, known.fact.entered_at
    at = first_known if entered is None else instant(entered)
    if at - known.at < BELATED or type(fact) is CaseLinked:
        return ()
    return () if fact.history and entered is None else ((at, known),)


def _entry(entered: tuple[Instant, Known]) -> tuple[Instant, int]:
    at, known = entered
    return at, known.position


def _latest(
    arrived: list[Known],
) -> tuple[dict[str, Known | None], list[Known], dict[str, Instant]]:
    """By id, the highest data_version, a re-send in the place of what it repeats; apart from them
    the corrections; and since when each is known.
    """
    latest: dict[str, Known | None] = {}
    corrections: list[Known] = []
    first_known: dict[str, Instant] = {}
    for known in arrived:
        fact = known.fact
        first_known.setdefault(fact.id, known.known_at)
        if type(fact) is FactCorrected:
            corrections.append(known)
            continue
        earlier = latest.get(fact.id)
        if earlier is None or fact.data_version > earlier.fact.data_version:
            latest[fact.id] = known
    return latest, corrections, first_known


def _apply(
    correction: Known, facts: dict[str, Known | None], applied: dict[str, tuple[str, ...]]
) -> bool:
    said = correction.fact
    assert isinstance(said, FactCorrected)
    target = facts.get(said.corrects)
    if target is None:
        return False
    if said.void:
        facts[said.corrects] = None
    else:
        corrected = corrected_fact(target.fact, said.says, said.texts)
        if corrected is None:
            return False
        known_at = max(target.known_at, correction.known_at)
        facts[said.corrects] = remade(corrected, known_at, target.position)
    applied[said.corrects] = (*applied.get(said.corrects, ()), said.id)
    return True


SAID = "says."
"""Begins the name of a free text that a correction supplies."""


def corrected_fact(fact: F, says: dict[str, object], texts: tuple[str, ...] = ()) -> F | None:
    """The fact with what a correction gives, fields and texts; None where that is unreadable."""
    fields = {name: value for name, value in says.items() if name not in FIXED}
    if unknown := set(fields) - set(fact.__struct_fields__):
        fields = {name: value for name, value in fields.items() if name not in unknown}
        if not fields and not texts:
            return None
    try:
        changed = msgspec.convert(fields, dict[str, object])
        given = {text.removeprefix(SAID) for text in texts if text.startswith(SAID)}
        merged = {**msgspec.to_builtins(fact), **changed}
        merged["texts"] = sorted({*fact.texts, *given})
        return msgspec.convert(merged, type(fact))
    except msgspec.ValidationError:
        return None
