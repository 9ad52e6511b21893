"""Answers in problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

PROBLEM_JSON = "application/problem+json"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "about:blank: the status says it all"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was wrong and what to do"},
    },
}


def problem(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An answer that says what was wrong."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return JSONResponse(body, int(status), dict(headers or {}), PROBLEM_JSON)


def described(description: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Such an answer as OpenAPI has it; `headers` are those it brings, with what they say."""
    answer: dict[str, Any] = {
        "description": description,
        "content": {PROBLEM_JSON: {"schema": SCHEMA}},
    }
    if headers:
        answer["headers"] = {
            name: {"description": says, "schema": {"type": "string"}}
            for name, says in headers.items()
        }
    return answer
