"""The materials of a case (材料): which were given, which were asked for as missing, which came.

As the facts say it, corrected where they were corrected. Pure.
"""

from __future__ import annotations

from msgspec.structs import replace

from supervision.facts import ApplicationReceived, Known, SupplementReceived, SupplementRequested
from supervision.judgement.case import Case

from .casefile import Material

GIVEN, MISSING, SUPPLEMENTED = "given", "missing", "supplemented"


def materials_of(case: Case) -> tuple[Material, ...]:
    """In the order in which they were first named."""
    found: dict[str, Material] = {}
    for known in case.facts:
        match known.fact:
            case ApplicationReceived(materials=names):
                for name in names:
                    _put(found, name, known, state=GIVEN, given_at=_at(known))
            case SupplementRequested(materials=names):
                for name in names:
                    _put(found, name, known, state=MISSING, asked_at=_at(known))
            case SupplementReceived(materials=names, complete=complete):
                for name in dict.fromkeys((*names, *(_missing(found) if complete else ()))):
                    _put(found, name, known, state=SUPPLEMENTED, supplemented_at=_at(known))
    return tuple(found.values())


def _put(found: dict[str, Material], name: str, known: Known, **says: str) -> None:
    had = found.get(name, Material(name=name, state=""))
    positions = (*had.positions, known.position)
    found[name] = replace(had, positions=positions, **says)


def _missing(found: dict[str, Material]) -> list[str]:
    """Of a supplement that makes the file complete, all that was asked for has come."""
    return [name for name, each in found.items() if each.state == MISSING]


def _at(known: Known) -> str:
    return known.fact.occurred_at.isoformat()
