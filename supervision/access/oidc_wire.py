"""Questions to an identity provider: bounded in time and size, never redirected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeVar

import httpx
import msgspec

from .oidc_errors import OidcDown

PATIENCE = 5.0
"""Seconds that one question may take, from connecting to the last byte."""
LARGEST = 1 << 20
"""Bytes of the largest answer that is read."""
PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Nothing packed is asked for and nothing is unpacked: what was counted is what is read."""

T = TypeVar("T")


class Wire:
    """Asks, and reads JSON answers; raises OidcDown for everything that is none."""

    def __init__(self, http: Callable[[], httpx.AsyncClient] | None = None) -> None:
        """`http` makes a client for one question, which closes it."""
        self._http = http or _clients()

    async def get(self, url: str, kind: type[T]) -> T:
        """What lies at an address, read as a kind of Struct."""
        status, body = await self._ask("GET", url)
        if status != 200:
            raise OidcDown(url, f"it answers {status}")
        return _read(url, body, kind)

    async def post(
        self, url: str, form: dict[str, str], auth: httpx.Auth | None, kind: type[T]
    ) -> tuple[int, T]:
        """Status and answer of a form; 200, 400 and 401 are answers."""
        status, body = await self._ask("POST", url, form, auth)
        if status not in (200, 400, 401):
            raise OidcDown(url, f"it answers {status}")
        return status, _read(url, body, kind)

    async def _ask(
        self,
        how: str,
        url: str,
        form: dict[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> tuple[int, bytes]:
        """Status and body; no redirect is followed."""
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._http() as client,
                client.stream(
                    how, url, data=form, headers=PLAIN, auth=auth, follow_redirects=False
                ) as answer,
            ):
                return answer.status_code, await _body(url, answer)
        except (httpx.HTTPError, TimeoutError) as error:
            raise OidcDown(url, f"no answer ({type(error).__name__})") from error


async def _body(url: str, answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > LARGEST:
            raise OidcDown(url, f"its answer is larger than {LARGEST} bytes")
    return bytes(body)


def _read(url: str, body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise OidcDown(url, "what it answers is not what the standard says") from error


def _clients() -> Callable[[], httpx.AsyncClient]:
    """Clients that trust the authorities which this machine trusts, an office's own among them."""
    trusted = ssl.create_default_context()
    return lambda: httpx.AsyncClient(verify=trusted, timeout=PATIENCE)


def is_safe(url: str) -> bool:
    """https, or http to this machine; no password and no fragment in it."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    if not parts.host or parts.userinfo or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
