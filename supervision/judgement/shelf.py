"""The published lists: which were known when, and which is in force for a clock (domain: 3, 4).

A case that is watched live knows a list from its recording on. A case imported as history knows
the lists that stood in the log before it from their announcement on, later ones from recording.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from ..facts import EPOCH, Instant, instant
from ..lists import (
    CalendarPublished,
    ItemPublished,
    ListChangeAnnounced,
    OutageRecorded,
    PolicyPublished,
    PostGranted,
    PostRevoked,
    Published,
    Rule,
)
from .calendar import Calendar
from .item import NO_FLOW, NO_LIMITS, Flow, Limits, flow_of, limits_of

NEVER: Instant = 1 << 62
VIEWS = 64
"""Views kept, least recently used first out."""


class Entry(NamedTuple):
    """A list as recorded."""

    position: int
    recorded_at: Instant
    event: Struct

    @property
    def announced_at(self) -> Instant:
        """When it became public; no later than its recording."""
        announced = getattr(self.event, "announced_at", None)
        return min(instant(announced), self.recorded_at) if announced else self.recorded_at


class Dated(NamedTuple):
    """A list and the instant from which it is known, in one view."""

    known_at: Instant
    event: Struct


NO_POLICY = PolicyPublished(version="none", announced_at=EPOCH, effective=EPOCH.date())
"""Where none was published: days are counted, and no card is issued."""


def concerns(event: Struct, source: str, item: str) -> bool:
    """Whether a list can change the judgement of a case of this source and item."""
    if type(event) is CalendarPublished:
        return True
    match event:
        case ItemPublished(code=code) | ListChangeAnnounced(code=code):
            return code == item
        case PolicyPublished(sources=sources):
            return not sources or source in sources
        case PostGranted(source=of) | PostRevoked(source=of):
            return of == source
    return True


Shared = dict[tuple[str, tuple[int, ...]], Calendar]
"""Calendars made so far, by zone and notices: most views have the same."""
USUAL_ZONE = "Asia/Shanghai"


def _zone(name: str) -> str:
    """The zone, or the usual one where its name is none (publishing refuses it)."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return USUAL_ZONE
    return name


class Terms(Struct, frozen=True):
    """What is in force for a clock: item, policy, calendar, and what follows from them."""

    item: ItemPublished | None
    policy: PolicyPublished
    calendar: Calendar
    limits: Limits
    flow: Flow
    rules: dict[str, tuple[Rule, ...]]
    """The policy's rules by the clock or violation that they are on."""


@lru_cache
def _rules_on(rules: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    return {on: tuple(rule for rule in rules if rule.on == on) for on in {r.on for r in rules}}


class Eras(Struct, frozen=True):
    """The terms of an item's clocks, between the instants at which other versions come."""

    source: str
    code: str
    turns: list[Instant]
    between: dict[tuple[int, int], Terms]
    only: Terms | None
    """Where there is nothing to choose."""


class Lists:
    """The lists known at one moment; everything that judgement asks of them."""

    def __init__(self, known: Iterable[Dated], shared: Shared | None = None) -> None:
        self._shared: Shared = {} if shared is None else shared
        self._notices: dict[str, list[tuple[Instant, CalendarPublished]]] = {}
        self._items: dict[str, list[Dated]] = {}
        self._policies: dict[str, list[Dated]] = {}
        self._posts: dict[tuple[str, str, str], list[tuple[Instant, bool, Instant]]] = {}
        self._posted: set[str] = set()
        self.outages: list[OutageRecorded] = []
        self.announcements: list[Dated] = []
        self._calendars: dict[tuple[str, str], Calendar] = {}
        self.eras: dict[tuple[str, str], Eras] = {}
        """By source and item, as far as `eras_of` was asked."""
        for dated in known:
            self._take(dated)

    def _take(self, dated: Dated) -> None:
        match dated.event:
            case CalendarPublished() as notice:
                order = instant(notice.announced_at)
                self._notices.setdefault(notice.calendar, []).append((order, notice))
            case ItemPublished(code=code):
                self._items.setdefault(code, []).append(dated)
            case PolicyPublished(sources=sources):
                for source in sources or ("",):
                    self._policies.setdefault(source, []).append(dated)
            case PostGranted() | PostRevoked() as said:
                key = (said.source, said.person, said.post)
                granted = (_effective(dated), isinstance(said, PostGranted), dated.known_at)
                self._posts.setdefault(key, []).append(granted)
                self._posts[key].sort(key=lambda one: one[0])
                self._posted.add(said.source)
            case OutageRecorded() as outage:
                self.outages.append(outage)
            case ListChangeAnnounced():
                self.announcements.append(dated)

    def calendar(self, name: str, zone: str) -> Calendar:
        """The calendar of a jurisdiction by all notices known, overlays on their base."""
        made = self._calendars.get((name, zone))
        if made is None:
            notices = sorted(self._with_base(name), key=lambda pair: pair[0])
            key = (zone, tuple(id(notice) for _, notice in notices))
            made = self._shared.get(key)
            if made is None:
                made = self._shared[key] = Calendar([n for _, n in notices], _zone(zone))
            self._calendars[name, zone] = made
        return made

    def _with_base(self, name: str) -> list[tuple[Instant, CalendarPublished]]:
        own = self._notices.get(name, [])
        bases = {notice.base for _, notice in own if notice.base and notice.base != name}
        return [pair for base in sorted(bases) for pair in self._notices.get(base, [])] + own

    def eras_of(self, source: str, code: str) -> Eras:
        """What is in force when, made once; an item that is not published is as good as none."""
        code = code if code in self._items else ""
        eras = self.eras.get((source, code))
        if eras is None:
            policies = [v for of in {source, ""} for v in self._policies.get(of, ())]
            items = self._items.get(code, [])
            choices = [v for some in (policies, items) if len(some) > 1 for v in some]
            turns = sorted({at for v in choices for at in (v.known_at, _effective(v))})
            only = None if turns else self._terms(source, code, 0, 0)
            eras = self.eras[source, code] = Eras(source, code, turns, {}, only)
        return eras

    def terms(self, eras: Eras, start: Instant, known_at: Instant) -> Terms:
        """What is in force for a clock that started then, as its start was known then."""
        era = (bisect_right(eras.turns, start), bisect_right(eras.turns, known_at))
        terms = eras.between.get(era)
        if terms is None:
            terms = eras.between[era] = self._terms(eras.source, eras.code, start, known_at)
        return terms

    def _terms(self, source: str, code: str, start: Instant, known_at: Instant) -> Terms:
        policy = self.policy(source, start, known_at)
        item = self.item(code, start, known_at) if code else None
        return Terms(
            item,
            policy,
            self.calendar(policy.calendar, policy.zone),
            limits_of(item) if item else NO_LIMITS,
            flow_of(item) if item else NO_FLOW,
            _rules_on(policy.rules),
        )

    def policy(self, source: str, start: Instant, known_at: Instant) -> PolicyPublished:
        """The policy in force for a clock of this source that started then."""
        own, common = self._policies.get(source, []), self._policies.get("", [])
        if own and common and not any(_began(v, start) for v in own):
            own = common
        chosen = _in_force(own or common, start, known_at)
        return chosen if isinstance(chosen, PolicyPublished) else NO_POLICY

    def item(self, code: str, start: Instant, known_at: Instant) -> ItemPublished | None:
        """The item's version in force for a clock that started then; None: not published."""
        chosen = _in_force(self._items.get(code, ()), start, known_at)
        return chosen if isinstance(chosen, ItemPublished) else None

    def versions(self, code: str) -> list[Dated]:
        """All versions of an item, in order of knowing."""
        return self._items.get(code, [])

    def holds(self, source: str, person: str, post: str, at: Instant) -> bool | None:
        """Whether the person held the post then; None: no posts were published for this source.

        A backdated revocation works from its recording on.
        """
        if source not in self._posted:
            return None
        said = [
            granted
            for since, granted, known_at in self._posts.get((source, person, post), ())
            if since <= at and (granted or known_at <= at)
        ]
        return bool(said) and said[-1]


def _in_force(versions: Sequence[Dated], start: Instant, known_at: Instant) -> Struct | None:
    """The newest version effective and known when the clock started.

    A clock that began before any was known takes those known when its start was reported, then
    the first ever published. One that applies to running cases takes over from its knowing on.
    """
    if not versions:
        return None
    if len(versions) == 1:
        return versions[0].event
    first = min(dated.known_at for dated in versions)
    for horizon in (start, known_at, first):
        known = [v for v in versions if v.known_at <= horizon and _effective(v) <= start]
        if known:
            break
    else:
        known = [v for v in versions if v.known_at == first]
    chosen = max(known, key=lambda v: (_effective(v), v.known_at))
    running = [v for v in versions if _takes_over(v.event) and v.known_at > chosen.known_at]
    return max(running, key=lambda v: v.known_at).event if running else chosen.event


def _began(dated: Dated, start: Instant) -> bool:
    """Whether a list was in force at a clock's start, or takes over what runs."""
    in_force = dated.known_at <= start and _effective(dated) <= start
    return in_force or _takes_over(dated.event)


def _takes_over(event: Struct) -> bool:
    """Whether a publication applies to cases that are running."""
    return isinstance(event, ItemPublished | PolicyPublished) and event.applies_to_running


def _effective(dated: Dated) -> Instant:
    """00:00 of the effective day, in China's time: lists are published by day."""
    day = dated.event.effective.toordinal() if isinstance(dated.event, Published) else 1
    return (day - 719_163) * 86_400_000_000 - 8 * 3_600_000_000


class Shelf:
    """All lists in log order; gives the view that a case has at an instant."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: list[Entry] = []
        self.newest: Instant = -NEVER
        """When the last list was recorded; none is announced later than that."""
        self._recorded: list[Instant] = []
        self._positions: list[int] = []
        self._views: OrderedDict[tuple[int, int, int], Lists] = OrderedDict()
        self._latest: Lists | None = None
        self._calendars: Shared = {}
        self._announced: dict[int, list[tuple[Instant, int]]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Append a list; positions and recorded_at never go back."""
        self._latest = None
        self.newest = entry.recorded_at
        self.entries.append(entry)
        self._recorded.append(entry.recorded_at)
        self._positions.append(entry.position)

    def view(self, at: Instant, history: int | None = None) -> Lists:
        """The lists known at an instant; `history` is the log position of a historical case.

        Of such a case the lists that stood in the log before it are known from their announcement.
        """
        if history is None and self._latest and at >= self.newest:
            return self._latest
        live = bisect_right(self._recorded, at)
        if history is None:
            lists = self._made((live, -1, 0), lambda: self._by_recording(0, live))
            if live == len(self.entries):
                self._latest = lists
            return lists
        before = bisect_left(self._positions, history)
        order = self._order(before)
        count = bisect_right(order, (at, len(self.entries)))
        return self._made(
            (max(live, before), before, count),
            lambda: [
                *(Dated(known_at, self.entries[i].event) for known_at, i in order[:count]),
                *self._by_recording(before, live),
            ],
        )

    def _by_recording(self, first: int, last: int) -> list[Dated]:
        return [Dated(entry.recorded_at, entry.event) for entry in self.entries[first:last]]

    def _made(self, key: tuple[int, int, int], known: Callable[[], list[Dated]]) -> Lists:
        """A view, made once as long as it is in use."""
        made = self._views.get(key)
        if made is None:
            made = self._views[key] = Lists(known(), self._calendars)
            if len(self._views) > VIEWS:
                self._views.popitem(last=False)
        else:
            self._views.move_to_end(key)
        return made

    def _order(self, before: int) -> list[tuple[Instant, int]]:
        made = self._announced.get(before)
        if made is None:
            made = sorted((e.announced_at, i) for i, e in enumerate(self.entries[:before]))
            self._announced[before] = made
        return made

    def next_change(
        self, after: Instant, relevant: Callable[[Struct], bool], history: int | None = None
    ) -> Instant:
        """The first instant later than `after` at which a relevant list becomes known; or NEVER."""
        start = bisect_right(self._recorded, after)
        found = NEVER
        if history is not None:
            before = bisect_left(self._positions, history)
            order = self._order(before)
            for known_at, i in order[bisect_right(order, (after, len(self.entries))) :]:
                if relevant(self.entries[i].event):
                    found = known_at
                    break
            start = max(start, before)
        for i in range(start, len(self.entries)):
            if relevant(self.entries[i].event):
                return min(found, self._recorded[i])
        return found
