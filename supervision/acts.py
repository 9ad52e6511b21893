"""Acts (监察事件): what supervision does about a case. Immutable; names are kept for good.

Card acts are the output of judgement and stand in the case's stream `cards`; desk acts are what
people answered and stand in its stream `desk`, an input like any fact.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Run(Struct, frozen=True, array_like=True):
    """Consecutive days of one kind in a clock's account: first, last, kind (see explain)."""

    first: str
    last: str
    kind: str


class Account(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The clock behind a card, so that it can be argued about years later."""

    clock: str
    started_at: datetime
    limit: str
    deadline: str
    crosses_at: datetime
    mode: str
    calendar: tuple[str, ...] = ()
    item_version: str = ""
    extension: int = 0
    credit: int = 0
    runs: tuple[Run, ...] = ()


class CardAct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every card act says: which card (deterministic id), and when it was done."""

    source: str
    case_no: str
    card: str
    at: datetime
    history: bool = False


class CardIssued(CardAct, frozen=True, kw_only=True, omit_defaults=True):
    """已发. `rule`, `subject`, `severity` and `cycle` are the card's identity in its case."""

    rule: str
    subject: str = ""
    severity: str
    colour: str
    label_zh: str
    label_en: str
    cycle: int = 0
    rung: int = 0
    crossed_at: datetime
    provisional: bool = False
    proposed: bool = False
    policy_version: str = ""
    causes: tuple[str, ...] = ()
    account: Account | None = None
    law: str = ""
    item: str = ""
    department: str = ""
    step: str = ""
    person: str = ""
    answer_by: str = ""


class CardLapsed(CardAct, frozen=True, kw_only=True, omit_defaults=True):
    """解除: rightly due, its condition ended; it still counts as issued."""


class CardWithdrawn(CardAct, frozen=True, kw_only=True, omit_defaults=True):
    """撤牌: on corrected facts or lists, or by a decision, it was never due."""

    reason: str = ""


class CardDisputed(CardAct, frozen=True, kw_only=True, omit_defaults=True):
    """A late fact would remove it: it stands until a supervisor verifies."""

    causes: tuple[str, ...] = ()


class CardConfirmed(CardAct, frozen=True, kw_only=True, omit_defaults=True):
    """It was disputed, and is due again."""


class DeskAct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person did about a card; `by` is who, `at` when, as told.

    `via`: how it was done (desk, api, console, link, reply); of older acts "". `moot`: the card had
    been withdrawn meanwhile, so that the answer changes nothing (domain: 7).
    """

    id: str
    source: str
    case_no: str
    card: str
    at: datetime
    by: str = ""
    texts: tuple[str, ...] = ()
    sealed: str = ""
    via: str = ""
    moot: bool = False


class CardAcknowledged(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """签收."""


class CardExplained(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """说明: the breach is accepted and rectification begins (整改)."""


class CardAppealed(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """申诉: stops the department's answer clocks until it is decided."""


class AppealDecided(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """The appeal is upheld (the card is withdrawn) or rejected (rectifying)."""

    upheld: bool


class AppealReferred(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """上报: the appeal is decided higher up, by `to`; the time for deciding begins anew."""

    to: str = ""


class RectificationReported(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """反馈."""


class RectificationVerified(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """核查: accepted, then closed (销号); not accepted, then an order (督办) one rung higher."""

    accepted: bool


class SupervisionOrdered(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """督办: the n-th order about the card, one rung higher each time; rectification begins anew."""

    number: int


class CardClosed(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """销号 by a supervisor, where the explanation leaves nothing to rectify."""


class WithdrawalDecided(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """撤牌 decided by a supervisor without an appeal: the card was never due."""


class CardTransferred(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """移交: another organ, `to`, goes on with the matter; this loop ends."""

    to: str


class ProposalDecided(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """A supervisor decided a proposed card: `issued`, or declined."""

    issued: bool


class IssuedByHand(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """人工发牌: a supervisor found what no rule finds. `card` is the one that judgement issues for
    it; `causes` are ids of facts.
    """

    severity: str
    department: str
    person: str = ""
    step: str = ""
    law: str = ""
    causes: tuple[str, ...] = ()


class DisputeVerified(DeskAct, frozen=True, kw_only=True, omit_defaults=True):
    """A supervisor verified the late fact behind a dispute: `removed` withdraws the card."""

    removed: bool


CARD_ACTS: dict[str, type[CardAct]] = {
    "CardIssued": CardIssued,
    "CardLapsed": CardLapsed,
    "CardWithdrawn": CardWithdrawn,
    "CardDisputed": CardDisputed,
    "CardConfirmed": CardConfirmed,
}
DESK_ACTS: dict[str, type[DeskAct]] = {
    "CardAcknowledged": CardAcknowledged,
    "CardExplained": CardExplained,
    "CardAppealed": CardAppealed,
    "AppealDecided": AppealDecided,
    "RectificationReported": RectificationReported,
    "RectificationVerified": RectificationVerified,
    "DisputeVerified": DisputeVerified,
    "AppealReferred": AppealReferred,
    "SupervisionOrdered": SupervisionOrdered,
    "CardClosed": CardClosed,
    "WithdrawalDecided": WithdrawalDecided,
    "CardTransferred": CardTransferred,
    "ProposalDecided": ProposalDecided,
    "IssuedByHand": IssuedByHand,
}

ZH: dict[str, str] = {
    "CardIssued": "发牌",
    "CardLapsed": "解除",
    "CardWithdrawn": "撤牌",
    "CardDisputed": "存疑",
    "CardConfirmed": "确认",
    "CardAcknowledged": "签收",
    "CardExplained": "说明",
    "CardAppealed": "申诉",
    "AppealDecided": "申诉决定",
    "RectificationReported": "反馈",
    "RectificationVerified": "核查",
    "DisputeVerified": "核实",
    "AppealReferred": "上报",
    "SupervisionOrdered": "督办",
    "CardClosed": "销号",
    "WithdrawalDecided": "撤牌决定",
    "CardTransferred": "移交",
    "ProposalDecided": "拟发牌决定",
    "IssuedByHand": "人工发牌",
}
