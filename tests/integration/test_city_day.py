"""A day of the invented city and the nights around it: who was told what, and why not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import Struct
from msgspec.structs import replace

from alerts.book import Addresses, Book
from alerts.hours import end_of, waking
from alerts.ledger import HEARD, ORDERED, REJECTED
from alerts.ruling import FITS
from supervision.acts import (
    AppealDecided,
    CardAct,
    CardClosed,
    CardConfirmed,
    CardIssued,
    CardLapsed,
    CardTransferred,
    CardWithdrawn,
    DeskAct,
    RectificationVerified,
    SupervisionOrdered,
)
from supervision.clock import SteppedClock
from supervision.demonstration.office import city_calendar
from supervision.demonstration.staff import REVIEWER, people
from supervision.facts import Instant
from supervision.notices import (
    OUTBOX,
    AlertPolicySet,
    CardNotTold,
    CardTold,
    CardWaits,
    MessageAccepted,
    MessageFailed,
    MessageIntended,
    Notice,
    OutboxEvent,
    message_stream,
)
from supervision.record import Record
from supervision.runners.alerts import place_of
from supervision.runners.city_alerts import Telling
from supervision.runners.demonstration import backfill, make_plan
from supervision.store.mapping import moment
from supervision.store.stored import Stored
from supervision.streams import cards_stream, notices_stream
from tests.alerting import MONDAY, card, everybody
from tests.court import CHINA, at
from tests.integration.test_alert_service import Gateway, post_at

pytestmark = pytest.mark.integration

EVENING, PROMOTED, MORNING = at("2026-03-16 17:30"), at("2026-03-17 10:50"), at("2026-03-18 08:50")
"""The day with the nights around it, in which some are promoted."""
SECOND = 1_000_000
POLICY = AlertPolicySet(at=moment(0), by="", version="as it comes")
GATHERED: Instant = POLICY.group_interval * SECOND + SECOND
"""Microseconds by which a message may come later because it is one for many cards."""
CALENDAR = city_calendar()
TOP = 3
SEVERITIES = ("reminder", "yellow", "red")
LADDER = ("promise", "legal")

Card = str
Told = tuple[Stored, CardTold]


class Life(NamedTuple):
    """A card from its issue on; instants in µs, positions in the log, 0 for never."""

    issued: CardIssued
    since: Instant
    opened: int
    """Where it was issued, or a proposed one confirmed."""
    settled: int = 0
    """Where somebody answered it, or it ended: nobody is to be told behind that."""
    over: int = 0
    """Where it ended."""

    def hides(self, other: Life, position: int) -> bool:
        """Whether at a position of the log it is told instead of another card of its case."""
        mine, its = self.issued, other.issued
        same = (mine.source, mine.case_no) == (its.source, its.case_no)
        ladder = all(card.account and card.account.clock in LADDER for card in (mine, its))
        graver = SEVERITIES.index(mine.severity) > SEVERITIES.index(its.severity)
        stands = 0 < self.opened < position and not 0 < self.over < position
        return same and ladder and graver and stands


class Log:
    """All that was recorded of a city, read as an auditor reads it."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self.all = [(each, each.event) for each in stored]

    @cached_property
    def lives(self) -> dict[Card, Life]:
        """The cards that are no history."""
        found: dict[Card, Life] = {}
        for stored, event in self.all:
            if isinstance(event, CardIssued) and not event.history:
                opened = 0 if event.proposed else stored.position
                found[event.card] = Life(event, stored.recorded_at, opened)
            elif isinstance(event, CardAct | DeskAct) and event.card in found:
                found[event.card] = _lived(found[event.card], stored, event)
        return found

    @cached_property
    def told(self) -> list[Told]:
        """Who was told of a card, in order."""
        return [(stored, event) for stored, event in self.all if isinstance(event, CardTold)]

    @cached_property
    def begun(self) -> int:
        """Where the first message stands: before it there was nobody to tell."""
        return next(s.position for s, e in self.all if isinstance(e, MessageIntended))

    @cached_property
    def messages(self) -> dict[str, MessageIntended]:
        """By id, as they stand in the outbox."""
        found = [e for s, e in self.all if s.stream == OUTBOX and isinstance(e, MessageIntended)]
        return {event.message: event for event in found}

    @cached_property
    def failed(self) -> dict[str, int]:
        """Messages that were not delivered, and where that stands."""
        return {e.message: s.position for s, e in self.all if isinstance(e, MessageFailed)}

    @cached_property
    def words(self) -> dict[tuple[Card, int], dict[str, list[Notice]]]:
        """What was decided about a card's rung, by person, in order."""
        found: dict[tuple[Card, int], dict[str, list[Notice]]] = defaultdict(dict)
        for _, event in self.all:
            if isinstance(event, CardTold | CardNotTold | CardWaits) and not decided(event):
                found[event.card, event.rung].setdefault(event.person, []).append(event)
        return found


def decided(event: Notice) -> str:
    """What a supervisor decided, where it is told of that and not of the card itself."""
    return event.why if event.why.partition(" ")[0] in (ORDERED, REJECTED) else ""


def _lived(life: Life, stored: Stored, act: Struct) -> Life:
    closed = isinstance(act, RectificationVerified) and act.accepted
    over = isinstance(act, CardLapsed | CardWithdrawn | CardClosed | CardTransferred)
    if closed or over:
        life = life._replace(over=life.over or stored.position)
    if closed or over or (isinstance(act, HEARD) and not act.moot):
        return life._replace(settled=life.settled or stored.position)
    if isinstance(act, CardConfirmed) and not life.opened:
        return life._replace(since=stored.recorded_at, opened=stored.position)
    return life


def rungs_of(life: Life) -> dict[int, Instant]:
    """The rungs that are to be told of a card, and when, as the policy says."""
    if not life.opened:
        return {TOP: life.since}
    own, severity = min(life.issued.rung, TOP), life.issued.severity
    above = [w for w in POLICY.waits if w.severity == severity and w.rung > own]
    return {own: life.since, **{w.rung: end_of(CALENDAR, life.since, w.wait) for w in above}}


def promote(record: Record, departments: int) -> None:
    """The last reviewer of each department becomes head of the section: another rung."""
    addresses = Addresses(book := Book(record))
    for number in range(1, departments + 1):
        contact = book.setup().contacts[people(number)[REVIEWER][-1].lower()]
        addresses.set_contact(lambda when, was=contact: replace(was, at=when, rung=1), {}, FITS)


def fail_some(record: Record, since: Instant) -> int:
    """Late receipts: every third SMS since then did not reach its telephone; how many."""
    log = Log(record.read(0, 1_000_000))
    sent = [m for m in log.messages.values() if m.channel == "sms" and m.at >= moment(since)]
    for each in sent[::3]:
        stream, says = message_stream(each.message), "absent subscriber"
        failed = MessageFailed(message=each.message, at=moment(record.last_stamp()), reason=says)
        record.append(stream, [failed], 2)
    return len(sent[::3])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    """Two weeks of a city, of which the last day is looked at most closely; restarted at ten."""
    city = make_plan(days=8, cases_a_day=150).city()
    clock = SteppedClock(city.begins)
    record = Record(tmp_path_factory.mktemp("city"), clock)
    place = place_of(record, "演示区", "Asia/Shanghai", "https://wall.example")
    backfill(record, clock, city, PROMOTED, telling=Telling(record, clock, city, place))
    promote(record, len(city.departments))
    assert fail_some(record, EVENING)
    backfill(record, clock, city, MORNING, telling=Telling(record, clock, city, place))
    yield Log(record.read(0, 1_000_000))
    record.close()


def test_nobody_is_told_twice_of_a_card_by_one_channel_unless_the_first_failed(log: Log) -> None:
    """Whatever rung they have come to meanwhile."""
    had: dict[tuple[Card, str, str, str], str] = {}
    for stored, event in log.told:
        key = (event.card, decided(event), event.person, event.channel)
        before = had.get(key)
        assert before is None or log.failed.get(before, stored.position) < stored.position, event
        had[key] = event.message


def test_who_was_told_by_one_channel_is_told_by_another_only_if_it_failed(log: Log) -> None:
    """But at once by all of them of red cards."""
    had: dict[tuple[Card, str, str], Told] = {}
    for stored, event in log.told:
        first = had.setdefault((event.card, decided(event), event.person), (stored, event))
        failed = log.failed.get(first[1].message, stored.position) < stored.position
        assert first[1].at == event.at or failed, event


def test_nobody_is_told_of_a_card_that_was_answered_or_is_over(log: Log) -> None:
    """Acknowledged, explained, appealed, closed, lapsed, withdrawn or transferred."""
    assert sum(bool(life.settled) for life in log.lives.values()) > 50
    for stored, event in log.told:
        life = log.lives[event.card]
        last = life.over if decided(event) else life.settled
        assert not last or stored.position < last, event


def test_what_a_supervisor_decided_is_told_to_the_department(log: Log) -> None:
    """Each order and each rejected appeal, to the handlers; none that a report came before."""
    acts = [
        (
            stored,
            f"{ORDERED} {act.number}" if isinstance(act, SupervisionOrdered) else REJECTED,
            act,
        )
        for stored, act in log.all
        if isinstance(act, SupervisionOrdered)
        or (isinstance(act, AppealDecided) and not act.upheld)
    ]
    wanted = {(a.card, why) for s, why, a in acts if s.position > log.begun and not a.moot}
    notices = [e for _, e in log.all if isinstance(e, CardTold | CardNotTold | CardWaits)]
    assert wanted
    assert wanted <= {(event.card, decided(event)) for event in notices}
    assert {(e.card, e.why) for e in notices if decided(e)} <= {(a.card, w) for _, w, a in acts}


def test_nobody_is_told_of_a_card_while_a_graver_one_of_its_clocks_stands(log: Log) -> None:
    """Red instead of yellow instead of reminder."""
    cases: dict[str, list[Life]] = defaultdict(list)
    for life in log.lives.values():
        cases[life.issued.case_no].append(life)
    for stored, event in log.told:
        others = [each for each in cases[event.case_no] if each.issued.card != event.card]
        assert not any(o.hides(log.lives[event.card], stored.position) for o in others), event


def is_quiet(instant: Instant) -> bool:
    """Outside the hours in which people are told."""
    return waking(CALENDAR, POLICY.quiet, instant) != instant


def test_at_night_people_are_told_of_red_cards_alone(log: Log) -> None:
    """And of them without delay."""
    at_night = [event for stored, event in log.told if is_quiet(stored.recorded_at)]
    assert at_night
    assert {"red"} == {log.lives[event.card].issued.severity for event in at_night}
    others = [m for s, m in log.all if isinstance(m, MessageIntended) and is_quiet(s.recorded_at)]
    assert {"card"} == {message.kind for message in others}


def test_each_rung_is_told_in_its_time(log: Log) -> None:
    """Not before its wait is over; and then at once, or in the next hours in which one may be."""
    for stored, event in log.told:
        life = log.lives[event.card]
        if event.why in ("issued", "waited"):
            due = rungs_of(life)[event.rung]
            awake = life.issued.severity in POLICY.awake
            may = due if awake else waking(CALENDAR, POLICY.quiet, due)
            assert may <= stored.recorded_at <= may + GATHERED, event


def test_of_each_card_it_is_recorded_who_was_told_or_why_not(log: Log) -> None:
    """Each rung was told by a message that stands in the outbox, or there is a reason, or it has
    still to wait.
    """
    assert len(log.lives) > 100
    for name, life in log.lives.items():
        for rung, due in rungs_of(life).items():
            words = log.words.get((name, rung), {})
            assert words or (due > MORNING - SECOND and not life.settled), (life, rung)
            for said in words.values():
                assert is_complete(log, life, said), (life, said)


def is_complete(log: Log, life: Life, said: list[Notice]) -> bool:
    """Whether somebody was told, or the last word is one with which an auditor is content."""
    last = said[-1]
    if isinstance(last, CardWaits):
        return not life.settled and last.until > moment(MORNING)
    return isinstance(last, CardNotTold) or any(has_message(log, each) for each in said)


def has_message(log: Log, notice: Notice) -> bool:
    """Whether somebody was told by a message that names the card and did not fail."""
    if not isinstance(notice, CardTold) or notice.message in log.failed:
        return False
    return notice.card in [ref.card for ref in log.messages[notice.message].cards]


def test_each_message_says_what_is_recorded_of_its_cards(log: Log) -> None:
    """To that person, by that channel, no card more and none less."""
    recorded: dict[str, set[tuple[Card, str, str]]] = defaultdict(set)
    for _, event in log.told:
        recorded[event.message].add((event.card, event.person, event.channel))
    for name, message in log.messages.items():
        assert {(ref.card, message.person, message.channel) for ref in message.cards} == (
            recorded[name]
        )


def test_each_message_was_taken_by_the_gateway_in_its_second(log: Log) -> None:
    """Under an id that shows that nobody sent it."""
    events = [event for _, event in log.all if isinstance(event, OutboxEvent)]
    taken = [event for event in events if isinstance(event, MessageAccepted)]
    assert sorted(log.messages) == sorted(event.message for event in taken)
    assert {f"demo-{event.message}" for event in taken} == {event.gateway_id for event in taken}
    assert all(event.at == log.messages[event.message].at for event in taken)


def test_the_day_has_everything_that_can_be_decided(log: Log) -> None:
    """So that what is promised here is promised of something."""
    said = {event.stage for _, event in log.all if isinstance(event, CardNotTold | CardWaits)}
    assert {"muted", "acknowledged", "ended", "told", "inhibited"} <= said
    assert {"issued", "waited", "failed"} <= {event.why for _, event in log.told}
    assert {0, 1, 2, 3} == {event.rung for _, event in log.told}
    print(table(log))


def table(log: Log) -> str:
    """Messages of the day and its nights by channel, rung and reason."""
    count: Counter[tuple[str, ...]] = Counter()
    cards: Counter[tuple[str, ...]] = Counter()
    for message in log.messages.values():
        if message.at >= moment(EVENING):
            why = message.why if message.kind == "card" else message.kind
            kind = message.channel, str(message.rung), why, message.severity
            count[kind] += 1
            cards[kind] += len(message.cards)
    lines = [f"{'channel':8}{'rung':6}{'reason':10}{'severity':10}{'messages':>9}{'cards':>7}"]
    for kind in sorted(count):
        channel, rung, why, severity = kind
        lines.append(f"{channel:8}{rung:6}{why:10}{severity:10}{count[kind]:9}{cards[kind]:7}")
    span = f"{moment(EVENING).astimezone(CHINA):%Y-%m-%d %H:%M} to "
    span += f"{moment(MORNING).astimezone(CHINA):%Y-%m-%d %H:%M}"
    lines.append(f"{span}: {count.total()} messages about {cards.total()} cards")
    return "\n".join(("", *lines))


def test_a_thousand_cards_of_a_department_in_a_minute_are_a_handful_of_messages(
    tmp_path: Path,
) -> None:
    """By the service that runs: of each card its people are told once, by few messages."""
    mail, minute, each_second = Gateway(), 60, 17
    with post_at(tmp_path, mail) as post:
        for contact in everybody()[:2]:
            post.add(contact, mail=f"{contact.person}@example.invalid")
        post.start()
        for second in range(minute):
            issued = [card(f"{second}-{n}", "red", MONDAY) for n in range(each_second)]
            post.record.append_many([(cards_stream("s", c.case_no), 0, [c]) for c in issued])
            post.pass_by(1)
        post.pass_by(POLICY.group_interval)
        wanted = 2 * minute * each_second
        post.until(lambda: sum(len(m.cards) for m in post.messages()) >= wanted)
        messages = post.messages()
        post.until(lambda: len(mail.taken) >= len(messages))
        assert wanted == sum(len(message.cards) for message in messages)
        assert {"clerk", "head"} == {message.person for message in messages}
        assert max(Counter(message.person for message in messages).values()) <= 5
        for second in range(minute):
            for n in range(each_second):
                notices = post.record.read_stream(notices_stream("s", f"{second}-{n}"))
                told = [e.event for e in notices if isinstance(e.event, CardTold)]
                assert ["clerk", "head"] == sorted(event.person for event in told)
