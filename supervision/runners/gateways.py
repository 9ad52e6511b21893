"""The channels that the settings name: mail, SMS and chat, or a folder in their place."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from httpx import InvalidURL

from alerts.channels.chat import Chat
from alerts.channels.folder import Folder
from alerts.channels.mail import Mail, Relay
from alerts.channels.port import CHAT, MAIL, SMS, Channel
from alerts.channels.smpp import Gateway, Smpp
from alerts.channels.sms_http import Endpoint, HttpSms

from ..errors import SupervisionError
from ..facts import Instant
from .settings import Settings

NO_ADDRESS = "no host and port; in user and password, / ? # @ : % are written as %2F and so on"
TRUSTED = "network=trusted"
PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25, "smpp": 2775, "smpps": 3550}


class GatewayUnfit(SupervisionError):
    """A setting names a gateway that cannot be used."""

    def __init__(self, name: str, why: object) -> None:
        super().__init__(f"SUPERVISION_{name.upper()}: {why}; see docs/alerts.md")


def channels_of(given: Settings, at: Callable[[], Instant]) -> dict[str, Channel]:
    """The channels of an installation by name; none where none is set. GatewayUnfit.

    `at` tells the instant that messages bear.
    """
    found: dict[str, Channel] = {}
    if given.mail:
        with _named("mail"):
            found[MAIL] = Mail(_relay(given), at)
    if given.sms:
        with _named("sms"):
            found[SMS] = _sms(given, at)
    if given.chat:
        found[CHAT] = Chat()
    for name in (MAIL, SMS):
        if given.messages_folder and name not in found:
            found[name] = Folder(Path(given.messages_folder), name, at)
    return found


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, InvalidURL, SupervisionError) as error:
        raise GatewayUnfit(name, error) from error


def _relay(given: Settings) -> Relay:
    url = _server(given.mail)
    security = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "plain"}[url.scheme]
    return Relay(
        host=url.hostname or "",
        port=url.port or PORTS[url.scheme],
        security=security,  # type: ignore[arg-type]
        trusted_network=_is_trusted(url),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        sender=given.mail_from,
        name=given.district,
    )


def _sms(given: Settings, at: Callable[[], Instant]) -> Channel:
    url = _split(given.sms)
    who, secret = unquote(url.username or ""), unquote(url.password or "")
    if url.scheme == "https":
        place = url._replace(netloc=url.netloc.rpartition("@")[2])
        return HttpSms(
            Endpoint(url=place.geturl(), key=who, secret=secret, sign=given.sms_sender), at
        )
    url = _server(given.sms)
    return Smpp(
        Gateway(
            host=url.hostname or "",
            port=url.port or PORTS[url.scheme],
            system_id=who,
            password=secret,
            source=given.sms_sender,
            trusted_network=_is_trusted(url),
            tls=ssl.create_default_context() if url.scheme == "smpps" else None,
        )
    )


def _is_trusted(url: SplitResult) -> bool:
    """Whether who set it says that nobody listens on the way."""
    return url.query == TRUSTED


def _server(text: str) -> SplitResult:
    """The address of a server, which has nothing behind it that would be without effect."""
    url = _split(text)
    if url.path not in ("", "/") or url.query not in ("", TRUSTED) or url.fragment:
        raise ValueError(f"behind HOST:PORT may stand ?{TRUSTED} and nothing else")
    return url


def _split(text: str) -> SplitResult:
    """The address, which has a host; ValueError, whose message holds none of the secret."""
    try:
        url = urlsplit(text)
        is_whole = bool(url.hostname) and url.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or "@" in f"{url.path}{url.query}{url.fragment}":
        raise ValueError(NO_ADDRESS)
    return url
