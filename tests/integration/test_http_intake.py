"""Facts over HTTP: each event answered for itself, each sender within its bounds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from supervision.clock import Clock, Reading, SystemClock
from supervision.errors import StoreBroken, StoreBusy, StoreDown, StoreFull, SupervisionError
from supervision.facts import Fact
from supervision.intake.door import KeyRing
from supervision.intake.http import PATH, LimitsConfig, router
from supervision.intake.http_schema import BATCH, EXAMPLE, ONE, PLAIN
from supervision.intake.keys import KEYS, Key, digest_of, keys, new_key, revoke
from supervision.intake.problem import PROBLEM_JSON
from supervision.record import Incoming, Outcome, Record

pytestmark = pytest.mark.integration

SOURCE = EXAMPLE["source"]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """A record of its own for each test."""
    record = Record(tmp_path / "home", SystemClock())
    yield record
    record.close()


@pytest.fixture
def key(record: Record) -> str:
    """The key of the example's source system."""
    return new_key(record, SOURCE).secret


def app_of(record: Record, **limits: float) -> FastAPI:
    app = FastAPI(title="intake")
    app.include_router(router(record, KeyRing(record), LimitsConfig(**limits)))
    return app


def post(
    app: FastAPI,
    key: str | None,
    body: Any,
    kind: str = PLAIN,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Send one request; bytes and streams as they are, anything else as JSON."""
    given = {"Content-Type": kind, **(headers or {})}
    if key:
        given["Authorization"] = f"Bearer {key}"
    if not isinstance(body, bytes | AsyncIterator):
        body = json.dumps(body).encode()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
            return await client.post(PATH, content=body, headers=given)

    return asyncio.run(send())


def event(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {**EXAMPLE, "id": f"e{number}", **changed}


def is_problem(answer: httpx.Response, status: int) -> bool:
    said = answer.json()
    return (
        answer.status_code == status
        and answer.headers["content-type"] == PROBLEM_JSON
        and said["status"] == status
        and bool(said["detail"])
    )


def test_a_body_that_never_ends_does_not_keep_its_place(record: Record, key: str) -> None:
    """Who sends a byte now and then is answered 408, and nothing of it is stored."""

    async def trickle() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    answer = post(app_of(record, body_seconds=0.01), key, trickle())
    assert is_problem(answer, 408)
    assert record.head() == 1


def test_an_event_is_stored_and_had_the_second_time(record: Record, key: str) -> None:
    """With the position in the log; its opinion is apart."""
    app = app_of(record)
    first = post(app, key, event(), ONE)
    position = record.head()
    assert first.status_code == 200
    assert first.json() == {"results": [{"id": "e1", "status": "stored", "position": position}]}
    again = post(app, key, event(), ONE)
    assert again.json() == {"results": [{"id": "e1", "status": "had", "position": position}]}
    fact = record.read(position - 1, 1)[0].event
    assert isinstance(fact, Fact)
    assert record.texts(fact) == {"opinion": EXAMPLE["data"]["opinion"]}


@pytest.mark.parametrize("kind", [BATCH, PLAIN, f"{BATCH}; charset=UTF-8"])
def test_a_batch_is_stored_but_for_what_cannot_be_read(record: Record, key: str, kind: str) -> None:
    """One result an event, in order; the refused say why."""
    batch = [event(1), event(2, time="2026-02-30T00:00:00Z"), 7, event(3), event(1, subject="2")]
    results = post(app_of(record), key, batch, kind).json()["results"]
    assert [(each["id"], each["status"]) for each in results] == [
        ("e1", "stored"),
        ("e2", "refused"),
        ("", "refused"),
        ("e3", "stored"),
        ("e1", "refused"),
    ]
    assert "occurred_at" in results[1]["reason"]
    assert "other content" in results[4]["reason"]


def test_a_key_speaks_for_its_own_source_only(record: Record, key: str) -> None:
    """Events of another source are refused one by one, and history is not taken at all."""
    batch = [event(1, source="other"), event(2, data={"step": "x", "history": True}), event(3)]
    results = post(app_of(record), key, batch).json()["results"]
    assert [each["status"] for each in results] == ["refused", "refused", "stored"]
    assert "the key is that of" in results[0]["reason"]


def test_without_a_key_that_opens_nothing_is_taken(record: Record, key: str) -> None:
    """401 says how to send one; both ways are good."""
    app = app_of(record)
    for wrong in (None, "sk_wrong", "x" * 10_000, key[:-1], digest_of(key)):
        answer = post(app, wrong, event())
        assert is_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert post(app, None, event(), headers={"X-API-Key": key}).status_code == 200


def test_a_revoked_key_opens_nothing_at_once(record: Record, key: str, tmp_path: Path) -> None:
    """Also where another process revoked it; other keys of the source go on."""
    app = app_of(record)
    other = new_key(record, SOURCE, note="second").secret
    assert post(app, key, event()).status_code == 200
    elsewhere = Record(tmp_path / "home", SystemClock())
    (first,) = [each.id for each in keys(record) if each.digest == digest_of(key)]
    assert revoke(elsewhere, first)
    assert not revoke(elsewhere, first)
    elsewhere.close()
    assert is_problem(post(app, key, event()), 401)
    assert post(app, other, event()).status_code == 200
    assert [each.note for each in keys(record) if each.revoked_at is None] == ["second"]


def test_the_log_keeps_no_secret(record: Record, key: str) -> None:
    """Only its SHA-256."""
    stored = b"".join(each.payload for each in record.read_stream(KEYS))
    assert key.encode() not in stored
    assert digest_of(key).encode() in stored


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"[" * 200_000, 400),
        (b'{"a":NaN}', 400),
        (b"9" * 5000, 400),
        (b"9", 422),
        (b"null", 422),
        (b'"x"', 422),
        (b'{"a":1,"a":2}', 200),
        (b"[[[[[]]]]]", 200),
        (b'[{"id":"\\ud800"},{"data":{"days":1e999}}]', 200),
    ],
)
def test_whatever_json_comes_has_an_answer(
    record: Record, key: str, body: bytes, status: int
) -> None:
    """The body is no JSON, or no event, or its events are refused."""
    answer = post(app_of(record), key, body)
    assert answer.status_code == status
    if status == 200:
        assert {each["status"] for each in answer.json()["results"]} == {"refused"}
    else:
        assert is_problem(answer, status)


def test_the_media_type_says_whether_it_is_one_or_many(record: Record, key: str) -> None:
    """422 otherwise; other types, character sets and compressed bodies are 415."""
    app = app_of(record)
    assert is_problem(post(app, key, [event()], ONE), 422)
    assert is_problem(post(app, key, event(), BATCH), 422)
    for kind in ("text/plain", "application/json; charset=gbk", ""):
        assert is_problem(post(app, key, event(), kind), 415)
    assert is_problem(post(app, key, event(), headers={"Content-Encoding": "gzip"}), 415)


def test_no_more_than_the_limit_is_read(record: Record, key: str) -> None:
    """Whether the length is told or not; and no more events than a request may bring."""
    app = app_of(record, body_bytes=1000, events=2)
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(100_000):
            sent.append(number)
            yield b" " * 100

    assert is_problem(post(app, key, b" " * 1001), 413)
    assert is_problem(post(app, key, endless()), 413)
    assert len(sent) < 20
    assert is_problem(post(app, key, [1, 2, 3]), 413)
    assert post(app, key, [1, 2]).status_code == 200


def test_who_sends_too_fast_is_told_when_to_come_back(record: Record, key: str) -> None:
    """Per key: the others are not held up."""
    app = app_of(record, requests_per_minute=2)
    other = new_key(record, "other").secret
    answers = [post(app, key, []) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert is_problem(answers[2], 429)
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    assert post(app, other, []).status_code == 200


class Failing(Record):
    """A record whose store says no."""

    error: SupervisionError

    def append_facts(self, batch: Sequence[Incoming]) -> list[Outcome]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (StoreBusy("log.db", "is locked"), "1"),
        (StoreFull("log.db", "disk is full"), "60"),
        (StoreBroken("log.db", "input/output error"), "60"),
    ],
)
def test_when_the_store_says_no_nothing_is_stored_and_the_sender_comes_back(
    tmp_path: Path, error: SupervisionError, seconds: str
) -> None:
    """503, and when."""
    record = Failing(tmp_path / "home", SystemClock())
    record.error = error
    answer = post(app_of(record), new_key(record, SOURCE).secret, event())
    record.close()
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == seconds
    assert answer.json()["detail"].startswith(
        "未入库，请稍后重发 nothing was stored, send it again"
    )
    assert str(error) in answer.json()["detail"]


class Lost(Failing):
    """A record whose server stores, and dies before it can say so; later it answers again."""

    def append_facts(self, batch: Sequence[Incoming]) -> list[Outcome]:
        had = Record.append_facts(self, batch)
        if had[0].state == "stored":
            raise StoreDown("127.0.0.1:5432/supervision", "server closed the connection")
        return had


def test_when_the_server_is_lost_the_sender_may_send_again(tmp_path: Path) -> None:
    """In some seconds; the answer says that it may be stored already, and it is not doubled."""
    record = Lost(tmp_path / "home", SystemClock())
    app, key = app_of(record), new_key(record, SOURCE).secret
    answer = post(app, key, event())
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "5"
    detail = answer.json()["detail"]
    assert detail.startswith("可能已经入库，请稍后重发，重发无害 it may be stored already")
    assert "send it again later, which does no harm" in detail
    head = record.head()
    assert [each["status"] for each in post(app, key, event()).json()["results"]] == ["had"]
    assert record.head() == head
    record.close()


def test_when_no_key_can_be_looked_up_nothing_was_stored(record: Record, key: str) -> None:
    """The server was lost before the facts were given to it."""

    class Down(KeyRing):
        def holder(self, secret: str) -> Key | None:
            raise StoreDown("127.0.0.1:5432/supervision", "connection refused")

    app = FastAPI()
    app.include_router(router(record, Down(record)))
    answer = post(app, key, event())
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"].startswith("未入库")


class Jumping(Clock):
    """A clock that an operator sets wrong."""

    def __init__(self) -> None:
        self.wall = 1_795_138_200_000_000

    def __call__(self) -> Reading:
        return Reading(self.wall, 1_000_000, "boot")


def test_a_clock_that_jumped_stops_intake(tmp_path: Path) -> None:
    """Until an operator confirms it."""
    clock = Jumping()
    record = Record(tmp_path / "home", clock)
    key, app = new_key(record, SOURCE).secret, app_of(record)
    clock.wall += 3_600_000_000
    assert is_problem(post(app, key, event()), 503)
    record.confirm_clock("operator")
    assert post(app, key, event()).json()["results"][0]["status"] == "stored"
    record.close()


def test_too_many_requests_at_a_time_are_pushed_back(record: Record, key: str) -> None:
    """Rather than held in memory without bound."""
    answer = post(app_of(record, waiting=0), key, event())
    assert is_problem(answer, 503)
    assert answer.headers["retry-after"] == "1"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=200) | st.lists(st.just(EXAMPLE)).map(lambda e: json.dumps(e).encode())
)
def test_any_body_has_an_answer(record: Record, key: str, body: bytes) -> None:
    """Never an error of ours."""
    answer = post(app_of(record), key, body)
    assert answer.status_code in (200, 400, 422)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_described(record: Record, key: str, mode: GenerationMode) -> None:
    """Whatever the schema allows or forbids is sent: no 5xx, and each answer is documented."""
    app = app_of(record, requests_per_minute=10**6)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    (operation,) = [result.ok() for result in schema.get_all_operations()]

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        # An event that breaks the schema is refused in its result, not by the status.
        case.call_and_validate(
            headers={"Authorization": f"Bearer {key}"}, excluded_checks=[negative_data_rejection]
        )

    check()
