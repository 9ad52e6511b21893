"""What may be set up for alerts: each command gives its event, or says why not. Pure.

SetupRefused
├── RecipientUnfit     the name of a person, as people sign in with it
├── ContactUnfit       a rung, a channel or a language that is none; a channel without its address
├── AddressRefused     not an address or a number of that channel; never tells which it was
├── NoSuchContact, NoSuchSilence
├── SilenceUnfit       without reason, end or anything that it is about; too long
└── PolicyUnfit        a limit, an hour or a number that does not do

A template's errors are TemplateUnfit (templates.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import ClassVar

from msgspec.structs import replace

from supervision.access.people import name_of
from supervision.access.ruling import NAME
from supervision.errors import SupervisionError
from supervision.judgement.cards import RED, REMINDER, YELLOW
from supervision.judgement.deadline import listed_limit
from supervision.notices import (
    AlertPolicySet,
    ContactRemoved,
    ContactSet,
    RungWait,
    SilenceLifted,
    SilenceSet,
    TemplateSet,
    TestAsked,
)

from .channels.addresses import mailbox, mobile
from .channels.port import CHAT, MAIL, SMS
from .channels.robots import robot
from .errors import AddressUnfit
from .setup import Setup
from .templates import CHANNELS, check
from .wording import LANGS

SEVERITIES = (REMINDER, YELLOW, RED)
RUNGS = (0, 1, 2, 3)
"""承办人, 科室负责人, 分管领导, 纪检监察 (domain: 7)."""
AT_ONCE = ("0wh", "0wd", "0nd")
"""Waits that are none: a list's limits begin with 1."""
LONGEST = 100
"""Characters of a name and of what a silence is about."""
LONGEST_REASON = 500
MOST_NAMED = 200
"""Departments or items of one contact."""
LONGEST_SILENCE = timedelta(days=90)
HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
ABOUT = ("department", "item", "rule", "severity", "source", "case_no")
"""What a silence may be about."""

LIMITS: dict[str, tuple[float, float]] = {
    "group_wait": (0, 60),
    "group_interval": (0, 86_400),
    "group_burst": (1, 100),
    "link_hours": (1, 720),
    "tries": (1, 20),
    "retry_first": (1, 3_600),
    "retry_most": (1, 86_400),
    "most_cards": (1, 50),
}
"""The least and the most of each number of a policy."""
NAMES = {
    "group_wait": "首条消息等待", "group_interval": "归并间隔", "group_burst": "每间隔消息数",
    "link_hours": "链接有效小时数", "tries": "发送次数", "retry_first": "首次重发间隔",
    "retry_most": "最长重发间隔", "most_cards": "列出的牌数", "awake": "不受时段限制",
    "all_channels": "同时用全部方式",
}  # fmt: skip

Fit = Mapping[str, Callable[[str], str]]
"""By channel: an address in its own form, or AddressUnfit."""
FITS: Fit = {MAIL: mailbox, SMS: mobile, CHAT: robot}
"""Those of the channels that come with the product."""


class SetupRefused(SupervisionError):
    """The root; the message is for who asked, in Chinese and English."""

    zh: ClassVar[str] = "不能这样设置"
    en: ClassVar[str] = "this cannot be set up"

    def __init__(self, what: str = "") -> None:
        super().__init__(f"{self.zh} {self.en}{': ' + what if what else ''}")
        self.what = what


class RecipientUnfit(SetupRefused):
    """The name with which somebody signs in."""

    zh = "接收人须为登录名：1 至 64 个字母、汉字、数字或 . @ + - _"
    en = "a recipient is a sign-in name: 1 to 64 letters, digits or . @ + - _"


class ContactUnfit(SetupRefused):
    """One of its fields."""

    zh, en = "接收人设置不符", "the contact does not do"


class AddressRefused(SetupRefused):
    """The channel could not send to it."""

    zh, en = "地址或号码不符", "no address or number of this channel"


class NoSuchContact(SetupRefused):
    """Nobody of that name is told."""

    zh, en = "没有此接收人", "there is no such contact"


class NoSuchSilence(SetupRefused):
    """None that stands."""

    zh, en = "没有此静默", "there is no such silence"


class SilenceUnfit(SetupRefused):
    """One of its fields."""

    zh, en = "静默设置不符", "the silence does not do"


class PolicyUnfit(SetupRefused):
    """One of its fields."""

    zh, en = "告知规则不符", "the policy does not do"


def set_contact(wanted: ContactSet) -> ContactSet:
    """Somebody is told, or is told otherwise."""
    person = recipient(wanted.person)
    if wanted.rung not in RUNGS:
        raise ContactUnfit("层级 rung: 0 to 3")
    if wanted.lang not in LANGS:
        raise ContactUnfit(f"语言 language: {wanted.lang[:LONGEST]} ({' / '.join(LANGS)})")
    channels = tuple(dict.fromkeys(wanted.channels))
    if not channels or set(channels) - set(CHANNELS):
        raise ContactUnfit(f"通道 channels: {' / '.join(CHANNELS)}")
    departments, items = _names(wanted.departments), _names(wanted.items)
    _readable(ContactUnfit, wanted.name, *departments, *items)
    if max(len(departments), len(items)) > MOST_NAMED:
        raise ContactUnfit(f"> {MOST_NAMED}")
    return replace(wanted, person=person, channels=channels, departments=departments, items=items)


def fit_addresses(
    channels: Iterable[str], given: Mapping[str, str], had: Mapping[str, str], fit: Fit
) -> dict[str, str]:
    """The address of each channel in its own form: the one given, else the one there was.

    Those of other channels are not kept. AddressRefused; ContactUnfit: there is none.
    """
    found = {}
    for channel in channels:
        address = given.get(channel, "").strip()
        if address and channel not in fit:
            raise ContactUnfit(f"通道未配置 channel is not set up: {channel}")
        if address:
            found[channel] = _fitted(channel, address, fit)
        elif had.get(channel):
            found[channel] = had[channel]
        else:
            raise ContactUnfit(f"缺地址 no address: {channel}")
    return found


def remove_contact(setup: Setup, person: str, by: str, at: datetime) -> ContactRemoved:
    """Somebody is told nothing any more."""
    return ContactRemoved(at=at, by=by, person=contact_of(setup, person).person)


def ask_test(setup: Setup, person: str, by: str, at: datetime) -> TestAsked:
    """Somebody is sent a test message by each of their channels."""
    return TestAsked(at=at, by=by, person=contact_of(setup, person).person)


def contact_of(setup: Setup, person: str) -> ContactSet:
    """Somebody who is told; NoSuchContact."""
    found = setup.contacts.get(name_of(person))
    if found is None:
        raise NoSuchContact(person[:LONGEST])
    return found


def set_silence(setup: Setup, wanted: SilenceSet, *, everything: bool = False) -> SilenceSet:
    """Nobody is told of something for a while; of everything only if that is said.

    Its name is given here.
    """
    reason = " ".join(wanted.reason.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise SilenceUnfit(f"请说明理由 say why (≤ {LONGEST_REASON})")
    if not wanted.at < wanted.until <= wanted.at + LONGEST_SILENCE:
        raise SilenceUnfit(f"结束时间 the end: ≤ {LONGEST_SILENCE.days} 天 days")
    about = {name: getattr(wanted, name).strip() for name in ABOUT}
    _readable(SilenceUnfit, *about.values())
    if any(about.values()) == everything:
        raise SilenceUnfit("选定范围，或明确全部 say what it is about, or that it is about all")
    if about["severity"] not in ("", *SEVERITIES):
        raise SilenceUnfit(f"级别 severity: {' / '.join(SEVERITIES)}")
    if about["case_no"] and not about["source"]:
        raise SilenceUnfit("办件须连同来源 a case is named with its source")
    return replace(wanted, silence=f"s{setup.silenced + 1}", reason=reason, **about)


def lift_silence(setup: Setup, silence: str, by: str, at: datetime) -> SilenceLifted:
    """A silence ends now."""
    found = setup.silences.get(silence.strip())
    if found is None or found.until <= at:
        raise NoSuchSilence(silence[:LONGEST])
    return SilenceLifted(at=at, by=by, silence=found.silence)


def set_template(wanted: TemplateSet) -> TemplateSet:
    """A kind of message in other words; all empty: in the product's. TemplateUnfit."""
    made = replace(
        wanted,
        **{name: _lines(getattr(wanted, name)) for name in ("subject", "body", "html")},
    )
    check(made)
    return made


def set_policy(wanted: AlertPolicySet) -> AlertPolicySet:
    """Other rules; the version is when it was set, unless one is given."""
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(wanted, name) <= most:
            span = f"{least:g} 至 {most:g} 之间 {name}: {least:g} to {most:g}"
            raise PolicyUnfit(f"{NAMES[name]}须在 {span}")
    if wanted.retry_first > wanted.retry_most:
        raise PolicyUnfit("首次重发间隔不得长于最长间隔 retry_first > retry_most")
    _waits(wanted.waits)
    _hours(wanted.quiet)
    if not HOUR.fullmatch(wanted.digest_at):
        raise PolicyUnfit("每日汇总时刻应形如 17:30，即时和分 digest_at: HH:MM, such as 17:30")
    for name in ("awake", "all_channels"):
        if set(getattr(wanted, name)) - set(SEVERITIES):
            raise PolicyUnfit(f"{NAMES[name]}的级别 {name}: {' / '.join(SEVERITIES)}")
    _readable(PolicyUnfit, wanted.version)
    version = wanted.version.strip() or f"{wanted.at:%Y-%m-%dT%H:%M:%SZ}"
    return replace(wanted, version=version)


def recipient(person: str) -> str:
    """A recipient's name as it is compared; RecipientUnfit."""
    name = name_of(person)
    if not NAME.fullmatch(name):
        raise RecipientUnfit(ascii(person[:LONGEST]))
    return name


def _fitted(channel: str, address: str, fit: Fit) -> str:
    try:
        return fit[channel](address)
    except AddressUnfit as error:
        raise AddressRefused(str(error).replace(" / ", " ", 1)) from error


def _waits(waits: tuple[RungWait, ...]) -> None:
    for each in waits:
        if each.severity not in SEVERITIES or each.rung not in RUNGS:
            raise PolicyUnfit("没有此级别或层级 waits: no such severity or rung")
        if each.wait not in AT_ONCE and listed_limit(each.wait) is None:
            raise PolicyUnfit("等待应填 4wh、1wd，或立即 0wh 之类 waits: such as 4wh, 1wd, 0wh")
    if len({(each.severity, each.rung) for each in waits}) < len(waits):
        raise PolicyUnfit("同一级别和层级只能有一项 waits: one for each severity and rung")
    if not waits:
        raise PolicyUnfit("至少告知一个层级 waits: at least one")


def _hours(spans: tuple[tuple[str, str], ...]) -> None:
    """Spans of a day, in order and apart."""
    told = [hour for span in spans for hour in span]
    if not told or not all(HOUR.fullmatch(hour) for hour in told):
        raise PolicyUnfit("告知时段应为起止时刻 quiet: HH:MM-HH:MM")
    if any(later <= earlier for earlier, later in pairwise(told)):
        raise PolicyUnfit("告知时段须先后有序、互不重叠 quiet: in order and apart")


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stripped for name in names if (stripped := name.strip())))


def _readable(unfit: type[SetupRefused], *texts: str) -> None:
    for text in texts:
        if len(text) > LONGEST or not text.isprintable():
            raise unfit(ascii(text[:LONGEST]))


def _lines(text: str) -> str:
    """With line ends of one kind; spaces alone are nothing."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain if plain.strip() else ""
