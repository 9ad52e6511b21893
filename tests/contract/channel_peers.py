"""The other ends of the channels: servers, and a folder, told in one way what to do next."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.policy import default
from pathlib import Path
from typing import Protocol

import pytest
from apprise.plugins.feishu import NotifyFeishu

from alerts.channels.chat import Chat
from alerts.channels.folder import Folder
from alerts.channels.mail import Mail, Relay
from alerts.channels.port import MAIL, SMS, Channel
from alerts.channels.smpp import Gateway, Smpp
from alerts.channels.sms_http import Endpoint, HttpSms
from supervision.facts import Instant
from tests.mailserver import MailServer, mail_server
from tests.smsc import Smsc, smsc
from tests.smsgateway import KEY, SECRET, SmsGateway, sms_gateway

LONG = 30.0
"""Seconds: longer than any answer takes on a busy machine."""
NOON: Instant = 1_780_300_800_000_000
"""2026-06-01T08:00:00Z."""


def noon() -> Instant:
    """Always the same instant."""
    return NOON


class Peer(Protocol):
    """What takes messages. `address` and `other` are good ones, as `fit` gives them."""

    address: str
    other: str
    nonsense: tuple[str, ...]

    def channel(self, patience: float = LONG) -> Channel:
        """A channel to here; `patience`: seconds for an answer."""

    def arrived(self) -> list[tuple[str, str]]:
        """Address and text of what was taken, in order."""


class GatewayPeer(Peer, Protocol):
    """One that can say no, later, or nothing."""

    def refuse(self, address: str) -> None:
        """For good."""

    def throttle(self) -> None:
        """The next one."""

    def hang(self) -> None:
        """Take what comes, and say nothing, until go_on."""

    def go_on(self) -> None:
        """Say it now."""

    def lose(self) -> None:
        """Take the next one, and cut the connection."""

    def drop(self) -> None:
        """Cut every connection."""

    def stop(self) -> None:
        """Nobody listens."""

    def start(self) -> None:
        """Somebody does again."""


NO_NUMBERS = (
    "", "12345", "13800138", "23800138000", "+86 010 6655 1234", "+13800138000123456",
    "1380013800x", "１３８００１３８０００",
    "li@example.gov.cn", "+8613800138000\n", "00", "+0013800138000",
)  # fmt: skip
NO_MAILBOXES = (
    "", "li", "@example.gov.cn", "li@", "li@@example.gov.cn", "a@b@example.gov.cn",
    "李@example.gov.cn",
    "li@example..gov.cn", "li@-example.cn", "li ming@example.gov.cn", "li@example.gov.cn\n",
    "li@example.gov.cn\r\nBcc: x@y.z", "<li@example.gov.cn>", ".li@example.gov.cn",
    "li@exa mple.cn",
    "l" * 65 + "@example.gov.cn", "li@" + "a" * 64 + ".cn", "13800138000", "li\x00@example.gov.cn",
)  # fmt: skip
NO_ROBOTS = (
    "", "feishu://", "https://open.feishu.cn/open-apis/bot/v2/hook/abc", "mailto://a:b@example.cn",
    "json://127.0.0.1/", "feishu://abc?verify=no", "feishu://abc/../x", "feishu://abc feishu://def",
    "feishu://abc,json://127.0.0.1", "file:///etc/passwd", "FEISHU://abc\n", "syslog://",
)  # fmt: skip


class ByMail:
    """A mail server without TLS."""

    address, other, nonsense = "li@example.gov.cn", "wang@example.gov.cn", NO_MAILBOXES

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.go_on, self.drop = server.go_on, server.drop
        self.stop, self.start = server.stop, server.start

    def channel(self, patience: float = LONG) -> Channel:
        return Mail(
            Relay(
                host="127.0.0.1",
                port=self.server.port,
                security="plain",
                sender="supervision@example.gov.cn",
                connect=LONG,
                patience=patience,
            ),
            noon,
        )

    def arrived(self) -> list[tuple[str, str]]:
        """A letter's text ends with an end of line of its own."""
        return [(each.recipient, each.body().removesuffix("\n")) for each in self.server.messages]

    def refuse(self, address: str) -> None:
        self.server.refuse(address, f"550 5.1.1 <{address}>: no such user")

    def throttle(self) -> None:
        self.server.say("RCPT", f"450 4.2.0 <{self.address}>: greylisted")

    def hang(self) -> None:
        self.server.hang("ANSWER")

    def lose(self) -> None:
        self.server.lose("ANSWER")


class BySmpp:
    """A short message centre."""

    address, other, nonsense = "+8613800138000", "+8613900139000", NO_NUMBERS

    def __init__(self, server: Smsc) -> None:
        self.server = server
        self.go_on, self.drop = server.go_on, server.drop
        self.stop, self.start = server.stop, server.start

    def channel(self, patience: float = LONG) -> Channel:
        return Smpp(
            Gateway(
                host="127.0.0.1",
                port=self.server.port,
                system_id="wall",
                password="secret",
                source="106900001",
                connect=LONG,
                answer=patience,
            )
        )

    def arrived(self) -> list[tuple[str, str]]:
        return [(f"+{each.address}", each.text) for each in self.server.received()]

    def refuse(self, address: str) -> None:
        self.server.refuse(address.removeprefix("+"))

    def throttle(self) -> None:
        self.server.say("SUBMIT", "ESME_RTHROTTLED")

    def hang(self) -> None:
        self.server.hang("SUBMIT")

    def lose(self) -> None:
        self.server.lose("SUBMIT")


class ByHttp:
    """A gateway that checks signatures."""

    address, other, nonsense = "+8613800138000", "+8613900139000", NO_NUMBERS

    def __init__(self, server: SmsGateway) -> None:
        self.server = server
        self.go_on, self.drop = server.go_on, server.drop
        self.stop, self.start = server.stop, server.start
        self.hang, self.lose, self.refuse = server.hang, server.lose, server.refuse

    def channel(self, patience: float = LONG) -> Channel:
        endpoint = Endpoint(
            url=self.server.url,
            key=KEY,
            secret=SECRET,
            sign="监察",
            patience=patience,
            poll=0.0,
        )
        return HttpSms(endpoint, noon)

    def arrived(self) -> list[tuple[str, str]]:
        return [(each["phone"], each["text"]) for each in self.server.received]

    def throttle(self) -> None:
        self.server.say(429, "isv.BUSINESS_LIMIT_CONTROL")


class ByChat:
    """A robot on this machine in the place of Feishu's server, which tells nobody by address."""

    address, other, nonsense = "feishu://abcdef-1", "feishu://abcdef-2", NO_ROBOTS

    def __init__(self, server: SmsGateway) -> None:
        self.server = server

    def channel(self, patience: float = LONG) -> Channel:
        return Chat(connect=LONG, patience=patience)

    def arrived(self) -> list[tuple[str, str]]:
        tokens = [asked.rpartition("/")[2] for asked in self.server.asked]
        texts = [each["content"]["text"] for each in self.server.robots]
        return [(f"feishu://{token}", text) for token, text in zip(tokens, texts, strict=True)]


class ByFolder:
    """A folder in the place of a gateway."""

    def __init__(self, folder: Path, name: str, stands_for: type[ByMail] | type[BySmpp]) -> None:
        self.folder = folder
        self.name = name
        self.address, self.other = stands_for.address, stands_for.other
        self.nonsense = stands_for.nonsense

    def channel(self, patience: float = LONG) -> Channel:
        return Folder(self.folder, self.name, noon)

    def arrived(self) -> list[tuple[str, str]]:
        files = sorted(self.folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        return [_letter(each) if self.name == MAIL else _note(each) for each in files]


def _letter(file: Path) -> tuple[str, str]:
    read = email.message_from_bytes(file.read_bytes(), policy=default)
    part = read.get_body(("plain",))
    assert part is not None
    text = str(part.get_content()).replace("\r\n", "\n")
    return str(read["To"]), text.removesuffix("\n")


def _note(file: Path) -> tuple[str, str]:
    address, _, text = file.read_bytes().decode().partition("\n\n")
    return address, text


@contextmanager
def _mail(folder: Path) -> Iterator[Peer]:
    with mail_server() as server:
        yield ByMail(server)


@contextmanager
def _smpp(folder: Path) -> Iterator[Peer]:
    with smsc() as server:
        yield BySmpp(server)


@contextmanager
def _http(folder: Path) -> Iterator[Peer]:
    with sms_gateway() as server:
        yield ByHttp(server)


@contextmanager
def _chat(folder: Path) -> Iterator[Peer]:
    with sms_gateway() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(NotifyFeishu, "notify_url", f"http://127.0.0.1:{server.port}/robot/{{token}}")
        patch.setattr(NotifyFeishu, "request_rate_per_sec", 0)
        yield ByChat(server)


@contextmanager
def _letters(folder: Path) -> Iterator[Peer]:
    yield ByFolder(folder / "out", MAIL, ByMail)


@contextmanager
def _notes(folder: Path) -> Iterator[Peer]:
    yield ByFolder(folder / "out", SMS, BySmpp)


PEERS: dict[str, Callable[[Path], object]] = {
    "mail": _mail,
    "smpp": _smpp,
    "http": _http,
    "chat": _chat,
    "mail in a folder": _letters,
    "sms in a folder": _notes,
}
GATEWAYS = ("mail", "smpp", "http")
"""Those that can say no, later, or nothing."""
