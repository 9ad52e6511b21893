"""What OpenAPI says of intake over HTTP."""

from __future__ import annotations

from typing import Any

from .envelope import PREFIX, SPEC_VERSION
from .problem import described
from .reading import CASE_NO_LONGEST, FORMS, ID_LONGEST

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"

SIGNING = (
    "instead of a key, with a key that signs: v1= and HMAC-SHA256 in hex, by the key's secret, "
    "over five lines joined by a line feed: v1, POST, the path, X-Timestamp (Unix seconds, not off "
    "by more than 300), SHA-256 of the body in hex. With X-Key-Id and X-Timestamp; used once"
)

EXAMPLE: dict[str, Any] = {
    "specversion": SPEC_VERSION,
    "id": "D01-2026-000017-3",
    "source": "示范审批系统",
    "type": "StepCompleted",
    "subject": "D01-2026-000017",
    "time": "2026-11-20T09:30:00+08:00",
    "data": {
        "item": "000-示范-1",
        "actor": {"id": "u7", "post": "审核", "department": "D01"},
        "step": "审核",
        "result": "同意",
        "opinion": "材料齐全，符合条件。",
    },
}

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time"],
    "properties": {
        "specversion": {"type": "string", "enum": [SPEC_VERSION]},
        "id": {"type": "string", "minLength": 1, "maxLength": ID_LONGEST},
        "source": {
            "type": "string",
            "minLength": 1,
            "maxLength": ID_LONGEST,
            "description": "the source system that the key belongs to",
        },
        "type": {
            "type": "string",
            "enum": [*FORMS, *(PREFIX + kind for kind in FORMS)],
            "description": "which fact it is",
        },
        "subject": {
            "type": "string",
            "minLength": 1,
            "maxLength": CASE_NO_LONGEST,
            "description": "the case number",
        },
        "time": {
            "type": "string",
            "format": "date-time",
            "description": "when it happened, with offset",
        },
        "datacontenttype": {"type": "string", "enum": [PLAIN]},
        "data": {"type": "object", "description": "the other fields of the fact"},
    },
    "example": EXAMPLE,
}

RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string", "description": "the event's; empty if it could not be read"},
        "status": {"type": "string", "enum": ["stored", "had", "refused"]},
        "position": {"type": "integer", "description": "where the log has it"},
        "reason": {"type": "string", "description": "why it was refused"},
    },
}

RESULTS: dict[str, Any] = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "items": RESULT,
            "description": "one for each event, in order",
        }
    },
}


def request_body(most: int) -> dict[str, Any]:
    """One event, or up to `most`."""
    # Anything may stand in an array: an entry that is no event is refused for itself.
    array = {"type": "array", "items": EVENT, "maxItems": most}
    return {
        "required": True,
        "content": {
            ONE: {"schema": EVENT},
            BATCH: {"schema": array},
            PLAIN: {"schema": {"anyOf": [EVENT, array]}},
        },
    }


LATER = {"Retry-After": "seconds after which to come back"}

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Read; what became of each event stands in its result.",
        "content": {PLAIN: {"schema": RESULTS}},
    },
    400: described("The body is not JSON in UTF-8."),
    401: described(
        "No key, or one that opens nothing; a signature that is not right, not in time or was used "
        "before; a key where only signed requests are taken.",
        {"WWW-Authenticate": "Bearer, or Signature where only signed requests are taken"},
    ),
    408: described("The body took too long."),
    413: described("More bytes or more events than one request may bring."),
    415: described("Another media type, character set or a compressed body."),
    422: described("JSON, but neither an event nor an array of events."),
    429: described("More requests in a minute than a key may send.", LATER),
    503: described(
        "The store is busy, full or stopped: nothing was stored; or its server does not answer, "
        "and it may be stored already. Send the same again: that does no harm.",
        LATER,
    ),
}
