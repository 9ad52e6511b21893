"""How a process is reached and who may: access, TLS, proxies, sign-in, from the settings.

Every command names who stands at the machine (`console`): what only a web server needs is imported
where it is made.
"""

from __future__ import annotations

import getpass
import os
import time
from typing import TYPE_CHECKING, Any

from ..access.admission import COOKIES, PLAIN_COOKIES, Times
from ..access.office import Access
from ..access.open import open_access
from ..record import Record
from .settings import Settings, is_secure, store

if TYPE_CHECKING:
    from ..access.oidc import Provider
    from .application import Outside

BACK = "/sign-in/oidc/back"
"""Where the OpenID provider sends people back."""
MESSAGE_LONGEST = 1 << 20
"""Bytes of a message that a browser sends by websocket."""


def access_of(given: Settings, record: Record) -> Access:
    """Access of the system that the settings name; to be closed before the record.

    StoreBroken, StoreDown, StoreBusy.
    """
    return Access(
        record,
        open_access(given.home, store(given)),
        now=lambda: time.time_ns() // 1000,
        ticks=time.monotonic,
        times=Times(hours=given.session_hours, idle_minutes=given.session_idle_minutes),
        cookies=PLAIN_COOKIES if given.plain_http and not is_secure(given) else COOKIES,
    )


def outside_of(given: Settings) -> Outside:
    """How the application is reached."""
    from ..intake.http import LimitsConfig
    from .application import Outside

    return Outside(
        secure=is_secure(given),
        public_url=given.public_url,
        provider=_provider(given),
        provider_name=given.oidc_name if given.oidc_issuer else "",
        intake=LimitsConfig(signed=given.intake_signed),
    )


def _provider(given: Settings) -> Provider | None:
    if not given.oidc_issuer:
        return None
    from ..access.oidc import OidcConfig, Provider

    return Provider(
        OidcConfig(
            issuer=given.oidc_issuer,
            client_id=given.oidc_client_id,
            client_secret=given.oidc_client_secret,
            redirect_uri=given.public_url + BACK,
            claim=given.oidc_claim,
        )
    )


def reached(given: Settings, host: str = "", port: int = 0) -> str:
    """The address people are told, of a process that listens there, or where the settings say."""
    if given.public_url:
        return given.public_url
    where, scheme = host or given.host, "https" if given.tls_certificate else "http"
    named = f"[{where}]" if ":" in where else where
    return f"{scheme}://{named}:{port or given.port}"


def listening(given: Settings) -> dict[str, Any]:
    """What the web server is told beside its address."""
    told: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 3,
        "ws_max_size": MESSAGE_LONGEST,
        "proxy_headers": bool(given.proxies),
    }
    if given.proxies:
        told["forwarded_allow_ips"] = given.proxies.replace(" ", "")
    if given.tls_certificate:
        told |= {"ssl_certfile": given.tls_certificate, "ssl_keyfile": given.tls_key}
    return told


def console() -> str:
    """Who stands at the machine, as the log names them; by number where no name is known."""
    try:
        return f"console:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run as a number alone
        return f"console:uid-{os.getuid()}"
