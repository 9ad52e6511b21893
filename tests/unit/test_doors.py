"""How a process is reached: TLS, proxies, or a word that there is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervision.access.admission import COOKIES, PLAIN_COOKIES
from supervision.clock import SystemClock
from supervision.record import Record
from supervision.runners.doors import BACK, access_of, listening, outside_of, reached
from supervision.runners.settings import (
    PLAIN,
    Settings,
    WithoutTls,
    guarded,
    is_loopback,
    is_secure,
)

BEYOND = ("0.0.0.0", "::", "10.1.2.3", "wall.example", "")
HERE = ("127.0.0.1", "::1", "localhost", "127.8.8.8")


@pytest.mark.parametrize("host", BEYOND)
def test_a_listener_beyond_this_machine_wants_tls(host: str) -> None:
    """And the message says what would do."""
    with pytest.raises(WithoutTls, match="tls_certificate and tls_key, or proxies") as refused:
        guarded(Settings(), host)
    assert PLAIN in str(refused.value)


@pytest.mark.parametrize("host", BEYOND)
def test_a_certificate_a_proxy_or_plain_words_will_do(host: str) -> None:
    """Each by itself."""
    assert guarded(Settings(tls_certificate="c.pem", tls_key="k.pem"), host) == host
    assert guarded(Settings(proxies="10.0.0.0/8"), host) == host
    assert guarded(Settings(plain_http=PLAIN), host) == host


@pytest.mark.parametrize("host", HERE)
def test_this_machine_alone_needs_nothing(host: str) -> None:
    """What is sent to it passes no wire."""
    assert guarded(Settings(), host) == host
    assert is_loopback(host)


def test_a_cookie_without_tls_is_only_made_where_it_was_said(tmp_path: Path) -> None:
    """A browser keeps no Secure cookie that came by plain HTTP from elsewhere."""
    plain = Settings(home=tmp_path, plain_http=PLAIN)
    both = Settings(home=tmp_path, plain_http=PLAIN, proxies="10.0.0.1")
    assert cookies_of(Settings(home=tmp_path)) == COOKIES
    assert cookies_of(plain) == PLAIN_COOKIES
    assert cookies_of(both) == COOKIES
    assert is_secure(both)
    assert not is_secure(plain)


def cookies_of(given: Settings) -> object:
    record = Record(given.home, SystemClock())
    access = access_of(given, record)
    try:
        return access.admissions.cookies
    finally:
        access.close()
        record.close()


def test_nobody_is_believed_who_is_no_proxy() -> None:
    """X-Forwarded-For of a stranger changes nothing; of the proxies that are named, it does."""
    assert listening(Settings())["proxy_headers"] is False
    told = listening(Settings(proxies="10.0.0.1, 10.0.1.0/24"))
    assert told["proxy_headers"] is True
    assert told["forwarded_allow_ips"] == "10.0.0.1,10.0.1.0/24"


def test_the_certificate_is_told_to_the_server() -> None:
    """And without one, nothing is."""
    told = listening(Settings(tls_certificate="c.pem", tls_key="k.pem"))
    assert (told["ssl_certfile"], told["ssl_keyfile"]) == ("c.pem", "k.pem")
    assert "ssl_certfile" not in listening(Settings())


def test_an_openid_provider_sends_people_back_to_the_one_address() -> None:
    """The settings make the provider; without an issuer there is none."""
    given = Settings(
        oidc_issuer="https://id.example",
        oidc_client_id="wall",
        public_url="https://wall.example",
    )
    outside = outside_of(given)
    assert outside.provider is not None
    assert outside.provider_name == "统一身份认证"
    assert outside.public_url + BACK == "https://wall.example/sign-in/oidc/back"
    assert outside_of(Settings()).provider is None


def test_only_signed_requests_where_the_policy_says_so() -> None:
    """The setting reaches intake."""
    assert outside_of(Settings(intake_signed=True)).intake.signed is True
    assert outside_of(Settings()).intake.signed is False


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("http://127.0.0.1:8050", Settings()),
        ("http://[::1]:8060", Settings(host="::1", port=8060)),
        ("https://10.0.0.5:8050", Settings(host="10.0.0.5", tls_certificate="c", tls_key="k")),
        ("https://wall.example", Settings(public_url="https://wall.example", proxies="::1")),
    ],
)
def test_people_are_told_the_address_that_they_reach(address: str, given: Settings) -> None:
    """The public one; else where the process listens, by TLS if it speaks it."""
    assert address == reached(given)


def test_the_command_line_comes_before_the_settings() -> None:
    """What `supervise run` was told of host and port is where it listens."""
    assert reached(Settings(), "::1", 9000) == "http://[::1]:9000"
