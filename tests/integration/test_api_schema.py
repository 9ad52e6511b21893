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

from projections.chdb import ChdbEngine
from supervision.access.rights import AUDITOR, MANAGER
from supervision.errors import StoreDown
from supervision.intake.http import PATH as EVENTS
from supervision.intake.keys import new_key
from tests.product import until
from tests.whole import WATER, WOODS, Whole, tells_of, whole_at

pytestmark = pytest.mark.integration

SCHEMA = "/api/v1/openapi.json"
OPEN = {"/api/v1/health"}
READ = {"/api/v1/wall", "/api/v1/cases", "/api/v1/case", *OPEN}
BESIDE = [negative_data_rejection, unsupported_method, missing_required_header]
"""Checks that do not hold here: an event that breaks the schema is refused in its result, a field
that no route knows is left alone, and a method that no route has is refused before it is looked at.
"""
REACHED = {
    "nobody": {},
    "source": {EVENTS: {200}},
    "manager": {"/api/v1/wall": {200}, "/api/v1/cases": {200}, "/api/v1/case": {200}},
    "auditor": {"/api/v1/cases": {200}, "/api/v1/case": {200}},
}
"""What each asker gets an answer from, beside what is open to all."""
HINTS = (
    {},
    {"what": "department", "value": WOODS.name},
    {"what": "department", "value": WATER.name},
    {"what": "red", "value": ""},
    {"source": WOODS.source, "case_no": WOODS.cases[0]},
    {"source": WATER.source, "case_no": WATER.cases[1]},
)
"""What nobody would find by chance."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """One for all tests here."""
    with whole_at(tmp_path_factory.mktemp("whole"), chdb) as opened:
        manager = opened.visit(MANAGER, WATER)
        until(lambda: opened.ask("GET", "/api/v1/wall", manager).is_success, "the manager's wall")
        yield opened


@pytest.fixture(scope="module")
def askers(whole: Whole) -> dict[str, dict[str, str]]:
    """Headers of each who asks."""
    secret = new_key(whole.record, WATER.source).secret
    return {
        "nobody": {},
        "source": {"Authorization": f"Bearer {secret}"},
        "manager": whole.visit(MANAGER, WATER).headers,
        "auditor": whole.visit(AUDITOR, WATER).headers,
    }


def operations(whole: Whole) -> Iterator[tuple[str, Any]]:
    """Those of the schema, by path."""
    schema = schemathesis.openapi.from_asgi(SCHEMA, whole.app)
    for result in schema.get_all_operations():
        operation = result.ok()
        yield operation.path, operation


def test_the_schema_has_every_part_of_the_api(whole: Whole) -> None:
    """What each answers with, and how it refuses; who may read it, reads it without a key."""
    told = whole.ask("GET", SCHEMA).json()["paths"]
    assert set(told) == {*READ, EVENTS}
    for path in READ - OPEN:
        answers = told[path]["get"]["responses"]
        assert {"200", "401", "403", "503"} <= set(answers)
        assert answers["200"]["content"]["application/json"]["schema"]["properties"]
        assert told[path]["get"]["security"] == [{"Session": []}]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("asker", list(REACHED))
def test_every_answer_is_as_described_and_within_the_right(
    whole: Whole, askers: dict[str, dict[str, str]], asker: str, mode: GenerationMode
) -> None:
    """Whatever is sent; of another department there is nothing in it."""
    reached: dict[str, set[int]] = {}
    for path, operation in operations(whole):

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode), hint=st.sampled_from(HINTS))
        def check(case: schemathesis.Case, hint: dict[str, str], *, path: str = path) -> None:
            if case.query:
                case.query.update({name: hint[name] for name in hint if name in case.query})
            answer = case.call(headers=askers[asker])
            case.validate_response(answer, excluded_checks=BESIDE)
            assert answer.status_code < 500
            assert tells_of(answer.text, WOODS) == []
            assert tells_of(answer.text, WATER) == [] or path in REACHED[asker]
            if answer.status_code not in (401, 403):
                reached.setdefault(path, set()).add(answer.status_code)

        check()
    assert set(reached) == {*REACHED[asker], *OPEN}
    if mode is GenerationMode.POSITIVE:
        assert all(wanted <= reached[path] for path, wanted in REACHED[asker].items())


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
    for address in (f"/api/v1/case?{case}", "/api/v1/cases", "/export/cases.csv"):
        answer = whole.ask("GET", address, headers=askers["manager"])
        assert answer.status_code == 503
        assert answer.json()["title"] == "Service Unavailable"
        assert "5432" not in answer.text
