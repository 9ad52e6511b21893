"""Acknowledging by link: it asks before it acts, and what is not right is told clearly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from alerts.links import Links, secret_of
from supervision.access.events import PEOPLE, PersonDisabled
from supervision.acts import CardAcknowledged, CardIssued, CardWithdrawn
from supervision.errors import StoreDown
from supervision.facts import CaseAccepted
from supervision.notices import ALERTS, CardRef, ContactRemoved
from supervision.record import Incoming
from supervision.streams import cards_stream, desk_stream
from tests.alerts_town import AT, HOUR, alerts_in, contact, intended
from tests.offices_town import SITE, START, SYSTEM, Town, text_of

pytestmark = pytest.mark.integration

REFS = (CardRef("hz", "A-1", "C1"), CardRef("hz", "A-2", "C2"))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The pages behind the gate, over a record of their own."""
    with alerts_in(tmp_path / "home") as made:
        yield made


def issued(town: Town, ref: CardRef) -> None:
    """A card on a case that a department reported."""
    fact = CaseAccepted(id=ref.card, source=ref.source, case_no=ref.case_no, occurred_at=AT)
    town.record.append_facts([Incoming(fact)])
    event = CardIssued(
        source=ref.source, case_no=ref.case_no, card=ref.card, at=AT, rule="promise",
        severity="red", colour="#D55E00", label_zh="红牌", label_en="red card", crossed_at=AT,
        item="取水许可", answer_by="2026-03-05",
    )  # fmt: skip
    town.record.append(cards_stream(ref.source, ref.case_no), [event], 0)


@pytest.fixture
def link(town: Town) -> str:
    """The address in a message to zhang about two cards."""
    for ref in REFS:
        issued(town, ref)
    town.record.append(ALERTS, [contact("zhang")], 0)
    return link_to(town, intended(town, "zhang", *REFS))


def link_to(town: Town, message: str, person: str = "zhang", ends: int = START + HOUR) -> str:
    return "/ack/" + Links(secret_of(town.record.vault)).make(message, person, ends)


def opened(town: Town, link: str) -> httpx.Response:
    return town.client.get(link, headers={"Accept": "text/html"})


def asked(town: Town, link: str) -> httpx.Response:
    """The button pressed, by somebody without a session."""
    return town.client.post(link, headers={"Accept": "text/html", "Origin": SITE})


def acknowledgements(town: Town) -> list[CardAcknowledged]:
    return [
        each
        for ref in REFS
        for each in town.events(desk_stream(ref.source, ref.case_no))
        if isinstance(each, CardAcknowledged)
    ]


def test_a_link_asks_before_it_acts(town: Town, link: str) -> None:
    """Mail servers open links; each card is shown with what is asked."""
    answer = opened(town, link)
    assert answer.status_code == 200
    shown = text_of(answer)
    for word in ("红牌", "A-1", "A-2", "取水许可", "2026-03-05", "zhang", "签收以上 2 张牌"):
        assert word in shown
    assert acknowledgements(town) == []
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers


def test_pressed_it_acknowledges_each_card_in_the_persons_name(town: Town, link: str) -> None:
    """By link, once each, whatever the number of presses."""
    assert "已签收 2 张牌" in text_of(asked(town, link))
    acts = acknowledgements(town)
    assert [(a.by, a.via, a.id) for a in acts] == [
        ("zhang", "link", "C1-ack-m1"),
        ("zhang", "link", "C2-ack-m1"),
    ]
    again = asked(town, link)
    assert again.status_code == 200
    assert "都无须再签收" in text_of(again)
    assert '<button class="button main"' not in again.text
    assert acknowledgements(town) == acts


def test_what_became_of_a_card_meanwhile_is_told(town: Town, link: str) -> None:
    """A withdrawn one is not acknowledged; the other is."""
    gone = CardWithdrawn(source="hz", case_no="A-1", card="C1", at=AT)
    town.record.append(cards_stream("hz", "A-1"), [gone], 1)
    assert "已撤牌" in text_of(opened(town, link))
    shown = text_of(asked(town, link))
    assert "已签收 1 张牌" in shown
    assert [act.card for act in acknowledgements(town)] == ["C2"]


def refused(town: Town, link: str, status: int, words: str) -> None:
    """Both to look and to act; nothing is acknowledged."""
    for answer in (opened(town, link), asked(town, link)):
        assert answer.status_code == status
        assert words in text_of(answer)
        assert answer.headers["cache-control"] == "no-store"
        assert "A-1" not in answer.text
    assert acknowledgements(town) == []


def test_a_forged_link_acknowledges_nothing(town: Town, link: str) -> None:
    """A character changed, another's name, a message that is none or somebody else's."""
    last = "A" if link[-1] != "A" else "B"
    for forged in (
        link[:-1] + last,
        "/ack/x",
        "/ack/" + "x" * 5_000,
        link_to(town, "m1", "lisi"),
        link_to(town, "m9"),
        link_to(town, "nonsense"),
    ):
        refused(town, forged, 404, "链接无效")


def test_an_expired_link_says_so(town: Town, link: str) -> None:
    """At its end it is over."""
    refused(town, link_to(town, "m1", ends=town.record.last_stamp()), 410, "链接已过期")


def test_who_is_no_contact_any_more_acknowledges_nothing(town: Town, link: str) -> None:
    """The message may still lie in a mailbox."""
    gone = ContactRemoved(at=AT, by=SYSTEM, person="zhang")
    town.record.append(ALERTS, [gone], town.record.version(ALERTS))
    refused(town, link, 403, "您已不是此消息的接收人")


def test_who_may_not_sign_in_acknowledges_nothing(town: Town, link: str) -> None:
    """What holds for the pages holds for the link."""
    gone = PersonDisabled(at=AT, by=SYSTEM, person="zhang")
    town.record.append(PEOPLE, [gone], town.record.version(PEOPLE))
    refused(town, link, 403, "您已不是此消息的接收人")


def test_a_message_without_cards_has_nothing_to_acknowledge(town: Town, link: str) -> None:
    """A digest, a test."""
    refused(town, link_to(town, intended(town, "zhang", kind="test")), 404, "链接无效")


def test_another_site_cannot_press_the_button(town: Town, link: str) -> None:
    """Somebody who opens its page acknowledges nothing."""
    answer = town.client.post(link, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert acknowledgements(town) == []


def test_who_tries_very_many_links_is_slowed_down(town: Town, link: str) -> None:
    """For a minute."""
    answers = [opened(town, "/ack/x").status_code for _ in range(121)]
    assert answers[:120] == [404] * 120
    assert answers[120] == 429
    refused(town, link, 429, "请一分钟后再试")


def test_while_the_store_is_away_nothing_is_pretended(
    town: Town, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told is what can be done."""

    def down(*_: object) -> None:
        raise StoreDown("log", "no answer")

    monkeypatch.setattr(town.record, "append", down)
    answer = asked(town, link)
    assert answer.status_code == 503
    assert "已签收" not in text_of(answer)


def test_a_link_ends_by_the_time_of_the_log_and_by_no_other_clock(town: Town, link: str) -> None:
    """The time of an invented city is not that of the machine on which it runs."""
    ends = town.record.last_stamp() + 1_000_000
    assert ends < town.access.instant()
    answer = opened(town, link_to(town, "m1", ends=ends))
    assert answer.status_code == 200
    assert "不能签收" not in answer.text
