"""Short messages by a signed request over HTTPS, in the manner of the large gateways.

    POST {url}                    {"phone": "+8613800138000", "text": "…", "sign": "签名",
                                   "out_id": "the message's id"}
        answered by               {"code": "OK", "message": "…", "id": "the gateway's id"}
    GET  {url}/receipts?after=…   answered by
                                  {"receipts": [{"id": "…", "state": "DELIVERED", "code": "…"}],
                                   "replies": [{"phone": "…", "text": "…"}], "next": "…"}

Requests bear

    Authorization: HMAC-SHA256 Credential={key}, Timestamp={UTC, 2026-06-01T08:00:00Z},
                   Nonce={32 hexadecimal digits}, Signature={hexadecimal}

with the HMAC-SHA256 under the key's secret of these lines, joined by LF: method, path, query with
its pairs sorted and percent-encoded (RFC 3986), SHA-256 of the body in hexadecimal, time stamp,
nonce. A gateway that takes other names stands behind a small translator of the office's own.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from supervision.facts import Instant, instant
from supervision.store.mapping import moment

from ..errors import AddressUnfit, DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from .addresses import mobile
from .given import fitted, utf8
from .hosts import is_loopback
from .port import SMS, Accepted, Outgoing, Receipt, Reply
from .said import said
from .sms_parts import parts_of

GOOD = "OK"
BUSY = ("BUSINESS_LIMIT_CONTROL", "Throttling")
"""Parts of codes that say: too much at once."""
OURS = ("SignatureDoesNotMatch", "InvalidAccessKey", "AMOUNT_NOT_ENOUGH", "OUT_OF_SERVICE",
        "ACCOUNT_", "isp.")  # fmt: skip
"""… that the account, its money or the gateway itself is the trouble: nobody's message goes."""
TURNS = 3
"""Rounds of the loop in which a question goes on while somebody hears."""
LARGEST = 1 << 20
"""Bytes of the largest answer that is read."""
LONGEST_PAUSE = 3600.0
"""Seconds; a gateway that wants a longer one is asked again all the same."""

T = TypeVar("T")


class Endpoint(Struct, frozen=True, kw_only=True):
    """A gateway and our account there. Times in seconds.

    `url`: https, or http on this machine. `sign`: the signature 【…】 under which messages go.
    `trust`: who vouches for the gateway, None: the authorities of this machine. `connect`: until
    it is reached; `patience`: for a request in all; `poll`: from one question for news to the next.
    """

    url: str
    key: str
    secret: str
    sign: str
    trust: ssl.SSLContext | None = None
    connect: float = 10.0
    patience: float = 30.0
    poll: float = 5.0

    def __post_init__(self) -> None:
        """ValueError: an address that would send in the clear, or that holds more than a path."""
        url = httpx.URL(self.url)
        safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host))
        if not safe or url.userinfo or url.query or url.fragment:
            raise ValueError("the gateway's address must be https://host/path, no query, no user")


class Answer(Struct, frozen=True):
    """To a message."""

    code: str
    message: str = ""
    id: str = ""


class Told(Struct, frozen=True):
    """What became of a message: DELIVERED or FAILED; anything else is no end."""

    id: str
    state: str
    code: str = ""


class Sent(Struct, frozen=True):
    """What somebody sent."""

    phone: str
    text: str


class Mailbag(Struct, frozen=True):
    """What came since `after`, and what to ask for next."""

    receipts: list[Told] = []
    replies: list[Sent] = []
    next: str = ""


class HttpSms:
    """The channel; `at` gives the instant that requests are stamped with."""

    name = SMS

    def __init__(self, endpoint: Endpoint, at: Callable[[], Instant]) -> None:
        self._endpoint = endpoint
        self._url = httpx.URL(endpoint.url)
        self._at = at
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._http: httpx.AsyncClient | None = None
        self._after = ""
        self._asking: asyncio.Task[list[Receipt | Reply]] | None = None
        self._resting = False
        self._closed = False

    def fit(self, address: str) -> str:
        """As a mobile number; AddressUnfit."""
        return mobile(address)

    def parts(self, text: str) -> int:
        """As charged, with the signature that the gateway puts before it."""
        return parts_of(f"【{self._endpoint.sign}】{text}" if self._endpoint.sign else text)

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand a message over."""
        body = {
            "phone": fitted(mobile, outgoing.address),
            "text": outgoing.text,
            "sign": self._endpoint.sign,
            "out_id": outgoing.message,
        }
        utf8(outgoing.text)
        asked = self._ask("POST", self._url, msgspec.json.encode(body))
        status, headers, read = self._runner.run(asked)
        answer = _read(read, Answer)
        if answer is None and status == 200:
            raise InDoubt("its answer is not what was agreed")
        if answer is None or status != 200 or answer.code != GOOD:
            raise self._outcome(status, headers, answer or Answer(""))
        return Accepted(answer.id, self.parts(outgoing.text))

    def heard(self) -> list[Receipt | Reply]:
        """What the gateway answered to the last question for news; asks the next one.

        `after` tells the gateway what was heard: what nobody acknowledged so comes again. A gateway
        that cannot be asked just now has told nothing.
        """
        return self._runner.run(self._hear())

    def close(self) -> None:
        """End the connection."""
        if not self._closed:
            self._runner.run(self._leave())
            self._runner.close()
        self._closed = True

    async def _hear(self) -> list[Receipt | Reply]:
        """Without waiting: the question goes on whenever the loop runs."""
        if self._asking is None and not self._resting:
            self._asking = asyncio.create_task(self._fetch())
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self._asking is None or not self._asking.done():
            return []
        asked, self._asking = self._asking, None
        self._rest()
        return asked.result()

    async def _fetch(self) -> list[Receipt | Reply]:
        url = self._url.copy_with(path=self._url.path.rstrip("/") + "/receipts")
        try:
            status, _, read = await self._ask("GET", url.copy_add_param("after", self._after), b"")
        except DeliveryFailed:
            return []
        bag = _read(read, Mailbag)
        if status != 200 or bag is None:
            return []
        self._after = bag.next or self._after
        receipts = [told for receipt in bag.receipts if (told := _receipt(receipt))]
        return [*receipts, *(Reply(_number(reply.phone), reply.text) for reply in bag.replies)]

    def _rest(self) -> None:
        """Nobody asks for news more often than is agreed."""

        def rested() -> None:
            self._resting = False

        self._resting = True
        asyncio.get_running_loop().call_later(self._endpoint.poll, rested)

    async def _ask(self, how: str, url: httpx.URL, body: bytes) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and body; Unavailable before the request went, InDoubt after it."""
        handed_over = False

        async def follow(event: str, _: Mapping[str, Any]) -> None:
            """httpcore tells how far a request is."""
            nonlocal handed_over
            handed_over = handed_over or event.endswith("send_request_headers.started")

        try:
            async with (
                asyncio.timeout(self._endpoint.patience),
                self._client().stream(
                    how,
                    url,
                    content=body,
                    headers=self._headers(how, url, body),
                    follow_redirects=False,
                    extensions={"trace": follow},
                ) as answer,
            ):
                return answer.status_code, answer.headers, await _body(answer)
        except (httpx.HTTPError, TimeoutError) as failure:
            if handed_over:
                raise InDoubt("no answer once the message was handed over") from None
            raise Unavailable(said(str(failure)) or "no answer in time") from None

    def _client(self) -> httpx.AsyncClient:
        """One for all requests: its connection is kept."""
        if self._http is None:
            trust = self._endpoint.trust or ssl.create_default_context()
            wait = httpx.Timeout(self._endpoint.patience, connect=self._endpoint.connect)
            proxied = not is_loopback(self._url.host)
            self._http = httpx.AsyncClient(verify=trust, timeout=wait, trust_env=proxied)
        return self._http

    def _headers(self, how: str, url: httpx.URL, body: bytes) -> dict[str, str]:
        stamp = moment(self._at()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        nonce = secrets.token_hex(16)
        query = sorted(url.params.multi_items())
        signature = signed(self._endpoint.secret, how, url.path, query, body, stamp, nonce)
        return {
            "Authorization": f"HMAC-SHA256 Credential={self._endpoint.key}, Timestamp={stamp},"
            f" Nonce={nonce}, Signature={signature}",
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }

    def _outcome(self, status: int, headers: httpx.Headers, answer: Answer) -> DeliveryFailed:
        """What an answer other than the good one means."""
        words = said(f"{status} {answer.code} {answer.message}")
        if status == 429 or any(code in answer.code for code in BUSY):
            return Throttled(words, self._pause(headers.get("Retry-After", "")))
        if status in (401, 403) or any(code in answer.code for code in OURS):
            return Unavailable(words)
        if 200 <= status < 300 or 400 <= status < 500:
            return Refused(words)
        return Unavailable(words)

    def _pause(self, after: str) -> float:
        """Seconds, from Retry-After: a number of them, or a date; 0 if it is neither."""
        try:
            if after.isdigit():
                return min(float(after), LONGEST_PAUSE)
            until = instant(parsedate_to_datetime(after)) - self._at()
        except (ValueError, TypeError):
            return 0.0
        return min(max(until / 1_000_000, 0.0), LONGEST_PAUSE)

    async def _leave(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        if self._http is not None:
            await self._http.aclose()


def signed(
    secret: str,
    how: str,
    path: str,
    query: list[tuple[str, str]],
    body: bytes,
    stamp: str,
    nonce: str,
) -> str:
    """The signature of a request; see the module's docstring."""
    pairs = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in query)
    lines = (how, quote(path), pairs, hashlib.sha256(body).hexdigest(), stamp, nonce)
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > LARGEST:
            return b""
    return bytes(body)


def _read(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return None


def _receipt(told: Told) -> Receipt | None:
    """None: neither delivered nor failed yet."""
    if not told.id or told.state not in ("DELIVERED", "FAILED"):
        return None
    if told.state == "DELIVERED":
        return Receipt(told.id, "delivered")
    return Receipt(told.id, "failed", said(told.code))


def _number(phone: str) -> str:
    """In the form of `fit` if it has one."""
    try:
        return mobile(phone)
    except AddressUnfit:
        return phone
