"""法定 and 承诺: the legal limit, the promise, and the extension that moves them (Act 42, 43)."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from ..facts import ApplicationReceived, DecisionSigned, ExtensionApproved, Instant, Known, instant
from ..lists import ItemPublished
from .case import Case, sooner
from .deadline import Limit, Pause, listed_limit
from .item import LICENCE
from .notice import Acceptance
from .pauses import credited
from .shelf import Lists, Terms
from .terms import LAWS, Clock, clock_of, end_with, with_extension

EXTENSION, JOINT_EXTENSION = 10, 15


class Extended(Struct, frozen=True):
    """The extension that counts, and what was wrong with those reported."""

    days: int
    cause: Known | None
    improper: tuple[tuple[Known, str], ...]


NOT_EXTENDED = Extended(0, None, ())


class Ladder(Struct, frozen=True):
    """What promise and legal have in common: from acceptance to the decision, with pauses."""

    terms: Terms
    acceptance: Acceptance
    pauses: tuple[Pause, ...]
    stop: Known | None
    causes: tuple[Known, ...]
    now: Instant

    def clock(self, kind: str, limit: Limit, law: str = "") -> Clock:
        """The clock of a limit on this ladder."""
        began = self.acceptance
        return clock_of(
            kind,
            "",
            limit,
            self.terms,
            began.at,
            self.stop,
            self.causes,
            law,
            self.pauses,
            self.now,
            began.not_before,
        )


def ladder_of(
    case: Case, terms: Terms, acceptance: Acceptance, pauses: tuple[Pause, ...], now: Instant
) -> Ladder:
    """The ladder of an acceptance."""
    stop = _decided(case, terms.item, acceptance.at)
    causes = (acceptance.cause, *credited(case, pauses))
    return Ladder(terms, acceptance, pauses, stop, causes, now)


def legal_clock(case: Case, ladder: Ladder) -> Clock | None:
    item, limit = ladder.terms.item, legal_limit(case, ladder.terms)
    if limit is None or item is None:
        return None
    law = LAWS["first_review"] if item.first_review else LAWS["legal"]
    return ladder.clock("legal", limit, law if item.kind == LICENCE else "")


def legal_limit(case: Case, terms: Terms) -> Limit | None:
    """法定: the case's own where its item says so, the item's, else the Act's (42, 43)."""
    if terms.item and terms.item.case_limits and (own := own_limit(case)):
        return own
    return terms.limits.legal


def own_limit(case: Case) -> Limit | None:
    """The limit that the case itself brings: an instant, or a number of units."""
    first = case.first(ApplicationReceived)
    if first is None or type(first.fact) is not ApplicationReceived:
        return None
    if first.fact.deadline is not None:
        return Limit(instant(first.fact.deadline), "at")
    return listed_limit(first.fact.limit)


def _decided(case: Case, item: ItemPublished | None, since: Instant) -> Known | None:
    """The decision; of a joint case or a first review, the conclusion; or the case's end."""
    ended = case.ended(since)
    if item and (item.joint or item.first_review):
        return ended
    signed = case.first(DecisionSigned, since)
    return sooner(signed, ended)


def extended_by(case: Case, lists: Lists, legal: Clock, now: Instant) -> Extended:
    """E1: once, cut to what the law allows, by whom it may, in time, with reasons told."""
    if ExtensionApproved not in case.by:
        return NOT_EXTENDED
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
        replace(pause, end=pause.end if pause.end is not None and pause.end <= at else None)
        for pause in legal.pauses
        if pause.start <= at
    ]
    end = end_with(legal, tuple(then), 0, at)
    return end.crosses_at is None or end.provisional or at < end.crosses_at


def moved(clock: Clock, extended: Extended, now: Instant) -> Clock:
    """The clock with its extension; its subject tells the stage."""
    if extended.cause is None or not extended.days:
        return clock
    causes = (*clock.causes, extended.cause)
    return with_extension(clock, extended.days, now, subject="extended", causes=causes)


def promise_clock(ladder: Ladder, extended: Extended) -> Clock | None:
    """承诺; the policy may let an extension move it."""
    limit = ladder.terms.limits.promise
    if limit is None:
        return None
    clock = ladder.clock("promise", limit)
    if ladder.terms.policy.extension_moves_promise:
        return moved(clock, extended, ladder.now)
    return clock
