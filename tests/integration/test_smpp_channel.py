"""SMPP against a real message centre: parts, receipts, replies, and all that may go wrong.

Above 400 lines: what one gateway by SMPP may do wrong, over one server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.channels.port import Outgoing, Receipt, Reply
from alerts.channels.smpp import Gateway, Smpp
from alerts.channels.smpp_texts import Joined, names
from alerts.channels.sms_parts import BASIC, ESCAPE, EXTENSION
from alerts.errors import DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from tests.certificates import certificate
from tests.smsc import Smsc, smsc

pytestmark = pytest.mark.integration
LI, WANG = "+8613800138000", "+8613900139000"
Open = Callable[..., Smpp]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes channels to a message centre, closed in the end."""
    made: list[Smpp] = []

    def open_to(server: Smsc, **settings: object) -> Smpp:
        here = {"host": "127.0.0.1", "system_id": "wall", "password": "secret", "answer": 30.0}
        made.append(Smpp(Gateway(port=server.port, **{**here, **settings})))
        return made[-1]

    yield open_to
    for channel in made:
        channel.close()


@pytest.fixture
def centre() -> Iterator[Smsc]:
    """A message centre."""
    with smsc() as server:
        yield server


def short(text: str = "您有一张红牌", to: str = LI, id: str = "m-1") -> Outgoing:
    """A message."""
    return Outgoing(message=id, address=to, text=text)


def heard(channel: Smpp) -> list[Receipt | Reply]:
    """The next news; a test that waits in vain ends by its time-out."""
    while not (news := channel.heard()):
        pass
    return news


def test_a_message_asks_for_its_receipt_and_names_its_sender(opened: Open, centre: Smsc) -> None:
    """Registered delivery, the number without its plus, the id as the centre gave it."""
    accepted = opened(centre, source="106900001").send(short())
    part = centre.submitted[0]
    assert (1, "106900001", "8613800138000") == (part.registered, part.source, part.address)
    assert (part.id, 1) == (accepted.gateway_id, accepted.parts)


def test_every_letter_of_the_gsm_alphabet_arrives(opened: Open, centre: Smsc) -> None:
    """As another program reads them, both tables."""
    letters = "".join(sorted(set(BASIC) - {ESCAPE} | set(EXTENSION)))
    opened(centre).send(short(letters))
    assert (letters, 0) == (centre.submitted[0].text, centre.submitted[0].coding)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("红" * 135, [67, 67, 1]),
        ("a" * 152 + "{" + "b" * 10, [152, 11]),
        ("a" + "𠮷" * 67, [67, 66, 2]),
    ],
    ids=["chinese", "an escape at the end of a part", "a pair at the end of a part"],
)
def test_long_texts_are_cut_where_handsets_can_join_them(
    opened: Open, centre: Smsc, text: str, lengths: list[int]
) -> None:
    """Each part reads by itself, in UTF-16 units or letters; together they are the text."""
    accepted = opened(centre).send(short(text))
    parts = centre.submitted
    assert lengths == [len(part.text.encode("utf-16-be")) // 2 for part in parts]
    assert ",".join(part.id for part in parts) == accepted.gateway_id
    assert len(lengths) == accepted.parts
    assert [text] == [whole.text for whole in centre.received()]


def test_a_text_that_failed_in_the_middle_is_completed_by_its_repeat(
    opened: Open, centre: Smsc
) -> None:
    """The parts of both attempts bear one reference: the handset shows one text."""
    channel = opened(centre)
    centre.say("SUBMIT", "")
    centre.say("SUBMIT", "ESME_RTHROTTLED")
    with pytest.raises(Throttled):
        channel.send(short("红" * 100))
    assert [] == centre.received()
    channel.send(short("红" * 100))
    assert 1 == len({part.header[:8] for part in centre.submitted})
    assert ["红" * 100] == [whole.text for whole in centre.received()]


def test_a_text_of_more_than_255_parts_is_refused_unsent(opened: Open, centre: Smsc) -> None:
    """The header that joins them cannot count further."""
    with pytest.raises(Refused):
        opened(centre).send(short("红" * (67 * 255 + 1)))
    assert [] == centre.submitted


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("ESME_RTHROTTLED", Throttled),
        ("ESME_RMSGQFUL", Throttled),
        ("ESME_RINVDSTADR", Refused),
        ("ESME_RINVDSTTON", Refused),
        ("ESME_RX_R_APPN", Refused),
        ("ESME_RSYSERR", Unavailable),
        ("ESME_RINVSRCADR", Unavailable),
        ("ESME_RX_T_APPN", Unavailable),
        ("ESME_RINVBNDSTS", Unavailable),
        ("ESME_RSUBMITFAIL", Unavailable),
    ],
)
def test_each_no_has_its_meaning_and_the_next_message_goes(
    opened: Open, centre: Smsc, status: str, outcome: type[DeliveryFailed]
) -> None:
    """Throttled is not success: nothing was taken, and it is said so."""
    channel = opened(centre)
    centre.say("SUBMIT", status)
    with pytest.raises(DeliveryFailed) as failed:
        channel.send(short())
    assert outcome is type(failed.value)
    assert [] == centre.submitted
    channel.send(short(to=WANG))
    assert ["8613900139000"] == [part.address for part in centre.submitted]


def test_a_wrong_password_is_a_gateway_that_is_down(opened: Open, centre: Smsc) -> None:
    """The centre's word for it, not ours for the password."""
    channel = opened(centre, password="wrong-1")
    with pytest.raises(Unavailable, match="Invalid Password") as told:
        channel.send(short())
    assert "wrong-1" not in str(told.value)


def test_a_centre_that_is_busy_lets_nobody_in_until_it_does(opened: Open, centre: Smsc) -> None:
    """A bind that fails is tried anew with the next message."""
    channel = opened(centre)
    centre.say("BIND", "ESME_RALYBND")
    with pytest.raises(Unavailable):
        channel.send(short())
    channel.send(short())
    assert 1 == len(centre.submitted)


def test_a_centre_that_forgot_us_is_bound_to_again(opened: Open, centre: Smsc) -> None:
    """By a new connection: on the old one it would say the same for ever."""
    channel = opened(centre)
    centre.say("SUBMIT", "ESME_RINVBNDSTS")
    with pytest.raises(Unavailable):
        channel.send(short())
    channel.send(short())
    assert 2 == centre.events.count("bound")


def test_a_connection_on_which_nobody_answered_is_not_used_again(
    opened: Open, centre: Smsc
) -> None:
    """The centre's end of it may be gone."""
    channel = opened(centre, answer=0.3, connect=30.0)
    centre.hang("SUBMIT")
    for _ in range(2):
        with pytest.raises(InDoubt):
            channel.send(short())
    assert 2 == len(centre.submitted) == centre.events.count("bound")


@pytest.mark.parametrize("stage", ["BIND", "SUBMIT"])
def test_a_centre_that_hangs_is_left(opened: Open, centre: Smsc, stage: str) -> None:
    """An answer that comes too late is nobody's: the next message has its own id."""
    channel = opened(centre, connect=0.5, answer=0.5)
    centre.hang(stage)
    with pytest.raises((Unavailable, InDoubt)):
        channel.send(short())
    channel.close()
    centre.wait_for("gone")
    centre.go_on()
    patient = opened(centre)
    accepted = patient.send(short("二"))
    assert ("二", accepted.gateway_id) == (centre.submitted[-1].text, centre.submitted[-1].id)


def test_a_connection_cut_in_the_middle_of_a_text_is_in_doubt(opened: Open, centre: Smsc) -> None:
    """The second part may be there; the repeat is whole."""
    channel = opened(centre)
    centre.say("SUBMIT", "")
    centre.lose("SUBMIT")
    with pytest.raises(InDoubt):
        channel.send(short("红" * 140))
    channel.send(short("红" * 140))
    assert "红" * 140 == centre.received()[-1].text


@pytest.mark.parametrize("by_field", [False, True], ids=["by text", "by field"])
@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", "delivered"),
        ("UNDELIV", "failed"),
        ("EXPIRED", "failed"),
        ("REJECTD", "failed"),
        ("DELETED", "failed"),
    ],
)
def test_a_receipt_tells_the_end_of_a_message(
    opened: Open, centre: Smsc, stat: str, state: str, by_field: bool
) -> None:
    """With the reason of a failure; what the receipt quotes of the text is not believed."""
    channel = opened(centre)
    accepted = channel.send(short())
    centre.receipt(accepted.gateway_id, stat, by_field)
    told = heard(channel)[0]
    assert isinstance(told, Receipt)
    assert (accepted.gateway_id, state) == (told.gateway_id, told.state)
    assert ("" if stat == "DELIVRD" else stat) == told.reason.partition(" ")[0]


def test_a_receipt_of_no_end_is_no_news(opened: Open, centre: Smsc) -> None:
    """On its way is not arrived; the next receipt is."""
    channel = opened(centre)
    accepted = channel.send(short())
    centre.receipt(accepted.gateway_id, "ACCEPTD")
    centre.receipt(accepted.gateway_id, "DELIVRD")
    assert [Receipt(accepted.gateway_id, "delivered")] == heard(channel)


@pytest.mark.parametrize(
    ("ids", "written"), [("decimal", "hexadecimal"), ("hexadecimal", "decimal")]
)
def test_receipts_may_write_ids_in_another_way(opened: Open, ids: str, written: str) -> None:
    """Where the centre answers in one system of numbers and reports in the other."""
    with smsc(ids=ids, receipt_ids=written) as centre:
        channel = opened(centre, receipt_ids=written)
        accepted = channel.send(short())
        centre.receipt(accepted.gateway_id)
        told = heard(channel)[0]
        assert isinstance(told, Receipt)
        assert names(accepted.gateway_id, told.gateway_id)


def test_a_text_of_parts_is_delivered_when_all_are(opened: Open, centre: Smsc) -> None:
    """One receipt for the whole, once, whatever the order."""
    channel = opened(centre)
    accepted = channel.send(short("红" * 140))
    first, second, third = accepted.gateway_id.split(",")
    channel.send(short("二", id="m-2"))
    for part in (third, first, centre.submitted[-1].id):
        centre.receipt(part)
    news: list[Receipt | Reply] = []
    while len(news) < 1:
        news += channel.heard()
    assert [Receipt(centre.submitted[-1].id, "delivered")] == news
    centre.receipt(second)
    assert [Receipt(accepted.gateway_id, "delivered")] == heard(channel)


def test_a_text_of_parts_has_failed_when_one_has() -> None:
    """Told once; what comes of the other parts changes nothing."""
    joined = Joined()
    joined.sent("A1,A2,A3")
    told = [
        joined.gather(Receipt("a2", "delivered")),
        joined.gather(Receipt("0A1", "failed", "EXPIRED")),
        joined.gather(Receipt("A3", "failed", "UNDELIV")),
    ]
    assert [None, Receipt("A1,A2,A3", "failed", "EXPIRED"), None] == told


def test_a_part_of_a_message_before_the_restart_is_told_by_itself() -> None:
    """Nothing is remembered over a restart; `names` finds the message."""
    receipt = Receipt("A2", "delivered")
    assert receipt == Joined().gather(receipt)
    assert names("A1,A2,A3", receipt.gateway_id)


@pytest.mark.parametrize(
    ("gateway_id", "told", "same"),
    [
        ("1A2B", "1a2b", True),
        ("1A2B", "00001A2B", True),
        ("1A2B,1A2C", "1A2C", True),
        ("1A2B,1A2C", "1A2B,1A2C", True),
        ("1A2B", "1A2", False),
        ("1A2B", "1A2B,1A2C", False),
        ("16", "10", False),
        ("1A2B", "", False),
        ("", "1A2B", False),
    ],
)
def test_an_id_names_a_message_or_one_of_its_parts(gateway_id: str, told: str, same: bool) -> None:
    """Small letters and leading zeros make no difference; another number is another message."""
    assert same == names(gateway_id, told)


def test_receipts_come_late_and_by_another_connection(opened: Open, centre: Smsc) -> None:
    """Also while nothing is sent: to hear is reason enough to connect."""
    first = opened(centre)
    accepted = first.send(short())
    first.close()
    centre.receipt(accepted.gateway_id)
    assert [Receipt(accepted.gateway_id, "delivered")] == heard(opened(centre))


def test_what_was_heard_and_not_recorded_comes_again(opened: Open, centre: Smsc) -> None:
    """A crash between hearing and recording loses nothing: only the next call acknowledges."""
    crashed, after = opened(centre), opened(centre)
    centre.reply("8613800138000", "1")
    assert [Reply(LI, "1")] == heard(crashed)
    centre.drop()
    assert [Reply(LI, "1")] == heard(after)
    after.heard()
    centre.wait_for("noted")


@pytest.mark.parametrize(
    ("text", "coding", "octets"),
    [
        ("收到，马上处理𠮷", 8, b""),
        ("OK [1] €", 0, b""),
        ("déjà vu", 3, "déjà vu".encode("latin-1")),
        ("收到", 15, "收到".encode("gb18030")),
        ("1", 8, "1".encode("utf-16-be")),
        ("\ufffd", 8, b"\x4e"),
    ],
)
def test_replies_are_read_in_every_alphabet(
    opened: Open, centre: Smsc, text: str, coding: int, octets: bytes
) -> None:
    """From whom, in the form of `fit`; and what does not decode ends nothing."""
    centre.reply("8613800138000", text, coding, octets)
    assert [Reply(LI, text)] == heard(opened(centre))


def test_the_header_of_a_long_replys_parts_is_not_read_as_text(opened: Open, centre: Smsc) -> None:
    """Each part is a reply."""
    octets = bytes([5, 0, 3, 42, 2, 1]) + "收到".encode("utf-16-be")
    centre.reply("8613800138000", octets=octets, has_header=True)
    assert [Reply(LI, "收到")] == heard(opened(centre))


def test_a_reply_from_a_name_keeps_it(opened: Open, centre: Smsc) -> None:
    """Not everything that comes has a number."""
    centre.reply("10086", "余额不足")
    assert [Reply("10086", "余额不足")] == heard(opened(centre))


def test_a_channel_that_only_hears_asks_whether_the_centre_is_there(
    opened: Open, centre: Smsc
) -> None:
    """enquire_link after a while of silence, and an answer to the centre's own."""
    channel = opened(centre, idle=0.0)
    channel.send(short())
    centre.enquire()
    while not {"enquired", "answered"} <= set(centre.events):
        channel.heard()


def test_a_dead_connection_is_found_out_by_hearing(opened: Open, centre: Smsc) -> None:
    """News come by a new one, with nothing sent."""
    channel = opened(centre, idle=0.0)
    accepted = channel.send(short())
    centre.stop()
    assert [] == channel.heard()
    centre.receipt(accepted.gateway_id)
    centre.start()
    assert [Receipt(accepted.gateway_id, "delivered")] == heard(channel)


def test_messages_go_by_tls_to_the_right_centre_only(opened: Open, tmp_path: Path) -> None:
    """With its certificate checked, the name in it too."""
    certified = certificate(tmp_path)
    with smsc(certified) as centre:
        trust = certified.client()
        accepted = opened(centre, host="localhost", tls=trust).send(short())
        assert accepted.gateway_id == centre.submitted[0].id
        with pytest.raises(Unavailable):
            opened(centre, host="127.0.0.2", tls=trust).send(short())
        with pytest.raises(Unavailable):
            opened(centre, host="localhost").send(short())
        assert 1 == len(centre.submitted)


def test_settings_that_would_be_cut_or_overheard_are_none() -> None:
    """A password of nine letters would be sent as eight; a gateway elsewhere wants TLS."""
    with pytest.raises(ValueError, match="password is at most 8"):
        Gateway(host="127.0.0.1", system_id="wall", password="123456789")
    with pytest.raises(ValueError, match="in the clear"):
        Gateway(host="sms.example.cn", system_id="wall", password="12345678")
    Gateway(host="10.0.0.9", system_id="wall", password="12345678", trusted_network=True)
