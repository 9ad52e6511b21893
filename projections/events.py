"""An event as the stream on the wall shows it."""

from __future__ import annotations

from msgspec import Struct

from supervision.acts import CardAct, CardIssued, DeskAct
from supervision.facts import (
    CaseConcluded,
    DecisionSigned,
    Fact,
    SpecialProcedureStarted,
    StepCompleted,
    instant,
)
from supervision.store.stored import Stored
from supervision.streams import parse
from supervision.why import procedure_words

from .rows import EventRow

FAMILIES = {"facts": "fact", "links": "fact", "cards": "card", "desk": "desk"}


def event_row(
    stored: Stored, event: Struct, family: str, names: tuple[str, str, str]
) -> EventRow | None:
    """The row of a fact, card act or desk act; None for what is none of them."""
    case = parse(stored.stream)
    if case is None or family not in FAMILIES:
        return None
    item, item_name, department = names
    return EventRow(
        position=stored.position,
        recorded_at=stored.recorded_at,
        occurred_at=_occurred(event, stored.recorded_at),
        family=FAMILIES[family],
        kind=stored.topic.partition("/")[0],
        source=case.source,
        case_no=case.case_no,
        item=item,
        item_name=item_name,
        department=department,
        detail=_detail(event),
        history=int(bool(getattr(event, "history", False))),
    )


def _occurred(event: Struct, recorded_at: int) -> int:
    if isinstance(event, Fact):
        return instant(event.occurred_at)
    if isinstance(event, CardAct | DeskAct):
        return instant(event.at)
    return recorded_at


def _detail(event: Struct) -> str:
    """What tells this event from others of its kind: step, procedure, result, card's label."""
    match event:
        case StepCompleted(step=step):
            return step
        case SpecialProcedureStarted(kind=kind):
            return procedure_words(kind)
        case CaseConcluded(result=result):
            return result
        case DecisionSigned(granted=granted):
            return "准予" if granted else "不予"
        case CardIssued(label_zh=label):
            return label
    return ""
