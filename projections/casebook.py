"""From the log to the warehouse's rows: a case as it stands after each transaction.

What a row says is a function of the log up to its position alone, so a row delivered again after
a crash is the same. `load` reads a case back; nothing else is asked of the outside.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import NamedTuple

from supervision.acts import CardIssued
from supervision.facts import CaseConcluded, CaseWithdrawn, Instant, Known, ServiceRated
from supervision.fold import Folded
from supervision.judgement.assess import near
from supervision.judgement.cards import (
    PROPOSED,
    RED,
    REMINDER,
    WITHDRAWN,
    YELLOW,
    Card,
    Cards,
)
from supervision.judgement.case import Case
from supervision.judgement.clocks import Running, run_clocks
from supervision.judgement.deadline import listed_limit
from supervision.judgement.shelf import Entry, Lists, Shelf, concerns
from supervision.judgement.terms import Clock, terms_of
from supervision.lists import LISTS
from supervision.store.stored import Stored
from supervision.streams import parse
from supervision.why import why

from .blocks import Batch, CardChange, CaseChange
from .events import event_row
from .rows import NO_DAY, CardRow, CaseRow, EventRow

Key = tuple[str, str]
KEPT = 20_000
"""Cases kept folded, least recently used first out; others are read back when touched."""
LADDER = ("promise", "legal")
_LIST_NAMES = frozenset(LISTS)


class Shown(Folded):
    """A case and the rows last written of it."""

    __slots__ = ("row", "shown")

    def __init__(self, stored: Iterable[Stored] = ()) -> None:
        self.row: CaseRow | None = None
        self.shown: dict[str, CardRow] = {}
        super().__init__(stored)


class Touched(NamedTuple):
    """A case that a transaction touched: its key and where it did last."""

    key: Key
    position: int


class Casebook:
    """Follows the log; `take` gives the rows of a batch. `position` is the last event taken."""

    def __init__(
        self,
        load: Callable[[str, str], list[Stored]],
        position: int = 0,
        open_cases: Iterable[Key] = (),
    ) -> None:
        """`open_cases` holds at least every case open at `position`."""
        self.shelf = Shelf()
        self.position = position
        self._load = load
        self._kept: OrderedDict[Key, Shown] = OrderedDict()
        self._open: dict[Key, str | None] = dict.fromkeys(open_cases)
        """The open cases, and their items as far as they were looked at."""

    def learn_lists(self, stored: Iterable[Stored]) -> None:
        """The lists that the log has up to the position at which the book is opened."""
        for each in stored:
            if _is_list(each):
                self.shelf.add(Entry(each.position, each.recorded_at, each.event))

    def take(self, batch: list[Stored]) -> Batch | None:
        """The rows that a batch of whole transactions brings; None for nothing new."""
        fresh = [s for s in batch if s.position > self.position]
        if not fresh:
            return None
        events: list[EventRow] = []
        cases: list[CaseChange] = []
        cards: list[CardChange] = []
        for at, transaction in groupby(fresh, key=lambda s: s.recorded_at):
            for touched in self._take_transaction(list(transaction), events):
                self._change(touched, at, cases, cards)
        self.position = fresh[-1].position
        return Batch(self.position, fresh[-1].recorded_at, events, cases, cards)

    def _take_transaction(
        self, transaction: list[Stored], events: list[EventRow]
    ) -> Iterator[Touched]:
        touched: dict[Key, int] = {}
        before = transaction[0].position
        for stored in transaction:
            case = parse(stored.stream)
            if case is None:
                if _is_list(stored):
                    touched.update(self._take_list(stored))
                continue
            key = (case.source, case.case_no)
            new = case.family == "facts" and stored.version == 1
            folded = self._folded(key, before, new=new)
            event = folded.take(stored)
            touched[key] = stored.position
            row = event_row(stored, event, case.family, self._name(folded, stored.recorded_at))
            if row:
                events.append(row)
        for key, position in touched.items():
            yield Touched(key, position)

    def _take_list(self, stored: Stored) -> dict[Key, int]:
        """A list: every open case that it concerns gets a new row."""
        event = stored.event
        self.shelf.add(Entry(stored.position, stored.recorded_at, event))
        found: dict[Key, int] = {}
        for key, item in sorted(self._open.items(), key=lambda one: one[0]):
            if item is not None and not concerns(event, key[0], item):
                continue
            folded = self._folded(key, stored.position)
            ended = folded.row is None or folded.row.concluded_at
            if not ended and concerns(event, key[0], folded.case().item):
                folded.last = stored.recorded_at
                found[key] = stored.position
        return found

    def _name(self, folded: Shown, at: Instant) -> tuple[str, str, str]:
        """Item code, item name and department, as the last row has them, or by the facts."""
        if folded.row is not None:
            return folded.row.item, folded.row.item_name, folded.row.department
        case = folded.case()
        return named(case, folded.lists(self.shelf, case, at))

    def _folded(self, key: Key, before: int, *, new: bool = False) -> Shown:
        folded = self._kept.get(key)
        if folded is None:
            folded = Shown() if new else self._read_back(key, before)
            self._kept[key] = folded
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return folded

    def _read_back(self, key: Key, before: int) -> Shown:
        """A case as it stood before a position, with the rows that were written of it then."""
        folded = Shown(s for s in self._load(*key) if s.position < before)
        if folded.facts:
            case = folded.case()
            if case.ended(0) is None:
                folded.last = max(folded.last, self._last_list(case, before))
            folded.row, folded.shown = self._rows(folded)
        return folded

    def _last_list(self, case: Case, before: int) -> Instant:
        concerned = (
            e.recorded_at
            for e in reversed(self.shelf.entries)
            if e.position < before and concerns(e.event, case.source, case.item)
        )
        return next(concerned, 0)

    def _change(
        self, touched: Touched, at: Instant, cases: list[CaseChange], cards: list[CardChange]
    ) -> None:
        folded = self._kept.get(touched.key)
        if folded is None or not folded.facts:
            return
        row, shown = self._rows(folded)
        if row != folded.row:
            cases.append(CaseChange(touched.position, at, folded.row, row))
        for card in sorted(folded.shown.keys() | shown.keys()):
            old, new = folded.shown.get(card), shown.get(card)
            if old != new:
                cards.append(CardChange(touched.position, at, old, new))
        folded.row, folded.shown = row, shown
        if row.concluded_at:
            self._open.pop(touched.key, None)
        else:
            self._open[touched.key] = row.item

    def _rows(self, folded: Shown) -> tuple[CaseRow, dict[str, CardRow]]:
        case = folded.case()
        lists = folded.lists(self.shelf, case, folded.last)
        row = case_row(case, folded.cards, folded.issued, lists, folded.last)
        shown = {
            card.card: card_row(card, folded.issued[card.card], row)
            for card in folded.cards.values()
            if card.card in folded.issued
        }
        return row, shown


def _is_list(stored: Stored) -> bool:
    return stored.topic.partition("/")[0] in _LIST_NAMES


def named(case: Case, lists: Lists) -> tuple[str, str, str]:
    """Item code, item name and department of a case; one whose facts are all void has none."""
    if not case.facts:
        return "", "已作废", "未列明部门"
    first = case.facts[0]
    item = lists.item(case.item, first.at, first.known_at) if case.item else None
    name = item.name if item else case.item or "未列明事项"
    department = case.department or (item.department if item else "") or "未列明部门"
    return case.item, name, department


def case_row(
    case: Case, cards: Cards, issued: dict[str, CardIssued], lists: Lists, at: Instant
) -> CaseRow:
    """A case as the wall counts it at an instant."""
    if not case.facts:
        return CaseRow(
            source=case.source,
            case_no=case.case_no,
            item="",
            item_name="",
            department="",
            kind="",
            concluded_at=at,
        )
    code, name, department = named(case, lists)
    running = run_clocks(case, lists, at)
    promise, legal = _clock(running, "promise"), _clock(running, "legal")
    pressing = promise or legal
    item = terms_of(case, lists, case.facts[0]).item
    limit = listed_limit(item.promise) if item else None
    ended = case.ended(0)
    accepted = running.acceptance
    ratings = [k.fact.grade for k in case.all(ServiceRated) if isinstance(k.fact, ServiceRated)]
    crossings = _crossings(running)
    next_at, next_clock = _next(running, at)
    return CaseRow(
        source=case.source,
        case_no=case.case_no,
        item=code,
        item_name=name,
        department=department,
        kind=item.kind if item else "",
        result=_result(ended),
        history=int(case.history),
        provisional=int(item is None or any(c.end.provisional for c in running.clocks)),
        same_day=int(limit is not None and limit.unit == "sd"),
        received_at=case.facts[0].at,
        accepted_at=accepted.at if accepted else 0,
        stopped_at=(pressing.stopped or 0) if pressing else 0,
        concluded_at=ended.at if ended else 0,
        due_day=date.fromordinal(pressing.end.day) if pressing else NO_DAY,
        warn_at=crossings[REMINDER],
        yellow_at=crossings[YELLOW],
        red_at=crossings[RED],
        next_at=next_at,
        next_clock=next_clock,
        legal_days=_limit_days(legal),
        promise_days=_limit_days(promise),
        used_days=_used(pressing),
        on_time=int(_stopped(pressing) and not _late(pressing)),
        early=int(_stopped(pressing) and _early(pressing)),
        late=int(_stopped(pressing) and _late(pressing)),
        facts=len(case.facts),
        ratings=len(ratings),
        good_ratings=sum(grade >= 3 for grade in ratings),
        late_entries=sum(c.subject.startswith("late_entry:") for c in cards.values()),
        **_counts(cards, issued),
    )


def _result(ended: Known | None) -> str:
    if ended is None:
        return ""
    if isinstance(ended.fact, CaseConcluded):
        return ended.fact.result or "办结"
    return "撤回" if isinstance(ended.fact, CaseWithdrawn) else "不予受理"


def _clock(running: Running, kind: str) -> Clock | None:
    return next((c for c in running.clocks if c.kind == kind), None)


def _crossings(running: Running) -> dict[str, Instant]:
    """The crossings of the ladder by severity; 0 where its clock stopped before."""
    found = {REMINDER: 0, YELLOW: 0, RED: 0}
    for clock in running.clocks:
        if clock.kind not in LADDER:
            continue
        for rule in clock.terms.policy.rules:
            if rule.on != clock.kind or (clock.end.provisional and rule.severity != REMINDER):
                continue
            at = near(clock, rule) if rule.left else clock.crosses_at
            if at is not None and clock.reaches(at):
                found[rule.severity] = min(found[rule.severity] or at, at)
    return found


def _next(running: Running, at: Instant) -> tuple[Instant, str]:
    ends = [
        (crosses, clock.kind)
        for clock in running.clocks
        if clock.stopped is None and (crosses := clock.crosses_at) is not None and crosses > at
    ]
    return min(ends, default=(0, ""))


def _stopped(clock: Clock | None) -> bool:
    return clock is not None and clock.stopped is not None


def _late(clock: Clock | None) -> bool:
    return clock is not None and clock.crosses_at is not None and clock.reaches(clock.crosses_at)


def _early(clock: Clock | None) -> bool:
    if clock is None or clock.stopped is None:
        return False
    return clock.terms.calendar.day_of(clock.stopped) < clock.end.day


def _limit_days(clock: Clock | None) -> int:
    """A limit in working days; a case's own, those up to its deadline."""
    if clock is None:
        return 0
    if clock.limit.unit == "at":
        calendar = clock.terms.calendar
        return max(calendar.count(calendar.day_of(clock.started), clock.end.day), 0)
    return clock.limit.days


def _used(clock: Clock | None) -> int:
    """Working days in (start, stop] less credits (domain: 8)."""
    if clock is None or clock.stopped is None:
        return 0
    calendar = clock.terms.calendar
    days = calendar.count(calendar.day_of(clock.started), calendar.day_of(clock.stopped))
    paused = sum(calendar.count(low - 1, high) for low, high in clock.end.excluded)
    return max(days - paused, 0)


def _counts(cards: Cards, issued: dict[str, CardIssued]) -> dict[str, int]:
    """Cards that stand (on the ladder only the highest) and cards ever issued, by severity."""
    standing = {REMINDER: 0, YELLOW: 0, RED: 0}
    ever = dict(standing)
    ladder: list[str] = []
    for card in cards.values():
        if card.state in (WITHDRAWN, PROPOSED):
            continue
        ever[card.severity] += 1
        act = issued.get(card.card)
        if card.stands and act and act.account and act.account.clock in LADDER:
            ladder.append(card.severity)
        elif card.stands:
            standing[card.severity] += 1
    for severity in (RED, YELLOW, REMINDER):
        if severity in ladder:
            standing[severity] += 1
            break
    return {
        **standing,
        **{f"{severity}s": count for severity, count in ever.items()},
    }


def card_row(card: Card, act: CardIssued, row: CaseRow) -> CardRow:
    """A card and its state."""
    zh, en = why(act)
    return CardRow(
        source=row.source,
        case_no=row.case_no,
        card=card.card,
        rule=card.rule,
        subject=card.subject,
        severity=card.severity,
        colour=act.colour,
        label_zh=act.label_zh,
        label_en=act.label_en,
        state=card.state,
        item=row.item,
        item_name=row.item_name,
        department=act.department or row.department,
        person=act.person,
        crossed_at=card.crossed_at,
        issued_at=card.issued_at,
        history=int(card.history),
        provisional=int(act.provisional),
        violation=int(act.rule.startswith("class_")),
        why_zh=zh,
        why_en=en,
    )
