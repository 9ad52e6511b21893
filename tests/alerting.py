"""A log in memory, and the alerts that follow from it, at prescribed instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.ledger import Ledger, Letter
from alerts.messages import Place
from alerts.next import Next, next_of
from alerts.pipeline import Pipeline
from alerts.stages import Sight
from supervision.acts import Account, CardAcknowledged, CardIssued
from supervision.facts import Instant, instant
from supervision.notices import (
    ALERTS,
    OUTBOX,
    AlertPolicySet,
    CardNotTold,
    CardTold,
    CardWaits,
    ContactSet,
    MessageAccepted,
    MessageAttempted,
    MessageFailed,
    MessageIntended,
    OutboxEvent,
    SilenceSet,
    message_stream,
)
from supervision.published import bundled
from supervision.streams import cards_stream, desk_stream

from .court import CHINA, when
from .memorylog import MemoryLog, stream_of

SECOND = 1_000_000
MONDAY = "2026-03-16 10:00"
DEPARTMENT = "市住建局"
PLACE = Place(
    "演示区",
    ZoneInfo("Asia/Shanghai"),
    "https://wall.example",
    lambda message, person, until: f"https://wall.example/ack/{message}",
    lambda message: f"K{message[1:]:0>4}",
)
BY = "console:test"
RUNGS = ("clerk", "head", "chief", "inspector")


def contact(person: str, rung: int, **fields: Any) -> ContactSet:
    """Somebody who is told, by mail where nothing else is said."""
    return ContactSet(at=when("2026-01-05"), by=BY, person=person, rung=rung, **fields)


def everybody(**fields: Any) -> list[ContactSet]:
    """One person at each rung."""
    return [contact(person, rung, **fields) for rung, person in enumerate(RUNGS)]


def card(no: str = "1", severity: str = "yellow", at: str = MONDAY, **fields: Any) -> CardIssued:
    """A card of a department, of a case of its own."""
    clock = fields.pop("clock", "promise")
    moment = when(at)
    account = Account(
        clock=clock,
        started_at=moment - timedelta(days=9),
        limit="5wd",
        deadline="2026-03-13",
        crosses_at=moment,
        mode="day_end",
    )
    says: dict[str, Any] = {
        "source": "s",
        "case_no": no,
        "card": f"{severity[0].upper()}{no}",
        "at": moment,
        "rule": f"{clock}_past",
        "severity": severity,
        "colour": "#F0E442",
        "label_zh": {"reminder": "预警", "yellow": "黄牌", "red": "红牌"}[severity],
        "label_en": severity,
        "crossed_at": moment,
        "department": DEPARTMENT,
        "item": "i",
        "account": account,
        "answer_by": "2026-03-19",
    }
    return CardIssued(**{**says, **fields})


class Town:
    """A log with lists, contacts and cards; time goes where it is told to."""

    def __init__(self, contacts: Iterable[ContactSet] = (), channels: Sequence[str] = ("mail",)):
        self.log = MemoryLog()
        self.channels = frozenset(channels)
        self.stamp = instant(when("2026-01-05"))
        self.restart()
        self.put([(stream_of(each), each) for each in bundled()])
        self.put([(ALERTS, each) for each in contacts])

    def restart(self) -> None:
        """Somebody else goes on, who knows the log alone."""
        self.ledger = Ledger()
        self.pipeline = Pipeline(self.ledger, PLACE, self.channels)

    def go(self, to: str | datetime | Instant) -> Instant:
        """To an instant, never back."""
        given = when(to) if isinstance(to, str) else to
        self.stamp = max(self.stamp, given if isinstance(given, int) else instant(given))
        return self.stamp

    def put(self, events: Sequence[tuple[str, Struct]]) -> None:
        """One transaction, now."""
        self.stamp += 1
        self.log.put(self.stamp, events)

    def issue(self, *cards: CardIssued) -> None:
        """Cards, recorded when they say."""
        for each in cards:
            self.go(each.at)
        self.put([(cards_stream(each.source, each.case_no), each) for each in cards])

    def acknowledge(self, issued: CardIssued, by: str = "clerk") -> None:
        """签收."""
        act = CardAcknowledged(
            id=f"{issued.card}-ack", source=issued.source, case_no=issued.case_no,
            card=issued.card, at=self.now, by=by,
        )  # fmt: skip
        self.put([(desk_stream(issued.source, issued.case_no), act)])

    def silence(self, until: str, **fields: Any) -> None:
        """Somebody wants quiet."""
        says = {"silence": "s1", "reason": "系统升级", "by": "inspector", **fields}
        self.put([(ALERTS, SilenceSet(at=self.now, until=when(until), **says))])

    def policy(self, **fields: Any) -> None:
        """Other rules."""
        self.put([(ALERTS, AlertPolicySet(at=self.now, by=BY, version="t", **fields))])

    @property
    def now(self) -> datetime:
        """The log's time."""
        return datetime.fromtimestamp(self.stamp / SECOND, CHINA)

    def run(self, to: str | datetime | Instant | None = None) -> list[MessageIntended]:
        """Decide now, or at an instant, all that is due; the messages that came of it."""
        if to is not None:
            self.go(to)
        made: list[MessageIntended] = []
        for _ in range(20):
            self.ledger.take(self.log.stored)
            additions = self.pipeline.decide(self.stamp)
            if not additions:
                return made
            versions = self.log._versions
            for each in additions:
                assert each.expected in (None, versions.get(each.stream, 0))
            self.put([(each.stream, event) for each in additions for event in each.events])
            made += [e for a in additions for e in a.events if isinstance(e, MessageIntended)]
        raise AssertionError("it never comes to an end")

    def live(self, until: str | datetime) -> list[MessageIntended]:
        """Run at every instant at which something is due, up to one."""
        end = instant(when(until) if isinstance(until, str) else until)
        made = self.run()
        while (at := self.pipeline.next_at()) <= end:
            made += self.run(max(at, self.stamp))
        return made + self.run(end)

    def letters(self, channel: str = "mail") -> list[Letter]:
        """What a channel may hand over now."""
        self.ledger.take(self.log.stored)
        return self.pipeline.letters(channel, self.stamp, frozenset())

    def become(self, letter: Letter, *events: OutboxEvent) -> None:
        """What became of a message."""
        self.put([(message_stream(letter.id), event) for event in events])

    def accept(self, channel: str = "mail") -> list[Letter]:
        """The gateway takes everything."""
        letters = self.letters(channel)
        for letter in letters:
            self.become(
                letter,
                MessageAttempted(message=letter.id, at=self.now, attempt=letter.attempts + 1),
                MessageAccepted(message=letter.id, at=self.now, attempt=letter.attempts + 1),
            )
        self.ledger.take(self.log.stored)
        return letters

    def refuse(self, channel: str = "mail", why: str = "550 no such user") -> list[Letter]:
        """The gateway takes nothing, for good."""
        letters = self.letters(channel)
        for letter in letters:
            self.become(letter, MessageFailed(message=letter.id, at=self.now, reason=why))
        return letters

    def next_of(self, issued: CardIssued) -> Next | None:
        """When the next message about a card goes."""
        self.ledger.take(self.log.stored)
        sight = Sight(self.ledger, self.stamp, self.channels)
        return next_of(sight, (issued.source, issued.case_no, issued.card))

    def notices(self, issued: CardIssued | None = None) -> list[CardTold | CardNotTold | CardWaits]:
        """What was decided about a card, or about all."""
        found = [s.event for s in self.log.stored if s.stream.endswith("/notices")]
        return [
            each
            for each in found
            if isinstance(each, CardTold | CardNotTold | CardWaits)
            and (issued is None or each.card == issued.card)
        ]

    def told(self, issued: CardIssued | None = None) -> list[tuple[str, str]]:
        """Who was told, and why."""
        return [(e.person, e.why) for e in self.notices(issued) if isinstance(e, CardTold)]

    def messages(self) -> list[MessageIntended]:
        """All that were ever intended."""
        events = [s.event for s in self.log.stored if s.stream == OUTBOX]
        return [each for each in events if isinstance(each, MessageIntended)]
