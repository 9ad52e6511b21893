"""特别程序: what pauses a clock, and its own limit (domain: P2, P3; Act 45, 47)."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Known, SpecialProcedureEnded, SpecialProcedureStarted
from ..lists import ItemPublished, Special
from .case import Case
from .deadline import LONGEST, Limit, Pause, listed_limit
from .shelf import Lists
from .terms import LAWS, LICENCE, Clock, Terms, simple_clock, terms_of

HEARING = "20wd"
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
KIND_OF = {zh: kind for kind, zh in ARTICLE_45.items()}


def pauses_of(case: Case, terms: Terms) -> tuple[Pause, ...]:
    """Special procedures, each from its start to the next end of its kind (P2, P3)."""
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


def special_clocks(case: Case, lists: Lists) -> Iterator[Clock]:
    """特别程序: its approved days; a hearing also within 20 working days of its request."""
    ends = case.all(SpecialProcedureEnded)
    for known in case.all(SpecialProcedureStarted):
        fact = known.fact
        assert isinstance(fact, SpecialProcedureStarted)
        terms = terms_of(case, lists, known)
        held = next((e for e in ends if _same_kind(e, fact.kind) and e.at >= known.at), None)
        ends = [e for e in ends if e is not held]
        ended = case.ended(known.at)
        stop = min((k for k in (held, ended) if k), key=lambda k: k.at, default=None)
        listed = listed_special(terms.item, fact.kind)
        days = fact.approved_days
        if days is None and listed:
            days = listed.cap
        if days is not None and days > 0:
            yield simple_clock(
                "special",
                fact.id,
                Limit(min(days, LONGEST), "wd"),
                known,
                stop,
                terms,
                LAWS["special"],
            )
        licence = terms.item is not None and terms.item.kind == LICENCE
        if licence and KIND_OF.get(fact.kind, fact.kind) == "hearing":
            hearing = listed_limit(HEARING)
            assert hearing
            yield simple_clock("hearing", fact.id, hearing, known, stop, terms, LAWS["hearing"])


def credited(case: Case, pauses: tuple[Pause, ...]) -> tuple[Known, ...]:
    ids = {cause for pause in pauses for cause in pause.causes}
    kinds = (SpecialProcedureStarted, SpecialProcedureEnded)
    return tuple(k for k in case.all(*kinds) if k.fact.id in ids) if ids else ()
