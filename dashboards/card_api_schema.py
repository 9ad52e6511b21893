"""What OpenAPI says of cards: what is asked, what is answered, and how it refuses."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from supervision.acts import DESK_ACTS
from supervision.loop.commands import LONGEST, NEEDS_REASON, SHORT

from .answers_schema import PROBLEM, schema_of
from .card_moves import CHOICES, ID_FORM, MOVE_NAMES, NAME_FORM, TO

JSON, PROBLEM_JSON = "application/json", "application/problem+json"
ID: dict[str, Any] = {
    "type": "string",
    "pattern": ID_FORM,
    "description": "of the asker's choice; the same act sent again with it is done once",
}
REASON: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST,
    "pattern": r"\S",
    "description": "kept sealed; no personal data of applicants",
}
REMARK: dict[str, Any] = {"type": "string", "maxLength": LONGEST}
NAME: dict[str, Any] = {"type": "string", "maxLength": SHORT, "pattern": NAME_FORM}
NAMED: dict[str, Any] = {**NAME, "minLength": 1, "pattern": r"^\w[\w .,、（）()《》〔〕-]*$"}


class ActDone(Struct, frozen=True, kw_only=True):
    """An act as it was recorded. `moot`: the card had been withdrawn, it changes nothing."""

    kind: str
    id: str
    card: str
    at: str
    by: str
    via: str
    moot: bool = False


class ActsDone(Struct, frozen=True, kw_only=True):
    """What came of a request: one act, or an order with it; and the card that it is about."""

    card: str
    acts: tuple[ActDone, ...]


def _move(kind: str, choice: bool | None = None) -> dict[str, Any]:
    """What is told with a move; `choice`: of one that decides, which way."""
    needs = DESK_ACTS[kind] in NEEDS_REASON
    needs |= kind in ("RectificationVerified", "ProposalDecided") and choice is False
    told: dict[str, Any] = {"kind": {"type": "string", "enum": [kind]}, "id": ID}
    told["reason"] = REASON if needs else REMARK
    required = ["kind", "id", *(["reason"] if needs else [])]
    if kind in TO:
        told["to"] = NAMED
        required.append("to")
    if choice is not None:
        told[CHOICES[kind]] = {"type": "boolean", "enum": [choice]}
        required.append(CHOICES[kind])
    return {"type": "object", "required": required, "properties": told}


MOVE: dict[str, Any] = {
    "oneOf": [
        _move(kind, choice)
        for kind in MOVE_NAMES
        for choice in ((True, False) if kind in CHOICES else (None,))
    ]
}
HAND: dict[str, Any] = {
    "type": "object",
    "required": ["id", "severity", "department", "reason"],
    "properties": {
        "id": ID,
        "severity": {"type": "string", "enum": ["yellow", "red"]},
        "department": {**NAMED, "description": "the responsible one"},
        "person": NAME,
        "step": NAME,
        "law": NAME,
        "causes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "ids of facts of the case",
        },
        "reason": REASON,
    },
}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """A request's body."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def acted() -> dict[int | str, dict[str, Any]]:
    """The answers of a route that does something."""
    done = {JSON: {"schema": schema_of(ActsDone)}}
    may = {"may": {"type": "array", "items": {"type": "string"}, "description": "what may be done"}}
    refused = {**PROBLEM, "properties": {**PROBLEM["properties"], **may}}
    refusals = {
        401: "Nobody is signed in.",
        403: "No right to this move, the same person, the token or the origin is missing.",
        404: "There is no such card or case, or none that the asker may see.",
        409: "Not from where the card stands; `may` says what can be done. Or others were faster.",
        413: "The body is too long.",
        415: "The body is not JSON.",
        422: "What was sent does not do; `detail` says why.",
        503: "The stores do not answer: send the same again, it is done once.",
    }
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": "It had been done with this id.", "content": done},
        201: {"description": "Done.", "content": done},
    }
    for status, says in refusals.items():
        told[status] = {"description": says, "content": {PROBLEM_JSON: {"schema": refused}}}
    return told
