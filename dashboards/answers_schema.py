"""What OpenAPI says of the API's answers: their shapes, and how it refuses."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Depends
from fastapi.security import APIKeyCookie

from supervision.access.gate import COOKIE

REFS = "#/$defs/"
PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "about:blank: the status says it all"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was wrong and what to do"},
    },
}
NO_LIST = "There is no such list."
NO_CASE = "There is no such case, or none that the asker may see."
SIGNED_IN = APIKeyCookie(
    name=COOKIE,
    scheme_name="Session",
    auto_error=False,
    description="of somebody who signed in with a browser",
)
API: dict[str, Any] = {
    "tags": ["supervision"],
    "response_model": None,
    "dependencies": [Depends(SIGNED_IN)],
}
"""What all routes that are read have in common."""


def answers_of(shape: type, nothing: str = "") -> dict[int | str, dict[str, Any]]:
    """The answers of a route: of this shape, and the refusals; `nothing` says what 404 means."""
    refusals = {
        401: "Nobody is signed in.",
        403: "The asker has no right to it, or the page of another site asks.",
        404: nothing,
        503: "Not read yet, or the stores do not answer: ask again.",
    }
    told: dict[int | str, dict[str, Any]] = {
        status: _answer(says, "application/problem+json", PROBLEM)
        for status, says in refusals.items()
        if says
    }
    return {200: _answer("As it is now.", "application/json", schema_of(shape)), **told}


def schema_of(shape: type) -> dict[str, Any]:
    """A shape in JSON Schema, without references, as it stands in a document of others; of a tuple,
    its length and what may be in it, as readers of OpenAPI disagree over prefixItems.
    """
    schema = msgspec.json.schema(shape)
    whole: dict[str, Any] = _plain(schema, schema.pop("$defs", {}))
    return whole


def _plain(part: Any, named: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_plain(each, named) for each in part]
    if not isinstance(part, dict):
        return part
    if str(part.get("$ref", "")).startswith(REFS):
        return _plain(named[part["$ref"].removeprefix(REFS)], named)
    told = {name: _plain(each, named) for name, each in part.items()}
    if places := told.pop("prefixItems", None):
        kinds = [kind for at, kind in enumerate(places) if kind not in places[:at]]
        told["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return told


def _answer(says: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": says, "content": {kind: {"schema": schema}}}
