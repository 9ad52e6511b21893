"""Everything that the API's schema allows or forbids, asked by everybody: no error of ours, answers
as described, nothing beyond the asker's right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    missing_required_header,
    negative_data_rejection,
    unsupported_method,
)
from starlette.types import Receive, Scope, Send

from projections.chdb import ChdbEngine
from supervision.access.rights import AUDITOR, INSPECTOR, MANAGER
from supervision.errors import StoreDown
from supervision.intake.http import PATH as EVENTS
from supervision.intake.keys import new_key
from tests.cards_town import cards
from tests.product import until
from tests.whole import WATER, WOODS, Whole, tells_of, whole_at

pytestmark = pytest.mark.integration

SCHEMA = "/api/v1/openapi.json"
CALLED = "http://testserver"
"""Where the API is called here."""
OPEN = {"/api/v1/health"}
WALL = "/api/v1/wall"
CARD = "/api/v1/cards/{source}/{case_no}/{card}"
READ = {WALL, "/api/v1/cases", "/api/v1/case", "/api/v1/cards", CARD, *OPEN}
ACTS, HAND = f"{CARD}/acts", "/api/v1/cards/{source}/{case_no}"
BESIDE = [negative_data_rejection, unsupported_method, missing_required_header]
"""Checks that do not hold here: an event that breaks the schema is refused in its result, a field
that no route knows is left alone, and a method that no route has is refused before it is looked at.
"""
REACHED: dict[str, set[str]] = {
    "nobody": set(),
    "source": {EVENTS},
    "manager": {*READ - OPEN, ACTS},
    "auditor": {*READ - OPEN - {WALL}, ACTS},
    "inspector": {*READ - OPEN, ACTS, HAND},
}
"""What each asker gets answers from, beside what is open to all."""
HINTS: tuple[dict[str, str], ...] = (
    {},
    {"what": "department", "value": WOODS.name},
    {"what": "department", "value": WATER.name},
    {"what": "red", "value": ""},
    {"department": WOODS.name, "severity": "red"},
    {"text": WOODS.cases[0]},
    {"source": WOODS.source, "case_no": WOODS.cases[0]},
    {"source": WATER.source, "case_no": WATER.cases[1]},
)
"""What nobody would find by chance."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests here."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        opened.settle()
        yield opened


@pytest.fixture(scope="module")
def askers(whole: Whole) -> dict[str, dict[str, str]]:
    """Headers of each who asks."""
    secret = new_key(whole.record, WATER.source).secret
    return {
        "nobody": {},
        "source": {"Authorization": f"Bearer {secret}"},
        "manager": whole.visit(MANAGER, WATER).posting(CALLED),
        "auditor": whole.visit(AUDITOR, WATER).posting(CALLED),
        "inspector": whole.visit(INSPECTOR, WATER).posting(CALLED),
    }


def watched(whole: Whole, headers: dict[str, str]) -> None:
    """A wall that nobody looked at for a while is read anew."""
    until(lambda: whole.ask("GET", WALL, headers=headers).is_success, "the wall")


def started(whole: Whole) -> Any:
    """The application, which each call would else start and end; whatever the path holds."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await whole.app(scope, receive, send)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    return answer


def operations(whole: Whole) -> Iterator[tuple[str, Any]]:
    """Those of the schema, by path."""
    schema = schemathesis.openapi.from_asgi(SCHEMA, started(whole))
    for result in schema.get_all_operations():
        operation = result.ok()
        yield operation.path, operation


def test_the_schema_has_every_part_of_the_api(whole: Whole) -> None:
    """What each answers with, and how it refuses; who may read it, reads it without a key."""
    told = whole.ask("GET", SCHEMA).json()["paths"]
    assert set(told) == {*READ, EVENTS, ACTS, HAND}
    for path in READ - OPEN:
        answers = told[path]["get"]["responses"]
        assert {"200", "401", "403", "503"} <= set(answers)
        assert answers["200"]["content"]["application/json"]["schema"]["properties"]
        assert told[path]["get"]["security"] == [{"Session": []}]


def paths(whole: Whole) -> list[dict[str, str]]:
    """Cards that there are, of both departments, and none."""
    found: list[dict[str, str]] = [{}]
    for each in (WATER, WOODS):
        numbers = cards(whole, each.source, each.cases[0])
        found += [
            {"source": each.source, "case_no": each.cases[0], "card": card} for card in numbers
        ]
    return found


def tried(
    operation: Any, mode: GenerationMode, headers: dict[str, str], known: list[dict[str, str]]
) -> list[Any]:
    """The answers to what the schema allows, or forbids, each as described."""
    answers: list[Any] = []

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy(generation_mode=mode),
        hint=st.sampled_from(HINTS),
        path=st.sampled_from(known),
    )
    def check(case: schemathesis.Case, hint: dict[str, str], path: dict[str, str]) -> None:
        if case.path_parameters:
            named = {name: path[name] for name in path if name in case.path_parameters}
            case.path_parameters.update(named)
        if case.query:
            case.query.update({name: hint[name] for name in hint if name in case.query})
        answers.append(case.call(headers=headers))
        case.validate_response(answers[-1], excluded_checks=BESIDE)

    check()
    return answers


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("asker", list(REACHED))
def test_every_answer_is_as_described_and_within_the_right(
    whole: Whole, askers: dict[str, dict[str, str]], asker: str, mode: GenerationMode
) -> None:
    """Whatever is sent; of another department there is nothing in it."""
    for path, operation in operations(whole):
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue
        if path == WALL and path in REACHED[asker]:
            watched(whole, askers[asker])
        answers = tried(operation, mode, askers[asker], paths(whole))
        statuses = {answer.status_code for answer in answers}
        assert max(statuses) < 500
        assert [found for each in answers if (found := tells_of(each.text, WOODS))] == []
        if path in OPEN:
            assert statuses == {200}
        elif path in REACHED[asker]:
            assert statuses & {200, 201, 404, 409, 415, 422}
        else:
            assert statuses <= {401, 403}
            assert [found for each in answers if (found := tells_of(each.text, WATER))] == []


def test_when_the_stores_do_not_answer_the_api_says_so(
    whole: Whole, askers: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 as described, which names no store."""

    def down(*_: object, **__: object) -> None:
        raise StoreDown("127.0.0.1:5432/supervision", "connection refused")

    monkeypatch.setattr(whole.record, "read_case", down)
    monkeypatch.setattr(whole.system.warehouse, "query", down)
    monkeypatch.setattr(whole.record, "note", down)
    case = f"source={WATER.source}&case_no={WATER.cases[0]}"
    for address in (f"/api/v1/case?{case}", "/api/v1/cases", "/api/v1/cards", "/export/cases.csv"):
        answer = whole.ask("GET", address, headers=askers["manager"])
        assert answer.status_code == 503
        assert answer.json()["title"] == "Service Unavailable"
        assert "5432" not in answer.text
