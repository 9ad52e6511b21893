"""A case as its facts tell it: corrected, without superseded re-sends, in order of occurrence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import msgspec

from ..facts import (
    CaseConcluded,
    CaseRefused,
    CaseWithdrawn,
    Fact,
    FactCorrected,
    Instant,
    Known,
)
from ..facts import known as remade

ENDS = (CaseWithdrawn, CaseRefused, CaseConcluded)
FIXED = ("id", "source", "case_no", "history")
"""What a correction may not change: it would be another event."""

F = TypeVar("F", bound=Fact)


class Case(NamedTuple):
    """The facts known of one case. `by` holds them by kind, in order of occurrence."""

    source: str
    case_no: str
    history: bool
    item: str
    department: str
    facts: tuple[Known, ...]
    by: dict[type[Fact], list[Known]]
    last_known: Instant
    corrections: dict[str, tuple[str, ...]]
    """Ids of the corrections that were applied, by the id of the corrected event."""
    unreadable: tuple[Known, ...]
    """Corrections that could not be applied."""
    first_known: dict[str, Instant]
    """Since when each event is known, by id, whatever was sent or corrected later."""

    def all(self, *kinds: type[Fact]) -> list[Known]:
        """The facts of these kinds, in order of occurrence."""
        if len(kinds) == 1:
            return self.by.get(kinds[0], [])
        found = [known for kind in kinds for known in self.by.get(kind, ())]
        return sorted(found, key=_order)

    def first(self, *kinds: type[Fact], since: Instant | None = None) -> Known | None:
        """The first fact of these kinds, not before an instant."""
        found: Known | None = None
        for kind in kinds:
            for known in self.by.get(kind, ()):
                if since is None or known.at >= since:
                    if found is None or _order(known) < _order(found):
                        found = known
                    break
        return found

    def ended(self, since: Instant) -> Known | None:
        """Withdrawn, refused or concluded: what stops every clock but delivery.

        A conclusion dated before the start is a data error; the clock that it leaves is stopped.
        """
        return self.first(*ENDS, since=since) or self.first(CaseWithdrawn, CaseConcluded)


def _order(known: Known) -> tuple[Instant, int]:
    return known.at, known.position


def case_of(known: Iterable[Known]) -> Case:
    """Fold the facts of one case. Total: whatever was recorded, there is a case."""
    arrived = sorted(known, key=lambda k: (k.known_at, k.position))
    corrections = [k for k in arrived if isinstance(k.fact, FactCorrected)]
    facts = _latest([k for k in arrived if not isinstance(k.fact, FactCorrected)])
    applied: dict[str, tuple[str, ...]] = {}
    unreadable = [c for c in corrections if not _apply(c, facts, applied)]
    ordered = sorted((k for k in facts.values() if k is not None), key=_order)
    by: dict[type[Fact], list[Known]] = {}
    for k in ordered:
        by.setdefault(type(k.fact), []).append(k)
    return Case(
        source=arrived[0].fact.source if arrived else "",
        case_no=arrived[0].fact.case_no if arrived else "",
        history=bool(arrived) and arrived[0].fact.history,
        item=next((k.fact.item for k in ordered if k.fact.item), ""),
        department=next((k.fact.actor.department for k in ordered if k.fact.actor.department), ""),
        facts=tuple(ordered),
        by=by,
        last_known=arrived[-1].known_at if arrived else 0,
        corrections=applied,
        unreadable=tuple(unreadable),
        first_known={k.fact.id: k.known_at for k in reversed(arrived)},
    )


def _latest(arrived: list[Known]) -> dict[str, Known | None]:
    """By id, the highest data_version; a re-send takes the place of what it repeats."""
    latest: dict[str, Known | None] = {}
    for known in arrived:
        earlier = latest.get(known.fact.id)
        if earlier is None or known.fact.data_version > earlier.fact.data_version:
            latest[known.fact.id] = known
    return latest


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
