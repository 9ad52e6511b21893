"""特别程序: what pauses a clock, and its own limit (domain: P2, P3; Act 45, 47)."""

from __future__ import annotations

from ..facts import Known, SpecialProcedureEnded, SpecialProcedureStarted
from ..lists import ItemPublished, Special
from .case import Case, Kinds, sooner
from .deadline import LONGEST, Limit, Pause
from .item import LICENCE
from .shelf import Lists, Terms
from .terms import LAWS, Clock, clock_of, terms_of

HEARING = Limit(20, "wd")
ARTICLE_45 = {
    "hearing": "听证",
    "bidding": "招标",
    "auction": "拍卖",
    "inspection": "检验",
    "testing": "检测",
    "quarantine": "检疫",
    "appraisal": "鉴定",
    "expert_review": "专家评审",
}
PROCEDURES: Kinds = frozenset({SpecialProcedureStarted, SpecialProcedureEnded})
KIND_OF = {zh: kind for kind, zh in ARTICLE_45.items()}


def pauses_of(case: Case, terms: Terms) -> tuple[Pause, ...]:
    """Special procedures, each from its start to the next end of its kind (P2, P3)."""
    if SpecialProcedureStarted not in case.by:
        return ()
    ends = case.all(SpecialProcedureEnded)
    found = []
    for known in case.all(SpecialProcedureStarted):
        started = known.fact
        assert isinstance(started, SpecialProcedureStarted)
        end = next((e for e in ends if _same_kind(e, started.kind) and e.at >= known.at), None)
        if end:
            ends = [e for e in ends if e is not end]
        listed = listed_special(terms.item, started.kind)
        approved = started.approved_days
        found.append(
            Pause(
                known.at,
                end.at if end else None,
                approved if approved is not None else (listed.cap if listed else None),
                bool(started.told_at)
                and (listed is not None or in_article_45(terms.item, started)),
                (started.id,) + ((end.fact.id,) if end else ()),
                started.kind,
            )
        )
    return tuple(found)


def in_article_45(item: ItemPublished | None, started: SpecialProcedureStarted) -> bool:
    """Whether the Act itself excludes the time of this procedure."""
    kind = KIND_OF.get(started.kind, started.kind)
    return item is not None and item.kind == LICENCE and kind in ARTICLE_45


def _same_kind(ended: Known, kind: str) -> bool:
    """Whether an end is of this kind, by its code or its Chinese name."""
    named = getattr(ended.fact, "kind", "")
    return KIND_OF.get(named, named) == KIND_OF.get(kind, kind)


def listed_special(item: ItemPublished | None, kind: str) -> Special | None:
    names = {kind, ARTICLE_45.get(kind, kind), KIND_OF.get(kind, kind)}
    return next((s for s in item.specials if s.kind in names), None) if item else None


def special_clocks(case: Case, lists: Lists) -> list[Clock]:
    """特别程序: its approved days; a hearing also within 20 working days of its request."""
    clocks: list[Clock] = []
    ends = case.all(SpecialProcedureEnded)
    for known in case.all(SpecialProcedureStarted):
        fact = known.fact
        assert isinstance(fact, SpecialProcedureStarted)
        terms = terms_of(case, lists, known)
        held = next((e for e in ends if _same_kind(e, fact.kind) and e.at >= known.at), None)
        ends = [e for e in ends if e is not held]
        stop = sooner(held, case.ended(known.at))
        listed = listed_special(terms.item, fact.kind)
        days = fact.approved_days
        if days is None and listed:
            days = listed.cap
        start, causes = known.at, (known,)
        if days is not None and days > 0:
            limit, law = Limit(min(days, LONGEST), "wd"), LAWS["special"]
            clocks.append(clock_of("special", fact.id, limit, terms, start, stop, causes, law))
        licence = terms.item is not None and terms.item.kind == LICENCE
        if licence and KIND_OF.get(fact.kind, fact.kind) == "hearing":
            law = LAWS["hearing"]
            clocks.append(clock_of("hearing", fact.id, HEARING, terms, start, stop, causes, law))
    return clocks


def credited(case: Case, pauses: tuple[Pause, ...]) -> tuple[Known, ...]:
    """The facts behind the pauses of a clock."""
    if not pauses:
        return ()
    ids = {cause for pause in pauses for cause in pause.causes}
    return tuple(known for known in case.among(PROCEDURES) if known.fact.id in ids)
