"""Short messages over HTTP, robots in chats, and the folder that stands for a gateway."""

from __future__ import annotations

import email
import ssl
from collections.abc import Iterator
from email.policy import default
from pathlib import Path

import pytest
from apprise.plugins.feishu import NotifyFeishu
from msgspec import structs

from alerts.channels.chat import Chat
from alerts.channels.folder import Folder
from alerts.channels.port import CHAT, MAIL, SMS, Outgoing, Receipt, Reply
from alerts.channels.sms_http import Endpoint, HttpSms, signed
from alerts.errors import AddressUnfit, DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from supervision.facts import Instant
from tests.certificates import certificate
from tests.mailserver import mail_server
from tests.smsgateway import KEY, SECRET, SmsGateway, sms_gateway

pytestmark = pytest.mark.integration
NOON: Instant = 1_780_300_800_000_000
"""2026-06-01T08:00:00Z."""
LI = "+8613800138000"
SHORT = Outgoing(message="m-1", address=LI, text="您有一张红牌")


@pytest.fixture
def gateway() -> Iterator[SmsGateway]:
    """A gateway that checks signatures."""
    with sms_gateway() as server:
        yield server


@pytest.fixture
def channel(gateway: SmsGateway) -> Iterator[HttpSms]:
    """With the right key."""
    made = HttpSms(endpoint(gateway), lambda: NOON)
    yield made
    made.close()


def endpoint(gateway: SmsGateway, secret: str = SECRET) -> Endpoint:
    """Our account there."""
    return Endpoint(url=gateway.url, key=KEY, secret=secret, sign="监察", poll=0.0)


def heard(channel: HttpSms) -> list[Receipt | Reply]:
    """The next news; a test that waits in vain ends by its time-out."""
    while not (news := channel.heard()):
        pass
    return news


def asked_for_news(gateway: SmsGateway, channel: HttpSms) -> list[Receipt | Reply]:
    """What comes until the gateway was asked and answered twice more."""
    until = len(gateway.asked) + 2
    news: list[Receipt | Reply] = []
    while len(gateway.asked) < until:
        news += channel.heard()
    return news


def test_a_message_goes_signed_with_what_the_gateway_needs(
    gateway: SmsGateway, channel: HttpSms
) -> None:
    """Number, text, signature name and our id, stamped with the time that was given."""
    accepted = channel.send(SHORT)
    body = {"phone": LI, "text": "您有一张红牌", "sign": "监察", "out_id": "m-1"}
    assert [body] == gateway.received
    assert ["2026-06-01T08:00:00Z"] == gateway.stamps
    assert ("B00001", 1) == (accepted.gateway_id, accepted.parts)


def test_the_signature_is_that_of_the_agreement() -> None:
    """A vector that whoever writes the other side can compute with openssl."""
    query = [("after", "7/红"), ("b", "2 3")]
    made = signed("key", "GET", "/sms/receipts", query, b"", "2026-06-01T08:00:00Z", "00" * 16)
    assert "ce24ca0cd4fe4a59fa6c139eb7d67406b0b897a4ac36ef859d86dbd647a50942" == made


def test_the_signature_name_counts_into_the_parts(channel: HttpSms) -> None:
    """The gateway writes 【监察】 before each text."""
    assert [1, 2] == [channel.parts("红" * 66), channel.parts("红" * 67)]


def test_a_wrong_secret_is_a_gateway_that_is_down(gateway: SmsGateway) -> None:
    """Nobody's message goes until somebody sets it right."""
    stranger = HttpSms(endpoint(gateway, "another"), lambda: NOON)
    with pytest.raises(Unavailable, match="SignatureDoesNotMatch"):
        stranger.send(SHORT)
    assert [] == asked_for_news(gateway, stranger)
    stranger.close()
    assert [] == gateway.received


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (200, "isv.BUSINESS_LIMIT_CONTROL", Throttled),
        (429, "", Throttled),
        (400, "Throttling.User", Throttled),
        (200, "isv.MOBILE_NUMBER_ILLEGAL", Refused),
        (400, "isv.SMS_SIGNATURE_ILLEGAL", Refused),
        (413, "", Refused),
        (400, "SignatureDoesNotMatch", Unavailable),
        (200, "isv.AMOUNT_NOT_ENOUGH", Unavailable),
        (200, "isp.SYSTEM_ERROR", Unavailable),
        (401, "", Unavailable),
        (403, "", Unavailable),
        (500, "", Unavailable),
        (503, "", Unavailable),
        (302, "", Unavailable),
        (307, "", Unavailable),
    ],
)
def test_each_no_has_its_meaning_and_the_next_message_goes(
    gateway: SmsGateway,
    channel: HttpSms,
    status: int,
    code: str,
    outcome: type[DeliveryFailed],
) -> None:
    """By code where there is one; a redirect is not followed; no number is in what is told."""
    gateway.say(status, code, {"Location": gateway.url})
    with pytest.raises(DeliveryFailed) as failed:
        channel.send(SHORT)
    assert outcome is type(failed.value)
    assert "138" not in str(failed.value)
    assert 1 == len(gateway.asked)
    channel.send(SHORT)
    assert 1 == len(gateway.received)


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("7", 7.0),
        ("Mon, 01 Jun 2026 08:01:30 GMT", 90.0),
        ("Mon, 01 Jun 2026 07:00:00 GMT", 0.0),
        ("86400", 3600.0),
        ("soon", 0.0),
        ("-5", 0.0),
    ],
)
def test_a_gateway_may_say_how_long_to_wait(
    gateway: SmsGateway, channel: HttpSms, header: str, after: float
) -> None:
    """Seconds or a date (RFC 9110, 10.2.3); an hour at most, nonsense is nothing."""
    gateway.say(429, "isv.BUSINESS_LIMIT_CONTROL", {"Retry-After": header})
    with pytest.raises(Throttled) as throttled:
        channel.send(SHORT)
    assert after == throttled.value.after


def test_an_answer_without_end_is_not_read(gateway: SmsGateway, channel: HttpSms) -> None:
    """A megabyte is enough; whether the message was taken nobody knows."""
    gateway.say(200, "isv." + "x" * (1 << 20))
    with pytest.raises(InDoubt):
        channel.send(SHORT)


def test_one_connection_serves_all_messages(gateway: SmsGateway, channel: HttpSms) -> None:
    """Kept between them."""
    for _ in range(3):
        channel.send(SHORT)
    assert (3, 1) == (len(gateway.received), gateway.connections)


def test_receipts_and_replies_are_fetched_until_they_are_acknowledged(
    gateway: SmsGateway, channel: HttpSms
) -> None:
    """What one call gave is acknowledged by the next; who crashed in between gets it again."""
    gateway.tell(
        [
            {"id": "B00001", "state": "DELIVERED"},
            {"id": "B00002", "state": "FAILED", "code": "MK:0012/13800138000"},
            {"id": "B00003", "state": "PENDING"},
        ],
        [{"phone": "13800138000", "text": "1"}, {"phone": "10086", "text": "余额"}],
    )
    news = [
        Receipt("B00001", "delivered"),
        Receipt("B00002", "failed", "MK:0012/…"),
        Reply(LI, "1"),
        Reply("10086", "余额"),
    ]
    again = HttpSms(endpoint(gateway), lambda: NOON)
    assert news == heard(again)
    again.close()
    assert news == heard(channel)
    assert [] == asked_for_news(gateway, channel)
    gateway.tell([], [{"phone": LI, "text": "2"}])
    assert [Reply(LI, "2")] == heard(channel)


def test_to_hear_is_not_to_wait_for_a_gateway_that_hangs(
    gateway: SmsGateway, channel: HttpSms
) -> None:
    """Messages go meanwhile; the news come when it answers."""
    gateway.tell([], [{"phone": LI, "text": "1"}])
    gateway.hang()
    while not gateway.asked:
        assert [] == channel.heard()
    assert [] == channel.heard()
    gateway.go_on()
    channel.send(SHORT)
    assert [Reply(LI, "1")] == heard(channel)


def test_a_gateway_is_asked_for_news_no_oftener_than_agreed(gateway: SmsGateway) -> None:
    """However often somebody listens."""
    patient = HttpSms(structs.replace(endpoint(gateway), poll=3600.0), lambda: NOON)
    gateway.tell([], [{"phone": LI, "text": "1"}])
    heard(patient)
    assert [[]] * 100 == [patient.heard() for _ in range(100)]
    patient.send(SHORT)
    patient.close()
    assert ["GET", "POST"] == [asked.split()[0] for asked in gateway.asked]


def test_news_of_another_shape_are_none(gateway: SmsGateway, channel: HttpSms) -> None:
    """What was not agreed is not guessed at, and ends nothing."""
    gateway.tell(["what?"])
    assert [] == asked_for_news(gateway, channel)
    channel.send(SHORT)
    assert 1 == len(gateway.received)


@pytest.mark.parametrize(
    "url",
    [
        "http://sms.example.cn/v1",
        "https://user:pw@sms.example.cn/v1",
        "https://sms.example.cn/v1?a=b",
        "ftp://127.0.0.1/",
        "sms.example.cn",
    ],
)
def test_a_gateway_elsewhere_is_reached_by_https_alone(url: str) -> None:
    """And what is signed is what is configured."""
    with pytest.raises(ValueError, match="https"):
        Endpoint(url=url, key=KEY, secret=SECRET, sign="监察")


def test_a_strangers_certificate_gets_no_message(tmp_path: Path) -> None:
    """A gateway that is not vouched for is nobody."""
    certified = certificate(tmp_path)
    with mail_server(certified, from_first_byte=True) as server:
        settings = {"key": KEY, "secret": SECRET, "sign": "监察"}
        url = f"https://localhost:{server.port}/"
        channel = HttpSms(
            Endpoint(url=url, trust=ssl.create_default_context(), **settings), lambda: NOON
        )
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            channel.send(SHORT)
        channel.close()


def test_a_robot_that_says_no_is_unavailable(
    gateway: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that is not there; nothing of its token is told."""
    robot = f"http://127.0.0.1:{gateway.port}/robot/{{token}}"
    monkeypatch.setattr(NotifyFeishu, "notify_url", robot)
    message = Outgoing(message="m-1", address="feishu://tok-1", subject="红牌", text="正文")
    gateway.say(500)
    for what in (lambda: None, gateway.stop):
        what()
        with pytest.raises(Unavailable) as told:
            Chat().send(message)
        assert "tok-1" not in str(told.value)
    gateway.start()
    Chat().send(message)
    assert ["红牌\r\n正文"] == [sent["content"]["text"] for sent in gateway.robots]


def test_a_folder_keeps_one_file_a_message(tmp_path: Path) -> None:
    """Sent again it is the same file, whole; an id that is no file's name becomes one."""
    folder = Folder(tmp_path / "outbox", SMS, lambda: NOON)
    first, again, odd = (
        folder.send(Outgoing(message=message, address=LI, text=text))
        for message, text in (("m-1", "一"), ("m-1", "二"), ("../../m-1", "三"))
    )
    assert "m-1.txt" == first.gateway_id == again.gateway_id
    files = {file.name: file.read_text(encoding="utf-8") for file in folder_of(tmp_path)}
    assert {"m-1.txt": f"{LI}\n\n二", odd.gateway_id: f"{LI}\n\n三"} == files


def test_a_folder_of_letters_opens_in_any_mail_program(tmp_path: Path) -> None:
    """With both bodies, as they would have gone."""
    letter = Outgoing(
        message="m-1", address="li@example.gov.cn", subject="红牌", text="正文", html="<p>正文</p>"
    )
    Folder(tmp_path / "outbox", MAIL, lambda: NOON).send(letter)
    read = email.message_from_bytes(folder_of(tmp_path)[0].read_bytes(), policy=default)
    assert ("红牌", "li@example.gov.cn") == (read["Subject"], read["To"])
    assert ["text/plain", "text/html"] == [part.get_content_type() for part in read.iter_parts()]


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """Where a file is in its place."""
    (tmp_path / "outbox").write_text("")
    with pytest.raises(Unavailable):
        Folder(tmp_path / "outbox", SMS, lambda: NOON).send(SHORT)


def test_a_folder_may_stand_for_a_chat(tmp_path: Path) -> None:
    """With the addresses of its robots."""
    folder = Folder(tmp_path / "outbox", CHAT, lambda: NOON)
    with pytest.raises(AddressUnfit):
        folder.fit(LI)
    folder.send(Outgoing(message="m-1", address=folder.fit("feishu://abc/"), text="正文"))
    assert ["feishu://abc\n\n正文"] == [file.read_text("utf-8") for file in folder_of(tmp_path)]


def folder_of(home: Path) -> list[Path]:
    """What was written."""
    return sorted((home / "outbox").iterdir())
