"""What every way to reach people promises, mail, SMS and chat, tried against servers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import pytest

from alerts.channels.port import Channel, Outgoing
from alerts.errors import AddressUnfit, InDoubt, Refused, Throttled, Unavailable
from tests.contract.channel_peers import GATEWAYS, PEERS, GatewayPeer, Peer

pytestmark = pytest.mark.integration
SHORT = 0.3
"""Seconds of patience with a gateway that says nothing."""
TEXT = "您有 1 张红牌待处理：建设工程规划许可 JX-2026-0042，请于 2 个工作时内确认。"


@pytest.fixture(params=list(PEERS))
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    """Each other end in turn."""
    with cast(AbstractContextManager[Peer], PEERS[request.param](tmp_path)) as made:
        yield made


@pytest.fixture(params=GATEWAYS)
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GatewayPeer]:
    """Each one that can fail in turn."""
    with cast(AbstractContextManager[GatewayPeer], PEERS[request.param](tmp_path)) as made:
        yield made


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> Iterator[Channel]:
    """A patient channel to the peer or gateway of the test."""
    name = "peer" if "peer" in request.fixturenames else "gateway"
    made = request.getfixturevalue(name).channel()
    yield made
    made.close()


def message(address: str, text: str = TEXT, id: str = "m-1") -> Outgoing:
    """As the outbox hands it over."""
    return Outgoing(message=id, address=address, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        TEXT,
        "Red card [A~1] {x} ^ \\ | € at 10% & £5, ok?",
        "繁體與𠮷字、标点“”——…，" * 20,
        "The quick brown fox {jumps} over the lazy dog. " * 9,
        "第一行\n第二行\n\n.\n..第五行",
    ],
    ids=["a digit", "chinese", "extension table", "long chinese", "long english", "lines"],
)
def test_a_text_arrives_as_it_was_sent(peer: Peer, channel: Channel, text: str) -> None:
    """To the letter, however it is encoded and cut on the way."""
    channel.send(message(peer.address, text.strip()))
    assert [(peer.address, text.strip())] == peer.arrived()


def test_messages_arrive_in_order_each_at_its_address(peer: Peer, channel: Channel) -> None:
    """One channel serves any number of people."""
    channel.send(message(peer.address, "一", "m-1"))
    channel.send(message(peer.other, "二", "m-2"))
    channel.send(message(peer.address, "三", "m-3"))
    assert [(peer.address, "一"), (peer.other, "二"), (peer.address, "三")] == peer.arrived()


def test_parts_are_told_before_and_after(peer: Peer, channel: Channel) -> None:
    """What a text will cost is what the gateway's acceptance says."""
    text = "二" * 100
    assert channel.parts(text) == channel.send(message(peer.address, text)).parts


def test_an_address_that_fits_stays_as_it_is(peer: Peer, channel: Channel) -> None:
    """The channel's own form is one form."""
    assert peer.address == channel.fit(peer.address)


def test_nonsense_is_no_address_and_is_not_repeated(peer: Peer, channel: Channel) -> None:
    """AddressUnfit says in Chinese and English what an address should be."""
    for address in peer.nonsense:
        with pytest.raises(AddressUnfit) as unfit:
            channel.fit(address)
        assert "应" in str(unfit.value), address
        assert " / a" in str(unfit.value), address
        assert len(address) < 16 or address not in str(unfit.value)


def test_what_fit_would_not_take_is_not_sent(peer: Peer, channel: Channel) -> None:
    """Whatever is handed over as an address, nothing of it leaves."""
    for address in peer.nonsense:
        with pytest.raises(Refused):
            channel.send(message(address))
    channel.send(message(peer.address))
    assert [(peer.address, TEXT)] == peer.arrived()


def test_a_silent_peer_has_told_nothing(peer: Peer, channel: Channel) -> None:
    """To hear is not to wait."""
    channel.send(message(peer.address))
    assert [] == channel.heard()


def test_a_channel_closes_twice(peer: Peer) -> None:
    """Used or not."""
    unused, used = peer.channel(), peer.channel()
    used.send(message(peer.address))
    for channel in (unused, used):
        channel.close()
        channel.close()


def test_nothing_personal_is_logged(
    peer: Peer, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither text nor address nor a robot's token, at any level; but for the servers' own logs."""
    with caplog.at_level(logging.DEBUG):
        channel.send(message(peer.address, "王小明 Wang Xiaoming"))
        channel.heard()
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    own = peer.address.removeprefix("+86").removeprefix("feishu://")
    said = "\n".join(ours)
    assert "王小明" not in said
    assert "Xiaoming" not in said
    assert "王小明 W".encode("utf-16-be").hex() not in said
    assert own not in said


def test_refused_is_for_good_and_the_next_one_goes(gateway: GatewayPeer, channel: Channel) -> None:
    """One bad address harms nobody else; what is said of it does not hold it."""
    gateway.refuse(gateway.other)
    with pytest.raises(Refused) as refused:
        channel.send(message(gateway.other))
    assert not refused.value.retry
    assert gateway.other.removeprefix("+") not in str(refused.value)
    channel.send(message(gateway.address))
    assert [(gateway.address, TEXT)] == gateway.arrived()


def test_throttled_goes_later(gateway: GatewayPeer, channel: Channel) -> None:
    """The same message, by the same channel."""
    gateway.throttle()
    with pytest.raises(Throttled) as throttled:
        channel.send(message(gateway.address))
    assert throttled.value.retry
    assert gateway.address.removeprefix("+") not in str(throttled.value)
    assert [] == gateway.arrived()
    channel.send(message(gateway.address))
    assert [(gateway.address, TEXT)] == gateway.arrived()


def test_nobody_there_is_unavailable_until_somebody_is(
    gateway: GatewayPeer, channel: Channel
) -> None:
    """Down from the start, down after a message, and up again each time."""
    gateway.stop()
    with pytest.raises(Unavailable):
        channel.send(message(gateway.address))
    gateway.start()
    channel.send(message(gateway.address, "一"))
    gateway.stop()
    with pytest.raises(Unavailable):
        channel.send(message(gateway.address))
    assert [] == channel.heard()
    gateway.start()
    channel.send(message(gateway.address, "二"))
    assert [(gateway.address, "一"), (gateway.address, "二")] == gateway.arrived()


def test_a_gateway_that_hangs_is_left(gateway: GatewayPeer) -> None:
    """The wait ends by itself, with an error that is worth another try; then things go on."""
    gateway.hang()
    impatient = gateway.channel(SHORT)
    with pytest.raises((InDoubt, Unavailable)) as left:
        impatient.send(message(gateway.address, "一"))
    assert left.value.retry
    gateway.go_on()
    impatient.close()
    patient = gateway.channel()
    patient.send(message(gateway.address, "二"))
    patient.close()
    assert (gateway.address, "二") == gateway.arrived()[-1]


def test_a_channel_closes_while_its_gateway_hangs(gateway: GatewayPeer) -> None:
    """To take leave does not take for ever either."""
    channel = gateway.channel(SHORT)
    gateway.hang()
    with pytest.raises((InDoubt, Unavailable)):
        channel.send(message(gateway.address))
    channel.close()
    gateway.go_on()


def test_a_connection_lost_after_handing_over_is_in_doubt(
    gateway: GatewayPeer, channel: Channel
) -> None:
    """The gateway has it, nobody here knows: tried again, it is there twice, never not at all."""
    gateway.lose()
    with pytest.raises(InDoubt) as doubt:
        channel.send(message(gateway.address))
    assert doubt.value.retry
    assert [(gateway.address, TEXT)] == gateway.arrived()
    channel.send(message(gateway.address))
    assert [(gateway.address, TEXT)] * 2 == gateway.arrived()


def test_a_connection_that_was_dropped_meanwhile_is_no_failure(
    gateway: GatewayPeer, channel: Channel
) -> None:
    """Gateways end what is idle: the next message goes by a new connection, once."""
    channel.send(message(gateway.address, "一"))
    gateway.drop()
    channel.send(message(gateway.address, "二"))
    assert [(gateway.address, "一"), (gateway.address, "二")] == gateway.arrived()


def test_what_is_accepted_bears_the_gateways_id(gateway: GatewayPeer, channel: Channel) -> None:
    """By it the gateway's own log can be asked."""
    first = channel.send(message(gateway.address, id="m-1"))
    second = channel.send(message(gateway.address, id="m-2"))
    assert "" != first.gateway_id != second.gateway_id != ""


def test_half_a_character_is_refused(peer: Peer, channel: Channel) -> None:
    """A lone surrogate, which no alphabet writes, stops nobody else's message."""
    with pytest.raises(Refused):
        channel.send(message(peer.address, "张\ud842", "m-1"))
    channel.send(message(peer.address, "下一条", "m-2"))
    assert [(peer.address, "下一条")] == peer.arrived()
