"""What a fact or act says, in one line each, Chinese and English."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from supervision import acts, facts, lists
from supervision.why import procedure_words, why

Pair = tuple[str, str]
NOTHING: Pair = ("", "")
MOOT: Pair = ("（牌已撤，不生效）", ", moot: the card had been withdrawn")
WITHDRAWN_FOR = {
    "appeal_upheld": "申诉成立",
    "dispute_verified": "核实属实",
    "by_supervisor": "监察机关决定撤销",
    "proposal_declined": "不予发牌",
}


def what(event: Struct) -> Pair:
    """The particulars of an event beyond its name; free text is not among them."""
    for say in (_of_application, _of_course, _of_result, _of_others, _of_cards, _of_desk):
        said = say(event)
        if said != NOTHING:
            return said
    return NOTHING


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _of_application(event: Struct) -> Pair:
    match event:
        case facts.ApplicationReceived(channel=channel, materials=materials, deadline=own):
            zh, en = f"渠道 {channel}" if channel else "", f"by {channel}" if channel else ""
            if materials:
                zh, en = f"{zh} 材料{len(materials)}份", f"{en} {len(materials)} documents"
            if own:
                zh, en = f"{zh} 自带时限至 {_day(own)}", f"{en} own deadline {_day(own)}"
            return zh.strip(), en.strip()
        case facts.SupplementRequested(round=n, materials=materials):
            named = "、".join(materials)
            return f"第{n}次：{named}", f"round {n}: {', '.join(materials)}"
        case facts.SupplementReceived(round=n, complete=complete):
            return (
                f"第{n}次：{'齐全' if complete else '不齐全'}",
                f"round {n}: {'complete' if complete else 'not complete'}",
            )
        case facts.CaseAccepted(document=number) | facts.CaseRefused(document=number):
            return (f"文号 {number}", f"document {number}") if number else NOTHING
    return NOTHING


def _of_course(event: Struct) -> Pair:
    match event:
        case facts.StepCompleted(step=step, result=result):
            return f"{step} {result}".strip(), f"{step} {result}".strip()
        case facts.SpecialProcedureStarted(kind=kind, approved_days=days, told_at=told):
            zh, en = procedure_words(kind), kind.replace("_", " ")
            if days is not None:
                zh, en = f"{zh} 批准{days}个工作日", f"{en}, {days} working days approved"
            if told is None:
                zh, en = f"{zh}（无书面告知）", f"{en} (no written notice)"
            return zh, en
        case facts.SpecialProcedureEnded(kind=kind, result=result):
            return f"{procedure_words(kind)} {result}".strip(), f"{kind} {result}".strip()
        case facts.ExtensionApproved(days=days, approver_post=post):
            return f"延长{days}日 {post}".strip(), f"{days} days, by {post}".strip()
    return NOTHING


def _of_result(event: Struct) -> Pair:
    match event:
        case facts.DecisionSigned(granted=granted, signer=signer):
            return (
                f"{'准予' if granted else '不予'} {signer}".strip(),
                f"{'granted' if granted else 'not granted'} {signer}".strip(),
            )
        case facts.CaseConcluded(result=result):
            return result, result
        case facts.CertificateIssued(number=number):
            return number, number
        case facts.ReadyForCollection(way=way) | facts.ResultDelivered(way=way):
            return way, way
    return NOTHING


def _of_others(event: Struct) -> Pair:
    match event:
        case facts.FeeCharged(amount=amount):
            return f"{amount / 100:.2f} 元", f"{amount / 100:.2f} yuan"
        case facts.ServiceRated(grade=grade):
            return f"{grade} 星", f"grade {grade}"
        case facts.ComplaintAnswered(of=of):
            return of, of
        case facts.CaseLinked(earlier_case=earlier):
            return f"前件 {earlier}", f"earlier case {earlier}"
        case facts.FactCorrected(corrects=target, void=void, says=says, authority=authority):
            zh = "作废" if void else "，".join(f"{k} 应为 {v}" for k, v in says.items())
            en = "void" if void else ", ".join(f"{k} should be {v}" for k, v in says.items())
            return f"{target}：{zh} {authority}".strip(), f"{target}: {en} {authority}".strip()
    return NOTHING


def _of_cards(event: Struct) -> Pair:
    match event:
        case acts.CardIssued():
            zh, en = why(event)
            return f"{event.label_zh}：{zh}", f"{event.label_en}: {en}"
        case acts.CardWithdrawn(reason=reason, card=card):
            return (
                f"{card} {WITHDRAWN_FOR.get(reason, '不应发牌')}",
                f"{card} {reason.replace('_', ' ')}",
            )
        case acts.CardAct(card=card):
            return card, card
    return NOTHING


def _of_desk(event: Struct) -> Pair:
    if not isinstance(event, acts.DeskAct):
        return NOTHING
    zh, en = _of_moves(event)
    card, (moot_zh, moot_en) = event.card, MOOT if event.moot else NOTHING
    return f"{card} {zh}".strip() + moot_zh, f"{card} {en}".strip() + moot_en


def _of_moves(event: acts.DeskAct) -> Pair:
    match event:
        case acts.AppealDecided(upheld=yes):
            return ("成立", "upheld") if yes else ("不成立", "rejected")
        case acts.RectificationVerified(accepted=True):
            return "通过，销号", "accepted, closed"
        case acts.RectificationVerified():
            return "不通过，督办", "not accepted, supervision order"
        case acts.DisputeVerified(removed=yes):
            return ("属实，撤牌", "removed") if yes else ("不属实", "kept")
        case acts.ProposalDecided(issued=yes):
            return ("同意发牌", "issued") if yes else ("不予发牌", "declined")
        case acts.SupervisionOrdered(number=number):
            return f"第{number}次", f"no. {number}"
        case acts.AppealReferred(to=to) | acts.CardTransferred(to=to):
            return (f"→ {to}", f"→ {to}") if to else NOTHING
        case acts.IssuedByHand(department=department):
            return department, department
    return NOTHING


LISTS: dict[str, Pair] = {
    "CalendarPublished": ("日历发布", "calendar published"),
    "ItemPublished": ("事项发布", "item published"),
    "PolicyPublished": ("规则发布", "policy published"),
    "PostGranted": ("授岗", "post granted"),
    "PostRevoked": ("撤岗", "post revoked"),
    "ListChangeAnnounced": ("清单变更公告", "change of a list announced"),
    "OutageRecorded": ("停机登记", "outage recorded"),
}
"""What the publication of each list is called."""


def of_list(event: Struct) -> Pair:
    """The particulars of a published list."""
    match event:
        case (
            lists.PostGranted(person=person, post=post)
            | lists.PostRevoked(person=person, post=post)
        ):
            return f"{person} {post}", f"{person} {post}"
        case lists.Published(version=version, title=title):
            return f"{version} {title}".strip(), f"{version} {title}".strip()
        case lists.ListChangeAnnounced(code=code):
            return code, code
        case lists.OutageRecorded(since=since, until=until):
            return f"{_day(since)} – {_day(until)}", f"{_day(since)} – {_day(until)}"
    return NOTHING
