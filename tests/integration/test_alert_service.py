"""The service that runs alerts: from a card in the log to a message in a gateway's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest

from alerts.book import Addresses, Book
from alerts.channels.port import Accepted, Outgoing, Receipt, Reply
from alerts.errors import AddressUnfit, DeliveryFailed, Refused, Throttled, Unavailable
from alerts.keeping import Keeping
from alerts.replies import acknowledging
from alerts.service import Bell, Service
from supervision.notices import (
    GATEWAYS,
    OUTBOX,
    CardTold,
    ContactSet,
    GatewayDown,
    MessageIntended,
    ReplyHeard,
    message_stream,
)
from supervision.publishing import publish_missing
from supervision.record import Record
from supervision.store.mapping import moment
from supervision.streams import cards_stream, desk_stream, notices_stream
from tests.access import Time
from tests.alerting import PLACE, card, contact
from tests.court import at

pytestmark = pytest.mark.integration
PATIENCE = 20


class Gateway:
    """A channel in memory: takes what it is given, or fails as it was told."""

    def __init__(self, name: str = "mail") -> None:
        self.name = name
        self.taken: list[Outgoing] = []
        self.fails: SimpleQueue[DeliveryFailed] = SimpleQueue()
        self.tells: SimpleQueue[Receipt | Reply] = SimpleQueue()
        self.got = Event()

    def fit(self, address: str) -> str:
        if "@" not in address and not address.isdecimal():
            raise AddressUnfit(address)
        return address

    def parts(self, text: str) -> int:
        return 1

    def send(self, outgoing: Outgoing) -> Accepted:
        if not self.fails.empty():
            raise self.fails.get()
        self.taken.append(outgoing)
        self.got.set()
        return Accepted(f"q-{outgoing.message}")

    def heard(self) -> list[Receipt | Reply]:
        found = []
        while not self.tells.empty():
            found.append(self.tells.get())
        return found

    def close(self) -> None:
        pass


class Post:
    """A record with lists and contacts, and the service over it."""

    def __init__(self, home: Path, *gateways: Gateway) -> None:
        self.time = Time()
        self.time.wall = at("2026-03-16 10:00")
        self.record = Record(home, self.time)
        self.gateways = {each.name: each for each in gateways}
        self.keeping = Keeping(home / "alerts" / "ledger")
        self.service: Service | None = None
        self.book = Book(self.record)
        self.addresses = Addresses(self.book)

    def add(self, told: ContactSet, **addresses: str) -> None:
        fits = {name: gateway.fit for name, gateway in self.gateways.items()}
        self.addresses.set_contact(lambda _: told, addresses, fits)

    def start(self, may_reply: Callable[[str], bool] = lambda person: True) -> None:
        bell = Bell(at=lambda _: None, stamp=lambda _: self.record.heartbeat()[0])
        self.service = Service(
            self.record, PLACE, self.gateways, bell, self.keeping, may_reply=may_reply
        )
        self.service.start()

    def now(self) -> datetime:
        return moment(self.record.heartbeat()[0])

    def stop(self) -> None:
        if self.service:
            self.service.stop()
            self.service = None

    def issue(self, no: str = "1", severity: str = "red") -> None:
        issued = card(no, severity)
        self.record.append(cards_stream("s", no), [issued], 0)
        self.pass_by(1)

    def pass_by(self, seconds: float) -> None:
        self.time.pass_by(seconds)
        if self.service:
            self.service.ring()

    def until(self, holds: object, gateway: Gateway | None = None) -> None:
        """Time passes until something holds."""
        assert callable(holds)
        for _ in range(400):
            if holds():
                return
            self.pass_by(1)
            got = (gateway or next(iter(self.gateways.values()))).got
            got.wait(0.05)
            got.clear()
        raise AssertionError("it never came to that")

    def messages(self) -> list[MessageIntended]:
        events = [each.event for each in self.record.read_stream(OUTBOX)]
        return [each for each in events if isinstance(each, MessageIntended)]

    def became(self, message: str) -> list[str]:
        stored = self.record.read_stream(message_stream(message))
        return [type(each.event).__name__ for each in stored]


@contextmanager
def post_at(home: Path, *gateways: Gateway) -> Iterator[Post]:
    post = Post(home, *gateways)
    publish_missing(post.record, [])
    try:
        yield post
    finally:
        post.stop()
        post.record.close()


def test_a_card_becomes_a_message_and_all_of_it_is_recorded(tmp_path: Path) -> None:
    """Intended, attempted, accepted with the gateway's id; the card's notices name it."""
    mail = Gateway()
    with post_at(tmp_path, mail) as post:
        post.add(contact("clerk", 0), mail="clerk@example.org")
        post.start()
        post.issue()
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        assert ["clerk@example.org"] == [each.address for each in mail.taken]
        assert ["MessageAttempted", "MessageAccepted"] == post.became("m1")
        events = [each.event for each in post.record.read_stream(notices_stream("s", "1"))]
        assert ["m1"] == [each.message for each in events if isinstance(each, CardTold)]


def test_what_is_deferred_is_tried_again_and_what_is_refused_is_not(tmp_path: Path) -> None:
    """Greylisting costs time; a recipient who does not exist costs one attempt."""
    mail = Gateway()
    mail.fails.put(Throttled("450 greylisted"))
    with post_at(tmp_path, mail) as post:
        post.add(contact("clerk", 0), mail="clerk@example.org")
        post.start()
        post.issue()
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        assert ["MessageAttempted", "MessageDeferred", "MessageAttempted", "MessageAccepted"] == (
            post.became("m1")
        )
        mail.fails.put(Refused("550 no such user"))
        post.issue("2")
        post.until(lambda: "MessageFailed" in post.became("m2"))
        assert ["MessageAttempted", "MessageFailed"] == post.became("m2")


def test_a_reply_acknowledges_and_stops_the_rungs_above(tmp_path: Path) -> None:
    """签收 by SMS, from the number that was told."""
    sms = Gateway("sms")
    with post_at(tmp_path, sms) as post:
        post.add(contact("clerk", 0, channels=("sms",)), sms="13800000000")
        post.start()
        post.issue(severity="yellow")
        post.until(lambda: sms.taken)
        sms.tells.put(Reply("13800000000", "签收"))
        post.until(lambda: post.record.read_stream(desk_stream("s", "1")))
        act = post.record.read_stream(desk_stream("s", "1"))[0].event
        assert ("CardAcknowledged", "clerk", "reply") == (type(act).__name__, act.by, act.via)


def test_a_receipt_that_comes_late_is_recorded_with_its_message(tmp_path: Path) -> None:
    """Delivered, or not: what the gateway tells is kept; not delivered, another is told."""
    sms = Gateway("sms")
    with post_at(tmp_path, sms) as post:
        post.add(contact("clerk", 0, channels=("sms",)), sms="13800000000")
        post.add(contact("head", 1, channels=("sms",)), sms="13800000001")
        post.start()
        post.issue(severity="yellow")
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        sms.tells.put(Receipt("q-m1", "failed", "UNDELIV"))
        post.until(lambda: len(sms.taken) == 2)
        assert "MessageFailed" == post.became("m1")[-1]
        assert ["13800000000", "13800000001"] == [each.address for each in sms.taken]


def test_a_gateway_that_is_down_is_told_by_the_other_channel(tmp_path: Path) -> None:
    """And the card goes by the other channel too."""
    mail, sms = Gateway(), Gateway("sms")
    for _ in range(3):
        sms.fails.put(Unavailable("connection refused"))
    with post_at(tmp_path, mail, sms) as post:
        told = contact("clerk", 0, channels=("sms", "mail"), operator=True)
        post.add(told, sms="13800000000", mail="clerk@example.org")
        post.start()
        post.issue(severity="yellow")
        post.until(lambda: {"card", "gateway_down"} <= {m.kind for m in post.messages()}, mail)
        post.until(lambda: len(mail.taken) >= 2, mail)
        events = [each.event for each in post.record.read_stream(GATEWAYS)]
        assert isinstance(events[0], GatewayDown)
        assert {"gateway_down", "card"} <= {m.kind for m in post.messages() if m.channel == "mail"}


def test_who_starts_again_goes_on_where_the_log_ends(tmp_path: Path) -> None:
    """Nothing is told twice, whether the ledger was kept or not."""
    mail = Gateway()
    with post_at(tmp_path, mail) as post:
        post.add(contact("clerk", 0), mail="clerk@example.org")
        post.start()
        post.issue()
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        for kept in (True, False):
            post.stop()
            if not kept:
                (tmp_path / "alerts" / "ledger").unlink()
            post.start()
            post.issue("2" if kept else "3")
            post.until(lambda n=2 + (not kept): len(mail.taken) == n)
        assert [["1"], ["2"], ["3"]] == [[r.case_no for r in m.cards] for m in post.messages()]


def test_what_waits_behind_a_gateway_that_is_gone_is_decided_on_again(tmp_path: Path) -> None:
    """Acknowledged meanwhile, it is not sent when the gateway is back."""
    mail = Gateway()
    mail.fails.put(Unavailable("connection refused"))
    with post_at(tmp_path, mail) as post:
        for n in range(4):
            told = contact(f"clerk{n}", 0, departments=(f"d{n}",))
            post.add(told, mail=f"clerk{n}@example.org")
        for n in range(4):
            issued = card(str(n), "red", department=f"d{n}")
            post.record.append(cards_stream("s", str(n)), [issued], 0)
        post.start()
        post.until(lambda: "MessageDeferred" in post.became("m1"))
        waiting = {each.message: each.cards[0] for each in post.messages()[1:]}
        for ref in waiting.values():
            act = acknowledging(ref, "m0", "head", "desk", post.now())
            post.record.append(desk_stream("s", ref.case_no), [act], 0)
        post.until(lambda: all("MessageGivenUp" in post.became(m) for m in waiting))
        post.until(lambda: mail.taken)
        assert ["m1"] == [each.message for each in mail.taken]


def test_a_reply_of_somebody_who_may_not_any_more_acknowledges_nothing(tmp_path: Path) -> None:
    """It is recorded that they replied."""
    sms = Gateway("sms")
    with post_at(tmp_path, sms) as post:
        post.add(contact("clerk", 0, channels=("sms",)), sms="13800000000")
        post.start(may_reply=lambda person: person != "clerk")
        post.issue(severity="yellow")
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        sms.tells.put(Reply("13800000000", "签收"))
        post.until(lambda: post.record.read_stream(GATEWAYS))
        (heard,) = [each.event for each in post.record.read_stream(GATEWAYS)]
        assert isinstance(heard, ReplyHeard)
        assert ("", "") == (heard.person, heard.message)
        assert [] == post.record.read_stream(desk_stream("s", "1"))


def test_a_channel_that_fails_at_its_end_keeps_neither_the_others_nor_the_ledger(
    tmp_path: Path,
) -> None:
    """All are closed, and what is known is kept."""
    mail, sms = Gateway(), Gateway("sms")
    closed = Event()
    mail.close, sms.close = fail, closed.set  # type: ignore[method-assign]
    with post_at(tmp_path, mail, sms) as post:
        post.add(contact("clerk", 0), mail="clerk@example.org")
        post.start()
        post.issue()
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        post.stop()
        assert closed.is_set()
        assert (tmp_path / "alerts" / "ledger").exists()


def fail() -> None:
    raise RuntimeError("the loop runs elsewhere")
