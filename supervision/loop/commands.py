"""Commands of the closed loop: each gives the acts that it comes to, or says why not. Pure.

LoopRefused
├── NoSuchCard      the case has no card of that number
├── NoSuchCase      a card cannot be issued by hand on a case that nobody reported
├── MoveUnfit       not from where the card stands; says from where, and what may be done
├── SamePerson      who answered for the department makes no move of the supervisors' (domain: 7)
├── IdUsed          another act bears the id already
├── ReasonMissing   the move must be explained
└── FieldUnfit      what was given with it does not do
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from msgspec.structs import replace

from ..acts import (
    ZH,
    AppealDecided,
    AppealReferred,
    CardAppealed,
    CardClosed,
    CardExplained,
    CardTransferred,
    DeskAct,
    DisputeVerified,
    IssuedByHand,
    ProposalDecided,
    RectificationReported,
    RectificationVerified,
    SupervisionOrdered,
    WithdrawalDecided,
)
from ..errors import SupervisionError
from ..judgement.cards import BY_HAND_SEVERITIES, Card, Cards, hand_card_id
from .stage import DEPARTMENT, ONCE_OVER, STAGES_ZH, Stage, moves, stage_of

REASON = "reason"
"""The one text of a desk act: why, what was done, what is ordered."""
LONGEST = 4_000
"""Characters of a reason."""
SHORT = 100
"""Characters of a name."""

NEEDS_REASON: frozenset[type[DeskAct]] = frozenset({
    CardExplained, CardAppealed, AppealDecided, AppealReferred, RectificationReported,
    SupervisionOrdered, CardClosed, WithdrawalDecided, CardTransferred, DisputeVerified,
    IssuedByHand,
})  # fmt: skip


class LoopRefused(SupervisionError):
    """The root; the message is for who asked, in Chinese and English."""

    zh: ClassVar[str] = "不能办理"
    en: ClassVar[str] = "this cannot be done"

    def __init__(self, what: str = "") -> None:
        super().__init__(f"{self.zh} {self.en}{': ' + what if what else ''}")
        self.what = what


class NoSuchCard(LoopRefused):
    """Unknown here, or of another department."""

    zh, en = "没有这张牌", "there is no such card"


class NoSuchCase(LoopRefused):
    """A card belongs to a case."""

    zh, en = "没有这个办件", "there is no such case"


class MoveUnfit(LoopRefused):
    """The stage does not allow it."""

    zh, en = "当前状态不能这样办理", "not from where the card stands"

    def __init__(self, card: Card, act: type[DeskAct]) -> None:
        stage = stage_of(card)
        can = "、".join(ZH[each.__name__] for each in moves(card)) or "无 nothing"
        super().__init__(f"{STAGES_ZH[stage]} ({stage}) → {ZH[act.__name__]}；可以 possible: {can}")
        self.stage = stage
        self.may = tuple(moves(card))


class SamePerson(LoopRefused):
    """Who rectified cannot verify."""

    zh = "说明、申诉或反馈的经办人不得核查、裁定，请由他人办理"
    en = "who answered for the department cannot verify or decide, ask another person"


class IdUsed(LoopRefused):
    """An id stands for one act of one person about one card."""

    zh, en = (
        "此编号已用于另一次办理，请换新编号",
        "this id was used for another act, take a new one",
    )


class ReasonMissing(LoopRefused):
    """It will be asked for."""

    zh, en = "请说明理由", "say why"


class FieldUnfit(LoopRefused):
    """Missing, unknown or too long."""

    zh, en = "填写内容不符", "this does not do"


class Known(NamedTuple):
    """What a command is decided on: the case's cards, and the ids of its facts."""

    cards: Cards
    facts: frozenset[str]


def decide(known: Known, act: DeskAct, private: Mapping[str, str]) -> list[DeskAct]:
    """The acts of a command, in order; LoopRefused. `act` is as it was asked for."""
    reason = private.get(REASON, "").strip()
    _sound(act, reason)
    if isinstance(act, IssuedByHand):
        return [_by_hand(known, act, reason)]
    card = known.cards.get(act.card)
    if card is None:
        raise NoSuchCard(act.card[:SHORT])
    if stage_of(card) is Stage.WITHDRAWN and type(act) in DEPARTMENT:
        return [replace(act, moot=True)]
    _allowed(card, act, reason)
    if isinstance(act, SupervisionOrdered):
        return [replace(act, number=card.orders + 1)]
    if isinstance(act, RectificationVerified) and not act.accepted:
        return [act, _order(card, act)]
    return [act]


def order_id(act_id: str) -> str:
    """The id of the order that follows from a report that was not accepted."""
    return f"{act_id}-order"


def _sound(act: DeskAct, reason: str) -> None:
    """Whatever the card: an id, a person, a reason that can be kept."""
    if not _is_name(act.id):
        raise FieldUnfit("办理编号 the id of the act")
    if not _is_name(act.by):
        raise FieldUnfit("由谁办理 by whom")
    if len(reason) > LONGEST:
        raise FieldUnfit(f"{len(reason)} > {LONGEST}")


def _allowed(card: Card, act: DeskAct, reason: str) -> None:
    if type(act) not in moves(card):
        raise MoveUnfit(card, type(act))
    if _needs_reason(act) and not reason:
        raise ReasonMissing(ZH[type(act).__name__])
    if type(act) in ONCE_OVER and act.by in card.answerers:
        raise SamePerson(act.by)
    if isinstance(act, CardTransferred) and not _is_name(act.to):
        raise FieldUnfit("移交给谁 to whom")
    if isinstance(act, AppealReferred) and not _is_short(act.to):
        raise FieldUnfit("上报给谁 to whom")


def _needs_reason(act: DeskAct) -> bool:
    if isinstance(act, RectificationVerified):
        return not act.accepted
    if isinstance(act, ProposalDecided):
        return not act.issued
    return type(act) in NEEDS_REASON


def _order(card: Card, act: RectificationVerified) -> SupervisionOrdered:
    """反馈 not accepted: 督办, one rung higher."""
    return SupervisionOrdered(
        id=order_id(act.id),
        source=act.source,
        case_no=act.case_no,
        card=act.card,
        at=act.at,
        by=act.by,
        via=act.via,
        number=card.orders + 1,
    )


def _by_hand(known: Known, act: IssuedByHand, reason: str) -> IssuedByHand:
    if not known.facts:
        raise NoSuchCase(f"{act.source}/{act.case_no}"[:SHORT])
    if act.severity not in BY_HAND_SEVERITIES:
        raise FieldUnfit(f"黄牌或红牌 yellow or red: {act.severity[:SHORT]}")
    if not reason:
        raise ReasonMissing(ZH["IssuedByHand"])
    if not _is_name(act.department):
        raise FieldUnfit("责任部门 the responsible department")
    if not all(map(_is_short, (act.person, act.step, act.law))):
        raise FieldUnfit("责任人、环节、依据 the responsible person, step, law")
    unknown = [cause for cause in act.causes if cause not in known.facts]
    if unknown:
        raise FieldUnfit(f"没有此事件 no such fact: {unknown[0][:SHORT]}")
    return replace(act, card=hand_card_id(act))


def _is_short(text: str) -> bool:
    return len(text) <= SHORT and text.isprintable()


def _is_name(text: str) -> bool:
    return bool(text.strip()) and _is_short(text)
