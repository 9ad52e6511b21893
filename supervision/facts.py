"""Facts (办件事件): what a department reports about a case. Immutable; names are kept for good.

Every instant is an aware datetime with the offset that the source reported. Personal data and
free text are not here: a fact names in `texts` which of them were given, `sealed` is their HMAC
under the secret of the case, and the words themselves lie in the vault (supervision/vault.py).
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

Instant = int
"""Microseconds since 1970-01-01T00:00:00Z."""

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def instant(moment: datetime) -> Instant:
    """The instant of an aware datetime, exact to the microsecond."""
    span = moment - EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


class Actor(Struct, frozen=True, omit_defaults=True):
    """Who did it (经办人): opaque id, post (岗位) and department (部门)."""

    id: str = ""
    post: str = ""
    department: str = ""


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope that every fact carries (domain: 3)."""

    id: str
    source: str
    case_no: str
    occurred_at: datetime
    entered_at: datetime | None = None
    actor: Actor = Actor()
    item: str = ""
    item_version: str = ""
    data_version: int = 1
    texts: tuple[str, ...] = ()
    sealed: str = ""
    history: bool = False


class ApplicationReceived(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """申请/收件. A `deadline` here is the case's own legal deadline, to the second."""

    channel: str = ""
    applicant_ref: str = ""
    materials: tuple[str, ...] = ()
    deadline: datetime | None = None
    limit: str = ""


class SupplementRequested(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """补正告知: all that is missing, to be named at once."""

    round: int = 1
    materials: tuple[str, ...] = ()
    told_at: datetime | None = None


class SupplementReceived(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """补正受理."""

    round: int = 1
    complete: bool = True
    materials: tuple[str, ...] = ()


class CaseAccepted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """受理."""

    document: str = ""


class CaseRefused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """不予受理; the reason is free text."""

    document: str = ""


class StepCompleted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """环节办理 (承办、审核 …); the opinion is free text."""

    step: str
    started_at: datetime | None = None
    result: str = ""


class SpecialProcedureStarted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """特别程序申请. `approved_days` are working days; `told_at` is the written notice."""

    kind: str
    basis: str = ""
    approved_days: int | None = None
    approver: str = ""
    told_at: datetime | None = None


class SpecialProcedureEnded(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """特别程序结果."""

    kind: str
    result: str = ""


class ExtensionApproved(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """延长审批: `days` in the unit of days of the limit; the reason is free text."""

    days: int
    approver: str = ""
    approver_post: str = ""
    told_at: datetime | None = None


class DecisionSigned(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """签发: granted (准予) or not (不予)."""

    granted: bool = True
    signer: str = ""


class CaseConcluded(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """办结: 出证, 退件, 作废, 转报, 补交不来 or 其他."""

    result: str = ""


class CertificateIssued(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """制证."""

    number: str = ""


class ReadyForCollection(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """待领."""

    way: str = ""


class ResultDelivered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """送达/领取, dispatch included."""

    way: str = ""


class CaseWithdrawn(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """撤回; the reason is free text."""


class FeeCharged(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """收费: amounts in fen (0.01 yuan)."""

    amount: int
    standard: int | None = None
    basis: str = ""


class ServiceRated(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """好差评: grade 1 (very bad) to 5 (very good)."""

    grade: int
    channel: str = ""


class ComplaintFiled(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """投诉/办不成事; the matter is free text."""

    channel: str = ""


class ComplaintAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a complaint, or the follow-up of a bad rating: `of` is that fact's id."""

    of: str = ""


class CaseLinked(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The same applicant and item again after a return near the deadline (a follower finds it)."""

    earlier_case: str = ""
    returned_at: datetime | None = None


class FactCorrected(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """更正: `corrects` is the event's id; `says` replaces its fields, or it is void."""

    corrects: str
    says: dict[str, object] = {}
    void: bool = False
    authority: str = ""


class Known(Struct, frozen=True):
    """A fact as judgement has it: since when it is known, where it stands, when it happened."""

    fact: Fact
    known_at: Instant
    position: int
    at: Instant


def known(fact: Fact, known_at: Instant, position: int = 0) -> Known:
    """A fact, known from an instant on, at a position of the log."""
    return Known(fact, known_at, position, instant(fact.occurred_at))


FACTS: dict[str, type[Fact]] = {
    "ApplicationReceived": ApplicationReceived,
    "SupplementRequested": SupplementRequested,
    "SupplementReceived": SupplementReceived,
    "CaseAccepted": CaseAccepted,
    "CaseRefused": CaseRefused,
    "StepCompleted": StepCompleted,
    "SpecialProcedureStarted": SpecialProcedureStarted,
    "SpecialProcedureEnded": SpecialProcedureEnded,
    "ExtensionApproved": ExtensionApproved,
    "DecisionSigned": DecisionSigned,
    "CaseConcluded": CaseConcluded,
    "CertificateIssued": CertificateIssued,
    "ReadyForCollection": ReadyForCollection,
    "ResultDelivered": ResultDelivered,
    "CaseWithdrawn": CaseWithdrawn,
    "FeeCharged": FeeCharged,
    "ServiceRated": ServiceRated,
    "ComplaintFiled": ComplaintFiled,
    "ComplaintAnswered": ComplaintAnswered,
    "CaseLinked": CaseLinked,
    "FactCorrected": FactCorrected,
}
"""Stable name of each kind: what the log holds, whatever the class is called or where it lies."""

ZH: dict[str, str] = {
    "ApplicationReceived": "收件",
    "SupplementRequested": "补正告知",
    "SupplementReceived": "补正受理",
    "CaseAccepted": "受理",
    "CaseRefused": "不予受理",
    "StepCompleted": "环节办理",
    "SpecialProcedureStarted": "特别程序申请",
    "SpecialProcedureEnded": "特别程序结果",
    "ExtensionApproved": "延长审批",
    "DecisionSigned": "签发",
    "CaseConcluded": "办结",
    "CertificateIssued": "制证",
    "ReadyForCollection": "待领",
    "ResultDelivered": "送达",
    "CaseWithdrawn": "撤回",
    "FeeCharged": "收费",
    "ServiceRated": "好差评",
    "ComplaintFiled": "投诉",
    "ComplaintAnswered": "投诉答复",
    "CaseLinked": "关联办件",
    "FactCorrected": "更正",
}
