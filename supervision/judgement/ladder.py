"""法定 and 承诺: the legal limit, the promise, and the extension that moves them (Act 42, 43)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..facts import ApplicationReceived, DecisionSigned, ExtensionApproved, Instant, Known, instant
from ..lists import ItemPublished
from .case import Case
from .deadline import Deadline, Limit, Pause, deadline, listed_limit
from .notice import Acceptance
from .pauses import credited
from .shelf import Lists
from .terms import LAWS, LICENCE, Clock, Terms

LEGAL, JOINT = "20wd", "45wd"
EXTENSION, JOINT_EXTENSION = 10, 15


class Extended(NamedTuple):
    """The extension that counts, and what was wrong with those reported."""

    days: int
    cause: Known | None
    improper: tuple[tuple[Known, str], ...]


def legal_clock(
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
    used = credited(case, pauses)
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


def extended_by(case: Case, lists: Lists, legal: Clock, now: Instant) -> Extended:
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
    return end.crosses_at is None or end.provisional or at < end.crosses_at


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


def moved(clock: Clock, extended: Extended, now: Instant) -> Clock:
    """The clock with its extension; its subject tells the stage."""
    if extended.cause is None or not extended.days:
        return clock
    return clock._replace(
        subject="extended",
        extension=extended.days,
        end=_again(clock, clock.pauses, extended.days, now),
        causes=(*clock.causes, extended.cause),
    )


def promise_clocks(
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
        clock = moved(clock, extended, now)
    yield clock
