"""Gateways by settings: which channel an address gives, and what is wrong with one, in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.chat import Chat
from alerts.channels.folder import Folder
from alerts.channels.mail import Mail, Relay
from alerts.channels.port import Channel, Outgoing
from alerts.channels.smpp import Gateway, Smpp
from alerts.channels.sms_http import HttpSms
from supervision.runners.gateways import GatewayUnfit, channels_of
from supervision.runners.settings_fields import Settings
from tests.court import at

SECRET = "pa/ss@w:rd%"
CODED = "pa%2Fss%40w%3Ard%25"


@contextmanager
def channels(**says: Any) -> Iterator[Mapping[str, Channel]]:
    """Those of the settings, closed at the end."""
    with ExitStack() as stack:
        found = channels_of(Settings(**says), lambda: at("2026-03-16 10:00"))
        for each in found.values():
            stack.callback(each.close)
        yield found


def relay(url: str) -> Relay:
    """The mail server that an address names."""
    with channels(mail=url, mail_from="wall@example.org", district="演示区") as found:
        mail = found["mail"]
        assert isinstance(mail, Mail)
        assert found.keys() == {"mail"}
        return mail._relay


def gateway(url: str) -> Gateway:
    """The SMSC that an address names."""
    with channels(sms=url, sms_sender="10086") as found:
        sms = found["sms"]
        assert isinstance(sms, Smpp)
        assert found.keys() == {"sms"}
        return sms._gateway


class TestMail:
    """By SMTP."""

    @pytest.mark.parametrize(
        ("url", "security", "port"),
        [
            ("smtp://mail.example.org", "starttls", 587),
            ("smtp://mail.example.org:2525", "starttls", 2525),
            ("smtps://mail.example.org", "tls", 465),
            ("smtp+plain://127.0.0.1", "plain", 25),
            ("smtp+plain://mail.example.org:1025?network=trusted", "plain", 1025),
        ],
    )
    def test_the_scheme_says_how_it_is_kept_from_listeners(
        self, url: str, security: str, port: int
    ) -> None:
        """STARTTLS where nothing is said; each with the port that is usual for it."""
        found = relay(url)
        assert (security, port) == (found.security, found.port)
        assert ("trusted" in url) == found.trusted_network

    def test_user_and_password_are_decoded(self) -> None:
        """Whatever signs they have."""
        found = relay(f"smtp://wall%40example.org:{CODED}@mail.example.org")
        assert ("mail.example.org", 587) == (found.host, found.port)
        assert ("wall@example.org", SECRET) == (found.username, found.password)

    def test_letters_are_from_the_address_and_the_district(self) -> None:
        """As the recipient sees them."""
        found = relay("smtp://mail.example.org")
        assert ("wall@example.org", "演示区") == (found.sender, found.name)


class TestSms:
    """By SMPP, or by signed requests."""

    @pytest.mark.parametrize(
        ("url", "port", "encrypted"),
        [
            ("smpp://wall:secret@127.0.0.1", 2775, False),
            ("smpp://wall:secret@sms.example.org:9000?network=trusted", 9000, False),
            ("smpps://wall:secret@sms.example.org", 3550, True),
        ],
    )
    def test_smpp_is_by_tls_or_where_nobody_listens(
        self, url: str, port: int, encrypted: bool
    ) -> None:
        """Each with the port that is usual for it."""
        found = gateway(url)
        assert (port, encrypted) == (found.port, found.tls is not None)
        assert ("wall", "secret", "10086") == (found.system_id, found.password, found.source)

    def test_the_password_is_decoded(self) -> None:
        """Whatever signs it has; SMPP allows eight."""
        assert "p@ss/1:" == gateway("smpps://wall:p%40ss%2F1%3A@sms.example.org").password

    def test_https_is_a_gateway_of_signed_requests(self) -> None:
        """Key and secret are taken out of the address that is asked."""
        url = f"https://key:{CODED}@sms.example.org:8443/v1/messages"
        with channels(sms=url, sms_sender="演示区") as found:
            sms = found["sms"]
            assert isinstance(sms, HttpSms)
            right = sms._endpoint
        assert "https://sms.example.org:8443/v1/messages" == right.url
        assert ("key", SECRET, "演示区") == (right.key, right.secret, right.sign)


class TestOthers:
    """Chat, and a folder in the place of gateways."""

    def test_nothing_set_gives_no_channel(self) -> None:
        """Nobody can be told."""
        with channels() as found:
            assert found == {}

    def test_chat_is_there_once_it_is_allowed(self) -> None:
        """Its address is each recipient's own."""
        with channels(chat=True) as found:
            assert {"chat": Chat} == {name: type(each) for name, each in found.items()}

    def test_a_folder_stands_in_where_there_is_no_gateway(self, tmp_path: Path) -> None:
        """For mail and SMS; each message is a file there."""
        with channels(messages_folder=str(tmp_path / "messages")) as found:
            assert {"mail": Folder, "sms": Folder} == {n: type(e) for n, e in found.items()}
            sent = Outgoing(
                message="m1", address="clerk@example.org", subject="黄牌", text="请签收"
            )
            name = found["mail"].send(sent).gateway_id
        assert "clerk@example.org" in (tmp_path / "messages" / name).read_text("utf-8")

    def test_a_folder_does_not_take_the_place_of_a_gateway(self, tmp_path: Path) -> None:
        """Where mail has a server, the folder is for SMS alone."""
        with channels(
            mail="smtp://mail.example.org",
            mail_from="wall@example.org",
            messages_folder=str(tmp_path),
        ) as found:
            assert {"mail": Mail, "sms": Folder} == {n: type(e) for n, e in found.items()}


WRONG = {
    "mail": {
        "smtp://": "no host",
        "smtp://wall:hush-hush@": "no host",
        "smtp://wall:hush-hush@mail.example.org:port": "no host and port",
        "smtp://wall:hush/hush@mail.example.org": "are written as %2F",
        "smtp://wall:hush?hush@mail.example.org": "are written as %2F",
        "smtp://wall:hush#hush@mail.example.org": "are written as %2F",
        "smtp://wall:1/hush@mail.example.org": "are written as %2F",
        "smtp://wall:hush[hush@mail.example.org": "are written as %2F",
        "smtp://wall:hush℀hush@mail.example.org": "are written as %2F",
        "smtp://mail.example.org/inbox": "may stand ?network=trusted and nothing else",
        "smtp+plain://127.0.0.1?network=thrusted": "may stand ?network=trusted and nothing else",
        "smtp+plain://wall:hush-hush@mail.example.org": "would go in the clear",
    },
    "sms": {
        "smpps://": "no host",
        "smpp://wall:hush-hu@sms.example.org": "would go in the clear",
        "smpps://wall:hush-hush-hush@sms.example.org": "password is at most 8 ASCII letters",
        "smpps://wall:hush-hu@sms.example.org?tls=no": "may stand ?network=trusted and nothing",
        "https://key:hush-hush@sms.example.org/v1?to=all": "no query",
        "https://key:hush-hush@sms.☃.org/v1": "IDNA",
    },
}


@pytest.mark.parametrize(
    ("name", "url", "why"),
    [(n, url, why) for n, each in WRONG.items() for url, why in each.items()],
)
def test_what_is_wrong_is_one_line_that_names_the_setting_and_no_secret(
    name: str, url: str, why: str
) -> None:
    """And what to do."""
    says: dict[str, Any] = {name: url, "mail_from": "wall@example.org"}
    with pytest.raises(GatewayUnfit) as refused, channels(**says):
        pass
    line = str(refused.value)
    assert line.startswith(f"SUPERVISION_{name.upper()}: ")
    assert line.endswith("; see docs/alerts.md")
    assert why in line
    assert "\n" not in line
    assert "hush" not in line


def test_a_sender_that_is_no_address_is_named() -> None:
    """Before anything is sent."""
    with pytest.raises(GatewayUnfit, match=r"^SUPERVISION_MAIL: .* name@example"):
        channels_of(Settings(mail="smtp://mail.example.org", mail_from="演示@区"), lambda: 0)
