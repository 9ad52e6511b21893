"""Intake over HTTP: CloudEvents one by one or in batches, each answered for itself.

What concerns the sender (no key, too fast, too big, no JSON) is answered for the whole request in
problem+json; what concerns an event, in its result. The store is called in threads of their own
number, so that no other part of the process waits for one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from time import time
from typing import Annotated, Any, NamedTuple

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

from ..errors import StoreDown, SupervisionError
from ..record import Incoming, Outcome, Record
from .door import Door, KeyRing, Once, RefusalHeard, Turned, Why
from .envelope import BodyUnreadable, decode, read_event
from .http_problems import (
    MAYBE_STORED,
    NOT_STORED,
    RETRY_BUSY,
    Problem,
    nothing_stored,
    stop,
    unavailable,
)
from .http_schema import BATCH, ONE, PLAIN, RESPONSES, SIGNING, request_body
from .keys import Key
from .problem import problem
from .reading import Refused
from .rights import Bounds, Items
from .signing import SIGNATURE, WINDOW, Signed, read_signed

PATH = "/api/v1/events"

BEARER = HTTPBearer(auto_error=False, description="the source system's key")
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="the same key")
SIGNED = APIKeyHeader(
    name="X-Signature", scheme_name="Signature", auto_error=False, description=SIGNING
)
WHAT = f"POST {PATH}"
"""What is refused, where it is recorded that it was."""

Heard = Callable[[Sequence[Outcome], int], object]
"""Hears what became of a request's facts, and how many events were refused before they were any."""


class LimitsConfig(Struct, frozen=True, kw_only=True):
    """What one process takes in.

    requests_per_minute: of one key. body_bytes: of one request, counted as it comes. events: of one
    request. body_seconds: that a body may take. threads: that may wait for the store. waiting:
    requests held in memory at a time.
    signed: only signed requests are taken.
    """

    requests_per_minute: int = 600
    body_bytes: int = 8 << 20
    events: int = 1_000
    body_seconds: float = 30.0
    threads: int = 4
    waiting: int = 32
    signed: bool = False


SEND_A_KEY = (
    "send the source system's key as Authorization: Bearer KEY or X-API-Key: KEY, or sign the "
    "request: see docs/intake.md"
)
SIGN = (
    "本系统只接受签名请求，请使用签名密钥 only signed requests are taken here: have a signing key "
    "given to you, and send X-Key-Id, X-Timestamp and X-Signature, see docs/intake.md"
)
SIGN_AGAIN = (
    "该签名已使用过，请用新的时间重新签名 this signature was used before: sign again, with a new "
    "X-Timestamp"
)


class Guard(NamedTuple):
    """What intake needs of the rest of the system to know who sends.

    now: Unix seconds, by which keys end and signatures are in time. once: whether a signature is
    new, for all processes; without it no signed request is taken. refused: hears what is refused;
    a SupervisionError of its own, or of `once`, ends the request, and nothing of it is stored.
    """

    now: Callable[[], float] = time
    once: Once | None = None
    refused: RefusalHeard | None = None


def router(
    record: Record,
    keys: KeyRing | None = None,
    limits_config: LimitsConfig | None = None,
    heard: Heard | None = None,
    guard: Guard | None = None,
) -> APIRouter:
    """The routes of intake for an application that serves them."""
    intake = _Intake(
        record, keys or KeyRing(record), limits_config or LimitsConfig(), heard, guard or Guard()
    )
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
        signature: Annotated[str | None, Depends(SIGNED)],
    ) -> Response:
        """Each event is stored, had already, or refused with a reason; the others do not suffer.

        Sending again is harmless: an event is known by its source, id and data_version.
        """
        key = credentials.credentials if credentials else api_key
        return await intake.answer(request, key)

    return routes


class _Intake:
    def __init__(
        self,
        record: Record,
        keys: KeyRing,
        limits: LimitsConfig,
        heard: Heard | None,
        guard: Guard,
    ) -> None:
        self.limits = limits
        self._heard = heard
        self._record = record
        self._items = Items(record)
        self._door = Door(keys, guard.now, guard.once, signed_only=limits.signed)
        self._refused = guard.refused
        self._now = guard.now
        self._rate = RateLimitItemPerMinute(limits.requests_per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._threads: CapacityLimiter | None = None
        self._held = 0

    async def answer(self, request: Request, secret: str | None) -> Response:
        """The answer to one request."""
        try:
            said = read_signed(request.headers) if not secret else None
            key = await self._in_thread(self._sender, secret, said, SIGNATURE in request.headers)
            if said is None:
                self._check_rate(key)
            if self._held >= self.limits.waiting:
                raise stop(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "too many requests are waiting for the store",
                    Retry_After=str(RETRY_BUSY),
                )
            self._held += 1
            try:
                return await self._taken(request, key, said)
            finally:
                self._held -= 1
        except Problem as stopped:
            return stopped.response
        except ClientDisconnect:
            return problem(HTTPStatus.BAD_REQUEST, "the connection ended inside the body")

    async def _taken(self, request: Request, key: Key, said: Signed | None) -> Response:
        kind = _media_type(request)
        body = await self._body(request)
        if said is not None:
            await self._in_thread(self._prove, key, said, body)
            self._check_rate(key)
        answer: Response = await self._in_thread(self._store, body, kind, key, said)
        return answer

    async def _in_thread(self, call: Any, *says: Any) -> Any:
        if self._threads is None:
            self._threads = CapacityLimiter(self.limits.threads)
        return await anyio.to_thread.run_sync(call, *says, limiter=self._threads)

    def _sender(self, secret: str | None, said: Signed | None, signs: bool) -> Key:
        """In a thread: whose key it is; one that signs has proved nothing yet."""
        with nothing_stored():
            if secret:
                found = self._door.by_key(secret)
            elif said is not None:
                found = self._door.by_name(said)
            else:
                found = Turned("bad signature" if signs else "no key")
            if isinstance(found, Turned):
                raise self._turned(found)
            return found

    def _prove(self, key: Key, said: Signed, body: bytes) -> None:
        """In a thread: go on only if the key signed this."""
        with nothing_stored():
            if not self._door.proves(key, said, "POST", PATH, body):
                raise self._turned(Turned("bad signature", key.id))

    def _turned(self, turned: Turned) -> Problem:
        """The answer to who is turned away, once that is recorded."""
        self._record_refusal(*turned)
        if turned.why == "clock":
            detail = (
                f"X-Timestamp must be within {WINDOW} seconds of this server's clock, which says "
                f"{int(self._now())}"
            )
        elif turned.why == "replayed signature":
            detail = SIGN_AGAIN
        else:
            detail = SIGN if self.limits.signed else SEND_A_KEY
        scheme = "Signature" if self.limits.signed else "Bearer"
        return stop(HTTPStatus.UNAUTHORIZED, detail, WWW_Authenticate=scheme)

    def _record_refusal(self, why: Why, who: str) -> None:
        if self._refused is not None:
            self._refused(WHAT, why, who)

    def _check_rate(self, key: Key) -> None:
        """Go on only within the key's rate."""
        if not self._limiter.hit(self._rate, key.id):
            until = self._limiter.get_window_stats(self._rate, key.id).reset_time
            raise stop(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"more than {self.limits.requests_per_minute} requests a minute: send batches",
                Retry_After=str(max(1, round(until - time()))),
            )

    async def _body(self, request: Request) -> bytes:
        """What was sent, no more of it held than the limit."""
        largest = self.limits.body_bytes
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told[:20]) > largest:
            raise self._too_large()
        body = bytearray()
        try:
            with anyio.fail_after(self.limits.body_seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > largest:
                        raise self._too_large()
        except TimeoutError:
            raise self._too_slow() from None
        return bytes(body)

    def _too_slow(self) -> Problem:
        """Else who sends a byte now and then would hold everybody's place."""
        return stop(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the body took more than {self.limits.body_seconds:g} s: send smaller batches",
        )

    def _too_large(self) -> Problem:
        return stop(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"more than {self.limits.body_bytes:,} bytes: send smaller batches",
        )

    def _store(self, body: bytes, kind: str, key: Key, said: Signed | None) -> Response:
        """In a thread: read, store, answer; what is signed is used by it."""
        raw = self._events(body, kind)
        with nothing_stored():
            if said is not None and not self._door.uses(said):
                raise self._turned(Turned("replayed signature", key.id))
            read = self._permitted([read_event(each, key.source) for each in raw], key)
        good = [each for each in read if isinstance(each, Incoming)]
        try:
            outcomes = self._record.append_facts(good)
        except SupervisionError as error:
            outcome = MAYBE_STORED if isinstance(error, StoreDown) else NOT_STORED
            raise unavailable(error, outcome) from error
        if self._heard is not None:
            self._heard(outcomes, len(read) - len(good))
        following = iter(outcomes)
        results = [
            _refused(each) if isinstance(each, Refused) else _result(each, next(following))
            for each in read
        ]
        return JSONResponse({"results": results})

    def _permitted(self, read: Sequence[Incoming | Refused], key: Key) -> list[Incoming | Refused]:
        """The same, without the facts that the key may not send; that there were is recorded."""
        bounds = Bounds(self._record, self._items, key)
        found: list[Incoming | Refused] = []
        beyond = False
        for each in read:
            why = bounds.refusal(each.fact) if isinstance(each, Incoming) else ""
            beyond = beyond or bool(why)
            found.append(_not_permitted(each, why) if isinstance(each, Incoming) and why else each)
        if beyond:
            self._record_refusal("rights", key.id)
        return found

    def _events(self, body: bytes, kind: str) -> list[Any]:
        try:
            raw = decode(body)
        except BodyUnreadable as error:
            raise stop(HTTPStatus.BAD_REQUEST, f"the body is {error}") from error
        many = isinstance(raw, list)
        if (kind == ONE and many) or (kind == BATCH and not many):
            raise stop(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"{ONE} is one event, {BATCH} an array of events",
            )
        if not isinstance(raw, list | dict):
            raise stop(HTTPStatus.UNPROCESSABLE_ENTITY, "the body is no event and no array of them")
        if isinstance(raw, list) and len(raw) > self.limits.events:
            raise stop(
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
        raise stop(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"send {ONE}, {BATCH} or {PLAIN}, in UTF-8 and not compressed",
        )
    return kind


def _not_permitted(event: Incoming, why: str) -> Refused:
    return Refused(event.fact.id, why, event.fact.case_no)


def _refused(event: Refused) -> dict[str, object]:
    return {"id": event.id, "status": "refused", "reason": event.reason}


def _result(event: Incoming, outcome: Outcome) -> dict[str, object]:
    said: dict[str, object] = {"id": event.fact.id, "status": outcome.state}
    if outcome.position:
        said["position"] = outcome.position
    if outcome.reason:
        said["reason"] = outcome.reason
    return said
