"""Histories of a few cases, made from a seed: late, corrected, doubled and out-of-order facts,
lists published in the middle, answers, withdrawals and re-issues.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from supervision.acts import DESK_ACTS, DeskAct, IssuedByHand
from supervision.facts import FACTS, Actor, Fact, FactCorrected, Instant, instant
from supervision.judgement.cards import card_id, hand_card_id, moment
from supervision.lists import CalendarPublished, Day, ItemPublished, PostGranted
from supervision.published import bundled
from tests.court import CHINA, FLOW, at, item, policy
from tests.memorylog import DAY, SECOND, Transaction, stream_of

START = at("2026-02-02")
SPAN = 45 * DAY
STAMP = 10
"""Stamps lie so many microseconds apart: between two lie the acts of the first."""
IDENTITIES = (
    ("promise_past", "", "yellow"),
    ("notice_past", "", "yellow"),
    ("legal_past", "", "red"),
    ("step_past", "review", "yellow"),
)
PROPOSED = {"pause_improper": "B person"}
"""What a supervisor decides: a special procedure without notice."""
LOOP: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ProposalDecided", {"issued": True}),
    ("ProposalDecided", {"issued": False}),
    ("CardAcknowledged", {}),
    ("CardAppealed", {"by": "P1"}),
    ("AppealReferred", {"to": "市局"}),
    ("AppealDecided", {"upheld": False}),
    ("CardExplained", {"by": "P2", "moot": True}),
    ("CardExplained", {"by": "P2"}),
    ("SupervisionOrdered", {"number": 1}),
    ("RectificationReported", {}),
    ("RectificationVerified", {"accepted": False}),
    ("SupervisionOrdered", {"number": 2}),
    ("CardClosed", {}),
    ("WithdrawalDecided", {}),
    ("CardTransferred", {"to": "纪委"}),
)
SCRIPT: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("ApplicationReceived", 0, {"materials": ("申请表",)}),
    ("SupplementRequested", 1, {"materials": ("图纸",)}),
    ("SupplementReceived", 2, {}),
    ("CaseAccepted", 3, {}),
    ("StepCompleted", 5, {"step": "review"}),
    ("SpecialProcedureStarted", 6, {"kind": "testing", "approved_days": 3}),
    ("SpecialProcedureEnded", 9, {"kind": "testing"}),
    ("ExtensionApproved", 10, {"days": 5, "approver_post": "局长", "texts": ("reason",)}),
    ("DecisionSigned", 12, {}),
    ("CaseConcluded", 13, {"result": "出证"}),
    ("ResultDelivered", 20, {}),
)


def history(seed: int, cases: int = 3) -> tuple[list[Transaction], Instant]:
    """Transactions in order of their stamps, and the instant at which the story ends."""
    random = Random(seed)
    events: list[tuple[Instant, Struct]] = []
    for number in range(1, cases + 1):
        events += _case(random, f"C{number}")
    events += _lists(random)
    first = [(stream_of(event), event) for event in (*bundled_some(), item(steps=FLOW))]
    told = [Transaction(START - DAY, first)]
    stamps: dict[Instant, list[Struct]] = {}
    for stamp, event in sorted(events, key=lambda pair: pair[0]):
        stamps.setdefault(stamp - stamp % STAMP, []).append(event)
    told += [
        Transaction(stamp, [(stream_of(event), event) for event in together])
        for stamp, together in stamps.items()
    ]
    return told, START + 2 * SPAN


def bundled_some() -> list[Struct]:
    """The notices of the years about, and the policy, by which some cards are proposed."""
    near = [e for e in bundled() if isinstance(e, CalendarPublished) and e.year in (2025, 2026)]
    return [*near, policy(classes={**policy().classes, **PROPOSED})]


def _case(random: Random, case_no: str) -> list[tuple[Instant, Struct]]:
    begin = START + random.randrange(15 * DAY)
    pace = random.choice((0.3, 0.6, 1.0, 1.6, 2.5)) * DAY
    facts: list[tuple[Instant, Fact]] = []
    for number, (kind, day, fields) in enumerate(SCRIPT):
        if random.random() < 0.25:
            continue
        happened = begin + int(day * pace) + random.randrange(DAY // 2)
        fact = _fact(random, kind, f"{case_no}-{number}", case_no, happened, fields)
        facts.append((_stamp(random, happened), fact))
    told: list[tuple[Instant, Struct]] = list(facts)
    for stamp, fact in facts:
        if random.random() < 0.15:
            told.append((stamp + random.randrange(5 * DAY), fact))
        if random.random() < 0.2:
            told.append((stamp + random.randrange(9 * DAY), _correction(random, fact)))
    return (
        told + _desk(random, case_no, begin) + _loop(Random(f"{case_no} {begin}"), case_no, begin)
    )


def _fact(
    random: Random, kind: str, id: str, case_no: str, happened: Instant, fields: dict[str, Any]
) -> Fact:
    occurred = moment(happened, CHINA)
    more = dict(fields)
    if kind in ("SpecialProcedureStarted", "ExtensionApproved") and random.random() < 0.8:
        more["told_at"] = occurred
    return FACTS[kind](
        id=id,
        source="s",
        case_no=case_no,
        item="i",
        occurred_at=occurred,
        actor=Actor(id=random.choice(("P1", "P2")), post="岗", department="区住建局"),
        **more,
    )


def _stamp(random: Random, happened: Instant) -> Instant:
    """When it is recorded: at once, minutes or days later; some exactly at midnight."""
    delay = random.choice((SECOND, 60 * SECOND, 3_600 * SECOND, DAY, 6 * DAY))
    stamp = happened + random.randrange(1, delay + 1)
    if random.random() < 0.2:
        stamp += DAY - (stamp + 8 * 3_600 * SECOND) % DAY
    return stamp


def _correction(random: Random, fact: Fact) -> Fact:
    shifted = fact.occurred_at + timedelta(days=random.choice((-3, -1, 1, 4)))
    return FactCorrected(
        id=f"{fact.id}-c{random.randrange(10_000)}",
        source=fact.source,
        case_no=fact.case_no,
        occurred_at=fact.occurred_at,
        corrects=fact.id,
        says={"occurred_at": shifted.isoformat()},
        void=random.random() < 0.3,
        authority="科室负责人",
    )


def _desk(random: Random, case_no: str, begin: Instant) -> list[tuple[Instant, Struct]]:
    told: list[tuple[Instant, Struct]] = []
    for identity in IDENTITIES:
        card = card_id("s", case_no, identity, random.choice((0, 0, 0, 1)))
        stamp = begin + 4 * DAY
        for name in (
            "CardAcknowledged",
            "CardExplained",
            "CardAppealed",
            "AppealDecided",
            "RectificationReported",
            "RectificationVerified",
            "DisputeVerified",
        ):
            stamp += random.randrange(1, 5 * DAY)
            if random.random() < 0.4:
                told.append((stamp, _answer(random, name, case_no, card, stamp)))
    return told


def _answer(
    random: Random,
    name: str,
    case_no: str,
    card: str,
    stamp: Instant,
    says: dict[str, Any] | None = None,
) -> DeskAct:
    said = {
        "AppealDecided": {"upheld": random.random() < 0.5},
        "RectificationVerified": {"accepted": random.random() < 0.6},
        "DisputeVerified": {"removed": random.random() < 0.6},
    }.get(name, {})
    said = {**said, **(says or {})}
    return DESK_ACTS[name](
        id=f"{card}-{name}-{stamp}",
        source="s",
        case_no=case_no,
        card=card,
        at=moment(stamp),
        **said,
    )


def _loop(random: Random, case_no: str, begin: Instant) -> list[tuple[Instant, Struct]]:
    """The rest of the loop, in and out of turn: by hand, proposed, ordered, ended in every way."""
    told: list[tuple[Instant, Struct]] = []
    hands = [_by_hand(random, case_no, begin, number) for number in range(random.randrange(3))]
    told += [(instant(hand.at), hand) for hand in hands]
    proposed = card_id("s", case_no, ("class_b", f"pause_improper:{case_no}-5", "yellow"), 0)
    some = [card_id("s", case_no, random.choice(IDENTITIES), random.choice((0, 0, 1)))]
    for card in (*(hand.card for hand in hands), proposed, *some):
        stamp = begin + random.randrange(20 * DAY)
        for name, says in LOOP:
            stamp += random.randrange(1, 4 * DAY)
            if random.random() < 0.3:
                act = replace(_answer(random, name, case_no, card, stamp, says), via="desk")
                told.append((stamp, act))
    return told


def _by_hand(random: Random, case_no: str, begin: Instant, number: int) -> IssuedByHand:
    """A card by hand; now and then of no colour, or under a number of its own making."""
    made = IssuedByHand(
        id=f"{case_no}-h{number}",
        source="s",
        case_no=case_no,
        card="HAND",
        at=moment(begin + random.randrange(40 * DAY)),
        by="S1",
        severity=random.choice(("yellow", "yellow", "red", "violet")),
        department="区住建局",
    )
    return made if random.random() < 0.1 else replace(made, card=hand_card_id(made))


def _lists(random: Random) -> list[tuple[Instant, Struct]]:
    """A changed calendar, item, policy and posts, somewhere in the middle."""
    told: list[tuple[Instant, Struct]] = []

    def sometime() -> Instant:
        stamp = START + random.randrange(SPAN)
        return stamp - (stamp + 8 * 3_600 * SECOND) % DAY if random.random() < 0.3 else stamp

    if random.random() < 0.7:
        off = date(2026, 2, 24) + timedelta(days=random.randrange(12))
        stamp = sometime()
        told.append(
            (
                stamp,
                CalendarPublished(
                    version=f"CN-2026-{stamp}",
                    announced_at=moment(stamp),
                    effective=off,
                    calendar="CN",
                    year=2026,
                    days=(Day(off, random.random() < 0.5, "调整"),),
                    partial=True,
                ),
            )
        )
    if random.random() < 0.7:
        stamp = sometime()
        changed: ItemPublished = item(steps=FLOW, promise=random.choice(("4wd", "9wd")))
        told.append(
            (
                stamp,
                replace(
                    changed,
                    version=f"2-{stamp}",
                    announced_at=moment(stamp),
                    effective=moment(stamp, CHINA).date(),
                    applies_to_running=random.random() < 0.5,
                ),
            )
        )
    if random.random() < 0.4:
        stamp = sometime()
        told.append(
            (
                stamp,
                replace(
                    policy(),
                    version=f"2-{stamp}",
                    announced_at=moment(stamp),
                    settle_seconds=60,
                    effective=moment(stamp, CHINA).date(),
                    applies_to_running=random.random() < 0.5,
                ),
            )
        )
    if random.random() < 0.4:
        stamp = sometime()
        told.append(
            (
                stamp,
                PostGranted(
                    version="1",
                    announced_at=moment(stamp),
                    effective=moment(stamp, CHINA).date(),
                    source="s",
                    person="P1",
                    post="岗",
                ),
            )
        )
    return told
