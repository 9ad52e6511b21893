"""The channels that the settings name: mail, SMS and chat, or a folder in their place."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from alerts.channels.chat import Chat
from alerts.channels.folder import Folder
from alerts.channels.mail import Mail, Relay
from alerts.channels.port import MAIL, SMS, Channel
from alerts.channels.smpp import Gateway, Smpp
from alerts.channels.sms_http import Endpoint, HttpSms

from ..errors import SupervisionError
from ..facts import Instant
from .settings import Settings

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
    try:
        if given.mail:
            found[MAIL] = Mail(_relay(given), at)
    except (ValueError, SupervisionError) as error:
        raise GatewayUnfit("mail", error) from error
    try:
        if given.sms:
            found[SMS] = _sms(given, at)
    except (ValueError, SupervisionError) as error:
        raise GatewayUnfit("sms", error) from error
    if given.chat:
        found["chat"] = Chat()
    for name in (MAIL, SMS):
        if given.messages_folder and name not in found:
            found[name] = Folder(Path(given.messages_folder), name, at)
    return found


def _relay(given: Settings) -> Relay:
    url = urlsplit(given.mail)
    security = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "plain"}[url.scheme]
    return Relay(
        host=_host(url),
        port=url.port or PORTS[url.scheme],
        security=security,  # type: ignore[arg-type]
        trusted_network=_is_trusted(url),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        sender=given.mail_from,
        name=given.district,
    )


def _sms(given: Settings, at: Callable[[], Instant]) -> Channel:
    url = urlsplit(given.sms)
    who, secret = unquote(url.username or ""), unquote(url.password or "")
    if url.scheme == "https":
        place = url._replace(netloc=url.netloc.rpartition("@")[2])
        return HttpSms(
            Endpoint(url=place.geturl(), key=who, secret=secret, sign=given.sms_sender), at
        )
    return Smpp(
        Gateway(
            host=_host(url),
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
    return url.query == "network=trusted"


def _host(url: SplitResult) -> str:
    if not url.hostname:
        raise ValueError("no host")
    return url.hostname
