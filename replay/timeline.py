"""One case on two lines (lines.py): as it was known then, and as it truly was.

    told = timeline(record.read_case(source, case_no), shelf, now)

The case is folded and judged once for each line, by the functions that run live.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from supervision.acts import CardAct, DeskAct
from supervision.facts import Fact, FactCorrected, Instant, Known, instant, known
from supervision.fold import known_at
from supervision.judgement.case import Case, case_of
from supervision.judgement.shelf import Entry as Listed
from supervision.judgement.shelf import Lists, Shelf, concerns
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import cards_stream

from .derive import NOTHING_LATE, announced, inputs_of, truly_from, when_known
from .differences import Compared, differences, paired
from .history import Entry
from .lines import LIST, Moment, Placed, Timeline
from .telling import belongs, entry_of, time_text, zone_of
from .walk import Line, Pools, Step, walk
from .words import LISTS, of_list

COMPARED = 600
"""Events of a case that is told on both lines, at most; a longer one is told as known then only."""
FACTS_FIRST, ANSWERS_THEN, ACTS_LAST = 0, 1, 2
"""In what order what truly stands at one instant is taken."""


class Recorded(Struct, frozen=True):
    """An event of the case as it stands in the log, decoded."""

    stored: Stored
    event: Struct


def timeline(
    stored: Sequence[Stored], shelf: Shelf, now: Instant, truth: Shelf | None = None
) -> Timeline | None:
    """A case on both lines up to an instant; None when nothing of it was recorded by then.

    `stored`: all that the log has of the case, in its order; `shelf`: all lists of the log;
    `truth`: the same lists by announcement (derive.announced), if at hand. Free text is masked.
    Unreadable, TooNew: an event that this program cannot read.
    """
    then = [
        Recorded(each, each.event) for each in stored if each.recorded_at <= now and belongs(each)
    ]
    facts = [
        known(r.event, known_at(r.event, r.stored.recorded_at), r.stored.position)
        for r in then
        if isinstance(r.event, Fact)
    ]
    if not facts:
        return None
    return _Telling(then, facts, shelf, truth or announced(_known(shelf, now)), now).told()


def _known(shelf: Shelf, now: Instant) -> Shelf:
    """The lists recorded by then: what came later nobody could have known at that instant."""
    return Shelf(each for each in shelf.entries if each.recorded_at <= now)


class _Telling:
    """The making of one timeline."""

    def __init__(
        self, then: list[Recorded], facts: list[Known], shelf: Shelf, truth: Shelf, now: Instant
    ) -> None:
        self.then, self.facts, self.shelf, self.truth, self.now = then, facts, shelf, truth, now
        self.case: Case = case_of(facts)
        self.history = facts[0].position if self.case.history else None
        lists = shelf.view(now, self.history)
        self.zone = zone_of(self.case, lists)
        self.inputs = inputs_of(r.stored for r in then)
        self.entries: list[Placed] = []

    def told(self) -> Timeline:
        """All of it."""
        true_facts = when_known([t for t in self.inputs if isinstance(t.event, Fact)], NOTHING_LATE)
        compares = len(self.then) <= COMPARED
        truly = truly_from(self.inputs, self.truth, self.now) if compares else ()
        true_acts = [derived.act for derived in truly]
        acts = [r.event for r in self.then if isinstance(r.event, CardAct)]
        pairs = paired(acts, true_acts)
        known_steps, true_steps = self._steps(true_facts, true_acts, pairs)
        pools = Pools(self.zone)
        known_line, joined = walk(Line(known_steps, self._lists_known), pools, self.now)
        true_line: list[Moment] = []
        more = 0
        if compares:
            true_line, more = walk(Line(true_steps, self._lists_true), pools, self.now)
        compared = Compared(
            entries=self.entries,
            facts=self.facts,
            true_facts=true_facts,
            known_steps=known_steps,
            true_steps=true_steps,
            lists_known=self._lists_known,
            lists_true=self._lists_true,
            cards=compares,
        )
        lists = self.shelf.view(self.now, self.history)
        first = self.case.facts[0] if self.case.facts else self.facts[0]
        item = lists.item(self.case.item, first.at, first.known_at) if self.case.item else None
        return Timeline(
            source=self.facts[0].fact.source,
            case_no=self.facts[0].fact.case_no,
            item_name=item.name if item else self.case.item or "未列明事项",
            department=self.case.department or (item.department if item else ""),
            history=self.case.history,
            zone=str(self.zone),
            now=self.now,
            position=self.then[-1].stored.position,
            entries=tuple(self.entries),
            known=tuple(self._with_unknown(known_line)),
            true=tuple(true_line),
            clocks=tuple(pools.clocks),
            cards=tuple(pools.cards),
            differences=differences(compared),
            compared=compares,
            joined=joined + more,
        )

    def _lists_known(self, case: Case, at: Instant) -> Lists:
        return self.shelf.view(at, self.facts[0].position if case.history else None)

    def _lists_true(self, _: Case, at: Instant) -> Lists:
        return self.truth.view(at)

    def _steps(
        self, true_facts: list[Known], true_acts: list[CardAct], pairs: dict[int, int]
    ) -> tuple[list[Step], list[Step]]:
        """The steps of both lines; fills the entries. `pairs`: which true act is which recorded
        one, by their places among the acts.
        """
        truth = _truth(true_facts)
        true_of = {recorded: true_acts[true] for true, recorded in pairs.items()}
        known_steps: list[Step] = []
        true_steps: list[tuple[int, Step]] = []
        act_number = 0
        places: dict[int, int] = {}
        for n, r in enumerate(self.then):
            stamp, true = r.stored.recorded_at, 0
            event: Known | CardAct | DeskAct | None = None
            if isinstance(r.event, Fact):
                event = known(r.event, known_at(r.event, stamp), r.stored.position)
                if r.stored.position in truth:
                    true, as_it_was = truth[r.stored.position]
                    true_steps.append((FACTS_FIRST, Step(true, n, as_it_was)))
            elif isinstance(r.event, CardAct):
                event, act = r.event, true_of.get(act_number)
                places[act_number] = n
                true = instant(act.at) if act else 0
                act_number += 1
            elif isinstance(r.event, DeskAct):
                event, true = r.event, stamp
                true_steps.append((ANSWERS_THEN, Step(stamp, n, r.event)))
            known_steps.append(Step(stamp, n, event))
            self.entries.append(self._placed(self._entry(r.stored, r.event), stamp, true))
        for number, act in enumerate(true_acts):
            place = places[pairs[number]] if number in pairs else self._would(act)
            true_steps.append((ACTS_LAST, Step(instant(act.at), place, act)))
        for listed in self._listed():
            true_steps.append((FACTS_FIRST, Step(listed.announced_at, len(self.entries), None)))
            known_steps.append(Step(listed.recorded_at, len(self.entries), None))
            said = self._list(listed)
            self.entries.append(self._placed(said, listed.recorded_at, listed.announced_at))
        known_steps.sort(key=lambda step: step.at)
        true_steps.sort(key=lambda pair: (pair[1].at, pair[0]))
        return known_steps, [step for _, step in true_steps]

    def _entry(self, stored: Stored, event: Struct) -> Entry:
        return entry_of(stored, event, self.case, self.zone, None)

    def _would(self, act: CardAct) -> int:
        """The place of an act that was never recorded, among the entries from now on."""
        at = instant(act.at)
        topic, payload = encode(act)
        stored = Stored(0, cards_stream(act.source, act.case_no), 0, topic, at, payload)
        self.entries.append(
            self._placed(replace(self._entry(stored, stored.event), recorded_at=""), 0, at)
        )
        return len(self.entries) - 1

    def _listed(self) -> Iterator[Listed]:
        """The lists that concern the case and were recorded after its first event."""
        first = self.then[0].stored
        start = bisect_left(self.shelf.entries, first.position, key=lambda e: e.position)
        for listed in self.shelf.entries[start:]:
            if listed.recorded_at > self.now:
                return
            if concerns(listed.event, self.case.source, self.case.item):
                yield listed

    def _list(self, listed: Listed) -> Entry:
        name = type(listed.event).__name__
        zh, en = of_list(listed.event)
        return Entry(
            position=listed.position,
            family=LIST,
            kind=name,
            zh=LISTS.get(name, (name, name))[0],
            id=getattr(listed.event, "version", "") or getattr(listed.event, "id", ""),
            occurred_at=time_text(listed.announced_at, self.zone),
            recorded_at=time_text(listed.recorded_at, self.zone),
            what_zh=zh,
            what_en=en,
        )

    def _placed(self, entry: Entry, recorded: Instant, true: Instant) -> Placed:
        days = 0
        if recorded and true and recorded > true:
            lists = self._lists_known(self.case, recorded)
            policy = lists.policy(self.case.source, true, recorded)
            calendar = lists.calendar(policy.calendar, policy.zone)
            days = calendar.count(calendar.day_of(true), calendar.day_of(recorded))
        text = time_text(true, self.zone) if true else ""
        return Placed(entry=entry, recorded=recorded, true=true, true_text=text, late_days=days)

    def _with_unknown(self, moments: list[Moment]) -> Iterator[Moment]:
        """With what had happened and nobody had reported."""
        instants = [moment.at for moment in moments]
        unknown: defaultdict[int, list[int]] = defaultdict(list)
        for n, placed in enumerate(self.entries):
            if placed.true and placed.entry.family != "card":
                first = bisect_left(instants, placed.true)
                for place in range(first, bisect_left(instants, placed.recorded)):
                    unknown[place].append(n)
        for place, moment in enumerate(moments):
            late = unknown.get(place)
            yield replace(moment, unknown=tuple(late)) if late else moment


def _truth(true_facts: list[Known]) -> dict[int, tuple[Instant, Known | None]]:
    """By position: where a fact truly stands, and the fact as it was, corrected; a correction
    stands with what it corrects, and is nothing by itself.
    """
    since = {k.position: k.known_at for k in true_facts}
    facts = {k.position: k for k in case_of(true_facts).facts}
    happened = {k.fact.id: k.at for k in facts.values()}
    truth: dict[int, tuple[Instant, Known | None]] = {
        position: (k.at, replace(k, known_at=since[position])) for position, k in facts.items()
    }
    for k in true_facts:
        if isinstance(k.fact, FactCorrected):
            truth[k.position] = happened.get(k.fact.corrects, k.known_at), None
    return truth
