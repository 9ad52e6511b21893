"""Notices (告知): who was told what about a card, when, by what, and if not, why. Names are kept
for good.

What was decided for one card and one recipient stands in the case's stream `notices`; each message,
of which one may speak of many cards, in OUTBOX, where the n-th event is the message "mn" if it is
one; what became of a message in a stream of its own (message_stream); what gateways told in
GATEWAYS; what was set up in ALERTS. Each stream has one writer: the pipeline, the channel that
delivers, people. Addresses and telephone numbers are sealed in the vault, never here.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

CHANNELS = ("mail", "sms", "chat")
"""The ways to reach people."""

ALERTS = "alerts/setup"
"""Who is told, by what rules, in what words, and what is silenced: written by people."""
OUTBOX = "alerts/outbox"
"""Messages as they were intended: written by the pipeline alone."""
GATEWAYS = "alerts/gateways"
"""What gateways told beside messages: that they are down, that somebody replied."""


def message_stream(message: str) -> str:
    """Where it stands what became of a message."""
    return f"alerts/message/{message}"


def message_id(version: int) -> str:
    """The id of the message that is the event of this version in OUTBOX."""
    return f"m{version}"


def version_of(message: str) -> int:
    """Where in OUTBOX a message stands; 0 for what is no message's id."""
    digits = message[1:]
    return int(digits) if message[:1] == "m" and digits.isdecimal() and len(digits) < 19 else 0


# What was decided about a card.


class Notice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """About which card, when; `rung` is that of the recipient, 0 承办人 to 3 纪检监察.

    `why`, the occasion: issued, waited (the rung's wait passed and nobody acknowledged), no_contact
    or undeliverable (nobody at the rung below could be told), failed (another channel failed);
    "ordered N" (the N-th order was made), rejected (an appeal was).
    """

    source: str
    case_no: str
    card: str
    at: datetime
    rung: int
    why: str


class CardTold(Notice, frozen=True, kw_only=True, omit_defaults=True):
    """`person` is told by `channel`, with a message of the outbox."""

    person: str
    channel: str
    message: str


class CardNotTold(Notice, frozen=True, kw_only=True, omit_defaults=True):
    """`person` ("" nobody in particular) is not told, by reason of `stage`: inhibited,
    acknowledged, ended, told (already of this card), no_contact, no_channel, undeliverable. `by`:
    the card, act or message behind it.
    """

    stage: str
    person: str = ""
    by: str = ""


class CardWaits(Notice, frozen=True, kw_only=True, omit_defaults=True):
    """`person` is told later, not before `until`, by reason of `stage`: muted, silenced,
    grouped.
    """

    stage: str
    person: str = ""
    until: datetime
    by: str = ""


# What became of a message.


class CardRef(Struct, frozen=True, array_like=True):
    """A card that a message speaks of."""

    source: str
    case_no: str
    card: str


class OutboxEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """About which message, when."""

    message: str
    at: datetime


class MessageIntended(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """It is to be sent: to whom, by what, in which words.

    `kind`: card, digest, silence_ended, gateway_down, gateway_up, test. `why`: the occasion that
    made it, of the gravest card; `departments`: those of its cards. `subject` and `text` are what
    was said; `code`: a short word by which a reply names it; `expires_at`: until when its link
    acknowledges.
    """

    kind: str
    channel: str
    person: str
    rung: int = 0
    severity: str = ""
    why: str = ""
    cards: tuple[CardRef, ...] = ()
    departments: tuple[str, ...] = ()
    lang: str = "zh"
    subject: str = ""
    text: str
    html: str = ""
    template: str = ""
    code: str = ""
    expires_at: datetime | None = None


class MessageAttempted(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """It is being handed over, for the n-th time; recorded before."""

    attempt: int


class MessageAccepted(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway has it: under which id, in how many parts."""

    attempt: int
    gateway_id: str = ""
    parts: int = 1


class MessageDeferred(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway did not take it, or with `in_doubt` may have, or with `down` was not there; it is
    tried again not before `again_at`.
    """

    attempt: int
    reason: str
    again_at: datetime
    in_doubt: bool = False
    down: bool = False


class MessageDelivered(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway says that the recipient has it."""

    gateway_id: str = ""


class MessageFailed(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Refused for good, or reported undeliverable."""

    reason: str
    gateway_id: str = ""


class MessageGivenUp(OutboxEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Not tried any more: too often, too late, or what it speaks of is over."""

    reason: str


class GatewayDown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A channel takes nothing any more, since when, and what it says."""

    channel: str
    at: datetime
    since: datetime
    reason: str


class GatewayUp(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """It takes messages again."""

    channel: str
    at: datetime


class ReplyHeard(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody replied to a message: what became of it (acknowledged, or why not)."""

    channel: str
    at: datetime
    person: str = ""
    message: str = ""
    outcome: str


# What was set up.


class Setup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When and by whom."""

    at: datetime
    by: str


class ContactSet(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """A person is told of cards at a rung; set again, it is changed.

    `departments` and `items`: none means all. `channels`: mail, sms, chat, in order of preference;
    the first that works is used, and all of them where the policy says so. `sealed`: HMAC of the
    addresses in the vault. `quiet_red`: the person's quiet hours hold for red cards too. `digest`:
    gets the daily digest. `operator`: is told when a gateway is down.
    """

    person: str
    rung: int
    name: str = ""
    departments: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("mail",)
    lang: str = "zh"
    digest: bool = False
    operator: bool = False
    quiet_red: bool = False
    number: int = 1
    sealed: str = ""


class ContactRemoved(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """The person is told nothing any more."""

    person: str


class TestAsked(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """A contact is sent a test message by each of its channels."""

    person: str


class SilenceSet(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """Nobody is told of what matches, until `until`; empty fields match anything."""

    silence: str
    reason: str
    until: datetime
    department: str = ""
    item: str = ""
    rule: str = ""
    severity: str = ""
    source: str = ""
    case_no: str = ""


class SilenceLifted(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """Before its end."""

    silence: str


class TemplateSet(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """The words of a kind of message: Jinja, `subject` for mail only; empty: the product's."""

    kind: str
    channel: str
    lang: str
    subject: str = ""
    body: str = ""
    html: str = ""


class RungWait(Struct, frozen=True, array_like=True):
    """A severity's rung is told so long after the card's issue, unless it was acknowledged."""

    severity: str
    rung: int
    wait: str


class AlertPolicySet(Setup, frozen=True, kw_only=True, omit_defaults=True):
    """How people are told; limits as in lists ("4wh" working hours, "1wd"), else seconds.

    `waits`: the rungs of each severity. `group_wait`: how long the first message of a group waits
    for more; of one recipient and channel at most `group_burst` messages go in `group_interval`
    seconds, what comes more is gathered. `all_channels`: severities told by all of a contact's
    channels. `quiet`: outside these hours ("HH:MM" pairs) of working days nobody is told but of
    what is in `awake`. `digest_at`: of each working day. `link_hours`: how long a link
    acknowledges. `tries`: how often a message is tried.
    """

    version: str
    waits: tuple[RungWait, ...] = (
        RungWait("reminder", 0, "0wh"),
        RungWait("yellow", 0, "0wh"),
        RungWait("yellow", 1, "4wh"),
        RungWait("yellow", 2, "1wd"),
        RungWait("red", 0, "0wh"),
        RungWait("red", 1, "0wh"),
        RungWait("red", 2, "2wh"),
        RungWait("red", 3, "4wh"),
    )
    group_wait: float = 0.2
    group_interval: int = 300
    group_burst: int = 3
    all_channels: tuple[str, ...] = ("red",)
    quiet: tuple[tuple[str, str], ...] = (("08:30", "18:00"),)
    awake: tuple[str, ...] = ("red",)
    digest_at: str = "17:30"
    link_hours: int = 48
    tries: int = 8
    retry_first: int = 15
    """Seconds before the second try, doubled each time …"""
    retry_most: int = 1_800
    """… up to these."""
    most_cards: int = 20
    """Cards named in one message; the others are counted."""


NOTICES: dict[str, type[Struct]] = {
    event.__name__: event
    for event in (
        CardTold,
        CardNotTold,
        CardWaits,
        MessageIntended,
        MessageAttempted,
        MessageAccepted,
        MessageDeferred,
        MessageDelivered,
        MessageFailed,
        MessageGivenUp,
        GatewayDown,
        GatewayUp,
        ReplyHeard,
        ContactSet,
        ContactRemoved,
        TestAsked,
        SilenceSet,
        SilenceLifted,
        TemplateSet,
        AlertPolicySet,
    )
}
