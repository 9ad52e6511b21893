"""Why a card was issued, in plain words, Chinese and English, from the card alone."""

from __future__ import annotations

from datetime import datetime

from .acts import CardIssued
from .judgement.cards import BY_HAND
from .judgement.deadline import UNITS, LimitUnreadable, parse_limit
from .judgement.pauses import ARTICLE_45

CLOCKS = {
    "notice": ("受理告知时限", "notice of acceptance"),
    "promise": ("承诺时限", "promised limit"),
    "legal": ("法定时限", "legal limit"),
    "step": ("环节时限", "step limit"),
    "special": ("特别程序批准期限", "approved days of a special procedure"),
    "hearing": ("听证期限", "limit for a hearing"),
    "delivery": ("送达时限", "limit for delivery"),
    "complaint": ("投诉答复时限", "limit for answering a complaint"),
    "rating": ("差评整改时限", "limit for following up a bad rating"),
    "acknowledge": ("签收时限", "limit for acknowledging"),
    "explain": ("说明或申诉时限", "limit for explaining or appealing"),
    "rectify": ("整改时限", "limit for rectifying"),
    "verify": ("核查时限", "limit for verifying"),
    "decide": ("申诉处理时限", "limit for deciding an appeal"),
}
VIOLATIONS = {
    "step_skipped": ("环节缺失", "a step was skipped"),
    "step_out_of_order": ("环节倒置", "a step was done out of order"),
    "step_not_in_flow": ("办理了流程之外的环节", "a step that is not in the flow"),
    "actor_without_post": ("经办人无相应岗位授权", "who did it did not hold the post"),
    "same_person_signed": ("审核与签发为同一人", "the same person reviewed and signed"),
    "not_told_at_once": ("未一次性告知补正内容", "what is missing was not named at once"),
    "no_reason": ("不予受理、退件、延期或不予许可未说明理由", "no reason was given"),
    "pause_improper": ("特别程序不合规", "an improper special procedure"),
    "extension_improper": ("延期不合规", "an improper extension"),
    "late_entry": ("补录：未在次一工作日内录入", "entered later than the next working day"),
    "outside_system": ("疑似体外循环", "apparently done outside the system"),
    "fee_improper": ("收费不合规", "an improper fee"),
    "reopened": ("临期退件后重新申报", "reopened after a return near the deadline"),
    "third_yellow": ("同一办件第三张有效黄牌", "a third standing yellow card on one case"),
}
HAND = ("人工发牌：监察人员发现", "issued by hand: found by a supervisor")
"""A card that no rule found; what was found stands in the act's reason."""
ERRORS = {
    "unknown_item": ("事项未发布，暂不判定", "the item is not published; not judged yet"),
    "no_legal_limit": ("事项未列法定时限", "the item has no legal limit"),
    "limit_differs": ("办件时限与事项清单不一致", "the case's limit differs from the list's"),
    "promise_above_legal": ("承诺时限长于法定时限", "the promise is longer than the legal limit"),
    "decision_before_acceptance": ("签发早于受理", "the decision is dated before acceptance"),
    "concluded_before_received": ("办结早于收件", "the conclusion is dated before the receipt"),
    "in_the_future": ("发生时间晚于入库时间", "dated in the future"),
    "correction_unreadable": ("更正无法适用", "a correction that cannot be applied"),
}
CATALOGUE = {
    "promise_above_legal": ("承诺时限长于法定时限", "the promise is longer than the legal limit"),
    "too_many_steps": (
        "非并联事项的审核签发环节超过三个",
        "more than three review and signing steps",
    ),
    "steps_exceed_promise": ("环节时限之和超过承诺时限", "the steps take longer than the promise"),
}
MODES = {
    "day_end": ("当日24时", "the end of the day"),
    "close_of_business": ("下班时", "the close of business"),
    "to_the_second": ("起算时刻", "the time of the start"),
}


def limit_words(text: str) -> tuple[str, str]:
    """ "20wd" → ("20个工作日", "20 working days")."""
    if text == "at":
        return UNITS["at"]
    try:
        limit = parse_limit(text)
    except LimitUnreadable:
        return text, text
    if limit is None:
        return "", ""
    zh, en = UNITS[limit.unit]
    if limit.unit == "sd":
        return zh, en
    return f"{limit.n}{zh}", f"{limit.n} {en if limit.n != 1 else en.removesuffix('s')}"


def why(card: CardIssued) -> tuple[str, str]:
    """The reason of a card in one sentence each."""
    if card.rule == BY_HAND:
        return HAND
    if card.account:
        return _about_clock(card)
    kind = card.subject.partition(":")[0]
    if kind in VIOLATIONS:
        return VIOLATIONS[kind]
    if card.rule in VIOLATIONS:
        return VIOLATIONS[card.rule]
    clock = card.rule.removesuffix("_past")
    if clock in CLOCKS:
        zh, en = CLOCKS[clock]
        return f"{zh}已过未办", f"the {en} has passed"
    return card.rule, card.rule


def _about_clock(card: CardIssued) -> tuple[str, str]:
    account = card.account
    assert account is not None
    zh, en = CLOCKS.get(account.clock, (account.clock, account.clock))
    if account.clock == "step" and card.step:
        zh, en = f"{zh}（{card.step}）", f"{en} ({card.step})"
    limit_zh, limit_en = limit_words(account.limit)
    end = _end(account.deadline, account.crosses_at, account.mode, account.limit)
    if account.limit == "at":
        zh, en = f"办件自带{zh}", f"case's own {en}"
    else:
        zh, en = f"{limit_zh}的{zh}", f"{en} of {limit_en}"
    if card.crossed_at >= account.crosses_at:
        return f"已超过{zh}，期限为{end}", f"past the {en}, which ended on {end}"
    return f"临近{zh}，{end}到期", f"near the end of the {en}, {end}"


def _end(deadline: str, crosses_at: datetime, mode: str, limit: str) -> str:
    """The deadline's day; with its time where it is not the day's end."""
    if mode == "day_end" and not limit.endswith(("wh", "at")):
        return deadline
    return f"{crosses_at:%Y-%m-%d %H:%M}"


def procedure_words(kind: str) -> str:
    """The Chinese name of a special procedure."""
    return ARTICLE_45.get(kind, kind)
