"""What a case file calls events that a case's own story does not tell: notices, messages, lists.

Pairs are Chinese and English.
"""

from __future__ import annotations

from msgspec import Struct

from supervision import lists, notices
from supervision.acts import ZH as ACTS_ZH
from supervision.facts import ZH as FACTS_ZH
from supervision.system import TextErased

from .words import NOTHING, Pair, what

OTHERS_ZH: dict[str, str] = {
    "CardTold": "告知",
    "CardNotTold": "未告知",
    "CardWaits": "暂缓告知",
    "MessageIntended": "拟发消息",
    "MessageAttempted": "发送",
    "MessageAccepted": "通道已接收",
    "MessageDeferred": "稍后重发",
    "MessageDelivered": "已送达",
    "MessageFailed": "发送失败",
    "MessageGivenUp": "不再发送",
    "TextErased": "依法销毁文本",
    "CalendarPublished": "日历公布",
    "ItemPublished": "事项公布",
    "PolicyPublished": "规则公布",
    "PostGranted": "授予岗位",
    "PostRevoked": "撤销岗位",
    "ListChangeAnnounced": "清单变更公告",
    "OutageRecorded": "系统停机",
}
FAMILIES: dict[str, Pair] = {
    "fact": ("办件", "fact"),
    "link": ("关联", "link"),
    "card": ("监察", "card"),
    "desk": ("处置", "desk"),
    "notice": ("告知", "notice"),
    "message": ("消息", "message"),
    "erasure": ("销毁", "erasure"),
    "list": ("清单", "list"),
}
CHANNELS: dict[str, Pair] = {
    "mail": ("邮件", "mail"),
    "sms": ("短信", "SMS"),
    "chat": ("群消息", "chat"),
}


STAGES: dict[str, Pair] = {
    "inhibited": ("已有更重的牌", "a graver card stands"),
    "acknowledged": ("已签收", "acknowledged"),
    "ended": ("已结束", "over"),
    "told": ("已告知过", "told already"),
    "no_contact": ("没有接收人", "nobody to tell"),
    "no_channel": ("没有可用方式", "no way to tell"),
    "undeliverable": ("无法送达", "undeliverable"),
    "muted": ("免打扰时段", "quiet hours"),
    "silenced": ("静默", "silenced"),
    "grouped": ("合并发送", "gathered"),
}
"""Why somebody is not told of a card, or not yet."""


def name_of(kind: str) -> Pair:
    """What an event is called."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()
    zh = FACTS_ZH.get(kind) or ACTS_ZH.get(kind) or OTHERS_ZH.get(kind) or kind
    return zh, spaced[:1].upper() + spaced[1:]


def says(event: Struct) -> Pair:
    """The particulars of any event of a case file; free text is not among them."""
    for say in (_of_notice, _of_message, _of_list):
        said = say(event)
        if said != NOTHING:
            return said
    return what(event)


def _of_notice(event: Struct) -> Pair:
    match event:
        case notices.CardTold(person=person, channel=channel, message=message):
            zh, en = CHANNELS.get(channel, (channel, channel))
            return f"{person} {zh} {message}", f"{person} by {en}, {message}"
        case (
            notices.CardNotTold(person=person, stage=stage)
            | notices.CardWaits(person=person, stage=stage)
        ):
            zh, en = STAGES.get(stage, (stage, stage))
            return f"{person} {zh}".strip(), f"{person} {en}".strip()
        case TextErased(by=by, basis=basis):
            return f"{by} {basis}".strip(), f"{by} {basis}".strip()
    return NOTHING


def _of_message(event: Struct) -> Pair:
    match event:
        case notices.MessageIntended(person=person, channel=channel):
            zh, en = CHANNELS.get(channel, (channel, channel))
            return f"{person} {zh}", f"{person} by {en}"
        case notices.MessageAttempted(attempt=n) | notices.MessageAccepted(attempt=n):
            return f"第{n}次", f"try {n}"
        case (
            notices.MessageDeferred(reason=reason)
            | notices.MessageFailed(reason=reason)
            | notices.MessageGivenUp(reason=reason)
        ):
            return reason, reason
    return NOTHING


def _of_list(event: Struct) -> Pair:
    match event:
        case (
            lists.PostGranted(person=person, post=post)
            | lists.PostRevoked(person=person, post=post)
        ):
            return f"{person} {post}", f"{person} {post}"
        case lists.ItemPublished(code=code, name=name, version=version):
            return f"{code} {name} {version}", f"{code} {name} {version}"
        case lists.Published(version=version, title=title):
            return f"{version} {title}".strip(), f"{version} {title}".strip()
        case lists.ListChangeAnnounced(code=code, limit=limit):
            return f"{code} {limit}", f"{code} {limit}"
    return NOTHING
