"""E-mail against a real server: what it may answer, and when it may say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.channels.mail import Mail, Relay
from alerts.channels.port import Accepted, Outgoing
from alerts.errors import AddressUnfit, DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from supervision.facts import Instant
from tests.certificates import Certificate, certificate
from tests.mailserver import MailServer, mail_server

pytestmark = pytest.mark.integration
NOON: Instant = 1_780_300_800_000_000
"""2026-06-01T08:00:00Z."""
LI, WANG = "li@example.gov.cn", "wang@example.gov.cn"
Open = Callable[..., Mail]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes channels to a server, closed in the end."""
    made: list[Mail] = []

    def open_to(server: MailServer, **settings: object) -> Mail:
        plain = {"host": "127.0.0.1", "security": "plain", "sender": "wall@example.gov.cn"}
        made.append(Mail(Relay(port=server.port, **{**plain, **settings}), lambda: NOON))
        return made[-1]

    yield open_to
    for channel in made:
        channel.close()


@pytest.fixture
def certified(tmp_path: Path) -> Certificate:
    """A certificate of a server here."""
    return certificate(tmp_path)


def letter(to: str = LI, **more: str) -> Outgoing:
    """A red card."""
    return Outgoing(**{"message": "m-1", "address": to, "subject": "红牌", "text": "正文", **more})


def test_a_letter_has_both_bodies_and_the_headers_of_a_machines_mail(opened: Open) -> None:
    """Whoever is away does not answer it, and a repeat can be told as one (RFC 3834, 5322)."""
    with mail_server() as server:
        opened(server, name="行政审批电子监察").send(letter(html="<p>正文</p>"))
        mailed = server.messages[0]
    read = mailed.message
    assert ("wall@example.gov.cn", LI) == (mailed.sender, mailed.recipient)
    assert "红牌" == read["Subject"]
    assert "行政审批电子监察 <wall@example.gov.cn>" == str(read["From"])
    assert "<m-1@example.gov.cn>" == read["Message-ID"]
    assert "auto-generated" == read["Auto-Submitted"]
    assert "Mon, 01 Jun 2026 08:00:00 +0000" == read["Date"]
    assert ("正文\n", "<p>正文</p>\n") == (mailed.body(), mailed.body("html"))
    assert mailed.raw.isascii()


def test_the_queues_id_is_the_gateways_id(opened: Open) -> None:
    """What the mail server's administrator searches its log for."""
    with mail_server() as server:
        accepted = opened(server).send(letter())
        assert Accepted(server.messages[0].queue_id) == accepted


@pytest.mark.parametrize(
    ("answer", "queue_id"),
    [
        ("250 2.0.0 Ok: queued as 4F1B2C3D", "4F1B2C3D"),
        ("250 OK id=1rABcd-0001Zz-2X", "1rABcd-0001Zz-2X"),
        ("250 2.0.0 45K8 Message accepted for delivery", "45K8"),
        ("250 2.6.0 <m-1@example.gov.cn> Queued mail for delivery", ""),
    ],
)
def test_queue_ids_are_read_from_what_servers_say(opened: Open, answer: str, queue_id: str) -> None:
    """Postfix, Exim and Sendmail; where there is none to be seen there is none."""
    with mail_server() as server:
        server.say("ANSWER", answer)
        assert queue_id == opened(server).send(letter()).gateway_id


def test_a_repeat_bears_the_same_message_id(opened: Open) -> None:
    """Mail programs show two letters of one Message-ID as one."""
    with mail_server() as server:
        channel = opened(server)
        server.lose("ANSWER")
        with pytest.raises(InDoubt):
            channel.send(letter())
        channel.send(letter())
        ids = [mailed.message["Message-ID"] for mailed in server.messages]
    assert ["<m-1@example.gov.cn>"] * 2 == ids


def test_no_text_becomes_a_header(opened: Open) -> None:
    """Line ends in a subject, a sender's name or a message's id are no line ends of a letter."""
    with mail_server() as server:
        opened(server, name="监察\r\nX-One: 1").send(
            letter(
                subject="红牌\r\nBcc: x@y.z\n\nX-Two: 2\u2028\x00",
                message="m\r\nX-Three: 3",
                text="a",
            )
        )
        read = server.messages[0].message
    assert "红牌 Bcc: x@y.z X-Two: 2" == read["Subject"]
    assert {"Bcc", "X-One", "X-Two", "X-Three"} & set(read.keys()) == set()
    assert [LI] == server.attempts


def test_an_address_that_was_never_fitted_is_refused_unsent(opened: Open) -> None:
    """Whatever hands over a line end, no server hears of it."""
    with mail_server() as server:
        with pytest.raises(Refused):
            opened(server).send(letter(f"{LI}>\r\nRCPT TO:<x@y.z"))
        assert 0 == server.connections


def test_greylisting_is_a_matter_of_time(opened: Open) -> None:
    """The first attempt is put off, the second taken."""
    with mail_server(greylist=True) as server:
        channel = opened(server)
        with pytest.raises(Throttled, match="greylisted"):
            channel.send(letter())
        channel.send(letter())
        assert [LI] == [mailed.recipient for mailed in server.messages]


@pytest.mark.parametrize(
    ("stage", "answer", "outcome"),
    [
        ("CONNECT", "421 4.7.0 too many connections", Throttled),
        ("CONNECT", "554 5.7.1 no service for you", Unavailable),
        ("MAIL", "451 4.3.0 queue full", Throttled),
        ("MAIL", "550 5.7.1 sender rejected", Unavailable),
        ("RCPT", "421 4.3.2 shutting down", Throttled),
        ("RCPT", "451 4.7.1 try again", Throttled),
        ("RCPT", "452 4.2.2 mailbox full", Throttled),
        ("RCPT", "551 5.1.6 moved", Refused),
        ("DATA", "451 4.3.0 no space", Throttled),
        ("DATA", "554 5.5.1 no valid recipients", Refused),
        ("CONTENT", "452 4.3.1 no space", Throttled),
        ("CONTENT", "552 5.3.4 too big", Refused),
        ("CONTENT", "554 5.7.1 looks like spam", Refused),
        ("ANSWER", "hello there", InDoubt),
    ],
)
def test_each_no_has_its_meaning_and_the_next_letter_goes(
    opened: Open, stage: str, answer: str, outcome: type[DeliveryFailed]
) -> None:
    """Later for 4xx; for 5xx it depends on whom it is said of. One no changes nothing else."""
    with mail_server() as server:
        channel = opened(server)
        server.say(stage, answer)
        with pytest.raises(DeliveryFailed) as failed:
            channel.send(letter())
        assert outcome is type(failed.value)
        channel.send(letter(WANG))
        assert WANG == server.messages[-1].recipient


def test_the_connection_serves_on_after_a_no(opened: Open) -> None:
    """A refused recipient costs no new connection."""
    with mail_server() as server:
        channel = opened(server)
        server.refuse(LI)
        with pytest.raises(Refused):
            channel.send(letter(LI))
        channel.send(letter(WANG))
        channel.send(letter(WANG))
        assert (1, [WANG, WANG]) == (
            server.connections,
            [each.recipient for each in server.messages],
        )


@pytest.mark.parametrize("stage", ["CONNECT", "MAIL", "RCPT", "DATA", "CONTENT", "ANSWER"])
def test_a_server_that_hangs_anywhere_is_left(opened: Open, stage: str) -> None:
    """Before the letter: nobody there. After its final dot: perhaps it is there."""
    with mail_server() as server:
        server.hang(stage)
        with pytest.raises((InDoubt, Unavailable)) as left:
            opened(server, connect=0.3, patience=0.6).send(letter())
        if stage not in ("CONTENT", "ANSWER"):
            assert Unavailable is type(left.value)
            assert [] == server.messages
        server.go_on()
        opened(server).send(letter(WANG))
        assert WANG in [mailed.recipient for mailed in server.messages]


@pytest.mark.parametrize("stage", ["CONNECT", "MAIL", "RCPT", "DATA"])
def test_a_connection_cut_before_the_letter_is_no_doubt(opened: Open, stage: str) -> None:
    """Nothing was handed over, and the next one goes."""
    with mail_server() as server:
        channel = opened(server)
        server.lose(stage)
        with pytest.raises(Unavailable):
            channel.send(letter())
        assert [] == server.messages
        channel.send(letter())
        assert 1 == len(server.messages)


@pytest.mark.parametrize("from_first_byte", [False, True])
def test_letters_go_by_tls_with_a_password(
    opened: Open, certified: Certificate, from_first_byte: bool
) -> None:
    """STARTTLS, or TLS from the first byte."""
    security = "tls" if from_first_byte else "starttls"
    account = {"username": "wall", "password": "under the seal"}
    with mail_server(certified, from_first_byte=from_first_byte, **account) as server:
        channel = opened(
            server, host="localhost", security=security, trust=certified.client(), **account
        )
        channel.send(letter())
        assert [LI] == [mailed.recipient for mailed in server.messages]


def test_a_wrong_password_is_a_gateway_that_is_down(opened: Open, certified: Certificate) -> None:
    """Nobody's letter goes until somebody sets it right; the password is not repeated."""
    with mail_server(certified, username="wall", password="right") as server:
        channel = opened(
            server,
            host="localhost",
            security="starttls",
            trust=certified.client(),
            username="wall",
            password="wrong-one",
        )
        with pytest.raises(Unavailable, match="535") as told:
            channel.send(letter())
        assert "wrong-one" not in str(told.value)
        assert [] == server.attempts


def test_a_strangers_certificate_gets_no_letter(opened: Open, certified: Certificate) -> None:
    """Nor one for another name: whoever listens on the way is not told who is warned."""
    with mail_server(certified) as server:
        stranger = opened(server, host="localhost", security="starttls")
        misnamed = opened(server, host="127.0.0.2", security="starttls", trust=certified.client())
        for channel in (stranger, misnamed):
            with pytest.raises(Unavailable):
                channel.send(letter())
        assert [] == server.attempts


def test_a_server_without_tls_gets_no_letter(opened: Open, certified: Certificate) -> None:
    """STARTTLS that was taken out on the way is no reason to go on in the clear."""
    with mail_server() as server:
        channel = opened(server, host="localhost", security="starttls", trust=certified.client())
        with pytest.raises(Unavailable, match="STARTTLS"):
            channel.send(letter())
        assert [] == server.attempts


def test_nothing_goes_in_the_clear_but_to_this_machine() -> None:
    """Unless somebody says that the network is trusted; and the sender is an address."""
    with pytest.raises(ValueError, match="in the clear"):
        Relay(host="mail.example.gov.cn", security="plain", sender="wall@example.gov.cn")
    with pytest.raises(AddressUnfit):
        Relay(host="mail.example.gov.cn", sender="wall")
    Relay(host="10.0.0.5", security="plain", trusted_network=True, sender="wall@example.gov.cn")
