"""Every limit that runs on a case (domain: 5; Administrative Licensing Act 32, 42–45, 47).

The Act's articles and defaults hold for items of kind 01 (行政许可); others have their item's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..facts import (
    ApplicationReceived,
    CaseAccepted,
    CaseConcluded,
    CaseRefused,
    CaseWithdrawn,
    CertificateIssued,
    ComplaintAnswered,
    ComplaintFiled,
    DecisionSigned,
    ExtensionApproved,
    Fact,
    Instant,
    Known,
    ReadyForCollection,
    ResultDelivered,
    ServiceRated,
    SpecialProcedureEnded,
    SpecialProcedureStarted,
    StepCompleted,
    SupplementReceived,
    SupplementRequested,
    instant,
)
from ..lists import ItemPublished, PolicyPublished, Special, Step
from .calendar import Calendar
from .case import Case
from .deadline import Deadline, Limit, Pause, deadline, listed_limit
from .shelf import Lists

LICENCE = "01"
NOTICE, LEGAL, JOINT, DELIVERY, HEARING = "5wd", "20wd", "45wd", "10wd", "20wd"
EXTENSION, JOINT_EXTENSION = 10, 15
BAD_GRADE = 2
"""Grades of 1 and 2 call for a follow-up."""
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
STEP_FACTS: dict[type[Fact], str] = {
    CaseAccepted: "acceptance",
    DecisionSigned: "signing",
    CaseConcluded: "conclusion",
    CertificateIssued: "certificate",
    ResultDelivered: "delivery",
}
LAWS = {
    "notice": "行政许可法第三十二条",
    "legal": "行政许可法第四十二条",
    "first_review": "行政许可法第四十三条",
    "delivery": "行政许可法第四十四条",
    "special": "行政许可法第四十五条",
    "hearing": "行政许可法第四十七条",
}


class Terms(NamedTuple):
    """What is in force for a clock: item, policy, calendar."""

    item: ItemPublished | None
    policy: PolicyPublished
    calendar: Calendar


class Clock(NamedTuple):
    """One running limit on one case. It crosses at `crosses_at`, unless stopped before."""

    kind: str
    subject: str
    started: Instant
    stopped: Instant | None
    limit: Limit
    end: Deadline
    terms: Terms
    causes: tuple[Known, ...]
    pauses: tuple[Pause, ...] = ()
    extension: int = 0
    not_before: Instant = 0
    law: str = ""
    step: Step | None = None

    @property
    def crosses_at(self) -> Instant | None:
        """The first late instant; None while an open pause without a cap runs."""
        crosses = self.end.crosses_at
        return None if crosses is None else max(crosses, self.not_before)

    @property
    def revealed_at(self) -> Instant:
        """Since when all is known that the clock rests on."""
        return max(known.known_at for known in self.causes)

    def reaches(self, at: Instant | None) -> bool:
        """Whether the clock still ran at an instant."""
        return at is not None and (self.stopped is None or self.stopped >= at)


class Acceptance(NamedTuple):
    """受理: when, on what, and from when on it counts (a deemed one: the notice deadline's end)."""

    at: Instant
    cause: Known
    not_before: Instant
    deemed: bool


class Extended(NamedTuple):
    """The extension that counts, and what was wrong with those reported."""

    days: int
    cause: Known | None
    improper: tuple[tuple[Known, str], ...]


class Running(NamedTuple):
    """All clocks of a case, and what violations are judged on beside them."""

    clocks: tuple[Clock, ...]
    acceptance: Acceptance | None
    pauses: tuple[Pause, ...]
    extended: Extended
    completed: dict[str, Known]


def terms_of(case: Case, lists: Lists, start: Known) -> Terms:
    """Item and policy of a clock that a fact started; the calendar as known now."""
    policy = lists.policy(case.source, start.at, start.known_at)
    item = lists.item(case.item, start.at, start.known_at) if case.item else None
    return Terms(item, policy, lists.calendar(policy.calendar, policy.zone))


def run_clocks(case: Case, lists: Lists, now: Instant) -> Running:
    """Every clock of the case by what is known now."""
    if not case.facts:
        return Running((), None, (), Extended(0, None, ()), {})
    notices, acceptance = _notices(case, lists, now)
    completed = _completed(case, acceptance)
    clocks = list(notices)
    pauses: tuple[Pause, ...] = ()
    extended = Extended(0, None, ())
    if acceptance and now >= acceptance.not_before:
        terms = terms_of(case, lists, acceptance.cause)
        pauses = _pauses(case, terms)
        legal = _legal(case, terms, acceptance, pauses, now)
        if legal:
            extended = _extended(case, lists, legal, now)
            legal = _moved(legal, extended, now)
            clocks.append(legal)
        clocks.extend(_promise(case, terms, acceptance, pauses, extended, now))
        clocks.extend(_steps(case, lists, acceptance, pauses, completed, now))
    clocks.extend(_specials(case, lists))
    clocks.extend(_delivery(case, lists))
    clocks.extend(_answers(case, lists))
    return Running(tuple(clocks), acceptance, pauses, extended, completed)


def _simple(
    kind: str, subject: str, limit: Limit, start: Known, stop: Known | None, terms: Terms, law: str
) -> Clock:
    """A clock without pauses."""
    end = deadline(terms.calendar, start.at, limit, mode=terms.policy.mode)
    return Clock(
        kind, subject, start.at, stop.at if stop else None, limit, end, terms, (start,), law=law
    )


def _notices(
    case: Case, lists: Lists, now: Instant
) -> tuple[list[Clock], Acceptance | None]:
    """告知: accepted, refused or told what is missing within the limit, or deemed accepted."""
    clocks: list[Clock] = []
    accepted = case.first(CaseAccepted)
    starts = case.all(ApplicationReceived)[:1] + [
        k for k in case.all(SupplementReceived) if getattr(k.fact, "complete", False)
    ]
    for start in starts:
        terms = terms_of(case, lists, start)
        limit = _notice_limit(terms.item)
        if limit is None or (accepted and accepted.at < start.at):
            break
        kinds: tuple[type[Fact], ...] = (CaseAccepted, CaseRefused, CaseConcluded, CaseWithdrawn)
        if not clocks:
            kinds = (*kinds, SupplementRequested)
        stop = case.first(*kinds, since=start.at)
        subject = "" if not clocks else f"round {len(clocks) + 1}"
        clock = _simple("notice", subject, limit, start, stop, terms, LAWS["notice"])
        clocks.append(clock)
        late = clock.crosses_at
        silent = late is not None and clock.reaches(late) and late <= now
        if silent and late is not None and terms.item and terms.item.kind == LICENCE:
            return clocks, Acceptance(start.at, start, late, True)
        if stop and isinstance(stop.fact, CaseAccepted):
            break
    if accepted is None:
        return clocks, None
    return clocks, Acceptance(accepted.at, accepted, 0, False)


def _notice_limit(item: ItemPublished | None) -> Limit | None:
    if item is None:
        return None
    own = listed_limit(item.notice)
    if item.kind != LICENCE:
        return own
    lawful = listed_limit(NOTICE)
    return own if own and own.unit == "wd" and lawful and own.n < lawful.n else lawful


def _pauses(case: Case, terms: Terms) -> tuple[Pause, ...]:
    """Special procedures, each from its start to the next end of its kind (P2, P3)."""
    ends = case.all(SpecialProcedureEnded)
    found = []
    for known in case.all(SpecialProcedureStarted):
        started = known.fact
        assert isinstance(started, SpecialProcedureStarted)
        end = next(
            (e for e in ends if getattr(e.fact, "kind", "") == started.kind and e.at >= known.at), None
        )
        if end:
            ends = [e for e in ends if e is not end]
        listed = _special(terms.item, started.kind)
        approved = started.approved_days
        found.append(
            Pause(
                known.at,
                end.at if end else None,
                approved if approved is not None else (listed.cap if listed else None),
                bool(started.told_at) and (listed is not None or in_article_45(terms.item, started)),
                (started.id,) + ((end.fact.id,) if end else ()),
                started.kind,
            )
        )
    return tuple(found)


def in_article_45(item: ItemPublished | None, started: SpecialProcedureStarted) -> bool:
    """Whether the Act itself excludes the time of this procedure."""
    kind = KIND_OF.get(started.kind, started.kind)
    return item is not None and item.kind == LICENCE and kind in ARTICLE_45


def _special(item: ItemPublished | None, kind: str) -> Special | None:
    names = {kind, ARTICLE_45.get(kind, kind), KIND_OF.get(kind, kind)}
    return next((s for s in item.specials if s.kind in names), None) if item else None


def _legal(
    case: Case, terms: Terms, acceptance: Acceptance, pauses: tuple[Pause, ...], now: Instant
) -> Clock | None:
    limit = legal_limit(case, terms.item)
    if limit is None or terms.item is None:
        return None
    law = LAWS["first_review"] if terms.item.first_review else LAWS["legal"]
    if terms.item.kind != LICENCE:
        law = ""
    return _ladder("legal", limit, case, terms, acceptance, pauses, 0, now, law)


def legal_limit(case: Case, item: ItemPublished | None) -> Limit | None:
    """法定: the case's own where its item says so, the item's, else the Act's (42, 43)."""
    if item is None:
        return None
    if item.case_limits and (own := own_limit(case)):
        return own
    listed = listed_limit(item.legal)
    if listed is None and item.kind == LICENCE:
        return listed_limit(JOINT if item.joint else LEGAL)
    return listed


def own_limit(case: Case) -> Limit | None:
    """The limit that the case itself brings: an instant, or a number of units."""
    first = case.first(ApplicationReceived)
    if first is None or not isinstance(first.fact, ApplicationReceived):
        return None
    if first.fact.deadline is not None:
        return Limit(instant(first.fact.deadline), "at")
    return listed_limit(first.fact.limit)


def _ladder(
    kind: str,
    limit: Limit,
    case: Case,
    terms: Terms,
    acceptance: Acceptance,
    pauses: tuple[Pause, ...],
    extension: int,
    now: Instant,
    law: str,
) -> Clock:
    """Promise and legal: from acceptance to the decision, with pauses."""
    stop = _decided(case, terms.item, acceptance.at)
    used = _credited(case, pauses)
    end = deadline(
        terms.calendar,
        acceptance.at,
        limit,
        mode=terms.policy.mode,
        pauses=pauses,
        extension=extension,
        stop=stop.at if stop else None,
        now=now,
        includes_start=terms.policy.pause_includes_start,
    )
    return Clock(
        kind,
        "",
        acceptance.at,
        stop.at if stop else None,
        limit,
        end,
        terms,
        (acceptance.cause, *used),
        pauses,
        extension,
        acceptance.not_before,
        law,
    )


def _decided(case: Case, item: ItemPublished | None, since: Instant) -> Known | None:
    """The decision; of a joint case or a first review, the conclusion; or the case's end."""
    ended = case.ended(since)
    if item and (item.joint or item.first_review):
        return ended
    signed = case.first(DecisionSigned, since=since)
    return min((k for k in (signed, ended) if k), key=lambda k: k.at, default=None)


def _credited(case: Case, pauses: tuple[Pause, ...]) -> tuple[Known, ...]:
    ids = {cause for pause in pauses for cause in pause.causes}
    kinds = (SpecialProcedureStarted, SpecialProcedureEnded)
    return tuple(k for k in case.all(*kinds) if k.fact.id in ids) if ids else ()


def _extended(case: Case, lists: Lists, legal: Clock, now: Instant) -> Extended:
    """E1: once, cut to what the law allows, by whom it may, in time, with reasons told."""
    granted: Known | None = None
    days, improper = 0, []
    for known in case.all(ExtensionApproved):
        fact = known.fact
        assert isinstance(fact, ExtensionApproved)
        fault = _fault(case, lists, legal, known, fact, repeated=granted is not None)
        if fault:
            improper.append((known, fault))
            continue
        most = _longest_extension(legal.terms.item)
        granted, days = known, min(fact.days, most)
        if fact.days > most:
            improper.append((known, "too_long"))
    return Extended(days, granted, tuple(improper))


def _longest_extension(item: ItemPublished | None) -> int:
    if item and item.extension_days is not None:
        return item.extension_days
    return JOINT_EXTENSION if item and item.joint else EXTENSION


def _fault(
    case: Case, lists: Lists, legal: Clock, known: Known, fact: ExtensionApproved, *, repeated: bool
) -> str:
    if repeated:
        return "repeated"
    if fact.days <= 0:
        return "no_days"
    if known.at < legal.started or not _in_time(legal, known.at):
        return "late"
    posts = legal.terms.item.extension_posts if legal.terms.item else ()
    if posts and fact.approver_post not in posts:
        return "wrong_post"
    person = fact.approver or fact.actor.id
    if posts and lists.holds(case.source, person, fact.approver_post, known.at) is False:
        return "post_not_held"
    if fact.told_at is None or "reason" not in fact.texts:
        return "reasons_not_told"
    return ""


def _in_time(legal: Clock, at: Instant) -> bool:
    """Approved on or before the deadline as it then stood, credits included."""
    then = [
        pause._replace(end=pause.end if pause.end is not None and pause.end <= at else None)
        for pause in legal.pauses
        if pause.start <= at
    ]
    end = _again(legal, tuple(then), 0, at)
    return end.crosses_at is None or at < end.crosses_at


def _again(clock: Clock, pauses: tuple[Pause, ...], extension: int, now: Instant) -> Deadline:
    policy = clock.terms.policy
    return deadline(
        clock.terms.calendar,
        clock.started,
        clock.limit,
        mode=policy.mode,
        pauses=pauses,
        extension=extension,
        stop=clock.stopped,
        now=now,
        includes_start=policy.pause_includes_start,
    )


def _moved(clock: Clock, extended: Extended, now: Instant) -> Clock:
    """The clock with its extension; its subject tells the stage."""
    if extended.cause is None or not extended.days:
        return clock
    return clock._replace(
        subject="extended",
        extension=extended.days,
        end=_again(clock, clock.pauses, extended.days, now),
        causes=(*clock.causes, extended.cause),
    )


def _promise(
    case: Case,
    terms: Terms,
    acceptance: Acceptance,
    pauses: tuple[Pause, ...],
    extended: Extended,
    now: Instant,
) -> Iterator[Clock]:
    """承诺, and where the policy lets an extension move it, the stage before and after it."""
    limit = listed_limit(terms.item.promise) if terms.item else None
    if limit is None:
        return
    clock = _ladder("promise", limit, case, terms, acceptance, pauses, 0, now, "")
    if terms.policy.extension_moves_promise:
        clock = _moved(clock, extended, now)
    yield clock


def step_order(item: ItemPublished) -> dict[str, tuple[str, ...]]:
    """The predecessors of each step; a list that names none is a line."""
    if any(step.after for step in item.steps):
        return {step.code: step.after for step in item.steps}
    codes = [step.code for step in item.steps]
    return {code: tuple(codes[max(i - 1, 0) : i]) for i, code in enumerate(codes)}


def _completed(case: Case, acceptance: Acceptance | None) -> dict[str, Known]:
    """The first completion of each step."""
    done: dict[str, Known] = {}
    for known in case.facts:
        fact = known.fact
        code = fact.step if isinstance(fact, StepCompleted) else STEP_FACTS.get(type(fact), "")
        if code and code not in done:
            done[code] = known
    if acceptance:
        done["acceptance"] = acceptance.cause
    return done


def _steps(
    case: Case,
    lists: Lists,
    acceptance: Acceptance,
    pauses: tuple[Pause, ...],
    completed: dict[str, Known],
    now: Instant,
) -> Iterator[Clock]:
    """环节: from the completion of all predecessors (the first: acceptance) to its own."""
    item = terms_of(case, lists, acceptance.cause).item
    if item is None or not any(step.limit for step in item.steps):
        return
    order = step_order(item)
    for step in item.steps:
        limit = listed_limit(step.limit)
        before = [completed.get(code) for code in order[step.code]]
        if limit is None or step.code == "acceptance" or not all(before):
            continue
        starts = [k for k in before if k] or [acceptance.cause]
        start = max(starts, key=lambda k: k.at)
        done = completed.get(step.code)
        ended = case.ended(start.at)
        stop = min((k for k in (done, ended) if k), key=lambda k: k.at, default=None)
        terms = terms_of(case, lists, start)
        end = deadline(
            terms.calendar,
            start.at,
            limit,
            mode=terms.policy.mode,
            pauses=pauses,
            stop=stop.at if stop else None,
            now=now,
            includes_start=terms.policy.pause_includes_start,
        )
        yield Clock(
            "step",
            step.code,
            start.at,
            stop.at if stop else None,
            limit,
            end,
            terms,
            (start, *_credited(case, pauses)),
            pauses,
            not_before=acceptance.not_before,
            step=step,
        )


def _specials(case: Case, lists: Lists) -> Iterator[Clock]:
    """特别程序: its approved days; a hearing also within 20 working days of its request."""
    ends = case.all(SpecialProcedureEnded)
    for known in case.all(SpecialProcedureStarted):
        fact = known.fact
        assert isinstance(fact, SpecialProcedureStarted)
        terms = terms_of(case, lists, known)
        held = next(
            (e for e in ends if getattr(e.fact, "kind", "") == fact.kind and e.at >= known.at), None
        )
        ends = [e for e in ends if e is not held]
        ended = case.ended(known.at)
        stop = min((k for k in (held, ended) if k), key=lambda k: k.at, default=None)
        listed = _special(terms.item, fact.kind)
        days = fact.approved_days
        if days is None and listed:
            days = listed.cap
        if days is not None and days > 0:
            yield _simple(
                "special", fact.id, Limit(days, "wd"), known, stop, terms, LAWS["special"]
            )
        licence = terms.item is not None and terms.item.kind == LICENCE
        if licence and KIND_OF.get(fact.kind, fact.kind) == "hearing":
            hearing = listed_limit(HEARING)
            assert hearing
            yield _simple("hearing", fact.id, hearing, known, stop, terms, LAWS["hearing"])


def _delivery(case: Case, lists: Lists) -> Iterator[Clock]:
    """送达: from a granting decision to delivery, dispatch or the notice to collect."""
    granted = next(
        (k for k in case.all(DecisionSigned) if getattr(k.fact, "granted", False)), None
    )
    if granted is None:
        return
    terms = terms_of(case, lists, granted)
    own = listed_limit(terms.item.delivery) if terms.item else None
    if own is None and terms.item and terms.item.kind == LICENCE:
        own = listed_limit(DELIVERY)
    if own:
        stop = case.first(ResultDelivered, ReadyForCollection, since=granted.at)
        yield _simple("delivery", "", own, granted, stop, terms, LAWS["delivery"])


def _answers(case: Case, lists: Lists) -> Iterator[Clock]:
    """Complaints until answered, bad ratings until followed up, by the policy's limits."""
    answers = case.all(ComplaintAnswered)
    for known in case.all(ComplaintFiled, ServiceRated):
        rated = isinstance(known.fact, ServiceRated)
        if isinstance(known.fact, ServiceRated) and known.fact.grade > BAD_GRADE:
            continue
        kind = "rating" if rated else "complaint"
        terms = terms_of(case, lists, known)
        limit = listed_limit(terms.policy.answers.get(kind, ""))
        if limit is None:
            continue
        named = [a for a in answers if getattr(a.fact, "of", "") == known.fact.id]
        unnamed = [a for a in answers if not getattr(a.fact, "of", "") and a.at >= known.at]
        stop = (named or unnamed or [None])[0]
        yield _simple(kind, known.fact.id, limit, known, stop, terms, "")
