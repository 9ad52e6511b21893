"""Messages made of decisions: which cards, to whom, in which words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from supervision.acts import CardIssued
from supervision.facts import instant
from supervision.judgement.shelf import Lists
from supervision.notices import ContactSet, MessageIntended
from supervision.why import why

from .setup import Setup
from .stages import GRAVITY, Call
from .templates import CardLine, Fields, words_of

OCCASIONS: dict[str, tuple[str, str]] = {
    "issued": ("新发牌", "newly issued"),
    "waited": ("到时未签收，逐级告知", "not acknowledged in time"),
    "unreached": ("下级无人可告知，改告上级", "nobody below could be told"),
    "failed": ("前一渠道未送达，改道发送", "another channel failed"),
    "proposed": ("拟发牌，待裁定", "proposed, to be decided"),
    "ordered": ("督办，限期整改", "ordered by supervision: rectify"),
    "rejected": ("申诉不成立，限期整改", "the appeal was rejected: rectify"),
}
"""Why somebody is told, in words."""


def occasion_words(why: str) -> tuple[str, str]:
    """The words of an occasion; of an order with its number."""
    kind, _, number = why.partition(" ")
    zh, en = OCCASIONS.get(kind, (why, why))
    return (f"第 {number} 次{zh}", f"no. {number}: {en}") if number else (zh, en)


class Place(NamedTuple):
    """Where the system stands: its name, the zone of its days, the address of its pages ("" none);
    `link` makes an acknowledgement's address, `code` what a reply names a message by.
    """

    district: str
    zone: ZoneInfo
    wall: str
    link: Callable[[str, str, datetime], str]
    code: Callable[[str], str]


class Making(NamedTuple):
    """What a message is made with."""

    setup: Setup
    lists: Lists
    place: Place
    now: datetime


def of_cards(making: Making, message: str, calls: Sequence[Call]) -> MessageIntended:
    """One message about one or many cards to one person by one channel; gravest first."""
    ordered = sorted(calls, key=_gravest)
    first, contact = ordered[0], ordered[0].contact
    assert contact is not None
    cards = [call.slip.issued for call in ordered]
    policy = making.setup.policy
    expires = making.now + timedelta(hours=policy.link_hours)
    code = making.place.code(message)
    departments = dict.fromkeys(card.department for card in cards if card.department)
    why_said = first.occasion.partition(" ")[0]
    zh, en = occasion_words(why_said)
    fields = Fields(
        kind="card",
        district=making.place.district,
        severity=first.slip.issued.severity,
        label_zh=cards[0].label_zh,
        label_en=cards[0].label_en,
        why=why_said,
        why_zh=zh,
        why_en=en,
        department="、".join(departments),
        rung_name=rung_name(making, first),
        count=len(cards),
        more=max(len(cards) - policy.most_cards, 0),
        cards=tuple(_line(making, card, contact.lang) for card in cards[: policy.most_cards]),
        link=making.place.link(message, contact.person, expires),
        wall=making.place.wall,
        code=code,
    )
    return intended(
        making,
        contact,
        first.channel,
        fields,
        why=why_said,
        rung=first.rung,
        cards=tuple(call.slip.ref for call in ordered),
        departments=tuple(departments),
        code=code,
        expires_at=expires,
    )


def intended(
    making: Making, contact: ContactSet, channel: str, fields: Fields, *, why: str, **says: object
) -> MessageIntended:
    """A message in its words; `says` are further fields of MessageIntended."""
    words = words_of(making.setup, fields.kind, channel, contact.lang, fields)
    return MessageIntended(
        message="",
        at=making.now,
        kind=fields.kind,
        channel=channel,
        person=contact.person,
        severity=fields.severity,
        why=why,
        lang=contact.lang,
        subject=words.subject,
        text=words.text,
        html=words.html,
        template=f"{words.template} {words.fault}".strip(),
        **says,  # type: ignore[arg-type]
    )


def rung_name(making: Making, call: Call) -> str:
    """承办人, 科室负责人, 分管领导, 纪检监察, as the policy names them."""
    slip = call.slip
    rungs = making.lists.policy(slip.issued.source, slip.since, slip.since).rungs
    return rungs[min(call.rung, len(rungs) - 1)] if rungs else ""


def _gravest(call: Call) -> tuple[int, int, str]:
    issued = call.slip.issued
    return -GRAVITY.get(issued.severity, 0), instant(issued.crossed_at), issued.card


def _line(making: Making, card: CardIssued, lang: str) -> CardLine:
    zh, en = why(card)
    now = instant(making.now)
    item = making.lists.item(card.item, now, now)
    return CardLine(
        case_no=card.case_no,
        item=item.name if item else card.item,
        label=card.label_en if lang == "en" else card.label_zh,
        why_zh=zh,
        why_en=en,
        law=card.law,
        crossed=f"{card.crossed_at.astimezone(making.place.zone):%Y-%m-%d %H:%M}",
        answer_by=card.answer_by,
        department=card.department,
        step=card.step,
    )
