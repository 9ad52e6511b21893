"""Intake over HTTP: CloudEvents one by one or in batches, each answered for itself.

What concerns the sender (no key, too fast, too big, no JSON) is answered for the whole request in
problem+json; what concerns an event, in its result. The store is called in threads of their own
number, so that no other part of the process waits for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from time import time
from typing import Annotated, Any

import anyio
from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from msgspec import Struct
from starlette.requests import ClientDisconnect

from ..errors import (
    ClockJumped,
    StoreBusy,
    StoreDown,
    StoreError,
    StreamConflict,
    SupervisionError,
)
from ..record import Incoming, Outcome, Record
from .envelope import BodyUnreadable, decode, read_event
from .http_schema import BATCH, ONE, PLAIN, RESPONSES, request_body
from .keys import KeyRing, digest_of
from .problem import problem
from .reading import Refused

PATH = "/api/v1/events"

BEARER = HTTPBearer(auto_error=False, description="the source system's key")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="the same key")

Heard = Callable[[Sequence[Outcome], int], object]
"""Hears what became of a request's facts, and how many events were refused before they were any."""


class LimitsConfig(Struct, frozen=True, kw_only=True):
    """What one process takes in.

    requests_per_minute: of one key. body_bytes: of one request, counted as it comes. events: of one
    request. threads: that may wait for the store. waiting: requests held in memory at a time.
    """

    requests_per_minute: int = 600
    body_bytes: int = 8 << 20
    events: int = 1_000
    threads: int = 4
    waiting: int = 32


RETRY_BUSY = 1
"""Seconds after which to come back when the store or this process is busy."""

RETRY_DOWN = 5
"""Seconds after which to come back when the store's server does not answer: it may be starting."""

RETRY_STOPPED = 60
"""Seconds after which to come back when somebody has to make room or confirm the clock."""


NOT_STORED = "未入库，请稍后重发 nothing was stored, send it again later"
MAYBE_STORED = (
    "可能已经入库，请稍后重发，重发无害 "
    "it may be stored already: send it again later, which does no harm"
)
"""What became of a request that was not answered as it should be. An event that is sent again is
known by its source, id and data_version, and answered `had`."""


class _Problem(Exception):
    """Ends a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _stop(status: HTTPStatus, detail: str, **headers: str) -> _Problem:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _Problem(problem(status, detail, named))


def router(
    record: Record,
    keys: KeyRing | None = None,
    limits_config: LimitsConfig | None = None,
    heard: Heard | None = None,
) -> APIRouter:
    """The routes of intake for an application that serves them."""
    intake = _Intake(record, keys or KeyRing(record), limits_config or LimitsConfig(), heard)
    routes = APIRouter(tags=["intake"])

    @routes.post(
        PATH,
        summary="Report facts of cases as CloudEvents",
        response_model=None,
        responses=RESPONSES,
        openapi_extra={"requestBody": request_body(intake.limits.events)},
    )
    async def events(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
        api_key: Annotated[str | None, Depends(HEADER)],
    ) -> Response:
        """Each event is stored, had already, or refused with a reason; the others do not suffer.

        Sending again is harmless: an event is known by its source, id and data_version.
        """
        key = credentials.credentials if credentials else api_key
        return await intake.answer(request, key)

    return routes


class _Intake:
    def __init__(
        self, record: Record, keys: KeyRing, limits: LimitsConfig, heard: Heard | None
    ) -> None:
        self.limits = limits
        self._heard = heard
        self._record = record
        self._keys = keys
        self._rate = RateLimitItemPerMinute(limits.requests_per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._threads: CapacityLimiter | None = None
        self._held = 0

    async def answer(self, request: Request, key: str | None) -> Response:
        """The answer to one request."""
        try:
            source = await self._sender(key)
            if self._held >= self.limits.waiting:
                raise _stop(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "too many requests are waiting for the store",
                    Retry_After=str(RETRY_BUSY),
                )
            self._held += 1
            try:
                kind = _media_type(request)
                body = await self._body(request)
                answer: Response = await self._in_thread(self._store, body, kind, source)
                return answer
            finally:
                self._held -= 1
        except _Problem as stopped:
            return stopped.response
        except ClientDisconnect:
            return problem(HTTPStatus.BAD_REQUEST, "the connection ended inside the body")

    async def _in_thread(self, call: Any, *says: Any) -> Any:
        if self._threads is None:
            self._threads = CapacityLimiter(self.limits.threads)
        return await anyio.to_thread.run_sync(call, *says, limiter=self._threads)

    async def _sender(self, key: str | None) -> str:
        """Whose key it is, within that system's rate."""
        source = await self._in_thread(self._source_of, key) if key else None
        if source is None:
            raise _stop(
                HTTPStatus.UNAUTHORIZED,
                "send the source system's key as Authorization: Bearer KEY or X-API-Key: KEY",
                WWW_Authenticate="Bearer",
            )
        assert key is not None
        digest = digest_of(key)
        if not self._limiter.hit(self._rate, digest):
            seconds = self._limiter.get_window_stats(self._rate, digest).reset_time
            raise self._too_fast(seconds)
        return str(source)

    def _too_fast(self, until: float) -> _Problem:
        wait = max(1, round(until - time()))
        return _stop(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"more than {self.limits.requests_per_minute} requests a minute: send batches",
            Retry_After=str(wait),
        )

    def _source_of(self, key: str) -> str | None:
        try:
            return self._keys.source_of(key)
        except SupervisionError as error:
            raise _unavailable(error, NOT_STORED) from error

    async def _body(self, request: Request) -> bytes:
        """What was sent, no more of it held than the limit."""
        largest = self.limits.body_bytes
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told[:20]) > largest:
            raise self._too_large()
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> _Problem:
        return _stop(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"more than {self.limits.body_bytes:,} bytes: send smaller batches",
        )

    def _store(self, body: bytes, kind: str, source: str) -> Response:
        """In a thread: read, store, answer."""
        read = [read_event(raw, source) for raw in self._events(body, kind)]
        good = [each for each in read if isinstance(each, Incoming)]
        try:
            outcomes = self._record.append_facts(good)
        except SupervisionError as error:
            outcome = MAYBE_STORED if isinstance(error, StoreDown) else NOT_STORED
            raise _unavailable(error, outcome) from error
        if self._heard is not None:
            self._heard(outcomes, len(read) - len(good))
        following = iter(outcomes)
        results = [
            _refused(each) if isinstance(each, Refused) else _result(each, next(following))
            for each in read
        ]
        return JSONResponse({"results": results})

    def _events(self, body: bytes, kind: str) -> list[Any]:
        try:
            raw = decode(body)
        except BodyUnreadable as error:
            raise _stop(HTTPStatus.BAD_REQUEST, f"the body is {error}") from error
        many = isinstance(raw, list)
        if (kind == ONE and many) or (kind == BATCH and not many):
            raise _stop(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"{ONE} is one event, {BATCH} an array of events",
            )
        if not isinstance(raw, list | dict):
            raise _stop(
                HTTPStatus.UNPROCESSABLE_ENTITY, "the body is no event and no array of them"
            )
        if isinstance(raw, list) and len(raw) > self.limits.events:
            raise _stop(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"more than {self.limits.events:,} events: send smaller batches",
            )
        return raw if isinstance(raw, list) else [raw]


def _media_type(request: Request) -> str:
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = given.strip().lower()
    charset = parameters.replace(" ", "").replace('"', "").lower()
    plain = request.headers.get("content-encoding", "identity").lower() == "identity"
    if kind not in (ONE, BATCH, PLAIN) or charset not in ("", "charset=utf-8") or not plain:
        raise _stop(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"send {ONE}, {BATCH} or {PLAIN}, in UTF-8 and not compressed",
        )
    return kind


def _unavailable(error: SupervisionError, outcome: str) -> _Problem:
    """What became of the request, and when to come back; or have somebody look at the store."""
    if isinstance(error, StoreBusy | StreamConflict):
        seconds = RETRY_BUSY
    elif isinstance(error, StoreDown):
        seconds = RETRY_DOWN
    elif isinstance(error, StoreError | ClockJumped):
        seconds = RETRY_STOPPED
    else:
        raise error
    return _stop(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{outcome}: {error}",
        Retry_After=str(seconds),
    )


def _refused(event: Refused) -> dict[str, object]:
    return {"id": event.id, "status": "refused", "reason": event.reason}


def _result(event: Incoming, outcome: Outcome) -> dict[str, object]:
    said: dict[str, object] = {"id": event.fact.id, "status": outcome.state}
    if outcome.position:
        said["position"] = outcome.position
    if outcome.reason:
        said["reason"] = outcome.reason
    return said
